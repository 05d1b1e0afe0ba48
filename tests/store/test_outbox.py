"""The outbox in SQL, on SQLite and on Postgres: what is planned once, claimed by one, marked, recorded, taken back."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.builders import SESSION_1, make_registrant, make_session
from tests.outbox_world import World, make_world
from zoomsync.domain.calls import Reason
from zoomsync.domain.delivery import decide
from zoomsync.domain.records import MessageKey, OutboxState, Outcome, OutcomeKind, PlannedMessage, Stage
from zoomsync.domain.reminders import Change, Standing
from zoomsync.store import bounces, events, outbox, outbox_hands, outbox_plan
from zoomsync.store.outbox import ClaimedMessage
from zoomsync.store.schema import Database

LEASE = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)


def due(world: World, now: datetime, *, resend: bool = True, **options: Any) -> list[int]:
    with world.database.read() as db:
        return outbox.due(db, now, limit=1_000, resend=resend, **options)


def claim(
    world: World, now: datetime, owner: str = "a", ids: Sequence[int] | None = None, resend: bool = True
) -> list[ClaimedMessage]:
    listed = due(world, now, resend=resend) if ids is None else list(ids)
    return world.database.write(
        lambda db: outbox.claim(db, listed, owner, now=now, lease_now=now, lease=LEASE, resend=resend)
    )


def mark(world: World, claimed: ClaimedMessage, now: datetime) -> bool:
    return world.database.write(
        lambda db: outbox.mark_transmitting(
            db, claimed, message_id=f"<{claimed.id}@x>", body_hash="0f", now=now, lease_now=now
        )
    )


def record(
    world: World,
    claimed: ClaimedMessage,
    now: datetime,
    kind: OutcomeKind = OutcomeKind.ACCEPTED,
    *,
    resend: bool = True,
) -> bool:
    outcome = Outcome(kind, Stage.BODY, 250, "words of the server")
    decision = decide(claimed, outcome, now, resend=resend)
    return world.database.write(lambda db: outbox.record(db, claimed, outcome, decision, now=now, at=now))


def recover(world: World, now: datetime, *, resend: bool = True, gone: Sequence[str] = ()) -> outbox.Recovered:
    return world.database.write(lambda db: outbox.recover(db, now=now, lease_now=now, resend=resend, gone=gone))


def send(world: World, now: datetime) -> None:
    for claimed in claim(world, now):
        assert mark(world, claimed, now)
        assert record(world, claimed, now)


# ------------------------------------------------------------------------------------------------------------ planning


def test_a_message_is_planned_once(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    key = MessageKey(world.rows[0], "s1", "before:1h")
    first = PlannedMessage(key, now, now + MINUTE)
    again = PlannedMessage(key, now + MINUTE, now + 2 * MINUTE, OutboxState.SKIPPED, "no")
    assert database.write(lambda db: outbox_plan.insert_planned(db, world.event_id, [first, again], now)) == 1
    assert database.write(lambda db: outbox_plan.insert_planned(db, world.event_id, [again], now)) == 0
    with database.read() as db:
        assert outbox_plan.existing(db, world.event_id) == {key: Standing(OutboxState.PENDING, now, now + MINUTE)}


def test_more_messages_than_one_statement_takes_are_all_planned(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_plan, "_ROWS_A_STATEMENT", 2)
    world = make_world(database, now, 5)
    world.plan(0, 1, 2, 3, 4, now=now)
    assert len(world.entries()) == 5


def test_a_message_born_skipped_keeps_its_reason_and_is_never_due(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now, state=OutboxState.SKIPPED, reason=Reason.NOT_YET_KNOWN.value)
    assert due(world, now) == []
    assert world.entries()[0].reason == Reason.NOT_YET_KNOWN


def test_a_change_applies_only_to_the_state_the_plan_saw(database: Database, now: datetime) -> None:
    world = make_world(database, now, 2)
    world.plan(0, 1, now=now)
    (sent, *_) = claim(world, now, ids=[world.entries()[0].id])
    later = now + timedelta(hours=1)
    changes = [
        Change(OutboxState.PENDING, PlannedMessage(MessageKey(row, "s1", "before:1h"), later, later + MINUTE))
        for row in world.rows
    ]
    assert database.write(lambda db: outbox_plan.apply_changes(db, changes, now)) == 1
    assert [(entry.state, entry.due_at) for entry in world.entries()] == [
        (OutboxState.CLAIMED, now),
        (OutboxState.PENDING, later),
    ]
    assert sent.due_at == now


# ---------------------------------------------------------------------------------------------------------- what is due


def test_the_earliest_session_goes_first_then_people_never_reached(database: Database, now: datetime) -> None:
    world = make_world(database, now, 3)
    world.plan(0, now=now, kind="before:3d")
    send(world, now)
    world.plan(0, 1, now=now, kind="before:1h")
    world.plan(2, now=now - MINUTE, session="s2")
    order = [(one.key.registrant_row, one.key.session_key) for one in claim(world, now)]
    assert order == [(world.rows[1], "s1"), (world.rows[0], "s1"), (world.rows[2], "s2")]


def test_nothing_goes_before_its_moment_nor_from_its_end_on(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now, expires_at=now + MINUTE)
    assert due(world, now - timedelta(microseconds=1)) == []
    assert len(due(world, now)) == 1
    assert len(due(world, now + MINUTE - timedelta(microseconds=1))) == 1
    assert due(world, now + MINUTE) == []


def test_only_the_named_events_are_due(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    assert due(world, now, event_ids=[world.event_id + 1]) == []
    assert due(world, now, event_ids=[]) == []
    assert len(due(world, now, event_ids=[world.event_id])) == 1


@pytest.mark.parametrize(
    ("kind", "status", "goes"),
    [
        ("before:1h", "approved", True),
        ("before:1h", "pending", False),
        ("before:1h", "denied", False),
        ("before:1h", "cancelled", False),
        ("moved", "pending", False),
        ("welcome", "pending", False),
        ("called_off", "approved", True),
        ("called_off", "pending", True),
        ("called_off", "denied", False),
        ("announce", "pending", True),
        ("announce", "cancelled", False),
        ("late", "pending", True),
        ("late", "approved", False),
        ("late", "denied", False),
    ],
)
def test_each_kind_goes_to_its_own_statuses(
    database: Database, now: datetime, kind: str, status: str, goes: bool
) -> None:
    world = make_world(database, now)
    world.set_status(0, status)
    world.plan(0, now=now, kind=kind)
    assert bool(due(world, now)) is goes


@pytest.mark.parametrize(
    ("kind", "goes"),
    [
        ("before:1h", False),
        ("welcome", False),
        ("moved", False),
        ("after:2h", True),
        ("called_off", True),
        ("late", True),
    ],
)
def test_what_carries_the_link_waits_for_it(database: Database, now: datetime, kind: str, goes: bool) -> None:
    status = "pending" if kind == "late" else "approved"
    world = make_world(database, now)
    world.set_status(0, status)
    world.set_link(0, "")
    world.plan(0, now=now, kind=kind)
    assert bool(due(world, now)) is goes


@pytest.mark.parametrize(
    ("kind", "goes"),
    [
        ("before:1h", False),
        ("after:2h", False),
        ("welcome", False),
        ("announce", False),
        ("moved", True),
        ("called_off", True),
        ("certificate", True),
    ],
)
def test_who_opted_out_gets_changes_and_no_reminders(database: Database, now: datetime, kind: str, goes: bool) -> None:
    world = make_world(database, now)
    database.write(lambda db: events.opt_out(db, world.event_id, "Persona1@example.org", now=now, via="link"))
    world.plan(0, now=now, kind=kind)
    assert bool(due(world, now)) is goes


@pytest.mark.parametrize("kind", ["before:1h", "moved", "called_off"])
def test_a_paused_event_sends_nothing_until_it_is_resumed(database: Database, now: datetime, kind: str) -> None:
    world = make_world(database, now)
    world.plan(0, now=now, kind=kind)
    database.write(lambda db: events.set_paused(db, world.event_id, paused=True, now=now, actor="cli"))
    assert due(world, now) == []
    database.write(lambda db: events.set_paused(db, world.event_id, paused=False, now=now, actor="cli"))
    assert len(due(world, now)) == 1


@pytest.mark.parametrize(
    ("kind", "goes"), [("before:1h", False), ("announce", False), ("resend", True), ("moved", True)]
)
def test_who_opted_out_gets_changes_and_what_they_asked_for(
    database: Database, now: datetime, kind: str, goes: bool
) -> None:
    world = make_world(database, now)
    _opted_out(world, now)
    world.plan(0, now=now, kind=kind)
    assert bool(due(world, now)) is goes


def test_nothing_goes_to_an_address_that_mail_came_back_from(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now, kind="called_off")
    assert database.write(lambda db: bounces.write_bounce(db, "persona1@example.org", now=now, actor="cli"))
    assert not database.write(lambda db: bounces.write_bounce(db, "persona1@example.org", now=now, actor="cli"))
    assert due(world, now) == []
    assert database.write(lambda db: bounces.undo_bounce(db, "persona1@example.org", now=now, actor="cli"))
    assert len(due(world, now)) == 1


@pytest.mark.parametrize(
    ("status", "kind", "goes"),
    [("draft", "before:1h", False), ("draft", "called_off", False), ("cancelled", "before:1h", False),
     ("cancelled", "called_off", True), ("cancelled", "announce", True), ("draft", "announce", False)],
)  # fmt: skip
def test_only_active_events_send_and_cancelled_ones_the_notice(
    database: Database, now: datetime, status: str, kind: str, goes: bool
) -> None:
    world = make_world(database, now)
    world.plan(0, now=now, kind=kind, session="")
    world.set_event_status(status)
    assert bool(due(world, now)) is goes


@pytest.mark.parametrize(
    ("change", "kind", "goes"),
    [
        ({"cancelled": True}, "before:1h", False),
        ({"cancelled": True}, "called_off", True),
        ({"times_held": True}, "before:1h", False),
        ({"times_held": True}, "moved", False),
    ],
)
def test_a_session_cancelled_or_in_dispute_sends_no_reminders(
    database: Database, now: datetime, change: dict[str, bool], kind: str, goes: bool
) -> None:
    world = make_world(database, now, sessions=[make_session(**change)])
    world.plan(0, now=now, kind=kind)
    assert bool(due(world, now)) is goes


# ------------------------------------------------------------------------------------------------------- claim and mark


def test_a_claimed_message_belongs_to_one_owner(database: Database, now: datetime) -> None:
    world = make_world(database, now, 2)
    world.plan(0, 1, now=now)
    ids = due(world, now)
    mine = claim(world, now, "a", ids[:1])
    theirs = claim(world, now, "b", ids)
    assert [one.id for one in mine] == ids[:1]
    assert [one.id for one in theirs] == ids[1:]
    assert due(world, now) == []


def test_a_claim_carries_what_the_message_is_written_from(database: Database, now: datetime) -> None:
    person = make_registrant(7, email="ana@example.org")
    world = make_world(database, now, [person])
    world.plan(0, now=now)
    (claimed,) = claim(world, now)
    assert claimed.registrant == person
    assert claimed.key == MessageKey(world.rows[0], "s1", "before:1h")
    assert [one.key for one in claimed.sessions] == ["s1", "s2"]
    assert claimed.session is not None
    assert claimed.session.starts_at == SESSION_1


def test_a_lease_longer_than_leases_last_is_refused(database: Database, now: datetime) -> None:
    with pytest.raises(ValueError, match="over from the start"):
        database.write(
            lambda db: outbox.claim(db, [], "a", now=now, lease_now=now, lease=timedelta(hours=1), resend=True)
        )


def test_the_mark_is_made_once(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    (claimed,) = claim(world, now)
    assert mark(world, claimed, now)
    assert not mark(world, claimed, now)
    assert world.states() == [OutboxState.TRANSMITTING]
    assert world.entries()[0].message_id == f"<{claimed.id}@x>"


def _denied(world: World, now: datetime) -> None:
    world.set_status(0, "denied")


def _new_link(world: World, now: datetime) -> None:
    world.set_link(0, "https://us06web.zoom.us/w/1?tk=new")


def _opted_out(world: World, now: datetime) -> None:
    world.database.write(lambda db: events.opt_out(db, world.event_id, "persona1@example.org", now=now, via="link"))


def _paused(world: World, now: datetime) -> None:
    world.database.write(lambda db: events.set_paused(db, world.event_id, paused=True, now=now, actor="cli"))


def _bounced(world: World, now: datetime) -> None:
    world.database.write(lambda db: bounces.write_bounce(db, "persona1@example.org", now=now, actor="cli"))


def _cancelled_event(world: World, now: datetime) -> None:
    world.set_event_status("cancelled")


def _moved(world: World, now: datetime) -> None:
    with world.database.read() as db:
        before = events.sessions_of(db, world.event_id)[0]
    world.change_session(before, replace(before, starts_at=before.starts_at + MINUTE), now)


def _cancelled_session(world: World, now: datetime) -> None:
    with world.database.read() as db:
        before = events.sessions_of(db, world.event_id)[0]
    world.change_session(before, replace(before, cancelled=True), now)


def _aborted(world: World, now: datetime) -> None:
    (entry,) = world.entries()
    assert world.database.write(lambda db: outbox_hands.abort(db, entry.id, now=now, actor="cli")) == ""


def _taken_by_another(world: World, now: datetime) -> None:
    recover(world, now, gone=["a"])
    assert len(claim(world, now, "b")) == 1


@pytest.mark.parametrize(
    "happens",
    [
        _denied,
        _new_link,
        _opted_out,
        _bounced,
        _paused,
        _cancelled_event,
        _moved,
        _cancelled_session,
        _aborted,
        _taken_by_another,
    ],
)
def test_the_mark_refuses_what_changed_since_the_claim(database: Database, now: datetime, happens: Any) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    (claimed,) = claim(world, now)
    happens(world, now)
    assert not mark(world, claimed, now)
    assert OutboxState.TRANSMITTING not in world.states()


def test_the_mark_refuses_when_the_lease_is_over(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    (claimed,) = claim(world, now)
    assert not mark(world, claimed, now + LEASE)
    database.write(lambda db: outbox.extend_leases(db, "a", now + LEASE, LEASE))
    assert mark(world, claimed, now + LEASE)


def test_an_older_claim_of_the_same_owner_is_no_longer_in_force(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    (older,) = claim(world, now)
    recover(world, now + LEASE)
    (newer,) = claim(world, now + LEASE)
    assert not mark(world, older, now + LEASE)
    assert mark(world, newer, now + LEASE)


def test_claims_under_a_cap_wait_for_one_another(database: Database) -> None:
    second = threading.Event()

    def claim_too() -> None:
        database.write(outbox.lock_claims)
        second.set()

    other = threading.Thread(target=claim_too)

    def claim_first(db: Any) -> bool:
        outbox.lock_claims(db)
        other.start()
        return second.wait(0.1)

    assert not database.write(claim_first)
    other.join()
    assert second.is_set()


def test_the_mark_refuses_when_the_message_is_too_late(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now, expires_at=now + MINUTE)
    (claimed,) = claim(world, now)
    assert not mark(world, claimed, now + MINUTE)


def test_without_a_moment_leases_go_by_the_shared_clock(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    ids = due(world, now)
    (claimed,) = database.write(
        lambda db: outbox.claim(db, ids, "a", now=now, lease_now=None, lease=LEASE, resend=True)
    )
    assert database.write(
        lambda db: outbox.recover(db, now=now, lease_now=None, resend=True)
    ) == outbox.Recovered(0, 0)  # fmt: skip
    assert database.write(
        lambda db: outbox.mark_transmitting(db, claimed, message_id="<m>", body_hash="", now=now, lease_now=None)
    )


# --------------------------------------------------------------------------------------------------------------- record


def test_a_sent_message_says_when_and_is_never_due_again(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    send(world, now)
    (entry,) = world.entries()
    assert (entry.state, entry.sent_at, entry.attempts, entry.in_doubt) == (OutboxState.SENT, now, 1, 0)
    assert due(world, now + MINUTE) == []
    with database.read() as db:
        shown = outbox_hands.show(db, entry.id)
    assert shown is not None
    assert [(one.outcome, one.stage, one.code, one.words) for one in shown[1]] == [
        (OutcomeKind.ACCEPTED, "body", 250, "words of the server")
    ]


def test_a_deferred_message_comes_again_after_its_pause(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    (claimed,) = claim(world, now)
    assert record(world, claimed, now, OutcomeKind.DEFERRED)
    assert due(world, now) == []
    (again,) = claim(world, now + MINUTE)
    assert (again.attempts, again.claim_no) == (1, 2)


@pytest.mark.parametrize("kind", [OutcomeKind.ABANDONED, OutcomeKind.STOPPED])
def test_what_was_broken_off_is_no_attempt(database: Database, now: datetime, kind: OutcomeKind) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    (claimed,) = claim(world, now)
    assert record(world, claimed, now, kind)
    (entry,) = world.entries()
    assert (entry.state, entry.attempts) == (OutboxState.PENDING, 0)
    with database.read() as db:
        assert outbox_hands.show(db, entry.id) == (entry, [])


def test_who_lost_the_claim_cannot_write_a_failure_over_it(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    (lost,) = claim(world, now, "a")
    recover(world, now, gone=["a"])
    (held,) = claim(world, now, "b")
    assert not record(world, lost, now, OutcomeKind.REFUSED)
    assert world.states() == [OutboxState.CLAIMED]
    assert mark(world, held, now)


def test_that_a_message_was_taken_counts_even_after_the_claim_was_lost(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    (frozen,) = claim(world, now, "a")
    assert mark(world, frozen, now)
    assert recover(world, now + LEASE) == outbox.Recovered(0, 1)
    later = now + timedelta(minutes=20)
    (held,) = claim(world, later, "b")
    assert record(world, frozen, later)
    assert not mark(world, held, later)
    (entry,) = world.entries()
    assert (entry.state, entry.in_doubt) == (OutboxState.SENT, 1)


# ------------------------------------------------------------------------------------------------- recovery and expiry


def test_a_claim_whose_lease_is_over_is_free_again(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    claim(world, now)
    assert recover(world, now + LEASE - MINUTE) == outbox.Recovered(0, 0)
    assert recover(world, now + LEASE) == outbox.Recovered(1, 0)
    assert world.states() == [OutboxState.PENDING]


def test_a_lease_left_by_a_clock_that_was_ahead_is_over(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    claim(world, now)
    assert recover(world, now - timedelta(hours=1)) == outbox.Recovered(1, 0)


def test_what_was_on_its_way_is_in_doubt_and_goes_once_more(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    (first,) = claim(world, now)
    assert mark(world, first, now)
    assert recover(world, now + LEASE) == outbox.Recovered(0, 1)
    (entry,) = world.entries()
    assert (entry.state, entry.in_doubt, entry.attempts) == (OutboxState.IN_DOUBT, 1, 1)
    assert due(world, now + LEASE) == []
    again_at = now + LEASE + timedelta(minutes=10)
    (second,) = claim(world, again_at)
    assert second.message_id == f"<{first.id}@x>"
    assert mark(world, second, again_at)
    recover(world, again_at + LEASE)
    (entry,) = world.entries()
    assert (entry.state, entry.in_doubt) == (OutboxState.IN_DOUBT, 2)
    assert due(world, again_at + timedelta(hours=1)) == []


def test_what_is_in_doubt_is_held_where_so_chosen(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    (claimed,) = claim(world, now)
    assert mark(world, claimed, now)
    recover(world, now + LEASE, resend=False)
    assert due(world, now + timedelta(hours=1), resend=False) == []
    assert world.states() == [OutboxState.IN_DOUBT]


def test_a_recovered_doubt_is_shown_as_a_try(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    (claimed,) = claim(world, now)
    mark(world, claimed, now)
    recover(world, now, gone=["a"])
    with database.read() as db:
        shown = outbox_hands.show(db, claimed.id)
    assert shown is not None
    assert [one.outcome for one in shown[1]] == [OutcomeKind.IN_DOUBT]


def test_holders_are_who_has_messages_in_hand(database: Database, now: datetime) -> None:
    world = make_world(database, now, 3)
    world.plan(0, 1, 2, now=now)
    ids = due(world, now)
    (one,) = claim(world, now, "a", ids[:1])
    claim(world, now, "b", ids[1:2])
    record(world, one, now)
    with database.read() as db:
        assert outbox.holders(db) == {"b"}
        assert outbox.in_hand(db) == 1


@pytest.mark.parametrize(
    ("kind", "ends_with_session", "reason"),
    [("before:1h", True, Reason.EXPIRED), ("before:3d", False, Reason.SUPERSEDED), ("moved", False, Reason.EXPIRED)],
)
def test_what_was_not_sent_in_time_is_skipped_with_the_reason(
    database: Database, now: datetime, kind: str, ends_with_session: bool, reason: Reason
) -> None:
    world = make_world(database, now)
    expires_at = SESSION_1 if ends_with_session else now + MINUTE
    world.plan(0, now=now, kind=kind, expires_at=expires_at)
    assert database.write(lambda db: outbox.expire(db, expires_at - MINUTE)) == 0
    assert database.write(lambda db: outbox.expire(db, expires_at)) == 1
    (entry,) = world.entries()
    assert (entry.state, entry.reason) == (OutboxState.SKIPPED, reason)


def test_what_the_server_put_off_until_too_late_says_so(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    (claimed,) = claim(world, now)
    record(world, claimed, now, OutcomeKind.DEFERRED)
    database.write(lambda db: outbox.expire(db, now + timedelta(hours=6)))
    assert world.entries()[0].reason == Reason.PUT_OFF


def test_what_is_in_doubt_never_expires(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    (claimed,) = claim(world, now)
    mark(world, claimed, now)
    recover(world, now, gone=["a"])
    assert database.write(lambda db: outbox.expire(db, now + timedelta(days=1))) == 0


# ------------------------------------------------------------------------------------------------------------- counting


def test_handed_over_counts_what_was_taken_or_may_have_been(database: Database, now: datetime) -> None:
    world = make_world(database, now, 4)
    world.plan(0, 1, 2, 3, now=now)
    outcomes = [OutcomeKind.ACCEPTED, OutcomeKind.IN_DOUBT, OutcomeKind.DEFERRED, OutcomeKind.ACCEPTED]
    for number, (claimed, kind) in enumerate(zip(claim(world, now), outcomes, strict=True)):
        at = now + number * MINUTE
        mark(world, claimed, now)
        record(world, claimed, at, kind)
    with database.read() as db:
        assert outbox.handed_over(db, now - MINUTE, 10) == (3, now)
        assert outbox.handed_over(db, now, 10) == (2, now + MINUTE)
        assert outbox.handed_over(db, now - MINUTE, 2) == (2, now + MINUTE)
        assert outbox.handed_over(db, now + timedelta(hours=1), 10) == (0, None)


def test_counts_and_the_next_moment(database: Database, now: datetime) -> None:
    world = make_world(database, now, 2)
    with database.read() as db:
        assert outbox.next_due(db) is None
    world.plan(0, now=now)
    send(world, now)
    world.plan(1, now=now, due_at=now + MINUTE)
    with database.read() as db:
        assert outbox.counts(db, world.event_id) == {OutboxState.SENT: 1, OutboxState.PENDING: 1}
        assert outbox.next_due(db) == now + MINUTE


# ------------------------------------------------------------------------------------------------------- people's hands


def test_the_list_can_be_narrowed(database: Database, now: datetime) -> None:
    world = make_world(database, now, 2)
    world.plan(0, now=now)
    send(world, now)
    world.plan(1, now=now)
    with database.read() as db:
        (sent,) = outbox_hands.listing(db, states=[OutboxState.SENT])
        assert (sent.event, sent.session, sent.email) == ("justicia-abierta-2023", "Sesión 1", "persona1@example.org")
        assert outbox_hands.listing(db, event_ids=[world.event_id + 1]) == []
        assert len(outbox_hands.listing(db, event_ids=[world.event_id], limit=1)) == 1
        assert outbox_hands.show(db, 999) is None


def test_a_failed_message_can_be_tried_again(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    (claimed,) = claim(world, now)
    record(world, claimed, now, OutcomeKind.REFUSED)
    assert world.states() == [OutboxState.FAILED]
    assert database.write(lambda db: outbox_hands.retry(db, claimed.id, now=now, actor="cli")) == ""
    assert due(world, now) == [claimed.id]


def test_a_message_held_in_doubt_can_be_released(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    (claimed,) = claim(world, now)
    mark(world, claimed, now)
    recover(world, now, gone=["a"], resend=False)
    assert database.write(lambda db: outbox_hands.retry(db, claimed.id, now=now, actor="cli")) == ""
    assert due(world, now, resend=False) == [claimed.id]
    assert world.entries()[0].in_doubt == 1


def test_sent_skipped_and_late_messages_are_not_tried_again(database: Database, now: datetime) -> None:
    world = make_world(database, now, 2)
    world.plan(0, now=now)
    send(world, now)
    world.plan(1, now=now, kind="before:1h")
    (claimed,) = claim(world, now)
    record(world, claimed, now, OutcomeKind.REFUSED)
    world.plan(1, now=now, kind="before:1d 17:00", state=OutboxState.SKIPPED, reason=Reason.SUPERSEDED.value)
    sent, failed, skipped = world.entries()
    later = now + timedelta(hours=6)

    def retry(entry: outbox_hands.OutboxEntry, at: datetime) -> str:
        return database.write(lambda db: outbox_hands.retry(db, entry.id, now=at, actor="cli"))

    assert "accepted by the mail server" in retry(sent, now)
    assert str(Reason.SUPERSEDED) in retry(skipped, now)
    assert "too late" in retry(failed, later)
    assert "no message" in database.write(lambda db: outbox_hands.retry(db, 999, now=now, actor="cli"))


def test_an_aborted_message_is_not_sent_and_can_be_taken_back(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now)
    (entry,) = world.entries()
    assert database.write(lambda db: outbox_hands.abort(db, entry.id, now=now, actor="cli")) == ""
    assert due(world, now) == []
    assert "withdrawn" in database.write(lambda db: outbox_hands.abort(db, entry.id, now=now, actor="cli"))
    assert database.write(lambda db: outbox_hands.retry(db, entry.id, now=now, actor="cli")) == ""
    assert due(world, now) == [entry.id]


def test_a_message_cancelled_by_the_plan_is_not_brought_back_by_hand(database: Database, now: datetime) -> None:
    world = make_world(database, now)
    world.plan(0, now=now, state=OutboxState.CANCELLED, reason=Reason.NOT_APPROVED.value)
    (entry,) = world.entries()
    assert str(Reason.NOT_APPROVED) in database.write(lambda db: outbox_hands.retry(db, entry.id, now=now, actor="cli"))


# ------------------------------------------------------------------------------------------------- whatever happens


class _Crowd:
    """Daemons, a mail server and a clock that do whatever chance says, and what the mail server has taken."""

    def __init__(self, world: World, now: datetime, seed: int) -> None:
        self.world, self.now, self.chance = world, now, random.Random(seed)
        self.claimed: dict[str, list[ClaimedMessage]] = {"a": [], "b": [], "c": []}
        self.on_their_way: list[ClaimedMessage] = []  # marked, and the daemon has not crashed since
        self.taken: Counter[int] = Counter()

    def step(self) -> None:
        act = self.chance.choice([self.claim, self.mark, self.mark, self.send, self.send, self.crash, self.wait,
                                  self.sweep, self.change_mind])  # fmt: skip
        act()

    def claim(self) -> None:
        owner = self.chance.choice("abc")
        ids = due(self.world, self.now)
        self.claimed[owner] += claim(self.world, self.now, owner, self.chance.sample(ids, min(3, len(ids))))

    def mark(self) -> None:
        mine = self.claimed[self.chance.choice("abc")]
        if mine:
            one = mine.pop(self.chance.randrange(len(mine)))
            if mark(self.world, one, self.now):
                self.on_their_way.append(one)

    def send(self) -> None:
        """The body goes out; the server takes it or not; the answer comes back, or the daemon dies before that."""
        if not self.on_their_way:
            return
        one = self.on_their_way.pop()
        kind = self.chance.choice([OutcomeKind.ACCEPTED] * 3 + [OutcomeKind.DEFERRED, OutcomeKind.IN_DOUBT])
        if kind is OutcomeKind.ACCEPTED or (kind is OutcomeKind.IN_DOUBT and self.chance.random() < 0.5):
            self.taken[one.id] += 1
        if self.chance.random() < 0.7:
            record(self.world, one, self.now, kind)

    def crash(self) -> None:
        owner = self.chance.choice("abc")
        self.claimed[owner].clear()
        self.on_their_way = [one for one in self.on_their_way if one.owner != owner]

    def wait(self) -> None:
        self.now += timedelta(minutes=self.chance.choice([1, 2, 6, 15]))

    def sweep(self) -> None:
        recover(self.world, self.now)
        self.world.database.write(lambda db: outbox.expire(db, self.now))

    def change_mind(self) -> None:
        self.world.set_status(self.chance.randrange(len(self.world.rows)), self.chance.choice(["approved", "denied"]))


@pytest.mark.parametrize("seed", range(6))
def test_whatever_crashes_nothing_is_sent_twice_that_was_not_in_doubt(
    database: Database, now: datetime, seed: int
) -> None:
    world = make_world(database, now, 6)
    world.plan(*range(6), now=now, expires_at=now + timedelta(days=2))
    world.plan(*range(6), now=now + timedelta(minutes=20), kind="before:15m", expires_at=now + timedelta(days=2))
    crowd = _Crowd(world, now, seed)
    for _ in range(150):
        crowd.step()
    for person in range(6):
        world.set_status(person, "approved")
    for _ in range(40):  # the trouble is over
        crowd.now += timedelta(minutes=30)
        recover(world, crowd.now)
        for one in claim(world, crowd.now, "d"):
            assert mark(world, one, crowd.now)
            crowd.taken[one.id] += 1
            record(world, one, crowd.now)
    entries = world.entries()
    assert len(entries) == 12
    for entry in entries:
        assert crowd.taken[entry.id] <= min(1 + entry.in_doubt, 2), entry
        if entry.state is OutboxState.SENT:
            assert crowd.taken[entry.id] >= 1, entry
        else:
            assert (entry.state, entry.in_doubt) == (OutboxState.IN_DOUBT, 2), entry
