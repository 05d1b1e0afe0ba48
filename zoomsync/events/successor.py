"""The next event's file from the last one's: what stays is carried over, what must be new is left as a comment.

Organiser, zone, language, reminders, closing and every comment stay. Dates, meeting, page and words of that one event
become comments that show the old value, so that the file itself says what is missing; it is a draft.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Comment, Trivia

from zoomsync.domain.handwritten import Mistake, parse_toml, read_moment
from zoomsync.domain.records import Event, SessionSpec, ZoomPart
from zoomsync.errors import EventFileError
from zoomsync.events.editing import line_of, lines_of, read_document, set_value
from zoomsync.events.fields import read_meeting_id, read_registration_url
from zoomsync.language import _

_OF_THE_LAST_ONE = ("page_url",)
_OF_ITS_REMINDERS = ("note", "survey_url", "recording_url")


@dataclass(frozen=True, slots=True)
class Answers:
    """What is known of the next event already; None and missing starts are left open.

    deadline: a date, or a date and time; starts: of each session in order; as people write them, in the event's zone.
    zoom: a meeting's number or a registration link.
    """

    title: str | None = None
    deadline: str | None = None
    starts: Sequence[str] = ()
    zoom: str | None = None


@dataclass(frozen=True, slots=True)
class Successor:
    """data: the new file. missing: what is still to be written there, as messages about the file name it."""

    data: bytes
    missing: tuple[str, ...]


def successor(event: Event, path: Path, answers: Answers) -> Successor:
    """The next event's file. event: the last one, as read from `path`.

    Raises EventFileError for an answer that cannot be read, and for a file that is written in a way that is not
    understood here.
    """
    data, manner, document = read_document(path)
    wanted: dict[str, Any] = parse_toml(data)
    missing: list[str] = []
    try:
        changes = _changes(event, answers)
        # All of them before the first change: the library finds none any more where lines came or went.
        tables = {place: _table(document, wanted, place) for place in changes}
        for place, values in changes.items():
            table, plain = tables[place]
            for key, value in values.items():
                _change(table, plain, key, value)
        missing += [f"{place}.{key}".lstrip(".") for place, values in changes.items() for key in _lacking(values)]
    except (KeyError, IndexError, TypeError, AttributeError, TOMLKitError):
        wanted = {}  # told below
    after = manner.bytes_of(tomlkit.dumps(document))
    if parse_toml(after) != wanted:
        raise EventFileError(
            str(path),
            "",
            _("this file is written in a way that is not carried over."),
            _("Copy it and change it by hand."),
        )
    return Successor(after, tuple(missing))


@dataclass(frozen=True, slots=True)
class _Open:
    """A key that becomes a comment. required: the file cannot be used without it."""

    required: bool = False


_GONE = object()


def _changes(event: Event, answers: Answers) -> dict[str, dict[str, Any]]:
    """What becomes of which key, by the place of its table as messages name it."""
    zone = ZoneInfo(event.timezone)
    top: dict[str, Any] = {"status": "draft", "announce": _GONE} | dict.fromkeys(_OF_THE_LAST_ONE, _Open())
    if answers.title:
        top["title"] = answers.title
    top["registration_deadline"] = _Open(required=True)
    if answers.deadline:
        top["registration_deadline"] = _toml_moment(answers.deadline, _("the deadline"))
    zoom = _open_meeting(event.zoom)
    if answers.zoom:
        zoom |= {"meeting_id": _Open()} | _meeting(answers.zoom)
    found = {"": top, "zoom": zoom, "reminders": dict[str, Any](dict.fromkeys(_OF_ITS_REMINDERS, _Open()))}
    for number, spec in enumerate(event.sessions, start=1):
        session: dict[str, Any] = {"status": _GONE, "announce": _GONE} | _open_meeting(spec)
        session |= {"starts": _Open(required=True), "ends": _Open(required=True)}
        if number <= len(answers.starts) and answers.starts[number - 1]:
            session |= _times(answers.starts[number - 1], spec.ends_at - spec.starts_at, zone)
        found[f"sessions[{number}]"] = session
    return found


def _open_meeting(part: ZoomPart | SessionSpec) -> dict[str, Any]:
    named = bool(part.meeting_id or part.registration_url)
    return {"meeting_id": _Open(required=named), "registration_url": _Open()}


def _lacking(values: dict[str, Any]) -> list[str]:
    return [key for key, value in values.items() if isinstance(value, _Open) and value.required]


def _times(text: str, length: timedelta, zone: ZoneInfo) -> dict[str, Any]:
    try:
        starts_at = read_moment(text, zone)
    except Mistake as mistake:
        raise EventFileError(_("a session's start"), "", mistake.problem, mistake.hint) from None
    return {
        "starts": starts_at.astimezone(zone).replace(tzinfo=None),
        "ends": (starts_at + length).astimezone(zone).replace(tzinfo=None),
    }


def _toml_moment(text: str, what: str) -> Any:
    """A date or a date and time as TOML has them."""
    shown = text.strip().replace(" ", "T")
    try:
        return parse_toml(f"x = {shown if 'T' not in shown or shown.count(':') > 1 else shown + ':00'}".encode())["x"]
    except Mistake as mistake:
        raise EventFileError(what, "", mistake.problem, mistake.hint) from None


def _meeting(text: str) -> dict[str, Any]:
    try:
        if text.strip().lower().startswith("http"):
            return {"registration_url": read_registration_url(text.strip())}
        return {"meeting_id": int(read_meeting_id(text.strip()))}
    except Mistake as mistake:
        raise EventFileError(_("the Zoom meeting"), "", mistake.problem, mistake.hint) from None


def _table(document: Any, wanted: dict[str, Any], place: str) -> tuple[Any, dict[str, Any]]:
    """A part of the file, and the same as plain values. Raises KeyError, IndexError."""
    if not place:
        return document, wanted
    if place.startswith("sessions["):
        number = int(place[len("sessions[") : -1]) - 1
        return document["sessions"][number], wanted["sessions"][number]
    if place not in wanted:
        return None, {}
    return document[place], wanted[place]


def _change(table: Any, plain: dict[str, Any], key: str, value: Any) -> None:
    if value is not _GONE and not isinstance(value, _Open):
        set_value(table, key, value, after="title")
        plain[key] = deepcopy(value)
        return
    if key not in plain:
        return
    at = line_of(table, key)
    assert at is not None, "a key of the file has a line"
    lines = lines_of(table)
    _key, old = lines[at]
    shown = old.as_string()
    del plain[key]
    if value is _GONE:
        del lines[at]
        return
    was = "" if "\n" in shown else f" {shown}"
    if old.trivia.comment:
        said = _("{comment} (of the last event): write the new one").format(comment=old.trivia.comment)
    else:
        said = _("# of the last event: write the new one")
    comment = f"# {key} ={was}   {said}"
    lines[at] = (None, Comment(Trivia(old.trivia.indent, "", comment, old.trivia.trail)))
