"""New registrants put aside while a pull goes on, in a temporary table that one connection alone sees.

A pull counts when it is whole, and not before. Put aside page by page, while the next is on its way, a first pull of
tens of thousands is written by one statement in the end, and the database is locked for half as long. A temporary
table takes no lock on SQLite's file; it is held in memory there, so that no copy of personal data lies about.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import Column, Connection, Integer, MetaData, Table, bindparam, delete
from sqlalchemy.orm import Session as DbSession
from sqlalchemy.schema import CreateTable

from zoomsync.domain.records import Registrant
from zoomsync.store import registrants as stored
from zoomsync.store.tables import RegistrantRow

_KEPT = (*stored.KEY, *stored.PULLED, "digest")

_aside = Table(
    "registrant_aside",
    MetaData(),
    Column("number", Integer, primary_key=True),
    *(Column(name, RegistrantRow.__table__.c[name].type) for name in _KEPT),  # type: ignore[attr-defined]
    prefixes=["TEMPORARY"],
)


class Aside:
    """Where one pull puts its registrants, each with a number, from 0 on as they come.

    Of a list that is read again everybody is put aside again: who counts is known when the lists add up.
    connection: what `Database.aside` gave; whatever is done with them is done on it.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._count = 0
        self._dialect = connection.dialect.name
        # The driver's own connection: SQLAlchemy would begin a transaction, and with it lock SQLite's file.
        self._driver = connection.connection
        cursor = self._driver.cursor()
        if self._dialect == "sqlite":
            cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.execute(str(CreateTable(_aside).compile(dialect=connection.dialect)))
        self._driver.commit()

    def keep(self, rows: Sequence[tuple[Registrant, bytes]]) -> int:
        """Put registrants aside with their digests, and give the number of the first (`domain.records.Keep`)."""
        first = self._count
        self._count += len(rows)
        values = [
            (number, *stored.pulled_values(self._dialect, one), digest)
            for number, (one, digest) in enumerate(rows, first)
        ]
        if self._dialect == "sqlite":
            self._insert(values)
        else:
            self._copy(values)
        return first

    def _insert(self, values: Sequence[tuple[Any, ...]]) -> None:
        row = f"({', '.join('?' for _ in ('number', *_KEPT))})"
        cursor = self._driver.cursor()
        for together in stored.batched(values):
            statement = f"INSERT INTO registrant_aside VALUES {', '.join(row for _ in together)}"  # noqa: S608
            cursor.execute(statement, tuple(chain.from_iterable(together)))

    def _copy(self, values: Sequence[tuple[Any, ...]]) -> None:
        """Postgres's own way of taking rows in, for a third of an INSERT's work here."""
        with self._driver.cursor().copy("COPY registrant_aside FROM STDIN") as copy:
            for one in values:
                copy.write_row(one)
        self._driver.commit()

    def read(self, db: DbSession, numbers: Sequence[int]) -> list[Registrant]:
        """Some of those put aside, in the order given."""
        found = stored.registrants_by(db, _aside.c.number, numbers)
        return [found[number] for number in numbers]

    def add(self, db: DbSession, numbers: Collection[int], *, event_id: int, run_id: int, now: datetime) -> None:
        """Make these registrants of an event, in the order they came. Their audit: `registrants.audit_added`."""
        if others := set(range(self._count)).difference(numbers):
            one = delete(_aside).where(_aside.c.number == bindparam("other"))
            db.connection().execute(one, [{"other": number} for number in others])
        alike = stored.alike_values(self._dialect, event_id, run_id=run_id, now=now)
        marks = ", ".join("?" if self._dialect == "sqlite" else "%s" for _ in alike)
        # WHERE: without it SQLite takes ON CONFLICT for a join's ON.
        rows = f"SELECT {', '.join(_KEPT)}, {marks} FROM registrant_aside WHERE true ORDER BY number"  # noqa: S608
        db.connection().exec_driver_sql(stored.upsert_sql(rows), alike)
