"""Daemons stopped at every state, two started together again and again, and one that outsleeps its leases."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.prove.hatchery import Child, hatchery
from tests.prove.invariants import Violation, check, nothing_in_hand
from tests.prove.life import ALARMS
from tests.prove.preparations import CLOCK, FROZEN_S
from tests.prove.shared_clock import SharedClock
from tests.prove.stage import DUE, Stage, staged

TOGETHER = int(os.environ.get("PROVE_TOGETHER", "20"))
PEOPLE = 20
SETTINGS = {
    "ZOOMSYNC_SCHEDULE__SYNC_EVERY": "1s",
    "ZOOMSYNC_WEB__ENABLED": "false",
    "ZOOMSYNC_SMTP__CONNECTIONS": "1",
    "ZOOMSYNC_ALERTS__EMAIL": ALARMS,
}


def at_work(stage: Stage, file: Path, at: datetime) -> SharedClock:
    """From now on the stage's commands go by a clock that runs on from `at`."""
    clock = SharedClock(file)
    clock.set(at, 1)
    stage.world.clock = clock
    stage.environment[CLOCK] = str(file)
    stage.prepared = ("shared_clock", "quick_ticks", "short_leases")
    return clock


def until(what: Callable[[], object], stage: Stage) -> None:
    give_up_at = time.monotonic() + 60
    while not what():
        if time.monotonic() > give_up_at:
            raise Violation(f"I4: {stage.states()}; {stage.log()[-2_000:]}")
        time.sleep(0.05)


@pytest.fixture(params=["sqlite", "postgres"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path / "project", request.getfixturevalue(f"{request.param}_url"), PEOPLE, **SETTINGS) as stage:
        yield stage


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    "point",
    ["sync.pulled", "sync.written", "deliver.claim", "deliver.connect", "deliver.after_354", "deliver.after_mark",
     "smtp.mid_body", "smtp.after_dot", "deliver.after_commit"],
)  # fmt: skip
def test_told_to_end_at_any_point_it_ends_in_time_and_gives_everything_back(
    stage: Stage, tmp_path: Path, point: str, by: signal.Signals
) -> None:
    clock = at_work(stage, tmp_path / "clock", DUE)
    child = stage.start_by_itself("run", failpoint=f"{point}:1:stop")
    child.wait_until_frozen()
    child.signal(by)
    begun = time.monotonic()
    child.signal(signal.SIGCONT)
    assert child.wait() == 0, stage.log()
    assert time.monotonic() - begun < 10
    stage.now = clock()
    assert nothing_in_hand(stage)
    assert stage.rows("SELECT * FROM lease") == []
    assert stage.rows("SELECT * FROM daemon") == []
    # The next one does the rest.
    child = stage.start_by_itself("run")
    # The first may have sent everything; this one is told to end when it is there to hear of it.
    until(lambda: stage.states() == {"sent": PEOPLE} and stage.rows("SELECT * FROM daemon"), stage)
    child.signal(signal.SIGTERM)
    assert child.wait() == 0, stage.log()
    tally = check(stage, others=[ALARMS])
    assert (tally.rows, tally.duplicates, tally.never) == (PEOPLE, 0, 0)


@pytest.mark.timeout(1_200)
def test_two_started_together_again_and_again_share_the_work(
    postgres_url: str, tmp_path: Path, note: Callable[..., None]
) -> None:
    """Each round a batch is due: it goes out once, and no event is ever pulled by both at the same time."""
    with staged(tmp_path / "project", postgres_url, PEOPLE, **SETTINGS) as stage:
        stage.edit_event(lambda text: text.replace('before = ["1d 17:00", "1h"]', f"before = {leads()}"))
        stage.run("sync", "--no-close")  # a reminder whose moment lay before it was first seen is skipped
        clock = at_work(stage, tmp_path / "clock", DUE)
        for number in range(TOGETHER):
            children = started_together(stage)
            until(lambda: len(stage.rows("SELECT * FROM daemon")) >= 2, stage)
            until(lambda: sent_by(stage, clock()) == PEOPLE * (number + 1), stage)  # noqa: B023 - asked here and now
            for child in children:
                child.signal(signal.SIGTERM if number % 3 else signal.SIGKILL)
            for child in children:
                child.wait()
            if number < TOGETHER - 1:
                clock.set(DUE + EVERY * (number + 1), 1)
        stage.now = clock()
        check(stage, others=[ALARMS])
        runs = stage.rows("SELECT started_at, finished_at FROM sync_run WHERE state = 'ok' ORDER BY started_at")
        overlapping = [one for one, other in pairwise(runs) if other["started_at"] < one["finished_at"]]
        assert overlapping == []
        mails = sum(stage.sink.taken().values())
        note("two daemons started together on one Postgres", rounds=TOGETHER, mails=mails, syncs=len(runs))


EVERY = timedelta(minutes=900 // (TOGETHER + 1))  # the session begins fifteen hours after DUE


def leads() -> str:
    """A reminder due in each round, the first at DUE."""
    moments = [timedelta(hours=15) - EVERY * number for number in range(TOGETHER)]
    return "[" + ", ".join(f'"{one.total_seconds() // 60:.0f}m"' for one in moments) + "]"


def started_together(stage: Stage) -> list[Child]:
    """Two daemons, started in the same moment."""
    gate, children = threading.Barrier(2), {}

    def start(by: int) -> None:
        gate.wait()
        children[by] = stage.start_by_itself("run", by=by)

    threads = [threading.Thread(target=start, args=(by,)) for by in range(2)]
    hatchery(1)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return list(children.values())


def sent_by(stage: Stage, now: datetime) -> int:
    stage.now = now
    return stage.states().get("sent", 0)


def test_one_that_outsleeps_its_leases_leaves_the_work_to_the_other(postgres_url: str, tmp_path: Path) -> None:
    with staged(tmp_path / "project", postgres_url, PEOPLE, **SETTINGS) as stage:
        clock = at_work(stage, tmp_path / "clock", DUE)
        asleep = stage.start_by_itself("run", failpoint="deliver.after_354:3:stop")
        asleep.wait_until_frozen()
        time.sleep(FROZEN_S)
        awake = stage.start_by_itself("run", by=1)
        stage.now = clock()
        until(lambda: stage.states() == {"sent": PEOPLE}, stage)
        asleep.signal(signal.SIGCONT)
        time.sleep(2)
        for child in (asleep, awake):
            child.signal(signal.SIGTERM)
            assert child.wait() == 0
        tally = check(stage, others=[ALARMS])
        assert (tally.rows, tally.doubted, tally.duplicates, tally.never) == (PEOPLE, 0, 0, 0)
