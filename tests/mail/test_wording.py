"""Dates, hours and zones as a Guatemalan organiser would write them. A no-break space is written \\u00a0."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.builders import DEADLINE, FIVE_HOURS, SESSION_1, utc
from zoomsync.mail.wording import (
    ADDRESS_FORMS,
    SessionWords,
    clock_words,
    closed_words,
    deadline_words,
    session_words,
    zone_words,
)

TUESDAY = date(2023, 3, 7)


def words(language: str = "es", today: date = TUESDAY, **changes: Any) -> SessionWords:
    values: dict[str, Any] = {
        "title": "Sesión 1",
        "starts_at": SESSION_1,
        "ends_at": SESSION_1 + FIVE_HOURS,
        "previous_starts_at": None,
        "zone": "America/Guatemala",
        "language": language,
        "today": today,
    }
    return session_words(**{**values, **changes})


def test_hours_are_those_of_a_twelve_hour_clock_with_no_break_spaces() -> None:
    assert words("es").hours == "de 8:00\u00a0a.\u00a0m. a 1:00\u00a0p.\u00a0m."
    assert words("en").hours == "8:00\u00a0AM to 1:00\u00a0PM"


def test_noon_and_midnight() -> None:
    assert clock_words(datetime(2023, 3, 7, 12, 0, tzinfo=UTC), "es") == "12:00\u00a0p.\u00a0m."
    assert clock_words(datetime(2023, 3, 7, 0, 30, tzinfo=UTC), "es") == "12:30\u00a0a.\u00a0m."


def test_a_session_past_midnight_names_the_day_it_ends_on() -> None:
    ends = SESSION_1 + timedelta(hours=17)
    assert words("es", ends_at=ends).hours == "de 8:00\u00a0a.\u00a0m. a 1:00\u00a0a.\u00a0m. del miércoles 8 de marzo"
    assert words("en", ends_at=ends).hours == "8:00\u00a0AM to 1:00\u00a0AM on Wednesday, March 8"


@pytest.mark.parametrize(
    ("today", "near", "day", "short"),
    [
        (TUESDAY, "hoy", "hoy, martes 7 de marzo de 2023", "Hoy, 8:00 a. m."),
        (date(2023, 3, 6), "mañana", "mañana, martes 7 de marzo de 2023", "Mañana martes 7, 8:00 a. m."),
        (date(2023, 3, 4), "el martes 7 de marzo", "martes 7 de marzo de 2023", "Martes 7 de marzo, 8:00 a. m."),
        (date(2023, 3, 8), "el martes 7 de marzo", "martes 7 de marzo de 2023", "Martes 7 de marzo, 8:00 a. m."),
    ],
)
def test_the_day_is_named_as_seen_today_in_spanish(today: date, near: str, day: str, short: str) -> None:
    said = words("es", today)
    assert (said.near, said.day, said.short.replace("\u00a0", " ")) == (near, day, short)


@pytest.mark.parametrize(
    ("today", "near", "day", "short"),
    [
        (TUESDAY, "today", "today, Tuesday, March 7, 2023", "Today, 8:00 AM"),
        (date(2023, 3, 6), "tomorrow", "tomorrow, Tuesday, March 7, 2023", "Tomorrow (Tuesday), 8:00 AM"),
        (date(2023, 3, 4), "on Tuesday, March 7", "Tuesday, March 7, 2023", "Tuesday, March 7, 8:00 AM"),
    ],
)
def test_the_day_is_named_as_seen_today_in_english(today: date, near: str, day: str, short: str) -> None:
    said = words("en", today)
    assert (said.near, said.day, said.short.replace("\u00a0", " ")) == (near, day, short)


def test_an_evening_session_is_today_although_utc_has_the_next_day() -> None:
    evening = utc(2023, 3, 8, 1)  # 19:00 on the 7th in Guatemala
    assert words("es", TUESDAY, starts_at=evening, ends_at=evening + timedelta(hours=1)).near == "hoy"


def test_guatemala_has_no_summer_time() -> None:
    # Babel's es_GT and es_419 say "hora de verano de Guatemala" all year.
    assert words("es").zone == "hora de Guatemala (GMT-6)"
    assert words("en").zone == "Guatemala Time (GMT-6)"


@pytest.mark.parametrize(
    ("zone", "at", "said"),
    [
        ("America/Mexico_City", SESSION_1, "hora de México (Ciudad de México), GMT-6"),
        ("America/Argentina/Buenos_Aires", SESSION_1, "hora de Argentina (Buenos Aires), GMT-3"),
        ("Europe/Madrid", utc(2023, 1, 10), "hora de España (Madrid), GMT+1"),
        ("Europe/Madrid", utc(2023, 7, 10), "hora de España (Madrid), GMT+2"),
        ("Asia/Kolkata", SESSION_1, "hora de India (GMT+5:30)"),
        ("UTC", SESSION_1, "UTC"),
        ("Etc/GMT+6", SESSION_1, "GMT-6"),
    ],
)
def test_a_zone_is_its_place_and_the_offset_of_that_day(zone: str, at: datetime, said: str) -> None:
    offset = at.astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    assert zone_words(zone, offset, "es") == said


def test_the_deadline_is_the_last_day_on_which_one_may_register() -> None:
    assert deadline_words(DEADLINE, "America/Guatemala", "es") == "domingo 5 de marzo de 2023"
    assert deadline_words(DEADLINE, "America/Guatemala", "en") == "Sunday, March 5, 2023"


def test_a_deadline_within_a_day_says_its_hour() -> None:
    at = utc(2023, 3, 6, 0, 0)
    assert deadline_words(at, "America/Guatemala", "es") == "domingo 5 de marzo de 2023, 6:00\u00a0p.\u00a0m."


def test_a_move_within_the_day_is_no_change_of_date() -> None:
    assert words(previous_starts_at=SESSION_1 - timedelta(hours=1)).day_moved is False
    assert words(previous_starts_at=SESSION_1 - timedelta(days=1)).day_moved is True
    assert (
        words(previous_starts_at=SESSION_1 - timedelta(days=1)).was == "lunes 6 de marzo de 2023, 8:00\u00a0a.\u00a0m."
    )


@pytest.mark.parametrize(
    ("zone", "starts_at", "clock"),
    [
        ("America/New_York", utc(2023, 3, 11, 14), "9:00"),  # the day before summer time begins
        ("America/New_York", utc(2023, 3, 12, 14), "10:00"),
        ("America/New_York", utc(2023, 11, 5, 14), "9:00"),  # the day it ends
        ("Europe/Madrid", utc(2023, 3, 25, 9), "10:00"),
        ("Europe/Madrid", utc(2023, 3, 26, 9), "11:00"),
        ("America/Santiago", utc(2023, 9, 3, 14), "11:00"),
        ("Australia/Lord_Howe", utc(2023, 10, 1, 0), "11:00"),
        ("Asia/Kathmandu", utc(2023, 3, 7, 4, 15), "10:00"),
    ],
)
def test_the_clock_follows_daylight_saving(zone: str, starts_at: datetime, clock: str) -> None:
    said = words(zone=zone, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1))
    assert said.hours.startswith(f"de {clock}\u00a0")


def test_every_way_of_address_has_every_form() -> None:
    assert set(ADDRESS_FORMS) == {"usted", "tu", "vos"}
    assert len({frozenset(forms) for forms in ADDRESS_FORMS.values()}) == 1
    assert ADDRESS_FORMS["vos"]["escriba"] == "escribí"
    assert ADDRESS_FORMS["usted"]["no_lo_comparta"] == "no lo comparta"


@pytest.mark.parametrize("language", ["es", "en"])
def test_words_for_a_page_end_each_sentence_once(language: str) -> None:
    for sentence in closed_words(datetime(2023, 3, 6, 7, tzinfo=UTC), "America/Guatemala", language):
        assert ".." not in sentence
        assert sentence.endswith(".")
