"""Announcements, bounces and what waits, as an organiser's commands ask for them; on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.builders import SESSION_1, make_registrant
from tests.outbox_world import make_world
from zoomsync.domain.announcing import Candidate
from zoomsync.domain.calls import ANNOUNCE
from zoomsync.domain.records import OutboxState, RegistrantStatus
from zoomsync.store import announcements, bounces, events, outbox, reading
from zoomsync.store.announcements import StoredText
from zoomsync.store.schema import Database

APPROVED = RegistrantStatus.APPROVED
WORDS = StoredText("Cambio", "Hola\n\n- ñ")


def test_an_announcement_keeps_its_words_and_knows_who_has_it(database: Database, now: datetime) -> None:
    world = make_world(database, now, 3)
    event_id = world.event_id

    def save(important: bool) -> None:
        database.write(
            lambda db: announcements.save_announcement(
                db, event_id, "a1", WORDS, important=important, now=now, actor="cli"
            )
        )

    save(False)
    database.write(lambda db: events.opt_out(db, event_id, "persona2@example.org", now=now, via="link"))
    database.write(lambda db: bounces.write_bounce(db, "persona3@example.org", now=now, actor="cli"))
    world.plan(0, 1, now=now, session="", kind=ANNOUNCE, occasion="a1")
    with database.read() as db:
        assert announcements.announcement_text(db, event_id, "a1") == WORDS
        assert announcements.announcement_text(db, event_id, "a2") is None
        assert announcements.candidates(db, event_id) == [
            Candidate(world.rows[0], "persona1@example.org", APPROVED, False, False),
            Candidate(world.rows[1], "persona2@example.org", APPROVED, True, False),
            Candidate(world.rows[2], "persona3@example.org", APPROVED, False, True),
        ]
        assert announcements.addresses_that_have(db, event_id, "a1") == {"persona1@example.org", "persona2@example.org"}
        assert announcements.how_they_stand(db, event_id, "a1") == [OutboxState.PENDING] * 2
        assert len(outbox.due(db, now, limit=9, resend=True)) == 1, "not to who wants no reminders"
    save(True)
    save(False)
    with database.read() as db:
        assert len(outbox.due(db, now, limit=9, resend=True)) == 2, "what is important stays so"


def test_what_waits_is_counted_without_whom_mail_came_back_from(database: Database, now: datetime) -> None:
    world = make_world(database, now, [make_registrant(1), make_registrant(2), make_registrant(3, email="a@gmial.com")])
    world.plan(0, 1, 2, now=now, expires_at=SESSION_1)
    world.plan(0, now=now + timedelta(hours=1), session="", kind=ANNOUNCE, occasion="a1", expires_at=SESSION_1)
    database.write(lambda db: bounces.write_bounce(db, "persona2@example.org", now=now, actor="cli"))
    event_id = world.event_id
    with database.read() as db:
        first, other = sorted(reading.batches_waiting(db, event_id, "e", now), key=lambda one: one.due_at)
        assert (first.session, first.kind, first.count, first.starts_at) == ("Sesión 1", "before:1h", 2, SESSION_1)
        assert (other.session, other.kind, other.count, other.starts_at) == ("", ANNOUNCE, 1, SESSION_1)
        assert reading.due_now(db, event_id, now) == 2
        assert reading.next_mail_at(db, event_id) == now
        assert reading.bounced_in_use(db, event_id) == 1
        assert reading.events_of_address(db, "persona2@example.org") == ["justicia-abierta-2023"]
        assert reading.waiting_for_address(db, "persona2@example.org") == 1
        assert reading.addresses_in_use(db, event_id, elsewhere_than=["example.org"]) == ["a@gmial.com"]
        assert reading.which_are_in_use(db, event_id, ["a@gmial.com", "a@gmail.com"]) == {"a@gmial.com"}
        assert reading.handed_over_since(db, now - timedelta(days=1), now) == []
        (told,) = bounces.bounces(db)
        assert (told.email, told.events) == ("persona2@example.org", ("justicia-abierta-2023",))
