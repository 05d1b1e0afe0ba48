"""Who took part, in SQL: the joinings of each meeting, what is known of each session, and matches made by hand.

Who came follows from them (`domain.attendance`); nothing of that is stored, so that a registrant who is pulled later,
or a match made by hand, counts at once. What others read: `attendance_of_event`, `came_by_session_key`, `records_of`.
What removes a person's data calls `erase_participant`, or for a whole event `erase_participants`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.attendance import (
    DEFAULT_MINIMUM,
    AttendanceRecord,
    AttendanceState,
    Enrolled,
    Participant,
    SessionAttendance,
    attendance_of,
    came_by_session,
    fold_name,
)
from zoomsync.domain.records import RegistrantStatus
from zoomsync.store.events import sessions_of, set_planned, write_audit
from zoomsync.store.registrants import erased_keys
from zoomsync.store.tables import AttendanceRow, MatchRow, ParticipantRow, RegistrantRow

_attendance: Table = AttendanceRow.__table__  # type: ignore[attr-defined]
_participant: Table = ParticipantRow.__table__  # type: ignore[attr-defined]
_match: Table = MatchRow.__table__  # type: ignore[attr-defined]
_registrant: Table = RegistrantRow.__table__  # type: ignore[attr-defined]

_PARTICIPANT_FIELDS = tuple(field.name for field in fields(Participant))
_RECORD_FIELDS = tuple(field.name for field in fields(AttendanceRecord))


# ---------------------------------------------------------------------------------------------------------- reading


def attendance_of_event(db: DbSession, event_id: int, *, minimum: float = DEFAULT_MINIMUM) -> list[SessionAttendance]:
    """Who came to each session of an event whose attendance is ready, by the session's start; without cancelled ones.

    minimum: share of the scheduled time from which on somebody is present. What else there is to say of a session, and
    of those that are left out, is in `records_of`.
    """
    records = records_of(db, event_id)
    sessions = [
        one
        for one in sessions_of(db, event_id)
        if not one.cancelled and one.key in records and records[one.key].state is AttendanceState.READY
    ]
    if not sessions:
        return []
    registrants, matches = enrolled(db, event_id), matches_of(db, event_id)
    participants: dict[str, list[Participant]] = {}
    for one in participants_of(db, event_id):
        participants.setdefault(one.meeting_id, []).append(one)
    return [
        attendance_of(one, registrants, participants.get(one.meeting_id, ()), matches, minimum=minimum)
        for one in sessions
    ]


def came_by_session_key(db: DbSession, event_id: int) -> dict[str, Collection[int]]:
    """The store's ids of the registrants who came, however briefly, by session key; of sessions whose attendance is
    ready alone."""
    return came_by_session(attendance_of_event(db, event_id))


def records_of(db: DbSession, event_id: int) -> dict[str, AttendanceRecord]:
    """What is known of each session's attendance, by session key; a session that was never looked at is not in it."""
    columns = [_attendance.c[name] for name in _RECORD_FIELDS]
    rows = db.execute(select(*columns).where(_attendance.c.event_id == event_id))
    return {
        row.session_key: AttendanceRecord(**(row._asdict() | {"state": AttendanceState(row.state)})) for row in rows
    }


def participants_of(db: DbSession, event_id: int) -> list[Participant]:
    """Every joining of an event's meetings, by when it began."""
    by_start = (_participant.c.joined_at, _participant.c.id)
    rows = db.execute(select(_participant).where(_participant.c.event_id == event_id).order_by(*by_start))
    return [_to_participant(row) for row in rows]


def matches_of(db: DbSession, event_id: int) -> dict[str, str]:
    """Matches made by hand: folded name of a participant -> e-mail address of the registrant."""
    rows = db.execute(select(_match.c.name, _match.c.email).where(_match.c.event_id == event_id))
    return {row.name: row.email for row in rows}


def enrolled(db: DbSession, event_id: int) -> list[Enrolled]:
    """Every registrant of an event, in any status, as attendance goes by them; by row id."""
    table = _registrant.c
    registered_at = func.coalesce(table.registered_at, table.first_seen_at, type_=table.first_seen_at.type)
    key = (table.id, table.meeting_id, table.occurrence_id, table.registrant_id)
    rows = db.execute(
        select(*key, table.email, table.first_name, table.last_name, table.status, registered_at)
        .where(table.event_id == event_id)
        .order_by(table.id)
    )
    return [Enrolled(*row[:5], " ".join(filter(None, row[5:7])), RegistrantStatus(row[7]), row[8]) for row in rows]


# ---------------------------------------------------------------------------------------------------------- writing


def save_record(db: DbSession, event_id: int, record: AttendanceRecord) -> None:
    """Write down what is known of a session's attendance."""
    values = {name: getattr(record, name) for name in _RECORD_FIELDS} | {"state": record.state.value}
    dialect = sqlite if db.get_bind().dialect.name == "sqlite" else postgresql
    put = dialect.insert(_attendance).values(event_id=event_id, **values)
    db.execute(put.on_conflict_do_update(index_elements=["event_id", "session_key"], set_=values))


