"""The whole program killed at every step of a message; frozen, stopped and overtaken by changes at some of them."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from email.header import decode_header, make_header
from pathlib import Path

import pytest

from tests.prove.invariants import check
from tests.prove.scenarios import (
    AT_THE_END,
    BEFORE_THE_MARK,
    IN_DOUBT,
    WRITTEN_DOWN,
    cancel_everybody_in_between,
    finish,
    freeze_past_the_lease,
    kill_at,
    move_the_session_in_between,
    stop_at,
)
from tests.prove.stage import DUE, Stage, staged

PEOPLE = 100
_DOUBTS = "SELECT count(*) AS n FROM outbox WHERE in_doubt > 0"


@pytest.fixture(params=["sqlite", "postgres"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """A batch that goes out over one connection, one message after another."""
    url = request.getfixturevalue(f"{request.param}_url")
    with staged(tmp_path / "project", url, PEOPLE, ZOOMSYNC_SMTP__CONNECTIONS="1") as stage:
        yield stage


@pytest.mark.parametrize("policy", ["resend", "hold"])
def test_killed_at_every_point(stage: Stage, policy: str, tell: Callable[..., None]) -> None:
    stage.environment["ZOOMSYNC_MAIL__IN_DOUBT"] = policy
    stage.move_to(DUE)
    points = [(point, number) for number in (1, 3) for point in (*BEFORE_THE_MARK, *WRITTEN_DOWN, *IN_DOUBT)]
    doubts = 0
    for point, number in points:
        kill_at(stage, point, number)
        # What the kill before this one left was taken back at this start.
        assert stage.rows(_DOUBTS) == [{"n": doubts}], point
        doubts += point in IN_DOUBT
    kill_at(stage, "deliver.quit", 1)
    assert stage.rows(_DOUBTS) == [{"n": doubts}]
    finish(stage)
    tally = check(stage, resend=policy == "resend")
    tell(f"at each point: {stage.database.dialect}, {policy}", len(points) + 1, tally)
    # What was killed right after the mark or within the body had not arrived; the other half had.
    assert (tally.rows, tally.doubted, tally.arrived) == (PEOPLE, doubts, doubts / 2)
    assert (tally.duplicates, tally.never) == ((doubts / 2, 0) if policy == "resend" else (0, doubts / 2))


@pytest.mark.parametrize("point", AT_THE_END)
def test_killed_when_everything_is_out(stage: Stage, point: str) -> None:
    stage.move_to(DUE)
    kill_at(stage, point, 1)
    finish(stage)
    tally = check(stage)
    assert (tally.rows, tally.doubted, tally.duplicates, tally.never) == (PEOPLE, 0, 0, 0)


@pytest.mark.parametrize(
    ("point", "late", "doubted", "duplicates"),
    [
        ("deliver.claim", False, 0, 0),
        ("deliver.after_354", False, 0, 0),
        ("deliver.after_mark", False, 1, 0),
        ("deliver.after_mark", True, 1, 1),
        ("smtp.mid_body", True, 1, 1),
        ("deliver.after_250", False, 1, 0),
    ],
)
def test_frozen_past_the_lease(stage: Stage, point: str, late: bool, doubted: int, duplicates: int) -> None:
    freeze_past_the_lease(stage, point, woken_after_the_resend=late)
    tally = check(stage)
    assert (tally.rows, tally.doubted, tally.duplicates, tally.never) == (PEOPLE, doubted, duplicates, 0)


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    "point",
    [
        "deliver.claim",
        "deliver.connect",
        "smtp.after_ehlo",
        "smtp.after_rcpt",
        "deliver.after_354",
        "deliver.after_mark",
        "smtp.mid_body",
        "smtp.after_dot",
        "deliver.after_commit",
        "deliver.quit",
    ],
)
def test_stopped_by_a_signal(stage: Stage, point: str, by: signal.Signals) -> None:
    code, took_s = stop_at(stage, point, by)
    assert took_s < 10
    assert code == (130 if by is signal.SIGINT else 0), stage.log()
    finish(stage)
    tally = check(stage)
    assert (tally.rows, tally.doubted, tally.duplicates, tally.never) == (PEOPLE, 0, 0, 0)


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_stopped_while_the_mail_server_hangs(stage: Stage, by: signal.Signals) -> None:
    hangs, goes_on = threading.Event(), threading.Event()

    def hang_at_the_third(what: str, number: int) -> None:
        if (what, number) == ("dot", 3):
            hangs.set()
            goes_on.wait(60)

    stage.sink.on_message = hang_at_the_third
    stage.move_to(DUE)
    child = stage.start("remind")
    assert hangs.wait(30)
    begun = time.monotonic()
    child.signal(by)
    child.wait()
    assert time.monotonic() - begun < 10
    goes_on.set()
    assert stage.states() == {"sent": 2, "in_doubt": 1, "pending": PEOPLE - 3}
    finish(stage)
    tally = check(stage)
    assert (tally.doubted, tally.duplicates, tally.never) == (1, 1, 0)


def test_who_cancels_between_claim_and_mark_gets_nothing(stage: Stage) -> None:
    unwanted = cancel_everybody_in_between(stage)
    assert len(unwanted) == PEOPLE - 2
    check(stage, unwanted=unwanted)
    assert len(stage.sink.lines()) == 2


def test_a_session_moved_between_claim_and_mark_is_told_with_its_new_time(stage: Stage) -> None:
    move_the_session_in_between(stage)
    check(stage)
    rows = stage.rows("SELECT kind, count(*) AS n FROM outbox WHERE state = 'sent' GROUP BY kind ORDER BY kind")
    assert rows == [{"kind": "before:1d 17:00", "n": PEOPLE}, {"kind": "moved", "n": PEOPLE}]
    subjects = [" ".join(str(make_header(decode_header(line[2]))).split()) for line in stage.sink.lines()]
    told = [subject for subject in subjects if not subject.startswith("CAMBIO")]
    assert ["8:00" in subject for subject in told] == [True] * 2 + [False] * (PEOPLE - 2)
    assert ["10:00" in subject for subject in told] == [False] * 2 + [True] * (PEOPLE - 2)
