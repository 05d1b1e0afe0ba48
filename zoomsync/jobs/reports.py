"""What a report is made of, gathered from the database alone, while one look at it lasts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.attendance import DEFAULT_MINIMUM, AttendanceState, SessionAttendance
from zoomsync.domain.records import Event
from zoomsync.domain.retention import removal_at
from zoomsync.jobs.status import EventStanding, concerns_of, look_at_status
from zoomsync.reports import build
from zoomsync.reports.activity import activity_part
from zoomsync.reports.answers import Form, Question, titles_of
from zoomsync.reports.attendance import attendance_parts
from zoomsync.reports.overview import (
    answer_counts,
    by_answer_part,
    every_day,
    nested_part,
    overview_parts,
    session_facts,
    tidy,
)
from zoomsync.reports.values import EventFacts, Need, Overview, Part, RegistrationFacts, Report, SessionFacts
from zoomsync.reports.words import Words
from zoomsync.store import attendance, report_lines
from zoomsync.store import events as stored_events
from zoomsync.store.events import StoredEvent
from zoomsync.store.schema import Database


class ReportName(StrEnum):
    OVERVIEW = "overview"
    REGISTRANTS = "registrants"
    REMINDERS = "reminders"
    ATTENDANCE = "attendance"
    ACTIVITY = "activity"


class Shape(StrEnum):
    """How the rows are to be laid out."""

    TABLES = "tables"  # a column a question, a table a part
    NESTED = "nested"  # with mappings in the cells: JSON
    TIDY = "tidy"  # one table alone: CSV


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asked for.

    files: each event's file by its slug, as the database keeps it; None where it cannot be read. retention_days: where
    a file says nothing of its own; 0 keeps personal data for ever. columns: machine names in the order wanted, all
    where it is empty. statuses: of registrants, or states of messages. since: registered, due or happened since then.
    group_by: a question whose answers are counted. minimum: share of a session from which on somebody is present.
    people: an overview with the registrants, one row each.
    """

    name: ReportName
    language: str
    files: Mapping[str, Event | None]
    retention_days: int
    shape: Shape = Shape.TABLES
    columns: Sequence[str] = ()
    statuses: Collection[str] = ()
    since: datetime | None = None
    anonymous: bool = False
    group_by: str = ""
    minimum: float = DEFAULT_MINIMUM
    people: bool = False


class UnknownQuestion(ValueError):
    """A question that nobody answered. known: those that somebody did."""

    def __init__(self, question: str, known: Sequence[str]) -> None:
        super().__init__(f"Nobody answered a question {question}.")
        self.question, self.known = question, known


@contextmanager
def gathered(wanted: Wanted, events: Sequence[StoredEvent], *, database: Database, now: datetime) -> Iterator[Report]:
    """The report over these events; its rows are read while the context lasts, and once.

    Raises UnknownColumn, UnknownQuestion.
    """
    words = Words(wanted.language)
    is_overview = wanted.name is ReportName.OVERVIEW
    standings = look_at_status(database, now, _files(wanted)).events if is_overview else ()
    with database.read() as db:
        look = _Look(db, wanted, words, now, [(event, _facts(db, event, wanted)) for event in events])
        overviews: tuple[Overview, ...] = ()
        if is_overview:
            standing_of = {one.event: one for one in standings}
            overviews = tuple(_overview(look, event, facts, standing_of[event.slug]) for event, facts in look.events)
            parts = _overview_parts(look, overviews)
        elif wanted.group_by:
            parts = _grouped(look)
        else:
            parts = _GATHERERS[wanted.name](look)
        yield Report(
            name=wanted.name.value,
            title=words.say(wanted.name.value),
            language=wanted.language,
            generated_at=now,
            anonymous=wanted.anonymous,
            events=tuple(facts for _, facts in look.events),
            parts=tuple(parts),
            overviews=overviews,
        )


