"""Days, hours and zones in words, and the verb forms by which Spanish addresses people.

Dates are said as they are seen at the moment of sending: "mañana" is worked out from today's date in the event's zone,
never from the reminder's name. Whole sentences are in the templates. No I/O here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time, get_timezone_location

# Babel's es_GT writes the hours as Guatemala does; days and months are the same in every Spanish. Zones are asked in
# plain es, because es_GT and es_419 call the zone of Guatemala, which has no summer time, "hora de verano".
_CLOCK_LOCALE = {"es": "es_GT", "en": "en_US"}
_DATE = {"es": "EEEE d 'de' MMMM 'de' y", "en": "EEEE, MMMM d, y"}
_DATE_WITHOUT_YEAR = {"es": "EEEE d 'de' MMMM", "en": "EEEE, MMMM d"}
_BESIDE_TOMORROW = {"es": " EEEE d", "en": " (EEEE)"}
_TODAY_AND_TOMORROW = {"es": ("hoy", "mañana"), "en": ("today", "tomorrow")}

# How a Spanish e-mail addresses its reader: `trato` in the event file picks the column.
_FORMS = """
                     usted             tu                  vos
    su               su                tu                  tu
    le               le                te                  te
    recibe           recibe            recibes             recibís
    se_inscribio     se_inscribió      te_inscribiste      te_inscribiste
    comparta         comparta          comparte            compartí
    no_lo_comparta   no_lo_comparta    no_lo_compartas     no_lo_compartás
    responda         responda          responde            respondé
    escriba          escriba           escribe             escribí
"""


def _columns(table: str) -> dict[str, dict[str, str]]:
    heads, *rows = [line.split() for line in table.strip().splitlines()]
    return {trato: {row[0]: row[i + 1].replace("_", " ") for row in rows} for i, trato in enumerate(heads)}


ADDRESS_FORMS = _columns(_FORMS)
"""trato -> name of a form -> the words. English has one "you" and needs none."""


@dataclass(frozen=True, slots=True)
class SessionWords:
    """What a template may say of one session.

    title: "" where the session has none of its own. date: "martes 7 de marzo de 2023". day: the same seen from now,
    "mañana, martes 7 de marzo de 2023". near: "hoy", "mañana", or "el martes 7 de marzo".
    hours: "de 8:00 a. m. a 1:00 p. m.". zone: "hora de Guatemala (GMT-6)". short: for subjects, "Mañana martes 7,
    8:00 a. m.". begins: "martes 7 de marzo, 8:00 a. m.". was: the day and time before the last move, "" if it never
    moved; day_moved: whether that was another day. days_ahead: 0 today, 1 tomorrow.
    """

    title: str
    date: str
    day: str
    near: str
    hours: str
    zone: str
    short: str
    begins: str
    was: str
    day_moved: bool
    days_ahead: int


def date_words(day: date, language: str) -> str:
    """ "martes 7 de marzo de 2023", "Tuesday, March 7, 2023"."""
    return format_date(day, _DATE[language], locale=language)


def clock_words(at: datetime | time, language: str) -> str:
    """ "8:00 a. m.", "8:00 AM", with no-break spaces so that a line never ends before them.

    Babel writes narrow ones (U+202F), which some mail programs show as a box.
    """
    return format_time(at, "short", locale=_CLOCK_LOCALE[language]).replace("\u202f", "\u00a0")


def hours_words(starts: datetime, ends: datetime, language: str) -> str:
    """ "de 8:00 a. m. a 1:00 p. m."; a session past midnight names the day it ends on. Local times."""
    begin, end = clock_words(starts, language), clock_words(ends, language)
    if ends.date() != starts.date():
        day = format_date(ends, _DATE_WITHOUT_YEAR[language], locale=language)
        end = f"{end} del {day}" if language == "es" else f"{end} on {day}"
    return f"de {begin} a {end}" if language == "es" else f"{begin} to {end}"


@lru_cache
def zone_words(zone: str, offset: timedelta, language: str) -> str:
    """ "hora de Guatemala (GMT-6)", "Guatemala Time (GMT-6)"; the offset alone for a zone that is no place's."""
    minutes = int(offset.total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    gmt = "GMT" + (f"{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "") if minutes else "")
    if "/" not in zone or zone.startswith("Etc/"):
        return gmt if minutes else "UTC"
    # Babel answers "Argentina (Argentina/Buenos Aires)" where it has no name for the city.
    place = re.sub(r"\([^()]*/", "(", get_timezone_location(ZoneInfo(zone), locale=language))
    return f"{place}, {gmt}" if place.endswith(")") else f"{place} ({gmt})"


def deadline_words(deadline: datetime, zone: str, language: str) -> str:
    """The last day to register, "domingo 5 de marzo de 2023"; with the hour unless it is the day's end."""
    local = deadline.astimezone(ZoneInfo(zone))
    if local.time() == time(0):
        return date_words(local.date() - timedelta(days=1), language)
    return f"{date_words(local.date(), language)}, {clock_words(local, language)}"


def closed_words(deadline: datetime, zone: str, language: str) -> tuple[str, str]:
    """What an organiser may write when registration is closed: for the event's page, and for the meeting's own
    description, which stands above Zoom's form. Both say what is true: the form stays, and who fills it in waits."""
    until = deadline_words(deadline, zone, language).rstrip(".")  # "1:00 a. m." brings a full stop of its own
    if language == "es":
        return (
            f"Inscripción cerrada desde el {until}. Quien complete el formulario ahora queda en espera.",
            f"La inscripción cerró el {until}. Las solicitudes que lleguen ahora quedan en espera y no reciben enlace.",
        )
    return (
        f"Registration closed on {until}. Whoever fills in the form now waits.",
        f"Registration closed on {until}. Requests that come now wait, and get no link.",
    )


def session_words(
    *,
    title: str,
    starts_at: datetime,
    ends_at: datetime,
    previous_starts_at: datetime | None,
    zone: str,
    language: str,
    today: date,
) -> SessionWords:
    """A session in words. Times aware UTC, `zone` IANA, `language` "es" or "en", `today` by that zone's calendar."""
    tz = ZoneInfo(zone)
    starts, ends = starts_at.astimezone(tz), ends_at.astimezone(tz)
    days_ahead = (starts.date() - today).days
    full, without_year = (
        date_words(starts, language),
        format_date(starts, _DATE_WITHOUT_YEAR[language], locale=language),
    )
    clock = clock_words(starts, language)
    if days_ahead in (0, 1):
        near = _TODAY_AND_TOMORROW[language][days_ahead]
        day = f"{near}, {full}"
        # "Mañana, 8:00" could be read as "in the morning, at 8:00": the weekday stands between.
        weekday = format_date(starts, _BESIDE_TOMORROW[language], locale=language) if days_ahead else ""
        short = f"{_capital(near)}{weekday}, {clock}"
    else:
        near = f"el {without_year}" if language == "es" else f"on {without_year}"
        day, short = full, f"{_capital(without_year)}, {clock}"
    was, day_moved = "", False
    if previous_starts_at is not None:
        before = previous_starts_at.astimezone(tz)
        day_moved = before.date() != starts.date()
        was = f"{date_words(before, language)}, {clock_words(before, language)}"
    return SessionWords(
        title=title,
        date=full,
        day=day,
        near=near,
        hours=hours_words(starts, ends, language),
        zone=zone_words(zone, starts.utcoffset() or timedelta(0), language),
        short=short,
        begins=f"{without_year}, {clock}",
        was=was,
        day_moved=day_moved,
        days_ahead=days_ahead,
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
