"""Read-only queries for people's questions: counts and moments. What changes anything is in the other modules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, String, Table, exists, func, literal_column, or_, select
from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.calls import CERTIFICATE, MOVED
from zoomsync.domain.capacity import Batch
from zoomsync.domain.records import MessageKey, OutboxState, OutcomeKind, RegistrantStatus, RunState, SyncRun
from zoomsync.domain.timeline import Erasure, MailGroup, RegistrationAct
from zoomsync.store.registrants import runs_where
from zoomsync.store.tables import (
    AttemptRow,
    AuditRow,
    BounceRow,
    EventRow,
    OptOutRow,
    OutboxRow,
    RegistrantRow,
    SessionRow,
    SyncRunRow,
)

_registrant: Table = RegistrantRow.__table__  # type: ignore[attr-defined]
_outbox: Table = OutboxRow.__table__  # type: ignore[attr-defined]
_session: Table = SessionRow.__table__  # type: ignore[attr-defined]
_run: Table = SyncRunRow.__table__  # type: ignore[attr-defined]
_event: Table = EventRow.__table__  # type: ignore[attr-defined]
_opt_out: Table = OptOutRow.__table__  # type: ignore[attr-defined]
_bounce: Table = BounceRow.__table__  # type: ignore[attr-defined]
_attempt: Table = AttemptRow.__table__  # type: ignore[attr-defined]
_audit: Table = AuditRow.__table__  # type: ignore[attr-defined]

_IDS_A_QUERY = 500  # SQLite takes 32,766 parameters, older builds 999
_TO_SEND = (OutboxState.PENDING.value, OutboxState.DEFERRED.value)


def registrants_by_status(db: DbSession, event_id: int) -> dict[RegistrantStatus, int]:
    """How many registrants of an event are in which status; a status without any is left out."""
    rows = db.execute(
        select(_registrant.c.status, func.count())
        .where(_registrant.c.event_id == event_id)
        .group_by(_registrant.c.status)
    )
    found = {RegistrantStatus(status): int(count) for status, count in rows}
    return {status: found[status] for status in RegistrantStatus if status in found}


def next_mail_at(db: DbSession, event_id: int) -> datetime | None:
    """When the next message of an event is due, maybe in the past; None where nothing waits but for a person's word."""
    moment: datetime | None = db.scalar(
        select(func.min(_outbox.c.due_at)).where(
            _outbox.c.event_id == event_id, _outbox.c.state.in_(_TO_SEND), ~_to_bounced()
        )
    )
    return moment


def message_keys(db: DbSession, outbox_ids: Sequence[int]) -> list[MessageKey]:
    """The keys of messages by their number in the outbox, in any order."""
    columns = (_outbox.c.registrant_row, _outbox.c.session_key, _outbox.c.kind, _outbox.c.occasion)
    found: list[MessageKey] = []
    for start in range(0, len(outbox_ids), _IDS_A_QUERY):
        some = outbox_ids[start : start + _IDS_A_QUERY]
        found += map(MessageKey._make, db.execute(select(*columns).where(_outbox.c.id.in_(some))))
    return found


def overdue(db: DbSession, event_id: int, *, before: datetime, now: datetime) -> int:
    """How many messages of an event were due before `before` and still make sense at `now`.

    Those to an address that mail came back from wait for a person, and are not counted.
    """
    count = db.scalar(
        select(func.count())
        .select_from(_outbox)
        .where(
            _outbox.c.event_id == event_id,
            _outbox.c.state.in_(_TO_SEND),
            _outbox.c.due_at < before,
            _outbox.c.expires_at > now,
            ~_to_bounced(),
        )
    )
    return count or 0


def due_now(db: DbSession, event_id: int, now: datetime) -> int:
    """How many messages of an event are due at `now` and still make sense, whatever keeps them."""
    return overdue(db, event_id, before=now + timedelta(microseconds=1), now=now)


def batches_waiting(db: DbSession, event_id: int, slug: str, now: datetime) -> list[Batch]:
    """The messages of an event that are to be sent and still make sense, in groups of one moment each."""
    by = (_outbox.c.session_key, _outbox.c.kind, _outbox.c.due_at, _outbox.c.expires_at)
    rows = db.execute(
        select(*by, _session.c.title, _session.c.starts_at, func.count().label("messages"))
        .outerjoin(_session, (_session.c.event_id == _outbox.c.event_id) & (_session.c.key == _outbox.c.session_key))
        .where(
            _outbox.c.event_id == event_id, _outbox.c.state.in_(_TO_SEND), _outbox.c.expires_at > now, ~_to_bounced()
        )
        .group_by(*by, _session.c.title, _session.c.starts_at)
    )
    return [
        Batch(
            event=slug,
            session=row.title or "",
            kind=row.kind,
            count=row.messages,
            due_at=row.due_at,
            expires_at=row.expires_at,
            starts_at=row.starts_at or row.expires_at,
        )
        for row in rows
    ]


