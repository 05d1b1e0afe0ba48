"""What each session calls for: its reminders, its notices, and for whom. Worked out once for all registrants.

A call is a message as everybody gets it whom it concerns. What of it the outbox lacks: see `reminders`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from zoomsync.domain.moments import after_moment, day_begins_at, moment
from zoomsync.domain.records import Event, EventStatus, Lead, Recipient, RegistrantStatus, Session
from zoomsync.domain.sessions import settled_at
from zoomsync.language import N_

WELCOME, MOVED, CALLED_OFF = "welcome", "moved", "called_off"
RESEND, ANNOUNCE, CERTIFICATE = "resend", "announce", "certificate"  # planned by a person's hand

WAIT_FOR_ATTENDANCE = timedelta(hours=24)  # from the moment an `after` message is due

_NEVER = datetime.max.replace(tzinfo=UTC)


class Reason(StrEnum):
    """Why a message is not sent, as the database keeps it. `words.reason` says it in the organiser's language."""

    NOT_YET_KNOWN = N_("its moment had passed when the event, the session or the reminder was first seen")
    MOVE_TELLS = N_("its moment had passed when the session was moved; the notice of the move tells the new time")
    SUPERSEDED = N_("a later reminder has taken its place")
    EXPIRED = N_("too late: its time to be sent has passed")
    PUT_OFF = N_("the mail server put it off until it was too late")
    PAUSED = N_("its time to be sent passed while the event's mail was paused")
    HELD = N_("its time to be sent passed while mail was held after a copy of the database was put back")
    TAKEN_FOR_SENT = N_("taken for sent before the copy of the database was put back")
    BOUNCED = N_("mail to this address came back, and its time to be sent passed meanwhile")
    NOT_APPROVED = N_("the registrant is no longer approved")
    OPTED_OUT = N_("the registrant wants no more reminders")
    SESSION_CANCELLED = N_("the session is cancelled")
    EVENT_CANCELLED = N_("the event is cancelled")
    EVENT_DRAFT = N_("the event is a draft")
    ERASED = N_("the person's data was erased")
    NO_LONGER_DUE = N_("event or session changed, and the message is no longer called for")


@dataclass(frozen=True, slots=True)
class Call:
    """A message as everybody gets it whom it concerns.

    reason: why it is skipped, "" where it is to be sent. registered_until: only for who registered by then.
    came: only for these rows. reminder: not for who opted out. to_pending: also for who waits for approval.
    """

    session_key: str
    kind: str
    due_at: datetime
    expires_at: datetime
    reason: str
    occasion: str = ""
    registered_until: datetime | None = None
    came: Collection[int] | None = None
    reminder: bool = True
    to_pending: bool = False

    def concerns(self, person: Recipient) -> bool:
        """person: approved or pending."""
        return (
            (self.registered_until is None or person.registered_at <= self.registered_until)
            and (person.status is RegistrantStatus.APPROVED or self.to_pending)
            and (not person.opted_out or not self.reminder)
            and (self.came is None or person.row_id in self.came)
        )


@dataclass(frozen=True, slots=True)
class Outline:
    """What `welcome` needs to know of a session that takes place. last_moment: of its reminders, None without any."""

    session: Session
    day: date
    last_moment: datetime | None


@dataclass(frozen=True, slots=True)
class Programme:
    """What the registrants of the same sessions have before them.

    session_keys: of all their sessions, cancelled ones too. outlines: by start. welcomes_from: who registered by then
    is welcomed to none.
    """

    calls: tuple[Call, ...]
    session_keys: tuple[str, ...]
    outlines: tuple[Outline, ...]
    welcomes_from: datetime


