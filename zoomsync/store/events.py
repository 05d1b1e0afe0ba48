"""Events with their sessions, meetings and opt-outs, and what the installation knows of itself, in SQL.

What to change is decided in `domain.sessions`; here it is written, with its audit. Registrants: see `registrants`.
Messages: see `outbox`. What was done to registration: see `registration`.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Table, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.records import Event, EventStatus, Meeting, Session, SessionSpec, ZoomKind, ZoomPart
from zoomsync.domain.sessions import SessionChanges
from zoomsync.errors import StoreError
from zoomsync.language import _
from zoomsync.store.tables import (
    AnnouncementRow,
    AttendanceRow,
    AuditRow,
    CertificateRow,
    EventRow,
    InstallationRow,
    MatchRow,
    MeetingRow,
    OptOutRow,
    OutboxRow,
    ParticipantRow,
    RegistrantRow,
    SessionRow,
    SyncRunRow,
)

_event: Table = EventRow.__table__  # type: ignore[attr-defined]
_session: Table = SessionRow.__table__  # type: ignore[attr-defined]
_meeting: Table = MeetingRow.__table__  # type: ignore[attr-defined]
_registrant: Table = RegistrantRow.__table__  # type: ignore[attr-defined]
_run: Table = SyncRunRow.__table__  # type: ignore[attr-defined]
_audit: Table = AuditRow.__table__  # type: ignore[attr-defined]
_outbox: Table = OutboxRow.__table__  # type: ignore[attr-defined]
_opt_out: Table = OptOutRow.__table__  # type: ignore[attr-defined]
_announcement: Table = AnnouncementRow.__table__  # type: ignore[attr-defined]
_installation: Table = InstallationRow.__table__  # type: ignore[attr-defined]
_attendance: Table = AttendanceRow.__table__  # type: ignore[attr-defined]
_participant: Table = ParticipantRow.__table__  # type: ignore[attr-defined]
_match: Table = MatchRow.__table__  # type: ignore[attr-defined]
_certificate: Table = CertificateRow.__table__  # type: ignore[attr-defined]

# What belongs to an event and moves with it when its file is renamed.
_BELONGING = (
    _session,
    _meeting,
    _registrant,
    _run,
    _audit,
    _outbox,
    _opt_out,
    _attendance,
    _participant,
    _match,
    _certificate,
    _announcement,
)
_AUDITED_OF_EVENT = ("slug", "title", "status", "language", "timezone", "registration_deadline")
_SHOWN_BY_ZOOM = (
    "kind",
    "topic",
    "type",
    "registration_type",
    "approval_type",
    "host_email",
    "registration_url",
    "starts_at",
)
Part = TypeVar("Part", ZoomPart, SessionSpec)
_SESSION_FIELDS = tuple(field.name for field in fields(Session))


# ------------------------------------------------------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """What the database keeps of an event beside its file.

    leads_seen: a reminder's kind ("before:1h") -> when it was first seen. seen_at: when the file was last read.
    planned_for: see `set_planned`. paused_at: its mail is stopped since then. erased_at: when personal
    data was last removed for its age. removal_told_for, removal_told_at: the removal that the organiser was warned of,
    and when that was.
    """

    id: int
    slug: str
    title: str
    status: EventStatus
    language: str
    timezone: str
    registration_deadline: datetime
    file_hash: str
    file_text: str
    first_seen_at: datetime
    seen_at: datetime
    leads_seen: Mapping[str, datetime]
    planned_for: str = ""
    paused_at: datetime | None = None
    erased_at: datetime | None = None
    removal_told_for: datetime | None = None
    removal_told_at: datetime | None = None


def save_event(
    db: DbSession, event: Event, now: datetime, meeting_ids: Collection[str] = (), *, others: Collection[str] = ()
) -> int:
    """Write down the event file that is in force, and give the event's id.

    A new slug that names a known meeting (in its file, or among `meeting_ids`) is a renamed file: it takes over the
    event of that meeting, unless that one has a file still: `others` are the slugs of all the files there are.
    A lead that left the file and came back counts as new. Changes are audited.
    """
    named = (event.zoom.meeting_id, *(spec.meeting_id for spec in event.sessions), *meeting_ids)
    stored = load_stored(db, event.slug)
    if stored is None:
        renamed = _event_of_meetings(db, [one for one in named if one])
        stored = None if renamed is None or renamed.slug in others else renamed
    leads = [
        *(f"before:{lead.text}" for lead in event.reminders.before),
        *(f"after:{lead.text}" for lead in event.reminders.after),
    ]
    seen = {} if stored is None else stored.leads_seen
    values = {
        "slug": event.slug,
        "title": event.title,
        "status": event.status.value,
        "language": event.language,
        "timezone": event.timezone,
        "registration_deadline": event.registration_deadline,
        "file_hash": event.file_hash,
        "file_text": event.file_text,
        "seen_at": now,
        "leads": {lead: seen.get(lead, now).isoformat() for lead in leads},
    }
    if stored is None:
        first = values | {"first_seen_at": now, "planned_for": "", "order_kind": ""}
        first["held_until"] = db.scalar(select(func.max(_event.c.held_until)))  # unknown to a copy that was put back
        upsert = (sqlite if db.get_bind().dialect.name == "sqlite" else postgresql).insert(_event).values(**first)
        event_id = db.scalar(upsert.on_conflict_do_nothing(index_elements=["slug"]).returning(_event.c.id))
        if event_id is not None:
            written = _only(values, _AUDITED_OF_EVENT)
            write_audit(db, event_id, now, "event", event_id, "added", {}, written, actor="file")
            return int(event_id)
        stored = load_stored(db, event.slug)  # somebody else has seen the file at this very moment
        assert stored is not None
    before, after = _differing(_only(asdict(stored), _AUDITED_OF_EVENT), _only(values, _AUDITED_OF_EVENT))
    if after:
        write_audit(db, stored.id, now, "event", stored.id, "updated", before, after, actor="file")
    db.execute(update(_event).where(_event.c.id == stored.id).values(**values))
    return stored.id


def load_stored(db: DbSession, slug: str) -> StoredEvent | None:
    """What is known of the event with this slug, None if it was never seen."""
    return _one_event(db, _event.c.slug == slug)


def all_stored(db: DbSession) -> list[StoredEvent]:
    """Every event that was ever seen, the oldest first."""
    return [_to_stored_event(row) for row in db.execute(select(_event).order_by(_event.c.id))]


def set_planned(db: DbSession, event_id: int, planned_for: str) -> None:
    """Remember what an event's messages were planned for; "" asks for a new plan at the next look."""
    db.execute(update(_event).where(_event.c.id == event_id).values(planned_for=planned_for))


