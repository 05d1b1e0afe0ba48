"""The deadline through the command line: closed and proven, kept closed, opened again, and the people around it.

The Zoom account is the simulator, with every danger it can play; the clock is moved by hand.
"""

from __future__ import annotations

import signal
from datetime import timedelta
from typing import Any

import pytest

from tests.cli.conftest import OTHER_MEETING_ID, OTHER_SLUG, SLUG, Project, local
from zoomsync.clock import system_clock
from zoomsync.simulate.model_event import MODEL_MEETING_ID
from zoomsync.simulate.people import believable_people

DEADLINE = local("2023-03-06 00:00")
BEFORE = DEADLINE - timedelta(hours=2)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PATCH = f"PATCH /meetings/{MODEL_MEETING_ID}"
PUT = f"PUT /meetings/{MODEL_MEETING_ID}/registrants/status"


@pytest.fixture
def people() -> list[dict[str, Any]]:
    return list(believable_people(60))


def register(project: Project, person: dict[str, Any], at: Any, *, meeting_id: int = MODEL_MEETING_ID) -> str:
    """Somebody fills in the form at a moment; gives the address."""
    project.clock.move_to(at)
    project.world.register(meeting_id, person)
    return str(person["email"]).lower()


def approval_type(project: Project) -> int:
    return project.world.meetings[MODEL_MEETING_ID].approval_type


def on_zoom(project: Project, email: str) -> str:
    return project.world.find_registrant(MODEL_MEETING_ID, email).status


def audit(project: Project, *changes: str) -> list[tuple[str, str]]:
    rows = project.rows("SELECT change, actor FROM audit ORDER BY id")
    return [(row["change"], row["actor"]) for row in rows if row["change"] in changes]


# ------------------------------------------------------------------------------------------------------------- switch


def test_registration_is_open_a_second_before_the_deadline_and_closed_at_it(project: Project) -> None:
    assert project.at(DEADLINE - timedelta(seconds=1), "sync").code == 0
    assert (approval_type(project), project.writes()) == (0, [])

    result = project.at(DEADLINE, "sync")

    assert result.code == 0
    assert (approval_type(project), project.writes()) == (1, [PATCH])
    assert "whoever registers now waits" in result.err
    shown = project.at(DEADLINE, "status").out
    assert "closed since Sunday, March 5, 2023, 11:59 PM; read back Mar 6, 2023, 12:00 AM" in shown


def test_closing_looks_at_everybody_before_and_after(project: Project) -> None:
    project.at(DEADLINE, "sync")
    assert [state for state, _ in project.runs()] == ["ok", "ok"]
    project.at(DEADLINE + MINUTE, "sync")
    assert len(project.runs()) == 3
    assert project.writes() == [PATCH]


def test_after_an_outage_it_is_closed_at_once_and_says_since_when(project: Project) -> None:
    project.at(BEFORE, "sync")
    project.at(DEADLINE + 9 * HOUR, "sync")
    assert "closed since Monday, March 6, 2023, 9:00 AM" in project.at(DEADLINE + 9 * HOUR, "status").out


def test_who_is_in_time_by_the_grace_is_approved_and_who_is_not_waits(
    project: Project, people: list[dict[str, Any]]
) -> None:
    project.at(BEFORE, "sync")
    project.at(DEADLINE, "sync")
    in_time = register(project, people[0], DEADLINE + timedelta(seconds=40))
    late = register(project, people[1], DEADLINE + timedelta(seconds=90))

    result = project.at(DEADLINE + 5 * MINUTE, "sync")

    assert (on_zoom(project, in_time), on_zoom(project, late)) == ("approved", "pending")
    assert project.registrants() == {in_time: "approved", late: "pending"}
    assert "approved: 1 registrant" in result.err
    assert project.writes() == [PATCH, PUT]
    assert project.at(DEADLINE + 10 * MINUTE, "sync").code == 0
    assert project.writes() == [PATCH, PUT]


def test_who_was_pending_before_the_closing_is_left_to_a_person(project: Project, people: list[dict[str, Any]]) -> None:
    project.world.set_in_portal(MODEL_MEETING_ID, approval_type=1)
    earlier = register(project, people[0], BEFORE - HOUR)
    project.world.set_in_portal(MODEL_MEETING_ID, approval_type=0)
    project.at(BEFORE, "sync")

    result = project.at(DEADLINE, "sync")

    assert on_zoom(project, earlier) == "pending"
    assert "1 registrant waits for a person" in result.err


