"""One holder a lease, whoever asks at the same time, and nobody for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from zoomsync.store import leases
from zoomsync.store.schema import Database

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def take(database: Database, owner: str, now: datetime | None, for_: timedelta = MINUTE, name: str = "sync:x") -> bool:
    return database.write(lambda db: leases.take(db, name, owner, now, for_))


def keep(database: Database, owner: str, now: datetime | None, for_: timedelta = MINUTE) -> bool:
    return database.write(lambda db: leases.keep(db, "sync:x", owner, now, for_))


def give_back(database: Database, owner: str) -> bool:
    return database.write(lambda db: leases.give_back(db, "sync:x", owner))


def holder(database: Database, now: datetime | None) -> leases.Lease | None:
    with database.read() as db:
        return leases.holder(db, "sync:x", now)


def test_free_lease_is_taken(database: Database, now: datetime) -> None:
    assert holder(database, now) is None
    assert take(database, "a", now)
    assert holder(database, now) == leases.Lease("a", now + MINUTE)


def test_held_lease_is_not_taken_and_stays_as_it_was(database: Database, now: datetime) -> None:
    take(database, "a", now)
    assert not take(database, "b", now + MINUTE - SECOND)
    assert holder(database, now) == leases.Lease("a", now + MINUTE)


def test_leases_of_other_names_are_apart(database: Database, now: datetime) -> None:
    assert take(database, "a", now)
    assert take(database, "b", now, name="sync:y")


def test_lease_is_over_the_moment_it_ends(database: Database, now: datetime) -> None:
    take(database, "a", now)
    assert holder(database, now + MINUTE) is None
    assert take(database, "b", now + MINUTE)
    assert holder(database, now + MINUTE) == leases.Lease("b", now + 2 * MINUTE)


def test_owner_may_take_again(database: Database, now: datetime) -> None:
    take(database, "a", now)
    assert take(database, "a", now + SECOND)
    assert holder(database, now) == leases.Lease("a", now + SECOND + MINUTE)


def test_lease_too_far_ahead_was_left_by_a_wrong_clock_and_counts_as_over(database: Database, now: datetime) -> None:
    take(database, "rehearsal", now + timedelta(days=7))
    assert holder(database, now) is None
    assert take(database, "a", now)
    assert holder(database, now) == leases.Lease("a", now + MINUTE)


def test_lease_of_the_longest_time_is_in_force(database: Database, now: datetime) -> None:
    assert take(database, "a", now, for_=timedelta(minutes=10))
    assert not take(database, "b", now)


@pytest.mark.parametrize("act", [take, keep])
def test_longer_lease_is_refused(act: Callable[..., bool], database: Database, now: datetime) -> None:
    with pytest.raises(ValueError, match="longest"):
        act(database, "a", now, timedelta(minutes=10, seconds=1))


def test_holder_keeps_the_lease(database: Database, now: datetime) -> None:
    take(database, "a", now)
    assert keep(database, "a", now + 30 * SECOND)
    assert not take(database, "b", now + 80 * SECOND)


def test_lease_that_went_to_another_cannot_be_kept(database: Database, now: datetime) -> None:
    take(database, "a", now)
    take(database, "b", now + MINUTE)
    assert not keep(database, "a", now + MINUTE)
    assert holder(database, now + MINUTE) == leases.Lease("b", now + 2 * MINUTE)


def test_lease_that_is_over_but_nobody_took_can_be_kept(database: Database, now: datetime) -> None:
    take(database, "a", now)
    assert keep(database, "a", now + 5 * MINUTE)
    assert holder(database, now + 5 * MINUTE) == leases.Lease("a", now + 6 * MINUTE)


def test_lease_given_back_is_free_at_once(database: Database, now: datetime) -> None:
    take(database, "a", now)
    assert give_back(database, "a")
    assert not keep(database, "a", now)
    assert take(database, "b", now)


def test_lease_of_another_cannot_be_given_back(database: Database, now: datetime) -> None:
    take(database, "a", now)
    assert not give_back(database, "b")
    assert holder(database, now) == leases.Lease("a", now + MINUTE)


def test_naive_now_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="time zone"):
        take(database, "a", datetime(2023, 3, 7, 8))  # noqa: DTZ001


def test_without_now_the_databases_clock_decides(database: Database) -> None:
    before = datetime.now(UTC)
    assert take(database, "a", None)
    held = holder(database, None)

    assert held is not None
    assert abs(held.until - before - MINUTE) < timedelta(seconds=30)
    assert not take(database, "b", None)
    assert keep(database, "a", None, for_=timedelta(0))
    assert holder(database, None) is None
    assert take(database, "b", None)


def test_of_many_that_race_one_wins(database: Database, now: datetime) -> None:
    """Each with connections of its own, as processes have; first for a free lease, then for one that is over."""
    for moment in (now, now + MINUTE):
        winners: list[str] = []
        start = threading.Barrier(6)

        def race(owner: str, moment: datetime = moment, start: threading.Barrier = start) -> None:
            mine = Database(database.url)
            try:
                mine.ping()
                start.wait()
                if take(mine, owner, moment):
                    winners.append(owner)  # noqa: B023 - the threads end within this round
            finally:
                mine.close()

        threads = [threading.Thread(target=race, args=(f"{moment} {n}",)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(winners) == 1
        assert holder(database, moment) == leases.Lease(winners[0], moment + MINUTE)
