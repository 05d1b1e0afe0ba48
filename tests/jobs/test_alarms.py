"""Alarms told: once each, also across restarts, and again only when they are over; and the mail that tells them."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from tests.builders import make_event
from tests.outbox_world import World, make_world
from zoomsync.domain.alarms import AlarmKey
from zoomsync.domain.records import EventStatus
from zoomsync.jobs.alarms import sweep_alarms
from zoomsync.mail.alarm import alarm_mail
from zoomsync.mail.headers import mailbox
from zoomsync.store.schema import Database

MINUTE = timedelta(minutes=1)
EVENT = make_event()


class Person:
    """Hears of alarms, or cannot be reached."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, list[str], list[str]]] = []
        self.reachable = True

    def tell(self, to: str, raised: Sequence[str], over: Sequence[str]) -> bool:
        if self.reachable:
            self.heard.append((to, list(raised), list(over)))
        return self.reachable


@pytest.fixture
def world(database: Database, now: datetime) -> World:
    return make_world(database, now, people=1)


@pytest.fixture
def person() -> Person:
    return Person()


def sweep(world: World, person: Person, now: datetime, *, others: dict[AlarmKey, str] | None = None, **changes) -> bool:
    return sweep_alarms(
        [make_event(**changes)],
        database=world.database,
        now=now,
        others=others or {},
        recipient_of=lambda slug: "info@redciudadana.org.gt",
        tell=person.tell,
    )


def lose_link(world: World, link: str = "") -> None:
    world.set_link(0, link)


def test_an_alarm_is_told_once_and_its_end_once(world: World, person: Person, now: datetime) -> None:
    assert not sweep(world, person, now)
    lose_link(world)
    for minutes in (1, 2, 3):
        assert sweep(world, person, now + minutes * MINUTE)
    ((to, raised, over),) = person.heard
    assert (to, over) == ("info@redciudadana.org.gt", [])
    assert "1 approved registrant:" in raised[0]
    assert raised[0].startswith(f"{EVENT.slug}: Zoom gave no personal link")

    lose_link(world, "https://us06web.zoom.us/w/8?tk=x")
    for minutes in (4, 5):
        assert not sweep(world, person, now + minutes * MINUTE)
    assert person.heard[1:] == [("info@redciudadana.org.gt", [], raised)]


def test_what_could_not_be_told_is_told_later(world: World, person: Person, now: datetime) -> None:
    lose_link(world)
    person.reachable = False
    assert sweep(world, person, now)
    person.reachable = True
    sweep(world, person, now + MINUTE)
    assert len(person.heard) == 1


def test_what_was_over_before_anybody_heard_of_it_is_not_told_at_all(
    world: World, person: Person, now: datetime
) -> None:
    lose_link(world)
    person.reachable = False
    sweep(world, person, now)
    lose_link(world, "https://us06web.zoom.us/w/8?tk=x")
    person.reachable = True
    sweep(world, person, now + MINUTE)
    assert person.heard == []


def test_one_that_comes_back_before_its_end_was_told_stands_as_before(
    world: World, person: Person, now: datetime
) -> None:
    lose_link(world)
    sweep(world, person, now)
    lose_link(world, "https://us06web.zoom.us/w/8?tk=x")
    person.reachable = False
    sweep(world, person, now + MINUTE)
    lose_link(world)
    person.reachable = True
    sweep(world, person, now + 2 * MINUTE)
    assert len(person.heard) == 1


def test_trouble_that_no_database_knows_of_is_told_too(world: World, person: Person, now: datetime) -> None:
    refused = {AlarmKey("", "mail"): "the mail server refuses us at login"}
    assert sweep(world, person, now, others=refused)
    assert person.heard[0][1] == ["the mail server refuses us at login"]


@pytest.mark.parametrize("status", [EventStatus.DRAFT, EventStatus.CANCELLED])
def test_of_an_event_that_is_not_active_nothing_is_told(
    world: World, person: Person, now: datetime, status: EventStatus
) -> None:
    lose_link(world)
    world.set_event_status(status.value)
    assert not sweep(world, person, now, status=status)


def test_a_database_that_was_opened_anew_remembers_what_was_told(world: World, person: Person, now: datetime) -> None:
    lose_link(world)
    sweep(world, person, now)
    again = Database(world.database.url)
    with again.read() as db:
        assert [row[0] for row in db.execute(text("SELECT what FROM alarm WHERE told_at IS NOT NULL"))] == [
            "without_link"
        ]
    again.close()


def test_the_mail_says_what_is_new_and_what_is_over_and_is_one_message(now: datetime) -> None:
    sender = mailbox("info@redciudadana.org.gt", "Red Ciudadana")
    sent = alarm_mail(
        sender,
        "admin@example.org",
        ["encuentro: registration is NOT CLOSED\r\nBcc: x@y.test =?utf-8?q?x=0d=0aBcc:_e@x.test?= <b>"],
        ["encuentro: 2 messages are overdue"],
        installation="abc",
        now=now,
    )
    message = email.message_from_bytes(sent.data, policy=email.policy.default)
    assert message["To"] == "admin@example.org"
    assert message["Bcc"] is None
    assert str(message["Subject"]).startswith("zoomsync: encuentro: registration is NOT CLOSED")
    assert message["Auto-Submitted"] == "auto-generated"
    body = message.get_body(("plain",)).get_content()
    assert "This needs a person:" in body
    assert "This is over:" in body
    assert "<b>" not in message.get_body(("html",)).get_content().replace("&lt;b&gt;", "")