def handed_over_since(db: DbSession, since: datetime, now: datetime) -> list[tuple[datetime, int]]:
    """Messages that the mail server took, or may have taken, after `since` and up to `now`, by the minute."""
    handed = (OutcomeKind.ACCEPTED.value, OutcomeKind.IN_DOUBT.value)
    moments = db.scalars(
        select(_attempt.c.at).where(_attempt.c.outcome.in_(handed), _attempt.c.at > since, _attempt.c.at <= now)
    )
    return sorted(Counter(at.replace(second=0, microsecond=0) for at in moments).items())


def events_of_address(db: DbSession, email: str) -> list[str]:
    """The slugs of the events that an address (lower case) is registered for, in any status; the oldest first."""
    rows = db.execute(
        select(_event.c.slug, _event.c.id)
        .join(_registrant, _registrant.c.event_id == _event.c.id)
        .where(_registrant.c.email == email)
        .group_by(_event.c.slug, _event.c.id)
        .order_by(_event.c.id)
    )
    return [slug for slug, _ in rows]


def waiting_for_address(db: DbSession, email: str) -> int:
    """How many messages to an address (lower case) wait, of all events."""
    count = db.scalar(
        select(func.count())
        .select_from(_outbox)
        .join(_registrant, _registrant.c.id == _outbox.c.registrant_row)
        .where(_registrant.c.email == email, _outbox.c.state.in_(_TO_SEND))
    )
    return count or 0


def addresses_in_use(db: DbSession, event_id: int, *, elsewhere_than: Sequence[str] = ()) -> list[str]:
    """The addresses of all who are approved or pending, each once, in order; without those at these domains."""
    table = _registrant.c
    usual = [table.email.like(f"%@{domain}") for domain in elsewhere_than]
    statement = select(table.email).where(_in_use(event_id), *(~one for one in usual))
    return list(db.scalars(statement.distinct().order_by(table.email)))


def which_are_in_use(db: DbSession, event_id: int, emails: Sequence[str]) -> set[str]:
    """Those of these addresses (lower case) that somebody is approved or pending with."""
    found: set[str] = set()
    for start in range(0, len(emails), _IDS_A_QUERY):
        some = emails[start : start + _IDS_A_QUERY]
        found.update(db.scalars(select(_registrant.c.email).where(_in_use(event_id), _registrant.c.email.in_(some))))
    return found


def _in_use(event_id: int) -> ColumnElement[bool]:
    listed = (RegistrantStatus.APPROVED.value, RegistrantStatus.PENDING.value)
    return (_registrant.c.event_id == event_id) & _registrant.c.status.in_(listed)


def bounced_addresses(db: DbSession) -> set[str]:
    """Every address that mail came back from."""
    return set(db.scalars(select(_bounce.c.email)))


def _to_bounced() -> ColumnElement[bool]:
    """Whether a message is to an address that mail came back from: it waits for a person."""
    return exists().where(_bounce.c.email == _registrant.c.email, _registrant.c.id == _outbox.c.registrant_row)


def bounced_in_use(db: DbSession, event_id: int) -> int:
    """How many addresses of approved registrants mail came back from."""
    table = _registrant.c
    count = db.scalar(
        select(func.count(func.distinct(table.email)))
        .select_from(_registrant)
        .join(_bounce, _bounce.c.email == table.email)
        .where(table.event_id == event_id, table.status == RegistrantStatus.APPROVED.value)
    )
    return count or 0


def approved_without_link(db: DbSession, event_id: int) -> int:
    """How many of an event's approved registrants Zoom gave no personal link for."""
    count = db.scalar(
        select(func.count())
        .select_from(_registrant)
        .where(
            _registrant.c.event_id == event_id,
            _registrant.c.status == RegistrantStatus.APPROVED.value,
            _registrant.c.join_url == "",
            _registrant.c.erased_at.is_(None),
        )
    )
    return count or 0


def settling_moves(db: DbSession, event_id: int, now: datetime) -> list[tuple[str, int, datetime]]:
    """Notices of moved sessions that still settle: (session's title, how many get one, when they go out)."""
    rows = db.execute(
        select(_session.c.title, func.count(), func.min(_outbox.c.due_at))
        .join(_session, (_session.c.event_id == _outbox.c.event_id) & (_session.c.key == _outbox.c.session_key))
        .where(
            _outbox.c.event_id == event_id,
            _outbox.c.kind == MOVED,
            _outbox.c.state == OutboxState.PENDING.value,
            _outbox.c.due_at > now,
        )
        .group_by(_session.c.title, _outbox.c.occasion)
        .order_by(_session.c.title)
    )
    return [(title, count, due_at) for title, count, due_at in rows]


