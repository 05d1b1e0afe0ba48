"""Who took part: past instances, participants with and without their registrant id, absentees."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest

from tests.builders import utc
from tests.simulate.conftest import REGISTRANTS, Caller
from tests.simulate.test_account import error
from zoomsync.clock import SteppedClock
from zoomsync.simulate.model_event import MODEL_MEETING_ID
from zoomsync.simulate.objects import Instance
from zoomsync.simulate.world import World

PAST = "/past_meetings"
REPORT = "/report/meetings"


@pytest.fixture
def held(world: World, clock: SteppedClock, caller: Caller) -> Instance:
    """The first session took place with most of forty people and two guests; it is over."""
    world.populate(MODEL_MEETING_ID, 40)
    instance = world.hold_session(MODEL_MEETING_ID, share=0.7, guests=2)
    clock.move_to(utc(2023, 3, 7, 20))
    caller.login()
    return instance


def encoded(uuid: str, times: int) -> str:
    for _ in range(times):
        uuid = quote(uuid, safe="")
    return uuid


def test_instances_are_those_that_ended(caller: Caller, held: Instance, world: World):
    world.hold_session(MODEL_MEETING_ID, occurrence=1)
    rows = caller.get(f"{PAST}/{MODEL_MEETING_ID}/instances").json()["meetings"]
    assert rows == [{"uuid": held.uuid, "start_time": "2023-03-07T14:00:00Z"}]


def test_report_gives_registrant_ids_on_demand(caller: Caller, held: Instance):
    path = f"{REPORT}/{MODEL_MEETING_ID}/participants"
    plain = caller.get(path, page_size=300).json()["participants"]
    named = caller.get(path, page_size=300, include_fields="registrant_id").json()["participants"]
    assert all("registrant_id" not in row for row in plain)
    registered = {row["id"] for row in caller.list(REGISTRANTS)}
    assert {row["registrant_id"] for row in named} - {""} <= registered
    assert sum(row["registrant_id"] == "" for row in named) == 3, "two guests and the host"
    assert len(named) > len({row["registrant_id"] for row in named}), "some came back, with a row for each stay"
    assert len({row["user_id"] for row in named}) == len(named)


def test_participants_come_in_pages(caller: Caller, held: Instance):
    path = f"{PAST}/{MODEL_MEETING_ID}/participants"
    first = caller.get(path, page_size=20).json()
    second = caller.get(path, page_size=20, next_page_token=first["next_page_token"]).json()
    assert len(first["participants"]) == 20
    assert first["total_records"] == len(held.participants) == 20 + len(second["participants"])


def test_uuid_with_a_slash_in_front_is_encoded_twice(caller: Caller, held: Instance):
    assert held.uuid.startswith("/")
    path = f"{PAST}/{{}}/participants"
    assert caller.get(path.format(encoded(held.uuid, 2))).json()["total_records"] == len(held.participants)
    assert error(caller.get(path.format(encoded(held.uuid, 1))))[:2] == (404, 3001)


def test_other_uuids_are_encoded_once(caller: Caller, held: Instance, world: World):
    second = world.add_instance(MODEL_MEETING_ID, utc(2023, 3, 7, 19), utc(2023, 3, 7, 19, 30))
    world.join(second, "Ana", utc(2023, 3, 7, 19), utc(2023, 3, 7, 19, 30), user_email="ana@example.org")
    answer = caller.get(f"{PAST}/{encoded(second.uuid, 1)}/participants").json()
    assert [(p["name"], p["duration"], p["user_email"]) for p in answer["participants"]] == [
        ("Ana", 1800, "ana@example.org")
    ]
    assert caller.get(f"{PAST}/{encoded(second.uuid, 1)}").json()["participants_count"] == 1


def test_number_means_the_latest_instance(caller: Caller, held: Instance, world: World):
    later = world.add_instance(MODEL_MEETING_ID, utc(2023, 3, 7, 19), utc(2023, 3, 7, 19, 30))
    assert caller.get(f"{PAST}/{MODEL_MEETING_ID}").json()["uuid"] == later.uuid


def test_durations_are_zero_until_the_data_is_ready(caller: Caller, world: World, clock: SteppedClock):
    start, end = utc(2023, 3, 1, 13), utc(2023, 3, 1, 14)
    instance = world.add_instance(MODEL_MEETING_ID, start, end, ready_at=end + timedelta(hours=1, minutes=30))
    world.join(instance, "Ana", start, end)
    path = f"{REPORT}/{MODEL_MEETING_ID}/participants"
    assert caller.get(path).json()["participants"][0]["duration"] == 0
    clock.advance(timedelta(minutes=30))
    assert caller.get(path).json()["participants"][0]["duration"] == 3600


def test_meeting_that_did_not_take_place_has_no_report(caller: Caller):
    assert error(caller.get(f"{REPORT}/{MODEL_MEETING_ID}/participants"))[:2] == (404, 3001)
    assert caller.get(f"{PAST}/{MODEL_MEETING_ID}/instances").json() == {"meetings": []}


def test_webinar_tells_who_came_and_who_did_not(caller: Caller, world: World, clock: SteppedClock):
    world.add_meeting(900, "Seminario", type=5, start_time=utc(2023, 3, 1, 15))
    came, absent = world.populate(900, 2)
    instance = world.hold_session(900, share=0, guests=0)
    world.join(instance, came.first_name, instance.start_time, instance.end_time, registrant_id=came.id)
    clock.advance(timedelta(minutes=60))
    caller.login()
    report = caller.get("/report/webinars/900/participants", include_fields="registrant_id").json()
    assert [row["registrant_id"] for row in report["participants"]] == ["", came.id]
    past = caller.get("/past_webinars/900/participants").json()["participants"]
    assert [(row["internal_user"], row["user_email"] != "") for row in past] == [(True, True), (False, False)]
    assert [row["id"] for row in caller.get("/past_webinars/900/absentees").json()["registrants"]] == [absent.id]
    assert len(caller.get("/past_webinars/900/instances").json()["webinars"]) == 1
