"""Brings an event's outbox in line with its registrants, sessions and file, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import blake2b

from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.records import Event, EventStatus, Session
from zoomsync.domain.reminders import Batch, FirstSeen, Plan, plan_messages
from zoomsync.store import attendance, outbox_plan
from zoomsync.store import events as stored_events
from zoomsync.store import registrants as stored
from zoomsync.store.events import StoredEvent

_REGISTRANTS_A_BATCH = 1_000  # so that memory does not grow with the event

# Raise it when planning changes: every event is then planned anew once.
PLAN_FORMAT = 1


def plan_event(
    db: DbSession,
    event: Event,
    event_id: int,
    now: datetime,
    *,
    sessions_changed: bool = False,
    registrants_changed: bool = False,
) -> int:
    """Plan what is to be sent for one event, and give how many messages were added. Twice changes nothing more.

    sessions_changed, registrants_changed: in this transaction, at `now`. Where nothing changed, and the file is the
    one that was planned for, nothing is looked at: what passes with time alone is the outbox's own matter. Where only
    registrants did, nobody else is.
    """
    known = stored_events.load_stored(db, event.slug)
    assert known is not None, "an event is saved before its messages are planned"
    wanted = _fingerprint(event)
    anew = sessions_changed or known.planned_for != wanted
    if not anew and not registrants_changed:
        return 0
    added = 0
    for plan in plans_of(db, event, known, now, changed_at=None if anew or _tells_all(event) else now):
        outbox_plan.apply_changes(db, plan.changed, now)
        added += outbox_plan.insert_planned(db, event_id, plan.planned, now)
    stored_events.set_planned(db, event_id, wanted)
    return added


def _tells_all(event: Event) -> bool:
    """Whether one registrant's message hangs on another's: of several registrations of a person one is told."""
    return event.status is EventStatus.CANCELLED and event.announce


def _fingerprint(event: Event) -> str:
    """Stands for everything of an event's file that planning goes by, and for the way it is gone by."""
    return blake2b(f"{PLAN_FORMAT} {event!r}".encode(), digest_size=16).hexdigest()


def plans_of(
    db: DbSession,
    event: Event,
    known: StoredEvent,
    now: datetime,
    *,
    changed_at: datetime | None = None,
    sessions: Sequence[Session] | None = None,
    a_batch: int = _REGISTRANTS_A_BATCH,
) -> Iterator[Plan]:
    """What the outbox of an event lacks or has wrong, `a_batch` registrants at a time; nothing is written.

    changed_at: for those alone that were changed at this very moment. sessions: as they would be; by default as they
    are stored.
    """
    leads_seen = {kind.partition(":")[2]: seen for kind, seen in known.leads_seen.items()}
    return plan_messages(
        event,
        stored_events.sessions_of(db, known.id) if sessions is None else sessions,
        _batches(db, known.id, changed_at, a_batch),
        now,
        first_seen=FirstSeen(known.first_seen_at, leads_seen),
        attended=attendance.came_by_session_key(db, known.id) if event.reminders.after else None,
    )


def _batches(db: DbSession, event_id: int, changed_at: datetime | None, a_batch: int) -> Iterator[Batch]:
    last = 0
    for registrants in stored.recipients(db, event_id, changed_at=changed_at, a_batch=a_batch):
        above, last = last, registrants[-1].row_id
        if changed_at is None:
            yield Batch(registrants, outbox_plan.existing(db, event_id, above=above, up_to=last))
        else:
            yield Batch(registrants, outbox_plan.existing_of(db, event_id, [one.row_id for one in registrants]))
    if changed_at is None:
        yield Batch((), outbox_plan.existing(db, event_id, above=last))  # what nobody is left for
