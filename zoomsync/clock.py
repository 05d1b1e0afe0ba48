"""Where the time comes from. Nothing else in the house asks the system what time it is.

A Clock is a callable that gives an aware UTC datetime. `app` picks one (`--now`, the demo); a job calls it once
and passes `now` down.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
Sleep = Callable[[float], None]


def system_clock() -> datetime:
    """The system's time, aware UTC."""
    return datetime.now(UTC)


def fixed_clock(at: datetime) -> Clock:
    """A clock that stands still at `at` (`--now` in a one-off command). Raises ValueError if `at` is naive."""
    moment = to_utc(at)
    return lambda: moment


def running_clock(start: datetime, *, speed: float = 1.0) -> Clock:
    """A clock that starts at `start` and runs on, `speed` times as fast as the monotonic clock (`--now` in `run`).

    Raises ValueError if `start` is naive.
    """
    begin, tick = to_utc(start), time.monotonic()
    return lambda: begin + timedelta(seconds=(time.monotonic() - tick) * speed)


class SteppedClock:
    """A clock that moves only when told to: the demo's, and the tests'."""

    def __init__(self, start: datetime) -> None:
        self._now = to_utc(start)

    def __call__(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move on by `by` and give the new time."""
        self._now += by
        return self._now

    def move_to(self, at: datetime) -> datetime:
        """Jump to `at`, forwards or back, and give it. Raises ValueError if `at` is naive."""
        self._now = to_utc(at)
        return self._now


def to_utc(at: datetime) -> datetime:
    """`at` in UTC. Raises ValueError if it is naive: a time without a zone is a guess."""
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone")
    return at.astimezone(UTC)
