"""Every fault on demand, seen from the caller's side."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
import requests
import urllib3

from tests.simulate.conftest import MEETING, REGISTRANTS, Caller
from tests.simulate.test_account import error
from tests.simulate.test_registrants import found
from zoomsync.simulate.faults import Fault, Faults
from zoomsync.simulate.model_event import MODEL_MEETING_ID
from zoomsync.simulate.server import Simulator
from zoomsync.simulate.world import World

# --------------------------------------------------------------------------------------------------------- rules


def test_rule_strikes_what_it_names_after_and_as_often_as_it_says():
    faults = Faults()
    faults.add("503", method="get", path="/registrants", query="status=denied", after=1, times=2)
    calls = [("GET", REGISTRANTS, "status=denied")] * 4
    assert [faults.for_call(*call)[1] is not None for call in calls] == [False, True, True, False]
    other = [("PUT", REGISTRANTS, "status=denied"), ("GET", MEETING, "status=denied"), ("GET", REGISTRANTS, "")]
    faults.add("500", method="DELETE", times=None)
    assert [faults.for_call(*call)[1] for call in other] == [None] * 3


def test_first_rule_gives_the_answer_and_companions_strike_beside_it():
    faults = Faults()
    skew, first, second = faults.add("skew"), faults.add("500"), faults.add("503")
    assert faults.for_call("GET", "/", "") == ([skew], first)
    assert faults.for_call("GET", "/", "") == ([], second)
    assert faults.for_call("GET", "/", "") == ([], None)


def test_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="no fault is called 'gremlin'"):
        Fault("gremlin")


# ------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("given", "header"),
    [
        ("", None),
        ("seconds", "7"),
        ("date", "Wed, 01 Mar 2023 15:00:07 GMT"),
        ("iso", "2023-03-01T15:00:07Z"),
        ("absurd", "99999999999"),
        ("soon", "soon"),
    ],
)
def test_too_many_requests_in_every_form(caller: Caller, world: World, given: str, header: str | None):
    world.faults.add("429", retry_after=given, seconds=7)
    response = caller.get(MEETING)
    assert error(response)[:2] == (429, 429)
    assert response.headers.get("Retry-After") == header
    assert caller.get(MEETING).status_code == 200


def test_daily_limit_has_its_own_words(caller: Caller, world: World):
    world.faults.add("daily")
    response = caller.get(MEETING)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "2023-03-02T00:00:00Z")
    assert "daily" in response.json()["message"]


@pytest.mark.parametrize("what", ["500", "502", "503", "504"])
def test_server_errors(caller: Caller, world: World, what: str):
    world.faults.add(what)
    assert caller.get(MEETING).status_code == int(what)


def test_token_endpoint_fails_as_well(caller: Caller, world: World):
    world.faults.add("503", path="/oauth/token")
    assert caller.ask_token().status_code == 503
    assert caller.ask_token().status_code == 200


def test_valid_token_is_refused_until_the_storm_is_over(caller: Caller, world: World):
    world.faults.add("401", times=2)
    assert [caller.get(MEETING).status_code for _ in range(3)] == [401, 401, 200]


def test_tokens_revoked_in_the_middle_of_a_listing(caller: Caller, world: World):
    world.populate(MODEL_MEETING_ID, 40)
    world.faults.add("revoke_tokens", path="/registrants", after=1)
    token = caller.get(REGISTRANTS).json()["next_page_token"]
    assert error(caller.get(REGISTRANTS, next_page_token=token))[:2] == (401, 124)
    caller.login()
    assert caller.get(REGISTRANTS, next_page_token=token).status_code == 200


def test_page_token_expires_at_once(caller: Caller, world: World):
    world.populate(MODEL_MEETING_ID, 40)
    world.faults.add("token_expired", query="next_page_token")
    token = caller.get(REGISTRANTS).json()["next_page_token"]
    refused = caller.get(REGISTRANTS, next_page_token=token)
    assert error(refused) == (400, 300, "The next page token is invalid or expired.")


def test_write_is_ignored(caller: Caller, world: World):
    world.faults.add("ignored", method="PATCH")
    assert caller.call("PATCH", MEETING, json={"settings": {"approval_type": 1}}).status_code == 204
    assert caller.get(MEETING).json()["settings"]["approval_type"] == 0


# ----------------------------------------------------------------------------------------------- garbled answers


def test_html_and_nothing_come_with_200(caller: Caller, world: World):
    world.faults.add("html")
    world.faults.add("empty")
    page, nothing = caller.get(MEETING), caller.get(MEETING)
    assert (page.status_code, page.text[:15]) == (200, "<!DOCTYPE html>")
    assert (nothing.status_code, nothing.content) == (200, b"")


def test_truncated_json_does_not_parse(caller: Caller, world: World):
    world.faults.add("truncated")
    response = caller.get(MEETING)
    assert response.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        response.json()


def test_cut_body_breaks_the_transfer(caller: Caller, world: World):
    world.populate(MODEL_MEETING_ID, 30)
    world.faults.add("cut")
    with pytest.raises(requests.exceptions.RequestException):
        caller.get(REGISTRANTS)


def test_lists_may_be_null_empty_or_no_lists(caller: Caller, world: World):
    world.populate(MODEL_MEETING_ID, 5)
    for what in ("null_rows", "no_rows", "wrong_types"):
        world.faults.add(what)
    null, none, odd = (caller.get(REGISTRANTS).json() for _ in range(3))
    assert null["registrants"] is None
    assert (none["registrants"], none["total_records"]) == ([], 0)
    assert isinstance(odd["registrants"], str)
    assert isinstance(odd["total_records"], list)


def test_huge_body_is_as_large_as_said(caller: Caller, world: World):
    world.faults.add("huge", count=3)
    with caller.call("GET", REGISTRANTS, stream=True) as response:
        assert sum(len(chunk) for chunk in response.iter_content(65536)) > 3_000_000
    assert Fault("huge").count == 50


def test_nested_json_is_as_deep_as_said(caller: Caller, world: World):
    world.faults.add("nested", count=5000)
    assert caller.get(REGISTRANTS).content == b"[" * 5000 + b"]" * 5000


# ------------------------------------------------------------------------------------------------- connections


def test_connection_is_reset(caller: Caller, world: World, zoom: Simulator):
    world.faults.add("reset")
    with pytest.raises(requests.exceptions.ConnectionError, match="reset"):
        caller.get(MEETING)
    assert zoom.journal[-1].status == 0
    assert caller.get(MEETING).status_code == 200


def test_hanging_answer_lasts_until_the_caller_gives_up(caller: Caller, world: World):
    world.faults.add("hang")
    with pytest.raises(requests.exceptions.ReadTimeout):
        caller.call("GET", MEETING, timeout=0.2)
    assert caller.get(MEETING).status_code == 200


def test_slow_bytes_arrive_whole(caller: Caller, world: World):
    world.faults.add("slow", seconds=0.0001)
    assert caller.get(f"{REGISTRANTS}?status=denied").json()["registrants"] == []


def test_delayed_answer_is_true(caller: Caller, world: World):
    world.faults.add("delay", seconds=0.05)
    begin = time.perf_counter()
    assert caller.get(MEETING).status_code == 200
    assert time.perf_counter() - begin >= 0.05


def test_date_header_is_off(caller: Caller, world: World):
    world.faults.add("skew", seconds=3600)
    date = parsedate_to_datetime(caller.get(MEETING).headers["Date"])
    assert date == datetime(2023, 3, 1, 16, tzinfo=UTC)


# ----------------------------------------------------------------------------------------------------- listings


def test_next_token_is_the_one_that_was_sent(caller: Caller, world: World):
    world.populate(MODEL_MEETING_ID, 100)
    world.faults.add("same_token", times=None)
    token = caller.get(REGISTRANTS).json()["next_page_token"]
    assert caller.get(REGISTRANTS, next_page_token=token).json()["next_page_token"] == token


def test_same_page_for_ever(caller: Caller, world: World):
    world.populate(MODEL_MEETING_ID, 100)
    world.faults.add("same_page", times=None)
    first = caller.get(REGISTRANTS).json()
    for _ in range(5):
        again = caller.get(REGISTRANTS, next_page_token=first["next_page_token"]).json()
        assert again["registrants"] == first["registrants"]
        assert again["next_page_token"] not in ("", first["next_page_token"])


def test_rows_repeat(caller: Caller, world: World):
    world.populate(MODEL_MEETING_ID, 40)
    world.faults.add("repeat_rows", query="next_page_token", count=2)
    ids = [row["id"] for row in caller.list()]
    assert (len(ids), len(set(ids))) == (42, 40)


def test_rows_move_between_pages(caller: Caller, world: World):
    world.populate(MODEL_MEETING_ID, 60)
    world.faults.add("rows_move", query="next_page_token", count=5)
    ids = [row["id"] for row in caller.list()]
    assert (len(ids), len(set(ids))) == (60, 55)


def test_somebody_registers_between_two_pages(caller: Caller, world: World):
    world.populate(MODEL_MEETING_ID, 40)
    world.faults.add("new_registration", query="next_page_token", count=3)
    first = caller.get(REGISTRANTS).json()
    second = caller.get(REGISTRANTS, next_page_token=first["next_page_token"]).json()
    assert (first["total_records"], second["total_records"]) == (40, 43)


def test_status_moves_between_two_lists(caller: Caller, world: World):
    world.populate(MODEL_MEETING_ID, 3, pending=2)
    world.faults.add("status_moves", query="status=approved", moves="pending>approved", count=1)
    assert {status: len(emails) for status, emails in found(caller).items()} == {"pending": 2, "approved": 4}


def test_action_of_ones_own(caller: Caller, world: World):
    world.faults.add("act", path="/registrants", action=lambda: world.populate(MODEL_MEETING_ID, 7))
    assert len(caller.list()) == 7


@pytest.mark.parametrize(("times", "totals"), [(1, [6, 5]), (None, [6, 6])])
def test_total_is_wrong_once_or_always(caller: Caller, world: World, times, totals):
    world.populate(MODEL_MEETING_ID, 5)
    world.faults.add("wrong_total", times=times)
    assert [caller.get(REGISTRANTS).json()["total_records"] for _ in range(2)] == totals


# --------------------------------------------------------------------------------------------------- start, stop


def test_stopping_is_quick_and_leaves_nothing(world: World):
    before = threading.active_count()
    for _ in range(3):
        with Simulator(world) as zoom:
            caller = Caller(zoom)
            caller.get(MEETING)
            begin = time.perf_counter()
        assert time.perf_counter() - begin < 2
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.get(zoom.url, timeout=2)
        caller.http.close()
    assert threading.active_count() == before


def test_stopping_ends_hanging_answers(world: World):
    world.faults.add("hang", path="/meetings")
    failures = []

    def wait_for_answer() -> None:
        try:
            caller.get(MEETING)
        except requests.exceptions.ConnectionError as error:
            failures.append(error)

    with Simulator(world) as zoom:
        caller = Caller(zoom)
        waiting = threading.Thread(target=wait_for_answer)
        waiting.start()
        deadline = time.monotonic() + 5
        while not any(entry.path == MEETING for entry in zoom.journal) and time.monotonic() < deadline:
            time.sleep(0.01)
        begin = time.perf_counter()
    assert time.perf_counter() - begin < 2
    waiting.join(5)
    caller.http.close()
    assert len(failures) == 1


def test_taken_port_is_an_error(zoom: Simulator, world: World):
    port = int(zoom.base.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        Simulator(world, port).start()


def test_foreground_server_ends_on_sigterm():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    script = (
        "from zoomsync.clock import system_clock\n"
        "from zoomsync.simulate.server import serve\n"
        "from zoomsync.simulate.world import World\n"
        f"serve('127.0.0.1', {port}, World.model_account(system_clock))\n"
    )
    with subprocess.Popen([sys.executable, "-W", "error", "-c", script], stderr=subprocess.PIPE) as process:
        waiting = requests.adapters.HTTPAdapter(max_retries=urllib3.Retry(connect=8, backoff_factor=0.05))
        with requests.Session() as http:
            http.mount("http://", waiting)
            assert http.get(f"http://127.0.0.1:{port}/simulate/state", timeout=10).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) in (0, -signal.SIGTERM)
        assert process.stderr.read() == b""
