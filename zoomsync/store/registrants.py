"""Registrants, their sync runs and the audit of their changes, in SQL. What to change is decided in `domain`.

The bulk paths hand tuples straight to the driver, one statement a batch: a first pull writes tens of thousands of
rows, and an object or a dictionary for each would cost more than Zoom's answer itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    Table,
    Text,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.reconcile import RegistrantChanges, Update, changed_fields
from zoomsync.domain.records import (
    KnownRegistrant,
    ListedRegistrant,
    Recipient,
    Registrant,
    RegistrantKey,
    RegistrantStatus,
    RunCounts,
    RunState,
    SyncRun,
)
from zoomsync.language import N_
from zoomsync.store.tables import AuditRow, EventRow, OptOutRow, RegistrantRow, SyncRunRow, TombstoneRow, utc_text

_registrant: Table = RegistrantRow.__table__  # type: ignore[attr-defined]
_audit: Table = AuditRow.__table__  # type: ignore[attr-defined]
_run: Table = SyncRunRow.__table__  # type: ignore[attr-defined]
_tombstone: Table = TombstoneRow.__table__  # type: ignore[attr-defined]
_opt_out: Table = OptOutRow.__table__  # type: ignore[attr-defined]
_event: Table = EventRow.__table__  # type: ignore[attr-defined]

KEY = ("meeting_id", "occurrence_id", "registrant_id")
PULLED = ("email", "first_name", "last_name", "status", "registered_at", "join_url", "details", "answers")
ALIKE = ("changed_at", "event_id", "missing", "added_by_run", "first_seen_at")
UPSERTED = (*KEY, *PULLED, "digest", *ALIKE)
Row = tuple[Any, ...]
_STATUSES = {status.value: status for status in RegistrantStatus}
_ROWS_A_FETCH = 2_000
_ROWS_A_STATEMENT = 50  # each statement begins with building the CHECK's list: a fifth of a one-row statement's time
_IDS_A_QUERY = 500  # SQLite takes 32,766 parameters, older builds 999


# ---------------------------------------------------------------------------------------------------------- reading


def known_registrants(db: DbSession, event_id: int) -> Iterator[tuple[RegistrantKey, KnownRegistrant]]:
    """All stored registrants of an event, in any status, with the little an unchanged pull needs.

    Who was erased is not among them: a pull neither finds nor misses them.
    """
    table = _registrant.c
    columns: list[Any] = [*(table[name] for name in KEY), table.id, table.status, table.digest, table.missing]
    statement = select(*columns).where(table.event_id == event_id, table.erased_at.is_(None))
    for rows in db.execute(statement, execution_options={"yield_per": _ROWS_A_FETCH}).partitions():
        for row in rows:
            yield RegistrantKey._make(row[:3]), KnownRegistrant._make(row[3:])


def has_registrants(db: DbSession, event_id: int) -> bool:
    """Whether anybody of an event is stored, in whatever status."""
    return db.scalar(select(_registrant.c.id).where(_registrant.c.event_id == event_id).limit(1)) is not None


def highest_row(db: DbSession) -> int:
    """The highest id given out so far; whatever this transaction adds has a higher one."""
    return db.scalar(select(func.max(_registrant.c.id))) or 0


def registrants_by_row(db: DbSession, row_ids: Sequence[int]) -> dict[int, Registrant]:
    """Stored registrants as values, by the store's id."""
    return registrants_by(db, _registrant.c.id, row_ids)


def registrants_by(db: DbSession, number: Column[int], wanted: Sequence[int]) -> dict[int, Registrant]:
    """Registrants as values, by a number in their table, whichever table that is."""
    columns: list[Any] = [number, *(number.table.c[name.removesuffix("_json")] for name in Registrant._fields)]
    columns[-2:] = [type_coerce(column, Text) for column in columns[-2:]]
    found = {}
    for start in range(0, len(wanted), _IDS_A_QUERY):
        some = wanted[start : start + _IDS_A_QUERY]
        for one, *row in db.execute(select(*columns).where(number.in_(some))):
            found[one] = Registrant._make(row)._replace(status=_STATUSES[row[6]])
    return found


