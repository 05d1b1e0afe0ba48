"""The whole database somewhere else: a backup in one file, a copy from SQLite to Postgres or back."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Table, func, insert, select, text
from sqlmodel import Session, SQLModel

from zoomsync import words
from zoomsync.errors import StoreError
from zoomsync.language import _
from zoomsync.store.schema import Database

BATCH_ROWS = 1000

Progress = Callable[[str, int, int], None]
"""Called after each batch with (table, rows of it copied so far, rows of it in all)."""


def backup(database: Database, file: Path) -> None:
    """Write the whole database, as it is at this moment, into a new SQLite file that its owner alone may read.

    Work may go on meanwhile. From Postgres the result is a SQLite file too: `copy` brings it back.
    The file appears when it is whole. Raises StoreError if it exists already or cannot be written.
    """
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        if file.exists():
            raise FileExistsError
        if database.dialect == "sqlite":
            database.vacuum_into(unfinished)
        else:
            _copy_into(database, unfinished)
        _publish(unfinished, file)
    except FileExistsError as exc:
        raise StoreError(
            _("{file} exists already: a backup never replaces a file; choose another name.").format(file=file)
        ) from exc
    except OSError as exc:
        raise StoreError(
            _("The backup {file} cannot be written: {reason}.").format(file=file, reason=words.trouble(exc))
        ) from exc
    finally:
        unfinished.unlink(missing_ok=True)


def copy(source: Database, target: Database, progress: Progress | None = None) -> dict[str, int]:
    """Copy every row of `source` into the empty `target`, whose schema is made first, in one transaction.

    Any of SQLite and Postgres on either side. `source` is read as it is at one moment and left alone. A thousand rows
    are held in memory at a time. Returns the number of rows of each table, which was counted again in the target.
    Raises StoreError if the target holds anything, the source wants `db upgrade`, or the counts differ.
    """
    if source.file and not source.file.exists():
        raise StoreError(_("There is no database {file} to copy: check the address.").format(file=source.file))
    if not source.is_current():
        raise StoreError(
            _("{database} has an older schema: run `zoomsync db upgrade` on it first.").format(
                database=source.shown_url
            )
        )
    target.upgrade()

    def work(db: Session) -> dict[str, int]:
        into = db.connection()
        _refuse_full(into, target)
        with source.read() as look:
            return {table.name: _copy_table(look.connection(), into, table, progress) for table in _tables()}

    return target.write(work)


def _copy_into(database: Database, file: Path) -> None:
    target = Database(f"sqlite:///{file}")
    try:
        copy(database, target)
    finally:
        target.close()


def _publish(unfinished: Path, file: Path) -> None:
    """Give the whole file its name, durably. Raises FileExistsError if somebody has taken the name meanwhile."""
    with open(unfinished, "rb") as written:
        os.fsync(written.fileno())
    try:
        os.link(unfinished, file)
    except OSError as exc:
        if exc.errno not in (errno.EPERM, errno.EOPNOTSUPP) or file.exists():
            raise
        os.rename(unfinished, file)  # a memory stick's file system knows no links
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _tables() -> list[Table]:
    """Every table, those that others refer to first."""
    return SQLModel.metadata.sorted_tables


def _refuse_full(into: Connection, target: Database) -> None:
    for table in _tables():
        if into.execute(select(table).limit(1)).first() is not None:
            raise StoreError(
                _("{database} is not empty (table {name}): copy into a new database.").format(
                    database=target.shown_url, name=table.name
                )
            )


def _copy_table(source: Connection, into: Connection, table: Table, progress: Progress | None) -> int:
    total = _count(source, table)
    done = 0
    statement = select(table).order_by(*table.primary_key)
    rows = source.execute(statement, execution_options={"yield_per": BATCH_ROWS})
    for batch in rows.mappings().partitions():
        into.execute(insert(table), [dict(row) for row in batch])
        done += len(batch)
        if progress:
            progress(table.name, done, total)
    if _count(into, table) != total:
        raise StoreError(
            _("Table {name}: {total} rows were to be copied, {count} arrived.").format(
                name=table.name, total=total, count=_count(into, table)
            )
        )
    _number_on(into, table)
    return total


def _number_on(into: Connection, table: Table) -> None:
    """Let Postgres number new rows after those that were brought along; SQLite does so by itself."""
    if into.dialect.name == "postgresql" and table.autoincrement_column is not None:
        into.execute(
            text(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) FROM {table.name}"  # noqa: S608
                " HAVING max(id) IS NOT NULL"
            )
        )


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0
