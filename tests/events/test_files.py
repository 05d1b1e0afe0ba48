"""Event files: what is taken, and for everything else the message that says what to write."""

from __future__ import annotations

import hashlib
import re
import sys
import time as stopwatch
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from tests.builders import DEADLINE, FIVE_HOURS, SESSION_1, SESSION_2, make_event, utc
from zoomsync.domain.records import Closing, EventStatus, LatePolicy, SessionSpec, ZoomKind, ZoomPart
from zoomsync.errors import EventFileError
from zoomsync.events.files import parse_event, read_event_file, read_event_files, slug_from

MODEL = """\
title = "Encuentro de Justicia Abierta 2023"
timezone = "America/Guatemala"
registration_deadline = 2023-03-05
page_url = "https://redciudadana.org/"

[organizer]
name = "Red Ciudadana"
email = "info@redciudadana.org.gt"

[zoom]
meeting_id = 81234567890

[[sessions]]
title = "Sesión 1"
starts = 2023-03-07T08:00:00
ends = 2023-03-07T13:00:00

[[sessions]]
title = "Sesión 2"
starts = 2023-03-08T08:00:00
ends = 2023-03-08T13:00:00
"""
TITLE = MODEL.splitlines()[0]
LINK = "https://us06web.zoom.us/meeting/register/tZMlc-qhpjMtGtYqxhx96FZRs4cZqE_cBme8"
NO_SESSIONS = MODEL[: MODEL.index("[[sessions]]")]


def changed(old: str, new: str, text: str = MODEL) -> str:
    """The model file with one passage changed; the passage has to be there."""
    assert old in text
    return text.replace(old, new, 1)


def parse(text: str | bytes):
    data = text.encode() if isinstance(text, str) else text
    return parse_event(data, Path("config/events/justicia-abierta-2023.toml"))


def refusal(text: str | bytes) -> str:
    """The message for a file that is refused; it names the file."""
    with pytest.raises(EventFileError) as caught:
        parse(text)
    message = str(caught.value)
    assert message.startswith("config/events/justicia-abierta-2023.toml")
    assert "\n" not in message
    return message


def write(folder: Path, name: str, text: str = MODEL) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# ---------------------------------------------------------------------------------------------------- what is taken


def test_the_model_event_is_read_whole(tmp_path: Path) -> None:
    path = write(tmp_path, "justicia-abierta-2023.toml")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert read_event_file(path) == make_event(file_hash=digest)


def test_the_file_in_the_repository_agrees_with_the_announcement() -> None:
    folder = Path(__file__).parents[2] / "config" / "events"
    event = read_event_file(folder / "encuentro-justicia-abierta-2023.toml")
    assert event.title == "Encuentro de Justicia Abierta 2023"
    assert event.registration_deadline == DEADLINE
    assert event.zoom.registration_url == LINK
    assert [(each.starts_at, each.ends_at) for each in event.sessions] == [
        (SESSION_1, SESSION_1 + FIVE_HOURS),
        (SESSION_2, SESSION_2 + FIVE_HOURS),
    ]


