"""Brings an event's outbox in line with its registrants, sessions and file, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.records import Event
from zoomsync.domain.reminders import FirstSeen, Plan, plan_messages
from zoomsync.store import events as stored_events
from zoomsync.store import outbox
from zoomsync.store import registrants as stored
from zoomsync.store.events import StoredEvent


def plan_event(db: DbSession, event: Event, event_id: int, now: datetime) -> int:
    """Plan what is to be sent for one event, and give how many messages were added. Twice changes nothing more."""
    known = stored_events.load_stored(db, event.slug)
    assert known is not None, "an event is saved before its messages are planned"
    plan = plan_of(db, event, known, now)
    outbox.apply_changes(db, plan.changed, now)
    return outbox.insert_planned(db, event_id, plan.planned, now)


def plan_of(db: DbSession, event: Event, known: StoredEvent, now: datetime) -> Plan:
    """What the outbox of an event lacks or has wrong; nothing is written."""
    registrants = stored.registrants_of(db, known.id)
    unwilling = stored_events.opted_out(db, known.id)
    return plan_messages(
        event,
        stored_events.sessions_of(db, known.id),
        registrants,
        outbox.existing(db, known.id),
        now,
        first_seen=FirstSeen(known.first_seen_at, known.leads_seen),
        opted_out={row_id for row_id, registrant, _ in registrants if registrant.email in unwilling},
    )
