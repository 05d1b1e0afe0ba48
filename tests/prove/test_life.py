"""The daemon through the model event's whole life, killed, ended and frozen at random: it ends as if undisturbed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.prove.life import Disturber, Outcome, alive
from zoomsync.store.schema import Database

LIVES = int(os.environ.get("PROVE_LIVES", "3"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("undisturbed")
    database = Database(f"sqlite:///{folder}/zoomsync.db")
    database.upgrade()
    database.close()
    with alive(folder / "project", f"sqlite:///{folder}/zoomsync.db") as life:
        life.live()
        return life.outcome()


@pytest.mark.parametrize("seed", range(LIVES))
@pytest.mark.parametrize(("kind", "daemons"), [("sqlite", 1), ("postgres", 1), ("postgres", 2)])
def test_killed_ended_and_frozen_at_random_it_ends_as_if_nobody_had(
    kind: str,
    daemons: int,
    seed: int,
    undisturbed: Outcome,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    note: Callable[..., None],
) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    with alive(tmp_path / "project", url, daemons=daemons) as life:
        with Disturber(life, every_s=0.8 / daemons, seed=seed) as disturber:
            life.live()
        outcome = life.outcome()
    note(f"a whole life, {kind}, {daemons} at once", **disturber.done)
    assert outcome == undisturbed
