"""The command line's root: global options, and the families of commands. `zoomsync --help` reads no more than this."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zoomsync import __version__
from zoomsync.cli import (
    announce,
    attendance,
    certificates,
    data,
    deadline,
    demo,
    eventfile,
    hands,
    mail,
    probe,
    reports,
    run,
    setup,
    sync,
    timeline,
)
from zoomsync.cli.options import Options

app = typer.Typer(
    name="zoomsync",
    help="Registrants of a Zoom event pulled, reminded once and on time, and registration closed at the deadline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: Rich would take as long to load as all the rest
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"zoomsync {__version__}")  # noqa: T201
        raise typer.Exit


@app.callback(epilog="The options above are accepted before and after the command.")
def root(
    ctx: typer.Context,
    now: Annotated[
        str | None, typer.Option(metavar="TIMESTAMP", help="Act as if it were that moment, to rehearse an event.")
    ] = None,
    language: Annotated[str | None, typer.Option(metavar="es|en", help="Language of your own screens.")] = None,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="The settings file to use.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but answers and errors.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    ctx.obj = Options(
        now=now,
        language=language,
        config=config,
        json=as_json,
        debug=debug,
        yes=yes,
        verbose=verbose,
        quiet=quiet,
    )


_FAMILIES = (
    demo,
    setup,
    eventfile,
    sync,
    run,
    timeline,
    deadline,
    mail,
    hands,
    announce,
    attendance,
    certificates,
    reports,
    data,
    probe,
)
for family in _FAMILIES:
    family.add_to(app)
