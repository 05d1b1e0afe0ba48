"""Who does which unit of work, and until when: one row a lease, each act one statement, and the row it touched decides.

A lease is taken for a time, not for good: whoever crashes loses it by waiting. It says who should work; that nothing
is done twice is the business of the unique keys and of the outbox's fence, not of a lease.

Functions take a session inside `Database.write` (reading ones also inside `Database.read`). `now` is aware UTC, or
None for the database's own clock, which is the same for every machine; on SQLite that is the system's clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, DateTime, Delete, Insert, Update, and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlmodel import col

from zoomsync.clock import system_clock, to_utc
from zoomsync.store.tables import LeaseRow

LONGEST = timedelta(minutes=10)
"""Nobody takes a lease for longer, so one that ends further ahead was left by a clock that was wrong: it is over."""


class Lease(NamedTuple):
    """A lease in force. `until` is aware UTC."""

    owner: str
    until: datetime


def take(db: Session, name: str, owner: str, now: datetime | None, for_: timedelta) -> bool:
    """Take the lease `name` if it is free, over, or the owner's already; say whether it is now the owner's.

    name: a unit of work, such as "sync:SLUG". owner: one holder, unlike any other in any process.
    Raises ValueError if `for_` is longer than LONGEST or `now` is naive.
    """
    insert = postgresql.insert if db.get_bind().dialect.name == "postgresql" else sqlite.insert
    until = _until(db, now, for_)
    statement = insert(LeaseRow).values(name=name, owner=owner, until=until)
    statement = statement.on_conflict_do_update(
        index_elements=["name"],
        set_={"owner": owner, "until": until},
        where=or_(col(LeaseRow.owner) == owner, ~_in_force(moment(db, now))),
    )
    return _changed(db, statement)


def keep(db: Session, name: str, owner: str, now: datetime | None, for_: timedelta) -> bool:
    """Hold the lease for `for_` from now on; False if it has gone to another or was given back.

    One that is over but that nobody took is held on to: nobody was let in meanwhile. Raises ValueError as `take`.
    """
    statement = update(LeaseRow).where(col(LeaseRow.name) == name, col(LeaseRow.owner) == owner)
    return _changed(db, statement.values(until=_until(db, now, for_)))


def give_back(db: Session, name: str, owner: str) -> bool:
    """Free the lease; False if it was the owner's no longer, and nothing is changed then."""
    statement = delete(LeaseRow).where(col(LeaseRow.name) == name, col(LeaseRow.owner) == owner)
    return _changed(db, statement)


def holder(db: Session, name: str, now: datetime | None) -> Lease | None:
    """Who holds the lease `name` and until when; None while it is free or over. Raises ValueError if `now` is naive."""
    statement = select(col(LeaseRow.owner), col(LeaseRow.until))
    found = db.execute(statement.where(col(LeaseRow.name) == name, _in_force(moment(db, now)))).one_or_none()
    return Lease(*found) if found else None


def moment(db: Session, now: datetime | None) -> Any:
    """`now` as a parameter or as an expression: None is the database's own clock. Raises ValueError if it is naive."""
    if now is not None:
        return to_utc(now)
    if db.get_bind().dialect.name == "postgresql":
        # now() stands still within a transaction, and this one may have waited for a lock.
        return func.clock_timestamp(type_=DateTime(timezone=True))
    return system_clock()


def _until(db: Session, now: datetime | None, for_: timedelta) -> Any:
    if for_ > LONGEST:
        raise ValueError(f"a lease of {for_} would count as over from the start; the longest is {LONGEST}")
    return moment(db, now) + for_


def _in_force(moment: Any) -> ColumnElement[bool]:
    until = col(LeaseRow.until)
    return and_(until > moment, until <= moment + LONGEST)


def give_back_all(db: Session, owner_prefix: str) -> None:
    """Free every lease whose owner's name begins so: all that one process holds (owners are "host/pid/...")."""
    db.execute(delete(LeaseRow).where(col(LeaseRow.owner).startswith(owner_prefix, autoescape=True)))


def _changed(db: Session, statement: Insert | Update | Delete) -> bool:
    """Whether the statement touched the lease's row: it gives back what it touched, on both databases alike."""
    return db.execute(statement.returning(col(LeaseRow.name))).first() is not None
