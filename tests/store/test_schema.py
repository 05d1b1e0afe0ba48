"""The database of a process: whole transactions, a schema that is old or new, and faults told in one line."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel

from tests import postgres
from tests.breaking import Breaker
from zoomsync.domain.registration import Aim, ClosingRecord
from zoomsync.errors import SchemaTooNew, StoreError
from zoomsync.store import schema
from zoomsync.store.registration import record_of
from zoomsync.store.schema import Database
from zoomsync.store.tables import InstallationRow, utc_text

# ---------------------------------------------------------------------------------------------------------- schema


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a single table; on SQLite without a file."""
    sqlite = f"sqlite:///{tmp_path / 'new.db'}"
    database = Database(sqlite if request.param == "sqlite" else request.getfixturevalue("empty_postgres_url"))
    yield database
    database.close()


def test_migrated_schema_is_that_of_the_tables(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with database.read() as db:
        context = MigrationContext.configure(db.connection())
        assert compare_metadata(context, SQLModel.metadata) == []


def test_migrated_checks_and_keys_are_those_of_the_tables(sqlite_url: str, tmp_path: Path) -> None:
    """What the comparison above does not see: allowed states, and numbers that are never given twice."""
    created = create_engine(f"sqlite:///{tmp_path / 'created.db'}")
    SQLModel.metadata.create_all(created)
    created.dispose()

    assert _checks_and_keys(Path(sqlite_url.removeprefix("sqlite:///"))) == _checks_and_keys(tmp_path / "created.db")


def test_alembic_finds_the_versions_that_the_quick_look_finds(tmp_path: Path) -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "zoomsync.store:migrations")
    scripts = ScriptDirectory.from_config(config)

    assert scripts.get_current_head() == Database(f"sqlite:///{tmp_path}/x.db").newest()
    assert {script.revision for script in scripts.walk_revisions()} == schema._versions()


def test_upgrade_makes_the_schema_and_again_changes_nothing(empty: Database) -> None:
    assert empty.current() is None
    assert not empty.is_current()

    empty.upgrade()
    empty.upgrade()

    assert empty.current() == empty.newest()
    assert empty.is_current()
    empty.check()


