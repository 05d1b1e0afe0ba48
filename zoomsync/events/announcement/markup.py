"""HTML into blocks, what its head says, and schema.org events of JSON-LD and microdata. No meaning here: see `page`."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from typing import Any

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning
from bs4.element import CData, NavigableString, PreformattedString, Tag

from zoomsync.events.announcement.page import BlockKind, Entry, MarkedEvent, Page, Writer, plain
from zoomsync.events.announcement.tokens import word_list

_UNSEEN = frozenset(
    word_list(
        "script style noscript template svg select option textarea iframe object canvas audio video head math button"
    )
)
_INLINE = frozenset(
    word_list(
        "a abbr b bdi bdo big cite code del dfn em font i img input ins kbd label mark q s samp small span "
        "strike strong sub sup time tt u var wbr center"
    )
)
_ASIDE = frozenset({"nav", "aside", "footer"})
_MAIN = ("main", "article")
_EVENT_TYPE = re.compile(r"schema\.org/\w*Event\b|^\w*Event$")
_MOST_EVENTS = 20
MOST_TAGS = 10_000  # no announcement has so many; what is behind is not read


def read_html(source: str, first_line: int, page: Page) -> None:
    """Fill `page` from an HTML document that begins in a line of it."""
    soup = _soup(source)
    if (root := soup.find("html")) is not None:
        page.language = str(root.get("lang") or "")
    _read_head(soup, first_line - 1, page)
    writer = Writer()
    _write_blocks(soup, first_line, writer, main=_main_part(soup))
    page.blocks += writer.blocks
    page.events += _marked_events(soup, first_line - 1)


def read_fragment(source: str, first_line: int, writer: Writer, page: Page) -> None:
    """Write the blocks of HTML that stands within Markdown."""
    soup = _soup(source)
    _write_blocks(soup, first_line, writer)
    page.events += _marked_events(soup, first_line - 1)


def _soup(source: str) -> BeautifulSoup:
    if source.count("<") > MOST_TAGS:
        source = "<".join(source.split("<", MOST_TAGS + 1)[: MOST_TAGS + 1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        return BeautifulSoup(source, "html.parser")


def _read_head(soup: BeautifulSoup, lines_before: int, page: Page) -> None:
    for tag in soup.find_all("meta"):
        name = tag.get("property") or tag.get("name") or tag.get("itemprop")
        if name and tag.get("content"):
            page.entries.append(
                Entry(str(name).lower(), str(tag["content"]).strip(), lines_before + (tag.sourceline or 1))
            )
    if (title := soup.find("title")) is not None and title.get_text(strip=True):
        page.entries.append(
            Entry("<title>", plain(title.get_text(" ", strip=True)), lines_before + (title.sourceline or 1))
        )
    for tag in soup.find_all("link", rel="canonical"):
        page.address = page.address or str(tag.get("href") or "")
    for tag in soup.find_all("time"):
        classes = " ".join(tag.get("class") or ()) + str(tag.get("itemprop") or "") + str(tag.get("pubdate") or "")
        if tag.get("datetime") and re.search(r"publish|entry-date|datePublished|pubdate|posted", classes):
            page.entries.append(Entry("<time>", str(tag["datetime"]), lines_before + (tag.sourceline or 1)))


# ---------------------------------------------------------------------------------------------------------- blocks


def _steps(root: Tag) -> Iterator[tuple[str, Tag | NavigableString]]:
    """("enter" or "leave", a tag) and ("text", a string) in the order of the page. No recursion: pages nest deeply."""
    stack: list[tuple[Tag, Iterator[Any]]] = [(root, iter(root.contents))]
    while stack:
        tag, children = stack[-1]
        child = next(children, None)
        if child is None:
            stack.pop()
            if stack:
                yield "leave", tag
        elif isinstance(child, Tag):
            yield "enter", child
            stack.append((child, iter(() if child.name in _UNSEEN or _is_hidden(child) else child.contents)))
        elif isinstance(child, NavigableString):
            yield "text", child


def _is_hidden(tag: Tag) -> bool:
    style = str(tag.get("style") or "").replace(" ", "").lower()
    return tag.has_attr("hidden") or "display:none" in style


def _write_blocks(soup: BeautifulSoup, first_line: int, writer: Writer, main: Tag | None = None) -> None:
    """Write the blocks of a document. main: whatever stands outside of it is aside."""
    line = first_line
    in_main = main is None
    writer.aside = not in_main
    cells: list[tuple[str, tuple[tuple[int, int], ...]]] = []
    headings: list[str] = []
    row_depth = 0
    level = 0
    asides = 0

    def end() -> None:
        if row_depth:
            writer.add(" ", line)
        else:
            writer.end(BlockKind.HEADING if level else BlockKind.TEXT, level)

    for step, node in _steps(soup):
        if isinstance(node, NavigableString):
            if not isinstance(node, PreformattedString) or isinstance(node, CData):
                writer.add(str(node), line)
            line += node.count("\n")
            continue
        name = node.name
        if step == "enter":
            line = max(line, first_line - 1 + (node.sourceline or 1))
        if name == "br" and step == "enter":
            writer.add("\n", line - 1, breaks=True)
        if name in _INLINE or name == "br":
            continue
        if name in {"td", "th"} and row_depth:
            if step == "enter":
                writer.take()
            else:
                cells.append(writer.take())
            continue
        if (name, step) in {("dt", "leave"), ("dd", "enter")} and not row_depth:
            if name == "dt":  # a term and what is said of it are one line
                writer.add(": ", line)
            continue
        end()
        if name in _ASIDE or node is main:
            asides += (1 if step == "enter" else -1) * (name in _ASIDE)
            if node is main:
                in_main = step == "enter"
            writer.aside = asides > 0 or not in_main
        elif name == "table":
            headings = []
        elif name == "tr":
            row_depth = max(row_depth + (1 if step == "enter" else -1), 0)
            if step == "enter":
                writer.take()
                cells = []
            elif not row_depth:
                writer.row(cells, headings)
                if not headings and node.find("th") is not None and node.find("td") is None:
                    headings = [text for text, _ in cells]
                cells = []
        elif re.fullmatch(r"h[1-6]", name):
            level = int(name[1]) if step == "enter" else 0
    row_depth = 0
    end()
    writer.aside = False


def _main_part(soup: BeautifulSoup) -> Tag | None:
    """The one element that the page calls its main part, if there is exactly one."""
    for name in _MAIN:
        found = soup.find_all(name)
        if len(found) == 1:
            return found[0]
    return None


# ---------------------------------------------------------------------------------------------------- marked events


def _marked_events(soup: BeautifulSoup, lines_before: int) -> Iterator[MarkedEvent]:
    for script in soup.find_all("script", type="application/ld+json"):
        text = script.string or ""
        line = lines_before + (script.sourceline or 1)
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            continue
        yield from _json_events(document, text, line)
    for tag in soup.find_all(None, {"itemscope": True, "itemtype": _EVENT_TYPE})[:_MOST_EVENTS]:
        yield MarkedEvent(
            line=lines_before + (tag.sourceline or 1),
            name=_item_value(tag, "name"),
            starts=_item_value(tag, "startDate"),
            ends=_item_value(tag, "endDate"),
            organizer=_organizer_of_item(tag),
            email=_item_value(tag, "email").removeprefix("mailto:"),
        )


def _item_value(tag: Tag, prop: str) -> str:
    for found in tag.find_all(None, {"itemprop": prop}):
        owner = found.find_parent(None, {"itemscope": True})
        if prop == "name" and owner is not tag:
            continue
        for attribute in ("content", "datetime", "href"):
            if found.get(attribute):
                return str(found[attribute]).strip()
        return plain(found.get_text(" ", strip=True))
    return ""


def _organizer_of_item(tag: Tag) -> str:
    found = tag.find(None, {"itemprop": "organizer"})
    if not isinstance(found, Tag):
        return ""
    name = found.find(None, {"itemprop": "name"})
    inner = name if isinstance(name, Tag) else found
    return plain(str(inner.get("content") or inner.get_text(" ", strip=True)))


def _json_events(document: Any, text: str, first_line: int) -> Iterator[MarkedEvent]:
    """The events of a JSON-LD document, wherever in it they stand; those under subEvent are parts of theirs."""
    waiting = [document]
    found = 0
    while waiting and found < _MOST_EVENTS:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += reversed(value)
        elif isinstance(value, dict):
            if _is_event(value):
                found += 1
                yield _json_event(value, text, first_line)
            else:
                waiting += reversed(list(value.values()))


def _is_event(value: dict[str, Any]) -> bool:
    kinds = value.get("@type")
    return any(
        _EVENT_TYPE.search(kind) for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str)
    )


def _json_event(value: dict[str, Any], text: str, first_line: int, depth: int = 0) -> MarkedEvent:
    organizer = value.get("organizer")
    organizer = organizer[0] if isinstance(organizer, list) and organizer else organizer
    starts = _text(value.get("startDate"))
    at = max(text.find(starts), 0) if starts else 0
    below = value.get("subEvent") or value.get("subEvents") or ()
    parts = below if isinstance(below, list) else [below]
    return MarkedEvent(
        line=first_line + text[:at].count("\n"),
        name=_text(value.get("name")),
        starts=starts,
        ends=_text(value.get("endDate")),
        organizer=_text(organizer.get("name") if isinstance(organizer, dict) else organizer),
        email=_text(organizer.get("email") if isinstance(organizer, dict) else "").removeprefix("mailto:"),
        parts=tuple(
            _json_event(part, text, first_line, depth + 1)
            for part in parts[:_MOST_EVENTS]
            if isinstance(part, dict) and depth < 2
        ),
    )


def _text(value: object) -> str:
    import html

    return " ".join(plain(html.unescape(value)).split()) if isinstance(value, str) else ""
