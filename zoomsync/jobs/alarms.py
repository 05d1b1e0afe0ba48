"""Telling a person of trouble: each alarm once when it begins and once when it is over, also across restarts.

What is an alarm is decided in `domain.alarms`. Whoever tells comes as an argument: a mail, and an address that is
called, which speaks also when mail does not.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.alarms import AlarmKey, Facts, alarms_of, compare_alarms
from zoomsync.domain.records import Event, EventStatus, RunState
from zoomsync.domain.registration import RegistrationState
from zoomsync.jobs.admission import too_many_denials
from zoomsync.jobs.status import EventStanding, look_at_status
from zoomsync.store import alarms as stored
from zoomsync.store.alarms import StandingAlarm
from zoomsync.store.schema import Database

log = logging.getLogger(__name__)

Tell = Callable[[str, Sequence[str], Sequence[str]], bool]
"""Tells a recipient what is new and what is over, a line each; False where it could not be told now."""


def sweep_alarms(
    events: Sequence[Event],
    *,
    database: Database,
    now: datetime,
    others: Mapping[AlarmKey, str],
    recipient_of: Callable[[str], str | None],
    tell: Tell,
) -> bool:
    """Look which alarms stand at `now`, tell what is new and what is over, and say whether any stands.

    events: those in force. others: alarms that no database tells of, such as a mail server's refusal. recipient_of:
    who hears of an event ("" for what concerns all), None for nobody. What could not be told is told at a later sweep.
    Raises StoreError.
    """
    found = dict(others)
    files = {event.slug: event for event in events}
    for standing in look_at_status(database, now, events).events:
        if standing.event in files and standing.status is EventStatus.ACTIVE and not standing.is_over:
            found |= alarms_of(_facts(standing), now)

    def write(db: DbSession) -> list[StandingAlarm]:
        standing = [one.key for one in stored.all_alarms(db) if one.over_at is None]
        stored.write_changes(db, compare_alarms(standing, found), now)
        return stored.all_alarms(db)

    rows = database.write(write)
    to_tell: dict[str, list[StandingAlarm]] = defaultdict(list)
    for row in rows:
        if row.told_at is None or row.over_at is not None:
            recipient = recipient_of(row.key.event)
            if recipient:
                to_tell[recipient].append(row)
    for recipient, some in to_tell.items():
        raised = [_line(row) for row in some if row.over_at is None]
        over = [_line(row) for row in some if row.over_at is not None]
        for line in raised:
            log.error("alarm: %s", line)
        if tell(recipient, raised, over):
            told = [row.key for row in some]
            database.write(lambda db, told=told: stored.write_told(db, told, now))  # type: ignore[misc]
    return bool(found)


def _line(row: StandingAlarm) -> str:
    return f"{row.key.event}: {row.words}" if row.key.event else row.words


def _facts(one: EventStanding) -> Facts:
    return Facts(
        event=one.event,
        first_seen_at=one.first_seen_at or one.deadline,
        last_run_at=one.last_sync_at,
        last_sync_failed=one.last_sync_state is RunState.FAILED,
        sync_error=one.last_sync_error,
        last_ok_at=one.last_ok_at,
        overdue=one.overdue,
        held=one.held,
        without_link=one.without_link,
        closes_at=one.closes_at,
        not_closed=one.registration is RegistrationState.NOT_CLOSED,
        registration_error=one.registration_error,
        reopened=one.reopened,
        times_held=one.times_held,
        too_many=one.too_many,
        moves=one.moves,
        paused=one.paused_at is not None,
        denials_held=too_many_denials(one.denials_held, one.event) if one.denials_held else "",
    )