# ------------------------------------------------------------------------------------------------- an event's timeline

_REGISTRATION_CHANGES = ("closed", "opened", "gated", "registration ordered")


def telling_runs(db: DbSession, event_id: int, *, limit: int) -> tuple[list[SyncRun], int]:
    """The latest sync runs that changed something or failed, oldest first, and how many others there were in all."""
    counts = (_run.c.added, _run.c.updated, _run.c.cancelled, _run.c.reinstated, _run.c.held)
    telling = or_(_run.c.state == RunState.FAILED.value, *(count > 0 for count in counts))
    runs = runs_where(db, (_run.c.event_id == event_id) & telling, limit=limit)
    in_all = db.scalar(select(func.count()).select_from(_run).where(_run.c.event_id == event_id)) or 0
    return runs[::-1], in_all - len(runs)


def registration_acts(db: DbSession, event_id: int) -> list[RegistrationAct]:
    """What was done to an event's registration and by whom, oldest first."""
    rows = db.execute(
        select(_audit.c.at, _audit.c.change, _audit.c.subject, _audit.c.subject_id, _audit.c.actor, _audit.c.after)
        .where(_audit.c.event_id == event_id, _audit.c.change.in_(_REGISTRATION_CHANGES))
        .order_by(_audit.c.id)
    )
    acts = []
    for row in rows:
        order = (row.after or {}).get("order", {})
        what = f"ordered {order.get('kind', 'as the file says')}" if row.subject == "event" else row.change
        acts.append(RegistrationAct(row.at, what, "" if row.subject == "event" else row.subject_id, row.actor))
    return acts


def erasures(db: DbSession, event_id: int) -> list[Erasure]:
    """When personal data of an event was removed, for its age or because a person asked, oldest first."""
    rows = db.execute(
        select(_audit.c.at, _audit.c.actor, _audit.c.after)
        .where(_audit.c.event_id == event_id, _audit.c.subject == "event")
        .where(_audit.c.change.in_(("erased", "forgotten")))
        .order_by(_audit.c.id)
    )
    return [Erasure(row.at, (row.after or {}).get("registrations", 0), row.actor) for row in rows]


def mail_groups(db: DbSession, event_id: int) -> list[MailGroup]:
    """An event's outbox in groups: how many messages of which kind about which session are in which state.

    Certificates are one group, though each has an occasion of its own.
    """
    # Spelt out: Postgres takes an expression with parameters for another one where it is grouped by.
    occasion = literal_column(f"CASE WHEN kind = '{CERTIFICATE}' THEN '' ELSE occasion END", String).label("occasion")
    by = (_outbox.c.session_key, _outbox.c.kind, occasion, _outbox.c.state)
    reason = func.min(_outbox.c.reason)
    rows = db.execute(
        select(
            *by,
            func.count().label("messages"),
            func.min(_outbox.c.due_at).label("due_at"),
            func.max(_outbox.c.sent_at).label("sent_at"),
            reason.label("reason"),
            func.max(_outbox.c.reason).label("other_reason"),
        )
        .where(_outbox.c.event_id == event_id)
        .group_by(*by)
    )
    return [
        MailGroup(
            row.session_key,
            row.kind,
            row.occasion,
            OutboxState(row.state),
            row.messages,
            row.due_at,
            row.sent_at,
            row.reason if row.reason == row.other_reason else "",
        )
        for row in rows
    ]


# --------------------------------------------------------------------------------------------- who a link is about


@dataclass(frozen=True, slots=True)
class Addressee:
    """A registrant as the page behind a link of their mails needs them. opted_out: they want no more reminders.

    title, language, file_text: the event's.
    """

    event_id: int
    event: str
    title: str
    language: str
    file_text: str
    email: str
    opted_out: bool


def addressee(db: DbSession, registrant_row: int) -> Addressee | None:
    """The registrant with this id of the store, None where there is none (any more)."""
    unwilling = exists().where(_opt_out.c.event_id == _event.c.id, _opt_out.c.email == _registrant.c.email)
    row = db.execute(
        select(
            _event.c.id.label("event_id"),
            _event.c.slug.label("event"),
            _event.c.title,
            _event.c.language,
            _event.c.file_text,
            _registrant.c.email,
            unwilling.label("opted_out"),
        )
        .join(_event, _event.c.id == _registrant.c.event_id)
        .where(_registrant.c.id == registrant_row, _registrant.c.erased_at.is_(None))
    ).one_or_none()
    return None if row is None else Addressee(**row._asdict())
