"""States, kinds of mail, moments, deadlines and counted things in words: one table for every screen and report.

On the lowest floor, so that commands, admin pages, alarms (`jobs`) and reports may all say the same. Machine names in
(what `--json` and the database call things), words out. Each function speaks the language of the organiser's own
screens, or the one it is given: a report is in its event's language. What a mail says of a date is `mail.wording`'s.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from zoomsync.language import N_, _, gettext_in, in_use, ngettext, ngettext_in

REGISTRANT_STATUSES = {
    "pending": N_("pending"),
    "approved": N_("approved"),
    "denied": N_("denied"),
    "cancelled": N_("cancelled"),
}
MAIL_STATES = {
    "pending": N_("to be sent"),
    "claimed": N_("being sent"),
    "transmitting": N_("being sent"),
    "sent": N_("accepted by the mail server"),
    "deferred": N_("to be tried again"),
    "in_doubt": N_("not known whether it went out"),
    "failed": N_("failed"),
    "skipped": N_("left out"),
    "cancelled": N_("withdrawn"),
}
EVENT_STATUSES = {"draft": N_("draft"), "active": N_("active"), "cancelled": N_("called off")}
REGISTRATION_STATES = {"open": N_("open"), "closed": N_("closed"), "not_closed": N_("NOT CLOSED")}
MAIL_KINDS = {
    "welcome": N_("welcome with the link"),
    "moved": N_("notice of a new time"),
    "called_off": N_("notice of cancellation"),
    "late": N_("notice of late registration"),
    "announce": N_("announcement"),
    "resend": N_("link sent again"),
    "certificate": N_("certificate"),
}

# As in mails: Guatemala writes hours as es_GT does.
_CLOCK = {"es": "es_GT", "en": "en_US"}
_DAY = {"es": "EEEE d 'de' MMMM 'de' y", "en": "EEEE, MMMM d, y"}
_DAY_WITHOUT_YEAR = {"es": "EEEE d 'de' MMMM", "en": "EEEE, MMMM d"}
_DAY_AND_MONTH = {"es": "d 'de' MMMM", "en": "d MMMM"}
_SHORT_DAY = {"es": "d MMM y", "en": "MMM d, y"}


def registrant_status(name: str, language: str | None = None) -> str:
    """ "approved" is "aprobada". A name that is not known is given as it is, here and below."""
    return _in(REGISTRANT_STATUSES, name, language)


def mail_state(name: str, language: str | None = None) -> str:
    """ "sent" is "aceptado por el servidor de correo"."""
    return _in(MAIL_STATES, name, language)


def reason(stored: str, language: str | None = None) -> str:
    """Why a message was not sent, or a run failed, as the database keeps it; somebody else's words stay as they are."""
    return gettext_in(language, stored) if stored else ""


def event_status(name: str, language: str | None = None) -> str:
    return _in(EVENT_STATUSES, name, language)


def registration(name: str, language: str | None = None) -> str:
    """ "not_closed" is "SIN CERRAR"."""
    return _in(REGISTRATION_STATES, name, language)


def mail_kind(kind: str, language: str | None = None) -> str:
    """ "before:24h" is "recordatorio, 24 horas antes"."""
    name, colon, _lead = kind.partition(":")
    if colon:
        frame = N_("reminder, {lead}") if name == "before" else N_("message, {lead}")
        return gettext_in(language, frame).format(lead=lead(kind, language))
    return _in(MAIL_KINDS, name, language)


def lead(kind: str, language: str | None = None) -> str:
    """When a kind of mail goes out: "before:1d 17:00" is "1 día antes, 17:00"."""
    name, _colon, written = kind.partition(":")
    found = re.fullmatch(r"(\d+)([dhm])(?: (\d\d?:\d\d))?", written)
    if found is None:
        return written
    number, clock = int(found[1]), found[3]
    span = _UNITS[found[2]](language, number).format(number=number)
    frame = N_("{span} after") if name == "after" else N_("{span} before")
    return gettext_in(language, frame).format(span=span) + (f", {clock}" if clock else "")


_UNITS = {
    "d": lambda language, number: ngettext_in(language, "{number} day", "{number} days", number),
    "h": lambda language, number: ngettext_in(language, "{number} hour", "{number} hours", number),
    "m": lambda language, number: ngettext_in(language, "{number} minute", "{number} minutes", number),
}


