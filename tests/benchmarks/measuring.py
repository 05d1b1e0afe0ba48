"""What the benchmarks share: fresh databases, measured child processes, ratios printed with their spread."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from tests import postgres
from zoomsync.store.schema import Database

KINDS = ("sqlite", "postgres")
FIRST_MEETING = 81234567890  # of those that are synced; the others follow on


@contextmanager
def databases() -> Iterator[None]:
    """Around everything that uses `fresh_database`: keeps the folder that the Postgres cluster lives in."""
    folder = Path(tempfile.mkdtemp(prefix="zoomsync-", suffix=f"-{os.getpid()}"))
    os.environ[postgres.FOLDER_VARIABLE] = str(folder)
    try:
        yield
    finally:
        if not (folder / "answer").exists():  # else the cluster's keeper removes it when this process is gone
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh_database(kind: str, *, migrated: bool = False) -> Iterator[str]:
    """The URL of an empty database, gone afterwards. migrated: with the schema, made by another process."""
    with _sqlite() if kind == "sqlite" else _postgres() as url:
        if migrated:
            in_child("tests.benchmarks.measuring", url)
        yield url


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder) / 'b.db'}"


@contextmanager
def _postgres() -> Iterator[str]:
    name = f"bench_{uuid.uuid4().hex}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        yield postgres.server_url() + name
    finally:
        postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


def plain_connection(url: str) -> Any:
    """The driver's own connection, as the plainest client would open it; transactions are begun by hand."""
    if url.startswith("sqlite"):
        import sqlite3

        db = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        return db
    import psycopg

    return psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True)


def in_child(module: str, *words: object) -> dict[str, Any]:
    """`python -m MODULE child WORDS` with the JSON it prints; a process of its own, so that nothing is left over."""
    command = [sys.executable, "-m", module, "child", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


class Watch:
    """CPU seconds of this process and seconds by the wall clock, from its making on."""

    def __init__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def read(self) -> dict[str, float]:
        return {"cpu": time.process_time() - self._cpu, "wall": time.perf_counter() - self._wall}


def peak_mb() -> float:
    """This process's largest resident memory. Not by getrusage: that counts the parent it was forked from as well."""
    (line,) = (one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def show(what: str, values: Sequence[float], unit: str, target: str = "") -> None:
    """One line: the median, the lowest and the highest of the runs, and what it should be."""
    spread = f"{median(values):8.2f} ({min(values):.2f} to {max(values):.2f}) {unit}"
    print(f"{what:52} {spread}" + (f"; target: {target}" if target else ""), flush=True)


if __name__ == "__main__":
    Database(sys.argv[2]).upgrade()
    print("{}")
