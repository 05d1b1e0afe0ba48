"""One pull and reconcile of one event: ask Zoom for everybody, decide what changed, write it in one transaction.

Closing registration is another act (see `close`), and so is sending what was planned here (see `deliver`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from sqlalchemy.orm import Session as DbSession

from zoomsync import failpoints
from zoomsync.about import about
from zoomsync.clock import Clock, Sleep
from zoomsync.domain.reconcile import RegistrantChanges, Sifted, reconcile, sift
from zoomsync.domain.records import (
    Event,
    KnownRegistrant,
    ListedRegistrant,
    Pull,
    Registrant,
    RegistrantKey,
    RunCounts,
    RunState,
    SyncRun,
)
from zoomsync.domain.sessions import TimeDifference, follow_sessions
from zoomsync.errors import ZoomError, ZoomRateLimited, ZoomsyncError
from zoomsync.jobs.leasing import LEASE, LeaseClock, held, new_owner
from zoomsync.jobs.planning import plan_event
from zoomsync.jobs.ports import Progress, RegistrantSource
from zoomsync.language import _
from zoomsync.store import events as stored_events
from zoomsync.store import leases
from zoomsync.store import registrants as stored
from zoomsync.store.aside import Aside
from zoomsync.store.schema import Database

log = logging.getLogger(__name__)

WAIT_FOR_ANOTHER = timedelta(seconds=60)
ROWS_A_BATCH = 2_000  # so that memory does not grow with the size of a first pull


@dataclass(frozen=True, slots=True)
class SyncOutcome:
    """A sync run, and what else was noticed while it looked. problem: why it failed, as it was raised."""

    run: SyncRun
    differences: tuple[TimeDifference, ...] = ()
    problem: ZoomsyncError | None = None


class LeaseLost(ZoomsyncError):
    """Another process has taken over this event's sync; nothing of this run was written."""


@dataclass(slots=True)
class _Tally:
    """Counts of one run, added up batch by batch."""

    added: int = 0
    updated: int = 0
    cancelled: int = 0
    reinstated: int = 0
    held: int = 0
    unchanged: int = 0

    def add(self, changes: RegistrantChanges) -> None:
        self.added += len(changes.added)
        self.updated += len(changes.updated)
        self.cancelled += len(changes.cancelled)
        self.reinstated += len(changes.reinstated)
        self.held += len(changes.held)
        self.unchanged += len(changes.same)

    @property
    def changed(self) -> bool:
        return any((self.added, self.updated, self.cancelled, self.reinstated))

    def as_counts(self, pull: Pull, pulled: int) -> RunCounts:
        return RunCounts(
            pulled=pulled,
            added=self.added,
            updated=self.updated,
            cancelled=self.cancelled,
            reinstated=self.reinstated,
            unchanged=self.unchanged,
            held=self.held,
            pages=pull.pages,
            requests=pull.requests,
        )


