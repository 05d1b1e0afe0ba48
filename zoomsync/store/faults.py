"""What the drivers of SQLite and Postgres raise, read: does it pass by itself, and what should a person do?"""

from __future__ import annotations

import sqlite3

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from zoomsync.language import _

# Conditions under which the same transaction may well succeed a moment later (PostgreSQL docs, appendix A).
PASSING_STATES = {
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
    "55P03",  # lock_not_available: lock_timeout
    "57P01",  # admin_shutdown
    "57P02",  # crash_shutdown
    "57P03",  # cannot_connect_now: the server is starting
}


def passes(error: BaseException) -> bool:
    """Whether running the whole transaction again may help: somebody was in the way, or the connection was lost."""
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        return _sqlite_code(error.orig) == sqlite3.SQLITE_BUSY
    state = _state(error)
    if state is None:
        return error.connection_invalidated or _is_away(str(error.orig))
    return state in PASSING_STATES or state.startswith("08")


def explain(error: DBAPIError | sqlite3.Error, url: URL) -> str | None:
    """One line for a person, without the password; None where the fault is in our own SQL."""
    if isinstance(error, sqlite3.Error):
        return _explain_sqlite(error, url)
    if isinstance(error.orig, sqlite3.Error):
        return _explain_sqlite(error.orig, url)
    return _explain_postgres(error, url)


def _explain_sqlite(error: sqlite3.Error, url: URL) -> str | None:
    file, words = url.database, str(error)
    texts = {
        sqlite3.SQLITE_BUSY: _(
            "The database {file} stayed locked by another program: close it, or try again later."
        ).format(file=file),
        sqlite3.SQLITE_READONLY: _(
            "The database {file} cannot be written: check who owns the file and its folder."
        ).format(file=file),
        sqlite3.SQLITE_PERM: _("The database {file} cannot be opened: check who owns the file and its folder.").format(
            file=file
        ),
        sqlite3.SQLITE_CANTOPEN: _(
            "The database {file} cannot be opened: the file is missing (`zoomsync db upgrade` "
            "makes a new one), or it and its folder may not be read and written."
        ).format(file=file),
        sqlite3.SQLITE_FULL: _("The disk is full: nothing can be written to {file}; make room.").format(file=file),
        sqlite3.SQLITE_IOERR: _(
            "The disk failed under the database {file} ({words}): check the disk, and that it is not full."
        ).format(file=file, words=words),
        sqlite3.SQLITE_CORRUPT: _("The database {file} is damaged ({words}): put back the last backup.").format(
            file=file, words=words
        ),
        sqlite3.SQLITE_NOTADB: _("{file} is not a SQLite database: check ZOOMSYNC_DATABASE_URL.").format(file=file),
    }
    if words.startswith("no such table"):
        return _not_migrated(str(file))
    return texts.get(_sqlite_code(error))


def _explain_postgres(error: DBAPIError, url: URL) -> str | None:
    words, state = _without_password(str(error.orig), url), _state(error)
    shown = url.render_as_string(hide_password=True)
    if state == "42P01":  # undefined_table
        return _not_migrated(shown)
    if state == "55P03":
        return _("The database {shown} stayed locked by another program: try again later.").format(shown=shown)
    if state == "57014":  # query_canceled: statement_timeout
        return _("The database {shown} took more than 30 seconds for one step: try again later.").format(shown=shown)
    if state == "53100":  # disk_full
        return _("The disk of the database {shown} is full: make room.").format(shown=shown)
    if state in ("42501", "25006"):  # insufficient_privilege, read_only_sql_transaction
        return _("The database {shown} may not be written by this user ({words}): grant it the rights.").format(
            shown=shown, words=_first_line(words)
        )
    if "authentication failed" in words or "no password supplied" in words:
        return _("Postgres refused user or password: check ZOOMSYNC_DATABASE_URL ({shown}).").format(shown=shown)
    if state == "3D000" or ("database" in words and "does not exist" in words):
        return _("The database of {shown} does not exist: create it (`createdb {database}`).").format(
            shown=shown, database=url.database
        )
    if passes(error) or error.connection_invalidated:
        return _("The database {shown} cannot be reached ({words}): check that the server runs.").format(
            shown=shown, words=_first_line(words)
        )
    if state is None or state[:2] in ("08", "28", "53", "57", "58"):
        return _("The database {shown} failed ({words}).").format(shown=shown, words=_first_line(words))
    return None


def _not_migrated(where: str) -> str:
    return _("The database {where} does not hold zoomsync's tables yet: run `zoomsync db upgrade`.").format(where=where)


def _sqlite_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; the extended ones carry it in their low byte."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _state(error: DBAPIError) -> str | None:
    """SQLSTATE, which Postgres gives for a statement; a connection that never came about has none."""
    state = getattr(error.orig, "sqlstate", None)
    return state if isinstance(state, str) else None


def _is_away(words: str) -> bool:
    return any(
        sign in words for sign in ("Connection refused", "No such file", "timeout", "starting up", "shutting down")
    )


def _first_line(words: str) -> str:
    return words.strip().partition("\n")[0]


def _without_password(words: str, url: URL) -> str:
    return words.replace(str(url.password), "***") if url.password else words
