"""A project folder with everything around it: a Zoom account, a mail server, event files, and the command line itself.

Commands run in this process (`Project.run`), so that what they wait for can be skipped; a few tests start real ones
(`Project.start`). Whatever any of them says on standard error is searched for what must never stand there.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import pty
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.builders import utc
from zoomsync import app, failpoints
from zoomsync.cli import main
from zoomsync.clock import SteppedClock
from zoomsync.simulate.catcher import MailCatcher
from zoomsync.simulate.model_event import MODEL_MEETING_ID
from zoomsync.simulate.objects import Registrant
from zoomsync.simulate.server import ResponseInfo, Simulator
from zoomsync.simulate.world import World
from zoomsync.store.schema import Database

SLUG = "encuentro-2023"
OTHER_SLUG = "taller-2023"
OTHER_MEETING_ID = 82222222222
START = utc(2023, 2, 28, 14)  # a week before the first session

EVENT = """\
title = "{title}"
timezone = "America/Guatemala"
registration_deadline = 2023-03-05

[organizer]
name = "Red Ciudadana"
email = "info@redciudadana.org.gt"

[zoom]
{zoom}

[[sessions]]
title = "Sesión 1"
starts = 2023-03-07T08:00:00
ends = 2023-03-07T13:00:00

[[sessions]]
title = "Sesión 2"
starts = 2023-03-08T08:00:00
ends = 2023-03-08T13:00:00
"""


@dataclass(frozen=True)
class Result:
    """What a command gave: its exit code, standard output (the answer) and standard error (the talk)."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on standard output; fails if there is anything else."""
        return json.loads(self.out)

    @property
    def complaints(self) -> list[str]:
        """The lines on standard error that speak to the person, without the logs."""
        return [line for line in self.err.splitlines() if line.startswith("zoomsync: ")]


