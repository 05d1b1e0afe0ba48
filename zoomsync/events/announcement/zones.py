"""Zones as pages name them: offsets ("GMT-6"), places ("hora de Guatemala", "8 pm GT") and the letters of some. Pure.

An offset names no zone, and letters like "CST" are an offset only: which zone is meant is for `schedule` to ask.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from zoomsync.events.announcement.tokens import Token, fold, word_at

_ZONES_OF_PLACES = {
    "America/Guatemala": "guatemala gt gtm quetzaltenango|ciudad de guatemala",
    "America/El_Salvador": "sv salvador|el salvador|san salvador",
    "America/Tegucigalpa": "honduras hn tegucigalpa",
    "America/Managua": "nicaragua managua",
    "America/Costa_Rica": "cr|costa rica",
    "America/Panama": "panama pa",
    "America/Mexico_City": "mexico cdmx mx|ciudad de mexico|centro de mexico|mexico city",
    "America/Bogota": "colombia col bogota",
    "America/Lima": "peru pe lima",
    "America/Guayaquil": "ecuador ec quito",
    "America/La_Paz": "bolivia bo|la paz",
    "America/Santiago": "chile cl santiago",
    "America/Argentina/Buenos_Aires": "argentina arg ar|buenos aires",
    "America/Montevideo": "uruguay uy montevideo",
    "America/Asuncion": "paraguay py asuncion",
    "America/Caracas": "venezuela ve caracas",
    "America/Santo_Domingo": "rd|republica dominicana|santo domingo",
    "America/Havana": "cuba|la habana",
    "America/Puerto_Rico": "puerto rico",
    "America/Sao_Paulo": "brasil brazil|sao paulo",
    "Europe/Madrid": "espana spain esp madrid peninsular",
    "Europe/London": "london londres",
    "America/New_York": "et|new york|nueva york|eastern|washington",
    "America/Chicago": "ct chicago",
    "America/Los_Angeles": "pt|los angeles|pacific",
}
_PLACES: dict[tuple[str, ...], str] = {
    (tuple(name.split())): zone
    for zone, names in _ZONES_OF_PLACES.items()
    for group in [names.split("|")]
    for name in [*group[0].split(), *group[1:]]
}
_OFFSETS_OF_LETTERS = {
    "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "cet": 1, "cest": 2,
    "utc": 0, "gmt": 0, "z": 0,
}  # fmt: skip
_LONGEST_PLACE = max(map(len, _PLACES))
_LEADS_IN = frozenset({"hora", "horario", "huso", "time", "zona", "horaria", "horas", "local", "tiempo"})
_OFFSET = re.compile(r"\b(?:gmt|utc)\s{0,3}([+-])\s{0,3}(\d{1,2})(?::?([0-5]\d))?(?!\d)")
# Only behind a date and "T", or behind seconds: "08:00-10:00" is from eight to ten.
_BARE_OFFSET = re.compile(r"(?:\dt\d{2}:\d{2}|\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)([+-])(\d{2}):?([0-5]\d)\b")
_IANA = re.compile(
    r"\b(?:America|Europe|Atlantic|Pacific|Africa|Asia|Australia)/[A-Z][A-Za-z_]{2,30}(?:/[A-Z][A-Za-z_]{2,30})?"
)


@dataclass(frozen=True, slots=True)
class ZoneMention:
    """A zone or an offset where it stands. begin, end: positions in the text. Exactly one of zone and offset is set."""

    words: str
    begin: int
    end: int
    zone: str | None = None
    offset: timedelta | None = None
    certain: bool = True  # false for a place's name that may stand there for another reason


def zones_in(text: str, tokens: Sequence[Token]) -> list[ZoneMention]:
    """The zones of a text, from left to right. A place counts for certain only after "hora", or in brackets."""
    found = [*_named(text), *_offsets(text), *_places(text, tokens)]
    kept: list[ZoneMention] = []
    for mention in sorted(found, key=lambda one: (one.begin, -one.end)):
        if not kept or mention.begin >= kept[-1].end:
            kept.append(mention)
    return kept


def offset_at(zone: str, on: date) -> timedelta:
    """What the zone's clocks are ahead of UTC at noon of a day."""
    return datetime.combine(on, time(12), ZoneInfo(zone)).utcoffset() or timedelta(0)


def zone_named(words: str) -> str | None:
    """The IANA name that a text is: one itself, or a place known here. None for anything else, offsets too."""
    name = words.strip()
    if "/" in name and _is_zone(name):
        return name
    folded = tuple(word for word in fold(name).split() if word not in _LEADS_IN | {"de", "del", "en"})
    return _PLACES.get(folded) if folded and len(folded[0]) > 2 else None


def _named(text: str) -> Iterator[ZoneMention]:
    for found in _IANA.finditer(text):
        if _is_zone(found[0]):
            yield ZoneMention(found[0], found.start(), found.end(), zone=found[0])


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; a path; a folder of the zone database
        return False
    return True


def _offsets(text: str) -> Iterator[ZoneMention]:
    folded = fold(text)
    for pattern in (_OFFSET, _BARE_OFFSET):
        for found in pattern.finditer(folded):
            size = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
            if size <= timedelta(hours=14):
                offset = -size if found[1] == "-" else size
                begin = found.start(1) if pattern is _BARE_OFFSET else found.start()
                yield ZoneMention(text[begin : found.end()], begin, found.end(), offset=offset)


def _places(text: str, tokens: Sequence[Token]) -> Iterator[ZoneMention]:
    for position, token in enumerate(tokens):
        letters = _OFFSETS_OF_LETTERS.get(token.text)
        if letters is not None and (token.text != "z" or tokens[position - 1].text.isdecimal()):
            words = text[token.start : token.end]
            yield ZoneMention(words, token.start, token.end, offset=timedelta(hours=letters))
        for length in range(_LONGEST_PLACE, 0, -1):
            name = tuple(one.text for one in tokens[position : position + length])
            zone = _PLACES.get(name) if len(name) == length else None
            if zone is None:
                continue
            last = tokens[position + length - 1]
            written = text[token.start : last.end]
            before = [word_at(tokens, position - back) for back in (1, 2, 3)]
            led = any(word in _LEADS_IN for word in before) and all(
                word in _LEADS_IN | {"de", "del", "en", "la", "(", "el", ":", "oficial", "standard", "central"}
                for word in before[: _to_lead(before)]
            )
            led = led or word_at(tokens, position + length) in {"time", "standard"}
            if len(token.text) <= 3 and length == 1 and written.isascii() and not written.isupper():
                continue  # "col", "pa", "et" are words, too
            yield ZoneMention(written, token.start, last.end, zone=zone, certain=led)
            break


def _to_lead(before: Sequence[str]) -> int:
    return next((number for number, word in enumerate(before) if word in _LEADS_IN), 0)
