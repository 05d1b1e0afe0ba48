"""What happens in the demo, from the announcement to the day after.

Each step moves the clock and does what the daemon, cron or the organiser would do then, by the same code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from zoomsync.demo.proof import Proof, Round, count, read_letter
from zoomsync.demo.stage import SLUG, ZONE, Stage
from zoomsync.demo.telling import Board, Happening, Mark, Teller, clock_time
from zoomsync.domain.attendance import SessionAttendance
from zoomsync.domain.records import ApprovalType, Event, OutboxState
from zoomsync.domain.registration import RegistrationState
from zoomsync.errors import PullIncomplete, ZoomsyncError
from zoomsync.events.editing import move_session, put
from zoomsync.jobs import certificates as certifying
from zoomsync.jobs.attendance import sessions_due
from zoomsync.jobs.changing import foresee
from zoomsync.jobs.deliver import DeliveryReport
from zoomsync.jobs.remind import remind
from zoomsync.jobs.status import EventStanding, look_at_status
from zoomsync.language import _, ngettext
from zoomsync.simulate.model_event import MODEL_MEETING_ID
from zoomsync.simulate.objects import APPROVED, DENIED, Registrant
from zoomsync.simulate.people import believable_people
from zoomsync.store import outbox
from zoomsync.store.attendance import attendance_of_event
from zoomsync.store.events import load_stored
from zoomsync.text import file_name

DEADLINE = datetime(2023, 3, 6, 6, 0, tzinfo=UTC)  # the end of 5 March in Guatemala
DAY_AFTER = datetime(2023, 3, 9, 15, 0, tzinfo=UTC)
SESSIONS_AT = (datetime(2023, 3, 7, 14, tzinfo=UTC), datetime(2023, 3, 8, 14, tzinfo=UTC))
MOVED_BY = timedelta(hours=1)  # the second session
CERTIFIED_FROM = 0.8  # of the time of all sessions

# When people register before the deadline: (day and hour in UTC, how many, minutes from one to the next).
_ARRIVALS = (
    (datetime(2023, 2, 23, 19, 30, tzinfo=UTC), 4, 41),
    (datetime(2023, 2, 24, 14, 5, tzinfo=UTC), 5, 67),
    (datetime(2023, 2, 27, 13, 40, tzinfo=UTC), 13, 29),
    (datetime(2023, 2, 28, 15, 15, tzinfo=UTC), 6, 53),
)
_ACTOR = "the organiser, in the demo"  # for the audit


class StoryBroken(ZoomsyncError):
    """Something of ours did not do in the demo what it does; the message says what."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How it came out. planned: messages of the outbox by what became of them."""

    standing: EventStanding
    attendance: tuple[SessionAttendance, ...]
    planned: Mapping[OutboxState, int]
    proof: Proof
    moved: int
    certificates: int
    let_in: str