@dataclass(frozen=True, slots=True)
class Syncer:
    """What a sync needs besides the event. One serves all events, side by side in threads.

    lease_clock: see `leasing`. sleep: waits for another sync of the same event. other_files: the slugs of all event
    files there are, so that an event whose file was renamed is told from two that name one meeting.
    """

    database: Database
    zoom: RegistrantSource
    clock: Clock
    lease_clock: LeaseClock
    sleep: Sleep = time.sleep
    wait_for_another: timedelta = WAIT_FOR_ANOTHER
    other_files: Collection[str] = ()
    owner: str = field(default_factory=new_owner)

    def sync(
        self, event: Event, *, accept_count: bool = False, dry_run: bool = False, progress: Progress | None = None
    ) -> SyncOutcome:
        """Pull and reconcile one event. Trouble with Zoom is a `failed` run with its reason, not an exception.

        accept_count: go on although Zoom's own count disagrees; nobody is cancelled then. dry_run: look and count,
        write nothing.
        Raises StoreError where the database is away: there is nowhere to write the run down.
        """
        begun = time.monotonic()
        if dry_run:
            return self._rehearse(event, begun, accept_count, progress)
        name = f"sync:{event.slug}"
        with (
            about(event=event.slug),
            held(
                self.database, name, self.owner, self.lease_clock, wait=self.wait_for_another, sleep=self.sleep
            ) as ours,
        ):
            now = self.clock()
            event_id = self.database.write(lambda db: stored_events.save_event(db, event, now, others=self.other_files))
            run_id = self.database.write(lambda db: stored.begin_run(db, event_id, now=now)) if ours else None
            run = SyncRun(event=event.slug, state=RunState.RUNNING, started_at=now, id=run_id)
            if run_id is None:
                error = _("another sync of this event is still running")
                return SyncOutcome(self._ended(run, begun, state=RunState.SKIPPED, error=error))
            try:
                with about(run=run_id):
                    with self.database.read() as db:
                        asked_for = stored_events.with_known_meetings(db, event)
                        first = not stored.has_registrants(db, event_id)
                    meetings = self.zoom.find_meetings(asked_for)
                    with self._aside() if first else nullcontext() as aside:
                        keep = aside.keep if aside else None
                        pull = self.zoom.pull(meetings, accept_count=accept_count, keep=keep, progress=progress)
                        failpoints.reach("sync.pulled")
                        now = self.clock()  # the pull took its time

                        def apply(db: DbSession) -> SyncOutcome:
                            if not leases.keep(db, name, self.owner, self.lease_clock(), LEASE):
                                raise LeaseLost(
                                    _("another sync of this event has taken over; nothing of this one was written")
                                )
                            counts, differences = self._apply(db, event, event_id, pull, aside, run_id, now)
                            done = self._ended(run, begun, state=RunState.OK, counts=counts)
                            if self.lease_clock() is None:  # no rehearsal, where the clocks are apart on purpose
                                done = replace(done, clock_offset=self.zoom.server_time_offset)
                            stored.end_run(db, run_id, done)
                            failpoints.reach("sync.written")
                            return SyncOutcome(done, differences)

                        outcome = self.database.write(apply, on=aside.connection if aside else None)
                    failpoints.reach("sync.committed")
                    return outcome
            except ZoomsyncError as error:
                retry_at = error.retry_at if isinstance(error, ZoomRateLimited) else None
                failed = self._ended(run, begun, state=RunState.FAILED, error=str(error), retry_at=retry_at)
                self.database.write(lambda db: stored.end_run(db, run_id, failed))
                return SyncOutcome(failed, problem=error)

    def _apply(
        self,
        db: DbSession,
        event: Event,
        event_id: int,
        pull: Pull,
        aside: Aside | None,
        run_id: int,
        now: datetime,
    ) -> tuple[RunCounts, tuple[TimeDifference, ...]]:
        for meeting in pull.meetings:
            stored_events.save_meeting(db, event_id, meeting, now, others=self.other_files)
        sessions = follow_sessions(event, pull.meetings, stored_events.sessions_of(db, event_id), now)
        stored_events.save_sessions(db, event_id, sessions, now, run_id)

        def read(keys: Sequence[RegistrantKey]) -> list[Registrant]:
            return aside.read(db, _kept(pull, keys)) if aside else self._read(pull, keys)

        listed, returning = _without_erased(db, pull, read)
        stored.make_way(db, returning)
        sifted = sift(stored.known_registrants(db, event_id), listed)
        known = sifted.known
        tally = _Tally(unchanged=sifted.unchanged)
        highest = stored.highest_row(db)

        def write(changes: RegistrantChanges) -> None:
            tally.add(changes)
            stored.apply_changes(db, event_id, changes, known, listed, run_id=run_id, now=now)

        if aside:
            aside.add(db, _kept(pull, sifted.fresh), event_id=event_id, run_id=run_id, now=now)
            tally.added += len(sifted.fresh)
        for batch in _batches(sifted.touched if aside else (*sifted.fresh, *sifted.touched)):
            write(reconcile(_stored_values(db, known, batch), read(batch)))
        write(self._judge_gone(db, sifted, believed=pull.counts_agree))
        if sifted.returned:
            stored.clear_missing(db, [known[key].row_id for key in sifted.returned])
        if tally.added:
            stored.audit_added(db, event_id, run_id=run_id, above=highest, now=now)
        moved = bool(sessions.added or sessions.updated)
        plan_event(db, event, event_id, now, sessions_changed=moved, registrants_changed=tally.changed)
        return tally.as_counts(pull, len(listed)), sessions.differences

    def _read(self, pull: Pull, keys: Sequence[RegistrantKey]) -> list[Registrant]:
        return self.zoom.read((key, pull.listed[key]) for key in keys)

    @contextmanager
    def _aside(self) -> Iterator[Aside]:
        with self.database.aside() as connection:
            yield Aside(connection)

    def _judge_gone(self, db: DbSession, sifted: Sifted, *, believed: bool) -> RegistrantChanges:
        """Who is no longer listed: cancelled or held. Nobody, where the pull's own count was not believed."""
        if not believed or not sifted.gone:
            return RegistrantChanges()
        return reconcile(
            _stored_values(db, sifted.known, sifted.gone),
            (),
            [key for key in sifted.gone if sifted.known[key].missing],
            known_total=sifted.alive,
        )

    def _rehearse(self, event: Event, begun: float, accept_count: bool, progress: Progress | None) -> SyncOutcome:
        now = self.clock()
        run = SyncRun(event=event.slug, state=RunState.RUNNING, started_at=now)
        try:
            meetings = self.zoom.find_meetings(event)
            pull = self.zoom.pull(meetings, accept_count=accept_count, progress=progress)
        except ZoomError as error:
            return SyncOutcome(self._ended(run, begun, state=RunState.FAILED, error=str(error)), problem=error)
        with self.database.read() as db:
            found = stored_events.load_stored(db, event.slug)
            listed, _returning = _without_erased(db, pull, partial(self._read, pull))
            sifted = sift(() if found is None else stored.known_registrants(db, found.id), listed)
            tally = _Tally(unchanged=sifted.unchanged)
            for batch in _batches((*sifted.fresh, *sifted.touched)):
                tally.add(reconcile(_stored_values(db, sifted.known, batch), self._read(pull, batch)))
            tally.add(self._judge_gone(db, sifted, believed=pull.counts_agree))
        return SyncOutcome(self._ended(run, begun, state=RunState.OK, counts=tally.as_counts(pull, len(listed))))

    def _ended(
        self,
        run: SyncRun,
        begun: float,
        *,
        state: RunState,
        counts: RunCounts | None = None,
        error: str = "",
        retry_at: datetime | None = None,
    ) -> SyncRun:
        return replace(
            run,
            state=state,
            finished_at=self.clock(),
            seconds=round(time.monotonic() - begun, 3),
            counts=counts or RunCounts(),
            error=error,
            retry_at=retry_at,
        )


