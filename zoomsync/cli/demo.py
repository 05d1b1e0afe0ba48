"""`zoomsync demo`: the life of the model event, told as it goes. What happens in it is in `zoomsync.demo`."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoomsync.cli.house import options_of
from zoomsync.cli.output import answer, answer_json, talk, to_nowhere

if TYPE_CHECKING:
    from zoomsync.cli.options import Options
    from zoomsync.demo.stage import Stage
    from zoomsync.demo.telling import Teller

PACE_S = 1.0  # what a step of the story takes


def add_to(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    ctx: typer.Context,
    fast: Annotated[bool, typer.Option("--fast", help="No pauses between the steps.")] = False,
    keep: Annotated[
        Path, typer.Option(metavar="DIR", help="Where to leave the report, the database and the e-mails.")
    ] = Path("zoomsync-demo"),
    serve: Annotated[
        bool,
        typer.Option("--serve", help="Then show the e-mails and the organiser's pages in a browser, until Ctrl-C."),
    ] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="With --serve: open none, say the address.")] = False,
) -> int:
    """Live through the model event in a minute; nothing to set up."""
    options = options_of(ctx)
    with _interruptible():
        from zoomsync.cli.reports import write_page
        from zoomsync.demo import ending as end
        from zoomsync.demo.stage import SLUG, fresh, staged
        from zoomsync.demo.story import Story
        from zoomsync.errors import SettingsError
        from zoomsync.language import _

        if serve and options.json:
            raise SettingsError(_("--json gives one document and ends: leave out --serve."))
        folder = fresh(keep)
        try:
            with staged(folder, environ=os.environ, spoken=options.language) as stage:
                teller = _teller(options, fast)
                story = Story(stage, teller)
                try:
                    story.play()
                finally:
                    teller.end()
                ending = story.ending()
                write_page(stage.app, SLUG, folder / "report.html")
                if options.json:
                    answer_json(end.as_json(ending, folder))
                else:
                    answer()
                    _answer_lines(end.how_it_ended(ending))
                    answer()
                    _answer_lines(end.what_to_look_at(folder))
                    answer()
                    _answer_lines(end.what_to_type(ending, folder, _command(), served=serve))
                    if serve:
                        _serve(stage, browser=not no_browser)
        except (KeyboardInterrupt, OSError) as error:
            if isinstance(error, OSError) and error.errno != errno.EIO:
                raise
            # A terminal that was closed: whatever is written to it fails from here on.
            if isinstance(error, OSError):
                to_nowhere(sys.stdout)
            talk(f"zoomsync: {_left_in(folder)}")
            raise KeyboardInterrupt from error
    return 0 if ending.proof.holds else 1


def _teller(options: Options, fast: bool) -> Teller:
    from zoomsync.demo.telling import PlainTeller, SilentTeller
    from zoomsync.language import _

    if options.json or options.quiet:
        return SilentTeller()
    answer(_("An event in Guatemala, played on this machine alone. Times: America/Guatemala."))
    pace_s = 0 if fast else PACE_S
    if sys.stdout.isatty():
        from rich.console import Console

        console = Console(highlight=False)
        if not console.is_dumb_terminal:
            from zoomsync.demo.live import LiveTeller

            return LiveTeller(console, pace_s=pace_s)
    return PlainTeller(_answer_at_once, pace_s=pace_s)


def _serve(stage: Stage, *, browser: bool) -> None:
    """Pages to click through, until Ctrl-C."""
    import time

    from zoomsync.demo.visiting import open_browser, open_for_visitors
    from zoomsync.language import _

    try:
        with open_for_visitors(stage) as pages:
            answer()
            answer(_("Open in a browser"))
            answer(f"  {pages.address}  " + _("the e-mails, the organiser's pages and the report"))
            answer("  " + _("Should a page ask for the admin token, it is {token}").format(token=pages.token))
            _answer_at_once("  " + _("Ctrl-C ends it."))
            if browser and sys.stdout.isatty() and not open_browser(pages.address):
                talk("zoomsync: " + _("No browser was found to open: copy the address into one."))
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        talk("zoomsync: " + _("Ended. The folder {folder} stays.").format(folder=stage.folder))


def _answer_at_once(line: str) -> None:
    """A line that is seen now, also through a pipe."""
    answer(line)
    sys.stdout.flush()


def _answer_lines(lines: Iterator[str]) -> None:
    for line in lines:
        answer(line)


def _left_in(folder: Path) -> str:
    """What an interrupted demo leaves behind, in a line."""
    from zoomsync.language import _, ngettext

    if not folder.exists():
        return _("the demo ended before it began, and left nothing.")
    mails = sum(1 for _file in (folder / "mails").glob("*.eml"))
    return ngettext(
        "the demo ended early. What there was by then is in {folder}, {count} mail too: delete it, or play again.",
        "the demo ended early. What there was by then is in {folder}, {count} mails too: delete it, or play again.",
        mails,
    ).format(folder=folder, count=mails)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Being told to end and a terminal that closes are taken as Ctrl-C is. Once one has come, no more are heard, so
    that everything is put away."""

    def interrupted(number: int, _frame: Any) -> None:
        for one in signals:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    names = ("SIGINT", "SIGTERM", "SIGHUP")
    signals = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = [signal.signal(one, interrupted) for one in signals]
    try:
        yield
    finally:
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler)


def _command() -> str:
    """What to type for zoomsync: its name where a shell finds it, else the path it was started by."""
    import shlex
    import shutil

    started = Path(sys.argv[0])
    if shutil.which("zoomsync"):
        return "zoomsync"
    if started.stem != "zoomsync":
        return f"{shlex.quote(sys.executable)} -m zoomsync"
    here = Path.cwd()
    return shlex.quote(str(started.relative_to(here) if started.is_relative_to(here) else started))
