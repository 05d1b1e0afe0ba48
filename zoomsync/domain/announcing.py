"""Who gets an announcement of the organiser's: pure, from the registrants and from who came.

One a person, by their address, however often they registered, and never twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from zoomsync.domain.records import RegistrantStatus

HOLDS_FOR = timedelta(days=14)  # a mail host that takes a few hundred a day needs some


class Audience(StrEnum):
    APPROVED = "approved"
    PENDING = "pending"
    ATTENDED = "attended"  # approved, and came to one session at least, however briefly
    ABSENT = "absent"  # approved, and came to none


class Candidate(NamedTuple):
    """A registrant as announcing goes by them. row_id: the store's own id. bounced: mail to the address came back."""

    row_id: int
    email: str
    status: RegistrantStatus
    opted_out: bool
    bounced: bool


@dataclass(frozen=True, slots=True)
class Recipients:
    """rows: registrants who are to get it now, by row id. already: how many addresses of the audience have it, or have
    it before them. opted_out, bounced: how many are left out for that reason."""

    rows: tuple[int, ...]
    already: int
    opted_out: int
    bounced: int


def announcement_id(subject: str, text: str) -> str:
    """What makes an announcement of an event the same one, sixteen hex digits: the same words, however line breaks and
    blanks at the end of lines are written."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return hashlib.sha256("\n".join([subject.strip(), *lines]).encode()).hexdigest()[:16]


def choose_recipients(
    candidates: Iterable[Candidate],
    audience: Audience,
    *,
    came: Mapping[str, Collection[int]],
    had: Collection[str],
    important: bool,
) -> Recipients:
    """Say who of an event's registrants gets an announcement now.

    candidates: all of the event. came: row ids of who came, by session key. had: the addresses that have a message of
    this announcement, in any state. important: it also goes to those who want no reminders.
    """
    attended = {row for rows in came.values() for row in rows}
    wanted = RegistrantStatus.PENDING if audience is Audience.PENDING else RegistrantStatus.APPROVED
    people: dict[str, list[Candidate]] = {}
    for one in candidates:
        if one.status is wanted:
            people.setdefault(one.email, []).append(one)
    rows, already, opted_out, bounced = [], 0, 0, 0
    for email, theirs in people.items():
        if audience in (Audience.ATTENDED, Audience.ABSENT):
            was_there = any(one.row_id in attended for one in theirs)
            if was_there is not (audience is Audience.ATTENDED):
                continue
        if email in had:
            already += 1
        elif theirs[0].bounced:
            bounced += 1
        elif theirs[0].opted_out and not important:
            opted_out += 1
        else:
            rows.append(min(one.row_id for one in theirs))
    return Recipients(tuple(sorted(rows)), already, opted_out, bounced)