def replace_instance(
    db: DbSession, event_id: int, meeting_id: str, instance: str, participants: Iterable[Participant]
) -> None:
    """Put the joinings of one sitting in the place of what Zoom told of it before. Who was erased stays erased."""
    here = (_participant.c.meeting_id == meeting_id) & (_participant.c.instance == instance)
    gone = db.execute(
        select(_participant.c.user_id, _participant.c.joined_at, _participant.c.registrant_id).where(
            here, _participant.c.erased
        )
    )
    erased = {(user_id, joined_at): registrant_id for user_id, joined_at, registrant_id in gone}
    tombs = {registrant_id for _, registrant_id in erased_keys(db, [meeting_id])}
    db.execute(delete(_participant).where(here))
    rows = []
    for one in participants:
        values = {name: getattr(one, name) for name in _PARTICIPANT_FIELDS} | {"event_id": event_id}
        joining = (one.user_id, one.joined_at)
        if joining in erased:
            values |= _BLANK | {"registrant_id": erased[joining]}
        elif one.registrant_id in tombs:
            values |= _BLANK
        rows.append(values)
    if rows:
        db.execute(insert(_participant), rows)


def save_match(db: DbSession, event_id: int, name: str, email: str, *, now: datetime, actor: str) -> None:
    """A person said that the participant of this name is the registrant of this address; the last word counts.

    The audit does not repeat name and address: both are here. Messages after a session are planned anew.
    """
    values = {"email": email, "at": now, "actor": actor}
    dialect = sqlite if db.get_bind().dialect.name == "sqlite" else postgresql
    put = dialect.insert(_match).values(event_id=event_id, name=fold_name(name), **values)
    db.execute(put.on_conflict_do_update(index_elements=["event_id", "name"], set_=values))
    write_audit(db, event_id, now, "event", event_id, "participant matched", {}, {}, actor=actor)
    set_planned(db, event_id, "")


def undo_match(db: DbSession, event_id: int, name: str, *, now: datetime, actor: str) -> bool:
    """Take back a match made by hand. False where there was none."""
    gone = db.execute(delete(_match).where(_match.c.event_id == event_id, _match.c.name == fold_name(name)))
    if gone.rowcount != 1:  # type: ignore[attr-defined]
        return False
    write_audit(db, event_id, now, "event", event_id, "participant match undone", {}, {}, actor=actor)
    set_planned(db, event_id, "")
    return True


# ---------------------------------------------------------------------------------------------------------- erasing

_BLANK: dict[str, Any] = {"name": "", "email": "", "erased": True}
Registrations = Collection[tuple[str, str]]  # (meeting id, registrant id)


def joinings_of_person(db: DbSession, event_id: int, email: str, registrations: Registrations) -> list[Participant]:
    """The joinings of one person in an event, for whoever asks for their data, by when they began.

    email: folded. registrations: those of the person in this event.
    """
    theirs = set(_rows_of_person(db, event_id, email, registrations))
    statement = select(_participant).where(_participant.c.event_id == event_id).order_by(_participant.c.joined_at)
    return [_to_participant(row) for row in db.execute(statement) if row.id in theirs]


def erase_participant(db: DbSession, event_id: int, email: str, registrations: Registrations) -> int:
    """Remove a person's name and address from an event's attendance, and give how many joinings that were.

    Arguments as of `joinings_of_person`, while the registrants still have their data. What was known by address or by
    hand keeps the registrant id it stood for, so that counts and minutes stay. A joining that neither id nor address
    nor a match connects with the person cannot be found.
    """
    theirs, ids = _rows_of_person(db, event_id, email, registrations), dict(registrations)
    for row_id, (meeting_id, registrant_id) in theirs.items():
        values = _BLANK | {"registrant_id": registrant_id or ids.get(meeting_id, "")}
        db.execute(update(_participant).where(_participant.c.id == row_id).values(**values))
    db.execute(delete(_match).where(_match.c.event_id == event_id, _match.c.email == email))
    return len(theirs)


def erase_participants(db: DbSession, event_id: int) -> int:
    """Remove everybody's name and address from an event's attendance, as retention does. Gives how many joinings.

    While the registrants still have their data; see `erase_participant`.
    """
    by_email = {(one.meeting_id, one.email): one.registrant_id for one in enrolled(db, event_id) if one.email}
    by_hand, table = matches_of(db, event_id), _participant.c
    columns = (table.id, table.meeting_id, table.registrant_id, table.email, table.name)
    left = []
    for row in db.execute(select(*columns).where(table.event_id == event_id, ~table.erased)):
        email = row.email if (row.meeting_id, row.email) in by_email else by_hand.get(fold_name(row.name), "")
        registrant_id = row.registrant_id or by_email.get((row.meeting_id, email), "")
        left.append({"row_id": row.id, "known_as": registrant_id})
    if left:
        blanked = update(_participant).where(table.id == bindparam("row_id"))
        db.connection().execute(blanked.values(**_BLANK, registrant_id=bindparam("known_as")), left)
    db.execute(delete(_match).where(_match.c.event_id == event_id))
    return len(left)


def _rows_of_person(
    db: DbSession, event_id: int, email: str, registrations: Registrations
) -> dict[int, tuple[str, str]]:
    """The store's id of each joining of a person, with its (meeting id, registrant id)."""
    names = {name for name, of in matches_of(db, event_id).items() if of == email}
    wanted, table = set(registrations), _participant.c
    columns = (table.id, table.meeting_id, table.registrant_id, table.email, table.name)
    found = {}
    for row in db.execute(select(*columns).where(table.event_id == event_id)):
        key = (row.meeting_id, row.registrant_id)
        by_email = bool(email) and row.email == email
        by_hand = not row.registrant_id and fold_name(row.name) in names
        if key in wanted or by_email or by_hand:
            found[row.id] = key
    return found


def _to_participant(row: Any) -> Participant:
    return Participant(**{name: getattr(row, name) for name in _PARTICIPANT_FIELDS})
