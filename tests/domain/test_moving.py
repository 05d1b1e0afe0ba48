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
    ("starts_at", "now", "why"),
    [
        (NOW - timedelta(days=1), NOW, "that time is past"),
        (SESSION_2 + timedelta(hours=1), NOW, "Sesión 2 takes place"),
        (SESSION_2 - timedelta(hours=1), NOW, "Sesión 2 takes place"),
        (SESSION_1, NOW, "starts then already"),
        (SESSION_2 + FIVE_HOURS, SESSION_1, "has begun"),
        (SESSION_2 + FIVE_HOURS, SESSION_1 + FIVE_HOURS, "is over"),
    ],
)
def test_what_cannot_be_is_refused(starts_at: datetime, now: datetime, why: str) -> None:
    with pytest.raises(Mistake, match=why):
        refuse_wrong_move(SESSIONS, 1, starts_at, now)


def test_sessions_of_meetings_of_their_own_may_be_at_the_same_time() -> None:
    apart = (replace(SESSIONS[0], meeting_id="81111111111"), replace(SESSIONS[1], meeting_id="82222222222"))
    assert refuse_wrong_move(apart, 1, SESSION_2, NOW) == SESSION_2 + FIVE_HOURS
    cancelled = (SESSIONS[0], replace(SESSIONS[1], cancelled=True))
    assert refuse_wrong_move(cancelled, 1, SESSION_2, NOW) == SESSION_2 + FIVE_HOURS


@pytest.mark.parametrize(
    ("sessions", "number", "why"),
    [
        ((), 1, "they follow Zoom"),
        (SESSIONS, None, "Say which with --session: 1 Sesión 1, 2 Sesión 2"),
        (SESSIONS, 3, "there is no session 3"),
        ((replace(SESSIONS[0], cancelled=True),), None, "cancelled already"),
    ],
)
def test_a_session_that_is_not_meant_plainly_is_asked_for(
    sessions: Sequence[SessionSpec], number: int | None, why: str
) -> None:
    with pytest.raises(Mistake, match=why):
        session_meant(sessions, number)


def test_times_are_read_as_people_type_them() -> None:
    zone = ZoneInfo("America/Guatemala")
    assert read_new_start("9:30", SESSION_1, zone) == utc(2023, 3, 7, 15, 30)
    assert read_new_start("2023-03-09 08:00", SESSION_1, zone) == utc(2023, 3, 9, 14)
    for wrong in ("9/3/2023 8:00", "25:00", "2023-03-09", "mañana"):
        with pytest.raises(Mistake):
            read_new_start(wrong, SESSION_1, zone)
