"""The moment a reminder is due, computed to the second on both sides of every change of clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import make_lead, utc
from tests.domain.reminder_rules import after_lead_moment, first_moment_at_or_after, lead_moment
from zoomsync.domain.moments import after_moment, day_begins_at, moment
from zoomsync.domain.records import Lead

NEW_YORK = ZoneInfo("America/New_York")  # 12 March 2023: 2:00 becomes 3:00; 5 November: 2:00 becomes 1:00

ZONES = (
    "America/New_York",
    "America/Santiago",  # at midnight
    "America/Havana",  # at midnight
    "America/Asuncion",  # at midnight, until 2024
    "Europe/Madrid",
    "Europe/Dublin",  # its winter is the odd half of the year
    "Africa/Casablanca",  # around Ramadan, and the other way about
    "Asia/Beirut",  # at midnight
    "Australia/Lord_Howe",  # by half an hour
    "America/Guatemala",  # never
)
LEADS = ("24h", "1h", "90m", "1d", "3d", "1d 18:00", "1d 00:00", "1d 02:30", "2d 00:30")


def test_hours_are_exact_across_a_change() -> None:
    start = datetime(2023, 3, 12, 12, 0, tzinfo=NEW_YORK).astimezone(UTC)
    assert moment(make_lead("24h"), start, NEW_YORK) == datetime(2023, 3, 11, 11, 0, tzinfo=NEW_YORK).astimezone(UTC)


def test_days_keep_the_clock_time_across_a_change() -> None:
    start = datetime(2023, 3, 12, 12, 0, tzinfo=NEW_YORK).astimezone(UTC)
    assert moment(make_lead("1d"), start, NEW_YORK) == datetime(2023, 3, 11, 12, 0, tzinfo=NEW_YORK).astimezone(UTC)


def test_the_day_before_at_a_time() -> None:
    start = datetime(2023, 3, 12, 8, 0, tzinfo=NEW_YORK).astimezone(UTC)
    assert moment(make_lead("1d 17:00"), start, NEW_YORK) == utc(2023, 3, 11, 22)


def test_a_time_that_does_not_exist_gives_the_first_moment_after_the_gap() -> None:
    start = datetime(2023, 3, 13, 2, 30, 15, tzinfo=NEW_YORK).astimezone(UTC)
    assert moment(make_lead("1d"), start, NEW_YORK) == utc(2023, 3, 12, 7)  # 3:00 by the wall clock


def test_a_time_that_exists_twice_is_the_first() -> None:
    start = datetime(2023, 11, 6, 1, 30, tzinfo=NEW_YORK).astimezone(UTC)
    assert moment(make_lead("1d"), start, NEW_YORK) == utc(2023, 11, 5, 5, 30)


def test_a_whole_day_that_does_not_exist_is_passed_over() -> None:
    apia = ZoneInfo("Pacific/Apia")  # there was no 30 December 2011
    start = datetime(2011, 12, 31, 8, 0, tzinfo=apia).astimezone(UTC)
    assert moment(make_lead("1d 17:00"), start, apia) == datetime(2011, 12, 31, tzinfo=apia).astimezone(UTC)


def test_after_the_end_days_keep_the_clock_time_too() -> None:
    end = datetime(2023, 3, 11, 13, 0, tzinfo=NEW_YORK).astimezone(UTC)
    assert after_moment(make_lead("24h"), end, NEW_YORK) == end + timedelta(hours=24)
    assert after_moment(make_lead("1d"), end, NEW_YORK) == end + timedelta(hours=23)
    assert after_moment(make_lead("1d 09:00"), end, NEW_YORK) == utc(2023, 3, 12, 13)


def test_a_day_without_midnight_begins_when_its_clocks_begin() -> None:
    assert day_begins_at(date(2023, 9, 3), ZoneInfo("America/Santiago")) == utc(2023, 9, 3, 4)  # 1:00 there


def changes_of(zone: str, year: int) -> list[datetime]:
    """The moments in a year at which a zone's offset changes, to the hour or half hour."""
    info, found = ZoneInfo(zone), []
    at = utc(year, 1, 1)
    while at.year == year:
        later = at + timedelta(minutes=30)
        if at.astimezone(info).utcoffset() != later.astimezone(info).utcoffset():
            found.append(later)
        at = later
    return found


@pytest.mark.parametrize("zone", ZONES)
def test_every_lead_around_every_change_of_clocks(zone: str) -> None:
    info = ZoneInfo(zone)
    changes = changes_of(zone, 2023) or [utc(2023, 3, 12, 8)]
    for change in changes:
        for minutes in range(-2 * 24 * 60, 3 * 24 * 60, 150):
            start = change + timedelta(minutes=minutes)
            for text in LEADS:
                lead = make_lead(text)
                assert moment(lead, start, info) == lead_moment(lead, start, zone), (zone, start, text)
                assert after_moment(lead, start, info) == after_lead_moment(lead, start, zone), (zone, start, text)
            day = start.astimezone(info).date()
            midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001  a local time without its zone
            assert day_begins_at(day, info) == first_moment_at_or_after(midnight, zone)


def test_the_zones_above_do_change_their_clocks() -> None:
    assert {zone for zone in ZONES if not changes_of(zone, 2023)} == {"America/Guatemala"}


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.sampled_from(ZONES), st.integers(0, 5))  # noqa: DTZ001
def test_a_reminder_counted_in_days_never_falls_on_the_day_of_the_session(wall: datetime, zone: str, days: int) -> None:
    start = wall.replace(tzinfo=UTC)
    info = ZoneInfo(zone)
    due = moment(Lead("x", days=days + 1), start, info)
    assert due < start
    assert (start.astimezone(info).date() - due.astimezone(info).date()).days == days + 1
