"""Who is erased is nowhere any more: in no table, and in no byte of the file. What was counted stays counted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import LargeBinary, String, select, text
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

from tests.builders import MEETING_ID, make_meeting, make_registrant
from tests.outbox_world import World, make_world
from zoomsync.domain.alarms import AlarmChanges, AlarmKey
from zoomsync.domain.attendance import AttendanceRecord, Participant
from zoomsync.domain.delivery import decide
from zoomsync.domain.reconcile import RegistrantChanges, Update
from zoomsync.domain.records import (
    ListedRegistrant,
    OutboxState,
    Outcome,
    OutcomeKind,
    RegistrantStatus,
    RunState,
    Stage,
    SyncRun,
)
from zoomsync.store import (
    alarms,
    attendance,
    bounces,
    copying,
    events,
    outbox,
    persons,
    privacy,
    reading,
    registrants,
    registration,
)
from zoomsync.store.privacy import COLUMNS, Holds
from zoomsync.store.schema import Database
from zoomsync.store.tables import CertificateRow, JsonText

CANARY = "Xochiquetzalli"
EMAIL = "xochiquetzalli@example.org"
FORMER = "antes.xochiquetzalli@example.org"
PERSON = make_registrant(
    1,
    email=EMAIL,
    first_name=CANARY,
    last_name="Xochiquetzallopan",
    join_url="https://us06web.zoom.us/w/81234567890?tk=Xochiquetzallink",
    details=(("city", "Xochiquetzallan"), ("phone", "+502 5555 9876")),
    answers=(("¿Por qué?", "Porque Xochiquetzalli quiere"),),
)
SHOWN = ("xochiquetzal", "5555 9876")  # of all of this, in lower case
OTHER = make_registrant(2)
HOUR = timedelta(hours=1)


def full_world(database: Database, now: datetime) -> World:
    """Two people, and the one in every place where a person can come to stand."""
    world = make_world(database, now, [PERSON, OTHER])
    words = f"550 5.1.1 <{EMAIL}>: no such user {CANARY} Xochiquetzallopan"
    database.write(lambda db: fill(db, world, words, now))
    world.plan(0, now=now)
    world.plan(0, 1, now=now, kind="before:1d 17:00", due_at=now + HOUR)
    refuse(world, now, words)
    return world


def fill(db: Any, world: World, words: str, now: datetime) -> None:
    event_id = world.event_id
    registrants.audit_added(db, event_id, run_id=1, above=0, now=now)
    events.save_meeting(db, event_id, make_meeting(), now)
    db.execute(text("UPDATE meeting SET error = :words"), {"words": words})
    change = RegistrantChanges(updated=(Update(PERSON._replace(email=FORMER), PERSON),))
    known = dict(registrants.known_registrants(db, event_id))
    listed = {PERSON.key: ListedRegistrant(b"1" * 16, "approved", b"{}")}
    registrants.apply_changes(db, event_id, change, known, listed, run_id=1, now=now)
    failed = SyncRun("", RunState.FAILED, now, finished_at=now, error=words)
    registrants.end_run(db, registrants.begin_run(db, event_id, now=now), failed)
    put_off = registration.PutOff(now, now + HOUR, words)
    registration.write_put_off(db, event_id, MEETING_ID, "approve", put_off, actor="sync")
    events.opt_out(db, event_id, EMAIL, now=now, via="link")
    bounces.write_bounce(db, EMAIL, now=now, actor="command")
    took_part = [
        Participant(MEETING_ID, "i", name, now + at, now + at + HOUR, user_id=str(at), email=email, registrant_id=known)
        for at, name, email, known in (
            (0 * HOUR, CANARY, "", PERSON.registrant_id),
            (1 * HOUR, "Xochi", EMAIL, ""),
            (2 * HOUR, "La Xochiquetzal", "", ""),
            (3 * HOUR, f"{CANARY} xochiquetzallopan", "", ""),
            (4 * HOUR, "Nadie", "", ""),
        )
    ]
    attendance.replace_instance(db, event_id, MEETING_ID, "i", took_part)
    attendance.save_match(db, event_id, "La Xochiquetzal", EMAIL, now=now, actor="command")
    attendance.save_record(db, event_id, AttendanceRecord("s1", error=words))
    certificate = {
        "code": "7K3M9QWX2TBD",
        "event_id": event_id,
        "registrant_row": world.rows[0],
        "email": EMAIL,
        "name_key": "xochiquetzalli",
        "name": CANARY,
        "event_title": "Encuentro",
        "dates": ["2023-03-07"],
        "attended_s": 1,
        "scheduled_s": 1,
        "issued_at": now,
    }
    db.add(CertificateRow(**certificate))
    raised = {AlarmKey("", "mail"): words, AlarmKey("justicia-abierta-2023", "registration"): words}
    alarms.write_changes(db, AlarmChanges(raised, ()), now)


def refuse(world: World, now: datetime, words: str) -> None:
    """The mail server refuses the person's first message, in words that name them."""
    database = world.database
    database.write(lambda db: events.undo_opt_out(db, world.event_id, EMAIL))
    database.write(lambda db: bounces.undo_bounce(db, EMAIL, now=now, actor="command"))

    def claim(db: Any) -> list[outbox.ClaimedMessage]:
        ids = outbox.due(db, now, limit=1, resend=True)
        return outbox.claim(db, ids, "me", now=now, lease_now=now, lease=timedelta(minutes=5), resend=True)

    (claimed,) = database.write(claim)
    outcome = Outcome(OutcomeKind.REFUSED, Stage.RCPT, 550, words)
    mark = {"message_id": "<a@b>", "body_hash": "h" * 64, "now": now, "lease_now": now}
    assert database.write(lambda db: outbox.mark_transmitting(db, claimed, **mark))
    database.write(lambda db: outbox.record(db, claimed, outcome, decide(claimed, outcome, now), now=now, at=now))
    database.write(lambda db: events.opt_out(db, world.event_id, EMAIL, now=now, via="link"))
    database.write(lambda db: bounces.write_bounce(db, EMAIL, now=now, actor="command"))


