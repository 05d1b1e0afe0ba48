"""What an announcement page says, held against the event's file and Zoom: which words are told, and how sure they are.

From values; how pages are read, and whole pages held against a file: see `test_contradictions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.builders import FIVE_HOURS, MEETING_ID, SESSION_1, SESSION_2, make_event, make_meeting, utc
from zoomsync.domain.announcement import Announcement, Contradiction, PageSession, contradictions
from zoomsync.domain.records import Event, Meeting, Occurrence

local = datetime.fromisoformat  # times of a page are of no zone
SET_RIGHT = "set one of them right"
FIRST = PageSession("Sesión 1", local("2023-03-07 08:00"), local("2023-03-07 13:00"), line=12)
SECOND = PageSession("Sesión 2", local("2023-03-08 08:00"), local("2023-03-08 13:00"), line=13)
FROM_ZOOM = make_event(sessions=())
HOUR = timedelta(hours=1)
BY_OCCURRENCE = make_meeting(
    occurrences=(
        Occurrence("o2", SESSION_2, FIVE_HOURS),
        Occurrence("o1", SESSION_1, FIVE_HOURS),
        Occurrence("o0", SESSION_1 - timedelta(days=9), FIVE_HOURS, deleted=True),
    )
)


def page(*sessions: PageSession, **changes: Any) -> Announcement:
    """The model event's page, read."""
    known: dict[str, Any] = {
        "deadline": date(2023, 3, 5),
        "sessions": sessions or (FIRST, SECOND),
        "offset": timedelta(hours=-6),
        "deadline_line": 11,
        "zone_line": 12,
        "link_line": 17,
    }
    return Announcement("Encuentro de Justicia Abierta 2023", "es", "America/Guatemala", **known | changes)


def found(
    told: Announcement,
    *meetings: Meeting,
    event: Event | None = None,
    links: Sequence[tuple[str, str]] = (),
) -> list[Contradiction]:
    return list(contradictions(event or make_event(), told, meetings, links))


def moved(session: PageSession, by: timedelta, **changes: Any) -> PageSession:
    return replace(session, starts=session.starts + by, ends=session.ends + by, **changes)


def doubtful(session: PageSession, *unsure: str) -> PageSession:
    return replace(session, unsure=frozenset(unsure))


def test_a_page_that_says_the_same_contradicts_nothing() -> None:
    assert found(page(), make_meeting()) == []
    assert found(page(), BY_OCCURRENCE, event=FROM_ZOOM) == []
    assert found(page(), event=FROM_ZOOM) == [], "nothing is known to hold it against"
    assert found(replace(page(), sessions=()), BY_OCCURRENCE) == []


def test_another_meeting_is_named_with_both_numbers() -> None:
    assert found(page(meeting_id=MEETING_ID)) == []
    assert found(page(meeting_id="999")) == [
        Contradiction(f"the page names meeting 999 and the file {MEETING_ID}", SET_RIGHT)
    ]


def test_another_title_is_told_and_is_a_doubt_where_the_page_is_one() -> None:
    named = Contradiction(
        'it is called "Feria" by the page and "Encuentro de Justicia Abierta 2023" by the file',
        "set one of them right, or let page_url be the address of the page that announces this event",
    )
    assert found(replace(page(), title="Feria")) == [named]
    assert found(replace(page(), title="Feria", unsure=frozenset({"title"}))) == [replace(named, sure=False)]


@pytest.mark.parametrize(
    "title", ["JUSTICIA ABIERTA", "Inscríbase: Encuentro de Justicia Abierta 2023 - Red Ciudadana"]
)
def test_a_part_of_the_title_is_the_title(title: str) -> None:
    assert found(replace(page(), title=title)) == []
    assert found(replace(page(), title="2023")) != [], "but not a word as short as that"


def test_a_title_of_six_letters_is_long_enough_to_be_a_part_of_another() -> None:
    assert found(replace(page(), title="Jornada Maya 2023"), event=make_event(title="Jornada")) == []
    assert found(replace(page(), title="Hablemos de agua"), event=make_event(title="De agua")) == []
    assert found(replace(page(), title="Zona de oficio"), event=make_event(title="Oficio")) == []


def test_what_zoom_calls_it_is_told_with_both_names() -> None:
    (one,) = found(page(), make_meeting(topic="Reunión semanal"))
    assert one == Contradiction(
        'Zoom calls it "Reunión semanal", and the page "Encuentro de Justicia Abierta 2023"',
        "registrants see both",
        sure=False,
    )


