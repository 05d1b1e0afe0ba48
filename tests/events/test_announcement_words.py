"""Dates, times and zones as pages write them: a table for each, and what is not certain says why."""

from __future__ import annotations

from datetime import timedelta

import pytest

from zoomsync.events.announcement.dates import DateKind, DateMention
from zoomsync.events.announcement.page import Block
from zoomsync.events.announcement.segments import Segment, segments_of
from zoomsync.events.announcement.times import TimeMention


def segment(text: str) -> Segment:
    (only,) = segments_of([Block(text, ((0, 1),))])
    return only


def days(mention: DateMention) -> str:
    """ "7/3/2023 8/3" of the days of a mention."""
    return " ".join(f"{one.day}/{one.month}" + (f"/{one.year}" if one.year else "") for one in mention.days)


def clock(mention: TimeMention) -> str:
    end = f"-{mention.ends:%H:%M}" if mention.ends else ""
    return f"{mention.starts:%H:%M}{end}{'+1' if mention.ends_next_day else ''}{'?' if mention.why else ''}"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("7de Marzo 2023", "7/3/2023"),
        ("5 de Marzo del 2023", "5/3/2023"),
        ("primero de marzo", "1/3"),
        ("1º de marzo", "1/3"),
        ("siete de marzo de 2023", "7/3/2023"),
        ("martes 7 y miércoles 8 de marzo de 2023", "7/3/2023 8/3/2023"),
        ("martes y miércoles, 7 y 8 de marzo", "7/3 8/3"),
        ("los martes 7 y 14 de marzo", "7/3 14/3"),
        ("lunes 6, martes 7 y miércoles 8 de marzo", "6/3 7/3 8/3"),
        ("MARTES 7 DE MARZO", "7/3"),
        ("Sesión 1, 7 de marzo", "7/3"),
        ("a las 8, 7 de marzo", "7/3"),
        ("9:00 a 12, 15 de marzo", "15/3"),
        ("7-mar-2023", "7/3/2023"),
        ("2023-03-07", "7/3/2023"),
        ("14/3/2023", "14/3/2023"),
        ("March 7, 2023", "7/3/2023"),
        ("7th of March", "7/3"),
        ("Friday the 8th of March, 2024", "8/3/2024"),
        ("March 7, 8 and 9, 2023", "7/3/2023 8/3/2023 9/3/2023"),
        ("Sept. 5", "5/9"),
        ("Marzo 7 y 8", "7/3 8/3"),
    ],
)
def test_days_are_read(written: str, read: str) -> None:
    (mention,) = segment(written).dates
    assert (mention.kind, days(mention), mention.swapped) == (DateKind.DAYS, read, None)


@pytest.mark.parametrize(
    ("written", "kind", "read"),
    [
        ("del 7 al 9 de marzo de 2023", DateKind.RANGE, "7/3/2023 9/3/2023"),
        ("March 7–9, 2023", DateKind.RANGE, "7/3/2023 9/3/2023"),
        ("del 28 de diciembre al 2 de enero de 2024", DateKind.RANGE, "28/12/2023 2/1/2024"),
        ("March 28 - April 2, 2023", DateKind.RANGE, "28/3/2023 2/4/2023"),
        ("todos los martes de abril", DateKind.RECURRING, ""),
        ("cada jueves", DateKind.RECURRING, ""),
        ("Mondays in May", DateKind.RECURRING, ""),
        ("de 8 a 12, 15 y 16 de marzo", DateKind.UNCLEAR, ""),
        ("30 de febrero", DateKind.UNCLEAR, ""),
        ("el viernes", DateKind.NO_DAY, ""),
        ("marzo 2023", DateKind.NO_DAY, ""),
    ],
)
def test_what_is_no_plain_day_is_called_so(written: str, kind: DateKind, read: str) -> None:
    (mention,) = segment(written).dates
    assert (mention.kind, days(mention)) == (kind, read)


