"""The lines of reports, streamed: a report over a hundred thousand registrants holds some thousands at a time.

Read-only. Counts and moments: see `reading`. What is made of the lines: see `reports`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Integer, Select, Table, Text, and_, case, cast, func, or_, select, type_coerce
from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.records import OutboxState, RegistrantStatus
from zoomsync.domain.report_lines import ChangeLine, FormLine, MailLine, MessageLine, People, RunLine
from zoomsync.store.tables import AttemptRow, AuditRow, OutboxRow, RegistrantRow, SessionRow, SyncRunRow

_registrant: Table = RegistrantRow.__table__  # type: ignore[attr-defined]
_outbox: Table = OutboxRow.__table__  # type: ignore[attr-defined]
_attempt: Table = AttemptRow.__table__  # type: ignore[attr-defined]
_session: Table = SessionRow.__table__  # type: ignore[attr-defined]
_run: Table = SyncRunRow.__table__  # type: ignore[attr-defined]
_audit: Table = AuditRow.__table__  # type: ignore[attr-defined]

_OF_SESSION = and_(_session.c.event_id == _outbox.c.event_id, _session.c.key == _outbox.c.session_key)
_ROWS_A_FETCH = 500  # what stays in a processor's cache: more take longer
_COUNTS = ("pulled", "added", "updated", "cancelled", "reinstated", "unchanged", "held")
_decode = msgspec.json.Decoder().decode
_decode_pairs = msgspec.json.Decoder(list[list[tuple[str, str]]]).decode
_encode = msgspec.json.Encoder().encode


def people(
    db: DbSession, event_id: int, *, statuses: Collection[str] = (), since: datetime | None = None
) -> Iterator[People]:
    """An event's registrations in the order they were first seen. since: registered, or else first seen, since then."""
    table = _registrant.c
    columns = [table[name] for name in People._fields if name not in ("row_id", "details", "answers")]
    statement = select(table.id, *columns, _raw(table.details), _raw(table.answers))
    for rows in _partitions(db, _of_people(statement, event_id, statuses, since).order_by(table.id)):
        *values, details, answers = zip(*rows, strict=True)
        yield People._make((*values, _decoded(details), _decoded(answers)))


def asked(
    db: DbSession, event_id: int, *, statuses: Collection[str] = (), since: datetime | None = None
) -> tuple[list[str], list[str]]:
    """Which standard fields, and which of the event's own questions, the same registrations have answers to; in the
    order they are first met."""
    table = _registrant.c
    statement = _of_people(select(_raw(table.details), _raw(table.answers)), event_id, statuses, since)
    fields: dict[str, None] = {}
    titles: dict[str, None] = {}
    for rows in _partitions(db, statement):
        for known, raw in zip((fields, titles), zip(*rows, strict=True), strict=True):
            if not _names_no_others(raw, known):
                known.update((title, None) for answers in _decoded(raw) for title, _ in answers)
    return list(fields), list(titles)


def form_lines(
    db: DbSession, event_id: int, *, statuses: Collection[str] = (), since: datetime | None = None
) -> Iterator[list[FormLine]]:
    """The same registrations, with what sums are made of, in any order."""
    table = _registrant.c
    at = func.coalesce(table.registered_at, table.first_seen_at, type_=table.first_seen_at.type)
    statement = select(table.id, table.status, at, _raw(table.details), _raw(table.answers))
    for rows in _partitions(db, _of_people(statement, event_id, statuses, since)):
        *columns, details, answers = zip(*rows, strict=True)
        yield list(map(FormLine._make, zip(*columns, _decoded(details), _decoded(answers), strict=True)))


def people_by_status(
    db: DbSession, event_id: int, *, statuses: Collection[str] = (), since: datetime | None = None
) -> dict[str, int]:
    """How many of the same registrations are in which status; a status without any is left out."""
    table = _registrant.c
    statement = _of_people(select(table.status, func.count()), event_id, statuses, since).group_by(table.status)
    found = {status: int(count) for status, count in db.execute(statement)}
    return {status.value: found[status.value] for status in RegistrantStatus if status.value in found}


def message_lines(
    db: DbSession, event_id: int, *, states: Collection[str] = (), since: datetime | None = None
) -> Iterator[list[MessageLine]]:
    """An event's messages by the time they are due. since: due since then."""
    table = _outbox.c
    last = (
        select(_attempt.c.id)
        .where(_attempt.c.outbox_id == table.id)
        .order_by(_attempt.c.id.desc())
        .limit(1)
        .correlate(_outbox)
        .scalar_subquery()
    )
    statement = (
        select(
            _registrant.c.id,
            _registrant.c.registrant_id,
            _registrant.c.email,
            func.coalesce(_session.c.title, ""),
            *(table[name] for name in ("kind", "state", "due_at", "sent_at", "attempts", "in_doubt", "reason")),
            _attempt.c.code,
            _attempt.c.words,
        )
        .select_from(_outbox)
        .join(_registrant, _registrant.c.id == table.registrant_row)
        .outerjoin(_session, _OF_SESSION)
        .outerjoin(_attempt, _attempt.c.id == last)
        .order_by(table.due_at, table.id)
    )
    for rows in _partitions(db, _of_messages(statement, event_id, states, since)):
        yield [MessageLine._make(row) for row in rows]


