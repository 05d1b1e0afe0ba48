"""What people write by hand: times, zones, addresses, nearest words. Whole files are in tests/events."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zoomsync.domain.handwritten import (
    Mistake,
    nearest,
    parse_toml,
    read_deadline,
    read_moment,
    read_web_address,
    read_zone,
)

ZONES = [
    ZoneInfo(name)
    for name in ("America/Guatemala", "America/New_York", "America/Havana", "Europe/Madrid", "Australia/Lord_Howe")
]
LOCAL_TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1))  # noqa: DTZ001 - a local time, as in a file


@given(LOCAL_TIMES, st.sampled_from(ZONES))
def test_a_local_time_is_one_moment_or_refused(local: datetime, zone: ZoneInfo) -> None:
    moments = {
        moment
        for fold in (0, 1)
        if (moment := local.replace(tzinfo=zone, fold=fold).astimezone(UTC)).astimezone(zone).replace(tzinfo=None)
        == local
    }
    if len(moments) == 1:
        assert {read_moment(local, zone)} == moments
    else:
        with pytest.raises(Mistake, match="twice" if moments else "does not exist"):
            read_moment(local, zone)


@pytest.mark.parametrize(
    ("local", "zone", "words"),
    [
        ("2026-03-08 02:30", "America/New_York", "02:30 on 2026-03-08 does not exist in America/New_York"),
        ("2026-11-01 01:30", "America/New_York", "01:30 on 2026-11-01 exists twice in America/New_York"),
        ("2026-03-29 02:00", "Europe/Madrid", "02:00 on 2026-03-29 does not exist in Europe/Madrid"),
        ("2026-10-25 02:59", "Europe/Madrid", "02:59 on 2026-10-25 exists twice in Europe/Madrid"),
    ],
)
def test_a_change_of_clocks_is_given_as_the_reason(local: str, zone: str, words: str) -> None:
    with pytest.raises(Mistake, match=words):
        read_moment(local, ZoneInfo(zone))


@pytest.mark.parametrize(
    ("local", "zone"), [("2026-03-08 02:30", "America/New_York"), ("2026-11-01 01:30", "America/New_York")]
)
def test_the_time_that_is_suggested_instead_is_taken(local: str, zone: str) -> None:
    with pytest.raises(Mistake) as caught:
        read_moment(local, ZoneInfo(zone))
    suggested = caught.value.hint.rpartition("2026-")[2]
    read_moment(f"2026-{suggested[:14]}", ZoneInfo(zone))


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.sampled_from(ZONES))
def test_a_bare_deadline_is_the_first_moment_of_the_next_day(day: date, zone: ZoneInfo) -> None:
    deadline = read_deadline(day, zone)
    assert deadline.astimezone(zone).date() == day + timedelta(days=1)
    assert (deadline - timedelta(microseconds=1)).astimezone(zone).date() == day
    assert read_deadline(day.isoformat(), zone) == deadline


@given(st.integers(1, 28), st.integers(1, 12), st.sampled_from("/."))
def test_a_date_with_slashes_names_each_reading_once(day: int, month: int, mark: str) -> None:
    with pytest.raises(Mistake) as caught:
        read_deadline(f"{day}{mark}{month}{mark}2023", ZONES[0])
    readings = {f"2023-{month:02}-{day:02}"} | ({f"2023-{day:02}-{month:02}"} if day <= 12 else set())
    assert caught.value.hint.count("2023-") == len(readings)
    assert all(reading in caught.value.hint for reading in readings)


@pytest.mark.parametrize("name", ["America/Guatemala", "UTC", "Etc/GMT+6", "Europe/Madrid"])
def test_iana_names_are_zones(name: str) -> None:
    assert read_zone(name).key == name


@pytest.mark.parametrize("name", ["GMT-6", "UTC-06:00", "gmt -6", "-06:00", "GMT−6"])
def test_an_offset_is_no_zone_and_the_sign_of_etc_is_explained(name: str) -> None:
    with pytest.raises(Mistake, match=r"Etc/GMT-6 would mean plus 6.*America/Guatemala"):
        read_zone(name)


@given(st.text(max_size=20))
def test_whatever_is_written_for_a_zone_is_one_or_refused_with_one(name: str) -> None:
    assume("\x00" not in name)
    try:
        zone = read_zone(name)
    except Mistake as mistake:
        suggested = mistake.hint.split('"')[1]
        zone = read_zone(suggested)
    assert zone.key


@given(st.binary(max_size=60))
def test_any_bytes_are_toml_or_refused_with_words(data: bytes) -> None:
    try:
        parse_toml(data)
    except Mistake as mistake:
        words = str(mistake)
        assert "Write" in words or "Leave" in words or "UTF-8" in words


@pytest.mark.parametrize(
    "text", ["example.org", "ftp://example.org", "https://", "https://a b", "https://[", "https://a\n"]
)
def test_what_is_no_web_address_is_refused(text: str) -> None:
    with pytest.raises(Mistake, match=r"https://example\.org/page"):
        read_web_address(text)


def test_the_nearest_word_is_found_in_any_case_or_none() -> None:
    assert nearest("Meeting_ID", ["meeting_id", "seats"]) == "meeting_id"
    assert nearest("qqqq", ["meeting_id", "seats"]) is None