def forget(world: World, now: datetime) -> privacy.Erased:
    def erase(db: Any) -> privacy.Erased:
        rows = persons.rows_of(db, EMAIL)
        return privacy.erase_person(db, rows, EMAIL, [f"{CANARY} Xochiquetzallopan", PERSON.join_url], now)

    erased = world.database.write(erase)
    assert world.database.clear_freed()
    return erased


def erase_event(database: Database, event_id: int, now: datetime) -> privacy.Erased:
    erased = database.write(lambda db: privacy.erase_around(db, event_id, now))
    while some := database.write(lambda db: privacy.erase_some(db, event_id, now, 1)):
        erased.add(some)
    return erased


def dump(database: Database) -> dict[str, list[str]]:
    """Every row of every table as text."""
    with database.read() as db:
        return {
            table.name: [" ".join(map(str, row)) for row in db.execute(select(table))]
            for table in SQLModel.metadata.sorted_tables
        }


def places(database: Database) -> list[str]:
    """Where anything of the person stands: tables, and the bytes of SQLite's files."""
    found = [name for name, rows in dump(database).items() for row in rows if any(one in row.lower() for one in SHOWN)]
    if database.file:
        for file in database.file.parent.glob(f"{database.file.name}*"):
            data = file.read_bytes().lower()
            found += [file.name for one in SHOWN if one.encode() in data]
    return found


# ---------------------------------------------------------------------------------------------------------- the guard


def test_of_every_column_with_text_it_is_known_what_it_may_hold() -> None:
    with_text = {
        (table.name, column.name)
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, String | AutoString | JsonText | LargeBinary)
    }
    known = {(table, column) for table, columns in COLUMNS.items() for column in columns}
    assert known == with_text, "store/privacy.py: say in COLUMNS what a new column holds, and erase it if a person's"


def test_the_world_of_these_tests_has_the_person_in_every_column_that_may_hold_one(
    database: Database, now: datetime
) -> None:
    full_world(database, now)
    hashes = {("registrant", "digest"), ("outbox", "body_hash")}
    lacking = []
    with database.read() as db:
        for table, columns in COLUMNS.items():
            for column, holds in columns.items():
                if holds in (Holds.PERSON, Holds.WORDS) and (table, column) not in hashes:
                    texts = map(str, db.scalars(text(f"SELECT {column} FROM {table}")))
                    if not any(SHOWN[0] in one.lower() for one in texts):
                        lacking.append(f"{table}.{column}")
    assert lacking == []


# ------------------------------------------------------------------------------------------------------- one person


def test_who_is_forgotten_is_in_no_table_and_in_no_byte(database: Database, now: datetime) -> None:
    world = full_world(database, now)
    assert places(database)
    erased = forget(world, now + HOUR)
    assert places(database) == []
    assert (erased.registrations, erased.messages, erased.stopped, erased.opt_outs) == (1, 2, 1, 1)
    assert (erased.changes, erased.joinings, erased.certificates) == (5, 4, 1)


def test_others_stay_as_they_are(database: Database, now: datetime) -> None:
    world = full_world(database, now)
    forget(world, now + HOUR)
    with database.read() as db:
        other = registrants.registrants_by_row(db, [world.rows[1]])[world.rows[1]]
    assert other == OTHER
    assert [entry.state for entry in world.entries() if entry.email] == [OutboxState.PENDING]


def test_what_was_counted_stays_counted(database: Database, now: datetime) -> None:
    world = full_world(database, now)
    before = dump(database)
    forget(world, now + HOUR)
    with database.read() as db:
        assert reading.registrants_by_status(db, world.event_id) == {RegistrantStatus.APPROVED: 2}
        assert outbox.counts(db, world.event_id) == {
            OutboxState.FAILED: 1,
            OutboxState.CANCELLED: 1,
            OutboxState.PENDING: 1,
        }
        (row,) = db.execute(text("SELECT * FROM registrant WHERE erased_at IS NOT NULL")).mappings()
    assert (row["status"], row["registered_at"] is None) == ("approved", False)
    after = dump(database)
    for table in ("registrant", "audit", "outbox", "delivery_attempt", "sync_run", "participant"):
        assert len(after[table]) == len(before[table])


