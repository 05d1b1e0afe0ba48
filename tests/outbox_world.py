"""A database with an event, its sessions, people and planned messages, as the tests of outbox and delivery want it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from tests.builders import make_event, make_registrant, make_session
from zoomsync.domain.reconcile import RegistrantChanges
from zoomsync.domain.records import (
    Event,
    ListedRegistrant,
    MessageKey,
    OutboxState,
    PlannedMessage,
    Registrant,
    Session,
)
from zoomsync.domain.sessions import SessionChanges, SessionUpdate
from zoomsync.store import events, outbox_hands, outbox_plan, registrants
from zoomsync.store.schema import Database


@dataclass
class World:
    """One event in a database. `rows`: the store's id of each person, in the order given."""

    database: Database
    event_id: int
    rows: list[int]

    def plan(self, *people: int, now: datetime, session: str = "s1", kind: str = "before:1h", **changes: Any) -> None:
        """Put one message a person (counted from 0) into the outbox: due now, in time for six hours."""
        times = {"due_at": now, "expires_at": now + timedelta(hours=6)} | changes
        planned = [
            PlannedMessage(
                MessageKey(self.rows[person], session, kind, times.get("occasion", "")),
                **{name: value for name, value in times.items() if name != "occasion"},
            )
            for person in people
        ]
        self.database.write(lambda db: outbox_plan.insert_planned(db, self.event_id, planned, now))

    def entries(self) -> list[outbox_hands.OutboxEntry]:
        with self.database.read() as db:
            return sorted(outbox_hands.listing(db), key=lambda entry: entry.id)

    def states(self) -> list[OutboxState]:
        return [entry.state for entry in self.entries()]

    def set_status(self, person: int, status: str) -> None:
        self._execute("UPDATE registrant SET status = :status WHERE id = :id", status=status, id=self.rows[person])

    def set_link(self, person: int, join_url: str) -> None:
        self._execute("UPDATE registrant SET join_url = :url WHERE id = :id", url=join_url, id=self.rows[person])

    def set_event_status(self, status: str) -> None:
        self._execute("UPDATE event SET status = :status WHERE id = :id", status=status, id=self.event_id)

    def change_session(self, before: Session, after: Session, now: datetime) -> None:
        changes = SessionChanges(updated=(SessionUpdate(before, after),))
        self.database.write(lambda db: events.save_sessions(db, self.event_id, changes, now))

    def _execute(self, statement: str, **values: Any) -> None:
        self.database.write(lambda db: db.execute(text(statement), values))


def make_world(
    database: Database,
    now: datetime,
    people: int | Sequence[Registrant] = 1,
    *,
    event: Event | None = None,
    sessions: Sequence[Session] | None = None,
) -> World:
    """Save an event with its sessions (the model event's two) and its people."""
    event = event or make_event()
    if sessions is None:
        first, second = event.sessions
        sessions = (
            make_session(starts_at=first.starts_at, ends_at=first.ends_at),
            make_session(key="s2", title="Sesión 2", starts_at=second.starts_at, ends_at=second.ends_at),
        )
    if isinstance(people, int):
        people = [make_registrant(number) for number in range(1, people + 1)]
    listed = {one.key: ListedRegistrant(b"0" * 16, one.status.value, b"{}") for one in people}

    def save(db: Any) -> tuple[int, list[int]]:
        event_id = events.save_event(db, event, now)
        events.save_sessions(db, event_id, SessionChanges(added=tuple(sessions)), now)
        run_id = registrants.begin_run(db, event_id, now=now)
        added = RegistrantChanges(added=tuple(people))
        registrants.apply_changes(db, event_id, added, {}, listed, run_id=run_id, now=now)
        known = dict(registrants.known_registrants(db, event_id))
        return event_id, [known[one.key].row_id for one in people]

    event_id, rows = database.write(save)
    return World(database, event_id, rows)
