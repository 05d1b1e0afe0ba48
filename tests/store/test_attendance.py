"""What is kept of who took part, and what is left of it after a person's data was erased."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from tests.builders import FIVE_HOURS, MEETING_ID, SESSION_1
from tests.outbox_world import make_world
from zoomsync.domain.attendance import AttendanceRecord, AttendanceState, Participant
from zoomsync.store import attendance, reading
from zoomsync.store.schema import Database

READY = AttendanceRecord("s1", AttendanceState.READY, looked_at=SESSION_1, ready_at=SESSION_1)


def joining(name: str, **changes: Any) -> Participant:
    values = {"meeting_id": MEETING_ID, "instance": "a==", "joined_at": SESSION_1, "left_at": SESSION_1 + FIVE_HOURS}
    return Participant(name=name, **(values | changes))


def told(database: Database, event_id: int, *joinings: Participant) -> None:
    """Zoom tells of one sitting."""
    database.write(lambda db: attendance.replace_instance(db, event_id, MEETING_ID, "a==", joinings))
    database.write(lambda db: attendance.save_record(db, event_id, READY))


def came(database: Database, event_id: int) -> tuple[list[tuple[int, str]], list[str]]:
    with database.read() as db:
        (found,) = attendance.attendance_of_event(db, event_id)
    return [(one.registrant.row_id, one.matched_by.value) for one in found.came], [one.name for one in found.unmatched]


def test_who_came_follows_from_what_zoom_told_and_what_a_person_said(database: Database, now: datetime):
    world = make_world(database, now, 3)
    first, second, _ = world.rows
    rows = [
        joining("Ana", user_id="1", registrant_id="r000001"),
        joining("Iphone", user_id="2"),
        joining("Tableta", user_id="3"),
    ]
    told(database, world.event_id, *rows)
    assert came(database, world.event_id) == ([(first, "registrant_id")], ["Iphone", "Tableta"])

    database.write(
        lambda db: attendance.save_match(db, world.event_id, " IPHONE", "persona2@example.org", now=now, actor="maría")
    )
    told(database, world.event_id, *rows)
    assert came(database, world.event_id) == ([(first, "registrant_id"), (second, "email")], ["Tableta"])
    with database.read() as db:
        assert attendance.came_by_session_key(db, world.event_id) == {"s1": {first, second}}
        assert attendance.records_of(db, world.event_id) == {"s1": READY}
    assert database.write(lambda db: attendance.undo_match(db, world.event_id, "iPhone", now=now, actor="maría"))
    assert came(database, world.event_id)[1] == ["Iphone", "Tableta"]


def test_who_was_erased_leaves_counts_and_does_not_come_back(database: Database, now: datetime):
    world = make_world(database, now, 3)
    rows = [
        joining("Ana", user_id="1", registrant_id="r000001"),
        joining("Beto", user_id="2", email="persona2@example.org"),
        joining("Carla", user_id="3"),
        joining("Guest", user_id="4"),
    ]
    told(database, world.event_id, *rows)
    event_id = world.event_id
    database.write(
        lambda db: attendance.save_match(db, event_id, "Carla", "persona3@example.org", now=now, actor="maría")
    )
    before = came(database, event_id)
    assert len(before[0]) == 3

    for number in (1, 2, 3):
        email, ids = f"persona{number}@example.org", [(MEETING_ID, f"r00000{number}")]
        with database.read() as db:
            assert len(attendance.joinings_of_person(db, event_id, email, ids)) == 1
        assert database.write(lambda db, email=email, ids=ids: attendance.erase_participant(db, event_id, email, ids))
    for _ in range(2):
        assert [row for row, _ in came(database, event_id)[0]] == world.rows
        assert came(database, event_id)[1] == ["Guest"]
        with database.read() as db:
            kept = str(db.execute(text("SELECT name, email FROM participant")).all())
            assert attendance.matches_of(db, event_id) == {}
        assert not any(word in kept for word in ("Ana", "Beto", "Carla", "persona"))
        told(database, event_id, *rows)  # Zoom tells of them again


def test_retention_leaves_the_counts_of_a_whole_event(database: Database, now: datetime):
    world = make_world(database, now, 2)
    told(
        database,
        world.event_id,
        joining("Ana", user_id="1", email="persona1@example.org"),
        joining("Guest", user_id="2", left_at=SESSION_1 + timedelta(hours=1)),
    )
    assert database.write(lambda db: attendance.erase_participants(db, world.event_id)) == 2
    assert came(database, world.event_id) == ([(world.rows[0], "registrant_id")], [""])


def test_certificates_are_one_group_of_an_events_mail(database: Database, now: datetime):
    world = make_world(database, now, 3)
    for person, code in enumerate(("AAA", "BBB", "CCC")):
        world.plan(person, now=now, session="", kind="certificate", occasion=code)
    world.plan(0, 1, now=now)
    with database.read() as db:
        groups = {(one.kind, one.occasion): one.messages for one in reading.mail_groups(db, world.event_id)}
    assert groups == {("certificate", ""): 3, ("before:1h", ""): 2}
