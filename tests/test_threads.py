"""Waiting for another thread, interrupted at the worst moment: the signal is noted and nothing wakes the wait."""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from zoomsync import threads

LONG_S = 20


class Interrupted(KeyboardInterrupt):
    pass


@pytest.fixture
def unheard() -> Iterator[None]:
    """A signal that strikes a thread of its own soon: the main thread's wait goes on sleeping, as it does where a
    signal comes just before it."""

    def end(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, end)
    striker = threading.Timer(0.2, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGUSR1))
    striker.start()
    yield
    striker.join()
    signal.signal(signal.SIGUSR1, before)


def _answer_of_zoom(answered: threading.Event) -> Future[bool]:
    threads_of_its_own = ThreadPoolExecutor(1)
    try:
        return threads_of_its_own.submit(answered.wait, LONG_S)
    finally:
        threads_of_its_own.shutdown(wait=False)


def _in_a_block(answered: threading.Event) -> object:
    with threads.side_by_side(1, "zoom") as pool:
        return threads.result(pool.submit(answered.wait, LONG_S))


@pytest.mark.parametrize(
    "wait",
    [
        pytest.param(lambda answered: threads.settle([_answer_of_zoom(answered)]), id="settle"),
        pytest.param(lambda answered: threads.result(_answer_of_zoom(answered)), id="result"),
        pytest.param(lambda answered: threads.next_of(queue.SimpleQueue()), id="next_of"),
        pytest.param(_in_a_block, id="side_by_side"),
    ],
)
def test_interrupted_wait_ends_although_the_other_thread_goes_on(
    wait: Callable[[threading.Event], object], unheard: None
) -> None:
    answered = threading.Event()
    began_at = time.monotonic()
    try:
        with pytest.raises(Interrupted):
            wait(answered)
        assert time.monotonic() - began_at < LONG_S / 2
    finally:
        answered.set()


def test_settling_gives_up_in_time() -> None:
    answered = threading.Event()
    going_on = _answer_of_zoom(answered)
    began_at = time.monotonic()
    threads.settle([going_on], at_most_s=0.05)
    assert time.monotonic() - began_at < LONG_S / 2
    assert not going_on.done()
    answered.set()
    assert threads.result(going_on) is True


def test_block_that_ends_by_itself_waits_for_its_threads() -> None:
    done = []
    with threads.side_by_side(2, "zoom") as pool:
        for number in range(6):
            pool.submit(done.append, number)
    assert sorted(done) == list(range(6))


def test_what_another_thread_raised_comes_out() -> None:
    with threads.side_by_side(1, "zoom") as pool, pytest.raises(ZeroDivisionError):
        threads.result(pool.submit(lambda: 1 // 0))


def test_next_thing_comes_out_when_it_is_there() -> None:
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Timer(0.05, waiting.put, ["a page"]).start()
    assert threads.next_of(waiting) == "a page"
