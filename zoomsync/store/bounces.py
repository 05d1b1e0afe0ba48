"""Addresses that mail came back from, in SQL. The outbox passes them over (`outbox_sql`)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as DbSession

from zoomsync.store.events import write_audit
from zoomsync.store.tables import BounceRow, EventRow, RegistrantRow

_bounce: Table = BounceRow.__table__  # type: ignore[attr-defined]
_event: Table = EventRow.__table__  # type: ignore[attr-defined]
_registrant: Table = RegistrantRow.__table__  # type: ignore[attr-defined]


class Bounce(NamedTuple):
    """An address that mail came back from. events: slugs of those it is registered for, oldest first."""

    email: str
    at: datetime
    actor: str
    events: tuple[str, ...]


def write_bounce(db: DbSession, email: str, *, now: datetime, actor: str) -> bool:
    """Nothing more goes to `email` (lower case). False if that stood already; the first word is kept."""
    dialect = sqlite if db.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(_bounce).on_conflict_do_nothing().values(email=email, at=now, actor=actor)
    if db.execute(statement.returning(_bounce.c.email)).first() is None:
        return False
    _audit(db, email, "mail came back", now, actor)
    return True


def undo_bounce(db: DbSession, email: str, *, now: datetime, actor: str) -> bool:
    """Mail goes to `email` (lower case) again. False if nothing stood against it."""
    if db.execute(delete(_bounce).where(_bounce.c.email == email)).rowcount != 1:  # type: ignore[attr-defined]
        return False
    _audit(db, email, "mail goes again", now, actor)
    return True


def bounces(db: DbSession) -> list[Bounce]:
    """Every address that mail came back from, the oldest first."""
    return [
        Bounce(row.email, row.at, row.actor, tuple(dict.fromkeys(slug for _, _, slug in _registered(db, row.email))))
        for row in db.execute(select(_bounce).order_by(_bounce.c.at, _bounce.c.email))
    ]


def is_bounced(db: DbSession, email: str) -> bool:
    """Whether mail to `email` (lower case) came back."""
    return db.scalar(select(_bounce.c.email).where(_bounce.c.email == email)) is not None


def _audit(db: DbSession, email: str, change: str, now: datetime, actor: str) -> None:
    for event_id, row_id, _ in _registered(db, email):
        write_audit(db, event_id, now, "registrant", row_id, change, {}, {}, actor=actor)


def _registered(db: DbSession, email: str) -> list[tuple[int, int, str]]:
    """(event's id, registrant's row, event's slug) of everybody with this address."""
    rows = db.execute(
        select(_registrant.c.event_id, _registrant.c.id, _event.c.slug)
        .join(_event, _event.c.id == _registrant.c.event_id)
        .where(_registrant.c.email == email)
        .order_by(_event.c.id, _registrant.c.id)
    )
    return [(event_id, row_id, slug) for event_id, row_id, slug in rows]
