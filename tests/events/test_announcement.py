"""What is made of a page: doubts with words and lines, the file that is written, and nothing that brings it down."""

from __future__ import annotations

import time
import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.events.reading_pages import PAGES, TODAY
from zoomsync.domain.announcement import Announcement
from zoomsync.domain.records import EventStatus
from zoomsync.errors import NoEvent
from zoomsync.events.announcement.draft import slug_for, write_draft
from zoomsync.events.announcement.facts import read_announcement
from zoomsync.events.announcement.fetch import Source
from zoomsync.events.files import read_event_file

LINK = "https://us06web.zoom.us/meeting/register/tZabc"
REPOSITORY = Path(__file__).parents[2]

MODEL_PAGE = f"""\
---
title: Encuentro de Justicia Abierta 2023
autor: Red Ciudadana
correo: info@redciudadana.org.gt
date: 2023-02-23T17:17:21.297Z
---
Red Ciudadana preparó un encuentro virtual sobre justicia abierta en Guatemala.

## Fechas Importantes:

* Fecha límite de inscripción: **5 de Marzo 2023**
* **Sesión 1** - **Martes 7de Marzo 2023- 8 a 1 pm (GMT-6)**
* **Sesión 2 - Martes 8 de Marzo 2023- 8 a 1 pm (GMT-6)**

## Registro:

<iframe src="{LINK}" width="100%" height="2574">Cargando…</iframe>
"""


def told(text: str, *, html: bool = False, zone: str = "America/Guatemala", name: str = "page.md") -> Announcement:
    return read_announcement(Source(text, name, html), zone=zone, today=TODAY)


def event(lines: str, *, zone: str = "America/Guatemala") -> Announcement:
    """A page of an event with these lines."""
    return told(f"---\ntitle: Taller\nlang: es\n---\nTaller en línea. Inscripción: {LINK}\n\n{lines}\n", zone=zone)


def doubts(one: Announcement, *kinds: str) -> list[tuple[int, str]]:
    return [(each.line, each.text) for each in one.doubts if each.kind in kinds]


# ------------------------------------------------------------------------------------------------- the model event


def test_the_model_page_gives_the_model_event() -> None:
    one = told(MODEL_PAGE)
    assert (one.title, one.organizer, one.email) == (
        "Encuentro de Justicia Abierta 2023",
        "Red Ciudadana",
        "info@redciudadana.org.gt",
    )
    assert (one.language, one.timezone, one.deadline, one.registration_url) == (
        "es",
        "America/Guatemala",
        date(2023, 3, 5),
        LINK,
    )
    assert [(each.title, f"{each.starts} {each.ends:%H:%M}") for each in one.sessions] == [
        ("Sesión 1", "2023-03-07 08:00:00 13:00"),
        ("Sesión 2", "2023-03-08 08:00:00 13:00"),
    ]
    assert [(each.kind, each.line) for each in one.doubts] == [("timezone", 12), ("weekday", 13)]
    assert one.doubts[1].text == (
        '8 March 2023 was a Wednesday, not a "Martes". The page: "Sesión 2 - Martes 8 de Marzo 2023- 8 a 1 pm (GMT-6)"'
    )


def test_the_file_says_the_same_as_the_one_in_the_repository(tmp_path: Path) -> None:
    ours = read_event_file(REPOSITORY / "config/events/encuentro-justicia-abierta-2023.toml")
    file = tmp_path / "encuentro.toml"
    draft = write_draft(told(MODEL_PAGE), file, "page.md")
    file.write_text(draft.text, encoding="utf-8")
    theirs = read_event_file(file)
    assert theirs == draft.event
    assert theirs.status is EventStatus.DRAFT
    for part in ("title", "language", "timezone", "registration_deadline", "organizer", "sessions", "reminders"):
        assert getattr(theirs, part) == getattr(ours, part), part


