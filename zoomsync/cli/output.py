"""Where answers and talk go: standard output has the answer, standard error the talk.

A stranger's text goes through `zoomsync.text.terminal` before it is printed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, BinaryIO, TextIO

from zoomsync.errors import ZoomsyncError
from zoomsync.language import _
from zoomsync.text import terminal


class AnswerLost(ZoomsyncError):
    """Standard output cannot be written: the work was done, and its answer got lost."""


def unforeseen(error: Exception) -> str:
    """What is said of an error that nobody thought of."""
    return _(
        "something unforeseen happened ({kind}: {words}). Run the same command with --debug to see where, and please "
        "report it."
    ).format(kind=type(error).__name__, words=error)


def answer(text: str = "") -> None:
    """One line of the answer."""
    with _writing_the_answer():
        print(text)  # noqa: T201


@contextmanager
def answer_bytes() -> Iterator[BinaryIO]:
    """Collect an answer of bytes, and give it out when it is whole.

    A reader that is slow (a pager) therefore holds up no transaction, and one that fails half-way has said nothing.
    """
    import shutil
    from tempfile import TemporaryFile

    with TemporaryFile() as whole:
        yield whole
        whole.seek(0)
        with _writing_the_answer():
            sys.stdout.flush()
            out = getattr(sys.stdout, "buffer", None)
            if out is None:  # something that takes text alone stands in for it
                sys.stdout.write(whole.read().decode())
            else:
                shutil.copyfileobj(whole, out)
                out.flush()


def flush_answer() -> None:
    """Have everything of the answer written. Raises AnswerLost, BrokenPipeError."""
    with _writing_the_answer():
        sys.stdout.flush()


@contextmanager
def _writing_the_answer() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as exc:
        to_nowhere(sys.stdout)
        words = _("The answer cannot be written to standard output ({why}).")
        raise AnswerLost(words.format(why=exc.strerror)) from exc


def to_nowhere(stream: TextIO) -> None:
    """Let what a stream still holds vanish, so that the flush when the process ends has nothing to complain of."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def answer_json(document: Any) -> None:
    """The whole answer as one JSON document; times as ISO 8601 UTC."""
    import json
    from datetime import UTC, datetime

    def plain(value: object) -> str:
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        raise TypeError(f"{type(value).__name__} has no JSON form")

    answer(json.dumps(document, ensure_ascii=False, indent=2, default=plain))


def talk(text: str) -> None:
    """One line on standard error."""
    try:
        print(text, file=sys.stderr)  # noqa: T201
    except OSError:
        # A full log disk must not stop the work: what is said there is lost, the answer and the exit code are not.
        to_nowhere(sys.stderr)


def local_time(moment: datetime | None, zone: str) -> str:
    """A moment in a zone, for a column whose zone is named elsewhere; "" for None."""
    from zoneinfo import ZoneInfo

    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if moment else ""


_LEAST_WIDTH = 10  # of a column on a terminal: below that every word is broken


def answer_table(
    headings: Sequence[str], rows: Iterable[Sequence[object]], *, folding: Collection[str] = (), right: int = -1
) -> None:
    """A table, one line a row where standard output is no terminal, else as wide as that. Empty columns are left out.

    Where a terminal is too narrow for so many columns each row is a few lines, with a name before each cell. Nothing at
    all without a row. folding: the headings whose cells are folded where the terminal is narrow. right: the column that
    is set flush right.
    """
    from shutil import get_terminal_size

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[terminal(str(cell)) for cell in row] for row in rows]
    if not cells:
        return
    shown = [number for number in range(len(headings)) if any(row[number] for row in cells)]
    if sys.stdout.isatty() and get_terminal_size().columns < _LEAST_WIDTH * len(shown):
        for row in cells:
            answer(
                wrapped("; ".join(f"{headings[number]}: {row[number]}" for number in shown if row[number]), indent=2)
            )
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for number in shown:
        heading = headings[number]
        table.add_column(
            heading,
            justify="right" if number == right else "left",
            overflow="fold",
            no_wrap=heading not in folding,
        )
    for row in cells:
        table.add_row(*(Text(row[number]) for number in shown))
    console = Console(highlight=False, color_system=None if os.environ.get("NO_COLOR") else "auto")  # bold would stay
    if not sys.stdout.isatty():
        endless = console.options.update(width=sys.maxsize)
        console.width = max(console.width, console.measure(table, options=endless).maximum)
    with _writing_the_answer():
        console.print(table)


def can_show(characters: str) -> bool:
    """Whether standard output can show these: its encoding has them, and no terminal without such signs is there."""
    try:
        characters.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return not (sys.stdout.isatty() and os.environ.get("TERM", "") in ("", "dumb", "linux", "vt100"))


def paint(text: str, style: str) -> str:
    """The text in a style of rich's, where standard output shows colours: a terminal, but for NO_COLOR and the like."""
    if os.environ.get("NO_COLOR"):  # rich would leave bold in
        return text
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    with console.capture() as shown:
        console.print(Text(text, style), end="")
    return shown.get()


def wrapped(text: str, *, indent: int) -> str:
    """The text folded at the terminal's width, its further lines indented; one line where there is no terminal."""
    if not sys.stdout.isatty():
        return text
    from shutil import get_terminal_size
    from textwrap import wrap

    width = max(get_terminal_size().columns - indent, 20)
    lines = wrap(text, width, break_on_hyphens=False, break_long_words=False)  # a path or link is to be copied whole
    return f"\n{' ' * indent}".join(lines) or text


@contextmanager
def progress_bar(label: str, *, wanted: bool) -> Iterator[Any]:
    """Give a callback (done, total or None) that draws a bar on standard error, or None where nobody would see it."""
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(terminal(label), total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
