"""Which messages belong in the outbox: reminders before and after a session, `welcome`, `moved`, `called_off`.

Pure: rows come from `store`, which also writes what is planned. What a session calls for: see `calls`. What became of
a try to send: see `delivery`. The kinds `late`, `announce`, `resend` and `certificate` are planned where they
are decided; here they only end with the person. A session whose times are held, an event that is paused and an address
that bounced are planned like others: whoever claims rows passes them over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter
from typing import NamedTuple

from zoomsync.domain.calls import (
    ANNOUNCE,
    CALLED_OFF,
    CERTIFICATE,
    MOVED,
    RESEND,
    WELCOME,
    Call,
    Programme,
    Programmes,
    Reason,
)
from zoomsync.domain.records import (
    Event,
    EventStatus,
    MessageKey,
    OutboxState,
    PlannedMessage,
    Recipient,
    RegistrantStatus,
    Session,
)
from zoomsync.domain.sessions import settled_at

_PLANNED_ELSEWHERE = ("late", ANNOUNCE, CERTIFICATE, RESEND)
_WRITTEN_TO = (RegistrantStatus.APPROVED, RegistrantStatus.PENDING)
_UNSENT = frozenset({OutboxState.PENDING, OutboxState.DEFERRED})
_DROPPED = frozenset({OutboxState.SKIPPED, OutboxState.CANCELLED})
_OWN_REASONS = frozenset(reason.value for reason in Reason)


class Standing(NamedTuple):
    """What the outbox has under a key."""

    state: OutboxState
    due_at: datetime
    expires_at: datetime
    reason: str = ""


class Batch(NamedTuple):
    """Some registrants of an event, by row id, and every row of the outbox that is theirs, in any state.

    Rows whose registrant is no longer there belong to some batch all the same.
    """

    registrants: Iterable[Recipient]
    existing: Mapping[MessageKey, Standing]


class FirstSeen(NamedTuple):
    """When the database first met the event, and each lead by its text. A lead that is not listed is new."""

    event: datetime
    leads: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class Change:
    """A row of the outbox that shall be as `message` says, provided it is still in the state `was`."""

    was: OutboxState
    message: PlannedMessage


@dataclass(slots=True)
class Plan:
    """planned: rows to insert. changed: rows that stand and become another thing: pending at another time, pending
    again, skipped or cancelled (`message.reason` says why). Both by `due_at`, then registrant."""

    planned: list[PlannedMessage] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)


def plan_messages(
    event: Event,
    sessions: Sequence[Session],
    batches: Iterable[Batch],
    now: datetime,
    *,
    first_seen: FirstSeen,
    attended: Mapping[str, Collection[int]] | None = None,
) -> Iterator[Plan]:
    """Say what the outbox of an event lacks or has wrong at `now`. Applied, the same again plans nothing.

    sessions: all of the event, cancelled ones too. batches: all registrants of the event whatever their status, by
    row id; a plan is given for each batch, so that nothing holds more than one of them. However they are cut, the
    plans together are the same. attended: row ids of who came, by session key; a session that is not in it has no
    attendance yet.

    - One reminder for each approved registrant, session and lead. It holds from its moment to the session's start,
      or to the next reminder's moment: after an outage the latest goes out, older ones are skipped. One counted in
      days also ends with the day before the session while a later reminder is to come: "tomorrow" is not sent today.
    - A moment before event, session or lead were first seen, or before a move (which has its own notice), is skipped.
    - Who registers after a moment does not get that reminder; after the last one, `welcome` at once: one for the
      sessions of a day, under the first of them.
    - `moved`: once for each move that leads into the future, to who registered before it, when it has settled.
      Reminders wait for that too. A move back while it settles was none (see `sessions`).
    - `called_off`: to approved and pending registrants, where the file says `announce`, while it is news.
    - `after`: to those who came, once attendance is there; it waits 24 hours from the moment the message is due.
    - Rows whose call is gone are cancelled, whose time changed are moved, whose call came back are pending again,
      but for those a person took out. Sent, failed and doubtful rows, and those in a sender's hands, stay.

    Raises ValueError if `now` is naive.
    Source: docs/promises.md, "Remind".
    """
    if now.tzinfo is None:
        raise ValueError(f"{now!r} has no time zone")
    attended = attended or {}
    programmes = Programmes(
        event, sessions, now, event_seen=first_seen.event, leads_seen=first_seen.leads, attended=attended
    )
    known = {one.key: one for one in sessions}
    told_of_event: set[tuple[str, str]] = set()

    for registrants, existing in batches:
        desk = _Desk(existing, now)
        people: dict[int, Recipient] = {}
        for person in registrants:
            people[person.row_id] = person
            if person.status not in _WRITTEN_TO:
                continue
            programme = programmes.of(person)
            for call in programme.calls:
                if not call.concerns(person):
                    continue
                if call.session_key == "" and person.occurrence_id:
                    # Who registered for several occurrences has a row for each, and hears once of the whole event.
                    registration = (person.meeting_id, person.registrant_id)
                    if registration in told_of_event:
                        continue
                    told_of_event.add(registration)
                desk.answer(person.row_id, call)
            if person.registered_at > programme.welcomes_from:
                for call in _welcomes(programme, person, existing, now):
                    desk.answer(person.row_id, call)
        for key in desk.unanswered:
            session, owner = known.get(key.session_key), people.get(key.registrant_row)
            reason = _why_not(event, session, key, owner, attendance=key.session_key in attended)
            if reason is not None:
                desk.cancel(key, reason)
        yield desk.plan()


def _welcomes(
    programme: Programme, person: Recipient, existing: Mapping[MessageKey, Standing], now: datetime
) -> Iterator[Call]:
    """One a day, for who is approved and registered after the last reminder of a session and before its start.

    What has gone out serves the whole day, even where the session it stands under was cancelled or moved since.
    """
    if person.opted_out or person.status is not RegistrantStatus.APPROVED:
        return
    registered_at = person.registered_at
    by_day: dict[date, list[Session]] = {}
    for outline in programme.outlines:
        session = outline.session
        told_by_notice = session.moved_at is not None and registered_at <= session.moved_at
        if outline.last_moment is None or told_by_notice:
            continue
        if outline.last_moment < registered_at < session.starts_at:
            by_day.setdefault(outline.day, []).append(session)
    for day, sessions in by_day.items():
        first, last = sessions[0], sessions[-1]
        occasion = day.isoformat()
        elsewhere = (key for key in programme.session_keys if key != first.key)
        others = (MessageKey(person.row_id, key, WELCOME, occasion) for key in elsewhere)
        if any(_has_gone(existing.get(key)) for key in others):
            continue
        due_at = max(registered_at, settled_at(first) or registered_at)
        reason = "" if now < last.starts_at else Reason.EXPIRED.value
        yield Call(first.key, WELCOME, due_at, last.starts_at, reason, occasion)


def _has_gone(row: Standing | None) -> bool:
    return row is not None and row.state not in _UNSENT and row.state not in _DROPPED


def _why_not(
    event: Event,
    session: Session | None,
    key: MessageKey,
    owner: Recipient | None,
    *,
    attendance: bool,
) -> Reason | None:
    """Why an unsent row that answers no call is cancelled; None where it stays.

    session, owner: None where there is none (any more). attendance: of the session, is there.
    """
    if owner is None or owner.status not in _WRITTEN_TO:
        return Reason.NOT_APPROVED
    if key.kind in _PLANNED_ELSEWHERE:
        return None
    if event.status is EventStatus.CANCELLED:
        return Reason.EVENT_CANCELLED
    if event.status is EventStatus.DRAFT:
        return Reason.EVENT_DRAFT
    if session is not None and session.cancelled:
        return Reason.SESSION_CANCELLED
    if owner.status is not RegistrantStatus.APPROVED:
        return Reason.NOT_APPROVED
    if owner.opted_out and key.kind not in (MOVED, CALLED_OFF):
        return Reason.OPTED_OUT
    if key.kind.startswith("after:") and not attendance:
        return None
    return Reason.NO_LONGER_DUE


class _Desk:
    """Holds the outbox against the calls, and notes what is to be done so that each call has its row."""

    def __init__(self, existing: Mapping[MessageKey, Standing], now: datetime) -> None:
        self._existing = existing
        self._now = now
        self._planned: list[PlannedMessage] = []
        self._changed: list[Change] = []
        self.unanswered = {key for key, row in existing.items() if row.state in _UNSENT}

    def answer(self, row_id: int, call: Call) -> None:
        key = MessageKey(row_id, call.session_key, call.kind, call.occasion)
        row = self._existing.get(key)
        if row is not None:
            self.unanswered.discard(key)
            if self._may_stay(row, call):
                return
        state = OutboxState.SKIPPED if call.reason else OutboxState.PENDING
        message = PlannedMessage(key, call.due_at, call.expires_at, state, call.reason)
        if row is None:
            self._planned.append(message)
        else:
            self._changed.append(Change(row.state, message))

    def cancel(self, key: MessageKey, reason: Reason) -> None:
        row = self._existing[key]
        gone = PlannedMessage(key, row.due_at, row.expires_at, OutboxState.CANCELLED, reason.value)
        self._changed.append(Change(row.state, gone))

    def plan(self) -> Plan:
        return Plan(
            sorted(self._planned, key=attrgetter("due_at")),  # those of one moment stay in the registrants' order
            sorted(self._changed, key=lambda change: (change.message.due_at, change.message.key)),
        )

    def _may_stay(self, row: Standing, call: Call) -> bool:
        if row.state in _UNSENT:
            return not call.reason and self._comes_in_time(row, call)
        if row.state in _DROPPED:
            tried_in_vain = row.reason == Reason.PUT_OFF and row.expires_at == call.expires_at
            return bool(call.reason) or tried_in_vain or row.reason not in _OWN_REASONS
        return True

    def _comes_in_time(self, row: Standing, call: Call) -> bool:
        """A deferred row has its own time; and from one moment gone by to another there is nothing to move."""
        if row.expires_at != call.expires_at:
            return False
        if row.state is OutboxState.DEFERRED or row.due_at == call.due_at:
            return True
        return row.due_at <= self._now and call.due_at <= self._now
