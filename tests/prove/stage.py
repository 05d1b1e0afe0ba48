"""A project folder with the model event, its Zoom account played, and a mail sink that remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from tests.builders import utc
from tests.canaries import confidential_in
from tests.mail_sink import MailSink
from tests.prove.hatchery import Child, hatchery
from zoomsync.clock import SteppedClock
from zoomsync.events.init import starter_text
from zoomsync.simulate.model_event import MODEL_MEETING_ID
from zoomsync.simulate.server import Simulator
from zoomsync.simulate.world import World
from zoomsync.store.schema import Database

SLUG = "encuentro-justicia-abierta-2023"
BEGIN = utc(2023, 2, 28, 14)  # everybody has registered by then
DUE = utc(2023, 3, 6, 23)  # 17:00 in Guatemala, the day before the first session
EXPIRES = utc(2023, 3, 7, 6)  # when "tomorrow" is no longer true


@dataclass
class Stage:
    """now: what the commands are told the time is. spoiler, prepared: functions of `seeded_bugs` and `preparations`
    that they begin with."""

    folder: Path
    database: Database
    world: World
    clock: SteppedClock
    zoom: Simulator
    sink: MailSink
    environment: dict[str, str]
    now: datetime = BEGIN
    spoiler: str = ""
    prepared: tuple[str, ...] = ()

    def start(self, command: str, *more: str, by: int = 0, failpoint: str = "") -> Child:
        """`zoomsync COMMAND` at the stage's moment, started."""
        return self.start_by_itself(command, *more, "--now", self.now.isoformat(), by=by, failpoint=failpoint)

    def start_by_itself(self, *words: str, by: int = 0, failpoint: str = "") -> Child:
        """`zoomsync WORDS`, started, which looks at a clock of its own."""
        return hatchery(by).start(
            words,
            self.folder,
            self.environment,
            failpoint=failpoint,
            spoiler=self.spoiler,
            prepared=self.prepared,
        )

    def run(self, command: str, *more: str, by: int = 0) -> None:
        """`zoomsync COMMAND` at the stage's moment, which must go well."""
        code = self.start(command, *more, by=by).wait()
        assert code == 0, f"{command} ended with {code}: {self.log()}"

    def advance(self, span: timedelta) -> None:
        self.move_to(self.now + span)

    def move_to(self, moment: datetime) -> None:
        self.now = self.clock.move_to(moment)

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        with self.database.read() as db:
            return [dict(row) for row in db.execute(text(query), values).mappings()]

    def states(self) -> dict[str, int]:
        """How many messages are in which state, of those that are due or were in doubt."""
        rows = self.rows(
            "SELECT state, count(*) AS n FROM outbox WHERE due_at <= :now OR in_doubt > 0 GROUP BY state",
            now=self._now(),
        )
        return {row["state"]: row["n"] for row in rows}

    def edit_event(self, change: Callable[[str], str]) -> None:
        file = self.folder / "config" / "events" / f"{SLUG}.toml"
        file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")

    def log(self) -> str:
        """What the commands said."""
        file = self.folder / "log"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def _now(self) -> Any:
        if self.database.dialect == "sqlite":
            return self.now.isoformat(timespec="microseconds")
        return self.now


@contextmanager
def staged(folder: Path, url: str, people: int, *, spoiler: str = "", **settings: str) -> Iterator[Stage]:
    """A stage on which `people` were pulled once and nothing is due yet. settings: more of the environment's."""
    with furnished(folder, url, spoiler=spoiler, **settings) as stage:
        stage.world.populate(MODEL_MEETING_ID, people)
        stage.run("sync", "--no-close")
        yield stage


@contextmanager
def furnished(folder: Path, url: str, *, spoiler: str = "", **settings: str) -> Iterator[Stage]:
    """A stage on which nothing has happened yet. What was logged on it is searched for what must never stand there."""
    clock = SteppedClock(BEGIN)
    world = World.model_account(clock)
    events = folder / "config" / "events"
    events.mkdir(parents=True)
    text_of_file = starter_text("model-event.toml").replace("[zoom]\n", f"[zoom]\nmeeting_id = {MODEL_MEETING_ID}\n")
    (events / f"{SLUG}.toml").write_text(text_of_file, encoding="utf-8")
    with ExitStack() as running:
        zoom = running.enter_context(Simulator(world))
        sink = running.enter_context(MailSink(folder / "taken"))
        database = Database(url)
        running.callback(database.close)
        environment = {
            "ZOOMSYNC_DATABASE_URL": url,
            "ZOOMSYNC_ZOOM__ACCOUNT_ID": "demo-account",
            "ZOOMSYNC_ZOOM__CLIENT_ID": "demo-client",
            "ZOOMSYNC_ZOOM__CLIENT_SECRET": "demo-secret",
            "ZOOMSYNC_ZOOM__API_URL": zoom.url,
            "ZOOMSYNC_ZOOM__OAUTH_URL": zoom.oauth_url,
            "ZOOMSYNC_ZOOM__PLAN": "business",
            "ZOOMSYNC_SMTP__HOST": "127.0.0.1",
            "ZOOMSYNC_SMTP__PORT": str(sink.port),
            "ZOOMSYNC_SMTP__SECURITY": "none",
            "ZOOMSYNC_SMTP__USERNAME": "u",
            "ZOOMSYNC_SMTP__PASSWORD": "p",
            "ZOOMSYNC_LOG__LEVEL": "warning",
            **settings,
        }
        stage = Stage(folder, database, world, clock, zoom, sink, environment, spoiler=spoiler)
        yield stage
        assert confidential_in(stage.log()) == []