def test_each_doubt_stands_as_a_comment_above_what_it_is_about() -> None:
    lines = write_draft(told(MODEL_PAGE), Path("encuentro.toml"), "page.md").text.splitlines()
    zone = next(number for number, line in enumerate(lines) if line.startswith('timezone = "America/Guatemala"'))
    assert lines[zone - 2].startswith('# ? line 12: "GMT-6" names no zone: America/Guatemala is taken.')
    second = [number for number, line in enumerate(lines) if line == "[[sessions]]"][1]
    assert lines[second - 2].startswith('# ? line 13: 8 March 2023 was a Wednesday, not a "Martes".')
    assert max(map(len, lines)) <= 120


# ----------------------------------------------------------------------------------------------- what is a doubt

SESSION = "7 de marzo de 2024, 8 a 10 am"


def test_year_that_is_missing_is_taken_from_the_pages_date() -> None:
    page = (
        f"---\ntitle: Taller\ndate: 2023-12-18\nlang: es\n---\nInscripción: {LINK}\n\nSesión: 10 de enero, 8 a 10 am\n"
    )
    one = told(page)
    assert one.sessions[0].starts == datetime.fromisoformat("2024-01-10T08:00")
    assert doubts(one, "year") == [
        (
            8,
            "The year is missing: 2024 is taken from the page's date, 2023-12-18. "
            'The page: "Sesión: 10 de enero, 8 a 10 am"',
        )
    ]


@pytest.mark.parametrize(
    ("lines", "kind", "says"),
    [
        ("Sesión: 7/3/2024, 8 a 10 am", "date", "Day or month first? Read as 7 March; it may be 3 July."),
        ("Sesión: 7 de marzo de 2024, 8 am", "time", "No end stands there: an hour is assumed."),
        ("Sesión: 7 de marzo de 2024, 8 am. Duración: 2 horas.", "time", "No end stands there: 120 minutes are taken"),
        ("Sesión: 7 de marzo de 2024, 8:00 a 10:00", "time", 'Neither "am" nor "pm" stands there.'),
        ("Sesiones: del 5 al 7 de marzo de 2024, 8 a 10 am", "session", "A range of dates: taken as a session on each"),
        ("Todos los martes, 8 a 10 am", "date", "These days recur; write each session with its date."),
        ("Todos los martes de abril, 8 a 10 am", "session", "These days recur: taken as a session on each of the"),
        ("Sesión: lunes 7 de marzo de 2024, 8 a 10 am", "weekday", '7 March 2024 was a Thursday, not a "lunes".'),
        ("Sesión: 30 de febrero de 2024, 8 a 10 am", "date", "Which days are meant is not certain."),
        ("Sesión: 7 de marzo de 2024, 8 a 10 am EST", "timezone", '"EST" names no zone: America/Bogota is taken.'),
        (f"Cierre de inscripción: 5 de marzo de 2024, 12pm\n\n{SESSION}", "deadline", '"12 pm" is noon'),
        (f"Inscripción antes del 5 de marzo de 2024\n\n{SESSION}", "deadline", "Whether people may"),
        (f"{SESSION}\n\nSe inscribe en https://forms.gle/abc", "form", "Google Forms is linked"),
        (f"Sesión 1: {SESSION}\n\nSesión 2: {SESSION}", "session", "Two sessions at the same time"),
        (f"{SESSION}\n\nEl 9 de marzo de 2024 habrá más", "date", "No time of day stands beside"),
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_a_doubt(lines: str, kind: str, says: str) -> None:
    found = doubts(event(lines), kind)
    assert any(text.startswith(says) for _, text in found), event(lines).doubts


def starts_of(lines: str, written: str) -> list[str]:
    page = f"---\ntitle: Taller\ndate: {written}\nlang: es\n---\nInscripción: {LINK}\n\n{lines}\n"
    return [f"{one.starts:%Y-%m-%d %H:%M}" for one in told(page).sessions]


@pytest.mark.parametrize(
    ("lines", "days"),
    [
        ("Todos los martes de abril, 8 a 10 am", "04-02 04-09 04-16 04-23 04-30"),
        ("Todos los martes de abril de 2024, 8 a 10 am", "04-02 04-09 04-16 04-23 04-30"),
        ("Cada jueves de marzo y abril, 8 a 10 am", "03-07 03-14 03-21 03-28 04-04 04-11 04-18 04-25"),
        ("Los martes y jueves de mayo, 8 a 10 am",
         "05-02 05-07 05-09 05-14 05-16 05-21 05-23 05-28 05-30"),
    ],
)  # fmt: skip
def test_weekdays_of_a_month_that_is_named_are_each_a_session(lines: str, days: str) -> None:
    assert starts_of(lines, "2024-02-20") == [f"2024-{day} 08:00" for day in days.split()]


def test_a_month_that_is_just_going_on_is_that_of_the_pages_year() -> None:
    assert starts_of("Todos los martes de abril, 8 a 10 am", "2024-04-20")[0] == "2024-04-02 08:00"


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        ("Duración: 2 horas", 120),
        ("Duración: 90 minutos", 90),
        ("Cada sesión dura hora y media", 90),
        ("Duración aproximada de una hora y media", 90),
        ("Sesiones de 45 min", 45),
        ("Duration: 1 hour 30 minutes", 90),
        ("A 90-minute session", 90),
        ("Lasts 1.5 hours", 90),
        # No length of a session, or not one alone: an hour is assumed.
        ("Traiga 2 horas de lectura", 60),
        ("Duración: de 2 horas a 3 horas", 60),
        ("Duración: 40 horas", 60),
    ],
)
def test_a_length_that_is_stated_stands_for_an_end_that_is_missing(said: str, minutes: int) -> None:
    one = event(f"Sesión: 7 de marzo de 2024, 8 am\n\n{said}")
    assert [each.ends - each.starts for each in one.sessions] == [timedelta(minutes=minutes)]
    assert any("No end stands there" in text for _, text in doubts(one, "time"))


