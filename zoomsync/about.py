"""What the work in hand is about: job, event, run and message, for every log line that is written meanwhile.

Whoever begins a piece of work says so once (`with about(event=...)`), and whoever logs need not know. The log handler
puts what is said here beside the words (see `cli.logs`); a thread that does part of the work is started by `as_here`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import partial
from typing import Any

_ids: ContextVar[Mapping[str, object]] = ContextVar("about", default={})  # noqa: B039 - replaced, never changed


@contextmanager
def about(**ids: object) -> Iterator[None]:
    """Say what is worked on while the block runs: `job`, `event`, `run`, `message`, beside what was said already."""
    token = _ids.set({**_ids.get(), **ids})
    try:
        yield
    finally:
        _ids.reset(token)


def ids_here() -> Mapping[str, object]:
    """What the work of this thread is about, outermost first."""
    return _ids.get()


def as_here(work: Callable[..., Any]) -> Callable[..., Any]:
    """`work`, to be called once in another thread, being about the same as here."""
    return partial(copy_context().run, work)
