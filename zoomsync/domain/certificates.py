"""Who gets a certificate of attendance, for what, and the code by which it can be checked.

Pure. Who was in which session is `domain.attendance`'s; how a certificate looks, `reports.certificates`'.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from zoomsync.domain.attendance import Enrolled, SessionAttendance, fold_name
from zoomsync.domain.records import RegistrantStatus, Session

DEFAULT_MINIMUM = 0.8  # of the time of all sessions that somebody registered for
HOLDS_FOR = timedelta(days=14)  # of a certificate's mail: a mail host that takes a few hundred a day needs some
CODE_BYTES = 8

# Crockford's base 32: none of the letters that are read as another one, and no word that one would not want.
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None, "\u2013": None, "\u00a0": None})
_CODE_LENGTH = 12
_INITIALS_AT_MOST = 8


class Person(NamedTuple):
    """What makes a registrant of an event the same person over its meetings and occurrences.

    name: folded, where several people of one meeting share an address; else "".
    """

    email: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Presence:
    """One person's part in an event. registrant: whom mail goes to: an approved registration before another one.

    attended, scheduled: over the sessions that the person registered for or was in. dates: local ones of the sessions
    that the person was in, sorted.
    """

    person: Person
    registrant: Enrolled
    attended: timedelta
    scheduled: timedelta
    dates: tuple[date, ...]

    @property
    def share(self) -> float:
        return self.attended / self.scheduled if self.scheduled else 0.0


@dataclass(frozen=True, slots=True)
class Certificate:
    """One that was issued, as it can be printed again. code: twelve characters, without dashes.

    name: "" once the person's data was removed. registrant_row: the store's id of whom its mail goes to, None then too.
    """

    code: str
    event_id: int
    event_title: str
    name: str
    registrant_row: int | None
    dates: tuple[date, ...]
    attended: timedelta
    scheduled: timedelta
    issued_at: datetime


def presence_of(found: Iterable[SessionAttendance], registrants: Iterable[Enrolled], zone: str) -> list[Presence]:
    """How long each person was in an event, the longest first; whoever came to no session is not among them, nor whose
    data was removed.

    found: of every session that counts. registrants: of the event, in any status. zone: of the event.

    Several registrations with one address are one person: of two meetings, or of two occurrences. Where two people
    registered for the same with one address, their names tell them apart.
    """
    registrants = [one for one in registrants if one.email]
    shared = _shared_addresses(registrants)
    registrations: dict[Person, list[Enrolled]] = {}
    for one in registrants:
        registrations.setdefault(_person(one, shared), []).append(one)
    time: dict[Person, timedelta] = {}
    sessions: dict[Person, dict[str, Session]] = {}
    days: dict[Person, set[date]] = {}
    tz = ZoneInfo(zone)
    for attendance in found:
        session = attendance.session
        for came in attendance.came:
            if not came.registrant.email:
                continue
            person = _person(came.registrant, shared)
            time[person] = time.get(person, timedelta(0)) + came.time
            sessions.setdefault(person, {})[session.key] = session
            days.setdefault(person, set()).add(session.starts_at.astimezone(tz).date())
        for absent in attendance.absent:
            sessions.setdefault(_person(absent, shared), {})[session.key] = session
    presences = [
        Presence(
            person,
            _written_to(registrations[person]),
            attended,
            sum((one.ends_at - one.starts_at for one in sessions[person].values()), timedelta(0)),
            tuple(sorted(days[person])),
        )
        for person, attended in time.items()
    ]
    return sorted(presences, key=lambda one: (-one.attended, one.registrant.row_id))


def _shared_addresses(registrants: Sequence[Enrolled]) -> frozenset[str]:
    """Addresses with which several registered for the same meeting or occurrence."""
    seen: dict[tuple[str, str, str], str] = {}
    shared = set()
    for one in registrants:
        place = (one.meeting_id, one.occurrence_id, one.email)
        if seen.setdefault(place, one.registrant_id) != one.registrant_id:
            shared.add(one.email)
    return frozenset(shared)


def _person(one: Enrolled, shared: frozenset[str]) -> Person:
    return Person(one.email, fold_name(one.name) if one.email in shared else "")


def _written_to(registrations: Sequence[Enrolled]) -> Enrolled:
    return min(registrations, key=lambda one: (one.status is not RegistrantStatus.APPROVED, one.row_id))


# ------------------------------------------------------------------------------------------------------------- codes


def code_from(chance: bytes) -> str:
    """A code from `CODE_BYTES` random bytes: 60 bits, which nobody can guess and people can type."""
    number = int.from_bytes(chance[:CODE_BYTES])
    return "".join(_DIGITS[number >> (5 * place) & 31] for place in range(_CODE_LENGTH))


def read_code(text: str) -> str | None:
    """A code as somebody typed it: dashes, blanks and small letters do not matter, nor do O for 0 and I or L for 1.

    None for what is no code.
    """
    code = text.strip().upper().translate(_MISREAD)
    return code if len(code) == _CODE_LENGTH and set(code) <= set(_DIGITS) else None


def shown_code(code: str) -> str:
    """ "7K3M-9QWX-2TBD"."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def initials(name: str) -> str:
    """ "M. J. Ñ." of "María José Ñandú": enough to notice another's name on a certificate, and not to learn one."""
    return " ".join(f"{word[0].upper()}." for word in fold_name(name).split()[:_INITIALS_AT_MOST])
