"""What people see, in Debian's Chromium: all pages of a demo that was played to its end, its mails, and clicks.

The demo serves the very pages the daemon serves. Every address that a page links to is opened, on a telephone and on a
desk, by day and in the dark.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest

from tests.builders import make_event, make_lead, make_session, utc
from zoomsync.domain.records import Reminders
from zoomsync.mail.render import Renderer
from zoomsync.mail.samples import sample_requests

playwright = pytest.importorskip("playwright.sync_api", reason="make prove-browser installs it")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="make prove-browser installs it")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PHONE, DESK = 390, 1280
OF_A_KIND = 2  # so many mails, people, ... of each page are opened; the rest differ in their words alone

WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")  # axe's names of its rules

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def demo(folder: Path, language: str) -> Iterator[str]:
    """The demo as a process of its own, and the address where it shows what came of it."""
    program = [sys.executable, "-m", "zoomsync", "demo", "--fast", "--serve", "--no-browser"]
    process = subprocess.Popen(
        [*program, "--language", language, "--keep", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        address = next(
            (found[0] for line in process.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+/", line))), ""
        )
        assert address, "the demo ended before it served anything"
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


@pytest.fixture(scope="module", params=["es", "en"])
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with demo(tmp_path_factory.mktemp("demo") / "kept", request.param) as address:
        yield address


class Watched:
    """A page that notes whatever a visitor would not forgive."""

    def __init__(self, browser: playwright.Browser, home: str, *, width: int, scheme: str = "light") -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self._home = home
        self.page.on("console", lambda said: self._note(said.text) if said.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self._note(str(error)))
        self.page.on("request", lambda asked: self._see(asked.url))

    def _note(self, complaint: str) -> None:
        if complaint.startswith("Blocked script execution"):
            return  # a report sorts its tables where it is let, and stands without it
        self.complaints.append(f"{self.page.url}: {complaint}")

    def _see(self, url: str) -> None:
        if not url.startswith((self._home, "data:", "about:")):
            self._note(f"asks for {url}")

    def open(self, url: str) -> int:
        answer = self.page.goto(url)
        assert answer is not None
        if "sandbox" in answer.headers.get("content-security-policy", ""):
            # No script runs there, axe's neither: it stands in a page of its own instead.
            html = answer.text()
            self.page.goto("about:blank")
            self.page.set_content(html)
        return answer.status

    def look(self, *, mail: bool = False) -> None:
        """Judge what is shown now. mail: it stands inside a mail program's own page, which has the headings."""
        page = self.page
        wide, there = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        if wide > there:
            self._note(f"is {wide} px wide where there are {there}")
        if not mail and page.locator("h1").count() != 1:
            self._note(f"has {page.locator('h1').count()} headings of the first rank")
        rules = {"runOnly": [*WCAG, *([] if mail else ["best-practice"])], "iframes": False}
        for one in axe.Axe().run(page, options=rules).response["violations"]:
            where = "; ".join(node["html"][:120] for node in one["nodes"][:3])
            self._note(f"axe: {one['id']} ({one['impact']}): {where}")

    def links(self) -> list[str]:
        found = self.page.eval_on_selector_all("a[href]", "all => all.map(one => one.href)")
        return [urldefrag(urljoin(self.page.url, one)).url for one in found]


def kind_of(url: str) -> str:
    """Pages that differ in their content alone are of one kind."""
    parts = urlsplit(url)
    path = re.sub(r"/(u|c)/[^/]+", r"/\1/*", re.sub(r"\d+", "*", parts.path))
    return f"{path}?{'&'.join(sorted(re.findall(r'(?:^|&)([^=&]+)=', parts.query)))}"


def is_file(url: str) -> bool:
    """Whether a link brings a file to keep, which a browser does not show."""
    path = urlsplit(url).path
    return (
        "/files/" in path
        or path.endswith("/whole")
        or "/download" in path
        or bool(re.search(r"\.(?!html)\w{2,5}$", path))
    )


