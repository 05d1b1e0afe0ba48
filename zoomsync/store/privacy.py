"""What the database holds of persons, and how it is erased. Who is to be erased, and when, is decided elsewhere.

Erasing leaves rows where they are and empties what tells of the person: registrations, messages and changes go on being
counted, by state and by day. A registration that was erased keeps its status and its moments, Zoom's ids, and
`erased_at`; its key goes to `tombstone`, so that no pull brings the person back (`registrants.erased_keys`).

`COLUMNS` says of every column with text whether it may tell of a person. A column that is added belongs there too, and
where it is a person's, into the functions below; a test holds both.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import String, Table, bindparam, case, cast, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.attendance import fold_name
from zoomsync.domain.calls import Reason
from zoomsync.domain.records import OutboxState, RegistrantStatus
from zoomsync.store.attendance import erase_participant, erase_participants
from zoomsync.store.certificates import erase_certificates, erase_certificates_of_event
from zoomsync.store.events import set_planned
from zoomsync.store.tables import (
    AlarmRow,
    AttemptRow,
    AttendanceRow,
    AuditRow,
    BounceRow,
    CertificateRow,
    EventRow,
    InstallationRow,
    MeetingRow,
    OptOutRow,
    OutboxRow,
    ParticipantRow,
    RegistrantRow,
    SyncRunRow,
    TombstoneRow,
)

_registrant: Table = RegistrantRow.__table__  # type: ignore[attr-defined]
_audit: Table = AuditRow.__table__  # type: ignore[attr-defined]
_outbox: Table = OutboxRow.__table__  # type: ignore[attr-defined]
_attempt: Table = AttemptRow.__table__  # type: ignore[attr-defined]
_opt_out: Table = OptOutRow.__table__  # type: ignore[attr-defined]
_run: Table = SyncRunRow.__table__  # type: ignore[attr-defined]
_meeting: Table = MeetingRow.__table__  # type: ignore[attr-defined]
_alarm: Table = AlarmRow.__table__  # type: ignore[attr-defined]
_attendance: Table = AttendanceRow.__table__  # type: ignore[attr-defined]
_participant: Table = ParticipantRow.__table__  # type: ignore[attr-defined]
_bounce: Table = BounceRow.__table__  # type: ignore[attr-defined]
_certificate: Table = CertificateRow.__table__  # type: ignore[attr-defined]
_event: Table = EventRow.__table__  # type: ignore[attr-defined]
_tombstone: Table = TombstoneRow.__table__  # type: ignore[attr-defined]
_installation: Table = InstallationRow.__table__  # type: ignore[attr-defined]


class Holds(StrEnum):
    """What a column may tell of."""

    OURS = "ids, states, words of our own"
    ORGANISER = "what the organiser wrote, or has on Zoom"
    PERSON = "a registrant: emptied"
    WORDS = "somebody else's words, of a mail server or of trouble, that may name a registrant"


def _columns(table: str) -> dict[str, dict[str, Holds]]:
    found: dict[str, dict[str, Holds]] = {}
    for line in table.strip().splitlines():
        name, holds, columns = line.split(maxsplit=2)
        found.setdefault(name, {}).update((column, Holds[holds]) for column in columns.split())
    return found


COLUMNS = _columns(
    """
    alarm             OURS       event what
    alarm             WORDS      words
    announcement      OURS       id
    announcement      ORGANISER  subject text actor
    attendance        OURS       session_key state
    attendance        WORDS      error
    audit             OURS       subject subject_id change
    audit             ORGANISER  actor
    audit             PERSON     before after
    bounce            ORGANISER  actor
    bounce            PERSON     email
    certificate       OURS       code dates
    certificate       ORGANISER  event_title
    certificate       PERSON     email name_key name
    daemon            OURS       owner version files
    delivery_attempt  OURS       outcome stage
    delivery_attempt  WORDS      words
    event             OURS       file_hash leads planned_for order_kind
    event             ORGANISER  slug title status language timezone file_text
    installation      OURS       name value
    lease             OURS       name owner
    meeting           OURS       meeting_id kind aim
    meeting           ORGANISER  topic host_email registration_url
    meeting           WORDS      error
    opt_out           OURS       via
    opt_out           PERSON     email
    outbox            OURS       session_key kind occasion state message_id owner
    outbox            PERSON     body_hash
    outbox            WORDS      reason
    participant       OURS       meeting_id instance user_id registrant_id
    participant       PERSON     name email
    participant_match ORGANISER  actor
    participant_match PERSON     name email
    registrant        OURS       meeting_id occurrence_id registrant_id status
    registrant        PERSON     email first_name last_name join_url details answers digest
    session           OURS       key meeting_id occurrence_id
    session           ORGANISER  file_id title
    sync_run          OURS       state
    sync_run          WORDS      error
    tombstone         OURS       meeting_id registrant_id
    webhook           OURS       delivery meeting_id name
    """
)
"""table -> column -> what it holds, for every column of text, JSON or bytes."""

WORDS_ERASED = "(erased)"  # where an empty text would read as if all had been well
_KEPT_OF_AUDIT = ("status", "missing", "registered_at")  # what counts and rules go by
_ROWS_A_BATCH = 500  # SQLite takes 32,766 parameters, older builds 999
_WAITING = (OutboxState.PENDING.value, OutboxState.DEFERRED.value, OutboxState.CLAIMED.value)
_SHORTEST_NAME = 5  # a shorter text stands in others' words by chance
_BYTES_OWED = "bytes to clear"


@dataclass(slots=True)
class Erased:
    """How much was erased, by what it was. messages: in any state; stopped: of these, not sent yet."""

    registrations: int = 0
    messages: int = 0
    stopped: int = 0
    changes: int = 0
    opt_outs: int = 0
    joinings: int = 0
    certificates: int = 0

    def add(self, other: Erased) -> None:
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    def __bool__(self) -> bool:
        return any(getattr(self, one.name) for one in fields(self))


# -------------------------------------------------------------------------------------------------------- one person


def erase_person(
    db: DbSession, rows: Sequence[tuple[int, int]], email: str, names: Collection[str], now: datetime
) -> Erased:
    """Erase these registrations, (event's id, registrant's row) each, with all that belongs to them, and the address.

    names: texts that stand for the person: addresses, links, names in full. They are taken out of others' words too.
    """
    erased = Erased()
    by_event: dict[int, list[int]] = {}
    for event_id, row in rows:
        by_event.setdefault(event_id, []).append(row)
    for event_id in db.scalars(select(_event.c.id)).all():
        some = by_event.get(event_id, [])
        # First, while the registrants still have their data: it is by these that a joining is known as theirs.
        erased.joinings += erase_participant(db, event_id, email, _keys(db, some))
        erased.joinings += _erase_namesakes(db, event_id, names)
        if some:
            erased.add(_erase_rows(db, event_id, some, now))
            set_planned(db, event_id, "")
    erased.certificates = erase_certificates(db, email, [row for _, row in rows])
    erased.opt_outs = _count_deleted(db, delete(_opt_out).where(_opt_out.c.email == email))
    db.execute(delete(_bounce).where(_bounce.c.email == email))
    _redact(db, [email, *names])
    _owe_bytes(db, now)
    return erased


def _keys(db: DbSession, row_ids: Sequence[int]) -> list[tuple[str, str]]:
    columns = (_registrant.c.meeting_id, _registrant.c.registrant_id)
    rows = db.execute(select(*columns).where(_registrant.c.id.in_(row_ids)))
    return [(meeting_id, registrant_id) for meeting_id, registrant_id in rows]


def _erase_namesakes(db: DbSession, event_id: int, names: Collection[str]) -> int:
    """Whoever was in a session under one of these names and is known as nobody: most likely it was this person."""
    wanted = {fold_name(name) for name in names}
    unknown = select(_participant.c.id, _participant.c.name).where(
        _participant.c.event_id == event_id, _participant.c.registrant_id == "", ~_participant.c.erased
    )
    theirs = [row_id for row_id, name in db.execute(unknown) if fold_name(name) in wanted]
    for some in _batches(theirs):
        emptied = {"name": "", "email": "", "erased": True}
        db.execute(update(_participant).where(_participant.c.id.in_(some)).values(**emptied))
    return len(theirs)


def gone_from_zoom(db: DbSession, row_ids: Sequence[int]) -> None:
    """These were deleted on Zoom: what is no longer listed there is cancelled."""
    cancelled = RegistrantStatus.CANCELLED.value
    db.execute(update(_registrant).where(_registrant.c.id.in_(row_ids)).values(status=cancelled))


def _redact(db: DbSession, names: Collection[str]) -> None:
    """Take these texts out of what servers and trouble have said, wherever they stand."""
    wanted = sorted({name for name in names if len(name) >= _SHORTEST_NAME}, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, wanted)), re.IGNORECASE)
    for column in (
        _run.c.error,
        _meeting.c.error,
        _attendance.c.error,
        _alarm.c.words,
        _attempt.c.words,
        _outbox.c.reason,
    ):
        table = column.table
        found = db.execute(
            select(*table.primary_key, column.label("words")).where(
                or_(*(func.lower(column).contains(name.lower(), autoescape=True) for name in wanted))
            )
        )
        for row in found.all():
            key = [one == value for one, value in zip(table.primary_key, row, strict=False)]
            db.execute(update(table).where(*key).values({column.name: pattern.sub("…", row.words)}))
    put_off = select(_audit.c.id, _audit.c.after).where(_audit.c.change.like("% put off"))
    for audit_id, after in db.execute(put_off).all():
        said = str((after or {}).get("error", ""))
        if pattern.search(said):
            redacted = after | {"error": pattern.sub("…", said)}
            db.execute(update(_audit).where(_audit.c.id == audit_id).values(after=redacted))


# --------------------------------------------------------------------------------------------------------- an event


def holds_persons(db: DbSession, event_id: int) -> bool:
    """Whether anything of a person is left of this event."""
    left = (
        select(_registrant.c.id).where(_registrant.c.event_id == event_id, _registrant.c.erased_at.is_(None)),
        select(_opt_out.c.event_id).where(_opt_out.c.event_id == event_id),
        select(_participant.c.id).where(_participant.c.event_id == event_id, ~_participant.c.erased),
        select(_certificate.c.code).where(_certificate.c.event_id == event_id, _certificate.c.email.is_not(None)),
    )
    return any(db.execute(one.limit(1)).first() is not None for one in left)


def count_persons(db: DbSession, event_id: int) -> int:
    """How many registrations of this event hold personal data."""
    statement = select(func.count()).select_from(_registrant)
    return db.scalar(statement.where(_registrant.c.event_id == event_id, _registrant.c.erased_at.is_(None))) or 0


def count_event(db: DbSession, event_id: int) -> Erased:
    """What `erase_around` and `erase_some` would erase of an event."""
    rows = select(_registrant.c.id).where(_registrant.c.event_id == event_id, _registrant.c.erased_at.is_(None))
    theirs = _outbox.c.registrant_row.in_(rows)
    text_ids = select(cast(_registrant.c.id, String)).where(rows.whereclause)  # type: ignore[arg-type]
    asked = {
        "registrations": select(func.count()).select_from(rows.subquery()),
        "messages": select(func.count()).select_from(_outbox).where(theirs),
        "stopped": select(func.count()).select_from(_outbox).where(theirs, _outbox.c.state.in_(_WAITING)),
        "changes": select(func.count())
        .select_from(_audit)
        .where(_audit.c.subject == "registrant", _audit.c.subject_id.in_(text_ids)),
        "opt_outs": select(func.count()).select_from(_opt_out).where(_opt_out.c.event_id == event_id),
        "certificates": select(func.count())
        .select_from(_certificate)
        .where(_certificate.c.event_id == event_id, _certificate.c.email.is_not(None)),
        "joinings": select(func.count())
        .select_from(_participant)
        .where(_participant.c.event_id == event_id, ~_participant.c.erased),
    }
    return Erased(**{name: db.scalar(statement) or 0 for name, statement in asked.items()})


def erase_around(db: DbSession, event_id: int, now: datetime) -> Erased:
    """Erase what an event holds of persons beside its registrations, with all words that may name somebody.

    Comes before `erase_some`: a joining is known by the registrants' data.
    """
    erased = Erased(joinings=erase_participants(db, event_id), certificates=erase_certificates_of_event(db, event_id))
    erased.opt_outs = _count_deleted(db, delete(_opt_out).where(_opt_out.c.event_id == event_id))
    _empty_words(db, event_id)
    db.execute(update(_event).where(_event.c.id == event_id).values(erased_at=now))
    set_planned(db, event_id, "")
    _owe_bytes(db, now)
    return erased


def erase_some(db: DbSession, event_id: int, now: datetime, at_most: int) -> Erased:
    """Erase up to `at_most` of an event's registrations that are not erased yet. Nothing is left once it gives nothing.

    Not all in one transaction: on SQLite nobody else could write meanwhile.
    """
    rows = select(_registrant.c.id).where(_registrant.c.event_id == event_id, _registrant.c.erased_at.is_(None))
    erased = _erase_rows(db, event_id, db.scalars(rows.order_by(_registrant.c.id).limit(at_most)).all(), now)
    # An address that mail came back from goes with the last registration that has it.
    elsewhere = select(_registrant.c.id).where(_registrant.c.email == _bounce.c.email).exists()
    db.execute(delete(_bounce).where(~elsewhere))
    return erased


def _empty_words(db: DbSession, event_id: int) -> None:
    """What servers and trouble have said about an event. That there was something to say stays."""
    for table in (_run, _meeting, _attendance):
        said = (table.c.event_id == event_id) & (table.c.error != "")
        db.execute(update(table).where(said).values(error=WORDS_ERASED))
    slug = select(_event.c.slug).where(_event.c.id == event_id).scalar_subquery()
    of_all = (_alarm.c.event == "") & _alarm.c.words.contains("@")
    db.execute(update(_alarm).where(or_(_alarm.c.event == slug, of_all)).values(words=WORDS_ERASED))
    put_off = (_audit.c.event_id == event_id) & _audit.c.change.like("% put off")
    for audit_id, after in db.execute(select(_audit.c.id, _audit.c.after).where(put_off)).all():
        emptied = (after or {}) | {"error": WORDS_ERASED}
        db.execute(update(_audit).where(_audit.c.id == audit_id).values(after=emptied))


# ------------------------------------------------------------------------------------------------------------- both


def _erase_rows(db: DbSession, event_id: int, row_ids: Sequence[int], now: datetime) -> Erased:
    erased = Erased()
    for some in _batches(row_ids):
        theirs = _registrant.c.id.in_(some)
        _bury(db, theirs, now)
        emptied = {"email": "", "first_name": "", "last_name": "", "join_url": "", "details": [], "answers": []}
        db.execute(update(_registrant).where(theirs).values(**emptied, digest=b"", missing=False, erased_at=now))
        erased.registrations += len(some)
        _erase_messages(db, some, erased)
        _erase_changes(db, some, erased)
    return erased


def _bury(db: DbSession, theirs: Any, now: datetime) -> None:
    keys = select(_registrant.c.meeting_id, _registrant.c.registrant_id).where(theirs).distinct()
    found = [
        {"meeting_id": meeting, "registrant_id": registrant, "at": now} for meeting, registrant in db.execute(keys)
    ]
    dialect = sqlite if db.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(_tombstone)
    db.execute(
        statement.on_conflict_do_update(
            index_elements=["meeting_id", "registrant_id"], set_={"at": statement.excluded.at}
        ),
        found,
    )


def _erase_messages(db: DbSession, row_ids: Sequence[int], erased: Erased) -> None:
    theirs = _outbox.c.registrant_row.in_(row_ids)
    erased.messages += db.scalar(select(func.count()).select_from(_outbox).where(theirs)) or 0
    stopped = update(_outbox).where(theirs, _outbox.c.state.in_(_WAITING))
    erased.stopped += db.execute(stopped.values(state=OutboxState.CANCELLED.value, reason=Reason.ERASED.value)).rowcount  # type: ignore[attr-defined]
    # What a mail server said names the address more often than not.
    ours = _outbox.c.reason.in_([reason.value for reason in Reason])
    db.execute(update(_outbox).where(theirs).values(body_hash="", reason=case((ours, _outbox.c.reason), else_="")))
    tries = _attempt.c.outbox_id.in_(select(_outbox.c.id).where(theirs))
    db.execute(update(_attempt).where(tries).values(words=""))


def _erase_changes(db: DbSession, row_ids: Sequence[int], erased: Erased) -> None:
    columns = (_audit.c.id, _audit.c.before, _audit.c.after)
    theirs = (_audit.c.subject == "registrant") & _audit.c.subject_id.in_([str(row_id) for row_id in row_ids])
    emptied = [
        {"row_id": row.id, "was": _kept(row.before), "now_is": _kept(row.after)}
        for row in db.execute(select(*columns).where(theirs))
    ]
    if emptied:
        statement = update(_audit).where(_audit.c.id == bindparam("row_id"))
        statement = statement.values(before=bindparam("was"), after=bindparam("now_is"))
        db.connection().execute(statement, emptied)
    erased.changes += len(emptied)


def _kept(values: Any) -> dict[str, Any] | None:
    return {name: values[name] for name in _KEPT_OF_AUDIT if name in values} if values else None


def _batches(row_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (row_ids[start : start + _ROWS_A_BATCH] for start in range(0, len(row_ids), _ROWS_A_BATCH))


def _count_deleted(db: DbSession, statement: Any) -> int:
    return int(db.execute(statement).rowcount)  # type: ignore[attr-defined]


# ------------------------------------------------------------------------------------------------------------- bytes


def bytes_owed(db: DbSession) -> bool:
    """Whether something was erased whose bytes are still to be cleared out of the file (`Database.clear_freed`)."""
    return db.scalar(select(_installation.c.name).where(_installation.c.name == _BYTES_OWED)) is not None


def bytes_cleared(db: DbSession) -> None:
    """Write down that they were."""
    db.execute(delete(_installation).where(_installation.c.name == _BYTES_OWED))


def _owe_bytes(db: DbSession, now: datetime) -> None:
    bytes_cleared(db)
    db.execute(insert(_installation).values(name=_BYTES_OWED, value=now.isoformat()))
