"""What a mail host takes, and what will not fit into it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import SESSION_1, SESSION_2, utc
from zoomsync.domain.capacity import Batch, HostLimit, Shortfall, due_by_day, shortfalls, usual_limit

ZONES = {"e": "America/Guatemala"}
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
NOW = utc(2023, 2, 20)
EVE = Batch("e", "Sesión 1", "before:1d 17:00", 1_200, utc(2023, 3, 6, 23), utc(2023, 3, 7, 6), SESSION_1)
LAST = Batch("e", "Sesión 1", "before:1h", 1_200, SESSION_1 - HOUR, SESSION_1, SESSION_1)


def short(
    *batches: Batch, cap: int = 500, window: timedelta = DAY, **changes: Any
) -> list[tuple[str, int, str | None]]:
    found: list[Shortfall] = shortfalls(
        batches, [(window, cap)], changes.get("now", NOW), ZONES, changes.get("used", ())
    )
    return [(one.batch.kind, one.fits, one.better) for one in found]


def test_what_fits_is_no_shortfall_and_without_a_cap_all_fits() -> None:
    assert shortfalls([EVE, LAST], (), NOW, ZONES) == []
    assert short(EVE, cap=1_200) == []
    assert short(LAST, cap=20, window=MINUTE) == []  # sixty minutes


def test_a_day_s_limit_asks_for_a_reminder_days_before() -> None:
    """From 17:00 three days before on there are three days' worth of room."""
    assert short(EVE) == [("before:1d 17:00", 500, "3d 17:00")]


def test_an_hour_s_limit_asks_for_some_hours_more() -> None:
    assert short(LAST, cap=500, window=HOUR) == [("before:1h", 500, "3h")]
    assert short(LAST, cap=10, window=MINUTE) == [("before:1h", 600, "2h")]


def test_the_reminder_before_it_bounds_how_early_it_may_be() -> None:
    kinds = short(EVE, LAST, cap=1_200)
    assert kinds == [("before:1h", 0, None)], "the eve's mail has used the day up, and nothing is between the two"


def test_the_nearest_session_goes_first() -> None:
    other = replace(EVE, session="Sesión 2", starts_at=SESSION_2, expires_at=SESSION_2, count=400, due_at=EVE.due_at)
    assert short(other, replace(EVE, count=500)) == []
    assert [fits for _, fits, _ in short(replace(other, expires_at=EVE.expires_at), replace(EVE, count=500))] == [0]


def test_what_was_handed_over_before_counts_until_its_day_is_over() -> None:
    batch = replace(EVE, count=300)
    assert short(batch, used=[(EVE.due_at - timedelta(hours=20), 400)]) == []
    assert short(batch, used=[(EVE.due_at - timedelta(hours=2), 400)])[0][1] == 100


def test_what_is_left_of_a_batch_takes_no_more_room_than_it_needs() -> None:
    some_days = {"due_at": utc(2023, 3, 4, 23), "expires_at": utc(2023, 3, 6, 6)}
    first = replace(EVE, count=700, **some_days)
    assert short(first, replace(first, session="Sesión 2", starts_at=SESSION_2, count=300)) == []


def test_one_at_a_time_goes_on() -> None:
    assert short(replace(LAST, count=3), cap=1, window=MINUTE) == []


def test_a_reminder_by_the_clock_is_of_the_events_zone_and_never_of_the_day_itself() -> None:
    """Ten hours are wanted before the midnight of Guatemala; and five before a session at one."""
    assert short(replace(EVE, count=5_000), window=HOUR) == [("before:1d 17:00", 3_500, "1d 12:00")]
    at_one = {"starts_at": SESSION_1 + 5 * HOUR, "expires_at": SESSION_1 + 5 * HOUR, "due_at": SESSION_1 + 4 * HOUR}
    assert short(replace(LAST, count=2_400, **at_one), window=HOUR) == [("before:1h", 500, "6h")]


def test_two_weeks_before_is_the_earliest_that_is_proposed() -> None:
    assert short(replace(EVE, count=1_400), cap=100) == [("before:1d 17:00", 100, "14d 17:00")]
    assert short(replace(EVE, count=1_401), cap=100) == [("before:1d 17:00", 100, None)]


def test_what_is_proposed_is_still_to_come() -> None:
    two_hours_before = SESSION_1 - 2 * HOUR
    some = replace(LAST, count=1_000)
    assert short(some, window=HOUR, now=two_hours_before - MINUTE) == [("before:1h", 500, "2h")]
    assert short(some, window=HOUR, now=two_hours_before) == [("before:1h", 500, None)]


def test_none_is_proposed_that_only_pushes_out_another() -> None:
    """At 17:00 two days before, it would take the room of one that cannot wait."""
    nearer = replace(EVE, count=200)
    other = Batch("e", "Sesión 2", "welcome", 100, utc(2023, 3, 5, 23), utc(2023, 3, 6, 22), SESSION_2)
    assert short(nearer, other, cap=100) == [("before:1d 17:00", 100, "3d 12:00")]
    assert short(other, nearer, cap=100) == [("before:1d 17:00", 100, "3d 12:00")]


def test_days_are_those_of_the_zone() -> None:
    late = replace(EVE, count=7, due_at=utc(2023, 3, 7, 3))
    assert list(due_by_day([late], "America/Guatemala").values()) == [7]
    assert f"{next(iter(due_by_day([late], 'America/Guatemala')))}" == "2023-03-06", "nine in the evening there"
    days = due_by_day([EVE, LAST, replace(EVE, count=1)], "America/Guatemala")
    assert [(f"{day}", count) for day, count in days.items()] == [("2023-03-06", 1_201), ("2023-03-07", 1_200)]


@pytest.mark.parametrize(
    ("host", "username", "per_day", "per_minute"),
    [
        ("smtp.gmail.com", "ana@gmail.com", 500, None),
        ("smtp.gmail.com.", "Ana@GoogleMail.com ", 500, None),
        ("SMTP.gmail.com", "info@redciudadana.org.gt", 2_000, None),
        ("smtp.office365.com", "", 10_000, 30),
        ("smtp-mail.outlook.com", "", 300, None),
        ("smtp-relay.brevo.com", "", 300, None),
        ("email-smtp.us-east-1.amazonaws.com", "", 200, 60),
    ],
)
def test_known_hosts(host: str, username: str, per_day: int, per_minute: int | None) -> None:
    limit = usual_limit(host, username)
    assert limit is not None
    assert (limit.per_day, limit.per_minute) == (per_day, per_minute)


def test_a_host_that_is_not_known_has_no_usual_limit() -> None:
    assert usual_limit("mail.example.org") is None
    assert usual_limit("smtp.gmail.com.example.org") is None


def test_a_hosts_caps_are_those_it_has() -> None:
    assert HostLimit("a host", per_day=300, per_minute=30).windows() == [(MINUTE, 30), (DAY, 300)]
    assert HostLimit("a host", per_hour=50).windows() == [(HOUR, 50)]
