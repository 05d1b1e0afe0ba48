"""Who took part in an event's sessions: ask Zoom for what is over, and write it down in one transaction.

When Zoom is asked, and who a participant is, is decided in `domain.attendance`. What was not ready or failed leaves
what was known before as it is. Messages after a session are planned in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session as DbSession

from zoomsync.clock import Clock, Sleep
from zoomsync.domain.attendance import (
    AttendanceRecord,
    AttendanceState,
    Instance,
    SessionAttendance,
    Sitting,
    fold_name,
    instances_of,
    look_is_due,
)
from zoomsync.domain.records import Event, Meeting, Session
from zoomsync.errors import SettingsError, ZoomError, ZoomNotFound
from zoomsync.jobs.leasing import LeaseClock, held, new_owner
from zoomsync.jobs.planning import plan_event
from zoomsync.jobs.ports import AttendanceSource
from zoomsync.language import _
from zoomsync.store import attendance as stored
from zoomsync.store import events as stored_events
from zoomsync.store.schema import Database


@dataclass(frozen=True, slots=True)
class AttendanceTaker:
    """What taking attendance needs besides the event. lease_clock: see `leasing`."""

    database: Database
    zoom: AttendanceSource
    clock: Clock
    lease_clock: LeaseClock
    sleep: Sleep
    wait_for_another: timedelta = timedelta(0)
    owner: str = field(default_factory=new_owner)

    def take(self, event: Event, session_keys: Collection[str]) -> list[AttendanceRecord]:
        """Ask Zoom who was in these sessions of an event, and give what is known of each then.

        An event that nobody knows, or whose personal data was removed, is left alone, and so is one that another
        process is just asking for. Trouble with Zoom is a record with its error. Raises StoreError.
        """
        name, wait = f"attendance:{event.slug}", self.wait_for_another
        with held(self.database, name, self.owner, self.lease_clock, wait=wait, sleep=self.sleep) as ours:
            return self._take(event, session_keys) if ours else []

    def _take(self, event: Event, session_keys: Collection[str]) -> list[AttendanceRecord]:
        with self.database.read() as db:
            known = stored_events.load_stored(db, event.slug)
            if known is None or known.erased_at is not None:
                return []
            sessions = [one for one in stored_events.sessions_of(db, known.id) if one.key in session_keys]
            meetings = {one.meeting_id: one for one in stored_events.meetings_of(db, known.id)}
            records = stored.records_of(db, known.id)
        now, reading = self.clock(), _Reading(self.zoom)
        looks = []
        for session in sessions:
            before = replace(records.get(session.key) or AttendanceRecord(session.key), tried_at=now, error="")
            try:
                looks.append(_Look(session, before, reading.sittings_of(session, meetings.get(session.meeting_id))))
            except ZoomError as error:
                looks.append(_Look(session, replace(before, error=str(error)), None))
        found = [one.record(now) for one in looks]

        def write(db: DbSession) -> None:
            for look, record in zip(looks, found, strict=True):
                for instance, sitting in (look.sittings or {}).items():
                    if sitting.ready:
                        meeting_id = look.session.meeting_id
                        stored.replace_instance(db, known.id, meeting_id, instance.uuid, sitting.participants)
                stored.save_record(db, known.id, record)
            plan_event(db, event, known.id, now, sessions_changed=True)

        self.database.write(write)
        return found


@dataclass(frozen=True, slots=True)
class _Look:
    """sittings: what Zoom gave, None where it gave an error."""

    session: Session
    before: AttendanceRecord
    sittings: dict[Instance, Sitting] | None

    def record(self, now: datetime) -> AttendanceRecord:
        """What is known of the session from now on. Attendance that was ready once stays so."""
        if self.sittings is None:
            return self.before
        if self.sittings and all(one.ready for one in self.sittings.values()):
            without_ids = not all(one.with_ids for one in self.sittings.values())
            ready_at = self.before.ready_at or now
            return replace(
                self.before,
                state=AttendanceState.READY,
                looked_at=now,
                ready_at=ready_at,
                without_ids=without_ids,
            )
        state = AttendanceState.READY if self.before.ready_at else AttendanceState.NOT_READY
        return replace(self.before, state=state, looked_at=now)


class _Reading:
    """What Zoom was asked for already in this round: sessions of one meeting share its instances."""

    def __init__(self, zoom: AttendanceSource) -> None:
        self._zoom = zoom
        self._instances: dict[str, tuple[Meeting, Sequence[Instance]]] = {}
        self._sittings: dict[str, Sitting] = {}

    def sittings_of(self, session: Session, meeting: Meeting | None) -> dict[Instance, Sitting]:
        if meeting is None:
            raise ZoomNotFound(
                _("Meeting {meeting_id} was never read: run zoomsync sync first.").format(meeting_id=session.meeting_id)
            )
        if meeting.meeting_id not in self._instances:
            self._instances[meeting.meeting_id] = (self._with_host(meeting), self._zoom.past_instances(meeting))
        meeting, instances = self._instances[meeting.meeting_id]
        found = {}
        for instance in instances_of(session, instances):
            if instance.uuid not in self._sittings:
                self._sittings[instance.uuid] = self._zoom.sitting(meeting, instance.uuid)
            found[instance] = self._sittings[instance.uuid]
        return found

    def _with_host(self, meeting: Meeting) -> Meeting:
        """The meeting with its host's id; one that was deleted since keeps the address it was known by."""
        try:
            return self._zoom.get_meeting(meeting)
        except ZoomNotFound:
            return meeting


