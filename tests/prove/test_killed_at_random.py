"""The whole program, killed at random moments of a batch: nothing is lost, and nothing doubled that is not counted."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.prove.invariants import check
from tests.prove.killing import kill_until_done
from tests.prove.stage import DUE, staged

PEOPLE = int(os.environ.get("PROVE_PEOPLE", "2000"))
KILLS = int(os.environ.get("PROVE_KILLS", "100"))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("policy", ["resend", "hold"])
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_killed_at_random_nothing_is_lost_and_nothing_doubled_that_is_not_counted(
    kind: str,
    policy: str,
    workers: int,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    tell: Callable[..., None],
) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    with staged(tmp_path / "project", url, PEOPLE, ZOOMSYNC_MAIL__IN_DOUBT=policy) as stage:
        stage.move_to(DUE)
        kills = kill_until_done(stage, workers=workers, kills=KILLS, people=PEOPLE, seed=len(kind) + workers)
        tally = check(stage, resend=policy == "resend")
    tell(f"{kind}, {policy}, {workers} at once", kills, tally)
    assert tally.rows == PEOPLE
    if policy == "resend":
        assert tally.never == 0 or tally.never <= tally.doubted  # twice in doubt, never a third time
    else:
        assert tally.duplicates == 0
        assert tally.never == tally.doubted - tally.arrived
