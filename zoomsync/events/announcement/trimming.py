"""A page's source without what is not on the page: comments, scripts, styles; and never more than can be read at once.

Lines stay where they are. Everything here takes time in proportion to the source.
"""

from __future__ import annotations

import re

LONGEST_HTML, LONGEST_MARKDOWN = 200_000, 100_000  # characters, without scripts and the like
_COMMENTS = (("<!--", "-->"), ("{#", "#}"), ("{% comment", "endcomment"))
_BULK = (("<script", "</script"), ("<style", "</style"), ("<svg", "</svg"))
_INLINE_FILE = re.compile(r"data:[\w/+.-]{1,60};base64,[\w+/=]+")
_UNFINISHED = re.compile(r"<(?=[^<>]*<)")


def trimmed(source: str, *, is_html: bool) -> tuple[str, bool]:
    """The source as it is to be read, and whether its end was cut off."""
    for opening, closing in _COMMENTS:
        source = _without(source, opening, closing, to_end=opening == "<!--")
    for opening, closing in _BULK:
        source = _without(source, opening, closing, to_end=True, spared="ld+json")
    source = _INLINE_FILE.sub("", source)
    if is_html:
        # A tag within a tag is none; the parser would look for its end again and again.
        source = _UNFINISHED.sub("&lt;", source)
    longest = LONGEST_HTML if is_html else LONGEST_MARKDOWN
    return source[:longest], len(source) > longest


def _without(source: str, opening: str, closing: str, *, to_end: bool, spared: str = "") -> str:
    """Empty lines in the place of everything from `opening` to `closing`.

    to_end: what is not closed goes to the end, as in a browser. spared: what has this in its first tag stays.
    """
    kept: list[str] = []
    at = seen = 0
    while (begin := source.find(opening, seen)) >= 0:
        end = source.find(closing, begin + len(opening))
        if end < 0 and not to_end:
            break
        end = len(source) if end < 0 else end + len(closing)
        seen = end
        if spared and spared in source[begin : source.find(">", begin, begin + 300) + 1]:
            continue
        kept += [source[at:begin], "\n" * source.count("\n", begin, end)]
        at = end
    return "".join([*kept, source[at:]])
