"""Fifty events of one account synced side by side, each answer 50 ms away: how much of the plan's rate is used.

The floor is the rate itself: Zoom counts every app of an account together, so nobody may be faster than that. What is
measured is the very command's way: its threads, its rate limiter, one database. Every event has three lists that are
each read and looked at once more: six calls under the limit "medium", which is the one that is reached.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from tests.benchmarks.measuring import KINDS, Watch, databases, fresh_database, in_child, show
from tests.benchmarks.page_server import page_server

EVENTS, PEOPLE, LATENCY_S = 50, 100, 0.05
PLANS = ("pro", "business")


def sync_all(base: str, url: str, plan: str) -> dict[str, Any]:
    from tests.benchmarks.syncing import events_of, zoom_client
    from zoomsync.cli.sync import SIDE_BY_SIDE
    from zoomsync.clock import fixed_clock
    from zoomsync.domain.records import Event, RunState
    from zoomsync.jobs.sync import Syncer
    from zoomsync.store.schema import Database
    from zoomsync.zoom.limits import RATES

    clock = fixed_clock(datetime(2023, 3, 1, tzinfo=UTC))
    zoom = zoom_client(base, clock, plan=plan)
    syncer = Syncer(database=Database(url), zoom=zoom, clock=clock, lease_clock=clock)

    def calls(event: Event) -> int:
        run = syncer.sync(event).run
        assert run.state is RunState.OK, run.error
        return run.counts.requests

    figures = {}
    for name in ("first", "unchanged"):
        watch = Watch()
        with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
            requests = sum(threads.map(calls, events_of(EVENTS)))
        figures[name] = requests / watch.read()["wall"] / RATES[plan]["medium"]
    zoom.close()
    return figures


def main() -> None:
    with databases(), page_server(PEOPLE, latency_s=LATENCY_S) as base:
        for kind in KINDS:
            for plan in PLANS:
                runs = []
                for _ in range(2):
                    with fresh_database(kind, migrated=True) as url:
                        runs.append(in_child("tests.benchmarks.side_by_side", base, url, plan))
                for pull in ("first", "unchanged"):
                    name = f"{kind}, {plan}: {EVENTS} events, {pull} pull"
                    show(name, [one[pull] for one in runs], "of the plan's rate", "at least 0.8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        print(json.dumps(sync_all(*sys.argv[2:])))
    else:
        main()
