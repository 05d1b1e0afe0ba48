"""Reports for a terminal: tables that fit its width, with their totals. A stranger's text is one harmless line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from rich.cells import cell_len, set_cell_size

from zoomsync.reports.values import Column, EventFacts, Kind, Part, Report, Row
from zoomsync.reports.words import Words
from zoomsync.text import terminal
from zoomsync.words import last_minute

ROWS_AT_MOST = 1_000
_GAP = "  "
_NUMBERS = (Kind.NUMBER, Kind.SHARE)


def table_lines(report: Report, *, width: int | None) -> Iterator[str]:
    """The report as lines. width: of the screen in characters; None where nobody looks at one, and nothing is cut."""
    words = Words(report.language)
    only = report.events[0].title if len(report.events) == 1 else ""
    generated = f"{words.say('generated_at').lower()} {_generated(report)}"
    yield from _folded(terminal(" · ".join(filter(None, (report.title, only, generated)))), width)
    for part in report.parts:
        yield ""
        if len(report.parts) > 1:
            yield terminal(part.title)
        yield from _part_lines(part, words, width, unneeded="event" if only else "")
    yield ""
    for event in report.events:
        yield from _folded(terminal(erasure(event, words)), width)


def erasure(event: EventFacts, words: Words) -> str:
    """When an event's personal data is removed, as a sentence."""
    spanish = words.language == "es"
    if event.erased_at:
        on = words.day(event.erased_at.astimezone(ZoneInfo(event.timezone)).date())
        return (
            f"{event.title}: los datos personales se borraron el {on}."
            if spanish
            else (f"{event.title}: personal data was removed on {on}.")
        )
    if event.erase_at is None:
        return (
            f"{event.title}: los datos personales se conservan."
            if spanish
            else (f"{event.title}: personal data is kept.")
        )
    on = words.day(event.erase_at.astimezone(ZoneInfo(event.timezone)).date())
    return (
        f"{event.title}: los datos personales se borrarán el {on}."
        if spanish
        else (f"{event.title}: personal data will be removed on {on}.")
    )


def _generated(report: Report) -> str:
    zone = report.events[0].timezone if report.events else "UTC"
    return f"{report.generated_at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"


def _part_lines(part: Part, words: Words, width: int | None, *, unneeded: str) -> Iterator[str]:
    """unneeded: a column that says the same in each row."""
    places = [
        place
        for place, column in enumerate(part.columns)
        if column.kind is not Kind.MAPPING and column.name != unneeded
    ]
    columns = [part.columns[place] for place in places]
    lines = _with_facts(part)
    rows = [
        [as_shown(part.columns[place], row[place], facts, words) for place in places]
        for facts, row in islice(lines, ROWS_AT_MOST)
    ]
    if not rows:
        yield words.say("none")
        return
    if part.upright:
        yield from _upright([column.heading for column in columns], rows, width)
        return
    shown, widths, unshown = _fitted(columns, rows, width)
    yield _GAP.join(_set(columns[place].heading, widths[place], columns[place]) for place in shown).rstrip()
    yield _GAP.join("─" * widths[place] for place in shown)
    for row in rows:
        yield _GAP.join(_set(row[place], widths[place], columns[place]) for place in shown).rstrip()
    if part.totals:
        yield _GAP.join("─" * widths[place] for place in shown)
        yield from _folded(" · ".join(f"{one.heading}: {words.number(one.value)}" for one in part.totals), width)
    if next(lines, None) is not None:
        yield words.say("more_rows").format(ROWS_AT_MOST)
    if unshown:
        yield from _folded(f"{words.say('columns_left_out')} {', '.join(unshown)}", width)


def _upright(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> Iterator[str]:
    """Each row as a list, an empty line between two."""
    widest = max(map(cell_len, headings))
    for number, row in enumerate(rows):
        if number:
            yield ""
        for heading, cell in zip(headings, row, strict=True):
            line = f"{heading}{' ' * (widest - cell_len(heading))}{_GAP}{cell}"
            if cell:
                yield line if width is None or cell_len(line) <= width else set_cell_size(line, width - 1) + "…"


def _with_facts(part: Part) -> Iterator[tuple[EventFacts, Row]]:
    return ((batch.event, row) for batch in part.batches for row in batch.rows)


def as_shown(column: Column, cell: Any, facts: EventFacts, words: Words) -> str:
    """A cell as people read it, one harmless line; "" where there is nothing to say."""
    if cell is None or cell == "":
        return ""
    match column.kind:
        case Kind.MOMENT | Kind.DEADLINE:
            assert isinstance(cell, datetime)
            if column.kind is Kind.DEADLINE:
                cell = last_minute(cell, facts.timezone)
            return f"{cell.astimezone(ZoneInfo(facts.timezone)):%Y-%m-%d %H:%M}"
        case Kind.DAY:
            assert isinstance(cell, date)
            return cell.isoformat()
        case Kind.CODE:
            return terminal(column.words.get(cell, cell))
        case Kind.NUMBER:
            return words.number(cell)
        case Kind.SHARE:
            return words.percent(cell)
        case Kind.FLAG:
            return words.say("yes" if cell else "no")
        case _:
            return terminal(str(cell))


def _fitted(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None
) -> tuple[list[int], list[int], list[str]]:
    """Which columns are shown and how wide; and the machine names of those that had to be left out.

    A column without a word in it is not shown. Where there is no room the columns of the highest rank go, until what
    is left can still be read when it is cut; then the widest are cut.
    """
    widths = [
        max(cell_len(column.heading), *(cell_len(row[place]) for row in rows)) for place, column in enumerate(columns)
    ]
    shown = [place for place in range(len(columns)) if any(row[place] for row in rows)]
    if width is None:
        return shown, widths, []
    readable = [
        min(widths[place], _readable(column)) if column.kind in (Kind.TEXT, Kind.CODE) else widths[place]
        for place, column in enumerate(columns)
    ]
    unshown = set()
    while not _fits(shown, readable, width):
        last = max(shown, key=lambda place: (columns[place].rank, place))
        if columns[last].rank == 0:
            break
        shown.remove(last)
        unshown.add(columns[last].name)
    while not _fits(shown, widths, width):
        # The one that is furthest from what can be read loses a character.
        place = max(shown, key=lambda place: (widths[place] - readable[place], widths[place]))
        if widths[place] <= 1:
            break
        widths[place] -= 1
    return shown, widths, [column.name for column in columns if column.name in unshown]


def _readable(column: Column) -> int:
    """How many characters of a text tell what it says. Numbers and times are never cut."""
    return 20 if column.rank == 0 else 14


def _fits(shown: Sequence[int], widths: Sequence[int], width: int) -> bool:
    return sum(widths[place] for place in shown) + len(_GAP) * (len(shown) - 1) <= width


def _set(text: str, width: int, column: Column) -> str:
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1).rstrip() + "…"
    return " " * (width - length) + text if column.kind in _NUMBERS else text + " " * (width - length)


def _folded(text: str, width: int | None) -> Iterator[str]:
    """A sentence in lines of at most `width`, broken at its blanks."""
    line = ""
    for word in text.split(" "):
        if line and width is not None and cell_len(f"{line} {word}") > width:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    if line:
        yield line
