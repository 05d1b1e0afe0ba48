"""Places where a process can be told to die, fail or freeze: how the tests see what a crash leaves behind.

Nothing happens at any of them unless `arm` was called; the program's entry does that where ZOOMSYNC_FAILPOINT is set.
"""

from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Iterator

_armed: tuple[str, int, str, Iterator[int]] | None = None


class FailpointReached(Exception):
    """What the action `raise` raises."""


def arm(spec: str | None) -> None:
    """Arm one point: "name:n:kill", "name:n:raise" or "name:n:stop" acts when `name` is reached the n-th time.

    kill: SIGKILL to this very process; stop: SIGSTOP; raise: FailpointReached. None disarms.
    Raises ValueError if `spec` is none of these.
    """
    global _armed  # noqa: PLW0603 - one process, one armed point
    if spec is None:
        _armed = None
        return
    name, number, action = spec.rsplit(":", 2)
    if action not in ("kill", "raise", "stop"):
        raise ValueError(f"a failpoint can kill, raise or stop, not {action!r}")
    _armed = (name, int(number), action, itertools.count(1))


def is_armed(name: str) -> bool:
    """Whether `name` is the point that was armed: for places that are made only to be stopped at."""
    return _armed is not None and _armed[0] == name


def reach(name: str) -> None:
    """Say that the process has come to the point `name`."""
    if _armed is None:
        return
    armed_name, number, action, count = _armed
    if name != armed_name or next(count) != number:
        return
    if action == "raise":
        raise FailpointReached(name)
    # To this very thread: sent to the process, a stop may come when this thread has gone on for a while.
    signal.pthread_kill(threading.get_ident(), signal.SIGKILL if action == "kill" else signal.SIGSTOP)
