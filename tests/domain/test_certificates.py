"""Who gets a certificate, for how many hours, and the codes."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from tests.builders import FIVE_HOURS, SESSION_2, make_session
from tests.domain.test_attendance import at, enrolled, joining
from zoomsync.domain.attendance import Enrolled, attendance_of
from zoomsync.domain.certificates import (
    CODE_BYTES,
    Person,
    Presence,
    code_from,
    initials,
    presence_of,
    read_code,
    shown_code,
)
from zoomsync.domain.records import RegistrantStatus

FIRST = make_session()
SECOND = make_session(key="s2", starts_at=SESSION_2, ends_at=SESSION_2 + FIVE_HOURS)
ZONE = "America/Guatemala"


def presences(people: list[Enrolled], *joinings: Any, sessions: Any = (FIRST, SECOND)) -> list[Presence]:
    return presence_of([attendance_of(one, people, joinings, {}) for one in sessions], people, ZONE)


def test_hours_of_all_sessions_add_up_and_absence_counts_as_scheduled():
    (one,) = presences([enrolled(1), enrolled(2)], joining(1, 5, registrant_id="r1"))
    assert (one.attended, one.scheduled, one.share) == (timedelta(hours=4), timedelta(hours=10), 0.4)
    assert one.dates == (date(2023, 3, 7),)


def test_two_meetings_of_one_address_are_one_person():
    people = [enrolled(1, email="ana@example.org"), enrolled(2, email="ana@example.org", meeting_id="822")]
    second = make_session(key="s2", starts_at=SESSION_2, ends_at=SESSION_2 + FIVE_HOURS, meeting_id="822")
    joinings = [joining(registrant_id="r1"), joining(24, 26, registrant_id="r2", meeting_id="822")]
    (one,) = presences(people, *joinings, sessions=(FIRST, second))
    assert (one.attended, one.scheduled) == (timedelta(hours=7), timedelta(hours=10))
    assert one.dates == (date(2023, 3, 7), date(2023, 3, 8))


def test_only_sessions_that_a_person_registered_for_are_scheduled_for_them():
    first, second = (
        make_session(occurrence_id="o1"),
        make_session(key="s2", starts_at=SESSION_2, ends_at=SESSION_2 + FIVE_HOURS, occurrence_id="o2"),
    )
    (one,) = presences([enrolled(1, occurrence_id="o1")], joining(registrant_id="r1"), sessions=(first, second))
    assert (one.attended, one.scheduled) == (FIVE_HOURS, FIVE_HOURS)


def test_a_date_is_that_of_the_events_zone():
    evening = make_session(starts_at=SESSION_2 - timedelta(hours=11), ends_at=SESSION_2 - timedelta(hours=9))
    (one,) = presences([enrolled(1)], joining(13, 14, registrant_id="r1"), sessions=(evening,))
    assert one.dates == (date(2023, 3, 7),), "nine in the evening in Guatemala, and the next day in Greenwich"


def test_people_with_addresses_of_their_own_are_told_apart_by_those_alone():
    people = [enrolled(1, name="Ana"), enrolled(2, name="Ana")]
    found = presences(people, joining(0, 1, registrant_id="r1"), joining(0, 2, registrant_id="r2"))
    assert [(one.person, one.attended) for one in found] == [
        (Person(people[1].email), timedelta(hours=2)),
        (Person(people[0].email), timedelta(hours=1)),
    ]


def test_two_people_who_share_an_address_are_told_apart_by_name():
    people = [enrolled(n, email="oficina@example.org", name=name) for n, name in ((1, "Ana"), (2, "Beto"))]
    found = presences(people, joining(0, 5, registrant_id="r1"), joining(0, 2, registrant_id="r2"))
    assert [(one.registrant.name, one.attended) for one in found] == [("Ana", FIVE_HOURS), ("Beto", timedelta(hours=2))]


def test_mail_goes_to_an_approved_registration_first():
    people = [
        enrolled(1, email="ana@example.org", status=RegistrantStatus.CANCELLED),
        enrolled(2, email="ana@example.org", meeting_id="822"),
    ]
    (one,) = presences(people, joining(registrant_id="r1"))
    assert one.registrant.row_id == 2


def test_who_was_erased_gets_none():
    people = [enrolled(n, email="", name="") for n in (1, 2)]
    assert presences(people, joining(registrant_id="r1"), joining(registrant_id="r2")) == []
    (one,) = presences([*people, enrolled(3)], joining(registrant_id="r1"), joining(registrant_id="r3"))
    assert one.registrant.row_id == 3, "who came after them has theirs"
    assert at(0) == FIRST.starts_at


def test_code_is_read_as_people_type_it():
    chance = random.Random(1)
    codes = {code_from(chance.randbytes(CODE_BYTES)) for _ in range(500)}
    assert len(codes) == 500
    for code in codes:
        assert read_code(code) == read_code(shown_code(code).lower()) == code
        assert not set(code) & set("ILOU")
    assert read_code("  oil1-0000 0000 ") == "011100000000"
    assert [read_code(text) for text in ("", "7K3M", "7K3M-9QWX-2TB$", "U" * 12, "é" * 12)] == [None] * 5


def test_every_one_of_its_sixty_bits_makes_another_code():
    assert len({code_from((1 << bit).to_bytes(CODE_BYTES)) for bit in range(60)}) == 60


def test_initials_say_little_and_enough():
    assert initials("María José  Ñandú") == "M. J. Ñ."
    assert initials("") == ""