# -------------------------------------------------------------------------------------------------------- days, hours


def moment(at: datetime | None, zone: str, language: str | None = None) -> str:
    """A moment in a zone, as short as a table wants it: "7 mar 2023, 8:00 a. m."; "" for None."""
    if at is None:
        return ""
    local = at.astimezone(ZoneInfo(zone))
    return f"{short_day(local, language)}, {clock(local, language)}"


def at_length(at: datetime, zone: str, *, now: datetime | None = None, language: str | None = None) -> str:
    """A moment in a zone for a sentence: "martes 7 de marzo, 8:00 a. m.". The year is left out where it is `now`'s."""
    language, local = language or in_use(), at.astimezone(ZoneInfo(zone))
    this_year = now is not None and now.astimezone(ZoneInfo(zone)).year == local.year
    return f"{day(local, language, year=not this_year)}, {clock(local, language)}"


def deadline(at: datetime, zone: str, *, now: datetime | None = None, language: str | None = None) -> str:
    """A deadline or a closing as people know it, "domingo 5 de marzo, 11:59 p. m.": see `last_minute`."""
    return at_length(last_minute(at, zone), zone, now=now, language=language)


def last_minute(at: datetime, zone: str) -> datetime:
    """A deadline at midnight is the end of a day, and so is the closing that follows it at once: the minute before.

    Any other moment is as it is: "until 11:59 PM" was announced, and nobody is to read of another day.
    """
    in_its_first_minute = at.astimezone(ZoneInfo(zone)).time() < time(0, 1)
    return at.replace(second=0, microsecond=0) - timedelta(minutes=1) if in_its_first_minute else at


def day(on: date, language: str | None = None, *, year: bool = True) -> str:
    """ "martes 7 de marzo de 2023", "Tuesday, March 7, 2023"."""
    return _date(on, _DAY if year else _DAY_WITHOUT_YEAR, language or in_use())


def weekday(on: date, language: str | None = None) -> str:
    """ "martes", "Tuesday"."""
    return _date(on, {"es": "EEEE", "en": "EEEE"}, language or in_use())


def short_day(on: date, language: str | None = None) -> str:
    """ "7 mar 2023", "Mar 7, 2023"."""
    return _date(on, _SHORT_DAY, language or in_use())


def day_and_month(on: date, language: str | None = None) -> str:
    """ "5 de marzo", "5 March"."""
    return _date(on, _DAY_AND_MONTH, language or in_use())


def clock(at: datetime | time, language: str | None = None) -> str:
    """ "8:00 a. m.", "8:00 AM", with ordinary blanks."""
    from babel.dates import format_time  # takes a while, and commands are to start at once

    return " ".join(format_time(at, "short", locale=_CLOCK[language or in_use()]).split())


def _date(on: date, patterns: Mapping[str, str], language: str) -> str:
    from babel.dates import format_date

    return format_date(on, patterns[language], locale=language)


# ----------------------------------------------------------------------------------------------------------- how many


def counted(number: int, noun: str) -> str:
    """A number and what it counts, for a sentence on the organiser's screens: "1 correo", "12 correos"."""
    return _NOUNS[noun](number).format(number=number)


# The nouns of `counted`: each names its forms where the catalogues' collector finds them.
_NOUNS = {
    "address": lambda n: ngettext("{number} address", "{number} addresses", n),
    "approved registrant": lambda n: ngettext("{number} approved registrant", "{number} approved registrants", n),
    "certificate": lambda n: ngettext("{number} certificate", "{number} certificates", n),
    "doubt": lambda n: ngettext("{number} doubt", "{number} doubts", n),
    "message": lambda n: ngettext("{number} message", "{number} messages", n),
    "opt-out": lambda n: ngettext("{number} opt-out", "{number} opt-outs", n),
    "person": lambda n: ngettext("{number} person", "{number} people", n),
    "recorded change": lambda n: ngettext("{number} recorded change", "{number} recorded changes", n),
    "registrant": lambda n: ngettext("{number} registrant", "{number} registrants", n),
    "registration": lambda n: ngettext("{number} registration", "{number} registrations", n),
    "session": lambda n: ngettext("{number} session", "{number} sessions", n),
    "stay": lambda n: ngettext("{number} stay", "{number} stays", n),
    "sync": lambda n: ngettext("{number} sync", "{number} syncs", n),
}


