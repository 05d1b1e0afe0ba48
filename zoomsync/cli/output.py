"""Where answers and talk go: standard output has the answer, standard error the talk.

A stranger's text goes through `zoomsync.text.terminal` before it is printed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from zoomsync.text import terminal


def answer(text: str = "") -> None:
    """One line of the answer."""
    print(text)  # noqa: T201


def answer_json(document: Any) -> None:
    """The whole answer as one JSON document; times as ISO 8601 UTC."""
    import json
    from datetime import UTC, datetime

    def plain(value: object) -> str:
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        raise TypeError(f"{type(value).__name__} has no JSON form")

    print(json.dumps(document, ensure_ascii=False, indent=2, default=plain))  # noqa: T201


def talk(text: str) -> None:
    """One line on standard error."""
    print(text, file=sys.stderr)  # noqa: T201


def answer_table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, right: Iterable[int] = ()) -> None:
    """A table that fits the terminal's width; numbers of the columns in `right` are set flush right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    to_the_right = set(right)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number in to_the_right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(terminal(str(cell))) for cell in row))
    Console(highlight=False).print(table)


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
