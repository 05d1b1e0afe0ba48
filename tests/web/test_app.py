"""What every answer of the web part gets, and how errors are told."""

from __future__ import annotations

import asyncio
import select
import socket
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.types import Message

from tests.web.conftest import OWNER, Opener, Site, serving
from zoomsync.clock import SteppedClock
from zoomsync.store.schema import Database
from zoomsync.web import answers
from zoomsync.web.app import web_application
from zoomsync.web.server import WebServer


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/u/none", "/nothing", "/webhooks/zoom"])
def test_every_answer_has_the_headers_that_keep_a_browser_in_bounds(site: Site, path: str) -> None:
    headers = site.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert "server" not in headers
    assert "set-cookie" not in headers


@pytest.mark.parametrize("public_url", [None, "http://avisos.example.org"])
def test_https_is_asked_for_only_where_there_is_https(open_site: Opener, public_url: str | None) -> None:
    assert "strict-transport-security" not in open_site(public_url=public_url).get("/healthz").headers


@pytest.mark.parametrize(
    "path", ["/", "/admin/", "/admin", "/c/", "/u/", "/healthz/", "/webhooks", "/../etc/passwd", "//example.org"]
)
def test_what_is_not_there_is_404_on_one_plain_line_and_no_redirect(site: Site, path: str) -> None:
    answer = site.get(path)
    assert (answer.status, answer.text) == (404, "Not Found\n")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("POST", "/healthz", "GET"), ("DELETE", "/u/x", "GET"), ("GET", "/webhooks/zoom", "POST")],
)
def test_a_wrong_method_is_405(site: Site, method: str, path: str, allowed: str) -> None:
    answer = site.ask(method, path)
    assert answer.status == 405
    assert allowed in answer.headers["allow"]


def test_without_a_database_it_says_to_come_again_and_no_more(
    open_site: Opener, tmp_path: Path, logs: Callable[[], str]
) -> None:
    site = open_site(database=Database(f"sqlite:///{tmp_path}/nowhere.db"))
    for path in ("/u/17-" + "0" * 32, "/metrics"):
        answer = site.get(path)
        assert answer.status == 503
        assert "nowhere" not in answer.text
        assert "0" * 32 not in logs()
    assert "nowhere.db" in logs()


def test_what_nobody_foresaw_is_one_line_for_the_visitor_and_told_to_the_operator(
    open_site: Opener, logs: Callable[[], str]
) -> None:
    def broken() -> None:
        raise RuntimeError("spilt milk")

    site = open_site(clock=broken)
    answer = site.ask("POST", site.link())
    assert (answer.status, answer.text) == (500, "Something went wrong.\n")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "something unforeseen" in logs()
    assert site.link() not in logs()


def test_a_visitor_who_leaves_in_the_middle_is_no_trouble(
    database: Database, clock: SteppedClock, logs: Callable[[], str]
) -> None:
    application = web_application(database=database, clock=clock, lease_clock=clock, owner=OWNER)
    scope = {"type": "http", "method": "POST", "path": "/u/x", "query_string": b"", "headers": []}
    coming: list[Message] = [{"type": "http.request", "body": b"short", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Message:
        return coming.pop(0)

    async def send(message: Message) -> None:
        pass

    asyncio.run(application(scope, receive, send))
    assert coming == []
    assert "unforeseen" not in logs()


def test_who_sends_too_much_is_heard_out_and_then_answered(site: Site) -> None:
    """Whoever is cut off while sending never sees the answer."""
    parts = urlsplit(site.address)
    with socket.create_connection((str(parts.hostname), parts.port or 0), timeout=10) as connection:
        connection.sendall(b"POST /u/x HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 1_000_000)
        assert select.select([connection], [], [], 0.3)[0] == []
        connection.sendall(b"x" * 1_000_000)
        assert b" 413 " in connection.recv(1000).split(b"\r\n")[0]


def test_a_body_that_does_not_come_is_not_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "READ_S", 0.1)
    parts = urlsplit(site.address)
    with socket.create_connection((str(parts.hostname), parts.port or 0), timeout=10) as connection:
        connection.sendall(b"POST /u/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nshort")
        assert b" 408 " in connection.recv(1000).split(b"\r\n")[0]


def test_a_port_that_is_taken_is_an_error_of_the_system(site: Site) -> None:
    port = urlsplit(site.address).port or 0
    with pytest.raises(OSError, match="in use"):
        WebServer(lambda *_: None, host="127.0.0.1", port=port).start()  # type: ignore[arg-type, return-value]


def test_a_visitor_who_goes_on_sending_does_not_keep_it_from_ending(database: Database, clock: SteppedClock) -> None:
    application = web_application(database=database, clock=clock, lease_clock=clock, owner=OWNER)
    running = serving(WebServer(application, host="127.0.0.1", port=0))
    parts = urlsplit(next(running))
    with socket.create_connection((str(parts.hostname), parts.port or 0), timeout=10) as connection:
        connection.sendall(b"POST /u/x HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n")
        begun = time.monotonic()
        next(running, None)
        assert time.monotonic() - begun < 8
