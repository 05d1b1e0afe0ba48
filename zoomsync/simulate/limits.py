"""Zoom's rate limits: so many calls of a label in a second and in a day, by the account's plan.

The limits on one host's updates and one registrant's changes are rules of the account: `meetings`, `registrants`.
Source: docs/zoom.md, "Rate limits".
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

LIGHT, MEDIUM, HEAVY = "Light", "Medium", "Heavy"

PER_SECOND = {
    "free": {LIGHT: 4, MEDIUM: 2, HEAVY: 1},
    "pro": {LIGHT: 30, MEDIUM: 20, HEAVY: 10},
    "business": {LIGHT: 80, MEDIUM: 60, HEAVY: 40},
}
PER_DAY = {
    "free": {LIGHT: 6_000, MEDIUM: 2_000, HEAVY: 1_000},
    "pro": {HEAVY: 30_000},
    "business": {HEAVY: 60_000},
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a call meets. message: "" if it may go on. headers: Zoom's, for the answer either way."""

    message: str
    headers: dict[str, str]


class RateLimits:
    """Counts calls by label: per second of the monotonic clock, and per UTC day. Not thread-safe: `account` locks."""

    def __init__(self, plan: str) -> None:
        self.per_second = dict(PER_SECOND[plan])
        self.per_day = dict(PER_DAY[plan])
        self._second = 0
        self._in_second: Counter[str] = Counter()
        self._day: date | None = None
        self._in_day: Counter[str] = Counter()

    def count(self, label: str, *, now: datetime, monotonic_s: float) -> Verdict:
        """Count one call, or refuse it. now: aware UTC. monotonic_s: what the seconds are counted on."""
        if int(monotonic_s) != self._second:
            self._second = int(monotonic_s)
            self._in_second.clear()
        if now.date() != self._day:
            self._day = now.date()
            self._in_day.clear()

        day_limit = self.per_day.get(label)
        if day_limit is not None and self._in_day[label] >= day_limit:
            return Verdict(
                "You have reached the maximum daily rate limit for this API. Refer to the response header for details"
                " on when you can make another request.",
                headers(label, "Daily-limit", day_limit, 0) | {"Retry-After": midnight_after(now)},
            )
        limit = self.per_second[label]
        if self._in_second[label] >= limit:
            return Verdict(
                "You have reached the maximum per-second rate limit for this API. Try again later.",
                headers(label, "QPS", limit, 0),
            )
        self._in_second[label] += 1
        self._in_day[label] += 1
        return Verdict("", headers(label, "QPS", limit, limit - self._in_second[label]))


def headers(label: str, kind: str, limit: int, remaining: int) -> dict[str, str]:
    return {
        "X-RateLimit-Category": label,
        "X-RateLimit-Type": kind,
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
    }


def midnight_after(now: datetime) -> str:
    """The next 00:00 UTC as Zoom puts it into Retry-After: an ISO time, not seconds."""
    return (now + timedelta(days=1)).strftime("%Y-%m-%dT00:00:00Z")
