"""Reports as a workbook: a sheet a part, cells of their own type, written row by row so that memory stays flat.

Text is a text cell, never a formula, a link or a number; times are Excel's own dates in the event's zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from zoomsync.reports.table import erasure
from zoomsync.reports.values import Column, Kind, Part, Report
from zoomsync.reports.words import Words
from zoomsync.text import clean, csv_cell
from zoomsync.words import last_minute

ROWS_A_SHEET = 1_048_575  # that Excel can hold below the headings
_UNFIT_FOR_A_NAME = re.compile(r"[\[\]:*?/\\']")
_LONGEST_NAME = 31
_WIDTHS = {
    Kind.TEXT: 24,
    Kind.CODE: 18,
    Kind.NUMBER: 12,
    Kind.SHARE: 12,
    Kind.MOMENT: 17,
    Kind.DEADLINE: 17,
    Kind.DAY: 12,
    Kind.FLAG: 10,
}
_FORMATS = {
    Kind.MOMENT: "yyyy-mm-dd hh:mm",
    Kind.DEADLINE: "yyyy-mm-dd hh:mm",
    Kind.DAY: "yyyy-mm-dd",
    Kind.SHARE: "0%",
}


def write_xlsx(report: Report, out: BinaryIO, *, tmpdir: str | None = None) -> None:
    """The report as a workbook; its last sheet has the totals, and when personal data is removed.

    tmpdir: where its rows are kept until they are packed; the system's own by default.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "tmpdir": tmpdir}
    words = Words(report.language)
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": clean(report.title), "created": report.generated_at.replace(tzinfo=None)})
        writer = _Writer(book, words)
        for part in report.parts:
            writer.write(part)
        writer.write_about(report)


class _Writer:
    def __init__(self, book: xlsxwriter.Workbook, words: Words) -> None:
        self._book, self._words = book, words
        self._heading = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self._bold = book.add_format({"bold": True})
        self._left = book.add_format({"align": "left"})
        self._wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self._formats = {kind: book.add_format({"num_format": look}) for kind, look in _FORMATS.items()}
        self._names: set[str] = set()

    def write(self, part: Part) -> None:
        """A sheet, or several where there are more rows than one holds."""
        columns = [(place, one) for place, one in enumerate(part.columns) if one.kind is not Kind.MAPPING]
        sheet, row = self._begin(part.title, [one for _, one in columns]), 0
        for batch in part.batches:
            cells = [(place, *self._cell(one, batch.event.timezone)) for place, one in columns]
            for values in batch.rows:
                if row == ROWS_A_SHEET:
                    self._end(sheet, len(columns), row)
                    sheet, row = self._begin(part.title, [one for _, one in columns]), 0
                row += 1
                for column, (place, put, look) in enumerate(cells):
                    value = values[place]
                    if value is not None and value != "":
                        put(sheet, row, column, value, look)
        self._end(sheet, len(columns), row)

    def write_about(self, report: Report) -> None:
        words = self._words
        sheet = self._book.add_worksheet(self._name(words.say("about")))
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 90)
        zone = report.events[0].timezone if report.events else "UTC"
        lines = [
            (words.say("report"), report.title),
            (words.say("generated_at"), words.moment(report.generated_at, zone)),
            *((words.heading("event"), f"{event.title} ({event.timezone})") for event in report.events),
            *((words.say("personal_data"), erasure(event, words)) for event in report.events),
        ]
        for row, (name, value) in enumerate(lines):
            sheet.write_string(row, 0, name, self._bold)
            sheet.write_string(row, 1, csv_cell(value), self._wrapped)
        row = len(lines)
        for part in report.parts:
            if part.totals:
                row += 1
                sheet.write_string(row, 0, csv_cell(part.title), self._bold)
            for total in part.totals:
                row += 1
                sheet.write_string(row, 0, csv_cell(total.heading))
                sheet.write_number(row, 1, total.value, self._left)

    def _begin(self, title: str, columns: Sequence[Column]) -> Worksheet:
        sheet = self._book.add_worksheet(self._name(title))
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, max(_WIDTHS[column.kind], min(len(column.heading) + 2, 30)))
        for place, column in enumerate(columns):
            sheet.write_string(0, place, csv_cell(column.heading), self._heading)
        return sheet

    @staticmethod
    def _end(sheet: Worksheet, columns: int, rows: int) -> None:
        if columns:
            sheet.autofilter(0, 0, rows, columns - 1)

    def _cell(self, column: Column, timezone: str) -> tuple[Callable[..., Any], Format | None]:
        """What writes a value of this column into a cell, and the look of that."""
        zone, words, yes_no = ZoneInfo(timezone), column.words, (self._words.say("no"), self._words.say("yes"))

        def text(sheet: Worksheet, row: int, place: int, value: str, look: Format | None) -> None:
            sheet.write_string(row, place, csv_cell(value), look)

        def code(sheet: Worksheet, row: int, place: int, value: str, look: Format | None) -> None:
            sheet.write_string(row, place, csv_cell(words.get(value, value)), look)

        def number(sheet: Worksheet, row: int, place: int, value: float, look: Format | None) -> None:
            sheet.write_number(row, place, value, look)

        def moment(sheet: Worksheet, row: int, place: int, value: datetime, look: Format | None) -> None:
            sheet.write_datetime(row, place, value.astimezone(zone).replace(tzinfo=None), look)

        def deadline(sheet: Worksheet, row: int, place: int, value: datetime, look: Format | None) -> None:
            moment(sheet, row, place, last_minute(value, timezone), look)

        def day(sheet: Worksheet, row: int, place: int, value: Any, look: Format | None) -> None:
            sheet.write_datetime(row, place, value, look)

        def flag(sheet: Worksheet, row: int, place: int, value: bool, look: Format | None) -> None:
            sheet.write_string(row, place, yes_no[value], look)

        puts: dict[Kind, Callable[..., Any]] = {
            Kind.CODE: code,
            Kind.NUMBER: number,
            Kind.SHARE: number,
            Kind.MOMENT: moment,
            Kind.DEADLINE: deadline,
            Kind.DAY: day,
            Kind.FLAG: flag,
        }
        return puts.get(column.kind, text), self._formats.get(column.kind)

    def _name(self, title: str) -> str:
        """A sheet's name that Excel takes, and that no other sheet has."""
        plain = _UNFIT_FOR_A_NAME.sub(" ", clean(title)).strip() or "-"
        for ending in _endings():
            name = plain[: _LONGEST_NAME - len(ending)].rstrip() + ending
            if name.casefold() not in self._names:
                self._names.add(name.casefold())
                return name
        raise AssertionError  # endings never end


def _endings() -> Iterator[str]:
    yield ""
    number = 2
    while True:
        yield f" {number}"
        number += 1
