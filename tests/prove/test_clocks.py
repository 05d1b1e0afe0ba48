"""The machine's own clock jumps under a daemon at work, and the machine sleeps for six hours: libfaketime plays both.

What waits must not be sent twice, nor too late, nor never; and registration closes at or after the deadline. The
clock that intervals go by is left alone, as a kernel would.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.canaries import confidential_in
from tests.prove.invariants import Violation, check
from tests.prove.life import ALARMS, DEADLINE
from tests.prove.stage import DUE, EXPIRES, Stage, staged
from zoomsync.clock import system_clock
from zoomsync.simulate.model_event import MODEL_MEETING_ID

PEOPLE = 10
HOUR = timedelta(hours=1)
ONE_HOUR_BEFORE = DUE + timedelta(hours=14)
SETTINGS = {
    "ZOOMSYNC_SCHEDULE__SYNC_EVERY": "2s",
    "ZOOMSYNC_SCHEDULE__DELIVER_EVERY": "1s",
    "ZOOMSYNC_WEB__ENABLED": "false",
    "ZOOMSYNC_ALERTS__EMAIL": ALARMS,
    "ZOOMSYNC_LOG__LEVEL": "info",
}


def library() -> Path | None:
    """libfaketime as its wheel brings it. Debian's makes `time.sleep` fail where the monotonic clock is spared."""
    found = importlib.util.find_spec("libfaketime")
    if found is None or found.origin is None:
        return None
    return next(iter(sorted(Path(found.origin).parent.rglob("libfaketime.so.1"))), None)


