"""The link behind "no more reminders": looking changes nothing, posting does, and nobody can use another's."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from tests.builders import make_event, make_registrant
from tests.outbox_world import make_world
from tests.web.conftest import Answer, Opener, Site
from zoomsync.store import events
from zoomsync.store.schema import Database

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ONE_CLICK = b"List-Unsubscribe=One-Click"
MULTIPART = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'


def unwilling(site: Site) -> list[tuple[str, str]]:
    with site.database.read() as db:
        return [tuple(row) for row in db.execute(text("SELECT email, via FROM opt_out ORDER BY email"))]


def press(site: Site, page: Answer, path: str) -> Answer:
    """Press the page's one button, as a browser would."""
    (button,) = re.findall(r"<button([^>]*)>", page.text)
    name, value = re.search(r'name="(\w+)" value="(\w+)"', button), ""
    body = f"{name[1]}={name[2]}" if name else value
    return site.ask("POST", path, body.encode(), FORM)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_the_link_changes_nothing(site: Site, method: str) -> None:
    for _ in range(3):
        answer = site.ask(method, site.link())
        assert answer.status == 200
    assert unwilling(site) == []


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (ONE_CLICK, FORM),
        (MULTIPART, {"Content-Type": "multipart/form-data; boundary=x"}),
        (b"", {}),
        (ONE_CLICK, {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", "Cookie": "a=b"}),
        (b"\xff\xfe", {}),
    ],
)
def test_posting_to_it_acts_at_once_and_once(site: Site, body: bytes, headers: dict[str, str]) -> None:
    for _ in range(2):
        answer = site.ask("POST", site.link(), body, headers)
        assert answer.status == 200
        assert "location" not in answer.headers
        assert "Listo" in answer.text
        assert unwilling(site) == [("persona1@example.org", "link")]


def test_the_page_says_what_holds_and_its_button_does_the_other(site: Site) -> None:
    link = site.link()
    asked = site.get(link)
    assert "Dejar de recibir recordatorios" in asked.text
    assert "(su inscripción sigue vigente)" in asked.text
    done = press(site, asked, link)
    assert "Volver a recibir recordatorios" in done.text
    assert unwilling(site) == [("persona1@example.org", "link")]
    assert "Ya no se envían" in site.get(link).text
    resumed = press(site, done, link)
    assert "se enviarán de nuevo" in resumed.text
    assert unwilling(site) == []
    press(site, resumed, link)
    assert unwilling(site) == [("persona1@example.org", "link")]


@pytest.mark.parametrize("state", ["asked", "done", "stopped", "resumed"])
@pytest.mark.parametrize("language", ["es", "en"])
def test_no_state_of_the_page_sounds_like_leaving_the_event(site: Site, state: str, language: str) -> None:
    site.database.write(lambda db: db.execute(text("UPDATE event SET language = :l"), {"l": language}))
    link = site.link()
    if state == "stopped":
        site.ask("POST", link)
    posted = {"done": b"", "resumed": b"undo=1"}
    page = site.ask("POST", link, posted[state], FORM) if state in posted else site.get(link)
    assert f'<html lang="{language}">' in page.text
    assert not re.search(r"baja|cancelar|unsubscribe|darse", page.text.partition("</style>")[2], re.IGNORECASE)
    if state != "resumed":
        assert ("inscripción sigue vigente" if language == "es" else "registration stands") in page.text


def test_the_page_addresses_people_as_the_mails_do(database: Database, now: datetime, open_site: Opener) -> None:
    event_text = MODEL_TEXT.replace('language = "es"', 'language = "es"\ntrato = "vos"')
    site = open_site()
    site.database.write(lambda db: db.execute(text("UPDATE event SET file_text = :t"), {"t": event_text}))
    page = site.get(site.link()).text
    assert "(tu inscripción sigue vigente)" in page
    assert "Red Ciudadana" in page
    assert 'href="mailto:info@redciudadana.org.gt"' in page


def test_nothing_of_a_person_stands_on_the_page_but_a_hint_of_the_address(site: Site) -> None:
    page = site.get(site.link()).text
    assert "p…\u2060@example.org" in page
    for personal in ("persona1@", "María", "López", "tk=personal", "Quetzaltenango"):
        assert personal not in page


def test_a_strangers_text_stays_text(open_site: Opener, database: Database, now: datetime) -> None:
    hostile = "<script>alert(1)</script>\"'&{{7*7}}"
    event = make_event(slug="otro", title=hostile)
    person = make_registrant(9, meeting_id="99", email='"<b>"@example.org')
    site = open_site()
    site.world = make_world(database, now, [person], event=event)
    page = site.get(site.link()).text
    assert "<script>" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;" in page
    assert "49" not in page.partition("</style>")[2]


def test_the_page_asks_nobody_else_for_anything(site: Site) -> None:
    page = site.get(site.link())
    assert re.findall(r'(?:src|href|action)="(?!data:,|mailto:)', page.text) == []
    assert "url(" not in page.text
    assert "<script" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_the_style_on_the_page_is_the_one_that_its_policy_allows(site: Site) -> None:
    import base64
    import hashlib

    page = site.get(site.link())
    style = page.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in page.headers["content-security-policy"]


def test_a_link_that_is_not_ours_does_nothing_and_says_so_in_both_languages(site: Site) -> None:
    link = site.link()
    others = f"/u/{site.world.rows[1]}-{link.partition('-')[2]}"
    for path in ("/u/x", link[:-1], others, link.upper().replace("/U/", "/u/"), f"{link}%00", "/u/" + "9" * 2000):
        for method in ("GET", "POST"):
            answer = site.ask(method, path, b"")
            assert answer.status == 404
            assert "no es válido" in answer.text
            assert "not valid" in answer.text
    assert unwilling(site) == []


def test_the_link_of_somebody_who_was_erased_is_none(site: Site) -> None:
    link = site.link()
    site.database.write(lambda db: db.execute(text("UPDATE registrant SET erased_at = changed_at")))
    assert site.ask("POST", link).status == 404
    assert unwilling(site) == []


def test_links_outlive_a_file_that_is_renamed(site: Site) -> None:
    link = site.link()
    site.database.write(lambda db: db.execute(text("UPDATE event SET slug = 'otro-nombre'")))
    assert site.ask("POST", link).status == 200


def test_many_clicks_at_once_are_one(site: Site) -> None:
    link, found = site.link(), []
    threads = [threading.Thread(target=lambda: found.append(site.ask("POST", link).status)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [200] * 8
    assert unwilling(site) == [("persona1@example.org", "link")]


def test_a_large_body_is_refused_and_does_nothing(site: Site) -> None:
    assert site.ask("POST", site.link(), b"x" * 1_000_000, FORM).status == 413
    assert unwilling(site) == []


def test_who_opted_out_shows_in_the_logs_by_number_alone(site: Site, logs: Callable[[], str]) -> None:
    link = site.link()
    site.get(link)
    site.ask("POST", link, ONE_CLICK, FORM)
    site.ask("POST", link, b"undo=1", FORM)
    site.get(f"{link}0")
    said: Any = logs()
    assert "no more reminders wanted" in said
    assert "reminders wanted again" in said
    for secret in (link.partition("-")[2], "persona1@", site.database.write(events.link_key).hex()):
        assert secret not in said


MODEL_TEXT = """\
title = "Encuentro"
language = "es"
timezone = "America/Guatemala"
registration_deadline = 2023-03-05

[organizer]
name = "Red Ciudadana"
email = "info@redciudadana.org.gt"

[zoom]
meeting_id = 81234567890
"""
