"""The messages of some events: plan what is due, look at Zoom once more right before a batch, deliver.

How a batch goes out is told in `deliver`, what is planned in `domain.reminders`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session as DbSession

from zoomsync.about import about, as_here
from zoomsync.clock import Clock
from zoomsync.domain.calls import CALLED_OFF, WELCOME
from zoomsync.domain.records import Event, MessageKey, OutboxState, RunState, Session
from zoomsync.errors import ZoomNoRegistration, ZoomNotFound
from zoomsync.jobs.deliver import DeliveryReport
from zoomsync.jobs.planning import plan_event, plans_of
from zoomsync.jobs.sync import SyncOutcome
from zoomsync.language import _
from zoomsync.store import events as stored_events
from zoomsync.store import outbox, reading
from zoomsync.store import registrants as stored
from zoomsync.store.schema import Database
from zoomsync.threads import settle

log = logging.getLogger(__name__)

_SHOWN_AT_MOST = 100_000
SIDE_BY_SIDE = 8  # events at once: the plan's rate is shared, and the waiting is what is saved

Sync = Callable[[Event], SyncOutcome]


@dataclass(frozen=True, slots=True)
class MessageReport:
    """One message and what became of it, for a person or for `--json`."""

    event: str
    session: str
    kind: str
    to: str
    state: OutboxState
    reason: str


@dataclass(slots=True)
class RemindReport:
    """What a round did. planned: messages that are new in the outbox. messages: those this round settled or, in a
    dry run, those that would be sent now. problems: what a person must hear of, in one line each."""

    planned: int = 0
    messages: list[MessageReport] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def count(self, state: OutboxState) -> int:
        """How many of the messages are in this state."""
        return sum(one.state is state for one in self.messages)


def remind(
    events: Sequence[Event],
    *,
    database: Database,
    sync: Sync,
    deliver: Callable[[Mapping[int, Event]], DeliveryReport],
    clock: Clock,
    resend: bool = True,
    first_pulls: bool = True,
    patience_s: float | None = None,
) -> RemindReport:
    """One round for these events: plan, sync those that have something due, deliver.

    sync: one pull and reconcile, which writes nothing to Zoom; called for several events side by side. deliver: sends
    what is due of these events, by the store's ids. resend: whether a message in doubt counts as due. first_pulls: an
    event that was never pulled is pulled now; False where others see to that. patience_s: how long to wait for the
    syncs before the mail of the other events goes out; the rest has the next round. None: until all have ended.

    If Zoom cannot be reached the batch goes by the last complete pull, and never without one; if the meeting is gone
    the event's mail waits for a person.
    """
    report = RemindReport()
    ready: dict[int, Event] = {}

    def prepare(event: Event) -> _Prepared:
        with about(event=event.slug):
            return _prepare(event, database, sync, clock, resend=resend, first_pulls=first_pulls)

    for one in _side_by_side(prepare, events, patience_s):
        report.planned += one.planned
        if one.problem:
            report.problems.append(f"{one.event.slug}: {one.problem}")
        if one.sendable:
            ready[one.event_id] = one.event
    delivery = deliver(ready)
    report.problems += delivery.alarms
    report.messages += in_report(delivery, ready)
    return report


def in_report(delivery: DeliveryReport, events: Mapping[int, Event]) -> list[MessageReport]:
    """What a delivery did, for people. events: by the store's ids."""
    return [
        MessageReport(
            event=events[one.message.event_id].slug,
            session=one.message.session.title if one.message.session else "",
            kind=one.message.key.kind,
            to=one.message.registrant.email,
            state=one.state,
            reason=one.reason,
        )
        for one in delivery.messages
    ]