def test_every_key_of_the_contract_is_read() -> None:
    event = parse(f"""
title = "Un curso"
status = "cancelled"
announce = true
language = "en"
trato = "vos"
timezone = "America/New_York"
registration_deadline = 2026-06-01T18:00:00
page_url = "https://example.org/curso"
retention_days = 0
organizer = {{ name = "Org", email = "a@example.org" }}
[zoom]
kind = "webinar"
registration_url = "https://zoom.us/webinar/register/WN_abc"
closing = "gatekeeper"
late_registrants = "deny"
late_notice = true
seats = 100
times = "file"
[[sessions]]
title = "One"
id = "first"
starts = "2026-06-02 08:00"
ends = "2026-06-02 09:30"
meeting_id = "812 3456 7890"
registration_url = "{LINK}"
status = "cancelled"
announce = true
[reminders]
before = ["3d", "24h", "90m", "1d 7:00"]
after = ["2h"]
note = " Bring\\na pen "
survey_url = "https://example.org/s"
recording_url = "https://example.org/r"
""")
    assert (event.status, event.announce, event.language, event.trato) == (EventStatus.CANCELLED, True, "en", "vos")
    assert event.registration_deadline == utc(2026, 6, 1, 22)
    assert event.retention_days == 0
    assert event.zoom == ZoomPart(
        kind=ZoomKind.WEBINAR,
        registration_url="https://zoom.us/webinar/register/WN_abc",
        closing=Closing.GATEKEEPER,
        late_registrants=LatePolicy.DENY,
        late_notice=True,
        seats=100,
        file_times_are_right=True,
    )
    assert event.sessions == (
        SessionSpec(
            title="One",
            starts_at=utc(2026, 6, 2, 12),
            ends_at=utc(2026, 6, 2, 13, 30),
            id="first",
            meeting_id="81234567890",
            registration_url=LINK,
            cancelled=True,
            announce=True,
        ),
    )
    assert [lead.text for lead in event.reminders.before] == ["3d", "24h", "90m", "1d 07:00"]
    assert event.reminders.before[3].at == time(7)
    assert [lead.exact for lead in event.reminders.after] == [timedelta(hours=2)]
    assert event.reminders.note == "Bring a pen"
    assert (event.reminders.survey_url, event.reminders.recording_url) == (
        "https://example.org/s",
        "https://example.org/r",
    )


def test_what_is_left_out_has_the_defaults_of_the_contract() -> None:
    event = parse(NO_SESSIONS)
    assert event.status is EventStatus.ACTIVE
    assert event.sessions == ()
    assert (event.language, event.trato, event.retention_days) == ("es", "usted", None)
    assert event.zoom == ZoomPart(meeting_id="81234567890")
    assert [lead.text for lead in event.reminders.before] == ["1d 17:00", "1h"]
    assert event.reminders.after == ()


def test_sessions_without_titles_are_numbered() -> None:
    text = re.sub(r'title = "Sesión \d"\n', "", MODEL)
    assert [session.title for session in parse(text).sessions] == ["Sesión 1", "Sesión 2"]


def test_what_notepad_adds_is_taken() -> None:
    plain = parse(MODEL).sessions
    windows = MODEL.replace("\n", "\r\n")
    assert parse(b"\xef\xbb\xbf" + windows.encode()).sessions == plain
    assert parse(windows.encode("utf-16")).sessions == plain


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ('"2023-03-05"', DEADLINE),
        ('"2023-3-5"', DEADLINE),
        ('"2023-03-05 08:00"', utc(2023, 3, 5, 14)),
        ('"2023-03-05T08:00:30"', utc(2023, 3, 5, 14, 0, 30)),
        ("2023-03-05 08:00:00", utc(2023, 3, 5, 14)),
    ],
)
def test_a_quoted_date_counts_like_a_bare_one(written: str, moment: datetime) -> None:
    assert parse(changed("2023-03-05", written)).registration_deadline == moment


def test_a_bare_deadline_is_the_end_of_that_local_day_where_clocks_change_at_midnight() -> None:
    # In Havana clocks went from 0:00 to 1:00 on 12 March 2023: that day began at 5:00 UTC, at one o'clock.
    text = changed("2023-03-05", "2023-03-11", changed("America/Guatemala", "America/Havana"))
    assert parse(text).registration_deadline == utc(2023, 3, 12, 5)


def test_a_deadline_after_the_last_session_is_taken() -> None:
    assert parse(changed("2023-03-05", "2023-04-30")).registration_deadline == utc(2023, 5, 1, 6)


