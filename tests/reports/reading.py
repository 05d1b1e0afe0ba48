"""Reports of a small database, read back the way their readers would."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from zoomsync.jobs.reports import ReportName, Shape, Wanted, gathered
from zoomsync.reports.csv_json import write_csv, write_json
from zoomsync.reports.html import write_html
from zoomsync.reports.table import table_lines
from zoomsync.reports.xlsx import write_xlsx
from zoomsync.store import events as stored_events
from zoomsync.store.schema import Database


def wanted(name: str, **changes: Any) -> Wanted:
    return Wanted(ReportName(name), **{"language": "es", "files": {}, "retention_days": 90} | changes)


def as_json(database: Database, asked: Wanted, now: datetime) -> dict[str, Any]:
    out = io.BytesIO()
    with gathered(replace(asked, shape=Shape.NESTED), _events(database), database=database, now=now) as report:
        write_json(report, out)
    return json.loads(out.getvalue())  # type: ignore[no-any-return]


def as_csv(database: Database, asked: Wanted, now: datetime, **options: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_text(database, asked, now, **options))))


def csv_text(database: Database, asked: Wanted, now: datetime, **options: Any) -> str:
    out = io.BytesIO()
    with gathered(replace(asked, shape=Shape.TIDY), _events(database), database=database, now=now) as report:
        write_csv(report, out, **options)
    return out.getvalue().decode()


def as_table(database: Database, asked: Wanted, now: datetime, width: int | None) -> list[str]:
    with gathered(asked, _events(database), database=database, now=now) as report:
        return list(table_lines(report, width=width))


def as_workbook(database: Database, asked: Wanted, now: datetime) -> Any:
    """The workbook as openpyxl reads it."""
    import openpyxl

    out = io.BytesIO()
    with gathered(asked, _events(database), database=database, now=now) as report:
        write_xlsx(report, out)
    return openpyxl.load_workbook(out)


def as_page(database: Database, asked: Wanted, now: datetime) -> str:
    out = io.BytesIO()
    with gathered(asked, _events(database), database=database, now=now) as report:
        write_html(report, out)
    return out.getvalue().decode()


def _events(database: Database) -> list[stored_events.StoredEvent]:
    with database.read() as db:
        return stored_events.all_stored(db)
