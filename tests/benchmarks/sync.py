"""CPU, wall clock and memory of a sync, beside the least any client could do. `make bench` runs it.

The floor, in the same run and on the same kind of database: one keep-alive requests session, pages one after another,
JSON parsed by the standard library, one executemany upsert of what a registrant has into one table, in one
transaction (SQLite: WAL, synchronous FULL, as ours). It keeps no audit, looks for nothing that changed or is missing,
and writes everything again at each pull. Where reminders are planned in the same run it also inserts the outbox rows,
by one more executemany.

Ours is the very object the command uses, with its audit, its counts and its second look at the lists.

Three pulls each: everybody new, everybody as before, one in a hundred changed. Fixed costs are left out by taking
slopes: CPU per registrant between 2,000 and 30,000 registrants. On Postgres it is the client's CPU alone, on either
side. Each run is a process of its own and finds its database with the schema in it; the two take turns. Medians are
printed, with the lowest and the highest.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

from tests.benchmarks.measuring import (
    FIRST_MEETING,
    KINDS,
    Watch,
    databases,
    fresh_database,
    in_child,
    peak_mb,
    plain_connection,
    show,
)
from tests.benchmarks.page_server import PAGE_SIZE, page_server

SMALL, LARGE = 2_000, 30_000
RUNS = {"sqlite": 3, "postgres": 2}
PULLS = {"first": "", "unchanged": "", "one in a hundred": "/changed"}  # and where they are served


# ------------------------------------------------------------------------------------------- what a child process does

TAKEN = ("email", "first_name", "last_name", "status", "create_time", "join_url", "phone", "city", "country", "org")
CALLED_FOR = [
    (session, kind, due, due[:11] + "23:59:59Z")
    for session, kind, due in (
        ("s1", "before:1d 17:00", "2023-03-06T23:00:00Z"),
        ("s1", "before:1h", "2023-03-07T13:00:00Z"),
        ("s2", "before:1d 17:00", "2023-03-07T23:00:00Z"),
        ("s2", "before:1h", "2023-03-08T13:00:00Z"),
    )
]


def floor(base: str, url: str, meetings: int, *, planned: bool) -> dict[str, Any]:
    """The plainest client there is."""
    import requests

    db = plain_connection(url)
    mark = "?" if url.startswith("sqlite") else "%s"
    names = ("id", *TAKEN, "answers")
    db.execute(f"CREATE TABLE registrant (meeting TEXT, {' TEXT, '.join(names)} TEXT, PRIMARY KEY (meeting, id))")
    upsert = (
        f"INSERT INTO registrant VALUES ({', '.join([mark] * (len(names) + 1))}) ON CONFLICT (meeting, id) "
        f"DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in names[1:])}"
    )
    db.execute(
        "CREATE TABLE outbox (meeting TEXT, registrant TEXT, session TEXT, kind TEXT, due_at TEXT, expires_at TEXT, "
        "state TEXT, PRIMARY KEY (meeting, registrant, session, kind))"
    )
    plan = f"INSERT INTO outbox VALUES ({', '.join([mark] * 7)}) ON CONFLICT DO NOTHING"
    figures: dict[str, Any] = {}
    http, cursor = requests.Session(), db.cursor()
    for name, place in PULLS.items():
        watch = Watch()
        for meeting in range(meetings):
            rows, token = [], ""
            while True:
                page = http.get(
                    f"{base}{place}/v2/meetings/{FIRST_MEETING + meeting}/registrants",
                    params={"page_size": PAGE_SIZE, "status": "approved", "next_page_token": token},
                ).json()
                for row in page["registrants"]:
                    answers = json.dumps(row["custom_questions"])
                    rows.append((str(meeting), *(row[key] for key in names[:-1]), answers))
                token = page["next_page_token"]
                if not token:
                    break
            cursor.execute("BEGIN IMMEDIATE" if mark == "?" else "BEGIN")
            cursor.executemany(upsert, rows)
            if planned and name == "first":
                cursor.executemany(plan, [(row[0], row[1], *call, "pending") for row in rows for call in CALLED_FOR])
            cursor.execute("COMMIT")
        figures[name] = watch.read()
    return figures


def ours(base: str, url: str, meetings: int, *, planned: bool) -> dict[str, Any]:
    """Syncs of as many events, one a meeting, through the very objects the command uses."""
    from tests.benchmarks.syncing import events_of, zoom_client
    from zoomsync.app import spare_the_collector
    from zoomsync.clock import fixed_clock
    from zoomsync.domain.records import RunState
    from zoomsync.jobs import sync
    from zoomsync.store.schema import Database

    if not planned:  # the floor plans nothing either
        sync.plan_event = lambda *args, **kwargs: 0
    database = Database(url)
    spare_the_collector()  # as every command does
    clock = fixed_clock(datetime(2023, 3, 1, tzinfo=UTC))
    events = events_of(meetings)
    figures: dict[str, Any] = {}
    for name, place in PULLS.items():
        zoom = zoom_client(base, clock, place=place)
        syncer = sync.Syncer(database=database, zoom=zoom, clock=clock, lease_clock=clock)
        watch = Watch()
        for event in events:
            run = syncer.sync(event).run
            assert run.state is RunState.OK, run.error
            counts = run.counts
            new, same = counts.added == counts.pulled, counts.unchanged == counts.pulled
            assert (new, same) == (name == "first", name == "unchanged"), counts
        figures[name] = watch.read()
        zoom.close()
    return figures


def child(what: str, base: str, url: str, meetings: str, planned: str) -> None:
    figures = {"floor": floor, "ours": ours}[what](base, url, int(meetings), planned=planned == "planned")
    figures["peak_mb"] = peak_mb()
    print(json.dumps(figures))


# -------------------------------------------------------------------------------------------------- the measurements


def run(what: str, base: str, kind: str = "sqlite", *, meetings: int = 1, planned: bool = False) -> dict[str, Any]:
    with fresh_database(kind, migrated=what == "ours") as url:
        words = (what, base, url, meetings, "planned" if planned else "alone")
        return in_child("tests.benchmarks.sync", *words)


def slope(what: str, small: str, large: str, kind: str, *, planned: bool) -> dict[str, float]:
    """CPU microseconds a registrant, by pull."""
    few, many = (run(what, base, kind, planned=planned) for base in (small, large))
    return {pull: (many[pull]["cpu"] - few[pull]["cpu"]) / (LARGE - SMALL) * 1e6 for pull in PULLS}


def measure_cpu(small: str, large: str, kind: str) -> None:
    targets = {"first": "at most 1.8, later 1.3", "unchanged": "at most 1.0"} if kind == "sqlite" else {}
    for planned in (False, True):
        turns = [
            tuple(slope(what, small, large, kind, planned=planned) for what in ("floor", "ours"))
            for _ in range(RUNS[kind])
        ]
        for pull in ("first",) if planned else PULLS:
            name = f"{kind}, {pull} pull" + (", reminders planned" if planned else "")
            show(f"{name}: floor", [base[pull] for base, _ in turns], "us CPU a registrant")
            show(f"{name}: ours", [mine[pull] for _, mine in turns], "us CPU a registrant")
            target = "" if planned else targets.get(pull, "")
            show(name, [mine[pull] / base[pull] for base, mine in turns], "x the floor", target)


def measure_wall() -> None:
    with page_server(LARGE, latency_s=0.02) as slow:
        walls = [(run("ours", slow)["first"]["wall"], run("floor", slow)["first"]["wall"]) for _ in range(5)]
    show("sqlite, first pull, 20 ms a page", [mine / base for mine, base in walls], "x the floor's time", "under 1")


def measure_memory() -> None:
    sizes = {
        "30,000 in one meeting": (LARGE, 1),
        "1,000 in twenty meetings": (50, 20),
        "10,000 in twenty meetings": (500, 20),
        "100,000 in twenty meetings": (5_000, 20),
    }
    for kind in KINDS:
        for name, (people, meetings) in sizes.items():
            with page_server(people) as base:
                figures = run("ours", base, kind, meetings=meetings, planned=True)
            show(f"{kind}, peak memory, reminders planned, {name}", [figures["peak_mb"]], "MB", "under 150")
            per_head = figures["first"]["cpu"] / (people * meetings) * 1e6
            show(f"{kind}, first pull, {name}", [per_head], "us CPU a registrant, start-up included")


def main() -> None:
    with databases():
        with page_server(SMALL) as small, page_server(LARGE) as large:
            for kind in KINDS:
                measure_cpu(small, large, kind)
        measure_wall()
        measure_memory()


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(*sys.argv[2:])
    else:
        main()