def people_in(status: str, number: int) -> str:
    """How many registrants are in a status: "1 aprobada", "28 aprobadas"."""
    return _said(_PEOPLE, status, number)


def mails_in(state: str, number: int) -> str:
    """How many messages are in a state, at length: "2 aceptados por el servidor de correo"."""
    return _said(_MAILS, state, number)


def fate(name: str, number: int) -> str:
    """What became of so many messages, in a word: "1 enviado", "2 enviados"."""
    return _said(_FATES, name, number)


def change(name: str, number: int) -> str:
    """What a sync did, by the name of a run's count: "1 nueva", "2 nuevas"."""
    return _said(_CHANGES, name, number)


_PEOPLE = {
    "pending": lambda n: ngettext("{number} pending", "{number} pending", n),
    "approved": lambda n: ngettext("{number} approved", "{number} approved", n),
    "denied": lambda n: ngettext("{number} denied", "{number} denied", n),
    "cancelled": lambda n: ngettext("{number} cancelled", "{number} cancelled", n),
}
_FATES = {
    "sent": lambda n: ngettext("{number} sent", "{number} sent", n),
    "failed": lambda n: ngettext("{number} failed", "{number} failed", n),
    "skipped": lambda n: ngettext("{number} left out", "{number} left out", n),
    "in_doubt": lambda n: ngettext("{number} in doubt", "{number} in doubt", n),
    "deferred": lambda n: ngettext("{number} deferred", "{number} deferred", n),
    "waiting": lambda n: ngettext("{number} waiting", "{number} waiting", n),
}
_MAILS = {
    "pending": lambda n: ngettext("{number} to be sent", "{number} to be sent", n),
    "claimed": lambda n: ngettext("{number} being sent", "{number} being sent", n),
    "transmitting": lambda n: ngettext("{number} being sent", "{number} being sent", n),
    "sent": lambda n: ngettext("{number} accepted by the mail server", "{number} accepted by the mail server", n),
    "deferred": lambda n: ngettext("{number} to be tried again", "{number} to be tried again", n),
    "in_doubt": lambda n: ngettext(
        "{number} not known whether it went out", "{number} not known whether they went out", n
    ),
    "failed": _FATES["failed"],
    "skipped": _FATES["skipped"],
    "cancelled": lambda n: ngettext("{number} withdrawn", "{number} withdrawn", n),
}
_CHANGES = {
    "added": lambda n: ngettext("{number} added", "{number} added", n),
    "updated": lambda n: ngettext("{number} updated", "{number} updated", n),
    "cancelled": _PEOPLE["cancelled"],
    "reinstated": lambda n: ngettext("{number} reinstated", "{number} reinstated", n),
    "held": lambda n: ngettext("{number} held", "{number} held", n),
}


def _said(table: Mapping[str, Callable[[int], str]], name: str, number: int) -> str:
    return table[name](number).format(number=number) if name in table else f"{number} {name}"


def _in(table: Mapping[str, str], name: str, language: str | None) -> str:
    return gettext_in(language, table[name]) if name in table else str(name)


def meeting(kind: str, number: str) -> str:
    """ "meeting 81234567890", within a sentence: "la reunión 81234567890"."""
    return (_("webinar {number}") if kind == "webinar" else _("meeting {number}")).format(number=number)


def meetings(kind: str) -> str:
    return _("webinars") if kind == "webinar" else _("meetings")


def listed(names: Sequence[str]) -> str:
    """ "A, B and C"."""
    if len(names) < 2:
        return "".join(names)
    return _("{others} and {last}").format(others=", ".join(names[:-1]), last=names[-1])


# ------------------------------------------------------------------------------------------------------------- trouble

_TROUBLE = {
    errno.ENOENT: N_("no such file or folder"),
    errno.EACCES: N_("permission denied"),
    errno.EPERM: N_("operation not permitted"),
    errno.EISDIR: N_("it is a folder"),
    errno.ENOTDIR: N_("part of the path is no folder"),
    errno.ENOSPC: N_("the disk is full"),
    errno.EROFS: N_("the disk may not be written"),
    errno.EADDRINUSE: N_("somebody else uses that port"),
    errno.ECONNREFUSED: N_("the connection was refused"),
}


def trouble(error: OSError) -> str:
    """What the system says is wrong, for brackets behind a message; in its own words where it is something rare."""
    return _(_TROUBLE[error.errno]) if error.errno in _TROUBLE else str(error.strerror or error)
