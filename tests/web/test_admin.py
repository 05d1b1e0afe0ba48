"""`/admin/`: who sees it, and what it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from tests.builders import make_event
from tests.web.conftest import Answer, Opener, Site, make_admin
from zoomsync import language
from zoomsync.domain.records import OutboxState

TOKEN = "canary-admin-token"
SLUG = make_event().slug
EVENT = f"/admin/events/{SLUG}"


@pytest.fixture
def site(open_site: Opener) -> Site:
    return open_site(admin=make_admin(TOKEN))


def get(site: Site, path: str) -> Answer:
    return site.ask("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})


def log_in(site: Site, token: str = TOKEN, to: str = "/admin/") -> Answer:
    body = urlencode({"token": token, "name": "María", "to": to}).encode()
    return site.ask("POST", "/admin/login", body, {"Content-Type": "application/x-www-form-urlencoded"})


@pytest.mark.parametrize("path", ["/admin", "/admin/", "/admin/login", EVENT])
def test_without_a_token_in_the_settings_there_is_nothing(open_site: Opener, path: str) -> None:
    assert open_site().get(path).status == 404


@pytest.mark.parametrize(
    "path", ["/admin/", EVENT, f"{EVENT}/registrants", f"{EVENT}/mail", f"{EVENT}/late", f"{EVENT}/reports"]
)
def test_a_stranger_is_sent_to_the_login_and_told_nothing(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status == 303
    assert answer.headers["location"].startswith("/admin/login?to=")
    assert answer.body == b""


def test_who_logs_in_comes_where_they_wanted_to_go(site: Site) -> None:
    answer = log_in(site, to=f"{EVENT}/mail?group=sent")
    assert (answer.status, answer.headers["location"]) == (303, f"{EVENT}/mail?group=sent")
    cookie = answer.headers["set-cookie"].split(";")[0]
    assert site.ask("GET", EVENT, headers={"Cookie": cookie}).status == 200


@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example/admin/", "/\\evil.example", "/admin/../u/x", "/admin/login", ""]
)
def test_a_login_leads_nowhere_else(site: Site, to: str) -> None:
    assert log_in(site, to=to).headers["location"] == "/admin/"


def test_a_wrong_token_opens_nothing(site: Site) -> None:
    answer = log_in(site, "wrong")
    assert answer.status == 401
    assert "set-cookie" not in answer.headers
    assert "This is not the admin token." in answer.text


def test_logging_out_takes_the_cookie_back(site: Site) -> None:
    assert 'zoomsync-admin=""' in site.ask("POST", "/admin/logout").headers["set-cookie"]


def test_the_pages_show_the_event_and_its_people(site: Site) -> None:
    assert make_event().title in get(site, "/admin/").text
    assert "Sesión 2" in get(site, EVENT).text
    people = get(site, f"{EVENT}/registrants").text
    assert people.count("@example.org") == 3
    assert "all 3" in people


def test_people_are_found_by_status_and_by_words(site: Site) -> None:
    site.world.set_status(0, "denied")
    assert get(site, f"{EVENT}/registrants?status=denied").text.count("@example.org") == 1
    assert "Nobody like that." in get(site, f"{EVENT}/registrants?q=%25").text, "a wildcard is a letter like others"
    assert get(site, f"{EVENT}/registrants?status=nonsense&from=-1").status == 200


def test_a_persons_page_tells_their_story_and_shows_no_link(site: Site, now: datetime) -> None:
    site.world.plan(0, now=now, due_at=now + timedelta(hours=1))
    page = get(site, f"{EVENT}/registrants/{site.world.rows[0]}").text
    assert "Registered, in time." in page
    assert "1 hour before" in page
    assert "zoom.us" not in page


def test_mail_is_shown_by_what_became_of_it(site: Site, now: datetime) -> None:
    site.world.plan(0, 1, now=now)
    site.world.plan(2, now=now, state=OutboxState.SKIPPED, reason="it is too late")
    assert get(site, f"{EVENT}/mail").text.count("reminder, 1 hour before") == 3
    assert get(site, f"{EVENT}/mail?group=waiting").text.count("reminder, 1 hour before") == 2
    assert "it is too late" in get(site, f"{EVENT}/mail?group=left_out").text
    assert "No such message." in get(site, f"{EVENT}/mail?group=sent").text


def test_late_ones_have_a_page(site: Site) -> None:
    assert "Nobody registered after the deadline" in get(site, f"{EVENT}/late").text


@pytest.mark.parametrize(
    "path", ["/admin/events/no-such", f"{EVENT}/registrants/999999", f"{EVENT}/registrants/9999999999999"]
)
def test_what_there_is_not_is_not_found(site: Site, path: str) -> None:
    assert get(site, path).status == 404


def test_a_strangers_name_is_text(site: Site) -> None:
    site.world._execute("UPDATE registrant SET first_name = :name", name="<script>alert(1)</script>\u202e{{7*7}}")
    page = get(site, f"{EVENT}/registrants").text
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "{{7*7}}" in page
    assert "\u202e" not in page


@pytest.mark.parametrize("path", ["/admin/", EVENT, f"{EVENT}/registrants", "/admin/login"])
def test_pages_ask_nobody_else_and_run_nothing(site: Site, path: str) -> None:
    answer = get(site, path)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script-src" not in policy
    assert not re.findall(r'(?:src|href|action)="(?!/admin|#|\?|data:,)', answer.text)


@pytest.fixture
def _spanish() -> Iterator[None]:
    language.use("es")
    yield
    language.use("en")


@pytest.mark.usefixtures("_spanish")
def test_the_pages_speak_the_organisers_language(site: Site) -> None:
    page = get(site, f"{EVENT}/registrants").text
    assert '<html lang="es">' in page
    assert "aprobada 3" in page


@pytest.mark.parametrize("ending", ["html", "xlsx", "csv", "json"])
def test_a_report_is_downloaded_and_that_is_written_down(site: Site, ending: str) -> None:
    answer = get(site, f"{EVENT}/reports/registrants.{ending}")
    assert answer.status == 200
    assert answer.headers["content-disposition"].endswith(f'filename="{SLUG}-registrants.{ending}"')
    if ending != "xlsx":
        assert answer.text.count("@example.org") >= 3
    with site.database.read() as db:
        row = db.execute(text("SELECT change, actor, after FROM audit ORDER BY id DESC LIMIT 1")).one()
    assert (row.change, row.actor) == ("report downloaded", "admin page")
    assert f"registrants.{ending}" in row.after


def test_a_report_without_personal_data_has_none(site: Site) -> None:
    answer = get(site, f"{EVENT}/reports/registrants.csv?anonymous=1")
    assert "@example.org" not in answer.text
    assert answer.headers["content-disposition"].endswith('-registrants-anonymous.csv"')


def test_a_reports_page_cannot_reach_the_site_it_comes_from(site: Site) -> None:
    policy = get(site, f"{EVENT}/reports/overview.html").headers["content-security-policy"]
    assert "sandbox allow-scripts" in policy
    assert "allow-same-origin" not in policy
    assert policy.startswith("default-src 'none'")


@pytest.mark.parametrize("file", ["overview.exe", "secrets.csv", "overview"])
def test_there_are_no_other_reports(site: Site, file: str) -> None:
    assert get(site, f"{EVENT}/reports/{file}").status == 404
