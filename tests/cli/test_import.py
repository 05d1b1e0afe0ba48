"""`zoomsync import`, and `zoomsync check` with the event's page."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.builders import utc
from tests.cli.conftest import SLUG, Project, Result, local
from tests.events.test_announcement import LINK, MODEL_PAGE
from zoomsync.events.files import read_event_file
from zoomsync.simulate.model_event import MODEL_LINK_TOKEN, MODEL_MEETING_ID

PAGE = MODEL_PAGE.replace(LINK.rpartition("/")[2], MODEL_LINK_TOKEN)
NEXT_YEAR = "encuentro-2024.md"


@pytest.fixture
def page(project: Project) -> Path:
    """A page of an event that no file is about yet."""
    file = project.folder / NEXT_YEAR
    file.write_text(MODEL_PAGE, encoding="utf-8")
    return file


# --------------------------------------------------------------------------------------------------------- import


def test_import_writes_a_draft_and_tells_its_doubts(project: Project, page: Path) -> None:
    before = project.contents()
    result = project.run("import", page.name)
    file = project.folder / "config" / "events" / "encuentro-2024.toml"
    assert result.code == 0
    assert result.out == (
        'written  config/events/encuentro-2024.toml: "Encuentro de Justicia Abierta 2023", 2 sessions, 2 doubts\n'
        'Next: look at the lines that begin with "# ?" in it, then run zoomsync check encuentro-2024.\n'
    )
    assert [line[:30] for line in result.err.splitlines()] == [
        '? line 12: timezone: "GMT-6" n',
        "? line 13: weekday: 8 March 20",
    ]
    assert read_event_file(file).slug == "encuentro-2024"
    assert project.contents() == before
    assert "info@redciudadana" not in result.err


def test_import_as_json(project: Project, page: Path) -> None:
    document = project.run("import", str(page), "--output", "otro-encuentro", "--json").json
    assert list(document) == ["file", "event", "doubts"]
    assert document["event"] == "otro-encuentro"
    assert read_event_file(Path(document["file"])).title == "Encuentro de Justicia Abierta 2023"
    assert [(each["kind"], each["line"]) for each in document["doubts"]] == [("timezone", 12), ("weekday", 13)]
    assert 'not a "Martes"' in document["doubts"][1]["text"]


def test_a_file_is_replaced_only_with_force(project: Project, page: Path) -> None:
    file = project.folder / "mine.toml"
    file.write_text("mine")
    refused = project.run("import", page.name, "--output", "./mine.toml")
    assert (refused.code, file.read_text()) == (2, "mine")
    assert "say --force to replace it" in refused.err
    assert project.run("import", page.name, "--output", "./mine.toml", "--force").code == 0
    assert read_event_file(file).slug == "mine"


def test_a_meeting_that_another_file_names_is_not_written_twice(project: Project, page: Path) -> None:
    project.run("import", page.name)
    again = project.run("import", page.name, "--output", "once-more")
    assert again.code == 2
    assert "names the same Zoom meeting" in again.err
    assert not (project.folder / "config" / "events" / "once-more.toml").exists()


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (b"# Informe\n\nEl 7 de marzo hubo elecciones.\n", 1, "announces no event"),
        (b"%PDF-1.7 ...", 1, "is a PDF: save the page as HTML or as text"),
        (b"\x00\x01\x02", 1, "is no text"),
        (None, 1, "cannot be read (no such file or folder)"),
    ],
)
def test_what_is_no_event_writes_nothing(project: Project, text: bytes | None, code: int, says: str) -> None:
    if text is not None:
        (project.folder / "page.md").write_bytes(text)
    result = project.run("import", "page.md", "--output", "none")
    assert (result.code, result.out) == (code, "")
    assert says in result.err
    assert len(result.err.splitlines()) == 1
    assert not (project.folder / "config" / "events" / "none.toml").exists()


def test_a_name_that_is_no_slug_is_refused(project: Project, page: Path) -> None:
    result = project.run("import", page.name, "--output", "Mi Evento")
    assert result.code == 2
    assert "Rename it to mi-evento.toml" in result.err


# -------------------------------------------------------------------------------------------------- from the web


class Site(BaseHTTPRequestHandler):
    """A web site with one page and every way of being no page."""

    def do_GET(self) -> None:
        page = MODEL_PAGE.encode()
        host = f"http://{self.headers['Host']}"
        status, headers, body = {
            "/encuentro-web/": (200, {"Content-Type": "text/markdown; charset=utf-8"}, page),
            "/latin": (
                200,
                {"Content-Type": "text/plain; charset=iso-8859-1"},
                MODEL_PAGE.replace("…", "").encode("latin-1"),
            ),
            "/moved": (302, {"Location": "/encuentro-web/"}, b""),
            "/circle": (302, {"Location": "/circle"}, b""),
            "/elsewhere": (302, {"Location": "file:///etc/passwd"}, b""),
            "/picture": (200, {"Content-Type": "image/png"}, b"x"),
            "/large": (200, {"Content-Type": "text/html"}, b"x" * 1_100_000),
            "/moved-host": (301, {"Location": f"{host}/encuentro-web/"}, b""),
        }.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_page_of_the_web_is_imported_with_its_address(project: Project, site: str) -> None:
    for number, path in enumerate(("/encuentro-web/", "/moved", "/moved-host", "/latin")):
        result = project.run("import", site + path, "--output", "./encuentro-web.toml", "--force", "--json")
        assert result.code == 0, result.err
        event = read_event_file(project.folder / "encuentro-web.toml")
        assert event.page_url == site + ("/latin" if number == 3 else "/encuentro-web/")
        assert event.sessions[0].title == "Sesión 1"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/nothing", "answers 404"),
        ("/circle", "leads on more than 5 times"),
        ("/elsewhere", "which is not followed"),
        ("/picture", "is image/png, not a page"),
        ("/large", "is larger than 1 MB"),
    ],
)
def test_an_address_without_a_page_is_told_in_one_line(project: Project, site: str, path: str, says: str) -> None:
    result = project.run("import", site + path)
    assert result.code == 1
    assert says in result.err
    assert len(result.err.splitlines()) == 1


# ---------------------------------------------------------------------------------------------------------- check


def check(project: Project, text: str, *words: str) -> Result:
    """`zoomsync check` of the model event with this page."""
    (project.folder / "page.md").write_text(text, encoding="utf-8")
    return project.at(project.clock(), "check", SLUG, "--page", "page.md", *words)


def test_a_page_that_says_the_same_is_in_order(project: Project) -> None:
    result = check(project, PAGE)
    assert result.code == 0
    assert result.out == (
        f"{SLUG}\n  ✓ its file can be read\n"
        "  ✓ 2 sessions, at the times Zoom shows\n"
        '  ! the page, line 13: 8 March 2023 is a Wednesday, not a "Martes". The page: "Sesión 2 - Martes 8 de '
        'Marzo 2023- 8 a 1 pm (GMT-6)"\n'
        "    → mend the page\n"
        "  ✓ page.md says the same\n"
        "\n0 to mend, 1 to look at, 3 in order.\n"
    )


def test_a_contradiction_fails_the_check(project: Project) -> None:
    assert "5 de Marzo 2023" in PAGE
    result = check(project, PAGE.replace("5 de Marzo 2023", "4 de Marzo 2023"))
    assert result.code == 1
    assert (
        "  ✗ the deadline is the end of Mar 4, 2023 by the page (line 11) and the end of Mar 5, 2023 by the file\n"
        "    → set one of them right\n"
    ) in result.out
    assert "says the same" not in result.out


def test_what_the_page_leaves_in_doubt_is_no_contradiction(project: Project) -> None:
    result = check(project, PAGE.replace("7de Marzo 2023- 8 a 1 pm", "7 de marzo - 8:00 a 1:00"))
    assert result.code == 0, result.out


def test_a_pages_check_needs_neither_zoom_nor_mail(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACCOUNT_ID", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"ZOOMSYNC_ZOOM__{name}")
    project.mails.stop()
    before = project.contents()
    assert check(project, PAGE).code == 0
    assert check(project, PAGE.replace("5 de Marzo 2023", "4 de Marzo 2023")).code == 1
    assert project.contents() == before
    assert check(project, "# Nada\n").code == 1


def test_a_page_and_a_file_that_agree_may_both_contradict_zoom(project: Project) -> None:
    occurrence = project.world.meetings[MODEL_MEETING_ID].occurrences[0]
    project.world.move_occurrence(MODEL_MEETING_ID, occurrence.occurrence_id, local("2023-03-07 15:00"))
    result = check(project, PAGE)
    assert result.code == 1
    assert "Sesión 1 starts Mar 7, 2023, 8:00 AM by the file and Mar 7, 2023, 3:00 PM on Zoom" in result.out


def test_zooms_own_times_count_where_the_file_has_none(project: Project) -> None:
    file = project.write_event()
    file.write_text(file.read_text().partition("[[sessions]]")[0])
    assert check(project, PAGE).code == 0
    occurrence = project.world.meetings[MODEL_MEETING_ID].occurrences[0]
    project.world.move_occurrence(MODEL_MEETING_ID, occurrence.occurrence_id, local("2023-03-07 10:00"))
    result = check(project, PAGE)
    assert result.code == 1
    assert "starts Mar 7, 2023, 8:00 AM by the page (line 12) and Mar 7, 2023, 10:00 AM by Zoom" in result.out


def test_check_of_everything_reads_the_page_that_the_file_names(project: Project, site: str) -> None:
    project.write_event(top=f'page_url = "{site}/encuentro-web/"\n')
    result = project.at(utc(2023, 2, 28, 14), "check")
    assert result.code == 1
    assert "the page's registration link (line 17) is of another meeting than that of Zoom" in result.out


def test_a_page_that_cannot_be_had_is_a_warning(project: Project) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        project.write_event(top=f'page_url = "http://127.0.0.1:{taken.getsockname()[1]}/"\n')
        result = project.at(project.clock(), "check")
    assert result.code == 0
    assert "! the page was not compared: http://127.0.0.1:" in result.out


def test_page_goes_with_one_event(project: Project) -> None:
    project.add_other_event()
    (project.folder / "page.md").write_text(PAGE, encoding="utf-8")
    result = project.run("check", "--page", "page.md")
    assert result.code == 2
    assert "--page goes with one event" in result.err
