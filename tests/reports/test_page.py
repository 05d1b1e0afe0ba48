"""The report as a page: it stands alone, asks nobody for anything, and runs nothing but its own few lines."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime
from html.parser import HTMLParser

import pytest

from tests.builders import make_registrant
from tests.outbox_world import make_world
from tests.reports.reading import as_page, wanted
from tests.reports.test_hostile_text import FORMULAS, OTHERS
from tests.reports.test_overview import AFTER, attend, people
from zoomsync.store.schema import Database


@pytest.fixture
def database(sqlite_url: str) -> Database:
    return Database(sqlite_url)


class Elements(HTMLParser):
    """Every start tag of a page with its attributes, and the text of styles and scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[tuple[str, str]] = []
        self._within = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._within = tag

    def handle_data(self, data: str) -> None:
        if self._within in ("style", "script"):
            self.inline.append((self._within, data))
            self._within = ""


def test_a_page_holds_all_it_needs_and_its_policy_forbids_the_rest(database: Database, now: datetime) -> None:
    world = make_world(database, now, people("Petén", "Petén", "Quiché"))
    attend(world, 300, 60, strangers=1)
    page = as_page(database, wanted("overview"), AFTER)
    elements = Elements(page)
    (policy,) = (one["content"] or "" for tag, one in elements.found if one.get("http-equiv"))
    hashes = {f"{kind}-src 'sha256-{digest(text)}'" for kind, text in elements.inline}
    assert (
        policy == f"default-src 'none'; {'; '.join(sorted(hashes, reverse=True))}; base-uri 'none'; form-action 'none'"
    )
    assert [kind for kind, _ in elements.inline] == ["style", "script"]
    for tag, attributes in elements.found:
        assert tag not in ("link", "img", "iframe", "object", "a", "base", "form")
        assert not {"src", "href", "style", "srcset"} & attributes.keys()
        assert not any(name.startswith("on") for name in attributes)
    assert not re.search(r"url\(|@import", page)
    assert sum(tag == "svg" for tag, _ in elements.found) == 4  # funnel, days, attendance, one question
    assert '<html lang="es">' in page
    assert "La inscripción " in page
    assert "los datos personales se borrarán el martes 6 de junio de 2023." in page


def digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_a_chart_says_its_numbers_to_who_cannot_see_it(database: Database, now: datetime) -> None:
    make_world(database, now, people("Petén", "Petén", "Quiché", "Quiché"))
    labels = [
        one["aria-label"] for tag, one in Elements(as_page(database, wanted("overview"), now)).found if tag == "svg"
    ]
    assert "Departamento. Petén: 2; Quiché: 2" in labels


def test_an_overview_names_nobody_unless_it_is_asked_to(database: Database, now: datetime) -> None:
    make_world(database, now, people("Petén", "Petén"))
    assert "persona1@example.org" not in as_page(database, wanted("overview"), now)
    assert "persona1@example.org" in as_page(database, wanted("overview", people=True), now)
    hidden = as_page(database, wanted("overview", people=True, anonymous=True), now)
    assert "persona1@example.org" not in hidden
    assert "López" not in hidden


def test_what_strangers_wrote_stays_text_on_a_page(database: Database, now: datetime) -> None:
    registrants = [
        make_registrant(number, first_name=name, answers=((f"¿<b>{name[:20]}?", "Sí"), ("Otra", name[:40])))
        for number, name in enumerate((*FORMULAS, *OTHERS) * 2, start=1)
    ]
    make_world(database, now, registrants)
    page = as_page(database, wanted("overview", people=True), now)
    elements = Elements(page)
    assert [kind for kind, _ in elements.inline] == ["style", "script"]
    assert "<script>alert" not in page
    assert "<b>{{7*7}}" not in page
    assert "{{7*7}} %s ${x}" in page  # as it was written, and not worked out
    assert not set(page) & set("\x1b\x07\x9b\u202e\u200b")
    assert "مرحبا بالعالم" in page


def test_english_for_donors_who_read_it(database: Database, now: datetime) -> None:
    make_world(database, now, people("Petén"))
    page = as_page(database, wanted("overview", language="en"), now)
    assert '<html lang="en">' in page
    assert "From registration to attendance" in page
    assert "personal data will be removed on Tuesday, June 6, 2023." in page
    assert not re.search(r"[Ii]nscripci|Aprobad|correo", page.replace("Inscripción", ""))
