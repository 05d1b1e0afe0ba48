"""Zoom's rate limits: kept beforehand, and understood when they are hit all the same.

No HTTP here: `api` asks for a slot before each call and brings the headers of a refusal.
Source of the figures and headers: Zoom's API reference, "Rate limits"; docs/zoom.md.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple

Label = Literal["light", "medium", "heavy"]

# Requests a second by plan and label. They count per Zoom account: every user, app and daemon of it together.
RATES: dict[str, dict[Label, int]] = {
    "free": {"light": 4, "medium": 2, "heavy": 1},
    "pro": {"light": 30, "medium": 20, "heavy": 10},
    "business": {"light": 80, "medium": 60, "heavy": 40},
}

# A second's worth of requests is spread over a little more than a second: on their way some are held up and
# bunch together, and Zoom counts what arrives.
_WINDOW_STRETCH = 1.1

# Whatever a header says: a limit of so many a second is over soon, one of so many a day by the next day, and one of
# an unknown kind is worth another try before that.
_LONGEST_PER_SECOND = timedelta(seconds=5)
_LONGEST_UNKNOWN = timedelta(hours=1)
_LONGEST = timedelta(days=1)


class RateLimiter:
    """Slots for requests, at most the plan's rate in any second, first come first served, for all threads."""

    def __init__(
        self, plan: str, *, monotonic: Callable[[], float], sleep: Callable[[float], None], share: float = 1.0
    ) -> None:
        """plan: free, pro or business. share: the part of the plan's rate that is ours, see `set_share`.

        Raises ValueError on an unknown plan or a share outside (0, 1].
        """
        if plan not in RATES:
            raise ValueError(f"unknown Zoom plan {plan!r}: write one of {', '.join(RATES)}")
        self._rates = RATES[plan]
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._windows: dict[Label, _Window] = {label: _Window() for label in self._rates}
        self.set_share(share)

    def set_share(self, share: float) -> None:
        """Use this part of the plan's rate from now on: 1/n where n daemons share one Zoom account."""
        if not 0 < share <= 1:
            raise ValueError(f"a share is above 0 and at most 1, not {share!r}")
        with self._lock:
            for label, rate in self._rates.items():
                self._windows[label].fit(rate * share)

    def wait(self, label: Label) -> None:
        """Take the next free slot and sleep until it comes."""
        with self._lock:
            now = self._monotonic()
            slot = self._windows[label].take(now)
        if slot > now:
            self._sleep(slot - now)

    def hold(self, label: Label, for_s: float) -> None:
        """Give out no slot for a while: Zoom said that the rate was reached, perhaps by other apps of the account."""
        with self._lock:
            window = self._windows[label]
            window.held_until = max(window.held_until, self._monotonic() + for_s)


class _Window:
    """The last slots given out under one label: no more than `burst` of them in `length_s` seconds."""

    def __init__(self) -> None:
        self.held_until = -math.inf
        self._slots: deque[float] = deque()
        self._length_s = 0.0

    def fit(self, rate: float) -> None:
        """rate: requests a second. Below one a second it is one request in a longer window."""
        burst = max(1, math.floor(rate))
        self._length_s = burst / rate * _WINDOW_STRETCH
        self._slots = deque(self._slots, maxlen=burst)

    def take(self, now: float) -> float:
        slot = max(now, self.held_until)
        if len(self._slots) == self._slots.maxlen:
            slot = max(slot, self._slots[0] + self._length_s)
        # Never before a slot already given: first come, first served, also after a change of share.
        if self._slots:
            slot = max(slot, self._slots[-1])
        self._slots.append(slot)
        return slot


class RateRefusal(NamedTuple):
    """What a 429 says. daily: waiting within the run is of no use. wait: as asked for, None where nothing was."""

    daily: bool
    wait: timedelta | None


def read_rate_refusal(headers: Mapping[str, str], message: str, now: datetime) -> RateRefusal:
    """Tell a per-second refusal from a daily one, and how long to wait.

    Zoom's wording and headers change and any of them may be missing. The refusal of a hundredth update of a host's
    meetings comes with the headers of an ample per-second limit and only its words, "daily rate limit (100)", tell.
    headers: looked up without regard to case. now: aware UTC.
    """
    words = message.lower()
    kind = headers.get("X-RateLimit-Type", "").lower()
    per_second = "per-second" in words
    asked = parse_retry_after(headers.get("Retry-After", ""), now)
    if "daily" in kind or (("daily" in words or "(100)" in words) and not per_second):
        return RateRefusal(True, asked)
    if asked is None:
        asked = _parse_reset(headers.get("X-RateLimit-Reset", ""), now)
    if asked is None:
        return RateRefusal(False, None)
    return RateRefusal(False, min(asked, _LONGEST_PER_SECOND if per_second or kind == "qps" else _LONGEST_UNKNOWN))


def daily_retry_at(refusal: RateRefusal, now: datetime) -> datetime:
    """When to try again after a daily refusal: as asked for, or when Zoom's day ends, 00:00 UTC."""
    if refusal.wait:
        return now + refusal.wait
    return datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)


def parse_retry_after(value: str, now: datetime) -> timedelta | None:
    """A Retry-After as a wait from `now`: 0 at least, a day at most; None where it cannot be understood.

    Three forms are met: seconds and an HTTP date (RFC 9110), and Zoom's ISO time ("2020-05-31T00:00:00Z").
    """
    value = value.strip()
    if not value:
        return None
    try:
        return _bounded_seconds(float(value))
    except ValueError:
        pass
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            at = parse(value)
        except ValueError:
            continue
        return _bounded((at if at.tzinfo else at.replace(tzinfo=UTC)) - now)
    return None


def _parse_reset(value: str, now: datetime) -> timedelta | None:
    """X-RateLimit-Reset: an epoch, in seconds, or in milliseconds where it would lie thousands of years ahead."""
    try:
        epoch_s = float(value)
    except ValueError:
        return None
    if epoch_s > 1e11:
        epoch_s /= 1000
    return _bounded_seconds(epoch_s - now.timestamp())


def _bounded_seconds(seconds: float) -> timedelta | None:
    if math.isnan(seconds):
        return None
    return timedelta(seconds=min(max(seconds, 0.0), _LONGEST.total_seconds()))


def _bounded(wait: timedelta) -> timedelta:
    return min(max(wait, timedelta(0)), _LONGEST)
