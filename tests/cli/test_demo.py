"""`zoomsync demo`: the model event's life to its end, with what is left behind to look at."""

from __future__ import annotations

import os
import shlex
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
        "Times: America/Guatemala",
        "The event is announced, and registration opens on Zoom.",
        "13 people register.",
        "sync: 27 pulled, 1 changed, 1 cancelled",
        "sync again: 27 pulled, nothing changes",
        "Mon 06 Mar 00:00  The deadline: 5 March is over in Guatemala.",
        "CLOSED, and read back from Zoom at 00:00",
        "Somebody registers, seven minutes late.",
        "registration stays closed; 2 late, held for a person to decide",
        "The organiser lets the first of the two in: approved, read back.",
        "The organiser moves Sesión 2 from 08:00 to 09:00, in its file and on Zoom; 28 will be told.",
        "the notice of the new time: 28 sent, 28 arrived.",
        "The day before, the reminder of Sesión 1: 28 sent, 28 arrived.",
        "One hour before, the reminder of Sesión 2: 28 sent, 28 arrived.",
        "“Hoy, 9:00 a. m.: su enlace para Encuentro de Justicia Abierta 2023”",
        "Sesión 2 is over: 17 identified, 2 not; 15 stayed half of it or more.",
        "9 certificates, for who was there for 80% of the time: 9 mailed.",
        "  registrants   28 approved, 1 waiting, 1 denied, 1 cancelled",
    ):
        assert words in said


def test_demo_proves_by_the_messages_that_nothing_was_doubled_or_lost(played: tuple[Path, str]) -> None:
    folder, said = played
    assert "149 mails planned, 149 sent, 149 arrived, to 28 people" in said
    assert "twice: 0; missing: 0; to somebody who should get none: 0; with a wrong link: 0" in said
    mails = sorted((folder / "zoomsync-demo" / "mails").iterdir())
    assert len(mails) == 149
    first = message_from_bytes(mails[0].read_bytes(), policy=policy.default)
    assert str(first["Subject"]).startswith("CAMBIO DE HORA: miércoles 8 de marzo, 9:00")


def test_demo_leaves_mails_database_certificates_and_report_and_nothing_else(played: tuple[Path, str]) -> None:
    folder, _ = played
    assert [path.name for path in folder.iterdir()] == ["zoomsync-demo"]
    left = {path.name for path in (folder / "zoomsync-demo").iterdir()}
    assert left == {"certificates", "config", "mails", "report.html", "zoomsync.db"}
    assert len(list((folder / "zoomsync-demo" / "certificates").glob("*.pdf"))) == 9
    page = (folder / "zoomsync-demo" / "report.html").read_text(encoding="utf-8")
    assert "Encuentro de Justicia Abierta 2023" in page
    assert "Asistieron" in page


def test_what_the_demo_says_to_type_next_works(
    played: tuple[Path, str], folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, said = played
    monkeypatch.chdir(stage)
    lines = [line for line in said.partition("To type next\n")[2].splitlines() if not line.startswith("  # ")]
    proposed = [shlex.split(line.partition("zoomsync ")[2]) for line in lines]
    names = ["status", "timeline", "attendance", "explain", "outbox", "report", "init"]
    assert [words[0] for words in proposed] == names
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