def rehearse(events: Sequence[Event], *, database: Database, clock: Clock, resend: bool = True) -> RemindReport:
    """What a round would send at this moment by the last pull, without writing to database, Zoom or mail server."""
    report = RemindReport()
    now = clock()
    for event in events:
        with database.read() as db:
            found = stored_events.load_stored(db, event.slug)
            if found is None:
                report.problems.append(
                    _("{slug}: never synced, so nobody is known; run zoomsync sync first").format(slug=event.slug)
                )
                continue
            titles = {one.key: one.title for one in stored_events.sessions_of(db, found.id)}
            ids = outbox.due(db, now, limit=_SHOWN_AT_MOST, resend=resend, event_ids=[found.id])
            waiting = reading.message_keys(db, ids)
            changed: set[MessageKey] = set()
            called_for: list[MessageKey] = []
            for plan in plans_of(db, event, found, now):
                report.planned += len(plan.planned)
                changed.update(change.message.key for change in plan.changed)
                messages = (*plan.planned, *(change.message for change in plan.changed))
                called_for += [one.key for one in messages if one.state is OutboxState.PENDING and one.due_at <= now]
            keys = [*(key for key in waiting if key not in changed), *called_for]
            people = stored.registrants_by_row(db, list({key.registrant_row for key in keys}))
        report.messages += [
            MessageReport(
                event.slug,
                titles.get(key.session_key, ""),
                key.kind,
                people[key.registrant_row].email,
                OutboxState.PENDING,
                "",
            )
            for key in keys
        ]
    return report


def sessions_told(kind: str, session: Session | None, sessions: Sequence[Session], zone: str) -> tuple[Session, ...]:
    """The sessions a message speaks of, earliest first.

    One, but for two kinds: `welcome` covers everything of its day that is still to come, and `called_off` without a
    session every one of the event's.
    """
    if session is None:
        return tuple(sessions) if kind == CALLED_OFF else ()
    if kind != WELCOME:
        return (session,)
    tz = ZoneInfo(zone)
    day = session.starts_at.astimezone(tz).date()
    same = [
        one
        for one in sessions
        if not one.cancelled
        and one.starts_at.astimezone(tz).date() == day
        and (one.meeting_id, bool(one.occurrence_id)) == (session.meeting_id, bool(session.occurrence_id))
    ]
    return tuple(same) or (session,)


def _save_and_plan(db: DbSession, event: Event, now: datetime) -> tuple[int, int]:
    event_id = stored_events.save_event(db, event, now)
    return event_id, plan_event(db, event, event_id, now)


def _count(db: DbSession, event_id: int) -> int:
    return sum(outbox.counts(db, event_id).values())


@dataclass(frozen=True, slots=True)
class _Prepared:
    """planned: how many messages are new. problem: what a person must hear of. sendable: its mail may go out."""

    event: Event
    event_id: int
    planned: int
    problem: str
    sendable: bool


def _prepare(
    event: Event, database: Database, sync: Sync, clock: Clock, *, resend: bool, first_pulls: bool
) -> _Prepared:
    """Plan one event, and look at Zoom once more if something of it is due."""
    event_id, planned = database.write(lambda db: _save_and_plan(db, event, clock()))
    with database.read() as db:
        pulled_before = stored.last_complete_pull_at(db, event_id) is not None
        something_due = bool(outbox.due(db, clock(), limit=1, resend=resend, event_ids=[event_id]))
        in_outbox = _count(db, event_id)
    if not (something_due or (first_pulls and not pulled_before)):
        return _Prepared(event, event_id, planned, "", True)
    problem, sendable = _look_once_more(event, sync, pulled_before)
    database.write(lambda db: _save_and_plan(db, event, clock()))
    with database.read() as db:
        planned += _count(db, event_id) - in_outbox  # the sync has planned as well
    return _Prepared(event, event_id, planned, problem, sendable)


def _side_by_side(
    prepare: Callable[[Event], _Prepared], events: Sequence[Event], patience_s: float | None
) -> list[_Prepared]:
    """What became of each event within the time given, in their order. What still goes on then is not waited for."""
    threads = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="prepare")
    try:
        started = [threads.submit(as_here(prepare), event) for event in events]
        settle(started, at_most_s=patience_s)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
    return [one.result() for one in started if one.done() and not one.cancelled()]


def _look_once_more(event: Event, sync: Sync, pulled_before: bool) -> tuple[str, bool]:
    """Sync an event right before its batch. Gives (what a person must hear of, whether its mail may go out)."""
    outcome = sync(event)
    if outcome.run.state is RunState.OK:
        return "", True
    if outcome.run.state is RunState.SKIPPED:
        return "", pulled_before
    if isinstance(outcome.problem, (ZoomNotFound, ZoomNoRegistration)):
        return _("{error} Its mail waits until this is settled.").format(error=outcome.run.error), False
    if not pulled_before:
        return _("{error} Nobody was ever pulled, so nothing can be sent.").format(error=outcome.run.error), False
    return _("{error} The mail goes out by the last complete pull.").format(error=outcome.run.error), True
