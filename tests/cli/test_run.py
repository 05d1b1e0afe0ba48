"""The daemon as a real process: it works by itself, ends when told to, and two of them do no harm to one another.

The world's clock runs on from the same moment as the daemon's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.cli.conftest import Project, local
from zoomsync.clock import running_clock
from zoomsync.simulate.model_event import MODEL_MEETING_ID
from zoomsync.store.schema import Database

DEADLINE = local("2023-03-06 00:00")
PATIENCE_S = 40.0  # machines are slow at times; what is waited for ends the wait


@pytest.fixture
def daemons(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts daemons at a moment, from which the world's clock runs on too; ends them."""
    monkeypatch.setenv("ZOOMSYNC_SCHEDULE__SYNC_EVERY", "2s")
    monkeypatch.setenv("ZOOMSYNC_SCHEDULE__DELIVER_EVERY", "1s")
    monkeypatch.setenv("ZOOMSYNC_WEB__PORT", "0")
    started: list[subprocess.Popen[str]] = []

    def start(at: datetime, *words: str, failpoint: str = "") -> subprocess.Popen[str]:
        project.world.clock = running_clock(at)
        project.clock.move_to(at)
        started.append(project.start("run", *words, failpoint=failpoint))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.communicate()


def until(what: Callable[[], Any]) -> Any:
    """Wait until something is so, and give it."""
    give_up_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_at:
        if found := what():
            return found
        time.sleep(0.1)
    pytest.fail("it did not come to that in time", pytrace=True)


