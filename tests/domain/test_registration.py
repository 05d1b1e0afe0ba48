"""What the deadline asks for at a moment: of the form, and of the people; and nobody in time is ever touched."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import DEADLINE, MEETING_ID, SESSION_2, make_event, make_meeting
from zoomsync.domain.records import (
    ApprovalType,
    Closing,
    EventStatus,
    LatePolicy,
    RegistrantKey,
    RegistrantStatus,
    SessionSpec,
    ZoomPart,
)
from zoomsync.domain.registration import (
    GRACE,
    Aim,
    Applicant,
    ClosingRecord,
    Deadline,
    Judgement,
    Order,
    OrderKind,
    RegistrationAction,
    RegistrationState,
    Step,
    deadline_in_force,
    decide_registration,
    judge_registrants,
    meetings_in_force,
    meetings_named,
    minutes_late,
    next_pause,
    registration_state,
)

LAST_END = SESSION_2 + timedelta(hours=5)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
BY_FILE = Deadline(DEADLINE, DEADLINE)
OPEN = make_meeting(approval_type=ApprovalType.AUTOMATIC)
MANUAL = make_meeting(approval_type=ApprovalType.MANUAL)
NEW = ClosingRecord()
CLOSED = ClosingRecord(
    prior_approval_type=0, aim=Aim.CLOSED, times_set=1, closed_at=DEADLINE, tried_at=DEADLINE, verified_at=DEADLINE
)
ORDERED_CLOSED = Order(OrderKind.CLOSED, DEADLINE - 3 * HOUR)

leave, close, reopen = RegistrationAction.LEAVE, RegistrationAction.CLOSE, RegistrationAction.OPEN


def event(closing: Closing = Closing.SWITCH, late: LatePolicy = LatePolicy.HOLD, **changes: Any):
    seats = changes.pop("seats", None)
    zoom = replace(make_event().zoom, closing=closing, late_registrants=late, seats=seats)
    return make_event(zoom=zoom, **changes)


def decide(
    at: datetime = DEADLINE,
    meeting=OPEN,
    record: ClosingRecord = NEW,
    order: Order | None = None,
    zoom_now: datetime | None = None,
    **changes: Any,
) -> Step:
    wanted = event(**changes)
    deadline = deadline_in_force(wanted.registration_deadline, order)
    return decide_registration(wanted, meeting, record, deadline, LAST_END, at, zoom_now)


# --------------------------------------------------------------------------------------------------- the deadline


def test_the_files_deadline_holds_where_nobody_ordered_anything():
    assert deadline_in_force(DEADLINE, None) == BY_FILE
    assert not BY_FILE.has_come(DEADLINE - SECOND)
    assert BY_FILE.has_come(DEADLINE)


def test_closed_by_hand_people_wait_from_then_on_and_are_late_only_after_what_was_announced():
    held = deadline_in_force(DEADLINE, ORDERED_CLOSED)
    assert held == Deadline(DEADLINE - 3 * HOUR, DEADLINE, by_hand=True)
    assert minutes_late(DEADLINE - HOUR, held) is None
    assert minutes_late(DEADLINE + 5 * MINUTE, held) == 5


def test_a_reopening_holds_until_it_ends_and_never_shorter_than_the_file():
    until = DEADLINE + 2 * HOUR
    assert deadline_in_force(DEADLINE, Order(OrderKind.REOPENED, DEADLINE, until)) == Deadline(until, until)
    assert deadline_in_force(until + HOUR, Order(OrderKind.REOPENED, DEADLINE, until)).closes_at == until + HOUR
    assert not deadline_in_force(DEADLINE, Order(OrderKind.REOPENED, DEADLINE)).has_come(LAST_END)


@given(st.integers(min_value=-100_000, max_value=100_000))
def test_nobody_within_the_minute_of_grace_is_late(seconds: int):
    late = minutes_late(DEADLINE + timedelta(seconds=seconds), BY_FILE)
    assert late == (seconds // 60 if seconds > 60 else None)


def test_a_registration_without_a_time_is_not_called_late():
    assert minutes_late(None, BY_FILE) is None


# ----------------------------------------------------------------------------------------------------- the switch


def test_registration_is_closed_at_the_deadline_and_not_a_second_before():
    assert decide(DEADLINE - SECOND).action is leave
    assert decide(DEADLINE) == Step(close, Aim.CLOSED, ApprovalType.MANUAL)


def test_after_an_outage_it_is_closed_late_rather_than_not():
    assert decide(DEADLINE + 9 * HOUR).action is close


def test_nothing_is_changed_once_the_last_session_has_ended():
    assert decide(LAST_END).action is leave


def test_closed_is_left_alone():
    assert decide(meeting=MANUAL, record=CLOSED).action is leave


def test_opened_again_in_the_portal_it_is_closed_once_more_and_then_only_told():
    assert decide(record=CLOSED) == Step(close, Aim.CLOSED, ApprovalType.MANUAL)
    assert decide(record=replace(CLOSED, times_set=2)) == Step(leave, Aim.CLOSED, tired=True)


def test_registration_that_is_off_is_never_touched():
    for closing in Closing:
        off = make_meeting(approval_type=ApprovalType.NO_REGISTRATION)
        assert decide(meeting=off, closing=closing, order=ORDERED_CLOSED).action is leave


@given(
    st.sampled_from(Closing),
    st.sampled_from([0, 1, 2]),
    st.sampled_from([None, 0, 1]),
    st.sampled_from(Aim),
    st.integers(0, 3),
    st.integers(-500_000, 500_000),
    st.sampled_from([None, ORDERED_CLOSED, Order(OrderKind.REOPENED, DEADLINE)]),
)
def test_registration_is_never_switched_off_nor_set_to_what_it_was_not(
    closing, shown, prior, aim, times_set, seconds, order
):
    record = ClosingRecord(prior_approval_type=prior, aim=aim, times_set=times_set)
    meeting = make_meeting(approval_type=shown)
    step = decide(DEADLINE + timedelta(seconds=seconds), meeting, record, order, closing=closing)
    assert step.approval_type in (None, ApprovalType.MANUAL, prior)
    assert (step.approval_type is None) == (step.action is leave)
    assert step.approval_type != shown


@pytest.mark.parametrize("status", [EventStatus.DRAFT, EventStatus.CANCELLED])
def test_only_an_active_event_is_closed(status: EventStatus):
    assert decide(status=status).action is leave


def test_a_person_may_close_what_was_called_off_but_not_a_draft():
    at = DEADLINE - HOUR
    assert decide(at, order=ORDERED_CLOSED, status=EventStatus.CANCELLED).action is close
    assert decide(at, order=ORDERED_CLOSED, status=EventStatus.DRAFT).action is leave


def test_a_deadline_moved_on_restores_what_was_set_before():
    later = DEADLINE + 48 * HOUR
    step = decide(DEADLINE + HOUR, MANUAL, CLOSED, registration_deadline=later)
    assert step == Step(reopen, Aim.OPEN, ApprovalType.AUTOMATIC)


def test_a_deadline_moved_on_does_not_open_what_a_person_closed():
    later = DEADLINE + 48 * HOUR
    assert decide(DEADLINE + HOUR, MANUAL, CLOSED, ORDERED_CLOSED, registration_deadline=later).action is leave


def test_a_clock_that_was_set_back_opens_nothing_while_zooms_says_the_deadline_has_come():
    back = DEADLINE - 5 * HOUR
    assert decide(back, MANUAL, CLOSED, zoom_now=DEADLINE + HOUR) == Step(leave, Aim.NOTHING, doubted=True)
    assert decide(back, MANUAL, CLOSED, zoom_now=back + HOUR).action is reopen
    assert decide(DEADLINE, zoom_now=back).action is close


def test_what_zoomsync_did_not_change_it_does_not_restore():
    assert decide(DEADLINE - HOUR, MANUAL).action is leave


def test_opening_is_tried_twice_and_then_only_told():
    record = replace(CLOSED, aim=Aim.OPEN, times_set=2)
    order = Order(OrderKind.REOPENED, DEADLINE + HOUR)
    assert decide(DEADLINE + HOUR, MANUAL, record, order) == Step(leave, Aim.OPEN, tired=True)


def test_a_gatekeeper_sets_manual_approval_once_before_the_deadline_and_looks_after_it_from_then_on():
    at = DEADLINE - 72 * HOUR
    gate = Step(close, Aim.GATE, ApprovalType.MANUAL)
    set_once = ClosingRecord(prior_approval_type=0, aim=Aim.GATE, times_set=1)
    assert decide(at, closing=Closing.GATEKEEPER) == gate
    assert decide(at, record=set_once, closing=Closing.GATEKEEPER) == Step(leave, Aim.GATE, tired=True)
    assert decide(DEADLINE, record=set_once, closing=Closing.GATEKEEPER).action is close
    assert decide(DEADLINE, MANUAL, set_once, closing=Closing.GATEKEEPER).action is leave


def test_where_people_approve_only_a_persons_order_switches_anything():
    assert decide(closing=Closing.MANUAL).action is leave
    assert decide(order=ORDERED_CLOSED, closing=Closing.MANUAL).action is close


def test_left_alone_it_is_said_what_the_form_stands_for():
    assert decide(meeting=MANUAL, record=CLOSED) == Step(leave, Aim.CLOSED)
    assert decide(LAST_END) == Step(leave, Aim.CLOSED)
    assert decide(status=EventStatus.DRAFT) == Step(leave, Aim.NOTHING)


def test_how_often_it_was_closed_does_not_count_against_opening_it():
    often = replace(CLOSED, times_set=2)
    assert decide(DEADLINE + HOUR, MANUAL, often, registration_deadline=DEADLINE + 48 * HOUR).action is reopen


GATED = ClosingRecord(prior_approval_type=0, aim=Aim.GATE, times_set=1)


def test_a_gate_is_opened_by_who_turns_to_the_switch_and_left_to_people_who_approve():
    before = DEADLINE - HOUR
    assert decide(before, MANUAL, GATED, closing=Closing.SWITCH) == Step(reopen, Aim.OPEN, ApprovalType.AUTOMATIC)
    assert decide(before, MANUAL, GATED, closing=Closing.MANUAL) == Step(leave, Aim.NOTHING)


def test_where_people_approve_a_form_that_was_closed_by_hand_is_opened_by_hand_alone():
    order = Order(OrderKind.REOPENED, DEADLINE + HOUR)
    assert decide(DEADLINE + HOUR, MANUAL, CLOSED, order, closing=Closing.MANUAL).action is reopen
    assert decide(DEADLINE + HOUR, MANUAL, CLOSED, closing=Closing.MANUAL) == Step(leave, Aim.NOTHING)


def test_a_call_that_zoom_does_not_take_is_sent_again_after_pauses_that_grow_to_a_quarter_of_an_hour():
    pauses = [next_pause(None)]
    while len(pauses) < 8:
        pauses.append(next_pause(pauses[-1]))
    assert [pause.total_seconds() for pause in pauses] == [30, 60, 120, 240, 480, 900, 900, 900]
    assert next_pause(SECOND) == timedelta(seconds=30)


def test_a_meeting_that_left_the_file_is_nobodys_to_close():
    now, before = make_meeting(meeting_id=MEETING_ID), make_meeting(meeting_id="999")
    assert meetings_in_force(make_event(), [before, now]) == [now]
    assert meetings_in_force(make_event(), [before]) == [before], "the file's is not known yet"


def test_a_file_names_its_meeting_and_those_of_its_sessions_unless_one_is_named_by_its_link_alone():
    plain, own, by_link = (
        SessionSpec("Sesión", LAST_END - HOUR, LAST_END, meeting_id=number, registration_url=link)
        for number, link in ((None, None), ("222", None), (None, "https://zoom.us/meeting/register/tZ1"))
    )
    assert meetings_named(make_event(sessions=(plain, own))) == {MEETING_ID, "222"}
    assert meetings_named(make_event(sessions=(plain, own, by_link))) == set()
    assert meetings_named(make_event(sessions=(own,), zoom=ZoomPart())) == set()
    both = make_meeting(meeting_id="222"), make_meeting(meeting_id="333")
    assert meetings_in_force(make_event(sessions=(own, by_link)), both) == list(both)


def test_what_is_true_follows_from_what_zoom_shows():
    assert registration_state([0], BY_FILE, DEADLINE - SECOND) is RegistrationState.OPEN
    assert registration_state([1, 0], BY_FILE, DEADLINE) is RegistrationState.NOT_CLOSED
    assert registration_state([1, 1], BY_FILE, DEADLINE) is RegistrationState.CLOSED
    assert registration_state([2], BY_FILE, DEADLINE) is RegistrationState.NOT_CLOSED
    assert registration_state([], BY_FILE, DEADLINE) is RegistrationState.NOT_CLOSED


# ------------------------------------------------------------------------------------------------------ the people


def person(number: int = 1, status: str = "pending", after: timedelta | None = timedelta(0), **changes: Any):
    """after: how long after the deadline they registered, None where Zoom gives no time. They were seen at once."""
    registered_at = None if after is None else DEADLINE + after
    one = Applicant(
        row_id=number,
        key=RegistrantKey(MEETING_ID, "", f"r{number}"),
        email=f"persona{number}@example.org",
        name=f"Persona {number}",
        status=RegistrantStatus(status),
        registered_at=registered_at,
        first_seen_at=changes.pop("first_seen_at", (registered_at or DEADLINE) + SECOND),
    )
    return one._replace(**changes)


def judge(
    *people: Applicant,
    record: ClosingRecord = CLOSED,
    shown: int = 1,
    order: Order | None = None,
    approved: int = 0,
    at: datetime = DEADLINE + HOUR,
    **changes: Any,
) -> Judgement:
    wanted = event(**changes)
    deadline = deadline_in_force(wanted.registration_deadline, order)
    counts = {(MEETING_ID, ""): approved}
    return judge_registrants(wanted, deadline, {MEETING_ID: record}, {MEETING_ID: shown}, counts, people, LAST_END, at)


def test_who_the_closing_left_pending_within_the_grace_is_approved():
    assert judge(person(after=GRACE)).approve == (person(after=GRACE),)
    assert judge(person(after=GRACE + SECOND)).approve == ()


def test_who_was_pending_before_the_closing_is_for_a_person_to_judge():
    before = person(after=-72 * HOUR)
    judged = judge(before)
    assert (judged.approve, judged.waiting) == ((), (before,))


def test_held_ones_stay_and_are_listed_and_approvals_are_not_revoked():
    held, slipped_in = person(1, after=5 * MINUTE), person(2, "approved", after=2 * MINUTE)
    judged = judge(held, slipped_in)
    assert judged == Judgement(late=(slipped_in, held))


def test_denied_are_those_who_wait_and_those_whom_zoom_let_in_before_the_switch():
    closed_late = replace(CLOSED, closed_at=DEADLINE + 10 * MINUTE)
    pending, slipped_in = person(1, after=20 * MINUTE), person(2, "approved", after=5 * MINUTE)
    by_hand = person(3, "approved", after=5 * MINUTE, status_changed=True)
    let_in_later = person(4, "approved", after=15 * MINUTE)
    judged = judge(pending, slipped_in, by_hand, let_in_later, record=closed_late, late=LatePolicy.DENY)
    assert judged.deny == (slipped_in, pending)
    assert len(judged.late) == 4


def test_where_the_form_stays_open_late_ones_are_denied_all_the_same():
    dropped = ClosingRecord(prior_approval_type=0, aim=Aim.CLOSED, times_set=2)
    slipped_in = person(status="approved", after=5 * MINUTE)
    assert judge(slipped_in, record=dropped, shown=0, late=LatePolicy.DENY).deny == (slipped_in,)
    assert judge(slipped_in, record=dropped, shown=0).deny == ()


def test_admitted_are_late_ones_where_approval_was_automatic():
    late_one = person(after=5 * MINUTE)
    assert judge(late_one, late=LatePolicy.ADMIT).approve == (late_one,)
    assert judge(late_one, record=NEW, late=LatePolicy.ADMIT).approve == ()


def test_a_gatekeeper_approves_who_is_in_time_and_stops_at_the_deadline():
    early, in_grace, late_one = person(1, after=-72 * HOUR), person(2, after=GRACE), person(3, after=GRACE + SECOND)
    judged = judge(late_one, early, in_grace, record=NEW, closing=Closing.GATEKEEPER)
    assert judged.approve == (early, in_grace)
    assert judged.late == (late_one,)


def test_a_gatekeeper_minds_the_seats_and_takes_people_in_their_order():
    first, second, third = (person(number, after=-number * HOUR) for number in (3, 2, 1))
    judged = judge(third, first, second, record=NEW, closing=Closing.GATEKEEPER, seats=7, approved=5)
    assert judged.approve == (first, second)
    assert judged.no_seat == judged.waiting == (third,)


def test_where_people_approve_nobody_is_approved_and_all_are_counted():
    early, late_one = person(1, after=-HOUR), person(2, after=HOUR)
    judged = judge(early, late_one, record=NEW, closing=Closing.MANUAL, late=LatePolicy.ADMIT)
    assert judged == Judgement(late=(late_one,), waiting=(early,))


def test_a_meeting_that_was_manual_all_along_is_treated_so_under_switch():
    recently = person(after=-SECOND)
    assert judge(recently, record=NEW).approve == ()


def test_closed_by_hand_who_came_after_it_waits_and_is_neither_approved_nor_denied():
    closed = replace(CLOSED, closed_at=ORDERED_CLOSED.at)
    one = person(after=-HOUR)
    for late in LatePolicy:
        judged = judge(one, record=closed, order=ORDERED_CLOSED, late=late)
        assert judged == Judgement(waiting=(one,))


def test_after_a_reopening_the_held_ones_who_are_in_time_now_are_approved():
    opened = replace(CLOSED, prior_approval_type=None, aim=Aim.OPEN, opened_at=DEADLINE + 2 * HOUR)
    order = Order(OrderKind.REOPENED, DEADLINE + 2 * HOUR, DEADLINE + 5 * HOUR)
    held, before = person(1, after=HOUR), person(2, after=-HOUR)
    judged = judge(held, before, record=opened, shown=0, order=order, at=DEADLINE + 2 * HOUR)
    assert judged.approve == (held,)
    assert judged.waiting == (before,)


def test_whom_zoom_was_asked_about_twice_is_a_persons_case():
    one = person(after=GRACE, asked=2)
    judged = judge(one)
    assert (judged.approve, judged.in_vain, judged.waiting) == ((), (one,), (one,))
    assert judge(one._replace(asked=1)).approve != ()


@pytest.mark.parametrize("status", [EventStatus.DRAFT, EventStatus.CANCELLED])
def test_nobody_is_touched_for_an_event_that_is_not_active(status: EventStatus):
    people = [person(1, after=GRACE), person(2, after=HOUR)]
    judged = judge(*people, status=status, late=LatePolicy.DENY)
    assert (judged.approve, judged.deny) == ((), ())


def test_nobody_is_touched_once_the_last_session_has_ended():
    judged = judge(person(after=HOUR), late=LatePolicy.DENY, at=LAST_END)
    assert (judged.approve, judged.deny) == ((), ())


@pytest.mark.parametrize("closing", [Closing.GATEKEEPER, Closing.SWITCH])
def test_people_of_a_meeting_that_has_left_the_file_are_left_alone(closing: Closing):
    key = RegistrantKey("999", "", "r1")
    people = [person(1, after=-HOUR, key=key), person(2, after=HOUR, key=key)]
    judged = judge(*people, closing=closing, late=LatePolicy.DENY)
    assert (judged.approve, judged.deny) == ((), ())


def test_a_deadline_moved_back_denies_nobody_who_was_in_time_before():
    wanted = event(late=LatePolicy.DENY)
    in_time, asked, later = person(1, after=HOUR), person(2, after=HOUR, asked=2), person(3, after=HOUR + SECOND)
    moved_back = DEADLINE + HOUR
    judged = judge_registrants(
        wanted,
        BY_FILE,
        {MEETING_ID: CLOSED},
        {MEETING_ID: 1},
        {},
        [in_time, asked, later],
        LAST_END,
        DEADLINE + 2 * HOUR,
        announced_at=moved_back,
    )
    assert (judged.deny, judged.in_vain) == ((later,), ())
    assert judged.late == (in_time, asked, later)


def test_a_meeting_that_nothing_is_remembered_of_is_judged_by_what_zoom_shows():
    wanted, one = event(Closing.GATEKEEPER), person(after=-HOUR)
    judged = judge_registrants(wanted, BY_FILE, {}, {MEETING_ID: 1}, {}, [one], LAST_END, DEADLINE)
    assert judged.approve == (one,)


def test_seats_are_minded_by_the_gatekeeper_alone():
    one = person(after=GRACE)
    assert judge(one, seats=5, approved=5).approve == (one,)


def test_who_was_seen_waiting_when_it_was_closed_was_waiting_before():
    assert judge(person(after=GRACE, first_seen_at=DEADLINE)).approve == ()


def test_without_a_time_of_zooms_it_counts_when_somebody_was_first_seen():
    opened_at = DEADLINE + 2 * HOUR
    opened = replace(CLOSED, aim=Aim.OPEN, opened_at=opened_at)
    order = Order(OrderKind.REOPENED, opened_at)
    held, after_it = person(1, after=None, first_seen_at=opened_at), person(2, after=None, first_seen_at=LAST_END)
    assert judge(held, after_it, record=opened, shown=0, order=order, at=opened_at).approve == (held,)


def test_who_was_let_in_at_the_very_moment_of_the_switch_is_denied_with_those_before():
    slipped_in = person(status="approved", after=10 * MINUTE)
    closed_late = replace(CLOSED, closed_at=DEADLINE + 10 * MINUTE)
    assert judge(slipped_in, record=closed_late, late=LatePolicy.DENY).deny == (slipped_in,)


moments = st.one_of(st.none(), st.integers(-300_000, 300_000).map(lambda s: DEADLINE + timedelta(seconds=s)))
orders = st.one_of(
    st.none(),
    st.builds(Order, st.just(OrderKind.CLOSED), moments.filter(bool)),
    st.builds(Order, st.just(OrderKind.REOPENED), moments.filter(bool), moments),
)
records = st.builds(
    ClosingRecord,
    prior_approval_type=st.sampled_from([None, 0, 1]),
    aim=st.sampled_from(Aim),
    times_set=st.integers(0, 3),
    closed_at=moments,
    opened_at=moments,
)
anybody = st.builds(
    person,
    st.integers(1, 9),
    st.sampled_from(["pending", "approved", "denied"]),
    st.one_of(st.none(), st.integers(-300_000, 300_000).map(lambda s: timedelta(seconds=s))),
    status_changed=st.booleans(),
    asked=st.integers(0, 3),
)


@given(
    st.lists(anybody, max_size=8),
    records,
    st.sampled_from([0, 1, 2]),
    orders,
    st.sampled_from(Closing),
    st.sampled_from(LatePolicy),
    moments.filter(bool),
)
def test_nobody_who_registered_in_time_is_ever_denied_and_no_decision_by_hand_undone(
    people, record, shown, order, closing, late, at
):
    judged = judge(
        *people, record=record, shown=shown, order=order, at=at, closing=closing, late=late, approved=3, seats=5
    )
    for one in judged.deny:
        assert one.registered_at is not None
        assert one.registered_at > DEADLINE + GRACE
        assert late is LatePolicy.DENY
        assert one.status is RegistrantStatus.PENDING or not one.status_changed
    for one in judged.approve:
        assert one.status is RegistrantStatus.PENDING
        assert closing is not Closing.MANUAL
    assert not set(judged.approve) & set(judged.deny)
