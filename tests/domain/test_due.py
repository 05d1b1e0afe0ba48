"""When an event is pulled: by the interval, around its deadline, and not before Zoom wants it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import DEADLINE, SESSION_2
from zoomsync.domain.due import HINTED_EVERY, OVER_FOR, Standing, sync_is_due
from zoomsync.domain.records import EventStatus, RunState, SyncRun
from zoomsync.domain.registration import Deadline

EVERY = timedelta(minutes=5)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
LAST_END = SESSION_2 + timedelta(hours=5)


def due(now: datetime, last: datetime | None, **changes: Any) -> bool:
    run = SyncRun(
        "e", changes.pop("state", RunState.OK), started_at=last, retry_at=changes.pop("retry_at", None)
    ) if last else None  # fmt: skip
    standing = Standing(
        changes.pop("status", EventStatus.ACTIVE),
        run,
        changes.pop("deadline", Deadline(DEADLINE, DEADLINE)),
        closed=changes.pop("closed", False),
        last_end=changes.pop("last_end", LAST_END),
        hinted_at=changes.pop("hinted_at", None),
    )
    return sync_is_due(standing, EVERY, now)


def test_what_was_never_pulled_is_due_at_once():
    assert due(DEADLINE - timedelta(days=9), None)


def test_the_interval_counts_from_the_last_run_whatever_became_of_it():
    last = DEADLINE - timedelta(days=9)
    for state in (RunState.OK, RunState.FAILED):
        assert not due(last + EVERY - SECOND, last, state=state)
        assert due(last + EVERY, last, state=state)


def test_a_run_that_was_killed_is_taken_up_after_a_minute():
    last = DEADLINE - timedelta(days=9)
    assert due(last + MINUTE, last, state=RunState.RUNNING)
    assert not due(last + MINUTE, last)


def test_once_more_right_before_the_deadline_and_at_once_when_it_has_come():
    assert due(DEADLINE - MINUTE, DEADLINE - 3 * MINUTE)
    assert not due(DEADLINE - MINUTE, DEADLINE - 2 * MINUTE)
    assert due(DEADLINE, DEADLINE - SECOND)


def test_until_registration_is_proven_closed_it_is_looked_every_minute():
    last = DEADLINE + SECOND
    assert not due(last + MINUTE - SECOND, last)
    assert due(last + MINUTE, last)
    assert not due(last + MINUTE, last, closed=True)
    assert not due(LAST_END + 3 * MINUTE, LAST_END + 2 * MINUTE)


def test_what_does_not_close_within_an_hour_is_tried_by_the_usual_interval():
    last = DEADLINE + 61 * MINUTE
    assert not due(last + EVERY - SECOND, last)
    assert due(last + EVERY, last)
    assert due(DEADLINE + 3 * timedelta(hours=1), DEADLINE - MINUTE), "at once, where nobody looked since"


def test_the_looks_around_the_deadline_come_at_their_very_moment_and_end_with_it():
    assert due(DEADLINE - 2 * MINUTE, DEADLINE - 3 * MINUTE)
    assert not due(DEADLINE + SECOND, DEADLINE), "one that began with the deadline has seen what it asks for"
    hour = timedelta(hours=1)
    assert due(DEADLINE + hour - SECOND, DEADLINE + hour - MINUTE - SECOND)
    assert not due(DEADLINE + hour, DEADLINE + hour - MINUTE)


def test_where_the_deadline_comes_after_the_last_session_nothing_is_left_to_close():
    before = DEADLINE - 2 * MINUTE
    assert not due(DEADLINE, DEADLINE - MINUTE, last_end=before)
    assert not due(DEADLINE, DEADLINE - MINUTE, last_end=DEADLINE)
    assert due(DEADLINE, DEADLINE - MINUTE, last_end=None)


@pytest.mark.parametrize("status", [EventStatus.DRAFT, EventStatus.CANCELLED])
def test_the_deadline_of_an_event_that_is_not_active_asks_for_nothing(status: EventStatus):
    assert not due(DEADLINE, DEADLINE - SECOND, status=status)


def test_before_the_time_that_zoom_named_nothing_is_asked():
    last = DEADLINE - timedelta(days=9)
    assert not due(last + timedelta(hours=3), last, retry_at=last + timedelta(hours=4))
    assert due(last + timedelta(hours=4), last, retry_at=last + timedelta(hours=4))
    assert not due(last, last, retry_at=last + timedelta(hours=4)), "in the very moment of that run"
    assert not due(last, last)


def test_an_event_that_is_long_over_is_left_alone():
    assert due(LAST_END + OVER_FOR - SECOND, LAST_END)
    assert not due(LAST_END + OVER_FOR, LAST_END)


def test_what_zoom_tells_of_is_looked_at_before_the_interval_is_over():
    last = DEADLINE - timedelta(days=9)
    now = last + HINTED_EVERY
    assert due(now, last, hinted_at=last + SECOND)
    assert due(now, last, hinted_at=last), "what was told while the run began may be missing in it"
    assert not due(now, last, hinted_at=last - SECOND), "this the run has seen"
    assert due(now, last, hinted_at=now), "and not a moment later"


def test_many_hints_are_one_look_every_quarter_of_a_minute():
    last = DEADLINE - timedelta(days=9)
    assert not due(last + HINTED_EVERY - SECOND, last, hinted_at=last + SECOND)


def test_a_hint_overrides_neither_zooms_limit_nor_the_end_of_an_event_nor_a_clock_that_is_ahead():
    last = DEADLINE - timedelta(days=9)
    now = last + MINUTE
    assert not due(now, last, hinted_at=now, retry_at=last + timedelta(hours=4))
    assert not due(now, last, hinted_at=now + SECOND)
    assert not due(LAST_END + OVER_FOR, LAST_END, hinted_at=LAST_END + SECOND)


def test_reopened_without_an_end_only_the_interval_counts():
    open_ended = Deadline(None, None)
    assert not due(DEADLINE + MINUTE, DEADLINE - MINUTE, deadline=open_ended)
    assert due(DEADLINE + 5 * MINUTE, DEADLINE, deadline=open_ended)


@given(st.integers(-400_000, 400_000), st.integers(-400_000, 400_000))
def test_whatever_the_clock_does_nothing_waits_longer_than_the_interval(now_s: int, last_s: int):
    now, last = DEADLINE + timedelta(seconds=now_s), DEADLINE + timedelta(seconds=last_s)
    if (last > now or now - last >= EVERY) and now < LAST_END + OVER_FOR:
        assert due(now, last)


def test_the_deadline_is_acted_on_once_although_zoom_has_limited_the_lists():
    """The form is closed without them; a second look would only meet the same limit."""
    limited = {"retry_at": DEADLINE + timedelta(hours=18), "state": RunState.FAILED}
    assert not due(DEADLINE - SECOND, DEADLINE - MINUTE, **limited)
    assert due(DEADLINE, DEADLINE - MINUTE, **limited)
    assert not due(DEADLINE + 5 * MINUTE, DEADLINE, **limited)
    assert not due(DEADLINE, DEADLINE - MINUTE, closed=True, **limited)
    assert not due(DEADLINE, DEADLINE - MINUTE, status=EventStatus.DRAFT, **limited)
