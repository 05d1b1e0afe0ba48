"""Reports for programs: CSV and JSON, written while their rows are read, so that memory does not grow with them.

A column's cells are made all at once, batch by batch: a call a cell is what a hundred thousand rows would cost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import starmap
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import msgspec

from zoomsync.reports.values import EventFacts, Kind, Part, Report
from zoomsync.text import csv_cell, csv_cells
from zoomsync.words import last_minute

BYTE_ORDER_MARK = "\ufeff"
_A_FEW = 50

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
    names = [column.name for column in part.columns] + (["timezone", "erased_on"] if complete else [])
    alone = len(names) == 1
    head = ",".join(_quoted(csv_cells(names), alone=alone))
    out.write(f"{BYTE_ORDER_MARK if excel else ''}{head}\r\n".encode())
    for batch in part.batches:
        columns = batch.columns
        if not columns or not columns[0]:
            continue
        zone, rows = ZoneInfo(batch.event.timezone), len(columns[0])
        cells = [_cells(column.kind, values, zone) for column, values in zip(part.columns, columns, strict=True)]
        if complete:
            cells += [[tail] * rows for tail in (batch.event.timezone, _erased_on(batch.event))]
        lines = map(",".join, zip(*(_quoted(column, alone=alone) for column in cells), strict=True))
        out.write(("\r\n".join(lines) + "\r\n").encode("utf-8", "replace"))


def _quoted(cells: Sequence[str], *, alone: bool) -> Sequence[str]:
    """Cells between quotes where they need them (RFC 4180). They hold no line break, so that a look at all of them
    together mostly spares the look at each, which is what the standard library's writer spends its time with.

    alone: the only column; an empty line would be no row.
    """
    together = "".join(cells)
    if "," not in together and '"' not in together and not alone:
        return cells
    return [
        f'"{cell.replace(chr(34), chr(34) * 2)}"' if "," in cell or '"' in cell or (alone and not cell) else cell
        for cell in cells
    ]


def _cells(kind: Kind, values: Sequence[Any], zone: ZoneInfo) -> Sequence[str]:
    """A column's values as text."""
    match kind:
        case Kind.MOMENT:
            # To the second, in a third of the time that a format of one's own takes.
            return [str(value.astimezone(zone))[:19] if value else "" for value in values]
        case Kind.DEADLINE:
            return [str(last_minute(value, zone.key).astimezone(zone))[:19] if value else "" for value in values]
        case Kind.NUMBER | Kind.SHARE:
            return ["" if value is None else str(value) for value in values]
        case Kind.FLAG:
            return ["" if value is None else str(value).lower() for value in values]
        case Kind.DAY:
            return [value.isoformat() if value else "" for value in values]
        case _:
            texts = [value or "" for value in values] if None in values else values
            if len(set(texts[:_A_FEW])) == 1 and len(set(texts)) == 1:  # an event, mostly
                return [csv_cell(texts[0])] * len(texts)
            return csv_cells(texts)


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
    # A type of its own for these rows: made and written in half of a dictionary's time.
    places = [f"c{place}" for place in range(len(part.columns))]
    names = dict(zip(places, (column.name for column in part.columns), strict=True))
    row_type = msgspec.defstruct("Row", [(place, Any) for place in places], rename=names, gc=False)
    between = b"\n"
    for batch in part.batches:
        if rows := batch.rows:
            out.write(between + _lines(starmap(row_type, rows)))
            between = b",\n"


_encoder = msgspec.json.Encoder()


def _encoded(value: Any) -> bytes:
    return _showable(_encoder.encode(value))


def _lines(rows: Iterable[Any]) -> bytes:
    # A line break stands between rows alone: within a text JSON writes it as \n.
    return _showable(_encoder.encode_lines(rows)[:-1].replace(b"\n", b",\n"))


def _showable(encoded: bytes) -> bytes:
    if encoded.translate(None, b"\n").decode().isprintable():
        return encoded
    return _UNSHOWABLE.sub(_escaped, encoded.decode()).encode()


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2))
