"""What a plan puts into the outbox, and what stands there already, in SQL.

Nothing is decided here: see `domain.reminders`. What becomes of a message then: `outbox`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.records import MessageKey, OutboxState, PlannedMessage
from zoomsync.domain.reminders import Change, Standing
from zoomsync.store import outbox_sql as sql
from zoomsync.store.tables import utc_text

_ROWS_A_STATEMENT = 10_000
_IDS_A_QUERY = 500  # SQLite takes 32,766 parameters, older builds 999
HIGHEST_ROW = 2**31 - 1  # of Postgres's ids


def insert_planned(db: DbSession, event_id: int, planned: Sequence[PlannedMessage], now: datetime) -> int:
    """Put messages into the outbox and say how many were new; one whose key is there already stays as it is."""
    insert = _insert_sqlite if db.get_bind().dialect.name == "sqlite" else _insert_postgres
    places = range(0, len(planned), _ROWS_A_STATEMENT)
    return sum(insert(db, event_id, planned[start : start + _ROWS_A_STATEMENT], now) for start in places)


def _insert_sqlite(db: DbSession, event_id: int, planned: Sequence[PlannedMessage], now: datetime) -> int:
    as_text = cache(utc_text)  # the messages of a session share their moments
    planned_at = as_text(now)
    rows = [
        (event_id, *one.key, one.state.value, as_text(one.due_at), as_text(one.expires_at), one.reason, planned_at)
        for one in planned
    ]
    return int(db.connection().exec_driver_sql(sql.INSERT_SQLITE, rows).rowcount)


def _insert_postgres(db: DbSession, event_id: int, planned: Sequence[PlannedMessage], now: datetime) -> int:
    columns = {
        "registrants": [one.key.registrant_row for one in planned],
        "sessions": [one.key.session_key for one in planned],
        "kinds": [one.key.kind for one in planned],
        "occasions": [one.key.occasion for one in planned],
        "states": [one.state.value for one in planned],
        "due": [one.due_at for one in planned],
        "expires": [one.expires_at for one in planned],
        "reasons": [one.reason for one in planned],
    }
    values = columns | {"event_id": event_id, "now": now}
    return int(db.connection().exec_driver_sql(sql.INSERT_POSTGRES, values).rowcount)


def existing(db: DbSession, event_id: int, *, above: int = 0, up_to: int = HIGHEST_ROW) -> dict[MessageKey, Standing]:
    """Every message of an event, in any state, by its key; above, up_to: of registrants with such row ids."""
    return _standing(db.execute(sql.EXISTING, {"event_id": event_id, "above": above, "up_to": up_to}))


def existing_of(db: DbSession, event_id: int, registrant_rows: Sequence[int]) -> dict[MessageKey, Standing]:
    """Every message of an event for these registrants, in any state, by its key."""
    found = {}
    for start in range(0, len(registrant_rows), _IDS_A_QUERY):
        values = {"event_id": event_id, "rows": registrant_rows[start : start + _IDS_A_QUERY]}
        found.update(_standing(db.execute(sql.EXISTING_OF, values)))
    return found


def _standing(rows: Iterable[Any]) -> dict[MessageKey, Standing]:
    states = {state.value: state for state in OutboxState}
    return {
        MessageKey(registrant_row, session_key, kind, occasion): Standing(states[state], due_at, expires_at, reason)
        for registrant_row, session_key, kind, occasion, state, due_at, expires_at, reason in rows
    }


def numbers_of(db: DbSession, keys: Sequence[MessageKey]) -> list[int]:
    """The numbers of messages by their keys, in the keys' order; one that is not there is left out."""
    found = [db.scalar(sql.NUMBER_OF, key._asdict()) for key in keys]
    return [number for number in found if number is not None]


def apply_changes(db: DbSession, changes: Sequence[Change], now: datetime) -> int:
    """Make standing messages what a plan says, each only if it is still in the state the plan saw. Gives how many."""
    if not changes:
        return 0
    rows = [
        {
            "was": one.was.value,
            **one.message.key._asdict(),
            "state": one.message.state.value,
            "due_at": one.message.due_at,
            "expires_at": one.message.expires_at,
            "reason": one.message.reason,
            "now": now,
        }
        for one in changes
    ]
    return sql.rows_changed(db.connection().execute(sql.CHANGE, rows))
