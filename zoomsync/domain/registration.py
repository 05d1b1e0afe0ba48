"""What to do about registration at a moment: close it, open it again, approve, deny, or leave everything alone.

Pure: Zoom is read and written by `zoom`, what was done is kept by `store`, the order of things is `jobs.close`'s.
Zoom has no deadline of its own; closing means manual approval, so that whoever registers later waits (docs/zoom.md,
"Closing registration"). Approval type 2 is never set: it would let anyone in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from zoomsync.domain.records import (
    ApprovalType,
    Closing,
    Event,
    EventStatus,
    LatePolicy,
    Meeting,
    RegistrantKey,
    RegistrantStatus,
)

# Registered within this long after the deadline still counts as in time: clocks differ, and a form takes a moment.
GRACE = timedelta(minutes=1)
# Calls that write to Zoom are few: each aim is set once, and once more if somebody undid it in the portal.
SETS_AT_MOST = 2
# A registrant whom Zoom was asked twice to approve or deny, and who stays as they were, is a person's case.
ASKS_AT_MOST = 2
DENIALS_AT_ONCE = 30
# A call that Zoom does not take is sent again after pauses that grow, so that it never comes to a loop of writes.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=15)


def next_pause(last: timedelta | None) -> timedelta:
    """How long to leave Zoom alone after one more call that it did not take. last: the pause before, None for none."""
    return FIRST_PAUSE if last is None else min(max(2 * last, FIRST_PAUSE), LONGEST_PAUSE)


# --------------------------------------------------------------------------------------------------- the deadline


class OrderKind(StrEnum):
    CLOSED = "closed"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class Order:
    """What a person ordered by `close` or `reopen`. It stands over the file's deadline until the next one.

    until: of `reopen --until`; None for a reopening without an end, or a closing.
    """

    kind: OrderKind
    at: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """The deadline in force: the event file's, or what a person ordered over it.

    closes_at: from then on whoever registers waits; None: reopened without an end. late_after: who registered later
    than this (and the grace) is late; None: nobody is. They differ where a person closed before the file's deadline:
    who came between the two waits, and is not late by what was announced. by_hand: a person closed it.
    """

    closes_at: datetime | None
    late_after: datetime | None
    by_hand: bool = False

    def has_come(self, now: datetime) -> bool:
        return self.closes_at is not None and now >= self.closes_at


def deadline_in_force(by_file: datetime, order: Order | None) -> Deadline:
    """The deadline that holds. A reopening never ends before the file's own deadline does."""
    if order is None:
        return Deadline(by_file, by_file)
    if order.kind is OrderKind.CLOSED:
        return Deadline(order.at, max(order.at, by_file), by_hand=True)
    if order.until is None:
        return Deadline(None, None)
    until = max(order.until, by_file)
    return Deadline(until, until)


def minutes_late(registered_at: datetime | None, deadline: Deadline) -> int | None:
    """Whole minutes after the deadline, by Zoom's clock; None for who is not late, within the grace or unknown."""
    if registered_at is None or deadline.late_after is None or registered_at <= deadline.late_after + GRACE:
        return None
    return int((registered_at - deadline.late_after).total_seconds()) // 60


# ----------------------------------------------------------------------------------------------------- the switch


class RegistrationAction(StrEnum):
    LEAVE = "leave"
    CLOSE = "close"  # to manual approval
    OPEN = "open"  # back to what was set before


class RegistrationState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    NOT_CLOSED = "not_closed"


class Aim(StrEnum):
    """What zoomsync last set out to have on Zoom."""

    NOTHING = ""
    GATE = "gate"  # manual approval before the deadline, zoomsync approves
    CLOSED = "closed"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class ClosingRecord:
    """What is remembered about one meeting's registration.

    prior_approval_type: what was set before zoomsync changed anything, None while nothing is changed.
    aim, times_set: what it last set out to have, and how often Zoom took the call for that.
    closed_at: since when whoever registers waits for the deadline's sake; closing again what was opened in the portal
    does not change it. opened_at: when zoomsync opened it again after that, None while it is closed.
    tried_at: when a call was last sent. verified_at: when reading back first showed what it had asked for.
    retry_at: no call before then. error: why it is not as it should be, in one line.
    """

    prior_approval_type: int | None = None
    aim: Aim = Aim.NOTHING
    times_set: int = 0
    closed_at: datetime | None = None
    opened_at: datetime | None = None
    tried_at: datetime | None = None
    verified_at: datetime | None = None
    retry_at: datetime | None = None
    error: str = ""


class Step(NamedTuple):
    """action: what to do. aim: what for. approval_type: what to set, None for LEAVE. tired: it would have to be done
    once more, and is not, since it was done before and undone by others, or Zoom dropped it. doubted: by this
    machine's clock it would be opened, and by Zoom's the deadline has come."""

    action: RegistrationAction
    aim: Aim
    approval_type: int | None = None
    tired: bool = False
    doubted: bool = False