def recipients(
    db: DbSession, event_id: int, *, a_batch: int, changed_at: datetime | None = None
) -> Iterator[list[Recipient]]:
    """All registrants of an event as planning wants them, by row id, `a_batch` at a time; nobody who was erased.

    changed_at: those alone that were added, changed or cancelled at this very moment.
    """
    table = _registrant.c
    opted_out = exists().where(_opt_out.c.event_id == table.event_id, _opt_out.c.email == table.email)
    registered_at = func.coalesce(table.registered_at, table.first_seen_at)
    columns: list[Any] = [table.id, *(table[name] for name in KEY), table.status, registered_at, opted_out]
    statement = select(*columns).where(table.event_id == event_id, table.erased_at.is_(None)).order_by(table.id)
    if changed_at is not None:
        statement = statement.where(table.changed_at == changed_at)
    for rows in db.execute(statement, execution_options={"yield_per": a_batch}).partitions():
        yield [
            Recipient(row_id, meeting_id, occurrence_id, registrant_id, _STATUSES[status], at, out)
            for row_id, meeting_id, occurrence_id, registrant_id, status, at, out in rows
        ]


def erased_keys(db: DbSession, meeting_ids: Sequence[str]) -> dict[tuple[str, str], datetime]:
    """(meeting id, registrant id) of those whose data was erased here, and when: a pull must not bring them back."""
    columns = (_tombstone.c.meeting_id, _tombstone.c.registrant_id, _tombstone.c.at)
    rows = db.execute(select(*columns).where(_tombstone.c.meeting_id.in_(meeting_ids)))
    return {(meeting, registrant): at for meeting, registrant, at in rows}


# ---------------------------------------------------------------------------------------------------------- writing


def apply_changes(
    db: DbSession,
    event_id: int,
    changes: RegistrantChanges,
    known: Mapping[RegistrantKey, KnownRegistrant],
    listed: Mapping[RegistrantKey, ListedRegistrant],
    *,
    run_id: int,
    now: datetime,
) -> None:
    """Write what a reconcile decided, with its audit. Additions are audited by `audit_added`, once a run.

    known, listed: what the decision was made from; they give the store's ids and the digests.
    """
    written = [*changes.added, *(one.after for one in changes.updated), *(one.after for one in changes.reinstated)]
    _upsert(db, event_id, written, listed, run_id=run_id, now=now)
    if changes.same:
        _redigest(db, [(known[key].row_id, listed[key].digest) for key in changes.same])
    if changes.cancelled:
        ids = [known[one.before.key].row_id for one in changes.cancelled]
        _set(db, ids, status=RegistrantStatus.CANCELLED.value, missing=False, changed_at=now)
    if changes.held:
        _set(db, [known[one.key].row_id for one in changes.held], missing=True)
    audit = [
        *_audited("updated", changes.updated, known),
        *_audited("reinstated", changes.reinstated, known),
        *_audited("cancelled", changes.cancelled, known),
        *(_audit_line("held", known[one.key].row_id, {}, {"missing": True}) for one in changes.held),
    ]
    if audit:
        common = {"at": now, "event_id": event_id, "run_id": run_id, "actor": "sync", "subject": "registrant"}
        db.execute(insert(_audit), [common | line for line in audit])


def clear_missing(db: DbSession, row_ids: Sequence[int]) -> None:
    """Forget that these were missing: they are listed again as they were."""
    _set(db, row_ids, missing=False)


