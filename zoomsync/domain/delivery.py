"""What follows from a try to send a message: sent, later again, failed, skipped, or in doubt.

Pure: the talk with the mail server is in `mail`, the row and its claim in `store`, what is due at all in `reminders`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from zoomsync.domain.calls import Reason
from zoomsync.domain.records import OutboxState, Outcome, OutcomeKind
from zoomsync.language import N_, _

# After the first try, the second ... The last pause repeats. The first suits greylisting, which wants minutes.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240))
JITTER_SHARE = 0.2  # of a pause, so that what was refused together does not come back together
TRIES_AT_MOST = 20  # about three days
RESEND_AFTER = timedelta(minutes=10)  # a server that did take a message in doubt has delivered it by then

DOUBT_RESEND = N_("no clear answer after the message was handed over; it goes once more")
DOUBT_HELD = N_("no clear answer after the message was handed over; held for a person to decide")
DOUBT_LATE = N_("no clear answer after the message was handed over, and too late to send it again")
DOUBT_TWICE = N_("no clear answer after the message was handed over twice; it is not sent a third time")


class Tried(Protocol):
    """What a decision needs of an outbox row, as it stood when it was claimed.

    attempts: how often the mail server judged it before. in_doubt: how often its fate was unknown before.
    """

    @property
    def due_at(self) -> datetime: ...
    @property
    def expires_at(self) -> datetime: ...
    @property
    def attempts(self) -> int: ...
    @property
    def in_doubt(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Decision:
    """The row from now on. due_at: not to be tried again before then; as it was where there is no further try."""

    state: OutboxState
    due_at: datetime
    reason: str
    attempts: int
    in_doubt: int


def decide(row: Tried, outcome: Outcome, now: datetime, *, resend: bool = True, jitter: float = 0.0) -> Decision:
    """Say what becomes of a claimed row after a try that ended with `outcome`.

    resend: a message in doubt goes once more, no sooner than in ten minutes and only in time; else it is held. Never
    a third time. jitter: 0 to 1, lengthens a pause by up to a fifth.

    - deferred: again after a growing pause; `skipped` when it is too late for that, `failed` after twenty tries.
    - stopped, abandoned: not the message's fault, nothing was judged: it waits on as before, or has become too late.

    Raises ValueError for a jitter outside 0 to 1.
    Source: docs/promises.md, "Delivery".
    """
    if not 0 <= jitter <= 1:
        raise ValueError(f"jitter is a share from 0 to 1, not {jitter}")
    match outcome.kind:
        case OutcomeKind.ACCEPTED:
            return _judged(row, OutboxState.SENT, row.due_at, "")
        case OutcomeKind.REFUSED:
            return _judged(row, OutboxState.FAILED, row.due_at, outcome.words)
        case OutcomeKind.DEFERRED:
            return _deferred(row, outcome.words, now, jitter)
        case OutcomeKind.IN_DOUBT:
            return _in_doubt(row, now, resend=resend)
        case OutcomeKind.STOPPED | OutcomeKind.ABANDONED:
            return _put_back(row, now)


def recover(state: OutboxState, row: Tried, now: datetime, *, resend: bool = True) -> Decision:
    """Say what becomes of a row whose sender is gone: its lease is over and nothing was recorded.

    Before the mark nothing was handed over, so a claimed row is free; a transmitting one may have arrived.
    Raises ValueError for a row in another state: nobody has it in hand.
    """
    if state is OutboxState.CLAIMED:
        return _put_back(row, now)
    if state is OutboxState.TRANSMITTING:
        return _in_doubt(row, now, resend=resend)
    raise ValueError(f"a row that is {state.value} is in nobody's hands")


def pause_after(attempts: int, jitter: float = 0.0) -> timedelta:
    """How long to wait after that many tries (1 or more)."""
    return PAUSES[min(attempts, len(PAUSES)) - 1] * (1 + JITTER_SHARE * jitter)


def _deferred(row: Tried, words: str, now: datetime, jitter: float) -> Decision:
    tries = row.attempts + 1
    if tries >= TRIES_AT_MOST:
        return _judged(
            row,
            OutboxState.FAILED,
            row.due_at,
            _("given up after {tries} tries: {words}").format(tries=tries, words=words),
        )
    # Near the end the pauses get shorter again, so that a long one does not give away the time that is left.
    pause = min(pause_after(tries, jitter), (row.expires_at - now) / 2)
    if pause < PAUSES[0]:
        return _judged(row, OutboxState.SKIPPED, row.due_at, Reason.PUT_OFF.value)
    return _judged(row, OutboxState.DEFERRED, now + pause, words)


def _in_doubt(row: Tried, now: datetime, *, resend: bool) -> Decision:
    again_at = now + RESEND_AFTER
    if row.in_doubt > 0:
        reason = DOUBT_TWICE
    elif not resend:
        reason = DOUBT_HELD
    elif again_at >= row.expires_at:
        reason = DOUBT_LATE
    else:
        reason = DOUBT_RESEND
    return Decision(OutboxState.IN_DOUBT, again_at, reason, row.attempts + 1, row.in_doubt + 1)


def _put_back(row: Tried, now: datetime) -> Decision:
    if now >= row.expires_at:
        return Decision(OutboxState.SKIPPED, row.due_at, Reason.EXPIRED.value, row.attempts, row.in_doubt)
    state = OutboxState.DEFERRED if row.attempts else OutboxState.PENDING
    return Decision(state, row.due_at, "", row.attempts, row.in_doubt)


def _judged(row: Tried, state: OutboxState, due_at: datetime, reason: str) -> Decision:
    return Decision(state, due_at, reason, row.attempts + 1, row.in_doubt)