@dataclass
class Project:
    """The folder a command runs in, and the world around it.

    naps: how long the waits were that were skipped. heard: everything the commands said on standard error.
    """

    folder: Path
    world: World
    zoom: Simulator
    mails: MailCatcher
    clock: SteppedClock
    capsys: pytest.CaptureFixture[str]
    naps: list[float] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    # ------------------------------------------------------------------------------------------------- commands

    def run(self, *words: str) -> Result:
        """A command as it is typed."""
        self.capsys.readouterr()
        code = main(list(words))
        said = self.capsys.readouterr()
        self.heard.append(said.err)
        return Result(code, said.out, said.err)

    def at(self, moment: datetime, *words: str) -> Result:
        """A command at `moment`: the world's clock goes there, and the command is told so by `--now`."""
        self.clock.move_to(moment)
        return self.run(*words, "--now", moment.isoformat())

    def sync(self, *words: str) -> Result:
        """`zoomsync sync` at the world's present moment."""
        return self.at(self.clock(), "sync", *words)

    def synced(self, *words: str) -> dict[str, Any]:
        """`zoomsync sync --json` of the one event, which must go well: its run."""
        result = self.sync("--json", *words)
        assert result.code == 0, result.err
        (run,) = result.json["runs"]
        assert run["status"] == "ok"
        return dict(run)

    def start(self, *words: str, failpoint: str = "", **options: Any) -> subprocess.Popen[str]:
        """A command as a process of its own."""
        environment = os.environ | ({"ZOOMSYNC_FAILPOINT": failpoint} if failpoint else {})
        return subprocess.Popen(
            [sys.executable, "-m", "zoomsync", *words, "--now", self.clock().isoformat()],
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment} | options,
        )

    def finish(self, process: subprocess.Popen[str]) -> Result:
        """Wait for a process to end, and give what it gave."""
        out, err = process.communicate(timeout=60)
        self.heard.append(err or "")
        return Result(process.returncode, out or "", err or "")

    def on_terminal(self, *words: str) -> str:
        """What a command shows, as a process, on a terminal of 80 columns. It must go well."""
        main, terminal = pty.openpty()
        environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        environment |= {"COLUMNS": "80", "TERM": "xterm"}
        result = self.finish(self.start(*words, stdout=terminal, stderr=terminal, env=environment))
        os.close(terminal)
        shown = b""
        with suppress(OSError):  # on Linux this is how a terminal's end is told
            while piece := os.read(main, 65_536):
                shown += piece
        os.close(main)
        assert result.code == 0
        return shown.decode()

    # -------------------------------------------------------------------------------------------------- the world

    def write_event(
        self, slug: str = SLUG, *, meeting_id: int = MODEL_MEETING_ID, zoom: str = "", **changes: str
    ) -> Path:
        """Write an event file. zoom: more lines under [zoom]. changes: `title`, or `top` lines above everything."""
        lines = "\n".join(line for line in (f"meeting_id = {meeting_id}" if meeting_id else "", zoom) if line)
        file = self.folder / "config" / "events" / f"{slug}.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        title = changes.get("title", "Encuentro de Justicia Abierta 2023")
        file.write_text(changes.get("top", "") + EVENT.format(title=title, zoom=lines), encoding="utf-8")
        return file

    def add_other_event(self, people: int = 2) -> None:
        """A second event on a meeting of its own, that nothing is wrong with."""
        self.world.add_meeting(
            OTHER_MEETING_ID,
            "Taller",
            type=8,
            occurrences=[(utc(2023, 3, 7, 14), 300), (utc(2023, 3, 8, 14), 300)],
            created_at=utc(2023, 2, 23, 17),
        )
        self.world.populate(OTHER_MEETING_ID, people, seed=9)
        self.write_event(OTHER_SLUG, meeting_id=OTHER_MEETING_ID, title="Taller")

    def people(self) -> list[Registrant]:
        """Who is registered for the model event on Zoom."""
        return list(self.world.meetings[MODEL_MEETING_ID].order)

    def writes(self) -> list[str]:
        """The calls that changed anything on Zoom: every one that is no GET, but for tokens."""
        return [
            f"{entry.method} {entry.path}"
            for entry in self.zoom.journal
            if entry.method != "GET" and entry.path != "/oauth/token"
        ]

    # ------------------------------------------------------------------------------------------------ the database

    @property
    def file(self) -> Path:
        return self.folder / "zoomsync.db"

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """What a query finds in the project's database."""
        database = Database(f"sqlite:///{self.file}")
        try:
            with database.read() as db:
                return [dict(row) for row in db.execute(text(query), values).mappings()]
        finally:
            database.close()

    def registrants(self, slug: str = SLUG) -> dict[str, str]:
        """The stored registrants of an event: status by e-mail."""
        query = "SELECT r.email, r.status FROM registrant r JOIN event e ON e.id = r.event_id WHERE e.slug = :slug"
        return {row["email"]: row["status"] for row in self.rows(query, slug=slug)}

    def runs(self, slug: str = SLUG) -> list[tuple[str, str]]:
        """The stored sync runs of an event, oldest first, as (state, error)."""
        query = "SELECT s.* FROM sync_run s JOIN event e ON e.id = s.event_id WHERE e.slug = :slug ORDER BY s.id"
        return [(row["state"], row["error"]) for row in self.rows(query, slug=slug)]

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table: equal before and after where nothing was written."""
        names = [row["name"] for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: [tuple(row.values()) for row in self.rows(f"SELECT * FROM {name}")] for name in names}


@pytest.fixture
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in and no setting from outside; what a command leaves in the process is taken back."""
    for name in list(os.environ):
        if name.startswith("ZOOMSYNC_") and not name.startswith("ZOOMSYNC_TEST"):
            monkeypatch.delenv(name)
    for name, value in {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "COLUMNS": "200", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def process_restored() -> Iterator[None]:
    """What a command sets for its whole process is as before: log handlers, the garbage collector, failpoints."""
    root, ours = logging.getLogger(), logging.getLogger("zoomsync")
    before = root.handlers[:], root.level, ours.level, gc.get_threshold()
    yield
    root.handlers[:], level, our_level, threshold = before
    root.setLevel(level)
    ours.setLevel(our_level)
    gc.set_threshold(*threshold)
    gc.unfreeze()
    failpoints.arm(None)


@dataclass
class Account:
    """A served Zoom account. given: the tokens, join links and addresses that it has given out."""

    zoom: Simulator
    given: set[str]

    def begin_anew(self, clock: SteppedClock) -> World:
        """The model event as at the start; nothing of an earlier test is left."""
        world = self.zoom.world
        world.clock = clock
        world.webhooks = None
        world.reset()
        self.zoom.journal.clear()
        self.given.clear()
        return world


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    """One account for all tests, which is put back before each: a server takes its time to stop."""
    given: set[str] = set()
    with Simulator(
        World.model_account(SteppedClock(START)), observer=lambda _, answer: given.update(confidential(answer))
    ) as zoom:
        yield Account(zoom, given)


@pytest.fixture
def project(
    account: Account,
    clean_environment: Path,
    process_restored: None,
    _sqlite_template: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Project]:
    """The model event in a project folder, its Zoom account and a mail catcher; nobody has registered yet.

    Waits are noted and skipped, but for a moment in which other threads may go on.
    """
    clock = SteppedClock(START)
    world, zoom = account.begin_anew(clock), account.zoom
    shutil.copy(_sqlite_template, clean_environment / "zoomsync.db")
    with ExitStack() as running:
        mails = running.enter_context(MailCatcher())
        project = Project(clean_environment, world, zoom, mails, clock, capsys)

        def nap(seconds: float) -> None:
            project.naps.append(seconds)
            time.sleep(min(seconds, 0.01))

        monkeypatch.setattr(app, "App", partial(app.App, sleep=nap))
        for name, value in {
            "ZOOM__ACCOUNT_ID": "demo-account",
            "ZOOM__CLIENT_ID": "demo-client",
            "ZOOM__CLIENT_SECRET": "demo-secret",
            "ZOOM__API_URL": zoom.url,
            "ZOOM__OAUTH_URL": zoom.oauth_url,
            "SMTP__HOST": mails.host,
            "SMTP__PORT": str(mails.port),
            "SMTP__SECURITY": "none",
        }.items():
            monkeypatch.setenv(f"ZOOMSYNC_{name}", value)
        project.write_event()
        yield project
        said = "\n".join(project.heard)
        shown = {word for word in account.given | {"demo-secret"} if word in said}
        assert shown == set(), "standard error shows what is confidential"


def confidential(answer: ResponseInfo) -> set[str]:
    """The tokens, join links and addresses of an answer of Zoom's."""
    return {found.decode() for found in re.findall(rb'"(?:access_token|join_url|email)": *"([^"]+)"', answer.body)}


def local(text: str) -> datetime:
    """A moment in Guatemala, six hours behind UTC: "2023-03-05 23:59"."""
    return datetime.fromisoformat(f"{text}-06:00").astimezone(UTC)
