"""An event's outbox brought in line with its registrants in the database, in batches or in one go."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session as DbSession

from tests.builders import make_event, make_lead, make_registrant, make_session
from tests.outbox_world import World, make_world
from zoomsync.domain.calls import Reason
from zoomsync.domain.reconcile import RegistrantChanges, Update
from zoomsync.domain.records import (
    Event,
    EventStatus,
    ListedRegistrant,
    MessageKey,
    OutboxState,
    PlannedMessage,
    RegistrantStatus,
    Reminders,
    ZoomPart,
)
from zoomsync.domain.reminders import Change
from zoomsync.jobs.planning import plan_event, plans_of
from zoomsync.store import events, outbox_plan, registrants
from zoomsync.store.schema import Database
from zoomsync.store.tables import RegistrantRow

EVENT = make_event(reminders=Reminders(before=(make_lead("1h"),)))
PEOPLE = [
    make_registrant(1),
    make_registrant(2, status=RegistrantStatus.PENDING),
    make_registrant(3),
    make_registrant(4, registered_at=None),
    make_registrant(5, occurrence_id="b"),
    make_registrant(6, status=RegistrantStatus.CANCELLED),
    make_registrant(7),
]


@pytest.fixture
def world(database: Database, now: datetime) -> World:
    sessions = [make_session(), make_session(key="s2", occurrence_id="b", starts_at=now + timedelta(days=9))]
    return make_world(database, now, PEOPLE, event=EVENT, sessions=sessions)


def look(world: World, now: datetime, a_batch: int, event: Event = EVENT) -> tuple[list[PlannedMessage], list[Change]]:
    """All that is to be done, whatever the order of the batches."""
    with world.database.read() as db:
        known = events.load_stored(db, event.slug)
        assert known is not None
        plans = list(plans_of(db, event, known, now, a_batch=a_batch))
    return sorted(one for plan in plans for one in plan.planned), sorted(
        (one for plan in plans for one in plan.changed), key=lambda change: change.message
    )


def planned_for(world: World, now: datetime, a_batch: int) -> set[tuple[int, str]]:
    """(person counted from 1, session) of what is to be planned."""
    planned, _ = look(world, now, a_batch)
    return {(world.rows.index(one.key.registrant_row) + 1, one.key.session_key) for one in planned}


@pytest.mark.parametrize("a_batch", [1, 2, 3, 7, 1000])
def test_batches_of_any_size_plan_for_everybody_once(world: World, now: datetime, a_batch: int) -> None:
    assert planned_for(world, now, a_batch) == {
        (1, "s1"), (1, "s2"), (3, "s1"), (3, "s2"), (4, "s1"), (4, "s2"), (5, "s2"), (7, "s1"), (7, "s2"),
    }  # fmt: skip


@pytest.mark.parametrize("a_batch", [1, 2, 1000])
def test_who_opted_out_is_left_out_and_loses_what_waits(world: World, now: datetime, a_batch: int) -> None:
    world.plan(2, now=now + timedelta(hours=1))
    world.database.write(lambda db: events.opt_out(db, world.event_id, PEOPLE[2].email, now=now, via="command"))
    _, changed = look(world, now, a_batch)
    assert 3 not in {person for person, _ in planned_for(world, now, a_batch)}
    assert [(one.message.key.registrant_row, one.message.reason) for one in changed] == [
        (world.rows[2], Reason.OPTED_OUT)
    ]


@pytest.mark.parametrize("a_batch", [1, 2, 1000])
def test_what_waits_for_the_cancelled_is_cancelled_once(world: World, now: datetime, a_batch: int) -> None:
    world.plan(5, now=now + timedelta(hours=1))
    _, changed = look(world, now, a_batch)
    assert [(one.message.key.registrant_row, one.message.state) for one in changed] == [
        (world.rows[5], OutboxState.CANCELLED)
    ]


def test_another_events_messages_are_not_taken_for_this_ones(world: World, now: datetime) -> None:
    other = make_world(
        world.database,
        now,
        [make_registrant(8, meeting_id="999")],
        event=make_event(slug="otro", zoom=ZoomPart(meeting_id="999")),
        sessions=[make_session(meeting_id="999")],
    )
    other.plan(0, now=now, kind="before:30m")
    assert look(world, now, 2)[1] == []


def plan(world: World, now: datetime, *, event: Event = EVENT, registrants_changed: bool = False) -> int:
    return world.database.write(
        lambda db: plan_event(db, event, world.event_id, now, registrants_changed=registrants_changed)
    )


def test_a_second_plan_adds_nothing(world: World, now: datetime) -> None:
    assert plan(world, now) == 9
    assert plan(world, now, registrants_changed=True) == 0
    with world.database.read() as db:
        assert len(outbox_plan.existing(db, world.event_id)) == 9


def test_after_changes_to_registrants_nothing_is_left_to_plan(world: World, now: datetime) -> None:
    plan(world, now)
    later = now + timedelta(hours=2)
    cancelled = PEOPLE[0]._replace(status=RegistrantStatus.CANCELLED)
    approved = PEOPLE[1]._replace(status=RegistrantStatus.APPROVED)
    changes = RegistrantChanges(
        added=(make_registrant(8),), updated=(Update(PEOPLE[1], approved),), cancelled=(Update(PEOPLE[0], cancelled),)
    )

    def apply(db: DbSession) -> int:
        run_id = registrants.begin_run(db, world.event_id, now=later)
        known = dict(registrants.known_registrants(db, world.event_id))
        listed = {one.key: ListedRegistrant(b"1" * 16, one.status.value, b"{}") for one in (approved, *changes.added)}
        registrants.apply_changes(db, world.event_id, changes, known, listed, run_id=run_id, now=later)
        return plan_event(db, EVENT, world.event_id, later, registrants_changed=True)

    assert world.database.write(apply) == 4
    assert look(world, later, 1000) == ([], [])


def test_a_changed_registrant_alone_is_looked_at(world: World, now: datetime) -> None:
    plan(world, now)
    world.database.write(lambda db: db.execute(text("DELETE FROM outbox")))
    later = now + timedelta(hours=2)
    table = RegistrantRow.__table__
    touch = update(table).where(table.c.id == world.rows[6]).values(changed_at=later)
    world.database.write(lambda db: db.execute(touch))
    assert plan(world, later) == 0
    assert plan(world, later, registrants_changed=True) == 2
    # Another file, or other sessions, ask for everybody.
    assert plan(world, later, event=replace(EVENT, title="Otro")) == 7


def test_who_is_new_to_an_event_called_off_is_not_told_twice(database: Database, now: datetime) -> None:
    event = make_event(status=EventStatus.CANCELLED, announce=True)
    sessions = [make_session(occurrence_id="a"), make_session(key="s2", occurrence_id="b")]
    world = make_world(database, now, [make_registrant(1, occurrence_id="a")], event=event, sessions=sessions)
    assert plan(world, now, event=event) == 1
    later = now + timedelta(minutes=1)
    make_world(database, later, [make_registrant(1, occurrence_id="b")], event=event, sessions=())
    assert plan(world, later, event=event, registrants_changed=True) == 0


def test_messages_of_nobody_left_are_cancelled(database: Database, now: datetime) -> None:
    """A person's rows may stay behind under another event: a plan takes back what it still finds of its own."""
    world = make_world(database, now, 2, event=EVENT)
    other = make_world(
        database,
        now,
        [make_registrant(8, meeting_id="999")],
        event=make_event(slug="otro", zoom=ZoomPart(meeting_id="999")),
        sessions=[make_session(meeting_id="999")],
    )
    world.plan(0, now=now)
    database.write(
        lambda db: db.execute(
            text("UPDATE outbox SET registrant_row = :row WHERE event_id = :event"),
            {"row": other.rows[0], "event": world.event_id},
        )
    )
    _, changed = look(world, now, 1)
    assert [(one.message.key, one.message.reason) for one in changed] == [
        (MessageKey(other.rows[0], "s1", "before:1h"), Reason.NOT_APPROVED)
    ]
