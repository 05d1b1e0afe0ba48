"""How long a session takes, where a page says that and no end: "Duración: 2 horas", "90 minutos", "lasts 1.5 hours".

A number with a unit alone is none ("2 horas de lectura"): a word that speaks of a length must stand beside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from zoomsync.events.announcement.segments import Segment

_SPEAKS_OF = re.compile(
    r"\b(?:duracion|dura(?:n|ra|ran)?|durada|duration|lasts?|(?:sesion(?:es)?|session|talleres|taller|workshop|webinar)"
    r"(?: virtual(?:es)?)? de (?=\w)|(?:minute|hour)s?[ -](?:long|session|workshop|webinar))"
)
_NUMBERS = {"una": 1, "un": 1, "one": 1, "dos": 2, "two": 2, "tres": 3, "three": 3, "cuatro": 4, "four": 4}
_NUMBER = r"(?P<{0}>\d{{1,3}}(?:[.,]\d{{1,2}})?|" + "|".join(_NUMBERS) + r")"
_AND = r"(?: (?:y|con|and) (?P<half>media|(?:a )?half)| ?(?:y |con |and )?(?P<minutes>\d{1,2}) ?min(?:utos|utes|s)?)?"
_LENGTH = re.compile(
    r"(?<![\w.,:])(?:"
    + _NUMBER.format("hours") + r"[ -]?(?:horas?|hrs?|hs?|hours?)\b" + _AND
    + r"|(?P<one_half>(?:una )?hora y media)"
    + r"|" + _NUMBER.format("only") + r"[ -]?(?:minutos?|minutes?|mins?|')"
    + r")"
)  # fmt: skip
_SHORTEST, _LONGEST = timedelta(minutes=10), timedelta(hours=12)


def length_of(segment: Segment) -> timedelta | None:
    """The one length that a line states; None where it states none, or several."""
    text = segment.folded(segment.begin, segment.end)
    if not _SPEAKS_OF.search(text):
        return None
    found = {length for match in _LENGTH.finditer(text) if _SHORTEST <= (length := _read(match)) <= _LONGEST}
    return found.pop() if len(found) == 1 else None


def only_length(segments: Sequence[Segment]) -> timedelta | None:
    """The one length that a page states, the same wherever it does."""
    found = {length for one in segments if not one.aside and (length := length_of(one)) is not None}
    return found.pop() if len(found) == 1 else None


def _read(match: re.Match[str]) -> timedelta:
    if match["one_half"]:
        return timedelta(minutes=90)
    if match["only"]:
        return timedelta(minutes=_number(match["only"]))
    extra = 30.0 if match["half"] else float(match["minutes"] or 0)
    return timedelta(hours=_number(match["hours"]), minutes=extra)


def _number(word: str) -> float:
    return _NUMBERS[word] if word in _NUMBERS else float(word.replace(",", "."))
