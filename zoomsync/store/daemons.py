"""Which daemons are alive, and the event files each of them reads, in SQL. What follows from it: `daemon`.

`now` is aware UTC, or None for the database's own clock, as in `leases`.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as DbSession

from zoomsync import words
from zoomsync.errors import StoreError
from zoomsync.language import _
from zoomsync.store.leases import moment
from zoomsync.store.schema import Database
from zoomsync.store.tables import DaemonRow

_daemon: Table = DaemonRow.__table__  # type: ignore[attr-defined]

ALIVE_FOR = timedelta(seconds=60)
"""A daemon that was not heard of for longer counts as gone; it beats six times in that time."""
_FORGOTTEN_AFTER = timedelta(days=1)


class LiveDaemon(NamedTuple):
    """owner: "host/pid/...", as leases name it. files: the hash of each event file it reads, by slug."""

    owner: str
    started_at: datetime
    seen_at: datetime
    files: Mapping[str, str]


def beat(db: DbSession, owner: str, files: Mapping[str, str], *, version: str, now: datetime | None) -> None:
    """Say that `owner` is alive and reads these files."""
    insert = sqlite.insert if db.get_bind().dialect.name == "sqlite" else postgresql.insert
    at = moment(db, now)
    values = {"owner": owner, "version": version, "started_at": at, "seen_at": at, "files": dict(files)}
    changed = {"seen_at": at, "files": dict(files), "version": version}
    db.execute(insert(_daemon).values(**values).on_conflict_do_update(index_elements=["owner"], set_=changed))
    db.execute(delete(_daemon).where(_daemon.c.seen_at < moment(db, now) - _FORGOTTEN_AFTER))


def leave(db: DbSession, owner: str) -> None:
    """Say that `owner` has ended."""
    db.execute(delete(_daemon).where(_daemon.c.owner == owner))


def live(db: DbSession, now: datetime | None) -> list[LiveDaemon]:
    """The daemons that were heard of within ALIVE_FOR, by name. One from the future was written by a wrong clock."""
    present = moment(db, now)
    seen = _daemon.c.seen_at
    rows = db.execute(
        select(_daemon).where(seen >= present - ALIVE_FOR, seen <= present + ALIVE_FOR).order_by(_daemon.c.owner)
    )
    return [LiveDaemon(row.owner, row.started_at, row.seen_at, row.files) for row in rows]


@contextmanager
def only_daemon(database: Database) -> Iterator[None]:
    """Hold SQLite's one place for a daemon while the block runs; on Postgres several share the work.

    The lock is the operating system's: a process that died does not keep it. Raises StoreError where it is taken.
    """
    if database.file is None:
        yield
        return
    lock = database.file.with_name(f"{database.file.name}.lock")
    try:
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as exc:
        raise StoreError(
            _("The lock file {lock} cannot be written: {reason}.").format(lock=lock, reason=words.trouble(exc))
        ) from exc
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise StoreError(
                _(
                    "Another daemon{named} is at work on {file}: with SQLite there is one for each "
                    "database. Stop that one first, or use Postgres, where several share the work."
                ).format(named=_named(descriptor), file=database.file)
            ) from exc
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _named(descriptor: int) -> str:
    pid: Any = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
    return _(" (process {pid})").format(pid=pid) if pid.isdigit() else ""
