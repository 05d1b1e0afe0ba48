"""How fast due reminders go out, beside the least that any sender could do.

The floor: equal messages (text, HTML, calendar entry, the same headers) built with `email` and sent with smtplib over
as many connections, with no template, no claim, no mark, and nothing written down. Both talk to a mail sink in a
process of its own. Start-up is left out by taking slopes: seconds a message between 300 and 5,000 messages. Each run
is a process of its own, the two take turns, and medians of their ratios are printed. SQLite has synchronous FULL, as
always, and Postgres fsync.

python -m tests.benchmarks.delivery [RUNS]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from tests.mail_sink import sink_process

FEW, MANY, RUNS = 300, 5_000, 3
NOW = datetime(2023, 3, 7, 13, tzinfo=UTC)
TARGETS = {("sqlite", 1): 0.6, ("sqlite", 4): 0.8, ("postgres", 1): 0.8, ("postgres", 4): 0.8}


# ------------------------------------------------------------------------------------------- what a child process does


def ours(port: int, url: str, messages: int, connections: int) -> float:
    """Seconds that the command's own delivery takes for so many reminders that are due."""
    from sqlalchemy import text

    from tests.builders import make_event
    from tests.outbox_world import make_world
    from zoomsync.app import App, spare_the_collector
    from zoomsync.clock import fixed_clock
    from zoomsync.settings import load_settings
    from zoomsync.store.schema import Database

    database = Database(url)
    database.upgrade()
    event = make_event()
    world = make_world(database, NOW - timedelta(days=3), messages, event=event)
    world.plan(*range(messages), now=NOW)
    database.close()
    environment = {
        "ZOOMSYNC_DATABASE_URL": url,
        "ZOOMSYNC_SMTP__HOST": "127.0.0.1",
        "ZOOMSYNC_SMTP__PORT": str(port),
        "ZOOMSYNC_SMTP__SECURITY": "none",
        "ZOOMSYNC_SMTP__CONNECTIONS": str(connections),
    }
    app = App(load_settings(None, cwd=Path.cwd(), environ=environment), clock=fixed_clock(NOW), rehearsed_at=None)
    spare_the_collector()  # as every command does
    deliverer = app.deliverer({world.event_id: event})
    begun = time.perf_counter()
    deliverer.deliver()
    seconds = time.perf_counter() - begun
    with app.database.read() as db:
        sent = db.scalar(text("SELECT count(*) FROM outbox WHERE state = 'sent'"))
    assert sent == messages
    app.close()
    return seconds


