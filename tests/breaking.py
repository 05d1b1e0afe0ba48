"""Has the n-th call of a process to its database, or over its sockets, fail: once, or from there on.

Real calls fail in the driver, so that everything above it is the program's own: SQLAlchemy's dialects, and Python's
sockets (Zoom and SMTP; Postgres talks through a C library). Only sockets that connect are counted, not those of a
server in the same process.
"""

from __future__ import annotations

import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch
from weakref import WeakSet

import psycopg
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

KINDS = ("refused", "lost", "unanswered", "reset", "silent")
"""refused: a statement or commit, as by a full disk, which a second try does not help. lost: the same, by a connection
that broke (Postgres) or a lock (SQLite). unanswered: a commit that was made, and whose answer did not come any more.
reset, silent: a socket whose other end is gone, or says nothing."""


@dataclass
class Breaker:
    """kind: one of KINDS. fatal: the number, from 1, of the call that fails. lasting: so do all that follow.

    passed: how many calls there were. struck: whether one failed.
    """

    kind: str
    fatal: int
    lasting: bool = False
    on_strike: Callable[[], None] = lambda: None
    passed: int = 0
    struck: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ours: WeakSet[socket.socket] = field(default_factory=WeakSet)

    def strikes(self) -> bool:
        """Count a call, and say whether it is to fail."""
        with self._lock:
            self.passed += 1
            if self.passed < self.fatal or (self.struck and not self.lasting):
                return False
            if not self.struck:
                self.struck = True
                self.on_strike()
            return True

    @contextmanager
    def at_work(self) -> Iterator[Breaker]:
        """Count, and strike, while the block runs."""
        with ExitStack() as patches:
            for owner, name, act in self._spoilt():
                patches.enter_context(patch.object(owner, name, act))
            yield self

    def _spoilt(self) -> Iterator[tuple[Any, str, Any]]:
        if self.kind in ("reset", "silent"):
            for name in ("connect", "send", "sendall", "recv", "recv_into"):
                yield socket.socket, name, self._over_a_socket(name, getattr(socket.socket, name))
            return
        for dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):
            if self.kind != "unanswered":
                yield dialect, "connect", self._connecting(dialect.connect)
                for name in ("do_execute", "do_executemany", "do_execute_no_params"):
                    yield dialect, name, self._executing(getattr(dialect, name))
            yield dialect, "do_commit", self._committing(dialect.do_commit)

    # ------------------------------------------------------------------------------------------------ the database

    def _connecting(self, act: Any) -> Any:
        def spoilt(dialect: Any, *given: Any, **named: Any) -> Any:
            if self.strikes():
                raise self._no_connection(dialect)
            return act(dialect, *given, **named)

        return spoilt

    def _executing(self, act: Any) -> Any:
        def spoilt(dialect: Any, cursor: Any, *given: Any, **named: Any) -> Any:
            if self.strikes():
                raise self._broken(cursor.connection)
            return act(dialect, cursor, *given, **named)

        return spoilt

    def _committing(self, act: Any) -> Any:
        def spoilt(dialect: Any, connection: Any) -> None:
            strikes = self.strikes()
            if strikes and self.kind != "unanswered":
                if self.kind == "refused":
                    _driver(connection).rollback()  # what a commit that failed leaves is no transaction
                raise self._broken(_driver(connection), within=False)
            act(dialect, connection)
            if strikes:
                raise _lost(_driver(connection))

        return spoilt

    def _no_connection(self, dialect: Any) -> Exception:
        if isinstance(dialect, PGDialect_psycopg):
            return psycopg.OperationalError("connection failed: Connection refused")
        return _sqlite_error(sqlite3.SQLITE_CANTOPEN, "unable to open database file")

    def _broken(self, connection: Any, *, within: bool = True) -> Exception:
        """An error of the driver's, and the connection as such an error leaves it. within: within a transaction."""
        if isinstance(connection, sqlite3.Connection):
            if self.kind == "lost":
                return _sqlite_error(sqlite3.SQLITE_BUSY, "database is locked")
            if connection.in_transaction:
                connection.rollback()  # SQLite does so by itself
            return _sqlite_error(sqlite3.SQLITE_FULL, "database or disk is full")
        if self.kind == "lost":
            return _lost(connection)
        if within:
            with suppress(psycopg.Error):
                connection.execute("SELECT 1 / 0")  # the transaction can only be rolled back now
        return psycopg.errors.DiskFull("could not extend file: No space left on device")

    # --------------------------------------------------------------------------------------------------- sockets

    def _over_a_socket(self, name: str, act: Any) -> Any:
        def spoilt(client: socket.socket, *given: Any, **named: Any) -> Any:
            if name == "connect":
                self._ours.add(client)
            if client in self._ours and self.strikes():
                if self.kind == "silent":
                    raise TimeoutError("timed out")
                client.close()
                raise ConnectionResetError(104, "Connection reset by peer")
            return act(client, *given, **named)

        return spoilt


def _driver(connection: Any) -> Any:
    """The driver's own connection behind SQLAlchemy's."""
    return getattr(connection, "driver_connection", None) or connection


def _lost(connection: Any) -> Exception:
    if isinstance(connection, sqlite3.Connection):
        return _sqlite_error(sqlite3.SQLITE_IOERR, "disk I/O error")
    connection.close()
    return psycopg.OperationalError("consuming input failed: server closed the connection unexpectedly")


def _sqlite_error(code: int, words: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(words)
    error.sqlite_errorcode = code
    return error
