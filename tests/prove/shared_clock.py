"""A clock that several processes go by: one file says from which moment it runs on, and how fast."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path


class SharedClock:
    """Reads the file at every look, so that whoever drives it moves the time of everybody.

    The machine's monotonic clock is the same for all its processes.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self) -> datetime:
        at, tick, speed = map(float, self._file.read_text().split())
        return datetime.fromtimestamp(at + (time.monotonic() - tick) * speed, UTC)

    def set(self, at: datetime, speed: float) -> None:
        """Jump to `at`, and run on from there `speed` times as fast as real time."""
        new = self._file.with_name(f"{self._file.name}.new")
        new.write_text(f"{at.timestamp()!r} {time.monotonic()!r} {speed!r}")
        os.replace(new, self._file)

    def jump(self, span: timedelta) -> None:
        """Forwards or back, at the same speed."""
        speed = float(self._file.read_text().split()[2])
        self.set(self() + span, speed)
