"""The database locked, gone, cut off, full or read-only in the middle of the event's life: told, outlived, made up for.

In each case the trouble stands while mail is due. Afterwards everything ends as if there had been none.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import postgres
from tests.prove.life import Life, Outcome, alive
from zoomsync.store.schema import Database

LOCKS_S = [float(text) for text in os.environ.get("PROVE_LOCKS", "1,30").split(",")]
BUSY_PART = "the day before"  # mail is due, and a session's worth of it goes out
OTHER_PART = "the deadline"

Fault = Callable[[Life], Any]


class Trouble:
    """Has a fault strike in two parts of a life, in a thread of its own: as that part begins, and a little later."""

    def __init__(self, life: Life, fault: Callable[[], None], parts: tuple[str, ...] = (OTHER_PART, BUSY_PART)) -> None:
        self.struck: list[str] = []
        self.problem: BaseException | None = None
        self._fault, self._parts = fault, parts
        self._threads: list[threading.Thread] = []
        life.disturb = self._begin

    def _begin(self, part: str) -> None:
        if part in self._parts:
            thread = threading.Thread(target=self._strike, args=(part,))
            thread.start()
            self._threads.append(thread)

    def _strike(self, part: str) -> None:
        time.sleep(0.6)
        try:
            self._fault()
        except BaseException as error:
            self.problem = error
        self.struck.append(part)

    def over(self) -> None:
        for thread in self._threads:
            thread.join(60)
        if self.problem:
            raise self.problem
        assert set(self.struck) == set(self._parts)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("undisturbed")
    with alive(folder / "project", fresh(folder)) as life:
        life.live()
        return life.outcome()


def fresh(folder: Path) -> str:
    url = f"sqlite:///{folder}/zoomsync.db"
    database = Database(url)
    database.upgrade()
    database.close()
    return url


def lived_through(
    life: Life, fault: Callable[[], None], undisturbed: Outcome, parts: tuple[str, ...] = (OTHER_PART, BUSY_PART)
) -> str:
    """Live with the fault, and hold the outcome to the undisturbed one. Gives what the daemon logged."""
    trouble = Trouble(life, fault, parts)
    life.live()
    trouble.over()
    assert life.outcome() == undisturbed
    log = life.stage.log()
    assert "Traceback" not in log
    assert not [code for daemon in life.daemons for code in daemon.codes if code < 0]
    return log


@pytest.mark.parametrize("seconds", LOCKS_S)
def test_sqlite_locked_by_another_process(seconds: float, undisturbed: Outcome, tmp_path: Path) -> None:
    def lock() -> None:
        with closing(sqlite3.connect(tmp_path / "zoomsync.db", isolation_level=None)) as other:
            other.execute("PRAGMA busy_timeout = 20000")
            other.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            other.execute("ROLLBACK")

    with alive(tmp_path / "project", fresh(tmp_path)) as life:
        lived_through(life, lock, undisturbed)


@pytest.mark.parametrize("seconds", LOCKS_S)
def test_postgres_locked_by_another_process(
    seconds: float, undisturbed: Outcome, tmp_path: Path, postgres_url: str
) -> None:
    def lock() -> None:
        with psycopg.connect(postgres._libpq(postgres_url)) as other:
            while True:
                try:
                    other.execute("LOCK TABLE outbox, registrant, meeting IN ACCESS EXCLUSIVE MODE")
                    break
                except psycopg.errors.DeadlockDetected:  # with a transaction of the daemon's: it is to have its way
                    other.rollback()
            time.sleep(seconds)
            other.rollback()

    with alive(tmp_path / "project", postgres_url) as life:
        lived_through(life, lock, undisturbed)


def test_sqlites_file_goes_away_and_comes_back(undisturbed: Outcome, tmp_path: Path) -> None:
    names = [f"zoomsync.db{end}" for end in ("", "-wal", "-shm")]
    away = tmp_path / "away"
    away.mkdir()

    def lose_it() -> None:
        for name in names:
            if (tmp_path / name).exists():
                (tmp_path / name).rename(away / name)
        time.sleep(4)
        for name in names:
            if (away / name).exists():
                (away / name).rename(tmp_path / name)

    with alive(tmp_path / "project", fresh(tmp_path)) as life:
        assert "zoomsync.db" in lived_through(life, lose_it, undisturbed)


def test_an_administrator_cuts_every_connection_again_and_again(
    undisturbed: Outcome, tmp_path: Path, postgres_url: str
) -> None:
    name = postgres_url.rpartition("/")[2]

    def cut() -> None:
        for _ in range(10):
            postgres.execute(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
                " AND application_name = 'zoomsync'"
            )
            time.sleep(0.3)

    with alive(tmp_path / "project", postgres_url) as life:
        lived_through(life, cut, undisturbed)


def test_postgres_is_restarted(undisturbed: Outcome, tmp_path: Path) -> None:
    with own_postgres() as server:
        url = server.url + "postgres"
        database = Database(url)
        database.upgrade()
        database.close()
        with alive(tmp_path / "project", url) as life:
            said = lived_through(life, server.restart, undisturbed)
        assert "tests-only" not in said


@pytest.mark.parametrize("trouble", ["full", "read-only"])
def test_the_disk_is_full_or_read_only_for_a_while(trouble: str, undisturbed: Outcome, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        url = fresh(disk)

        def fill() -> None:
            filler = disk / "filler"
            with open(filler, "wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(b"x" * 512)
            time.sleep(5)
            filler.unlink()

        def protect() -> None:
            # A file that is being written keeps a disk from being made read-only: tried until it is.
            for _ in range(200):
                if (
                    subprocess.run(
                        ["mount", "-o", "remount,ro", disk], check=False, stderr=subprocess.DEVNULL
                    ).returncode
                    == 0
                ):
                    break
                time.sleep(0.02)
            time.sleep(5)
            subprocess.run(["mount", "-o", "remount,rw", disk], check=True)

        with alive(tmp_path / "project", url) as life:
            log = lived_through(life, fill if trouble == "full" else protect, undisturbed)
        if trouble == "full":
            assert "disk is full" in log or "make room" in log


def test_a_postgres_that_may_not_be_written_for_a_while(
    undisturbed: Outcome, tmp_path: Path, postgres_url: str
) -> None:
    name = postgres_url.rpartition("/")[2]
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"

    def protect() -> None:
        postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        postgres.execute(cut)
        time.sleep(5)
        postgres.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        postgres.execute(cut)

    with alive(tmp_path / "project", postgres_url) as life:
        assert "may not be written" in lived_through(life, protect, undisturbed)


# ------------------------------------------------------------------------------------------------ what is disturbed


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own, in memory. The write-ahead log alone grows to nine megabytes."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder]
    if os.geteuid() != 0 or subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("file systems may not be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


class OwnPostgres:
    """A server of this test's own, which may be stopped and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server, self.url = postgres._start(folder)

    def restart(self) -> None:
        command, self._server = self._server.args, self._stopped()
        time.sleep(2)
        account = postgres._account()
        self._server = subprocess.Popen(
            command,  # type: ignore[arg-type]
            **postgres._as_user(account, self._folder / "cluster"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _stopped(self) -> subprocess.Popen[bytes]:
        self._server.send_signal(signal.SIGINT)  # everybody is cut off, what was committed stays
        self._server.wait(30)
        return self._server

    def end(self) -> None:
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(30)


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="zoomsync-own-"))
    server = OwnPostgres(folder)
    try:
        yield server
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)
