"""What follows from a try: no message is lost, none goes a third time, none is tried when it is too late."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import SESSION_1
from zoomsync.domain import delivery
from zoomsync.domain.calls import Reason
from zoomsync.domain.delivery import PAUSES, RESEND_AFTER, TRIES_AT_MOST, Decision, decide, pause_after, recover
from zoomsync.domain.records import OutboxState, Outcome, OutcomeKind, Stage

NOW = SESSION_1 - timedelta(days=1)


@dataclass(frozen=True)
class Row:
    """An outbox row as a sender has it in hand."""

    due_at: datetime = NOW
    expires_at: datetime = SESSION_1
    attempts: int = 0
    in_doubt: int = 0


def outcome(kind: OutcomeKind, words: str = "") -> Outcome:
    return Outcome(kind, Stage.BODY, words=words)


def test_accepted_is_sent() -> None:
    assert decide(Row(), outcome(OutcomeKind.ACCEPTED, "ok"), NOW) == Decision(OutboxState.SENT, NOW, "", 1, 0)


def test_refused_for_good_fails_with_the_words_of_the_server() -> None:
    decision = decide(Row(attempts=2), outcome(OutcomeKind.REFUSED, "550 no such user"), NOW)
    assert decision == Decision(OutboxState.FAILED, NOW, "550 no such user", 3, 0)


def test_refused_for_now_comes_again_after_growing_pauses() -> None:
    now, row, pauses = NOW, Row(expires_at=NOW + timedelta(days=30)), []
    for _ in range(len(PAUSES) + 1):
        decision = decide(row, outcome(OutcomeKind.DEFERRED, "451 later"), now)
        assert (decision.state, decision.reason) == (OutboxState.DEFERRED, "451 later")
        pauses.append(decision.due_at - now)
        now, row = decision.due_at, replace(row, due_at=decision.due_at, attempts=decision.attempts)
    assert pauses == [*PAUSES, PAUSES[-1]]


def test_jitter_lengthens_a_pause_by_a_fifth_at_most() -> None:
    assert pause_after(1, 1.0) == PAUSES[0] * 1.2
    assert pause_after(1, 0.5) == PAUSES[0] * 1.1
    with pytest.raises(ValueError, match="share from 0 to 1"):
        decide(Row(), outcome(OutcomeKind.DEFERRED), NOW, jitter=1.5)


def test_a_long_pause_does_not_give_away_the_time_that_is_left() -> None:
    row = Row(attempts=6, expires_at=NOW + timedelta(hours=2))
    assert decide(row, outcome(OutcomeKind.DEFERRED), NOW).due_at == NOW + timedelta(hours=1)


def test_put_off_until_it_is_too_late_is_skipped() -> None:
    row = Row(expires_at=NOW + 2 * PAUSES[0] - timedelta(seconds=1))
    decision = decide(row, outcome(OutcomeKind.DEFERRED, "451 later"), NOW)
    assert (decision.state, decision.reason) == (OutboxState.SKIPPED, Reason.PUT_OFF)


def test_after_enough_tries_it_fails() -> None:
    row = Row(attempts=TRIES_AT_MOST - 1, expires_at=NOW + timedelta(days=30))
    decision = decide(row, outcome(OutcomeKind.DEFERRED, "451 later"), NOW)
    assert (decision.state, decision.reason) == (OutboxState.FAILED, "given up after 20 tries: 451 later")


@pytest.mark.parametrize("kind", [OutcomeKind.STOPPED, OutcomeKind.ABANDONED])
def test_what_was_not_judged_waits_on_as_before(kind: OutcomeKind) -> None:
    fresh, tried = Row(due_at=NOW - timedelta(minutes=3)), Row(attempts=2)
    assert decide(fresh, outcome(kind), NOW) == Decision(OutboxState.PENDING, fresh.due_at, "", 0, 0)
    assert decide(tried, outcome(kind), NOW) == Decision(OutboxState.DEFERRED, NOW, "", 2, 0)


def test_what_was_not_judged_before_its_time_was_over_is_skipped() -> None:
    decision = decide(Row(), outcome(OutcomeKind.ABANDONED), SESSION_1)
    assert (decision.state, decision.reason) == (OutboxState.SKIPPED, Reason.EXPIRED)


def test_in_doubt_goes_once_more_but_not_before_ten_minutes() -> None:
    decision = decide(Row(), outcome(OutcomeKind.IN_DOUBT), NOW)
    assert decision == Decision(OutboxState.IN_DOUBT, NOW + RESEND_AFTER, delivery.DOUBT_RESEND, 1, 1)


@pytest.mark.parametrize(
    ("row", "resend", "reason"),
    [
        (Row(), False, delivery.DOUBT_HELD),
        (Row(in_doubt=1), True, delivery.DOUBT_TWICE),
        (Row(expires_at=NOW + RESEND_AFTER), True, delivery.DOUBT_LATE),
    ],
)
def test_in_doubt_says_why_it_does_not_go_once_more(row: Row, resend: bool, reason: str) -> None:
    decision = decide(row, outcome(OutcomeKind.IN_DOUBT), NOW, resend=resend)
    assert (decision.state, decision.reason, decision.in_doubt) == (OutboxState.IN_DOUBT, reason, row.in_doubt + 1)


def test_a_claim_that_was_lost_is_free_again() -> None:
    assert recover(OutboxState.CLAIMED, Row(), NOW) == Decision(OutboxState.PENDING, NOW, "", 0, 0)


def test_a_body_that_was_on_its_way_is_in_doubt() -> None:
    assert recover(OutboxState.TRANSMITTING, Row(), NOW) == decide(Row(), outcome(OutcomeKind.IN_DOUBT), NOW)


def test_only_what_is_in_hand_is_recovered() -> None:
    with pytest.raises(ValueError, match="sent is in nobody's hands"):
        recover(OutboxState.SENT, Row(), NOW)


MAY_HAVE_ARRIVED = (OutcomeKind.ACCEPTED, OutcomeKind.IN_DOUBT)
tries = st.lists(st.tuples(st.sampled_from(OutcomeKind), st.booleans(), st.floats(0, 1)), max_size=60)


@given(tries, st.integers(1, 5000), st.booleans())
def test_whatever_happens_it_is_handed_over_twice_at_most_and_never_too_late(
    story: list[tuple[OutcomeKind, bool, float]], minutes_left: int, resend: bool
) -> None:
    now, row, state = NOW, Row(expires_at=NOW + timedelta(minutes=minutes_left)), OutboxState.PENDING
    handed_over = 0
    for kind, crashed, jitter in story:
        now = max(now, row.due_at)
        again = resend and row.in_doubt == 1
        if state not in (OutboxState.PENDING, OutboxState.DEFERRED) and not (state is OutboxState.IN_DOUBT and again):
            break
        if now >= row.expires_at:
            break
        if kind in MAY_HAVE_ARRIVED:
            handed_over += 1
        if crashed:
            before_mark = OutboxState.TRANSMITTING if kind in MAY_HAVE_ARRIVED else OutboxState.CLAIMED
            decision = recover(before_mark, row, now, resend=resend)
        else:
            decision = decide(row, outcome(kind), now, resend=resend, jitter=jitter)
        assert row.attempts <= decision.attempts <= row.attempts + 1
        assert decision.in_doubt >= row.in_doubt
        if decision.state is OutboxState.DEFERRED:
            assert decision.due_at < row.expires_at
        if decision.state is OutboxState.DEFERRED and kind is OutcomeKind.DEFERRED and not crashed:
            assert decision.due_at >= now + PAUSES[0]
        state = decision.state
        row = replace(row, due_at=decision.due_at, attempts=decision.attempts, in_doubt=decision.in_doubt)
    assert handed_over <= (2 if resend else 1)
    assert handed_over <= row.in_doubt + (state is OutboxState.SENT)
