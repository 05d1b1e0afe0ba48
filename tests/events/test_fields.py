"""Single values of an event file, at random."""

from __future__ import annotations

import contextlib
from datetime import time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync.domain.handwritten import Mistake
from zoomsync.events.fields import read_email, read_lead, read_leads, read_meeting_id, read_registration_url


@given(st.integers(1, 60), st.times())
def test_a_lead_of_days_survives_writing_and_reading(days: int, at: time) -> None:
    lead = read_lead(f"{days}d {at:%H:%M}")
    assert (lead.days, lead.at, lead.exact) == (days, at.replace(second=0, microsecond=0), None)
    assert read_lead(lead.text) == lead
    assert read_lead(f"{days}d").days == days


@given(st.integers(1, 24 * 60), st.sampled_from("hm"))
def test_a_lead_of_hours_or_minutes_survives_writing_and_reading(number: int, unit: str) -> None:
    lead = read_lead(f" 0{number} {unit.upper()} ")
    assert lead.text == f"{number}{unit}"
    assert lead.exact == (timedelta(hours=number) if unit == "h" else timedelta(minutes=number))
    assert (lead.days, lead.at) == (None, None)
    assert read_lead(lead.text) == lead


@pytest.mark.parametrize(
    "written",
    [
        "",
        "1",
        "0h",
        "0d",
        "-1h",
        "61d",
        "1441h",
        "1w",
        "1 día",
        "1h 17:00",
        "1d 25:00",
        "1d 17",
        "1h30m",
        "٣d",
        60,
        None,
    ],
)
def test_what_is_no_lead_is_refused_with_examples(written: object) -> None:
    with pytest.raises(Mistake, match='Write one like "3d", "24h", "90m" or "1d 17:00"'):
        read_lead(written)


@pytest.mark.parametrize(
    ("first", "second"), [("1h", "60m"), ("24h", " 24 H"), ("1d 17:00", "1d  17:00"), ("2d", "02d")]
)
def test_the_same_lead_twice_is_refused(first: str, second: str) -> None:
    with pytest.raises(Mistake, match="the same moment"):
        read_leads([first, second])


def test_a_day_and_24_hours_are_two_leads() -> None:
    assert [lead.text for lead in read_leads(["1d", "24h"])] == ["1d", "24h"]


def test_a_lead_outside_a_list_is_refused() -> None:
    with pytest.raises(Mistake, match="square brackets"):
        read_leads("1h")


@given(st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.lists(st.integers())))
def test_whatever_stands_in_a_field_is_read_or_refused_with_words(value: object) -> None:
    for read in (read_lead, read_meeting_id, read_registration_url, read_email):
        with contextlib.suppress(Mistake):
            assert read(value)
