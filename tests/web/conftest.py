"""The web part on a real socket of loopback, over a database with the model event in it."""

from __future__ import annotations

import http.client
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.builders import make_event
from tests.outbox_world import World, make_world
from zoomsync.clock import SteppedClock
from zoomsync.domain.links import unsubscribe_token
from zoomsync.domain.records import Event
from zoomsync.jobs.late import Decided
from zoomsync.store import daemons, events
from zoomsync.store.schema import Database
from zoomsync.web.admin.site import Admin
from zoomsync.web.app import web_application
from zoomsync.web.server import WebServer

OWNER = "host/1/x"
SECRET = "canary-webhook-secret"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Site:
    """The web part and what it stands on."""

    address: str
    database: Database
    clock: SteppedClock
    world: World

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def link(self, person: int = 0) -> str:
        """The path of a person's link (counted from 0)."""
        return f"/u/{unsubscribe_token(self.database.write(events.link_key), self.world.rows[person])}"

    def beat(self) -> None:
        """Have the daemon be heard of."""
        self.database.write(lambda db: daemons.beat(db, OWNER, {}, version="1", now=self.clock()))


Opener = Callable[..., Site]


def serving(server: WebServer) -> Iterator[str]:
    """The address of a server, which is ended afterwards."""
    yield server.start()
    server.stop()
    give_up_at = time.monotonic() + 10
    while server.listens and time.monotonic() < give_up_at:
        time.sleep(0.01)
    assert not server.listens, "the server did not end"


def make_admin(token: str, **changes: Any) -> Admin:
    """What `/admin/` stands on: the model event's file, and nobody to ask on Zoom."""

    def nobody_decides(event: Event, email: str, action: str, actor: str) -> Decided:
        raise AssertionError("looking decides nothing")

    parts = {
        "files": lambda: [make_event()],
        "decide": nobody_decides,
        "stored_file": lambda known: make_event(),
        "retention_days": 90,
    }
    return Admin(token=token, **(parts | changes))


@pytest.fixture
def open_site(database: Database, clock: SteppedClock, now: datetime) -> Iterator[Opener]:
    """Opens web parts over this test's database, with settings of the test's own."""
    running: list[Iterator[str]] = []
    world = make_world(database, now, people=3)

    def open_one(**settings: Any) -> Site:
        settings = {"database": database, "clock": clock, "lease_clock": clock, "owner": OWNER} | settings
        running.append(serving(WebServer(web_application(**settings), host="127.0.0.1", port=0)))
        return Site(next(running[-1]), settings["database"], clock, world)

    yield open_one
    for one in running:
        next(one, None)


@pytest.fixture
def site(open_site: Opener) -> Site:
    """A web part that hears webhooks, behind a public https address."""
    return open_site(public_url="https://avisos.example.org", webhook_secret=SECRET)


@pytest.fixture
def logs(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Everything that was logged, by whomever and at whatever level, with what was given as `extra`."""
    caplog.set_level(logging.DEBUG)
    return lambda: "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
