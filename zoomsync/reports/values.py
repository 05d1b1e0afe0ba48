"""What a report is before it is written: typed columns, rows that may be read once, sums.

`build` makes these; `csv_json`, `table`, `xlsx` and `html` show them, and so may a page. No I/O here.

Machine names (of reports, parts, columns, figures and states) never change with the language; headings and titles do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

Row = tuple[Any, ...]


class Kind(StrEnum):
    """What stands in a column: the Python type of its cells. Any cell may be None, where there is nothing to say."""

    TEXT = "text"  # str, a stranger's words perhaps: made safe by whoever shows it
    CODE = "code"  # str, a machine name with a translation in `Column.words`
    NUMBER = "number"  # int or float
    SHARE = "share"  # float, 0 to 1
    MOMENT = "moment"  # datetime, aware UTC; shown in the event's zone
    DEADLINE = "deadline"  # the same, of a deadline or a closing: one at midnight is shown as its day's last minute
    DAY = "day"  # date, of the event's zone
    FLAG = "flag"  # bool
    MAPPING = "mapping"  # dict of text to JSON values; in JSON alone


@dataclass(frozen=True, slots=True)
class Column:
    """name: the machine name. heading: in the report's language. words: what a CODE is called in it.

    rank: 0 for what a narrow screen still shows; the higher, the sooner it is left out there.
    """

    name: str
    heading: str
    kind: Kind = Kind.TEXT
    words: Mapping[str, str] = field(default_factory=dict)
    rank: int = 1


@dataclass(frozen=True, slots=True)
class EventFacts:
    """An event as a report names it.

    erase_at: when its personal data is to be removed, None where it is kept or nobody knows the last session yet.
    erased_at: when it was removed.
    """

    slug: str
    title: str
    timezone: str
    organizer: str = ""
    erase_at: datetime | None = None
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of one event, each as long as the part has columns."""

    event: EventFacts
    rows: Sequence[Row]

    @property
    def columns(self) -> Sequence[Sequence[Any]]:
        return list(zip(*self.rows, strict=True))


@dataclass(frozen=True, slots=True)
class ColumnBatch:
    """The same, by the column: what is long is made and written so."""

    event: EventFacts
    columns: Sequence[Sequence[Any]]

    @property
    def rows(self) -> Sequence[Row]:
        return list(zip(*self.columns, strict=True))


@dataclass(frozen=True, slots=True)
class Total:
    """A sum: its machine name, what it is called, its number."""

    name: str
    heading: str
    value: int


@dataclass(frozen=True, slots=True)
class Part:
    """One table of a report: a sheet of XLSX, a table of HTML.

    batches: read once, and while the database's look lasts; a list where the rows are few. totals: known beforehand.
    upright: a screen shows each row as a list, one column a line.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    batches: Iterable[Batch | ColumnBatch]
    totals: tuple[Total, ...] = ()
    upright: bool = False

    def rows(self) -> Iterator[Row]:
        """All rows, whatever event they are of."""
        for batch in self.batches:
            yield from batch.rows


@dataclass(frozen=True, slots=True)
class Group:
    """How many gave an answer. label: the spelling that most of them chose. attended: None while it is not known."""

    label: str
    registered: int
    approved: int
    attended: int | None = None


@dataclass(frozen=True, slots=True)
class AnswerCounts:
    """The answers to one question, counted, the largest group first.

    name: the machine name of its column. others: those in groups that are not listed, since there are too many or
    (hidden) they are too small to be shown. unanswered: those who did not answer. Both None where there are none.
    """

    name: str
    question: str
    groups: tuple[Group, ...]
    others: Group | None = None
    unanswered: Group | None = None
    hidden: bool = False

    def all(self) -> tuple[Group, ...]:
        """Every line to show, the listed groups first."""
        return (*self.groups, *(one for one in (self.others, self.unanswered) if one))


@dataclass(frozen=True, slots=True)
class RegistrationFacts:
    """The deadline and its proof. closes_at: None where it was opened again without an end.

    state: open, closed or not_closed. closed_at: since when whoever registers waits. verified_at: when reading back
    from Zoom proved it. late: how many registered after it; late_waiting: of them, who wait still.
    """

    deadline: datetime
    closes_at: datetime | None
    state: str
    closed_at: datetime | None
    verified_at: datetime | None
    late: int
    late_waiting: int


@dataclass(frozen=True, slots=True)
class MailFacts:
    """Messages of one kind about one session ("" for the whole event), by state."""

    session: str
    kind: str
    states: Mapping[str, int]
    due_at: datetime


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A session and who came; all None while that is not known. identified: registrants who came, however briefly;
    present: of them, those who were there for long enough. absent: approved registrants who did not come. unmatched:
    people of whom nobody knows which registrant they are. minutes: how long the identified stayed, on average.
    """

    title: str
    starts_at: datetime
    ends_at: datetime
    cancelled: bool = False
    identified: int | None = None
    present: int | None = None
    absent: int | None = None
    unmatched: int | None = None
    minutes: float | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a person should do or know: its machine name, and words in the report's language."""

    name: str
    words: str
    urgent: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """One event in numbers. Of the funnel, `attended` is None while it is not known.

    by_status: a status without any is left out. by_day: the event's days, from the first registration to the last,
    those without any included; who has no time of Zoom's counts when first seen. answers: to the questions that offer
    a choice. minimum: share of a session from which on somebody is present.
    """

    event: EventFacts
    registered: int
    approved: int
    reminded: int
    attended: int | None
    by_status: Mapping[str, int]
    by_day: tuple[tuple[date, int], ...]
    answers: tuple[AnswerCounts, ...]
    registration: RegistrationFacts
    mail: tuple[MailFacts, ...]
    sessions: tuple[SessionFacts, ...]
    needs: tuple[Need, ...]
    minimum: float


@dataclass(frozen=True, slots=True)
class Report:
    """A report. name: overview, registrants, reminders, attendance or activity. parts: the first is the main one.

    language: "es" or "en". overviews: of the report `overview`, one for each event; its parts say the same as tables.
    """

    name: str
    title: str
    language: str
    generated_at: datetime
    anonymous: bool
    events: tuple[EventFacts, ...]
    parts: tuple[Part, ...]
    overviews: tuple[Overview, ...] = ()
