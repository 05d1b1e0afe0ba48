"""What a report is made of, gathered from the database alone, while one look at it lasts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session as DbSession

from zoomsync.reports import build
from zoomsync.reports.answers import Form
from zoomsync.reports.values import EventFacts, Part, Report
from zoomsync.reports.words import Words
from zoomsync.store import events as stored_events
from zoomsync.store import report_lines
from zoomsync.store.events import StoredEvent
from zoomsync.store.schema import Database


class ReportName(StrEnum):
    REGISTRANTS = "registrants"
    REMINDERS = "reminders"
    ACTIVITY = "activity"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asked for.

    columns: machine names in the order wanted, all where it is empty. statuses: of registrants, or states of messages.
    since: registered, due or happened since then. nested: as JSON shows it, with mappings in the place of a column a
    question. retention_days: of each event by its slug; 0 keeps personal data for ever.
    """

    name: ReportName
    language: str
    retention_days: Mapping[str, int]
    columns: Sequence[str] = ()
    statuses: Collection[str] = ()
    since: datetime | None = None
    anonymous: bool = False
    nested: bool = False


@contextmanager
def gathered(wanted: Wanted, events: Sequence[StoredEvent], *, database: Database, now: datetime) -> Iterator[Report]:
    """The report over these events; its rows are read while the context lasts, and once.

    Raises UnknownColumn.
    """
    words = Words(wanted.language)
    with database.read() as db:
        facts = [(event, _facts(db, event, wanted.retention_days[event.slug])) for event in events]
        parts = _GATHERERS[wanted.name](db, wanted, words, facts)
        yield Report(
            name=wanted.name.value,
            title=words.say(wanted.name.value),
            language=wanted.language,
            generated_at=now,
            anonymous=wanted.anonymous,
            events=tuple(one for _, one in facts),
            parts=tuple(parts),
        )


Known = Sequence[tuple[StoredEvent, EventFacts]]


def _facts(db: DbSession, event: StoredEvent, retention_days: int) -> EventFacts:
    ends = [one.ends_at for one in stored_events.sessions_of(db, event.id)]
    erase_at = max(ends) + timedelta(days=retention_days) if ends and retention_days else None
    return EventFacts(event.slug, event.title, event.timezone, erase_at=erase_at, erased_at=event.erased_at)


def _registrants(db: DbSession, wanted: Wanted, words: Words, known: Known) -> list[Part]:
    form, by_status = Form(), Counter[str]()
    looks_at_answers = build.needs_form(anonymous=wanted.anonymous, nested=wanted.nested, columns=wanted.columns)
    for event, _ in known:
        by_status.update(report_lines.people_by_status(db, event.id, statuses=wanted.statuses, since=wanted.since))
        if looks_at_answers:
            for lines in report_lines.form_lines(db, event.id, statuses=wanted.statuses, since=wanted.since):
                form.add(lines)
    people = [
        (facts, report_lines.person_lines(db, event.id, statuses=wanted.statuses, since=wanted.since))
        for event, facts in known
    ]
    part = build.registrants_part(
        people,
        form,
        words,
        by_status=by_status,
        anonymous=wanted.anonymous,
        nested=wanted.nested,
        columns=wanted.columns,
    )
    return [part]


def _reminders(db: DbSession, wanted: Wanted, words: Words, known: Known) -> list[Part]:
    mail = [
        (facts, report_lines.mail_lines(db, event.id, states=wanted.statuses, since=wanted.since))
        for event, facts in known
    ]
    messages = [
        (facts, report_lines.message_lines(db, event.id, states=wanted.statuses, since=wanted.since))
        for event, facts in known
    ]
    main = build.reminders_part(
        messages,
        words,
        mail=[line for _, lines in mail for line in lines],
        anonymous=wanted.anonymous,
        columns=wanted.columns,
    )
    return [main, build.by_reminder_part(mail, words)]


def _activity(db: DbSession, wanted: Wanted, words: Words, known: Known) -> list[Part]:
    lines = [
        (
            facts,
            report_lines.run_lines(db, event.id, since=wanted.since),
            report_lines.change_lines(db, event.id, since=wanted.since),
        )
        for event, facts in known
    ]
    return [build.activity_part(lines, words, anonymous=wanted.anonymous, nested=wanted.nested, columns=wanted.columns)]


_GATHERERS = {
    ReportName.REGISTRANTS: _registrants,
    ReportName.REMINDERS: _reminders,
    ReportName.ACTIVITY: _activity,
}
