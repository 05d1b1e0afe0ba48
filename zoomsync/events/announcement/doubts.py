"""The doubts of one page while it is read, each with the words that it comes from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from zoomsync.domain.announcement import Doubt, DoubtKind
from zoomsync.events.announcement.page import Block
from zoomsync.events.announcement.segments import Segment
from zoomsync.language import _
from zoomsync.text import clean, mask_email

_LONGEST_QUOTE = 140
_EMAIL = re.compile(r"[^\s<>@\"“”]{1,64}@[^\s<>@\"“”]{1,255}")
_SECRET = re.compile(r"(https?://[^\s?]{1,500})\?\S+")


class Doubts:
    """Gathers doubts in the order in which they are found, none twice. lines: the page's source, for quoting."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.found: list[Doubt] = []
        self._lines = lines
        self._plain: dict[int, str] = {}

    def quote_from(self, blocks: Sequence[Block]) -> None:
        """Quote lines as they are read, without markup, where they are in one of these blocks."""
        for block in blocks:
            ends = [start for start, _ in block.starts[1:]] + [len(block.text)]
            for (start, line), end in zip(block.starts, ends, strict=True):
                self._plain[line] = f"{self._plain.get(line, '')} {block.text[start:end]}".strip()

    def add(self, kind: DoubtKind, text: str, segment: Segment) -> None:
        """A doubt about a sentence of the page."""
        self._add(kind, text, segment.words, segment.line)

    def at(self, kind: DoubtKind, text: str, line: int) -> None:
        """A doubt about a line of the page's source; 0 where it is about the page as a whole."""
        source = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        self._add(kind, text, self._plain.get(line) or source, line)

    def withdraw(self, kind: DoubtKind, beginning: str, line: int) -> None:
        """Take back a doubt that another part of the page has settled."""
        kept = [
            one for one in self.found if not (one.kind is kind and one.line == line and one.text.startswith(beginning))
        ]
        self.found[:] = kept

    def _add(self, kind: DoubtKind, text: str, words: str, line: int) -> None:
        quoted = quote(words)
        doubt = Doubt(
            kind, _('{doubt} The page: "{quoted}"').format(doubt=text, quoted=quoted) if quoted else text, line
        )
        if doubt not in self.found:
            self.found.append(doubt)


def quote(words: str) -> str:
    """A page's words for a doubt: one line, no e-mail address in full, no passcode behind a link."""
    shown = _SECRET.sub(r"\1?…", clean(words, limit=2_000))
    return clean(_EMAIL.sub(lambda found: mask_email(found[0]), shown), limit=_LONGEST_QUOTE)
