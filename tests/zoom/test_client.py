"""Finding meetings, changing registration, and what `check` reads."""

from __future__ import annotations

import json
import logging

import pytest

from tests.builders import MEETING_ID, make_event, make_meeting, utc
from tests.zoom.conftest import MakeClient
from tests.zoom.scripted import Reply, Request, ScriptedZoom
from zoomsync.domain.records import SessionSpec, ZoomKind, ZoomPart
from zoomsync.errors import ZoomNotFound, ZoomScopeMissing, ZoomWrongKind
from zoomsync.jobs.ports import RegistrantSource, RegistrationDesk
from zoomsync.simulate.server import Simulator
from zoomsync.simulate.world import World
from zoomsync.zoom.client import ZoomClient, registration_token

ID = int(MEETING_ID)


def fits(source: ZoomClient) -> tuple[RegistrantSource, RegistrationDesk]:
    """mypy reads this: the client is both."""
    return source, source


# ---------------------------------------------------------------------------------------------------------- finding


def test_a_meeting_named_by_id_is_read_as_it_is(client: ZoomClient) -> None:
    (meeting,) = client.find_meetings(make_event())
    assert (meeting.meeting_id, meeting.kind, meeting.type) == (MEETING_ID, ZoomKind.MEETING, 8)
    assert len(meeting.occurrences) == 2
    assert meeting.starts_at == utc(2023, 3, 7, 14)


def test_past_occurrences_are_asked_for(zoom: Simulator, client: ZoomClient) -> None:
    client.find_meetings(make_event())
    assert zoom.journal[-1].query == "show_previous_occurrences=true"


def test_meetings_of_sessions_follow_the_events_own_each_once(
    world: World, zoom: Simulator, client: ZoomClient
) -> None:
    world.add_meeting(822, "Segunda")
    sessions = tuple(
        SessionSpec("Sesión", utc(2023, 3, 7, 14), utc(2023, 3, 7, 19), meeting_id=one)
        for one in ("822", MEETING_ID, None)
    )
    found = client.find_meetings(make_event(sessions=sessions))
    assert [one.meeting_id for one in found] == [MEETING_ID, "822"]


@pytest.mark.parametrize(("type", "written"), [(5, ZoomKind.MEETING), (2, ZoomKind.WEBINAR)])
def test_an_id_of_the_other_kind_is_read_as_that_and_told(
    type: int, written: ZoomKind, world: World, client: ZoomClient, caplog: pytest.LogCaptureFixture
) -> None:
    world.add_meeting(833, "Otra cosa", type=type)
    with caplog.at_level(logging.WARNING):
        (found,) = client.find_meetings(make_event(zoom=ZoomPart(kind=written, meeting_id="833")))
    assert found.kind is not written
    assert f'write kind = "{found.kind}"' in caplog.text


