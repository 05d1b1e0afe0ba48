"""What is remembered about registration, in SQL: a person's orders, each meeting's record, whom Zoom was asked about.

What to do is decided in `domain.registration`; meetings as Zoom shows them are in `events`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Table, func, or_, select, update
from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.records import RegistrantKey, RegistrantStatus
from zoomsync.domain.registration import (
    GRACE,
    Aim,
    Applicant,
    ClosingRecord,
    Deadline,
    Order,
    OrderKind,
    deadline_in_force,
)
from zoomsync.store.events import write_audit
from zoomsync.store.tables import AuditRow, EventRow, MeetingRow, RegistrantRow

_event: Table = EventRow.__table__  # type: ignore[attr-defined]
_meeting: Table = MeetingRow.__table__  # type: ignore[attr-defined]
_registrant: Table = RegistrantRow.__table__  # type: ignore[attr-defined]
_audit: Table = AuditRow.__table__  # type: ignore[attr-defined]

_RECORD_FIELDS = tuple(field.name for field in fields(ClosingRecord))
_CONFIRMED = "confirmed"
_IDS_A_QUERY = 500  # SQLite takes 32,766 parameters, older builds 999


# -------------------------------------------------------------------------------------------------------------- orders


def order_of(db: DbSession, event_id: int) -> Order | None:
    """What a person ordered over the event's deadline, None where the file's holds."""
    row = db.execute(
        select(_event.c.order_kind, _event.c.order_at, _event.c.order_until).where(_event.c.id == event_id)
    ).one()
    return Order(OrderKind(row.order_kind), row.order_at, row.order_until) if row.order_kind else None


def deadline_of(db: DbSession, event_id: int, by_file: datetime) -> Deadline:
    """The deadline in force: the file's, or what a person ordered over it."""
    return deadline_in_force(by_file, order_of(db, event_id))


def save_order(db: DbSession, event_id: int, order: Order | None, *, now: datetime, actor: str) -> None:
    """Write down what a person ordered, with who it was; None takes the last order back."""
    before = order_of(db, event_id)
    if before == order:
        return
    kind, at, until = (order.kind.value, order.at, order.until) if order else ("", None, None)
    db.execute(update(_event).where(_event.c.id == event_id).values(order_kind=kind, order_at=at, order_until=until))
    was, now_is = ({"order": asdict(one)} if one else {} for one in (before, order))
    write_audit(db, event_id, now, "event", event_id, "registration ordered", was, now_is, actor=actor)


def deadline_changed_at(db: DbSession, event_id: int) -> datetime | None:
    """When the event's file first named the deadline it names now; None where it never named another."""
    changes = db.execute(
        select(_audit.c.at, _audit.c.after)
        .where(_audit.c.event_id == event_id, _audit.c.subject == "event", _audit.c.change == "updated")
        .order_by(_audit.c.id.desc())
    )
    return next((at for at, after in changes if "registration_deadline" in (after or {})), None)


# ------------------------------------------------------------------------------------------------------------- records


def record_of(db: DbSession, meeting_id: str) -> ClosingRecord:
    """What was done to a meeting's registration; an empty record for a meeting that is not known."""
    columns = [_meeting.c[name] for name in _RECORD_FIELDS]
    row = db.execute(select(*columns).where(_meeting.c.meeting_id == meeting_id)).one_or_none()
    if row is None:
        return ClosingRecord()
    return ClosingRecord(**(dict(row._mapping) | {"aim": Aim(row.aim)}))


def save_record(db: DbSession, meeting_id: str, record: ClosingRecord) -> None:
    """Write down what was done to a known meeting's registration."""
    values = asdict(record) | {"aim": record.aim.value}
    db.execute(update(_meeting).where(_meeting.c.meeting_id == meeting_id).values(**values))


# ------------------------------------------------------------------------------------------------------------- put off


class PutOff(NamedTuple):
    """A call about people that Zoom did not take: when, not again before `retry_at`, and why, in one line."""

    at: datetime
    retry_at: datetime
    error: str


def write_put_off(db: DbSession, event_id: int, meeting_id: str, action: str, put_off: PutOff, *, actor: str) -> None:
    """Write down that the call to `action` (approve, deny) a meeting's registrants is put off."""
    after = {"retry_at": put_off.retry_at, "error": put_off.error}
    write_audit(db, event_id, put_off.at, "meeting", meeting_id, f"{action} put off", {}, after, actor=actor)


def last_put_off(db: DbSession, event_id: int, meeting_id: str, action: str) -> PutOff | None:
    """The last time that the call was put off, whether it is past or not."""
    row = db.execute(
        select(_audit.c.at, _audit.c.after)
        .where(_audit.c.event_id == event_id, _audit.c.subject == "meeting", _audit.c.subject_id == meeting_id)
        .where(_audit.c.change == f"{action} put off")
        .order_by(_audit.c.id.desc())
        .limit(1)
    ).one_or_none()
    return PutOff(row.at, datetime.fromisoformat(row.after["retry_at"]), row.after["error"]) if row else None


# -------------------------------------------------------------------------------------------------------------- people


