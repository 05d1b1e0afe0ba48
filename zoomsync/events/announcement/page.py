"""A page as this room reads it: blocks of plain text with their lines, what its head says, and every link.

No meaning here: what is a date, a title or a session is for the modules above. How Markdown and HTML become
blocks is in `markdown` and `markup`.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from urllib.parse import unquote


class BlockKind(StrEnum):
    TEXT = "text"
    HEADING = "heading"
    ROW = "row"  # of a table; its cells are parted by " | "
    FRONT = "front"  # a key of the front matter and its value: "hora: 8 a 1 pm"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, list item or row. A line break within is "\\n".

    level: of a heading, 1 to 6. starts: positions in the text and the page's line (from 1) from there on.
    aside: outside of the page's main part (navigation, footer, side bar). key: of a value of the front matter.
    """

    text: str
    starts: tuple[tuple[int, int], ...]
    kind: BlockKind = BlockKind.TEXT
    level: int = 0
    aside: bool = False
    key: str = ""

    def line_at(self, position: int) -> int:
        number = bisect_right(self.starts, (position, 10**9)) - 1
        return self.starts[max(number, 0)][1]


@dataclass(frozen=True, slots=True)
class Entry:
    """A value that a page states by name, in its front matter or a `<meta>`. key: small, its parts joined by "."."""

    key: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Link:
    """A web address on the page, wherever it stands, and its line."""

    url: str
    line: int


@dataclass(frozen=True, slots=True)
class MarkedEvent:
    """A schema.org Event of JSON-LD or microdata, its values as they stand there ("" where missing)."""

    line: int
    name: str = ""
    starts: str = ""
    ends: str = ""
    organizer: str = ""
    email: str = ""
    parts: tuple[MarkedEvent, ...] = ()  # subEvent


@dataclass(slots=True)
class Page:
    """Everything that is read off a page before anything is made of it. written_on: when it says it was published."""

    blocks: list[Block] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    front: list[Entry] = field(default_factory=list)  # those of the entries that are of the front matter
    links: list[Link] = field(default_factory=list)
    emails: list[Link] = field(default_factory=list)
    events: list[MarkedEvent] = field(default_factory=list)
    language: str = ""
    written_on: date | None = None
    address: str = ""  # its own, where it says so

    def entry(self, *keys: str) -> Entry | None:
        """The first of these keys that is there with a value."""
        for key in keys:
            for entry in self.entries:
                if entry.key == key and entry.value:
                    return entry
        return None

    def nested(self, *keys: str) -> Entry | None:
        """Like `entry`; a key below another one ("event.organizer") counts where none stands at the top."""
        below = (entry for key in keys for entry in self.front if entry.key.endswith(f".{key}") and entry.value)
        return self.entry(*keys) or next(below, None)


# ----------------------------------------------------------------------------------------------------- plain text

_TEMPLATE_TAG = re.compile(r"\{[%{][^{}\n]{0,300}[%}]\}|\{:[^}\n]{0,200}\}")


def plain(text: str) -> str:
    """Text without what cannot be seen; any white space but a line break is one kind of blank."""
    kept = []
    for character in _TEMPLATE_TAG.sub(" ", text):
        if character.isspace():
            kept.append("\n" if character == "\n" else " ")
        elif 0x1D400 <= ord(character) <= 0x1D7FF:  # letters that look bold, of a network without bold
            kept.append(unicodedata.normalize("NFKC", character))
        elif unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co"}:
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


class Writer:
    """Puts blocks together from pieces of text with their lines."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.aside = False
        self._text = ""
        self._starts: list[tuple[int, int]] = []

    def add(self, text: str, line: int, *, breaks: bool = False) -> None:
        """More of the present block. breaks: a line break in the text is one in the block; else it is a blank."""
        for number, part in enumerate(text.split("\n")):
            if number:
                self._append("\n" if breaks else " ", line + number)
            self._append(plain(part), line + number)

    def _append(self, text: str, line: int) -> None:
        joined = re.sub(r" {2,}", " ", text)
        if not self._text or self._text[-1] in " \n":
            joined = joined.lstrip(" ")
        if not joined:
            return
        if not self._starts or self._starts[-1][1] != line:
            self._starts.append((len(self._text), line))
        self._text += joined

    def end(self, kind: BlockKind = BlockKind.TEXT, level: int = 0) -> None:
        """The present block is whole."""
        text, starts = self.take()
        if text:
            self.blocks.append(Block(text, starts, kind, level, self.aside))

    def take(self) -> tuple[str, tuple[tuple[int, int], ...]]:
        """The present block's text and lines, for somebody else to use."""
        text, starts = self._text.rstrip(), tuple(self._starts)
        self._text, self._starts = "", []
        return text, starts

    def row(self, cells: list[tuple[str, tuple[tuple[int, int], ...]]], headings: list[str]) -> None:
        """A row of a table. A heading is put before its cell, unless the heading itself holds figures."""
        usable = headings if not any(re.search(r"\d", heading) for heading in headings) else []
        text, starts = "", []
        for number, (cell, lines) in enumerate(cells):
            heading = usable[number].rstrip(": ") if number < len(usable) else ""
            text += (" | " if text else "") + (f"{heading}: " if heading and heading != cell and cell else "")
            starts += [(len(text) + at, line) for at, line in lines]
            text += cell.replace("\n", " ")
        if text.strip(" |") and starts:
            self.blocks.append(Block(text, ((0, starts[0][1]), *starts), BlockKind.ROW, aside=self.aside))


# ---------------------------------------------------------------------------------------------- links and addresses

_URL = re.compile(r"https?://[^\s\"'<>\[\]{}|\\^`]{4,2000}", re.IGNORECASE)
# Zoom's and other forms' links are written without "https://", too.
_BARE_URL = re.compile(
    r"(?<![\w./@-])(?:[\w-]{1,40}\.){0,3}(?:zoom\.us|forms\.gle)/[^\s\"'<>\[\]{}|\\^`]{3,500}", re.IGNORECASE
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w+-][\w.+-]{0,63}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")


def addresses_in(source: str) -> tuple[list[Link], list[Link]]:
    """(web addresses, e-mail addresses) of a page's source with their lines; links within links are found as well."""
    links: list[Link] = []
    emails: list[Link] = []
    for number, line in enumerate(source.split("\n"), start=1):
        readable = html.unescape(line) if "&" in line else line
        found = list(_urls(readable))
        if "%" in readable:
            found += [url for outer in found for url in _urls(unquote(outer)[1:])]
        links += [Link(url, number) for url in dict.fromkeys(found)]
        if "@" in readable:
            emails += [Link(each, number) for each in dict.fromkeys(_EMAIL.findall(unquote(readable)))]
    return links, emails


def _urls(text: str) -> Iterator[str]:
    for found in _URL.findall(text):
        yield _without_tail(found)
    for found in _BARE_URL.findall(text):
        yield f"https://{_without_tail(found)}"


def _without_tail(url: str) -> str:
    """Without the sentence's own signs at its end."""
    url = url.rstrip(".,;:!?*_~…»”")
    while url.endswith(")") and url.count("(") < url.count(")"):
        url = url[:-1].rstrip(".,;:!?*_~")
    return url
