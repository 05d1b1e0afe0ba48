"""`zoomsync demo`: the model event's life to its end, with what is left behind to look at."""

from __future__ import annotations

import fcntl
import html
import os
import pickle
import pty
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import TypeVar, cast

import pytest
import requests

from tests.pictures import FOLDER, PICTURES
from zoomsync.cli import main
from zoomsync.demo.stage import SLUG, fresh, staged
from zoomsync.errors import SettingsError

T = TypeVar("T")

SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"

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


def played_once(factory: pytest.TempPathFactory, name: str, play: Callable[[Path], T]) -> T:
    """What a demo came to that is played for all tests, whichever of pytest's workers they run in."""
    shared = factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    kept = shared / f"{name}.pickle"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_bytes(pickle.dumps(play(factory.mktemp(name))))
    return cast(T, pickle.loads(kept.read_bytes()))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder where a demo was played again, as a process of its own, and what it told."""
    return played_once(tmp_path_factory, "played", _play)


def _play(folder: Path) -> tuple[Path, str]:
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
        "  registrants   28 approved, 1 pending, 1 denied, 1 cancelled",
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
    played: tuple[Path, str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage, said = played
    shutil.copytree(stage / "zoomsync-demo", folder / "zoomsync-demo")
    lines = [line for line in said.partition("To type next\n")[2].splitlines() if not line.startswith("  # ")]
    proposed = [shlex.split(line.partition("zoomsync ")[2]) for line in lines]
    names = ["status", "timeline", "attendance", "explain", "outbox", "report", "demo", "init"]
    assert [words[0] for words in proposed] == names
    assert proposed[-2] == ["demo", "--serve"]  # played by `visited`
    for words in (*proposed[:-2], proposed[-1]):
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


def test_picture_in_the_documents_is_of_this_demo_and_fetches_nothing(played: tuple[Path, str]) -> None:
    _, said = played
    for name in PICTURES.values():
        drawn = (FOLDER / name).read_text(encoding="utf-8")
        assert len(drawn) < 150_000
        assert "@font-face" not in drawn
    drawn = html.unescape(re.sub("<[^>]+>", " ", (FOLDER / PICTURES["en"]).read_text(encoding="utf-8")))
    drawn = " ".join(drawn.split())
    told = said[said.index("Mon 06 Mar 09:00") : said.index("How it ended")].splitlines()
    short = [words for words in (line[18:].strip() for line in told) if 0 < len(words) < 75]
    assert len(short) > 15
    for words in (*short, "149 mails planned, 149 sent, 149 arrived, to 28 people"):
        assert words in drawn, "make pictures"


# ----------------------------------------------------------------------------------- on a terminal, and in a browser


@dataclass
class OnTerminal:
    """A demo as a process on a terminal of its own. shown: what it has shown so far."""

    process: subprocess.Popen[bytes]
    screen: int
    shown: str = ""

    @classmethod
    def start(cls, folder: Path, *words: str, columns: int = 100) -> OnTerminal:
        screen, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        process = subprocess.Popen(
            [sys.executable, "-m", "zoomsync", "demo", "--fast", *words],
            cwd=folder, env=environment | {"TERM": "xterm-256color", "NO_COLOR": "1"},
            stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
        )  # fmt: skip
        os.close(terminal)
        return cls(process, screen)

    def wait_for(self, words: str) -> None:
        while words not in self.shown:
            assert self._read(), f"it ended without {words!r}: {self.shown[-2000:]}"

    def end(self) -> int:
        """Its exit code, once it has ended."""
        while self._read():
            pass
        os.close(self.screen)
        return self.process.wait(30)

    def _read(self) -> bool:
        try:
            piece = os.read(self.screen, 65_536)
        except OSError:  # on Linux this is how a terminal's end is told
            return False
        self.shown += piece.decode(errors="replace")
        return bool(piece)


def plain(shown: str) -> str:
    """What a terminal shows, without how it is drawn."""
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", shown)


@dataclass(frozen=True)
class Visited:
    """What was seen of a served demo. shown: on its terminal. pages: what each address answered."""

    code: int
    shown: str
    pages: dict[str, requests.Response]


LOOKED_AT = (
    "", "enter", "report", "mailbox", "mailbox?q=EDGAR.chavez4", "mailbox?q=nobody", "mailbox?from=50", "mailbox/1",
    "mailbox/1/html", "mailbox/1/whole", "mailbox/1/files/1", "mailbox/1/files/2", "mailbox/999", "mailbox/149",
    "nothing",
)  # fmt: skip


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Visited:
    """A demo in Spanish on a terminal, visited by a browser, and ended by Ctrl-C."""
    return played_once(tmp_path_factory, "visited", _visit)


def _visit(folder: Path) -> Visited:
    demo = OnTerminal.start(folder, "--serve", "--no-browser", "--language", "es")
    demo.wait_for("Ctrl-C")
    (address,) = re.findall(r"http://127\.0\.0\.1:\d+/", demo.shown)
    with requests.Session() as browser:
        pages = {where: browser.get(address + where, timeout=20) for where in LOOKED_AT}
    demo.process.send_signal(signal.SIGINT)
    return Visited(demo.end(), demo.shown, pages)


def test_live_view_shows_clock_bar_people_registration_and_mail_in_spanish(visited: Visited) -> None:
    for words in (
        "Édgar Chávez Sicajaú se inscribe.",
        "lunes 6 de marzo de 2023, 00:00",
        "▼ cierra la inscripción dom 05 mar 23:59",
        "◆ Sesión 2 mié 08 mar 09:00",
        "CERRADA desde las 23:59, comprobado en Zoom",
        "28 aprobadas  1 en espera  1 rechazada  1 cancelada",
        "149 llegaron",
        "149 correos previstos, 149 enviados, 149 llegaron, a 28 personas",
    ):
        assert words in plain(visited.shown)


def test_live_view_has_no_colour_where_none_is_wanted(visited: Visited) -> None:
    codes = {code for found in re.findall(r"\x1b\[([\d;]+)m", visited.shown) for code in found.split(";")}
    assert codes <= {"0", "1", "2"}, "bold and dim alone"


def test_ctrl_c_ends_a_served_demo_in_good_order(visited: Visited) -> None:
    assert visited.code == 0
    assert visited.shown.endswith("Terminado. La carpeta zoomsync-demo se queda.\r\n")
    assert visited.shown.rindex(SHOW_CURSOR) > visited.shown.rindex(HIDE_CURSOR)


def test_served_demo_lets_in_without_a_token_to_be_typed(visited: Visited) -> None:
    page = visited.pages["enter"]
    assert page.url.endswith(f"/admin/events/{SLUG}")
    assert "Encuentro de Justicia Abierta 2023" in page.text


def test_mailbox_lists_and_finds_mails(visited: Visited) -> None:
    pages = visited.pages
    assert "149 correos" in pages[""].text
    assert "1 a 50 de 149" in pages["mailbox"].text
    assert "51 a 100 de 149" in pages["mailbox?from=50"].text
    found = pages["mailbox?q=EDGAR.chavez4"].text
    assert 5 <= found.count("edgar.chavez4@correo.example.org</span>") <= 6
    assert "No hay un correo así." in pages["mailbox?q=nobody"].text


def test_a_mail_is_shown_as_its_person_sees_it_in_a_frame_that_may_do_nothing(visited: Visited) -> None:
    pages = visited.pages
    letter = pages["mailbox/1"]
    assert '<iframe sandbox src="/mailbox/1/html"' in letter.text
    assert "8 mar 2023, 9:00 a. m." in letter.text  # the calendar entry
    assert "default-src 'none'" in letter.headers["Content-Security-Policy"]
    assert "'unsafe-inline'" not in letter.headers["Content-Security-Policy"]
    framed = pages["mailbox/1/html"]
    assert framed.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "Entrar a la sesión" in framed.text
    assert pages["mailbox/1/files/1"].content.startswith(b"BEGIN:VCALENDAR")
    assert pages["mailbox/1/whole"].headers["Content-Disposition"] == 'attachment; filename="0001.eml"'
    assert "Constancia" in pages["mailbox/149"].text
    for where in ("mailbox/999", "mailbox/1/files/2", "nothing"):
        assert pages[where].status_code == 404


def test_served_demo_shows_the_report_and_every_page_guards_itself(visited: Visited) -> None:
    assert "Asistieron" in visited.pages["report"].text
    for page in visited.pages.values():
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]


# ---------------------------------------------------------------------------------------------------- interrupted


def test_ctrl_c_half_way_puts_everything_away_and_says_what_is_left(tmp_path: Path) -> None:
    demo = OnTerminal.start(tmp_path)
    demo.wait_for("⇄ sync: 4 pulled")
    demo.process.send_signal(signal.SIGINT)
    assert demo.end() == 130
    said = plain(demo.shown).splitlines()
    assert said[-2:] == [
        "zoomsync: the demo ended early. What there was by then is in zoomsync-demo, 0 mails too: delete it, or play "
        "again.",
        "zoomsync: interrupted",
    ]
    assert demo.shown.rindex(SHOW_CURSOR) > demo.shown.rindex(HIDE_CURSOR)


def test_terminal_closed_half_way_leaves_nothing_running(tmp_path: Path) -> None:
    demo = OnTerminal.start(tmp_path, columns=60)
    demo.wait_for("⇄ sync: 0 pulled")
    os.close(demo.screen)
    assert demo.process.wait(30) == 130


def test_told_to_end_before_anything_was_done(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "zoomsync", "demo"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said.splitlines()[0].startswith("zoomsync: the demo ended early.")


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with staged(tmp_path / "shared", environ={}), pytest.raises(SettingsError, match="Another demo is being played in"):
        fresh(tmp_path / "shared")
