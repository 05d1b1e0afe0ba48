"""A copy of the database that was put back sends nothing twice, until a person lets it; on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from tests.builders import make_event
from tests.outbox_world import World, make_world
from zoomsync.domain.calls import Reason
from zoomsync.domain.records import OutboxState, ZoomPart
from zoomsync.store import events, outbox, outbox_hands, restoring
from zoomsync.store.schema import Database

HOUR = timedelta(hours=1)


def due(world: World, now: datetime) -> list[int]:
    with world.database.read() as db:
        return list(outbox.due(db, now, limit=9, resend=True))


def put_back(world: World, now: datetime) -> list[restoring.Held]:
    return world.database.write(lambda db: restoring.hold(db, now=now, actor="cli"))


def release(world: World, now: datetime, *, drop: bool = False) -> list[restoring.Held]:
    return world.database.write(lambda db: restoring.release(db, drop=drop, now=now, actor="cli"))


def test_what_was_due_by_then_waits_and_what_is_due_later_goes(database: Database, now: datetime) -> None:
    world = make_world(database, now, 3)
    world.plan(0, 1, now=now)
    world.plan(2, now=now + 2 * HOUR)
    later = now + HOUR
    (held,) = put_back(world, later)
    assert (held.event, held.until, held.messages) == ("justicia-abierta-2023", later, 2)
    assert due(world, later) == []
    assert due(world, now + 2 * HOUR) == [world.entries()[2].id]
    with database.read() as db:
        assert restoring.last_sign_of_life(db) == later, "the audit of the act is one"


def test_a_single_message_is_let_go_and_the_others_stay_held(database: Database, now: datetime) -> None:
    world = make_world(database, now, 2)
    world.plan(0, 1, now=now)
    one = world.entries()[0].id
    retry = partial(outbox_hands.retry, outbox_id=one, actor="cli")
    assert "to be sent" in database.write(lambda db: retry(db, now=now)), "nothing is held, and it goes by itself"
    put_back(world, now + HOUR)
    assert database.write(lambda db: retry(db, now=now + HOUR * 1.5)) == ""
    assert due(world, now + HOUR * 1.5) == [one]


def test_what_was_being_tried_when_the_copy_was_made_waits_too(database: Database, now: datetime) -> None:
    world = make_world(database, now, 3)
    world.plan(0, 1, 2, now=now)
    for number, state in enumerate(("claimed", "transmitting", "deferred"), start=1):
        world._execute(
            "UPDATE outbox SET state = :state, owner = 'gone', in_doubt = 0 WHERE id = :id",
            state=state,
            id=world.entries()[number - 1].id,
        )
    (held,) = put_back(world, now + HOUR)
    assert held.messages == 3
    assert world.states() == [OutboxState.PENDING, OutboxState.IN_DOUBT, OutboxState.DEFERRED]
    assert due(world, now + 3 * HOUR) == []


def test_a_new_event_is_held_by_the_same_moment(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    put_back(world, now)
    database.write(
        lambda db: events.save_event(db, make_event(slug="later", zoom=ZoomPart(meeting_id="8")), now + HOUR)
    )
    with database.read() as db:
        assert [one.event for one in restoring.held(db)] == ["justicia-abierta-2023", "later"]


def test_released_mail_goes_out(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    put_back(world, now)
    assert [one.messages for one in release(world, now)] == [1]
    assert len(due(world, now)) == 1
    assert release(world, now) == []


def test_dropped_mail_stays_where_it_is(database: Database, now: datetime) -> None:
    world = make_world(database, now, 2)
    world.plan(0, now=now)
    world.plan(1, now=now + HOUR)
    put_back(world, now)
    release(world, now, drop=True)
    assert world.states() == [OutboxState.SKIPPED, OutboxState.PENDING]
    assert world.entries()[0].reason == Reason.TAKEN_FOR_SENT.value
    assert len(due(world, now + HOUR)) == 1


def test_held_mail_that_is_too_late_says_why(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    put_back(world, now)
    database.write(lambda db: outbox.expire(db, now + timedelta(days=1)))
    assert "copy of the database" in world.entries()[0].reason
