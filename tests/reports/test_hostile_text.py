"""Names and answers come from a public form: whatever stands in them stays text, in every format."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from tests.builders import make_registrant
from tests.outbox_world import make_world
from tests.reports.reading import as_csv, as_json, as_table, as_workbook, csv_text, wanted
from zoomsync.store.schema import Database

FORMULAS = (
    '=HYPERLINK("http://evil.example","x")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "  =1+1",
    "\t=1+1",
    "\u00a0=1+1",
    "\r\n=1+1",
    "＝1+1",
    "＠SUM(1)",
    "x;=1+1",
)
OTHERS = (
    "\x1b]0;owned\x07\x1b[2J",
    "\x9b31mred",
    "a\u202egnp.exe",
    "zero\u200bwidth",
    "مرحبا بالعالم",
    "Line\r\nbreak",
    "N" * 10_000,
    "<script>alert(1)</script>",
    "{{7*7}} %s ${x}",
    "Robert'); DROP TABLE registrant;--",
    "👩‍👩‍👧 Ñandú",
)


@pytest.fixture
def database(sqlite_url: str, now: datetime) -> Database:
    database = Database(sqlite_url)
    people = [
        make_registrant(number, first_name=name, answers=(("=Pregunta", name), ("Teléfono", "+502 5555 1234")))
        for number, name in enumerate((*FORMULAS, *OTHERS), start=1)
    ]
    make_world(database, now, people)
    return database


def test_no_cell_of_csv_is_a_formula_and_telephones_stay_as_they_are(database: Database, now: datetime) -> None:
    rows = as_csv(database, wanted("registrants"), now)
    for row in rows:
        for name, cell in row.items():
            assert name[:1] not in "=+-@"
            assert cell.lstrip()[:1] not in list("=-@＝＠") + (["+"] if not cell.startswith("+502 5555") else [])
            assert ";=" not in cell
        assert row["answer_telefono"] == "+502 5555 1234"
        assert row["phone"] == "+502 5555 1234"
    assert rows[len(FORMULAS) + 4]["first_name"] == "مرحبا بالعالم"
    assert rows[len(FORMULAS) + 6]["first_name"] == "N" * 10_000


def test_no_cell_of_a_workbook_is_a_formula_a_link_or_a_number(database: Database, now: datetime) -> None:
    book = as_workbook(database, wanted("registrants"), now)
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row if isinstance(cell.value, str)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert not any(cell.hyperlink for cell in cells)
    values = [cell.value for cell in cells]
    assert not any(value.lstrip()[:1] in list("=-@＝＠") for value in values)
    assert values.count("+502 5555 1234") == 2 * len((*FORMULAS, *OTHERS))
    assert "N" * 10_000 in values
    assert "مرحبا بالعالم" in values


def test_text_for_people_has_neither_escapes_nor_controls(database: Database, now: datetime) -> None:
    shown = "\n".join(as_table(database, wanted("registrants"), now, 100))
    shown += csv_text(database, wanted("registrants"), now).replace("\r\n", "\n")
    assert not set(shown) & set("\x1b\x07\x9b\u202e\u200b\r\t")


def test_a_table_keeps_one_line_a_person(database: Database, now: datetime) -> None:
    lines = as_table(database, wanted("registrants", columns=("registrant_id", "first_name")), now, 60)
    assert len([line for line in lines if line.startswith("r0000")]) == len(FORMULAS) + len(OTHERS)


def test_json_has_every_text_as_it_is_stored_and_shows_no_control(
    database: Database, now: datetime, tmp_path: Path
) -> None:
    rows = as_json(database, wanted("registrants"), now)["rows"]
    assert [row["first_name"] for row in rows] == [*FORMULAS, *OTHERS]
    from zoomsync.reports.csv_json import _encoded

    for text in OTHERS:
        written = _encoded([text]).decode()
        assert json.loads(written) == [text]
        assert not set(written) & set("\x1b\x07\x9b\u202e\u200b")
