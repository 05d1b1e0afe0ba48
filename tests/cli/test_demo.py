"""`zoomsync demo`: the model event's life to its end, with what is left behind to look at."""

from __future__ import annotations

import os
import subprocess
import sys
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from zoomsync.cli import main

# One demo is played for all of them.
pytestmark = pytest.mark.xdist_group("demo")

# Settings of somebody's own, which a demo must not follow.
SURROUNDINGS = {
    "ZOOMSYNC_ZOOM__API_URL": "http://127.0.0.1:1/v2",
    "ZOOMSYNC_DATABASE_URL": "sqlite:///mine.db",
    "ZOOMSYNC_SMTP__HOST": "smtp.example.org",
}


@pytest.fixture
def folder(clean_environment: Path, process_restored: None) -> Path:
    """An empty folder to stand in."""
    return clean_environment


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder where a demo was played again, as a process of its own, and what it told."""
    folder = tmp_path_factory.mktemp("demo")
    left = folder / "zoomsync-demo" / "config"
    left.mkdir(parents=True)
    (left / "zoomsync.toml").write_text("# Written by zoomsync demo. Long ago.\n", encoding="utf-8")
    (left.parent / "zoomsync.db").write_text("what an earlier demo left", encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "zoomsync", "demo", "--fast"],
        cwd=folder, env=os.environ | SURROUNDINGS, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    return folder, ended.stdout


def test_demo_tells_the_whole_life_of_the_event(played: tuple[Path, str]) -> None:
    _, said = played
    for words in (
        "times are those of America/Guatemala",
        "The event is announced, and registration opens on Zoom.",
        "1 cancelled",
        "sync again: 27 pulled, nothing changes",
        "The deadline: 5 March is over in Guatemala.",
        "registration is closed, read back from Zoom",
        "Somebody registers, seven minutes late.",
        "1 late, left waiting",
        "remind: before:1d 17:00 of Sesión 1: 27 sent, 27 arrived",
        "remind: before:1h of Sesión 2: 27 sent, 27 arrived",
        "Sesión 2 is over; took part: 16 identified and 2 not",
        "reminders     108 sent, 0 failed; 108 arrived",
    ):
        assert words in said
    assert "NOT CLOSED" not in said


def test_demo_leaves_mails_database_and_report_and_nothing_else(played: tuple[Path, str]) -> None:
    folder, _ = played
    assert [path.name for path in folder.iterdir()] == ["zoomsync-demo"]
    mails = sorted((folder / "zoomsync-demo" / "mails").iterdir())
    assert len(mails) == 108
    first = message_from_bytes(mails[0].read_bytes(), policy=policy.default)
    assert str(first["Subject"]).startswith("Mañana martes 7")
    assert (folder / "zoomsync-demo" / "zoomsync.db").exists()
    page = (folder / "zoomsync-demo" / "report.html").read_text(encoding="utf-8")
    assert "Encuentro de Justicia Abierta 2023" in page
    assert "Asistieron" in page


def test_what_the_demo_says_to_type_next_works(
    played: tuple[Path, str], folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, said = played
    monkeypatch.chdir(stage)
    proposed = [line.split()[1:] for line in said.partition("To type next\n")[2].splitlines() if "--config" in line]
    assert [words[0] for words in proposed] == ["status", "timeline", "attendance", "certificates", "report", "outbox"]
    for words in proposed:
        assert main(words) == 0
        assert capsys.readouterr().out or Path(words[-1]).stat().st_size


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_demo_touches_nothing_that_is_not_its_own(folder: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    mine = folder / "mine"
    if kind == "folder":
        mine.mkdir()
        (mine / "letter.txt").write_text("dear treasurer", encoding="utf-8")
    else:
        mine.write_text("dear treasurer", encoding="utf-8")
    assert main(["demo", "--fast", "--keep", "mine"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "zoomsync: mine holds something that is not from a demo: name another folder with --keep.\n"
    assert (mine / "letter.txt" if kind == "folder" else mine).read_text(encoding="utf-8") == "dear treasurer"