def decide_registration(
    event: Event,
    meeting: Meeting,
    record: ClosingRecord,
    deadline: Deadline,
    last_end: datetime | None,
    now: datetime,
    zoom_now: datetime | None = None,
) -> Step:
    """Say what is to be done to the approval type of `meeting` at `now`. Done, the same again leaves it.

    meeting: as Zoom shows it. last_end: when the event's last session ends; from then on the form is left alone.
    zoom_now: the time by Zoom's clock, None where that is not known. A machine whose clock was set back must not open
    what the deadline has closed.

    - switch: manual approval from the deadline on; what was set before is restored when the deadline moves on.
    - gatekeeper: manual approval from the start, and closing is ceasing to approve.
    - manual: nothing, but for what a person orders by `close`. A gate that stood before is left to the people.
    - Registration that is off (2) is never touched, and what zoomsync did not change it does not restore.
    """
    come = deadline.has_come(now)
    aim = _aim(event, deadline, record, come=come)
    over = last_end is not None and now >= last_end
    if aim is None or over or meeting.approval_type == ApprovalType.NO_REGISTRATION:
        return Step(RegistrationAction.LEAVE, aim or Aim.NOTHING)
    wanted = ApprovalType.MANUAL if aim is not Aim.OPEN else record.prior_approval_type
    if wanted is None or meeting.approval_type == wanted:
        return Step(RegistrationAction.LEAVE, aim)
    times = record.times_set if record.aim is aim else 0
    if times >= (1 if aim is Aim.GATE else SETS_AT_MOST):
        return Step(RegistrationAction.LEAVE, aim, tired=True)
    if aim is Aim.OPEN and zoom_now is not None and deadline.has_come(zoom_now):
        return Step(RegistrationAction.LEAVE, Aim.NOTHING, doubted=True)
    action = RegistrationAction.OPEN if aim is Aim.OPEN else RegistrationAction.CLOSE
    return Step(action, aim, wanted)


def _aim(event: Event, deadline: Deadline, record: ClosingRecord, *, come: bool) -> Aim | None:
    """What the form should be; None where zoomsync has no say."""
    if event.status is not EventStatus.ACTIVE:
        # A person may still close what was called off.
        return Aim.CLOSED if event.status is EventStatus.CANCELLED and deadline.by_hand and come else None
    if come and (event.zoom.closing is not Closing.MANUAL or deadline.by_hand):
        return Aim.CLOSED
    if event.zoom.closing is Closing.GATEKEEPER:
        return Aim.GATE
    if event.zoom.closing is Closing.MANUAL and record.aim is Aim.GATE:
        return None
    return None if come else Aim.OPEN


def meetings_in_force(event: Event, meetings: Sequence[Meeting]) -> list[Meeting]:
    """Of the meetings that an event ever had, those it has now: one that left the file is nobody's to close.

    All of them where the file names one by its link alone, or names none that is known yet.
    """
    named = meetings_named(event)
    return [one for one in meetings if one.meeting_id in named] or list(meetings)


def meetings_named(event: Event) -> set[str]:
    """The ids of the meetings that an event's file names; empty where it names one by its link alone, or none."""
    own = (spec.meeting_id for spec in event.sessions if spec.meeting_id or spec.registration_url)
    named = (event.zoom.meeting_id, *own)
    return {one for one in named if one} if all(named) else set()


def registration_state(approval_types: Iterable[int], deadline: Deadline, now: datetime) -> RegistrationState:
    """What is true of an event's registration, by what Zoom shows of all its meetings (none: never seen).

    From the deadline on, closed means that whoever registers waits. Registration that is off is not closed: anyone
    who has the plain link walks in.
    """
    if not deadline.has_come(now):
        return RegistrationState.OPEN
    shown = set(approval_types)
    return RegistrationState.CLOSED if shown == {ApprovalType.MANUAL} else RegistrationState.NOT_CLOSED


# ------------------------------------------------------------------------------------------------------ the people


class Applicant(NamedTuple):
    """A registrant whom the closing may concern.

    status_changed: it was another one since we first saw them, or a person confirmed it, so somebody has decided about
    them. asked: how often Zoom was asked to approve or deny them since it last changed.
    """

    row_id: int
    key: RegistrantKey
    email: str
    name: str
    status: RegistrantStatus
    registered_at: datetime | None
    first_seen_at: datetime
    status_changed: bool = False
    asked: int = 0

    def is_late(self, deadline: Deadline) -> bool:
        return minutes_late(self.registered_at, deadline) is not None


@dataclass(frozen=True, slots=True)
class Judgement:
    """approve, deny: to ask Zoom for, oldest registration first. late: all who registered too late, whatever became
    of them. waiting: those who wait for a person, late ones apart. no_seat: of them, for want of a seat. in_vain: Zoom
    was asked often enough for these, and nothing came of it."""

    approve: tuple[Applicant, ...] = ()
    deny: tuple[Applicant, ...] = ()
    late: tuple[Applicant, ...] = ()
    waiting: tuple[Applicant, ...] = ()
    no_seat: tuple[Applicant, ...] = ()
    in_vain: tuple[Applicant, ...] = ()