def _without_erased(
    db: DbSession, pull: Pull, read: Callable[[Sequence[RegistrantKey]], list[Registrant]]
) -> tuple[dict[RegistrantKey, ListedRegistrant], set[tuple[str, str]]]:
    """What is listed but for the registrations that were erased here, and the keys of those among them that were
    made anew since: a registration after the erasure is welcome, also where Zoom gives it the old id."""
    erased = stored.erased_keys(db, [meeting.meeting_id for meeting in pull.meetings])
    if not erased:
        return pull.listed, set()
    met = [key for key in pull.listed if (key.meeting_id, key.registrant_id) in erased]
    returning = {
        (one.meeting_id, one.registrant_id)
        for one in read(met)
        if one.registered_at is not None and one.registered_at > erased[one.meeting_id, one.registrant_id]
    }
    left_out = {key for key in met if (key.meeting_id, key.registrant_id) not in returning}
    return {key: row for key, row in pull.listed.items() if key not in left_out}, returning


def _kept(pull: Pull, keys: Sequence[RegistrantKey]) -> list[int]:
    """The numbers under which registrants were put aside."""
    return [number for key in keys if (number := pull.listed[key].kept) is not None]


def _stored_values(
    db: DbSession, known: Mapping[RegistrantKey, KnownRegistrant], keys: Sequence[RegistrantKey]
) -> dict[RegistrantKey, Registrant]:
    rows = [known[key].row_id for key in keys if key in known]
    return {one.key: one for one in stored.registrants_by_row(db, rows).values()}


def _batches(keys: Sequence[RegistrantKey]) -> Iterator[list[RegistrantKey]]:
    rest = iter(keys)
    while batch := list(islice(rest, ROWS_A_BATCH)):
        yield batch
