"""Everything that happened to an event and will, gathered from the database for `zoomsync timeline`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.attendance import LOOKS
from zoomsync.domain.calls import Programmes, Reason
from zoomsync.domain.records import Event, EventStatus, OutboxState, Session
from zoomsync.domain.timeline import (
    AttendanceFact,
    Entry,
    GroupKey,
    MailGroup,
    as_planned,
    for_nobody_yet,
    left_out_of,
    timeline,
)
from zoomsync.jobs.planning import plans_of
from zoomsync.store import attendance, reading
from zoomsync.store import events as stored_events
from zoomsync.store.events import StoredEvent
from zoomsync.store.registrants import recipients
from zoomsync.store.registration import deadline_of
from zoomsync.store.schema import Database

RUNS_AT_MOST = 200
PEOPLE_A_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Timeline:
    """quiet_runs: how many syncs changed nothing and are not among the entries. paused: its mail is stopped."""

    entries: tuple[Entry, ...]
    quiet_runs: int
    paused: bool = False


def look_at_timeline(
    event: Event,
    database: Database,
    retention_days: int,
    *,
    now: datetime | None = None,
    mail: Sequence[MailGroup] = (),
) -> Timeline | None:
    """retention_days: where the event's file says nothing of its own.

    now: the mail is shown as it stands once what is called for at this moment is planned, a draft's as if it were
    active; without it, as it is in the outbox. mail: further messages, that are not in the outbox yet.
    None for an event that was never synced.
    """
    with database.read() as db:
        known = stored_events.load_stored(db, event.slug)
        if known is None:
            return None
        runs, quiet = reading.telling_runs(db, known.id, limit=RUNS_AT_MOST)
        sessions = stored_events.sessions_of(db, known.id)
        groups = reading.mail_groups(db, known.id)
        left_out: dict[GroupKey, Counter[str]] = {}
        if now is not None:
            groups, left_out = _foreseen(db, event, known, sessions, groups, now)
        entries = timeline(
            event,
            deadline_of(db, known.id, event.registration_deadline),
            sessions,
            first_seen_at=known.first_seen_at,
            runs=runs,
            acts=reading.registration_acts(db, known.id),
            mail=[*groups, *mail],
            left_out=left_out,
            attendance=_attendance(db, known.id, sessions),
            erasures=reading.erasures(db, known.id),
            retention_days=retention_days if event.retention_days is None else event.retention_days,
        )
    return Timeline(tuple(entries), quiet, known.paused_at is not None)


def _foreseen(
    db: DbSession,
    event: Event,
    known: StoredEvent,
    sessions: Sequence[Session],
    groups: Sequence[MailGroup],
    now: datetime,
) -> tuple[list[MailGroup], dict[GroupKey, Counter[str]]]:
    """The messages as they stand once what is called for at `now` is planned, and who does not get them."""
    draft = event.status is EventStatus.DRAFT
    event = replace(event, status=EventStatus.ACTIVE) if draft else event
    found = as_planned(groups, plans_of(db, event, known, now))
    programmes = Programmes(
        event,
        sessions,
        now,
        event_seen=known.first_seen_at,
        leads_seen={kind.partition(":")[2]: seen for kind, seen in known.leads_seen.items()},
        attended=attendance.came_by_session_key(db, known.id) if event.reminders.after else {},
    )
    found += for_nobody_yet(programmes, sessions, found, now)
    if draft:
        waiting = OutboxState.PENDING
        found = [one._replace(reason=Reason.EVENT_DRAFT.value) if one.state is waiting else one for one in found]
    people = (one for some in recipients(db, known.id, a_batch=PEOPLE_A_BATCH) for one in some)
    return found, left_out_of(programmes, people)


def _attendance(db: DbSession, event_id: int, sessions: Sequence[Session]) -> list[AttendanceFact]:
    """Who came to each session, or when that is asked for."""
    records = attendance.records_of(db, event_id)
    known = {one.session.key: one for one in attendance.attendance_of_event(db, event_id)}
    facts = []
    for one in sessions:
        record = records.get(one.key)
        if one.key in known and record is not None and record.ready_at is not None:
            found = known[one.key]
            facts.append(AttendanceFact(record.ready_at, one.key, True, len(found.came), len(found.unmatched)))
        elif not one.cancelled:
            facts.append(AttendanceFact(one.ends_at + LOOKS[0], one.key, False))
    return facts
