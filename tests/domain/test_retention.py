"""When personal data is removed: in time, not before, and never as a surprise."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.builders import DEADLINE, FIVE_HOURS, SESSION_1, SESSION_2
from zoomsync.domain.retention import Keeping, RetentionStep, removal_at, retention_step

DAY = timedelta(days=1)
DUE = SESSION_2 + FIVE_HOURS + 90 * DAY
NOTHING, WARN, REMOVE = RetentionStep.NOTHING, RetentionStep.WARN, RetentionStep.REMOVE


def test_the_days_count_from_the_end_of_the_last_session() -> None:
    assert removal_at([SESSION_2 + FIVE_HOURS, SESSION_1 + FIVE_HOURS], DEADLINE, 90) == DUE


def test_without_a_session_they_count_from_the_deadline() -> None:
    assert removal_at([], DEADLINE, 30) == DEADLINE + 30 * DAY


def test_zero_days_keep_it_for_ever() -> None:
    assert removal_at([SESSION_1], DEADLINE, 0) is None
    assert retention_step(Keeping(None), DUE + 9999 * DAY, by_hand=True) is NOTHING


@pytest.mark.parametrize(
    ("told_at", "now", "step"),
    [
        (None, DUE - 14 * DAY - timedelta(seconds=1), NOTHING),
        (None, DUE - 14 * DAY, WARN),
        (DUE - 14 * DAY, DUE - DAY, NOTHING),
        (DUE - 14 * DAY, DUE - timedelta(seconds=1), NOTHING),
        (DUE - 14 * DAY, DUE, REMOVE),
        # The warning could not be sent, or nothing ran: it is told first, and waits.
        (None, DUE, WARN),
        (DUE - DAY, DUE, NOTHING),
        (DUE - DAY, DUE + 13 * DAY, REMOVE),
        (DUE + DAY, DUE + 13 * DAY, NOTHING),
        # Nothing holds it up for longer.
        (None, DUE + 14 * DAY, REMOVE),
        (DUE + 13 * DAY, DUE + 14 * DAY, REMOVE),
    ],
)
def test_what_is_due_when(told_at: datetime | None, now: datetime, step: RetentionStep) -> None:
    assert retention_step(Keeping(DUE, DUE if told_at else None, told_at), now) is step


def test_by_hand_what_is_due_goes_at_once() -> None:
    assert retention_step(Keeping(DUE), DUE, by_hand=True) is REMOVE
    assert retention_step(Keeping(DUE), DUE - DAY, by_hand=True) is WARN


def test_another_moment_of_removal_is_warned_of_anew() -> None:
    moved = Keeping(DUE + 30 * DAY, told_for=DUE, told_at=DUE - 14 * DAY)
    assert retention_step(moved, DUE + DAY) is NOTHING
    assert retention_step(moved, DUE + 16 * DAY) is WARN