class FakedDaemon:
    """`zoomsync run` as a process of its own whose machine's clock can be set. The played Zoom goes by it too."""

    def __init__(self, stage: Stage, file: Path, at: datetime) -> None:
        self._stage, self._file = stage, file
        self._offset = timedelta(0)
        stage.world.clock = self.now
        self.set(at)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ZOOMSYNC_")}
        environment |= stage.environment | {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "PYTHONFAULTHANDLER": "1",  # where it hangs, it says where
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        self._log = open(stage.folder / "log", "ab")  # noqa: SIM115 - closed at the end
        self.process = subprocess.Popen(
            [sys.executable, "-m", "zoomsync", "run"], cwd=stage.folder, env=environment, stderr=self._log
        )

    def now(self) -> datetime:
        return system_clock() + self._offset

    def set(self, at: datetime) -> None:
        """Set the machine's clock; it runs on from there."""
        self._offset = at - system_clock()
        new = self._file.with_name("faketime.new")
        new.write_text(f"{self._offset.total_seconds():+.3f}\n")
        new.replace(self._file)

    def jump(self, span: timedelta) -> None:
        self.set(self.now() + span)

    def sleep_for(self, span: timedelta) -> None:
        """The machine is suspended: nothing runs, and the clock on the wall goes on."""
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(0.3)
        self.jump(span)
        self.process.send_signal(signal.SIGCONT)

    def until(self, what: Callable[[], object]) -> None:
        give_up_at = time.monotonic() + 60
        while not what():
            if time.monotonic() > give_up_at:
                raise Violation(f"I4: {self.states()} at {self.now()}; {self._stage.log()[-2_000:]}")
            time.sleep(0.05)

    def states(self) -> dict[str, int]:
        self._stage.now = self.now()
        return self._stage.states()

    def syncs(self) -> int:
        return int(self._stage.rows("SELECT count(*) AS n FROM sync_run WHERE state = 'ok'")[0]["n"])

    def goes_on(self) -> None:
        """Wait until it has synced twice more."""
        before = self.syncs()
        self.until(lambda: self.syncs() >= before + 2)

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            code = self.process.wait(15)
        self._log.close()
        assert code == 0, self._stage.log()
        assert "Traceback" not in self._stage.log()
        assert confidential_in(self._stage.log()) == []


@contextmanager
def at_work(tmp_path: Path, url: str, at: datetime) -> Iterator[tuple[Stage, FakedDaemon]]:
    if library() is None:
        pytest.skip("libfaketime is not installed: pip install libfaketime")
    with staged(tmp_path / "project", url, PEOPLE, **SETTINGS) as stage:
        daemon = FakedDaemon(stage, tmp_path / "faketime", at)
        try:
            daemon.until(lambda: daemon.syncs() >= 2)
            yield stage, daemon
            daemon.end()
        finally:
            if daemon.process.poll() is None:
                daemon.process.kill()
                daemon.process.wait()
        stage.now = daemon.now()
        tally = check(stage, others=[ALARMS])
        assert (tally.doubted, tally.duplicates) == (0, 0)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


def states_of(stage: Stage, kind: str) -> dict[str, int]:
    query = "SELECT state, count(*) AS n FROM outbox WHERE kind = :kind AND due_at < :limit GROUP BY state"
    limit = EXPIRES + timedelta(hours=8)
    shown = limit.isoformat(timespec="microseconds") if stage.database.dialect == "sqlite" else limit
    return {row["state"]: row["n"] for row in stage.rows(query, kind=kind, limit=shown)}


@pytest.mark.parametrize("hours", [3, 6])
def test_past_a_reminders_moment_it_goes_out_late_while_it_makes_sense(tmp_path: Path, url: str, hours: int) -> None:
    with at_work(tmp_path, url, DUE - HOUR) as (stage, daemon):
        daemon.jump(hours * HOUR)
        daemon.until(lambda: daemon.states() == {"sent": PEOPLE})
        assert states_of(stage, "before:1d 17:00") == {"sent": PEOPLE}


def test_a_day_ahead_what_makes_no_sense_any_more_is_skipped_and_the_rest_goes_out(tmp_path: Path, url: str) -> None:
    with at_work(tmp_path, url, DUE - HOUR) as (stage, daemon):
        daemon.jump(timedelta(days=1, minutes=90))  # the first session has begun; of the second "tomorrow" is due
        daemon.until(lambda: "pending" not in daemon.states() and daemon.states().get("sent") == PEOPLE)
        assert states_of(stage, "before:1h") == {"skipped": PEOPLE}
        assert len(stage.sink.lines()) == PEOPLE or {line[1] for line in stage.sink.lines()} >= {ALARMS}


def test_back_and_forth_over_the_moment_nobody_gets_it_twice(tmp_path: Path, url: str) -> None:
    with at_work(tmp_path, url, DUE) as (stage, daemon):
        daemon.until(lambda: daemon.states() == {"sent": PEOPLE})
        for hours in (-3, 3, -3, 3):
            daemon.jump(hours * HOUR)
            daemon.goes_on()
        assert states_of(stage, "before:1d 17:00") == {"sent": PEOPLE}


@pytest.mark.parametrize("span", [3 * HOUR, timedelta(days=1), -3 * HOUR])
def test_registration_closes_once_at_or_after_the_deadline(tmp_path: Path, url: str, span: timedelta) -> None:
    before = DEADLINE - 2 * HOUR
    with at_work(tmp_path, url, before) as (stage, daemon):
        meeting = stage.world.meetings[MODEL_MEETING_ID]
        daemon.jump(span)
        if span < timedelta(0):
            daemon.goes_on()
            assert meeting.approval_type == 0
            daemon.set(DEADLINE)
        daemon.until(lambda: meeting.approval_type == 1)
        daemon.goes_on()
        # The token of before the jump is too old: what was refused with 401 changed nothing.
        assert [entry.status for entry in stage.zoom.journal if entry.method == "PATCH" and entry.status != 401] == [
            204
        ]
        # Set back to before the deadline it is before the deadline: open again, and closed again when it comes.
        daemon.set(before)
        daemon.until(lambda: meeting.approval_type == 0)
        daemon.set(DEADLINE)
        daemon.until(lambda: meeting.approval_type == 1)


def test_after_six_hours_of_sleep_everything_that_still_makes_sense_is_done(tmp_path: Path, url: str) -> None:
    with at_work(tmp_path, url, DEADLINE - HOUR) as (stage, daemon):
        daemon.sleep_for(6 * HOUR)
        daemon.until(lambda: stage.world.meetings[MODEL_MEETING_ID].approval_type == 1)
        daemon.set(DUE - HOUR)
        daemon.goes_on()
        daemon.sleep_for(6 * HOUR)
        daemon.until(lambda: daemon.states() == {"sent": PEOPLE})
        daemon.set(ONE_HOUR_BEFORE - 2 * HOUR)
        daemon.goes_on()
        daemon.sleep_for(6 * HOUR)  # the session has begun meanwhile
        daemon.until(lambda: states_of(stage, "before:1h") == {"skipped": PEOPLE})
