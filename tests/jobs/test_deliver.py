"""Delivery against a real database of either kind and a mail server on a real socket that misbehaves as told."""

from __future__ import annotations

import contextlib
import functools
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.builders import SESSION_1, make_event, make_registrant
from tests.mail.faulty_smtp import DROP, GARBAGE, HANG, FaultySmtp
from tests.outbox_world import make_world
from zoomsync.clock import SteppedClock
from zoomsync.domain.records import OutboxState, ZoomPart
from zoomsync.errors import DeliveryRefused, StoreError, TemplateBroken
from zoomsync.jobs import deliver as delivery
from zoomsync.jobs.deliver import Caps, Deliverer
from zoomsync.jobs.planning import plan_event
from zoomsync.mail.smtp import SmtpTransport
from zoomsync.store import outbox
from zoomsync.store.outbox import ClaimedMessage
from zoomsync.store.schema import Database

MINUTE = timedelta(minutes=1)
BROKEN = "es/welcome.txt, line 3: unexpected end"
BROKEN_ALARM = f"{BROKEN}; what is written with it waits until it is mended"
PENDING, SENT, FAILED = OutboxState.PENDING, OutboxState.SENT, OutboxState.FAILED
DEFERRED, IN_DOUBT = OutboxState.DEFERRED, OutboxState.IN_DOUBT


@dataclass(frozen=True)
class PlainMessage:
    envelope_from: str
    envelope_to: str
    data: bytes
    message_id: str


def write(claimed: ClaimedMessage) -> PlainMessage:
    """A message whose only line names its row."""
    message_id = claimed.message_id or f"<{claimed.id}.{claimed.claim_no}@example.org>"
    return PlainMessage("info@example.org", claimed.registrant.email, b"row %d" % claimed.id, message_id)


def make_deliverer(
    database: Database,
    server: FaultySmtp | int,
    clock: SteppedClock,
    *,
    render: Callable[[ClaimedMessage], PlainMessage] = write,
    connections: int = 1,
    password: str | None = None,
    **options: Any,
) -> Deliverer[PlainMessage]:
    port = server if isinstance(server, int) else server.port
    transport = SmtpTransport(
        host="127.0.0.1",
        port=port,
        security="none",
        local_hostname="test",
        username="u" if password else None,
        password=password,
    )
    options.setdefault("rate_clock", clock)
    return Deliverer(
        database=database,
        transport=transport,
        render=render,
        clock=clock,
        lease_clock=clock,
        connections=connections,
        **options,
    )


def accepted(server: FaultySmtp) -> Counter[int]:
    """How often the mail server took each row."""
    return Counter(int(body.split()[1]) for body in server.accepted)


# ------------------------------------------------------------------------------------------------------- what goes out


@pytest.mark.parametrize("connections", [1, 3])
def test_everything_due_is_sent_once(database: Database, clock: SteppedClock, connections: int) -> None:
    world = make_world(database, clock(), 50)
    world.plan(*range(50), now=clock())
    with FaultySmtp() as server:
        deliverer = make_deliverer(database, server, clock, connections=connections)
        report = deliverer.deliver()
        again = deliverer.deliver()
    assert (report.counts, report.alarms) == ({SENT: 50}, [])
    assert again.messages == []
    assert set(accepted(server).values()) == {1}
    assert world.states() == [SENT] * 50


