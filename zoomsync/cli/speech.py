"""What typer says, in the organiser's language: help with its headings, and what is wrong with a command line.

Help is written in English where options and commands are; whatever `--help` shows is a message of the catalogues
(`tests/catalogues.py` collects it from the commands themselves).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import typer
from typer._click import HelpFormatter

from zoomsync.cli.completion import complete
from zoomsync.language import N_, _

# Options that typer adds by itself.
TYPERS_OPTIONS = (
    N_("Show this message and exit."),
    N_("Install completion for the current shell."),
    N_("Show completion for the current shell, to copy it or customize the installation."),
)
HEADINGS = (N_("Arguments"), N_("Options"), N_("Commands"))

# Typer's errors as it writes them, and the house's words for them.
_ERRORS = tuple(
    (re.compile(pattern, re.DOTALL), message)
    for pattern, message in (
        (r"No such option: (\S+) \(Possible options: (.+)\)", N_("There is no option {0}. Is {1} meant?")),
        (r"No such option: (\S+)", N_("There is no option {0}.")),
        (r"No such command '(.+)'\. Did you mean '([^']+)'.*", N_("There is no command {0}. Is {1} meant?")),
        (r"No such command '(.+)'\.", N_("There is no command {0}.")),
        (r"Missing command\.", N_("A command is missing.")),
        (r"Missing (?:argument|option) '(.+)'\..*", N_("{0} is missing.")),
        (r"Got unexpected extra argument\(s\) \((.+)\)", N_("There is more than is wanted: {0}.")),
        (r"Option '(.+)' requires an argument\.", N_("{0} wants a value after it.")),
        (r"Option '(.+)' does not take a value\.", N_("{0} takes no value.")),
        (r"Invalid value for '(.+)': .*greater than or equal to (\S+)", N_("{0}: write a number from {1} on.")),
        (r"Invalid value for '(.+)': .*less than or equal to (\S+)", N_("{0}: write a number up to {1}.")),
        (r"Invalid value for '(.+)': .*valid (?:integer|number).*", N_("{0}: write a number.")),
        (r"Invalid value for '(.+)': .*'(.*)' is not one of (.+)\.", N_("{0}: {1} is none of {2}.")),
        (r"Invalid value for '(.+)': (.+)", N_("{0}: this cannot be taken: {1}")),
    )
)

_TYPES = {"str": N_("TEXT"), "int": N_("NUMBER"), "float": N_("NUMBER"), "path": N_("PATH")}


class _Formatter(HelpFormatter):
    """Help as typer lays it out, with words that are left English there."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or _("Usage: "))

    def write_heading(self, heading: str) -> None:
        super().write_heading(_(heading))

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        said = [(_kind_of_value(first), _remarks(second)) for first, second in rows]
        super().write_dl(said, col_max, col_spacing)


class _Context(typer.Context):
    formatter_class = _Formatter


def _kind_of_value(first: str) -> str:
    """`--port <int>` as `--port NUMBER`; an argument's name says enough."""
    name, _mark, kind = first.partition(" <")
    if not kind or not first.startswith("-"):
        return name
    simple = re.sub(r"^list\[(\w+)\]>.*|(\w+) range>$|>$", r"\1\2", kind)
    return f"{name} {_(_TYPES[simple])}" if simple in _TYPES else f"{name} {kind.rstrip('>')}"


def _remarks(second: str) -> str:
    """What typer adds: whole options, defaults, what is required."""
    if second in TYPERS_OPTIONS:
        return _(second)
    text, mark, value = second.rpartition("[default: ")
    if mark:
        return text + _("[default: {value}").format(value=value)
    return re.sub(r"  \[required\]$", "", second)  # the line of usage says so


def retell(command: Any, say: Callable[[str], str] = _) -> Any:
    """Give the command, and those under it, with every text of its help as `say` gives it."""
    complete(command)
    command.context_class = _Context
    for name in ("help", "epilog", "options_metavar", "subcommand_metavar"):
        if text := getattr(command, name, None):
            setattr(command, name, say(text))
    for parameter in command.params:
        for name in ("help", "metavar"):
            if text := getattr(parameter, name, None):
                setattr(parameter, name, say(text))
    for inner in dict(getattr(command, "commands", {})).values():
        retell(inner, say)
        inner.short_help = (inner.help or "").partition("\n\n")[0]  # whole: typer would cut it to a line
    return command


def usage_error(error: Any) -> str:
    """What is wrong with a command line, and where it says what can be written."""
    said = error.format_message()
    if said.startswith(_("Usage: ")):  # a command that was left out is answered with help
        return str(said)
    for pattern, message in _ERRORS:
        if found := pattern.fullmatch(said):
            said = _(message).format(*map(_plain, found.groups()))
            break
    context = getattr(error, "ctx", None)
    more = _("{command} --help says what can be written.").format(command=context.command_path) if context else ""
    return f"{said} {more}".strip()


def _plain(words: str) -> str:
    """Without typer's quotes: `'table', 'csv'` is `table, csv`."""
    return words.replace("' / '", " / ").replace("', '", ", ").strip("'")