@dataclass(frozen=True, slots=True)
class _Look:
    """What every gatherer goes by."""

    db: DbSession
    wanted: Wanted
    words: Words
    now: datetime
    events: Sequence[tuple[StoredEvent, EventFacts]]


def _files(wanted: Wanted) -> list[Event]:
    return [one for one in wanted.files.values() if one is not None]


def _facts(db: DbSession, event: StoredEvent, wanted: Wanted) -> EventFacts:
    file = wanted.files.get(event.slug)
    own = file.retention_days if file else None
    days = wanted.retention_days if own is None else own
    ends = [one.ends_at for one in stored_events.sessions_of(db, event.id)]
    ends += [one.ends_at for one in file.sessions] if file else []
    return EventFacts(
        event.slug,
        event.title,
        event.timezone,
        organizer=file.organizer.name if file else "",
        erase_at=removal_at(ends, event.registration_deadline, days),
        erased_at=event.erased_at,
    )


# ----------------------------------------------------------------------------------------------------------- overviews


def _overview(look: _Look, event: StoredEvent, facts: EventFacts, standing: EventStanding) -> Overview:
    db, wanted, words = look.db, look.wanted, look.words
    found = attendance.attendance_of_event(db, event.id, minimum=wanted.minimum)
    known_of = {one.session.key: one for one in found}
    form, by_day = Form(_attended(db, event, found)), Counter[date]()
    zone = ZoneInfo(event.timezone)
    for lines in report_lines.form_lines(db, event.id):
        form.add(lines)
        by_day.update(line.registered_at.astimezone(zone).date() for line in lines)
    question = _question(form, wanted.group_by) if wanted.group_by else None
    everybody = form.everybody()
    return Overview(
        event=facts,
        registered=everybody.registered,
        approved=everybody.approved,
        reminded=report_lines.reminded(db, event.id),
        attended=everybody.attended,
        by_status=report_lines.people_by_status(db, event.id),
        by_day=every_day(by_day),
        answers=answer_counts(form, words, anonymous=wanted.anonymous, group_by=question),
        registration=RegistrationFacts(
            deadline=standing.deadline,
            closes_at=standing.closes_at,
            state=standing.registration.value,
            closed_at=standing.closed_at,
            verified_at=standing.verified_at,
            late=standing.late,
            late_waiting=standing.late_waiting,
        ),
        mail=tuple(build.mail_facts(report_lines.mail_lines(db, event.id))),
        sessions=tuple(
            session_facts(known_of[one.key])
            if one.key in known_of
            else SessionFacts(one.title, one.starts_at, one.ends_at, cancelled=one.cancelled)
            for one in stored_events.sessions_of(db, event.id)
        ),
        needs=tuple(
            Need(one.name, words.need(one.name, one.number, one.what), one.urgent)
            for one in concerns_of(standing, look.now)
        ),
        minimum=wanted.minimum,
    )


def _attended(db: DbSession, event: StoredEvent, found: Sequence[SessionAttendance]) -> Collection[int] | None:
    """Who counts as present in one session at least; None where Zoom has worked out none of them yet."""
    ready = {key for key, one in attendance.records_of(db, event.id).items() if one.state is AttendanceState.READY}
    known = [one for one in found if one.session.key in ready]
    if not known:
        return None
    return frozenset(came.registrant.row_id for one in known for came in one.came if came.present)


def _overview_parts(look: _Look, overviews: Sequence[Overview]) -> Sequence[Part]:
    wanted, words = look.wanted, look.words
    if wanted.shape is Shape.NESTED:
        parts: Sequence[Part] = (nested_part(overviews, words, wanted.columns),)
    else:
        parts = overview_parts(overviews, words, wanted.columns)
        if wanted.shape is Shape.TIDY and not wanted.columns:
            parts = (tidy(parts, words),)
    return (*parts, *_registrants(replace(look, wanted=replace(wanted, columns=())))) if wanted.people else parts