def test_every_page_is_good_to_read_on_any_screen(browser: playwright.Browser, address: str) -> None:
    views = [
        Watched(browser, address, width=width, scheme=scheme)
        for width, scheme in ((PHONE, "light"), (DESK, "light"), (DESK, "dark"))
    ]
    for view in views:
        assert view.open(address + "enter") == 200
    first = [address, address + "report", address + "mailbox/1/html"]
    waiting, met, kinds = deque(first), set(first), Counter[str]()
    while waiting:
        url = waiting.popleft()
        if is_file(url) or kinds[kind_of(url)] >= OF_A_KIND:
            continue
        kinds[kind_of(url)] += 1
        for view in views:
            status = view.open(url)
            if status != 200:
                view.complaints.append(f"{url}: {status}")
            else:
                view.look(mail=url.endswith("/html"))
        for link in views[0].links():
            if link.startswith(address) and link not in met and "logout" not in link:
                met.add(link)
                waiting.append(link)
    print(f"{sum(kinds.values())} pages of {len(kinds)} kinds", *sorted(kinds), sep="\n  ")
    assert [complaint for view in views for complaint in view.complaints] == []
    assert {"/mailbox", "/report", "/admin/"} <= {kind.split("?")[0] for kind in kinds}
    assert len(kinds) >= 15


def test_files_that_pages_offer_arrive_whole(browser: playwright.Browser, address: str) -> None:
    view = Watched(browser, address, width=DESK)
    view.open(address + "enter")
    event = view.page.url
    met = set()
    for place in (address + "mailbox/1", event, event + "/reports"):
        view.open(place)
        for link in filter(is_file, view.links()):
            answer = view.context.request.get(link)
            assert (answer.status, len(answer.body()) > 100) == (200, True), link
            assert "attachment" in answer.headers["content-disposition"], link
            met.add(kind_of(link))
    assert len(met) >= 5, met


def test_wrong_token_is_told_and_a_right_one_leads_on(browser: playwright.Browser, address: str) -> None:
    view = Watched(browser, address, width=PHONE)
    assert view.open(address + "admin/") == 200
    view.page.locator("input[name=token]").fill("wrong")
    view.page.locator("main button").click()
    assert view.page.locator("[role=alert], .error, .warn").count() == 1
    view.look()
    view.complaints = [one for one in view.complaints if "401" not in one]  # Chromium names the refusal itself
    assert view.complaints == []


def test_pausing_the_mail_by_a_click_and_going_on(browser: playwright.Browser, address: str) -> None:
    view = Watched(browser, address, width=PHONE)
    view.open(address + "enter")
    page = view.page
    event = page.url
    for action in ("pause", "resume"):
        page.goto(event)
        page.locator(f"form[action$='{action}'] button, a[href*='{action}']").first.click()
        view.look()
        page.locator("main form button").first.click()
        view.look()
        assert action in page.url or page.url.startswith(event)
    assert view.complaints == []


# --------------------------------------------------------------------------------------------------------------- mails


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("width", [320, PHONE, DESK])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_mails_read_well_and_call_nobody(browser: playwright.Browser, language: str, width: int, scheme: str) -> None:
    reminders = Reminders(
        before=(make_lead("1d 17:00"), make_lead("1h")),
        after=(make_lead("2h"),),
        survey_url="https://forms.example.org/encuesta",
    )
    first = make_session()
    sessions = [first, make_session(key="s2", title="Sesión 2", starts_at=first.starts_at + timedelta(1))]
    event = make_event(reminders=reminders, language=language)
    view = Watched(browser, "https://nobody.invalid/", width=width, scheme=scheme)
    kinds = set()
    for request in sample_requests(event, sessions, utc(2023, 3, 1), to=None, domain="redciudadana.org.gt"):
        mail = message_from_bytes(Renderer().render(request).data, policy=default)
        html, plain = (mail.get_body((kind,)).get_content() for kind in ("html", "plain"))  # type: ignore[union-attr]
        view.page.set_content(html)
        view.look(mail=True)
        links = [link for link in view.links() if link.startswith("http")]
        missing = [link for link in links if link not in plain]
        assert missing == [], f"{request.kind}: the plain text does not have what the button has"
        kinds.add(request.kind)
    assert view.complaints == [], "\n".join(view.complaints)
    assert len(kinds) >= 7
