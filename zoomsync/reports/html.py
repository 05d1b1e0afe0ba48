"""Reports as one page that stands alone: to be sent, printed, read on a phone. It asks nobody for anything.

Its style and its script are inside it, named by their hash in a policy that forbids everything else. The words of the
page are in the template, in both languages; every text of a stranger's is escaped by it and cleaned here.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from zoomsync.reports import charts
from zoomsync.reports.charts import Chart
from zoomsync.reports.table import as_shown, erasure
from zoomsync.reports.values import Column, EventFacts, Kind, Overview, Part, Report
from zoomsync.reports.words import Words
from zoomsync.text import terminal

CHARTS_OF_ANSWERS_AT_MOST = 12
_SHOWN_ABOVE = ("figures", "needs")


def write_html(report: Report, out: BinaryIO) -> None:
    """The report as a page in its language; rows are written while they are read."""
    words = Words(report.language)
    style, script = _asset("page.css"), _asset("page.js")
    events = {one.event.slug: one for one in report.overviews}
    page = (
        _environment()
        .get_template("page.html")
        .generate(
            report=report,
            words=words,
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; "
            "form-action 'none'",
            title=terminal(", ".join(event.title for event in report.events) or report.title),
            generated=words.moment(report.generated_at, report.events[0].timezone if report.events else "UTC"),
            sections=[_section(one, words) for one in events.values()],
            tables=[
                _table(part, words, several=len(report.events) > 1)
                for part in report.parts
                if part.name not in _SHOWN_ABOVE
            ],
            erasures=[terminal(erasure(event, words)) for event in report.events],
        )
    )
    for piece in page:
        out.write(piece.encode())


@dataclass(frozen=True, slots=True)
class Figure:
    """A headline figure. note: what it is a share of, in words, or ""."""

    name: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Section:
    """An event of an overview, in words and drawings. deadline: sentences. needs: (words, urgent)."""

    title: str
    organizer: str
    when: Sequence[str]
    figures: Sequence[Figure]
    charts: Sequence[Chart]
    deadline: Sequence[str]
    needs: Sequence[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Cell:
    """text: as it is shown. key: what it is sorted by, "" for its text."""

    text: str
    key: str
    column: Column


@dataclass(frozen=True, slots=True)
class Table:
    """A part whose rows are made as they are written. wide: more columns than a phone can show."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Iterator[Sequence[Cell]]
    totals: Sequence[str]


def _section(one: Overview, words: Words) -> Section:
    drawn = [
        charts.funnel(one, words) if one.registered else None,
        charts.by_day(one, words),
        charts.attendance(one, words),
        *(charts.answers(counts, words) for counts in one.answers[:CHARTS_OF_ANSWERS_AT_MOST] if counts.groups),
    ]
    return Section(
        title=terminal(one.event.title),
        organizer=terminal(one.event.organizer),
        when=[
            terminal(f"{each.title}: {words.moment(each.starts_at, one.event.timezone)}")
            + (f" ({words.heading('called_off_session').lower()})" if each.cancelled else "")
            for each in one.sessions
        ],
        figures=_figures(one, words),
        charts=[chart for chart in drawn if chart],
        deadline=words.registration(one.registration, one.event.timezone),
        needs=[(terminal(need.words), need.urgent) for need in one.needs],
    )


def _figures(one: Overview, words: Words) -> list[Figure]:
    def share(part: int, whole: int, of: str) -> str:
        return words.say(of).format(words.percent(part / whole)) if whole else ""

    figures = [
        Figure(words.heading("registered"), words.number(one.registered), ""),
        Figure(words.heading("approved"), words.number(one.approved), share(one.approved, one.registered, "of_all")),
        Figure(words.heading("reminded"), words.number(one.reminded), share(one.reminded, one.approved, "of_approved")),
    ]
    if one.attended is None:
        return [*figures, Figure(words.heading("attended"), "–", words.say("unknown"))]
    came = share(one.attended, one.approved, "of_approved")
    return [*figures, Figure(words.heading("attended"), words.number(one.attended), came)]


def _table(part: Part, words: Words, *, several: bool) -> Table:
    places = [
        place
        for place, column in enumerate(part.columns)
        if column.kind is not Kind.MAPPING and (several or column.name != "event") and not _is_empty(part, place)
    ]
    columns = [part.columns[place] for place in places]

    def rows() -> Iterator[list[Cell]]:
        for batch in part.batches:
            for row in batch.rows:
                yield [_cell(part.columns[place], row[place], batch.event, words) for place in places]

    totals = [f"{total.heading}: {words.number(total.value)}" for total in part.totals]
    return Table(part.name, terminal(part.title), columns, rows(), totals)


def _is_empty(part: Part, place: int) -> bool:
    """Whether a column says nothing, where that can be known before the rows are read."""
    return isinstance(part.batches, list) and all(row[place] in (None, "") for row in part.rows())


def _cell(column: Column, value: Any, facts: EventFacts, words: Words) -> Cell:
    key = ""
    if value is not None:
        if column.kind in (Kind.NUMBER, Kind.SHARE):
            key = str(value)
        elif column.kind in (Kind.MOMENT, Kind.DEADLINE):
            key = value.astimezone(ZoneInfo("UTC")).isoformat()
    return Cell(as_shown(column, value, facts, words), key, column)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("zoomsync.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _asset(name: str) -> str:
    return resources.files("zoomsync.reports").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What a policy calls an inline style or script by, to the letter of what stands between its tags."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
