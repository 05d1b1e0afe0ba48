"""Which limit comes first, for two organisations: computed from costs that are measured here, and played through.

An organisation is so many events a day, each known to zoomsync for a fortnight, with a hundred registrants, two
sessions, and two reminders before each. Measured: the processor's time of a sync that changes nothing, the time of a
message, the bytes of a registrant and of a message in the database. Played through: a round of all its events with the
rate limiter itself on a clock of its own, and its messages with the judgement that `check` uses.

Source of Zoom's and the mail hosts' figures: `zoom.limits`, `domain.capacity`. Zoom's reference besides: a host's
meetings may be updated a hundred times a day, all together.
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from tests.benchmarks.delivery import seconds_a_message, sqlite_urls
from tests.benchmarks.measuring import Watch, databases, fresh_database, in_child
from tests.benchmarks.page_server import page_server
from tests.mail_sink import sink_process

PEOPLE, SESSIONS, REMINDERS, DAYS_KNOWN, RETENTION_DAYS = 100, 2, 2, 14, 90
MEASURED_EVENTS = 40
CALLS = {"light": 1, "medium": 6}  # of a sync: the meeting; three lists, each looked at once more
SYNC_EVERY_S = 300
UPDATES_A_DAY = 100  # of one host's meetings
NOW = datetime(2023, 3, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Organisation:
    name: str
    events_a_day: float
    busiest: int  # events whose reminders are due at the same moment

    @property
    def known(self) -> float:
        """Events that are synced at one time."""
        return self.events_a_day * DAYS_KNOWN

    @property
    def messages_a_day(self) -> float:
        return self.events_a_day * PEOPLE * SESSIONS * REMINDERS


ORGANISATIONS = (Organisation("200 events a year", 200 / 365, 3), Organisation("200 events a day", 200, 200))


# --------------------------------------------------------------------------------------------------------- measured


def costs(base: str, url: str) -> dict[str, float]:
    """Of syncs in one thread, the rate limiter's clock running ahead so that it never waits."""
    from tests.benchmarks.syncing import events_of, zoom_client
    from zoomsync.clock import fixed_clock
    from zoomsync.domain.records import RunState
    from zoomsync.jobs.sync import Syncer
    from zoomsync.store.schema import Database

    database, clock = Database(url), fixed_clock(NOW)
    zoom = zoom_client(base, clock, monotonic=partial(next, count()))
    syncer = Syncer(database=database, zoom=zoom, clock=clock, lease_clock=clock)
    for _ in ("everybody new", "everybody as before"):
        watch = Watch()
        for event in events_of(MEASURED_EVENTS):
            run = syncer.sync(event).run
            assert run.state is RunState.OK, run.error
        spent = watch.read()
    zoom.close()
    database.close()
    return {name: value / MEASURED_EVENTS for name, value in spent.items()}


def bytes_a_head(base: str) -> tuple[float, float]:
    """Of a registrant with the audit, and of a message: what SQLite's file grows by."""
    sizes = []
    for planned in ("alone", "planned"):
        with fresh_database("sqlite", migrated=True) as url:
            file = Path(url.removeprefix("sqlite:///"))
            before = file.stat().st_size
            in_child("tests.benchmarks.sync", "ours", base, url, 1, planned)
            sizes.append(file.stat().st_size - before)
    people = 5_000
    return sizes[0] / people, (sizes[1] - sizes[0]) / people / (SESSIONS * REMINDERS)


# ---------------------------------------------------------------------------------------------------- played through


def round_s(events: int, plan: str) -> float:
    """Seconds until the last of so many events is synced, by the limiter itself; Zoom's answers take no time."""
    from zoomsync.zoom.limits import RateLimiter

    at = [0.0]

    def sleep(seconds: float) -> None:
        at[0] += seconds

    limiter = RateLimiter(plan, monotonic=lambda: at[0], sleep=sleep)
    for _ in range(events):
        limiter.wait("light")
        for _ in range(CALLS["medium"]):
            limiter.wait("medium")
    return at[0]


def late_messages(organisation: Organisation, host: str) -> int:
    """Of the evening before a day of sessions: how many reminders the host does not take before their session."""
    from zoomsync.domain.capacity import Batch, shortfalls, usual_limit

    limit = usual_limit(host)
    assert limit is not None
    due, starts = datetime(2023, 3, 6, 23, tzinfo=UTC), datetime(2023, 3, 7, 14, tzinfo=UTC)
    batches = [
        Batch(f"evento-{number}", "Sesión 1", "before:1d 17:00", PEOPLE, due, starts, starts)
        for number in range(organisation.busiest)
    ]
    zones = {batch.event: "America/Guatemala" for batch in batches}
    found = shortfalls(batches, limit.windows(), due - timedelta(days=1), zones)
    return sum(one.batch.count - one.fits for one in found)


def main() -> None:
    with databases(), page_server(PEOPLE) as base, page_server(5_000) as many:
        sync = {}
        for kind in ("sqlite", "postgres"):
            with fresh_database(kind, migrated=True) as url:
                sync[kind] = in_child("tests.benchmarks.limits", base, url)
        registrant, message = bytes_a_head(many)
    with sink_process() as port:
        message_s = seconds_a_message("ours", port, sqlite_urls(), 1)
    for kind, spent in sync.items():
        print(f"a sync that changes nothing, {kind}: {spent['cpu'] * 1e3:.1f} ms CPU, {spent['wall'] * 1e3:.1f} ms")
    print(f"a message on SQLite, one connection: {message_s * 1e3:.1f} ms")
    print(f"in the database: {registrant:,.0f} bytes a registrant with the audit, {message:,.0f} a message")
    for one in ORGANISATIONS:
        report(one, sync["sqlite"]["cpu"], message_s, registrant, message)


def report(one: Organisation, sync_s: float, message_s: float, registrant: float, message: float) -> None:
    known = math.ceil(one.known)
    print(f"\n{one.name}: {known:,} known at a time, {one.messages_a_day:,.0f} messages a day")
    for plan in ("pro", "business"):
        print(f"  a round of all events, {plan}: {round_s(known, plan):,.0f} s; wanted every {SYNC_EVERY_S} s")
    print(f"  updates of meetings: {one.events_a_day:.1f} closings a day; {UPDATES_A_DAY} a day for each host")
    for host in ("smtp.gmail.com", "smtp.office365.com", "smtp-relay.brevo.com"):
        evening = one.busiest * PEOPLE
        late = late_messages(one, host)
        print(f"  {host}: of {evening:,} reminders of one evening {late:,} would not go out before their session")
    print(f"  a server of one's own: the busiest evening takes {one.busiest * PEOPLE * message_s / 60:.1f} min")
    print(f"  one processor: {100 * known * sync_s / SYNC_EVERY_S:.1f} % for syncs", end="")
    print(f", {100 * one.messages_a_day * message_s / 86_400:.2f} % for mail")
    kept = RETENTION_DAYS * (one.events_a_day * PEOPLE * registrant + one.messages_a_day * message)
    print(f"  the database at {RETENTION_DAYS} days: {kept / 1e6:,.0f} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        figures: dict[str, Any] = costs(*sys.argv[2:])
        print(json.dumps(figures))
    else:
        main()
