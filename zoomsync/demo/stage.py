"""What the demo is played on: a folder, a Zoom account and a mail server of our own, and everything wired to them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from zoomsync.app import App
from zoomsync.clock import SteppedClock
from zoomsync.domain.records import Event
from zoomsync.errors import SettingsError
from zoomsync.events.init import starter_text
from zoomsync.language import _
from zoomsync.settings import load_settings
from zoomsync.simulate.catcher import MailCatcher
from zoomsync.simulate.server import Simulator
from zoomsync.simulate.world import World

SLUG = "encuentro-justicia-abierta-2023"
ZONE = "America/Guatemala"
ANNOUNCED = datetime(2023, 2, 23, 17, 17, tzinfo=UTC)

_WRITTEN_BY = "# Written by zoomsync demo."
_SPEAKS = ("ZOOMSYNC_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # all that is heeded of the surroundings


@dataclass(frozen=True, slots=True)
class Stage:
    """What is wired together while a demo is played. folder: what it leaves behind."""

    folder: Path
    app: App
    world: World
    mails: MailCatcher
    clock: SteppedClock

    @property
    def event_file(self) -> Path:
        return self.folder / "config" / "events" / f"{SLUG}.toml"

    @property
    def event(self) -> Event:
        """The event as its file says at this moment."""
        return self.app.choose_events([SLUG]).events[0]


@contextmanager
def staged(folder: Path, *, environ: Mapping[str, str], spoken: str | None = None) -> Iterator[Stage]:
    """Set up a demo in `folder` (see `fresh`), and leave nothing running at the end.

    spoken: the language asked for. Of `environ` only what says the language counts. Raises SettingsError.
    """
    clock = SteppedClock(ANNOUNCED)
    world = World.model_account(clock)
    config = folder / "config" / "zoomsync.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    # First of all: by this file the next demo knows that the folder may be cleared away.
    config.write_text(f"{_WRITTEN_BY}\n", encoding="utf-8")
    with _occupied(config), Simulator(world) as zoom, MailCatcher(folder / "mails") as mails:
        config.write_text(_settings(zoom, mails, spoken), encoding="utf-8")
        (folder / "config" / "events").mkdir()
        (folder / "config" / "events" / f"{SLUG}.toml").write_text(starter_text("model-event.toml"), encoding="utf-8")
        settings = load_settings(
            config.absolute(),
            cwd=folder,
            environ={name: environ[name] for name in _SPEAKS if name in environ},
            overrides={"language": spoken} if spoken else {},
        )
        app = App(settings, clock=clock, rehearsed_at=ANNOUNCED)
        try:
            yield Stage(folder, app, world, mails, clock)
        finally:
            app.close()


def fresh(folder: Path) -> Path:
    """The folder, with what an earlier demo left cleared away; it need not exist.

    Raises SettingsError where it holds anything that a demo did not leave, or where one is being played.
    """
    if not folder.exists():
        return folder
    ours = folder / "config" / "zoomsync.toml"
    empty = folder.is_dir() and not any(folder.iterdir())
    if not (empty or (ours.is_file() and ours.read_text(encoding="utf-8").startswith(_WRITTEN_BY))):
        raise SettingsError(
            _("{folder} holds something that is not from a demo: name another folder with --keep.").format(
                folder=folder
            )
        )
    if not empty:
        with _occupied(ours):
            _clear(folder, ours)
    return folder


def _clear(folder: Path, mark: Path) -> None:
    """Remove all but the mark by which it is known as ours: whoever is interrupted half-way can begin again."""
    for path in (*folder.iterdir(), *mark.parent.iterdir()):
        if path in (mark, mark.parent):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


@contextmanager
def _occupied(file: Path) -> Iterator[None]:
    """Keep other demos out of a folder. Raises SettingsError where one is being played there."""
    try:
        import fcntl
    except ImportError:  # no such locks here: whoever plays two demos sees to it that they have two folders
        yield
        return
    held = os.open(file, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                _("Another demo is being played in {folder}: name another folder with --keep.").format(
                    folder=file.parent.parent
                )
            ) from None
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        with suppress(OSError):
            os.close(held)


def _settings(zoom: Simulator, mails: MailCatcher, spoken: str | None) -> str:
    return (
        f"{_WRITTEN_BY} The Zoom account and the mail server it names ended with the demo.\n"
        + (f'language = "{spoken}"\n' if spoken else "")
        + f'[zoom]\naccount_id = "demo-account"\nclient_id = "demo-client"\nclient_secret = "demo-secret"\n'
        f'host_email = "anfitriona@redciudadana.org.gt"\napi_url = "{zoom.url}"\noauth_url = "{zoom.oauth_url}"\n'
        f'[smtp]\nhost = "{mails.host}"\nport = {mails.port}\nsecurity = "none"\n'
        '[log]\nlevel = "warning"\n'
    )
