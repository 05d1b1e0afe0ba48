"""Whatever comes in from outside is read, or refused by the error that is meant for it: nothing else comes out.

Few examples here; `make prove` tries thousands. Announcement pages: `tests/events/test_announcement.py`.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zoomsync.domain.records import ZoomKind
from zoomsync.errors import EventFileError, SettingsError, ZoomError
from zoomsync.events.files import parse_event
from zoomsync.events.init import starter_text
from zoomsync.settings import load_settings
from zoomsync.zoom import answers, attendance, payloads

FEW = settings(
    # A fifth of what the profile says: these examples are large.
    max_examples=settings.default.max_examples // 5,
    suppress_health_check=[HealthCheck.too_slow],
)

_JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        ["", "2023-03-07T14:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "\x00", "approved", "🙂"]
    ),
)
_JSON = st.recursive(
    _JUNK, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
_ROW = {
    "id": "a1", "email": "a@example.org", "first_name": "A", "last_name": None, "status": "approved",
    "join_url": "https://us06web.zoom.us/w/1?tk=a",
    "create_time": "2023-03-01T00:00:00Z", "custom_questions": [{"title": "?", "value": "!"}],
}  # fmt: skip
_PAGE = {"page_size": 300, "total_records": 1, "next_page_token": "", "registrants": [_ROW]}
_MEETING = {
    "id": 1, "uuid": "x==", "topic": "T", "type": 8, "start_time": "2023-03-07T14:00:00Z",
    "duration": 300, "timezone": "UTC",
    "host_email": "h@example.org", "registration_url": "https://zoom.us/meeting/register/x",
    "occurrences": [
        {"occurrence_id": "1", "start_time": "2023-03-07T14:00:00Z", "duration": 300, "status": "available"}
    ],
    "settings": {"approval_type": 0, "registration_type": 1},
}  # fmt: skip
_JOINING = {
    "id": "z", "user_id": "1", "registrant_id": "a1", "name": "A", "user_email": "",
    "join_time": "2023-03-07T14:00:00Z",
    "leave_time": "2023-03-07T15:00:00Z", "duration": 3600, "status": "in_meeting", "internal_user": False,
}  # fmt: skip


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document, as the keys that lead there."""
    inner: list[tuple[Any, ...]] = []
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in items:
        inner += places(value, (*path, key))
    return [path, *inner] if path else inner


@st.composite
def spoilt(draw: st.DrawFn, document: Any, junk: st.SearchStrategy[Any]) -> Any:
    """The document with something else at some of its places."""
    copied = json.loads(json.dumps(document))
    for path in draw(st.lists(st.sampled_from(places(document)), min_size=1, max_size=3)):
        place = copied
        with contextlib.suppress(LookupError, TypeError):  # what was there is spoilt already
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = draw(junk)
    return copied


def as_bytes(document: Any) -> bytes:
    return json.dumps(document).encode("utf-8", "surrogatepass")


@FEW
@given(spoilt(_PAGE, _JSON))
def test_a_page_of_registrants_is_read_or_refused(page: Any) -> None:
    with contextlib.suppress(ZoomError):
        payloads.read_page(as_bytes(page))


@FEW
@given(spoilt(_MEETING, _JSON))
def test_a_meeting_is_read_or_refused(meeting: Any) -> None:
    for read in (answers.read_meeting, answers.read_meeting_list):
        with contextlib.suppress(ZoomError):
            read(as_bytes(meeting), ZoomKind.MEETING)


@FEW
@given(
    spoilt({"next_page_token": "", "participants": [_JOINING]}, _JSON),
    spoilt({"meetings": [{"uuid": "x", "start_time": "2023-03-07T14:00:00Z"}]}, _JSON),
)
def test_attendance_is_read_or_refused(page: Any, instances: Any) -> None:
    with contextlib.suppress(ZoomError):
        attendance._read_page(as_bytes(page))
    with contextlib.suppress(ZoomError):
        attendance._read_instances(as_bytes(instances), ZoomKind.MEETING)


@FEW
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for read in (payloads.read_page, answers.read_status, answers.read_user, attendance._read_page):
        with contextlib.suppress(ZoomError):
            read(body)


# ------------------------------------------------------------------------------------------------------------- TOML

_TOML = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(),
        st.text(max_size=12),
        st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)),  # noqa: DTZ001 - local times, as files have them
        st.dates(),
        st.times(),
        st.sampled_from([date(1, 1, 1), date(9999, 12, 31), time(0), "1d 17:00", "draft", "UTC", "9999999h"]),
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
)
_EVENT = tomlkit.parse(starter_text("model-event.toml")).unwrap()


@st.composite
def spoilt_toml(draw: st.DrawFn, document: Any) -> bytes:
    copied = tomlkit.parse(tomlkit.dumps(document)).unwrap()
    for path in draw(st.lists(st.sampled_from(places(document)), min_size=1, max_size=3)):
        place = copied
        with contextlib.suppress(LookupError, TypeError):
            for key in path[:-1]:
                place = place[key]
            if isinstance(place, list) or isinstance(path[-1], str):  # a list may have become a table meanwhile
                place[path[-1]] = draw(_TOML)
    return tomlkit.dumps(copied).encode("utf-8", "surrogatepass")


@FEW
@given(spoilt_toml(_EVENT) | st.binary(max_size=100))
def test_an_event_file_is_read_or_refused_with_its_place(data: bytes) -> None:
    with contextlib.suppress(EventFileError):
        parse_event(data, Path("events/taller.toml"))


_SETTINGS = {
    "database_url": "sqlite:///x.db", "timezone": "UTC", "language": "es",
    "zoom": {"plan": "pro", "host_email": "a@example.org"},
    "smtp": {"host": "h", "port": 25, "security": "none", "max_per_minute": 3, "connections": 2},
    "log": {"level": "info"},
    "schedule": {"sync_every": "5m", "deliver_every": "20s"}, "privacy": {"retention_days": 90},
    "mail": {"sender": "a@b.org", "in_doubt": "hold"},
    "web": {"enabled": True, "port": 1, "public_url": "https://x.org"},
    "alerts": {"email": "a@b.org", "ping_url": "https://x.org"},
}  # fmt: skip


@FEW
@given(spoilt_toml(_SETTINGS) | st.binary(max_size=100))
def test_a_settings_file_is_read_or_refused_in_one_error(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "zoomsync.toml"
        file.write_bytes(data)
        with contextlib.suppress(SettingsError):
            load_settings(file, cwd=Path(folder), environ={})
