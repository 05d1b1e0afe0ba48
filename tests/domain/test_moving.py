"""Which session is meant, and which moves cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.builders import FIVE_HOURS, SESSION_1, SESSION_2, make_event, utc
from zoomsync.domain.handwritten import Mistake, read_new_start
from zoomsync.domain.moving import refuse_wrong_move, session_meant
from zoomsync.domain.records import SessionSpec

SESSIONS = make_event().sessions
NOW = utc(2023, 3, 1)


def test_the_end_moves_along() -> None:
    starts_at = SESSION_1 + timedelta(days=3)
    assert refuse_wrong_move(SESSIONS, 1, starts_at, NOW) == starts_at + FIVE_HOURS
    assert refuse_wrong_move(SESSIONS, 1, SESSION_2 - FIVE_HOURS, NOW) == SESSION_2


@pytest.mark.parametrize(
    ("starts_at", "now", "words"),
    [
        (NOW - timedelta(days=1), NOW, "that time is past. Write one that is to come."),
        (NOW, NOW, "that time is past. Write one that is to come."),
        (
            SESSION_2 + timedelta(hours=1),
            NOW,
            "at that time Sesión 2 takes place. Move that one first, or choose another time.",
        ),
        (
            SESSION_2 - timedelta(hours=1),
            NOW,
            "at that time Sesión 2 takes place. Move that one first, or choose another time.",
        ),
        (SESSION_1, NOW, "Sesión 1 starts then already."),
        (SESSION_2 + FIVE_HOURS, SESSION_1, "Sesión 1 has begun. It is too late to move it."),
        (SESSION_2 + FIVE_HOURS, SESSION_1 + FIVE_HOURS, "Sesión 1 is over. What was cannot be moved."),
    ],
)
def test_what_cannot_be_is_refused(starts_at: datetime, now: datetime, words: str) -> None:
    with pytest.raises(Mistake) as refused:
        refuse_wrong_move(SESSIONS, 1, starts_at, now)
    assert str(refused.value) == words


def test_a_session_is_not_in_its_own_way_nor_in_that_of_one_it_ends_with() -> None:
    hour = timedelta(hours=1)
    for number, starts_at in ((1, SESSION_1 + hour), (2, SESSION_2 - hour), (1, SESSION_2 + FIVE_HOURS)):
        assert refuse_wrong_move(SESSIONS, number, starts_at, NOW) == starts_at + FIVE_HOURS


@pytest.mark.parametrize("numbers", [("81111111111", None), (None, "82222222222"), ("81111111111", "81111111111")])
def test_sessions_of_one_meeting_are_never_at_the_same_time(numbers: tuple[str | None, str | None]) -> None:
    together = [replace(one, meeting_id=number) for one, number in zip(SESSIONS, numbers, strict=True)]
    with pytest.raises(Mistake, match="Sesión 2 takes place"):
        refuse_wrong_move(together, 1, SESSION_2, NOW)


def test_sessions_of_meetings_of_their_own_may_be_at_the_same_time() -> None:
    apart = (replace(SESSIONS[0], meeting_id="81111111111"), replace(SESSIONS[1], meeting_id="82222222222"))
    assert refuse_wrong_move(apart, 1, SESSION_2, NOW) == SESSION_2 + FIVE_HOURS
    cancelled = (SESSIONS[0], replace(SESSIONS[1], cancelled=True))
    assert refuse_wrong_move(cancelled, 1, SESSION_2, NOW) == SESSION_2 + FIVE_HOURS


CANCELLED = replace(SESSIONS[0], cancelled=True)


@pytest.mark.parametrize(
    ("sessions", "number", "words"),
    [
        ((), 1, "the file has no [[sessions]]: they follow Zoom. Do it in Zoom's portal, and the sync sees it."),
        (
            SESSIONS,
            None,
            "the event has several sessions. Say which with --session: 1 Sesión 1, 2 Sesión 2.",
        ),
        (SESSIONS, 3, "there is no session 3. The file has 2."),
        ((CANCELLED,), None, "Sesión 1 is cancelled already."),
        ((*SESSIONS, replace(CANCELLED, title="Clausura")), 3, "Clausura is cancelled already."),
    ],
)
def test_a_session_that_is_not_meant_plainly_is_asked_for(
    sessions: Sequence[SessionSpec], number: int | None, words: str
) -> None:
    with pytest.raises(Mistake) as refused:
        session_meant(sessions, number)
    assert str(refused.value) == words


def test_the_session_that_takes_place_is_meant_by_its_number_and_the_only_one_without() -> None:
    assert session_meant(SESSIONS[:1], None) == 1
    assert session_meant((CANCELLED, SESSIONS[1]), 2) == 2


def test_a_cancelled_session_is_cancelled_again_only_where_nobody_was_told() -> None:
    told = replace(CANCELLED, announce=True)
    assert session_meant((SESSIONS[1], CANCELLED, told), 2, again=True) == 2
    with pytest.raises(Mistake, match="cancelled already"):
        session_meant((CANCELLED, CANCELLED, told), 3, again=True)


def test_times_are_read_as_people_type_them() -> None:
    zone = ZoneInfo("America/Guatemala")
    assert read_new_start("9:30", SESSION_1, zone) == utc(2023, 3, 7, 15, 30)
    assert read_new_start("2023-03-09 08:00", SESSION_1, zone) == utc(2023, 3, 9, 14)
    for wrong in ("9/3/2023 8:00", "25:00", "2023-03-09", "mañana"):
        with pytest.raises(Mistake):
            read_new_start(wrong, SESSION_1, zone)
