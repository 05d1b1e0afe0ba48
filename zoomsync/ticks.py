"""The daemon's ticks, whatever the machine's clock does. What is done at a tick: `daemon`.

APScheduler plans by the clock on the wall. A clock that was set ahead by years would have it count every tick that was
missed, and one that was set back would have it wait until the old time has come again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from apscheduler.schedulers.base import BaseScheduler
from apscheduler.triggers.base import BaseTrigger

from zoomsync.clock import Clock, system_clock

SET_BACK = timedelta(seconds=2)  # less than this is a clock that is kept right


class Tick(BaseTrigger):  # type: ignore[misc]
    """Fires at an interval: never for what was missed, and never further ahead than one interval."""

    def __init__(self, every: timedelta) -> None:
        self.every = every

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        due = now if previous is None else previous + self.every
        return due if now < due <= now + self.every else now + self.every


class ClockWatch:
    """Notices that the machine's clock was set back, by the one that nobody sets."""

    def __init__(self, wall: Clock = system_clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._apart = self._difference()

    def was_set_back(self) -> bool:
        """Whether it was, since the last look."""
        before, self._apart = self._apart, self._difference()
        return self._apart < before - SET_BACK.total_seconds()

    def _difference(self) -> float:
        return self._wall().timestamp() - self._monotonic()


def tick_now(scheduler: BaseScheduler) -> None:
    """Have every job fire at once, and go on from there."""
    for job in scheduler.get_jobs():
        job.modify(next_run_time=system_clock())
