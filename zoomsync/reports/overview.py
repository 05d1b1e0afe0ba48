"""An event in numbers, as tables: what `build` is to rows of people, this is to sums.

Pure. The sums come from `domain.attendance`, `domain.registration` and the database by way of `jobs.reports`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from zoomsync.domain.attendance import SessionAttendance
from zoomsync.reports.answers import SMALLEST_GROUP, Form, Question
from zoomsync.reports.build import by_reminder_part
from zoomsync.reports.columns import chosen, picker
from zoomsync.reports.values import (
    AnswerCounts,
    Batch,
    Column,
    EventFacts,
    Group,
    Kind,
    Overview,
    Part,
    Row,
    SessionFacts,
)
from zoomsync.reports.words import Words
from zoomsync.words import last_minute

# Standard fields that are worth a count where the form has them; the others are somebody's own words mostly.
_COUNTED_FIELDS = ("country", "state", "industry", "no_of_employees")


def answer_counts(form: Form, words: Words, *, anonymous: bool, group_by: Question | None) -> tuple[AnswerCounts, ...]:
    """The answers that an overview counts: the one asked for, else every question that offers a choice."""
    smallest = SMALLEST_GROUP if anonymous else 1
    if group_by is not None:
        wanted = [group_by]
    else:
        choices = [one for one in form.questions() if one.is_choice()]
        own = [one for one in choices if not one.is_field]
        fields = sorted(
            (one for one in choices if one.is_field and one.title in _COUNTED_FIELDS and one.different() > 1),
            key=lambda one: _COUNTED_FIELDS.index(one.title),
        )
        wanted = [*own, *fields]
    return tuple(one.counts(words, form.everybody(), smallest=smallest) for one in wanted)


def every_day(by_day: Mapping[date, int]) -> tuple[tuple[date, int], ...]:
    """From the first day to the last, those without anybody included."""
    if not by_day:
        return ()
    first, last = min(by_day), max(by_day)
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return tuple((day, by_day.get(day, 0)) for day in days)


def session_facts(attendance: SessionAttendance) -> SessionFacts:
    """A session with who came to it."""
    session, came = attendance.session, attendance.came
    return SessionFacts(
        session.title,
        session.starts_at,
        session.ends_at,
        identified=len(came),
        present=attendance.present,
        absent=len(attendance.absent),
        unmatched=len(attendance.unmatched),
        minutes=sum(one.time.total_seconds() for one in came) / 60 / len(came) if came else None,
    )


# --------------------------------------------------------------------------------------------------------------- parts


def overview_parts(overviews: Sequence[Overview], words: Words, columns: Sequence[str] = ()) -> tuple[Part, ...]:
    """The same as tables, one a question; parts with nothing in them are left out. columns: of the figures."""
    parts = (
        _figures(overviews, words, columns),
        by_session_part([(one.event, one.sessions) for one in overviews], words),
        by_answer_part([(one.event, one.answers) for one in overviews], words),
        _by_day(overviews, words),
        by_reminder_part([(one.event, one.mail) for one in overviews], words),
        _needs(overviews, words),
    )
    return (parts[0], *(part for part in parts[1:] if any(batch.rows for batch in part.batches)))


_STATUSES = ("pending", "denied", "cancelled")


def _figures(overviews: Sequence[Overview], words: Words, columns: Sequence[str]) -> Part:
    states = words.registrations
    known = (
        Column("event", words.heading("event"), rank=0),
        Column("title", words.heading("title"), rank=0),
        *(Column(name, words.heading(name), Kind.NUMBER, rank=0) for name in ("registered", "approved", "reminded")),
        Column("attended", words.heading("attended"), Kind.NUMBER, rank=0),
        *(Column(name, words.heading(name), Kind.NUMBER) for name in _STATUSES),
        Column("deadline", words.heading("deadline"), Kind.DEADLINE),
        Column("registration", words.heading("registration"), Kind.CODE, states),
        Column("closed_at", words.heading("closed_at"), Kind.DEADLINE),
        Column("verified_at", words.heading("verified_at"), Kind.MOMENT),
        Column("late", words.heading("late"), Kind.NUMBER),
        Column("late_waiting", words.heading("late_waiting"), Kind.NUMBER),
        Column("erase_at", words.heading("erase_at"), Kind.MOMENT),
    )
    places = chosen(known, columns)
    picked = picker(places, len(known))
    batches = []
    for one in overviews:
        about = one.registration
        row: Row = (
            one.event.slug,
            one.event.title,
            one.registered,
            one.approved,
            one.reminded,
            one.attended,
            *(one.by_status.get(status, 0) for status in _STATUSES),
            about.closes_at,
            about.state,
            about.closed_at,
            about.verified_at,
            about.late,
            about.late_waiting,
            one.event.erase_at,
        )
        batches.append(Batch(one.event, picked([row])))
    return Part("figures", words.say("figures"), tuple(known[place] for place in places), batches, upright=True)


def by_session_part(events: Sequence[tuple[EventFacts, Sequence[SessionFacts]]], words: Words) -> Part:
    """A row for each session and who came to it."""
    counts = ("identified", "present", "absent", "unmatched")
    columns = (
        Column("event", words.heading("event"), rank=3),
        Column("session", words.heading("session"), rank=0),
        Column("starts_at", words.heading("starts_at"), Kind.MOMENT, rank=1),
        Column("ends_at", words.heading("ends_at"), Kind.MOMENT, rank=4),
        Column("cancelled", words.heading("called_off_session"), Kind.FLAG, rank=5),
        *(Column(name, words.people(name), Kind.NUMBER, rank=0) for name in counts),
        Column("mean_minutes", words.heading("mean_minutes"), Kind.NUMBER, rank=2),
    )
    batches = [
        Batch(
            facts,
            [
                (facts.slug, one.title, one.starts_at, one.ends_at, one.cancelled or None,
                 *(getattr(one, name) for name in counts), None if one.minutes is None else round(one.minutes, 1))
                for one in sessions
            ],
        )
        for facts, sessions in events
    ]  # fmt: skip
    return Part("by_session", words.say("by_session"), columns, batches)


def by_answer_part(
    events: Sequence[tuple[EventFacts, Sequence[AnswerCounts]]], words: Words, wanted: Sequence[str] = ()
) -> Part:
    """A row for each answer, those not listed together and those who did not answer last.

    `answer` is None in those two; `group` says which they are. wanted: columns. Raises UnknownColumn.
    """
    known = any(group.attended is not None for _, counts in events for one in counts for group in one.all())
    columns = (
        Column("event", words.heading("event"), rank=3),
        Column("question", words.heading("question"), rank=1),
        Column("answer", words.heading("answer"), rank=0),
        Column("group", words.heading("group"), Kind.CODE, {name: words.say(name) for name in _GROUPS}, rank=1),
        Column("registered", words.heading("registered"), Kind.NUMBER, rank=0),
        Column("approved", words.heading("approved"), Kind.NUMBER, rank=0),
        *([Column("attended", words.heading("attended"), Kind.NUMBER, rank=0)] if known else []),
        Column("share", words.heading("share_of_all"), Kind.SHARE, rank=1),
    )

    def rows(facts: EventFacts, one: AnswerCounts) -> Iterator[Row]:
        everybody = sum(group.registered for group in one.all())

        def row(group: Group, answer: str | None, name: str) -> Row:
            came = (group.attended,) if known else ()
            share = round(group.registered / everybody, 4) if everybody else None
            return (facts.slug, one.question, answer, name, group.registered, group.approved, *came, share)

        for group in one.groups:
            yield row(group, group.label, "")
        if one.others:
            yield row(one.others, None, "others_hidden" if one.hidden else "others")
        if one.unanswered:
            yield row(one.unanswered, None, "no_answer")

    places = chosen(columns, wanted)
    picked = picker(places, len(columns))
    batches = [Batch(facts, picked([row for one in counts for row in rows(facts, one)])) for facts, counts in events]
    return Part("by_answer", words.say("by_answer"), tuple(columns[place] for place in places), batches)


_GROUPS = ("others", "others_hidden", "no_answer")


def _by_day(overviews: Sequence[Overview], words: Words) -> Part:
    columns = (
        Column("event", words.heading("event"), rank=3),
        Column("day", words.heading("day"), Kind.DAY, rank=0),
        Column("registered", words.heading("registered"), Kind.NUMBER, rank=0),
    )
    batches = [Batch(one.event, [(one.event.slug, day, count) for day, count in one.by_day]) for one in overviews]
    return Part("by_day", words.say("by_day"), columns, batches)


def _needs(overviews: Sequence[Overview], words: Words) -> Part:
    columns = (
        Column("event", words.heading("event"), rank=3),
        Column("what", words.heading("what"), rank=0),
    )
    batches = [Batch(one.event, [(one.event.slug, need.words) for need in one.needs]) for one in overviews]
    return Part("needs", words.say("needs"), columns, batches)


# ------------------------------------------------------------------------------------------------- one document or list


def nested_part(overviews: Sequence[Overview], words: Words, columns: Sequence[str] = ()) -> Part:
    """One row an event with everything in it, for JSON. Raises UnknownColumn."""
    documents = [_document_of(one) for one in overviews]
    known = [Column(name, words.heading(name), Kind.MAPPING) for name in documents[0]] if documents else []
    places = chosen(known, columns)
    picked = picker(places, len(known))
    batches = [
        Batch(one.event, picked([tuple(document.values())])) for one, document in zip(overviews, documents, strict=True)
    ]
    return Part("overview", words.say("overview"), tuple(known[place] for place in places), batches)


def _document_of(one: Overview) -> dict[str, Any]:
    return {
        "event": one.event.slug,
        "title": one.event.title,
        "timezone": one.event.timezone,
        "organizer": one.event.organizer,
        "registered": one.registered,
        "approved": one.approved,
        "reminded": one.reminded,
        "attended": one.attended,
        "minimum": one.minimum,
        "by_status": dict(one.by_status),
        "by_day": [{"day": day, "registered": count} for day, count in one.by_day],
        "by_answer": [asdict(counts) for counts in one.answers],
        "registration": asdict(one.registration),
        "mail": [asdict(mail) for mail in one.mail],
        "sessions": [asdict(session) for session in one.sessions],
        "needs": [asdict(need) for need in one.needs],
    }


def tidy(parts: Sequence[Part], words: Words) -> Part:
    """Several tables as one, for CSV: a row for each number, with what it is about."""
    columns = (
        Column("event", words.heading("event")),
        Column("part", words.heading("part")),
        Column("item", words.heading("item")),
        Column("figure", words.heading("figure")),
        Column("value", words.heading("value")),
    )
    batches = []
    for part in parts:
        for batch in part.batches:
            rows: list[Row] = []
            for row in batch.rows:
                cells = list(zip(part.columns, row, strict=True))
                item = " / ".join(str(cell) for column, cell in cells if column.name in _ITEMS and cell)
                rows += [
                    (batch.event.slug, part.name, item, column.name, _plain(cell, column, batch.event))
                    for column, cell in cells
                    if column.name not in _ITEMS and column.name != "event" and cell is not None
                ]
            batches.append(Batch(batch.event, rows))
    return Part("overview", words.say("overview"), columns, batches)


_ITEMS = ("session", "kind", "question", "answer", "group", "day")


def _plain(cell: Any, column: Column, event: EventFacts) -> str:
    if column.kind is Kind.DEADLINE:
        cell = last_minute(cell, event.timezone)
    if column.kind in (Kind.MOMENT, Kind.DEADLINE):
        return f"{cell.astimezone(ZoneInfo(event.timezone)):%Y-%m-%d %H:%M:%S}"
    return str(cell).lower() if column.kind is Kind.FLAG else str(cell)
