"""One person over all events, read: their registrations with history and messages, by their address. Read-only.

Erasing is in `privacy`; what is told of it in words, elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Table, Text, cast, or_, select
from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.attendance import Participant
from zoomsync.domain.records import MessageKey, Registrant
from zoomsync.store import outbox_hands
from zoomsync.store.attendance import joinings_of_person
from zoomsync.store.outbox_hands import Attempt, OutboxEntry
from zoomsync.store.registrants import registrants_by_row
from zoomsync.store.tables import AuditRow, EventRow, OptOutRow, OutboxRow, RegistrantRow

_registrant: Table = RegistrantRow.__table__  # type: ignore[attr-defined]
_audit: Table = AuditRow.__table__  # type: ignore[attr-defined]
_event: Table = EventRow.__table__  # type: ignore[attr-defined]
_opt_out: Table = OptOutRow.__table__  # type: ignore[attr-defined]
_outbox: Table = OutboxRow.__table__  # type: ignore[attr-defined]


class Change(NamedTuple):
    """One line of the audit about a registration. run_id: the sync run that made it, None for a person's hand."""

    at: datetime
    change: str
    actor: str
    before: dict[str, Any]
    after: dict[str, Any]


class OptOut(NamedTuple):
    event: str
    at: datetime
    via: str


class Letter(NamedTuple):
    """A message and every try at it."""

    entry: OutboxEntry
    key: MessageKey
    tries: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Registration:
    """One registration and all that hangs on it. changes: oldest first. letters: by when they were due."""

    row_id: int
    event_id: int
    event: str
    registrant: Registrant
    first_seen_at: datetime
    changes: tuple[Change, ...]
    letters: tuple[Letter, ...]


def rows_of(db: DbSession, email: str) -> list[tuple[int, int]]:
    """(event's id, registrant's row) of every registration with this address (lower case), now or before.

    Raises nothing; nobody who was erased is found.
    """
    there = _registrant.c.erased_at.is_(None)
    named = or_(
        *(cast(column, Text).contains(f'"{email}"', autoescape=True) for column in (_audit.c.before, _audit.c.after))
    )
    audited = db.execute(
        select(_audit.c.subject_id, _audit.c.before, _audit.c.after).where(_audit.c.subject == "registrant", named)
    )
    # An address may also stand in somebody else's answer.
    earlier = {
        int(row.subject_id)
        for row in audited
        if email in ((row.before or {}).get("email"), (row.after or {}).get("email"))
    }
    theirs = or_(_registrant.c.email == email, _registrant.c.id.in_(earlier))
    rows = db.execute(select(_registrant.c.event_id, _registrant.c.id).where(theirs, there).order_by(_registrant.c.id))
    return [(event_id, row_id) for event_id, row_id in rows]


def registrations(db: DbSession, rows: Sequence[tuple[int, int]]) -> list[Registration]:
    """These registrations with everything that hangs on them, the oldest first."""
    row_ids = [row_id for _, row_id in rows]
    slugs = {row.id: row.slug for row in db.execute(select(_event.c.id, _event.c.slug))}
    seen = {
        row.id: row.first_seen_at
        for row in db.execute(
            select(_registrant.c.id, _registrant.c.first_seen_at).where(_registrant.c.id.in_(row_ids))
        )
    }
    people = registrants_by_row(db, row_ids)
    return [
        Registration(
            row_id=row_id,
            event_id=event_id,
            event=slugs[event_id],
            registrant=people[row_id],
            first_seen_at=seen[row_id],
            changes=_changes(db, row_id),
            letters=_letters(db, row_id),
        )
        for event_id, row_id in rows
    ]


def _changes(db: DbSession, row_id: int) -> tuple[Change, ...]:
    rows = db.execute(
        select(_audit).where(_audit.c.subject == "registrant", _audit.c.subject_id == str(row_id)).order_by(_audit.c.id)
    )
    return tuple(Change(row.at, row.change, row.actor, row.before or {}, row.after or {}) for row in rows)


def _letters(db: DbSession, row_id: int) -> tuple[Letter, ...]:
    rows = db.execute(
        select(_outbox.c.id, *(_outbox.c[name] for name in MessageKey._fields))
        .where(_outbox.c.registrant_row == row_id)
        .order_by(_outbox.c.due_at, _outbox.c.id)
    )
    letters = []
    for outbox_id, *key in rows.all():
        found = outbox_hands.show(db, outbox_id)
        assert found is not None, "read in one look"
        letters.append(Letter(found[0], MessageKey._make(key), tuple(found[1])))
    return tuple(letters)


def joinings_of(db: DbSession, email: str, rows: Sequence[Registration]) -> dict[str, list[Participant]]:
    """When they were in which event's sessions, as far as anything connects a joining with them; by event's slug."""
    found = {}
    for event_id, slug in db.execute(select(_event.c.id, _event.c.slug).order_by(_event.c.id)).all():
        keys = [(one.registrant.meeting_id, one.registrant.registrant_id) for one in rows if one.event_id == event_id]
        if joinings := joinings_of_person(db, event_id, email, keys):
            found[slug] = joinings
    return found


def opt_outs_of(db: DbSession, email: str) -> list[OptOut]:
    """The events of which this address wants no more reminders."""
    rows = db.execute(
        select(_event.c.slug, _opt_out.c.at, _opt_out.c.via)
        .join(_event, _event.c.id == _opt_out.c.event_id)
        .where(_opt_out.c.email == email)
        .order_by(_opt_out.c.at)
    )
    return [OptOut(slug, at, via) for slug, at, via in rows]


def known_addresses(db: DbSession) -> dict[str, str]:
    """Every address that is known, with a name of who has it."""
    rows = db.execute(
        select(_registrant.c.email, _registrant.c.first_name, _registrant.c.last_name)
        .where(_registrant.c.erased_at.is_(None))
        .order_by(_registrant.c.id)
    )
    return {email: " ".join(part for part in (first, last) if part) for email, first, last in rows}
