"""People put aside while a pull goes on: seen by nobody, in nobody's way, and written as they were listed last."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime

import pytest
from sqlalchemy import text

from tests.builders import make_event, make_registrant
from zoomsync.domain.records import Registrant, RegistrantStatus
from zoomsync.errors import StoreError
from zoomsync.store import events, registrants
from zoomsync.store.aside import Aside
from zoomsync.store.schema import Database

PEOPLE = [make_registrant(number) for number in range(130)]  # more than two statements' worth


def digested(people: list[Registrant]) -> list[tuple[Registrant, bytes]]:
    return [(one, one.registrant_id.encode()) for one in people]


def stored(database: Database) -> list[Registrant]:
    with database.read() as db:
        ids = list(db.scalars(text("SELECT id FROM registrant ORDER BY id")))
        found = registrants.registrants_by_row(db, ids)
        return [found[one] for one in ids]


@pytest.fixture
def event_id(database: Database, now: datetime) -> int:
    return database.write(lambda db: events.save_event(db, make_event(), now))


def test_people_are_written_in_the_order_they_came(database: Database, event_id: int, now: datetime) -> None:
    run_id = database.write(lambda db: registrants.begin_run(db, event_id, now=now))
    with database.aside() as connection:
        aside = Aside(connection)
        assert [aside.keep(digested(PEOPLE[:60])), aside.keep(digested(PEOPLE[60:]))] == [0, 60]
        assert stored(database) == []
        assert database.write(lambda db: aside.read(db, [129, 0]), on=connection) == [PEOPLE[129], PEOPLE[0]]
        database.write(lambda db: aside.add(db, range(130), event_id=event_id, run_id=run_id, now=now), on=connection)
    assert stored(database) == PEOPLE
    with database.read() as db:
        known = dict(registrants.known_registrants(db, event_id))
    assert [known[one.key].digest for one in PEOPLE] == [digest for _, digest in digested(PEOPLE)]


def test_who_was_put_aside_again_counts_as_seen_last(database: Database, event_id: int, now: datetime) -> None:
    run_id = database.write(lambda db: registrants.begin_run(db, event_id, now=now))
    waiting, approved = (
        make_registrant(1, status=status) for status in (RegistrantStatus.PENDING, RegistrantStatus.APPROVED)
    )
    with database.aside() as connection:
        aside = Aside(connection)
        aside.keep(digested([waiting, make_registrant(2)]))
        last = aside.keep(digested([approved]))
        database.write(lambda db: aside.add(db, [last], event_id=event_id, run_id=run_id, now=now), on=connection)
    assert stored(database) == [approved]


def test_others_write_while_people_are_put_aside(database: Database, event_id: int, now: datetime) -> None:
    with database.aside() as connection:
        aside = Aside(connection)
        aside.keep(digested(PEOPLE[:2]))
        database.write(lambda db: registrants.begin_run(db, event_id, now=now))
        aside.keep(digested(PEOPLE[2:4]))


def test_no_connection_is_kept_from_the_others(database: Database) -> None:
    with ExitStack() as held:
        for _ in range(10):  # more than the pool has
            held.enter_context(database.aside())
        database.ping()


@pytest.mark.parametrize("database", ["postgres"], indirect=True)  # no server, no connection to lose
def test_what_was_put_aside_is_gone_with_its_connection(database: Database, event_id: int, now: datetime) -> None:
    with database.aside() as connection:
        aside = Aside(connection)
        aside.keep(digested(PEOPLE))
        connection.connection.dbapi_connection.close()  # type: ignore[union-attr]
        with pytest.raises(StoreError, match="nothing was written"):
            database.write(lambda db: aside.add(db, range(130), event_id=event_id, run_id=1, now=now), on=connection)
    assert stored(database) == []


def test_a_file_that_was_replaced_meanwhile_is_not_written_to(sqlite_url: str, now: datetime) -> None:
    database = Database(sqlite_url)
    database.upgrade()
    assert database.file is not None
    with database.aside() as connection:
        aside = Aside(connection)
        database.file.rename(database.file.with_suffix(".old"))
        database.upgrade()
        with pytest.raises(StoreError, match="nothing was written"):
            database.write(lambda db: aside.add(db, [], event_id=1, run_id=1, now=now), on=connection)
    database.close()
