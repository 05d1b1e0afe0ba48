"""Announcements of the organiser's own, in SQL: their text, and who may get them or has them already."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Table, and_, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.announcing import Candidate
from zoomsync.domain.calls import ANNOUNCE
from zoomsync.domain.records import OutboxState, RegistrantStatus
from zoomsync.store.tables import AnnouncementRow, BounceRow, OptOutRow, OutboxRow, RegistrantRow

_announcement: Table = AnnouncementRow.__table__  # type: ignore[attr-defined]
_bounce: Table = BounceRow.__table__  # type: ignore[attr-defined]
_opt_out: Table = OptOutRow.__table__  # type: ignore[attr-defined]
_outbox: Table = OutboxRow.__table__  # type: ignore[attr-defined]
_registrant: Table = RegistrantRow.__table__  # type: ignore[attr-defined]


class StoredText(NamedTuple):
    """text: Markdown, as the organiser wrote it."""

    subject: str
    text: str


def save_announcement(
    db: DbSession,
    event_id: int,
    announcement_id: str,
    words: StoredText,
    *,
    important: bool,
    now: datetime,
    actor: str,
) -> None:
    """Keep an announcement's text. One that is there stays, and is important from now on if it is so now."""
    dialect = sqlite if db.get_bind().dialect.name == "sqlite" else postgresql
    db.execute(
        dialect.insert(_announcement)
        .on_conflict_do_nothing()
        .values(event_id=event_id, id=announcement_id, **words._asdict(), important=important, at=now, actor=actor)
    )
    if important:
        here = (_announcement.c.event_id == event_id) & (_announcement.c.id == announcement_id)
        db.execute(update(_announcement).where(here).values(important=True))


def announcement_text(db: DbSession, event_id: int, announcement_id: str) -> StoredText | None:
    """What an announcement says; None where there is none."""
    row = db.execute(
        select(_announcement.c.subject, _announcement.c.text).where(
            _announcement.c.event_id == event_id, _announcement.c.id == announcement_id
        )
    ).one_or_none()
    return None if row is None else StoredText(row.subject, row.text)


def candidates(db: DbSession, event_id: int) -> list[Candidate]:
    """Everybody who is approved or pending, by row id."""
    table = _registrant.c
    opted_out = exists().where(_opt_out.c.event_id == table.event_id, _opt_out.c.email == table.email)
    bounced = exists().where(_bounce.c.email == table.email)
    in_use = (RegistrantStatus.APPROVED.value, RegistrantStatus.PENDING.value)
    rows = db.execute(
        select(table.id, table.email, table.status, opted_out, bounced)
        .where(table.event_id == event_id, table.status.in_(in_use))
        .order_by(table.id)
    )
    return [Candidate(row_id, email, RegistrantStatus(status), out, back) for row_id, email, status, out, back in rows]


def addresses_that_have(db: DbSession, event_id: int, announcement_id: str) -> set[str]:
    """The addresses that have a message of an announcement, in any state."""
    return set(
        db.scalars(
            select(_registrant.c.email)
            .join(_outbox, _outbox.c.registrant_row == _registrant.c.id)
            .where(_of(event_id, announcement_id))
        )
    )


def how_they_stand(db: DbSession, event_id: int, announcement_id: str) -> Collection[OutboxState]:
    """The state of each message of an announcement."""
    return [OutboxState(state) for state in db.scalars(select(_outbox.c.state).where(_of(event_id, announcement_id)))]


def _of(event_id: int, announcement_id: str) -> ColumnElement[bool]:
    return and_(_outbox.c.event_id == event_id, _outbox.c.kind == ANNOUNCE, _outbox.c.occasion == announcement_id)