def test_a_form_opened_in_the_portal_is_closed_again_once_and_then_only_told(project: Project) -> None:
    project.at(DEADLINE, "sync")
    project.world.set_in_portal(MODEL_MEETING_ID, approval_type=0)

    again = project.at(DEADLINE + HOUR, "sync")

    assert again.code == 1
    assert "somebody opened the registration of meeting" in again.err
    assert approval_type(project) == 1
    assert "closed once more" in project.at(DEADLINE + HOUR, "status").out

    project.world.set_in_portal(MODEL_MEETING_ID, approval_type=0)
    for minutes in (5, 10, 15):
        told = project.at(DEADLINE + HOUR + minutes * MINUTE, "sync")
        assert told.code == 1
        assert "registration is NOT CLOSED" in told.err
    assert (approval_type(project), project.writes()) == (0, [PATCH, PATCH])
    status = project.at(DEADLINE + 2 * HOUR, "status")
    assert status.code == 1
    assert "set back in Zoom's portal each time" in status.out


def test_a_change_that_zoom_drops_is_told_as_not_closed_with_what_to_do_by_hand(project: Project) -> None:
    project.world.faults.add("ignored", method="PATCH", times=None)
    for minutes in range(0, 20, 5):
        result = project.at(DEADLINE + minutes * MINUTE, "sync")
        assert result.code == 1
        assert "NOT CLOSED. Zoom accepted the change" in result.err
        assert "set approval to manual in Zoom's portal" in result.err
    assert project.writes() == [PATCH, PATCH]

    project.world.set_in_portal(MODEL_MEETING_ID, approval_type=1)
    assert project.at(DEADLINE + HOUR, "sync").code == 0
    assert project.at(DEADLINE + HOUR, "status").code == 0


def test_late_ones_are_treated_although_the_form_stays_open(project: Project, people: list[dict[str, Any]]) -> None:
    project.write_event(zoom='late_registrants = "deny"')
    project.world.faults.add("ignored", method="PATCH", times=None)
    project.at(DEADLINE, "sync")
    late = register(project, people[0], DEADLINE + 10 * MINUTE)
    assert on_zoom(project, late) == "approved"

    project.at(DEADLINE + 15 * MINUTE, "sync")

    assert on_zoom(project, late) == "denied"


def test_a_daily_limit_is_waited_out_until_midnight_utc_and_said_so(project: Project) -> None:
    project.at(BEFORE, "sync")
    project.world.faults.add("daily", method="PATCH", times=1)
    first = project.at(DEADLINE, "sync")
    assert first.code == 1
    assert "daily limit" in first.err
    assert "2023-03-07 00:00 UTC" in first.err

    for hours in (1, 5):
        told = project.at(DEADLINE + hours * HOUR, "sync")
        assert (told.code, project.writes()) == (1, [PATCH])
        assert "daily limit" in told.err
    assert project.at(DEADLINE + 18 * HOUR, "sync").code == 0
    assert project.writes() == [PATCH, PATCH]


def test_a_scope_that_is_missing_is_named_and_reading_goes_on(project: Project, people: list[dict[str, Any]]) -> None:
    project.world.scopes.discard("meeting:update:meeting:admin")
    project.at(BEFORE, "sync")
    register(project, people[0], BEFORE)
    result = project.at(DEADLINE, "sync")
    assert result.code == 1
    assert "NOT CLOSED" in result.err
    assert "meeting:update:meeting" in result.err
    assert [state for state, _ in project.runs()] == ["ok", "ok"]

    project.world.scopes.add("meeting:update:meeting:admin")
    assert project.at(DEADLINE + MINUTE, "sync").code == 1  # not every minute anew
    assert project.at(DEADLINE + 2 * MINUTE, "close", SLUG).code == 0  # but at once where a person asks
    assert approval_type(project) == 1


@pytest.mark.parametrize(("fault", "minutes"), [("500", 48), ("429", 10), ("reset", 10)])
def test_calls_that_zoom_never_takes_are_sent_after_growing_pauses(project: Project, fault: str, minutes: int) -> None:
    project.at(BEFORE, "sync")
    project.world.faults.add(fault, method="PATCH", times=None)
    asked = []
    for minute in range(minutes):
        sent = len(project.writes())
        assert project.at(DEADLINE + minute * MINUTE, "sync").code == 1
        if len(project.writes()) > sent:
            asked.append(minute)
    assert asked == [minute for minute in (0, 1, 2, 4, 8, 16, 31, 46) if minute < minutes]

    project.world.faults.clear()
    assert project.at(DEADLINE + 61 * MINUTE, "sync").code == 0
    assert approval_type(project) == 1