def test_looking_at_a_database_makes_none(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    assert not database.is_current()
    with pytest.raises(StoreError, match="db upgrade"):
        database.ping()
    assert list(tmp_path.iterdir()) == []


def test_tables_that_are_missing_are_told_with_the_command_that_makes_them(empty: Database) -> None:
    if empty.file:
        empty.file.touch()
    with pytest.raises(StoreError, match="zoomsync db upgrade"):
        empty.check()


def test_newer_schema_is_refused_and_left_alone(database: Database) -> None:
    database.write(lambda db: db.execute(text("UPDATE alembic_version SET version_num = '9999'")))

    for act in (database.is_current, database.upgrade):
        with pytest.raises(SchemaTooNew, match=r"schema 9999.*upgrade zoomsync"):
            act()
    assert database.current() == "9999"


def test_quick_look_does_without_alembic(sqlite_url: str) -> None:
    """Its import takes longer than most commands."""
    looked = _python(
        "import sys; from zoomsync.store.schema import Database;"
        " Database(sys.argv[1]).upgrade(); sys.exit('alembic' in sys.modules)",
        sqlite_url,
    )
    assert looked.wait() == 0


def test_processes_that_start_together_migrate_once(empty: Database) -> None:
    code = "import sys; from zoomsync.store.schema import Database; sys.stdin.read(); Database(sys.argv[1]).upgrade()"
    started = [_python(code, empty.url, stdin=subprocess.PIPE) for _ in range(4)]
    for process in started:
        assert process.stdin is not None
        process.stdin.close()

    assert [process.wait() for process in started] == [0, 0, 0, 0]
    assert empty.is_current()
    empty.check()


# The Nth statement of the migration is the process's last: killed as by `kill -9`, with nothing tidied up.
KILLED_AT = """
import os, signal, sys
from sqlalchemy import Engine, event
from zoomsync.store.schema import Database

@event.listens_for(Engine, "before_cursor_execute")
def count(connection, cursor, statement, *rest, seen=[]):
    if statement.lstrip().startswith(("CREATE", "INSERT INTO alembic")):
        seen.append(statement)
        if len(seen) == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)

Database(sys.argv[1]).upgrade()
"""


@pytest.mark.parametrize("nth", [1, 10, 20, 26])
def test_kill_in_the_middle_of_a_migration_leaves_the_old_schema(empty: Database, nth: int) -> None:
    assert _python(KILLED_AT, empty.url, str(nth)).wait() == -9

    assert empty.current() is None
    assert _tables(empty) == set()
    empty.upgrade()
    assert empty.is_current()


def _migrate_to(database: Database, version: str) -> None:
    from alembic import command
    from alembic.config import Config

    def migrate(db: Session) -> None:
        config = Config()
        config.set_main_option("script_location", "zoomsync.store:migrations")
        config.attributes["connection"] = db.connection()
        command.upgrade(config, version)

    if database.file:
        database.file.touch()
    database.write(migrate)


_OLD_MEETING = """
INSERT INTO meeting (meeting_id, event_id, kind, topic, type, approval_type, host_email, observed_at,
                     prior_approval_type, times_closed, close_tried_at, close_verified_at, close_error)
VALUES ('81234567890', 1, 'meeting', 'Encuentro', 8, 1, '', :at, 0, 1, :at, :at, 'told')
"""
_OLD_EVENT = """
INSERT INTO event (id, slug, title, status, language, timezone, registration_deadline, file_hash, first_seen_at,
                   seen_at, leads, planned_for)
VALUES (1, 'encuentro', 'Encuentro', 'active', 'es', 'UTC', :at, '', :at, :at, '{}', '')
"""


def test_what_an_older_schema_knew_of_a_closing_is_kept(empty: Database, now: datetime) -> None:
    _migrate_to(empty, "0001")
    at = now if empty.dialect == "postgresql" else utc_text(now)
    for statement in (_OLD_EVENT, _OLD_MEETING):
        empty.write(lambda db, statement=statement: db.execute(text(statement), {"at": at}))

    empty.upgrade()

    with empty.read() as db:
        assert record_of(db, "81234567890") == ClosingRecord(
            prior_approval_type=0,
            aim=Aim.CLOSED,
            times_set=1,
            closed_at=now,
            tried_at=now,
            verified_at=now,
            error="told",
        )


# ---------------------------------------------------------------------------------------------------- transactions


def test_write_commits_and_gives_the_answer(database: Database) -> None:
    assert database.write(lambda db: _put(db, "a", "1") or "answer") == "answer"
    assert _value(database, "a") == "1"


def test_objects_keep_their_values_after_the_commit(database: Database) -> None:
    def work(db: Session) -> InstallationRow:
        row = InstallationRow(name="a", value="1")
        db.add(row)
        return row

    assert database.write(work).value == "1"


def test_write_that_raises_leaves_nothing(database: Database) -> None:
    def work(db: Session) -> None:
        _put(db, "a", "1")
        raise LookupError

    with pytest.raises(LookupError):
        database.write(work)
    assert _value(database, "a") is None


def test_mistake_in_our_own_sql_is_not_dressed_up_as_the_databases(database: Database) -> None:
    with pytest.raises(Exception, match="nonsense") as raised:
        database.write(lambda db: db.execute(text("SELECT nonsense FROM installation")))
    assert not isinstance(raised.value, StoreError)


def test_broken_unique_key_reaches_the_caller(database: Database) -> None:
    database.write(lambda db: _put(db, "a", "1"))
    with pytest.raises(IntegrityError):
        database.write(lambda db: _put(db, "a", "2"))


def test_parameters_stay_out_of_error_texts(database: Database) -> None:
    database.write(lambda db: _put(db, "a", "1"))
    with pytest.raises(IntegrityError) as raised:
        database.write(lambda db: _put(db, "a", "maria@example.org"))
    assert "maria" not in str(raised.value)


def test_read_writes_nothing(database: Database) -> None:
    with pytest.raises(StoreError, match=r"(cannot|may not) be written"), database.read() as db:
        db.execute(text("INSERT INTO installation VALUES ('a', '1')"))
    assert _value(database, "a") is None


def test_read_is_one_moment(database: Database) -> None:
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(InstallationRow)) == 0
        database.write(lambda other: _put(other, "a", "1"))
        assert db.scalar(select(func.count()).select_from(InstallationRow)) == 0


def test_no_update_is_lost_between_threads(database: Database) -> None:
    database.write(lambda db: _put(db, "count", "0"))

    def increment(db: Session) -> None:
        query = select(InstallationRow).where(InstallationRow.name == "count").with_for_update()  # type: ignore[arg-type]
        row = db.scalars(query).one()
        row.value = str(int(row.value) + 1)

    _in_threads(8, lambda: [database.write(increment) for _ in range(25)])

    assert _value(database, "count") == "200"


