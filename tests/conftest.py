"""Fixtures that more than one room's tests use: a moment, a clock, and fresh databases of both kinds."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from tests import canaries, postgres
from zoomsync.clock import SteppedClock
from zoomsync.store.schema import Database

# How long one example takes says how busy the machine is, not whether the code is right.
settings.register_profile("zoomsync", deadline=None)
# For mutation testing: that a test fails is all that is asked, and not by which example at the least.
without_shrinking = (Phase.explicit, Phase.generate)
settings.register_profile("few", deadline=None, max_examples=15, derandomize=True, phases=without_shrinking)
settings.register_profile("many", deadline=None, max_examples=5_000)
settings.load_profile("zoomsync")


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell's background jobs begin so, and hand it on to every process they start: no test could press Ctrl-C.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):  # this is the run's first process, not one of its workers
        os.environ[postgres.FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="zoomsync-", suffix=f"-{os.getpid()}")


def pytest_unconfigure(config: pytest.Config) -> None:
    folder = Path(os.environ[postgres.FOLDER_VARIABLE])
    if not hasattr(config, "workerinput") and not (folder / "answer").exists():
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def suite_listener() -> Iterator[canaries.Listener]:
    with canaries.listening() as listener:
        yield listener


@pytest.fixture(autouse=True)
def nothing_confidential_is_logged(suite_listener: canaries.Listener) -> Iterator[None]:
    """Every test fails that has a full address, a personal link or a secret logged, tracebacks included."""
    yield
    assert suite_listener.forget() == [], "a log shows what is confidential"


@pytest.fixture
def now() -> datetime:
    """A week before the model event's first session."""
    return datetime(2023, 2, 28, 14, 0, tzinfo=UTC)


@pytest.fixture
def clock(now: datetime) -> SteppedClock:
    """A clock that starts at `now` and moves only when told to."""
    return SteppedClock(now)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A fresh, migrated database. Every test that uses it runs on both kinds."""
    database = Database(request.getfixturevalue(f"{request.param}_url"))
    yield database
    database.close()


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh, migrated SQLite file of this test's own."""
    return f"sqlite:///{shutil.copy(_sqlite_template, tmp_path / 'zoomsync.db')}"


@pytest.fixture
def postgres_url(_postgres_of_this_worker: postgres.Emptied) -> str:
    """The URL of a migrated Postgres database without a row: one for all tests of a worker, one after the other."""
    return _postgres_of_this_worker.empty()


@pytest.fixture
def empty_postgres_url() -> Iterator[str]:
    """The URL of a Postgres database without a single table."""
    yield from _postgres_database("TEMPLATE template0")


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "zoomsync.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def _postgres_of_this_worker() -> postgres.Emptied:
    template = f"template_{uuid.uuid4().hex}"
    _execute(f"CREATE DATABASE {template}")
    _migrate(postgres.server_url() + template)
    return postgres.Emptied(template)


def _postgres_database(made_from: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    _execute(f"CREATE DATABASE {name} {made_from}")
    yield postgres.server_url() + name
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _migrate(url: str) -> None:
    database = Database(url)
    database.upgrade()
    database.close()


def _execute(statement: str) -> None:
    try:
        postgres.execute(statement)
        return
    except postgres.NoPostgres as exc:
        reason = str(exc)
    pytest.fail(reason, pytrace=False)  # out here, so that the line stands alone