def mail_lines(
    db: DbSession, event_id: int, *, states: Collection[str] = (), since: datetime | None = None
) -> list[MailLine]:
    """The same messages counted, by kind and session, by the time the first of them is due."""
    table = _outbox.c
    title, first_due = func.coalesce(_session.c.title, ""), func.min(table.due_at)
    statement = (
        select(title, table.kind, table.state, func.count(), first_due)
        .select_from(_outbox)
        .outerjoin(_session, _OF_SESSION)
        .group_by(title, table.kind, table.state)
    )
    return [MailLine._make(row) for row in db.execute(_of_messages(statement, event_id, states, since))]


def run_lines(db: DbSession, event_id: int, *, since: datetime | None = None) -> Iterator[RunLine]:
    """An event's sync runs, oldest first. since: begun since then."""
    statement = (
        select(_run.c.started_at, _run.c.id, _run.c.state, _run.c.error, *(_run.c[name] for name in _COUNTS))
        .where(_run.c.event_id == event_id)
        .order_by(_run.c.started_at, _run.c.id)
    )
    if since is not None:
        statement = statement.where(_run.c.started_at >= since)
    for rows in _partitions(db, statement):
        for at, run, state, error, *counts in rows:
            yield RunLine(at, run, state, dict(zip(_COUNTS, counts, strict=True)), error)


def change_lines(db: DbSession, event_id: int, *, since: datetime | None = None) -> Iterator[ChangeLine]:
    """The audit of an event's changes, oldest first. since: made since then."""
    table = _audit.c
    # Only of a registrant is the subject's id a number; a meeting's may be longer than any of ours.
    person = case((table.subject == "registrant", cast(table.subject_id, Integer)))
    statement = (
        select(
            *(table[name] for name in ("at", "run_id", "actor", "subject", "subject_id", "change")),
            func.coalesce(_registrant.c.email, ""),
            _raw(table.before),
            _raw(table.after),
        )
        .select_from(_audit)
        .outerjoin(_registrant, _registrant.c.id == person)
        .where(table.event_id == event_id)
        .order_by(table.at, table.id)
    )
    if since is not None:
        statement = statement.where(table.at >= since)
    for rows in _partitions(db, statement):
        for row in rows:
            yield ChangeLine._make((*row[:7], *(None if one is None else _decode(one) for one in row[7:])))


def reminded(db: DbSession, event_id: int) -> int:
    """How many approved registrants had a reminder, or a welcome with their link, accepted by the mail server."""
    told = or_(_outbox.c.kind.like("before:%"), _outbox.c.kind == "welcome")
    count = db.scalar(
        select(func.count(_outbox.c.registrant_row.distinct()))
        .join(_registrant, _registrant.c.id == _outbox.c.registrant_row)
        .where(
            _outbox.c.event_id == event_id,
            _outbox.c.state == OutboxState.SENT.value,
            told,
            _registrant.c.status == RegistrantStatus.APPROVED.value,
        )
    )
    return count or 0


def _of_messages(statement: Select[Any], event_id: int, states: Collection[str], since: datetime | None) -> Select[Any]:
    statement = statement.where(_outbox.c.event_id == event_id)
    if states:
        statement = statement.where(_outbox.c.state.in_(states))
    return statement if since is None else statement.where(_outbox.c.due_at >= since)


def _of_people(statement: Select[Any], event_id: int, statuses: Collection[str], since: datetime | None) -> Select[Any]:
    table = _registrant.c
    # Not by an index, which would have all of the rows sorted anew: they lie by their number already.
    statement = statement.where(table.event_id + 0 == event_id)
    if statuses:
        statement = statement.where(table.status.in_(statuses))
    if since is not None:
        statement = statement.where(func.coalesce(table.registered_at, table.first_seen_at) >= since)
    return statement


def _raw(column: Any) -> Any:
    """A JSON column as its text: msgspec reads it in a fifth of the standard library's time."""
    return type_coerce(column, Text)


def _names_no_others(texts: Sequence[str], titles: Iterable[str]) -> bool:
    """Whether answers are to no other questions than these; False also where that cannot be told by counting.

    Nearly always so, and told in a tenth of the time it takes to read them: within a text of JSON a quote is escaped,
    so that [" begins a pair and nothing else.
    """
    together = "".join(texts)
    return together.count('["') == sum(together.count(f"[{_encode(title).decode()},") for title in titles)


def _decoded(texts: Iterable[str]) -> list[list[tuple[str, str]]]:
    """Many JSON texts at once."""
    return _decode_pairs(f"[{','.join(texts)}]")


def _partitions(db: DbSession, statement: Select[Any]) -> Iterator[Any]:
    return db.execute(statement, execution_options={"yield_per": _ROWS_A_FETCH}).partitions()
