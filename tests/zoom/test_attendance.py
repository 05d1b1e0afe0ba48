"""Who was in a meeting that is over: the report, its pages, and what stands in for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import SESSION_1, make_meeting, utc
from tests.zoom.conftest import MakeClient
from tests.zoom.scripted import Reply, Request, ScriptedZoom
from zoomsync.clock import SteppedClock
from zoomsync.domain.attendance import Instance
from zoomsync.domain.records import ZoomKind
from zoomsync.errors import PullIncomplete, ZoomScopeMissing
from zoomsync.jobs.ports import AttendanceSource
from zoomsync.simulate.model_event import MODEL_MEETING_ID
from zoomsync.simulate.server import Simulator
from zoomsync.simulate.world import World
from zoomsync.zoom.client import ZoomClient

HOST = "anfitriona@redciudadana.org.gt"
REPORT_SCOPE = "report:read:list_meeting_participants:admin"


def fits(source: ZoomClient) -> AttendanceSource:
    """mypy reads this: the client is one."""
    return source


@pytest.fixture
def held(world: World) -> Any:
    """The first session took place: 400 people, two guests, the host."""
    world.populate(MODEL_MEETING_ID, 400)
    instance = world.hold_session(MODEL_MEETING_ID, share=1, ready_after=timedelta(hours=2))
    assert isinstance(world.clock, SteppedClock)
    world.clock.move_to(utc(2023, 3, 7, 22))
    return instance


def test_every_joining_is_read_with_its_registrant_id(world: World, zoom: Simulator, client: ZoomClient, held: Any):
    meeting = client.get_meeting(make_meeting())
    assert client.past_instances(meeting) == [Instance(held.uuid, SESSION_1)]
    found = client.sitting(meeting, held.uuid)
    assert found.ready
    assert found.with_ids
    assert len(found.participants) == len(held.participants) > 400
    assert {one.registrant_id for one in found.participants} - {""} == {
        one.id for one in world.meetings[MODEL_MEETING_ID].order
    }
    assert [one.name for one in found.participants if one.host] == [held.participants[0].name]
    assert held.uuid.startswith("/")
    assert "/%2F" in zoom.journal[-1].path, "encoded twice; the journal has it decoded once"


def test_durations_of_zero_are_not_ready_yet(world: World, client: ZoomClient, held: Any):
    world.clock.move_to(utc(2023, 3, 7, 20))  # type: ignore[attr-defined]
    found = client.sitting(make_meeting(), held.uuid)
    assert (found.ready, found.participants) == (False, ())


def test_colleagues_of_the_host_are_known_by_the_other_list(world: World, client: ZoomClient, held: Any):
    end = SESSION_1 + timedelta(hours=1)
    world.join(held, "Técnica", SESSION_1, end, user_email="tecnica@redciudadana.org.gt", internal=True)
    world.join(held, "Ajena", SESSION_1, end, user_email="ajena@example.org")
    found = {one.name: one.internal for one in client.sitting(make_meeting(host_email=HOST), held.uuid).participants}
    assert (found["Técnica"], found["Ajena"]) == (True, False)
    world.scopes.discard("meeting:read:list_past_participants:admin")
    world.revoke_tokens()
    found = {one.name: one.internal for one in client.sitting(make_meeting(host_email=HOST), held.uuid).participants}
    assert not found["Técnica"]


def test_without_the_reports_scope_the_past_participants_stand_in(world: World, client: ZoomClient, held: Any):
    world.scopes.discard(REPORT_SCOPE)
    found = client.sitting(make_meeting(host_email=HOST), held.uuid)
    assert found.ready
    assert not found.with_ids
    assert {one.registrant_id for one in found.participants} == {""}
    assert [one.internal for one in found.participants if one.host] == [True]


def test_where_neither_is_allowed_the_reports_scope_is_named(world: World, client: ZoomClient, held: Any):
    world.scopes -= {REPORT_SCOPE, "meeting:read:list_past_participants:admin"}
    with pytest.raises(ZoomScopeMissing, match="list_meeting_participants"):
        client.sitting(make_meeting(), held.uuid)


def test_webinars_have_calls_of_their_own(world: World, client: ZoomClient):
    world.add_meeting(900, "Seminario", type=5, start_time=utc(2023, 2, 24, 13))
    (person,) = world.populate(900, 1)
    instance = world.hold_session(900, share=1, guests=0)
    webinar = make_meeting(meeting_id="900", kind=ZoomKind.WEBINAR, host_email=HOST)
    assert [one.uuid for one in client.past_instances(webinar)] == [instance.uuid]
    found = client.sitting(webinar, instance.uuid)
    assert [one.registrant_id for one in found.participants if not one.host] == [person.id]


# ------------------------------------------------------------------------------------------- what no true answer holds


def row(number: int, **fields: Any) -> dict[str, Any]:
    times = {"join_time": "2023-03-07T14:00:00Z", "leave_time": "2023-03-07T15:00:00Z", "duration": 3600}
    return {"user_id": str(number), "name": f"Persona {number}", "registrant_id": f"r{number}"} | times | fields


def page(*rows: dict[str, Any], total: int | None = None, token: str = "") -> Reply:
    return Reply(200, {"participants": list(rows), "next_page_token": token, "total_records": total})


def read(scripted: ScriptedZoom, make_client: MakeClient, *replies: Reply) -> list[str]:
    """The names in a sitting when Zoom answers with these, one after the other."""
    answers = iter(replies)
    scripted.answer = lambda request: next(answers)
    found = make_client(scripted).sitting(make_meeting(), "abc==")
    return [one.name for one in found.participants] if found.ready else ["not ready"]


def test_expired_token_starts_again_and_repeated_rows_count_once(scripted: ScriptedZoom, make_client: MakeClient):
    expired = Reply(400, {"code": 300, "message": "The next page token is invalid or expired."})
    replies = [
        page(row(1), total=2, token="a"),
        expired,
        page(row(1), total=2, token="b"),
        page(row(1), row(2), total=2),
    ]
    assert read(scripted, make_client, *replies) == ["Persona 1", "Persona 2"]


def test_count_that_two_equal_readings_contradict_is_only_a_hint(scripted: ScriptedZoom, make_client: MakeClient):
    assert read(scripted, make_client, page(row(1), total=3), page(row(1), total=3)) == ["Persona 1"]


def test_list_that_does_not_add_up_is_no_attendance(scripted: ScriptedZoom, make_client: MakeClient):
    grows = [page(*map(row, range(n)), total=9) for n in (1, 2, 3)]
    with pytest.raises(PullIncomplete, match="counts 9 rows and lists 3"):
        read(scripted, make_client, *grows)


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([], ["not ready"]),
        ([row(1), row(2, duration=0)], ["not ready"]),
        ([row(1, leave_time=None)], ["not ready"]),
        ([row(1), row(2, duration=0, leave_time="2023-03-07T14:00:01Z")], ["Persona 1", "Persona 2"]),
        ([row(1), row(2, status="in_waiting_room")], ["Persona 1"]),
        ([row(1, name=None, user_id=16778240, registrant_id=None)], [""]),
    ],
)
def test_what_counts_as_ready(
    rows: list[dict[str, Any]], names: list[str], scripted: ScriptedZoom, make_client: MakeClient
):
    assert read(scripted, make_client, page(*rows, total=len(rows))) == names


def test_pages_that_go_round_in_a_circle_end(scripted: ScriptedZoom, make_client: MakeClient):
    def round_and_round(request: Request) -> Reply:
        return page(row(1), token="b" if request.query.get("next_page_token") == "a" else "a")

    scripted.answer = round_and_round
    with pytest.raises(PullIncomplete, match="circle"):
        make_client(scripted).sitting(make_meeting(), "abc==")
