"""Blocks cut into sentences and lines, each with the dates, times and zones that stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zoomsync.events.announcement.dates import DateMention, dates_in
from zoomsync.events.announcement.page import Block, BlockKind
from zoomsync.events.announcement.times import TimeMention, times_in
from zoomsync.events.announcement.tokens import fold, tokens_of
from zoomsync.events.announcement.zones import ZoneMention, zones_in

# Nobody writes such a paragraph, or announces an event on so many pages: what is behind is not read.
_LONGEST_BLOCK = 5_000
_LONGEST_PAGE = 200_000
_MOST_BLOCKS = 2_000
_MOST_IN_SEGMENT = 40
_SENTENCE_END = re.compile(r"[.!?…][\"')\]]?\s+(?=\S)|;\s+|\n")
_SHORT_WORD = re.compile(r"\b(?:art|no|nro|num|sr|sra|dr|dra|lic|ing|mr|mrs|ms|prof|st|vol|tel)\Z")
_AFTER_HOURS = re.compile(r"(?:\b[ap]\. ?m|\b[ap]m|\bhrs?|\bh)\Z")


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence or a line. text: of the whole block; begin, end: the part that is this segment.

    heading: the one above; section: the same, folded. block: its block's number on the page.
    """

    text: str
    begin: int
    end: int
    line: int
    block: int
    kind: BlockKind
    heading: str
    section: str
    aside: bool
    dates: tuple[DateMention, ...]
    times: tuple[TimeMention, ...]
    zones: tuple[ZoneMention, ...]

    @property
    def words(self) -> str:
        """What stands there, for a person."""
        return " ".join(self.text[self.begin : self.end].split())

    def folded(self, begin: int, end: int) -> str:
        return fold(self.text[max(begin, self.begin) : min(end, self.end)])


def are_too_long(blocks: Sequence[Block]) -> bool:
    """Whether there is more on a page than is read of it."""
    lengths = [len(block.text) + 1 for block in blocks]
    return len(blocks) > _MOST_BLOCKS or sum(lengths) > _LONGEST_PAGE or max(lengths, default=0) > _LONGEST_BLOCK


def segments_of(blocks: Sequence[Block]) -> list[Segment]:
    """The segments of a page in its order."""
    found: list[Segment] = []
    heading = ""
    length = 0
    for number, block in enumerate(blocks):
        length += len(block.text) + 1
        if length > _LONGEST_PAGE or number >= _MOST_BLOCKS:
            break
        found += _cut(block, number, heading)
        if block.kind is BlockKind.HEADING:
            heading = block.text
    return found


def _cut(block: Block, number: int, heading: str) -> Iterator[Segment]:
    text = block.text[:_LONGEST_BLOCK]
    tokens = tokens_of(text)
    dates = list(dates_in(tokens))
    zones = zones_in(text, tokens)
    taken = [range(one.start, one.end) for one in dates] + [
        range(one.begin, one.end) for one in zones if one.offset is not None
    ]
    times = list(times_in(tokens, taken))
    spans = [(one.start, one.end) for one in dates] + [(one.begin, one.end) for one in times]
    begin = 0
    for end in [*_ends(text, block.kind, spans), len(text)]:
        if text[begin:end].strip():
            start = begin + len(text[begin:end]) - len(text[begin:end].lstrip())
            yield Segment(
                text,
                start,
                end,
                block.line_at(start),
                number,
                block.kind,
                heading,
                fold(heading),
                block.aside,
                tuple(one for one in dates if begin <= one.start < end)[:_MOST_IN_SEGMENT],
                tuple(one for one in times if begin <= one.begin < end)[:_MOST_IN_SEGMENT],
                tuple(one for one in zones if begin <= one.begin < end)[:_MOST_IN_SEGMENT],
            )
        begin = end


def _ends(text: str, kind: BlockKind, spans: Sequence[tuple[int, int]]) -> Iterator[int]:
    """Where sentences end. Never within a date or a time, and not where a line is only wrapped."""
    if kind is BlockKind.FRONT:
        return
    folded = fold(text)
    for found in _SENTENCE_END.finditer(text):
        at = found.end()
        if any(begin < at < end for begin, end in spans):
            continue
        before, after = folded[max(found.start() - 10, 0) : found.start()], text[at : at + 1]
        if found[0] == "\n":
            wrapped = before.rstrip()[-1:].isalnum() or before.rstrip()[-1:] in {",", "("}
            if wrapped and after.islower():
                continue
        elif found[0][0] == ".":
            hours = _AFTER_HOURS.search(before) and not after.isalpha()
            if after.islower() or hours or _SHORT_WORD.search(before):
                continue
        yield at