def test_two_daemons_at_once_send_nothing_twice(database: Database, clock: SteppedClock) -> None:
    world = make_world(database, clock(), 60)
    world.plan(*range(60), now=clock())
    second = Database(database.url)
    with FaultySmtp() as server:
        deliverers = [make_deliverer(one, server, clock, connections=2) for one in (database, second)]
        threads = [threading.Thread(target=one.deliver) for one in deliverers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    second.close()
    assert accepted(server) == Counter(entry.id for entry in world.entries())
    assert world.states() == [SENT] * 60


def test_only_the_named_events_are_delivered(database: Database, clock: SteppedClock) -> None:
    world = make_world(database, clock())
    world.plan(0, now=clock())
    with FaultySmtp() as server:
        report = make_deliverer(database, server, clock).deliver(event_ids=[world.event_id + 1])
        assert (report.messages, server.connections) == ([], 0)
        assert make_deliverer(database, server, clock).deliver(event_ids=[world.event_id]).counts == {SENT: 1}


def test_the_mail_server_is_left_alone_when_nothing_is_due(database: Database, clock: SteppedClock) -> None:
    world = make_world(database, clock())
    world.plan(0, now=clock() + MINUTE)
    with FaultySmtp() as server:
        make_deliverer(database, server, clock).deliver()
    assert server.connections == 0


def test_what_has_become_too_late_is_skipped_and_counted(database: Database, clock: SteppedClock) -> None:
    world = make_world(database, clock())
    world.plan(0, now=clock(), expires_at=clock() + MINUTE)
    clock.advance(MINUTE)
    with FaultySmtp() as server:
        report = make_deliverer(database, server, clock).deliver()
    assert (report.expired, server.connections) == (1, 0)
    assert world.states() == [OutboxState.SKIPPED]


# ---------------------------------------------------------------------------------------- what the mail server answers


def test_a_temporary_refusal_is_tried_again_later(database: Database, clock: SteppedClock) -> None:
    world = make_world(database, clock(), 2)
    world.plan(0, 1, now=clock())
    with FaultySmtp(RCPT=[b"450 4.2.0 greylisted\r\n"]) as server:
        deliverer = make_deliverer(database, server, clock)
        report = deliverer.deliver()
        assert report.counts == {DEFERRED: 1, SENT: 1}
        assert deliverer.deliver().messages == []
        clock.advance(2 * MINUTE)
        assert deliverer.deliver().counts == {SENT: 1}
    assert set(accepted(server).values()) == {1}


def test_a_permanent_refusal_fails_that_message_alone(database: Database, clock: SteppedClock) -> None:
    world = make_world(database, clock(), 3)
    world.plan(0, 1, 2, now=clock())
    with FaultySmtp(RCPT=[b"550 5.1.1 no such user\r\n"]) as server:
        report = make_deliverer(database, server, clock).deliver()
    assert report.counts == {FAILED: 1, SENT: 2}
    assert [entry.reason for entry in world.entries() if entry.state is FAILED] == ["5.1.1 no such user"]


@pytest.mark.parametrize(
    "script",
    [
        {"MAIL": b"550 5.7.1 sender not allowed\r\n"},
        {"MAIL": b"535 5.7.8 log in first\r\n"},
        {"BODY": b"550 5.4.5 daily sending quota exceeded\r\n"},
        {"CONNECT": b"554 go away\r\n"},
        {"CONNECT": b"421 4.3.2 not now\r\n"},
        {"CONNECT": DROP},
    ],
)
def test_a_refusal_of_us_ends_the_run_and_keeps_every_message(
    database: Database, clock: SteppedClock, script: dict[str, Any]
) -> None:
    world = make_world(database, clock(), 25)
    world.plan(*range(25), now=clock())
    with FaultySmtp(**script) as server:
        report = make_deliverer(database, server, clock).deliver()
        assert server.connections == 1
    assert len(report.alarms) == 1
    assert report.counts == {PENDING: 1}
    entries = world.entries()
    assert [(entry.state, entry.attempts) for entry in entries] == [(PENDING, 0)] * 25
    assert sum(entry.reason != "" for entry in entries) == 1
    with FaultySmtp() as server:
        assert make_deliverer(database, server, clock).deliver().counts == {SENT: 25}


TROUBLE = {"4xx": b"451 4.3.0 later\r\n", "5xx": b"554 5.7.1 no\r\n", "drop": DROP, "garbage": GARBAGE}
VERBS = ("CONNECT", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "BODY", "RSET", "QUIT")


@pytest.mark.parametrize(
    ("verb", "trouble"),
    [*((verb, trouble) for verb in VERBS for trouble in TROUBLE), ("MIDBODY", "drop"), ("MIDBODY", "garbage")],
)
def test_whatever_goes_wrong_once_everybody_is_reached_once_or_the_failure_is_told(
    sqlite_url: str, clock: SteppedClock, verb: str, trouble: str
) -> None:
    database = Database(sqlite_url)
    world = make_world(database, clock(), 6)
    world.plan(*range(6), now=clock())
    with FaultySmtp(**{verb: [TROUBLE[trouble]]}) as server:
        for _ in range(4):
            make_deliverer(database, server, clock, password="p").deliver()
            clock.advance(15 * MINUTE)
    counts, entries = accepted(server), world.entries()
    refused = verb in ("RCPT", "DATA", "BODY") and trouble == "5xx"
    doubted = verb in ("MIDBODY", "BODY") and trouble in ("drop", "garbage")
    assert sorted(entry.state for entry in entries) == sorted([FAILED if refused else SENT, *[SENT] * 5])
    assert sum(entry.in_doubt for entry in entries) == doubted
    assert all(counts[entry.id] == (entry.state is SENT) for entry in entries)
    database.close()


@pytest.mark.parametrize("after_dot", [DROP, GARBAGE])
def test_no_clear_answer_to_the_body_goes_once_more_with_the_same_message_id(
    database: Database, clock: SteppedClock, after_dot: Any
) -> None:
    world = make_world(database, clock())
    world.plan(0, now=clock())
    written: list[str] = []

    def render(claimed: ClaimedMessage) -> PlainMessage:
        message = write(claimed)
        written.append(message.message_id)
        return message

    with FaultySmtp(BODY=[after_dot]) as server:
        deliverer = make_deliverer(database, server, clock, render=render)
        assert deliverer.deliver().counts == {IN_DOUBT: 1}
        clock.advance(9 * MINUTE)
        assert deliverer.deliver().messages == []
        clock.advance(MINUTE)
        assert deliverer.deliver().counts == {SENT: 1}
    (entry,) = world.entries()
    assert (entry.in_doubt, entry.message_id) == (1, written[0])
    assert len(set(written)) == 1
    assert len(server.received) == 2


def test_no_clear_answer_is_held_where_so_chosen(database: Database, clock: SteppedClock) -> None:
    world = make_world(database, clock())
    world.plan(0, now=clock())
    with FaultySmtp(BODY=[DROP]) as server:
        deliverer = make_deliverer(database, server, clock, resend=False)
        deliverer.deliver()
        clock.advance(timedelta(hours=1))
        assert deliverer.deliver().messages == []
    assert world.states() == [IN_DOUBT]
    assert len(server.received) == 1


def test_never_a_third_time(database: Database, clock: SteppedClock) -> None:
    world = make_world(database, clock())
    world.plan(0, now=clock())
    with FaultySmtp(BODY=DROP) as server:
        for _ in range(4):
            make_deliverer(database, server, clock).deliver()
            clock.advance(timedelta(hours=1))
    assert len(server.received) == 2
    assert [(entry.state, entry.in_doubt) for entry in world.entries()] == [(IN_DOUBT, 2)]


def test_an_error_at_quit_undoes_nothing(database: Database, clock: SteppedClock) -> None:
    world = make_world(database, clock())
    world.plan(0, now=clock())
    with FaultySmtp(QUIT=b"421 4.0.0 shutting down\r\n") as server:
        assert make_deliverer(database, server, clock).deliver().counts == {SENT: 1}
    assert world.states() == [SENT]


# -------------------------------------------------------------------------------------------- what stops one message


def test_a_registrant_cancelled_while_the_message_is_written_gets_nothing(
    database: Database, clock: SteppedClock
) -> None:
    world = make_world(database, clock(), 2)
    world.plan(0, 1, now=clock())

    def render(claimed: ClaimedMessage) -> PlainMessage:
        if claimed.key.registrant_row == world.rows[0]:
            world.set_status(0, "cancelled")
        return write(claimed)

    with FaultySmtp() as server:
        report = make_deliverer(database, server, clock, render=render).deliver()
    assert report.counts == {PENDING: 1, SENT: 1}
    assert list(accepted(server)) == [entry.id for entry in world.entries() if entry.state is SENT]


@pytest.mark.parametrize("dies", [False, True])
def test_who_cancels_while_a_message_is_in_hand_has_it_taken_back_by_the_next_plan(
    database: Database, clock: SteppedClock, dies: bool
) -> None:
    event = make_event()
    world = make_world(database, clock(), 1, event=event)
    plan = functools.partial(plan_event, event=event, event_id=world.event_id)
    database.write(lambda db: plan(db, now=clock()))
    clock.move_to(SESSION_1 - timedelta(minutes=50))

    def render(claimed: ClaimedMessage) -> PlainMessage:
        world.set_status(0, "cancelled")
        database.write(lambda db: plan(db, now=clock(), changed=True))
        if dies:
            raise StoreError("as good as dead")
        return write(claimed)

    with FaultySmtp() as server, contextlib.suppress(StoreError):
        make_deliverer(database, server, clock, render=render).deliver()
    database.write(lambda db: plan(db, now=clock()))
    assert OutboxState.PENDING not in [entry.state for entry in world.entries() if entry.due_at <= clock()]
    assert server.accepted == []


def test_a_message_that_changes_at_every_try_does_not_go_round_in_one_run(
    database: Database, clock: SteppedClock
) -> None:
    world = make_world(database, clock())
    world.plan(0, now=clock())
    written: list[int] = []

    def render(claimed: ClaimedMessage) -> PlainMessage:
        written.append(claimed.id)
        world.set_link(0, f"https://zoom.us/w/1?tk={len(written)}")
        return write(claimed)

    with FaultySmtp() as server:
        make_deliverer(database, server, clock, render=render).deliver()
    assert len(written) == 1
    assert server.accepted == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (DeliveryRefused("Zoom gave no personal link"), "Zoom gave no personal link"),
        (KeyError("ana@example.org"), "the message cannot be written (KeyError)"),
    ],
)
def test_a_message_that_cannot_be_written_fails_alone(
    database: Database, clock: SteppedClock, error: Exception, reason: str
) -> None:
    world = make_world(database, clock(), 3)
    world.plan(0, 1, 2, now=clock())

    def render(claimed: ClaimedMessage) -> PlainMessage:
        if claimed.key.registrant_row == world.rows[1]:
            raise error
        return write(claimed)

    with FaultySmtp() as server:
        report = make_deliverer(database, server, clock, render=render).deliver()
    assert report.counts == {SENT: 2, FAILED: 1}
    assert world.entries()[1].reason == reason


