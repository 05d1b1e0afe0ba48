"""The account tells an address of what changes: signed, after Zoom's challenge."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.builders import utc
from zoomsync.clock import SteppedClock
from zoomsync.simulate.model_event import MODEL_MEETING_ID
from zoomsync.simulate.people import believable_people
from zoomsync.simulate.webhooks import SECRET, Webhooks
from zoomsync.simulate.world import World


class Receiver(HTTPServer):
    """Knows the secret, and keeps what is truly signed. heard: (event, what it is about) in order."""

    def __init__(self, secret: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key = secret.encode()
        self.heard: list[tuple[str, Any]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/hooks"

    def signed(self, message: bytes) -> str:
        return hmac.new(self.key, message, hashlib.sha256).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        at = self.headers["x-zm-request-timestamp"]
        document, answer = json.loads(body), b""
        if self.headers["x-zm-signature"] == f"v0={self.server.signed(f'v0:{at}:'.encode() + body)}":
            self.server.heard.append((document["event"], document["payload"].get("object")))
        if document["event"] == "endpoint.url_validation":
            token = document["payload"]["plainToken"]
            answer = json.dumps({"plainToken": token, "encryptedToken": self.server.signed(token.encode())}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def world() -> World:
    return World.model_account(SteppedClock(utc(2023, 3, 1)))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(SECRET) as receiver:
        thread = threading.Thread(target=receiver.serve_forever, args=(0.01,))
        thread.start()
        yield receiver
        receiver.shutdown()
        thread.join()


def test_everything_that_people_do_is_told_in_order(world: World, receiver: Receiver) -> None:
    hooks = Webhooks(world, receiver.url)
    hooks.start()
    first, second = believable_people(2)
    world.register(MODEL_MEETING_ID, first)
    world.set_in_portal(MODEL_MEETING_ID, approval_type=1)
    waits = world.register(MODEL_MEETING_ID, second)
    world.change_status(MODEL_MEETING_ID, waits, "denied")
    world.cancel_by_self(MODEL_MEETING_ID, first["email"])
    while sum(hooks.counts.values()) < 6:
        time.sleep(0.01)
    assert [event for event, _ in receiver.heard] == [
        "endpoint.url_validation",
        "meeting.registration_created",
        "meeting.registration_approved",
        "meeting.updated",
        "meeting.registration_created",
        "meeting.registration_denied",
        "meeting.registration_cancelled",
    ]
    assert hooks.counts == {"delivered": 6, "failed": 0}
    created = receiver.heard[1][1]
    assert (created["id"], created["registrant"]["email"]) == (str(MODEL_MEETING_ID), first["email"])


def test_an_address_that_does_not_know_the_secret_is_told_nothing(world: World, receiver: Receiver) -> None:
    with pytest.raises(ValueError, match="does not know the secret"):
        Webhooks(world, receiver.url, "another").start()
    with pytest.raises(ValueError, match="does not answer the challenge"):
        Webhooks(world, "http://127.0.0.1:9/hooks").start()
    world.register(MODEL_MEETING_ID, next(believable_people(1)))
    assert receiver.heard == []
