"""What Zoom told by itself: each delivery once, of the event whose meeting it names, for a few days."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text

from tests.builders import MEETING_ID, make_event, make_meeting
from zoomsync.domain.records import ZoomPart
from zoomsync.store import events, hints
from zoomsync.store.schema import Database

MINUTE = timedelta(minutes=1)


def add_event(database: Database, slug: str, meeting_id: str, now: datetime) -> int:
    event = make_event(slug=slug, zoom=ZoomPart(meeting_id=meeting_id))
    event_id = database.write(lambda db: events.save_event(db, event, now))
    database.write(lambda db: events.save_meeting(db, event_id, make_meeting(meeting_id=meeting_id), now))
    return event_id


def take(database: Database, delivery: str, now: datetime, meeting_id: str = MEETING_ID) -> bool:
    return database.write(
        lambda db: hints.take_hint(db, delivery, meeting_id=meeting_id, name="meeting.updated", now=now)
    )


def hinted_at(database: Database, event_id: int) -> datetime | None:
    with database.read() as db:
        return hints.hinted_at(db, event_id)


def test_a_hint_is_of_the_event_whose_meeting_it_names(database: Database, now: datetime) -> None:
    first, second = (add_event(database, f"e-{number}", number, now) for number in ("81111111111", "82222222222"))
    assert hinted_at(database, first) is None
    assert take(database, "a", now, "81111111111")
    assert take(database, "b", now, "83333333333")
    assert (hinted_at(database, first), hinted_at(database, second)) == (now, None)


def test_the_same_delivery_again_is_no_news(database: Database, now: datetime) -> None:
    event_id = add_event(database, "e", MEETING_ID, now)
    assert take(database, "a", now)
    assert not take(database, "a", now + MINUTE)
    assert hinted_at(database, event_id) == now
    assert take(database, "b", now + 2 * MINUTE)
    assert hinted_at(database, event_id) == now + 2 * MINUTE


def test_deliveries_are_forgotten_after_a_few_days(database: Database, now: datetime) -> None:
    take(database, "old", now)
    take(database, "new", now + hints.KEPT_FOR)
    take(database, "newest", now + hints.KEPT_FOR + MINUTE)
    with database.read() as db:
        assert set(db.scalars(text("SELECT delivery FROM webhook"))) == {"new", "newest"}
