"""`zoomsync attendance` against the simulated account: pulled, matched by hand, and the mails that wait for it."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import timedelta

import pytest

from tests.cli.conftest import OTHER_MEETING_ID, OTHER_SLUG, SLUG, Project, local
from zoomsync.app import open_app
from zoomsync.daemon import Daemon
from zoomsync.simulate.model_event import MODEL_MEETING_ID

AFTER_1 = local("2023-03-07 13:35")


@pytest.fixture
def held(project: Project) -> Project:
    """Ten people are registered, and the first session took place with most of them, two guests and the host."""
    project.world.populate(MODEL_MEETING_ID, 10)
    project.synced()
    project.world.hold_session(MODEL_MEETING_ID, share=0.7, guests=2, ready_after=timedelta(minutes=10))
    return project


def test_who_came_is_counted_and_the_rest_is_counted_apart(held: Project):
    result = held.at(AFTER_1, "attendance", SLUG, "--json")
    assert result.code == 0, result.err
    first, second = result.json["sessions"]
    came = {one.registrant_id for one in held.world.meetings[MODEL_MEETING_ID].instances[0].participants} - {""}
    assert (first["state"], first["registered"], first["identified"], first["unmatched"]) == ("ready", 10, len(came), 2)
    assert (second["state"], second["over"], second["identified"]) == ("not_yet", False, None)
    rows = result.json["rows"]
    assert {row["registrant_id"] for row in rows if row["matched_by"] == "registrant_id"} == came
    assert sum(row["minutes"] for row in rows if row["matched_by"] is None and row["registrant_id"]) == 0
    assert len(rows) == 12
    shown = held.at(AFTER_1, "attendance", "--minimum", "99%").out
    assert f"Sesión 1: {len(came)} identified and 2 not" in shown
    assert "not over yet" in shown


def test_second_pull_changes_nothing_and_a_match_by_hand_survives_it(held: Project):
    held.at(AFTER_1, "attendance", SLUG)
    before = held.contents()["participant"]
    absent = next(row for row in held.at(AFTER_1, "attendance", "--json").json["rows"] if not row["minutes"])
    result = held.at(AFTER_1, "attendance", SLUG, "--match", "IPHONE de invitado 1 ", absent["email"].upper())
    assert result.code == 0
    assert absent["email"] not in result.err
    again = held.at(AFTER_1, "attendance", SLUG, "--json").json
    assert [row[1:] for row in held.contents()["participant"]] == [row[1:] for row in before]
    (row,) = [row for row in again["rows"] if row["by_hand"]]
    assert (row["registrant_id"], row["matched_by"], row["minutes"]) == (absent["registrant_id"], "email", 300)
    assert again["sessions"][0]["unmatched"] == 1
    assert held.at(AFTER_1, "attendance", SLUG, "--unmatch", "iPhone de invitado 1").code == 0
    assert held.at(AFTER_1, "attendance", "--json").json["sessions"][0]["unmatched"] == 2


def test_word_that_settles_nothing_is_refused(held: Project):
    held.add_other_event()
    held.at(AFTER_1, "attendance", SLUG)
    guest = "iPhone de invitado 1"
    for words, told in (
        ((SLUG, "--match", "Nobody", "x@example.org"), "lists them"),
        ((SLUG, "--match", guest, "nobody@example.org"), "check the address"),
        ((SLUG, "--unmatch", "Nobody"), "Nobody of that name"),
        ((SLUG, "--minimum", "many"), "write for instance 80%"),
        (("--match", guest, "x@example.org"), "Name the event"),
    ):
        result = held.at(AFTER_1, "attendance", *words)
        assert (result.code, told in result.err) == (2, True), result.err


def test_durations_of_zero_are_not_ready_and_are_asked_for_again(held: Project):
    held.world.meetings[MODEL_MEETING_ID].instances[0].ready_at = AFTER_1 + timedelta(minutes=40)
    early = held.at(AFTER_1, "attendance", "--json")
    assert early.code == 0
    assert (early.json["sessions"][0]["state"], early.json["rows"]) == ("not_ready", [])
    later = held.at(AFTER_1 + timedelta(hours=1), "attendance", "--json")
    assert later.json["sessions"][0]["state"] == "ready"
    held.world.meetings[MODEL_MEETING_ID].instances[0].ready_at = AFTER_1 + timedelta(days=9)
    again = held.at(AFTER_1 + timedelta(hours=2), "attendance", SLUG, "--json")
    assert (again.json["sessions"][0]["state"], again.json["rows"]) == ("ready", later.json["rows"])


def test_unnamed_events_are_asked_for_when_a_look_is_due_and_named_ones_at_once(held: Project):
    def asked(*words: str, minutes: int) -> int:
        before = len(held.zoom.journal)
        assert held.at(AFTER_1 + timedelta(minutes=minutes), "attendance", *words).code == 0
        return sum("/report/" in entry.path for entry in list(held.zoom.journal)[before:])

    assert [asked(minutes=one) for one in (0, 60, 359)] == [1, 0, 1]
    assert asked(SLUG, minutes=360) == 1


def test_event_whose_attendance_cannot_be_had_is_told_and_the_others_go_on(held: Project):
    held.add_other_event()
    held.sync()
    held.world.hold_session(OTHER_MEETING_ID, share=1)
    held.world.faults.add("html", path=f"/past_meetings/{MODEL_MEETING_ID}/instances", times=None)
    result = held.at(AFTER_1, "attendance", "--json")
    assert result.code == 1
    assert [line for line in result.complaints if f"{SLUG}, Sesión 1: " in line] == result.complaints
    states = {one["event"]: (one["state"], one["error"] == "") for one in result.json["sessions"] if one["over"]}
    assert states == {SLUG: ("not_yet", False), OTHER_SLUG: ("ready", True)}


def test_mail_after_a_session_waits_for_attendance_and_goes_to_those_who_came(project: Project):
    project.world.populate(MODEL_MEETING_ID, 6)
    file = project.write_event()
    file.write_text(file.read_text() + '\n[reminders]\nbefore = []\nafter = ["2h"]\n')
    project.synced()
    instance = project.world.hold_session(MODEL_MEETING_ID, share=0.5, guests=1)
    instance.ready_at = local("2023-03-07 17:00")
    at = local("2023-03-07 15:00")
    assert project.at(at, "attendance").code == 0
    assert project.at(at, "remind", "--json").json["messages"] == []
    at = local("2023-03-07 19:00")
    assert project.at(at, "attendance").code == 0
    sent = project.at(at, "remind", "--json").json["messages"]
    came = {one.registrant_id for one in instance.participants} - {""}
    assert 0 < len(came) < 6
    addresses = {one.email for one in project.people() if one.id in came}
    assert {(one["kind"], one["state"]) for one in sent} == {("after:2h", "sent")}
    assert {one["to"] for one in sent} == addresses
    assert project.at(at, "remind", "--json").json["messages"] == []


def test_daemon_asks_when_a_look_is_due_and_status_tells_of_trouble(held: Project):
    held.clock.move_to(AFTER_1)
    with closing(open_app(config=None, cwd=held.folder, environ=os.environ, now=AFTER_1.isoformat())) as app:
        daemon = Daemon(app)
        daemon._events = app.choose_events([]).events
        held.world.scopes.discard("report:read:list_meeting_participants:admin")
        daemon.sweep_attendance()
        daemon.sweep_attendance()
    (record,) = held.rows("SELECT state, without_ids FROM attendance")
    assert (record["state"], bool(record["without_ids"])) == ("ready", True)
    assert "who took part in Sesión 1: Zoom named no registrant ids" in held.at(AFTER_1, "status").out
