"""What to do about a meeting's registration at a moment: leave it, or close it.

Pure: Zoom is read and written by `zoom`, what was done is kept by `store`. Zoom has no deadline of its own; closing
means manual approval, so that whoever registers later waits (docs/zoom.md, "Closing registration"). Approval type 2
is never set: it would let anyone in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from zoomsync.domain.records import ApprovalType, Closing, Event, EventStatus, Meeting

# Registered within this long after the deadline still counts as in time: clocks differ, and a form takes a moment.
GRACE = timedelta(minutes=1)
# Closed at the deadline and once more if the portal opened it again; a third time is only told.
CLOSINGS_AT_MOST = 2


class RegistrationAction(StrEnum):
    LEAVE = "leave"
    CLOSE = "close"


class RegistrationState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    NOT_CLOSED = "not_closed"


@dataclass(frozen=True, slots=True)
class ClosingRecord:
    """What is remembered about closing one meeting.

    prior_approval_type: what was set before zoomsync changed anything. times_closed: how often it was switched.
    verified_at: when reading back last showed it closed. error: why it is not, in one line.
    """

    prior_approval_type: int | None = None
    times_closed: int = 0
    tried_at: datetime | None = None
    verified_at: datetime | None = None
    error: str = ""


def decide_registration(
    event: Event, meeting: Meeting, record: ClosingRecord, last_end: datetime | None, now: datetime
) -> RegistrationAction:
    """Say whether `meeting` is to be switched to manual approval at `now`.

    last_end: when the event's last session ends; from then on the form is left alone.
    """
    if event.status is not EventStatus.ACTIVE or event.zoom.closing is not Closing.SWITCH:
        return RegistrationAction.LEAVE
    if now < event.registration_deadline or (last_end is not None and now >= last_end):
        return RegistrationAction.LEAVE
    if meeting.approval_type != ApprovalType.AUTOMATIC or record.times_closed >= CLOSINGS_AT_MOST:
        return RegistrationAction.LEAVE
    return RegistrationAction.CLOSE


def registration_state(event: Event, meeting: Meeting, now: datetime) -> RegistrationState:
    """What is true of a meeting's registration: from the deadline on, closed means that newcomers wait."""
    if now < event.registration_deadline:
        return RegistrationState.OPEN
    if meeting.approval_type == ApprovalType.AUTOMATIC:
        return RegistrationState.NOT_CLOSED
    return RegistrationState.CLOSED


def is_late(registered_at: datetime | None, deadline: datetime) -> bool:
    """Whether a registration came after the deadline, by Zoom's clock and with the grace of a minute."""
    return registered_at is not None and registered_at > deadline + GRACE