@pytest.mark.parametrize(
    "written",
    [
        "81234567890",
        '"81234567890"',
        '"812 3456 7890"',
        '"812-3456-7890"',
        '"https://zoom.us/j/81234567890"',
        '"https://us06web.zoom.us/j/81234567890?pwd=abc"',
        '"https://zoom.us/w/81234567890"',
        '"https://zoom.us/meeting/81234567890"',
    ],
)
def test_a_meeting_id_is_taken_as_people_have_it(written: str) -> None:
    assert parse(changed("81234567890", written)).zoom.meeting_id == "81234567890"


def test_a_webinar_link_makes_it_a_webinar() -> None:
    link = 'registration_url = "https://zoom.us/webinar/register/WN_abc"'
    assert parse(changed("meeting_id = 81234567890", link)).zoom.kind is ZoomKind.WEBINAR


@pytest.mark.parametrize(
    "host", ["https://zoom.us", "https://civica.zoom.us", "http://127.0.0.1:8700", "http://zoom:87"]
)
def test_links_of_zoom_and_of_the_simulator_are_registration_links(host: str) -> None:
    link = f"{host}/meeting/register/tZMlc#/registration"
    assert parse(changed("meeting_id = 81234567890", f'registration_url = "{link}"')).zoom.registration_url == link


