"""Events, sessions, meetings and opt-outs in SQL, on SQLite and on Postgres."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.builders import MEETING_ID, make_event, make_lead, make_meeting, make_registrant, make_session
from tests.outbox_world import make_world
from zoomsync.domain.records import EventStatus, Reminders, ZoomPart
from zoomsync.domain.registration import Aim, ClosingRecord
from zoomsync.domain.sessions import SessionChanges, SessionUpdate
from zoomsync.errors import StoreError
from zoomsync.store import events
from zoomsync.store.registration import record_of, save_record
from zoomsync.store.schema import Database

DAY = timedelta(days=1)
OTHER_MEETING = "99900011122"


def save(database: Database, now: datetime, **changes: Any) -> int:
    return database.write(lambda db: events.save_event(db, make_event(**changes), now))


def stored(database: Database, slug: str = "justicia-abierta-2023") -> events.StoredEvent:
    with database.read() as db:
        found = events.load_stored(db, slug)
    assert found is not None
    return found


def audit(database: Database, subject: str) -> list[tuple[str, Any, Any]]:
    with database.read() as db:
        rows = db.execute(
            text("SELECT change, before, after FROM audit WHERE subject = :subject ORDER BY id"), {"subject": subject}
        )
        return [tuple(row) for row in rows]


# --------------------------------------------------------------------------------------------------------------- events


def test_an_event_keeps_when_it_was_first_seen(database: Database, now: datetime) -> None:
    event_id = save(database, now)
    assert save(database, now + DAY, title="Otro título") == event_id
    found = stored(database)
    assert (found.first_seen_at, found.seen_at, found.title) == (now, now + DAY, "Otro título")


def test_two_that_see_a_new_file_at_the_same_moment_make_one_event_of_it(database: Database, now: datetime) -> None:
    first_has_written, ids = threading.Event(), []

    def first(db: Session) -> int:
        event_id = events.save_event(db, make_event(), now)
        first_has_written.set()
        other.join(0.3)  # by now the other one waits for this transaction
        return event_id

    def second() -> None:
        first_has_written.wait(10)
        ids.append(save(database, now))

    other = threading.Thread(target=second)
    other.start()
    ids.append(database.write(first))
    other.join(10)
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert len(audit(database, "event")) == 1


def test_an_unknown_event_is_none(database: Database) -> None:
    with database.read() as db:
        assert events.load_stored(db, "nothing") is None
        assert events.all_stored(db) == []


def test_a_lead_keeps_when_it_was_first_seen_and_is_new_after_it_was_gone(database: Database, now: datetime) -> None:
    def leads(*before: str, after: tuple[str, ...] = ()) -> Reminders:
        return Reminders(before=tuple(map(make_lead, before)), after=tuple(map(make_lead, after)))

    save(database, now, reminders=leads("2h", after=("2h",)))
    save(database, now + DAY, reminders=leads("2h", "1h"))
    assert stored(database).leads_seen == {"before:2h": now, "before:1h": now + DAY}
    save(database, now + 2 * DAY, reminders=leads("1h"))
    save(database, now + 3 * DAY, reminders=leads("1h", "2h"))
    assert stored(database).leads_seen == {"before:1h": now + DAY, "before:2h": now + 3 * DAY}


def test_changes_of_an_event_are_audited_and_a_second_look_is_not(database: Database, now: datetime) -> None:
    save(database, now)
    save(database, now)
    assert [change for change, _, _ in audit(database, "event")] == ["added"]
    save(database, now, status=EventStatus.CANCELLED, registration_deadline=now + DAY)
    change, before, after = audit(database, "event")[-1]
    assert change == "updated"
    assert '"status":"active"' in before
    assert '"status":"cancelled"' in after
    assert "registration_deadline" in after
    assert "title" not in after


def test_a_renamed_file_that_names_a_known_meeting_takes_over_its_event(database: Database, now: datetime) -> None:
    world = make_world(database, now, 2)
    database.write(lambda db: events.save_meeting(db, world.event_id, make_meeting(), now))
    assert save(database, now + DAY, slug="renamed") == world.event_id
    with database.read() as db:
        assert [one.slug for one in events.all_stored(db)] == ["renamed"]
    assert stored(database, "renamed").first_seen_at == now


def test_a_renamed_file_whose_meeting_is_found_by_its_link_takes_over_too(database: Database, now: datetime) -> None:
    world = make_world(database, now, 2)
    world.plan(0, 1, now=now)
    database.write(lambda db: events.save_meeting(db, world.event_id, make_meeting(), now))
    database.write(lambda db: events.opt_out(db, world.event_id, "ana@example.org", now=now, via="link"))
    by_link = ZoomPart(registration_url="https://us06web.zoom.us/meeting/register/x")
    event_id = save(database, now + DAY, slug="renamed", zoom=by_link)
    database.write(lambda db: events.save_meeting(db, event_id, make_meeting(), now + DAY))
    with database.read() as db:
        assert [one.slug for one in events.all_stored(db)] == ["renamed"]
        assert [one.key for one in events.sessions_of(db, event_id)] == ["s1", "s2"]
        assert events.opted_out(db, event_id) == {"ana@example.org"}
    found = stored(database, "renamed")
    assert (found.first_seen_at, set(found.leads_seen.values())) == (now, {now})
    assert {entry.event for entry in world.entries()} == {"renamed"}


def test_a_meeting_of_another_event_is_refused_where_both_have_rows(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    database.write(lambda db: events.save_meeting(db, world.event_id, make_meeting(), now))
    other = make_event(slug="other", zoom=ZoomPart(meeting_id=OTHER_MEETING))
    person = make_registrant(9, meeting_id=OTHER_MEETING)
    second = make_world(database, now, [person], event=other, sessions=[make_session(meeting_id=OTHER_MEETING)])
    with pytest.raises(StoreError, match="belongs to the event justicia-abierta-2023"):
        database.write(lambda db: events.save_meeting(db, second.event_id, make_meeting(), now))


def test_pausing_twice_changes_nothing_the_second_time(database: Database, now: datetime) -> None:
    event_id = save(database, now)

    def pause(paused: bool, at: datetime) -> bool:
        return database.write(lambda db: events.set_paused(db, event_id, paused=paused, now=at, actor="cli"))

    assert pause(True, now)
    assert not pause(True, now + DAY)
    assert stored(database).paused_at == now
    assert pause(False, now + DAY)
    assert not pause(False, now + DAY)
    assert stored(database).paused_at is None
    assert [change for change, _, _ in audit(database, "event")] == ["added", "paused", "resumed"]


# ------------------------------------------------------------------------------------------------------------- sessions


def test_sessions_come_back_as_they_were_written_by_their_start(database: Database, now: datetime) -> None:
    event_id = save(database, now)
    late = make_session(key="s1", occurrence_id="17", announce=True, moved_at=now, previous_starts_at=now + DAY)
    early = make_session(key="s2", file_id="x", starts_at=late.starts_at - DAY, sequence=3, times_held=True)
    database.write(lambda db: events.save_sessions(db, event_id, SessionChanges(added=(late, early)), now))
    with database.read() as db:
        assert events.sessions_of(db, event_id) == [early, late]


def test_changes_of_sessions_are_written_and_audited(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    with database.read() as db:
        first, second = events.sessions_of(db, world.event_id)
    moved = replace(first, starts_at=first.starts_at + DAY * 3, sequence=1)
    cancelled = replace(second, cancelled=True)
    changes = SessionChanges(updated=(SessionUpdate(first, moved), SessionUpdate(second, cancelled)))
    database.write(lambda db: events.save_sessions(db, world.event_id, changes, now))
    world.change_session(cancelled, second, now)
    with database.read() as db:
        assert events.sessions_of(db, world.event_id) == [second, moved]
    assert [change for change, _, _ in audit(database, "session")] == [
        "added",
        "added",
        "updated",
        "cancelled",
        "reinstated",
    ]
    assert "2023-03-10T14:00:00" in audit(database, "session")[2][2]


# ------------------------------------------------------------------------------------------------- meetings and closing


def test_a_meeting_comes_back_as_zoom_showed_it(database: Database, now: datetime) -> None:
    event_id = save(database, now)
    database.write(lambda db: events.save_meeting(db, event_id, make_meeting(), now))
    with database.read() as db:
        assert events.meetings_of(db, event_id) == [make_meeting(duration=None, timezone="")]


def test_what_was_done_to_registration_outlives_what_zoom_shows(database: Database, now: datetime) -> None:
    event_id = save(database, now)
    record = ClosingRecord(
        prior_approval_type=0,
        aim=Aim.CLOSED,
        times_set=1,
        closed_at=now,
        opened_at=now - DAY,
        tried_at=now,
        verified_at=now,
        retry_at=now + DAY,
        error="no",
    )
    database.write(lambda db: events.save_meeting(db, event_id, make_meeting(), now))
    database.write(lambda db: save_record(db, MEETING_ID, record))
    database.write(lambda db: events.save_meeting(db, event_id, make_meeting(approval_type=1), now + DAY))
    database.write(lambda db: events.save_observed(db, make_meeting(approval_type=1, topic="Otro"), now + DAY))
    with database.read() as db:
        assert record_of(db, MEETING_ID) == record
        (shown,) = events.meetings_of(db, event_id)
        assert (shown.approval_type, shown.topic) == (1, "Otro")
    assert [change for change, _, _ in audit(database, "meeting")] == ["added", "updated", "updated"]


def test_a_meeting_nobody_saw_has_an_empty_closing_record(database: Database, now: datetime) -> None:
    database.write(lambda db: events.save_observed(db, make_meeting(), now))
    with database.read() as db:
        assert record_of(db, MEETING_ID) == ClosingRecord()


# ------------------------------------------------------------------------------------------------------------- opt-outs


def test_opting_out_holds_for_one_event_until_it_is_undone(database: Database, now: datetime) -> None:
    event_id = save(database, now)
    other_id = save(database, now, slug="other", zoom=ZoomPart(meeting_id=OTHER_MEETING))

    def opt_out() -> bool:
        return database.write(lambda db: events.opt_out(db, event_id, " Ana@Example.org", now=now, via="link"))

    def undo() -> bool:
        return database.write(lambda db: events.undo_opt_out(db, event_id, "ana@example.org"))

    assert opt_out()
    assert not opt_out()
    with database.read() as db:
        assert events.opted_out(db, event_id) == {"ana@example.org"}
        assert events.opted_out(db, other_id) == set()
    assert undo()
    assert not undo()


# --------------------------------------------------------------------------------------------------------- installation


@pytest.mark.parametrize(("asked", "length"), [(events.installation_id, 16), (events.link_key, 32)])
def test_the_installation_has_one_id_and_one_key_however_many_ask_at_once(
    database: Database, asked: Callable[[Session], str | bytes], length: int
) -> None:
    found: list[str | bytes] = []
    start = threading.Barrier(4)

    def ask() -> None:
        start.wait()
        found.append(database.write(asked))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert len(found[0]) == length


def test_the_key_of_links_follows_from_nothing(database: Database, sqlite_url: str, now: datetime) -> None:
    key = database.write(events.link_key)
    with closing(Database(sqlite_url)) as other:
        other.write(lambda db: db.execute(text("DELETE FROM installation")))
        assert other.write(events.link_key) != key
