"""A round of several events: one that waits for Zoom does not hold the others' mail."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime

from tests.builders import make_event
from zoomsync.clock import fixed_clock
from zoomsync.domain.records import Event, RunState, SyncRun, ZoomPart
from zoomsync.jobs.deliver import DeliveryReport
from zoomsync.jobs.remind import remind
from zoomsync.jobs.sync import SyncOutcome
from zoomsync.store.schema import Database


def test_an_event_whose_look_at_zoom_takes_too_long_waits_for_the_next_round(database: Database, now: datetime) -> None:
    events = [make_event(slug="slow"), make_event(slug="quick", zoom=ZoomPart(meeting_id="822"))]
    looked, released = [], threading.Event()

    def sync(event: Event) -> SyncOutcome:
        looked.append(event.slug)
        if event.slug == "slow":
            released.wait(30)
        return SyncOutcome(SyncRun(event.slug, RunState.OK, now))

    rounds: list[set[str]] = []

    def deliver(ready: Mapping[int, Event]) -> DeliveryReport:
        rounds.append({event.slug for event in ready.values()})
        return DeliveryReport()

    def go(patience_s: float | None) -> None:
        remind(
            events,
            database=database,
            sync=sync,
            deliver=deliver,
            clock=fixed_clock(now),
            patience_s=patience_s,
        )

    go(0.5)
    released.set()
    go(None)

    assert set(looked) == {"slow", "quick"}
    assert rounds == [{"quick"}, {"slow", "quick"}]
