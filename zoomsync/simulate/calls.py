"""Zoom's calls, each a function from what was asked to what is answered, and the table of their addresses.

Which scope opens a call and which rate label it counts on stands in the table. The rules are `world`'s, the HTTP is
`server`'s. Source: docs/zoom.md, "Scopes and rate labels per call".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import msgspec

from zoomsync.simulate.account import KINDS
from zoomsync.simulate.limits import HEAVY, LIGHT, MEDIUM
from zoomsync.simulate.objects import Json, stamp
from zoomsync.simulate.paging import Page
from zoomsync.simulate.refusal import refuse
from zoomsync.simulate.registrants import PEOPLE_A_STATUS_CALL
from zoomsync.simulate.world import World


@dataclass(slots=True)
class Asked:
    """A call as a handler sees it. kind: "meeting" or "webinar". path: the address's variable parts."""

    kind: str
    path: dict[str, str]
    query: dict[str, str]
    body: Json


Handler = Callable[[World, Asked], tuple[int, Any]]


# ------------------------------------------------------------------------------------------------------ handlers


def get_user(world: World, asked: Asked) -> tuple[int, Any]:
    return 200, world.find_user(asked.path["user"]).json() | {"account_id": world.account_id}


def list_meetings(world: World, asked: Asked) -> tuple[int, Any]:
    """type upcoming: those not over yet; previous_meetings: those over; else all."""
    user, now = world.find_user(asked.path["user"]), world.clock()
    wanted = asked.query.get("type", "scheduled")
    rows = []
    for meeting in world.meetings.values():
        over = meeting.last_end is not None and meeting.last_end <= now
        mine = meeting.host is user and meeting.kind == asked.kind
        if mine and not (over and wanted.startswith("upcoming")) and (over or wanted != "previous_meetings"):
            rows.append(msgspec.json.encode(meeting.brief()))
    page = world.page(rows, ("meetings", asked.kind, user.id, wanted), asked.query)
    return 200, _listing(page, f"{asked.kind}s")


def get_meeting(world: World, asked: Asked) -> tuple[int, Any]:
    meeting = world.meeting(asked.kind, asked.path["id"])
    previous = asked.query.get("show_previous_occurrences") == "true"
    return 200, meeting.full(world.clock(), previous=previous, registration_url=world.shows_registration_url)


def patch_meeting(world: World, asked: Asked) -> tuple[int, Any]:
    world.update_meeting(asked.kind, asked.path["id"], asked.body, asked.query.get("occurrence_id", ""))
    return 204, None


def list_registrants(world: World, asked: Asked) -> tuple[int, Any]:
    status, occurrence_id = asked.query.get("status") or "approved", asked.query.get("occurrence_id", "")
    page = world.list_registrants(asked.kind, asked.path["id"], status, occurrence_id, asked.query)
    return 200, _listing(page, "registrants")


def add_registrant(world: World, asked: Asked) -> tuple[int, Any]:
    chosen = [part for part in asked.query.get("occurrence_ids", "").split(",") if part]
    meeting, registrant = world.register_by_api(asked.kind, asked.path["id"], asked.body, chosen)
    return 201, meeting.registered(registrant)


def add_batch(world: World, asked: Asked) -> tuple[int, Any]:
    meeting = world.meeting(asked.kind, asked.path["id"])
    wanted = 2 if meeting.kind == "meeting" else 5
    people = asked.body.get("registrants") or []
    if meeting.type != wanted:
        scheduled = f"scheduled {meeting.kind}({meeting.kind} type: {wanted})"
        raise refuse(400, 303, f"This API can only be used for {scheduled}.")
    if len(people) > PEOPLE_A_STATUS_CALL:
        raise refuse(400, 300, "The registrants field takes at most 30 items.")
    added = []
    for person in people:
        auto_approve = {"auto_approve": asked.body.get("auto_approve")}
        _, registrant = world.register_by_api(asked.kind, meeting.id, person | auto_approve)
        answer = meeting.registered(registrant)
        shown = {name: answer[name] for name in ("registrant_id", "join_url", "participant_pin_code") if name in answer}
        added.append({"email": registrant.email} | shown)
    return 201, {"registrants": added}


