"""The tables, their unique keys and their column types. No queries here.

Conventions: rows are named ...Row and never leave this room (functions of the room give values of `domain.records`).
Every moment is UTC: `timestamptz` on Postgres, ISO text of fixed width on SQLite, so that text order is time order.
Zoom's ids are text. JSON columns hold JSON text on both databases: nothing is searched inside them.
A change here wants a migration beside it (see migrations/); a test compares the two.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import CheckConstraint, Column, DateTime, Dialect, Index, LargeBinary, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

from zoomsync.domain.attendance import AttendanceState
from zoomsync.domain.records import OutboxState, RegistrantStatus, RunState


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in, aware UTC out. A naive datetime is refused (ValueError): it would be a guess."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(32))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return utc_text(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def utc_text(moment: datetime) -> str:
    """A moment as SQLite keeps it: 2023-03-07T14:00:00.000000+00:00, always 32 characters."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    # By way of msgspec in a quarter of isoformat's time: a pull writes tens of thousands of them.
    to_the_second = msgspec.json.encode(utc)[1:20].decode()
    return f"{to_the_second}.{utc.microsecond:06d}+00:00" if utc.microsecond else to_the_second + ".000000+00:00"


class JsonText(TypeDecorator[Any]):
    """Any JSON value, kept as text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


def _one_of(
    column: str, states: type[RegistrantStatus] | type[OutboxState] | type[RunState] | type[AttendanceState]
) -> CheckConstraint:
    allowed = ", ".join(f"'{state.value}'" for state in states)
    return CheckConstraint(f"{column} IN ({allowed})", name=f"{column}_known")


def _moment(*, nullable: bool = True) -> Any:
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=nullable))


def _json(*, nullable: bool = True) -> Any:
    return Field(default=None, sa_column=Column(JsonText, nullable=nullable))


class InstallationRow(SQLModel, table=True):
    """What this installation knows of itself, by name.

    "id": part of every Message-ID, no secret. "link key": what the links of mails are signed with, a secret.
    """

    __tablename__ = "installation"

    name: str = Field(primary_key=True)
    value: str


class EventRow(SQLModel, table=True):
    """An event, and the file of it that is in force."""

    __tablename__ = "event"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    title: str
    status: str
    language: str
    timezone: str
    registration_deadline: datetime = _moment(nullable=False)
    file_hash: str
    file_text: str = ""
    first_seen_at: datetime = _moment(nullable=False)
    seen_at: datetime = _moment(nullable=False)
    leads: Any = _json(nullable=False)  # a reminder's kind -> ISO time it was first seen
    planned_for: str = ""  # what its messages were last planned for; anything else asks for a new plan
    order_kind: str = ""  # what a person ordered over the deadline (`domain.registration.Order`), "" for nothing
    order_at: datetime | None = _moment()
    order_until: datetime | None = _moment()
    paused_at: datetime | None = _moment()
    held_until: datetime | None = _moment()  # mail that was due by then waits for a person: `restoring`
    erased_at: datetime | None = _moment()  # when personal data was last removed for its age
    removal_told_for: datetime | None = _moment()  # the removal that the organiser was warned of, and when
    removal_told_at: datetime | None = _moment()


class SessionRow(SQLModel, table=True):
    """One sitting of an event (`domain.records.Session`)."""

    __tablename__ = "session"
    __table_args__ = (Index("session_of_event", "event_id", "key", unique=True),)

    id: int | None = Field(default=None, primary_key=True)
    event_id: int = Field(foreign_key="event.id")
    key: str
    file_id: str = ""
    title: str
    starts_at: datetime = _moment(nullable=False)
    ends_at: datetime = _moment(nullable=False)
    meeting_id: str
    occurrence_id: str = ""
    cancelled: bool = False
    announce: bool = False
    sequence: int = 0
    first_seen_at: datetime = _moment(nullable=False)
    previous_starts_at: datetime | None = _moment()
    moved_at: datetime | None = _moment()
    times_held: bool = False


class MeetingRow(SQLModel, table=True):
    """A meeting or webinar as Zoom last showed it, and what was done to its registration.

    approval_type: what Zoom showed at `observed_at`. The rest: `domain.registration.ClosingRecord`.
    """

    __tablename__ = "meeting"

    meeting_id: str = Field(primary_key=True)
    event_id: int = Field(foreign_key="event.id", index=True)
    kind: str
    topic: str = ""
    type: int
    registration_type: int | None = None
    approval_type: int
    host_email: str = ""
    registration_url: str | None = None
    starts_at: datetime | None = _moment()
    observed_at: datetime = _moment(nullable=False)
    prior_approval_type: int | None = None
    aim: str = ""
    times_set: int = 0
    closed_at: datetime | None = _moment()
    opened_at: datetime | None = _moment()
    tried_at: datetime | None = _moment()
    verified_at: datetime | None = _moment()
    retry_at: datetime | None = _moment()
    error: str = ""


class RegistrantRow(SQLModel, table=True):
    """One registration (`domain.records.Registrant`).

    erased_at: set once the person's data was erased. The row stays for the counts, without anything of the person;
    nobody is written to by it, and a pull does not meet it (see `privacy`).
    """

    __tablename__ = "registrant"
    __table_args__ = (
        Index("registrant_key", "meeting_id", "occurrence_id", "registrant_id", unique=True),
        Index("registrant_of_event", "event_id", "status"),
        Index("registrant_email", "email"),
        _one_of("status", RegistrantStatus),
        # A number is never given twice, as on Postgres: links in mails already sent name it.
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    event_id: int = Field(foreign_key="event.id")
    meeting_id: str
    occurrence_id: str = ""
    registrant_id: str
    email: str
    first_name: str = ""
    last_name: str = ""
    status: str
    registered_at: datetime | None = _moment()
    join_url: str = ""
    details: Any = _json(nullable=False)  # [[name, value], ...]
    answers: Any = _json(nullable=False)  # [[title, value], ...]
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    missing: bool = False
    added_by_run: int | None = Field(default=None, foreign_key="sync_run.id")
    first_seen_at: datetime = _moment(nullable=False)
    changed_at: datetime = _moment(nullable=False)
    erased_at: datetime | None = _moment()


class SyncRunRow(SQLModel, table=True):
    """One pull and reconcile of one event (`domain.records.SyncRun`)."""

    __tablename__ = "sync_run"
    __table_args__ = (Index("sync_run_of_event", "event_id", "started_at"), _one_of("state", RunState))

    id: int | None = Field(default=None, primary_key=True)
    event_id: int = Field(foreign_key="event.id")
    state: str
    started_at: datetime = _moment(nullable=False)
    finished_at: datetime | None = _moment()
    pulled: int = 0
    added: int = 0
    updated: int = 0
    cancelled: int = 0
    reinstated: int = 0
    unchanged: int = 0
    held: int = 0
    pages: int = 0
    requests: int = 0
    seconds: float = 0.0
    error: str = ""
    retry_at: datetime | None = _moment()
    clock_offset_s: float | None = None  # how far Zoom's clock was ahead of ours


class AuditRow(SQLModel, table=True):
    """One change, with what stood before and after, the run or the person that made it.

    subject: "registrant", "session", "meeting" or "event"; subject_id: that row's own id, as text.
    change: "added", "updated", "cancelled", "reinstated", "held" ...; "approve asked" and "deny asked" of a registrant
    whom Zoom was asked to approve or deny, "confirmed" of one whom a person wants as they are,
    "closed" and "opened" of a meeting, "approve put off" and "deny put off" of one where
    Zoom did not take the call.
    before, after: the fields that changed (all of them for "added"); None where there was nothing.
    """

    __tablename__ = "audit"
    __table_args__ = (Index("audit_of_event", "event_id", "at"), Index("audit_of_subject", "subject", "subject_id"))

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = _moment(nullable=False)
    event_id: int = Field(foreign_key="event.id")
    run_id: int | None = Field(default=None, foreign_key="sync_run.id")
    actor: str = "sync"
    subject: str
    subject_id: str
    change: str
    before: Any = _json()
    after: Any = _json()


class OutboxRow(SQLModel, table=True):
    """A message to send or sent (`domain.records.MessageKey` makes it unique).

    registrant_row: the registrant's own id. in_doubt: how often its fate was unknown. attempts: how often the mail
    server was reached with it. claim_no: rises with each claim, so that a daemon that was frozen knows its claim is
    no longer in force (the fence).
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_key", "registrant_row", "session_key", "kind", "occasion", unique=True),
        Index("outbox_due", "state", "due_at"),
        Index("outbox_of_event", "event_id", "state"),
        _one_of("state", OutboxState),
    )

    id: int | None = Field(default=None, primary_key=True)
    event_id: int = Field(foreign_key="event.id")
    registrant_row: int = Field(foreign_key="registrant.id")
    session_key: str = ""
    kind: str
    occasion: str = ""
    state: str = OutboxState.PENDING.value
    due_at: datetime = _moment(nullable=False)
    expires_at: datetime = _moment(nullable=False)
    reason: str = ""
    message_id: str = ""
    body_hash: str = ""
    attempts: int = 0
    in_doubt: int = 0
    owner: str = ""
    claim_no: int = 0
    lease_until: datetime | None = _moment()
    planned_at: datetime = _moment(nullable=False)
    sent_at: datetime | None = _moment()


