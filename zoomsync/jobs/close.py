"""Registration of one event: the form closed and opened, people approved and denied, and what is true read back.

The order of things: store what was set, change it, read it back, write down what was seen; then look at everybody once
more and do what the event's rules want of them. Zoom may say yes and keep the old value, so only what was read back
counts. What is to be done is decided in `domain.registration`; pulling is another act (see `sync`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session as DbSession

from zoomsync import failpoints, words
from zoomsync.about import about
from zoomsync.clock import Clock, Sleep
from zoomsync.domain.records import (
    Event,
    EventStatus,
    Meeting,
    RegistrantStatus,
    RunState,
    Session,
)
from zoomsync.domain.registration import (
    Aim,
    ClosingRecord,
    Deadline,
    Judgement,
    RegistrationAction,
    RegistrationState,
    Step,
    deadline_in_force,
    decide_registration,
    judge_registrants,
    meetings_in_force,
    registration_state,
)
from zoomsync.errors import RegistrationNotClosed, ZoomError, ZoomUnavailable
from zoomsync.jobs.admission import Admission, retry_at
from zoomsync.jobs.leasing import LeaseClock, held, new_owner
from zoomsync.jobs.ports import RegistrationDesk
from zoomsync.jobs.sync import SyncOutcome
from zoomsync.language import N_, _
from zoomsync.store import events as stored_events
from zoomsync.store import registration as stored
from zoomsync.store.schema import Database
from zoomsync.words import counted

log = logging.getLogger(__name__)

_IN_THE_PORTAL = N_("set approval to manual in Zoom's portal, under the meeting's registration")


@dataclass(frozen=True, slots=True)
class RegistrationReport:
    """What is true of an event's registration, and what this run did about it.

    state: the worst of its meetings'. verified: every meeting was read back and shows what it should. late: how many
    registered too late. error: why it is not as it should be, "" otherwise. closes_at: the deadline in force, None
    without one. closed_at: since when whoever registers waits. approved, denied: how many, read back. waiting: how
    many wait for a person, late ones apart. late_waiting: of the late ones, how many still wait. acts: what was done
    or, in a dry run, would be done, a line each. problems: what a person must hear of, a line each.
    """

    event: str
    state: RegistrationState
    method: str
    verified: bool
    late: int
    error: str = ""
    closes_at: datetime | None = None
    closed_at: datetime | None = None
    approved: int = 0
    denied: int = 0
    waiting: int = 0
    late_waiting: int = 0
    acts: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Keeper:
    """What keeping registration needs besides the event. One serves all events, side by side in threads.

    sync: one pull and reconcile, for the looks after something was changed. lease_clock, sleep: see `leasing`.
    actor: who acts, for the audit. patience: how long to wait for another process that keeps the same event.
    """

    database: Database
    desk: RegistrationDesk
    sync: Callable[[Event], SyncOutcome]
    clock: Clock
    lease_clock: LeaseClock
    sleep: Sleep
    actor: str = "sync"
    patience: timedelta = timedelta(0)
    owner: str = field(default_factory=new_owner)

    def keep(
        self, event: Event, *, pulled: bool = True, at_once: bool = False, many_denials: bool = False
    ) -> RegistrationReport:
        """Do what the deadline asks for at this moment, and say what is true then. Twice does nothing more.

        The event must have been synced before: its meetings are the stored ones. pulled: the last pull succeeded just
        now; where it did not, meetings are read by themselves and people are left alone. at_once: a person asks, so
        no earlier refusal is waited out. many_denials: a person allows more than thirty denials.
        Trouble with Zoom is told in the report. Raises StoreError.
        """
        with (
            about(event=event.slug),
            held(
                self.database,
                f"registration:{event.slug}",
                self.owner,
                self.lease_clock,
                wait=self.patience,
                sleep=self.sleep,
            ) as ours,
        ):
            run = _Run(self, event, self.clock())
            if ours and run.event_id is not None:
                run.carry_out(pulled=pulled, at_once=at_once, many_denials=many_denials)
            return run.report()

    def look(self, event: Event) -> RegistrationReport:
        """What is true by the last look; nothing is asked and nothing done."""
        return _Run(self, event, self.clock()).report()

    def rehearse(self, event: Event, deadline: Deadline | None = None) -> RegistrationReport:
        """What `keep` would do by what Zoom shows now and the last pull; nothing is written anywhere.

        deadline: as if this one were in force.
        """
        run = _Run(self, event, self.clock(), deadline)
        run.rehearse()
        return run.report()


class _Run:
    """One event's turn."""

    def __init__(self, keeper: Keeper, event: Event, now: datetime, deadline: Deadline | None = None) -> None:
        self._keeper = keeper
        self._event = event
        self._now = now
        self._errors: dict[str, str] = {}
        self._acts: list[str] = []
        self._problems: list[str] = []
        self._admitted: Admission | None = None
        self._rehearsed = False
        with keeper.database.read() as db:
            found = stored_events.load_stored(db, event.slug)
            self.event_id = found.id if found else None
            self._meetings = self._known_meetings(db)
            self._sessions: Sequence[Session] = stored_events.sessions_of(db, found.id) if found else ()
            order = stored.order_of(db, found.id) if found else None
        self._deadline = deadline or deadline_in_force(event.registration_deadline, order)
        self._last_end = max((one.ends_at for one in self._sessions if not one.cancelled), default=None)

    def _known_meetings(self, db: DbSession) -> list[Meeting]:
        if self.event_id is None:
            return []
        return meetings_in_force(self._event, stored_events.meetings_of(db, self.event_id))

    def carry_out(self, *, pulled: bool, at_once: bool, many_denials: bool) -> None:
        if not pulled:
            if not self._deadline.has_come(self._now):
                return
            self._meetings = [self._looked_at(meeting) for meeting in self._meetings]
        # Every meeting gets its turn: one that fails must not leave the others open.
        seen = [meeting for meeting in self._meetings if meeting.meeting_id not in self._errors]
        switched = [self._settle(meeting, at_once=at_once) for meeting in seen]
        if any(switched):
            pulled = self._look_again()
        if not pulled:
            return
        if self.event_id is not None:
            self._admit(self.event_id, at_once=at_once, many_denials=many_denials)

    # ----------------------------------------------------------------------------------------------- the switch

    def _looked_at(self, meeting: Meeting) -> Meeting:
        try:
            shown = self._keeper.desk.get_meeting(meeting)
        except ZoomError as error:
            self._errors[meeting.meeting_id] = words = str(error)
            with self._keeper.database.read() as db:
                record = stored.record_of(db, meeting.meeting_id)
            self._save(meeting, replace(record, error=words))
            return meeting
        self._keeper.database.write(lambda db: stored_events.save_observed(db, shown, self._now))
        return shown

    def _settle(self, meeting: Meeting, *, at_once: bool) -> bool:
        """Bring one meeting to what it should be. True if it was changed."""
        with self._keeper.database.read() as db:
            before = stored.record_of(db, meeting.meeting_id)
        step = self._decide(meeting, before)
        if step.action is RegistrationAction.LEAVE:
            self._note(meeting, before, step)
            return False
        if before.retry_at is not None and self._now < before.retry_at and not at_once:
            self._errors[meeting.meeting_id] = before.error
            return False
        try:
            self._switch(meeting, before, step)
        except ZoomError as error:
            self._errors[meeting.meeting_id] = str(error)
            return False
        return True

    def _decide(self, meeting: Meeting, record: ClosingRecord) -> Step:
        # In a rehearsal the clocks are apart on purpose.
        ahead = self._keeper.desk.server_time_offset if self._keeper.lease_clock() is None else None
        zoom_now = None if ahead is None else self._now + ahead
        return decide_registration(self._event, meeting, record, self._deadline, self._last_end, self._now, zoom_now)

    def _switch(self, meeting: Meeting, before: ClosingRecord, step: Step) -> None:
        """Change the approval type and prove it. Raises ZoomError, with the reason written down."""
        assert step.approval_type is not None
        desk, now = self._keeper.desk, self._now
        was_closed = before.closed_at is not None and before.opened_at is None
        # What was set is stored before anything is changed: a crash after the change must not forget it.
        prior = meeting.approval_type if before.prior_approval_type is None else before.prior_approval_type
        # Only what Zoom took counts: a run that ends before it could ask must not use up the times.
        times = before.times_set if before.aim is step.aim else 0
        record = replace(
            before, prior_approval_type=prior, aim=step.aim, times_set=times, tried_at=now, retry_at=None, error=""
        )
        if step.aim is Aim.OPEN and record.closed_at is None:
            record = replace(record, closed_at=before.tried_at)  # since a gate was set people were left waiting
        self._save(meeting, record)
        failpoints.reach("close.stored")
        log.debug("changing registration", extra={"event": self._event.slug, "meeting": meeting.meeting_id})
        try:
            desk.set_approval_type(meeting, step.approval_type)
        except ZoomError as error:
            last = before.retry_at - before.tried_at if before.retry_at and before.tried_at else None
            failed = replace(record, error=str(error), retry_at=retry_at(error, last, now))
            # Of an answer that was lost nobody knows whether Zoom took the call.
            if not isinstance(error, ZoomUnavailable):
                failed = replace(failed, prior_approval_type=before.prior_approval_type)
            self._save(meeting, failed)
            raise
        failpoints.reach("close.patched")
        record = replace(record, times_set=times + 1)
        try:
            shown = desk.get_meeting(meeting)
            if shown.approval_type != step.approval_type:
                raise RegistrationNotClosed(
                    _("Zoom accepted the change and kept the registration of {meeting} as it was: {remedy}.").format(
                        meeting=words.meeting(meeting.kind, meeting.meeting_id), remedy=_by_hand(step)
                    )
                )
        except ZoomError as error:
            self._save(meeting, replace(record, error=str(error)))
            raise
        failpoints.reach("close.read_back")
        self._save(shown, _proven(record, step.aim, since=now, now=now), before=meeting)
        self._acts.append(_done(step, shown))
        if was_closed and step.aim is Aim.CLOSED:
            self._problems.append(
                _(
                    "somebody opened the registration of {meeting} again in Zoom's portal; it "
                    "was closed again, which is done once: `zoomsync reopen {slug}` if it is to stay open"
                ).format(meeting=words.meeting(meeting.kind, meeting.meeting_id), slug=self._event.slug)
            )

    def _note(self, meeting: Meeting, before: ClosingRecord, step: Step) -> None:
        """Nothing is to be changed: write down what this look has shown."""
        record = before
        if step.doubted:
            record = replace(record, error=self._why_doubted(meeting))
        elif step.tired:
            record = replace(record, error=self._why_tired(meeting, before, step))
        elif self._is_left_open(meeting):
            record = replace(record, error=self._why_left_open(meeting))
        elif step.aim is not Aim.NOTHING and meeting.meeting_id not in self._errors:
            # The run that changed it ended before it could look, or a person did it: this look is the proof.
            ours = before.aim is step.aim and _is_unproven(before)
            since = before.tried_at if ours and before.tried_at else self._now
            record = _proven(before, step.aim, since=since, now=self._now)
        if record.error:
            self._errors[meeting.meeting_id] = record.error
        if record != before:
            self._save(meeting, record)

    def _is_left_open(self, meeting: Meeting) -> bool:
        over = self._last_end is not None and self._now >= self._last_end
        state = registration_state([meeting.approval_type], self._deadline, self._now)
        return state is RegistrationState.NOT_CLOSED and not over and self._event.status is EventStatus.ACTIVE

    def _why_tired(self, meeting: Meeting, before: ClosingRecord, step: Step) -> str:
        if before.verified_at is None or before.tried_at is None or before.verified_at < before.tried_at:
            return before.error or (
                _(
                    "Zoom accepted the change {number} times and kept the registration of {meeting} "
                    "as it was: {remedy}."
                ).format(
                    number=before.times_set,
                    meeting=words.meeting(meeting.kind, meeting.meeting_id),
                    remedy=_by_hand(step),
                )
            )
        return _(
            "The approval of {meeting} was set {number} times and set back in Zoom's portal each time: {remedy}."
        ).format(
            meeting=words.meeting(meeting.kind, meeting.meeting_id), number=before.times_set, remedy=_by_hand(step)
        )

    def _why_doubted(self, meeting: Meeting) -> str:
        return _(
            "By this machine's clock the deadline of {meeting} is still to come, and by Zoom's it has passed: "
            "registration stays closed. Set this machine's clock right."
        ).format(meeting=words.meeting(meeting.kind, meeting.meeting_id))

    def _why_left_open(self, meeting: Meeting) -> str:
        if meeting.approval_type not in (0, 1):
            return _(
                "Registration of {meeting} was switched off in Zoom's portal, so whoever "
                "has the plain link walks in: switch registration on again there, with manual "
                "approval."
            ).format(meeting=words.meeting(meeting.kind, meeting.meeting_id))
        return _(
            'closing = "{closing}" stands in the event file, yet Zoom approves everybody of {meeting}: {remedy}.'
        ).format(
            closing=self._event.zoom.closing,
            meeting=words.meeting(meeting.kind, meeting.meeting_id),
            remedy=_(_IN_THE_PORTAL),
        )

    def _save(self, meeting: Meeting, record: ClosingRecord, *, before: Meeting | None = None) -> None:
        """before: the meeting as it was, where `meeting` is what was read back after a change."""

        def write(db: DbSession) -> None:
            stored.save_record(db, meeting.meeting_id, record)
            if before is None or self.event_id is None:
                return
            stored_events.save_observed(db, meeting, self._now)
            was, is_now = ({"approval_type": one.approval_type} for one in (before, meeting))
            change = "opened" if record.aim is Aim.OPEN else "closed" if record.aim is Aim.CLOSED else "gated"
            stored_events.write_audit(
                db,
                self.event_id,
                self._now,
                "meeting",
                meeting.meeting_id,
                change,
                was,
                is_now,
                actor=self._keeper.actor,
            )

        self._keeper.database.write(write)

    def _look_again(self) -> bool:
        """A complete pull after something was changed on Zoom."""
        run = self._keeper.sync(self._event).run
        if run.state is not RunState.OK:
            self._problems.append(_("the look after the change failed: {error}").format(error=run.error))
        return run.state is RunState.OK

    # ----------------------------------------------------------------------------------------------- the people

    def _judge(self) -> Judgement:
        if self.event_id is None:
            return Judgement()
        with self._keeper.database.read() as db:
            meetings = self._known_meetings(db)
            return judge_registrants(
                self._event,
                self._deadline,
                {one.meeting_id: stored.record_of(db, one.meeting_id) for one in meetings},
                {one.meeting_id: one.approval_type for one in meetings},
                stored.approved_counts(db, self.event_id),
                stored.applicants(db, self.event_id, self._deadline),
                self._last_end,
                self._now,
                stored.deadline_changed_at(db, self.event_id),
            )

    def _admit(self, event_id: int, *, at_once: bool, many_denials: bool) -> None:
        """Do what the event's rules want of its people, and look again at what came of it."""
        keeper, judgement = self._keeper, self._judge()
        admission = Admission(
            event=self._event,
            event_id=event_id,
            meetings={one.meeting_id: one for one in self._meetings},
            database=keeper.database,
            desk=keeper.desk,
            now=self._now,
            actor=keeper.actor,
        )
        asked = admission.ask(judgement, at_once=at_once, many_denials=many_denials)
        if asked and self._look_again():
            admission.count(asked)
        admission.plan_notices(judgement, self._deadline, self._last_end)
        self._admitted = admission

    # ---------------------------------------------------------------------------------------------- what is true

    def rehearse(self) -> None:
        """Say what would be done, by what Zoom shows now."""
        self._rehearsed = True
        for number, meeting in enumerate(self._meetings):
            try:
                shown = self._keeper.desk.get_meeting(meeting)
            except ZoomError as error:
                self._errors[meeting.meeting_id] = str(error)
                continue
            self._meetings[number] = shown
            with self._keeper.database.read() as db:
                step = self._decide(shown, stored.record_of(db, meeting.meeting_id))
            if step.action is not RegistrationAction.LEAVE:
                self._acts.append(_("would be done: {done}").format(done=_done(step, shown)))
        judgement = self._judge()
        for people, said in (
            (judgement.approve, _("would be approved: {registrants}")),
            (judgement.deny, _("would be denied: {registrants}")),
        ):
            if people:
                self._acts.append(said.format(registrants=counted(len(people), "registrant")))

    def report(self) -> RegistrationReport:
        judgement, admitted = self._judge(), self._admitted
        shown = self._meetings
        records: list[ClosingRecord] = []
        if self.event_id is not None:
            with self._keeper.database.read() as db:
                if not self._rehearsed:
                    shown = self._known_meetings(db)
                records = [stored.record_of(db, one.meeting_id) for one in shown]
        state = registration_state([one.approval_type for one in shown], self._deadline, self._now)
        error = "; ".join(dict.fromkeys(self._errors.values()))
        closed = [one.closed_at for one in records if one.closed_at]
        return RegistrationReport(
            event=self._event.slug,
            state=state,
            method=self._event.zoom.closing.value,
            verified=bool(shown) and not error and all(one.verified_at for one in records),
            late=len(judgement.late),
            error=error,
            closes_at=self._deadline.closes_at,
            closed_at=min(closed) if closed and state is RegistrationState.CLOSED else None,
            approved=admitted.approved if admitted else 0,
            denied=admitted.denied if admitted else 0,
            waiting=len(judgement.waiting),
            late_waiting=sum(one.status is RegistrantStatus.PENDING for one in judgement.late),
            acts=(*self._acts, *(admitted.acts if admitted else ())),
            problems=(*self._problems, *(admitted.problems if admitted else ())),
        )


