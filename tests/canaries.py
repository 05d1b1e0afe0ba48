"""What must never stand in a log: addresses in full, personal links, tokens, secrets; looked for in all that is logged.

The looking is independent of what takes such things out (`zoomsync.cli.redaction`): other patterns, and values that the
tests themselves have given out. `tests/conftest.py` has it done in every test.
"""

from __future__ import annotations

import copy
import logging
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from zoomsync.cli.logs import ConsoleLines, put_ids
from zoomsync.cli.redaction import Redaction

SECRETS = ("demo-secret", "canary")
"""Every secret of the tests is one of these or holds one of these words."""

_SHAPES = re.compile(
    "|".join(
        (
            r"[\w.+'-]{2,}(?:@|%40)[\w-]+\.\w+",  # an address
            r"/(?:w|j|s)/\d{9,}\S*tk=",  # a join link
            r"/register/\w{9}",  # the address of a form
            r"\d+-[0-9a-f]{32}\b",  # what stands behind /u/
            r"eyJ\.\S{9}|(?i:bearer) \w{9}|\b(?:tk|pwd|next_page_token)=\w",
            *SECRETS,
        )
    )
)
_TALK = "zoomsync: "  # a line that answers the person who typed the command is no log


def confidential_in(text: str) -> list[str]:
    """What in these lines is confidential."""
    return [found[0] for line in text.splitlines() if not line.startswith(_TALK) for found in _SHAPES.finditer(line)]


class Listener(logging.Handler):
    """Hears whatever the house logs, as it would be written. found: what was confidential of it, since `forget`."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.found: list[str] = []
        self._redaction = Redaction(["demo-secret"])
        self._lines = ConsoleLines()

    def emit(self, record: logging.LogRecord) -> None:
        ours = copy.copy(record)  # the others hear it as it was said
        put_ids(ours)
        self._redaction.filter(ours)
        self.read(self._lines.format(ours))

    def read(self, text: str) -> None:
        self.found += [f"{shown} in: {text[:2_000]}" for shown in confidential_in(text)]

    def forget(self) -> list[str]:
        found, self.found = self.found, []
        return found


@contextmanager
def listening() -> Iterator[Listener]:
    """Hear every logger of the house in this process, and what its processes say on standard error."""
    listener = Listener()
    ours = logging.getLogger("zoomsync")
    ours.addHandler(listener)
    ours.setLevel(logging.DEBUG)
    communicate = subprocess.Popen.communicate

    def heard(self: subprocess.Popen[Any], *given: Any, **named: Any) -> Any:
        said = communicate(self, *given, **named)
        if said[1] and "zoomsync" in str(self.args):
            listener.read(said[1] if isinstance(said[1], str) else said[1].decode(errors="replace"))
        return said

    subprocess.Popen.communicate = heard  # type: ignore[method-assign]
    try:
        yield listener
    finally:
        subprocess.Popen.communicate = communicate  # type: ignore[method-assign]
        ours.removeHandler(listener)
