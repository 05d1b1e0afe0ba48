"""Waiting for other threads in a way that Ctrl-C ends.

Python looks for a signal between two steps of its own. One that comes just before a thread goes to sleep over a lock
is seen when the lock is given back: after half a minute, where the lock is another thread's answer from Zoom. So
whoever may be the main thread waits in short pieces, and does not wait at all once it was interrupted.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

_PIECE_S = 0.5


@contextmanager
def side_by_side(count: int, name: str) -> Iterator[ThreadPoolExecutor]:
    """So many threads, waited for at the end of the block unless it was interrupted."""
    threads, patient = ThreadPoolExecutor(count, thread_name_prefix=name), True
    try:
        yield threads
    except KeyboardInterrupt:
        patient = False
        raise
    finally:
        threads.shutdown(wait=patient, cancel_futures=not patient)


def settle(futures: Sequence[Future[Any]], *, at_most_s: float | None = None) -> None:
    """Wait until all are done, or so many seconds have passed."""
    give_up_at = None if at_most_s is None else time.monotonic() + at_most_s
    going_on: set[Future[Any]] = set(futures)
    while going_on:
        left_s = _PIECE_S if give_up_at is None else min(_PIECE_S, give_up_at - time.monotonic())
        if left_s <= 0:
            return
        going_on = wait_for(going_on, timeout=left_s).not_done


def result(future: Future[T]) -> T:
    """What came of it. Raises what it raised."""
    settle([future])
    return future.result()


def next_of(waiting: queue.SimpleQueue[T]) -> T:
    """The next thing in the queue, however long it takes."""
    while True:
        try:
            return waiting.get(timeout=_PIECE_S)
        except queue.Empty:
            continue
