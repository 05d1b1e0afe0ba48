"""What the deadline asks for at a moment: closed once, closed again once, and never before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import DEADLINE, SESSION_2, make_event, make_meeting
from zoomsync.domain.records import ApprovalType, Closing, EventStatus
from zoomsync.domain.registration import (
    ClosingRecord,
    RegistrationAction,
    RegistrationState,
    decide_registration,
    is_late,
    registration_state,
)

LAST_END = SESSION_2 + timedelta(hours=5)
OPEN = make_meeting(approval_type=ApprovalType.AUTOMATIC)
MANUAL = make_meeting(approval_type=ApprovalType.MANUAL)
SECOND = timedelta(seconds=1)


def decide(at=DEADLINE, meeting=OPEN, record=ClosingRecord(), **changes):  # noqa: B008 - a frozen value
    return decide_registration(make_event(**changes), meeting, record, LAST_END, at)


def test_registration_is_closed_at_the_deadline_and_not_a_second_before():
    assert decide(DEADLINE - SECOND) is RegistrationAction.LEAVE
    assert decide(DEADLINE) is RegistrationAction.CLOSE


def test_after_an_outage_it_is_closed_late_rather_than_not():
    assert decide(DEADLINE + timedelta(hours=9)) is RegistrationAction.CLOSE


def test_nothing_is_changed_once_the_last_session_has_ended():
    assert decide(LAST_END) is RegistrationAction.LEAVE


def test_closed_is_left_alone():
    assert decide(meeting=MANUAL) is RegistrationAction.LEAVE


def test_opened_again_in_the_portal_it_is_closed_once_more_and_then_only_told():
    assert decide(record=ClosingRecord(prior_approval_type=0, times_closed=1)) is RegistrationAction.CLOSE
    assert decide(record=ClosingRecord(prior_approval_type=0, times_closed=2)) is RegistrationAction.LEAVE


def test_registration_that_is_off_is_never_touched():
    assert decide(meeting=make_meeting(approval_type=ApprovalType.NO_REGISTRATION)) is RegistrationAction.LEAVE


@pytest.mark.parametrize("status", [EventStatus.DRAFT, EventStatus.CANCELLED])
def test_only_an_active_event_is_closed(status):
    assert decide(status=status) is RegistrationAction.LEAVE


@pytest.mark.parametrize("closing", [Closing.GATEKEEPER, Closing.MANUAL])
def test_other_ways_of_closing_switch_nothing(closing):
    zoom = replace(make_event().zoom, closing=closing)
    assert decide(zoom=zoom) is RegistrationAction.LEAVE


def test_what_is_true_follows_from_what_zoom_shows():
    event = make_event()
    assert registration_state(event, OPEN, DEADLINE - SECOND) is RegistrationState.OPEN
    assert registration_state(event, OPEN, DEADLINE) is RegistrationState.NOT_CLOSED
    assert registration_state(event, MANUAL, DEADLINE) is RegistrationState.CLOSED


@given(st.integers(min_value=-100_000, max_value=100_000))
def test_nobody_within_the_minute_of_grace_is_late(seconds):
    registered_at = DEADLINE + timedelta(seconds=seconds)
    assert is_late(registered_at, DEADLINE) == (seconds > 60)


def test_a_registration_without_a_time_is_not_called_late():
    assert not is_late(None, DEADLINE)
