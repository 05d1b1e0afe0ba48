"""Personal data that has had its time: the organiser warned of its removal, and the data removed, with a receipt.

When that is due is decided in `domain.retention`; what is erased and what stays for the counts, in `store.privacy`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime

from zoomsync.domain.records import Event
from zoomsync.domain.retention import Keeping, RetentionStep, removal_at, retention_step
from zoomsync.jobs.privacy import clear_bytes
from zoomsync.language import N_
from zoomsync.store import events as stored_events
from zoomsync.store import privacy
from zoomsync.store.events import StoredEvent
from zoomsync.store.privacy import Erased
from zoomsync.store.schema import Database

log = logging.getLogger(__name__)

PEOPLE_AT_ONCE = 1_000

FileOf = Callable[[StoredEvent], Event | None]
"""Gives an event's file: as it is now, else as it was last read. None where neither can be used."""

Warn = Callable[[Event, datetime, int], bool]
"""Tells the organiser of (event, moment of removal, how many people); False where it could not be told now."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was removed of one event, or in a dry run would be. due_at: since when that was due. No names."""

    event: str
    due_at: datetime
    removed_at: datetime
    erased: Erased


@dataclass(frozen=True, slots=True)
class Standing:
    """An event that keeps personal data. removed_at: when it goes, None for never. people: how many registrations."""

    event: str
    removed_at: datetime | None
    people: int


# Of each in `RetentionReport.unwarned`: told on the screen in the organiser's language, in the log as it stands here.
UNWARNED = N_("{event}: the organiser could not be warned of the removal; it is tried again")


@dataclass(slots=True)
class RetentionReport:
    """receipts: of what was removed. kept: what stays for now. warned: the events whose organiser was warned now.
    unwarned: those whose warning could not be sent. cleared: nothing of it is left in the file's bytes."""

    receipts: list[Receipt] = field(default_factory=list)
    kept: list[Standing] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    unwarned: list[str] = field(default_factory=list)
    cleared: bool = True


def sweep_retention(
    *,
    database: Database,
    file_of: FileOf,
    retention_days: int,
    now: datetime,
    warn: Warn,
    by_hand: bool = False,
    dry_run: bool = False,
) -> RetentionReport:
    """Warn of what is to be removed, and remove what is due, of every event that was ever seen.

    Twice does nothing more. retention_days: where an event's file says nothing of its own. by_hand: see
    `retention_step`. dry_run: say what would be removed, write nothing and warn nobody. Raises StoreError.
    """
    report = RetentionReport()
    with database.read() as db:
        found = [
            (one, file_of(one), [session.ends_at for session in stored_events.sessions_of(db, one.id)])
            for one in stored_events.all_stored(db)
            if privacy.holds_persons(db, one.id)
        ]
    for known, file, ends in found:
        if file is not None:
            ends += [spec.ends_at for spec in file.sessions]
        days = retention_days if file is None or file.retention_days is None else file.retention_days
        due_at = removal_at(ends, known.registration_deadline, days)
        keeping = Keeping(due_at, known.removal_told_for, known.removal_told_at)
        step = retention_step(keeping, now, by_hand=by_hand)
        if step is RetentionStep.REMOVE:
            assert due_at is not None, "what is kept for ever is never due"
            report.receipts.append(_remove(database, known, due_at, now, dry_run=dry_run))
            continue
        with database.read() as db:
            people = privacy.count_persons(db, known.id)
        report.kept.append(Standing(known.slug, due_at, people))
        if step is RetentionStep.WARN and due_at is not None and not dry_run:
            _warn(database, known, file, due_at, people, now, warn, report)
    if not dry_run:
        report.cleared = clear_bytes(database)
    return report


def _remove(database: Database, known: StoredEvent, due_at: datetime, now: datetime, *, dry_run: bool) -> Receipt:
    if dry_run:
        with database.read() as db:
            return Receipt(known.slug, due_at, now, privacy.count_event(db, known.id))

    erased = database.write(lambda db: privacy.erase_around(db, known.id, now))
    # Killed halfway, the next sweep goes on from there.
    while some := database.write(lambda db: privacy.erase_some(db, known.id, now, PEOPLE_AT_ONCE)):
        erased.add(some)
    after = asdict(erased)
    database.write(
        lambda db: stored_events.write_audit(
            db, known.id, now, "event", known.id, "erased", {}, after, actor="retention"
        )
    )
    log.info("personal data was removed", extra={"event": known.slug, **asdict(erased)})
    return Receipt(known.slug, due_at, now, erased)


def _warn(
    database: Database,
    known: StoredEvent,
    file: Event | None,
    due_at: datetime,
    people: int,
    now: datetime,
    warn: Warn,
    report: RetentionReport,
) -> None:
    if file is None or not warn(file, due_at, people):
        report.unwarned.append(known.slug)
        return
    database.write(lambda db: stored_events.set_removal_told(db, known.id, due_at, now))
    report.warned.append(known.slug)