@pytest.mark.parametrize("written", ["7/3/2023", "07-03-2023", "7.3.2023", "7/3", "07/03/23"])
def test_day_and_month_that_may_be_swapped_are_both_named(written: str) -> None:
    (mention,) = segment(written).dates
    assert mention.swapped is not None
    assert (mention.days[0].day, mention.days[0].month) == (mention.swapped.month, mention.swapped.day) == (7, 3)


@pytest.mark.parametrize(
    "written",
    [
        "24/7",
        "1/2 taza",
        "only 7 may attend",
        "sesión 3, parte 4",
        "tel. 2312-05-1244",
        "https://a.example/2023/03/07/x",
    ],
)
def test_numbers_of_other_things_are_no_dates(written: str) -> None:
    assert segment(written).dates == ()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("8 a 1 pm", "08:00-13:00"),
        ("8 a 11 am", "08:00-11:00"),
        ("8 a 10 pm", "20:00-22:00"),
        ("10 a 12 pm", "10:00-12:00"),
        ("16 a 18 horas", "16:00-18:00"),
        ("9:00 – 11:30 hrs", "09:00-11:30"),
        ("de 14h a 16h", "14:00-16:00"),
        ("14h30 a 16h", "14:30-16:00"),
        ("de 18.30 a 20.00 h", "18:30-20:00"),
        ("8 p. m. a 9:30 p. m.", "20:00-21:30"),
        ("de 8 de la mañana a 1 de la tarde", "08:00-13:00"),
        ("10 a.m. a 12 m.", "10:00-12:00"),
        ("10 pm a 12 am", "22:00-00:00+1"),
        ("entre las 10:00 y las 12:00 horas", "10:00-12:00"),
        ("3–5pm", "15:00-17:00"),
        ("08:00 a 10:00", "08:00-10:00"),
        ("a las 18:00", "18:00"),
        ("1800 hrs", "18:00"),
        ("24:00", "00:00+1"),
        # Read, and in doubt:
        ("8:00 a 10:00", "08:00-10:00?"),
        ("2:00 a 4:00", "14:00-16:00?"),
        ("12pm", "12:00?"),
        ("12 am", "00:00?"),
        ("9 a 12 am", "09:00-12:00?"),
        ("8 pm a 12 pm", "20:00-00:00+1?"),
        ("a medianoche", "00:00+1?"),
        ("at 7", "07:00?"),
    ],
)
def test_times_are_read(written: str, read: str) -> None:
    (mention,) = segment(written).times
    assert clock(mention) == read


@pytest.mark.parametrize(
    "written", ["un curso de 18 horas", "1h", "las 8 organizaciones", "costs $8.50", "24/7", "8 de 10"]
)
def test_numbers_of_other_things_are_no_times(written: str) -> None:
    assert segment(written).times == ()


def test_a_date_and_its_time_do_not_run_into_each_other() -> None:
    for written in ("March 7, 8-10 am", "7 de marzo 8 a 10 am", "2023-03-07 - 8 a 10 am", "7 March - 8 to 10 am"):
        one = segment(written)
        assert [(each.days[0].day, each.days[0].month) for each in one.dates] == [(7, 3)], written
        assert [clock(each) for each in one.times] == ["08:00-10:00"], written


@pytest.mark.parametrize(
    ("written", "zone", "hours"),
    [
        ("8 a 1 pm (GMT-6)", None, -6),
        ("8 pm UTC−05:00", None, -5),
        ("2023-03-07T08:00:00-06:00", None, -6),
        ("8 pm EST", None, -5),
        ("8 pm (hora de Guatemala)", "America/Guatemala", None),
        ("8 pm hora Ciudad de México", "America/Mexico_City", None),
        ("8 pm COL", "America/Bogota", None),
        ("8 pm 🇨🇷", "America/Costa_Rica", None),
        ("3 pm ET", "America/New_York", None),
        ("timezone: America/El_Salvador", "America/El_Salvador", None),
    ],
)
def test_zones_are_read(written: str, zone: str | None, hours: int | None) -> None:
    (mention,) = segment(written).zones
    assert mention.zone == zone
    assert mention.offset == (None if hours is None else timedelta(hours=hours))


def test_from_eight_to_ten_is_no_offset() -> None:
    assert segment("08:00-10:00").zones == ()
