"""The table of what the long runs counted, printed at their end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.prove.invariants import Tally

_HEAD = ("variant", "rows", "kills", "in doubt", "of them arrived", "duplicates", "never sent")


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str, int, Tally], None]:
    """Puts a line into the table: name of the variant, kills, what was counted."""

    def put(name: str, kills: int, tally: Tally) -> None:
        counts = (tally.rows, kills, tally.doubted, tally.arrived, tally.duplicates, tally.never)
        record_property("tally", [name, *map(str, counts)])

    return put


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Puts a line of figures below the table: name of the case, then whatever was counted."""

    def put(name: str, **figures: object) -> None:
        record_property("noted", f"{name}: {', '.join(f'{value} {what}' for what, value in sorted(figures.items()))}")

    return put


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [one for name in ("passed", "failed") for one in terminalreporter.stats.get(name, [])]
    lines = [value for one in reports for name, value in one.user_properties if name == "tally"]
    if lines:
        terminalreporter.section("counted")
        widths = [max(len(line[column]) for line in [_HEAD, *lines]) for column in range(len(_HEAD))]
        for line in [_HEAD, *sorted(lines)]:
            cells = [
                cell.ljust(width) if n == 0 else cell.rjust(width)
                for n, (cell, width) in enumerate(zip(line, widths, strict=True))
            ]
            terminalreporter.line("  ".join(cells))
    noted = sorted(value for one in reports for name, value in one.user_properties if name == "noted")
    if noted:
        terminalreporter.section("noted")
        for line in noted:
            terminalreporter.line(line)