@pytest.mark.parametrize("trouble", ["500", "daily", "a scope"])
def test_approvals_that_zoom_never_takes_are_not_sent_at_every_sync(
    project: Project, people: list[dict[str, Any]], trouble: str
) -> None:
    gatekeeper(project)
    project.at(BEFORE, "sync")
    newcomer = register(project, people[0], BEFORE + MINUTE)
    if trouble == "a scope":
        project.world.scopes.discard("meeting:update:registrant_status:admin")
    else:
        project.world.faults.add(trouble, method="PUT", times=None)
    asked = []
    for minute in range(2, 62, 5):
        sent = project.writes().count(PUT)
        result = project.at(BEFORE + minute * MINUTE, "sync")
        assert (result.code, "approve registrants" in result.err) == (1, True)
        if project.writes().count(PUT) > sent:
            asked.append(minute)
    assert asked == {"500": [2, 7, 12, 17, 22, 32, 47], "daily": [2], "a scope": [2, 17, 32, 47]}[trouble]

    project.world.faults.clear()
    project.world.scopes.add("meeting:update:registrant_status:admin")
    project.at(BEFORE + 24 * HOUR, "sync")
    assert on_zoom(project, newcomer) == "approved"


def test_a_form_is_closed_although_the_lists_cannot_be_read(project: Project) -> None:
    project.at(BEFORE, "sync")
    project.world.faults.add("500", method="GET", path="/registrants", times=None)
    result = project.at(DEADLINE, "sync")
    assert result.code == 1
    assert approval_type(project) == 1
    assert project.at(DEADLINE, "status").out.count("closed since") == 1


def test_registration_switched_off_in_the_portal_is_told_and_not_touched(project: Project) -> None:
    project.at(BEFORE, "sync")
    project.world.set_in_portal(MODEL_MEETING_ID, approval_type=2)
    result = project.at(DEADLINE, "sync")
    assert result.code == 1
    assert "switched off in Zoom's portal, so whoever has the plain link walks in" in result.err
    assert (approval_type(project), project.writes()) == (2, [])


def test_a_meeting_that_was_deleted_is_told_and_the_other_event_closed(project: Project) -> None:
    project.add_other_event()
    project.at(BEFORE, "sync")
    del project.world.meetings[MODEL_MEETING_ID]
    result = project.at(DEADLINE, "sync")
    assert result.code == 1
    assert f"{SLUG}: registration is NOT CLOSED. Zoom would not read meeting" in result.err
    assert project.world.meetings[OTHER_MEETING_ID].approval_type == 1
    assert f"{OTHER_SLUG}: registration is closed" in result.err


def test_a_meeting_turned_into_a_webinar_is_closed_as_one(project: Project) -> None:
    project.at(BEFORE, "sync")
    project.world.set_in_portal(MODEL_MEETING_ID, type=9)
    assert project.at(DEADLINE, "sync").code == 0
    assert project.writes() == [f"PATCH /webinars/{MODEL_MEETING_ID}"]
    assert approval_type(project) == 1


def test_a_meeting_that_left_the_file_is_not_missed(project: Project) -> None:
    """As when an organiser makes the meeting anew, and deletes the first one."""
    project.add_other_event()
    (project.folder / "config" / "events" / f"{OTHER_SLUG}.toml").unlink()
    project.at(BEFORE, "sync")
    project.write_event(meeting_id=OTHER_MEETING_ID)
    del project.world.meetings[MODEL_MEETING_ID]
    assert project.at(DEADLINE, "sync").code == 0
    assert project.writes() == [f"PATCH /meetings/{OTHER_MEETING_ID}"]
    assert project.at(DEADLINE + MINUTE, "status").code == 0
    assert project.at(DEADLINE + HOUR, "reopen", SLUG).code == 0


def test_both_meetings_of_an_event_are_closed_although_one_fails(project: Project) -> None:
    own = f"meeting_id = {OTHER_MEETING_ID}"
    project.add_other_event()
    (project.folder / "config" / "events" / f"{OTHER_SLUG}.toml").unlink()
    file = project.write_event()
    file.write_text(file.read_text().replace('title = "Sesión 2"', f'title = "Sesión 2"\n{own}'), encoding="utf-8")
    project.at(BEFORE, "sync")
    project.world.faults.add("ignored", method="PATCH", path=str(MODEL_MEETING_ID), times=None)

    result = project.at(DEADLINE, "sync")

    assert result.code == 1
    assert "NOT CLOSED" in result.err
    assert project.world.meetings[OTHER_MEETING_ID].approval_type == 1


def test_drafts_are_never_closed(project: Project) -> None:
    project.write_event(top='status = "draft"\n')
    assert project.at(DEADLINE, "sync").code == 0
    refused = project.at(DEADLINE, "close", SLUG)
    assert refused.code == 2
    assert "is a draft" in refused.err
    assert project.writes() == []


def test_nothing_is_looked_after_once_the_last_session_has_ended(project: Project) -> None:
    project.at(local("2023-03-08 13:00"), "sync")
    assert project.writes() == []


def test_no_close_writes_nothing_to_zoom(project: Project) -> None:
    assert project.at(DEADLINE, "sync", "--no-close").code == 0
    assert project.writes() == []


# ------------------------------------------------------------------------------------------------------ killed halfway


