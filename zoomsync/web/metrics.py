"""Figures for Prometheus (`/metrics`), read from the database when they are asked for, all of one moment.

Labels are events' names and words of the house alone: nothing of a person, and no more of them than there are events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session as DbSession
from starlette.requests import Request
from starlette.responses import Response

from zoomsync import __version__
from zoomsync.clock import Clock
from zoomsync.domain.records import EventStatus, OutboxState, RegistrantStatus, RunState
from zoomsync.domain.registration import RegistrationState, registration_state
from zoomsync.jobs.leasing import LeaseClock
from zoomsync.jobs.status import OVERDUE_AFTER
from zoomsync.store import daemons, events, measures, reading
from zoomsync.store.events import StoredEvent
from zoomsync.store.registration import deadline_of
from zoomsync.store.schema import Database

_NO_RUNS = measures.Runs()
_ENDED = tuple(state for state in RunState if state is not RunState.RUNNING)  # what counts up and never down again


class Metrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def show(self, request: Request) -> Response:
        """Everything of the registry as text. Raises StoreError where the database is away."""
        # The content type is set whole: starlette would add another charset.
        return Response(generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


class Figures(Collector):
    """What the database knows."""

    def __init__(self, database: Database, clock: Clock, lease_clock: LeaseClock) -> None:
        self._database = database
        self._clock = clock
        self._lease_clock = lease_clock

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: registering must not ask the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        now = self._clock()
        with self._database.read() as db:
            alive = len(daemons.live(db, self._lease_clock()))
            known = events.all_stored(db)
            families = [
                *_of_runs(db, known, now),
                *_of_people(db, known),
                *_of_mail(db, known, now),
                *_of_registration(db, known, now),
            ]
        build = GaugeMetricFamily("zoomsync_build_info", "The version that answers.", labels=["version"])
        build.add_metric([__version__], 1)
        yield build
        yield GaugeMetricFamily("zoomsync_daemons", "Daemons heard of within a minute.", value=alive)
        yield from families


def _of_runs(db: DbSession, known: list[StoredEvent], now: datetime) -> list[Metric]:
    labels = ["event", "state"]
    runs = CounterMetricFamily("zoomsync_sync_runs", "Sync runs by what became of them.", labels=labels)
    seconds = CounterMetricFamily("zoomsync_sync_seconds", "Time that sync runs took.", labels=labels)
    requests = CounterMetricFamily("zoomsync_zoom_requests", "Requests to Zoom by sync runs.", labels=["event"])
    age = GaugeMetricFamily(
        "zoomsync_last_successful_sync_age_seconds", "Since the last sync run that went well began.", labels=["event"]
    )
    found = measures.runs_by_state(db)
    for event in known:
        of_event = {state: found.get((event.id, state), _NO_RUNS) for state in _ENDED}
        for state, figures in of_event.items():
            runs.add_metric([event.slug, state], figures.runs)
            seconds.add_metric([event.slug, state], figures.seconds)
        requests.add_metric([event.slug], sum(figures.requests for figures in of_event.values()))
        latest_at = of_event[RunState.OK].latest_at
        if latest_at is not None:
            age.add_metric([event.slug], (now - latest_at).total_seconds())
    return [runs, seconds, requests, age]


def _of_people(db: DbSession, known: list[StoredEvent]) -> list[Metric]:
    people = GaugeMetricFamily("zoomsync_registrants", "Registrants by status.", labels=["event", "status"])
    found = measures.registrants_by_status(db)
    for event in known:
        for status in RegistrantStatus:
            people.add_metric([event.slug, status], found.get((event.id, status), 0))
    return [people]


def _of_mail(db: DbSession, known: list[StoredEvent], now: datetime) -> list[Metric]:
    messages = GaugeMetricFamily("zoomsync_outbox_messages", "Messages by state.", labels=["event", "state"])
    overdue = GaugeMetricFamily(
        "zoomsync_outbox_overdue", "Messages due for more than 15 minutes that still make sense.", labels=["event"]
    )
    found = measures.messages_by_state(db)
    for event in known:
        for state in OutboxState:
            messages.add_metric([event.slug, state], found.get((event.id, state), 0))
        overdue.add_metric([event.slug], reading.overdue(db, event.id, before=now - OVERDUE_AFTER, now=now))
    return [messages, overdue]


def _of_registration(db: DbSession, known: list[StoredEvent], now: datetime) -> list[Metric]:
    statuses = GaugeMetricFamily("zoomsync_event_status", "1 for what the event is.", labels=["event", "status"])
    states = GaugeMetricFamily("zoomsync_registration_state", "1 for what registration is.", labels=["event", "state"])
    for event in known:
        deadline = deadline_of(db, event.id, event.registration_deadline)
        shown = [meeting.approval_type for meeting in events.meetings_of(db, event.id)]
        is_now = registration_state(shown, deadline, now)
        for status in EventStatus:
            statuses.add_metric([event.slug, status], event.status is status)
        for state in RegistrationState:
            states.add_metric([event.slug, state], is_now is state)
    return [statuses, states]
