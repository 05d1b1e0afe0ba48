"""One person's story in one event: what happened to their registration, each message with its fate, and why a reminder
was not sent.

Pure: values in, entries out. What is known of the person comes from `store.persons`; the words are `reports.story`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from zoomsync.domain.calls import ANNOUNCE, CALLED_OFF, MOVED, RESEND, WELCOME, Call, Programmes, Reason
from zoomsync.domain.moments import after_moment
from zoomsync.domain.records import (
    Event,
    EventStatus,
    MessageKey,
    OutboxState,
    Recipient,
    Registrant,
    RegistrantStatus,
    Session,
)
from zoomsync.domain.registration import Deadline, minutes_late
from zoomsync.domain.reminders import FirstSeen

Value = str | int | datetime | None


class Told(StrEnum):
    """What an entry tells; the values that go with it are named behind."""

    REGISTERED = "registered"
    REGISTERED_LATE = "registered_late"  # minutes, deadline
    FIRST_SEEN = "first_seen"
    STATUS = "status"  # status, actor, was
    GONE = "gone"
    BACK = "back"  # status
    HELD = "held"
    ADDRESS = "address"  # was
    LINK = "link"
    ASKED = "asked"  # action, actor
    CONFIRMED = "confirmed"  # actor
    OPTED_OUT = "opted_out"  # via
    BY_HAND = "by_hand"  # change, actor
    WAITS_FOR_APPROVAL = "waits_for_approval"
    NO_LINK = "no_link"
    PAUSED = "paused"
    BOUNCED = "bounced"
    MESSAGE = "message"  # kind, session, state, reason, due_at, tries, words, hindered: a Why, "" without
    REMINDER_MISSING = "reminder_missing"  # kind, session, why, due_at, moment
    CAME = "came"  # session, minutes, share, present
    DID_NOT_COME = "did_not_come"  # session
    ATTENDANCE_OPEN = "attendance_open"  # session


class Why(StrEnum):
    """Why a reminder has no row in the outbox, or a row does not go out."""

    REGISTERED_AFTER = "registered_after"  # after its moment
    NOT_APPROVED = "not_approved"
    DRAFT = "draft"
    EVENT_CANCELLED = "event_cancelled"
    SESSION_CANCELLED = "session_cancelled"
    OPTED_OUT = "opted_out"
    NOT_YET_KNOWN = "not_yet_known"  # the event, the session or the reminder was first seen later
    MOVED = "moved"  # the notice of the move tells
    PASSED = "passed"  # its time was over before it could be planned
    NOT_PLANNED = "not_planned"  # the file was changed since the last sync
    ATTENDANCE = "attendance"  # goes to those who came; who did is not known yet
    DID_NOT_COME = "did_not_come"
    # Of a message that waits:
    PAUSED = "paused"
    BOUNCED = "bounced"
    NO_LINK = "no_link"
    TIMES_HELD = "times_held"


class Letter(NamedTuple):
    """A message of the outbox. words: the mail server's last ones. tries: how often it was tried."""

    key: MessageKey
    session: str
    state: OutboxState
    reason: str
    due_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    tries: int
    words: str


class Happened(NamedTuple):
    """One line of the audit about the registration."""

    at: datetime
    change: str
    actor: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


