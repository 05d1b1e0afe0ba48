"""How a checklist looks: on terminals of different widths and kinds, and in a pipe."""

from __future__ import annotations

import io
import re
import sys

import pytest

from zoomsync.cli.checklist import Checklist
from zoomsync.jobs.check import CheckLine, Mark

LINES = (
    CheckLine(Mark.OK, "zoom", "the credentials are accepted"),
    CheckLine(Mark.CROSS, "zoom", "the clock of this machine is far away from the one that Zoom goes by", "set it"),
    CheckLine(Mark.WARNING, "encuentro-2023", "is a draft", "turn it active: " + "and read this to its end " * 4),
)


class Screen(io.TextIOWrapper):
    """Standard output on a terminal, or in a pipe."""

    def __init__(self, *, encoding: str = "utf-8", terminal: bool = True) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def shown(monkeypatch: pytest.MonkeyPatch, screen: Screen, **environment: str) -> str:
    """The checklist as that screen gets it."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm", "COLUMNS": "60", **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", screen)
    checklist = Checklist()
    for line in LINES:
        checklist.add(line)
    checklist.sum_up()
    screen.flush()
    buffer = screen.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode(screen.encoding)


def test_a_pipe_gets_a_line_each_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, Screen(terminal=False)).splitlines() == [
        "Zoom",
        "  ✓ the credentials are accepted",
        "  ✗ the clock of this machine is far away from the one that Zoom goes by",
        "    → set it",
        "",
        "encuentro-2023",
        "  ! is a draft",
        f"    → turn it active: {'and read this to its end ' * 4}".rstrip(),
        "",
        "1 to mend, 1 to look at, 1 in order.",
    ]


def test_a_terminal_gets_colours_and_lines_of_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    said = shown(monkeypatch, Screen())
    assert "\x1b[32m✓\x1b[0m" in said
    plain = re.sub(r"\x1b\[[\d;]*m", "", said)
    assert max(map(len, plain.splitlines())) <= 60
    assert plain.split() == shown(monkeypatch, Screen(terminal=False)).split(), "nothing is cut"


@pytest.mark.parametrize("screen", [Screen(encoding="ascii"), Screen(encoding="cp1252", terminal=False)])
def test_marks_are_words_where_signs_cannot_be_written(monkeypatch: pytest.MonkeyPatch, screen: Screen) -> None:
    said = shown(monkeypatch, screen, NO_COLOR="1")
    assert "  ok   the credentials are accepted" in said
    assert "  MEND the clock" in said


def test_a_simple_terminal_gets_words_and_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    said = shown(monkeypatch, Screen(), TERM="dumb")
    assert "  ok   the credentials are accepted" in said
    assert "\x1b" not in said


@pytest.mark.parametrize(("name", "terminal", "coloured"), [("NO_COLOR", True, False), ("FORCE_COLOR", False, True)])
def test_who_sets_colours_is_obeyed(monkeypatch: pytest.MonkeyPatch, name: str, terminal: bool, coloured: bool) -> None:
    assert ("\x1b[32m" in shown(monkeypatch, Screen(terminal=terminal), **{name: "1"})) is coloured