def test_an_end_that_stands_there_counts_and_not_a_length() -> None:
    one = event("Sesión: 7 de marzo de 2024, 8 a 10 am. Duración: 3 horas.")
    assert [f"{each.ends:%H:%M}" for each in one.sessions] == ["10:00"]


def test_of_several_zones_in_a_line_the_organisations_own_is_taken() -> None:
    line = "Sesión: 7 de marzo de 2024, 8 pm GT / 9 pm COL"
    ours, theirs = event(line), event(line, zone="America/Bogota")
    assert (ours.timezone, f"{ours.sessions[0].starts:%H:%M}") == ("America/Guatemala", "20:00")
    assert (theirs.timezone, f"{theirs.sessions[0].starts:%H:%M}") == ("America/Bogota", "21:00")
    assert not doubts(ours, "timezone")
    assert doubts(event("Sesión: 7 de marzo de 2024, 8 pm GT / 8 pm COL"), "timezone")


def test_an_offset_gets_a_zone_that_has_it() -> None:
    line = "Sesión: 7 de marzo de 2024, 8 a 10 am (GMT-5)"
    assert (event(line).timezone, event(line, zone="America/Lima").timezone) == ("America/Bogota", "America/Lima")
    assert len(doubts(event(line, zone="America/Lima"), "timezone")) == 1


def test_google_form_gets_a_stand_in_and_says_that_it_cannot_be_synced() -> None:
    one = told(f"# Taller\n\nTaller: {SESSION}. Inscripción: https://docs.google.com/forms/d/e/abc/viewform\n")
    assert one.other_form == "Google Forms"
    assert "zoomsync cannot sync it" in doubts(one, "form")[0][1]
    link = tomllib.loads(write_draft(one, Path("taller.toml"), "p").text)["zoom"]["registration_url"]
    assert link == "https://us06web.zoom.us/meeting/register/put-the-link-of-taller-here"


def test_two_deadlines_are_told() -> None:
    one = event(f"Inscripción hasta el 5 de marzo de 2024.\n\nInscripción hasta el 6 de marzo de 2024.\n\n{SESSION}")
    assert one.deadline == date(2024, 3, 5)
    assert "Another deadline" in doubts(one, "deadline")[0][1]


