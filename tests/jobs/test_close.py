"""Closing beside a clock that is wrong. What closing does on Zoom is shown through the command line: tests/cli."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from tests.builders import make_event, make_meeting
from zoomsync.clock import fixed_clock
from zoomsync.domain.records import ApprovalType, Event, Meeting, RunState, SyncRun
from zoomsync.domain.registration import Aim, ClosingRecord
from zoomsync.jobs.close import Keeper, RegistrationReport
from zoomsync.jobs.sync import SyncOutcome
from zoomsync.store import events
from zoomsync.store import registration as stored
from zoomsync.store.schema import Database

HOUR = timedelta(hours=1)
EVENT = make_event()
DEADLINE = EVENT.registration_deadline


@dataclass
class Desk:
    """Zoom with a clock of its own."""

    meeting: Meeting
    server_time_offset: timedelta | None
    writes: int = 0

    def get_meeting(self, meeting: Meeting) -> Meeting:
        return self.meeting

    def set_approval_type(self, meeting: Meeting, approval_type: int) -> None:
        self.writes += 1
        self.meeting = replace(self.meeting, approval_type=approval_type)

    def set_registrant_status(
        self, meeting: Meeting, action: str, people: Sequence[tuple[str, str]], *, occurrence_id: str = ""
    ) -> None:
        raise AssertionError("there is nobody")


def keep(database: Database, desk: Desk, *, behind: timedelta, rehearsed: bool) -> RegistrationReport:
    """A look at registration, closed at the deadline, by a machine whose clock is `behind` Zoom's an hour later."""
    event_id = database.write(lambda db: events.save_event(db, EVENT, DEADLINE))
    database.write(lambda db: events.save_meeting(db, event_id, desk.meeting, DEADLINE))
    closed = ClosingRecord(0, Aim.CLOSED, 1, closed_at=DEADLINE, tried_at=DEADLINE, verified_at=DEADLINE)
    database.write(lambda db: stored.save_record(db, desk.meeting.meeting_id, closed))
    clock = fixed_clock(DEADLINE + HOUR - behind)

    def pull(event: Event) -> SyncOutcome:
        return SyncOutcome(SyncRun(event=event.slug, state=RunState.FAILED, started_at=clock()))

    keeper = Keeper(
        database=database,
        desk=desk,
        sync=pull,
        clock=clock,
        lease_clock=clock if rehearsed else lambda: None,
        sleep=lambda seconds: None,
    )
    return keeper.keep(EVENT, pulled=True)


def closed_meeting() -> Meeting:
    return make_meeting(approval_type=ApprovalType.MANUAL)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_machine_whose_clock_was_set_back_opens_nothing_and_says_so(database: Database) -> None:
    desk = Desk(closed_meeting(), server_time_offset=5 * HOUR)
    report = keep(database, desk, behind=5 * HOUR, rehearsed=False)
    assert desk.writes == 0
    assert "Set this machine's clock right" in report.error


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_in_a_rehearsal_the_clocks_are_apart_on_purpose(database: Database) -> None:
    desk = Desk(closed_meeting(), server_time_offset=5 * HOUR)
    assert keep(database, desk, behind=5 * HOUR, rehearsed=True).error == ""
    assert desk.meeting.approval_type == ApprovalType.AUTOMATIC