@pytest.mark.parametrize(
    ("zone", "offset", "ours"),
    [
        ("Asia/Kolkata", timedelta(hours=-6), "GMT+5:30"),
        ("America/Caracas", timedelta(0), "GMT-4"),
        ("Africa/Abidjan", timedelta(hours=-6), "GMT+0"),
    ],
)
def test_zones_are_told_by_what_they_are_ahead(zone: str, offset: timedelta, ours: str) -> None:
    event = make_event(timezone=zone, sessions=())
    (one,) = (each for each in found(page(offset=offset, deadline=None), event=event))
    theirs = "GMT+0" if not offset else "GMT-6"
    assert one == Contradiction(
        f"the page's times are {theirs} (line 12), and {zone} of the file is {ours} then", SET_RIGHT
    )


def test_without_a_session_or_a_zone_that_is_known_none_is_compared() -> None:
    assert found(replace(page(offset=timedelta(0)), sessions=())) == []
    for unknown in ("", "Etc/Nowhere", "../etc"):
        assert found(page(), make_meeting(timezone=unknown)) == []
    (one,) = found(page(), make_meeting(timezone="America/New_York"))
    assert (one.remedy, one.sure) == ("choose the meeting's time zone in the Zoom portal", False)


def test_another_deadline_is_told_as_both_have_it() -> None:
    told = Contradiction(
        "the deadline is the end of Mar 4, 2023 by the page (line 11) and the end of Mar 5, 2023 by the file", SET_RIGHT
    )
    assert found(page(deadline=date(2023, 3, 4))) == [told]
    assert found(page(deadline=date(2023, 3, 4), unsure=frozenset({"deadline"}))) == [replace(told, sure=False)]


def test_a_deadline_without_its_year_is_of_the_files_year() -> None:
    """The last day of a year ends with the first moment of the next."""
    unsure = frozenset({"deadline year"})
    assert found(page(deadline=date(2031, 3, 5), unsure=unsure)) == []
    assert found(page(deadline=date(2031, 3, 5))) != []
    at_new_year = make_event(registration_deadline=utc(2024, 1, 1, 6))
    assert found(page(deadline=date(2031, 12, 31), unsure=unsure), event=at_new_year) == []
    assert found(page(deadline=date(2024, 2, 29), unsure=unsure)) != []
    assert found(page(deadline=local("2023-03-05 23:59"))) == [], "the last minute of a day is its end"


def test_a_session_at_another_time_is_told_as_both_have_it() -> None:
    told = Contradiction(
        "Sesión 1 starts Mar 7, 2023, 9:00 AM by the page (line 12) and Mar 7, 2023, 8:00 AM by the file", SET_RIGHT
    )
    late = moved(FIRST, HOUR)
    assert found(page(late, SECOND)) == [told]
    assert found(page(doubtful(late, "date"), SECOND)) == [told]
    assert found(page(doubtful(late, "time"), SECOND)) == [replace(told, sure=False)]
    another_day = moved(FIRST, timedelta(days=3))
    assert [one.sure for one in found(page(doubtful(another_day, "time"), SECOND))] == [True]
    assert [one.sure for one in found(page(doubtful(another_day, "date"), SECOND))] == [False]


def test_a_session_that_ends_otherwise_is_told_as_both_have_it() -> None:
    longer = replace(SECOND, ends=SECOND.ends + HOUR)
    assert found(page(FIRST, longer)) == [
        Contradiction(
            "Sesión 2 ends Mar 8, 2023, 2:00 PM by the page (line 13) and Mar 8, 2023, 1:00 PM by the file", SET_RIGHT
        )
    ]
    assert found(page(FIRST, doubtful(longer, "end"))) == []


def test_sessions_of_zoom_are_what_it_shows_and_have_the_pages_titles() -> None:
    (one,) = found(page(moved(FIRST, HOUR), SECOND), BY_OCCURRENCE, event=FROM_ZOOM)
    assert one.text == "Sesión 1 starts Mar 7, 2023, 9:00 AM by the page (line 12) and Mar 7, 2023, 8:00 AM by Zoom"
    (one,) = found(page(replace(FIRST, ends=FIRST.ends + HOUR), SECOND), BY_OCCURRENCE, event=FROM_ZOOM)
    assert one.text == "Sesión 1 ends Mar 7, 2023, 2:00 PM by the page (line 12) and Mar 7, 2023, 1:00 PM by Zoom"
    (one,) = found(page(FIRST), BY_OCCURRENCE, event=FROM_ZOOM)
    assert one == Contradiction("a session on Mar 8, 2023, 8:00 AM is in Zoom and not on the page", SET_RIGHT)


def test_a_meeting_without_occurrences_is_one_session_of_an_hour_where_it_shows_no_length() -> None:
    assert found(page(FIRST), make_meeting(), event=FROM_ZOOM) == []
    short = replace(FIRST, ends=FIRST.starts + HOUR)
    assert found(page(short), make_meeting(duration=None), event=FROM_ZOOM) == []
    assert found(page(FIRST), make_meeting(starts_at=None), event=FROM_ZOOM) == []


