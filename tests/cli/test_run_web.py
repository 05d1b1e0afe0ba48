"""The daemon's web part in a real process: webhook to sync, mail to unsubscribing, and a port that is taken."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
import requests

from tests.cli.conftest import Project, local
from tests.cli.test_run import ended, until
from zoomsync.clock import running_clock
from zoomsync.simulate.model_event import MODEL_MEETING_ID
from zoomsync.simulate.people import believable_people
from zoomsync.simulate.webhooks import Webhooks

SECRET = "canary-webhook-secret"
PUBLIC = "https://avisos.example.org/zoom"


@pytest.fixture
def port(project: Project, monkeypatch: pytest.MonkeyPatch) -> int:
    """The web part's port; events are pulled every hour and mail goes every second."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    for name, value in {
        "WEB__PORT": str(port),
        "WEB__PUBLIC_URL": PUBLIC,
        "ZOOM__WEBHOOK_SECRET": SECRET,
        "SCHEDULE__SYNC_EVERY": "1h",
        "SCHEDULE__DELIVER_EVERY": "1s",
        "LOG__LEVEL": "debug",
    }.items():
        monkeypatch.setenv(f"ZOOMSYNC_{name}", value)
    return port


@pytest.fixture
def daemon(project: Project) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts a daemon at a local time, from which the world's clock runs on too; ends it."""
    started: list[subprocess.Popen[str]] = []

    def start(at: str) -> subprocess.Popen[str]:
        project.world.clock = running_clock(local(at))
        project.clock.move_to(local(at))
        started.append(project.start("run"))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def answers(port: int, path: str) -> int | None:
    try:
        return requests.get(f"http://127.0.0.1:{port}{path}", timeout=10).status_code
    except requests.ConnectionError:
        return None


def test_a_webhook_has_the_event_pulled_long_before_its_turn(project: Project, port: int, daemon: Any) -> None:
    process = daemon("2023-03-01 12:00")
    until(lambda: ("ok", "") in project.runs() and answers(port, "/readyz") == 200)
    assert project.registrants() == {}
    # Zoom tells of whoever registers; and somebody who knows the secret tells, three times, of somebody who does not.
    Webhooks(project.world, f"http://127.0.0.1:{port}/webhooks/zoom", SECRET).start()
    project.world.populate(MODEL_MEETING_ID, 2)
    project.world.register(MODEL_MEETING_ID, next(believable_people(1, seed=9)))

    sent_at = str(int(project.world.clock().timestamp()))
    thing = {"id": MODEL_MEETING_ID, "registrant": {"email": "forged@example.org"}}
    body = json.dumps({"event": "meeting.registration_created", "payload": {"object": thing}}).encode()
    signature = hmac.new(SECRET.encode(), f"v0:{sent_at}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {"x-zm-request-timestamp": sent_at, "x-zm-signature": f"v0={signature}"}
    for _ in range(3):
        answer = requests.post(f"http://127.0.0.1:{port}/webhooks/zoom", body, headers=headers, timeout=3)
        assert answer.status_code == 204

    people = until(project.registrants)
    assert len(people) == 3
    assert "forged@example.org" not in people
    assert len(project.runs()) == 2
    code, seconds, said = ended(process)
    assert (code, seconds < 10) == (0, True)
    assert signature not in said
    assert SECRET not in said


def test_from_a_mails_header_to_no_further_reminder(project: Project, port: int, daemon: Any) -> None:
    project.world.populate(MODEL_MEETING_ID, 2)
    process = daemon("2023-03-06 16:59:55")
    until(lambda: len(project.mails.messages) == 2)
    mail: Message = message_from_bytes(project.mails.messages[0].content)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    first, second = re.findall(r"<([^>]+)>", mail["List-Unsubscribe"])
    assert first.startswith(f"{PUBLIC}/u/")
    assert second.startswith("mailto:")
    assert f"{first}\n" in _text_of(mail)
    path = first.removeprefix(PUBLIC)

    assert answers(port, path) == 200
    assert project.rows("SELECT * FROM opt_out") == []
    # As Gmail does it.
    answer = requests.post(
        f"http://127.0.0.1:{port}{path}", {"List-Unsubscribe": "One-Click"}, timeout=10, allow_redirects=False
    )
    assert answer.status_code == 200
    (row,) = project.rows("SELECT email, via FROM opt_out")
    unwilling = project.mails.messages[0].rcpt_to[0]
    assert row == {"email": unwilling, "via": "link"}
    code, seconds, said = ended(process)
    assert (code, seconds < 10) == (0, True)
    assert "no more reminders wanted" in said
    assert path.rpartition("-")[2] not in said
    assert unwilling not in said

    before = len(project.mails.messages)
    process = daemon("2023-03-07 07:00")
    until(lambda: len(project.mails.messages) > before)
    ended(process)
    assert unwilling not in [mail.rcpt_to[0] for mail in project.mails.messages[before:]]
    (kept_back,) = project.rows(
        "SELECT state FROM outbox o JOIN registrant r ON r.id = o.registrant_row"
        " WHERE r.email = :email AND o.kind = 'before:1h' AND o.due_at < '2023-03-08'",
        email=unwilling,
    )
    assert kept_back["state"] in ("cancelled", "skipped")


def _text_of(mail: Message) -> str:
    part = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")


def test_a_port_that_is_taken_stops_nothing_and_is_tried_again(project: Project, port: int, daemon: Any) -> None:
    with socket.create_server(("127.0.0.1", port)):
        process = daemon("2023-03-01 12:00")
        until(lambda: ("ok", "") in project.runs())
    until(lambda: answers(port, "/healthz") == 200)
    code, _, said = ended(process)
    assert code == 0
    assert said.count(f"cannot listen on 127.0.0.1, port {port}") == 1
    assert "Traceback" not in said


def test_without_a_web_part_nothing_listens_and_mails_offer_no_click(
    project: Project, port: int, daemon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOOMSYNC_WEB__ENABLED", "false")
    project.world.populate(MODEL_MEETING_ID, 1)
    process = daemon("2023-03-06 16:59:55")
    until(lambda: project.mails.messages)
    assert answers(port, "/healthz") is None
    mail = message_from_bytes(project.mails.messages[0].content)
    assert mail["List-Unsubscribe-Post"] is None
    assert mail["List-Unsubscribe"].startswith("<mailto:")
    assert ended(process)[0] == 0


def test_an_open_connection_does_not_keep_the_daemon(project: Project, port: int, daemon: Any) -> None:
    process = daemon("2023-03-01 12:00")
    until(lambda: answers(port, "/healthz") == 200)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST /webhooks/zoom HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n")
        code, seconds, _ = ended(process)
    assert code == 0
    assert seconds < timedelta(seconds=10).total_seconds()