def test_no_update_is_lost_between_processes_on_sqlite(sqlite_url: str) -> None:
    code = """
import sys
from sqlalchemy import text
from zoomsync.store.schema import Database
def increment(db):
    value = db.scalar(text("SELECT value FROM installation"))
    db.execute(text("UPDATE installation SET value = :value"), {"value": str(int(value) + 1)})
database = Database(sys.argv[1])
for _ in range(50):
    database.write(increment)
"""
    with _opened(sqlite_url) as database:
        database.write(lambda db: _put(db, "count", "0"))
        started = [_python(code, sqlite_url) for _ in range(4)]
        assert [process.wait() for process in started] == [0, 0, 0, 0]
        assert _value(database, "count") == "200"


def test_deadlock_on_postgres_is_tried_again_as_a_whole(postgres_url: str) -> None:
    both_hold_one = threading.Barrier(2)
    runs: list[str] = []

    def crosswise(database: Database, first: str, second: str) -> None:
        def work(db: Session) -> None:
            runs.append(first)
            for name in (first, second):
                db.execute(text("UPDATE installation SET value = value || 'x' WHERE name = :name"), {"name": name})
                if name == first and len(runs) <= 2:
                    both_hold_one.wait()

        database.write(work)

    with _opened(postgres_url) as database:
        database.write(lambda db: [_put(db, name, "") for name in "ab"])
        names = iter([("a", "b"), ("b", "a")])
        _in_threads(2, lambda: crosswise(database, *next(names)))

        assert len(runs) == 3
        assert _value(database, "a") == _value(database, "b") == "xx"


def test_lock_that_ends_is_waited_for(sqlite_url: str) -> None:
    def other_ends(seconds: float) -> None:
        other.execute("COMMIT")

    with _opened(sqlite_url, busy_timeout_s=0, sleep=other_ends) as database, _locked(sqlite_url) as other:
        database.write(lambda db: _put(db, "a", "1"))
        assert _value(database, "a") == "1"


def test_lock_that_stays_is_told_in_one_line_after_four_tries(sqlite_url: str) -> None:
    pauses: list[float] = []
    runs: list[int] = []
    with _opened(sqlite_url, busy_timeout_s=0, sleep=pauses.append) as database, _locked(sqlite_url):
        with pytest.raises(StoreError, match="stayed locked by another program"):
            database.write(lambda db: (runs.append(1), _put(db, "a", "1")))
        assert len(runs) == 4
        assert len(pauses) == 3
        assert sum(pauses) < 10


def test_reader_is_not_in_the_way_of_a_writer(sqlite_url: str) -> None:
    with _opened(sqlite_url, busy_timeout_s=0) as database, database.read() as db:
        db.execute(select(InstallationRow))
        database.write(lambda other: _put(other, "a", "1"))


def test_connection_that_an_admin_cut_is_replaced(postgres_url: str) -> None:
    with _opened(postgres_url) as database:
        database.ping()
        _cut_connections(postgres_url)
        database.write(lambda db: _put(db, "a", "1"))
        assert _value(database, "a") == "1"


def test_connection_lost_in_the_middle_runs_the_whole_again(postgres_url: str) -> None:
    runs: list[int] = []

    def work(db: Session) -> None:
        _put(db, f"run {len(runs)}", "")
        db.flush()
        if not runs:
            _cut_connections(postgres_url)
        runs.append(1)
        _put(db, "a", "1")

    with _opened(postgres_url, sleep=lambda seconds: None) as database:
        database.write(work)
        assert len(runs) == 2
        assert _value(database, "run 0") is None
        assert _value(database, "a") == "1"