@pytest.mark.parametrize("failpoint", ["close.stored:1:kill", "close.patched:1:kill", "close.read_back:1:kill"])
def test_killed_anywhere_the_next_run_comes_to_the_same_end(
    project: Project, people: list[dict[str, Any]], failpoint: str
) -> None:
    project.at(BEFORE, "sync")
    project.clock.move_to(DEADLINE)
    process = project.start("sync", failpoint=failpoint)
    assert process.wait(60) == -signal.SIGKILL
    process.communicate()
    waits = register(project, people[0], DEADLINE + 10 * MINUTE)

    result = project.at(DEADLINE + 10 * MINUTE, "sync")

    assert result.code == 0
    assert approval_type(project) == 1
    assert len(project.writes()) <= 2
    status = project.at(DEADLINE + 11 * MINUTE, "status")
    assert "read back" in status.out
    if failpoint != "close.stored:1:kill":
        assert on_zoom(project, waits) == "pending"
    # What was set before is known still.
    assert project.at(DEADLINE + HOUR, "reopen", SLUG).code == 0
    assert approval_type(project) == 0


def test_ended_twice_before_it_could_ask_zoom_it_is_closed_all_the_same(project: Project) -> None:
    """As when Zoom hangs at the deadline and the container is started anew, and anew."""
    project.at(BEFORE, "sync")
    project.clock.move_to(DEADLINE)
    for _ in range(2):
        process = project.start("sync", failpoint="close.stored:1:kill")
        assert process.wait(60) == -signal.SIGKILL
        process.communicate()
    assert project.writes() == []

    assert project.at(DEADLINE + 5 * MINUTE, "sync").code == 0

    assert (approval_type(project), project.writes()) == (1, [PATCH])


# --------------------------------------------------------------------------------------------------------- gatekeeper


def gatekeeper(project: Project, **more: Any) -> None:
    lines = ['closing = "gatekeeper"', *(f"{name} = {value}" for name, value in more.items())]
    project.write_event(zoom="\n".join(lines))


def test_a_gatekeeper_sets_manual_approval_at_its_first_sync_and_approves_newcomers(
    project: Project, people: list[dict[str, Any]]
) -> None:
    gatekeeper(project)
    project.at(BEFORE, "sync")
    assert (approval_type(project), project.writes()) == (1, [PATCH])
    newcomer = register(project, people[0], BEFORE + MINUTE)

    result = project.at(BEFORE + 5 * MINUTE, "sync")

    assert on_zoom(project, newcomer) == "approved"
    assert project.registrants() == {newcomer: "approved"}
    assert "approved: 1 registrant" in result.err
    (link,) = project.rows("SELECT join_url FROM registrant")
    assert link["join_url"]


def test_a_gatekeeper_stops_at_the_deadline_by_zooms_clock(project: Project, people: list[dict[str, Any]]) -> None:
    gatekeeper(project)
    project.at(BEFORE, "sync")
    in_time = register(project, people[0], DEADLINE - timedelta(seconds=1))
    late = register(project, people[1], DEADLINE + timedelta(seconds=61))
    result = project.at(DEADLINE + 5 * MINUTE, "sync")
    assert (on_zoom(project, in_time), on_zoom(project, late)) == ("approved", "pending")
    assert "registration is closed" in result.err
    assert project.writes() == [PATCH, PUT]


def test_a_gatekeeper_approves_thirty_a_call_and_minds_the_seats(
    project: Project, people: list[dict[str, Any]]
) -> None:
    gatekeeper(project, seats=32)
    project.at(BEFORE, "sync")
    for number in range(35):
        register(project, people[number], BEFORE + MINUTE + timedelta(seconds=number))
    result = project.at(BEFORE + 5 * MINUTE, "sync")
    assert list(project.registrants().values()).count("approved") == 32
    assert [one for one in project.writes() if one == PUT] == [PUT, PUT]
    assert "3 registrants wait for a person" in result.err


def test_a_gatekeeper_does_not_fight_somebody_who_opens_the_form_before_the_deadline(project: Project) -> None:
    gatekeeper(project)
    project.at(BEFORE, "sync")
    project.world.set_in_portal(MODEL_MEETING_ID, approval_type=0)
    told = project.at(BEFORE + HOUR, "sync")
    assert told.code == 1
    assert "not as it should be" in told.err
    assert project.writes() == [PATCH]
    assert project.at(DEADLINE, "sync").code == 0
    assert project.writes() == [PATCH, PATCH]


def test_approvals_that_zoom_drops_are_asked_for_twice_and_then_left_to_a_person(
    project: Project, people: list[dict[str, Any]]
) -> None:
    gatekeeper(project)
    project.at(BEFORE, "sync")
    register(project, people[0], BEFORE + MINUTE)
    project.world.faults.add("ignored", method="PUT", times=None)
    for minutes in (5, 10, 15, 20):
        result = project.at(BEFORE + minutes * MINUTE, "sync")
        assert result.code == 1
    assert "Zoom was asked twice about 1 registrant" in result.err
    assert project.writes() == [PATCH, PUT, PUT]