def test_a_broken_template_keeps_its_messages_and_tells_once(database: Database, clock: SteppedClock) -> None:
    world = make_world(database, clock(), 2)
    world.plan(0, 1, now=clock())
    world.plan(0, 1, now=clock(), kind="welcome")

    def render(claimed: ClaimedMessage) -> PlainMessage:
        if claimed.key.kind == "welcome":
            raise TemplateBroken(BROKEN)
        return write(claimed)

    with FaultySmtp() as server:
        report = make_deliverer(database, server, clock, render=render).deliver()
    assert report.counts == {SENT: 2, PENDING: 2}
    assert report.alarms == [BROKEN_ALARM]
    assert {entry.kind for entry in world.entries() if entry.state is PENDING} == {"welcome"}


@pytest.mark.parametrize("connections", [1, 3])
def test_behind_many_messages_of_a_broken_template_the_other_mail_goes_out(
    database: Database, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch, connections: int
) -> None:
    monkeypatch.setattr(delivery, "LIST_AT_MOST", 10)
    world = make_world(database, clock(), 150)
    world.plan(*range(150), now=clock(), kind="welcome")
    other = make_event(slug="otro", zoom=ZoomPart(meeting_id="5"))
    people = [make_registrant(number, meeting_id="5") for number in range(5)]
    later = make_world(database, clock(), people, event=other)
    later.plan(*range(5), now=clock(), session="s2", kind="welcome")
    tried: list[int] = []

    def render(claimed: ClaimedMessage) -> PlainMessage:
        if claimed.event_id == world.event_id:
            tried.append(claimed.id)
            raise TemplateBroken(BROKEN)
        return write(claimed)

    with FaultySmtp() as server:
        report = make_deliverer(database, server, clock, render=render, connections=connections).deliver()
    assert report.counts[SENT] == len(server.accepted) == 5
    assert report.alarms == [BROKEN_ALARM]
    assert len(tried) == len(set(tried)) < 100  # the rest is not even claimed
    entries = [entry for entry in world.entries() if entry.event != "otro"]
    assert [(entry.state, entry.attempts) for entry in entries] == [(PENDING, 0)] * 150