def set_removal_told(db: DbSession, event_id: int, removed_at: datetime, now: datetime) -> None:
    """Remember that the organiser was warned: personal data of the event is removed at `removed_at`."""
    told = {"removal_told_for": removed_at, "removal_told_at": now}
    db.execute(update(_event).where(_event.c.id == event_id).values(**told))


def set_paused(db: DbSession, event_id: int, *, paused: bool, now: datetime, actor: str) -> bool:
    """Stop or restart an event's mail. False if it was so already; nothing is changed then."""
    was = _event.c.paused_at.is_(None) if paused else _event.c.paused_at.is_not(None)
    changed = db.execute(update(_event).where(_event.c.id == event_id, was).values(paused_at=now if paused else None))
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        return False
    write_audit(db, event_id, now, "event", event_id, "paused" if paused else "resumed", {}, {}, actor=actor)
    return True


def _event_of_meetings(db: DbSession, meeting_ids: Collection[str]) -> StoredEvent | None:
    if not meeting_ids:
        return None
    owners = select(_meeting.c.event_id).where(_meeting.c.meeting_id.in_(meeting_ids))
    return _one_event(db, _event.c.id == owners.order_by(_meeting.c.event_id).limit(1).scalar_subquery())


def _one_event(db: DbSession, condition: Any) -> StoredEvent | None:
    row = db.execute(select(_event).where(condition)).one_or_none()
    return None if row is None else _to_stored_event(row)


def _to_stored_event(row: Any) -> StoredEvent:
    return StoredEvent(
        id=row.id,
        slug=row.slug,
        title=row.title,
        status=EventStatus(row.status),
        language=row.language,
        timezone=row.timezone,
        registration_deadline=row.registration_deadline,
        file_hash=row.file_hash,
        file_text=row.file_text,
        first_seen_at=row.first_seen_at,
        seen_at=row.seen_at,
        leads_seen={lead: datetime.fromisoformat(seen) for lead, seen in row.leads.items()},
        planned_for=row.planned_for,
        paused_at=row.paused_at,
        erased_at=row.erased_at,
        removal_told_for=row.removal_told_for,
        removal_told_at=row.removal_told_at,
    )


# ----------------------------------------------------------------------------------------------------------- sessions


def sessions_of(db: DbSession, event_id: int) -> list[Session]:
    """The sessions of an event, cancelled ones too, by their start."""
    rows = db.execute(
        select(_session).where(_session.c.event_id == event_id).order_by(_session.c.starts_at, _session.c.id)
    )
    return [_to_session(row) for row in rows]