# --------------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        # syntax
        (TITLE, "title = “Encuentro”", ["line 1", "curly", 'title = "Encuentro"']),
        (TITLE, 'title = "Encuentro”', ["line 1", "curly", 'title = "Encuentro"']),
        ("= 2023-03-05", "= 5/3/2023", ["line 3", "2023-03-05 for 5 March", "2023-05-03 for 3 May"]),
        ("= 2023-03-05", '= "5/3/2023"', ["registration_deadline", "2023-03-05 for 5 March", "2023-05-03 for 3 May"]),
        ("= 2023-03-05", '= "25/3/2023"', ["registration_deadline", "Write 2023-03-25 for 25 March"]),
        ("= 2023-03-05", "= 2023-02-30", ["line 3", "no date and time that exists"]),
        ("= 2023-03-05", '= "2023-02-30"', ["registration_deadline", "does not exist"]),
        ("= 2023-03-05", '= "el domingo"', ["registration_deadline", "el domingo", "Write a date like 2023-03-05"]),
        ("2023-03-07T08:00:00", "2023-03-07T8:00:00", ["line 15", "Write them like 2023-03-07T08:00:00"]),
        ('"America/Guatemala"', "America/Guatemala", ["line 2", "straight quotes"]),
        ("[[sessions]]", "[sessions]", ["line 18", "[[sessions]]"]),
        ("[organizer]", '[organizer]\nname = "A"', ["line 8", "twice"]),
        ("[zoom]", "[zoom]\nlate_notice = True", ["line 11", "true or false"]),
        # keys
        ("page_url", "page_ulr", ["page_ulr", "not known", "Write page_url"]),
        ("registration_deadline", "deadline", ["deadline", "Write registration_deadline"]),
        ("[zoom]", '[zoom]\nlanguage = "es"', ["zoom.language", "top of the file"]),
        ("[organizer]", "meeting_id = 81234567890\n[organizer]", ["meeting_id", "under [zoom]"]),
        ("starts = 2023-03-08", "start = 2023-03-08", ["sessions[2].start", "Write starts", "sessions[2].starts"]),
        ("[zoom]", "[zoom]\nqqqq = 1", ["zoom.qqqq", "Known here", "meeting_id"]),
        # zones and times
        ("America/Guatemala", "GMT-6", ["timezone", "GMT-6", "Etc/GMT-6 would mean plus 6", "America/Guatemala"]),
        ("America/Guatemala", "UTC-5", ["timezone", "Etc/GMT-5 would mean plus 5", "America/Bogota"]),
        ("America/Guatemala", "America/Guatemla", ["timezone", 'like "America/Guatemala"']),
        ("America/Guatemala", "Guatemala", ["timezone", 'like "America/Guatemala"']),
        ("America/Guatemala", "../../etc/passwd", ["timezone", "not the name of a time zone"]),
        ("America/Guatemala", "America", ["timezone", "not the name of a time zone"]),
        ("2023-03-07T08:00:00", "2023-03-07T08:00:00-06:00", ["sessions[1].starts", "offset", "08:00:00 if"]),
        ("2023-03-07T08:00:00", '"2023-03-07 08:00Z"', ["sessions[1].starts", "without an offset"]),
        ("2023-03-07T08:00:00", "2023-03-07", ["sessions[1].starts", "time of day", "2023-03-07T08:00:00"]),
        ("2023-03-07T08:00:00", "08:00:00", ["sessions[1].starts", "not a date"]),
        ("= 2023-03-05", "= 0203-03-05", ["registration_deadline", "year 203"]),
        ("= 2023-03-05", "= 2021-03-05", ["registration_deadline", "more than a year"]),
        ("= 2023-03-05", "= 2025-03-05", ["registration_deadline", "more than a year"]),
        ("2023-03-07T13:00:00", "2023-03-07T08:00:00", ["sessions[1].ends", "before it has begun", "after starts"]),
        ("2023-03-07T13:00:00", "2023-03-08T08:00:01", ["sessions[1].ends", "24 hours", "[[sessions]]"]),
        # names of sessions
        ("Sesión 2", "sesión 1", ["sessions[2].title", "sessions[1]", "id ="]),
        # words and numbers
        ("title =", 'status = "activ"\ntitle =', ["status", '"draft", "active" or "cancelled" (probably "active")']),
        ("title =", 'language = "fr"\ntitle =', ["language", '"es" or "en"']),
        ("title =", 'trato = "sir"\ntitle =', ["trato", '"usted", "tu" or "vos"']),
        ("title =", "retention_days = -1\ntitle =", ["retention_days", "whole number"]),
        ("title =", 'announce = "yes"\ntitle =', ["announce", "true or false"]),
        (TITLE, 'title = " "', ["title", "empty"]),
        ("[zoom]", "[zoom]\nseats = 0", ["zoom.seats", "whole number from 1"]),
        ("[zoom]", "[zoom]\nseats = true", ["zoom.seats", "whole number from 1"]),
        ("[zoom]", '[zoom]\nclosing = "auto"', ["zoom.closing", '"switch", "gatekeeper" or "manual"']),
        ("[zoom]", '[zoom]\nlate_registrants = "keep"', ["zoom.late_registrants", '"hold", "deny" or "admit"']),
        # people and meetings
        ("info@redciudadana.org.gt", "info", ["organizer.email", "info@example.org"]),
        ("info@redciudadana.org.gt", r"a@b.org\r\nBcc: c@d.org", ["organizer.email", "one e-mail address"]),
        ("info@redciudadana.org.gt", "a@b.org, c@d.org", ["organizer.email", "one e-mail address"]),
        ("81234567890", "812345", ["zoom.meeting_id", "812 3456 7890"]),
        ("81234567890", "true", ["zoom.meeting_id", "812 3456 7890"]),
        ("81234567890", f'"{LINK}"', ["zoom.meeting_id", f'registration_url = "{LINK}"']),
        ("81234567890", '"https://zoom.us/my/civica"', ["zoom.meeting_id", "Meeting ID"]),
        ("meeting_id = 81234567890", "", ["zoom", "no Zoom meeting", "meeting_id = ", "registration_url = "]),
        ("https://redciudadana.org/", "redciudadana.org", ["page_url", "https://"]),
        ("https://redciudadana.org/", "javascript:alert(1)", ["page_url", "https://"]),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place_and_what_to_write(old: str, new: str, words: list[str]) -> None:
    message = refusal(changed(old, new))
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("https://docs.google.com/forms/d/e/1FA/viewform", ["Google Forms", "cannot sync", "zoom.us/meeting/register"]),
        ("https://forms.gle/abc", ["Google Forms", "cannot sync"]),
        ("https://zoom.us/j/81234567890", ["link to join", "meeting_id = 81234567890"]),
        ("https://example.org/meeting/register/abc", ["not the link of a Zoom registration form"]),
        ("https://zoom.us.example.org/meeting/register/abc", ["not the link of a Zoom registration form"]),
        ("zoom.us/meeting/register/abc", ["web address", "https://"]),
    ],
)
def test_a_link_that_is_no_zoom_registration_form_is_refused(link: str, words: list[str]) -> None:
    message = refusal(changed("meeting_id = 81234567890", f'registration_url = "{link}"'))
    for word in ["zoom.registration_url", *words]:
        assert word in message


