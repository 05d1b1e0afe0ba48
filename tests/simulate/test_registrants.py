"""Registering, listing, answering: what becomes of a registrant, and what the lists show of it."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from tests.builders import utc
from tests.simulate.conftest import MEETING, REGISTRANTS, Caller
from tests.simulate.test_account import error
from zoomsync.clock import SteppedClock
from zoomsync.simulate.model_event import MODEL_MEETING_ID
from zoomsync.simulate.world import World

ANA = {"email": "Ana.Lopez@Example.org", "first_name": "Ana", "last_name": "López"}
STATUSES = ("pending", "approved", "denied")


def add(caller: Caller, path: str = REGISTRANTS, **fields):
    return caller.call("POST", path, json=ANA | fields)


def put(caller: Caller, action: str, *people, path: str = REGISTRANTS, **query):
    body = {"action": action, "registrants": list(people)}
    return caller.call("PUT", f"{path}/status", json=body, params=query)


def found(caller: Caller, path: str = REGISTRANTS, **query) -> dict[str, list[str]]:
    """Addresses by the status they are listed under."""
    lists = {status: [r["email"] for r in caller.list(path, status=status, **query)] for status in STATUSES}
    return {status: sorted(emails) for status, emails in lists.items() if emails}


# --------------------------------------------------------------------------------------------------- registering


def test_automatic_approval_gives_a_link(caller: Caller):
    response = add(caller, phone="+502 5555 1234", custom_questions=[{"title": "Edad", "value": "26 a 35"}])
    assert response.status_code == 201
    answer = response.json()
    row = caller.list()[0]
    assert row["id"] == answer["registrant_id"]
    assert row["join_url"] == answer["join_url"]
    assert (row["email"], row["last_name"], row["phone"]) == ("Ana.Lopez@Example.org", "López", "+502 5555 1234")
    assert row["custom_questions"] == [{"title": "Edad", "value": "26 a 35"}]
    assert (row["status"], row["create_time"]) == ("approved", "2023-03-01T15:00:00Z")
    assert caller.get(f"{REGISTRANTS}/{row['id']}").json() == row


def test_manual_approval_leaves_pending_without_a_link(caller: Caller, world: World):
    world.set_in_portal(MODEL_MEETING_ID, approval_type=1)
    assert "join_url" not in add(caller).json()
    assert found(caller) == {"pending": ["Ana.Lopez@Example.org"]}
    assert "join_url" not in caller.list(status="pending")[0]


def test_auto_approve_goes_past_manual_approval(caller: Caller, world: World):
    world.set_in_portal(MODEL_MEETING_ID, approval_type=1)
    assert "join_url" in add(caller, auto_approve=True).json()


def test_switching_to_manual_leaves_those_approved_alone(caller: Caller, world: World):
    add(caller)
    before = caller.list()
    world.set_in_portal(MODEL_MEETING_ID, approval_type=1)
    assert caller.list() == before


def test_without_registration_nothing_can_be_asked(caller: Caller, world: World):
    world.set_in_portal(MODEL_MEETING_ID, approval_type=2)
    no = (400, 300, f"Registration has not been enabled for this meeting: {MODEL_MEETING_ID}.")
    assert error(add(caller)) == no
    assert error(caller.get(REGISTRANTS)) == no
    assert error(put(caller, "approve")) == no


def test_missing_fields_are_named(caller: Caller):
    response = caller.call("POST", REGISTRANTS, json={"first_name": " "})
    assert error(response) == (400, 300, "Validation Failed.")
    assert {problem["field"] for problem in response.json()["errors"]} == {"email", "first_name"}


def test_host_cannot_register(caller: Caller):
    assert error(add(caller, email="anfitriona@redciudadana.org.gt"))[:2] == (400, 3027)


def test_same_address_again_keeps_the_row(caller: Caller):
    first = add(caller).json()["registrant_id"]
    again = add(caller, email="ANA.LOPEZ@example.org", city="Cobán").json()["registrant_id"]
    assert again == first
    assert [r["city"] for r in caller.list()] == ["Cobán"]


def test_fourth_registration_of_a_day_is_refused(caller: Caller, clock: SteppedClock):
    assert [add(caller).status_code for _ in range(3)] == [201, 201, 201]
    assert "Add meeting registrant" in error(add(caller))[2]
    clock.advance(timedelta(days=1))
    caller.login()
    assert add(caller).status_code == 201


def test_full_meeting_takes_nobody(caller: Caller, world: World):
    world.meetings[MODEL_MEETING_ID].capacity = 1
    assert add(caller).status_code == 201
    assert error(add(caller, email="otra@example.org"))[:2] == (400, 3043)


def test_close_registration_acts_after_the_last_occurrence_alone(caller: Caller, world: World, clock: SteppedClock):
    world.set_in_portal(MODEL_MEETING_ID, close_registration=True)
    clock.move_to(utc(2023, 3, 8, 18))
    caller.login()
    assert add(caller).status_code == 201
    clock.move_to(utc(2023, 3, 8, 19))
    caller.login()
    assert error(add(caller, email="tarde@example.org"))[:2] == (400, 3038)


def test_batch_is_for_single_meetings(caller: Caller, world: World):
    people = {"registrants": [ANA, {"email": "b@example.org", "first_name": "B"}], "auto_approve": True}
    assert error(caller.call("POST", f"{MEETING}/batch_registrants", json=people))[:2] == (400, 303)
    world.add_meeting(900, "Una", approval_type=1)
    answer = caller.call("POST", "/meetings/900/batch_registrants", json=people)
    assert answer.status_code == 201
    assert found(caller, "/meetings/900/registrants") == {"approved": ["Ana.Lopez@Example.org", "b@example.org"]}


def test_questions_are_shown_and_changed(caller: Caller):
    path = f"{REGISTRANTS}/questions"
    assert [q["title"] for q in caller.get(path).json()["custom_questions"]] == ["Departamento", "Sexo", "Edad"]
    changed = {"questions": [{"field_name": "city", "required": True}], "custom_questions": []}
    assert caller.call("PATCH", path, json=changed).status_code == 204
    assert caller.get(path).json() == changed


# ------------------------------------------------------------------------------------------------ cancelled, denied


def test_who_cancels_herself_is_on_no_list_and_may_return(caller: Caller, world: World):
    add(caller)
    world.cancel_by_self(MODEL_MEETING_ID, "ana.lopez@example.org")
    assert found(caller) == {}
    assert add(caller).status_code == 201


@pytest.mark.parametrize("action", ["deny", "cancel"])
def test_who_the_host_turns_away_is_denied_and_barred_until_approved(caller: Caller, action: str):
    registrant = add(caller).json()["registrant_id"]
    person = {"id": registrant, "email": ANA["email"]}
    assert put(caller, action, person).status_code == 204
    assert found(caller) == {"denied": ["Ana.Lopez@Example.org"]}
    assert add(caller).status_code == 400
    assert put(caller, "approve", person).status_code == 204
    assert found(caller) == {"approved": ["Ana.Lopez@Example.org"]}


def test_deleted_row_leaves_nothing(caller: Caller):
    registrant = add(caller).json()["registrant_id"]
    assert caller.call("DELETE", f"{REGISTRANTS}/{registrant}").status_code == 204
    assert found(caller) == {}
    assert error(caller.call("DELETE", f"{REGISTRANTS}/{registrant}"))[:2] == (400, 300)


def test_misspelt_key_answers_204_and_changes_nothing(caller: Caller):
    registrant = add(caller).json()["registrant_id"]
    body = {"action": "deny", "registrant": [{"id": registrant}]}
    assert caller.call("PUT", f"{REGISTRANTS}/status", json=body).status_code == 204
    assert found(caller) == {"approved": ["Ana.Lopez@Example.org"]}


def test_status_call_takes_thirty_people(caller: Caller, world: World):
    people = [{"id": r.id, "email": r.email} for r in world.populate(MODEL_MEETING_ID, 31)]
    assert error(put(caller, "deny", *people))[:2] == (400, 300)
    assert len(caller.list()) == 31
    assert put(caller, "deny", *people[:30]).status_code == 204
    assert len(caller.list()) == 1


def test_eleventh_status_change_of_a_day_is_refused(caller: Caller, clock: SteppedClock):
    person = {"id": add(caller).json()["registrant_id"], "email": ANA["email"]}
    assert [put(caller, action, person).status_code for action in ("deny", "approve") * 5] == [204] * 10
    refused = put(caller, "deny", person)
    assert refused.status_code == 429
    assert "Update registrant's status" in refused.json()["message"]
    clock.move_to(utc(2023, 3, 2))
    caller.login()
    assert put(caller, "deny", person).status_code == 204


# ------------------------------------------------------------------------------------------------------- listing


def test_listing_defaults_to_thirty_approved(caller: Caller, world: World):
    world.populate(MODEL_MEETING_ID, 70, pending=3, denied=2)
    answer = caller.get(REGISTRANTS).json()
    assert (len(answer["registrants"]), answer["page_size"], answer["page_number"]) == (30, 30, 1)
    assert (answer["total_records"], answer["page_count"]) == (70, 3)
    assert {r["status"] for r in answer["registrants"]} == {"approved"}
    later = caller.get(REGISTRANTS, next_page_token=answer["next_page_token"]).json()
    assert "page_number" not in later
    assert len(caller.list()) == 70
    assert (len(caller.list(status="pending")), len(caller.list(status="denied"))) == (3, 2)


def test_page_holds_three_hundred_at_most(caller: Caller, world: World):
    world.populate(MODEL_MEETING_ID, 301)
    assert len(caller.get(REGISTRANTS, page_size=300).json()["registrants"]) == 300
    larger = world.list_registrants("meeting", MODEL_MEETING_ID, "approved", "", {"page_size": "1000"})
    assert len(larger.rows) == 300  # not over HTTP: the document forbids to ask for it


def test_order_is_stable_and_not_that_of_enrolment(caller: Caller, world: World):
    enrolled = [r.id for r in world.populate(MODEL_MEETING_ID, 50)]
    listed = [r["id"] for r in caller.list()]
    assert listed == [r["id"] for r in caller.list()]
    assert sorted(listed) == sorted(enrolled)
    assert listed != enrolled


def test_page_token_lives_fifteen_minutes(caller: Caller, world: World, clock: SteppedClock):
    world.populate(MODEL_MEETING_ID, 40)
    token = caller.get(REGISTRANTS).json()["next_page_token"]
    clock.advance(timedelta(minutes=14, seconds=59))
    assert caller.get(REGISTRANTS, next_page_token=token).status_code == 200
    clock.advance(timedelta(seconds=1))
    refused = caller.get(REGISTRANTS, next_page_token=token)
    assert error(refused) == (400, 300, "The next page token is invalid or expired.")


@pytest.mark.parametrize("other", [{"status": "pending"}, {"page_size": 10}, {"occurrence_id": "1678197600000"}])
def test_page_token_fits_its_own_listing_alone(caller: Caller, world: World, other):
    world.populate(MODEL_MEETING_ID, 40)
    token = caller.get(REGISTRANTS).json()["next_page_token"]
    refused = caller.get(REGISTRANTS, next_page_token=token, **other)
    assert error(refused) == (400, 300, "The next page token is invalid or expired.")
    assert caller.get(REGISTRANTS, next_page_token="made-up").status_code == 400


@pytest.mark.parametrize("query", [{"status": "cancelled"}, {"page_size": "many"}, {"occurrence_id": "7"}])
def test_bad_parameter_is_refused(caller: Caller, query):
    assert error(caller.get(REGISTRANTS, **query))[:2] == (400, 300)


def test_odd_rows_come_as_they_were_put(caller: Caller, world: World):
    world.add_registrant(MODEL_MEETING_ID, email="dos@example.org", first_name="Uno")
    world.add_registrant(MODEL_MEETING_ID, email="dos@example.org", first_name="Dos 🎉")
    assert sorted(r["first_name"] for r in caller.list()) == ["Dos 🎉", "Uno"]
    assert all("last_name" not in r for r in caller.list())


def test_thirty_thousand_are_listed_in_seconds(caller: Caller, world: World):
    world.populate(MODEL_MEETING_ID, 30_000)
    begin = time.perf_counter()
    assert len({r["id"] for r in caller.list(page_size=300)}) == 30_000
    assert time.perf_counter() - begin < 10


# ------------------------------------------------------------------------------------------- types 2 and 3, webinars


def series(world: World, registration_type: int) -> tuple[str, str, str]:
    """A series of two occurrences: the registrants' path and both occurrence ids."""
    starts = [(utc(2023, 3, 7, 14), 60), (utc(2023, 3, 8, 14), 60)]
    meeting = world.add_meeting(900, "Serie", type=8, occurrences=starts, registration_type=registration_type)
    return ("/meetings/900/registrants", *(o.occurrence_id for o in meeting.occurrences))


