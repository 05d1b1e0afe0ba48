"""Time and memory of reports over 100,000 registrants, beside reading their rows. `make bench` runs it.

The people are those that the simulator invents: five standard fields, three questions, accents and all.

The floor, in the same run and on the same database: the driver's own query for the columns that the report shows, all
rows fetched, nothing done with them: no JSON read, no time made, no text looked at. Ours writes a file.

Each run is a process of its own, and so is each format: its peak of memory is what the operating system says of that
process, at 10,000 and at 100,000 registrants. Medians are printed, with the lowest and the highest. CPU, since the
clock on the wall counts in whatever else the machine does; on Postgres it is the client's alone, on either side.
"""

from __future__ import annotations

import json
import sys
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
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
FEW = 10_000
RUNS = 3
FORMATS = {"csv": "at most 6", "json": "at most 6", "xlsx": "", "html": ""}

READ = """
SELECT id, meeting_id, registrant_id, email, first_name, last_name, status, registered_at, join_url, details, answers
FROM registrant WHERE event_id = 1"""


# ------------------------------------------------------------------------------------------- what a child process does


def seed(url: str, people: int) -> None:
    """The event and everybody, as syncs have left them."""
    from datetime import timedelta

    from tests.builders import make_registrant, utc
    from tests.outbox_world import make_world
    from zoomsync.domain.reconcile import RegistrantChanges
    from zoomsync.domain.records import ListedRegistrant
    from zoomsync.simulate.people import believable_people
    from zoomsync.store import registrants
    from zoomsync.store.schema import Database

    now = utc(2023, 2, 25)
    database = Database(url)
    world = make_world(database, now, [])
    invented = enumerate(believable_people(people), start=1)
    while some := list(islice(invented, 5_000)):
        batch = [
            make_registrant(
                number,
                email=one["email"],
                first_name=one["first_name"],
                last_name=one["last_name"],
                registered_at=utc(2023, 2, 24, 15) + timedelta(seconds=number),
                details=tuple(sorted((name, one[name]) for name in ("city", "country", "org", "phone") if one[name])),
                answers=tuple((each["title"], each["value"]) for each in one["custom_questions"]),
            )
            for number, one in some
        ]
        listed = {one.key: ListedRegistrant(b"0" * 16, one.status.value, b"{}") for one in batch}
        database.write(
            lambda db, batch=batch, listed=listed: registrants.apply_changes(
                db, world.event_id, RegistrantChanges(added=tuple(batch)), {}, listed, run_id=1, now=now
            )
        )


def write_report(url: str, form: str) -> dict[str, float]:
    """Registrants in one format into a file; the page is the overview, which holds sums alone."""
    from tests.builders import utc
    from zoomsync.app import spare_the_collector
    from zoomsync.jobs.reports import ReportName, Shape, Wanted, gathered
    from zoomsync.reports.csv_json import write_csv, write_json
    from zoomsync.reports.html import write_html
    from zoomsync.reports.xlsx import write_xlsx
    from zoomsync.store.events import all_stored
    from zoomsync.store.schema import Database

    spare_the_collector()  # as every command does
    database = Database(url)
    with database.read() as db:
        events = all_stored(db)
    write = {"csv": write_csv, "json": write_json, "xlsx": write_xlsx, "html": write_html}[form]
    wanted = Wanted(
        ReportName.OVERVIEW if form == "html" else ReportName.REGISTRANTS,
        language="es",
        files={},
        retention_days=90,
        shape={"csv": Shape.TIDY, "json": Shape.NESTED}.get(form, Shape.TABLES),
    )
    with TemporaryDirectory() as folder, Path(folder, "report").open("w+b") as out:
        watch = Watch()
        with gathered(wanted, events, database=database, now=utc(2023, 2, 26)) as report:
            write(report, out)
        return watch.read() | {"mb": peak_mb(), "size_mb": out.tell() / 2**20}


def read_plainly(url: str, people: int) -> dict[str, float]:
    """The better of two readings: the first may find its pages cold."""
    plain, spent = plain_connection(url), []
    for _ in range(2):
        watch = Watch()
        fetched = plain.execute(READ).fetchall()
        spent.append(watch.read())
        assert len(fetched) == people
    return min(spent, key=lambda one: one["cpu"])


def child(what: str, url: str, word: str) -> None:
    figures: dict[str, Any] = {}
    if what == "seed":
        seed(url, int(word))
    elif what == "read":
        figures = read_plainly(url, int(word))
    else:
        figures = write_report(url, word)
    print(json.dumps(figures))


# -------------------------------------------------------------------------------------------------- the measurements


def main() -> None:
    module = "tests.benchmarks.reports"
    with databases():
        for kind in KINDS:
            few: dict[str, Any] = {}
            with fresh_database(kind, migrated=True) as url:
                in_child(module, "seed", url, FEW)
                few = {form: in_child(module, "write", url, form) for form in FORMATS}
            with fresh_database(kind, migrated=True) as url:
                in_child(module, "seed", url, PEOPLE)
                runs = [
                    {"read": in_child(module, "read", url, PEOPLE)}
                    | {form: in_child(module, "write", url, form) for form in FORMATS}
                    for _ in range(RUNS)
                ]
            tell(kind, few, runs)


def tell(kind: str, few: dict[str, Any], runs: list[dict[str, Any]]) -> None:
    show(f"{kind}: read {PEOPLE:,} registrants", [one["read"]["cpu"] for one in runs], "s CPU")
    for form, target in FORMATS.items():
        show(f"{kind}: {form}", [one[form]["cpu"] for one in runs], "s CPU")
        show(f"{kind}: {form}", [one[form]["cpu"] / one["read"]["cpu"] for one in runs], "x reading", target)
        show(f"{kind}: {form}, peak memory", [one[form]["mb"] for one in runs], f"MB; {few[form]['mb']:.0f} at {FEW:,}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(*sys.argv[2:])
    else:
        main()