def save_sessions(
    db: DbSession, event_id: int, changes: SessionChanges, now: datetime, run_id: int | None = None
) -> None:
    """Write what `domain.sessions` decided, with its audit. Nothing is ever deleted."""
    for session in changes.added:
        values = asdict(session)
        added = db.execute(insert(_session).values(event_id=event_id, **values).returning(_session.c.id))
        write_audit(db, event_id, now, "session", added.scalar_one(), "added", {}, values, run_id=run_id)
    for one in changes.updated:
        before, after = _differing(asdict(one.before), asdict(one.after))
        written = db.execute(
            update(_session)
            .where(_session.c.event_id == event_id, _session.c.key == one.before.key)
            .values(**after)
            .returning(_session.c.id)
        )
        change = "updated"
        if one.before.cancelled != one.after.cancelled:
            change = "cancelled" if one.after.cancelled else "reinstated"
        write_audit(db, event_id, now, "session", written.scalar_one(), change, before, after, run_id=run_id)


def _to_session(row: Any) -> Session:
    return Session(**{name: getattr(row, name) for name in _SESSION_FIELDS})


# ----------------------------------------------------------------------------------------------------------- meetings


def meetings_of(db: DbSession, event_id: int) -> list[Meeting]:
    """The meetings of an event as Zoom last showed them, without occurrences and length, which are not kept."""
    rows = db.execute(select(_meeting).where(_meeting.c.event_id == event_id).order_by(_meeting.c.meeting_id))
    return [
        Meeting(meeting_id=row.meeting_id, **(_only(dict(row._mapping), _SHOWN_BY_ZOOM) | {"kind": ZoomKind(row.kind)}))
        for row in rows
    ]


def with_known_meetings(db: DbSession, event: Event) -> Event:
    """The event with the ids of meetings that were found by their registration link before.

    Zoom finds a link among upcoming meetings only: once the last session has begun it would be lost.
    """
    stored = load_stored(db, event.slug)
    known = {} if stored is None else {one.registration_url: one.meeting_id for one in meetings_of(db, stored.id)}

    def filled(part: Part) -> Part:
        if part.meeting_id or part.registration_url not in known:
            return part
        return replace(part, meeting_id=known[part.registration_url])

    return replace(event, zoom=filled(event.zoom), sessions=tuple(filled(one) for one in event.sessions))


def save_meeting(
    db: DbSession, event_id: int, meeting: Meeting, now: datetime, *, others: Collection[str] = ()
) -> None:
    """Write down a meeting as Zoom shows it; what was done to its registration stays as it is.

    A meeting of another event brings that event's rows along, for a renamed file whose meeting had to be looked for.
    Raises StoreError if that event has a file still (`others` are the slugs of all the files there are), or if this
    event has registrants or sessions of its own: the two cannot be told apart then.
    """
    row = db.execute(select(_meeting).where(_meeting.c.meeting_id == meeting.meeting_id)).one_or_none()
    shown = {name: getattr(meeting, name) for name in _SHOWN_BY_ZOOM} | {"kind": meeting.kind.value}
    if row is None:
        untouched = {"aim": "", "times_set": 0, "error": ""}
        db.execute(
            insert(_meeting).values(
                meeting_id=meeting.meeting_id, event_id=event_id, observed_at=now, **shown, **untouched
            )
        )
        write_audit(db, event_id, now, "meeting", meeting.meeting_id, "added", {}, shown)
        return
    if row.event_id != event_id:
        _take_over(db, row.event_id, event_id, meeting.meeting_id, now, others)
    _write_shown(db, row, shown, event_id, now)


def save_observed(db: DbSession, meeting: Meeting, now: datetime) -> None:
    """Write down a known meeting as it was read back; nothing happens to one that is not known."""
    row = db.execute(select(_meeting).where(_meeting.c.meeting_id == meeting.meeting_id)).one_or_none()
    if row is not None:
        shown = {name: getattr(meeting, name) for name in _SHOWN_BY_ZOOM} | {"kind": meeting.kind.value}
        _write_shown(db, row, shown, row.event_id, now)


def _write_shown(db: DbSession, row: Any, shown: Mapping[str, Any], event_id: int, now: datetime) -> None:
    before, after = _differing(_only(dict(row._mapping), _SHOWN_BY_ZOOM), shown)
    if after:
        write_audit(db, event_id, now, "meeting", row.meeting_id, "updated", before, after)
    db.execute(update(_meeting).where(_meeting.c.meeting_id == row.meeting_id).values(**shown, observed_at=now))