class AttemptRow(SQLModel, table=True):
    """One try at an outbox row: what came of it, at which SMTP verb, in the server's words."""

    __tablename__ = "delivery_attempt"

    id: int | None = Field(default=None, primary_key=True)
    outbox_id: int = Field(foreign_key="outbox.id", index=True)
    at: datetime = _moment(nullable=False)
    outcome: str
    stage: str = ""
    code: int | None = None
    words: str = ""


class OptOutRow(SQLModel, table=True):
    """Somebody who wants no more reminders of an event (changes and cancellations still go)."""

    __tablename__ = "opt_out"

    event_id: int = Field(foreign_key="event.id", primary_key=True)
    email: str = Field(primary_key=True)
    at: datetime = _moment(nullable=False)
    via: str = ""


class BounceRow(SQLModel, table=True):
    """An address that mail came back from, of whatever event: nothing more goes there until a person says so.

    actor: who said it.
    """

    __tablename__ = "bounce"

    email: str = Field(primary_key=True)
    at: datetime = _moment(nullable=False)
    actor: str


class AnnouncementRow(SQLModel, table=True):
    """A message of the organiser's own. Its rows in the outbox name `id` as their occasion.

    id: the digest of subject and text, so that the same words are the same announcement. text: Markdown, as written.
    important: it goes to those as well who want no reminders.
    """

    __tablename__ = "announcement"

    event_id: int = Field(foreign_key="event.id", primary_key=True)
    id: str = Field(primary_key=True)
    subject: str
    text: str
    important: bool = False
    at: datetime = _moment(nullable=False)
    actor: str


