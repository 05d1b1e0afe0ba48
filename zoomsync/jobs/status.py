"""How things stand, judged from the database alone: it tells the truth also when nothing else runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session as DbSession

from zoomsync import words
from zoomsync.domain.addresses import PROVIDERS, likely_address
from zoomsync.domain.records import Event, EventStatus, LatePolicy, OutboxState, RegistrantStatus, RunState, Session
from zoomsync.domain.registration import (
    DENIALS_AT_ONCE,
    Aim,
    RegistrationState,
    deadline_in_force,
    meetings_in_force,
    registration_state,
)
from zoomsync.jobs.admission import too_many_denials
from zoomsync.jobs.check import CLOCKS_APART_AT_MOST, clock_apart, too_many, untold
from zoomsync.language import N_, _, ngettext
from zoomsync.store import attendance, outbox, reading, restoring
from zoomsync.store import events as stored_events
from zoomsync.store import registrants as stored
from zoomsync.store import registration as stored_registration
from zoomsync.store.events import StoredEvent
from zoomsync.store.registration import approved_counts
from zoomsync.store.schema import Database
from zoomsync.words import counted

# A message this late is overdue: two rounds of a five-minute cron have passed it by.
OVERDUE_AFTER = timedelta(minutes=15)
SUSPECTS_SHOWN = 5
LIVE_BEFORE = timedelta(days=3)  # the default reminders begin a day before

WITHOUT_IDS = N_(
    "Zoom named no registrant ids, so most people are not identified: add the scope "
    "report:read:list_meeting_participants:admin to the app, then zoomsync attendance "
    "EVENT"
)

_WAITING = (OutboxState.PENDING, OutboxState.DEFERRED, OutboxState.CLAIMED, OutboxState.TRANSMITTING)


@dataclass(frozen=True, slots=True)
class EventStanding:
    """One event's line. Times are UTC, `timezone` is the event's.

    last_sync_at: None where it was never synced. deadline: the file's. closes_at: the one in force, None where
    registration was opened again without an end. registration: open, closed or not_closed; closed_at: since when
    whoever registers waits; verified_at: when reading back proved it. registration_error: why it is not as it should
    be. reopened: somebody opened it again in Zoom's portal, and it was closed once more. late: how many registered too
    late; late_waiting: of them, who wait still. times_held: titles of the sessions whose mail waits because file and
    Zoom disagree. last_ok_at: the last complete pull. held: cancellations that the last one held back. without_link:
    approved registrants without a personal link. too_many: words on seats, "" where there are enough. denials_held: how
    many late ones wait to be denied, where that is too many to be done without a person's word; else 0. moves: which
    sessions' new times are about to be told, to how many and when. paused_at: its mail is stopped since then; `overdue`
    counts what waits because of that. suspects: addresses that look mistyped, each with the one that was probably
    meant. bounced: addresses of approved registrants that mail came back from.
    untold: what was cancelled without a word to anybody, each with the command that tells them. attendance_troubles:
    sessions of which it is not known who was there, with the reason. goes_live_late: it is a draft although its first
    session is near. mail_held: how many messages wait because a copy of the database was put back; None where none do.
    """

    event: str
    title: str
    timezone: str
    status: EventStatus
    last_sync_at: datetime | None
    last_sync_state: RunState | None
    last_sync_error: str
    registrants: dict[str, int]
    deadline: datetime
    closes_at: datetime | None
    registration: RegistrationState
    closed_at: datetime | None
    verified_at: datetime | None
    registration_error: str
    reopened: bool
    late: int
    late_waiting: int
    next_mail_at: datetime | None
    overdue: int
    sent: int
    waiting: int
    failed: int
    in_doubt: int
    times_held: tuple[str, ...]
    is_over: bool
    clock_offset: timedelta | None
    first_seen_at: datetime | None = None
    last_ok_at: datetime | None = None
    held: int = 0
    without_link: int = 0
    too_many: str = ""
    denials_held: int = 0
    attendance_troubles: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    paused_at: datetime | None = None
    suspects: tuple[tuple[str, str], ...] = ()
    bounced: int = 0
    untold: tuple[str, ...] = ()
    goes_live_late: bool = False
    mail_held: int | None = None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """events: one line each. problems: what needs a person, one sentence each. notes: what a person should know."""

    events: tuple[EventStanding, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()


def look_at_status(
    database: Database, now: datetime, files: Sequence[Event] = (), slugs: Collection[str] | None = None
) -> StatusReport:
    """Everything `zoomsync status` shows at `now`.

    files: the event files there are, for their `seats` and for those that the database has not seen yet. slugs: of all
    files, broken ones too; where they are given, an event without a file is told.
    """
    with database.read() as db:
        known_events = stored_events.all_stored(db)
        by_slug = {event.slug: event for event in files}
        events = [_look_at(db, one, by_slug.get(one.slug), now) for one in known_events]
    known = {one.event for one in events}
    events += [_unseen(event, now) for event in files if event.slug not in known]
    concerns = [concern for one in events for concern in concerns_of(one, now)]
    problems = [one.words for one in concerns if one.urgent]
    problems += [
        _("{event}: its file is gone, so nothing of it is synced, sent or closed: put {event}.toml back").format(
            event=one.event
        )
        for one in events
        if slugs is not None and one.event not in slugs and one.status is EventStatus.ACTIVE and not one.is_over
    ]
    notes = [one.words for one in concerns if not one.urgent]
    return StatusReport(tuple(events), tuple(problems), tuple(notes))


def _look_at(db: DbSession, event: StoredEvent, file: Event | None, now: datetime) -> EventStanding:
    runs = stored.last_runs(db, event.id, limit=1)
    run = runs[0] if runs else None
    people = reading.registrants_by_status(db, event.id)
    messages = outbox.counts(db, event.id)
    next_mail_at = reading.next_mail_at(db, event.id)
    meetings = stored_events.meetings_of(db, event.id)
    meetings = meetings_in_force(file, meetings) if file else meetings
    deadline = stored_registration.deadline_of(db, event.id, event.registration_deadline)
    registration = registration_state([meeting.approval_type for meeting in meetings], deadline, now)
    is_closed = registration is RegistrationState.CLOSED
    records = [stored_registration.record_of(db, meeting.meeting_id) for meeting in meetings]
    late = [one for one in stored_registration.applicants(db, event.id, deadline) if one.is_late(deadline)]
    late_waiting = sum(one.status is RegistrantStatus.PENDING for one in late)
    denies = file is not None and file.zoom.late_registrants is LatePolicy.DENY
    sessions = stored_events.sessions_of(db, event.id)
    is_over = bool(sessions) and all(one.ends_at <= now for one in sessions)
    return EventStanding(
        event=event.slug,
        title=event.title,
        timezone=event.timezone,
        status=event.status,
        last_sync_at=run.started_at if run else None,
        last_sync_state=run.state if run else None,
        last_sync_error=run.error if run else "",
        registrants={status.value: count for status, count in people.items()},
        deadline=event.registration_deadline,
        closes_at=deadline.closes_at,
        registration=registration,
        closed_at=min((one.closed_at for one in records if one.closed_at), default=None) if is_closed else None,
        verified_at=max((one.verified_at for one in records if one.verified_at), default=None) if is_closed else None,
        registration_error="; ".join(dict.fromkeys(one.error for one in records if one.error)),
        reopened=any(one.aim is Aim.CLOSED and one.times_set > 1 for one in records),
        late=len(late) + stored_registration.late_and_erased(db, event.id, deadline),
        late_waiting=late_waiting,
        next_mail_at=next_mail_at,
        overdue=reading.overdue(db, event.id, before=now - OVERDUE_AFTER, now=now),
        sent=messages.get(OutboxState.SENT, 0),
        waiting=sum(messages.get(state, 0) for state in _WAITING),
        failed=messages.get(OutboxState.FAILED, 0),
        in_doubt=messages.get(OutboxState.IN_DOUBT, 0),
        times_held=tuple(one.title for one in sessions if one.times_held),
        is_over=is_over,
        clock_offset=run.clock_offset if run else None,
        first_seen_at=event.first_seen_at,
        last_ok_at=stored.last_complete_pull_at(db, event.id),
        held=run.counts.held if run else 0,
        without_link=reading.approved_without_link(db, event.id),
        too_many=too_many(file, approved_counts(db, event.id).values()) if file else "",
        moves=tuple(_move_in_words(event, *move) for move in reading.settling_moves(db, event.id, now)),
        paused_at=event.paused_at,
        mail_held=next((one.messages for one in restoring.held(db) if one.event == event.slug), None),
        suspects=() if is_over else suspects_of(db, event.id),
        untold=tuple(f"{what}: {remedy}" for what, remedy in untold(file, now))
        if file and people and not is_over
        else (),
        goes_live_late=event.status is EventStatus.DRAFT and _is_near([one.starts_at for one in sessions], now),
        bounced=0 if is_over else reading.bounced_in_use(db, event.id),
        attendance_troubles=_attendance_troubles(db, event, sessions),
        denials_held=late_waiting if denies and late_waiting > DENIALS_AT_ONCE else 0,
    )


def _attendance_troubles(db: DbSession, event: StoredEvent, sessions: Sequence[Session]) -> tuple[str, ...]:
    """Why it is not known who was in a session, or not of whom; a line each."""
    if event.erased_at is not None:
        return ()
    titles = {one.key: one.title for one in sessions if not one.cancelled}
    found = [one for one in attendance.records_of(db, event.id).values() if one.session_key in titles]
    return tuple(
        f"{titles[one.session_key]}: {one.error or _(WITHOUT_IDS)}" for one in found if one.error or one.without_ids
    )


def _is_near(starts: Sequence[datetime], now: datetime) -> bool:
    """Whether the first of these is to come within the time in which a draft should have gone live."""
    return bool(starts) and now < min(starts) <= now + LIVE_BEFORE


def suspects_of(db: DbSession, event_id: int) -> tuple[tuple[str, str], ...]:
    """The addresses in use that look mistyped, each with the one that was probably meant.

    Without those that need no word any more: whose owner registered with the right one too, or mail came back from.
    """
    odd = set(reading.addresses_in_use(db, event_id, elsewhere_than=PROVIDERS)) - reading.bounced_addresses(db)
    judged = {email: likely for email in sorted(odd) if (likely := likely_address(email))}
    right = reading.which_are_in_use(db, event_id, sorted(set(judged.values())))
    return tuple((email, likely) for email, likely in judged.items() if likely not in right)


def suspects_in_words(suspects: Sequence[tuple[str, str]]) -> str:
    """The first of them, for a line of a screen."""
    shown = ", ".join(f"{email} ({likely.rpartition('@')[2]}?)" for email, likely in suspects[:SUSPECTS_SHOWN])
    if len(suspects) > SUSPECTS_SHOWN:
        shown = _("{names} and {count} more").format(names=shown, count=len(suspects) - SUSPECTS_SHOWN)
    return ngettext(
        "{number} address looks mistyped: {shown}", "{number} addresses look mistyped: {shown}", len(suspects)
    ).format(number=len(suspects), shown=shown)


def _move_in_words(event: StoredEvent, title: str, count: int, due_at: datetime) -> str:
    at = due_at.astimezone(ZoneInfo(event.timezone))
    return _(
        "the new time of {title} goes to {registrants} at {at} ({zone}); put the "
        "file or Zoom back before that if it is not meant"
    ).format(title=title, registrants=counted(count, "registrant"), at=words.clock(at), zone=event.timezone)


def _unseen(event: Event, now: datetime) -> EventStanding:
    """An event of which there is only the file."""
    ends = [spec.ends_at for spec in event.sessions]
    return EventStanding(
        event=event.slug,
        title=event.title,
        timezone=event.timezone,
        status=event.status,
        last_sync_at=None,
        last_sync_state=None,
        last_sync_error="",
        registrants={},
        deadline=event.registration_deadline,
        closes_at=event.registration_deadline,
        registration=registration_state((), deadline_in_force(event.registration_deadline, None), now),
        closed_at=None,
        verified_at=None,
        registration_error="",
        reopened=False,
        late=0,
        late_waiting=0,
        next_mail_at=None,
        overdue=0,
        sent=0,
        waiting=0,
        failed=0,
        in_doubt=0,
        times_held=(),
        is_over=bool(ends) and max(ends) <= now,
        clock_offset=None,
        goes_live_late=event.status is EventStatus.DRAFT and _is_near([one.starts_at for one in event.sessions], now),
    )


class Concern(NamedTuple):
    """Something that a person should do or know. name: for programs. number: how many it is about, 0 where it is no
    matter of number. what: a session, an error. words: all of it in one sentence. urgent: it needs a person.
    """

    name: str
    number: int
    what: str
    words: str
    urgent: bool


def concerns_of(one: EventStanding, now: datetime) -> list[Concern]:
    """What there is to say of an event, by urgency.

    A draft is synced and nothing else, so only a sync that failed is urgent; of an event that was called off, nothing.
    """
    problems: Iterator[tuple[str, int, str, str]] = iter(())
    if one.status is EventStatus.ACTIVE:
        problems = _problems(one, now)
    elif one.status is EventStatus.DRAFT and not one.is_over:
        problems = _failed_sync(one, now)
    return [
        *(Concern(*each, urgent=True) for each in problems),
        *(Concern(*each, urgent=False) for each in _notes(one)),
    ]


def _failed_sync(one: EventStanding, now: datetime) -> Iterator[tuple[str, int, str, str]]:
    if one.last_sync_state is RunState.FAILED:
        failure = one.last_sync_error.rstrip(".")
        words = _("{event}: the last sync failed: {failure}: zoomsync sync {event} tries again").format(
            event=one.event, failure=failure
        )
        yield "sync_failed", 0, one.last_sync_error, words
    if one.last_sync_state is RunState.RUNNING and one.last_sync_at and now - one.last_sync_at > OVERDUE_AFTER:
        words = _("{event}: the last sync was interrupted: zoomsync sync {event} begins it anew").format(
            event=one.event
        )
        yield "sync_interrupted", 0, "", words


def _problems(one: EventStanding, now: datetime) -> Iterator[tuple[str, int, str, str]]:
    if one.last_sync_at is None and not one.is_over:
        words = _("{event}: was never synced: zoomsync sync {event} pulls its registrants").format(event=one.event)
        yield "never_synced", 0, "", words
    yield from _failed_sync(one, now)
    if one.mail_held:
        words = _(
            "{event}: this database is a copy that was put back, and {messages} may have gone out already: zoomsync db "
            "restored --release sends what is held, --drop takes it for sent"
        ).format(event=one.event, messages=counted(one.mail_held, "message"))
        yield "mail_held", one.mail_held, "", words
    elif one.overdue and one.paused_at:
        words = ngettext(
            "{event}: its mail is paused, and {number} message that is due waits: "
            "zoomsync resume {event} lets it go on",
            "{event}: its mail is paused, and {number} messages that are due wait: "
            "zoomsync resume {event} lets it go on",
            one.overdue,
        ).format(event=one.event, number=one.overdue)
        yield "paused_overdue", one.overdue, "", words
    elif one.overdue:
        late = counted(one.overdue, "message")
        words = _("{event}: {late} overdue: zoomsync remind {event} delivers what is due").format(
            event=one.event, late=late
        )
        yield "overdue", one.overdue, "", words
    if one.failed:
        messages = counted(one.failed, "message")
        words = _("{event}: {messages} failed: zoomsync outbox list --state failed says why").format(
            event=one.event, messages=messages
        )
        yield "failed", one.failed, "", words
    if one.in_doubt:
        messages = counted(one.in_doubt, "message")
        words = _(
            "{event}: {messages} in doubt, perhaps sent and perhaps not: zoomsync outbox list "
            "--state in_doubt shows more"
        ).format(event=one.event, messages=messages)
        yield "in_doubt", one.in_doubt, "", words
    if one.is_over:
        return
    for title in one.times_held:
        words = _(
            "{event}: file and Zoom disagree about the time of {title}, so its mail waits: set "
            "one of them right (zoomsync check {event} says how far), and zoomsync sync {event}"
        ).format(event=one.event, title=title)
        yield "times_held", 0, title, words
    if one.denials_held:
        words = f"{one.event}: {too_many_denials(one.denials_held, one.event)}"
        yield "denials_held", one.denials_held, "", words
    if one.registration is RegistrationState.NOT_CLOSED:
        reason = _("zoomsync sync {event} closes it").format(event=one.event)
        if one.registration_error:
            reason = _("{reason}: zoomsync close {event} tries at once").format(
                reason=one.registration_error.rstrip("."), event=one.event
            )
        words = _("{event}: registration is NOT CLOSED although the deadline has passed: {reason}").format(
            event=one.event, reason=reason
        )
        yield "not_closed", 0, one.registration_error, words
    elif one.registration_error:
        said = one.registration_error.rstrip(".")
        words = _("{event}: registration: {said}: zoomsync sync {event} tries again").format(event=one.event, said=said)
        yield "registration_error", 0, one.registration_error, words


def _notes(one: EventStanding) -> Iterator[tuple[str, int, str, str]]:
    if one.reopened and not one.is_over:
        words = _(
            "{event}: somebody opened registration again in Zoom's portal, and it was closed "
            "once more: zoomsync reopen {event} if it is to stay open"
        ).format(event=one.event)
        yield "reopened", 0, "", words
    if one.late_waiting and not one.is_over:
        words = ngettext(
            "{event}: {number} late registrant waits: zoomsync late {event} shows who",
            "{event}: {number} late registrants wait: zoomsync late {event} shows who",
            one.late_waiting,
        ).format(event=one.event, number=one.late_waiting)
        yield "late_waiting", one.late_waiting, "", words
    for move in one.moves:
        yield "moves", 0, move, f"{one.event}: {move}"
    if one.paused_at and not one.overdue and not one.is_over:
        words = _("{event}: its mail is paused: zoomsync resume {event} lets it go on").format(event=one.event)
        yield "paused", 0, "", words
    for said in one.untold:
        yield "untold", 0, said, f"{one.event}: {said}"
    for trouble in one.attendance_troubles:
        words = _("{event}: who took part in {trouble}").format(event=one.event, trouble=trouble)
        yield "attendance", 0, trouble, words
    if one.bounced:
        addresses = counted(one.bounced, "address")
        words = _("{event}: mail came back from {addresses}: zoomsync outbox bounced shows them").format(
            event=one.event, addresses=addresses
        )
        yield "bounced", one.bounced, "", words
    if one.suspects:
        said = suspects_in_words(one.suspects)
        words = _("{event}: {said}: ask these people to register again with the right one").format(
            event=one.event, said=said
        )
        yield "suspects", len(one.suspects), said, words
    if one.held and not one.is_over:
        words = _(
            "{event}: {registrants} are no longer listed by Zoom, which is many, so they stay as "
            "they are until another sync says the same: zoomsync sync {event}"
        ).format(event=one.event, registrants=counted(one.held, "registrant"))
        yield "held", one.held, "", words
    if one.too_many and not one.is_over:
        words = _("{event}: {too_many}: a larger licence, or zoomsync close {event} before more register").format(
            event=one.event, too_many=one.too_many
        )
        yield "too_many", 0, one.too_many, words
    if one.goes_live_late:
        words = _("{event}: is a draft still, and nothing is sent of it: zoomsync go-live {event}").format(
            event=one.event
        )
        yield "draft", 0, "", words
    if one.without_link and not one.is_over:
        people = counted(one.without_link, "approved registrant")
        words = _(
            "{event}: Zoom gave no personal link for {people}, whose mail waits until it does: "
            "zoomsync sync {event} asks again"
        ).format(event=one.event, people=people)
        yield "without_link", one.without_link, "", words
    if one.clock_offset is not None and abs(one.clock_offset) > CLOCKS_APART_AT_MOST:
        words = _("{event}: at the last sync this machine's clock was {apart}").format(
            event=one.event, apart=clock_apart(one.clock_offset)
        )
        yield "clock_apart", 0, "", words
