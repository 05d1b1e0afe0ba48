"""Which daemons are alive, and SQLite's one place for a daemon."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from zoomsync.errors import StoreError
from zoomsync.store import daemons
from zoomsync.store.schema import Database


def beat(database: Database, owner: str, now: datetime, **files: str) -> None:
    database.write(lambda db: daemons.beat(db, owner, files, version="1", now=now))


def alive(database: Database, now: datetime | None) -> dict[str, dict[str, str]]:
    with database.read() as db:
        return {one.owner: dict(one.files) for one in daemons.live(db, now)}


def test_who_beats_is_alive_with_the_files_it_reads_last(database: Database, now: datetime) -> None:
    beat(database, "a/1/x", now, encuentro="h1")
    beat(database, "b/2/y", now, encuentro="h1", taller="h2")
    beat(database, "a/1/x", now + timedelta(seconds=10), encuentro="h3")
    assert alive(database, now + timedelta(seconds=10)) == {
        "a/1/x": {"encuentro": "h3"},
        "b/2/y": {"encuentro": "h1", "taller": "h2"},
    }


def test_who_is_not_heard_of_for_a_minute_or_has_left_is_gone(database: Database, now: datetime) -> None:
    beat(database, "a/1/x", now)
    beat(database, "b/2/y", now + timedelta(seconds=30))
    assert set(alive(database, now + timedelta(seconds=61))) == {"b/2/y"}
    database.write(lambda db: daemons.leave(db, "b/2/y"))
    assert alive(database, now + timedelta(seconds=61)) == {}


def test_one_from_the_future_does_not_count(database: Database, now: datetime) -> None:
    beat(database, "a/1/x", now + timedelta(hours=3))
    assert alive(database, now) == {}


def test_without_a_moment_the_databases_own_clock_counts(database: Database) -> None:
    database.write(lambda db: daemons.beat(db, "a/1/x", {}, version="1", now=None))
    assert set(alive(database, None)) == {"a/1/x"}


def test_a_second_daemon_on_one_sqlite_file_is_refused_with_the_first_ones_number(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    second = daemons.only_daemon(database)
    with daemons.only_daemon(database), pytest.raises(StoreError, match=rf"process {os.getpid()}\) is at work"):
        second.__enter__()
    with daemons.only_daemon(database):
        pass


def test_a_daemon_that_was_killed_keeps_nobody_out(sqlite_url: str) -> None:
    code = (
        "import os, signal, sys; from zoomsync.store import daemons; from zoomsync.store.schema import Database\n"
        "with daemons.only_daemon(Database(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, sqlite_url], check=False).returncode == -9
    with daemons.only_daemon(Database(sqlite_url)):
        pass


def test_on_postgres_several_have_room(postgres_url: str) -> None:
    database = Database(postgres_url)
    with daemons.only_daemon(database), daemons.only_daemon(database):
        pass
