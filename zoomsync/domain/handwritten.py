"""What people write by hand, read or refused with what to write instead: TOML, zones, local times, addresses.

Event files, settings and options like `--until` all come this way, so that each mistake has one message. Which keys
there are and what they mean is not here: see `events.files` and `settings`.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from zoomsync import words
from zoomsync.domain.moments import day_begins_at
from zoomsync.language import _
from zoomsync.text import clean


class Mistake(ValueError):
    """Something written by hand that cannot be used.

    problem: what is wrong, one sentence. hint: what to write instead, or "". line: counted from 1, or 0.
    """

    def __init__(self, problem: str, hint: str = "", *, line: int = 0) -> None:
        super().__init__(f"{problem} {hint}".rstrip())
        self.problem, self.hint, self.line = problem, hint, line


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was most likely meant to be, or None."""
    by_lower = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.55)
    return by_lower[found[0]] if found else None


# ----------------------------------------------------------------------------------------------------------- TOML

_CURLY_QUOTES = "“”„‟«»‘’‚"
_SLASH_DATE = re.compile(r"\b(\d{1,2})[/.](\d{1,2})[/.](\d{4})\b")
_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def parse_toml(data: bytes) -> dict[str, Any]:
    """A TOML document as an editor of any system saves it: a byte-order mark and CRLF are taken.

    Raises Mistake with the line.
    """
    text = decoded(data)
    try:
        return tomllib.loads(text)
    except ValueError as exc:
        said = str(exc)
        found = _AT_LINE.search(said)
        lines = text.splitlines()
        number = int(found[1]) if found and found[1] else max(len(lines), 1)
        raise _toml_mistake(_AT_LINE.sub("", said), lines[number - 1] if lines else "", number) from None


def decoded(data: bytes) -> str:
    """A text file as an editor of any system saves it, without its byte-order mark. Raises Mistake with the line."""
    # UTF-16 is what older Notepads call "Unicode".
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as exc:
        line = data[: exc.start].count(b"\n") + 1 if encoding == "utf-8-sig" else 0
        raise Mistake(
            _("the file is not saved as UTF-8."), _('In Notepad: Save as, and choose the encoding "UTF-8".'), line=line
        ) from None


def _toml_mistake(said: str, line: str, number: int) -> Mistake:
    """What a person can do about a syntax error, from what tomllib says and the line that they name."""
    if any(quote in line for quote in _CURLY_QUOTES):
        straight = re.sub("[“”„‟«»]", '"', re.sub("[‘’‚]", "'", line)).strip()
        return Mistake(
            _("there are curly quotes; only straight ones count."),
            _("Write: {line}").format(line=clean(straight, limit=120)),
            line=number,
        )
    if date_found := _SLASH_DATE.search(line):
        return _slash_date_mistake(date_found, line=number)
    if said.startswith(("Cannot declare", "Cannot overwrite")):
        hint = _("Write [[sessions]] in two brackets.") if "[sessions]" in line else _("Leave one of the two.")
        return Mistake(_("this key or heading stands in the file twice."), hint, line=number)
    if re.search(r"\d{4}-\d{1,2}-\d{1,2}|\b\d{1,2}:\d{2}", line):
        return Mistake(
            _("this is no date and time that exists."),
            _("Write them like 2023-03-07T08:00:00, digits filled up."),
            line=number,
        )
    if "Unescaped" in said:
        return Mistake(
            _("a backslash means something else in double quotes."), _("Write / or \\\\ instead."), line=number
        )
    if re.search(r"=\s*(True|False|TRUE|FALSE|yes|no|sí|si)\b", line):
        return Mistake(_("yes and no are written in English, small."), _("Write true or false."), line=number)
    return Mistake(
        _("this line cannot be read ({words}).").format(words=said),
        _('Write key = "text in straight quotes", key = 12, or a heading like [zoom].'),
        line=number,
    )


# ---------------------------------------------------------------------------------------------------------- zones

