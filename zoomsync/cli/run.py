"""`zoomsync run`: the daemon."""

from __future__ import annotations

import logging
import os
import sys

import typer

from zoomsync.cli.house import opened, options_of


def add_to(app: typer.Typer) -> None:
    app.command("run")(run)


def run(ctx: typer.Context) -> None:
    """Work until told to stop: sync, remind and close, each when it is due.

    SIGTERM or Ctrl-C ends it when the message in hand is finished; SIGHUP has the event files read at once.
    """
    from zoomsync.daemon import Daemon

    with opened(ctx, running=True) as app:
        app.refuse_unconfigured()
        app.refuse_rehearsing_for_real(zoom=True, mail=True, yes=options_of(ctx).yes)
        code = Daemon(app).run()
    # A thread that waits for an answer of Zoom's would hold the process for minutes: Python waits for the threads of
    # every pool. Nothing is lost: what was not committed did not happen.
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)
