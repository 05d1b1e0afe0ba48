"""Which messages belong in the outbox: reminders before and after a session, `welcome`, `moved`, `called_off`.

Pure: rows come from `store`, which also writes what is planned. What a session calls for: see `calls`. What became of
a try to send: see `delivery`. The kinds `late`, `announce` and `certificate` are planned where they are decided; here
they only end with the person. A session whose times are held, and an event that is paused, are planned like others:
whoever claims rows passes them over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from zoomsync.domain.calls import CALLED_OFF, MOVED, WELCOME, Call, Programme, Programmes, Reason
from zoomsync.domain.records import (
    Event,
    EventStatus,
    MessageKey,
    OutboxState,
    PlannedMessage,
    Registrant,
    RegistrantStatus,
    Session,
)
from zoomsync.domain.sessions import settled_at

_PLANNED_ELSEWHERE = ("late", "announce", "certificate")
_UNSENT = frozenset({OutboxState.PENDING, OutboxState.DEFERRED})
_DROPPED = frozenset({OutboxState.SKIPPED, OutboxState.CANCELLED})
_OWN_REASONS = frozenset(reason.value for reason in Reason)


class Standing(NamedTuple):
    """What the outbox has under a key."""

    state: OutboxState
    due_at: datetime
    expires_at: datetime
    reason: str = ""


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
    registrants: Iterable[tuple[int, Registrant, datetime]],
    existing: Mapping[MessageKey, Standing],
    now: datetime,
    *,
    first_seen: FirstSeen,
    opted_out: Collection[int] = (),
    attended: Mapping[str, Collection[int]] | None = None,
) -> Plan:
    """Say what the outbox of an event lacks or has wrong at `now`. Applied, the same again plans nothing.

    sessions: all of the event, cancelled ones too. registrants: all of the event whatever their status, as (row id,
    registrant, first seen), by row id. existing: every row of the event's outbox, in any state.
    opted_out: row ids of who wants no more reminders. attended: row ids of who came, by session key; a session that
    is not in it has no attendance yet.

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
    desk = _Desk(existing, now)
    unwilling = frozenset(opted_out)
    statuses: dict[int, RegistrantStatus] = {}
    told_of_event: set[tuple[str, str]] = set()

    for row_id, registrant, first_seen_at in registrants:
        statuses[row_id] = status = registrant.status
        if status is not RegistrantStatus.APPROVED and status is not RegistrantStatus.PENDING:
            continue
        programme = programmes.of(registrant)
        registered_at = registrant.registered_at or first_seen_at
        reminded = row_id not in unwilling
        for call in programme.calls:
            if not call.concerns(row_id, status, registered_at, reminded=reminded):
                continue
            if call.session_key == "" and registrant.occurrence_id:
                # Who registered for several occurrences has a row for each, and hears once of the whole event.
                person = (registrant.meeting_id, registrant.registrant_id)
                if person in told_of_event:
                    continue
                told_of_event.add(person)
            desk.answer(row_id, call)
        if registered_at > programme.welcomes_from and reminded and status is RegistrantStatus.APPROVED:
            for call in _welcomes(programme, row_id, registered_at, existing, now):
                desk.answer(row_id, call)

    known = {one.key: one for one in sessions}
    for key in desk.unanswered:
        session, status_now = known.get(key.session_key), statuses.get(key.registrant_row)
        willing = key.registrant_row not in unwilling
        reason = _why_not(event, session, key, status_now, willing=willing, attendance=key.session_key in attended)
        if reason is not None:
            desk.cancel(key, reason)
    return desk.plan()


def _welcomes(
    programme: Programme, row_id: int, registered_at: datetime, existing: Mapping[MessageKey, Standing], now: datetime
) -> Iterator[Call]:
    """One a day, for who registered after the last reminder of a session and before its start.

    What has gone out serves the whole day, even where the session it stands under was cancelled or moved since.
    """
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
        others = (MessageKey(row_id, key, WELCOME, occasion) for key in programme.session_keys if key != first.key)
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
    status: RegistrantStatus | None,
    *,
    willing: bool,
    attendance: bool,
) -> Reason | None:
    """Why an unsent row that answers no call is cancelled; None where it stays.

    session, status: None where there is none (any more). willing: has not opted out. attendance: of the session,
    is there.
    """
    if status is None or status in (RegistrantStatus.DENIED, RegistrantStatus.CANCELLED):
        return Reason.NOT_APPROVED
    if key.kind in _PLANNED_ELSEWHERE:
        return None
    if event.status is EventStatus.CANCELLED:
        return Reason.EVENT_CANCELLED
    if event.status is EventStatus.DRAFT:
        return Reason.EVENT_DRAFT
    if session is not None and session.cancelled:
        return Reason.SESSION_CANCELLED
    if status is not RegistrantStatus.APPROVED:
        return Reason.NOT_APPROVED
    if not willing and key.kind not in (MOVED, CALLED_OFF):
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
            sorted(self._planned, key=lambda message: (message.due_at, message.key)),
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
