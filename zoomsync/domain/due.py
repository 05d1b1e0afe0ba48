"""When an event is to be synced: by the clock, before and after its deadline, and not before Zoom wants it.

Pure. Whoever sweeps asks at any time and as often as they like: a missed look, a restart or a clock that jumps does no
harm. What is due of the mail is the outbox's own matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from zoomsync.domain.records import EventStatus, RunState, SyncRun
from zoomsync.domain.registration import Deadline

# The last look before the deadline, so that whoever registered is known when it comes.
LOOK_BEFORE_DEADLINE = timedelta(minutes=2)
# From the deadline on it is looked this often until registration is proven closed.
UNTIL_CLOSED_EVERY = timedelta(minutes=1)
# What did not help for so long does not help the next minute either: a person was told, and the interval tries on.
UNTIL_CLOSED_FOR = timedelta(hours=1)
# However many hints come in: while a thousand people register, one pull tells of many of them.
HINTED_EVERY = timedelta(seconds=15)
# Registrants of an event that is over change no more; this long later it is left alone.
OVER_FOR = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the sweep needs to know of an event.

    last_run: the newest sync run, None where there was none. closed: registration is proven closed. last_end: of its
    sessions, None where it has none. hinted_at: when Zoom last told of a change, None where it told of none.
    """

    status: EventStatus
    last_run: SyncRun | None
    deadline: Deadline
    closed: bool
    last_end: datetime | None
    hinted_at: datetime | None = None


def sync_is_due(standing: Standing, every: timedelta, now: datetime) -> bool:
    """Whether an event is to be pulled at `now`. every: the usual interval."""
    last = standing.last_run
    if last is None:
        return True
    if last.retry_at is not None and last.started_at <= now < last.retry_at:
        # What Zoom has limited is the lists; the form is closed without them (see `jobs.close`).
        return _has_come_since(standing, last.started_at, now)
    if last.started_at > now:
        return True  # a clock was wrong, then or now
    since = now - last.started_at
    if standing.last_end is not None and now >= standing.last_end + OVER_FOR:
        return False
    if since >= every:
        return True
    # What was told while a run was reading may have come too late for it: what counts is when that run began.
    if standing.hinted_at is not None and last.started_at <= standing.hinted_at <= now and since >= HINTED_EVERY:
        return True
    # One that was killed halfway tells by its state; whoever is still at work on it holds the lease.
    if last.state is RunState.RUNNING and since >= UNTIL_CLOSED_EVERY:
        return True
    return standing.status is EventStatus.ACTIVE and _deadline_asks(standing, last.started_at, now)


def _has_come_since(standing: Standing, last: datetime, now: datetime) -> bool:
    closes_at = standing.deadline.closes_at
    active = standing.status is EventStatus.ACTIVE and not standing.closed
    return active and closes_at is not None and last < closes_at <= now


def _deadline_asks(standing: Standing, last: datetime, now: datetime) -> bool:
    closes_at = standing.deadline.closes_at
    if closes_at is None:
        return False
    if now < closes_at:
        return last < closes_at - LOOK_BEFORE_DEADLINE <= now
    over = standing.last_end is not None and now >= standing.last_end
    still_open = not standing.closed and now < closes_at + UNTIL_CLOSED_FOR
    return not over and (last < closes_at or (still_open and now - last >= UNTIL_CLOSED_EVERY))
