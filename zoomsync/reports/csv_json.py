"""Reports for programs: CSV and JSON, written while their rows are read, so that memory does not grow with them.

A column's cells are made all at once, batch by batch: a call a cell is what a hundred thousand rows would cost.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import msgspec

from zoomsync.reports.values import Batch, Column, EventFacts, Kind, Part, Report
from zoomsync.text import csv_cell

BYTE_ORDER_MARK = "\ufeff"

# JSON may hold these as they are; a terminal that is shown the file, or a reader of lines, should not meet them.
_UNSHOWABLE = re.compile(
    "[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def write_csv(report: Report, out: BinaryIO, *, excel: bool = False, complete: bool = True) -> None:
    """The report's main part: machine names first, then a row a line.

    Text is made safe for spreadsheets; times are local ("2023-03-07 08:00:00"). excel: with a byte-order mark, by which
    Excel knows UTF-8. complete: with two further columns, the row's time zone and the day when its personal data is
    removed.
    """
    part = report.parts[0]
    text = io.TextIOWrapper(out, encoding="utf-8", errors="replace", newline="", write_through=True)
    if excel:
        text.write(BYTE_ORDER_MARK)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(
        [csv_cell(column.name) for column in part.columns] + (["timezone", "erased_on"] if complete else [])
    )
    for batch in part.batches:
        cells = _in_cells(part.columns, batch)
        if complete:
            tail = (batch.event.timezone, _erased_on(batch.event))
            writer.writerows((*row, *tail) for row in zip(*cells, strict=True))
        else:
            writer.writerows(zip(*cells, strict=True))
    text.detach()


def _in_cells(columns: Sequence[Column], batch: Batch) -> list[list[Any]]:
    if not batch.rows:
        return [[] for _ in columns]
    zone = ZoneInfo(batch.event.timezone)
    return [
        list(map(_cell_of(column.kind, zone), values))
        for column, values in zip(columns, zip(*batch.rows, strict=True), strict=True)
    ]


def _cell_of(kind: Kind, zone: ZoneInfo) -> Callable[[Any], Any]:
    """What makes a cell of a value of this kind."""

    def moment(value: datetime | None) -> str:
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}" if value else ""

    match kind:
        case Kind.MOMENT:
            return moment
        case Kind.NUMBER | Kind.SHARE:
            return lambda value: "" if value is None else value
        case Kind.FLAG:
            return lambda value: "" if value is None else str(value).lower()
        case Kind.DAY:
            return lambda value: value.isoformat() if value else ""
        case _:
            return lambda value: csv_cell(value) if value else ""


def _erased_on(event: EventFacts) -> str:
    return event.erase_at.astimezone(ZoneInfo(event.timezone)).date().isoformat() if event.erase_at else ""


def write_json(report: Report, out: BinaryIO) -> None:
    """One document: {"report", "generated_at", "events", "rows": [...], ...}, times in UTC, every text as it is stored.

    Further keys: "erase_at", by event, when its personal data is removed (null: it is kept); "totals"; and each
    further part by its name, as a list like "rows".
    """
    head = {
        "report": report.name,
        "generated_at": report.generated_at,
        "language": report.language,
        "anonymous": report.anonymous,
        "events": [event.slug for event in report.events],
        "erase_at": {event.slug: event.erase_at for event in report.events},
    }
    first, *others = report.parts
    out.write(_encoded(head)[:-1] + b',"rows":[')
    _write_rows(first, out)
    out.write(b"\n]")
    if first.totals:
        out.write(b',"totals":' + _encoded({one.name: one.value for one in first.totals}))
    for part in others:
        out.write(b"," + _encoded(part.name) + b":[")
        _write_rows(part, out)
        out.write(b"\n]")
    out.write(b"}\n")


def _write_rows(part: Part, out: BinaryIO) -> None:
    names = [column.name for column in part.columns]
    between = b"\n"
    for batch in part.batches:
        if batch.rows:
            out.write(between + _lines([dict(zip(names, row, strict=True)) for row in batch.rows]))
            between = b",\n"


_encoder = msgspec.json.Encoder()


def _encoded(value: Any) -> bytes:
    return _showable(_encoder.encode(value))


def _lines(rows: Iterable[Any]) -> bytes:
    # A line break stands between rows alone: within a text JSON writes it as \n.
    return _showable(_encoder.encode_lines(rows)[:-1].replace(b"\n", b",\n"))


def _showable(encoded: bytes) -> bytes:
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded
    return _UNSHOWABLE.sub(_escaped, encoded.decode()).encode()


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2))