def test_a_webinar_link_on_a_meeting_is_refused() -> None:
    link = 'kind = "meeting"\nregistration_url = "https://zoom.us/webinar/register/WN_abc"'
    message = refusal(changed("meeting_id = 81234567890", link))
    assert "zoom.kind" in message
    assert 'kind = "webinar"' in message


@pytest.mark.parametrize("key", ["title", "timezone", "registration_deadline", "name", "email", "starts", "ends"])
def test_a_required_key_that_is_missing_is_named_with_an_example(key: str) -> None:
    message = refusal(re.sub(rf"^{key} = .*$", "", MODEL, count=1, flags=re.MULTILINE))
    assert f"{key}: this is missing. Write {key} = " in message


def test_a_missing_organizer_is_one_message_that_names_both_keys() -> None:
    message = refusal(changed('[organizer]\nname = "Red Ciudadana"\nemail = "info@redciudadana.org.gt"', ""))
    assert "organizer.name: this is missing" in message
    assert "Wrong too: organizer.email." in message


def test_all_mistakes_of_a_file_are_named_at_once() -> None:
    text = changed("2023-03-08T13:00:00", "2023-03-08T07:00:00", changed("[zoom]", '[zoom]\nclosing = "x"'))
    message = refusal(text)
    assert "zoom.closing" in message
    assert "Wrong too: sessions[2].ends." in message


def test_a_local_time_that_daylight_saving_leaves_out_is_refused() -> None:
    text = changed("America/Guatemala", "America/New_York").replace("2023-03-0", "2026-03-0")
    message = refusal(changed("2026-03-07T08:00:00", "2026-03-08T02:30:00", text))
    assert "sessions[1].starts" in message
    assert "02:30 on 2026-03-08 does not exist in America/New_York" in message
    assert "2026-03-08T03:30:00" in message


def test_a_local_time_that_daylight_saving_repeats_is_refused() -> None:
    text = changed("America/Guatemala", "America/New_York").replace("2023-03-0", "2026-11-0")
    message = refusal(changed("2026-11-07T08:00:00", "2026-11-01T01:30:00", text))
    assert "01:30 on 2026-11-01 exists twice in America/New_York" in message
    assert "Choose a time before or after" in message


def test_times_beside_a_change_of_clocks_are_taken() -> None:
    text = NO_SESSIONS.replace("America/Guatemala", "America/New_York").replace("2023-03-05", "2026-03-05") + (
        "[[sessions]]\nstarts = 2026-03-08T01:59:00\nends = 2026-03-08T03:00:00\n"
    )
    session = parse(text).sessions[0]
    assert session.ends_at - session.starts_at == timedelta(minutes=1)


def test_two_sessions_of_one_title_are_told_apart_by_ids() -> None:
    text = changed('title = "Sesión 2"', 'title = "Taller"\nid = "b"')
    text = changed('title = "Sesión 1"', 'title = "Taller"\nid = "a"', text)
    assert [session.id for session in parse(text).sessions] == ["a", "b"]
    message = refusal(changed('id = "b"', 'id = "a"', text))
    assert "sessions[2].id" in message
    assert "sessions[1]" in message


