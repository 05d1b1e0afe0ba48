"""CPU of planning reminders beside reading the rows it goes by. `make bench` runs it.

100,000 registrants of one event with two sessions and two reminders each: 400,000 messages. Planned twice: into an
empty outbox, and again where all of it stands already and there is nothing to do.

The floor, in the same run and on the same database: the driver's own query for the same columns of the same rows
(registrants, and the outbox where it is not empty), all fetched, nothing done with them. Writing the plan is measured
beside the floor's reading and one plain executemany of as many rows, with the outbox's columns and its unique key.

Each run is a process of its own; medians are printed, with the lowest and the highest. On Postgres it is the
client's CPU alone, on either side.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import Any

from tests.benchmarks.measuring import (
    KINDS,
    Watch,
    databases,
    fresh_database,
    in_child,
    peak_mb,
    plain_connection,
    show,
)

PEOPLE = 100_000
RUNS = {"sqlite": 3, "postgres": 2}

READ_REGISTRANTS = """
SELECT id, meeting_id, occurrence_id, registrant_id, status, registered_at, first_seen_at, email
FROM registrant WHERE event_id = 1"""
READ_OUTBOX = """
SELECT registrant_row, session_key, kind, occasion, state, due_at, expires_at, reason
FROM outbox WHERE event_id = 1"""


# ------------------------------------------------------------------------------------------- what a child process does


def seed(url: str) -> None:
    """The event, its sessions and everybody, as syncs have left them."""
    from tests.builders import make_registrant, utc
    from tests.outbox_world import make_world
    from zoomsync.domain.reconcile import RegistrantChanges
    from zoomsync.domain.records import ListedRegistrant
    from zoomsync.store import registrants
    from zoomsync.store.schema import Database

    now = utc(2023, 2, 25)
    database = Database(url)
    world = make_world(database, now, [])
    for start in range(0, PEOPLE, 5_000):
        people = [
            make_registrant(number, registered_at=utc(2023, 2, 24, 15) + timedelta(seconds=number % 3600))
            for number in range(start, start + 5_000)
        ]
        listed = {one.key: ListedRegistrant(b"0" * 16, one.status.value, b"{}") for one in people}
        database.write(
            lambda db, people=people, listed=listed: registrants.apply_changes(
                db, world.event_id, RegistrantChanges(added=tuple(people)), {}, listed, run_id=1, now=now
            )
        )


def measure(url: str) -> dict[str, Any]:
    """Seconds of CPU by what was done."""
    from tests.builders import make_event, utc
    from zoomsync.app import spare_the_collector
    from zoomsync.jobs.planning import plan_event, plans_of
    from zoomsync.store import events
    from zoomsync.store.schema import Database

    now, event = utc(2023, 2, 28, 14), make_event()
    database = Database(url)
    spare_the_collector()  # as every command does

    def decide(expected: int) -> float:
        with database.read() as db:
            known = events.load_stored(db, event.slug)
            assert known is not None
            watch = Watch()
            planned = sum(len(plan.planned) for plan in plans_of(db, event, known, now))
            spent = watch.read()["cpu"]
        assert planned == expected, planned
        return spent

    def write(expected: int) -> float:
        watch = Watch()
        added = database.write(lambda db: plan_event(db, event, 1, now, sessions_changed=True))
        spent = watch.read()["cpu"]
        assert added == expected, added
        return spent

    before = peak_mb()
    figures = {"first": decide(4 * PEOPLE), "written": write(4 * PEOPLE), "again": decide(0)}
    figures["grown_mb"] = peak_mb() - before
    return figures | {"read both": read_plainly(url, READ_REGISTRANTS, READ_OUTBOX), "insert": insert_plainly(url)}


def read_plainly(url: str, *statements: str) -> float:
    """The better of two readings: the first may find its pages cold."""
    plain = plain_connection(url)
    spent = []
    for _ in range(2):
        watch = Watch()
        fetched = [plain.execute(statement).fetchall() for statement in statements]
        spent.append(watch.read()["cpu"])
        assert len(fetched[0]) == PEOPLE
    return min(spent)


def insert_plainly(url: str) -> float:
    """As many rows as the plan has, by one executemany in one transaction."""
    plain = plain_connection(url)
    mark = "?" if url.startswith("sqlite") else "%s"
    plain.execute(
        "CREATE TABLE plain_outbox (registrant_row INTEGER, session_key TEXT, kind TEXT, occasion TEXT, state TEXT, "
        "due_at TEXT, expires_at TEXT, reason TEXT, UNIQUE (registrant_row, session_key, kind, occasion))"
    )
    moments = ("2023-03-07T13:00:00+00:00", "2023-03-07T14:00:00+00:00")
    rows = [
        (number, session, kind, "", "pending", *moments, "")
        for number in range(PEOPLE)
        for session in ("s1", "s2")
        for kind in ("before:1d 17:00", "before:1h")
    ]
    cursor = plain.cursor()
    watch = Watch()
    cursor.execute("BEGIN")
    cursor.executemany(f"INSERT INTO plain_outbox VALUES ({', '.join([mark] * 8)})", rows)
    cursor.execute("COMMIT")
    return watch.read()["cpu"]


def child(what: str, url: str) -> None:
    if what == "seed":
        seed(url)
        figures: dict[str, Any] = {"read": read_plainly(url, READ_REGISTRANTS)}
    else:
        figures = measure(url)
    print(json.dumps(figures))


# -------------------------------------------------------------------------------------------------- the measurements


def main() -> None:
    with databases():
        for kind in KINDS:
            runs = []
            for _ in range(RUNS[kind]):
                with fresh_database(kind, migrated=True) as url:
                    floor = in_child("tests.benchmarks.planning", "seed", url)
                    runs.append(floor | in_child("tests.benchmarks.planning", "measure", url))
            report(kind, runs)


def report(kind: str, runs: list[dict[str, float]]) -> None:
    show(f"{kind}: read {PEOPLE:,} registrants", [one["read"] for one in runs], "s CPU")
    show(f"{kind}: plan 400,000 messages", [one["first"] for one in runs], "s CPU")
    first = [one["first"] / one["read"] for one in runs]
    show(f"{kind}: plan 400,000 messages", first, "x reading the registrants", "at most 10")
    again = [one["again"] / one["read both"] for one in runs]
    show(f"{kind}: plan again, all there", again, "x reading registrants and outbox", "at most 10")
    written = [one["written"] / (one["read"] + one["insert"]) for one in runs]
    show(f"{kind}: plan and write", written, "x reading and a plain executemany")
    show(f"{kind}: memory grown meanwhile", [one["grown_mb"] for one in runs], "MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(*sys.argv[2:])
    else:
        main()
