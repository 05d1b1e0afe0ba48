"""`zoomsync timeline`: what happened and what will, as a person and as a program reads it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cli.conftest import SLUG, Project, local
from zoomsync.simulate.model_event import MODEL_MEETING_ID

DEADLINE = local("2023-03-06 00:00")


def test_past_and_future_stand_in_one_list_with_now_between(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 5)
    project.synced()
    project.at(DEADLINE, "sync")
    project.at(DEADLINE + timedelta(minutes=5), "sync")
    project.at(local("2023-03-06 17:00"), "remind")

    lines = project.at(local("2023-03-07 00:00"), "timeline", SLUG).out.splitlines()

    told = [line.split("  ", 1)[1] for line in lines[1:-1]]
    assert told == [
        "first seen: Encuentro de Justicia Abierta 2023",
        "sync: 5 added",
        "DEADLINE: registration closes",
        f"registration closed by sync, meeting {MODEL_MEETING_ID}",
        "reminder, 1 day before, 17:00, Sesión 1: 5 accepted by the mail server",
        "---- now ----",
        "reminder, 1 hour before, Sesión 1: 5 to be sent",
        "STARTS: Sesión 1",
        "ends: Sesión 1",
        "attendance of Sesión 1: Zoom is asked who came",
        "reminder, 1 day before, 17:00, Sesión 2: 5 to be sent",
        "reminder, 1 hour before, Sesión 2: 5 to be sent",
        "STARTS: Sesión 2",
        "ends: Sesión 2",
        "attendance of Sesión 2: Zoom is asked who came",
        "warning that personal data will be removed",
        "personal data is removed",
    ]
    assert lines[3].startswith("2023-03-05 23:59")
    assert lines[-1] == "Besides, 4 syncs changed nothing."


def test_a_persons_order_is_in_it_with_who_it_was(project: Project) -> None:
    project.at(DEADLINE - timedelta(hours=5), "close", SLUG)
    entries = project.run("timeline", SLUG, "--json").json["entries"]
    notes = [one["note"] for one in entries if one["kind"] == "registration"]
    assert notes[0].startswith("ordered closed by command (")
    assert notes[1].startswith("closed by command (")


def test_a_program_gets_moments_in_utc_and_counts(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 2)
    project.synced()
    document = project.at(DEADLINE, "timeline", SLUG, "--json").json
    assert (document["event"], document["now"]) == (SLUG, "2023-03-06T06:00:00Z")
    (first, *_) = [one for one in document["entries"] if one["kind"] == "mail"]
    assert first == {
        "at": "2023-03-06T23:00:00Z",
        "kind": "mail",
        "subject": "before:1d 17:00, Sesión 1",
        "counts": {"pending": 2},
        "note": "",
        "left_out": {},
        "past": False,
    }


def test_what_then_is_answered_by_the_moment_that_is_asked_for(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 2)
    project.synced()
    out = project.run("timeline", SLUG, "--now", "2023-03-07T07:30").out
    assert "reminder, 1 day before, 17:00, Sesión 1: 2 left out (left out: a later reminder has taken its place)" in out
    assert "reminder, 1 hour before, Sesión 1: 2 to be sent" in out


def test_a_draft_shows_what_would_go_out_and_that_it_does_not(project: Project) -> None:
    project.write_event(top='status = "draft"\n')
    project.world.populate(MODEL_MEETING_ID, 2)
    project.synced()
    out = project.at(project.clock(), "timeline", SLUG).out
    assert "reminder, 1 hour before, Sesión 2: 2 to be sent (to be sent: the event is a draft)" in out


def test_a_deadline_at_another_hour_is_told_as_it_stands_in_the_file(project: Project) -> None:
    file = project.write_event()
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("= 2023-03-05", "= 2023-03-05T18:00:00"), encoding="utf-8")
    project.synced()
    assert "2023-03-05 18:00  DEADLINE" in project.at(project.clock(), "timeline", SLUG).out


def test_an_event_that_was_never_synced_has_none(project: Project) -> None:
    result = project.run("timeline", SLUG)
    assert result.code == 2
    assert "never synced" in result.err


def test_what_the_mail_host_will_not_take_is_foreseen_with_what_would_do(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.world.populate(MODEL_MEETING_ID, 3)
    project.synced()
    monkeypatch.setenv("ZOOMSYNC_SMTP__MAX_PER_DAY", "2")
    told = (
        "reminder, 1 day before, 17:00 of Sesión 1: 1 of 3 messages will not fit into what the mail host takes before "
        "it is too late"
    )
    shown = project.at(project.clock(), "timeline", SLUG).out
    assert f'! {told}: write "2d 17:00" in place of "1d 17:00"' in shown
    assert "! 6 messages of all events are due on 2023-03-07, and the mail host takes 2 a day" in shown
    checked = project.at(project.clock(), "check").out
    assert f"! {told}\n" in checked
    assert f"· {SLUG}: 8 messages will not fit" in project.at(project.clock(), "status").out
    monkeypatch.setenv("ZOOMSYNC_SMTP__MAX_PER_DAY", "100")
    assert "!" not in project.at(project.clock(), "timeline", SLUG).out
