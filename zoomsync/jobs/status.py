"""How things stand, judged from the database alone: it tells the truth also when nothing else runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.records import ApprovalType, Event, EventStatus, OutboxState, RunState
from zoomsync.domain.registration import RegistrationState
from zoomsync.store import events as stored_events
from zoomsync.store import outbox, reading
from zoomsync.store import registrants as stored
from zoomsync.store.events import StoredEvent
from zoomsync.store.schema import Database
from zoomsync.text import counted

# A message this late is overdue: two rounds of a five-minute cron have passed it by.
OVERDUE_AFTER = timedelta(minutes=15)

_WAITING = (OutboxState.PENDING, OutboxState.DEFERRED, OutboxState.CLAIMED, OutboxState.TRANSMITTING)


@dataclass(frozen=True, slots=True)
class EventStanding:
    """One event's line. Times are UTC, `timezone` is the event's.

    last_sync_at: None where it was never synced. registration: open, closed or not_closed; `closed_at` is when
    reading back proved it. times_held: titles of the sessions whose mail waits because file and Zoom disagree.
    """

    event: str
    title: str
    timezone: str
    status: EventStatus
    last_sync_at: datetime | None
    last_sync_state: RunState | None
    last_sync_error: str
    registrants: dict[str, int]
    deadline: datetime
    registration: RegistrationState
    closed_at: datetime | None
    next_mail_at: datetime | None
    overdue: int
    sent: int
    waiting: int
    failed: int
    in_doubt: int
    times_held: tuple[str, ...]
    is_over: bool


@dataclass(frozen=True, slots=True)
class StatusReport:
    """events: one line each. problems: what needs a person, one sentence each."""

    events: tuple[EventStanding, ...]
    problems: tuple[str, ...]


def look_at_status(
    database: Database, now: datetime, files: Sequence[Event] = (), slugs: Collection[str] | None = None
) -> StatusReport:
    """Everything `zoomsync status` shows at `now`.

    files: the event files there are; only those that the database has not seen yet count, as never synced. slugs: of
    all files, broken ones too; where they are given, an event without a file is told.
    """
    with database.read() as db:
        events = [_look_at(db, one, now) for one in stored_events.all_stored(db)]
    known = {one.event for one in events}
    events += [_unseen(event, now) for event in files if event.slug not in known]
    problems = [problem for one in events for problem in _problems(one, now)]
    problems += [
        f"{one.event}: its file is gone, so nothing of it is synced, sent or closed: put {one.event}.toml back"
        for one in events
        if slugs is not None and one.event not in slugs and one.status is EventStatus.ACTIVE and not one.is_over
    ]
    return StatusReport(tuple(events), tuple(problems))


def _look_at(db: DbSession, event: StoredEvent, now: datetime) -> EventStanding:
    runs = stored.last_runs(db, event.id, limit=1)
    run = runs[0] if runs else None
    people = reading.registrants_by_status(db, event.id)
    messages = outbox.counts(db, event.id)
    next_mail_at = reading.next_mail_at(db, event.id)
    meetings = stored_events.meetings_of(db, event.id)
    registration = registration_of(event, [meeting.approval_type for meeting in meetings], now)
    proofs = [stored_events.closing_of(db, meeting.meeting_id).verified_at for meeting in meetings]
    closed_at = max((at for at in proofs if at), default=None)
    sessions = stored_events.sessions_of(db, event.id)
    return EventStanding(
        event=event.slug,
        title=event.title,
        timezone=event.timezone,
        status=event.status,
        last_sync_at=run.started_at if run else None,
        last_sync_state=run.state if run else None,
        last_sync_error=run.error if run else "",
        registrants={status.value: count for status, count in people.items()},
        deadline=event.registration_deadline,
        registration=registration,
        closed_at=closed_at,
        next_mail_at=next_mail_at,
        overdue=reading.overdue(db, event.id, before=now - OVERDUE_AFTER, now=now),
        sent=messages.get(OutboxState.SENT, 0),
        waiting=sum(messages.get(state, 0) for state in _WAITING),
        failed=messages.get(OutboxState.FAILED, 0),
        in_doubt=messages.get(OutboxState.IN_DOUBT, 0),
        times_held=tuple(one.title for one in sessions if one.times_held),
        is_over=bool(sessions) and all(one.ends_at <= now for one in sessions),
    )


def _unseen(event: Event, now: datetime) -> EventStanding:
    """An event of which there is only the file."""
    ends = [spec.ends_at for spec in event.sessions]
    return EventStanding(
        event=event.slug,
        title=event.title,
        timezone=event.timezone,
        status=event.status,
        last_sync_at=None,
        last_sync_state=None,
        last_sync_error="",
        registrants={},
        deadline=event.registration_deadline,
        registration=RegistrationState.OPEN if now < event.registration_deadline else RegistrationState.NOT_CLOSED,
        closed_at=None,
        next_mail_at=None,
        overdue=0,
        sent=0,
        waiting=0,
        failed=0,
        in_doubt=0,
        times_held=(),
        is_over=bool(ends) and max(ends) <= now,
    )


def registration_of(event: StoredEvent, approval_types: list[int], now: datetime) -> RegistrationState:
    """Whether an event's registration is open at `now`, by what Zoom last showed of all its meetings."""
    if now < event.registration_deadline:
        return RegistrationState.OPEN
    if not approval_types or ApprovalType.AUTOMATIC in approval_types:
        return RegistrationState.NOT_CLOSED
    return RegistrationState.CLOSED


def _problems(one: EventStanding, now: datetime) -> list[str]:
    if one.status is not EventStatus.ACTIVE:
        return []
    problems = []
    if one.last_sync_at is None and not one.is_over:
        problems.append(f"{one.event}: was never synced: zoomsync sync {one.event} pulls its registrants")
    if one.last_sync_state is RunState.FAILED:
        problems.append(f"{one.event}: the last sync failed: {one.last_sync_error}")
    if one.last_sync_state is RunState.RUNNING and one.last_sync_at and now - one.last_sync_at > OVERDUE_AFTER:
        problems.append(f"{one.event}: the last sync was interrupted: zoomsync sync {one.event} begins it anew")
    if one.overdue:
        late = counted(one.overdue, "message")
        problems.append(f"{one.event}: {late} overdue: zoomsync remind {one.event} delivers what is due")
    if one.failed:
        messages = counted(one.failed, "message")
        problems.append(f"{one.event}: {messages} failed: zoomsync outbox list --state failed says why")
    if one.in_doubt:
        messages = counted(one.in_doubt, "message")
        problems.append(
            f"{one.event}: {messages} in doubt, perhaps sent and perhaps not: "
            "zoomsync outbox list --state in_doubt shows more"
        )
    problems += [
        f"{one.event}: file and Zoom disagree about the time of {title}, so its mail waits: "
        f"zoomsync check {one.event} says how far"
        for title in one.times_held
        if not one.is_over
    ]
    if one.registration is RegistrationState.NOT_CLOSED and not one.is_over:
        problems.append(
            f"{one.event}: registration is NOT CLOSED although the deadline has passed: "
            f"zoomsync sync {one.event} closes it"
        )
    return problems
