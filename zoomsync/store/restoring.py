"""A copy of the database that was put back: what was sent since it was made is not known here, and must not go twice.

All mail that was due by the moment of putting it back is held, by `event.held_until`: the claim and the mark before a
body ask for it (`outbox_sql`), so that daemons and commands alike keep to it. A person lets it go, or takes it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, case, func, select, union_all, update
from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.calls import Reason
from zoomsync.domain.records import OutboxState
from zoomsync.store.events import write_audit
from zoomsync.store.tables import AttemptRow, AuditRow, EventRow, OutboxRow, SyncRunRow

_event: Table = EventRow.__table__  # type: ignore[attr-defined]
_outbox: Table = OutboxRow.__table__  # type: ignore[attr-defined]
_audit: Table = AuditRow.__table__  # type: ignore[attr-defined]
_run: Table = SyncRunRow.__table__  # type: ignore[attr-defined]
_attempt: Table = AttemptRow.__table__  # type: ignore[attr-defined]

_WAITING = tuple(
    state.value
    for state in (
        OutboxState.PENDING,
        OutboxState.DEFERRED,
        OutboxState.IN_DOUBT,
        OutboxState.CLAIMED,
        OutboxState.TRANSMITTING,
    )
)


@dataclass(frozen=True, slots=True)
class Held:
    """The mail of an event that is held. until: what was due by then. messages: how many wait because of it."""

    event: str
    until: datetime
    messages: int


def last_sign_of_life(db: DbSession) -> datetime | None:
    """The last thing that this database saw; None where it never saw anything."""
    moments = union_all(
        select(func.max(_audit.c.at).label("at")),
        select(func.max(_run.c.started_at).label("at")),
        select(func.max(_outbox.c.sent_at).label("at")),
        select(func.max(_attempt.c.at).label("at")),
    )
    return max((at for (at,) in db.execute(moments) if at is not None), default=None)


def hold(db: DbSession, *, now: datetime, actor: str) -> list[Held]:
    """Hold what is due at `now`, what was being tried when the copy was made, and what a later plan dates back.

    Said again, it holds what became due since. actor: who asks, for the audit.
    """
    state = case(
        (_outbox.c.state == OutboxState.CLAIMED.value, OutboxState.PENDING.value),
        (_outbox.c.state == OutboxState.TRANSMITTING.value, OutboxState.IN_DOUBT.value),
        else_=_outbox.c.state,
    )
    # What was put off or in doubt then may have gone out at its next try, whenever that is by this copy.
    tried = _outbox.c.state.in_(_WAITING) & (_outbox.c.state != OutboxState.PENDING.value)
    db.execute(
        update(_outbox)
        .where(tried)
        .values(state=state, owner="", due_at=case((_outbox.c.due_at > now, now), else_=_outbox.c.due_at))
    )
    for event_id in db.scalars(select(_event.c.id)).all():
        db.execute(update(_event).where(_event.c.id == event_id).values(held_until=now))
        write_audit(db, event_id, now, "event", event_id, "held", {}, {}, actor=actor)
    return held(db)


def held(db: DbSession) -> list[Held]:
    """The events whose mail is held, each with how much of it."""
    waits = (
        select(func.count())
        .select_from(_outbox)
        .where(
            _outbox.c.event_id == _event.c.id,
            _outbox.c.state.in_(_WAITING),
            _outbox.c.due_at <= _event.c.held_until,
        )
        .scalar_subquery()
    )
    rows = db.execute(
        select(_event.c.slug, _event.c.held_until, waits).where(_event.c.held_until.is_not(None)).order_by(_event.c.id)
    )
    return [Held(*row) for row in rows]


def release(db: DbSession, *, drop: bool, now: datetime, actor: str) -> list[Held]:
    """Let the held mail go, or with `drop` take it out as sent. Gives what was held."""
    found = held(db)
    for row in db.execute(select(_event.c.id, _event.c.held_until).where(_event.c.held_until.is_not(None))).all():
        if drop:
            these = (_outbox.c.event_id == row.id) & (_outbox.c.due_at <= row.held_until)
            db.execute(
                update(_outbox)
                .where(these, _outbox.c.state.in_(_WAITING))
                .values(state=OutboxState.SKIPPED.value, reason=Reason.TAKEN_FOR_SENT.value, owner="")
            )
        db.execute(update(_event).where(_event.c.id == row.id).values(held_until=None))
        write_audit(db, row.id, now, "event", row.id, "dropped" if drop else "released", {}, {}, actor=actor)
    return found
