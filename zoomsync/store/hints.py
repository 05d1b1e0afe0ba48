"""What Zoom told by itself: that something changed at a meeting, in SQL. A hint to look, never the record."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Table, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as DbSession

from zoomsync.store.tables import MeetingRow, WebhookRow

_webhook: Table = WebhookRow.__table__  # type: ignore[attr-defined]
_meeting: Table = MeetingRow.__table__  # type: ignore[attr-defined]

# Zoom tries a delivery again for an hour and a half; whoever replays one later is stopped by its age.
KEPT_FOR = timedelta(days=3)


def take_hint(db: DbSession, delivery: str, *, meeting_id: str, name: str, now: datetime) -> bool:
    """Write down that Zoom told of a change at a meeting. False if this delivery had come before: it counts once."""
    insert = sqlite.insert if db.get_bind().dialect.name == "sqlite" else postgresql.insert
    values = {"delivery": delivery, "meeting_id": meeting_id, "name": name, "received_at": now}
    added = db.execute(
        insert(_webhook).values(**values).on_conflict_do_nothing().returning(_webhook.c.delivery)
    ).first()
    db.execute(delete(_webhook).where(_webhook.c.received_at < now - KEPT_FOR))
    return added is not None


def hinted_at(db: DbSession, event_id: int) -> datetime | None:
    """When Zoom last told of a change at one of an event's meetings, None where it did not of late."""
    of_event = select(_meeting.c.meeting_id).where(_meeting.c.event_id == event_id)
    told: datetime | None = db.scalar(
        select(func.max(_webhook.c.received_at)).where(_webhook.c.meeting_id.in_(of_event))
    )
    return told