def test_type_1_lists_everybody_in_each_occurrence(caller: Caller, world: World):
    path, first, second = series(world, 1)
    add(caller, path)
    assert found(caller, path, occurrence_id=first) == found(caller, path, occurrence_id=second) == found(caller, path)


def test_type_3_lists_by_the_occurrences_chosen(caller: Caller, world: World):
    path, first, second = series(world, 3)
    add(caller, f"{path}?occurrence_ids={second}")
    add(caller, path, email="ambas@example.org")
    assert found(caller, path, occurrence_id=first) == {"approved": ["ambas@example.org"]}
    assert found(caller, path, occurrence_id=second) == {"approved": ["Ana.Lopez@Example.org", "ambas@example.org"]}
    assert len(caller.list(path)) == 2


def test_status_is_kept_by_occurrence(caller: Caller, world: World):
    path, first, second = series(world, 2)
    registrant = add(caller, f"{path}?occurrence_ids={first},{second}").json()["registrant_id"]
    assert put(caller, "deny", {"id": registrant}, path=path, occurrence_id=first).status_code == 204
    assert found(caller, path, occurrence_id=first) == {"denied": ["Ana.Lopez@Example.org"]}
    assert found(caller, path, occurrence_id=second) == {"approved": ["Ana.Lopez@Example.org"]}