def get_registrant(world: World, asked: Asked) -> tuple[int, Any]:
    registrant = world.registrant(asked.kind, asked.path["id"], asked.path["registrant"])
    return 200, world.meeting(asked.kind, asked.path["id"]).row(registrant, registrant.status)


def delete_registrant(world: World, asked: Asked) -> tuple[int, Any]:
    occurrence_id = asked.query.get("occurrence_id", "")
    world.delete_registrant(asked.kind, asked.path["id"], asked.path["registrant"], occurrence_id)
    return 204, None


def put_status(world: World, asked: Asked) -> tuple[int, Any]:
    """A misspelt key is no error to Zoom: 204, and nothing has changed."""
    people = asked.body.get("registrants") or []
    action, occurrence_id = str(asked.body.get("action", "")), asked.query.get("occurrence_id", "")
    world.set_status(asked.kind, asked.path["id"], action, people, occurrence_id)
    return 204, None


def get_questions(world: World, asked: Asked) -> tuple[int, Any]:
    meeting = world.meeting(asked.kind, asked.path["id"])
    return 200, {"questions": meeting.questions, "custom_questions": meeting.custom_questions}


def patch_questions(world: World, asked: Asked) -> tuple[int, Any]:
    meeting = world.meeting(asked.kind, asked.path["id"])
    meeting.questions = asked.body.get("questions", meeting.questions)
    meeting.custom_questions = asked.body.get("custom_questions", meeting.custom_questions)
    return 204, None


def past_meeting(world: World, asked: Asked) -> tuple[int, Any]:
    meeting, instance = world.instance(asked.kind, _uuid(asked))
    minutes = int((instance.end_time - instance.start_time).total_seconds()) // 60
    return 200, {
        "uuid": instance.uuid,
        "id": meeting.id,
        "host_id": meeting.host.id,
        "type": meeting.type,
        "topic": meeting.topic,
        "user_name": f"{meeting.host.first_name} {meeting.host.last_name}",
        "user_email": meeting.host.email,
        "start_time": stamp(instance.start_time),
        "end_time": stamp(instance.end_time),
        "duration": minutes,
        "total_minutes": minutes * len(instance.participants),
        "participants_count": len(instance.participants),
    }


def past_instances(world: World, asked: Asked) -> tuple[int, Any]:
    meeting = world.meeting(asked.kind, asked.path["id"])
    ended = [instance for instance in meeting.instances if instance.end_time <= world.clock()]
    rows = [{"uuid": instance.uuid, "start_time": stamp(instance.start_time)} for instance in ended]
    return 200, {f"{asked.kind}s": rows}


def past_participants(world: World, asked: Asked) -> tuple[int, Any]:
    return _participants(world, asked, report=False)


def report_participants(world: World, asked: Asked) -> tuple[int, Any]:
    return _participants(world, asked, report=True)


def absentees(world: World, asked: Asked) -> tuple[int, Any]:
    meeting, instance = world.instance(asked.kind, _uuid(asked))
    present = {participant.registrant_id for participant in instance.participants}
    absent = [r for r in meeting.order if r.status == "approved" and r.id not in present]
    rows = [meeting.row(registrant, registrant.status) for registrant in absent]
    return 200, _listing(world.page(rows, ("absentees", instance.uuid), asked.query), "registrants")


def _participants(world: World, asked: Asked, *, report: bool) -> tuple[int, Any]:
    """The report gives registrant ids to who asks for them, and does not say who is of the host's account."""
    _, instance = world.instance(asked.kind, _uuid(asked))
    ready = world.clock() >= instance.ready_at
    named = report and asked.query.get("include_fields") == "registrant_id"
    rows = [
        msgspec.json.encode(
            one.json(ready=ready)
            | ({"registrant_id": one.registrant_id} if named else {})
            | ({"participant_user_id": one.zoom_id} if report else {"internal_user": one.internal})
        )
        for one in instance.participants
    ]
    page = world.page(rows, ("participants", instance.uuid, named), asked.query)
    return 200, _listing(page, "participants")


