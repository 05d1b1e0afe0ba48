"""The demo on a terminal: what happens scrolls by above, and a board below shows the clock, how far the event is, and
how things stand. Only drawing: what happens is in `story`."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import datetime, timedelta

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from zoomsync.clock import Sleep
from zoomsync.demo.telling import Board, Happening, Mark, clock_time, long_moment, short_moment
from zoomsync.language import _, ngettext
from zoomsync.text import terminal
from zoomsync.words import last_minute, people_in

FRAMES_A_SECOND = 12
# Each mark has a sign of its own, so that nothing is said by colour alone.
_SIGNS = {
    Mark.CHAPTER: ("●", "bold"),
    Mark.PERSON: ("+", "dim"),
    Mark.ZOOM: ("○", ""),
    Mark.SYNC: ("⇄", "cyan"),
    Mark.DEADLINE: ("■", "bold yellow"),
    Mark.MAIL: ("✉", "green"),
    Mark.SESSION: ("▶", "magenta"),
    Mark.WRONG: ("✗", "bold red"),
}
_STATUSES = ("approved", "pending", "denied", "cancelled")


class LiveTeller:
    """Draws on a console that is a terminal. pace_s: how long a beat takes; 0: as fast as it goes.

    animated: False where only what is printed in the end counts, as for a picture.
    """

    def __init__(self, console: Console, *, pace_s: float, sleep: Sleep = time.sleep, animated: bool = True) -> None:
        self._console = console
        self._pace_s = pace_s
        self._sleep = sleep
        self._animated = animated
        self._live: Live | None = None
        self._board: Board | None = None
        self._shown_at: datetime | None = None

    def begin(self, board: Board) -> None:
        self._board, self._shown_at = board, board.begins_at
        if self._animated:
            self._live = Live(
                get_renderable=self._draw,
                console=self._console,
                refresh_per_second=FRAMES_A_SECOND,
                vertical_overflow="crop",
            )
            self._live.start()

    def tell(self, one: Happening) -> None:
        assert self._board is not None, "it begins before anything is told"
        if one.mark is Mark.GROUP:
            return
        sign, style = _SIGNS[one.mark]
        line = Table.grid(padding=(0, 1, 0, 0))
        line.add_column(no_wrap=True, style="dim")
        line.add_column(no_wrap=True, style=style)
        line.add_column(style=style, overflow="fold")
        indent = "  " * one.detail
        line.add_row(short_moment(one.at, self._board.zone), Text(indent + sign), Text(terminal(one.words)))
        self._console.print(line)

    def pass_time(self, since: datetime, until: datetime, beats: float) -> None:
        frames = max(round(beats * self._pace_s * FRAMES_A_SECOND), 1)
        for frame in range(1, frames + 1):
            self._shown_at = since + (until - since) * frame / frames
            if self._pace_s:
                self._sleep(1 / FRAMES_A_SECOND)

    def end(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            with suppress(OSError):  # the terminal is gone
                live.stop()
        elif self._board is not None and not self._animated:
            self._console.print(self._draw())
            self._board = None

    # --------------------------------------------------------------------------------------------------- drawing

    def _draw(self) -> RenderableType:
        board, now = self._board, self._shown_at
        assert board is not None
        assert now is not None
        return draw(board, now, self._console.width)


def draw(board: Board, now: datetime, width: int) -> RenderableType:
    """The board at a moment of the event, for a terminal so wide."""
    inner = max(width - 4, 20)
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(no_wrap=True, style="dim")
    facts.add_column(overflow="fold")
    facts.add_row(_("Registrants"), _people(board))
    facts.add_row(_("Registration"), _registration(board))
    facts.add_row(_("Mail"), _mail(board))
    clock = Text.assemble((long_moment(now, board.zone), "bold"), "  ", (board.zone, "dim"))
    parts: list[RenderableType] = [clock, *_bar(board, now, inner), Rule(style="dim"), facts]
    return Panel(Group(*parts), title=Text(terminal(board.title), "bold"), border_style="blue", width=width)


def _people(board: Board) -> Text:
    styles = {"approved": "bold green", "pending": "yellow", "denied": "red", "cancelled": "dim"}
    known = [status for status in _STATUSES if board.people.get(status)]
    shown = [Text(people_in(status, board.people[status]), styles[status]) for status in known]
    if not shown:
        shown = [Text(_("nobody yet"), "dim")]
    new = board.on_zoom - sum(board.people.get(status, 0) for status in _STATUSES[:3])
    if new > 0:
        words_new = ngettext("{count} new on Zoom", "{count} new on Zoom", new)
        shown.append(Text(words_new.format(count=new), "cyan"))
    return Text("  ").join(shown)


def _registration(board: Board) -> Text:
    if board.closed_at is None:
        return Text(_("open"), "bold green")
    since = clock_time(last_minute(board.closed_at, board.zone), board.zone)
    return Text.assemble((_("CLOSED"), "bold yellow"), " ", _("since {time}, read back from Zoom").format(time=since))


def _mail(board: Board) -> Text:
    arrived = board.arrived()
    if not arrived:
        return Text(_("none is due yet"), "dim")
    return Text(_("{arrived} arrived").format(arrived=arrived), "bold green")


def _bar(board: Board, now: datetime, width: int) -> list[Text]:
    """How far the event is, with its deadline and sessions; and what the signs on it mean."""
    whole = board.ends_at - board.begins_at
    done = _place(now - board.begins_at, whole, width)
    cells = [("━", "blue") if place < done else ("─", "dim") for place in range(width)]
    legend = []
    for number, (at, title) in enumerate(board.marks):
        sign, style, shown = ("◆", "bold magenta", at)
        if number == 0:  # the deadline, as people know it: by its day's last minute
            sign, style, shown = ("▼", "bold yellow", last_minute(at, board.zone))
        cells[_place(at - board.begins_at, whole, width)] = (sign, style)
        legend.append(Text.assemble((sign, style), f" {terminal(title)} ", (short_moment(shown, board.zone), "dim")))
    cells[done] = ("●", "bold blue")
    return [Text.assemble(*cells), *_wrapped(legend, width)]


def _place(passed: timedelta, whole: timedelta, width: int) -> int:
    return min(max(int(passed / whole * (width - 1)), 0), width - 1)


def _wrapped(parts: list[Text], width: int) -> list[Text]:
    """As many side by side as there is room for."""
    lines: list[Text] = []
    for part in parts:
        if lines and lines[-1].cell_len + 3 + part.cell_len <= width:
            lines[-1] = Text.assemble(lines[-1], "   ", part)
        else:
            lines.append(part)
    return lines
