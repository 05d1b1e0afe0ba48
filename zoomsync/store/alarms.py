"""The alarms that stand, in SQL. Which they are is decided in `domain.alarms`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Table, delete, insert, select, tuple_, update
from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.alarms import AlarmChanges, AlarmKey
from zoomsync.store.tables import AlarmRow

_alarm: Table = AlarmRow.__table__  # type: ignore[attr-defined]


class StandingAlarm(NamedTuple):
    """told_at: when a person was told of it; over_at: since when it is over, which is still to be told."""

    key: AlarmKey
    words: str
    raised_at: datetime
    told_at: datetime | None
    over_at: datetime | None


def all_alarms(db: DbSession) -> list[StandingAlarm]:
    """Every alarm that stands, or is over and not yet told so; the oldest first."""
    rows = db.execute(select(_alarm).order_by(_alarm.c.raised_at, _alarm.c.event, _alarm.c.what))
    return [
        StandingAlarm(AlarmKey(row.event, row.what), row.words, row.raised_at, row.told_at, row.over_at) for row in rows
    ]


def write_changes(db: DbSession, changes: AlarmChanges, now: datetime) -> None:
    """Write down what is new and what is over. One that nobody was told of goes as it came; one that was over and
    comes back before that was told stands as before."""
    for key, words in changes.raised.items():
        again = db.execute(update(_alarm).where(_is(key)).values(over_at=None, words=words).returning(_alarm.c.event))
        if again.first() is None:
            db.execute(insert(_alarm).values(event=key.event, what=key.what, words=words, raised_at=now))
    for key in changes.over:
        db.execute(delete(_alarm).where(_is(key), _alarm.c.told_at.is_(None)))
        db.execute(update(_alarm).where(_is(key)).values(over_at=now))


def write_told(db: DbSession, keys: Collection[AlarmKey], now: datetime) -> None:
    """Write down that a person was told of these: that they stand, or that they are over, which ends them."""
    if keys:
        those = tuple_(_alarm.c.event, _alarm.c.what).in_([tuple(key) for key in keys])
        db.execute(delete(_alarm).where(those, _alarm.c.over_at.is_not(None)))
        db.execute(update(_alarm).where(those).values(told_at=now))


def _is(key: AlarmKey) -> ColumnElement[bool]:
    return (_alarm.c.event == key.event) & (_alarm.c.what == key.what)
