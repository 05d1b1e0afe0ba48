"""The outbox as people look at it, and what their hands do to it, in SQL."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session as DbSession

from zoomsync import words
from zoomsync.domain.records import OutboxState, OutcomeKind
from zoomsync.language import N_, _
from zoomsync.store import outbox_sql as sql
from zoomsync.store.events import write_audit

_BY_HAND = N_("taken out of the outbox by hand")
RETRIED_BY_HAND = (OutboxState.FAILED, OutboxState.DEFERRED, OutboxState.IN_DOUBT, OutboxState.CANCELLED)
ABORTED_BY_HAND = (OutboxState.PENDING, OutboxState.DEFERRED, OutboxState.CLAIMED, OutboxState.IN_DOUBT)


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A row of the outbox for people to look at. session: its title, "" for a message about the whole event."""

    id: int
    event: str
    session: str
    registrant_id: str
    email: str
    kind: str
    occasion: str
    state: OutboxState
    reason: str
    due_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    attempts: int
    in_doubt: int
    message_id: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a message. `stage` and `code` are the mail server's; `words` its own, or what happened."""

    at: datetime
    outcome: OutcomeKind
    stage: str
    code: int | None
    words: str


def listing(
    db: DbSession,
    *,
    event_ids: Collection[int] | None = None,
    states: Collection[OutboxState] | None = None,
    limit: int = 1_000,
) -> list[OutboxEntry]:
    """Messages for people to look at, by `due_at`: of some events, in some states, or all."""
    values: dict[str, Any] = {"limit": limit}
    where = "TRUE"
    if event_ids is not None:
        where, values["event_ids"] = f"{where} AND o.event_id IN :event_ids", list(event_ids)
    if states is not None:
        where, values["states"] = f"{where} AND o.state IN :states", [state.value for state in states]
    lists = [name for name in ("event_ids", "states") if name in values]
    statement = sql.asking(
        f"{sql.ENTRY} WHERE {where} ORDER BY o.due_at, o.id LIMIT :limit", *sql.ENTRY_MOMENTS, lists=lists
    )
    return [_to_entry(row) for row in db.execute(statement, values)]


def show(db: DbSession, outbox_id: int) -> tuple[OutboxEntry, list[Attempt]] | None:
    """One message with every try at it, in order; None where there is no such message."""
    row = db.execute(sql.asking(f"{sql.ENTRY} WHERE o.id = :id", *sql.ENTRY_MOMENTS), {"id": outbox_id}).one_or_none()
    if row is None:
        return None
    attempts = db.execute(
        sql.asking(
            "SELECT at, outcome, stage, code, words FROM delivery_attempt WHERE outbox_id = :id ORDER BY id", "at"
        ),
        {"id": outbox_id},
    )
    return _to_entry(row), [
        Attempt(at, OutcomeKind(outcome), stage, code, words) for at, outcome, stage, code, words in attempts
    ]


def retry(db: DbSession, outbox_id: int, *, now: datetime, actor: str) -> str:
    """Have a message that failed, waits or is in doubt sent at the next opportunity. Gives "", or why that cannot be.

    A skipped one stays skipped: its text would not be true any more. Of several that are held because a copy of the
    database was put back, it lets this one go. actor: who asks, for the audit.
    """
    return _by_hand(db, outbox_id, OutboxState.PENDING, RETRIED_BY_HAND, "", now=now, actor=actor)


def abort(db: DbSession, outbox_id: int, *, now: datetime, actor: str) -> str:
    """Take a message out that has not been sent; no plan brings it back. Gives "", or why that cannot be."""
    return _by_hand(db, outbox_id, OutboxState.CANCELLED, ABORTED_BY_HAND, _BY_HAND, now=now, actor=actor)


def _by_hand(
    db: DbSession,
    outbox_id: int,
    state: OutboxState,
    allowed: Collection[OutboxState],
    reason: str,
    *,
    now: datetime,
    actor: str,
) -> str:
    row = db.execute(sql.STANDING, {"id": outbox_id}).one_or_none()
    if row is None:
        return _("there is no message {number}").format(number=outbox_id)
    was = OutboxState(row.state)
    lets_go = row.held and was is state is OutboxState.PENDING  # it is due now then, and no longer held: `restoring`
    stays = was not in allowed or (was is OutboxState.CANCELLED and row.reason != _BY_HAND)
    if stays and not lets_go:
        said = _("message {number}: {state}").format(number=outbox_id, state=words.mail_state(was))
        return f"{said} ({_(row.reason)})" if row.reason else said
    if state is OutboxState.PENDING and now >= row.expires_at:
        return _("message {number} is too late: its time to be sent has passed").format(number=outbox_id)
    due_at = now if state is OutboxState.PENDING else row.due_at
    values = {"id": outbox_id, "was": row.state, "state": state.value, "due_at": due_at, "reason": reason}
    if sql.rows_changed(db.execute(sql.SET_BY_HAND, values)) != 1:
        return _("message {number} has changed this very moment: look again").format(number=outbox_id)
    change = "retried" if state is OutboxState.PENDING else "aborted"
    before, after = {"state": row.state}, {"state": state.value}
    write_audit(db, row.event_id, now, "message", outbox_id, change, before, after, actor=actor)
    return ""


def _to_entry(row: Any) -> OutboxEntry:
    return OutboxEntry(**(dict(row._mapping) | {"state": OutboxState(row.state)}))
