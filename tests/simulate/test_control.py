"""A person's hands: the control addresses, and the registration page with what strangers type into it."""

from __future__ import annotations

import pytest
import requests

from tests.simulate.conftest import MEETING, Caller
from tests.simulate.test_registrants import found
from zoomsync.clock import SteppedClock, fixed_clock
from zoomsync.simulate.control import ACTS
from zoomsync.simulate.control import __doc__ as manual
from zoomsync.simulate.model_event import MODEL_LINK_TOKEN, MODEL_MEETING_ID
from zoomsync.simulate.server import Simulator
from zoomsync.simulate.world import World

PAGE = f"/meeting/register/{MODEL_LINK_TOKEN}"


def state(caller: Caller) -> dict:
    return caller.http.get(f"{caller.zoom.base}/simulate/state", timeout=10).json()


def test_manual_names_every_address(caller: Caller, zoom: Simulator):
    shown = caller.http.get(f"{zoom.base}/simulate/", timeout=10).text
    assert shown == manual
    assert all(f"/simulate/{name}" in shown for name in ACTS)


def test_somebody_registers_and_cancels(caller: Caller):
    person = caller.control("register", email="ana@example.org", first_name="Ana").json()
    assert person["status"] == "approved"
    assert found(caller) == {"approved": ["ana@example.org"]}
    assert caller.control("cancel", email="ana@example.org").json()["counts"]["approved"] == 0
    assert found(caller) == {}


def test_host_turns_somebody_away(caller: Caller):
    caller.control("register", email="ana@example.org", first_name="Ana")
    assert caller.control("status", email="ana@example.org", status="denied").status_code == 200
    assert found(caller) == {"denied": ["ana@example.org"]}


def test_people_come_in_numbers(caller: Caller):
    assert caller.control("populate", approved=4, pending=2, denied=1, seed=3).json() == {"added": 7}
    assert state(caller)["counts"] == {"pending": 2, "approved": 4, "denied": 1}


def test_form_is_opened_in_the_portal(caller: Caller):
    caller.control("portal", approval_type=1)
    assert caller.get(MEETING).json()["settings"]["approval_type"] == 1
    assert state(caller)["approval_type"] == 1


def test_clock_is_moved(caller: Caller, clock: SteppedClock):
    assert caller.control("clock", at="2023-03-05T23:59:00-06:00").json() == {"now": "2023-03-06T05:59:00Z"}
    assert caller.control("clock", advance_s=60).json() == {"now": "2023-03-06T06:00:00Z"}
    assert clock().hour == 6


def test_any_other_clock_runs_on_from_where_it_is_put(clock: SteppedClock):
    world = World.model_account(fixed_clock(clock()))
    with Simulator(world) as zoom, requests.Session() as http:
        http.post(f"{zoom.base}/simulate/clock", json={"at": "2023-03-06T06:00:00Z"}, timeout=10)
    moved = world.clock()
    assert moved.isoformat() >= "2023-03-06T06:00:00+00:00"
    while world.clock() == moved:  # it runs, or the test's time-out tells
        pass


def test_session_is_moved_and_takes_place(caller: Caller):
    caller.control("populate", approved=10)
    moved = caller.control("move", occurrence=0, start_time="2023-03-07T15:00:00Z").json()
    assert moved["start_time"] == "2023-03-07T15:00:00Z"
    assert caller.control("session", share=1, guests=0).json()["joins"] >= 10


def test_fault_is_raised_shown_and_cleared(caller: Caller, zoom: Simulator):
    caller.control("faults", what="503", path="/meetings", times=None)
    assert caller.get(MEETING).status_code == 503
    shown = caller.http.get(f"{zoom.base}/simulate/faults", timeout=10).json()
    assert "hang" in shown["kinds"]
    assert [(rule["what"], rule["struck"]) for rule in shown["standing"]] == [("503", 1)]
    caller.http.delete(f"{zoom.base}/simulate/faults", timeout=10)
    assert caller.get(MEETING).status_code == 200


def test_limits_are_kept_on_demand(caller: Caller, world: World):
    caller.control("limits", enforce=True)
    assert world.enforce_limits


def test_reset_brings_back_the_start(caller: Caller):
    caller.control("populate", approved=4)
    caller.control("portal", approval_type=1)
    after = caller.control("reset").json()
    assert (after["counts"]["approved"], after["approval_type"]) == (0, 0)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("cancel", {"email": "nobody@example.org"}),
        ("cancel", {}),
        ("register", {"email": "no address"}),
        ("register", {"meeting_id": 5}),
        ("faults", {"what": "gremlin"}),
        ("faults", {"what": "500", "colour": "red"}),
        ("status", {"email": "a", "status": "sleeping"}),
        ("clock", {"at": "2023-03-06T06:00:00"}),
        ("move", {"occurrence": 7, "start_time": "2023-03-07T15:00:00Z"}),
    ],
)
def test_what_makes_no_sense_is_answered_with_400_and_a_line(caller: Caller, name: str, body: dict):
    response = caller.control(name, **body)
    assert response.status_code == 400
    assert response.json()["message"]


def test_page_registers_and_says_so(caller: Caller, zoom: Simulator):
    form = caller.http.get(zoom.base + PAGE, timeout=10)
    assert (form.status_code, "Encuentro de Justicia Abierta 2023" in form.text) == (200, True)
    assert "Departamento" in form.text
    sent = {"email": "ana@example.org", "first_name": "Ana", "last_name": "Ñandú", "custom_0": "Petén"}
    assert "aprobada" in caller.http.post(zoom.base + PAGE, data=sent, timeout=10).text
    row = caller.list()[0]
    assert (row["last_name"], row["custom_questions"]) == ("Ñandú", [{"title": "Departamento", "value": "Petén"}])


def test_page_says_who_has_to_wait(caller: Caller, zoom: Simulator, world: World):
    world.set_in_portal(MODEL_MEETING_ID, approval_type=1)
    sent = {"email": "ana@example.org", "first_name": "Ana"}
    assert "en espera de aprobación" in caller.http.post(zoom.base + PAGE, data=sent, timeout=10).text
    assert found(caller) == {"pending": ["ana@example.org"]}


def test_page_escapes_what_strangers_type(caller: Caller, zoom: Simulator, world: World):
    world.set_in_portal(MODEL_MEETING_ID, topic="<script>alert(1)</script>")
    evil = '"><script>alert(2)</script>'
    refused = caller.http.post(zoom.base + PAGE, data={"email": evil, "first_name": evil}, timeout=10)
    taken = caller.http.post(zoom.base + PAGE, data={"email": evil + "@x", "first_name": evil}, timeout=10)
    assert (refused.status_code, taken.status_code) == (400, 200)
    for page in (refused.text, taken.text):
        assert "<script" not in page
        assert "&lt;script&gt;alert(2)" in page


def test_page_exists_for_known_links_with_registration_alone(caller: Caller, zoom: Simulator, world: World):
    assert caller.http.get(f"{zoom.base}/meeting/register/other", timeout=10).status_code == 404
    world.set_in_portal(MODEL_MEETING_ID, approval_type=2)
    assert caller.http.get(zoom.base + PAGE, timeout=10).status_code == 404
