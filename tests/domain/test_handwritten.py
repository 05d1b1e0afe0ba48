"""What people write by hand: times, zones, addresses, nearest words. Whole files are in tests/events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zoomsync.domain.handwritten import (
    Mistake,
    decoded,
    nearest,
    parse_toml,
    read_deadline,
    read_moment,
    read_new_start,
    read_web_address,
    read_zone,
    zone_with_offset,
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


def refused(reader: Callable[..., object], *written: object) -> Mistake:
    with pytest.raises(Mistake) as caught:
        reader(*written)
    return caught.value


def test_a_mistake_says_what_is_wrong_and_what_to_write_and_has_a_line_only_where_it_is_known() -> None:
    mistake = Mistake("this is wrong.", "Write that.")
    assert (str(mistake), mistake.problem, mistake.hint, mistake.line) == (
        "this is wrong. Write that.",
        "this is wrong.",
        "Write that.",
        0,
    )
    assert (str(Mistake("this is wrong.", line=3)), Mistake("this is wrong.").hint) == ("this is wrong.", "")


NOT_READ = 'Write key = "text in straight quotes", key = 12, or a heading like [zoom].'


@pytest.mark.parametrize(
    ("written", "line", "words"),
    [
        ("title = “Feria”", 1, 'there are curly quotes; only straight ones count. Write: title = "Feria"'),
        ("a = 1\n  title = ‘Feria’", 2, "there are curly quotes; only straight ones count. Write: title = 'Feria'"),
        (
            "a = 1\nregistration_deadline = 5/3/2023\nb = 2",
            2,
            "5/3/2023 can be read in more than one way. Write 2023-03-05 for 5 March or 2023-05-03 for 3 May.",
        ),
        ("a = 1\na = 2", 2, "this key or heading stands in the file twice. Leave one of the two."),
        ("[zoom]\n[zoom]", 2, "this key or heading stands in the file twice. Leave one of the two."),
        (
            "[sessions]\na = 1\n[sessions]",
            3,
            "this key or heading stands in the file twice. Write [[sessions]] in two brackets.",
        ),
        (
            "starts = 2023-03-07T8:00",
            1,
            "this is no date and time that exists. Write them like 2023-03-07T08:00:00, digits filled up.",
        ),
        (
            "starts = 8:00",
            1,
            "this is no date and time that exists. Write them like 2023-03-07T08:00:00, digits filled up.",
        ),
        (
            "starts = 2023-02-30",
            1,
            "this is no date and time that exists. Write them like 2023-03-07T08:00:00, digits filled up.",
        ),
        (
            'folder = "C:\\Eventos"',
            1,
            "a backslash means something else in double quotes. Write / or \\\\ instead.",
        ),
        ("late_notice = sí", 1, "yes and no are written in English, small. Write true or false."),
        ("late_notice =True", 1, "yes and no are written in English, small. Write true or false."),
        ("a = 1\ntitle = Feria", 2, f"this line cannot be read (Invalid value). {NOT_READ}"),
        ("a = 1\n[zoom", 2, f"this line cannot be read (Expected ']' at the end of a table declaration). {NOT_READ}"),
    ],
)
def test_what_is_no_toml_is_refused_with_its_line_and_what_to_write(written: str, line: int, words: str) -> None:
    mistake = refused(parse_toml, written.encode())
    assert (str(mistake), mistake.line) == (words, line)


def test_a_file_is_read_as_any_editor_saves_it() -> None:
    text = 'title = "Sesión"\r\n'
    for data in (text.encode(), b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16")):
        assert parse_toml(data) == {"title": "Sesión"}
        assert decoded(data) == text
    assert parse_toml(b"") == {}
    assert decoded(b"\xfe\xff" + text.encode("utf-16-be")) == text


def test_a_file_in_another_encoding_is_refused_with_the_line_where_it_shows() -> None:
    words = 'the file is not saved as UTF-8. In Notepad: Save as, and choose the encoding "UTF-8".'
    mistake = refused(parse_toml, 'a = 1\nb = 2\ntitle = "Sesión"\n'.encode("latin-1"))
    assert (str(mistake), mistake.line) == (words, 3)
    mistake = refused(decoded, b"\xff\xfea\nb")
    assert (str(mistake), mistake.line) == (words, 0), "of half a letter in UTF-16 no line is known"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (date(2023, 3, 7), "the time of day is missing. Write date and time, like 2023-03-07T08:00:00."),
        ("2023-3-7", "the time of day is missing. Write date and time, like 2023-03-07T08:00:00."),
        (
            "2023-03-07 08:00Z",
            "times in this file are local times of its time zone, without an offset. "
            "Write 2023-03-07T08:00:00 if that is the local time there.",
        ),
        (
            datetime(2023, 3, 7, 8, tzinfo=UTC),
            "times in this file are local times of its time zone, without an offset. "
            "Write 2023-03-07T08:00:00 if that is the local time there.",
        ),
        (
            8,
            "this is not a date. Write a date like 2023-03-05 or a date and time like 2023-03-05T08:00:00.",
        ),
        (
            "mañana",
            '"mañana" is not a date. Write a date like 2023-03-05 or a date and time like 2023-03-05T08:00:00.',
        ),
        ("1999-12-31 08:00", "the year 1999 cannot be meant. Write a year from 2000 to 2100."),
        ("2101-01-01 08:00", "the year 2101 cannot be meant. Write a year from 2000 to 2100."),
        (
            "31/12/2023",
            "31/12/2023 is not how a date is written here. Write 2023-12-31 for 31 December.",
        ),
        ("32/13/2023", "32/13/2023 is not how a date is written here. Write it like 2023-03-05."),
        ("7.7.2023 8:00", "7.7.2023 is not how a date is written here. Write 2023-07-07 for 7 July."),
        (
            "2026-03-08 02:30",
            "02:30 on 2026-03-08 does not exist in America/New_York: clocks are put forward there then (daylight "
            "saving). Write 2026-03-08T03:30:00 if that is meant.",
        ),
        (
            "2026-11-01 01:30",
            "01:30 on 2026-11-01 exists twice in America/New_York: clocks are put back there then (daylight saving). "
            "Choose a time before or after that hour, like 2026-11-01T02:30:00.",
        ),
    ],
)
def test_what_is_no_moment_is_refused_with_what_to_write(value: object, words: str) -> None:
    mistake = refused(read_moment, value, ZoneInfo("America/New_York"))
    assert (str(mistake), mistake.line) == (words, 0)


def test_a_day_that_no_calendar_has_is_refused_with_the_reason() -> None:
    mistake = refused(read_deadline, " 2023-02-30 ", ZONES[0])
    assert mistake.problem.startswith('"2023-02-30" does not exist (day ')
    assert mistake.hint == "Look at the calendar again."


@pytest.mark.parametrize(
    "written", [" 2023-3-7 8:05 ", "2023-03-07T08:05", "2023-03-07t08:05:00", "2023-03-07  08:05:00.000"]
)
def test_a_moment_is_read_however_its_digits_are_written(written: str) -> None:
    assert read_moment(written, ZONES[0]) == datetime(2023, 3, 7, 14, 5, tzinfo=UTC)
    assert read_deadline(written, ZONES[0]) == datetime(2023, 3, 7, 14, 5, tzinfo=UTC)
    assert read_moment("2023-03-07 08:05:09", ZONES[0]).second == 9


@pytest.mark.parametrize("year", [2000, 2100])
def test_the_first_and_the_last_year_are_taken(year: int) -> None:
    assert read_moment(f"{year}-06-01 08:00", ZONES[0]).year == year


def test_another_hour_is_of_the_same_local_day() -> None:
    was = datetime(2023, 3, 8, 3, tzinfo=UTC)  # the evening of the 7th there
    assert read_new_start(" 18:30 ", was, ZONES[0]) == datetime(2023, 3, 8, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (
            "GMT-5",
            '"GMT-5" is an offset, not the name of a time zone (and Etc/GMT-5 would mean plus 5). '
            'Write the zone\'s IANA name, like "America/Bogota".',
        ),
        (
            " utc+01:00",
            '"utc+01:00" is an offset, not the name of a time zone (and Etc/GMT+1 would mean minus 1). '
            'Write the zone\'s IANA name, like "Europe/Madrid".',
        ),
        (
            "+13",
            '"+13" is an offset, not the name of a time zone (and Etc/GMT+13 would mean minus 13). '
            'Write the zone\'s IANA name, like "America/Guatemala".',
        ),
        (
            "new york",
            '"new york" is not the name of a time zone. Write the zone\'s IANA name, like "America/New_York".',
        ),
        (
            "America/Guatemla",
            '"America/Guatemla" is not the name of a time zone. Write the zone\'s IANA name, like "America/Guatemala".',
        ),
        (
            "####",
            '"####" is not the name of a time zone. Write the zone\'s IANA name, like "America/Guatemala".',
        ),
    ],
)
def test_what_is_no_zone_is_refused_with_one(written: str, words: str) -> None:
    assert str(refused(read_zone, written)) == words


def test_long_words_that_are_no_zone_are_not_repeated_whole() -> None:
    mistake = refused(read_zone, "x" * 500)
    assert len(mistake.problem) < 120


@pytest.mark.parametrize("name", ["America", "../zones", "/etc/localtime"])
def test_a_folder_or_a_path_is_no_zone(name: str) -> None:
    assert refused(read_zone, name).problem == f'"{name}" is not the name of a time zone.'


def test_an_offset_in_whole_hours_has_a_likely_zone() -> None:
    assert zone_with_offset(timedelta(hours=-6)) == "America/Guatemala"
    assert zone_with_offset(timedelta(hours=1)) == "Europe/Madrid"
    assert zone_with_offset(timedelta(hours=13)) is None
    assert zone_with_offset(timedelta(hours=-3, minutes=-30)) is None


@pytest.mark.parametrize("address", ["https://example.org/a?b=1#c", "http://localhost:8080"])
def test_a_web_address_is_read_into_its_parts(address: str) -> None:
    assert read_web_address(address).geturl() == address


@given(st.binary(max_size=60))
def test_any_bytes_are_toml_or_refused_with_words(data: bytes) -> None:
    try:
        parse_toml(data)
    except Mistake as mistake:
        words = str(mistake)
        assert "Write" in words or "Leave" in words or "UTF-8" in words


@pytest.mark.parametrize(
    "text",
    [
        "example.org",
        "ftp://example.org",
        "https://",
        "https://a b",
        "https://[",
        "https://a\n",
        "https://a:0/",
        "https://a/b c",
    ],
)
def test_what_is_no_web_address_is_refused(text: str) -> None:
    words = 'this is not a web address. Write it whole, like "https://example.org/page".'
    assert str(refused(read_web_address, text)) == words


def test_the_nearest_word_is_found_in_any_case_or_none() -> None:
    assert nearest("Meeting_ID", ["meeting_id", "seats"]) == "meeting_id"
    assert nearest("seets", ["meeting_id", "SEATS"]) == "SEATS"
    assert nearest("qqqq", ["meeting_id", "seats"]) is None
