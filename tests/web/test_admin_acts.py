"""The buttons of `/admin/`: asked first, done once, written down with who did it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from tests.builders import make_event
from tests.web.conftest import Answer, Opener, Site, make_admin
from zoomsync.domain.records import Event
from zoomsync.jobs.late import Decided
from zoomsync.store import events
from zoomsync.store.schema import Database

TOKEN = "canary-admin-token"
SLUG = make_event().slug
EVENT = f"/admin/events/{SLUG}"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Desk:
    """Zoom's side of a decision."""

    asked: list[tuple[str, str, str]] = field(default_factory=list)
    answer: Decided = field(default_factory=lambda: Decided(done=["done"]))

    def decide(self, event: Event, email: str, action: str, actor: str) -> Decided:
        self.asked.append((email, action, actor))
        return self.answer


@dataclass
class Browser:
    """Somebody who has logged in as María."""

    site: Site
    desk: Desk
    cookie: str = ""

    def log_in(self) -> Browser:
        body = urlencode({"token": TOKEN, "name": "María"}).encode()
        answer = self.site.ask("POST", "/admin/login", body, _FORM)
        self.cookie = answer.headers["set-cookie"].split(";")[0]
        return self

    def get(self, path: str) -> str:
        return self.site.ask("GET", path, headers={"Cookie": self.cookie}).text

    def post(self, path: str, **fields: object) -> Answer:
        return self.site.ask("POST", path, urlencode(fields).encode(), _FORM | {"Cookie": self.cookie})

    def press(self, page: str, act: str) -> dict[str, str]:
        """Press a button of a page; gives the fields of the form that asks whether it is meant."""
        button = re.search(rf'action="{EVENT}/{act}">(.*?)</form>', self.get(page), re.DOTALL)
        assert button, f"no button {act} on {page}"
        return _fields(self.post(f"{EVENT}/{act}", **_fields(button[1])).text)

    def press_and_say_yes(self, page: str, act: str) -> Answer:
        return self.post(f"{EVENT}/{act}", **self.press(page, act))

    def audit(self) -> list[tuple[str, str]]:
        with self.site.database.read() as db:
            rows = db.execute(text("SELECT change, actor FROM audit WHERE actor LIKE 'admin page%' ORDER BY id"))
            return [(row.change, row.actor) for row in rows]


def _fields(html: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html))


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    """One kind is enough: what acts underneath is tried on both elsewhere."""
    database = Database(sqlite_url)
    yield database
    database.close()


@pytest.fixture
def browser(open_site: Opener) -> Browser:
    desk = Desk()
    site = open_site(admin=make_admin(TOKEN, decide=desk.decide))
    return Browser(site, desk).log_in()


def person_page(browser: Browser, person: int = 0) -> str:
    return f"{EVENT}/registrants/{browser.site.world.rows[person]}"


def is_paused(browser: Browser) -> bool:
    with browser.site.database.read() as db:
        known = events.load_stored(db, SLUG)
    return known is not None and known.paused_at is not None


def test_mail_is_paused_after_a_yes_and_goes_on_after_another(browser: Browser) -> None:
    form = browser.press(EVENT, "pause")
    assert not is_paused(browser), "asking changes nothing"
    assert "The mail is paused." in browser.post(f"{EVENT}/pause", **form).text
    assert is_paused(browser)
    browser.press_and_say_yes(EVENT, "resume")
    assert not is_paused(browser)
    assert browser.audit() == [("paused", "admin page (María)"), ("resumed", "admin page (María)")]


def test_a_link_is_sent_again_once_however_often_the_form_is_sent(browser: Browser) -> None:
    form = browser.press(person_page(browser), "resend")
    assert "The link goes out within a minute." in browser.post(f"{EVENT}/resend", **form).text
    assert browser.post(f"{EVENT}/resend", **form).status == 303
    assert [entry.kind for entry in browser.site.world.entries()] == ["resend"]
    assert browser.audit() == [("link sent again", "admin page (María)")]


def test_who_wants_no_reminders_gets_none_until_they_do(browser: Browser) -> None:
    browser.press_and_say_yes(person_page(browser), "optout")
    assert "wants no reminders" in browser.get(person_page(browser))
    browser.press_and_say_yes(person_page(browser), "optin")
    assert "wants no reminders" not in browser.get(person_page(browser))


@pytest.mark.parametrize(("act", "words"), [("approve", "Approved"), ("deny", "Denied")])
def test_a_waiting_one_is_decided_upon_on_zoom(browser: Browser, act: str, words: str) -> None:
    browser.site.world.set_status(1, "pending")
    answer = browser.press_and_say_yes(person_page(browser, 1), act)
    (email, action, actor) = browser.desk.asked.pop()
    assert (action, actor) == (act, "admin page (María)")
    assert email in browser.get(person_page(browser, 1))
    assert f"{words}, and read back from Zoom." in answer.text


def test_trouble_with_zoom_is_told(browser: Browser) -> None:
    browser.site.world.set_status(0, "pending")
    browser.desk.answer = Decided(problems=["Zoom is away <for now>."])
    answer = browser.press_and_say_yes(person_page(browser), "approve")
    assert "Zoom is away &lt;for now&gt;." in answer.text
    assert "read back" not in answer.text


@pytest.mark.parametrize("act", ["pause", "resend", "deny"])
def test_without_the_visits_own_form_nothing_is_done(browser: Browser, act: str) -> None:
    fields = {"row": browser.site.world.rows[0], "once": "1" * 32}
    assert browser.post(f"{EVENT}/{act}", **fields).status == 403
    assert browser.post(f"{EVENT}/{act}", form_token="0" * 64, **fields).status == 403
    browser.cookie = ""
    assert browser.post(f"{EVENT}/{act}", **fields).headers["location"] == "/admin/login"
    assert (is_paused(browser), browser.desk.asked, browser.site.world.entries()) == (False, [], [])


def test_a_script_with_the_token_may_act(browser: Browser) -> None:
    headers = _FORM | {"Authorization": f"Bearer {TOKEN}"}
    assert browser.site.ask("POST", f"{EVENT}/pause", b"once=1", headers).status == 200
    assert is_paused(browser)


def test_what_there_is_not_cannot_be_acted_upon(browser: Browser) -> None:
    token = browser.press(EVENT, "pause")["form_token"]
    assert browser.post(f"{EVENT}/explode", form_token=token).status == 404
    assert browser.post(f"{EVENT}/resend", form_token=token, row="999999").status == 404
    assert browser.post(f"{EVENT}/resend", form_token=token, row="x").status == 404
    assert browser.post("/admin/events/no-such/pause", form_token=token).status == 404


def test_an_event_without_its_file_is_left_alone(open_site: Opener) -> None:
    site = open_site(admin=make_admin(TOKEN, files=tuple))
    headers = _FORM | {"Authorization": f"Bearer {TOKEN}"}
    assert site.ask("POST", f"{EVENT}/pause", b"once=1", headers).status == 409
