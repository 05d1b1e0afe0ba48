"""Registration of one event at the deadline: decide, store what was set, switch, read back, write down what is true.

Zoom may say yes and keep the old value, so only what was read back counts as closed.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session as DbSession

from zoomsync.clock import Clock
from zoomsync.domain.records import ApprovalType, Closing, Event, Meeting
from zoomsync.domain.registration import (
    ClosingRecord,
    RegistrationAction,
    RegistrationState,
    decide_registration,
    is_late,
    registration_state,
)
from zoomsync.errors import RegistrationNotClosed, ZoomError
from zoomsync.jobs.ports import RegistrationDesk
from zoomsync.store import events as stored_events
from zoomsync.store import registrants as stored
from zoomsync.store.schema import Database

log = logging.getLogger(__name__)

_IN_THE_PORTAL = "set approval to manual in Zoom's portal, under the meeting's registration."


@dataclass(frozen=True, slots=True)
class ClosingReport:
    """What is true of an event's registration; `close --json` prints this.

    state: the worst of its meetings'. verified: every meeting was read back and shows it. late: how many registered
    after the deadline. error: why it is not closed although it should be, "" otherwise.
    """

    event: str
    state: RegistrationState
    method: str
    verified: bool
    late: int
    error: str = ""


def settle_registration(
    event: Event, *, database: Database, desk: RegistrationDesk, clock: Clock, dry_run: bool = False
) -> ClosingReport:
    """Do what the deadline asks for at this moment, and say what is true then. Doing it twice does nothing more.

    The event must have been synced: its meetings are the stored ones. Trouble with Zoom is told in the report.
    """
    now = clock()
    with database.read() as db:
        found = stored_events.load_stored(db, event.slug)
        meetings = [] if found is None else stored_events.meetings_of(db, found.id)
        sessions = [] if found is None else stored_events.sessions_of(db, found.id)
        late = 0 if found is None else _count_late(stored.registered_times(db, found.id), event.registration_deadline)
    last_end = max((one.ends_at for one in sessions), default=None)
    is_over = last_end is not None and now >= last_end  # then nobody looks after the form any more
    states, errors = [], []
    for meeting in meetings:
        try:
            shown = meeting if dry_run else _settle_meeting(event, meeting, last_end, database, desk, now)
        except ZoomError as error:
            shown = meeting
            errors.append(str(error))
        else:
            if registration_state(event, shown, now) is RegistrationState.NOT_CLOSED and not is_over:
                errors.append(_why_left_open(event, meeting, database))
        states.append(registration_state(event, shown, now))
    state = max(states, key=list(RegistrationState).index, default=registration_state_unknown(event, now))
    verified = state is RegistrationState.CLOSED and not errors
    return ClosingReport(event.slug, state, event.zoom.closing.value, verified, late, "; ".join(errors))


def registration_state_unknown(event: Event, now: datetime) -> RegistrationState:
    """The state of an event none of whose meetings was ever seen: open until the deadline, and not closed after it."""
    return RegistrationState.OPEN if now < event.registration_deadline else RegistrationState.NOT_CLOSED


def _settle_meeting(
    event: Event,
    meeting: Meeting,
    last_end: datetime | None,
    database: Database,
    desk: RegistrationDesk,
    now: datetime,
) -> Meeting:
    """Close one meeting if that is due, and give it as it was read back."""
    with database.read() as db:
        before = stored_events.closing_of(db, meeting.meeting_id)
    if decide_registration(event, meeting, before, last_end, now) is RegistrationAction.LEAVE:
        unproven = before.tried_at is not None and before.verified_at is None
        if unproven and meeting.approval_type == ApprovalType.MANUAL:
            # The run that switched it ended before it could look, or a person did it since: this look is the proof.
            _save(database, meeting, replace(before, verified_at=now, error=""))
        return meeting
    # What was set is stored before anything is changed: a crash after the change must not forget it.
    prior = meeting.approval_type if before.prior_approval_type is None else before.prior_approval_type
    record = replace(before, prior_approval_type=prior, times_closed=before.times_closed + 1, tried_at=now)
    _save(database, meeting, record)
    log.info("closing registration", extra={"event": event.slug, "meeting": meeting.meeting_id})
    try:
        desk.set_approval_type(meeting, ApprovalType.MANUAL)
    except ZoomError as error:
        # Zoom did not take it, so it does not count: the next sweep tries again.
        _save(database, meeting, replace(record, times_closed=before.times_closed, error=str(error)))
        raise
    try:
        shown = desk.get_meeting(meeting)
        if shown.approval_type != ApprovalType.MANUAL:
            raise RegistrationNotClosed(
                f"Zoom accepted the change and kept registration of meeting {meeting.meeting_id} open: {_IN_THE_PORTAL}"
            )
    except ZoomError as error:
        _save(database, meeting, replace(record, error=str(error)))
        raise
    _save(database, shown, replace(record, verified_at=now, error=""), seen_at=now)
    return shown


def _why_left_open(event: Event, meeting: Meeting, database: Database) -> str:
    """Why a meeting is open after the deadline although nothing failed in this run, and what to do."""
    if event.zoom.closing is not Closing.SWITCH:
        return f'closing = "{event.zoom.closing}" stands in its file, yet Zoom approves everybody: {_IN_THE_PORTAL}'
    with database.read() as db:
        record = stored_events.closing_of(db, meeting.meeting_id)
    return record.error or f"It was closed {record.times_closed} times and opened again each time: {_IN_THE_PORTAL}"


def _save(database: Database, meeting: Meeting, record: ClosingRecord, *, seen_at: datetime | None = None) -> None:
    def write(db: DbSession) -> None:
        if seen_at is not None:
            stored_events.save_observed(db, meeting, seen_at)
        stored_events.save_closing(db, meeting.meeting_id, record)

    database.write(write)


def _count_late(registered: list[datetime | None], deadline: datetime) -> int:
    return sum(is_late(moment, deadline) for moment in registered)