def test_who_waits_for_a_gatekeeper_that_is_taken_away_is_approved(
    project: Project, people: list[dict[str, Any]]
) -> None:
    gatekeeper(project)
    project.at(BEFORE, "sync")
    newcomer = register(project, people[0], BEFORE + MINUTE)
    project.write_event()
    project.at(BEFORE + 5 * MINUTE, "sync")
    assert (approval_type(project), on_zoom(project, newcomer)) == (0, "approved")


def test_people_who_take_over_from_a_gatekeeper_find_the_gate_as_it_was(
    project: Project, people: list[dict[str, Any]]
) -> None:
    gatekeeper(project)
    project.at(BEFORE, "sync")
    project.write_event(zoom='closing = "manual"')
    assert project.at(BEFORE + 5 * MINUTE, "sync").code == 0
    newcomer = register(project, people[0], BEFORE + 6 * MINUTE)
    assert project.at(DEADLINE, "sync").code == 0
    assert (approval_type(project), on_zoom(project, newcomer), project.writes()) == (1, "pending", [PATCH])


def test_a_gatekeepers_deadline_that_moved_on_is_told_as_the_closing(project: Project) -> None:
    gatekeeper(project)
    project.at(BEFORE, "sync")
    project.at(DEADLINE, "sync")
    file = project.write_event(zoom='closing = "gatekeeper"')
    file.write_text(file.read_text().replace("= 2023-03-05", "= 2023-03-06"), encoding="utf-8")
    project.at(DEADLINE + HOUR, "sync")
    project.at(DEADLINE + 24 * HOUR, "sync")
    assert "closed since Monday, March 6, 2023, 11:59 PM" in project.at(DEADLINE + 24 * HOUR, "status").out


# ------------------------------------------------------------------------------------------------------------- manual


def test_where_people_approve_zoomsync_approves_nobody_and_says_how_many_wait(
    project: Project, people: list[dict[str, Any]]
) -> None:
    project.write_event(zoom='closing = "manual"')
    project.world.set_in_portal(MODEL_MEETING_ID, approval_type=1)
    register(project, people[0], BEFORE)
    register(project, people[1], DEADLINE + 10 * MINUTE)
    result = project.at(DEADLINE + 15 * MINUTE, "sync")
    assert result.code == 0
    assert project.writes() == []
    assert "1 registered late" in result.err
    assert "1 registrant waits for a person" in result.err


def test_where_people_approve_and_zoom_approves_everybody_it_is_told(project: Project) -> None:
    project.write_event(zoom='closing = "manual"')
    result = project.at(DEADLINE, "sync")
    assert result.code == 1
    assert 'closing = "manual" stands in the event file, yet Zoom approves everybody' in result.err
    assert project.writes() == []


# ------------------------------------------------------------------------------------------------------ close, reopen


def test_close_prints_its_json_to_the_letter(project: Project) -> None:
    document = project.at(DEADLINE, "close", SLUG, "--json").json
    assert document == {"event": SLUG, "state": "closed", "method": "switch", "verified": True, "late": 0}


def test_close_now_gives_the_words_for_the_page(project: Project) -> None:
    result = project.at(BEFORE, "close", SLUG)
    assert result.code == 0
    assert "Inscripción cerrada desde el domingo 5 de marzo de 2023, 10:00" in result.out
    assert "queda en espera" in result.out


def test_closed_by_hand_whoever_comes_waits_and_the_deadline_does_not_change_that(
    project: Project, people: list[dict[str, Any]]
) -> None:
    assert project.at(BEFORE, "close", SLUG).code == 0
    waits = register(project, people[0], BEFORE + 10 * MINUTE)
    project.at(BEFORE + 15 * MINUTE, "sync")
    project.at(DEADLINE + HOUR, "sync")
    assert on_zoom(project, waits) == "pending"
    assert project.at(DEADLINE + HOUR, "close", SLUG, "--json").json["late"] == 0
    assert project.writes() == [PATCH]


def test_closing_twice_does_nothing_more(project: Project) -> None:
    for minutes in (0, 5):
        assert project.at(BEFORE + minutes * MINUTE, "close", SLUG).code == 0
    assert project.writes() == [PATCH]


def test_a_dry_run_of_close_says_what_would_happen_and_writes_nothing(
    project: Project, people: list[dict[str, Any]]
) -> None:
    register(project, people[0], BEFORE)
    project.at(BEFORE, "sync")
    before = project.contents()
    result = project.at(BEFORE + MINUTE, "close", SLUG, "--dry-run")
    assert result.code == 0
    assert "would be done: meeting" in result.err
    assert project.contents() == before
    assert project.writes() == []


