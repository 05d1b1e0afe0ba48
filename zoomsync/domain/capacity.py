"""What a mail host takes, which messages will therefore not go out in time, and what earlier moment would do.

Pure. The figures of known hosts are public ones, read on the day that `CHECKED` names; an account may have others,
which the settings `smtp.max_per_...` say. What is really counted at delivery: see `jobs.deliver`.

Read at the host itself:
- Google Workspace: 2,000 messages in any 24 hours, SMTP included, 500 while on trial
  (support.google.com/a/answer/166852).
- Microsoft 365: 10,000 recipients a day and 30 messages a minute for a mailbox (learn.microsoft.com, "Exchange Online
  limits").
- Outlook.com: 5,000 recipients a day for subscribers, 1,000 of them never written to before, and fewer for others
  (support.microsoft.com, "Sending limits in Outlook.com"); how many fewer is reported by others: 300.
- Brevo: 300 a day on the free plan (help.brevo.com, "Add or remove emails from your plan").
- Amazon SES: 200 in 24 hours and one a second in the sandbox, to confirmed addresses alone; out of it, as agreed with
  Amazon (docs.aws.amazon.com/ses, "Service quotas").
- Yahoo: 500 recipients a day for business mail (help.yahoo.com, SLN17518).
Reported by others: Gmail, private accounts: 500 a day (they name support.google.com/mail/answer/22839); SendGrid's free
plan: 100 a day; Zoho Mail: 50 to 500 an hour to others than one's own organisation, by standing (they name
zoho.com/mail/help/adminconsole/rates-and-limits.html).
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from zoomsync.domain.moments import moment
from zoomsync.domain.records import Lead
from zoomsync.language import N_

CHECKED = "2026-11-24"

_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
_FURTHEST_DAYS = 14
_HOURS = (2, 3, 4, 6, 8, 12)
_CLOCKS = (time(17), time(12), time(8))

Windows = Sequence[tuple[timedelta, int]]
"""Caps as (window, messages): so many in any such time."""


@dataclass(frozen=True, slots=True)
class HostLimit:
    """What a mail host usually takes, None for no such cap. name: of the offer. remark: what else to know, or ""."""

    name: str
    per_day: int | None = None
    per_hour: int | None = None
    per_minute: int | None = None
    remark: str = ""

    def windows(self) -> Windows:
        """Its caps."""
        caps = ((_MINUTE, self.per_minute), (_HOUR, self.per_hour), (_DAY, self.per_day))
        return [(window, cap) for window, cap in caps if cap is not None]


_KNOWN = (
    (r"smtp\.gmail\.com", HostLimit("Google Workspace", 2_000, remark=N_("500 while on trial"))),
    (r"smtp\.office365\.com", HostLimit("Microsoft 365", 10_000, per_minute=30)),
    (
        r"smtp(-mail)?\.(outlook|live|hotmail)\.com",
        HostLimit("Outlook.com", 300, remark=N_("more for subscribers, and less for new accounts")),
    ),
    (r"smtp-relay\.(brevo|sendinblue)\.com", HostLimit(N_("Brevo's free plan"), 300)),
    (
        r"email-smtp\.[a-z0-9-]+\.amazonaws\.com",
        HostLimit(N_("Amazon SES in its sandbox"), 200, per_minute=60, remark=N_("and to confirmed addresses alone")),
    ),
    (r"smtp\.sendgrid\.net", HostLimit(N_("SendGrid's free plan"), 100)),
    (
        r"smtp(pro)?\.zoho\.(com|eu|in)",
        HostLimit("Zoho Mail", per_hour=50, remark=N_("up to 500 for accounts in good standing")),
    ),
    (r"smtp\.(mail|bizmail)\.yahoo\.com", HostLimit("Yahoo", 500)),
)
_PRIVATE_GMAIL = HostLimit("Gmail", 500)


def usual_limit(host: str, username: str = "") -> HostLimit | None:
    """What a known mail host usually takes of an account; None for a host that is not known here."""
    name = host.strip().lower().rstrip(".")
    if name == "smtp.gmail.com" and username.strip().lower().endswith(("@gmail.com", "@googlemail.com")):
        return _PRIVATE_GMAIL
    return next((limit for pattern, limit in _KNOWN if re.fullmatch(pattern, name)), None)


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages of one kind about one session that are due at one moment.

    session: its title, "" for the whole event. starts_at: the session's start; for the whole event, `expires_at`.
    """

    event: str
    session: str
    kind: str
    count: int
    due_at: datetime
    expires_at: datetime
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A batch that does not go out whole. fits: how many of it go in time. better: a reminder, as event files write it,
    that would do in its place; None where none would."""

    batch: Batch
    fits: int
    better: str | None


def shortfalls(
    batches: Sequence[Batch],
    windows: Windows,
    now: datetime,
    zone_of: dict[str, str],
    used: Iterable[tuple[datetime, int]] = (),
) -> list[Shortfall]:
    """Say which batches do not go out whole under these caps, and propose an earlier reminder for each.

    Delivery goes by the nearest session, as the outbox does. zone_of: each event's zone. used: messages that were
    handed over before, by when. No cap, no shortfall.
    """
    before = list(used)
    done = _in_time(batches, windows, now, before)
    found = []
    for number, batch in enumerate(batches):
        if done[number] >= batch.count:
            continue
        better = None
        for lead, due_at in _earlier(batch, batches, now, ZoneInfo(zone_of[batch.event])):
            tried = [*batches[:number], replace(batch, due_at=due_at), *batches[number + 1 :]]
            then = _in_time(tried, windows, now, before)
            whole = all(
                then[no] >= one.count for no, one in enumerate(batches) if done[no] >= one.count or no == number
            )
            if whole and sum(then) >= sum(done):  # it does not merely push the others out
                better = lead.text
                break
        found.append(Shortfall(batch, done[number], better))
    return found


def due_by_day(batches: Iterable[Batch], zone: str) -> dict[date, int]:
    """How many messages are due on each day of a zone's calendar."""
    days: Counter[date] = Counter()
    for batch in batches:
        days[batch.due_at.astimezone(ZoneInfo(zone)).date()] += batch.count
    return dict(sorted(days.items()))