def make_way(db: DbSession, keys: Collection[tuple[str, str]]) -> None:
    """Let these (meeting id, registrant id) be registered anew: Zoom has given an erased registration's id once more.

    What is left of the old one stays for the counts, under a name that no pull can bring.
    """
    for meeting_id, registrant_id in keys:
        old = (_registrant.c.meeting_id == meeting_id) & (_registrant.c.registrant_id == registrant_id)
        db.execute(
            update(_registrant)
            .where(old, _registrant.c.erased_at.is_not(None))
            .values(registrant_id=_registrant.c.registrant_id + " erased " + _registrant.c.id.cast(_TEXT))
        )
        buried = (_tombstone.c.meeting_id == meeting_id) & (_tombstone.c.registrant_id == registrant_id)
        db.execute(delete(_tombstone).where(buried))


def audit_added(db: DbSession, event_id: int, *, run_id: int, above: int, now: datetime) -> None:
    """Write the audit of everybody a run has added, straight from the rows it wrote.

    above: what `highest_row` gave before the first was written.
    """
    column = _registrant.c
    as_object = func.json_object if _dialect(db) == "sqlite" else func.json_build_object
    as_json = func.json if _dialect(db) == "sqlite" else (lambda text: text.cast(postgresql.JSON))
    shown: list[Any] = []
    for name in (*KEY, *PULLED):
        value = column[name]
        shown += [literal(name), as_json(value.cast(_TEXT)) if name in ("details", "answers") else value.cast(_TEXT)]
    rows = select(
        literal(now, _audit.c.at.type),
        column.event_id,
        column.added_by_run,
        literal("sync"),
        literal("registrant"),
        column.id.cast(_TEXT),
        literal("added"),
        as_object(*shown).cast(_TEXT),
        # By the id alone: left to itself, SQLite would go through all of the event for a single newcomer.
    ).where(column.id > above, column.event_id + 0 == event_id, column.added_by_run == run_id)
    names = ["at", "event_id", "run_id", "actor", "subject", "subject_id", "change", "after"]
    db.execute(insert(_audit).from_select(names, rows))


def _upsert(
    db: DbSession,
    event_id: int,
    registrants: Sequence[Registrant],
    listed: Mapping[RegistrantKey, ListedRegistrant],
    *,
    run_id: int,
    now: datetime,
) -> None:
    dialect = _dialect(db)
    alike = alike_values(dialect, event_id, run_id=run_id, now=now)
    rows = [(*pulled_values(dialect, one), listed[one.key].digest, *alike) for one in registrants]
    mark = "?" if dialect == "sqlite" else "%s"
    row = f"({', '.join(mark for _ in UPSERTED)})"
    for together in batched(rows):
        values = f"VALUES {', '.join(row for _ in together)}"
        db.connection().exec_driver_sql(upsert_sql(values), tuple(chain.from_iterable(together)))


