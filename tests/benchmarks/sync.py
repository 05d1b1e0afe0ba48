"""CPU, wall clock and memory of a sync, beside the least any client could do. `make bench` runs it.

The floor: one keep-alive requests session, pages one after another, JSON parsed, one executemany upsert into SQLite
in one transaction (WAL, synchronous FULL, as ours). Fixed costs are left out by taking slopes: CPU per registrant
between 2,000 and 30,000 registrants. Each run is a process of its own; medians are printed.
"""

from __future__ import annotations

import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.page_server import PAGE_SIZE, page_server

SMALL, LARGE, RUNS = 2_000, 30_000, 5


# ------------------------------------------------------------------------------------------- what a child process does


def floor(base: str, file: str, meetings: int) -> dict[str, Any]:
    """Two pulls by the plainest client there is: the second writes everything again."""
    import requests

    db = sqlite3.connect(file, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    taken = ("email", "first_name", "last_name", "status", "create_time", "join_url", "phone", "city", "country", "org")
    names = ("id", *taken, "answers")
    db.execute(f"CREATE TABLE registrant (meeting TEXT, {' TEXT, '.join(names)} TEXT, PRIMARY KEY (meeting, id))")
    upsert = (
        f"INSERT INTO registrant VALUES ({', '.join('?' * (len(names) + 1))}) ON CONFLICT (meeting, id) DO UPDATE SET "
        + ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    )
    figures: dict[str, Any] = {}
    http = requests.Session()
    for name in ("first", "second"):
        cpu, wall = time.process_time(), time.perf_counter()
        for meeting in range(meetings):
            rows, token = [], ""
            while True:
                page = http.get(
                    f"{base}/v2/meetings/{81234567890 + meeting}/registrants",
                    params={"page_size": PAGE_SIZE, "status": "approved", "next_page_token": token},
                ).json()
                for row in page["registrants"]:
                    answers = json.dumps(row["custom_questions"])
                    rows.append((str(meeting), *(row[key] for key in names[:-1]), answers))
                token = page["next_page_token"]
                if not token:
                    break
            db.execute("BEGIN IMMEDIATE")
            db.executemany(upsert, rows)
            db.execute("COMMIT")
        figures[name] = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    return figures


def ours(base: str, file: str, meetings: int) -> dict[str, Any]:
    """Two syncs of each event, one event a meeting, through the very objects the command uses."""
    from tests.builders import make_event
    from zoomsync.app import spare_the_collector
    from zoomsync.clock import fixed_clock
    from zoomsync.domain.records import Reminders, RunState, ZoomPart
    from zoomsync.jobs.sync import Syncer
    from zoomsync.store.schema import Database
    from zoomsync.zoom.client import ZoomClient

    url = file if "://" in file else f"sqlite:///{file}"
    database = Database(url)
    database.upgrade()
    spare_the_collector()  # as every command does
    clock = fixed_clock(datetime(2023, 3, 1, tzinfo=UTC))
    zoom = ZoomClient(
        account_id="a",
        client_id="c",
        client_secret="s",
        api_url=f"{base}/v2",
        oauth_url=f"{base}/oauth/token",
        plan="business",
        host_email=None,
        clock=clock,
    )
    syncer = Syncer(database=database, zoom=zoom, clock=clock, lease_clock=clock)
    # Without reminders: what planning costs is measured by itself (see `planning`), as the floor plans nothing.
    events = [
        make_event(
            slug=f"evento-{number}",
            zoom=ZoomPart(meeting_id=str(81234567890 + number)),
            reminders=Reminders(before=()),
        )
        for number in range(meetings)
    ]
    figures: dict[str, Any] = {}
    for name in ("first", "second"):
        cpu, wall = time.process_time(), time.perf_counter()
        for event in events:
            run = syncer.sync(event).run
            assert run.state is RunState.OK, run.error
            assert run.counts.pulled == (run.counts.added if name == "first" else run.counts.unchanged)
        figures[name] = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    return figures


def child(what: str, base: str, file: str, meetings: str) -> None:
    figures = {"floor": floor, "ours": ours}[what](base, file, int(meetings))
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(figures))


# -------------------------------------------------------------------------------------------------- the measurements


def run(what: str, base: str, *, meetings: int = 1) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "tests.benchmarks.sync", "child", what, base, str(Path(folder) / "b.db")]
        done = subprocess.run([*words, str(meetings)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        return json.loads(done.stdout)  # type: ignore[no-any-return]


def slopes(small: str, large: str) -> dict[str, float]:
    """CPU microseconds a registrant, by client and pull; the two clients take turns."""
    figures: dict[str, list[float]] = {}
    for _ in range(RUNS):
        for what in ("floor", "ours"):
            few, many = run(what, small), run(what, large)
            for pull in ("first", "second"):
                rise = (many[pull]["cpu"] - few[pull]["cpu"]) / (LARGE - SMALL) * 1e6
                figures.setdefault(f"{what} {pull}", []).append(rise)
    return {name: median(values) for name, values in figures.items()}


def main() -> None:
    with page_server(SMALL) as small, page_server(LARGE) as large:
        per_row = slopes(small, large)
        memory = run("ours", large)["peak_mb"]
    for name, value in per_row.items():
        print(f"{name:14} {value:6.1f} us CPU a registrant")
    print(f"first pull     {per_row['ours first'] / per_row['floor first']:6.2f} x the floor (at most 1.8)")
    print(f"unchanged pull {per_row['ours second'] / per_row['floor second']:6.2f} x the floor (at most 1.2)")
    with page_server(LARGE, latency_s=0.02) as slow:
        walls = [(run("ours", slow)["first"]["wall"], run("floor", slow)["first"]["wall"]) for _ in range(3)]
    ratio = median(mine / theirs for mine, theirs in walls)
    print(f"20 ms a page   {ratio:6.2f} x the floor by the wall clock (under 1)")
    with page_server(5_000) as base:
        twenty = run("ours", base, meetings=20)["peak_mb"]
        one = run("ours", base, meetings=1)["peak_mb"]
    print(f"memory         {memory:6.0f} MB at 30,000 in one meeting (under 150)")
    print(f"memory         {twenty:6.0f} MB at 100,000 in twenty meetings (under 150), {one:.0f} MB at 5,000 in one")


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(*sys.argv[2:])
    else:
        main()
