"""What the shell completes beside commands and options: event names, and words to choose from.

From files and the command line alone: no database is opened, so that a key press waits for nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zoomsync.places import named, path_named, project_folder


def event_names() -> list[str]:
    """The events there are files of, in the folder that the environment names, else in `config/events`."""
    config = path_named("config", os.environ)
    folder = project_folder(Path.cwd() / config if config else None, Path.cwd())
    return sorted(file.stem for file in (folder / (named("events_dir", os.environ) or "config/events")).glob("*.toml"))


def complete(command: Any) -> None:
    """Have the shell complete a command's values, and the global options after it too. Called before it is translated:
    what a value may be is seen by its metavar.
    """
    for parameter in command.params:
        if parameter.metavar == "EVENT":
            parameter._custom_shell_complete = _among(event_names)
        elif re.fullmatch(r"[a-z]+(\|[a-z]+)+", parameter.metavar or ""):
            parameter._custom_shell_complete = _among(parameter.metavar.split("|").copy)
    own = command.shell_complete

    def with_global_options(ctx: Any, incomplete: str) -> list[Any]:
        root = ctx.find_root()
        found = list(own(ctx, incomplete))
        if incomplete.startswith("-") and root.command is not command:
            found += root.command.shell_complete(root, incomplete)
        return list({one.value: one for one in found}.values())

    command.shell_complete = with_global_options


def _among(values: Callable[[], list[str]]) -> Callable[[Any, Any, str], list[str]]:
    return lambda _ctx, _parameter, incomplete: [value for value in values() if value.startswith(incomplete)]