def batched(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """As many rows at a time as are best written by one statement."""
    for start in range(0, len(rows), _ROWS_A_STATEMENT):
        yield rows[start : start + _ROWS_A_STATEMENT]


def pulled_values(dialect: str, one: Registrant) -> tuple[Any, ...]:
    """A registrant as the driver takes it: KEY and PULLED."""
    at = one.registered_at
    return (*one[:6], one.status.value, _as_time(dialect, at) if at else None, *one[8:])


def alike_values(dialect: str, event_id: int, *, run_id: int, now: datetime) -> tuple[Any, ...]:
    """What all rows of a run have alike: ALIKE."""
    moment = _as_time(dialect, now)
    return (moment, event_id, False, run_id, moment)


def upsert_sql(rows: str) -> str:
    """The upsert of rows (VALUES ... or SELECT ...) of UPSERTED, in the driver's own words. Who is known already
    keeps who first saw them, and when."""
    kept = {*KEY, "event_id", "added_by_run", "first_seen_at"}
    changed = ", ".join(f"{name} = excluded.{name}" for name in UPSERTED if name not in kept)
    return (
        f"INSERT INTO registrant ({', '.join(UPSERTED)}) {rows} ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET {changed}"
    )


def _set(db: DbSession, row_ids: Sequence[int], **values: Any) -> None:
    for start in range(0, len(row_ids), _IDS_A_QUERY):
        some = row_ids[start : start + _IDS_A_QUERY]
        db.execute(update(_registrant).where(_registrant.c.id.in_(some)).values(**values))


def _redigest(db: DbSession, digests: Iterable[tuple[int, bytes]]) -> None:
    statement = update(_registrant).where(_registrant.c.id == bindparam("row_id")).values(digest=bindparam("new"))
    db.connection().execute(
        statement.values(missing=False), [{"row_id": row_id, "new": digest} for row_id, digest in digests]
    )


def _audited(
    change: str, updates: Iterable[Update], known: Mapping[RegistrantKey, KnownRegistrant]
) -> list[dict[str, Any]]:
    return [
        _audit_line(change, known[one.before.key].row_id, *changed_fields(one.before, one.after)) for one in updates
    ]


def _audit_line(change: str, row_id: int, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {
        "change": change,
        "subject_id": str(row_id),
        "before": msgspec.to_builtins(before),
        "after": msgspec.to_builtins(after),
    }


# --------------------------------------------------------------------------------------------------------- sync runs


def begin_run(db: DbSession, event_id: int, *, now: datetime) -> int:
    """Write down that a sync run starts, and give its id. One that was never ended is called interrupted."""
    db.execute(
        update(_run)
        .where(_run.c.event_id == event_id, _run.c.state == RunState.RUNNING.value)
        .values(state=RunState.FAILED.value, finished_at=now, error=N_("interrupted before it ended"))
    )
    inserted = db.execute(
        insert(_run).values(event_id=event_id, state=RunState.RUNNING.value, started_at=now).returning(_run.c.id)
    )
    return int(inserted.scalar_one())


def end_run(db: DbSession, run_id: int, run: SyncRun) -> None:
    """Write down how a run ended."""
    counts = msgspec.to_builtins(run.counts)
    db.execute(
        update(_run)
        .where(_run.c.id == run_id)
        .values(
            state=run.state.value,
            finished_at=run.finished_at,
            seconds=run.seconds,
            error=run.error,
            retry_at=run.retry_at,
            clock_offset_s=run.clock_offset and run.clock_offset.total_seconds(),
            **counts,
        )
    )


def last_runs(db: DbSession, event_id: int, *, limit: int = 20) -> list[SyncRun]:
    """An event's latest sync runs, newest first."""
    return runs_where(db, _run.c.event_id == event_id, limit=limit)


def last_complete_pull_at(db: DbSession, event_id: int) -> datetime | None:
    """When the last complete pull of an event began, None where there never was one."""
    complete = (_run.c.event_id == event_id) & (_run.c.state == RunState.OK.value)
    found: datetime | None = db.scalar(
        select(_run.c.started_at).where(complete).order_by(_run.c.started_at.desc()).limit(1)
    )
    return found


def runs_where(db: DbSession, condition: Any, *, limit: int) -> list[SyncRun]:
    """The latest sync runs that meet an SQL condition on their table, newest first."""
    rows = db.execute(
        select(_run, _event.c.slug)
        .join(_event, _event.c.id == _run.c.event_id)
        .where(condition)
        .order_by(_run.c.started_at.desc(), _run.c.id.desc())
        .limit(limit)
    )
    names = RunCounts.__dataclass_fields__
    return [
        SyncRun(
            id=row.id,
            event=row.slug,
            state=RunState(row.state),
            started_at=row.started_at,
            finished_at=row.finished_at,
            counts=RunCounts(**{name: getattr(row, name) for name in names}),
            seconds=row.seconds,
            error=row.error,
            retry_at=row.retry_at,
            clock_offset=None if row.clock_offset_s is None else timedelta(seconds=row.clock_offset_s),
        )
        for row in rows
    ]


# ------------------------------------------------------------------------------------------------------------ little

_TEXT = _registrant.c.email.type


def _dialect(db: DbSession) -> str:
    return db.get_bind().dialect.name


def _as_time(dialect: str, moment: datetime) -> str | datetime:
    """A moment as the driver takes it."""
    return utc_text(moment) if dialect == "sqlite" else moment
