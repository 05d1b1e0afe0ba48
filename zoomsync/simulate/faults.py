"""What goes wrong on demand: the rules that pick calls.

A rule matches by method, path and query, lets `after` matching calls pass, then strikes `times` of them. The first
rule that strikes a call gives its answer; rules of the kinds in COMPANIONS, which change the world or the manner and
not the answer, strike beside it. What the struck calls get: `wrong_answers`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

KINDS = {
    "429": "too many calls in a second; retry_after: seconds, date, iso, absurd, or the header's text; else none",
    "daily": "429, the day's calls are used up",
    "500": "an error of Zoom's own",
    "502": "an HTML page of a proxy",
    "503": "not available",
    "504": "an HTML page of a proxy",
    "401": "a valid token is called invalid",
    "token_expired": "400, the page token is invalid or expired",
    "html": "200 with an HTML page",
    "empty": "200 with nothing",
    "truncated": "JSON cut in half, under a matching Content-Length",
    "cut": "the connection closes in the middle of the announced body",
    "null_rows": "the list is null",
    "no_rows": "the list is empty and total_records 0",
    "wrong_types": "every value of the answer is of another type",
    "huge": "a body of `count` megabytes (50)",
    "nested": "JSON nested `count` deep (100,000)",
    "reset": "the connection is reset",
    "hang": "no answer until the caller gives up, or `seconds` have passed (600)",
    "slow": "a byte every `seconds`",
    "same_token": "the next page's token is the one that was sent",
    "same_page": "the first page again, with a token for more",
    "repeat_rows": "the listing's first `count` rows once more at the end of the page",
    "wrong_total": "total_records is off by `count`",
    "ignored": "a write answers as if it had worked, and changes nothing",
    "revoke_tokens": "every token is revoked before the answer",
    "new_registration": "`count` people register before the answer",
    "rows_move": "the listing's order turns by `count` rows before the answer",
    "status_moves": "`count` people change from one status to another before the answer: moves is pending>approved",
    "act": "the rule's `action` is called before the answer (from Python only)",
    "delay": "the answer comes `seconds` later",
    "skew": "the Date header is `seconds` off",
}
COMPANIONS = frozenset({"revoke_tokens", "new_registration", "rows_move", "status_moves", "act", "delay", "skew"})
_DEFAULT_COUNT = {"huge": 50, "nested": 100_000}


@dataclass
class Fault:
    """One rule. method: whole, any case. path, query: parts of them ("status=pending"); "" matches all.

    after: matching calls that pass first. times: calls struck then; None for ever. seconds, count: what they mean
    for the kind, and their value when left at 0, is in KINDS; else 1.
    """

    what: str
    method: str = ""
    path: str = ""
    query: str = ""
    after: int = 0
    times: int | None = 1
    seconds: float = 0
    count: int = 0
    retry_after: str = ""
    moves: str = "pending>approved"
    action: Callable[[], object] | None = None
    seen: int = field(default=0, init=False)
    struck: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.what not in KINDS:
            raise ValueError(f"no fault is called {self.what!r}; there are: {', '.join(KINDS)}")
        self.count = self.count or _DEFAULT_COUNT.get(self.what, 1)
        self.seconds = self.seconds or (600 if self.what == "hang" else 1)

    def strikes(self, method: str, path: str, query: str) -> bool:
        """Whether this call is struck; counts it."""
        if (self.method and self.method.upper() != method) or self.path not in path or self.query not in query:
            return False
        self.seen += 1
        if self.seen <= self.after or (self.times is not None and self.struck >= self.times):
            return False
        self.struck += 1
        return True


class Faults:
    """The rules that stand, in the order they were added. Thread-safe."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, what: str, **options: Any) -> Fault:
        """Add a rule; options as in Fault. Raises ValueError for an unknown kind, TypeError for an unknown option."""
        fault = Fault(what, **options)
        with self._lock:
            self._rules.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def standing(self) -> list[Fault]:
        with self._lock:
            return list(self._rules)

    def for_call(self, method: str, path: str, query: str) -> tuple[list[Fault], Fault | None]:
        """The companions that strike this call, and the one rule that gives its answer, if any."""
        companions: list[Fault] = []
        with self._lock:
            for fault in self._rules:
                if fault.strikes(method, path, query):
                    if fault.what not in COMPANIONS:
                        return companions, fault
                    companions.append(fault)
        return companions, None
