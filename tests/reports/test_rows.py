"""The reports that are rows: who registered, what was sent, what happened."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.builders import make_event, make_registrant, utc
from tests.outbox_world import make_world
from tests.reports.reading import as_csv, as_json, as_table, as_workbook, csv_text, wanted
from zoomsync.domain.records import OutboxState, RegistrantStatus
from zoomsync.reports.columns import UnknownColumn
from zoomsync.store.schema import Database


@pytest.fixture
def database(sqlite_url: str) -> Database:
    return Database(sqlite_url)


def test_registrants_have_every_answer_as_a_column_with_a_machine_name(database: Database, now: datetime) -> None:
    people = [
        make_registrant(1, answers=(("¿En qué departamento vive?", "Petén"), ("Edad", "18 a 25"))),
        make_registrant(2, answers=(("Edad", "26 a 35"),), details=(("city", "Xela"), ("participant_pin_code", "1"))),
    ]
    make_world(database, now, people)
    first, second = as_csv(database, wanted("registrants"), now)
    assert list(first) == [
        "event", "meeting_id", "registrant_id", "email", "first_name", "last_name", "status", "registered_at",
        "join_url", "city", "phone", "answer_en_que_departamento_vive", "answer_edad", "timezone", "erased_on",
    ]  # fmt: skip
    assert (first["answer_en_que_departamento_vive"], first["phone"]) == ("Petén", "+502 5555 1234")
    assert (second["answer_en_que_departamento_vive"], second["answer_edad"]) == ("", "26 a 35")
    assert first["registered_at"] == "2023-02-24 09:01:00"  # in the event's zone
    assert (first["timezone"], first["erased_on"]) == ("America/Guatemala", "2023-06-06")


def test_registrants_as_json_have_the_documented_shape(database: Database, now: datetime) -> None:
    make_world(database, now, [make_registrant(1), make_registrant(2, status=RegistrantStatus.PENDING)])
    document = as_json(database, wanted("registrants"), now)
    assert document["report"] == "registrants"
    assert document["generated_at"] == "2023-02-28T14:00:00Z"
    assert document["events"] == ["justicia-abierta-2023"]
    assert document["erase_at"] == {"justicia-abierta-2023": "2023-06-06T19:00:00Z"}
    assert document["totals"] == {"registered": 2, "pending": 1, "approved": 1}
    assert document["rows"][0] == {
        "event": "justicia-abierta-2023",
        "meeting_id": "81234567890",
        "registrant_id": "r000001",
        "email": "persona1@example.org",
        "first_name": "María",
        "last_name": "López 1",
        "status": "approved",
        "registered_at": "2023-02-24T15:01:00Z",
        "join_url": "https://us06web.zoom.us/w/81234567890?tk=personal-1",
        "details": {"city": "Quetzaltenango", "phone": "+502 5555 1234"},
        "answers": {"Departamento": "Quetzaltenango"},
    }


def test_columns_come_as_they_were_named_and_a_wrong_name_is_refused(database: Database, now: datetime) -> None:
    make_world(database, now, [make_registrant(1)])
    asked = wanted("registrants", columns=("email", "answers", "status"))
    text = csv_text(database, asked, now, complete=False)
    assert text == "email,answer_departamento,status\r\npersona1@example.org,Quetzaltenango,approved\r\n"
    rows = as_json(database, wanted("registrants", columns=("email", "answer_departamento")), now)["rows"]
    assert rows == [{"email": "persona1@example.org", "answer_departamento": "Quetzaltenango"}]
    with pytest.raises(UnknownColumn) as error:
        as_csv(database, wanted("registrants", columns=("emial",)), now)
    assert "email" in error.value.known


def test_status_and_since_choose_registrants_and_the_totals_agree(database: Database, now: datetime) -> None:
    people = [make_registrant(number) for number in (1, 2)]
    people += [make_registrant(3, registered_at=now), make_registrant(4, status=RegistrantStatus.DENIED)]
    make_world(database, now, people)
    chosen = wanted("registrants", statuses=("approved",), since=now - timedelta(hours=1))
    document = as_json(database, chosen, now)
    assert [row["registrant_id"] for row in document["rows"]] == ["r000003"]
    assert document["totals"] == {"registered": 1, "approved": 1}


def test_reminders_say_state_time_and_the_servers_words(database: Database, now: datetime) -> None:
    world = make_world(database, now, 2)
    world.plan(0, 1, now=now)
    world._execute(
        "UPDATE outbox SET state = 'failed', reason = '550 5.1.1 unknown', attempts = 1 WHERE registrant_row = :id",
        id=world.rows[1],
    )
    world._execute(
        "INSERT INTO delivery_attempt (outbox_id, at, outcome, stage, code, words) SELECT id, due_at, 'refused', "
        "'rcpt', 550, '550 5.1.1 unknown' FROM outbox WHERE registrant_row = :id",
        id=world.rows[1],
    )
    document = as_json(database, wanted("reminders"), now)
    assert document["rows"][1] == {
        "event": "justicia-abierta-2023",
        "session": "Sesión 1",
        "registrant_id": "r000002",
        "email": "persona2@example.org",
        "kind": "before:1h",
        "state": "failed",
        "due_at": "2023-02-28T14:00:00Z",
        "sent_at": None,
        "attempts": 1,
        "in_doubt": 0,
        "reason": "550 5.1.1 unknown",
        "server": "550 5.1.1 unknown",
    }
    assert document["totals"] == {"all": 2, "pending": 1, "failed": 1}
    (sums,) = document["by_reminder"]
    assert (sums["kind"], sums["waiting"], sums["failed"], sums["all"]) == ("before:1h", 1, 1, 2)
    only = as_json(database, wanted("reminders", statuses=(OutboxState.FAILED.value,)), now)
    assert [row["state"] for row in only["rows"]] == ["failed"]
    assert only["totals"] == {"all": 1, "failed": 1}


def test_activity_tells_runs_and_changes_by_their_time(database: Database, now: datetime) -> None:
    make_world(database, now, 1)
    rows = as_json(database, wanted("activity"), now)["rows"]
    assert [(row["type"], row["change"], row["subject"]) for row in rows][:3] == [
        ("sync", "running", "event"),
        ("change", "added", "event"),
        ("change", "added", "session"),
    ]
    told = as_csv(database, wanted("activity", language="en"), now)
    assert told[2]["what"] == "Title: Sesión 1, Starts: 2023-03-07 08:00"


# ---------------------------------------------------------------------------------------------------------- anonymous


def test_anonymous_leaves_out_whatever_leads_to_a_person(database: Database, now: datetime) -> None:
    people = [
        make_registrant(
            number,
            answers=(
                ("Sexo", "Mujer" if number % 2 else "mujer "),
                ("¿Por qué le interesa?", f"Historia número {number}"),
                ("Teléfono del trabajo", "+502 5555 9999"),
                ("Rareza", "única" if number == 1 else "común"),
            ),
        )
        for number in range(1, 7)
    ]
    make_world(database, now, people)
    text = csv_text(database, wanted("registrants", anonymous=True), now)
    assert text.splitlines()[0] == (
        "event,person,status,registered_at,city,answer_sexo,answer_rareza,timezone,erased_on"
    )
    for secret in ("persona", "María", "López", "5555", "Historia", "zoom.us", "r00000", "única"):
        assert secret not in text
    sexes = [row["answer_sexo"] for row in as_csv(database, wanted("registrants", anonymous=True), now)]
    assert len(set(sexes)) == 1  # case and blanks make no other answer
    for name in ("reminders", "activity"):
        whole = csv_text(database, wanted(name, anonymous=True), now)
        assert "@" not in whole
        assert "López" not in whole


# ------------------------------------------------------------------------------------------------------------ workbooks


def test_a_workbook_has_a_sheet_a_part_with_typed_cells(database: Database, now: datetime) -> None:
    world = make_world(database, now, [make_registrant(1), make_registrant(2, last_name="")])
    world.plan(0, now=now)
    book = as_workbook(database, wanted("registrants"), now)
    assert book.sheetnames == ["Inscripciones", "Acerca de"]
    sheet = book["Inscripciones"]
    headings = [cell.value for cell in sheet[1]]
    assert headings[3:8] == ["Correo", "Nombres", "Apellidos", "Estado", "Inscripción"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:L3")
    registered = sheet.cell(2, headings.index("Inscripción") + 1)
    assert (registered.value, registered.number_format) == (datetime(2023, 2, 24, 9, 1), "yyyy-mm-dd hh:mm")  # noqa: DTZ001
    assert sheet.cell(2, headings.index("Estado") + 1).value == "aprobada"
    about = {row[0].value: row[1].value for row in book["Acerca de"].iter_rows()}
    assert about["Datos personales"].endswith("los datos personales se borrarán el martes 6 de junio de 2023.")
    assert about["Aprobadas"] == 2
    mail = as_workbook(database, wanted("reminders", language="en"), now)
    assert mail.sheetnames == ["Messages", "Messages by kind", "About"]
    assert mail["Messages by kind"]["J2"].value == 1


def test_more_rows_than_a_sheet_holds_go_on_in_another(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zoomsync.reports.xlsx.ROWS_A_SHEET", 2)
    make_world(database, now, 3)
    book = as_workbook(database, wanted("registrants", columns=("email",)), now)
    assert book.sheetnames[:2] == ["Inscripciones", "Inscripciones 2"]
    assert [row[0].value for row in book["Inscripciones 2"].iter_rows()] == ["Correo", "persona3@example.org"]


# ------------------------------------------------------------------------------------------------------------- screens


@pytest.mark.parametrize("width", [40, 80, 160])
def test_a_table_is_never_wider_than_the_screen(width: int, database: Database, now: datetime) -> None:
    world = make_world(database, now, [make_registrant(1), make_registrant(2, first_name="李" * 60, last_name="")])
    world.plan(0, 1, now=now)
    from rich.cells import cell_len

    for name in ("registrants", "reminders", "activity"):
        lines = as_table(database, wanted(name), now, width)
        assert max(map(cell_len, lines)) <= width
    (total,) = [line for line in as_table(database, wanted("registrants"), now, width) if "Aprobadas: 2" in line]
    assert total.startswith("Inscripciones: 2")


def test_a_table_that_nobody_looks_at_is_not_cut(database: Database, now: datetime) -> None:
    make_world(database, now, [make_registrant(1, first_name="x" * 300)])
    assert any("x" * 300 in line for line in as_table(database, wanted("registrants"), now, None))


def test_reports_read_the_same_on_both_databases(request: pytest.FixtureRequest, now: datetime) -> None:
    documents = []
    for kind in ("sqlite_url", "postgres_url"):
        database = Database(request.getfixturevalue(kind))
        world = make_world(database, now, [make_registrant(1, registered_at=utc(2023, 2, 25, 3)), make_registrant(2)])
        world.plan(0, 1, now=now)
        documents.append([as_json(database, wanted(name), now) for name in ("registrants", "reminders", "activity")])
        database.close()
    assert documents[0] == documents[1]


def test_several_events_stand_in_one_report(database: Database, now: datetime) -> None:
    make_world(database, now, 1)
    other = make_event(slug="otro", title="Otro", timezone="America/Panama", file_text="")
    make_world(database, now, [make_registrant(9, meeting_id="999")], event=other)
    rows = as_csv(database, wanted("registrants"), now)
    assert [(row["event"], row["timezone"], row["registered_at"]) for row in rows] == [
        ("justicia-abierta-2023", "America/Guatemala", "2023-02-24 09:01:00"),
        ("otro", "America/Panama", "2023-02-24 10:09:00"),
    ]
