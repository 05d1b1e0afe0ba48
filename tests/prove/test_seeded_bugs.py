"""For each invariant a bug that breaks it, seeded into the running program: the same plays and check see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.prove.invariants import (
    Violation,
    check,
    closed_once_and_in_time,
    exit_code_is_true,
    log_is_clean,
    others_were_reached,
    people_are_those_on_zoom,
)
from tests.prove.killing import kill_until_done
from tests.prove.life import DEADLINE, note_closings
from tests.prove.scenarios import cancel_everybody_in_between, finish, freeze_past_the_lease, kill_at
from tests.prove.stage import DUE, Stage, staged
from zoomsync.simulate.model_event import MODEL_MEETING_ID

PEOPLE = 60


def killed_after_the_dot(stage: Stage) -> None:
    stage.move_to(DUE)
    kill_at(stage, "smtp.after_dot", 3)
    finish(stage)
    check(stage)


def killed_at_random(stage: Stage) -> None:
    stage.move_to(DUE)
    kill_until_done(stage, workers=1, kills=5, people=PEOPLE, seed=1)
    check(stage)


def frozen(stage: Stage) -> None:
    freeze_past_the_lease(stage, "deliver.after_354", woken_after_the_resend=False)
    check(stage)


def cancelled_in_between(stage: Stage) -> None:
    check(stage, unwanted=cancel_everybody_in_between(stage))


def synced_after_changes(stage: Stage) -> None:
    person = stage.world.meetings[MODEL_MEETING_ID].order[0]
    stage.world.change_status(MODEL_MEETING_ID, person, "denied")
    stage.start("sync", "--no-close").wait()
    people_are_those_on_zoom(stage)


def left_whole(stage: Stage) -> None:
    stage.start("sync", "--no-close").wait()
    check(stage)


def around_the_deadline(stage: Stage) -> None:
    closings = note_closings(stage)
    for moment in (DEADLINE - timedelta(minutes=30), DEADLINE):
        stage.move_to(moment)
        stage.run("sync")
    closed_once_and_in_time(closings, DEADLINE)


def logged(stage: Stage) -> None:
    stage.move_to(DUE)
    stage.run("remind")
    log_is_clean(stage)
    check(stage)


def zoom_in_trouble(stage: Stage) -> None:
    stage.world.populate(MODEL_MEETING_ID, 1, seed=5)
    stage.world.faults.add("null_rows", times=None)
    code = stage.start("sync", "--no-close").wait()
    stage.world.faults.clear()
    exit_code_is_true(code, done=len(stage.rows("SELECT id FROM registrant")) == PEOPLE + 1)


def one_bad_address(stage: Stage) -> None:
    bad = "josé@example.org"
    meeting = stage.world.meetings[MODEL_MEETING_ID]
    first = stage.world.find_registrant(
        MODEL_MEETING_ID, stage.rows("SELECT email FROM registrant ORDER BY id")[0]["email"]
    )
    first.email = bad
    stage.world._changed(meeting, first)
    stage.run("sync", "--no-close")
    stage.move_to(DUE)
    stage.start("remind").wait()
    others_were_reached(stage, [bad])


@pytest.mark.parametrize(
    ("bug", "play", "broken"),
    [
        ("plan_under_another_key_each_time", killed_at_random, "I1"),
        ("mark_after_sending", killed_after_the_dot, "I2"),
        ("no_fence", frozen, "I2"),
        ("do_not_ask_again_before_the_body", cancelled_in_between, "I3"),
        ("take_nothing_back", killed_at_random, "I4"),
        ("forget_who_was_denied", synced_after_changes, "I5"),
        ("write_behind_sqlites_back", left_whole, "I6"),
        ("close_an_hour_early", around_the_deadline, "I7"),
        ("log_whom_it_was_sent_to", logged, "I8"),
        ("take_a_failed_pull_for_a_good_one", zoom_in_trouble, "I9"),
        ("end_with_the_first_bad_one", one_bad_address, "I10"),
    ],
)
def test_a_seeded_bug_is_seen(
    bug: str, play: Callable[[Stage], None], broken: str, sqlite_url: str, tmp_path: Path
) -> None:
    with staged(tmp_path / "sound", sqlite_url, PEOPLE, ZOOMSYNC_SMTP__CONNECTIONS="1") as stage:
        play(stage)  # without the bug nothing is found
    spoilt = f"sqlite:///{tmp_path}/spoilt.db"
    with staged(tmp_path / "spoilt", spoilt, PEOPLE, spoiler=bug, ZOOMSYNC_SMTP__CONNECTIONS="1") as stage:
        with pytest.raises(Violation, match=f"^{broken}: "):
            play(stage)
        (stage.folder / "log").unlink()  # which is looked at in the end