def _grouped(look: _Look) -> Sequence[Part]:
    """The answers to one question over all the events: of everybody, or of those in some statuses."""
    db, wanted, words = look.db, look.wanted, look.words
    present: set[int] = set()
    known = False
    for event, _ in look.events:
        found = attendance.attendance_of_event(db, event.id, minimum=wanted.minimum)
        attended = _attended(db, event, found)
        known = known or attended is not None
        present.update(attended or ())
    form = Form(present if known else None)
    for event, _ in look.events:
        for lines in report_lines.form_lines(db, event.id, statuses=wanted.statuses, since=wanted.since):
            form.add(lines)
    question = _question(form, wanted.group_by)
    counts = answer_counts(form, words, anonymous=wanted.anonymous, group_by=question)
    return (by_answer_part([(look.events[0][1], counts)], words, wanted.columns),)


def _question(form: Form, wanted: str) -> Question:
    found = form.find(wanted)
    if found is None:
        raise UnknownQuestion(wanted, titles_of(form))
    return found


# ---------------------------------------------------------------------------------------------------------------- rows


def _registrants(look: _Look) -> Sequence[Part]:
    db, wanted, words = look.db, look.wanted, look.words
    form, by_status = Form(), Counter[str]()
    nested = wanted.shape is Shape.NESTED
    is_plain = build.is_plain(anonymous=wanted.anonymous, nested=nested, columns=wanted.columns)
    for event, _ in look.events:
        by_status.update(report_lines.people_by_status(db, event.id, statuses=wanted.statuses, since=wanted.since))
        if wanted.anonymous:
            for lines in report_lines.form_lines(db, event.id, statuses=wanted.statuses, since=wanted.since):
                form.add(lines)
        elif not is_plain:
            form.note(*report_lines.asked(db, event.id, statuses=wanted.statuses, since=wanted.since))
    people = [
        (facts, report_lines.people(db, event.id, statuses=wanted.statuses, since=wanted.since))
        for event, facts in look.events
    ]
    part = build.registrants_part(
        people,
        form,
        words,
        by_status=by_status,
        anonymous=wanted.anonymous,
        nested=wanted.shape is Shape.NESTED,
        columns=wanted.columns,
    )
    return [part]


def _reminders(look: _Look) -> Sequence[Part]:
    db, wanted, words = look.db, look.wanted, look.words
    mail = [
        (facts, build.mail_facts(report_lines.mail_lines(db, event.id, states=wanted.statuses, since=wanted.since)))
        for event, facts in look.events
    ]
    messages = [
        (facts, report_lines.message_lines(db, event.id, states=wanted.statuses, since=wanted.since))
        for event, facts in look.events
    ]
    main = build.reminders_part(
        messages,
        words,
        mail=[one for _, found in mail for one in found],
        anonymous=wanted.anonymous,
        columns=wanted.columns,
    )
    return [main, build.by_reminder_part(mail, words)]


def _activity(look: _Look) -> Sequence[Part]:
    db, wanted, words = look.db, look.wanted, look.words
    lines = [
        (
            facts,
            report_lines.run_lines(db, event.id, since=wanted.since),
            report_lines.change_lines(db, event.id, since=wanted.since),
        )
        for event, facts in look.events
    ]
    return [
        activity_part(
            lines, words, anonymous=wanted.anonymous, nested=wanted.shape is Shape.NESTED, columns=wanted.columns
        )
    ]


def _attendance(look: _Look) -> Sequence[Part]:
    db, wanted = look.db, look.wanted
    found = [
        (facts, attendance.attendance_of_event(db, event.id, minimum=wanted.minimum)) for event, facts in look.events
    ]
    return attendance_parts(found, look.words, anonymous=wanted.anonymous, columns=wanted.columns)


_GATHERERS: Mapping[ReportName, Callable[[_Look], Sequence[Part]]] = {
    ReportName.ATTENDANCE: _attendance,
    ReportName.REGISTRANTS: _registrants,
    ReportName.REMINDERS: _reminders,
    ReportName.ACTIVITY: _activity,
}