def _take_over(
    db: DbSession, old_id: int, new_id: int, meeting_id: str, now: datetime, others: Collection[str]
) -> None:
    old, new = _one_event(db, _event.c.id == old_id), _one_event(db, _event.c.id == new_id)
    assert old is not None
    assert new is not None
    if old.slug in others:
        raise StoreError(
            _("Meeting {meeting_id} belongs to the event {slug} already: give one of them another meeting.").format(
                meeting_id=meeting_id, slug=old.slug
            )
        )
    for table in (_registrant, _session):
        if db.scalar(select(func.count()).select_from(table).where(table.c.event_id == new_id)):
            raise StoreError(
                _(
                    "Meeting {meeting_id} belongs to the event {slug}, and this event already has rows "
                    "of its own: give it another meeting, or take up the file {slug}.toml again."
                ).format(meeting_id=meeting_id, slug=old.slug)
            )
    leads = {lead: old.leads_seen.get(lead, seen).isoformat() for lead, seen in new.leads_seen.items()}
    db.execute(
        update(_event)
        .where(_event.c.id == new_id)
        .values(first_seen_at=old.first_seen_at, leads=leads, paused_at=old.paused_at)
    )
    ordered = select(_event.c.order_kind, _event.c.order_at, _event.c.order_until).where(_event.c.id == old_id)
    db.execute(update(_event).where(_event.c.id == new_id).values(**db.execute(ordered).one()._asdict()))
    for table in _BELONGING:
        db.execute(update(table).where(table.c.event_id == old_id).values(event_id=new_id))
    db.execute(delete(_event).where(_event.c.id == old_id))
    write_audit(db, new_id, now, "event", new_id, "updated", {"slug": old.slug}, {"slug": new.slug}, actor="file")


# ----------------------------------------------------------------------------------------------------------- opt-outs


def opted_out(db: DbSession, event_id: int) -> set[str]:
    """The addresses that want no more reminders of this event, in lower case."""
    return set(db.scalars(select(_opt_out.c.email).where(_opt_out.c.event_id == event_id)))


def opt_out(db: DbSession, event_id: int, email: str, *, now: datetime, via: str) -> bool:
    """No more reminders of this event to `email`. False if that stood already; the first word is kept.

    via: how it was said, for `explain`: "command", "link", "mail".
    """
    values = {"event_id": event_id, "email": email.strip().lower(), "at": now, "via": via}
    added = db.execute(_insert_or_keep(db, _opt_out).values(**values).returning(_opt_out.c.email))
    set_planned(db, event_id, "")
    return added.first() is not None


def undo_opt_out(db: DbSession, event_id: int, email: str) -> bool:
    """Reminders of this event go to `email` again. False if nothing stood against it."""
    gone = db.execute(
        delete(_opt_out).where(_opt_out.c.event_id == event_id, _opt_out.c.email == email.strip().lower())
    )
    set_planned(db, event_id, "")
    return bool(gone.rowcount == 1)  # type: ignore[attr-defined]


# ------------------------------------------------------------------------------------------------------- installation


def installation_id(db: DbSession) -> str:
    """This installation's own id, made once by whoever asks first; sixteen hex digits, no secret.

    Asks for a write transaction: `Database.write`.
    """
    return _made_once(db, "id", secrets.token_hex(8))


def link_key(db: DbSession) -> bytes:
    """The secret that the links of this installation's mails are signed with, made once by whoever asks first.

    Asks for a write transaction: `Database.write`.
    """
    return bytes.fromhex(_made_once(db, "link key", secrets.token_hex(32)))


def _made_once(db: DbSession, name: str, value: str) -> str:
    known = select(_installation.c.value).where(_installation.c.name == name)
    found = db.scalar(known)
    if found is None:
        # Two processes may come here at once: the first row stays, and both read that one.
        db.execute(_insert_or_keep(db, _installation).values(name=name, value=value))
        found = db.scalar(known)
    return str(found)


# ------------------------------------------------------------------------------------------------------------ little


def _insert_or_keep(db: DbSession, table: Table) -> Any:
    """An INSERT that leaves a row that is there already as it is."""
    dialect = sqlite if db.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(table).on_conflict_do_nothing()


def write_audit(
    db: DbSession,
    event_id: int,
    now: datetime,
    subject: str,
    subject_id: int | str,
    change: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    actor: str = "sync",
    run_id: int | None = None,
) -> None:
    db.execute(
        insert(_audit).values(
            at=now,
            event_id=event_id,
            run_id=run_id,
            actor=actor,
            subject=subject,
            subject_id=str(subject_id),
            change=change,
            before=msgspec.to_builtins(before) or None,
            after=msgspec.to_builtins(after) or None,
        )
    )


def _only(values: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: values[name] for name in names}


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    changed = [name for name in after if before[name] != after[name]]
    return _only(before, changed), _only(after, changed)
