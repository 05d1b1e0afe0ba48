"""How the demo is told: happenings, one after another, and a board with how things stand. As plain lines here; `live`
draws them on a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from zoomsync.clock import Sleep
from zoomsync.language import in_use
from zoomsync.text import terminal


class Mark(StrEnum):
    """What kind of thing a happening is: how it is drawn follows from it."""

    CHAPTER = "chapter"
    PERSON = "person"  # one person registers: too many of them for plain lines
    GROUP = "group"  # how many did, for where each is not told
    ZOOM = "zoom"
    SYNC = "sync"
    DEADLINE = "deadline"
    MAIL = "mail"
    SESSION = "session"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened. detail: it belongs to the one before."""

    at: datetime
    words: str
    mark: Mark
    detail: bool = False


@dataclass(slots=True)
class Board:
    """How things stand, for whoever looks while it goes on.

    people: registrants by status, as the database has them. marks: (moment, title) of what the whole leads up to; the
    first is the deadline. closed_at: since when whoever registers waits, None while registration is open. sent: mails
    that we handed over. arrived: gives how many the mail server has.
    """

    title: str
    zone: str
    begins_at: datetime
    ends_at: datetime
    marks: list[tuple[datetime, str]]
    people: dict[str, int] = field(default_factory=dict)
    on_zoom: int = 0
    closed_at: datetime | None = None
    sent: int = 0
    arrived: Callable[[], int] = lambda: 0


class Teller(Protocol):
    """Who shows the story."""

    def begin(self, board: Board) -> None: ...

    def tell(self, one: Happening) -> None: ...

    def pass_time(self, since: datetime, until: datetime, beats: float) -> None:
        """Let the event's clock run from one moment to another. beats: how long that may take to watch."""

    def end(self) -> None:
        """No more is told. May be called twice."""


class PlainTeller:
    """Lines, for a pipe or a file. write: takes one. pace_s: how long a beat takes."""

    def __init__(self, write: Callable[[str], None], *, pace_s: float, sleep: Sleep = time.sleep) -> None:
        self._write = write
        self._pace_s = pace_s
        self._sleep = sleep
        self._zone = ""

    def begin(self, board: Board) -> None:
        self._zone = board.zone

    def tell(self, one: Happening) -> None:
        if one.mark is not Mark.PERSON:
            self._write(f"{short_moment(one.at, self._zone)}  {'    ' * one.detail}{terminal(one.words)}")

    def pass_time(self, since: datetime, until: datetime, beats: float) -> None:
        if self._pace_s:
            self._sleep(beats * self._pace_s)

    def end(self) -> None:
        pass


class SilentTeller:
    """Nothing is told: somebody wants the result alone."""

    def begin(self, board: Board) -> None:
        pass

    def tell(self, one: Happening) -> None:
        pass

    def pass_time(self, since: datetime, until: datetime, beats: float) -> None:
        pass

    def end(self) -> None:
        pass


def short_moment(at: datetime, zone: str) -> str:
    """Weekday, day and time, in the organiser's language and of one width: "Mon 06 Mar 00:07"."""
    return format_datetime(at.astimezone(ZoneInfo(zone)), "EEE dd MMM HH:mm", locale=_locale())


def clock_time(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M}"


def long_moment(at: datetime, zone: str) -> str:
    """As on a clock on the wall: "lunes 6 de marzo de 2023, 00:07"."""
    pattern = "EEEE d 'de' MMMM 'de' y, HH:mm" if in_use() == "es" else "EEEE d MMMM y, HH:mm"
    return format_datetime(at.astimezone(ZoneInfo(zone)), pattern, locale=_locale())


def _locale() -> str:
    return "es_GT" if in_use() == "es" else "en_GB"