def test_reopen_restores_what_was_set_and_lets_in_who_waited(project: Project, people: list[dict[str, Any]]) -> None:
    project.at(BEFORE, "sync")
    project.at(DEADLINE, "sync")
    late = register(project, people[0], DEADLINE + 10 * MINUTE)
    project.at(DEADLINE + 15 * MINUTE, "sync")

    result = project.at(DEADLINE + HOUR, "reopen", SLUG)

    assert result.code == 0
    assert "open until somebody closes it" in result.out
    assert (approval_type(project), on_zoom(project, late)) == (0, "approved")
    project.at(DEADLINE + 5 * HOUR, "sync")
    assert approval_type(project) == 0
    assert "open until somebody closes it" in project.at(DEADLINE + 5 * HOUR, "status").out
    assert project.at(DEADLINE + 6 * HOUR, "close", SLUG).code == 0
    assert approval_type(project) == 1
    opened_by = [actor for change, actor in audit(project, "opened", "registration ordered")]
    assert all(actor.startswith("command (") for actor in opened_by)


def test_once_the_event_is_over_it_is_neither_closed_nor_opened_and_said_so(project: Project) -> None:
    project.at(DEADLINE, "sync")
    for command in ("reopen", "close"):
        result = project.at(local("2023-03-08 13:00"), command, SLUG)
        assert (result.code, result.out) == (2, "")
        assert "is over: its registration on Zoom is left as it is" in result.err
    assert project.writes() == [PATCH]


def test_opened_as_it_was_with_manual_approval_it_says_that_people_wait(project: Project) -> None:
    project.world.set_in_portal(MODEL_MEETING_ID, approval_type=1)
    project.at(DEADLINE, "sync")
    result = project.at(DEADLINE + HOUR, "reopen", SLUG)
    assert result.code == 0
    assert "whoever registers waits for a person" in result.err
    project.world.set_in_portal(MODEL_MEETING_ID, approval_type=0)
    assert "waits for a person" not in project.at(DEADLINE + 2 * HOUR, "reopen", SLUG).err


def test_reopened_until_a_time_it_closes_again_then(project: Project, people: list[dict[str, Any]]) -> None:
    project.at(DEADLINE, "sync")
    result = project.at(DEADLINE + HOUR, "reopen", SLUG, "--until", "2023-03-06T20:00")
    assert result.code == 0
    assert "open until Monday, March 6, 2023, 8:00 PM" in result.out
    in_time = register(project, people[0], local("2023-03-06 19:30"))
    project.at(local("2023-03-06 20:00"), "sync")
    late = register(project, people[1], local("2023-03-06 20:10"))
    project.at(local("2023-03-06 20:15"), "sync")
    assert (on_zoom(project, in_time), on_zoom(project, late)) == ("approved", "pending")


def test_taking_back_a_close_by_hand_leaves_the_files_deadline_in_force(project: Project) -> None:
    project.at(BEFORE, "close", SLUG)
    result = project.at(BEFORE + MINUTE, "reopen", SLUG)
    assert result.code == 0
    assert "open until Sunday, March 5, 2023, 11:59 PM" in result.out
    project.at(DEADLINE, "sync")
    assert approval_type(project) == 1


@pytest.mark.parametrize(("until", "told"), [
    ("2023-03-01T00:00", "is in the past"),
    ("tomorrow", "is no time"),
])  # fmt: skip
def test_an_end_that_makes_no_sense_is_refused(project: Project, until: str, told: str) -> None:
    result = project.at(DEADLINE, "reopen", SLUG, "--until", until)
    assert result.code == 2
    assert told in result.err
    assert project.writes() == []


def test_an_end_before_the_files_deadline_is_refused(project: Project) -> None:
    result = project.at(BEFORE - 48 * HOUR, "reopen", SLUG, "--until", "2023-03-05T12:00")
    assert result.code == 2
    assert "before the deadline in the event's file" in result.err


def test_a_deadline_moved_on_in_the_file_opens_what_it_had_closed(
    project: Project, people: list[dict[str, Any]]
) -> None:
    project.at(BEFORE, "sync")
    project.at(DEADLINE, "sync")
    held = register(project, people[0], DEADLINE + 10 * MINUTE)
    project.at(DEADLINE + 15 * MINUTE, "sync")
    file = project.write_event()
    file.write_text(file.read_text().replace("= 2023-03-05", "= 2023-03-06"), encoding="utf-8")

    result = project.at(DEADLINE + 20 * MINUTE, "sync")

    assert result.code == 0
    assert (approval_type(project), on_zoom(project, held)) == (0, "approved")
    assert "approves as it did before" in result.err
    assert project.at(DEADLINE + 24 * HOUR, "sync").code == 0
    assert approval_type(project) == 1