def test_a_template_that_fails_for_some_people_is_tried_for_all(
    database: Database, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "LIST_AT_MOST", 10)
    world = make_world(database, clock(), 90)
    world.plan(*range(90), now=clock())

    def render(claimed: ClaimedMessage) -> PlainMessage:
        if claimed.id % 3:
            raise TemplateBroken(BROKEN)
        return write(claimed)

    with FaultySmtp() as server:
        report = make_deliverer(database, server, clock, render=render).deliver()
    assert report.counts == {SENT: 30, PENDING: 60}


# ----------------------------------------------------------------------------------------------------------------- caps


def test_a_cap_is_kept_over_all_runs(database: Database, clock: SteppedClock) -> None:
    world = make_world(database, clock(), 5)
    world.plan(*range(5), now=clock())
    with FaultySmtp() as server:
        start = clock()
        report = make_deliverer(database, server, clock, caps=Caps(per_minute=2)).deliver()
        assert (report.counts, report.full_until) == ({SENT: 2}, start + MINUTE)
        clock.advance(MINUTE - timedelta(seconds=1))
        assert make_deliverer(database, server, clock, caps=Caps(per_minute=2)).deliver().messages == []
        clock.advance(timedelta(seconds=1))
        assert make_deliverer(database, server, clock, caps=Caps(per_minute=2)).deliver().counts == {SENT: 2}
    assert world.states().count(PENDING) == 1


