"""A pull written to a real database: what is counted, audited and planned. Only Zoom is played."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from hashlib import blake2b
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from tests.builders import make_event, make_meeting, make_registrant
from zoomsync.clock import SteppedClock
from zoomsync.domain.records import (
    Event,
    Keep,
    ListedRegistrant,
    Meeting,
    Pull,
    Registrant,
    RegistrantKey,
    RegistrantStatus,
    RunCounts,
    RunState,
)
from zoomsync.jobs import sync
from zoomsync.jobs.ports import Progress
from zoomsync.store.schema import Database
from zoomsync.store.tables import TombstoneRow

EVENT = make_event()


@dataclass
class FakeZoom:
    """Lists the people it is given, complete at every pull."""

    people: list[Registrant] = field(default_factory=list)

    def find_meetings(self, event: Event) -> tuple[Meeting, ...]:
        return (make_meeting(),)

    def pull(
        self,
        meetings: Sequence[Meeting],
        *,
        accept_count: bool = False,
        keep: Keep | None = None,
        progress: Progress | None = None,
    ) -> Pull:
        listed = {
            one.key: ListedRegistrant(
                blake2b(repr(one).encode(), digest_size=16).digest(), one.status, repr(one).encode()
            )
            for one in self.people
        }
        if keep:
            first = keep([(one, listed[one.key].digest) for one in self.people])
            listed = {
                one.key: listed[one.key]._replace(raw=b"", kept=first + number)
                for number, one in enumerate(self.people)
            }
        return Pull(tuple(meetings), listed, pages=1, requests=4)

    def read(self, rows: Iterable[tuple[RegistrantKey, ListedRegistrant]]) -> list[Registrant]:
        by_raw = {repr(one).encode(): one for one in self.people}
        return [by_raw[listed.raw] for _, listed in rows]


@pytest.fixture
def zoom() -> FakeZoom:
    return FakeZoom([make_registrant(number) for number in range(1, 6)])


@pytest.fixture
def syncer(database: Database, zoom: FakeZoom, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch) -> sync.Syncer:
    monkeypatch.setattr(sync, "ROWS_A_BATCH", 2)
    return sync.Syncer(database=database, zoom=zoom, clock=clock, lease_clock=clock)


def counts(syncer: sync.Syncer) -> RunCounts:
    run = syncer.sync(EVENT).run
    assert run.state is RunState.OK, run.error
    return replace(run.counts, pages=0, requests=0)


def audit(database: Database) -> list[tuple[str, Any, Any]]:
    with database.read() as db:
        rows = db.execute(
            text("SELECT change, before, after FROM audit WHERE subject = 'registrant' ORDER BY run_id, id")
        )
        return [(change, *(one and msgspec.json.decode(one) for one in values)) for change, *values in rows]


def test_a_first_pull_is_audited_whole(database: Database, syncer: sync.Syncer, zoom: FakeZoom) -> None:
    assert counts(syncer) == RunCounts(pulled=5, added=5)
    lines = audit(database)
    assert [(change, before) for change, before, _ in lines] == [("added", None)] * 5
    after = next(after for _, _, after in lines if after["registrant_id"] == "r000001")  # in whatever order
    assert {name: after[name] for name in ("registrant_id", "email", "status", "join_url", "details", "answers")} == {
        "registrant_id": "r000001",
        "email": "persona1@example.org",
        "status": "approved",
        "join_url": zoom.people[0].join_url,
        "details": [list(pair) for pair in zoom.people[0].details],
        "answers": [list(pair) for pair in zoom.people[0].answers],
    }


def test_a_first_pull_brings_nobody_back_who_was_erased(
    database: Database, syncer: sync.Syncer, zoom: FakeZoom, clock: SteppedClock
) -> None:
    erased, again = zoom.people[0], zoom.people[1]
    assert again.registered_at is not None
    for one, at in ((erased, clock()), (again, again.registered_at - timedelta(days=1))):  # left by another event
        buried = insert(TombstoneRow).values(meeting_id=one.meeting_id, registrant_id=one.registrant_id, at=at)
        database.write(partial(Session.execute, statement=buried))
    assert counts(syncer) == RunCounts(pulled=4, added=4)
    assert {after["registrant_id"] for _, _, after in audit(database)} == {one.registrant_id for one in zoom.people[1:]}


def test_the_same_again_changes_nothing(database: Database, syncer: sync.Syncer) -> None:
    counts(syncer)
    assert counts(syncer) == RunCounts(pulled=5, unchanged=5)
    assert len(audit(database)) == 5


def test_changes_are_counted_and_audited_with_before_and_after(
    database: Database, syncer: sync.Syncer, zoom: FakeZoom
) -> None:
    counts(syncer)
    ana, luis, *others = zoom.people
    zoom.people = [ana._replace(status=RegistrantStatus.DENIED), *others, make_registrant(9)]
    assert counts(syncer) == RunCounts(pulled=5, added=1, updated=1, cancelled=1, unchanged=3)
    assert sorted(audit(database)[5:], key=lambda one: one[0])[1:] == [
        ("cancelled", {"status": "approved"}, {"status": "cancelled"}),
        ("updated", {"status": "approved"}, {"status": "denied"}),
    ]
    zoom.people = [ana._replace(status=RegistrantStatus.DENIED), luis, *others, make_registrant(9)]
    assert counts(syncer) == RunCounts(pulled=6, reinstated=1, unchanged=5)


def test_a_mass_cancellation_is_held_and_forgotten_when_they_are_back(syncer: sync.Syncer, zoom: FakeZoom) -> None:
    everybody = zoom.people = [make_registrant(number) for number in range(1, 31)]
    counts(syncer)
    zoom.people = everybody[:10]
    assert counts(syncer) == RunCounts(pulled=10, held=20, unchanged=10)
    zoom.people = everybody
    assert counts(syncer) == RunCounts(pulled=30, unchanged=30)
    zoom.people = everybody[:10]
    assert counts(syncer) == RunCounts(pulled=10, held=20, unchanged=10)
    assert counts(syncer) == RunCounts(pulled=10, cancelled=20, unchanged=10)


def test_a_newcomer_is_planned_for_and_who_left_loses_what_waits(
    database: Database, syncer: sync.Syncer, zoom: FakeZoom, clock: SteppedClock
) -> None:
    counts(syncer)
    zoom.people = [*zoom.people[1:], make_registrant(9)]
    clock.advance(timedelta(minutes=1))
    counts(syncer)
    with database.read() as db:
        states = db.execute(
            text(
                "SELECT r.registrant_id, o.state, count(*) FROM outbox AS o JOIN registrant AS r "
                "ON r.id = o.registrant_row WHERE r.registrant_id IN ('r000001', 'r000009') GROUP BY 1, 2 ORDER BY 1"
            )
        )
        assert [tuple(row) for row in states] == [("r000001", "cancelled", 4), ("r000009", "pending", 4)]


def test_a_rehearsal_counts_and_writes_nothing(database: Database, syncer: sync.Syncer, zoom: FakeZoom) -> None:
    counts(syncer)
    zoom.people = [*zoom.people[1:], make_registrant(9)]
    run = syncer.sync(EVENT, dry_run=True).run
    assert (run.counts.added, run.counts.cancelled, run.counts.unchanged) == (1, 1, 4)
    assert len(audit(database)) == 5