def judge_registrants(
    event: Event,
    deadline: Deadline,
    records: Mapping[str, ClosingRecord],
    shown: Mapping[str, int],
    approved: Mapping[tuple[str, str], int],
    people: Iterable[Applicant],
    last_end: datetime | None,
    now: datetime,
    announced_at: datetime | None = None,
) -> Judgement:
    """Say who is to be approved and who denied at `now`. Whoever registered in time is never denied.

    records, shown: by meeting id, what is remembered and the approval type Zoom shows, of the meetings in force.
    approved: how many are, by (meeting id, occurrence id). people: at least all who are pending or late, of any status.
    announced_at: since when the file names its deadline, None where it always did: who registered before that was in
    time by another one.

    - gatekeeper approves who registered in time, while there are seats. switch approves whom its closing has left
      pending although they were in time; who was pending before is a person's case. manual approves nobody.
    - late: `hold` leaves them, `admit` approves them where approval was automatic, `deny` denies those who wait and
      those whom Zoom let in between the deadline and the switch. A decision by hand is never undone.
    """
    active = event.status is EventStatus.ACTIVE and (last_end is None or now < last_end)
    taken = Counter(approved)
    approve, deny, late, waiting, no_seat, in_vain = [], [], [], [], [], []
    for one in sorted(people, key=lambda one: (one.registered_at or one.first_seen_at, one.row_id)):
        record = records.get(one.key.meeting_id, ClosingRecord())
        is_late = one.is_late(deadline)
        if is_late:
            late.append(one)
        pending = one.status is RegistrantStatus.PENDING
        # People of a meeting that has left the file are nobody's to decide about.
        seen = shown.get(one.key.meeting_id)
        wish = _wish(event, deadline, record, seen, one, is_late=is_late) if active and seen is not None else None
        if wish is RegistrantStatus.DENIED and _was_in_time(one, announced_at):
            wish = None
        if wish is not None and one.asked >= ASKS_AT_MOST:
            in_vain.append(one)
        elif wish is RegistrantStatus.DENIED:
            deny.append(one)
        elif wish is RegistrantStatus.APPROVED:
            place = (one.key.meeting_id, one.key.occurrence_id)
            # Zoom's own approval knows no seats; only who approves in its stead minds them.
            seats = event.zoom.seats if event.zoom.closing is Closing.GATEKEEPER else None
            if seats is None or taken[place] < seats:
                taken[place] += 1
                approve.append(one)
                continue
            no_seat.append(one)
        if pending and not is_late:
            waiting.append(one)
    return Judgement(tuple(approve), tuple(deny), tuple(late), tuple(waiting), tuple(no_seat), tuple(in_vain))


def _wish(
    event: Event, deadline: Deadline, record: ClosingRecord, shown: int, one: Applicant, *, is_late: bool
) -> RegistrantStatus | None:
    """What the event's rules want for one registrant; None where it is not for zoomsync to decide."""
    closing, policy = event.zoom.closing, event.zoom.late_registrants
    prior = shown if record.prior_approval_type is None else record.prior_approval_type
    automatic = closing is Closing.SWITCH and prior == ApprovalType.AUTOMATIC
    pending = one.status is RegistrantStatus.PENDING
    if is_late and policy is LatePolicy.DENY:
        slipped_in = automatic and _slipped_in(one, record, shown)
        return RegistrantStatus.DENIED if pending or slipped_in else None
    if not pending or not (automatic or closing is Closing.GATEKEEPER):
        return None
    if is_late:
        return RegistrantStatus.APPROVED if policy is LatePolicy.ADMIT else None
    if not _in_time(one, deadline):
        return None
    if closing is Closing.GATEKEEPER or _left_pending_by_closing(one, record):
        return RegistrantStatus.APPROVED
    return None


def _in_time(one: Applicant, deadline: Deadline) -> bool:
    registered_at = one.registered_at or one.first_seen_at
    return deadline.closes_at is None or registered_at <= deadline.closes_at + GRACE


def _was_in_time(one: Applicant, announced_at: datetime | None) -> bool:
    return announced_at is not None and one.registered_at is not None and one.registered_at <= announced_at


def _left_pending_by_closing(one: Applicant, record: ClosingRecord) -> bool:
    """First seen after the last look before the closing: until then Zoom approved everybody itself, and from an
    opening on it does so again."""
    if record.closed_at is None or one.first_seen_at <= record.closed_at:
        return False
    return record.opened_at is None or (one.registered_at or one.first_seen_at) <= record.opened_at


def _slipped_in(one: Applicant, record: ClosingRecord, shown: int) -> bool:
    """Approved by Zoom itself and not by a person: before the switch, or at any time if it was never made."""
    if one.status is not RegistrantStatus.APPROVED or one.status_changed or one.registered_at is None:
        return False
    if record.closed_at is None or record.opened_at is not None:
        return shown == ApprovalType.AUTOMATIC
    return one.registered_at <= record.closed_at