def test_a_session_that_only_one_of_them_has_is_told() -> None:
    third = replace(moved(SECOND, timedelta(days=1)), title="Sesión 3", line=14)
    told = Contradiction(
        "the page has a session on Mar 9, 2023, 8:00 AM (line 14), and the file has none then", SET_RIGHT
    )
    assert found(page(FIRST, SECOND, third)) == [told]
    for doubt in ("date", "time"):
        assert found(page(FIRST, SECOND, doubtful(third, doubt))) == [replace(told, sure=False)]
    missing = Contradiction("Sesión 2 on Mar 8, 2023, 8:00 AM is in the file and not on the page", SET_RIGHT)
    assert found(page(FIRST)) == [missing]
    for doubt in ("date", "time"):
        assert found(page(doubtful(FIRST, doubt))) == [replace(missing, sure=False)]


def test_a_cancelled_session_is_on_no_page() -> None:
    event = make_event()
    event = replace(event, sessions=(event.sessions[0], replace(event.sessions[1], cancelled=True)))
    assert found(page(FIRST), event=event) == []


def test_sessions_without_their_year_are_of_the_files_year() -> None:
    nine = timedelta(days=365 * 9)
    told = [doubtful(moved(one, nine), "year") for one in (FIRST, SECOND)]
    told = [replace(one, starts=one.starts.replace(month=3, day=day), ends=one.ends.replace(month=3, day=day))
            for one, day in zip(told, (7, 8), strict=True)]  # fmt: skip
    assert found(page(*told, offset=None)) == []
    certain = [replace(one, unsure=frozenset()) for one in told]
    assert len(found(page(*certain, offset=None))) == 2
    leap = doubtful(PageSession("Sesión 1", local("2024-02-29 08:00"), local("2024-02-29 13:00")), "year")
    assert len(found(page(leap, SECOND, offset=None))) == 1, "that day is of no other year"


def test_where_a_file_has_sessions_of_two_years_a_page_without_a_year_is_as_it_is_read() -> None:
    event = make_event()
    next_year = utc(2024, 3, 8, 14)
    event = replace(
        event,
        sessions=(event.sessions[0], replace(event.sessions[1], starts_at=next_year, ends_at=next_year + FIVE_HOURS)),
    )
    second = replace(SECOND, starts=local("2024-03-08 08:00"), ends=local("2024-03-08 13:00"))
    assert found(page(doubtful(FIRST, "year"), doubtful(second, "year")), event=event) == []


def test_sessions_at_one_time_are_told_apart_by_their_titles() -> None:
    event = make_event()
    at_once = replace(event.sessions[1], starts_at=SESSION_1, ends_at=SESSION_1 + 2 * HOUR)
    other = replace(FIRST, title="sesión 2", ends=FIRST.starts + 2 * HOUR)
    for sessions in ((FIRST, other), (other, FIRST)):
        assert found(page(*sessions), event=replace(event, sessions=(event.sessions[0], at_once))) == []


def test_sessions_are_told_in_the_pages_order() -> None:
    told = found(page(moved(SECOND, HOUR), moved(FIRST, HOUR)))
    assert [one.text.split(" starts")[0] for one in told] == ["Sesión 1", "Sesión 2"]


def test_a_link_to_another_meeting_is_told_once_the_file_before_zoom() -> None:
    told = Contradiction(
        "the page's registration link (line 17) is of another meeting than that of the file", SET_RIGHT
    )
    theirs, ours, zooms = ("page", "tA"), ("file", "tB"), ("Zoom", "tC")
    assert found(page(), links=[theirs, ours, zooms]) == [told]
    assert found(page(unsure=frozenset({"registration_url"})), links=[theirs, ours]) == [replace(told, sure=False)]
    of_zoom = "the page's registration link (line 17) is of another meeting than that of Zoom"
    assert [one.text for one in found(page(), links=[theirs, zooms])] == [of_zoom]
    assert [one.text for one in found(page(), links=[theirs, ("file", "tA"), zooms])] == [of_zoom]
    assert found(page(), links=[theirs, ("Zoom", "tA")]) == []


def test_a_form_that_is_not_zooms_is_told() -> None:
    assert found(page(other_form="Google Forms"), links=[("file", "tB")]) == [
        Contradiction(
            "the page (line 17) leads to a form of Google Forms: who registers there is unknown to Zoom",
            "link Zoom's own registration form on the page",
        )
    ]
    assert found(page(), links=[("file", "tB")]) == []
