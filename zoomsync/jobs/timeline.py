"""Everything that happened to an event and will, gathered from the database for `zoomsync timeline`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zoomsync.domain.records import Event
from zoomsync.domain.timeline import Entry, MailGroup, timeline
from zoomsync.store import events as stored_events
from zoomsync.store import reading
from zoomsync.store.registration import deadline_of
from zoomsync.store.schema import Database

RUNS_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Timeline:
    """quiet_runs: how many syncs changed nothing and are not among the entries. None where it was never synced."""

    entries: tuple[Entry, ...]
    quiet_runs: int


def look_at_timeline(
    event: Event, database: Database, retention_days: int, *, mail: Sequence[MailGroup] = ()
) -> Timeline | None:
    """retention_days: where the event's file says nothing of its own. mail: messages that are not in the outbox yet.

    None for an event that was never synced.
    """
    with database.read() as db:
        known = stored_events.load_stored(db, event.slug)
        if known is None:
            return None
        runs, quiet = reading.telling_runs(db, known.id, limit=RUNS_AT_MOST)
        entries = timeline(
            event,
            deadline_of(db, known.id, event.registration_deadline),
            stored_events.sessions_of(db, known.id),
            first_seen_at=known.first_seen_at,
            runs=runs,
            acts=reading.registration_acts(db, known.id),
            mail=[*reading.mail_groups(db, known.id), *mail],
            retention_days=retention_days if event.retention_days is None else event.retention_days,
        )
    return Timeline(tuple(entries), quiet)