class LeaseRow(SQLModel, table=True):
    """Who does which unit of work ("sync:SLUG", "daemon"), and until when."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    owner: str
    until: datetime = _moment(nullable=False)


class DaemonRow(SQLModel, table=True):
    """A daemon and when it was last heard of. files: the hash of each event file it reads, by slug."""

    __tablename__ = "daemon"

    owner: str = Field(primary_key=True)
    version: str
    started_at: datetime = _moment(nullable=False)
    seen_at: datetime = _moment(nullable=False)
    files: Any = _json(nullable=False)


class AlarmRow(SQLModel, table=True):
    """An alarm that stands (`domain.alarms`), or is over and not yet told so."""

    __tablename__ = "alarm"

    event: str = Field(primary_key=True)
    what: str = Field(primary_key=True)
    words: str
    raised_at: datetime = _moment(nullable=False)
    told_at: datetime | None = _moment()
    over_at: datetime | None = _moment()


class WebhookRow(SQLModel, table=True):
    """A delivery of Zoom's, kept for a few days: that something changed at a meeting. What it said is not kept.

    delivery: the digest of what was said; the same words again are the same delivery.
    """

    __tablename__ = "webhook"
    __table_args__ = (Index("webhook_of_meeting", "meeting_id", "received_at"),)

    delivery: str = Field(primary_key=True)
    meeting_id: str
    name: str
    received_at: datetime = _moment(nullable=False)


class TombstoneRow(SQLModel, table=True):
    """A registration whose person was erased: a later pull must not bring it back."""

    __tablename__ = "tombstone"

    meeting_id: str = Field(primary_key=True)
    registrant_id: str = Field(primary_key=True)
    at: datetime = _moment(nullable=False)


class AttendanceRow(SQLModel, table=True):
    """What is known of a session's attendance (`domain.attendance.AttendanceRecord`)."""

    __tablename__ = "attendance"
    __table_args__ = (_one_of("state", AttendanceState),)

    event_id: int = Field(foreign_key="event.id", primary_key=True)
    session_key: str = Field(primary_key=True)
    state: str
    looked_at: datetime | None = _moment()
    ready_at: datetime | None = _moment()
    tried_at: datetime | None = _moment()
    error: str = ""
    without_ids: bool = False