def test_an_id_that_is_of_neither_kind_keeps_its_first_error(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    wrong = Reply(400, {"code": 3000, "message": "Cannot access webinar info."})
    scripted.answer = lambda request: (
        wrong if "/meetings/" in request.path else Reply(404, {"code": 3001, "message": "x"})
    )
    with pytest.raises(ZoomWrongKind):
        make_client(scripted).find_meetings(make_event())
    assert len(scripted.requests) == 2


def test_an_absent_meeting_is_not_looked_for_among_webinars(zoom: Simulator, client: ZoomClient) -> None:
    with pytest.raises(ZoomNotFound, match="meeting_id"):
        client.find_meetings(make_event(zoom=ZoomPart(meeting_id="999")))
    assert not any("/webinars/" in entry.path for entry in zoom.journal)


def test_an_event_that_names_nothing_is_told_so(client: ZoomClient) -> None:
    with pytest.raises(ZoomNotFound, match="meeting_id"):
        client.find_meetings(make_event(zoom=ZoomPart()))


def by_link(token: str, path: str = "meeting") -> ZoomPart:
    return ZoomPart(registration_url=f"https://otra.zoom.us/{path}/register/{token}?x=1#/registration")


def host(world: World) -> str:
    return world.users[0].email


def test_a_link_is_found_among_the_hosts_meetings_by_its_token(
    world: World, zoom: Simulator, make_client: MakeClient
) -> None:
    world.add_meeting(822, "Segunda", registration_token="tZMlc-qhpjMtG")
    world.add_meeting(823, "Sin registro", approval_type=2)
    client = make_client(zoom, host_email=host(world))
    (found,) = client.find_meetings(make_event(zoom=by_link("tZMlc-qhpjMtG")))
    assert found.meeting_id == "822"


def test_a_webinars_link_is_looked_for_among_webinars(world: World, zoom: Simulator, make_client: MakeClient) -> None:
    world.add_meeting(833, "Webinario", type=5, registration_token="WN_abc")
    client = make_client(zoom, host_email=host(world))
    (found,) = client.find_meetings(make_event(zoom=by_link("WN_abc", "webinar")))
    assert (found.meeting_id, found.kind) == ("833", ZoomKind.WEBINAR)


def test_a_link_once_found_is_not_looked_for_again(world: World, zoom: Simulator, make_client: MakeClient) -> None:
    world.add_meeting(822, "Segunda", registration_token="tZabc")
    client = make_client(zoom, host_email=host(world))
    client.find_meetings(make_event(zoom=by_link("tZabc")))
    asked = len(zoom.journal)
    client.find_meetings(make_event(zoom=by_link("tZabc")))
    assert len(zoom.journal) == asked + 1


@pytest.mark.parametrize("token", ["tZunknown", "TZABC"])
def test_a_link_that_is_not_found_says_how_to_find_the_id(
    token: str, world: World, zoom: Simulator, make_client: MakeClient
) -> None:
    world.add_meeting(822, "Segunda", registration_token="tZabc")
    with pytest.raises(ZoomNotFound, match="Zoom portal"):
        make_client(zoom, host_email=host(world)).find_meetings(make_event(zoom=by_link(token)))


def test_a_link_without_a_host_asks_for_either(zoom: Simulator, client: ZoomClient) -> None:
    with pytest.raises(ZoomNotFound, match=r"meeting_id .*ZOOMSYNC_ZOOM__HOST_EMAIL"):
        client.find_meetings(make_event(zoom=by_link("tZabc")))
    assert not zoom.journal


def test_a_form_that_is_not_zooms_is_no_link(zoom: Simulator, make_client: MakeClient) -> None:
    part = ZoomPart(registration_url="https://forms.example/abc")
    with pytest.raises(ZoomNotFound, match="no registration link"):
        make_client(zoom, host_email="x@example.org").find_meetings(make_event(zoom=part))


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("https://us06web.zoom.us/meeting/register/tZMlc-qhp", "tZMlc-qhp"),
        ("https://vanity.zoom.us/webinar/register/WN_x/?a=b#/registration", "WN_x"),
        ("https://zoom.us/j/81234567890", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_links_token_is_its_last_part(url: str | None, token: str) -> None:
    assert registration_token(url) == token


# ---------------------------------------------------------------------------------------------------------- changing


def test_approval_type_is_set_and_nothing_else(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    scripted.replies(Reply(204))
    make_client(scripted).set_approval_type(make_meeting(), 1)
    (sent,) = scripted.requests
    assert (sent.method, sent.path) == ("PATCH", f"/v2/meetings/{MEETING_ID}")
    assert json.loads(sent.body) == {"settings": {"approval_type": 1}}


def test_reading_back_shows_what_took(world: World, client: ZoomClient) -> None:
    meeting = make_meeting()
    client.set_approval_type(meeting, 1)
    assert client.get_meeting(meeting).approval_type == 1
    world.faults.add("ignored", method="PATCH")
    client.set_approval_type(meeting, 0)
    assert client.get_meeting(meeting).approval_type == 1


def test_a_webinar_is_changed_on_its_own_path(world: World, client: ZoomClient) -> None:
    world.add_meeting(833, "Webinario", type=5)
    meeting = make_meeting(meeting_id="833", kind=ZoomKind.WEBINAR)
    client.set_approval_type(meeting, 1)
    assert client.get_meeting(meeting).approval_type == 1


def test_statuses_are_set_thirty_a_call_with_id_and_email(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    scripted.replies(Reply(204))
    people = [(f"r{number}", f"p{number}@example.org") for number in range(65)]
    make_client(scripted).set_registrant_status(make_meeting(), "deny", people, occurrence_id="111")
    bodies = [json.loads(request.body) for request in scripted.requests]
    assert [len(body["registrants"]) for body in bodies] == [30, 30, 5]
    assert [(one["id"], one["email"]) for body in bodies for one in body["registrants"]] == people
    assert {body["action"] for body in bodies} == {"deny"}
    assert {request.query["occurrence_id"] for request in scripted.requests} == {"111"}


def test_a_status_change_takes_on_zoom(world: World, client: ZoomClient) -> None:
    one = world.add_registrant(ID, status="pending")
    client.set_registrant_status(make_meeting(), "approve", [(one.id, one.email)])
    assert one.status == "approved"


def test_nobody_to_change_is_no_call(zoom: Simulator, client: ZoomClient) -> None:
    client.set_registrant_status(make_meeting(), "deny", [])
    assert not zoom.journal


# -------------------------------------------------------------------------------------------------------- for `check`


def test_the_owner_and_a_host_are_read(world: World, client: ZoomClient) -> None:
    assert client.whoami().email == host(world)
    assert client.get_user(host(world)).type == 2


def test_an_unknown_host_names_the_setting(client: ZoomClient) -> None:
    with pytest.raises(ZoomNotFound, match="HOST_EMAIL"):
        client.get_user("nadie@example.org")


def test_a_missing_scope_is_named(world: World, client: ZoomClient) -> None:
    world.scopes -= {scope for scope in world.scopes if scope.startswith("meeting:read")}
    with pytest.raises(ZoomScopeMissing, match="meeting:read"):
        client.get_meeting(make_meeting())


def test_all_pages_of_upcoming_meetings_are_listed(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    def answer(request: Request) -> Reply:
        token = request.query.get("next_page_token", "")
        rows = [{"id": 2, "topic": "b"}, {"id": 3, "topic": "c"}] if token else [{"id": 1, "topic": "a"}, {"id": 2}]
        return Reply(200, {"meetings": rows, "next_page_token": "" if token else "more"})

    scripted.answer = answer
    found = make_client(scripted).list_upcoming("ana+zoom@example.org")
    assert [one.meeting_id for one in found] == ["1", "2", "3"]
    assert scripted.requests[0].path == "/v2/users/ana%2Bzoom@example.org/meetings"
    assert scripted.requests[0].query == {"type": "upcoming", "page_size": "300"}
