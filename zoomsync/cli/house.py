"""What every command does around its work: settings read, logs set up, things closed, errors of files told."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from zoomsync.cli.options import Options
from zoomsync.cli.output import talk
from zoomsync.language import _

if TYPE_CHECKING:
    from zoomsync.app import App, ChosenEvents


def options_of(ctx: typer.Context) -> Options:
    """The global options of this call."""
    return ctx.find_object(Options) or Options()


@contextmanager
def opened(ctx: typer.Context, *, writes: bool = True, running: bool = False) -> Iterator[App]:
    """The wired objects of this call, closed at its end. writes: False for a dry run. running: the clock of `--now`
    runs on from there. Raises SettingsError.
    """
    from zoomsync import failpoints, language
    from zoomsync.app import open_app, spare_the_collector
    from zoomsync.cli.logs import set_up_logging

    options = options_of(ctx)
    failpoints.arm(os.environ.get("ZOOMSYNC_FAILPOINT"))
    app = open_app(
        config=options.config,
        cwd=Path.cwd(),
        environ=os.environ,
        now=options.now,
        language=options.language,
        writes=writes,
        running=running,
    )
    language.use("en" if options.json else app.settings.language)
    set_up_logging(
        app.settings.log.level,
        app.settings.log.format,
        verbose=options.verbose,
        quiet=options.quiet,
        secrets=app.settings.confidential,
    )
    spare_the_collector()
    try:
        yield app
    finally:
        app.close()


def confirmed(ctx: typer.Context, question: str) -> bool:
    """Whether a person says yes: by `--yes`, or asked on a terminal. Raises SettingsError where neither can be."""
    import sys

    from zoomsync.errors import SettingsError

    if options_of(ctx).yes:
        return True
    if not sys.stdin.isatty():
        words = _("{question} There is no terminal to ask on: say --yes if that is meant.")
        raise SettingsError(words.format(question=question))
    return says_yes(question)


def says_yes(question: str) -> bool:
    """The answer to a question, asked until it is one: y or n, in Spanish s or n; alone, Enter is no."""
    yes, no = _("yes"), _("no")
    while True:
        said = typer.prompt(f"{question} [{yes[0]}/{no[0].upper()}]", default="", show_default=False, err=True)
        word = str(said).strip().lower()
        if word in {"y", "yes", yes[0], yes, "si"}:
            return True
        if word in {"", "n", no}:
            return False
        talk(_("Write {yes} or {no}.").format(yes=yes, no=no))


def actor() -> str:
    """Who acts, for the audit."""
    import getpass

    return f"command ({getpass.getuser()})"


def chosen_events(app: App, names: Sequence[str]) -> ChosenEvents:
    """The events a command is about; files that cannot be used are told on standard error, and the rest goes on."""
    chosen = app.choose_events(names)
    for error in chosen.errors:
        talk(f"zoomsync: {error}")
    return chosen