class ParticipantRow(SQLModel, table=True):
    """One joining of a meeting, as Zoom last told it (`domain.attendance.Participant`).

    erased: name and address were removed with their person's data; so they are again when Zoom tells of that joining
    anew, which user_id and joined_at name within its instance.
    """

    __tablename__ = "participant"
    __table_args__ = (
        Index("participant_of_event", "event_id", "meeting_id"),
        Index("participant_of_instance", "meeting_id", "instance"),
    )

    id: int | None = Field(default=None, primary_key=True)
    event_id: int = Field(foreign_key="event.id")
    meeting_id: str
    instance: str
    user_id: str = ""
    registrant_id: str = ""
    name: str = ""
    email: str = ""
    joined_at: datetime = _moment(nullable=False)
    left_at: datetime = _moment(nullable=False)
    internal: bool = False
    host: bool = False
    erased: bool = False


class MatchRow(SQLModel, table=True):
    """A participant's name that a person said to be a registrant's. name: folded. email: of the registrant."""

    __tablename__ = "participant_match"

    event_id: int = Field(foreign_key="event.id", primary_key=True)
    name: str = Field(primary_key=True)
    email: str
    at: datetime = _moment(nullable=False)
    actor: str = ""


class CertificateRow(SQLModel, table=True):
    """A certificate that was issued (`domain.certificates.Certificate`), for as long as somebody may check its code.

    email, name_key: which person of the event it is for (`domain.certificates.Person`). name: as printed. With the
    person's data these go (NULL and ""), and registrant_row with them; the rest stays.
    """

    __tablename__ = "certificate"
    __table_args__ = (
        Index("certificate_of_person", "event_id", "email", "name_key", unique=True),
        Index("certificate_of_registrant", "registrant_row"),
    )

    code: str = Field(primary_key=True)
    event_id: int = Field(foreign_key="event.id")
    registrant_row: int | None = Field(default=None, foreign_key="registrant.id")
    email: str | None = None
    name_key: str = ""
    name: str = ""
    event_title: str
    dates: Any = _json(nullable=False)  # ["2023-03-07", ...], local
    attended_s: int
    scheduled_s: int
    issued_at: datetime = _moment(nullable=False)