def test_every_session_may_have_a_meeting_of_its_own() -> None:
    text = changed("meeting_id = 81234567890", "").replace("starts =", "meeting_id = 81234567890\nstarts =")
    assert {session.meeting_id for session in parse(text).sessions} == {"81234567890"}
    message = refusal(changed("meeting_id = 81234567890\n", "", text))
    assert "sessions[1]: no Zoom meeting is named" in message


def test_a_file_that_is_not_utf8_says_how_to_save_it() -> None:
    message = refusal(MODEL.encode("latin-1"))
    assert "line 14" in message
    assert "UTF-8" in message


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("Encuentro Años 2023.toml", "encuentro-anos-2023.toml"),
        ("my_event.toml", "my-event.toml"),
        ("event.toml.txt", "event.toml"),
        ("EVENT.TOML", "event.toml"),
    ],
)
def test_a_name_that_is_no_slug_is_refused_with_one_that_is(tmp_path: Path, name: str, suggestion: str) -> None:
    with pytest.raises(EventFileError, match=re.escape(suggestion)):
        read_event_file(write(tmp_path, name))


def test_the_nearest_slug_of_any_text_is_a_slug() -> None:
    assert slug_from("¡Encuentro — 2023!") == "encuentro-2023"
    assert slug_from("会议") == "event"


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(EventFileError, match="no such file"):
        read_event_file(tmp_path / "a.toml")
    with pytest.raises(EventFileError, match="cannot be read"):
        read_event_file(tmp_path)


# ---------------------------------------------------------------------------------------------------- whole folders


def test_a_broken_file_does_not_stop_the_others(tmp_path: Path) -> None:
    write(tmp_path, "a.toml", changed("81234567890", "81234567891"))
    write(tmp_path, "b.toml", "title =")
    write(tmp_path, "c.toml")
    files = read_event_files(tmp_path)
    assert [event.slug for event in files.events] == ["a", "c"]
    assert [error.file for error in files.errors] == [str(tmp_path / "b.toml")]


def test_copies_and_hidden_files_are_passed_over(tmp_path: Path) -> None:
    for name in ("a.toml~", "a.toml.bak", "a.bak", ".a.toml", "_a.toml", "README.md"):
        write(tmp_path, name, "not TOML")
    (tmp_path / "folder.toml").mkdir()
    assert read_event_files(tmp_path) == read_event_files(tmp_path / "missing")
    assert read_event_files(tmp_path).errors == ()


def test_two_files_that_name_one_meeting_are_both_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.toml")
    write(tmp_path, "b.toml", changed("81234567890", '"812 3456 7890"'))
    write(tmp_path, "c.toml", changed("81234567890", "81234567891"))
    files = read_event_files(tmp_path)
    assert [event.slug for event in files.events] == ["c"]
    first, second = map(str, files.errors)
    assert "a.toml, zoom: the Zoom meeting 81234567890 is named in b.toml too" in first
    assert "b.toml, zoom: the Zoom meeting 81234567890 is named in a.toml too" in second


def test_two_files_with_one_registration_link_are_both_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.toml", changed("meeting_id = 81234567890", f'registration_url = "{LINK}"'))
    link = LINK.replace("us06web.", "") + "#/registration"
    write(tmp_path, "b.toml", changed('title = "Sesión 2"', f'title = "Sesión 2"\nregistration_url = "{link}"'))
    assert len(read_event_files(tmp_path).errors) == 2


def test_fifty_files_are_read_quickly(tmp_path: Path) -> None:
    for number in range(50):
        write(tmp_path, f"event-{number}.toml", changed("81234567890", str(81234567890 + number)))
    begun = stopwatch.perf_counter()
    assert len(read_event_files(tmp_path).events) == 50
    assert stopwatch.perf_counter() - begun < 2


def test_reading_event_files_needs_no_pydantic() -> None:
    import subprocess

    code = "import sys, zoomsync.events.files; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_times_are_utc() -> None:
    event = parse(MODEL)
    assert {event.registration_deadline.tzinfo, *(each.starts_at.tzinfo for each in event.sessions)} == {UTC}