def floor(port: int, url: str, messages: int, connections: int) -> float:
    """Seconds that the plainest sender takes for equal messages. url: of no use to it."""
    import smtplib

    build = plain_builder()
    numbers, lock = iter(range(messages)), threading.Lock()

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="bench") as smtp:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                smtp.send_message(build(number))

    threads = [threading.Thread(target=send) for _ in range(connections)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begun


def rendering(port: int, url: str, messages: int, connections: int) -> float:
    """Seconds for writing so many messages, without database and mail server."""
    render = our_renderer()
    begun = time.perf_counter()
    for number in range(messages):
        render(number)
    return time.perf_counter() - begun


def building(port: int, url: str, messages: int, connections: int) -> float:
    """Seconds for the floor's way of writing them."""
    build = plain_builder()
    begun = time.perf_counter()
    for number in range(messages):
        build(number).as_bytes()
    return time.perf_counter() - begun


def our_renderer() -> Callable[[int], Any]:
    from tests.builders import make_event, make_registrant, make_session
    from zoomsync.mail.headers import message_id
    from zoomsync.mail.render import MessageRequest, Renderer

    renderer, event, session = Renderer(), make_event(), make_session()

    def render(number: int) -> Any:
        person = make_registrant(number)
        identifier = message_id("bench", person.meeting_id, person.registrant_id, "s1", "before:1h", "", "example.org")
        return renderer.render(MessageRequest(event, person, "before:1h", NOW, identifier, sessions=(session,)))

    return render


def plain_builder() -> Callable[[int], Any]:
    """Builds messages equal to ours with `email`, from one of ours whose personal parts are put in anew."""
    from email import message_from_bytes, policy
    from email.message import EmailMessage
    from email.utils import format_datetime

    from tests.builders import make_registrant

    sample = our_renderer()(0)
    parsed = message_from_bytes(sample.data, policy=policy.default)
    (attached,) = parsed.iter_attachments()
    entry = attached.get_content()
    link = make_registrant(0).join_url
    copied = {name: str(parsed[name]) for name in ("From", "Reply-To", "Subject", "Auto-Submitted", "List-Id")}
    unsubscribe = str(parsed["List-Unsubscribe"])

    def build(number: int) -> EmailMessage:
        person = make_registrant(number)
        message = EmailMessage()
        for name, value in copied.items():
            message[name] = value
        message["To"] = f"{person.first_name} {person.last_name} <{person.email}>"
        message["Date"] = format_datetime(NOW)
        message["Message-ID"] = f"<{uuid.uuid4().hex}@example.org>"
        message["List-Unsubscribe"] = unsubscribe
        message.set_content(sample.text.replace(link, person.join_url))
        message.add_alternative(sample.html.replace(link, person.join_url), subtype="html")
        message.add_attachment(
            entry.replace(link, person.join_url),
            subtype="calendar",
            params={"method": "PUBLISH"},
            filename="invite.ics",
        )
        return message

    return build


# -------------------------------------------------------------------------------------------------- the measurements


def run(what: str, port: int, url: str, messages: int, connections: int) -> float:
    words = [sys.executable, "-m", "tests.benchmarks.delivery", "child", what, str(port), url]
    done = subprocess.run([*words, str(messages), str(connections)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return float(json.loads(done.stdout))


def seconds_a_message(what: str, port: int, urls: Iterator[str], connections: int) -> float:
    few = run(what, port, next(urls), FEW, connections)
    return (run(what, port, next(urls), MANY, connections) - few) / (MANY - FEW)


def sqlite_urls() -> Iterator[str]:
    while True:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/bench.db"


def postgres_urls() -> Iterator[str]:
    from tests import postgres

    os.environ[postgres.FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="zoomsync-", suffix=f"-{os.getpid()}")
    os.environ[postgres.FSYNC_VARIABLE] = "1"
    while True:
        name = f"bench_{uuid.uuid4().hex}"
        postgres.execute(f"CREATE DATABASE {name}")
        yield postgres.server_url() + name
        postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


def main(runs: int) -> None:
    urls = {"sqlite": sqlite_urls(), "postgres": postgres_urls()}
    with sink_process() as port:
        alone = [
            (
                seconds_a_message("rendering", port, urls["sqlite"], 1),
                seconds_a_message("building", port, urls["sqlite"], 1),
            )
            for _ in range(runs)
        ]
        mine, theirs = (median(column) * 1e6 for column in zip(*alone, strict=True))
        print(f"writing a message       {mine:6.0f} us; {theirs:6.0f} us with email", flush=True)
        for (kind, connections), target in TARGETS.items():
            pairs = [
                (seconds_a_message("floor", port, urls["sqlite"], connections),
                 seconds_a_message("ours", port, urls[kind], connections))
                for _ in range(runs)
            ]  # fmt: skip
            ratio = median(theirs / mine for theirs, mine in pairs)
            rate, other = (1 / median(column) for column in zip(*pairs, strict=True))
            print(
                f"{kind:8} {connections} connection{'s' if connections > 1 else ' '}  {ratio:6.2f} of the floor's rate"
                f" (at least {target}); {other:5.0f} a second, the floor {rate:5.0f}",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        act = {"ours": ours, "floor": floor, "rendering": rendering, "building": building}[sys.argv[2]]
        print(json.dumps(act(int(sys.argv[3]), sys.argv[4], int(sys.argv[5]), int(sys.argv[6]))))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else RUNS)
