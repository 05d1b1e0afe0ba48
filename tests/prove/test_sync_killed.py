"""`sync` killed at every boundary, at random moments, and frozen: the next one ends where an undisturbed one would."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.prove.invariants import Violation, check
from tests.prove.preparations import BOUNDARY
from tests.prove.stage import Stage, furnished
from zoomsync.simulate.model_event import MODEL_MEETING_ID

KILLS = int(os.environ.get("PROVE_SYNC_KILLS", "60"))
FEW, MANY = 400, 3_000  # registrants: two pages, ten pages


@pytest.fixture(params=["sqlite", "postgres"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with furnished(tmp_path / "project", request.getfixturevalue(f"{request.param}_url")) as stage:
        yield stage


def people_on_zoom(stage: Stage) -> dict[str, str]:
    return {one.email: one.status for one in stage.world.meetings[MODEL_MEETING_ID].order}


def people_here(stage: Stage) -> dict[str, str]:
    rows = stage.rows("SELECT email, status FROM registrant WHERE status <> 'cancelled'")
    return {row["email"]: row["status"] for row in rows}


def change_much(stage: Stage, seed: int) -> None:
    """Some cancel, some are denied, some are new."""
    chance = random.Random(seed)
    everybody = sorted(one.email for one in stage.world.meetings[MODEL_MEETING_ID].order if one.status == "approved")
    gone, denied = everybody[:5], chance.sample(everybody[5:], 5)
    for email in gone:
        stage.world.cancel_by_self(MODEL_MEETING_ID, email)
    for email in denied:
        registrant = stage.world.find_registrant(MODEL_MEETING_ID, email)
        stage.world.change_status(MODEL_MEETING_ID, registrant, "denied")
    stage.world.populate(MODEL_MEETING_ID, 5, seed=1_000 + seed)


def killed_until_it_ends(stage: Stage, *words: str) -> int:
    """Kill `sync` at its first boundary, the next one at its second, and so on, until one comes through. What is there
    after each kill is all that was there before, or all that is to be there. Gives how many kills it took."""
    stage.prepared = ("die_at_a_boundary",)
    for number in range(1, 1_000):
        before, wanted = people_here(stage), people_on_zoom(stage)
        stage.environment[BOUNDARY] = str(number)
        code = stage.start("sync", *words).wait()
        here = people_here(stage)
        if here not in (before, wanted):
            raise Violation(f"I5: half a pull is stored after boundary {number}")
        if code == 0:
            stage.prepared = ()
            return number - 1
        assert code == -signal.SIGKILL, stage.log()
        stage.advance(timedelta(minutes=1))
    raise Violation("I4: it never ends")


def test_killed_at_every_boundary(stage: Stage, note: Callable[..., None]) -> None:
    stage.world.populate(MODEL_MEETING_ID, FEW)
    kills = killed_until_it_ends(stage, "--no-close")
    # Each of the later ones begins anew with what the former had written already.
    change_much(stage, 1)
    kills += killed_until_it_ends(stage, "--no-close")
    stage.move_to(stage.now + timedelta(days=6))  # after the deadline: it also closes, and reads back
    change_much(stage, 2)
    kills += killed_until_it_ends(stage)
    stage.run("sync")
    assert people_here(stage) == people_on_zoom(stage)
    assert stage.world.meetings[MODEL_MEETING_ID].approval_type == 1
    patches = [entry for entry in stage.zoom.journal if entry.method == "PATCH"]
    assert len(patches) <= 2  # once more where the answer of the first was never read
    assert stage.rows("SELECT * FROM lease") == []
    check(stage)
    note(f"sync killed at each boundary, {stage.database.dialect}", kills=kills, patches=len(patches))


def test_killed_at_random_moments(stage: Stage, note: Callable[..., None]) -> None:
    chance = random.Random(5)
    stage.world.populate(MODEL_MEETING_ID, MANY)
    begun = time.monotonic()
    stage.run("sync", "--no-close", "--dry-run")
    whole_s = (time.monotonic() - begun) * 1.2  # and what is written
    killed = 0
    for number in range(KILLS):
        if number % 10 == 5:
            change_much(stage, number)
        before, wanted = people_here(stage), people_on_zoom(stage)
        child = stage.start("sync", "--no-close")
        killer = threading.Timer(chance.uniform(0.02, whole_s), child.signal, (signal.SIGKILL,))
        killer.start()
        killed += child.wait() == -signal.SIGKILL
        killer.cancel()
        if people_here(stage) not in (before, wanted):
            raise Violation("I5: half a pull is stored")
    stage.run("sync", "--no-close")
    assert people_here(stage) == people_on_zoom(stage)
    check(stage)
    note(f"sync killed at random, {stage.database.dialect}", starts=KILLS, kills=killed)


@pytest.mark.parametrize("point", ["sync.pulled", "sync.written"])
def test_frozen_past_its_lease_it_writes_nothing_over_what_came_after(stage: Stage, point: str) -> None:
    if (point, stage.database.dialect) == ("sync.written", "sqlite"):
        pytest.skip("it holds the database's one lock: the others wait, and fail, until it is thawed or gone")
    stage.world.populate(MODEL_MEETING_ID, FEW)
    stage.run("sync", "--no-close")
    change_much(stage, 1)
    frozen = stage.start("sync", "--no-close", failpoint=f"{point}:1:stop")
    frozen.wait_until_frozen()
    stage.advance(timedelta(minutes=6))
    change_much(stage, 2)
    # Where the frozen one holds rows, the other waits for them and fails; it is the next one that gets through.
    later = stage.start("sync", "--no-close", by=1).wait()
    frozen.signal(signal.SIGCONT)
    frozen.wait()
    if point == "sync.pulled":
        assert later == 0
        assert people_here(stage) == people_on_zoom(stage)
        assert "has taken over" in stage.rows("SELECT error FROM sync_run WHERE error <> '' ORDER BY id")[0]["error"]
    stage.run("sync", "--no-close")
    assert people_here(stage) == people_on_zoom(stage)
    check(stage)
