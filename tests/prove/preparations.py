"""What a child of the hatchery is told to do before it becomes the program: another clock, shorter waits, a death.

The program itself never imports this. Each is named in an order (`Hatchery.start`) and reads what it needs from the
environment.
"""

from __future__ import annotations

import itertools
import os
import signal
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

CLOCK = "PROVE_CLOCK"
BOUNDARY = "PROVE_BOUNDARY"
TICK = "PROVE_TICK_S"
BREAK = "PROVE_BREAK"  # kind:number:once, or kind:number:lasting
STRUCK = "struck"
FROZEN_S = 4.0
"""Longer than any lease of a child with `short_leases`."""

_to_the_end = ExitStack()  # what stays in force for as long as the child lives


def shared_clock() -> None:
    """The time of the world is that of the file; leases go by the machine's, as always."""
    from tests.prove.shared_clock import SharedClock
    from zoomsync import app

    app.system_clock = SharedClock(Path(os.environ[CLOCK]))


def quick_ticks() -> None:
    """Every sweep four times a second, or as often as is said, but for the slow ones."""
    from apscheduler.schedulers.background import BackgroundScheduler

    add_job = BackgroundScheduler.add_job
    tick_s = float(os.environ.get(TICK, "0.25"))

    def spoilt(self: Any, work: Any, trigger: Any, **named: Any) -> Any:
        if named["id"] not in ("alarms", "attendance", "retention"):
            trigger.every = timedelta(seconds=tick_s)
        return add_job(self, work, trigger, **named)

    BackgroundScheduler.add_job = spoilt


def short_leases() -> None:
    """Leases of two or three seconds, so that nobody waits five minutes to see one end."""
    from zoomsync.jobs import deliver, leasing, sync
    from zoomsync.store import daemons

    leasing.LEASE = sync.LEASE = timedelta(seconds=2)
    leasing.KEEP_EVERY_S = 0.5
    deliver.LEASE = timedelta(seconds=3)
    deliver.EXTEND_EVERY_S = 0.7
    daemons.ALIVE_FOR = timedelta(seconds=3)


def die_at_a_boundary() -> None:
    """kill -9 at the n-th boundary: right before or after a request to Zoom, or a commit."""
    import requests
    from sqlalchemy.orm import Session

    passed, fatal = itertools.count(1), int(os.environ[BOUNDARY])

    def boundary() -> None:
        if next(passed) == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def between(act: Any) -> Any:
        def spoilt(*given: Any, **named: Any) -> Any:
            boundary()
            answer = act(*given, **named)
            boundary()
            return answer

        return spoilt

    requests.Session.send = between(requests.Session.send)  # type: ignore[method-assign]
    Session.commit = between(Session.commit)  # type: ignore[method-assign]


def no_naps() -> None:
    """What is waited for within a command, before a second try, is skipped."""
    from zoomsync import app

    app.App.__init__.__kwdefaults__["sleep"] = lambda seconds: time.sleep(min(seconds, 0.01))


def break_at_a_call() -> None:
    """The n-th call to the database, or over a socket, fails: see `tests.breaking`. That it did is put into a file."""
    from tests.breaking import Breaker

    kind, number, how = os.environ[BREAK].split(":")
    breaker = Breaker(kind, int(number), how == "lasting", on_strike=Path(STRUCK).touch)
    _to_the_end.enter_context(breaker.at_work())