class Story:
    """Played once. `ending` is there afterwards."""

    def __init__(self, stage: Stage, teller: Teller) -> None:
        self._stage, self._app, self._world = stage, stage.app, stage.world
        self._mails, self._clock = stage.mails, stage.clock
        self._teller = teller
        self._people = believable_people(40)
        self._registered: list[str] = []
        self._rounds: list[Round] = []
        self._moved = self._certificates = self._late_waiting = 0
        event = stage.event
        self.board = Board(
            title=event.title,
            zone=event.timezone,
            begins_at=self._clock(),
            ends_at=DAY_AFTER,
            marks=[
                (DEADLINE, _("registration closes")),
                *((spec.starts_at, spec.title) for spec in event.sessions),
            ],
            arrived=lambda: len(self._mails.messages),
        )

    def play(self) -> None:
        """From the announcement to the day after. Raises ZoomsyncError where something does not do what it should."""
        self._teller.begin(self.board)
        self._announce()
        for first, how_many, apart in _ARRIVALS:
            self._registrations(first, how_many, timedelta(minutes=apart))
        self._leave_and_deny()
        self._deadline()
        self._too_late()
        self._organiser_decides()
        self._session_moves()
        for number, begins_at in enumerate((SESSIONS_AT[0], SESSIONS_AT[1] + MOVED_BY)):
            self._session(number, begins_at)
        self._day_after()

    def ending(self) -> Ending:
        """How the event stands in the end, and what arrived, counted from the messages."""
        (standing,) = look_at_status(self._app.database, self._clock()).events
        letters = [read_letter(one.rcpt_to, one.message) for one in self._mails.messages]
        with self._app.database.read() as db:
            known = load_stored(db, SLUG)
            assert known is not None, "it was synced at the beginning"
            planned = outbox.counts(db, known.id)
        return Ending(
            standing,
            tuple(self._attendance()),
            planned,
            count(self._rounds, letters),
            self._moved,
            self._certificates,
            self._registered[-2],
        )

    # ------------------------------------------------------------------------------------- before the deadline

    def _announce(self) -> None:
        self._say(Mark.CHAPTER, _("The event is announced, and registration opens on Zoom."))
        self._sync()

    def _registrations(self, first: datetime, how_many: int, apart: timedelta) -> None:
        for number in range(how_many):
            self._go(first + number * apart, 0.28)
            self._register()
        self._say(Mark.GROUP, ngettext("One person registers.", "{count} people register.", how_many), count=how_many)
        self._go(self._clock() + timedelta(minutes=5), 0.5)
        self._sync()

    def _leave_and_deny(self) -> None:
        self._go(datetime(2023, 3, 3, 16, tzinfo=UTC))
        gone, unwelcome = self._registered[4], self._registered[11]
        self._world.cancel_by_self(MODEL_MEETING_ID, gone)
        self._say(Mark.ZOOM, _("One person cancels by the link in Zoom's mail."))
        denied = self._world.find_registrant(MODEL_MEETING_ID, unwelcome)
        self._world.change_status(MODEL_MEETING_ID, denied, DENIED)
        self._say(Mark.ZOOM, _("Another is denied in Zoom's portal."))
        self._go(self._clock() + timedelta(minutes=5))
        self._sync()
        self._sync(again=True)

    # ----------------------------------------------------------------------------------- the deadline, and after it

    def _deadline(self) -> None:
        self._go(DEADLINE - timedelta(minutes=1))
        self._register()
        self._say(Mark.ZOOM, _("One person registers in the last minute."))
        self._sync()
        self._go(DEADLINE, 1.5)
        self._say(Mark.CHAPTER, _("The deadline: 5 March is over in Guatemala."))
        self._sync()
        approval = self._app.zoom.find_meetings(self._event())[0].approval_type
        if approval != ApprovalType.MANUAL or self.board.closed_at is None:
            raise StoryBroken(f"Registration should be closed on Zoom, and its approval_type is {approval}.")
        self._say(
            Mark.DEADLINE,
            _("CLOSED, and read back from Zoom at {time}: it approves nobody by itself any more."),
            time=clock_time(self.board.closed_at, ZONE),
            detail=True,
        )

    def _too_late(self) -> None:
        for minutes, words in (
            (7, _("Somebody registers, seven minutes late.")),
            (52, _("Somebody else does, fifty-two minutes late.")),
        ):
            self._go(DEADLINE + timedelta(minutes=minutes))
            self._register()
            self._say(Mark.ZOOM, words)
        self._sync()

    def _organiser_decides(self) -> None:
        self._go(datetime(2023, 3, 6, 15, tzinfo=UTC))
        first_late = self._registered[-2]
        decided = self._app.decide_by_hand(self._event(), [(first_late, "approve")], actor=_ACTOR)
        if not decided.done:
            raise StoryBroken(" ".join(decided.problems) or "The late one was not approved.")
        self._late_waiting = 1
        self._look()
        self._say(
            Mark.DEADLINE, _("The organiser lets the first of the two in: approved, read back. The other one waits.")
        )

    def _session_moves(self) -> None:
        """As `zoomsync move` does it: the file, and by hand the time on Zoom."""
        self._go(datetime(2023, 3, 6, 16, tzinfo=UTC))
        spec = self._event().sessions[1]
        starts_at = spec.starts_at + MOVED_BY
        edited = move_session(self._stage.event_file, 2, starts_at, spec.ends_at + MOVED_BY)
        told = foresee(edited.event, self._app.database, self._clock()).told
        put(edited)
        occurrence = self._world.meetings[MODEL_MEETING_ID].occurrences[1]
        self._world.move_occurrence(MODEL_MEETING_ID, occurrence.occurrence_id, starts_at)
        self.board.marks[2] = (starts_at, spec.title)
        self._say(
            Mark.CHAPTER,
            _("The organiser moves {session} from {old} to {new}, in its file and on Zoom; {count} will be told."),
            session=spec.title,
            old=clock_time(spec.starts_at, ZONE),
            new=clock_time(starts_at, ZONE),
            count=told,
        )
        self._sync()
        self._say(
            Mark.MAIL, _("its reminders move along; the notice waits ten minutes, in case of a slip"), detail=True
        )
        self._go(self._clock() + timedelta(minutes=11))
        self._moved = self._remind(_("Ten minutes later, the notice of the new time"), "moved", spec.title)
        if self._moved != told:
            raise StoryBroken(f"{told} were to be told of the new time, and {self._moved} were.")

    # -------------------------------------------------------------------------------------------------- sessions

    def _session(self, number: int, begins_at: datetime) -> None:
        title = self._event().sessions[number].title
        day_before = SESSIONS_AT[number].replace(hour=23) - timedelta(days=1)  # 17:00 in Guatemala
        self._go(day_before)
        self._remind(_("The day before, the reminder of {session}").format(session=title), "before:1d 17:00", title)
        self._go(begins_at - timedelta(hours=1))
        self._remind(_("One hour before, the reminder of {session}").format(session=title), "before:1h", title)
        self._go(begins_at)
        self._say(Mark.CHAPTER, _("{session} begins."), session=title)
        self._go(begins_at + timedelta(hours=5, minutes=40), 1.5)
        # Zoom has worked out who was there twenty minutes after its end.
        self._world.hold_session(
            MODEL_MEETING_ID, occurrence=number, share=0.8, seed=number + 1, ready_after=timedelta(minutes=20)
        )
        event = self._event()
        due = sessions_due(event, database=self._app.database, now=self._clock())
        records = self._app.attendance().take(event, [one.key for one in due])
        if not records or records[0].error:
            raise StoryBroken(f"The attendance of {title} did not come. {records[0].error if records else ''}")
        came = self._attendance()[-1]
        self._say(
            Mark.SESSION,
            _("{session} is over: {identified} identified, {unmatched} not; {present} stayed half of it or more."),
            session=title,
            identified=len(came.came),
            unmatched=len(came.unmatched),
            present=came.present,
        )

    def _day_after(self) -> None:
        self._go(DAY_AFTER)
        self._say(Mark.CHAPTER, _("The day after: the report is written, and certificates are made."))
        event, now, database = self._event(), self._clock(), self._app.database
        eligible = certifying.look_for_certificates(event, database=database, now=now, minimum=CERTIFIED_FROM)
        issued = certifying.issue(event, eligible, database=database, now=now)
        folder = self._stage.folder / "certificates"
        folder.mkdir(mode=0o700)
        for one in issued:
            (folder / f"{file_name(one.name)}-{one.code}.pdf").write_bytes(self._app.printer.pdf(one, event))
        mailing = certifying.look_for_mails(event, eligible, issued, database=database)
        certifying.put(eligible, mailing, database=database, now=now)
        self._certificates = len(issued)
        self._expect(
            _("Certificates"), "certificate", "", dict.fromkeys((one.registrant.email for one in eligible.present), "")
        )
        sent = self._deliver({eligible.event_id: event}).counts[OutboxState.SENT]
        self._look()
        self._say(
            Mark.MAIL,
            ngettext(
                "One certificate, for who was there for 80% of the time: {sent} mailed.",
                "{count} certificates, for who was there for 80% of the time: {sent} mailed.",
                len(issued),
            ),
            count=len(issued),
            sent=sent,
            detail=True,
        )

    # ----------------------------------------------------------------------------------------------- what is done

    def _register(self) -> None:
        person = next(self._people)
        self._world.register(MODEL_MEETING_ID, person)
        self._registered.append(person["email"])
        self.board.on_zoom += 1
        self._say(
            Mark.PERSON, _("{name} registers."), name=f"{person['first_name']} {person['last_name']}", detail=True
        )

    def _sync(self, *, again: bool = False) -> None:
        """A sync as the daemon does it, and what the deadline wants then."""
        event = self._event()
        run = self._app.syncer().sync(event).run
        if run.error:
            raise PullIncomplete(run.error)
        counts = run.counts
        changes = ", ".join(
            words.format(count=number)
            for number, words in (
                (counts.added, ngettext("{count} new", "{count} new", counts.added)),
                (counts.updated, ngettext("{count} changed", "{count} changed", counts.updated)),
                (counts.cancelled, ngettext("{count} cancelled", "{count} cancelled", counts.cancelled)),
                (counts.reinstated, ngettext("{count} back", "{count} back", counts.reinstated)),
            )
            if number
        )
        self._say(
            Mark.SYNC,
            ngettext("sync again: {count} pulled, {changes}", "sync again: {count} pulled, {changes}", counts.pulled)
            if again
            else ngettext("sync: {count} pulled, {changes}", "sync: {count} pulled, {changes}", counts.pulled),
            count=counts.pulled,
            changes=changes or _("nothing changes"),
            detail=True,
        )
        closing = self._app.keeper().keep(event)
        if closing.state is RegistrationState.NOT_CLOSED or closing.error:
            raise StoryBroken(f"Registration is not closed. {closing.error}")
        self._look()
        if closing.late_waiting != self._late_waiting and closing.late_waiting:
            self._say(
                Mark.DEADLINE,
                ngettext(
                    "registration stays closed; {count} late, held for a person to decide",
                    "registration stays closed; {count} late, held for a person to decide",
                    closing.late_waiting,
                ),
                count=closing.late_waiting,
                detail=True,
            )
        self._late_waiting = closing.late_waiting

    def _remind(self, title: str, kind: str, session: str) -> int:
        """A round of mail as the daemon does it. Gives how many went out."""
        self._expect(title, kind, session, {one.address: self._link_of(one) for one in self._approved_on_zoom()})
        before = len(self._mails.messages)
        report = remind(
            [self._event()],
            database=self._app.database,
            sync=lambda event: self._app.syncer().sync(event),
            deliver=self._deliver,
            clock=self._app.clock,
        )
        if report.problems:
            raise StoryBroken(" ".join(report.problems))
        sent = report.count(OutboxState.SENT)
        arrived = self._mails.messages[before:]
        self._look()
        self._say(
            Mark.MAIL,
            _("{title}: {sent} sent, {arrived} arrived."),
            title=title,
            sent=sent,
            arrived=len(arrived),
        )
        if arrived:
            self._say(Mark.MAIL, "“{subject}”", subject=str(arrived[-1].message["Subject"]), detail=True)
        return sent

    def _deliver(self, ready: Mapping[int, Event]) -> DeliveryReport:
        return self._app.deliverer(ready).deliver(event_ids=list(ready))

    # ------------------------------------------------------------------------------------------------- the proof

    def _expect(self, title: str, kind: str, session: str, whom: Mapping[str, str]) -> None:
        self._rounds.append(Round(title, kind, session, whom, len(self._mails.messages)))

    def _approved_on_zoom(self) -> list[Registrant]:
        return [one for one in self._world.meetings[MODEL_MEETING_ID].order if one.status == APPROVED]

    def _link_of(self, one: Registrant) -> str:
        return self._world.meetings[MODEL_MEETING_ID].join_url(one)

    # --------------------------------------------------------------------------------------------------- telling

    def _event(self) -> Event:
        return self._stage.event

    def _attendance(self) -> list[SessionAttendance]:
        with self._app.database.read() as db:
            known = load_stored(db, SLUG)
            return attendance_of_event(db, known.id) if known else []

    def _look(self) -> None:
        """Bring the board up to date."""
        (standing,) = look_at_status(self._app.database, self._clock()).events
        self.board.people = dict(standing.registrants)
        self.board.closed_at = standing.closed_at if standing.registration is RegistrationState.CLOSED else None
        self.board.sent = standing.sent
        self.board.on_zoom = len(self._world.meetings[MODEL_MEETING_ID].order)

    def _go(self, moment: datetime, beats: float = 1.0) -> None:
        self._teller.pass_time(self._clock(), moment, beats)
        self._clock.move_to(moment)

    def _say(self, mark: Mark, words: str, *, detail: bool = False, **values: object) -> None:
        self._teller.tell(Happening(self._clock(), words.format(**values), mark, detail))