def test_deleting_in_type_2_needs_the_occurrence(caller: Caller, world: World):
    path, first, second = series(world, 2)
    registrant = add(caller, f"{path}?occurrence_ids={first},{second}").json()["registrant_id"]
    assert error(caller.call("DELETE", f"{path}/{registrant}"))[:2] == (400, 300)
    for occurrence_id in (first, second):
        gone = caller.call("DELETE", f"{path}/{registrant}", params={"occurrence_id": occurrence_id})
        assert gone.status_code == 204
    assert caller.list(path) == []


def test_webinar_works_as_a_meeting_without_pin(caller: Caller, world: World):
    world.add_meeting(900, "Seminario", type=5, approval_type=1)
    path = "/webinars/900/registrants"
    answer = add(caller, path).json()
    assert put(caller, "approve", {"id": answer["registrant_id"]}, path=path).status_code == 204
    row = caller.list(path)[0]
    assert "join_url" in row
    assert "participant_pin_code" not in row
    assert caller.call("PATCH", "/webinars/900", json={"settings": {"approval_type": 0}}).status_code == 204
    assert caller.get("/webinars/900").json()["settings"]["approval_type"] == 0
    assert caller.get(f"{path}/questions").status_code == 200
    assert caller.call("DELETE", f"{path}/{answer['registrant_id']}").status_code == 204
    assert caller.list(path) == []


def test_webinar_keeps_its_own_restriction(caller: Caller, world: World):
    world.add_meeting(900, "Seminario", type=5)
    changed = {"settings": {"registrants_restrict_number": 1}}
    assert caller.call("PATCH", "/webinars/900", json=changed).status_code == 204
    assert add(caller, "/webinars/900/registrants").status_code == 201
    assert error(add(caller, "/webinars/900/registrants", email="b@example.org"))[:2] == (400, 3035)


def test_meeting_knows_no_restriction(caller: Caller):
    changed = {"settings": {"registrants_restrict_number": 1}}
    assert caller.call("PATCH", MEETING, json=changed).status_code == 204
    assert "registrants_restrict_number" not in caller.get(MEETING).json()["settings"]