def sessions_due(
    event: Event, *, database: Database, now: datetime, at_once: bool = False, again: bool = False
) -> list[Session]:
    """The sessions of an event whose attendance is to be asked for at `now`.

    at_once: also those that are over and were never asked for. again: every one that is over.
    """
    with database.read() as db:
        known = stored_events.load_stored(db, event.slug)
        if known is None or known.erased_at is not None:
            return []
        sessions, records = stored_events.sessions_of(db, known.id), stored.records_of(db, known.id)

    def wanted(one: Session) -> bool:
        over = one.ends_at <= now and not one.cancelled
        return look_is_due(one, records.get(one.key), now) or (over and (again or (at_once and one.key not in records)))

    return [one for one in sessions if wanted(one)]


# --------------------------------------------------------------------------------------------- what is known, by hand


@dataclass(frozen=True, slots=True)
class SessionLook:
    """A session and who came to it. is_over: at the moment of asking. found: None before it is ready."""

    session: Session
    is_over: bool
    record: AttendanceRecord
    found: SessionAttendance | None


def look_at_attendance(event: Event, *, database: Database, now: datetime, minimum: float) -> list[SessionLook] | None:
    """What is known of each session of an event that is not cancelled, by start. None if it was never synced."""
    with database.read() as db:
        known = stored_events.load_stored(db, event.slug)
        if known is None:
            return None
        records = stored.records_of(db, known.id)
        found = {one.session.key: one for one in stored.attendance_of_event(db, known.id, minimum=minimum)}
        return [
            SessionLook(one, one.ends_at <= now, records.get(one.key, AttendanceRecord(one.key)), found.get(one.key))
            for one in stored_events.sessions_of(db, known.id)
            if not one.cancelled
        ]


class MatchRefused(SettingsError):
    """A match by hand that would settle nothing."""


def match_by_hand(event: Event, name: str, email: str, *, database: Database, now: datetime, actor: str) -> list[str]:
    """A person says that the unmatched participant `name` is the registrant of `email`. Gives the sessions it settles,
    by their titles. Raises MatchRefused where there is no such participant or no such registrant."""
    wanted, address = fold_name(name), email.strip().lower()

    def settle(db: DbSession) -> list[str]:
        known = stored_events.load_stored(db, event.slug)
        unmatched: dict[str, list[Session]] = {}
        for look in stored.attendance_of_event(db, known.id) if known else ():
            for one in look.unmatched:
                unmatched.setdefault(fold_name(one.name), []).append(look.session)
        if known is None or wanted not in unmatched:
            raise MatchRefused(
                _(
                    "Nobody who is not identified in {slug} is named like that: zoomsync attendance "
                    "{slug} lists them; write the name as it stands there, in quotes."
                ).format(slug=event.slug)
            )
        meetings = {one.meeting_id for one in stored.enrolled(db, known.id) if one.email == address}
        settled = [one for one in unmatched[wanted] if one.meeting_id in meetings]
        if not settled:
            raise MatchRefused(
                _(
                    "Nobody registered with that address for the meeting of {slug} that this participant "
                    "was in: check the address."
                ).format(slug=event.slug)
            )
        stored.save_match(db, known.id, name, address, now=now, actor=actor)
        return list(dict.fromkeys(one.title for one in settled))

    return database.write(settle)


def undo_match(event: Event, name: str, *, database: Database, now: datetime, actor: str) -> bool:
    """Take back a match made by hand. False where there was none of that name."""

    def undo(db: DbSession) -> bool:
        known = stored_events.load_stored(db, event.slug)
        return known is not None and stored.undo_match(db, known.id, name, now=now, actor=actor)

    return database.write(undo)
