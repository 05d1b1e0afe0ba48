"""The values everything else speaks of: event, session, meeting, registrant, message, and their states.

Frozen values without behaviour beyond what can be read off them. How they come about: `events` (files), `zoom`
(Zoom's JSON), `store` (tables). What follows from them: the other modules of this room.

All times are aware UTC datetimes. Zoom's ids are text. A local time appears only in `Lead`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

# ---------------------------------------------------------------------------------------------------- event files


class EventStatus(StrEnum):
    DRAFT = "draft"  # syncs, never mails or closes
    ACTIVE = "active"
    CANCELLED = "cancelled"


class ZoomKind(StrEnum):
    MEETING = "meeting"
    WEBINAR = "webinar"


class Closing(StrEnum):
    SWITCH = "switch"  # manual approval from the deadline on
    GATEKEEPER = "gatekeeper"  # manual approval from the start; zoomsync approves until the deadline
    MANUAL = "manual"  # people approve


class LatePolicy(StrEnum):
    HOLD = "hold"
    DENY = "deny"
    ADMIT = "admit"


@dataclass(frozen=True, slots=True)
class Organizer:
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class ZoomPart:
    """The `[zoom]` part of an event file. Meeting ids are digits as text; None where `check` has to find them."""

    kind: ZoomKind = ZoomKind.MEETING
    meeting_id: str | None = None
    registration_url: str | None = None
    closing: Closing = Closing.SWITCH
    late_registrants: LatePolicy = LatePolicy.HOLD
    late_notice: bool = False
    seats: int | None = None
    file_times_are_right: bool = False  # `times = "file"`


@dataclass(frozen=True, slots=True)
class SessionSpec:
    """One `[[sessions]]` of an event file: what the organiser says, before it has met the database."""

    title: str
    starts_at: datetime
    ends_at: datetime
    id: str | None = None
    meeting_id: str | None = None
    registration_url: str | None = None
    cancelled: bool = False
    announce: bool = False


@dataclass(frozen=True, slots=True)
class Lead:
    """How long before a session's start (or after its end) a reminder is due.

    text: as kinds of mail write it: "24h", "90m", "3d", "1d 17:00". `h` and `m` are exact (`exact`); `d` keeps the
    clock time across a change to or from daylight saving (`days`), at the session's own clock time or at `at`.
    Exactly one of `exact` and `days` is set; `at` goes with `days` alone.
    """

    text: str
    exact: timedelta | None = None
    days: int | None = None
    at: time | None = None


@dataclass(frozen=True, slots=True)
class Reminders:
    """The `[reminders]` part of an event file."""

    before: tuple[Lead, ...]
    after: tuple[Lead, ...] = ()
    note: str = ""
    survey_url: str | None = None
    recording_url: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One event file, read and checked. `timezone` is an IANA name; every time here is UTC already.

    file_hash: hex digest of the file's bytes, so that daemons can tell whether they read the same file.
    file_text: the file as it was read, kept so that the last good one can be taken up again.
    trato: how Spanish mails address people: "usted", "tu" or "vos".
    """

    slug: str
    title: str
    timezone: str
    registration_deadline: datetime
    organizer: Organizer
    zoom: ZoomPart
    sessions: tuple[SessionSpec, ...]  # empty: taken from Zoom
    reminders: Reminders
    status: EventStatus = EventStatus.ACTIVE
    announce: bool = False  # beside status = "cancelled": tell everybody
    language: str = "es"
    page_url: str | None = None
    trato: str = "usted"
    retention_days: int | None = None
    file_hash: str = ""
    file_text: str = field(default="", repr=False, compare=False)


# ----------------------------------------------------------------------------------------------- what Zoom shows


class ApprovalType:
    """Zoom's `approval_type`. Source: docs/zoom.md, "Closing registration"."""

    AUTOMATIC = 0
    MANUAL = 1
    NO_REGISTRATION = 2


