"""Rows for people who leaf through them: a page at a time, with how many there are in all. Counts are in `reading`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, Table, and_, func, select
from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.records import OutboxState, Registrant, RegistrantStatus
from zoomsync.store.registrants import registrants_by_row
from zoomsync.store.tables import OptOutRow, OutboxRow, RegistrantRow, SessionRow

_registrant: Table = RegistrantRow.__table__  # type: ignore[attr-defined]
_outbox: Table = OutboxRow.__table__  # type: ignore[attr-defined]
_session: Table = SessionRow.__table__  # type: ignore[attr-defined]
_opt_out: Table = OptOutRow.__table__  # type: ignore[attr-defined]

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Part(Generic[Row]):
    """Some rows of a longer list. total: how many the list has."""

    rows: tuple[Row, ...]
    total: int


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A registrant to look at. sent: how many messages the mail server took for them. opted_out: of reminders."""

    row_id: int
    name: str
    email: str
    status: RegistrantStatus
    registered_at: datetime | None
    sent: int
    opted_out: bool


@dataclass(frozen=True, slots=True)
class MailRow:
    """A message to look at. session: its title, "" for one about the whole event. reason: why it is as it is, or the
    mail server's words."""

    number: int
    kind: str
    session: str
    name: str
    email: str
    state: OutboxState
    reason: str
    due_at: datetime
    sent_at: datetime | None


def people(
    db: DbSession,
    event_id: int,
    *,
    status: RegistrantStatus | None = None,
    words: str = "",
    offset: int = 0,
    limit: int = 100,
) -> Part[PersonRow]:
    """An event's registrants by registration, the newest first. words: each has to be in the name or the address."""
    where = and_(
        _registrant.c.event_id == event_id,
        *([_registrant.c.status == status.value] if status else []),
        *(_holds(word) for word in words.lower().split()),
    )
    total = db.scalar(select(func.count()).select_from(_registrant).where(where)) or 0
    sent = (
        select(func.count())
        .where(_outbox.c.registrant_row == _registrant.c.id, _outbox.c.state == OutboxState.SENT.value)
        .scalar_subquery()
    )
    unwilling = (
        select(func.count())
        .where(_opt_out.c.event_id == _registrant.c.event_id, _opt_out.c.email == _registrant.c.email)
        .scalar_subquery()
    )
    found = db.execute(
        select(_registrant, sent.label("sent"), unwilling.label("unwilling"))
        .where(where)
        .order_by(func.coalesce(_registrant.c.registered_at, _registrant.c.first_seen_at).desc(), _registrant.c.id)
        .offset(offset)
        .limit(limit)
    )
    rows = tuple(
        PersonRow(
            row.id,
            " ".join(filter(None, (row.first_name, row.last_name))),
            row.email,
            RegistrantStatus(row.status),
            row.registered_at,
            row.sent,
            bool(row.unwilling),
        )
        for row in found
    )
    return Part(rows, total)


def _holds(word: str) -> ColumnElement[bool]:
    whole = _registrant.c.first_name + " " + _registrant.c.last_name + " " + _registrant.c.email
    return func.lower(whole).contains(word, autoescape=True)


def person(db: DbSession, event_id: int, row_id: int) -> Registrant | None:
    """One registrant of an event by the store's id; None where the event has no such one."""
    belongs = db.scalar(select(_registrant.c.event_id).where(_registrant.c.id == row_id)) == event_id
    return registrants_by_row(db, [row_id])[row_id] if belongs else None


def mail(
    db: DbSession,
    event_id: int,
    *,
    states: Sequence[OutboxState] = (),
    offset: int = 0,
    limit: int = 100,
) -> Part[MailRow]:
    """An event's messages, what was or will be sent last first. states: in these alone."""
    where = and_(
        _outbox.c.event_id == event_id,
        *([_outbox.c.state.in_([one.value for one in states])] if states else []),
    )
    total = db.scalar(select(func.count()).select_from(_outbox).where(where)) or 0
    found = db.execute(
        select(
            _outbox.c.id,
            _outbox.c.kind,
            func.coalesce(_session.c.title, "").label("session"),
            _registrant.c.first_name,
            _registrant.c.last_name,
            _registrant.c.email,
            _outbox.c.state,
            _outbox.c.reason,
            _outbox.c.due_at,
            _outbox.c.sent_at,
        )
        .join(_registrant, _registrant.c.id == _outbox.c.registrant_row)
        .outerjoin(_session, and_(_session.c.event_id == _outbox.c.event_id, _session.c.key == _outbox.c.session_key))
        .where(where)
        .order_by(func.coalesce(_outbox.c.sent_at, _outbox.c.due_at).desc(), _outbox.c.id.desc())
        .offset(offset)
        .limit(limit)
    )
    rows = tuple(
        MailRow(
            row.id,
            row.kind,
            row.session,
            " ".join(filter(None, (row.first_name, row.last_name))),
            row.email,
            OutboxState(row.state),
            row.reason,
            row.due_at,
            row.sent_at,
        )
        for row in found
    )
    return Part(rows, total)
