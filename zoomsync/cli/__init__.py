"""The command line: words in, exit code out. One file a family of commands; heavy imports live inside them.

Exit codes: 0 all well; 1 at least one event or message failed, the rest was done; 2 wrong usage or configuration,
nothing was done; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from zoomsync import language
from zoomsync.cli.options import global_options_first, value_of
from zoomsync.cli.output import AnswerLost, flush_answer, talk, to_nowhere, unforeseen
from zoomsync.language import _
from zoomsync.places import language_at_first_sight

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code. `argv` is without the program's name; by default the process's own."""
    from typer.exceptions import Abort, TyperException

    from zoomsync.cli.commands import app
    from zoomsync.cli.speech import usage_error
    from zoomsync.errors import EventFileError, SettingsError, ZoomsyncError

    words = global_options_first(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    language.use(_language_of(words))
    try:
        code = app(words, prog_name="zoomsync", standalone_mode=False)
        if code == INTERRUPTED:  # typer's way of passing Ctrl-C on
            raise KeyboardInterrupt
        flush_answer()
        return code if isinstance(code, int) else 0
    except AnswerLost as error:
        return _say(error, code=1, debug=False)
    except TyperException as error:
        return _say(error, code=2, debug=debug, words=usage_error(error))
    except (SettingsError, EventFileError) as error:
        return _say(error, code=2, debug=debug)
    except ZoomsyncError as error:
        return _say(error, code=1, debug=debug)
    except (Abort, KeyboardInterrupt):
        talk("zoomsync: " + _("interrupted"))
        if argv is None:
            # A thread that waits for Zoom's answer would hold the process for minutes. Nothing is lost: what was not
            # committed did not happen, and the next run takes over from a process that is gone.
            sys.stdout.flush()
            os._exit(INTERRUPTED)
        return INTERRUPTED
    except (BrokenPipeError, SystemExit) as error:
        # The reader of a pipe went away (`| head`): nothing is wrong. Where typer saw it first it made an exit of it.
        if isinstance(error, SystemExit) and not isinstance(error.__context__, BrokenPipeError):
            raise
        to_nowhere(sys.stdout)
        return 0
    except Exception as error:
        if debug:
            raise
        if isinstance(error, OSError) and error.filename:
            talk(f"zoomsync: {error.filename}: {error.strerror}.")
            return 1
        talk(f"zoomsync: {unforeseen(error)}")
        return 1


def _language_of(words: Sequence[str]) -> str:
    """The language of this call, before typer and the settings have seen anything of it."""
    if "--json" in words:  # for a program: its words do not change with whoever is looking
        return "en"
    said, config = (value_of(name, words) for name in ("--language", "--config"))
    return language_at_first_sight(said, Path(config) if config else None, cwd=Path.cwd(), environ=os.environ)


def _say(error: Exception, *, code: int, debug: bool, words: str = "") -> int:
    if debug:
        raise error
    message = words or str(error)
    prefix = "" if message.startswith(_("Usage: ")) else "zoomsync: "  # a command that was left out: help is the answer
    for line in message.splitlines():
        talk(f"{prefix}{line}")
    return code