@dataclass(frozen=True, slots=True)
class Occurrence:
    occurrence_id: str
    starts_at: datetime
    duration: timedelta
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting or webinar as Zoom shows it.

    type: Zoom's number (2 scheduled, 3 recurring without fixed time, 8 recurring; webinars 5, 6, 9).
    registration_type: 1 once for all occurrences, 2 for each, 3 once, choosing some; None where Zoom says nothing.
    """

    meeting_id: str
    kind: ZoomKind
    topic: str
    type: int
    approval_type: int
    registration_type: int | None = None
    uuid: str = ""
    host_id: str = ""
    host_email: str = ""
    timezone: str = ""
    starts_at: datetime | None = None
    duration: timedelta | None = None
    occurrences: tuple[Occurrence, ...] = ()
    registration_url: str | None = None
    status: str = ""

    @property
    def registers_by_occurrence(self) -> bool:
        """True where a listing without an occurrence does not say who is in which (registration types 2 and 3)."""
        return bool(self.occurrences) and self.registration_type in (2, 3)


# --------------------------------------------------------------------------------------------------- registrants


class RegistrantStatus(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    CANCELLED = "cancelled"  # ours: Zoom no longer lists the registrant


class RegistrantKey(NamedTuple):
    """What makes a registrant the same one. `occurrence_id` is "" but in series of registration types 2 and 3."""

    meeting_id: str
    occurrence_id: str
    registrant_id: str


class Registrant(NamedTuple):
    """One registration on one meeting (or on one occurrence, see RegistrantKey).

    email: trimmed and lower case. registered_at: Zoom's create_time, None where Zoom gives none.
    details: the form's standard fields that were filled in, under Zoom's names ("city", "phone", "org" ...), sorted.
    answers: custom questions as (title, value), in Zoom's order.

    A tuple, and what a form asks kept as JSON text without blanks, as it is stored: a first pull holds tens of
    thousands of these, and nobody looks into their answers then.
    """

    meeting_id: str
    occurrence_id: str
    registrant_id: str
    email: str
    first_name: str
    last_name: str
    status: RegistrantStatus
    registered_at: datetime | None = None
    join_url: str = ""
    details_json: str = "[]"
    answers_json: str = "[]"

    @property
    def key(self) -> RegistrantKey:
        return RegistrantKey(*self[:3])

    @property
    def details(self) -> tuple[tuple[str, str], ...]:
        return tuple((name, value) for name, value in json.loads(self.details_json))

    @property
    def answers(self) -> tuple[tuple[str, str], ...]:
        return tuple((title, value) for title, value in json.loads(self.answers_json))

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name) if part)


class ListedRegistrant(NamedTuple):
    """A row of a listing: enough to say whether anything about it is new.

    digest: 16 bytes over the row's bytes as they came and the status it was listed under. raw: those bytes; empty
    where the registrant was read at once and put aside: kept is its number there then.
    """

    digest: bytes
    status: str
    raw: bytes
    kept: int | None = None


# Puts registrants aside with their digests while the rest of a list is on its way; gives the number of the first, the
# others follow on.
Keep = Callable[[Sequence[tuple[Registrant, bytes]]], int]


class KnownRegistrant(NamedTuple):
    """The little of a stored registrant that an unchanged pull needs.

    row_id: the store's own id. missing: True where the last complete pull no longer listed it and the cancellation
    is held until another one says the same.
    """

    row_id: int
    status: str
    digest: bytes
    missing: bool


@dataclass(frozen=True, slots=True)
class Pull:
    """Everything Zoom lists for the meetings of one event, complete by its own account.

    listed: every row of all three statuses, by key.
    counts_agree: False only where the counts were accepted by hand although `total_records` disagreed.
    pages, requests: how many list pages were read and how many HTTP requests that took, retries included.
    """

    meetings: tuple[Meeting, ...]
    listed: dict[RegistrantKey, ListedRegistrant]
    pages: int = 0
    requests: int = 0
    counts_agree: bool = True


# ------------------------------------------------------------------------------------------- sessions and outbox


@dataclass(frozen=True, slots=True)
class Session:
    """One sitting of an event as the database keeps it, whoever moved it.

    key: names the session within its event for good ("s1", "s2" ... in the order of first sight).
    sequence: rises with each change people must hear of; the calendar entry's SEQUENCE.
    first_seen_at: when the database first met it; a reminder whose moment lay before that is born `skipped`.
    previous_starts_at, moved_at: its start before the last move and when that move was noticed; None if never moved.
    times_held: file and Zoom disagree by more than an hour and nobody has settled it: its mail waits.
    """

    key: str
    title: str
    starts_at: datetime
    ends_at: datetime
    meeting_id: str
    first_seen_at: datetime
    occurrence_id: str = ""
    file_id: str = ""
    cancelled: bool = False
    announce: bool = False
    sequence: int = 0
    previous_starts_at: datetime | None = None
    moved_at: datetime | None = None
    times_held: bool = False


class OutboxState(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    TRANSMITTING = "transmitting"
    SENT = "sent"
    DEFERRED = "deferred"
    IN_DOUBT = "in_doubt"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class MessageKey(NamedTuple):
    """What makes a message the same one: unique in the outbox.

    registrant_row: the store's id of the registrant. session_key: "" for messages about the whole event.
    kind: "before:24h", "welcome", "moved" ... occasion: "" for reminders, the new start and when it was set for
    `moved`, the local day for `welcome`, a text's own id for `announce`.
    """

    registrant_row: int
    session_key: str
    kind: str
    occasion: str = ""


class Recipient(NamedTuple):
    """The little of a registrant that planning goes by.

    row_id: the store's own id. registered_at: Zoom's create_time; where Zoom gives none, when the registrant was first
    seen. opted_out: wants no more reminders.
    """

    row_id: int
    meeting_id: str
    occurrence_id: str
    registrant_id: str
    status: RegistrantStatus
    registered_at: datetime
    opted_out: bool = False


class PlannedMessage(NamedTuple):
    """A row that belongs in the outbox: `pending`, or born `skipped` with the reason.

    due_at: not before then. expires_at: not from then on (for a reminder, the session's start).
    """

    key: MessageKey
    due_at: datetime
    expires_at: datetime
    state: OutboxState = OutboxState.PENDING
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RunCounts:
    """What a sync run did, in registrants; `sync --json` prints these."""

    pulled: int = 0
    added: int = 0
    updated: int = 0
    cancelled: int = 0
    reinstated: int = 0
    unchanged: int = 0
    held: int = 0
    pages: int = 0
    requests: int = 0


class RunState(StrEnum):
    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class SyncRun:
    """One pull and reconcile of one event. `error` is one line for a person, "" when all was well.

    seconds: how long it took by the monotonic clock, whatever `--now` says. clock_offset: how far Zoom's clock was
    ahead of ours; None in a rehearsal, or where Zoom gave no date.
    """

    event: str
    state: RunState
    started_at: datetime
    finished_at: datetime | None = None
    seconds: float = 0.0
    counts: RunCounts = field(default_factory=RunCounts)
    error: str = ""
    retry_at: datetime | None = None
    clock_offset: timedelta | None = None
    id: int | None = None


# ------------------------------------------------------------------------------------------------------- delivery


class OutcomeKind(StrEnum):
    ACCEPTED = "accepted"  # the server took responsibility (2xx after the body)
    DEFERRED = "deferred"  # surely not taken, may be tried again: 4xx, or the network before the body
    REFUSED = "refused"  # surely not taken, no use trying again: 5xx about this address or message
    STOPPED = "stopped"  # surely not taken, and no other message would be: login, TLS, sender, quota
    IN_DOUBT = "in_doubt"  # the body was on its way and no clear answer came
    ABANDONED = "abandoned"  # the mark before the body said no; surely not taken


class Stage(StrEnum):
    """How far the talk with the mail server had come. At `connect` the next message will fare no better."""

    CONNECT = "connect"
    TLS = "tls"
    LOGIN = "login"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try to hand a message to the mail server.

    code: the server's reply code, None where it said nothing. words: its words, or what happened, as one line.
    """

    kind: OutcomeKind
    stage: Stage
    code: int | None = None
    words: str = ""
