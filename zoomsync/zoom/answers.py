"""Zoom's other answers: meetings, hosts' lists of them, users, tokens, and the bodies of refusals. No HTTP here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from zoomsync.domain.records import ApprovalType, Meeting, Occurrence, ZoomKind
from zoomsync.errors import ZoomPayloadError
from zoomsync.language import _
from zoomsync.zoom.decoding import clean_text, decode, read_time


class _Occurrence(msgspec.Struct):
    occurrence_id: str | int
    start_time: str | None = None
    duration: float | None = None
    status: str | None = None


class _MeetingSettings(msgspec.Struct):
    approval_type: int | None = None
    registration_type: int | None = None


class _Meeting(msgspec.Struct):
    id: int | str
    topic: str | None = None
    type: int | None = None
    start_time: str | None = None
    duration: float | None = None
    timezone: str | None = None
    uuid: str | None = None
    host_id: str | None = None
    host_email: str | None = None
    status: str | None = None
    registration_url: str | None = None
    occurrences: list[_Occurrence] | None = None
    settings: _MeetingSettings | None = None


class _MeetingPage(msgspec.Struct):
    """A host's listing: the key of the rows is "meetings" or "webinars"."""

    meetings: list[_Meeting] | None = None
    webinars: list[_Meeting] | None = None
    next_page_token: str | None = None


class _User(msgspec.Struct):
    id: str
    email: str
    type: int | None = None


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float | str | None = None
    scope: str | None = None
    api_url: str | None = None


_meeting = msgspec.json.Decoder(_Meeting)
_meeting_page = msgspec.json.Decoder(_MeetingPage)
_user = msgspec.json.Decoder(_User)
_token = msgspec.json.Decoder(_Token)
_anything: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True)
class UpcomingMeeting:
    """What a host's listing says of a meeting: no settings, so nothing about registration."""

    meeting_id: str
    kind: ZoomKind
    topic: str
    starts_at: datetime | None
    registration_url: str | None


@dataclass(frozen=True, slots=True)
class ZoomUser:
    """type: 1 basic (such a host cannot ask for registration), 2 licensed, 99 none; None where Zoom says nothing."""

    user_id: str
    email: str
    type: int | None


@dataclass(frozen=True, slots=True)
class GrantedToken:
    access_token: str = field(repr=False)
    expires_in_s: float | None
    scopes: frozenset[str]
    api_url: str


class Refusal(NamedTuple):
    """The body of a refusal. code: None where there is none. message: Zoom's words, "" where there are none."""

    code: int | None
    message: str


def read_meeting(body: bytes, kind: ZoomKind) -> Meeting:
    """The answer of GET /meetings/{id} or /webinars/{id}. Ids are text whether Zoom writes a number or a string."""
    _bytes, seen = decode(_meeting, body, "a meeting")
    settings = seen.settings or _MeetingSettings()
    approval_type = settings.approval_type
    return Meeting(
        meeting_id=str(seen.id),
        kind=kind,
        topic=clean_text(seen.topic),
        type=seen.type or 0,
        # No registration is Zoom's default, and what it means when it says nothing.
        approval_type=ApprovalType.NO_REGISTRATION if approval_type is None else approval_type,
        registration_type=settings.registration_type,
        uuid=seen.uuid or "",
        host_id=seen.host_id or "",
        host_email=(seen.host_email or "").strip().lower(),
        timezone=seen.timezone or "",
        starts_at=read_time(seen.start_time),
        duration=_minutes(seen.duration),
        occurrences=tuple(_read_occurrence(one) for one in seen.occurrences or ()),
        registration_url=seen.registration_url or None,
        status=seen.status or "",
    )


def _read_occurrence(seen: _Occurrence) -> Occurrence:
    starts_at = read_time(seen.start_time)
    if starts_at is None:
        raise ZoomPayloadError(_("Zoom's answer is not a meeting: an occurrence has no start."))
    return Occurrence(
        occurrence_id=str(seen.occurrence_id),
        starts_at=starts_at,
        duration=_minutes(seen.duration) or timedelta(0),
        deleted=seen.status == "deleted",
    )


def _minutes(duration: float | None) -> timedelta | None:
    try:
        return None if duration is None else timedelta(minutes=duration)
    except OverflowError:
        raise ZoomPayloadError(_("Zoom's answer is not a meeting: its duration is out of bounds.")) from None


def read_meeting_list(body: bytes, kind: ZoomKind) -> tuple[str, list[UpcomingMeeting]]:
    """One page of a host's meetings or webinars, with the token of the next page ("" on the last)."""
    _bytes, page = decode(_meeting_page, body, _("a list of meetings"))
    rows = page.meetings if kind is ZoomKind.MEETING else page.webinars
    if rows is None:
        raise ZoomPayloadError(_("Zoom's answer is not a list of meetings."))
    return page.next_page_token or "", [
        UpcomingMeeting(
            meeting_id=str(row.id),
            kind=kind,
            topic=clean_text(row.topic),
            starts_at=read_time(row.start_time),
            registration_url=row.registration_url or None,
        )
        for row in rows
    ]


def read_user(body: bytes) -> ZoomUser:
    """The answer of GET /users/{id}."""
    _bytes, user = decode(_user, body, "a user")
    return ZoomUser(user.id, user.email.strip().lower(), user.type)


def read_status(body: bytes) -> str:
    """The status in the answer of GET …/registrants/{id}; "" where it holds none."""
    _bytes, row = decode(_anything, body, "a registrant")
    return str(row.get("status", "")) if isinstance(row, dict) else ""


def read_token(body: bytes) -> GrantedToken:
    """The answer of the token endpoint."""
    _bytes, token = decode(_token, body, "a token")
    value = token.access_token
    # One with a line break would make requests quote it in its complaint about the header.
    if not (value.isascii() and value.isprintable()) or " " in value or not value:
        raise ZoomPayloadError(_("Zoom's answer is not a token."))
    return GrantedToken(value, _seconds(token.expires_in), frozenset((token.scope or "").split()), token.api_url or "")


def _seconds(expires_in: float | str | None) -> float | None:
    """Seconds above 0; None for anything else."""
    try:
        seconds = float(expires_in or 0)
    except ValueError:
        return None
    return seconds if seconds > 0 else None


def read_refusal(body: bytes) -> Refusal:
    """Code and words of a refusal, as far as there are any; never an error of its own.

    The API says `code`, `message` and, for bad fields, `errors`; the token endpoint says `reason` and `error`.
    """
    try:
        _, said = decode(_anything, body, "a refusal")
    except ZoomPayloadError:
        return Refusal(None, "")
    if not isinstance(said, dict):
        return Refusal(None, "")
    words = [said[key] for key in ("message", "reason") if isinstance(said.get(key), str)]
    if isinstance(said.get("error"), str):  # OAuth's own word for it, beside a reason or alone
        words.append(f"({said['error']})" if words else said["error"])
    fields = said.get("errors")
    for one in fields if isinstance(fields, list) else ():
        if isinstance(one, dict):
            words.append(f"{one.get('field', '')}: {one.get('message', '')}")
    code = said.get("code")
    return Refusal(code if isinstance(code, int) else None, " ".join(words))


def check_nothing(body: bytes) -> None:
    """A write is answered with an empty body, or with JSON: a login page of somebody's network is no yes."""
    if body.strip():
        decode(_anything, body, _("the answer to a change"))
