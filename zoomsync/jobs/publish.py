"""The public state of one event, for a static site: open or closed, until when, the sessions, how many. No person.

What the files look like to a web page: docs/publishing.md. Where they are put is the caller's business.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from zoomsync.domain.records import Event, EventStatus, RegistrantStatus, Session
from zoomsync.domain.registration import Deadline, RegistrationState
from zoomsync.store import events as stored_events
from zoomsync.store import reading
from zoomsync.store import registration as stored
from zoomsync.store.schema import Database

STATE_FILE, CALENDAR_FILE = "registration.json", "sessions.ics"

Write = Callable[[str, bytes], bool]
"""Puts one file of the event's folder in place, whole; gives whether that changed anything. Raises OSError."""


def publish(
    event: Event,
    *,
    database: Database,
    write: Write,
    calendar: Callable[[Event, Sequence[Session]], bytes],
    now: datetime,
) -> bool:
    """Write the files of an event that was synced; nothing for a draft. Gives whether anything changed.

    calendar: writes the sessions as a calendar. Raises OSError where the folder cannot be written, StoreError.
    """
    if event.status is EventStatus.DRAFT:
        return False
    with database.read() as db:
        known = stored_events.load_stored(db, event.slug)
        if known is None:
            return False
        sessions = stored_events.sessions_of(db, known.id)
        deadline = stored.deadline_of(db, known.id, event.registration_deadline)
        approved = reading.registrants_by_status(db, known.id).get(RegistrantStatus.APPROVED, 0)
    state = public_state(event, sessions, deadline, approved, now)
    text = json.dumps(state, ensure_ascii=False, indent=2) + "\n"
    changed = [write(STATE_FILE, text.encode()), write(CALENDAR_FILE, calendar(event, sessions))]
    return any(changed)


def public_state(
    event: Event, sessions: Sequence[Session], deadline: Deadline, approved: int, now: datetime
) -> dict[str, Any]:
    """What everybody may know. Equal while nothing changes: no moment of writing is in it.

    registration: "closed" from the deadline on, and for an event that was called off.
    """
    closed = deadline.has_come(now) or event.status is EventStatus.CANCELLED
    return {
        "event": event.slug,
        "title": event.title,
        "status": event.status.value,
        "language": event.language,
        "timezone": event.timezone,
        "page_url": event.page_url,
        "registration": (RegistrationState.CLOSED if closed else RegistrationState.OPEN).value,
        "registration_url": event.zoom.registration_url,
        "deadline": _utc(deadline.closes_at),
        "registered": approved,
        "sessions": [
            {
                "title": one.title,
                "starts_at": _utc(one.starts_at),
                "ends_at": _utc(one.ends_at),
                "cancelled": one.cancelled or event.status is EventStatus.CANCELLED,
            }
            for one in sessions
        ],
        "calendar": CALENDAR_FILE,
    }


def _utc(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None