def test_doubts_show_no_address_in_full_and_no_passcode() -> None:
    one = told(f"# Taller\n\n7 de marzo, 8 am, {LINK}?pwd=geheim, ana@example.org, bea@example.org, inscripción\n")
    words = " ".join(each.text for each in one.doubts)
    assert "ana@" not in words
    assert "geheim" not in words
    assert "geheim" not in write_draft(one, Path("a.toml"), "p").text


@pytest.mark.parametrize(
    "page",
    [
        "",
        "# Quiénes somos\n\nNuestro horario es de 8:00 a 16:00 horas, de lunes a viernes.",
        "# Informe\n\nEl 7 de marzo de 2023, a las 8 pm, el congreso votó la ley.",
        f"---\ntitle: Recuento\ndate: 2024-06-01\n---\nEl taller virtual fue el {SESSION}. Gracias.",
    ],
)
def test_a_page_that_is_no_event_is_none(page: str) -> None:
    with pytest.raises(NoEvent):
        told(page)


# ------------------------------------------------------------------------------------------------------- the slug


@pytest.mark.parametrize(
    ("place", "slug"),
    [
        ("content/2023-02-23-encuentro-de-años.md", "encuentro-de-anos"),
        ("https://example.org/eventos/taller-abierto/", "taller-abierto"),
        ("https://example.org/taller-abierto/index.html?x=1", "taller-abierto"),
        ("https://example.org/", "encuentro-de-justicia-abierta-2023"),
        ("posts/index.md", "encuentro-de-justicia-abierta-2023"),
    ],
)
def test_the_slug_is_the_pages_own_name(place: str, slug: str) -> None:
    assert slug_for(told(MODEL_PAGE), place) == slug


# ------------------------------------------------------------------------------------------------------- at random

_WORDS = """
    7 8 12 31 2023 24 : - – / . , ( ) a y de del al las hasta martes lunes mar marzo March May enero todos cada
    am pm p. m. hrs h horas GMT-6 GT COL hora Guatemala medianoche inscripción registro límite sesión taller Zoom
    a@b.co | # ** <br> <td> <table> <tr> <p> --- +++ title: date: [ ] { } " ' ; 7/3/2023 14h30 🇬🇹 <div> <h1>
    2023-03-07T08:00:00-06:00 <script> <!-- &nbsp;
"""
_PIECES = st.sampled_from(sorted(set(_WORDS.split())))
_TEXTS = st.lists(_PIECES | st.text(max_size=8) | st.just("\n"), max_size=40).map(" ".join)


@settings(max_examples=25)
@given(_TEXTS, st.booleans(), st.booleans())
def test_no_text_brings_it_down_and_what_is_written_can_be_read(text: str, html: bool, invited: bool) -> None:
    page = text + (f"\n\nInscríbase al taller del 7 de marzo de 2023: {LINK}" if invited else "")
    try:
        one = told(page, html=html)
    except NoEvent:
        return
    write_draft(one, Path("an-event.toml"), "page.md")  # raises where it could not be read


def test_a_page_that_is_not_read_to_its_end_says_so() -> None:
    one = event("palabra " * 20_000 + f"\n\nSesión: {SESSION}")
    assert any("not all of it was read" in text for _, text in doubts(one, "session"))
    assert not any("not all of it" in text for _, text in doubts(event(SESSION), "session"))


@pytest.mark.parametrize("piece", ["7 y ", "<!--", "<a ", "7 de marzo, 8 a 1 pm ", "a@", "{% "])
def test_no_text_takes_long(piece: str) -> None:
    began = time.process_time()
    event(piece * (4_000 // len(piece)))
    assert time.process_time() - began < 2


def test_the_pages_lines_are_those_of_its_file() -> None:
    for name in ("wordpress.html", "prosa-larga.md"):
        text = (PAGES / name).read_text(encoding="utf-8")
        one = told(text, html=name.endswith("html"))
        day = {"wordpress.html": ">mayo</b>", "prosa-larga.md": "jueves 5"}[name]
        assert day in text.splitlines()[one.sessions[0].line - 1]