def test_a_deadline_moved_back_costs_nobody_a_seat_who_was_in_time_before(
    project: Project, people: list[dict[str, Any]]
) -> None:
    """A slip of the pen in the file must not turn people away and block their addresses."""
    file = project.write_event(zoom='late_registrants = "deny"')
    project.at(BEFORE - 48 * HOUR, "sync")
    in_time = register(project, people[0], BEFORE - 47 * HOUR)
    project.at(BEFORE - 46 * HOUR, "sync")
    file.write_text(file.read_text().replace("= 2023-03-05", "= 2023-03-02"), encoding="utf-8")
    project.at(BEFORE - 45 * HOUR, "sync")
    after_it = register(project, people[1], BEFORE - 44 * HOUR)
    project.at(BEFORE - 43 * HOUR, "sync")
    assert (on_zoom(project, in_time), on_zoom(project, after_it)) == ("approved", "denied")
    assert project.run("late", SLUG, "--json").json["late"][0]["email"] == in_time


def test_a_deadline_moved_on_never_opens_what_a_person_closed(project: Project) -> None:
    project.at(BEFORE, "close", SLUG)
    file = project.write_event()
    file.write_text(file.read_text().replace("= 2023-03-05", "= 2023-03-06"), encoding="utf-8")
    project.at(DEADLINE + 20 * MINUTE, "sync")
    assert approval_type(project) == 1