def _uuid(asked: Asked) -> str:
    """The instance meant. One that begins with "/" or holds "//" is found only when it was encoded twice."""
    once = asked.path["uuid"]
    if once.startswith("/") or "//" in once:
        raise refuse(404, 3001, f"{asked.kind.title()} does not exist: {once}.")
    return unquote(once)


def _listing(page: Page, name: str) -> bytes:
    """A page as JSON, its rows rendered already. The numbers are left out on later pages, as Zoom does."""
    head: Json = {"page_size": page.size, "total_records": page.total, "next_page_token": page.next_token}
    if page.number is not None:
        head |= {"page_count": -(-page.total // page.size), "page_number": page.number}
    rows = b",".join(page.rows)
    return msgspec.json.encode(head)[:-1] + b',"' + name.encode() + b'":[' + rows + b"]}"


# --------------------------------------------------------------------------------------------------------- calls


@dataclass(frozen=True, slots=True)
class Call:
    """One of Zoom's calls. scope: granular; classic: the older, broader one; either opens it."""

    method: str
    address: re.Pattern[str]
    handler: Handler
    label: str
    scope: str
    classic: str
    kind: str


def _calls() -> list[Call]:
    """Every call, for meetings and for webinars. In an address {uuid} may hold slashes."""
    one = "/KINDs/{id}"
    people = one + "/registrants"
    past = "/past_KINDs/{uuid}"
    table: list[tuple[str, str, Handler, str, str]] = [
        ("GET", "/users/{user}", get_user, LIGHT, "user:read:user"),
        ("GET", "/users/{user}/KINDs", list_meetings, MEDIUM, "KIND:read:list_KINDs"),
        ("GET", one, get_meeting, LIGHT, "KIND:read:KIND"),
        ("PATCH", one, patch_meeting, LIGHT, "KIND:update:KIND"),
        ("GET", people, list_registrants, MEDIUM, "KIND:read:list_registrants"),
        ("POST", people, add_registrant, LIGHT, "KIND:write:registrant"),
        ("PUT", people + "/status", put_status, MEDIUM, "KIND:update:registrant_status"),
        ("GET", people + "/questions", get_questions, LIGHT, "KIND:read:list_registration_questions"),
        ("PATCH", people + "/questions", patch_questions, LIGHT, "KIND:update:registration_question"),
        ("GET", people + "/{registrant}", get_registrant, LIGHT, "KIND:read:registrant"),
        ("DELETE", people + "/{registrant}", delete_registrant, LIGHT, "KIND:delete:registrant"),
        ("POST", one + "/batch_registrants", add_batch, HEAVY, "KIND:write:batch_registrants"),
        ("GET", "/past_KINDs/{id}/instances", past_instances, MEDIUM, "KIND:read:list_past_instances"),
        ("GET", past + "/participants", past_participants, MEDIUM, "KIND:read:list_past_participants"),
        ("GET", "/past_webinars/{uuid}/absentees", absentees, HEAVY, "webinar:read:list_absentees"),
        ("GET", "/past_meetings/{uuid}", past_meeting, LIGHT, "meeting:read:past_meeting"),
        ("GET", "/report/KINDs/{uuid}/participants", report_participants, HEAVY, "report:read:list_KIND_participants"),
    ]
    calls = []
    for method, address, handler, label, scope in table:
        of_one_kind = [next((kind for kind in KINDS if kind in address), "meeting")]
        for kind in KINDS if "KIND" in address else of_one_kind:
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", address.replace("KIND", kind))
            pattern = pattern.replace("(?P<uuid>[^/]+)", "(?P<uuid>.+)")
            granular = scope.replace("KIND", kind)
            what, action, _ = granular.split(":")
            classic = f"{what}:{'read' if action == 'read' else 'write'}"
            calls.append(Call(method, re.compile(pattern), handler, label, granular, classic, kind))
    return calls


CALLS = _calls()
