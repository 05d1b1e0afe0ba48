"""Who gets an announcement: each person once, and nobody who said no or whose mail came back."""

from __future__ import annotations

from typing import Any

from zoomsync.domain.announcing import Audience, Candidate, Recipients, announcement_id, choose_recipients
from zoomsync.domain.records import RegistrantStatus

APPROVED, PENDING = RegistrantStatus.APPROVED, RegistrantStatus.PENDING


def person(row: int, email: str = "", status: RegistrantStatus = APPROVED, **changes: bool) -> Candidate:
    return Candidate(row, email or f"p{row}@example.org", status, **{"opted_out": False, "bounced": False} | changes)


def choose(people: list[Candidate], audience: Audience = Audience.APPROVED, **changes: Any) -> Recipients:
    given: dict[str, Any] = {"came": {}, "had": (), "important": False} | changes
    return choose_recipients(people, audience, **given)


def test_each_audience_has_its_own() -> None:
    people = [person(1), person(2), person(3, status=PENDING)]
    came = {"s1": {1}, "s2": ()}
    assert choose(people).rows == (1, 2)
    assert choose(people, Audience.PENDING).rows == (3,)
    assert choose(people, Audience.ATTENDED, came=came).rows == (1,)
    assert choose(people, Audience.ABSENT, came=came).rows == (2,)


def test_who_registered_several_times_gets_it_once() -> None:
    people = [person(1, "a@example.org"), person(2, "a@example.org"), person(3, "a@example.org", PENDING)]
    assert choose(people).rows == (1,)
    assert choose(people, Audience.ATTENDED, came={"s1": {2}}).rows == (1,)
    assert choose(people, Audience.ABSENT, came={"s1": {2}}).rows == ()


def test_who_has_it_or_opted_out_or_whose_mail_came_back_is_left_out_and_counted() -> None:
    people = [person(1), person(2, opted_out=True), person(3, bounced=True), person(4, bounced=True, opted_out=True)]
    assert choose(people, had={"p1@example.org"}) == Recipients((), already=1, opted_out=1, bounced=2)
    assert choose(people, important=True) == Recipients((1, 2), already=0, opted_out=0, bounced=2)

    again = [*people, person(5), person(6, opted_out=True)]
    assert choose(again, had={"p1@example.org", "p5@example.org"}) == Recipients((), already=2, opted_out=2, bounced=2)


def test_the_same_words_are_the_same_announcement_whatever_editor_wrote_them() -> None:
    one = announcement_id("Cambio", "Hola\n\nfin\n")
    assert len(one) == 16
    assert announcement_id(" Cambio ", "Hola  \r\n\r\nfin") == one
    assert announcement_id("Otro", "Hola\n\nfin\n") != one
    assert announcement_id("Cambio", "Hola\nfin\n") != one
