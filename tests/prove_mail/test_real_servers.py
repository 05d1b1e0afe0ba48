"""Two hundred people reminded through Postfix and Dovecot, over STARTTLS and a login, with everything restarted."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.prove.invariants import check
from tests.prove.stage import DUE, EXPIRES, Stage, staged
from tests.prove.test_database_faults import own_postgres
from tests.prove_mail.servers import NAME, PASSWORD, MailHost, lacking, mail_host
from zoomsync.store.schema import Database

PEOPLE = 200
MOST_POINTS = 1.0

pytestmark = pytest.mark.skipif(bool(lacking()), reason=lacking() or "all is there")


@pytest.fixture
def host() -> Iterator[MailHost]:
    folder = Path(tempfile.mkdtemp(prefix="zoomsync-mail-"))
    folder.chmod(0o755)
    try:
        with mail_host(folder) as host:
            yield host
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Mailbox:
    """What arrived, as `invariants` reads it."""

    def __init__(self, host: MailHost) -> None:
        self.host = host

    def lines(self) -> list[tuple[str, str, str]]:
        return [(mail["Message-ID"], mail["To"].addresses[0].addr_spec, "") for mail in self.host.delivered()]


def settings(host: MailHost) -> dict[str, str]:
    return {
        "ZOOMSYNC_SMTP__HOST": "localhost",
        "ZOOMSYNC_SMTP__PORT": str(host.port),
        "ZOOMSYNC_SMTP__SECURITY": "starttls",
        "ZOOMSYNC_SMTP__USERNAME": NAME,
        "ZOOMSYNC_SMTP__PASSWORD": PASSWORD,
        "SSL_CERT_FILE": str(host.folder / "localhost.crt"),
    }


def all_delivered(stage: Stage, host: MailHost) -> list[Any]:
    """Remind until nothing waits; judge, and give the mails."""
    waits = (
        "SELECT id FROM outbox WHERE (due_at <= :now OR state <> 'pending')"
        " AND state NOT IN ('sent', 'failed', 'skipped', 'cancelled') AND NOT (state = 'in_doubt' AND in_doubt > 1)"
    )
    while stage.now < EXPIRES:
        stage.start("remind").wait()
        if not stage.rows(waits, now=stage._now()):
            break
        stage.advance(timedelta(minutes=11))
    host.wait_for_the_queue()
    stage.sink = Mailbox(host)  # type: ignore[assignment]
    tally = check(stage)
    assert (tally.rows, tally.never) == (PEOPLE, 0)
    mails = host.delivered()
    copies = Counter(mail["Message-ID"] for mail in mails)
    assert len(copies) == PEOPLE
    assert sum(copies.values()) == PEOPLE + tally.duplicates
    return mails


def meanwhile(stage: Stage, sent: int, act: Callable[[], None]) -> threading.Thread:
    """Do something once that many are written down as sent."""

    def wait_and_act() -> None:
        give_up_at = time.monotonic() + 60
        while len(stage.rows("SELECT id FROM outbox WHERE state = 'sent'")) < sent:
            assert time.monotonic() < give_up_at
            time.sleep(0.02)
        act()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


@pytest.mark.timeout(300)
def test_everybody_gets_one_mail_that_reads_well(host: MailHost, sqlite_url: str, tmp_path: Path) -> None:
    host.configure(greylisted="^[a-e]")
    host.reload()
    with staged(tmp_path / "project", sqlite_url, PEOPLE, **settings(host)) as stage:
        stage.move_to(DUE)
        stage.start("remind").wait()
        put_off = len(stage.rows("SELECT id FROM outbox WHERE state = 'deferred'"))
        assert 20 < put_off < PEOPLE
        host.configure()
        host.reload()
        stage.advance(timedelta(minutes=11))
        mails = all_delivered(stage, host)
        assert len(mails) == PEOPLE
        for mail in mails:
            kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
            assert kinds[:2] == ["text/plain", "text/html"]
            assert "text/calendar" in kinds
            assert [part.defects for part in mail.walk() if part.defects] == []
    for mail in mails:
        del mail["Received"]  # of today, while the mail says that it was written in 2023
    points = [judged(mail.as_bytes()) for mail in mails[::40]]
    assert max(points) <= MOST_POINTS, points


def judged(data: bytes) -> float:
    said = subprocess.run(["spamassassin", "-L", "-t"], input=data, capture_output=True, check=True, timeout=60).stdout
    found = re.search(rb"Content analysis details:\s+\(?(-?[\d.]+) points", said)
    assert found is not None
    return float(found[1])


@pytest.mark.timeout(300)
def test_postfix_and_postgres_may_be_restarted_in_the_middle(host: MailHost, tmp_path: Path) -> None:
    def restart_postfix() -> None:
        host.stop_postfix()
        time.sleep(2)
        host.start_postfix()

    with own_postgres() as server:
        url = server.url + "postgres"
        database = Database(url)
        database.upgrade()
        database.close()
        with staged(tmp_path / "project", url, PEOPLE, **settings(host)) as stage:
            stage.move_to(DUE)
            thread = meanwhile(stage, 60, restart_postfix)
            stage.start("remind").wait()
            thread.join()
            thread = meanwhile(stage, 100, server.restart)
            stage.start("remind").wait()
            thread.join()
            stage.database.close()
            all_delivered(stage, host)
