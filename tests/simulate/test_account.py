"""Tokens, scopes, users, meetings and webinars, as Zoom shows and changes them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.builders import utc
from tests.simulate.conftest import MEETING, REGISTRANTS, Caller
from zoomsync.clock import SteppedClock
from zoomsync.simulate.account import SCOPES
from zoomsync.simulate.calls import CALLS
from zoomsync.simulate.model_event import MODEL_LINK_TOKEN, MODEL_MEETING_ID
from zoomsync.simulate.server import Simulator
from zoomsync.simulate.world import World


def error(response) -> tuple[int, int, str]:
    return response.status_code, response.json()["code"], response.json()["message"]


# -------------------------------------------------------------------------------------------------------- tokens


def test_token_answer_has_zooms_fields(caller: Caller, zoom: Simulator):
    answer = caller.ask_token().json()
    assert answer["token_type"] == "bearer"
    assert answer["expires_in"] == 3599
    assert answer["api_url"] == zoom.base
    assert "meeting:read:list_registrants:admin" in answer["scope"].split()


def test_wrong_secret_is_refused_in_oauths_words(caller: Caller):
    response = caller.ask_token(secret="guess")
    assert response.status_code == 400
    assert response.json() == {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}


def test_wrong_account_is_refused_in_oauths_words(caller: Caller):
    response = caller.ask_token(account="another")
    assert (response.status_code, response.json()) == (400, {"reason": "Bad request", "error": "invalid_request"})


@pytest.mark.parametrize("way", [{"json": {"grant_type": "account_credentials"}}, {"data": {"grant_type": "password"}}])
def test_wrong_grant_type_is_refused(caller: Caller, zoom: Simulator, way):
    response = caller.http.post(zoom.oauth_url, auth=("demo-client", "demo-secret"), timeout=10, **way)
    assert (response.status_code, response.json()["error"]) == (400, "unsupported_grant_type")


def test_token_ages(caller: Caller, clock: SteppedClock):
    clock.advance(timedelta(seconds=3598))
    assert caller.get(MEETING).status_code == 200
    clock.advance(timedelta(seconds=1))
    assert error(caller.get(MEETING)) == (401, 124, "Access token is expired.")


def test_unknown_token_is_refused(caller: Caller):
    caller.token = "made-up"
    assert error(caller.get(MEETING))[:2] == (401, 124)


def test_several_tokens_are_good_at_once(caller: Caller):
    former = caller.token
    caller.login()
    assert caller.token != former
    caller.token = former
    assert caller.get(MEETING).status_code == 200


def test_new_token_voids_the_former_where_switched_on(caller: Caller, world: World):
    world.new_token_voids_former = True
    former = caller.token
    caller.login()
    assert caller.get(MEETING).status_code == 200
    caller.token = former
    assert error(caller.get(MEETING))[:2] == (401, 124)


def test_missing_scope_is_named(caller: Caller, world: World):
    world.scopes.discard("meeting:read:list_registrants:admin")
    caller.login()
    status, code, message = error(caller.get(REGISTRANTS))
    assert (status, code) == (400, 4711)
    assert message.startswith("Invalid access token, does not contain scopes:[meeting:read:list_registrants")
    assert caller.get(MEETING).status_code == 200


def test_model_app_has_the_scopes_of_the_calls_and_no_other():
    assert {f"{call.scope}:admin" for call in CALLS} == SCOPES


def test_classic_scope_opens_the_calls_of_its_kind(caller: Caller, world: World):
    world.scopes = {"meeting:read:admin"}
    caller.login()
    assert caller.get(REGISTRANTS).status_code == 200
    assert error(caller.call("PATCH", MEETING, json={}))[1] == 4711
    assert error(caller.get("/webinars/1"))[1] == 4711


# --------------------------------------------------------------------------------------------- users and meetings


def test_user_is_found_by_address_and_by_me(caller: Caller):
    by_address = caller.get("/users/anfitriona@redciudadana.org.gt").json()
    assert by_address["id"] == caller.get("/users/me").json()["id"]
    assert error(caller.get("/users/nobody@example.org"))[:2] == (404, 1001)


def test_model_meeting_is_shown_as_zoom_shows_it(caller: Caller):
    meeting = caller.get(MEETING).json()
    assert (meeting["id"], meeting["type"], meeting["timezone"]) == (81234567890, 8, "America/Guatemala")
    assert [o["start_time"] for o in meeting["occurrences"]] == ["2023-03-07T14:00:00Z", "2023-03-08T14:00:00Z"]
    assert {o["duration"] for o in meeting["occurrences"]} == {300}
    assert meeting["occurrences"][0]["occurrence_id"] == str(int(utc(2023, 3, 7, 14).timestamp() * 1000))
    assert (meeting["settings"]["approval_type"], meeting["settings"]["registration_type"]) == (0, 1)
    assert meeting["registration_url"].endswith(f"/meeting/register/{MODEL_LINK_TOKEN}")


def test_registration_url_may_be_missing(caller: Caller, world: World):
    world.shows_registration_url = False
    assert "registration_url" not in caller.get(MEETING).json()


def test_past_occurrences_are_shown_on_demand(caller: Caller, clock: SteppedClock):
    clock.move_to(utc(2023, 3, 8, 1))
    caller.login()
    assert len(caller.get(MEETING).json()["occurrences"]) == 1
    assert len(caller.get(MEETING, show_previous_occurrences="true").json()["occurrences"]) == 2


def test_deleted_occurrence_says_so(caller: Caller, world: World):
    meeting = world.meetings[MODEL_MEETING_ID]
    world.delete_occurrence(meeting.id, meeting.occurrences[1].occurrence_id)
    assert [o["status"] for o in caller.get(MEETING).json()["occurrences"]] == ["available", "deleted"]


def test_hosts_meetings_are_listed_in_pages_without_settings(caller: Caller, world: World):
    for number in range(40):
        world.add_meeting(900 + number, f"Reunión {number}")
    path = "/users/anfitriona@redciudadana.org.gt/meetings"
    first = caller.get(path).json()
    second = caller.get(path, next_page_token=first["next_page_token"]).json()
    assert (len(first["meetings"]), len(second["meetings"]), first["total_records"]) == (30, 11, 41)
    assert "settings" not in first["meetings"][0]


def test_upcoming_and_previous_meetings_are_told_apart(caller: Caller, world: World, clock: SteppedClock):
    world.add_meeting(900, "Ya pasó", start_time=utc(2023, 2, 1))
    ids = {kind: {m["id"] for m in caller.get("/users/me/meetings", type=kind).json()["meetings"]} for kind in (
        "scheduled", "upcoming", "previous_meetings")}  # fmt: skip
    assert ids == {
        "scheduled": {900, MODEL_MEETING_ID},
        "upcoming": {MODEL_MEETING_ID},
        "previous_meetings": {900},
    }


def test_webinars_are_listed_apart(caller: Caller, world: World):
    world.add_meeting(900, "Seminario", type=5)
    assert [w["id"] for w in caller.get("/users/me/webinars").json()["webinars"]] == [900]
    assert [m["id"] for m in caller.get("/users/me/meetings").json()["meetings"]] == [MODEL_MEETING_ID]


def test_unknown_and_wrong_kind_are_told_apart(caller: Caller, world: World):
    world.add_meeting(900, "Seminario", type=5)
    assert error(caller.get("/meetings/1")) == (404, 3001, "Meeting does not exist: 1.")
    assert error(caller.get("/meetings/900")) == (400, 3000, "Cannot access webinar info.")
    assert error(caller.get(f"/webinars/{MODEL_MEETING_ID}"))[:2] == (400, 300)
    assert error(caller.get("/meetings/abc"))[:2] == (400, 300)
    assert error(caller.get("/nowhere"))[0] == 404
    assert caller.get("/webinars/900").json()["type"] == 5


# --------------------------------------------------------------------------------------------------------- PATCH


def patch(caller: Caller, path: str = MEETING, **changes) -> int:
    return caller.call("PATCH", path, json=changes).status_code


def test_approval_type_is_changed(caller: Caller):
    assert patch(caller, settings={"approval_type": 1}) == 204
    assert caller.get(MEETING).json()["settings"]["approval_type"] == 1


def test_approval_type_of_a_series_without_fixed_time_is_dropped_in_silence(caller: Caller, world: World):
    world.add_meeting(900, "Sin hora", type=3)
    assert patch(caller, "/meetings/900", settings={"approval_type": 1}) == 204
    assert caller.get("/meetings/900").json()["settings"]["approval_type"] == 2


def test_start_in_the_past_is_ignored(caller: Caller, world: World):
    world.add_meeting(900, "Una", start_time=utc(2023, 3, 5))
    assert patch(caller, "/meetings/900", start_time="2023-02-01T00:00:00Z") == 204
    assert caller.get("/meetings/900").json()["start_time"] == "2023-03-05T00:00:00Z"
    assert patch(caller, "/meetings/900", start_time="2023-03-06T08:00:00", timezone="America/Guatemala") == 204
    assert caller.get("/meetings/900").json()["start_time"] == "2023-03-06T14:00:00Z"


def test_one_occurrence_moves_alone_and_keeps_approval(caller: Caller):
    first = caller.get(MEETING).json()["occurrences"][0]["occurrence_id"]
    changes = {"start_time": "2023-03-07T16:00:00Z", "duration": 60, "settings": {"approval_type": 1}}
    assert caller.call("PATCH", MEETING, params={"occurrence_id": first}, json=changes).status_code == 204
    meeting = caller.get(MEETING).json()
    assert [o["start_time"] for o in meeting["occurrences"]] == ["2023-03-07T16:00:00Z", "2023-03-08T14:00:00Z"]
    assert meeting["settings"]["approval_type"] == 0


def test_hundred_updates_a_day_for_a_host(caller: Caller, world: World, clock: SteppedClock):
    world.add_meeting(900, "Otra del mismo anfitrión")
    assert {patch(caller, agenda=str(number)) for number in range(100)} == {204}
    response = caller.call("PATCH", "/meetings/900", json={"agenda": "una más"})
    assert error(response)[:2] == (429, 429)
    assert "daily rate limit (100) of Meeting Create/Update" in response.json()["message"]
    assert response.headers["X-RateLimit-Category"] == "Light"
    assert "Retry-After" not in response.headers
    assert "X-RateLimit-Type" not in response.headers
    clock.move_to(utc(2023, 3, 2))
    caller.login()
    assert patch(caller, agenda="al día siguiente") == 204


def test_malformed_body_is_refused(caller: Caller):
    assert error(caller.call("PATCH", MEETING, data=b"{nope"))[:2] == (400, 300)


def test_new_passcode_makes_new_links(caller: Caller, world: World):
    world.populate(MODEL_MEETING_ID, 1)
    former = caller.list()[0]["join_url"]
    assert patch(caller, password="nueva") == 204
    assert caller.list()[0]["join_url"] != former


# -------------------------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize(("plan", "medium"), [("free", 2), ("pro", 20), ("business", 60)])
def test_rate_of_the_plan_is_kept(plan: str, medium: int, clock: SteppedClock):
    second = [100.0]
    world = World.model_account(clock, plan=plan)
    world.monotonic = lambda: second[0]
    world.enforce_limits = True
    with Simulator(world) as zoom:
        caller = Caller(zoom)
        assert {caller.get(REGISTRANTS).status_code for _ in range(medium)} == {200}
        refused = caller.get(REGISTRANTS)
        assert error(refused)[:2] == (429, 429)
        assert "per-second" in refused.json()["message"]
        assert refused.headers["X-RateLimit-Category"] == "Medium"
        assert refused.headers["X-RateLimit-Type"] == "QPS"
        assert caller.get(MEETING).status_code == 200  # another label
        second[0] += 1
        assert caller.get(REGISTRANTS).status_code == 200
        caller.http.close()


def test_daily_limit_names_the_next_midnight(caller: Caller, world: World, clock: SteppedClock):
    world.enforce_limits = True
    world.limits.per_day["Medium"] = 3
    assert {caller.get(REGISTRANTS).status_code for _ in range(3)} == {200}
    refused = caller.get(REGISTRANTS)
    assert (refused.status_code, refused.headers["X-RateLimit-Type"]) == (429, "Daily-limit")
    assert refused.headers["Retry-After"] == "2023-03-02T00:00:00Z"
    assert "daily" in refused.json()["message"]


# ------------------------------------------------------------------------------------------- journal, start, stop


def test_journal_holds_every_call(caller: Caller, zoom: Simulator):
    caller.get(REGISTRANTS, status="pending")
    caller.get("/meetings/1")
    assert [(e.method, e.path, e.query, e.status) for e in zoom.journal] == [
        ("POST", "/oauth/token", "", 200),
        ("GET", REGISTRANTS, "status=pending", 200),
        ("GET", "/meetings/1", "", 404),
    ]


def test_date_header_follows_the_accounts_clock(caller: Caller):
    assert caller.get(MEETING).headers["Date"] == "Wed, 01 Mar 2023 15:00:00 GMT"