def ended(process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> tuple[int, float, str]:
    """Tell a daemon to end; gives its exit code, how long that took, and what it said."""
    process.send_signal(number)
    begun = time.monotonic()
    _, said = process.communicate(timeout=20)
    return process.returncode, time.monotonic() - begun, said


def sent(project: Project) -> int:
    return len(project.mails.messages)


def test_it_pulls_closes_to_the_minute_and_reminds_without_a_hand(project: Project, daemons: Any) -> None:
    project.world.populate(MODEL_MEETING_ID, 3)
    daemon = daemons(DEADLINE - timedelta(seconds=4))
    until(lambda: len(project.registrants()) == 3)
    until(lambda: project.world.meetings[MODEL_MEETING_ID].approval_type == 1)
    (record,) = until(lambda: project.rows("SELECT closed_at FROM meeting WHERE closed_at IS NOT NULL"))
    assert timedelta(0) <= datetime.fromisoformat(record["closed_at"]) - DEADLINE < timedelta(minutes=1)
    assert project.run("status", "--alive", "--now", project.world.clock().isoformat()).code == 0
    assert ended(daemon)[0] == 0

    daemon = daemons(local("2023-03-06 17:00"))
    until(lambda: sent(project) == 3)
    code, seconds, said = ended(daemon)
    assert (code, sent(project)) == (0, 3)
    assert seconds < 10
    assert "Traceback" not in said
    assert project.rows("SELECT * FROM daemon") == []
    assert project.rows("SELECT * FROM lease") == []
    assert project.run("status", "--alive", "--now", project.world.clock().isoformat()).code == 1


def test_a_changed_file_is_taken_up_and_a_broken_one_leaves_the_last_good_one_in_force(
    project: Project, daemons: Any
) -> None:
    file = project.write_event()
    good = file.read_text(encoding="utf-8")
    daemon = daemons(DEADLINE - timedelta(days=3))
    until(project.runs)
    file.write_text(good.replace("America/Guatemala", "GMT-6"), encoding="utf-8")
    daemon.send_signal(signal.SIGHUP)
    runs = len(project.runs())
    until(lambda: len(project.runs()) > runs + 1)
    file.write_text(good.replace("= 2023-03-05", "= 2023-03-04"), encoding="utf-8")
    daemon.send_signal(signal.SIGHUP)
    moved = "SELECT registration_deadline AS at FROM event WHERE registration_deadline LIKE '2023-03-05%'"
    until(lambda: project.rows(moved))
    code, _, said = ended(daemon)
    assert code == 0
    assert len([line for line in said.splitlines() if "GMT-6" in line]) == 1


def test_a_restart_with_a_broken_file_goes_on_with_the_last_good_one(project: Project, daemons: Any) -> None:
    file = project.write_event()
    at = DEADLINE - timedelta(days=3)
    first = daemons(at)
    until(project.runs)
    ended(first)
    file.write_text("title = ", encoding="utf-8")
    runs = len(project.runs())
    second = daemons(at + timedelta(hours=1))
    until(lambda: len(project.runs()) > runs)
    assert "its last good version stays in force" in ended(second)[2]


def test_a_second_daemon_on_the_same_file_is_refused_and_one_off_commands_work(project: Project, daemons: Any) -> None:
    at = DEADLINE - timedelta(days=3)
    daemons(at)
    until(project.runs)
    second = daemons(at)
    _, said = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 1
    assert "Another daemon (process" in said
    assert project.at(at + timedelta(minutes=1), "status").code == 0


@pytest.mark.parametrize("event_file", ["absent", "there"])
def test_with_nothing_to_work_with_it_says_all_that_is_lacking_in_one_line(
    project: Project, monkeypatch: pytest.MonkeyPatch, event_file: str
) -> None:
    project.file.unlink()
    for name in ("ACCOUNT_ID", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"ZOOMSYNC_ZOOM__{name}")
    if event_file == "absent":
        project.write_event().unlink()
    result = project.run("run")
    assert result.code == 2
    (line,) = result.complaints
    assert line.startswith(
        "zoomsync: Not configured yet. ZOOMSYNC_ZOOM__ACCOUNT_ID, ZOOMSYNC_ZOOM__CLIENT_ID and "
        "ZOOMSYNC_ZOOM__CLIENT_SECRET are not set: "
    )
    no_events = f"There is no event file in {project.folder}/config/events: zoomsync init writes a first one."
    assert (no_events in line) is (event_file == "absent")
    assert not project.file.exists()


def test_ctrl_c_ends_it_at_once(project: Project, daemons: Any) -> None:
    daemon = daemons(DEADLINE - timedelta(days=3))
    until(project.runs)
    code, seconds, said = ended(daemon, signal.SIGINT)
    assert (code, "Traceback" in said) == (0, False)
    assert seconds < 5


def test_told_to_end_it_ends_within_ten_seconds_although_zoom_hangs(project: Project, daemons: Any) -> None:
    project.world.faults.add("hang", path="/registrants", times=None, seconds=60)
    daemon = daemons(DEADLINE - timedelta(days=3))
    until(lambda: any("/registrants" in entry.path for entry in project.zoom.journal) or project.runs())
    time.sleep(0.5)
    code, seconds, _ = ended(daemon)
    assert code == 0
    assert seconds < 11


def test_killed_in_the_middle_the_next_one_goes_on_and_nobody_gets_it_twice(
    project: Project, daemons: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOOMSYNC_SMTP__CONNECTIONS", "1")  # the one message that is in hand is written down already
    project.world.populate(MODEL_MEETING_ID, 12)
    at = local("2023-03-06 16:59:50")
    daemon = daemons(at, failpoint="deliver.after_commit:5:kill")
    daemon.communicate(timeout=PATIENCE_S)
    assert daemon.returncode == -signal.SIGKILL
    daemons(at + timedelta(minutes=1))
    until(lambda: project.rows("SELECT count(*) AS n FROM outbox WHERE state = 'sent'")[0]["n"] == 12)
    assert set(Counter(mail.rcpt_to[0] for mail in project.mails.messages).values()) == {1}


def test_one_events_trouble_does_not_delay_the_others(project: Project, daemons: Any) -> None:
    project.add_other_event()
    project.world.faults.add("hang", path=f"/{MODEL_MEETING_ID}", times=None, seconds=60)
    daemons(DEADLINE - timedelta(days=3))
    until(lambda: len(project.registrants("taller-2023")) == 2)


def test_a_newer_schema_ends_it_with_the_reason(project: Project, daemons: Any) -> None:
    daemon = daemons(DEADLINE - timedelta(days=3))
    until(project.runs)
    database = Database(f"sqlite:///{project.file}")
    database.write(lambda db: db.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    database.close()
    daemon.send_signal(signal.SIGHUP)
    _, said = daemon.communicate(timeout=PATIENCE_S)
    assert daemon.returncode == 1
    assert "upgrade zoomsync" in said


def test_a_look_at_the_files_that_the_database_fails_ends_no_daemon(project: Project, daemons: Any) -> None:
    daemon = daemons(DEADLINE - timedelta(days=3))
    until(project.runs)
    database = Database(f"sqlite:///{project.file}")
    database.write(lambda db: db.execute(text("ALTER TABLE daemon RENAME TO away")))
    lines: list[str] = []
    listener = threading.Thread(target=lambda: lines.extend(daemon.stderr))
    listener.start()
    daemon.send_signal(signal.SIGHUP)
    until(lambda: any("job=beat" in line for line in lines) or daemon.poll() is not None)
    time.sleep(0.2)
    assert daemon.poll() is None
    database.write(lambda db: db.execute(text("ALTER TABLE away RENAME TO daemon")))
    database.close()
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(20) == 0
    listener.join()


# ---------------------------------------------------------------------------------------------------- several of them


@pytest.fixture
def on_postgres(project: Project, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("ZOOMSYNC_DATABASE_URL", postgres_url)
    database = Database(postgres_url)
    yield database
    database.close()


def ask(database: Database, query: str) -> list[Any]:
    with database.read() as db:
        return list(db.execute(text(query)))


def test_two_daemons_on_one_postgres_share_the_work_and_one_may_be_killed(
    project: Project, daemons: Any, on_postgres: Database
) -> None:
    project.world.populate(MODEL_MEETING_ID, 20)
    at = local("2023-03-06 16:59:55")
    first, second = daemons(at), daemons(at)
    until(lambda: len(ask(on_postgres, "SELECT 1 FROM daemon")) == 2)
    until(lambda: sent(project) > 0)
    first.kill()
    first.communicate()  # until it is waited for, its process is there still
    # What the killed one had on its way is in doubt, and goes once more in ten minutes.
    settled = "SELECT count(*) FROM outbox WHERE state IN ('sent', 'in_doubt') AND kind = 'before:1d 17:00'"
    until(lambda: ask(on_postgres, settled)[0][0] == 20)
    doubts = {row[0] for row in ask(on_postgres, "SELECT registrant_row FROM outbox WHERE in_doubt > 0")}
    times = Counter(mail.rcpt_to[0] for mail in project.mails.messages)
    assert max(times.values()) == 1
    assert len(times) >= 20 - len(doubts)
    assert ended(second)[0] == 0


def test_while_daemons_read_different_files_nothing_that_changed_is_acted_on(
    project: Project, daemons: Any, on_postgres: Database
) -> None:
    at = DEADLINE - timedelta(days=3)
    file = project.write_event()
    daemons(at)
    until(lambda: ask(on_postgres, "SELECT 1 FROM sync_run WHERE state = 'ok'"))
    # The second one has a folder of its own, with another deadline in it.
    other = project.folder / "other"
    other.mkdir()
    changed = file.read_text(encoding="utf-8").replace("= 2023-03-05", "= 2023-03-01")
    (other / file.name).write_text(changed, encoding="utf-8")
    os.environ["ZOOMSYNC_EVENTS_DIR"] = "other"
    try:
        second = daemons(project.world.clock())
    finally:
        del os.environ["ZOOMSYNC_EVENTS_DIR"]
    until(lambda: len(ask(on_postgres, "SELECT 1 FROM daemon")) == 2)
    runs = ask(on_postgres, "SELECT count(*) FROM sync_run")[0][0]
    until(lambda: ask(on_postgres, "SELECT count(*) FROM sync_run")[0][0] > runs + 3)
    assert project.world.meetings[MODEL_MEETING_ID].approval_type == 0
    assert "another daemon reads a different file of this event" in ended(second)[2]
