"""Read-only queries for people's questions: counts and moments. What changes anything is in the other modules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.records import MessageKey, OutboxState, RegistrantStatus
from zoomsync.store.tables import OutboxRow, RegistrantRow

_registrant: Table = RegistrantRow.__table__  # type: ignore[attr-defined]
_outbox: Table = OutboxRow.__table__  # type: ignore[attr-defined]

_IDS_A_QUERY = 500  # SQLite takes 32,766 parameters, older builds 999
_TO_SEND = (OutboxState.PENDING.value, OutboxState.DEFERRED.value)


def registrants_by_status(db: DbSession, event_id: int) -> dict[RegistrantStatus, int]:
    """How many registrants of an event are in which status; a status without any is left out."""
    rows = db.execute(
        select(_registrant.c.status, func.count())
        .where(_registrant.c.event_id == event_id)
        .group_by(_registrant.c.status)
    )
    found: dict[str, int] = {row[0]: row[1] for row in rows}
    return {status: found[status.value] for status in RegistrantStatus if status.value in found}


def next_mail_at(db: DbSession, event_id: int) -> datetime | None:
    """When the next message of an event is due, maybe in the past; None where nothing waits."""
    moment: datetime | None = db.scalar(
        select(func.min(_outbox.c.due_at)).where(_outbox.c.event_id == event_id, _outbox.c.state.in_(_TO_SEND))
    )
    return moment


def message_keys(db: DbSession, outbox_ids: Sequence[int]) -> list[MessageKey]:
    """The keys of messages by their number in the outbox, in any order."""
    columns = (_outbox.c.registrant_row, _outbox.c.session_key, _outbox.c.kind, _outbox.c.occasion)
    found: list[MessageKey] = []
    for start in range(0, len(outbox_ids), _IDS_A_QUERY):
        some = outbox_ids[start : start + _IDS_A_QUERY]
        found += map(MessageKey._make, db.execute(select(*columns).where(_outbox.c.id.in_(some))))
    return found


def overdue(db: DbSession, event_id: int, *, before: datetime, now: datetime) -> int:
    """How many messages of an event were due before `before` and still make sense at `now`."""
    count = db.scalar(
        select(func.count())
        .select_from(_outbox)
        .where(
            _outbox.c.event_id == event_id,
            _outbox.c.state.in_(_TO_SEND),
            _outbox.c.due_at < before,
            _outbox.c.expires_at > now,
        )
    )
    return count or 0
