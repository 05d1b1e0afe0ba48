"""Which events are to be synced now, by the database and the clock. When one is due is decided in `domain.due`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.due import Standing, sync_is_due
from zoomsync.domain.records import Event
from zoomsync.domain.registration import (
    RegistrationState,
    deadline_in_force,
    meetings_in_force,
    registration_state,
)
from zoomsync.store import events as stored_events
from zoomsync.store import registrants as stored
from zoomsync.store.hints import hinted_at
from zoomsync.store.registration import deadline_of
from zoomsync.store.schema import Database


def events_due(events: Sequence[Event], *, database: Database, every: timedelta, now: datetime) -> list[Event]:
    """Those of `events` that are to be pulled at `now`. every: the usual interval."""
    with database.read() as db:
        return [event for event in events if sync_is_due(_standing(db, event, now), every, now)]


def _standing(db: DbSession, event: Event, now: datetime) -> Standing:
    known = stored_events.load_stored(db, event.slug)
    if known is None:
        by_file = deadline_in_force(event.registration_deadline, None)
        return Standing(event.status, None, by_file, closed=False, last_end=None)
    runs = stored.last_runs(db, known.id, limit=1)
    deadline = deadline_of(db, known.id, event.registration_deadline)
    meetings = meetings_in_force(event, stored_events.meetings_of(db, known.id))
    shown = [meeting.approval_type for meeting in meetings]
    return Standing(
        event.status,
        runs[0] if runs else None,
        deadline,
        closed=registration_state(shown, deadline, now) is RegistrationState.CLOSED,
        last_end=max((one.ends_at for one in stored_events.sessions_of(db, known.id)), default=None),
        hinted_at=hinted_at(db, known.id),
    )