def _in_time(batches: Sequence[Batch], windows: Windows, now: datetime, used: list[tuple[datetime, int]]) -> list[int]:
    """How many of each batch go out before they expire, if everything else goes well."""
    done, at = [0] * len(batches), now
    handed_over = deque(sorted(used))
    while True:
        open_ones = [no for no, one in enumerate(batches) if done[no] < one.count and at < one.expires_at]
        ready = [no for no in open_ones if batches[no].due_at <= at]
        if not ready:
            coming = [batches[no].due_at for no in open_ones]
            if not coming:
                return done
            at = min(coming)
            continue
        room, again_at = _room(handed_over, windows, at)
        if room <= 0:
            at = again_at
            continue
        first = min(ready, key=lambda no: (batches[no].starts_at, batches[no].due_at, no))
        count = min(room, batches[first].count - done[first])
        done[first] += count
        handed_over.append((at, count))


def _room(handed_over: deque[tuple[datetime, int]], windows: Windows, at: datetime) -> tuple[int, datetime]:
    """How many messages may go at a moment, and when there will be room where there is none."""
    room, again_at = 10**9, at
    for window, cap in windows:
        inside = [(when, count) for when, count in handed_over if at - window < when <= at]
        left = cap - sum(count for _, count in inside)
        if left <= 0:
            again_at = max(again_at, inside[0][0] + window)
        room = min(room, left)
    return room, again_at


def _earlier(batch: Batch, batches: Iterable[Batch], now: datetime, zone: ZoneInfo) -> Iterator[tuple[Lead, datetime]]:
    """Reminders that would be due before this one and after the one before it, the latest first."""
    if not batch.kind.startswith("before:"):
        return
    others = [
        one.due_at
        for one in batches
        if (one.event, one.session) == (batch.event, batch.session) and one.due_at < batch.due_at
    ]
    not_before = max([now, *others])
    leads = [Lead(f"{hours}h", exact=hours * _HOUR) for hours in _HOURS]
    leads += [Lead(f"{days}d {at:%H:%M}", days=days, at=at) for days in range(1, _FURTHEST_DAYS + 1) for at in _CLOCKS]
    moments = [(lead, moment(lead, batch.starts_at, zone)) for lead in leads]
    yield from sorted(
        ((lead, due_at) for lead, due_at in moments if not_before < due_at < batch.due_at),
        key=lambda one: one[1],
        reverse=True,
    )
