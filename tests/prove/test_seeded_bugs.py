"""For each invariant a bug that breaks it, seeded into the running program: the same plays and check see it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.prove.invariants import Violation, check
from tests.prove.killing import kill_until_done
from tests.prove.scenarios import cancel_everybody_in_between, finish, freeze_past_the_lease, kill_at
from tests.prove.stage import DUE, Stage, staged

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


@pytest.mark.parametrize(
    ("bug", "play", "broken"),
    [
        ("plan_under_another_key_each_time", killed_at_random, "I1"),
        ("mark_after_sending", killed_after_the_dot, "I2"),
        ("no_fence", frozen, "I2"),
        ("do_not_ask_again_before_the_body", cancelled_in_between, "I3"),
        ("take_nothing_back", killed_at_random, "I4"),
    ],
)
def test_a_seeded_bug_is_seen(
    bug: str, play: Callable[[Stage], None], broken: str, sqlite_url: str, tmp_path: Path
) -> None:
    with staged(tmp_path / "sound", sqlite_url, PEOPLE, ZOOMSYNC_SMTP__CONNECTIONS="1") as stage:
        play(stage)  # without the bug nothing is found
    spoilt = f"sqlite:///{tmp_path}/spoilt.db"
    with (
        staged(tmp_path / "spoilt", spoilt, PEOPLE, spoiler=bug, ZOOMSYNC_SMTP__CONNECTIONS="1") as stage,
        pytest.raises(Violation, match=f"^{broken}: "),
    ):
        play(stage)
