"""How much there is of everything, by event and state, in a few grouped queries. No row of a person leaves here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.records import OutboxState, RegistrantStatus, RunState
from zoomsync.store.tables import OutboxRow, RegistrantRow, SyncRunRow

_registrant: Table = RegistrantRow.__table__  # type: ignore[attr-defined]
_outbox: Table = OutboxRow.__table__  # type: ignore[attr-defined]
_run: Table = SyncRunRow.__table__  # type: ignore[attr-defined]


class Runs(NamedTuple):
    """The sync runs of an event that ended in one state. latest_at: when the newest of them began."""

    runs: int = 0
    seconds: float = 0.0
    requests: int = 0
    latest_at: datetime | None = None


def runs_by_state(db: DbSession) -> dict[tuple[int, RunState], Runs]:
    """Of all events; the key is the event's id and the state."""
    by = (_run.c.event_id, _run.c.state)
    figures = (
        func.count(),
        func.sum(_run.c.seconds),
        func.sum(_run.c.requests),
        func.max(_run.c.started_at),
    )
    return {
        (event_id, RunState(state)): Runs(count, float(seconds), int(requests), latest_at)
        for event_id, state, count, seconds, requests, latest_at in db.execute(select(*by, *figures).group_by(*by))
    }


def registrants_by_status(db: DbSession) -> dict[tuple[int, RegistrantStatus], int]:
    """Of all events; the key is the event's id and the status."""
    return _counted(db, _registrant, _registrant.c.status, RegistrantStatus)


def messages_by_state(db: DbSession) -> dict[tuple[int, OutboxState], int]:
    """Of all events; the key is the event's id and the state."""
    return _counted(db, _outbox, _outbox.c.state, OutboxState)


def _counted(db: DbSession, table: Table, column: Any, states: Callable[[str], Any]) -> dict[tuple[int, Any], int]:
    rows = db.execute(select(table.c.event_id, column, func.count()).group_by(table.c.event_id, column))
    return {(event_id, states(state)): count for event_id, state, count in rows}