def test_a_rehearsal_on_a_real_account_wants_a_yes(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOOMSYNC_ZOOM__API_URL", "https://api.zoom.us/v2")
    for command in (["close", SLUG], ["reopen", SLUG]):
        result = project.at(DEADLINE, *command)
        assert result.code == 2
        assert "--yes" in result.err


# ---------------------------------------------------------------------------------------------------------- late ones


def closed_with_late_ones(project: Project, people: list[dict[str, Any]], count: int = 2) -> list[str]:
    project.at(BEFORE, "sync")
    project.at(DEADLINE, "sync")
    return [register(project, people[number], DEADLINE + (number + 7) * MINUTE) for number in range(count)]


def test_late_lists_who_came_after_the_deadline_with_minutes(project: Project, people: list[dict[str, Any]]) -> None:
    first, second = closed_with_late_ones(project, people)
    project.at(DEADLINE + 20 * MINUTE, "sync")
    document = project.run("late", SLUG, "--json").json
    assert [(one["email"], one["minutes_late"], one["status"]) for one in document["late"]] == [
        (first, 7, "pending"),
        (second, 8, "pending"),
    ]
    shown = project.run("late", SLUG).out
    assert "Registered after the deadline (2)" in shown
    assert first in shown


def test_late_approve_lets_one_in_and_reads_it_back(project: Project, people: list[dict[str, Any]]) -> None:
    first, second = closed_with_late_ones(project, people)
    result = project.at(DEADLINE + 20 * MINUTE, "late", SLUG, "--approve", first.upper())
    assert result.code == 0
    assert f"{first} is approved, read back from Zoom" in result.out
    assert (on_zoom(project, first), on_zoom(project, second)) == ("approved", "pending")
    # Nor is it undone by a rule that comes later.
    project.write_event(zoom='late_registrants = "deny"')
    project.at(DEADLINE + 30 * MINUTE, "sync")
    assert (on_zoom(project, first), on_zoom(project, second)) == ("approved", "denied")


def test_whom_a_person_wants_in_keeps_the_seat_that_zoom_gave_before_the_switch(
    project: Project, people: list[dict[str, Any]]
) -> None:
    """More than thirty slipped in, so nobody was denied; the organiser speaks for one of them, and has the rest go."""
    project.write_event(zoom='late_registrants = "deny"')
    project.at(BEFORE, "sync")
    slipped_in = [register(project, person, DEADLINE + 2 * MINUTE) for person in people[:31]]
    project.at(DEADLINE + 15 * MINUTE, "sync")
    wanted, other = slipped_in[:2]
    assert project.at(DEADLINE + 16 * MINUTE, "late", SLUG, "--approve", wanted).code == 0
    project.at(DEADLINE + 17 * MINUTE, "sync", "--yes")
    assert (on_zoom(project, wanted), on_zoom(project, other)) == ("approved", "denied")


def test_asked_in_vain_before_somebody_decided_does_not_count_against_a_later_word(
    project: Project, people: list[dict[str, Any]]
) -> None:
    project.write_event(zoom='late_registrants = "deny"')
    late = closed_with_late_ones(project, people, 1)[0]
    dropped = project.world.faults.add("ignored", method="PUT", times=2)
    for minutes in (10, 15, 20):
        project.at(DEADLINE + minutes * MINUTE, "sync")
    assert (dropped.struck, on_zoom(project, late)) == (2, "pending")
    registrant = project.world.find_registrant(MODEL_MEETING_ID, late)
    for minutes, status in ((25, "approved"), (30, "pending")):
        project.world.change_status(MODEL_MEETING_ID, registrant, status)
        project.at(DEADLINE + minutes * MINUTE, "sync")
    project.at(DEADLINE + 35 * MINUTE, "sync")
    assert on_zoom(project, late) == "denied"


def test_late_deny_warns_and_wants_a_yes(project: Project, people: list[dict[str, Any]]) -> None:
    first, _ = closed_with_late_ones(project, people)
    refused = project.at(DEADLINE + 20 * MINUTE, "late", SLUG, "--deny", first)
    assert refused.code == 2
    assert "Zoom may mail who is denied, and blocks the address" in refused.err
    assert on_zoom(project, first) == "pending"
    assert project.at(DEADLINE + 20 * MINUTE, "late", SLUG, "--deny", first, "--yes").code == 0
    assert on_zoom(project, first) == "denied"


def test_late_of_an_address_nobody_registered_with_says_so(project: Project, people: list[dict[str, Any]]) -> None:
    closed_with_late_ones(project, people)
    result = project.at(DEADLINE + 20 * MINUTE, "late", SLUG, "--approve", "nobody@example.org")
    assert result.code == 1
    assert "nobody with the address n…@example.org is registered" in result.err


def test_more_than_thirty_denials_want_a_yes(project: Project, people: list[dict[str, Any]]) -> None:
    project.write_event(zoom='late_registrants = "deny"')
    everybody = closed_with_late_ones(project, people, 31)
    held = project.at(DEADLINE + HOUR, "sync")
    assert held.code == 1
    assert "31 late registrants would be denied at once" in held.err
    assert set(project.registrants().values()) == {"pending"}
    status = project.at(DEADLINE + HOUR, "status")
    assert status.code == 1
    assert status.out.startswith(f"! {SLUG}: 31 late registrants would be denied at once")
    assert project.at(DEADLINE + HOUR, "sync", "--yes").code == 0
    assert {on_zoom(project, one) for one in everybody} == {"denied"}


def test_late_ones_are_admitted_where_the_event_says_so(project: Project, people: list[dict[str, Any]]) -> None:
    project.write_event(zoom='late_registrants = "admit"')
    first, second = closed_with_late_ones(project, people)
    project.at(DEADLINE + 20 * MINUTE, "sync")
    assert (on_zoom(project, first), on_zoom(project, second)) == ("approved", "approved")


def test_who_is_held_gets_one_notice_where_the_event_says_so(project: Project, people: list[dict[str, Any]]) -> None:
    project.write_event(zoom="late_notice = true")
    first, second = closed_with_late_ones(project, people)
    for minutes in (20, 25, 30):
        project.at(DEADLINE + minutes * MINUTE, "sync")
        project.at(DEADLINE + minutes * MINUTE, "remind")
    got = sorted((mail.rcpt_to[0], str(mail.message["Subject"])) for mail in project.mails.messages)
    assert [recipient for recipient, _ in got] == sorted([first, second])
    assert all("después del cierre" in subject for _, subject in got)


def test_the_notice_names_the_deadline_that_was_in_force(project: Project, people: list[dict[str, Any]]) -> None:
    project.write_event(zoom="late_notice = true")
    project.at(DEADLINE, "sync")
    project.at(DEADLINE + HOUR, "reopen", SLUG, "--until", "2023-03-06T20:00")
    project.at(local("2023-03-06 20:00"), "sync")
    register(project, people[0], local("2023-03-06 20:10"))
    project.at(local("2023-03-06 20:15"), "sync")
    project.at(local("2023-03-06 20:15"), "remind")
    (mail,) = [one.message for one in project.mails.messages if "después del cierre" in str(one.message["Subject"])]
    text = mail.get_body(("plain",)).get_content()
    assert "cerró el lunes 6 de marzo de 2023, 8:00" in " ".join(text.split())


# -------------------------------------------------------------------------------------------------------------- seats


def test_more_approved_than_the_licence_holds_is_told_by_check_and_status(project: Project) -> None:
    project.write_event(zoom="seats = 3")
    project.world.populate(MODEL_MEETING_ID, 3)
    project.synced()
    words = "are approved, and the Zoom licence holds 3"
    assert words not in project.at(BEFORE, "check").out + project.at(BEFORE, "status").out
    project.world.populate(MODEL_MEETING_ID, 1, seed=5)
    project.synced()
    check, status = project.at(BEFORE, "check"), project.at(BEFORE, "status")
    assert f"! 4 {words}" in check.out
    assert f"· {SLUG}: 4 {words}" in status.out
    assert (check.code, status.code) == (0, 0)


def test_a_clock_that_is_off_is_noted_by_status(project: Project) -> None:
    """As a sync in real time finds it; a rehearsed clock is off on purpose."""
    project.world.clock = system_clock
    project.world.faults.add("skew", times=None, seconds=300)
    assert project.run("sync", "--no-close").code == 0
    assert f"· {SLUG}: at the last sync this machine's clock was 5 minutes behind Zoom's" in project.run("status").out
