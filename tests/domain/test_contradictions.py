"""Where a page contradicts the event's file or Zoom, and where its own words are too doubtful for that."""

from __future__ import annotations

import pytest

from tests.builders import make_event, make_meeting
from tests.events.test_announcement import LINK, MODEL_PAGE, told
from zoomsync.domain.announcement import contradictions
from zoomsync.domain.records import Meeting
from zoomsync.events.fields import registration_token

OURS = "tZabc"
SECOND = "2023- 8 a 1 pm (GMT-6)**\n\n"
THIRD = "* **Sesión 3 - Jueves 9 de Marzo 2023- 8 a 1 pm**\n"


def found(
    page: str, *meetings: Meeting, links: tuple[tuple[str, str], ...] = (("file", OURS),)
) -> list[tuple[str, bool]]:
    """The contradictions of a page with the model event, and whether each is sure."""
    one = told(page)
    on_page = [("page", registration_token(one.registration_url))] if one.registration_url else []
    return [(each.text, each.sure) for each in contradictions(make_event(), one, meetings, [*on_page, *links])]


def test_the_model_page_contradicts_nothing() -> None:
    assert found(MODEL_PAGE, make_meeting(), links=(("file", OURS), ("Zoom", OURS))) == []


@pytest.mark.parametrize(
    ("written", "instead", "says"),
    [
        ("de Justicia Abierta 2023\n", "de Agua 2024\n", 'it is called "Encuentro de Agua 2024" by the page'),
        ("5 de Marzo 2023", "4 de Marzo 2023", "the deadline is the end of Mar 4, 2023 by the page (line 11)"),
        ("5 de Marzo 2023", "5 de Marzo 2023, 18:00", "the deadline is Mar 5, 2023, 6:00 PM by the page (line 11)"),
        ("Martes 7de Marzo", "Jueves 9 de Marzo", "Sesión 1 starts Mar 9, 2023, 8:00 AM by the page (line 12)"),
        (SECOND, SECOND.replace("8 a", "9 a"), "Sesión 2 starts Mar 8, 2023, 9:00 AM by the page (line 13)"),
        (SECOND, SECOND.replace("1 pm", "2 pm"), "Sesión 2 ends Mar 8, 2023, 2:00 PM by the page (line 13)"),
        ("GMT-6", "GMT-5", "the page's times are GMT-5 (line 12), and America/Guatemala of the file is GMT-6 then"),
        (LINK, LINK.replace("abc", "xyz"), "the page's registration link (line 17) is of another meeting"),
        ("* **Sesión 2", f"{THIRD}* **Sesión 2", "the page has a session on Mar 9, 2023, 8:00 AM"),
        (
            "* **Sesión 2 - Martes 8 de Marzo 2023- 8 a 1 pm (GMT-6)**\n",
            "",
            "Sesión 2 on Mar 8, 2023, 8:00 AM is in the file",
        ),
        (LINK, "https://forms.gle/abcdef", "leads to a form of Google Forms"),
    ],
)
def test_what_the_page_says_otherwise_is_a_contradiction(written: str, instead: str, says: str) -> None:
    assert written in MODEL_PAGE
    assert any(says in text and sure for text, sure in found(MODEL_PAGE.replace(written, instead)))


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("Martes 7de Marzo 2023- 8 a 1 pm", "Martes 7 de marzo - 8:00 a 1:00"),
        ("title: Encuentro de Justicia Abierta 2023", "title: Encuentro de Justicia Abierta 2023 | Red Ciudadana"),
        ("5 de Marzo 2023", "5 de Marzo, 23:59"),
        (" 8 a 1 pm (GMT-6)**\n\n", " 8 am (GMT-6)**\n\n"),
        ("(GMT-6)", ""),
    ],
)
def test_what_is_only_less_precise_is_none(written: str, instead: str) -> None:
    assert written in MODEL_PAGE
    assert not any(sure for _, sure in found(MODEL_PAGE.replace(written, instead)))


def test_a_day_that_contradicts_does_so_without_its_year() -> None:
    assert any(sure for _, sure in found(MODEL_PAGE.replace("Martes 7de Marzo 2023", "Jueves 9 de Marzo")))


def test_a_zone_of_zooms_own_is_only_worth_a_look() -> None:
    ((text, sure),) = found(MODEL_PAGE, make_meeting(timezone="America/New_York"))
    assert text.startswith(
        "Zoom shows the times of meeting 81234567890 in America/New_York, GMT-5 then, and the page GMT-6"
    )
    assert not sure


def test_what_zoom_calls_it_is_only_worth_a_look() -> None:
    ((text, sure),) = found(MODEL_PAGE, make_meeting(topic="Reunión semanal"))
    assert text.startswith('Zoom calls it "Reunión semanal"')
    assert not sure
