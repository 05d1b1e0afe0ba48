"""Who was in a meeting or webinar that is over: its instances, and the participants of one, every page.

The report is asked first: it alone gives registrant ids, and wants a scope of its own. Without that scope the list of
past participants says at least who was there. Source: Zoom's API reference; docs/zoom.md, "Attendance".
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import quote

import msgspec

from zoomsync import words
from zoomsync.domain.attendance import Instance, Participant, Sitting
from zoomsync.domain.records import Meeting, ZoomKind
from zoomsync.errors import PullIncomplete, ZoomError, ZoomNotFound, ZoomPayloadError, ZoomRefused, ZoomScopeMissing
from zoomsync.language import _
from zoomsync.zoom.api import Api
from zoomsync.zoom.decoding import clean_text, decode, read_time
from zoomsync.zoom.limits import Label
from zoomsync.zoom.listing import PAGE_SIZE
from zoomsync.zoom.refusals import PageTokenExpired

log = logging.getLogger(__name__)

_READINGS = 3
_MOST_PAGES = 500
# A row whose times are further apart than this and whose duration is 0 has not been worked out yet.
_WORTH_A_DURATION = timedelta(minutes=1)


class _Instance(msgspec.Struct):
    uuid: str
    start_time: str


class _Instances(msgspec.Struct):
    meetings: list[_Instance] | None = None
    webinars: list[_Instance] | None = None


class _Joining(msgspec.Struct):
    id: str | None = None
    participant_user_id: str | None = None
    user_id: str | int | None = None
    registrant_id: str | None = None
    name: str | None = None
    user_email: str | None = None
    join_time: str | None = None
    leave_time: str | None = None
    duration: float | None = None
    status: str | None = None
    internal_user: bool | None = None


class _Page(msgspec.Struct):
    participants: list[_Joining]
    next_page_token: str | None = None
    total_records: int | None = None


_instances = msgspec.json.Decoder(_Instances)
_page = msgspec.json.Decoder(_Page)

_Key = tuple[str, str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class _Source:
    """A call that lists participants. address: of one kind and uuid."""

    address: str
    label: Label
    with_ids: bool


_REPORT = _Source("/report/{kind}s/{uuid}/participants", "heavy", with_ids=True)
_PAST = _Source("/past_{kind}s/{uuid}/participants", "medium", with_ids=False)


def past_instances(api: Api, meeting: Meeting) -> list[Instance]:
    """Every sitting of a meeting that is over, as far back as Zoom keeps them."""
    return api.call(
        "GET",
        f"/past_{meeting.kind}s/{quote(meeting.meeting_id, safe='')}/instances",
        label="medium",
        what=_("list the past instances of {meeting}").format(meeting=words.meeting(meeting.kind, meeting.meeting_id)),
        decode=partial(_read_instances, kind=meeting.kind),
    )


def sitting(api: Api, meeting: Meeting, uuid: str) -> Sitting:
    """Everybody who was in one instance of `meeting`, whose host is left marked as such.

    Raises PullIncomplete where the list does not add up, and where neither call is allowed the error of the better one.
    """
    try:
        return _with_colleagues(api, meeting, uuid, _read(api, meeting, uuid, _REPORT))
    except (ZoomScopeMissing, ZoomNotFound, ZoomRefused) as error:
        # Refused without the scope, to roles that may not see reports, and for a meeting with a lone participant.
        try:
            found = _read(api, meeting, uuid, _PAST)
        except ZoomError:
            raise error from None
        log.warning("%s Participants are read without registrant ids.", error)
        return found


def _with_colleagues(api: Api, meeting: Meeting, uuid: str, found: Sitting) -> Sitting:
    """The report does not say who is of the host's account, as the other list does: it is asked where there is somebody
    who might be, since Zoom shows the address of hardly anybody else. Where it is refused nobody is taken for one."""
    if not any(one.email and not one.registrant_id and not one.host for one in found.participants):
        return found
    try:
        other = _read(api, meeting, uuid, _PAST)
    except ZoomError as error:
        log.info("%s Colleagues of the host count like anybody else.", error)
        return found
    internal = {one.user_id for one in other.participants if one.internal}
    marked = (replace(one, internal=one.internal or one.user_id in internal) for one in found.participants)
    return replace(found, participants=tuple(marked))


def _read(api: Api, meeting: Meeting, uuid: str, source: _Source) -> Sitting:
    """Read until a reading has as many rows as Zoom counts, or is the same as the one before."""
    what = _("list the participants of {meeting}").format(meeting=words.meeting(meeting.kind, meeting.meeting_id))
    before: dict[_Key, _Joining] | None = None
    reason = ""
    for _try in range(_READINGS):
        try:
            rows, total = _read_once(api, meeting, uuid, source, what)
        except _Spoilt as spoilt:
            reason, before = str(spoilt), None
            continue
        if total in (None, len(rows)) or (before is not None and rows.keys() == before.keys()):
            return _sitting(list(rows.values()), meeting, uuid, source)
        reason, before = _("Zoom counts {total} rows and lists {count}.").format(total=total, count=len(rows)), rows
    raise PullIncomplete(
        _("Could not {what}: {reason} What is known of them stays; the next look tries again.").format(
            what=what, reason=reason
        )
    )


class _Spoilt(Exception):
    """A reading that has to start again from page one."""


def _read_once(
    api: Api, meeting: Meeting, uuid: str, source: _Source, what: str
) -> tuple[dict[_Key, _Joining], int | None]:
    """All pages of a listing, each row once, and Zoom's own count."""
    rows: dict[_Key, _Joining] = {}
    token, tokens, idle_pages = "", {""}, 0
    for _try in range(_MOST_PAGES):
        params = {"page_size": str(PAGE_SIZE), "include_fields": "registrant_id"}
        try:
            page = api.call(
                "GET",
                source.address.format(kind=meeting.kind, uuid=encoded(uuid)),
                label=source.label,
                what=what,
                decode=_read_page,
                params=params | ({"next_page_token": token} if token else {}),
            )
        except PageTokenExpired as expired:
            raise _Spoilt(_("A page token expired.")) from expired
        known = len(rows)
        rows.update(
            ((str(one.user_id), one.join_time, one.leave_time, one.registrant_id), one) for one in page.participants
        )
        idle_pages = idle_pages + 1 if len(rows) == known else 0
        token = page.next_page_token or ""
        if not token:
            return rows, page.total_records
        if token in tokens or idle_pages == 2:
            raise _Spoilt(_("The pages go round in a circle."))
        tokens.add(token)
    raise _Spoilt(_("There is no end to the pages ({number} read).").format(number=_MOST_PAGES))


