"""The report `overview`, attendance, and answers counted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.builders import SESSION_1, make_registrant, utc
from tests.outbox_world import World, make_world
from tests.reports.reading import as_csv, as_json, as_table, wanted
from zoomsync.domain.attendance import AttendanceRecord, AttendanceState, Participant
from zoomsync.domain.records import Registrant, RegistrantStatus
from zoomsync.jobs.reports import UnknownQuestion
from zoomsync.store import attendance
from zoomsync.store.schema import Database

AFTER = utc(2023, 3, 9)


@pytest.fixture
def database(sqlite_url: str) -> Database:
    return Database(sqlite_url)


def people(*departments: str, **changes: Any) -> list[Registrant]:
    return [
        make_registrant(number, answers=(("Departamento", one),) if one else (), **changes)
        for number, one in enumerate(departments, start=1)
    ]


def attend(world: World, *minutes: int | None, strangers: int = 0, state: str = "ready") -> None:
    """Who came to the first session, by the place of the person, and for how long."""
    came = [
        Participant("81234567890", "uuid", f"P{place}", SESSION_1, SESSION_1 + timedelta(minutes=stay),
                    user_id=str(place), registrant_id=f"r{place:06d}")
        for place, stay in enumerate(minutes, start=1)
        if stay is not None
    ]  # fmt: skip
    came += [
        Participant("81234567890", "uuid", f"X{one}", SESSION_1, SESSION_1 + timedelta(minutes=60), user_id=f"x{one}")
        for one in range(strangers)
    ]

    def save(db: Any) -> None:
        attendance.replace_instance(db, world.event_id, "81234567890", "uuid", came)
        record = AttendanceRecord("s1", AttendanceState(state), looked_at=AFTER, ready_at=AFTER)
        attendance.save_record(db, world.event_id, record)

    world.database.write(save)


def test_the_funnel_goes_from_registered_to_attended(database: Database, now: datetime) -> None:
    registrants = [*people("Petén", "Petén", "Petén"), make_registrant(4, status=RegistrantStatus.PENDING)]
    world = make_world(database, now, registrants)
    world.plan(0, 1, now=now)
    world._execute("UPDATE outbox SET state = 'sent' WHERE registrant_row = :id", id=world.rows[0])
    (row,) = as_json(database, wanted("overview"), now)["rows"]
    assert [row[name] for name in ("registered", "approved", "reminded", "attended")] == [4, 3, 1, None]
    assert row["by_status"] == {"pending": 1, "approved": 3}
    attend(world, 300, 20, strangers=1)
    (row,) = as_json(database, wanted("overview"), AFTER)["rows"]
    assert row["attended"] == 1  # twenty minutes of five hours are not enough
    session = row["sessions"][0]
    counts = {name: session[name] for name in ("identified", "present", "absent", "unmatched", "minutes")}
    assert counts == {"identified": 2, "present": 1, "absent": 1, "unmatched": 1, "minutes": 160}
    (row,) = as_json(database, wanted("overview", minimum=0.05), AFTER)["rows"]
    assert row["attended"] == 2


def test_attendance_that_zoom_has_not_worked_out_is_not_called_nobody(database: Database, now: datetime) -> None:
    world = make_world(database, now, 2)
    attend(world, state="not_ready")
    (row,) = as_json(database, wanted("overview"), AFTER)["rows"]
    assert row["attended"] is None


def test_an_overview_counts_days_of_the_events_zone_with_the_empty_ones(database: Database, now: datetime) -> None:
    late_evening = utc(2023, 2, 25, 5, 59)  # still the 24th in Guatemala
    make_world(database, now, [make_registrant(1, registered_at=late_evening), make_registrant(2, registered_at=now)])
    (row,) = as_json(database, wanted("overview"), now)["rows"]
    assert [(one["day"], one["registered"]) for one in row["by_day"]] == [
        ("2023-02-24", 1), ("2023-02-25", 0), ("2023-02-26", 0), ("2023-02-27", 0), ("2023-02-28", 1),
    ]  # fmt: skip


def test_the_overview_is_a_table_a_csv_and_says_what_needs_a_person(database: Database, now: datetime) -> None:
    make_world(database, now, people("Petén", "Petén"))
    lines = as_table(database, wanted("overview"), now + timedelta(hours=1), 80)
    assert ["Inscripciones", "2"] in [line.split() for line in lines]
    assert "La última sincronización se interrumpió." in lines
    rows = as_csv(database, wanted("overview"), now)
    figures = {row["figure"]: row["value"] for row in rows if row["part"] == "figures"}
    assert figures["registered"] == "2"
    assert figures["deadline"] == "2023-03-05 23:59:00"
    (row,) = as_json(database, wanted("overview"), now)["rows"]
    assert row["registration"]["closes_at"] == "2023-03-06T06:00:00Z"
    answers = {
        row["item"]: row["value"] for row in rows if row["part"] == "by_answer" and row["figure"] == "registered"
    }
    assert answers == {"Departamento / Petén": "2"}


# ----------------------------------------------------------------------------------------------------------- attendance


def test_attendance_tells_who_came_and_how_they_were_known(database: Database, now: datetime) -> None:
    world = make_world(database, now, 2)
    attend(world, 240, None, strangers=1)
    document = as_json(database, wanted("attendance"), AFTER)
    first, stranger, absent = document["rows"]
    assert first == {
        "event": "justicia-abierta-2023",
        "session": "Sesión 1",
        "registrant_id": "r000001",
        "email": "persona1@example.org",
        "name": "María López 1",
        "matched_by": "registrant_id",
        "by_hand": False,
        "minutes": 240,
        "share": 0.8,
        "present": True,
    }
    assert (stranger["registrant_id"], stranger["matched_by"], stranger["present"]) == (None, None, False)
    assert (absent["registrant_id"], absent["matched_by"], absent["minutes"]) == ("r000002", None, 0)
    assert document["totals"] == {"identified": 1, "present": 1, "absent": 1, "unmatched": 1}
    text = str(as_json(database, wanted("attendance", anonymous=True), AFTER))
    assert not any(secret in text for secret in ("persona", "María", "X0", "r00000"))


# -------------------------------------------------------------------------------------------------------------- groups


def test_answers_are_counted_whatever_their_case_and_accents(database: Database, now: datetime) -> None:
    make_world(database, now, people("Petén", "PETEN", "petén ", "Petén", "Quiché", ""))
    rows = as_json(database, wanted("registrants", group_by="departamento"), now)["rows"]
    assert [(row["answer"], row["group"], row["registered"]) for row in rows] == [
        ("Petén", "", 4),
        ("Quiché", "", 1),
        (None, "no_answer", 1),
    ]


def test_anonymous_groups_under_five_cannot_be_told_nor_reckoned(database: Database, now: datetime) -> None:
    world = make_world(database, now, people(*["Petén"] * 9, *["Quiché"] * 6, *["Zacapa"] * 2))
    attend(world, 300)
    asked = wanted("overview", group_by="Departamento", anonymous=True)
    (row,) = as_json(database, asked, AFTER)["rows"]
    (counts,) = row["by_answer"]
    # Two of Zacapa alone would be what is left of the total: the next group goes with them.
    assert [(one["label"], one["registered"]) for one in counts["groups"]] == [("Petén", 9)]
    assert (counts["others"]["registered"], counts["hidden"]) == (8, True)


def test_a_question_that_nobody_answered_is_refused_with_those_there_are(database: Database, now: datetime) -> None:
    make_world(database, now, people("Petén"))
    with pytest.raises(UnknownQuestion) as error:
        as_json(database, wanted("registrants", group_by="Sexo"), now)
    assert error.value.known == ["city", "phone", "Departamento"]