def test_connection_lost_at_the_commit_is_not_run_again(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The change may have been written: a second run could make it twice."""
    runs: list[int] = []
    commit = Session.commit

    def cut_then_commit(db: Session) -> None:
        _cut_connections(postgres_url)
        commit(db)

    with _opened(postgres_url) as database:
        monkeypatch.setattr(Session, "commit", cut_then_commit)
        with pytest.raises(StoreError, match="whether it was written is not known"):
            database.write(lambda db: (runs.append(1), _put(db, "a", "1")))
        assert len(runs) == 1


# ---------------------------------------------------------------------------------------------------------- SQLite


def test_commit_that_a_lock_refuses_leaves_no_transaction_behind(sqlite_url: str) -> None:
    with _opened(sqlite_url) as database:
        database.write(lambda db: _put(db, "a", "1"))
        with Breaker("lost", 3).at_work() as breaker:  # BEGIN, INSERT, COMMIT
            database.write(lambda db: _put(db, "b", "2"))
        assert breaker.struck
        assert (_value(database, "a"), _value(database, "b")) == ("1", "2")


def test_sqlite_is_set_for_safety(sqlite_url: str) -> None:
    with _opened(sqlite_url) as database, database.read() as db:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        assert [db.scalar(text(f"PRAGMA {name}")) for name in names] == ["wal", 2, 1, 10_000]


def test_sqlite_file_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    with _opened(f"sqlite:///{file}") as database:
        database.upgrade()
        database.write(lambda db: _put(db, "a", "1"))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"new.db": 0o600, "new.db-wal": 0o600, "new.db-shm": 0o600}


def test_file_name_may_hold_anything(tmp_path: Path) -> None:
    with _opened(f"sqlite:///{tmp_path / 'a b#c%3Fd.db'}") as database:
        database.upgrade()
        database.write(lambda db: _put(db, "a", "1"))
        assert _value(database, "a") == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["a b#c?d.db"]


def test_file_deleted_under_a_running_process_is_noticed(sqlite_url: str) -> None:
    with _opened(sqlite_url) as database:
        database.ping()
        assert database.file is not None
        database.file.unlink()
        with pytest.raises(StoreError, match="missing"):
            database.write(lambda db: _put(db, "a", "1"))


def test_file_replaced_under_a_running_process_is_taken_up(sqlite_url: str, tmp_path: Path) -> None:
    """A backup put back: what is written from then on must land in it."""
    saved = shutil.copy(sqlite_url.removeprefix("sqlite:///"), tmp_path / "saved.db")
    with _opened(sqlite_url) as database:
        database.write(lambda db: _put(db, "before", "1"))
        assert database.file is not None
        for leftover in tmp_path.glob("zoomsync.db-*"):
            leftover.unlink()
        os.replace(saved, database.file)

        database.write(lambda db: _put(db, "after", "1"))

        assert _value(database, "before") is None
    with _opened(sqlite_url) as again:
        assert _value(again, "after") == "1"


def test_damaged_file_is_told(sqlite_url: str) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    pages = bytearray(file.read_bytes())
    pages[3 * 4096 : 6 * 4096] = os.urandom(3 * 4096)
    file.write_bytes(pages)
    with _opened(sqlite_url) as database, pytest.raises(StoreError, match="damaged"):
        database.check()


def test_transaction_that_sqlite_gave_up_cannot_be_committed_in_halves(sqlite_url: str) -> None:
    """As after a full disk, where somebody caught the error and went on."""

    def work(db: Session) -> None:
        _put(db, "first half", "1")
        db.flush()
        db.execute(text("ROLLBACK"))

    with _opened(sqlite_url) as database:
        with pytest.raises(StoreError, match="nothing of it was written"):
            database.write(work)
        database.write(lambda db: _put(db, "a", "1"))
        assert _value(database, "first half") is None


def test_full_disk_is_told_and_over_when_there_is_room(sqlite_url: str) -> None:
    def fill(db: Session) -> None:
        pages = db.scalar(text("PRAGMA page_count"))
        db.execute(text(f"PRAGMA max_page_count = {pages}"))
        _put(db, "big", "x" * 1_000_000)

    def make_room(db: Session) -> None:
        db.execute(text("PRAGMA max_page_count = 1000000"))

    with _opened(sqlite_url) as database:
        with pytest.raises(StoreError, match="disk is full"):
            database.write(fill)
        database.write(make_room)
        database.write(lambda db: _put(db, "a", "1"))
        assert _value(database, "big") is None
        assert _value(database, "a") == "1"


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs"])
def test_network_file_system_is_refused(
    kind: str, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path} {kind} rw 0 0\n")
    monkeypatch.setattr(schema, "MOUNTS", mounts)
    with _opened(sqlite_url) as database, pytest.raises(StoreError, match=f"network file system .{kind}."):
        database.ping()


def test_local_folder_below_a_network_mount_is_not_refused(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"server:/x / nfs rw 0 0\n/dev/sdb {tmp_path} ext4 rw 0 0\nserver:/y {tmp_path}x nfs rw 0 0\n")
    monkeypatch.setattr(schema, "MOUNTS", mounts)
    with _opened(sqlite_url) as database:
        database.ping()


# -------------------------------------------------------------------------------------------------------- Postgres


def test_postgres_is_set_for_safety(postgres_url: str) -> None:
    with _opened(postgres_url, application_name="zoomsync run") as database:
        names = (*schema.POSTGRES_SETTINGS, "application_name", "transaction_isolation", "synchronous_commit")
        shown = database.write(lambda db: {name: db.scalar(text(f"SHOW {name}")) for name in names})
    assert shown == {
        **schema.POSTGRES_SETTINGS,
        "timezone": "UTC",
        "application_name": "zoomsync run",
        "transaction_isolation": "read committed",
        "synchronous_commit": "on",
    }


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_short_scheme_means_the_same_driver(scheme: str, postgres_url: str) -> None:
    with _opened(postgres_url.replace("postgresql+psycopg", scheme)) as database:
        assert database.dialect == "postgresql"
        database.ping()


# -------------------------------------------------------------------------------------------- faults, in one line


def _folder_missing(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'nowhere' / 'x.db'}"


def _not_a_database(tmp_path: Path) -> str:
    (tmp_path / "x.db").write_text("a letter to the treasurer\n" * 100)
    return f"sqlite:///{tmp_path / 'x.db'}"


def _a_folder(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}"


def _server_away(tmp_path: Path) -> str:
    return "postgresql+psycopg://someone:tests-only@127.0.0.1:1/zoomsync"


def _password_wrong(tmp_path: Path) -> str:
    return postgres.server_url().replace(postgres.PASSWORD, "sesame") + "postgres"


def _no_such_database(tmp_path: Path) -> str:
    return postgres.server_url() + "nowhere"


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (_folder_missing, r"folder .*nowhere .*does not exist: create it"),
        (_not_a_database, r"not a SQLite database: check ZOOMSYNC_DATABASE_URL"),
        (_a_folder, r"is a folder: name a file in it"),
        (_server_away, r"cannot be reached .*Connection refused.*: check that the server runs"),
        (_password_wrong, r"refused user or password: check ZOOMSYNC_DATABASE_URL"),
        (_no_such_database, r"does not exist: create it \(`createdb nowhere`\)"),
    ],
)
def test_fault_is_one_line_that_says_what_to_do(place: Callable[[Path], str], told: str, tmp_path: Path) -> None:
    with _opened(place(tmp_path), sleep=lambda seconds: None) as database:
        with pytest.raises(StoreError, match=told) as raised:
            database.upgrade()
        assert "\n" not in str(raised.value)
        assert "sesame" not in str(raised.value)
        assert "tests-only" not in str(raised.value)


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "zoomsync.db", "sqlite://", "sqlite:///:memory:", ""])
def test_url_of_no_known_database_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///FILE or postgresql"):
        Database(url)


def test_shown_url_hides_the_password() -> None:
    assert "s3cret" not in Database("postgresql+psycopg://me:s3cret@db.example.org/zoomsync").shown_url


# --------------------------------------------------------------------------------------------------------- helpers


@contextmanager
def _opened(url: str, **options: Any) -> Iterator[Database]:
    database = Database(url, **options)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _locked(url: str) -> Iterator[sqlite3.Connection]:
    """Another program that is in the middle of a write."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def _put(db: Session, name: str, value: str) -> None:
    db.add(InstallationRow(name=name, value=value))


def _value(database: Database, name: str) -> str | None:
    with database.read() as db:
        row = db.get(InstallationRow, name)
        return row.value if row else None


def _tables(database: Database) -> set[str]:
    """Every table but SQLite's own."""
    from sqlalchemy import inspect

    with database.read() as db:
        return set(inspect(db.connection()).get_table_names())


def _checks_and_keys(file: Path) -> dict[str, tuple[set[str], bool]]:
    """By table: its checks, and whether a number is never given twice. Columns added later stand elsewhere in the
    text, which is no difference."""
    with closing(sqlite3.connect(file)) as connection:
        made = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name != 'alembic_version'"
        )
        return {
            name: ({line.strip(" \t,") for line in sql.splitlines() if " CHECK " in line}, "AUTOINCREMENT" in sql)
            for name, sql in made
        }


def _cut_connections(url: str) -> None:
    name = url.rpartition("/")[2]
    postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    with psycopg.connect(postgres.server_url().replace("+psycopg", "") + "postgres", autocommit=True) as watching:
        while watching.execute("SELECT 1 FROM pg_stat_activity WHERE datname = %s", [name]).fetchone():
            time.sleep(0.005)


def _in_threads(count: int, work: Callable[[], object]) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as exc:
            failures.append(exc)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def _python(code: str, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code, *arguments], **options)