class Presence(NamedTuple):
    """minutes: inside the session's time. share: of it, 0 to 1."""

    minutes: int
    share: float
    present: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One registration with all that hangs on it. opted_out_at, via: no more reminders since then, None without."""

    row_id: int
    registrant: Registrant
    first_seen_at: datetime
    happened: Sequence[Happened] = ()
    letters: Sequence[Letter] = ()
    opted_out_at: datetime | None = None
    via: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """The event of a story. came: (session's key) -> row ids of who came with how much; a session that is not in it has
    no attendance yet. paused: its mail is stopped. bounced: mail to the person's address came back."""

    event: Event
    sessions: Sequence[Session]
    deadline: Deadline
    first_seen: FirstSeen
    came: Mapping[str, Mapping[int, Presence]] = field(default_factory=dict)
    paused: bool = False
    bounced: bool = False


@dataclass(frozen=True, slots=True)
class StoryEntry:
    """at: when it happened, or will; None for what simply holds."""

    at: datetime | None
    told: Told
    values: Mapping[str, Value] = field(default_factory=dict)


def story_of(part: Part, scene: Scene, now: datetime) -> list[StoryEntry]:
    """One registration's story as of `now`, by its moments; what has none comes last.

    Of every reminder that the event's file names, each session has either its message or the reason why there is none.
    """
    entries = [
        *_registration(part, scene),
        *(entry for one in part.happened if (entry := _change(one, part)) is not None),
        *_opt_out(part),
        *(_message(one, part, scene) for one in part.letters),
        *_missing(part, scene, now),
        *_attendance(part, scene, now),
    ]
    dated = sorted((one for one in entries if one.at is not None), key=lambda one: one.at or now)
    return [*dated, *(one for one in entries if one.at is None), *_what_holds(part, scene, now)]


def _registration(part: Part, scene: Scene) -> Iterator[StoryEntry]:
    registered_at = part.registrant.registered_at
    if registered_at is not None:
        late = minutes_late(registered_at, scene.deadline)
        if late is None:
            yield StoryEntry(registered_at, Told.REGISTERED)
        else:
            values = {"minutes": late, "deadline": scene.deadline.late_after}
            yield StoryEntry(registered_at, Told.REGISTERED_LATE, values)
    yield StoryEntry(part.first_seen_at, Told.FIRST_SEEN)


def _change(one: Happened, part: Part) -> StoryEntry | None:
    if one.change == "cancelled":
        return StoryEntry(one.at, Told.GONE)
    if one.change == "reinstated":
        return StoryEntry(one.at, Told.BACK, {"status": one.after.get("status")})
    if one.change == "held":
        return StoryEntry(one.at, Told.HELD)
    if one.change.endswith(" asked"):
        return StoryEntry(one.at, Told.ASKED, {"action": one.change.removesuffix(" asked"), "actor": one.actor})
    if one.change == "confirmed":
        return StoryEntry(one.at, Told.CONFIRMED, {"actor": one.actor})
    if one.change == "updated":
        if "status" in one.after:
            return StoryEntry(one.at, Told.STATUS, {"status": one.after["status"], "was": one.before.get("status")})
        if "email" in one.after:
            return StoryEntry(one.at, Told.ADDRESS, {"was": one.before.get("email")})
        if "join_url" in one.after:
            return StoryEntry(one.at, Told.LINK)
        return None
    if one.change == "added":
        return StoryEntry(one.at, Told.STATUS, {"status": one.after["status"]}) if "status" in one.after else None
    if one.change == "reminders not wanted" and part.opted_out_at == one.at:
        return None  # the opt-out itself is told
    return StoryEntry(one.at, Told.BY_HAND, {"change": one.change, "actor": one.actor})


def _opt_out(part: Part) -> Iterator[StoryEntry]:
    if part.opted_out_at is not None:
        yield StoryEntry(part.opted_out_at, Told.OPTED_OUT, {"via": part.via})


def _message(one: Letter, part: Part, scene: Scene) -> StoryEntry:
    at = one.sent_at if one.state is OutboxState.SENT and one.sent_at else one.due_at
    values: dict[str, Value] = {
        "kind": one.key.kind,
        "session": one.session,
        "state": one.state.value,
        "reason": one.reason,
        "due_at": one.due_at,
        "tries": one.tries,
        "words": one.words,
        "hindered": _hindrance(one, part, scene) if one.state in (OutboxState.PENDING, OutboxState.DEFERRED) else "",
    }
    return StoryEntry(at, Told.MESSAGE, values)


def _hindrance(one: Letter, part: Part, scene: Scene) -> str:
    """What keeps a waiting message from going out as things stand; "" for nothing. As `store.outbox_sql` has it."""
    event, who, kind = scene.event, part.registrant, one.key.kind
    session = next((each for each in scene.sessions if each.key == one.key.session_key), None)
    to_pending = kind in ("late", CALLED_OFF, ANNOUNCE)
    reminder = ":" in kind or kind == WELCOME
    found = {
        Why.NOT_APPROVED: who.status is not RegistrantStatus.APPROVED
        and not (to_pending and who.status is RegistrantStatus.PENDING),
        Why.DRAFT: event.status is EventStatus.DRAFT,
        Why.EVENT_CANCELLED: event.status is EventStatus.CANCELLED and kind not in (CALLED_OFF, ANNOUNCE),
        Why.SESSION_CANCELLED: session is not None and session.cancelled and kind != CALLED_OFF,
        Why.OPTED_OUT: reminder and part.opted_out_at is not None,
        Why.BOUNCED: scene.bounced,
        Why.PAUSED: scene.paused,
        Why.TIMES_HELD: session is not None and session.times_held and kind != CALLED_OFF,
        Why.NO_LINK: not who.join_url and (kind.startswith("before:") or kind in (WELCOME, MOVED, RESEND)),
    }
    return next((why.value for why, holds in found.items() if holds), "")


def _missing(part: Part, scene: Scene, now: datetime) -> Iterator[StoryEntry]:
    """Every reminder of the file that has no row, with the reason."""
    event = scene.event
    person = Recipient(
        part.row_id,
        part.registrant.meeting_id,
        part.registrant.occurrence_id,
        part.registrant.registrant_id,
        part.registrant.status,
        part.registrant.registered_at or part.first_seen_at,
        part.opted_out_at is not None,
    )
    there = {(one.key.session_key, one.key.kind) for one in part.letters}
    titles = {one.key: one for one in scene.sessions}
    # As if nothing were called off, for what is called off has no reminders to be missing.
    programmes = Programmes(
        replace(event, status=EventStatus.ACTIVE, announce=False),
        [replace(one, cancelled=False, announce=False) for one in scene.sessions],
        now,
        event_seen=scene.first_seen.event,
        leads_seen=scene.first_seen.leads,
        attended={key: set(rows) for key, rows in scene.came.items()},
    )
    for call in programmes.of(person).calls:
        if not call.reminder or (call.session_key, call.kind) in there or ":" not in call.kind:
            continue
        session = titles[call.session_key]
        values = {"kind": call.kind, "session": session.title, "why": _why(call, person, session, event).value}
        yield StoryEntry(call.due_at, Told.REMINDER_MISSING, values | {"moment": call.registered_until})
    theirs = programmes.of(person).session_keys
    for session in scene.sessions:
        if session.key not in theirs or session.key in scene.came or session.cancelled:
            continue
        for lead in event.reminders.after:
            kind = f"after:{lead.text}"
            if (session.key, kind) not in there:
                at = after_moment(lead, session.ends_at, ZoneInfo(event.timezone))
                values = {"kind": kind, "session": session.title, "why": Why.ATTENDANCE.value}
                yield StoryEntry(at, Told.REMINDER_MISSING, values)


def _why(call: Call, person: Recipient, session: Session, event: Event) -> Why:
    if event.status is EventStatus.CANCELLED:
        return Why.EVENT_CANCELLED
    if session.cancelled:
        return Why.SESSION_CANCELLED
    if call.registered_until is not None and person.registered_at > call.registered_until:
        return Why.REGISTERED_AFTER
    if person.status is not RegistrantStatus.APPROVED:
        return Why.NOT_APPROVED
    if event.status is EventStatus.DRAFT:
        return Why.DRAFT
    if person.opted_out:
        return Why.OPTED_OUT
    if call.came is not None and person.row_id not in call.came:
        return Why.DID_NOT_COME
    return {
        "": Why.NOT_PLANNED,
        Reason.NOT_YET_KNOWN.value: Why.NOT_YET_KNOWN,
        Reason.MOVE_TELLS.value: Why.MOVED,
    }.get(call.reason, Why.PASSED)


def _attendance(part: Part, scene: Scene, now: datetime) -> Iterator[StoryEntry]:
    who = part.registrant
    for one in scene.sessions:
        if one.meeting_id != who.meeting_id or who.occurrence_id not in ("", one.occurrence_id):
            continue
        if one.cancelled or one.ends_at > now:
            continue
        came = scene.came.get(one.key)
        if came is None:
            yield StoryEntry(one.ends_at, Told.ATTENDANCE_OPEN, {"session": one.title})
        elif part.row_id in came:
            found = came[part.row_id]
            values: dict[str, Value] = {"session": one.title, "minutes": found.minutes}
            values |= {"share": round(found.share * 100), "present": int(found.present)}
            yield StoryEntry(one.ends_at, Told.CAME, values)
        else:
            yield StoryEntry(one.ends_at, Told.DID_NOT_COME, {"session": one.title})


def _what_holds(part: Part, scene: Scene, now: datetime) -> Iterator[StoryEntry]:
    """What keeps mail from them at present."""
    to_come: Collection[Session] = [one for one in scene.sessions if one.starts_at > now and not one.cancelled]
    if not to_come:
        return
    if part.registrant.status is RegistrantStatus.PENDING:
        yield StoryEntry(None, Told.WAITS_FOR_APPROVAL)
    if part.registrant.status is RegistrantStatus.APPROVED and not part.registrant.join_url:
        yield StoryEntry(None, Told.NO_LINK)
    if scene.paused:
        yield StoryEntry(None, Told.PAUSED)
    if scene.bounced:
        yield StoryEntry(None, Told.BOUNCED)
