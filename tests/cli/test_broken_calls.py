"""A call to the database, or over a socket, fails in the middle of a command: told in one line, and the next run ends
it. All calls, both databases and real processes: `tests/prove/test_sweep.py`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.breaking import Breaker
from tests.cli.conftest import SLUG, Project, local
from zoomsync.jobs import leasing
from zoomsync.simulate.model_event import MODEL_MEETING_ID

DUE = local("2023-03-06 17:00")
BEFORE_THE_DEADLINE = local("2023-03-05 10:00")
AFTER_THE_FIRST = local("2023-03-07 13:35")


def synced(project: Project) -> None:
    assert project.registrants() == {one.email: one.status for one in project.people()}


def closed(project: Project) -> None:
    assert project.world.meetings[MODEL_MEETING_ID].approval_type == 1
    assert project.rows("SELECT closed_at FROM meeting")[0]["closed_at"]


def reminded(project: Project) -> None:
    rows = project.rows(
        "SELECT state, in_doubt FROM outbox WHERE due_at <= :now", now=DUE.isoformat(timespec="microseconds")
    )
    assert {row["state"] for row in rows} <= {"sent", "in_doubt", "deferred"}
    assert len(project.mails.messages) <= len(rows) + sum(row["in_doubt"] for row in rows)


def attended(project: Project) -> None:
    came = project.world.meetings[MODEL_MEETING_ID].instances[0].participants
    assert len(project.rows("SELECT * FROM participant")) == len(came)


@pytest.mark.parametrize(
    ("words", "moment", "right", "calls"),
    [
        (("sync", "--no-close"), BEFORE_THE_DEADLINE, synced, {"refused": (1, 20, 50), "reset": (2, 9)}),
        (("close", SLUG), BEFORE_THE_DEADLINE, closed, {"refused": (40, 90), "reset": (9, 30)}),
        (("remind",), DUE, reminded, {"refused": (70, 95), "reset": (40, 55)}),
        (("attendance", SLUG), AFTER_THE_FIRST, attended, {"refused": (20, 40), "reset": (9,)}),
    ],
    ids=["sync", "close", "remind", "attendance"],
)
def test_a_call_that_fails_is_told_and_the_next_run_ends_right(
    words: tuple[str, ...],
    moment: datetime,
    right: Callable[[Project], None],
    calls: dict[str, tuple[int, ...]],
    project: Project,
) -> None:
    project.world.populate(MODEL_MEETING_ID, 3)
    project.synced()
    if words[0] == "attendance":
        project.world.hold_session(MODEL_MEETING_ID)
    struck = 0
    for kind, numbers in calls.items():
        for number in numbers:
            breaker = Breaker(kind, number)
            with breaker.at_work():
                result = project.at(moment, *words)
            struck += breaker.struck
            assert result.code in (0, 1)
            assert "Traceback" not in result.err
            assert "unforeseen" not in result.err
            if result.code:
                assert 1 <= len(result.complaints) <= 2, result.err
            leasing._own_names.clear()  # as in a new process: what the former one held is a dead one's
    assert struck
    project.at(moment + timedelta(minutes=11), *words)
    assert project.at(moment + timedelta(minutes=12), *words).code == 0
    right(project)