def test_nobody_is_found_under_the_address_afterwards(database: Database, now: datetime) -> None:
    world = full_world(database, now)
    with database.read() as db:
        assert persons.rows_of(db, EMAIL) == [(world.event_id, world.rows[0])]
    forget(world, now + HOUR)
    with database.read() as db:
        assert persons.rows_of(db, EMAIL) == []
        assert EMAIL not in persons.known_addresses(db)
    assert not forget(world, now + HOUR)


def test_an_address_that_was_theirs_before_finds_them(database: Database, now: datetime) -> None:
    world = full_world(database, now)
    with database.read() as db:
        assert persons.rows_of(db, FORMER) == [(world.event_id, world.rows[0])]


def test_an_address_in_somebody_elses_answer_is_not_theirs(database: Database, now: datetime) -> None:
    friend = make_registrant(3, answers=(("Invitado por", EMAIL),))
    world = make_world(database, now, [friend])
    database.write(lambda db: registrants.audit_added(db, world.event_id, run_id=1, above=0, now=now))
    with database.read() as db:
        assert persons.rows_of(db, EMAIL) == []


def test_nothing_goes_out_to_who_was_erased_although_it_was_claimed(database: Database, now: datetime) -> None:
    world = make_world(database, now, [PERSON])
    world.plan(0, now=now)

    def claim(db: Any) -> list[outbox.ClaimedMessage]:
        ids = outbox.due(db, now, limit=1, resend=True)
        return outbox.claim(db, ids, "me", now=now, lease_now=now, lease=timedelta(minutes=5), resend=True)

    (claimed,) = database.write(claim)
    forget(world, now)
    mark = {"message_id": "<a@b>", "body_hash": "h", "now": now, "lease_now": now}
    assert not database.write(lambda db: outbox.mark_transmitting(db, claimed, **mark))
    assert world.states() == [OutboxState.CANCELLED]


def test_the_answer_to_a_message_that_was_out_leaves_no_words(database: Database, now: datetime) -> None:
    world = make_world(database, now, [PERSON])
    world.plan(0, now=now)

    def claim(db: Any) -> list[outbox.ClaimedMessage]:
        ids = outbox.due(db, now, limit=1, resend=True)
        return outbox.claim(db, ids, "me", now=now, lease_now=now, lease=timedelta(minutes=5), resend=True)

    (claimed,) = database.write(claim)
    mark = {"message_id": "<a@b>", "body_hash": "h", "now": now, "lease_now": now}
    assert database.write(lambda db: outbox.mark_transmitting(db, claimed, **mark))
    forget(world, now)
    outcome = Outcome(OutcomeKind.REFUSED, Stage.BODY, 550, f"<{EMAIL}> is full")
    database.write(lambda db: outbox.record(db, claimed, outcome, decide(claimed, outcome, now), now=now, at=now))
    assert world.states() == [OutboxState.FAILED]
    assert places(database) == []


# ---------------------------------------------------------------------------------------------------------- an event


def test_an_event_that_was_erased_holds_nobody(database: Database, now: datetime) -> None:
    world = full_world(database, now)
    with database.read() as db:
        expected = privacy.count_event(db, world.event_id)
        assert privacy.holds_persons(db, world.event_id)
    erased = erase_event(database, world.event_id, now + HOUR)
    assert database.clear_freed()
    assert erased == expected
    assert places(database) == []
    assert not any("persona2" in row for rows in dump(database).values() for row in rows)
    with database.read() as db:
        assert not privacy.holds_persons(db, world.event_id)
        assert reading.registrants_by_status(db, world.event_id) == {RegistrantStatus.APPROVED: 2}
        assert [run.error for run in registrants.last_runs(db, world.event_id, limit=1)] == [privacy.WORDS_ERASED]


def test_a_copy_of_the_database_after_it_holds_nobody_either(database: Database, now: datetime, tmp_path: Any) -> None:
    world = full_world(database, now)
    forget(world, now + HOUR)
    copying.backup(database, tmp_path / "copy.db")
    data = (tmp_path / "copy.db").read_bytes().lower()
    assert [one for one in SHOWN if one.encode() in data] == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_bytes_are_cleared_as_soon_as_nobody_reads(database: Database, now: datetime) -> None:
    world = full_world(database, now)
    assert database.clear_freed()
    quick = Database(database.url, busy_timeout_s=0.05)
    with database.read() as db:
        db.execute(text("SELECT count(*) FROM registrant")).scalar_one()
        erase_event(quick, world.event_id, now + HOUR)
        assert not quick.clear_freed()
    assert quick.clear_freed()
    quick.close()
    assert places(database) == []