def test_the_tightest_cap_holds(database: Database, clock: SteppedClock) -> None:
    world = make_world(database, clock(), 5)
    world.plan(*range(5), now=clock())
    caps = Caps(per_minute=2, per_hour=3, per_day=4)
    start, sent = clock(), []
    with FaultySmtp() as server:
        for wait in (timedelta(0), MINUTE, timedelta(hours=1), timedelta(days=1)):
            clock.move_to(start + wait)
            sent.append(len(make_deliverer(database, server, clock, caps=caps).deliver().messages))
    assert sent == [2, 1, 1, 0]  # the last: too late by then


def test_with_patience_a_run_waits_for_room(database: Database, clock: SteppedClock) -> None:
    world = make_world(database, clock(), 5)
    world.plan(*range(5), now=clock())
    start = clock()

    def sleep(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))

    with FaultySmtp() as server:
        report = make_deliverer(
            database, server, clock, caps=Caps(per_minute=2), patience=timedelta(minutes=5), sleep=sleep, connections=2
        ).deliver()
    assert report.counts == {SENT: 5}
    assert timedelta(minutes=2) <= clock() - start < timedelta(minutes=3)


def test_two_daemons_share_a_cap(database: Database, clock: SteppedClock) -> None:
    world = make_world(database, clock(), 30)
    world.plan(*range(30), now=clock())
    second = Database(database.url)
    with FaultySmtp() as server:
        threads = [
            threading.Thread(target=make_deliverer(one, server, clock, connections=3, caps=Caps(per_hour=11)).deliver)
            for one in (database, second)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    second.close()
    assert len(server.accepted) <= 11
    assert world.states().count(SENT) == len(server.accepted)


# ------------------------------------------------------------------------------------------------ stops and crashes


def test_a_stop_finishes_the_message_in_hand_and_gives_the_rest_back(database: Database, clock: SteppedClock) -> None:
    world = make_world(database, clock(), 10)
    world.plan(*range(10), now=clock())
    stop = threading.Event()

    def render(claimed: ClaimedMessage) -> PlainMessage:
        if claimed.id == world.entries()[2].id:
            stop.set()
        return write(claimed)

    with FaultySmtp() as server:
        report = make_deliverer(database, server, clock, render=render).deliver(stop=stop)
    assert report.counts == {SENT: 3}
    assert world.states() == [SENT] * 3 + [PENDING] * 7


def test_ctrl_c_finishes_the_message_in_hand_and_gives_the_rest_back(database: Database, clock: SteppedClock) -> None:
    world = make_world(database, clock(), 5)
    world.plan(*range(5), now=clock())
    rows = [entry.id for entry in world.entries()]

    def render(claimed: ClaimedMessage) -> PlainMessage:
        if claimed.id == rows[2]:
            signal.raise_signal(signal.SIGINT)
            time.sleep(0.3)  # the thread that waits for this one has heard of it by then
        return write(claimed)

    with FaultySmtp() as server, pytest.raises(KeyboardInterrupt):
        make_deliverer(database, server, clock, render=render).deliver()
    assert list(accepted(server)) == rows[:3]
    assert world.states() == [SENT] * 3 + [PENDING] * 2


def test_a_stop_does_not_wait_for_ever_for_an_answer(
    database: Database, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "GRACE_S", 0.2)
    world = make_world(database, clock(), 2)
    world.plan(0, 1, now=clock())
    stop = threading.Event()
    with FaultySmtp(BODY=HANG) as server:

        def stop_when_the_body_is_out() -> None:
            while not server.received:
                time.sleep(0.01)
            stop.set()

        threading.Thread(target=stop_when_the_body_is_out).start()
        begun = time.monotonic()
        make_deliverer(database, server, clock).deliver(stop=stop)
        assert time.monotonic() - begun < 5
        assert sorted(world.states()) == [IN_DOUBT, PENDING]
    for thread in threading.enumerate():
        if thread.name.startswith("mail "):
            thread.join(5)
    assert sorted(world.states()) == [IN_DOUBT, PENDING]


def test_what_a_dead_process_of_this_host_left_is_taken_back_at_once(database: Database, clock: SteppedClock) -> None:
    world = make_world(database, clock(), 2)
    world.plan(0, 1, now=clock())
    dead = delivery.new_owner().split("/")
    owner = f"{dead[0]}/{2**22 + 1}/{dead[2]}"  # beyond the largest process id

    def die(db: Any) -> None:
        ids = outbox.due(db, clock(), limit=2, resend=True)
        first, _ = outbox.claim(db, ids, owner, now=clock(), lease_now=clock(), lease=timedelta(minutes=5), resend=True)
        assert outbox.mark_transmitting(db, first, message_id="<m>", body_hash="", now=clock(), lease_now=clock())

    database.write(die)
    with FaultySmtp() as server:
        report = make_deliverer(database, server, clock).deliver()
    assert report.recovered == outbox.Recovered(freed=1, in_doubt=1)
    assert sorted(world.states()) == [IN_DOUBT, SENT]


def test_what_a_predecessor_with_the_same_process_id_left_is_taken_back_at_once(
    database: Database, clock: SteppedClock
) -> None:
    # In a container every start of the daemon is process 1.
    world = make_world(database, clock(), 2)
    world.plan(0, 1, now=clock())
    predecessor = delivery.new_owner().rpartition("/")[0] + "/0123abcd"

    def die(db: Any) -> None:
        ids = outbox.due(db, clock(), limit=2, resend=True)
        outbox.claim(db, ids, predecessor, now=clock(), lease_now=clock(), lease=timedelta(minutes=5), resend=True)

    database.write(die)
    with FaultySmtp() as server:
        report = make_deliverer(database, server, clock).deliver()
    assert report.recovered == outbox.Recovered(freed=2, in_doubt=0)
    assert world.states() == [SENT, SENT]


def test_without_the_mark_no_body_goes_out(
    database: Database, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(database, clock(), 3)
    world.plan(0, 1, 2, now=clock())

    def refuse(*_: Any, **__: Any) -> bool:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patched, FaultySmtp() as server:
        patched.setattr(outbox, "mark_transmitting", refuse)
        with pytest.raises(StoreError, match="disk is full"):
            make_deliverer(database, server, clock).deliver()
        assert server.received == []
    assert world.states() == [PENDING] * 3


def test_that_a_message_was_taken_is_written_down_as_soon_as_the_database_allows(
    database: Database, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(database, clock(), 2)
    world.plan(0, 1, now=clock())
    record, refusals, pauses = outbox.record, iter(range(4)), []

    def locked(*values: Any, **named: Any) -> bool:
        if next(refusals, None) is not None:
            raise StoreError("locked")
        return record(*values, **named)

    monkeypatch.setattr(outbox, "record", locked)
    with FaultySmtp() as server:
        report = make_deliverer(database, server, clock, sleep=pauses.append).deliver()
    assert report.counts == {SENT: 2}
    assert pauses == [0.1, 0.2, 0.4, 0.8]
    assert set(accepted(server).values()) == {1}
    assert world.states() == [SENT] * 2


def test_a_slow_message_keeps_its_lease(
    database: Database, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "EXTEND_EVERY_S", 0.01)
    world = make_world(database, clock())
    world.plan(0, now=clock())

    def lease_until() -> Any:
        with database.read() as db:
            return db.scalar(text("SELECT lease_until FROM outbox"))

    def render(claimed: ClaimedMessage) -> PlainMessage:
        for _ in range(3):
            before = lease_until()
            clock.advance(4 * MINUTE)
            give_up_at = time.monotonic() + 10
            while lease_until() == before and time.monotonic() < give_up_at:
                time.sleep(0.005)
        return write(claimed)

    with FaultySmtp() as server:
        assert make_deliverer(database, server, clock, render=render).deliver().counts == {SENT: 1}
    assert world.states() == [SENT]


def test_messages_of_several_events_go_by_the_earliest_session(database: Database, clock: SteppedClock) -> None:
    later = make_world(database, clock())
    event = make_event(slug="sooner", zoom=ZoomPart(meeting_id="5"))
    person = make_registrant(1, meeting_id="5")
    sooner = make_world(database, clock(), [person], event=event)
    database.write(lambda db: db.execute(
        text("UPDATE session SET starts_at = :at WHERE event_id = :id").bindparams(at=_stored(database, clock())),
        {"id": sooner.event_id},
    ))  # fmt: skip
    later.plan(0, now=clock() - MINUTE)
    sooner.plan(0, now=clock())
    with FaultySmtp() as server:
        report = make_deliverer(database, server, clock).deliver()
    assert [one.message.event_id for one in report.messages] == [sooner.event_id, later.event_id]


def _stored(database: Database, moment: datetime) -> Any:
    return moment.isoformat(timespec="microseconds") if database.dialect == "sqlite" else moment