def _is_unproven(record: ClosingRecord) -> bool:
    return record.tried_at is not None and (record.verified_at is None or record.verified_at < record.tried_at)


def _proven(record: ClosingRecord, aim: Aim, *, since: datetime, now: datetime) -> ClosingRecord:
    """The record of a meeting that was read back and shows what `aim` wants.

    since: when it became so, as far as we know. Closing again what was opened in the portal is no new closing.
    """
    proven = replace(record, error="", retry_at=None)
    if _is_unproven(record):
        proven = replace(proven, verified_at=now)
    if aim is Aim.CLOSED and (record.closed_at is None or record.opened_at is not None):
        times = max(record.times_set, 1)  # what was manual already counts as set: only once is it set again
        return replace(proven, aim=aim, times_set=times, closed_at=since, opened_at=None, verified_at=now)
    if aim is Aim.GATE and record.closed_at is not None and record.opened_at is None:
        return replace(proven, opened_at=now)  # the deadline moved on: the form stays, and approving begins again
    if aim is Aim.OPEN and record.aim is Aim.OPEN and record.prior_approval_type is not None:
        return replace(proven, prior_approval_type=None, opened_at=since)
    return proven


def _by_hand(step: Step) -> str:
    if step.aim is Aim.OPEN:
        return _("set approval to automatic in Zoom's portal, under the meeting's registration")
    return _(_IN_THE_PORTAL)


def _done(step: Step, meeting: Meeting) -> str:
    name = words.meeting(meeting.kind, meeting.meeting_id)
    if step.aim is Aim.OPEN:
        return _("{name} approves as it did before").format(name=name)
    if step.aim is Aim.GATE:
        return _("{name} set to manual approval; zoomsync approves until the deadline").format(name=name)
    return _("{name} set to manual approval: whoever registers now waits").format(name=name)