def encoded(uuid: str) -> str:
    """An instance's uuid in an address: encoded, and twice where it begins with "/" or holds "//", as Zoom wants it."""
    once = quote(uuid, safe="")
    return quote(once, safe="") if uuid.startswith("/") or "//" in uuid else once


def _read_page(body: bytes) -> _Page:
    _bytes, page = decode(_page, body, _("a page of participants"))
    return page


def _read_instances(body: bytes, kind: ZoomKind) -> list[Instance]:
    _bytes, found = decode(_instances, body, _("a list of past instances"))
    rows = found.meetings if kind is ZoomKind.MEETING else found.webinars
    if rows is None:
        raise ZoomPayloadError(_("Zoom's answer is not a list of past instances."))
    return [Instance(one.uuid, at) for one in rows if (at := read_time(one.start_time))]


def _sitting(rows: list[_Joining], meeting: Meeting, uuid: str, source: _Source) -> Sitting:
    """Rows as a value. An empty list is Zoom's answer until it has worked something out, and so are durations of 0."""
    participants = []
    for row in rows:
        joined_at, left_at = read_time(row.join_time), read_time(row.leave_time)
        if joined_at is None or left_at is None or _not_worked_out(row, left_at - joined_at):
            return Sitting((), ready=False, with_ids=source.with_ids)
        if row.status != "in_waiting_room":
            participants.append(_participant(row, meeting, uuid, joined_at, left_at))
    ready = any(row.duration != 0 for row in rows)
    return Sitting(tuple(participants) if ready else (), ready=ready, with_ids=source.with_ids)


def _not_worked_out(row: _Joining, stay: timedelta) -> bool:
    return row.duration == 0 and stay > _WORTH_A_DURATION


def _participant(row: _Joining, meeting: Meeting, uuid: str, joined_at: datetime, left_at: datetime) -> Participant:
    email = clean_text(row.user_email).lower()
    is_host = meeting.host_id and meeting.host_id in (row.participant_user_id, row.id)
    return Participant(
        meeting_id=meeting.meeting_id,
        instance=uuid,
        name=clean_text(row.name),
        joined_at=joined_at,
        left_at=left_at,
        user_id=clean_text(row.user_id),
        email=email,
        registrant_id=clean_text(row.registrant_id),
        internal=bool(row.internal_user),
        host=bool(is_host or (email and email == meeting.host_email)),
    )
