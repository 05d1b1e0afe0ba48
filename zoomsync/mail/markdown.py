"""The organiser's own text: Markdown in, plain text and HTML in the look of the event's mail out.

CommonMark without raw HTML and without pictures; links lead to the web or to an address. No templates here: the layout
around it is `templates/<language>/announce.*`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from zoomsync.mail.render import Announcement
from zoomsync.text import clean

_LINKS = ("http://", "https://", "mailto:")
_LOOK = {
    "paragraph_open": ("plain", "margin:0 0 16px;color:#2b3238;"),
    "heading_open": ("strong", "margin:0 0 12px;font-size:18px;line-height:1.35;color:#14191d;"),
    "bullet_list_open": ("plain", "margin:0 0 16px;padding-left:24px;color:#2b3238;"),
    "ordered_list_open": ("plain", "margin:0 0 16px;padding-left:24px;color:#2b3238;"),
    "blockquote_open": (
        "facts",
        "margin:0 0 16px;padding:12px 16px 1px;background-color:#f3f7fa;border-left:4px solid #0b5c9e;",
    ),
    "link_open": ("link", "color:#0b5c9e;"),
    "hr": ("quiet", "margin:0 0 16px;border:0;border-top:1px solid #dde2e7;"),
}


def announcement(subject: str, markdown: str) -> Announcement:
    """A message of the organiser's own, from Markdown. The subject is one line."""
    tokens = _parser().parse(_tidied(markdown))
    for token in _all(tokens):
        if look := _LOOK.get(token.type):
            token.attrSet("class", look[0])
            token.attrSet("style", look[1])
    html = _parser().renderer.render(tokens, _parser().options, {})
    return Announcement(clean(subject), _as_text(tokens), html)


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False})
    parser.disable("image")
    parser.validateLink = lambda url: url.lower().startswith(_LINKS)  # type: ignore[method-assign]
    return parser


def _tidied(markdown: str) -> str:
    lines = markdown.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one for one in lines if one in "\n\t" or unicodedata.category(one) != "Cc")


def _all(tokens: Iterable[Token]) -> Iterable[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def _as_text(tokens: Sequence[Token]) -> str:
    """The same for who reads no HTML: lists keep their marks, a link stands behind its words."""
    text, numbers, quotes, mark, tight = "", list[int | None](), 0, "", False
    for token in tokens:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                numbers.append(int(token.attrGet("start") or 1) if token.type.startswith("ordered") else None)
                tight = len(numbers) > 1
            case "bullet_list_close" | "ordered_list_close":
                numbers.pop()
                tight = bool(numbers)
            case "list_item_open":
                number = numbers[-1]
                mark = "- " if number is None else f"{number}. "
                numbers[-1] = None if number is None else number + 1
            case "blockquote_open" | "blockquote_close":
                quotes += 1 if token.nesting > 0 else -1
            case "inline" | "fence" | "code_block" | "hr":
                hidden = bool(numbers) and token.level > 0 and mark != ""
                before = "> " * quotes + "  " * max(len(numbers) - 1, 0)
                after = " " * len(mark) if mark else "  " * bool(numbers)
                lines = _lines_of(token)
                block = "\n".join(before + (mark if no == 0 else after) + line for no, line in enumerate(lines))
                text += ("" if not text else "\n" if tight and hidden else "\n\n") + block
                tight, mark = hidden, ""
    return text


def _lines_of(token: Token) -> list[str]:
    if token.type == "inline":
        return _inline_text(token.children or ()).split("\n")
    return ["---"] if token.type == "hr" else token.content.rstrip("\n").split("\n")


def _inline_text(tokens: Iterable[Token]) -> str:
    text, links = "", list[tuple[str, int]]()
    for token in tokens:
        match token.type:
            case "softbreak":
                text += " "
            case "hardbreak":
                text += "\n"
            case "link_open":
                links.append((str(token.attrGet("href") or ""), len(text)))
            case "link_close":
                address, start = links.pop()
                shown = address.removeprefix("mailto:")
                if text[start:] not in (address, shown):
                    text += f" ({shown})"
            case _:
                text += token.content
    return text