class Programmes:
    """The calls of all sessions at `now`, and who sits in which.

    event_seen, leads_seen: when the event and each lead (by its text) were first seen. A lead that is not listed is
    new. attended: who came, by session key; a session that is not in it has no attendance yet.
    """

    def __init__(
        self,
        event: Event,
        sessions: Sequence[Session],
        now: datetime,
        *,
        event_seen: datetime,
        leads_seen: Mapping[str, datetime],
        attended: Mapping[str, Collection[int]],
    ) -> None:
        self._event = event
        self._sessions = sessions
        self._now = now
        self._zone = ZoneInfo(event.timezone)
        self._leads_seen = leads_seen
        self._event_seen = event_seen
        self._attended = attended
        self._outlines: dict[str, Outline] = {}
        self._for_all = tuple(self._event_called_off())
        self._of_session = {one.key: tuple(self._calls_of(one)) for one in sessions}
        self._found: dict[tuple[str, str], Programme] = {}

    def of(self, person: Recipient) -> Programme:
        """All sessions of the person's meeting; of one registered by occurrence, that occurrence's alone."""
        place = (person.meeting_id, person.occurrence_id)
        programme = self._found.get(place)
        if programme is None:
            programme = self._found[place] = self._programme(*place)
        return programme

    def _programme(self, meeting_id: str, occurrence_id: str) -> Programme:
        theirs = tuple(
            one.key
            for one in self._sessions
            if one.meeting_id == meeting_id and occurrence_id in ("", one.occurrence_id)
        )
        outlines = sorted(
            (self._outlines[key] for key in theirs if key in self._outlines),
            key=lambda outline: (outline.session.starts_at, outline.session.key),
        )
        last_moments = [outline.last_moment for outline in outlines if outline.last_moment is not None]
        return Programme(
            calls=(*self._for_all, *(call for key in theirs for call in self._of_session[key])),
            session_keys=theirs,
            outlines=tuple(outlines),
            welcomes_from=min(last_moments, default=_NEVER),
        )

    def _calls_of(self, session: Session) -> Iterator[Call]:
        if self._event.status is not EventStatus.ACTIVE:
            return
        if session.cancelled:
            if session.announce:
                yield from self._called_off(session.key, session.ends_at)
            return
        before = [(moment(lead, session.starts_at, self._zone), lead) for lead in self._event.reminders.before]
        before = sorted((one for one in before if one[0] < session.starts_at), key=lambda one: one[0])
        day = session.starts_at.astimezone(self._zone).date()
        self._outlines[session.key] = Outline(session, day, before[-1][0] if before else None)
        yield from self._reminders_before(session, before, day_begins_at(day, self._zone))
        yield from self._notice_of_move(session)
        yield from self._reminders_after(session)

    def _reminders_before(
        self, session: Session, before: Sequence[tuple[datetime, Lead]], midnight: datetime
    ) -> Iterator[Call]:
        """before: (moment, lead) by moment. midnight: when the session's day begins.

        A reminder that is sent at all holds until the next one's moment, the last one until the start.
        """
        next_moment = None
        for at, lead in reversed(before):
            expires_at = next_moment or session.starts_at
            if next_moment and lead.days:
                expires_at = min(expires_at, midnight)
            due_at = at
            if self._not_yet_known(lead, session, at):
                reason = Reason.NOT_YET_KNOWN.value
            elif session.moved_at is not None and at < session.moved_at:
                reason = Reason.MOVE_TELLS.value
            else:
                reason = self._too_late(expires_at, session.starts_at)
                due_at = max(at, settled_at(session) or at)
                next_moment = at
            yield Call(session.key, f"before:{lead.text}", due_at, expires_at, reason, registered_until=at)

    def _reminders_after(self, session: Session) -> Iterator[Call]:
        came = self._attended.get(session.key)
        if came is None:
            return
        for lead in self._event.reminders.after:
            at = after_moment(lead, session.ends_at, self._zone)
            expires_at = at + WAIT_FOR_ATTENDANCE
            reason = self._too_late(expires_at)
            if self._not_yet_known(lead, session, at):
                reason = Reason.NOT_YET_KNOWN.value
            yield Call(session.key, f"after:{lead.text}", at, expires_at, reason, came=came)

    def _notice_of_move(self, session: Session) -> Iterator[Call]:
        settled = settled_at(session)
        if settled is None or session.moved_at is None or session.starts_at <= session.moved_at:
            return
        yield Call(
            session.key,
            MOVED,
            settled,
            session.starts_at,
            self._too_late(session.starts_at),
            occasion=move_occasion(session),
            registered_until=session.moved_at,
            reminder=False,
        )

    def _event_called_off(self) -> Iterator[Call]:
        if self._event.status is EventStatus.CANCELLED and self._event.announce and self._sessions:
            yield from self._called_off("", max(one.ends_at for one in self._sessions))

    def _called_off(self, session_key: str, over_at: datetime) -> Iterator[Call]:
        """Due at once while it is news; afterwards not even as a skipped row."""
        if self._now < over_at:
            yield Call(session_key, CALLED_OFF, self._now, over_at, "", reminder=False, to_pending=True)

    def _not_yet_known(self, lead: Lead, session: Session, at: datetime) -> bool:
        return at < max(self._event_seen, session.first_seen_at, self._leads_seen.get(lead.text, self._now))

    def _too_late(self, expires_at: datetime, starts_at: datetime | None = None) -> str:
        if self._now < expires_at:
            return ""
        return (Reason.SUPERSEDED if starts_at and self._now < starts_at else Reason.EXPIRED).value


def move_occasion(session: Session) -> str:
    """What keeps one move's notices apart from another's: the new start, and when it was set. "" if never moved.

    The start alone would not do: a session may come back to a time that was told before.
    """
    if session.moved_at is None:
        return ""
    return f"{session.starts_at:%Y-%m-%dT%H:%M:%SZ} set {session.moved_at:%Y-%m-%dT%H:%M:%SZ}"