def applicants(db: DbSession, event_id: int, deadline: Deadline) -> list[Applicant]:
    """Whom the closing may concern: all who are pending, and all who registered too late and are still listed."""
    table = _registrant.c
    concerned = [table.status == RegistrantStatus.PENDING.value]
    if deadline.late_after is not None:
        listed = table.status != RegistrantStatus.CANCELLED.value
        concerned.append((table.registered_at > deadline.late_after + GRACE) & listed)
    return _applicants(db, (table.event_id == event_id) & or_(*concerned))


def late_and_erased(db: DbSession, event_id: int, deadline: Deadline) -> int:
    """How many registered too late whose data was erased since: they are counted, and nobody acts on them."""
    if deadline.late_after is None:
        return 0
    table = _registrant.c
    late = (table.registered_at > deadline.late_after + GRACE) & (table.status != RegistrantStatus.CANCELLED.value)
    of_event = (table.event_id == event_id) & table.erased_at.is_not(None)
    return db.scalar(select(func.count()).select_from(_registrant).where(of_event, late)) or 0


def registrants_at(db: DbSession, event_id: int, email: str) -> list[Applicant]:
    """Everybody of an event with this address (lower case), in any status."""
    table = _registrant.c
    return _applicants(db, (table.event_id == event_id) & (table.email == email))


def _applicants(db: DbSession, condition: Any) -> list[Applicant]:
    there = condition & _registrant.c.erased_at.is_(None)
    rows = db.execute(select(_registrant).where(there).order_by(_registrant.c.id)).all()
    history = _history(db, [row.id for row in rows])
    return [
        Applicant(
            row_id=row.id,
            key=RegistrantKey(row.meeting_id, row.occurrence_id, row.registrant_id),
            email=row.email,
            name=" ".join(part for part in (row.first_name, row.last_name) if part),
            status=RegistrantStatus(row.status),
            registered_at=row.registered_at,
            first_seen_at=row.first_seen_at,
            status_changed=history.get(row.id, (False, 0))[0],
            asked=history.get(row.id, (False, 0))[1],
        )
        for row in rows
    ]


def approved_counts(db: DbSession, event_id: int) -> dict[tuple[str, str], int]:
    """How many of an event's registrants are approved, by (meeting id, occurrence id)."""
    table = _registrant.c
    rows = db.execute(
        select(table.meeting_id, table.occurrence_id, func.count())
        .where(table.event_id == event_id, table.status == RegistrantStatus.APPROVED.value)
        .group_by(table.meeting_id, table.occurrence_id)
    )
    return {(meeting_id, occurrence_id): count for meeting_id, occurrence_id, count in rows}


def counts_by_meeting(db: DbSession, event_id: int) -> dict[str, int]:
    """How many registrants of an event are known of each meeting, whatever their status."""
    table = _registrant.c
    rows = db.execute(
        select(table.meeting_id, func.count()).where(table.event_id == event_id).group_by(table.meeting_id)
    )
    return {str(meeting_id): int(count) for meeting_id, count in rows}


def statuses(db: DbSession, row_ids: Sequence[int]) -> dict[int, RegistrantStatus]:
    """The status of these registrants at present, by the store's id."""
    found: dict[int, RegistrantStatus] = {}
    for start in range(0, len(row_ids), _IDS_A_QUERY):
        some = row_ids[start : start + _IDS_A_QUERY]
        rows = db.execute(select(_registrant.c.id, _registrant.c.status).where(_registrant.c.id.in_(some)))
        found.update((row_id, RegistrantStatus(status)) for row_id, status in rows)
    return found


def write_asked(
    db: DbSession, event_id: int, people: Sequence[Applicant], action: str, *, now: datetime, actor: str
) -> None:
    """Write down that Zoom took a call to `action` (approve, deny) these, whether anything came of it or not."""
    for one in people:
        write_audit(db, event_id, now, "registrant", one.row_id, f"{action} asked", {}, {}, actor=actor)


def write_confirmed(db: DbSession, event_id: int, one: Applicant, *, now: datetime, actor: str) -> None:
    """Write down that a person wants this one as they are: from then on somebody has decided about them."""
    write_audit(db, event_id, now, "registrant", one.row_id, _CONFIRMED, {}, {"status": one.status.value}, actor=actor)


def _history(db: DbSession, row_ids: Sequence[int]) -> dict[int, tuple[bool, int]]:
    """Of registrants: whether somebody decided about their status, and how often Zoom was asked to change the one they
    have now, from the audit."""
    found: dict[int, tuple[bool, int]] = {}
    for start in range(0, len(row_ids), _IDS_A_QUERY):
        some = [str(row_id) for row_id in row_ids[start : start + _IDS_A_QUERY]]
        rows: list[Any] = list(
            db.execute(
                select(_audit.c.subject_id, _audit.c.change, _audit.c.after)
                .where(_audit.c.subject == "registrant", _audit.c.subject_id.in_(some), _audit.c.change != "added")
                .order_by(_audit.c.id)
            )
        )
        for row in rows:
            changed, asked = found.get(int(row.subject_id), (False, 0))
            if "status" in (row.after or {}):
                changed, asked = True, 0
            found[int(row.subject_id)] = (changed, asked + row.change.endswith(" asked"))
    return found
