"""The database of one process: engines, whole transactions, the schema's version. No query of the house lives here.

SQLite and Postgres are made to behave alike: a write is one whole transaction that is tried again as a whole, a read is
one consistent look, and what a driver raises becomes one line that says what to do. Tables: `tables`; their history:
`migrations/`. Alembic is imported only when there is something to migrate.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, DisconnectionError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlmodel import Session
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from zoomsync import words
from zoomsync.clock import Sleep
from zoomsync.errors import SchemaTooNew, StoreError
from zoomsync.language import _
from zoomsync.store import faults
from zoomsync.store.tables import InstallationRow

T = TypeVar("T")

TRIES = 4  # of one transaction; with the waits of the databases themselves a lock of half a minute is outlived
BUSY_TIMEOUT_S = 10.0
TURN_TIMEOUT_S = 60.0  # of a thread waiting for the other threads of its process
MOUNTS = Path("/proc/mounts")
UPGRADE_LOCK = 0x7A6F6F6D  # "zoom": the advisory lock that lets one process at a time migrate a Postgres database

POSTGRES_SETTINGS = {
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
}

# SQLite's locks and its shared memory do not hold between machines: two writers would ruin the file.
NETWORK_FILE_SYSTEMS = {
    "9p", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.ceph", "fuse.davfs", "fuse.glusterfs", "fuse.s3fs",
    "fuse.sshfs", "gfs2", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs",
}  # fmt: skip


class Database:
    """The database of one process; its threads may share it. Connects to nothing until it is used.

    url: "sqlite:///file.db" (a path as SQLAlchemy reads it: three slashes relative, four absolute) or
    "postgresql+psycopg://user:password@host/name". application_name: how Postgres's own lists name this process.
    busy_timeout_s: how long SQLite waits for another writer before one try counts as failed.
    Raises StoreError if the URL is none of the two.
    """

    def __init__(
        self,
        url: str,
        *,
        application_name: str = "zoomsync",
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        sleep: Sleep = time.sleep,
    ) -> None:
        self.url = url
        self._url = _understood(url)
        self.dialect = self._url.get_backend_name()
        self._application_name = application_name
        self._busy_timeout_s = busy_timeout_s
        self._sleep = sleep
        # SQLite's writers poll for the lock and may starve one another: those of one process queue here instead.
        self._turn = threading.Lock()
        if self.dialect == "sqlite":
            self._writer = self._sqlite_engine(begin="BEGIN IMMEDIATE")
            self._reader = self._sqlite_engine(begin="BEGIN", read_only=True)
        else:
            self._writer = self._postgres_engine()
            # The same pool; REPEATABLE READ makes every statement of a look see the same moment, as on SQLite.
            self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @property
    def shown_url(self) -> str:
        """The URL with the password hidden, for people and logs."""
        return self._url.render_as_string(hide_password=True)

    @property
    def file(self) -> Path | None:
        """SQLite's file, absolute; None on Postgres."""
        return Path(self._url.database or "").absolute() if self.dialect == "sqlite" else None

    # ------------------------------------------------------------------------------------------------ transactions

    def write(self, work: Callable[[Session], T], *, on: Connection | None = None) -> T:
        """Run `work` in one transaction, commit, and give what it returned. on: a connection that `aside` gave.

        Where another process was in the way, or the connection had died before the commit, the whole of `work` is run
        again, a few times: it must touch nothing but its session. Objects keep their values after the commit.
        Raises StoreError; what `work` raises rolls back and passes through.
        """
        tries = Retrying(
            retry=retry_if_exception(faults.passes),
            stop=stop_after_attempt(TRIES),
            wait=wait_random_exponential(multiplier=0.5, max=5),
            sleep=self._sleep,
            reraise=True,
        )
        with self._explained():
            answer: T = tries(self._write_once, work, on)
            return answer

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent, read-only look: everything read in it is of the same moment. Raises StoreError."""
        with self._explained(), Session(self._reader) as db:
            yield db

    @contextmanager
    def aside(self) -> Iterator[Connection]:
        """A connection that is nobody else's until it is closed, for temporary tables. It is none of the pool's, so
        that whoever waits for Zoom meanwhile keeps no other thread from the database. Raises StoreError.
        """
        with self._explained():
            connection = self._writer.connect()
        with connection:
            connection.detach()
            yield connection

    def close(self) -> None:
        """Close idle connections. The database may be used again: it then connects anew."""
        self._writer.dispose()
        self._reader.dispose()

    def _write_once(self, work: Callable[[Session], T], on: Connection | None) -> T:
        if on is not None and (on.closed or on.invalidated or not self._same_file(on.info)):
            raise StoreError(_("The connection to the database broke while Zoom was asked; nothing was written."))
        with self._queued(), Session(on or self._writer, expire_on_commit=False) as db:
            answer = work(db)
            db.flush()
            try:
                db.commit()
            except DBAPIError as exc:
                if exc.connection_invalidated:
                    # It may have been written: only the caller's next look can tell, so it is not run again here.
                    raise StoreError(
                        _(
                            "The connection to the database broke while a change was being committed; whether it "
                            "was written is not known. The next run will look and go on from there."
                        )
                    ) from exc
                raise
            return answer

    def _same_file(self, info: dict[Any, Any]) -> bool:
        return self.file is None or info["inode"] == _inode(self.file)

    @contextmanager
    def _queued(self) -> Iterator[None]:
        if self.dialect != "sqlite":
            yield
            return
        if not self._turn.acquire(timeout=TURN_TIMEOUT_S):
            raise StoreError(
                _("The database {database} stayed locked by another thread of this process.").format(
                    database=self.shown_url
                )
            )
        try:
            yield
        finally:
            self._turn.release()

    # ------------------------------------------------------------------------------------------------------ schema

    def current(self) -> str | None:
        """The schema's version in the database; None while it holds none, or SQLite's file does not exist."""
        if self.file and not self.file.exists():
            return None
        with self.read() as db:
            return _version(db.connection())

    def newest(self) -> str:
        """The schema's version that this zoomsync was written for."""
        return max(_versions())

    def is_current(self) -> bool:
        """Whether the database's schema is the newest. Raises SchemaTooNew if it is newer than this zoomsync."""
        current = self.current()
        self._refuse_newer(current)
        return current == self.newest()

    def upgrade(self) -> None:
        """Bring the schema to the newest version, creating SQLite's file (readable by its owner alone) if need be.

        All steps are one transaction: a crash leaves the old schema or the new one. Of two processes that start
        together one migrates and the other finds it done. Raises StoreError, SchemaTooNew.
        """
        if self.file:
            _create_private(self.file)
        if not self.is_current():
            self.write(self._migrate)

    def _migrate(self, db: Session) -> None:
        connection = db.connection()
        if self.dialect == "postgresql":
            # Set for this transaction alone: waiting for the other process, and a long step, are no fault here.
            connection.execute(text("SET LOCAL lock_timeout = '60s'"))
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
        current = _version(connection)
        self._refuse_newer(current)
        if current == self.newest():
            return
        # Half a second of imports that a database in order does not need.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", "zoomsync.store:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    def _refuse_newer(self, current: str | None) -> None:
        if current is not None and current not in _versions():
            raise SchemaTooNew(
                _(
                    "The database {database} has schema {current}, newer than this zoomsync knows (up "
                    "to {newest}): upgrade zoomsync."
                ).format(database=self.shown_url, current=current, newest=self.newest())
            )

    # ------------------------------------------------------------------------------------------------------ health

    def ping(self) -> None:
        """Ask the database for a sign of life. Raises StoreError."""
        with self.read() as db:
            db.execute(text("SELECT 1"))

    def check(self) -> None:
        """Look for damage (SQLite) and prove that a row can be written, which is rolled back. Raises StoreError."""
        if self.file:
            with self.read() as db:
                verdict = db.scalar(text("PRAGMA quick_check(1)"))
            if verdict != "ok":
                raise StoreError(
                    _("{file} is damaged ({verdict}): put back the last backup.").format(
                        file=self.file, verdict=verdict
                    )
                )

        def write_and_undo(db: Session) -> None:
            db.add(InstallationRow(name="check", value="rolled back"))
            db.flush()
            db.rollback()

        self.write(write_and_undo)

    def vacuum_into(self, file: Path) -> None:
        """Write SQLite's database, as it is at this moment, into `file`, which must not exist. Raises StoreError.

        VACUUM may not run in a transaction, so it goes by the driver's own connection.
        """
        _create_private(file)
        with self._explained():
            connection = self._writer.raw_connection()
            try:
                connection.cursor().execute("VACUUM INTO ?", (str(file),))
            finally:
                connection.close()

    def clear_freed(self) -> bool:
        """Have nothing in SQLite's file that no row holds any more: what was erased is still in the bytes of its free
        pages and in the log of the last writes. The file is written anew, which takes seconds, not minutes.

        False where others were reading all the while, so that the log could not be emptied: to be tried again.
        On Postgres that is `autovacuum`'s work, and the answer is True. Raises StoreError.
        """
        if self.dialect != "sqlite":
            return True
        with self._explained(), self._queued():
            connection = self._writer.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute("VACUUM")
                # Waits for readers as long as for any lock (busy_timeout_s).
                busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                return not busy
            finally:
                connection.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Driver errors as StoreError; what only a mistake of ours can cause stays as it is."""
        try:
            yield
        except PoolExhausted as exc:
            raise StoreError(_("Too many threads wanted the database at once; try again.")) from exc
        except (IntegrityError, DataError):
            raise
        except (DBAPIError, sqlite3.Error) as exc:
            explanation = faults.explain(exc, self._url)
            if explanation is None:
                raise
            raise StoreError(explanation) from exc

    # ----------------------------------------------------------------------------------------------------- engines

    def _postgres_engine(self) -> Engine:
        defaults = {"application_name": self._application_name, "connect_timeout": 10}
        engine = create_engine(
            self._url,
            # Values are personal data: they stay out of error texts.
            hide_parameters=True,
            pool_size=4,
            max_overflow=4,
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",
            connect_args={name: value for name, value in defaults.items() if name not in self._url.query},
        )
        event.listen(engine, "connect", _set_up_postgres)
        return engine

    def _sqlite_engine(self, *, begin: str, read_only: bool = False) -> Engine:
        """An engine whose transactions open with `begin`: the driver's own way of opening them loses updates."""
        file = self.file
        assert file is not None
        engine = create_engine(
            # mode=rw: a file that has gone is an error, not a new empty database.
            URL.create("sqlite", database=f"file:{quote(str(file))}", query={"mode": "rw", "uri": "true"}),
            hide_parameters=True,
            pool_size=4,
            max_overflow=4,
            connect_args={"isolation_level": None, "timeout": self._busy_timeout_s, "check_same_thread": False},
        )

        @event.listens_for(engine, "connect")
        def set_up(driver: Any, record: Any) -> None:
            _refuse_network(file)
            record.info["inode"] = _inode(file)
            # Counts for a new file alone. A registrant's row fills an eighth of SQLite's usual page, its audit as much.
            for pragma in ("page_size=8192", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                driver.execute(f"PRAGMA {pragma}")
            if read_only:
                driver.execute("PRAGMA query_only=ON")

        @event.listens_for(engine, "checkout")
        def same_file(driver: Any, record: Any, proxy: Any) -> None:
            # A file that was deleted or replaced lives on for whoever has it open, and what they write is lost.
            if not self._same_file(record.info):
                raise DisconnectionError

        @event.listens_for(engine, "checkin")
        def nothing_open(driver: Any, record: Any) -> None:
            # After a COMMIT that a lock refused SQLite's transaction stands open, while SQLAlchemy takes it for ended.
            if driver is not None and driver.in_transaction:
                driver.rollback()

        @event.listens_for(engine, "begin")
        def begin_explicitly(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        @event.listens_for(engine, "commit")
        def still_whole(connection: Connection) -> None:
            # A full disk makes SQLite roll back by itself; whoever went on regardless would commit half.
            if not connection.connection.dbapi_connection.in_transaction:  # type: ignore[union-attr]
                raise StoreError(
                    _("SQLite gave up a transaction on {file} by itself; nothing of it was written.").format(file=file)
                )

        return engine


def _understood(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is not None and parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    if parsed is not None and parsed.get_backend_name() in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    raise StoreError(_("The database URL must be sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME."))


def _versions() -> set[str]:
    """The schema versions this zoomsync knows: the numbers its migration files begin with."""
    files = resources.files("zoomsync.store").joinpath("migrations", "versions").iterdir()
    return {file.name.partition("_")[0] for file in files if file.name[:1].isdigit() and file.name.endswith(".py")}


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def _inode(file: Path) -> int | None:
    try:
        return file.stat().st_ino
    except OSError:
        return None


def _create_private(file: Path) -> None:
    """An empty file that its owner alone may read, unless there is one already. Raises StoreError."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        if file.is_dir():
            raise StoreError(_("The database {file} is a folder: name a file in it.").format(file=file)) from None
        return
    except FileNotFoundError as exc:
        raise StoreError(
            _("The folder {parent} for the database does not exist: create it.").format(parent=file.parent)
        ) from exc
    except OSError as exc:
        raise StoreError(
            _("The database {file} cannot be created: {reason}.").format(file=file, reason=words.trouble(exc))
        ) from exc


def _refuse_network(file: Path) -> None:
    """Raise StoreError if the file lies on a network file system, as far as Linux tells; elsewhere say nothing."""
    try:
        mounts = MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    here, deepest, kind = file.parent.resolve(), Path("/"), ""
    # The last mount of the deepest folder is the one in force. Mount points write a space as \\040.
    for fields in (line.split() for line in mounts.splitlines()):
        point = Path(fields[1].replace("\\040", " "))
        if here.is_relative_to(point) and len(point.parts) >= len(deepest.parts):
            deepest, kind = point, fields[2]
    if kind in NETWORK_FILE_SYSTEMS:
        raise StoreError(
            _(
                "{file} lies on a network file system ({kind}), where SQLite loses data: move it to "
                "a local disk, or use Postgres."
            ).format(file=file, kind=kind)
        )


def _set_up_postgres(driver: Any, record: Any) -> None:
    with driver.cursor() as cursor:
        for name, value in POSTGRES_SETTINGS.items():
            cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
    driver.commit()
