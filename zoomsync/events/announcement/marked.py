"""Times that a page has for machines: schema.org events, and `start` and `end` in a front matter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from zoomsync.events.announcement.page import Entry, MarkedEvent
from zoomsync.events.announcement.tokens import fold

LONGEST_SESSION = timedelta(hours=12)
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ]\s?(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d{1,9})?)?\s?(Z|[+-]\d{2}:?\d{2})?)?", re.IGNORECASE
)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")
_DAY_KEYS = ("fecha", "day", "dia", "date")
_START_KEYS = (
    "start", "starts", "startdate", "start_date", "startsat", "starts_at", "start_time", "starttime", "inicio",
    "comienza", "fecha_inicio", "fechainicio", "hora_inicio", "horainicio", "eventstart", "event_start", "dtstart",
)  # fmt: skip
_END_KEYS = (
    "end", "ends", "enddate", "end_date", "endsat", "ends_at", "end_time", "endtime", "fin", "termina", "fecha_fin",
    "fechafin", "hora_fin", "horafin", "eventend", "event_end", "dtend", "final",
)  # fmt: skip
_TITLE_KEYS = ("title", "titulo", "name", "nombre", "tema", "topic")


@dataclass(frozen=True, slots=True)
class MarkedTime:
    """One of them, as a local time of the zone asked for. offset: what was written behind it.

    starts: None for one that holds no date at all. whole_event: a date alone, or too long to be one session.
    """

    starts: datetime | None
    ends: datetime | None
    line: int
    title: str = ""
    offset: timedelta | None = None
    whole_event: bool = False


def marked_times(events: Sequence[MarkedEvent], zone: str) -> Iterator[MarkedTime]:
    """The times of schema.org events; those of its parts in place of the event's own."""
    for event in events:
        parts = [part for part in event.parts if part.starts]
        for one in parts or [event]:
            read = _read(one.starts, one.ends, zone)
            if read is not None:
                yield MarkedTime(*read[:2], one.line, one.name if parts else "", read[2], read[3])


def front_times(entries: Sequence[Entry], zone: str) -> tuple[list[MarkedTime], frozenset[str]]:
    """The times of a front matter, and the keys that they were read from."""
    found: list[MarkedTime] = []
    used: set[str] = set()
    groups: dict[str, dict[str, Entry]] = {}
    for entry in entries:
        prefix, _, key = entry.key.rpartition(".")
        groups.setdefault(prefix, {})[fold(key)] = entry
    for prefix, keys in groups.items():
        day = _first(keys, _DAY_KEYS if prefix else ("fecha", "dia"))
        start, end = _first(keys, _START_KEYS), _first(keys, _END_KEYS)
        if start is None:
            continue
        starts = _joined(day, start.value)
        ends = _joined(day, end.value) if end else ""
        if end and _CLOCK.fullmatch(end.value.strip()) and not day:
            ends = f"{start.value[:10]} {end.value}"
        read = _read(starts, ends, zone)
        if read is None or (end is not None and read[1] is None):
            continue
        title = _first(keys, _TITLE_KEYS) if prefix else None
        found.append(MarkedTime(read[0], read[1], start.line, title.value if title else "", read[2], read[3]))
        used |= {entry.key for entry in (start, end, day) if entry is not None}
    return found, frozenset(used)


def _first(keys: dict[str, Entry], names: Iterable[str]) -> Entry | None:
    return next((keys[name] for name in names if name in keys), None)


def _joined(day: Entry | None, value: str) -> str:
    clock = _CLOCK.fullmatch(value.strip())
    return f"{day.value[:10]} {value.strip()}" if clock and day is not None else value


def _read(starts: str, ends: str, zone: str) -> tuple[datetime, datetime | None, timedelta | None, bool] | None:
    """(start, end, offset, whether it is no single session) of two ISO texts; None where the start is none."""
    start, end = _moment(starts, zone), _moment(ends, zone)
    if start is None:
        return None
    bare = not _has_clock(starts)
    if end is not None and end[0] <= start[0] and not bare:
        end = None
    long = end is not None and end[0] - start[0] > LONGEST_SESSION
    return start[0], end[0] if end and (_has_clock(ends) or bare) else None, start[1], bare or long


def _has_clock(text: str) -> bool:
    found = _ISO.match(text.strip())
    return found is not None and found[2] is not None


def _moment(text: str, zone: str) -> tuple[datetime, timedelta | None] | None:
    """(local time in the zone, its offset as written) of "2023-03-07T08:00:00-06:00"."""
    found = _ISO.fullmatch(text.strip())
    if found is None:
        return None
    try:
        day = date.fromisoformat(found[1])
        local = datetime(day.year, day.month, day.day, int(found[2] or 0), int(found[3] or 0))  # noqa: DTZ001 - a clock time
        if found[4] is None:
            return local, None
        written = found[4].upper().replace("Z", "+00:00")
        aware = datetime.fromisoformat(f"{local.isoformat()}{written}")
        there = aware.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    offset = aware.utcoffset()
    if offset == ZoneInfo(zone).utcoffset(there) or found[4].upper() in {"Z", "+00:00"}:
        return there, None if offset == timedelta(0) else offset
    return local, offset
