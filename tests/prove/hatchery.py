"""Starts the program again and again without paying for its imports each time.

One process imports everything the command needs and forks itself for every order it reads; the child then does what
`python -m zoomsync WORDS` does. Kills go through pidfds: they can only ever hit the child that was meant.

python -m tests.prove.hatchery   (orders and answers are lines of JSON)
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Hatchery:
    """For one thread at a time, which has one child at a time."""

    def __init__(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ZOOMSYNC_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.prove.hatchery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._child: Child | None = None

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if self._child is not None:
            self._child.signal(signal.SIGKILL)  # it may be frozen, after a test that failed
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def start(
        self,
        words: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        *,
        failpoint: str = "",
        spoiler: str = "",
        prepared: Sequence[str] = (),
    ) -> Child:
        """`zoomsync WORDS`, started in `folder`, where it writes its `log`, and its `answer`.

        spoiler: a function of `seeded_bugs`, prepared: functions of `preparations`, that the child calls before
        anything else.
        """
        assert self._process.stdin is not None
        settings = dict(environment) | ({"ZOOMSYNC_FAILPOINT": failpoint} if failpoint else {})
        order = {"words": words, "environment": settings, "folder": str(folder), "spoiler": spoiler} | {
            "prepared": list(prepared)
        }
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        pid = self._answer()
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            handle = -1  # it has ended already
        self._child = Child(self, pid, handle)
        return self._child

    def _answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


_hatcheries: list[Hatchery] = []


def hatchery(number: int) -> Hatchery:
    """The hatchery with this number (from 0); it lives for as long as the tests run."""
    while len(_hatcheries) <= number:
        _hatcheries.append(Hatchery())
        atexit.register(_hatcheries[-1].close)
    return _hatcheries[number]


@dataclass
class Child:
    hatchery: Hatchery
    pid: int
    handle: int

    def signal(self, number: signal.Signals) -> bool:
        """Send it a signal. False where it has ended."""
        try:
            signal.pidfd_send_signal(self.handle, number)
        except OSError:
            return False
        return True

    def wait(self) -> int:
        """Wait for its end and give its exit code, negative for the signal that ended it."""
        code = self.hatchery._answer()
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1
        return code

    def wait_until_frozen(self, at_most_s: float = 30) -> None:
        """Wait until a failpoint has stopped it."""
        give_up_at = time.monotonic() + at_most_s
        while True:
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state == "T":
                return
            assert state != "Z", "it ended instead of freezing"
            assert time.monotonic() < give_up_at, "it did not freeze"
            time.sleep(0.005)


def main() -> None:
    _import_everything()
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _be_the_program(order)
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _import_everything() -> None:
    import psycopg  # noqa: F401
    import sqlalchemy.dialects.postgresql.psycopg
    import sqlalchemy.dialects.sqlite.pysqlite  # noqa: F401

    import zoomsync.app
    import zoomsync.cli.commands
    import zoomsync.daemon
    import zoomsync.jobs.close
    import zoomsync.jobs.remind  # noqa: F401


def _be_the_program(order: dict[str, Any]) -> None:
    """Never returns. The process ends without Python's own end, as the parent's objects are not this one's to close."""
    from zoomsync.cli import main as program

    code = 70
    try:
        os.chdir(order["folder"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for stream, name in ((1, "answer"), (2, "log")):
            os.dup2(os.open(name, os.O_CREAT | os.O_WRONLY | os.O_APPEND), stream)
        os.environ.update(order["environment"])
        from tests.prove import preparations

        for name in order["prepared"]:
            getattr(preparations, name)()
        if order["spoiler"]:
            from tests.prove import seeded_bugs

            getattr(seeded_bugs, order["spoiler"])()
        sys.argv = ["zoomsync", *order["words"]]
        code = program()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
