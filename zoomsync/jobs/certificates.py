"""Certificates of attendance: who gets one, issuing them, putting their mails into the outbox, checking one.

How they look is `reports.certificates`'s. Issuing again gives the same codes, and each mail goes out once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.attendance import AttendanceState
from zoomsync.domain.calls import CERTIFICATE
from zoomsync.domain.certificates import HOLDS_FOR, Certificate, Presence, presence_of
from zoomsync.domain.records import Event, EventStatus, MessageKey, OutboxState, PlannedMessage, RegistrantStatus
from zoomsync.errors import SettingsError
from zoomsync.language import _
from zoomsync.store import attendance, outbox_plan
from zoomsync.store import certificates as stored
from zoomsync.store import events as stored_events
from zoomsync.store.events import StoredEvent
from zoomsync.store.schema import Database


@dataclass(frozen=True, slots=True)
class Eligible:
    """Who gets a certificate. below: how many came and were there for less. nameless: how many have no name to print.

    left_out: titles of sessions that do not count, because their attendance is not there.
    """

    event_id: int
    present: tuple[Presence, ...]
    below: int
    nameless: int
    left_out: tuple[str, ...]


def look_for_certificates(
    event: Event, *, database: Database, now: datetime, minimum: float, only_ready: bool = False
) -> Eligible:
    """Who was in an event for at least `minimum` of the time they registered for. Changes nothing.

    only_ready: sessions without attendance do not count; else they are a reason to wait.
    Raises SettingsError where there is nothing to certify yet, or any more.
    """
    with database.read() as db:
        known = _known(db, event)
        records = attendance.records_of(db, known.id)
        waited_for = [
            one
            for one in stored_events.sessions_of(db, known.id)
            if not one.cancelled
            and (one.ends_at > now or one.key not in records or records[one.key].state is not AttendanceState.READY)
        ]
        if waited_for and not only_ready:
            raise SettingsError(_not_there(event, [one.title for one in waited_for], now < waited_for[-1].ends_at))
        unready = {one.key for one in waited_for}
        found = [one for one in attendance.attendance_of_event(db, known.id) if one.session.key not in unready]
        came = presence_of(found, attendance.enrolled(db, known.id), event.timezone)
    present = [one for one in came if one.share >= minimum]
    named = tuple(one for one in present if one.registrant.name)
    return Eligible(
        known.id, named, len(came) - len(present), len(present) - len(named), tuple(one.title for one in waited_for)
    )


def _known(db: DbSession, event: Event) -> StoredEvent:
    known = stored_events.load_stored(db, event.slug)
    if known is None:
        raise SettingsError(
            _("{slug} was never synced, so nobody is known: zoomsync sync {slug} first.").format(slug=event.slug)
        )
    if known.erased_at is not None:
        raise SettingsError(
            _("The personal data of {slug} was removed: no certificate can be made any more.").format(slug=event.slug)
        )
    return known


def _not_there(event: Event, titles: Sequence[str], to_come: bool) -> str:
    advice = (
        _("wait until it is over")
        if to_come
        else _("zoomsync attendance {slug} asks Zoom for it").format(slug=event.slug)
    )
    return _(
        "The attendance of {titles} is not there yet: {advice}, or say --only-ready to "
        "certify by the sessions that are there."
    ).format(titles=", ".join(titles), advice=advice)


def issue(event: Event, eligible: Eligible, *, database: Database, now: datetime) -> list[Certificate]:
    """Write down a certificate for each, in their order; whoever has one keeps its code."""

    def write(db: DbSession) -> list[Certificate]:
        _known(db, event)  # the data may have been removed since
        return [stored.issue(db, eligible.event_id, event.title, one, now=now) for one in eligible.present]

    return database.write(write)


@dataclass(frozen=True, slots=True)
class Mailing:
    """What is to be mailed. rows: registrants and codes that are new. already: how many had theirs, or have it before
    them. not_approved: how many are no longer approved, and get no mail."""

    new: tuple[tuple[int, str], ...]
    already: int
    not_approved: int


def look_for_mails(event: Event, eligible: Eligible, issued: Sequence[Certificate], *, database: Database) -> Mailing:
    """Which certificates are to be mailed. Raises SettingsError where the event sends no mail."""
    if event.status is EventStatus.DRAFT:
        raise SettingsError(
            _("{slug} is a draft, and drafts send nothing: zoomsync go-live {slug} first.").format(slug=event.slug)
        )
    if event.status is EventStatus.CANCELLED:
        raise SettingsError(_("{slug} is cancelled, and sends no certificates.").format(slug=event.slug))
    with database.read() as db:
        if _known(db, event).paused_at is not None:
            raise SettingsError(
                _("The mail of {slug} is paused: zoomsync resume {slug} first.").format(slug=event.slug)
            )
        rows = [one.registrant_row for one in issued if one.registrant_row is not None]
        known = {key for key in outbox_plan.existing_of(db, eligible.event_id, rows) if key.kind == CERTIFICATE}
        approved = {
            one.row_id for one in attendance.enrolled(db, eligible.event_id) if one.status is RegistrantStatus.APPROVED
        }
    new, already, not_approved = [], 0, 0
    for one in issued:
        row = one.registrant_row
        if row is None:
            continue
        if _key(row, one.code) in known:
            already += 1
        elif row not in approved:
            not_approved += 1
        else:
            new.append((row, one.code))
    return Mailing(tuple(new), already, not_approved)


def put(eligible: Eligible, mailing: Mailing, *, database: Database, now: datetime) -> int:
    """Put one message for each into the outbox, due now. Gives how many are new there."""
    planned = [PlannedMessage(_key(row, code), now, now + HOLDS_FOR) for row, code in mailing.new]
    return database.write(lambda db: outbox_plan.insert_planned(db, eligible.event_id, planned, now))


def _key(row: int, code: str) -> MessageKey:
    return MessageKey(row, "", CERTIFICATE, code)


def states(eligible: Eligible, issued: Sequence[Certificate], *, database: Database) -> dict[str, OutboxState]:
    """What became of the mails, by code; a certificate that was never mailed is not in it."""
    rows = [one.registrant_row for one in issued if one.registrant_row is not None]
    with database.read() as db:
        found = outbox_plan.existing_of(db, eligible.event_id, rows)
    return {key.occasion: standing.state for key, standing in found.items() if key.kind == CERTIFICATE}


@dataclass(frozen=True, slots=True)
class Proof:
    """What a code proves. name: "" once the person's data was removed. language, timezone: the event's."""

    code: str
    event_title: str
    language: str
    timezone: str
    name: str
    dates: tuple[date, ...]
    attended: timedelta
    scheduled: timedelta
    issued_at: datetime


def verify(db: DbSession, code: str) -> Proof | None:
    """What is known of a code (`domain.certificates.read_code`); None where no such certificate was ever issued."""
    found = stored.find(db, code)
    if found is None:
        return None
    event = next(one for one in stored_events.all_stored(db) if one.id == found.event_id)
    return Proof(
        found.code,
        found.event_title,
        event.language,
        event.timezone,
        found.name,
        found.dates,
        found.attended,
        found.scheduled,
        found.issued_at,
    )
