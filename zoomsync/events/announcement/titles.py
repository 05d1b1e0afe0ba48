"""What a session is called, where the line of its date says so. A name that is not plain is left to be numbered."""

from __future__ import annotations

import re

from zoomsync.events.announcement.dates import DateMention
from zoomsync.events.announcement.page import BlockKind
from zoomsync.events.announcement.segments import Segment
from zoomsync.events.announcement.tokens import fold
from zoomsync.text import clean

_LONGEST = 120
_SIGNS = " \t\n-–—:·|,;.*_#►▶•➡→✅📅🗓️🕗⏰📆📌🔹🔸👉()[]"
_NUMBERED = re.compile(
    r"(?:(?:sesion|session|modulo|module|dia|day|taller|workshop|parte|part|panel|encuentro|charla|clase|class|webinar|"
    r"conversatorio|mesa|bloque|jornada|meetup|seminario|lesson|leccion)\s*(?:n[.o°º]{0,3}\s*|#\s*)?"
    r"(?:\d{1,2}|[ivx]{1,4}|uno|dos|tres|cuatro|cinco|one|two|three|four|five)\b|"
    r"(?:primer|primera|segunda|segundo|tercera|tercer|cuarta|quinta|ultima|first|second|third|fourth|fifth|last)\s+"
    r"(?:sesion|session|dia|day|taller|workshop|encuentro|clase|class|charla|jornada|modulo|module|panel|webinar))"
)
_TITLE_HEADINGS = re.compile(r"(?:tema|titulo|sesion|session|actividad|topic|title|modulo|module|charla|taller|talk)\b")
_LEADING_IN = re.compile(
    r"(?:el|los?|las?|the|on|de|del|se realizara|fecha|date|cuando|when|dia|y|and|para|sera|will be)\b[\s:]*\Z"
)


def session_title(segment: Segment, mention: DateMention) -> str:
    """The name in the same line ("Sesión 1 - Martes 7 de marzo"), in the row, or in the heading above; "" for none."""
    if segment.kind is BlockKind.ROW and (title := _of_row(segment)):
        return title
    first = min([mention.start, *(one.begin for one in segment.times if one.begin >= segment.begin)])
    earlier = [one.end for one in segment.dates if one.end <= mention.start]
    before = segment.text[max([segment.begin, *earlier]) : first]
    if title := _numbered(before):
        return title
    return _numbered(segment.heading) if not earlier else ""


def _numbered(text: str) -> str:
    """ "Sesión 1", or "Sesión 1: its topic", at the beginning of a text that says no more than that."""
    stripped = text.strip(_SIGNS)
    found = _NUMBERED.match(fold(stripped))
    if found is None:
        return ""
    rest = stripped[found.end() :]
    if rest and not re.match(r"\s*[:\-–—.,(|]", rest):
        return clean(stripped[: found.end()])
    topic = rest.strip(_SIGNS)
    cut = _LEADING_IN.search(fold(topic))
    topic = topic[: cut.start()].strip(_SIGNS) if cut else topic
    title = f"{stripped[: found.end()]}: {topic}" if topic else stripped[: found.end()]
    return clean(title) if len(title) <= _LONGEST else clean(stripped[: found.end()])


def _of_row(segment: Segment) -> str:
    """The cell under a heading like "Tema", or the first cell that is a numbered session."""
    cells = [cell.strip() for cell in segment.text.split(" | ")]
    named = []
    for cell in cells:
        heading, colon, value = cell.partition(": ")
        if colon and _TITLE_HEADINGS.match(fold(heading)) and value.strip(_SIGNS) and not re.search(r"\d{4}", value):
            named.append(value.strip(_SIGNS))
        elif title := _numbered(cell):
            return title
    numbers = [value for value in named if re.fullmatch(r"\d{1,2}|[IVX]{1,4}", value)]
    topics = [value for value in named if value not in numbers]
    if topics and len(topics[0]) <= _LONGEST:
        return clean(topics[0])
    return ""