_OFFSET = re.compile(r"(?:GMT|UTC|UT|Z)?\s*([+\-−])\s*(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
_ZONES_BY_OFFSET = {
    "-8": "America/Los_Angeles",
    "-7": "America/Denver",
    "-6": "America/Guatemala",
    "-5": "America/Bogota",
    "-4": "America/La_Paz",
    "-3": "America/Argentina/Buenos_Aires",
    "+1": "Europe/Madrid",
}


def zone_with_offset(offset: timedelta) -> str | None:
    """A zone that is likely meant by an offset in whole hours; None where none is known."""
    hours, rest = divmod(offset, timedelta(hours=1))
    return None if rest else _ZONES_BY_OFFSET.get(f"{hours:+d}")


def read_zone(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises Mistake, for an offset like `GMT-6` with the name that is probably meant."""
    if offset := _OFFSET.fullmatch(name.strip()):
        sign, hours = offset[1].replace("−", "-"), int(offset[2])
        turned = _("plus") if sign == "-" else _("minus")
        meant = _ZONES_BY_OFFSET.get(f"{sign}{hours}", "America/Guatemala")
        raise Mistake(
            _(
                '"{name}" is an offset, not the name of a time zone (and Etc/GMT{sign}{hours} would '
                "mean {turned} {hours})."
            ).format(name=clean(name), sign=sign, hours=hours, turned=turned),
            _('Write the zone\'s IANA name, like "{meant}".').format(meant=meant),
        )
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; a path; a folder of the zone database
        pass
    zones = sorted(available_timezones())
    place = name.strip().replace(" ", "_").lower()
    same_place = [zone for zone in zones if zone.lower().rpartition("/")[2] == place]
    likely = same_place[0] if same_place else nearest(name, zones) or "America/Guatemala"
    raise Mistake(
        _('"{name}" is not the name of a time zone.').format(name=clean(name, limit=60)),
        _('Write the zone\'s IANA name, like "{likely}".').format(likely=likely),
    )


# ---------------------------------------------------------------------------------------------------- local times

_WRITTEN_MOMENT = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.0+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?",
    re.IGNORECASE,
)
_HOUR = re.compile(r"(\d{1,2}):(\d{2})")
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


def read_moment(value: object, zone: ZoneInfo) -> datetime:
    """The moment of a local date and time, in UTC. `value`: what TOML gives, or text like "2023-03-05 08:00".

    Raises Mistake for a date without a time, an offset, and a time that daylight saving leaves out or repeats.
    """
    written = _date_or_moment(value)
    if not isinstance(written, datetime):
        raise Mistake(
            _("the time of day is missing."), _("Write date and time, like {written}T08:00:00.").format(written=written)
        )
    return _in_utc(written, zone)


def read_new_start(text: str, was: datetime, zone: ZoneInfo) -> datetime:
    """The moment that something is moved to, in UTC: like `read_moment`, or an hour of the same day ("9:30").

    was: when it was to be, aware. Raises Mistake.
    """
    hour = _HOUR.fullmatch(text.strip())
    if hour is None:
        return read_moment(text, zone)
    return read_moment(f"{was.astimezone(zone):%Y-%m-%d} {hour[1]}:{hour[2]}", zone)


def read_deadline(value: object, zone: ZoneInfo) -> datetime:
    """Like `read_moment`; a bare date is the end of that day: the first moment of the next, in UTC."""
    written = _date_or_moment(value)
    if isinstance(written, datetime):
        return _in_utc(written, zone)
    return day_begins_at(written + timedelta(days=1), zone)


def _date_or_moment(value: object) -> date | datetime:
    """A date or a naive datetime of what stands in a file."""
    if isinstance(value, str):
        value = _from_text(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        raise Mistake(
            _("times in this file are local times of its time zone, without an offset."),
            _("Write {time} if that is the local time there.").format(time=value.replace(tzinfo=None).isoformat()),
        )
    if not isinstance(value, date):
        raise Mistake(
            _("this is not a date."), _("Write a date like 2023-03-05 or a date and time like 2023-03-05T08:00:00.")
        )
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise Mistake(
            _("the year {year} cannot be meant.").format(year=value.year),
            _("Write a year from {first} to {last}.").format(first=_FIRST_YEAR, last=_LAST_YEAR),
        )
    return value


def _from_text(text: str) -> date | datetime:
    written = _WRITTEN_MOMENT.fullmatch(text.strip())
    if written is None:
        if slashes := _SLASH_DATE.search(text):
            raise _slash_date_mistake(slashes)
        raise Mistake(
            _('"{text}" is not a date.').format(text=clean(text, limit=40)),
            _("Write a date like 2023-03-05 or a date and time like 2023-03-05T08:00:00."),
        )
    year, month, day, hour, minute, second = (int(part) if part else 0 for part in written.groups()[:6])
    try:
        if written[4] is None:
            return date(year, month, day)
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC if written[7] else None)
    except ValueError as exc:
        raise Mistake(
            _('"{text}" does not exist ({exc}).').format(text=clean(text), exc=exc), _("Look at the calendar again.")
        ) from None


def _slash_date_mistake(written: re.Match[str], *, line: int = 0) -> Mistake:
    """`5/3/2023` is 5 March to one reader and 3 May to the next: name both."""
    first, second, year = (int(part) for part in written.groups())
    readings = []
    for day, month in dict.fromkeys([(first, second), (second, first)]):
        try:
            readings.append(date(year, month, day))
        except ValueError:
            continue
    meanings = _(" or ").join(
        _("{date} for {words}").format(date=one, words=words.day_and_month(one)) for one in readings
    )
    return Mistake(
        _("{written} can be read in more than one way.").format(written=written[0])
        if len(readings) > 1
        else _("{written} is not how a date is written here.").format(written=written[0]),
        _("Write {meanings}.").format(meanings=meanings or _("it like 2023-03-05")),
        line=line,
    )


def _in_utc(local: datetime, zone: ZoneInfo) -> datetime:
    earlier, later = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
    before, after = earlier.utcoffset(), later.utcoffset()
    if before is None or after is None or before == after:
        return earlier.astimezone(UTC)
    shown = _("{time} on {day}").format(time=f"{local:%H:%M}", day=f"{local:%Y-%m-%d}")
    if after > before:
        moved = local + (after - before)
        raise Mistake(
            _("{shown} does not exist in {zone}: clocks are put forward there then (daylight saving).").format(
                shown=shown, zone=zone.key
            ),
            _("Write {time} if that is meant.").format(time=moved.isoformat()),
        )
    raise Mistake(
        _("{shown} exists twice in {zone}: clocks are put back there then (daylight saving).").format(
            shown=shown, zone=zone.key
        ),
        _("Choose a time before or after that hour, like {time}.").format(time=(local + (before - after)).isoformat()),
    )


# ------------------------------------------------------------------------------------------------------ addresses


def read_web_address(text: str) -> SplitResult:
    """The parts of an http or https address. Raises Mistake."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or clean(text, limit=None) != text or " " in text:
        raise Mistake(_("this is not a web address."), _('Write it whole, like "https://example.org/page".'))
    return parts
