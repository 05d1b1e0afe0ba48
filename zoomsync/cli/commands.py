"""The command line's root: global options, and a table of the commands. `zoomsync --help` reads no more than this.

A family of commands is a module of this room, read when one of its commands is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.main
from typer.core import TyperGroup

from zoomsync import __version__
from zoomsync.cli.options import Options, global_options_first
from zoomsync.cli.speech import retell
from zoomsync.language import _

# Every command: the module of its family, and how its own help begins. In the order of the help.
COMMANDS = {
    "demo": ("demo", "Live through the model event in a minute; nothing to set up."),
    "init": ("setup", "Write settings, .env.example and a first event file."),
    "import": ("importing", "Read an announcement page and write the event file, as a draft."),
    "check": ("setup", "Try everything an event needs, and say what to fix."),
    "simulate": ("setup", "Run a Zoom account to play with."),
    "new": ("eventfile", "Write the next event's file from the last one's."),
    "go-live": ("eventfile", "Turn a draft active: check everything, look at what will happen, and confirm."),
    "move": ("eventfile", "Move a session in the event's file."),
    "cancel": ("eventfile", "Cancel an event in its file, or one session."),
    "sync": ("sync", "Pull the registrants, and close registration at the deadline."),
    "status": ("sync", "Say on one screen how things stand."),
    "run": ("run", "Work until told to stop: sync, remind and close, each when it is due."),
    "timeline": ("timeline", "Say everything that happened to an event and will."),
    "close": ("deadline", "Close registration now, whatever the deadline."),
    "reopen": ("deadline", "Open registration again as it was before."),
    "late": ("deadline", "List who registered after the deadline, and who else waits."),
    "remind": ("mail", "Plan what is due and deliver it."),
    "preview": ("mail", "Write the e-mails of an event as .eml and .html for a look."),
    "outbox": ("mail", "What was sent, what waits, what failed and with which words."),
    "pause": ("hands", "Stop an event's mail at once, until you resume it."),
    "resume": ("hands", "Let a paused event's mail go on."),
    "optout": ("hands", "Send somebody no more reminders."),
    "resend": ("hands", "Send somebody their link once more, at once."),
    "announce": ("announce", "Send a message of your own, once to each."),
    "attendance": ("attendance", "Pull who took part, after a session, and say who came."),
    "certificates": (
        "certificates",
        "Make a certificate of attendance for each person present, as a PDF.",
    ),
    "report": ("reports", "Write a report of the database: of these events, or of all it knows."),
    "explain": ("persons", "Tell one person's story: registered, approved, each mail with its fate, attended."),
    "forget": ("persons", "Erase a person's data from every event."),
    "export-person": ("persons", "Print all that is held of a person as one JSON document."),
    "retention": ("persons", "Remove personal data that is older than the retention."),
    "db": ("data", "The database by hand: its schema, a backup, a copy."),
    "probe": ("probe", "Try on your own account what Zoom's documents leave open, and keep what was seen."),
}


class _Commands(Mapping[str, Any]):
    """The commands by name, each made when it is asked for: typer takes a millisecond to make one."""

    def __getitem__(self, name: str) -> Any:
        family = import_module(f"zoomsync.cli.{COMMANDS[name][0]}")
        one = typer.Typer(rich_markup_mode=None)
        family.add_to(one)
        return retell(typer.main.get_group(one).commands[name])

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _Root(TyperGroup):
    """The root, which says of its commands what the table says, and makes the one that is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        retell(self)
        self.commands = _Commands()  # type: ignore[assignment]

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        # What is typed comes with the global options first; what the shell wants completed comes as it stands there.
        return super().make_context(info_name, global_options_first(args), parent, **extra)

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _(begins)) for name, (__, begins) in COMMANDS.items()])


app = typer.Typer(
    cls=_Root,
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
