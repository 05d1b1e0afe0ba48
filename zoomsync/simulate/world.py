"""A Zoom account and Zoom's rules, without HTTP: who may do what, and what comes of it.

Every public method takes the one lock, so a test, the server's thread and the demo may use a World together.
What goes wrong on demand is kept here (`faults`) and acted out by the server. The addresses: `server`. What the
account's things look like as JSON: `objects`.
Source: docs/zoom.md; where Zoom says nothing, the choice is marked "assumed".
"""

from __future__ import annotations

import base64
import bisect
import functools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, cast
from zoneinfo import ZoneInfo

from zoomsync.clock import Clock
from zoomsync.simulate import people
from zoomsync.simulate.faults import Faults
from zoomsync.simulate.limits import LIGHT, RateLimits
from zoomsync.simulate.model_event import furnish_model_event
from zoomsync.simulate.objects import (
    APPROVED,
    AUTOMATIC,
    DENIED,
    NO_REGISTRATION,
    PENDING,
    STANDARD_QUESTIONS,
    STATUSES,
    Instance,
    Json,
    Meeting,
    Occurrence,
    Participant,
    Registrant,
    User,
)
from zoomsync.simulate.paging import Page, PageTokens
from zoomsync.simulate.refusal import Refusal, refuse

if TYPE_CHECKING:
    from zoomsync.simulate.webhooks import Webhooks

TOKEN_AGE = timedelta(seconds=3599)
PEOPLE_A_STATUS_CALL = 30
UPDATES_A_DAY = 100  # of meetings and webinars, for one host
STATUS_CHANGES_A_DAY = 10  # for one registrant
REGISTRATIONS_A_DAY = 3  # for one registrant, by the API

KINDS = ("meeting", "webinar")
SCOPES = frozenset(
    ["user:read:user:admin", "meeting:read:past_meeting:admin", "webinar:read:list_absentees:admin"]
    + [
        f"{kind}:{name}:admin"
        for kind in KINDS
        for name in (
            f"read:list_{kind}s", f"read:{kind}", f"update:{kind}", "read:list_registrants", "read:registrant",
            "write:registrant", "update:registrant_status", "delete:registrant", "write:batch_registrants",
            "read:list_registration_questions", "update:registration_question", "read:list_past_instances",
            "read:list_past_participants",
        )
    ]
    + [f"report:read:list_{kind}_participants:admin" for kind in KINDS]
)  # fmt: skip
"""Every scope the calls of the server ask for, in their granular admin form."""

M = TypeVar("M", bound=Callable[..., Any])


def _locked(method: M) -> M:
    @functools.wraps(method)
    def under_lock(self: World, /, *args: Any, **kwargs: Any) -> Any:
        with self.lock:
            return method(self, *args, **kwargs)

    return cast(M, under_lock)


@dataclass(slots=True)
class _Token:
    expires_at: datetime
    scopes: frozenset[str]


@dataclass(slots=True)
class _Day:
    """What has been used up since 00:00 UTC."""

    date: date | None = None
    used: Counter[tuple[str, str]] = field(default_factory=Counter)


class World:
    """One account. Fields may be changed by whoever holds `lock`; methods take it themselves.

    clock: what every time in the account follows; may be replaced. furnish: fills a new or reset account.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        furnish: Callable[[World], None] | None = None,
        plan: str = "pro",
        seed: int = 1,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.webhooks: Webhooks | None = None  # who is told of what changes; a reset leaves it
        self.monotonic = monotonic
        self._furnish = furnish
        self._plan = plan
        self._seed = seed
        self.reset()

    @classmethod
    def model_account(cls, clock: Clock, *, plan: str = "pro", seed: int = 1) -> World:
        """The account of the model event: one type-8 meeting of two occurrences, nobody registered.

        Credentials: demo-account, demo-client, demo-secret.
        """
        return cls(clock, furnish=furnish_model_event, plan=plan, seed=seed)

    def reset(self) -> None:
        """Back to how it was made. The clock stays."""
        with self.lock:
            self.account_id, self.client_id = "demo-account", "demo-client"
            self.client_secret = "demo-secret"  # noqa: S105 - play data
            self.plan = self._plan
            self.scopes: set[str] = set(SCOPES)
            self.new_token_voids_former = False
            self.shows_registration_url = True
            self.enforce_limits = False
            self.users: list[User] = []
            self.meetings: dict[int, Meeting] = {}
            self.faults = Faults()
            self.limits = RateLimits(self.plan)
            self._tokens: dict[str, _Token] = {}
            self._day = _Day()
            self._chance = random.Random(self._seed)  # noqa: S311 - play data; the seed is the point
            self._pages = PageTokens(self._key)
            if self._furnish:
                self._furnish(self)

    # ------------------------------------------------------------------------------------------------- access

    @_locked
    def issue_token(self, grant_type: str, account_id: str, client_id: str, client_secret: str) -> Json:
        """The token endpoint's answer. Raises Refusal in OAuth's shape."""
        if (client_id, client_secret) != (self.client_id, self.client_secret):
            raise Refusal(400, {"reason": "Invalid client_id or client_secret", "error": "invalid_client"})
        if grant_type != "account_credentials":
            raise Refusal(400, {"reason": "unsupported grant type", "error": "unsupported_grant_type"})
        if account_id != self.account_id:
            raise Refusal(400, {"reason": "Bad request", "error": "invalid_request"})
        if self.new_token_voids_former:
            self._tokens.clear()
        token = f"eyJ.{self._key()}.{self._key()}"
        self._tokens[token] = _Token(self.clock() + TOKEN_AGE, frozenset(self.scopes))
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": int(TOKEN_AGE.total_seconds()),
            "scope": " ".join(sorted(self.scopes)),
        }

    @_locked
    def authorize(self, token: str, granular: str, classic: str) -> None:
        """Let a call through that needs either scope (or its form without `:admin`). Raises Refusal."""
        known = self._tokens.get(token)
        if known is None:
            raise refuse(401, 124, "Invalid access token.")
        if known.expires_at <= self.clock():
            raise refuse(401, 124, "Access token is expired.")
        if not known.scopes & {f"{granular}:admin", granular, f"{classic}:admin", classic}:
            message = f"Invalid access token, does not contain scopes:[{granular}, {granular}:admin]."
            raise refuse(400, 4711, message)

    @_locked
    def revoke_tokens(self) -> None:
        """As if the app had been deactivated and activated again: every token answers 401 from now on."""
        self._tokens.clear()

    @_locked
    def count_call(self, label: str) -> dict[str, str]:
        """Count a call against its rate label and give the headers for its answer. Raises Refusal (429)."""
        if not self.enforce_limits:
            return {"X-RateLimit-Category": label}
        verdict = self.limits.count(label, now=self.clock(), monotonic_s=self.monotonic())
        if verdict.message:
            raise refuse(429, 429, verdict.message, verdict.headers)
        return verdict.headers

    # ------------------------------------------------------------------------------------- users and meetings

    @_locked
    def add_user(self, email: str, first_name: str, last_name: str) -> User:
        user = User(self._key(), email, first_name, last_name)
        self.users.append(user)
        return user

    @_locked
    def find_user(self, user: str) -> User:
        """By id or address; "me" is the owner, the first one. Raises Refusal."""
        for known in self.users:
            if user in ("me", known.id) or user.lower() == known.email.lower():
                return known
        raise refuse(404, 1001, f"User does not exist: {user}.")

    @_locked
    def add_meeting(
        self,
        meeting_id: int,
        topic: str,
        *,
        type: int = 2,
        host: User | None = None,
        start_time: datetime | None = None,
        duration: int = 60,
        occurrences: Iterable[tuple[datetime, int]] = (),
        timezone: str = "America/Guatemala",
        registration_token: str = "",
        created_at: datetime | None = None,
        **settings: Any,
    ) -> Meeting:
        """Schedule a meeting (type 2, 3, 8) or webinar (5, 6, 9).

        duration: minutes. occurrences: (start, minutes) for types 8 and 9. settings: Zoom's own names, over the
        defaults approval_type 0 and registration_type 1.
        """
        dates = [Occurrence(str(int(at.timestamp() * 1000)), at, minutes) for at, minutes in occurrences]
        if dates:
            start_time, duration = dates[0].start_time, dates[0].duration
        meeting = Meeting(
            id=meeting_id,
            type=type,
            topic=topic,
            host=host or self.users[0],
            created_at=created_at or self.clock(),
            start_time=None if type in (3, 6) else start_time or self.clock() + timedelta(days=7),
            duration=duration,
            timezone=timezone,
            registration_token=registration_token or self._key(),
            uuid=self._key() + "==",
            occurrences=dates,
            settings={
                "approval_type": NO_REGISTRATION if type in (3, 6) else AUTOMATIC,
                "registration_type": 1,
                "close_registration": False,
                "registrants_confirmation_email": True,
                "registrants_email_notification": True,
                "allow_multiple_devices": True,
                "show_share_button": True,
                "alternative_hosts": "",
                "contact_name": "",
                "contact_email": "",
                "email_notification": True,
            }
            | settings,
        )
        if meeting.kind == "webinar":
            del meeting.settings["email_notification"]
            meeting.settings.setdefault("registrants_restrict_number", 0)
        self.meetings[meeting_id] = meeting
        return meeting

    @_locked
    def meeting(self, kind: str, meeting_id: str | int) -> Meeting:
        """By id, on the path of its kind. Raises Refusal: unknown, malformed, or of the other kind."""
        if not str(meeting_id).isdecimal():
            raise refuse(400, 300, f"Invalid {kind} ID.")
        found = self.meetings.get(int(meeting_id))
        if found is None:
            raise refuse(404, 3001, f"{kind.title()} does not exist: {meeting_id}.")
        if found.kind != kind:
            wrong = (3000, "Cannot access webinar info.") if kind == "meeting" else (300, "Invalid webinar ID.")
            raise refuse(400, *wrong)
        return found

    @_locked
    def update_meeting(self, kind: str, meeting_id: str | int, changes: Mapping[str, Any], occurrence_id: str) -> None:
        """PATCH. What Zoom drops without a word is dropped without a word. Raises Refusal."""
        meeting = self.meeting(kind, meeting_id)
        self._spend(
            "update",
            meeting.host.id,
            UPDATES_A_DAY,
            f"You have exceeded the daily rate limit ({UPDATES_A_DAY}) of Meeting Create/Update API requests permitted"
            " for this particular user. You may resume these requests at GMT 00:00:00.",
            # Seen in the field: ample Remaining, no Type, no Retry-After.
            {"X-RateLimit-Category": LIGHT, "X-RateLimit-Limit": "30", "X-RateLimit-Remaining": "29"},
        )
        start_time = self._start_time(meeting, changes)
        if occurrence_id:
            occurrence = self._occurrence(meeting, occurrence_id)
            occurrence.start_time = start_time or occurrence.start_time
            occurrence.duration = int(changes.get("duration", occurrence.duration))
            self._tell("updated", meeting)
            return
        meeting.topic = changes.get("topic", meeting.topic)
        meeting.agenda = changes.get("agenda", meeting.agenda)
        meeting.timezone = changes.get("timezone", meeting.timezone)
        if not meeting.occurrences:
            meeting.start_time = start_time or meeting.start_time
            meeting.duration = int(changes.get("duration", meeting.duration))
        if "password" in changes:
            meeting.passcode = str(changes["password"])
            self._rendered_anew(meeting)
        settings = dict(changes.get("settings") or {})
        if meeting.without_fixed_time:
            settings.pop("approval_type", None)
        meeting.settings.update({name: value for name, value in settings.items() if name in meeting.settings})
        self._tell("updated", meeting)

    @_locked
    def set_in_portal(self, meeting_id: int, **changes: Any) -> None:
        """Somebody changes the meeting in Zoom's portal: no rule of the API applies, no daily limit counts.

        changes: settings by Zoom's names, or topic, passcode, start_time, duration.
        """
        meeting = self.meetings[meeting_id]
        for name, value in changes.items():
            if name in ("topic", "passcode", "start_time", "duration", "type", "timezone", "agenda"):
                setattr(meeting, name, value)
            else:
                meeting.settings[name] = value
        self._rendered_anew(meeting)
        self._tell("updated", meeting)

    @_locked
    def move_occurrence(self, meeting_id: int, occurrence_id: str, start_time: datetime) -> None:
        self._occurrence(self.meetings[meeting_id], occurrence_id).start_time = start_time
        self._tell("updated", self.meetings[meeting_id])

    @_locked
    def delete_occurrence(self, meeting_id: int, occurrence_id: str) -> None:
        self._occurrence(self.meetings[meeting_id], occurrence_id).deleted = True

    # ------------------------------------------------------------------------------------------- registrants

    @_locked
    def register(
        self,
        meeting_id: int,
        fields: Mapping[str, Any],
        *,
        auto_approve: bool = False,
        occurrence_ids: Iterable[str] = (),
    ) -> Registrant:
        """Somebody fills in the form: approved, or pending where approval is manual. Raises Refusal.

        fields: Zoom's names; email and first_name are needed. Who is on the list already keeps id and status, and
        the fields are updated (assumed). occurrence_ids: for registration types 2 and 3; without any, the next one
        and all of them (assumed).
        """
        meeting = self.meetings[meeting_id]
        self._needs_registration(meeting, code=3000 if meeting.kind == "webinar" else 300)
        email, first_name = str(fields.get("email") or "").strip(), str(fields.get("first_name") or "").strip()
        problems = _field_problems(email, first_name, fields)
        if problems:
            raise Refusal(400, {"code": 300, "message": "Validation Failed.", "errors": problems})
        address = email.lower()
        if address in (meeting.host.email.lower(), *str(meeting.settings.get("alternative_hosts", "")).split(";")):
            raise refuse(400, 3027, "Host cannot register.")
        if meeting.settings.get("close_registration") and meeting.last_end and meeting.last_end <= self.clock():
            over = f"{meeting.kind.title()} is over, you cannot register now."
            raise refuse(400, 3038, f"{over} If you have any questions, contact the {meeting.kind} host.")

        known = next((r for r in meeting.registrants.values() if r.address == address), None)
        if known and known.status == DENIED:
            raise refuse(400, 300, "The host has denied this email address registration.")  # assumed wording
        if known is None and self._is_full(meeting):
            code = 3035 if meeting.kind == "webinar" else 3043
            raise refuse(400, code, f"{meeting.kind.title()} has reached maximum attendee capacity.")

        status = APPROVED if auto_approve or meeting.approval_type == AUTOMATIC else PENDING
        statuses = dict.fromkeys(self._chosen(meeting, occurrence_ids), status)
        details = {name: fields[name] for name in STANDARD_QUESTIONS if fields.get(name)}
        questions = list(fields.get("custom_questions") or [])
        if known is None:
            added = self._add(meeting, email, first_name, self.clock(), statuses, details, questions)
            self._tell("registration_created", meeting, added)
            if status == APPROVED:
                self._tell("registration_approved", meeting, added)
            return added
        known.first_name, known.statuses = first_name, statuses | known.statuses
        known.details.update(details)
        known.custom_questions = questions or known.custom_questions
        self._changed(meeting, known)
        return known

    @_locked
    def register_by_api(
        self,
        kind: str,
        meeting_id: str | int,
        fields: Mapping[str, Any],
        occurrence_ids: Iterable[str] = (),
    ) -> tuple[Meeting, Registrant]:
        """POST registrants: as the form, and three a day for the same address."""
        meeting = self.meeting(kind, meeting_id)
        self._spend(
            f"register {meeting.id}",
            str(fields.get("email", "")).lower(),
            REGISTRATIONS_A_DAY,
            f"You have exceeded the daily rate limit of ({REGISTRATIONS_A_DAY}) for Add {kind} registrant API requests"
            " permitted for the registrant. You may resume these requests at GMT 00:00:00.",
        )
        auto_approve = fields.get("auto_approve") is True
        return meeting, self.register(meeting.id, fields, auto_approve=auto_approve, occurrence_ids=occurrence_ids)

    @_locked
    def add_registrant(self, meeting_id: int, *, status: str = APPROVED, **fields: Any) -> Registrant:
        """Put a row on the list past every rule: for odd data (no last name, the same address twice, null fields).

        fields: Zoom's names, and optionally id, create_time (datetime) and statuses (by occurrence id).
        """
        meeting = self.meetings[meeting_id]
        fields = {"email": "alguien@example.org", "first_name": "Alguien"} | fields
        return self._add(
            meeting,
            fields.pop("email"),
            fields.pop("first_name"),
            fields.pop("create_time", None) or self.clock(),
            fields.pop("statuses", None) or dict.fromkeys(self._chosen(meeting, ()), status),
            custom_questions=fields.pop("custom_questions", []),
            registrant_id=fields.pop("id", ""),
            details=fields,
        )

    @_locked
    def populate(
        self, meeting_id: int, approved: int, *, pending: int = 0, denied: int = 0, seed: int = 1
    ) -> list[Registrant]:
        """Add believable people who registered between the meeting's making and now. Lifts the capacity if need be.

        The same people for the same seed; another seed adds others. 100,000 take seconds.
        """
        meeting = self.meetings[meeting_id]
        count = approved + pending + denied
        chance = random.Random(seed)  # noqa: S311 - play data; the seed is the point
        span_s = max(0, int((self.clock() - meeting.created_at).total_seconds()))
        occurrence_ids = self._chosen(meeting, ())
        added = []
        for number, person in enumerate(people.believable_people(count, seed)):
            status = APPROVED if number < approved else PENDING if number < approved + pending else DENIED
            added.append(
                Registrant(
                    id=_key(chance),
                    email=person.pop("email"),
                    first_name=person.pop("first_name"),
                    custom_questions=person.pop("custom_questions"),
                    create_time=meeting.created_at + timedelta(seconds=chance.randint(0, span_s)),
                    link_token=_key(chance),
                    pin=chance.randrange(100_000, 1_000_000),
                    statuses=dict.fromkeys(occurrence_ids, status),
                    details={name: value for name, value in person.items() if value},
                )
            )
        meeting.registrants |= {registrant.id: registrant for registrant in added}
        meeting.order = sorted(meeting.registrants.values(), key=attrgetter("id"))
        meeting.listings.clear()
        if meeting.capacity is not None and len(meeting.registrants) > meeting.capacity:
            meeting.capacity = None
        return added

    @_locked
    def cancel_by_self(self, meeting_id: int, email: str) -> None:
        """The registrant follows the link in the mail: gone from every list, the address free. KeyError if unknown."""
        meeting, registrant = self.meetings[meeting_id], self.find_registrant(meeting_id, email)
        self._remove(meeting, registrant)
        self._tell("registration_cancelled", meeting, registrant)

    @_locked
    def set_status(
        self, kind: str, meeting_id: str | int, action: str, whom: Iterable[Mapping[str, Any]], occurrence_id: str = ""
    ) -> None:
        """PUT status: approve, deny or cancel; the last two leave the row denied. Raises Refusal.

        whom: {"id", "email"}, either is enough. Who is not found is passed over in silence, as Zoom's 204 does.
        """
        meeting = self.meeting(kind, meeting_id)
        self._needs_registration(meeting, code=300)
        people = list(whom)
        if action not in ("approve", "deny", "cancel"):
            raise refuse(400, 300, "The value that you entered for the action field is invalid.")
        if len(people) > PEOPLE_A_STATUS_CALL:
            raise refuse(400, 300, f"The registrants field takes at most {PEOPLE_A_STATUS_CALL} items.")
        if occurrence_id:
            self._occurrence(meeting, occurrence_id)
        addresses = {r.address: r for r in meeting.registrants.values()}
        found = [
            meeting.registrants.get(str(person.get("id"))) or addresses.get(str(person.get("email", "")).lower())
            for person in people
        ]
        for registrant in filter(None, found):
            self._spend(
                f"status {meeting.id}",
                registrant.id,
                STATUS_CHANGES_A_DAY,
                f"You have exceeded the daily rate limit of ({STATUS_CHANGES_A_DAY}) for Update registrant's status API"
                " requests permitted for the registrant. You may resume these requests at GMT 00:00:00.",
            )
            self.change_status(meeting.id, registrant, APPROVED if action == "approve" else DENIED, occurrence_id)

    @_locked
    def change_status(self, meeting_id: int, registrant: Registrant, status: str, occurrence_id: str = "") -> None:
        """The portal's way: no limit counts. Without an occurrence, for all the registrant chose."""
        meeting = self.meetings[meeting_id]
        changed = [occurrence_id] if occurrence_id and meeting.registers_by_occurrence else list(registrant.statuses)
        registrant.statuses.update(dict.fromkeys(changed, status))
        self._changed(meeting, registrant)
        if status in (APPROVED, DENIED):
            self._tell(f"registration_{status}", meeting, registrant)

    @_locked
    def delete_registrant(self, kind: str, meeting_id: str | int, registrant_id: str, occurrence_id: str = "") -> None:
        """DELETE. In series of types 2 and 3 of one occurrence, the row going with the last. Raises Refusal."""
        meeting = self.meeting(kind, meeting_id)
        self._needs_registration(meeting, code=300)
        registrant = self.registrant(kind, meeting_id, registrant_id)
        if meeting.registers_by_occurrence:
            self._occurrence(meeting, occurrence_id)
            registrant.statuses.pop(occurrence_id, None)
            self._changed(meeting, registrant)
        if not meeting.registers_by_occurrence or not registrant.statuses:
            self._remove(meeting, registrant)

    @_locked
    def registrant(self, kind: str, meeting_id: str | int, registrant_id: str) -> Registrant:
        """Raises Refusal."""
        found = self.meeting(kind, meeting_id).registrants.get(registrant_id)
        if found is None:
            invalid = "The value that you entered for the Registrant ID field is invalid."
            raise refuse(400, 300, f"{invalid} Enter a valid value and try again.")
        return found

    @_locked
    def find_registrant(self, meeting_id: int, email: str) -> Registrant:
        """By address, whatever the case. KeyError if nobody has it."""
        address = email.strip().lower()
        for registrant in self.meetings[meeting_id].registrants.values():
            if registrant.address == address:
                return registrant
        raise KeyError(email)

    @_locked
    def list_registrants(
        self, kind: str, meeting_id: str | int, status: str, occurrence_id: str, query: Mapping[str, str]
    ) -> Page:
        """One page of rendered rows. query: page_size, page_number, next_page_token. Raises Refusal.

        Without an occurrence, series of types 2 and 3 show each person once, under the status over all (assumed).
        """
        meeting = self.meeting(kind, meeting_id)
        self._needs_registration(meeting, code=300)
        if status not in STATUSES:
            raise refuse(400, 300, "The value that you entered for the status field is invalid.")
        if occurrence_id:
            self._occurrence(meeting, occurrence_id)
        of_occurrence = occurrence_id if meeting.registers_by_occurrence else ""
        listed = meeting.listings.get((status, of_occurrence))
        if listed is None:
            listed = [
                registrant
                for registrant in meeting.order
                if (registrant.statuses.get(of_occurrence) if of_occurrence else registrant.status) == status
            ]
            meeting.listings[status, of_occurrence] = listed
        turn = meeting.rotation % (len(listed) or 1)
        page = self.page(listed[turn:] + listed[:turn], ("registrants", meeting.id, status, occurrence_id), query)
        rows = [meeting.row(registrant, status) for registrant in page.rows]
        return Page(rows, page.total, page.size, page.number, page.next_token)

    @_locked
    def page(self, rows: Sequence[Any], listing: tuple[Any, ...], query: Mapping[str, str]) -> Page:
        """One page of `rows` as they are now. listing: what was asked for; a token fits no other. Raises Refusal."""
        return self._pages.cut(rows, listing, query, self.clock())

    # -------------------------------------------------------------------------------------------- attendance

    @_locked
    def add_instance(
        self, meeting_id: int, start_time: datetime, end_time: datetime, *, ready_at: datetime | None = None
    ) -> Instance:
        """The meeting took place. Every other uuid begins with a slash: those are to be encoded twice."""
        meeting = self.meetings[meeting_id]
        uuid = self._key() + "=="
        if len(meeting.instances) % 2 == 0:
            uuid = f"/{uuid[1:]}"
        instance = Instance(uuid, start_time, end_time, ready_at or end_time)
        meeting.instances.append(instance)
        return instance

    @_locked
    def join(
        self,
        instance: Instance,
        name: str,
        join_time: datetime,
        leave_time: datetime,
        *,
        registrant_id: str = "",
        user_email: str = "",
        zoom_id: str = "",
        internal: bool = False,
    ) -> Participant:
        """Somebody was in it from then to then. Without a registrant id: came by a link that is not theirs."""
        user_id = str(16_778_240 + len(instance.participants) * 1024)
        participant = Participant(name, join_time, leave_time, user_id, registrant_id, user_email, zoom_id, internal)
        instance.participants.append(participant)
        return participant

    @_locked
    def hold_session(
        self,
        meeting_id: int,
        *,
        occurrence: int = 0,
        share: float = 0.6,
        guests: int = 2,
        seed: int = 1,
        ready_after: timedelta = timedelta(0),
    ) -> Instance:
        """The occurrence (by its place in the series) takes place with its host, `share` of those approved, and guests.

        One in five drops out in the middle and comes back; one in ten leaves halfway. Guests have no registrant id.
        ready_after: how long after its end Zoom has worked out who was there.
        """
        meeting = self.meetings[meeting_id]
        chance = random.Random(seed)  # noqa: S311 - play data; the seed is the point
        if meeting.occurrences:
            start, end = meeting.occurrences[occurrence].start_time, meeting.occurrences[occurrence].end_time
        else:
            start = meeting.start_time or self.clock()
            end = start + timedelta(minutes=meeting.duration)
        instance = self.add_instance(meeting_id, start, end, ready_at=end + ready_after)
        length_s = (end - start).total_seconds()
        host = meeting.host
        self.join(
            instance,
            f"{host.first_name} {host.last_name}",
            start - timedelta(minutes=15),
            end,
            user_email=host.email,
            zoom_id=host.id,
            internal=True,
        )
        for registrant in meeting.order:
            if registrant.status != APPROVED or chance.random() >= share:
                continue
            name = f"{registrant.first_name} {registrant.details.get('last_name') or ''}".strip()
            joined = start + timedelta(seconds=chance.randint(-600, 900))
            left = end if chance.random() < 0.9 else start + timedelta(seconds=length_s / 2)
            pause = start + timedelta(seconds=length_s / 3)
            stays = (
                [(joined, pause), (pause + timedelta(minutes=2), left)] if chance.random() < 0.2 else [(joined, left)]
            )
            for since, until in stays:
                self.join(instance, name, since, until, registrant_id=registrant.id)
        for number in range(1, guests + 1):
            self.join(instance, f"iPhone de invitado {number}", start, end)
        return instance

    @_locked
    def instance(self, kind: str, id_or_uuid: str) -> tuple[Meeting, Instance]:
        """An ended instance by uuid, or a meeting's latest by its number. Raises Refusal."""
        absent = refuse(404, 3001, f"{kind.title()} does not exist: {id_or_uuid}.")
        now = self.clock()
        if id_or_uuid.isdecimal():
            meeting = self.meeting(kind, id_or_uuid)
            ended = [instance for instance in meeting.instances if instance.end_time <= now]
            if not ended:
                raise absent
            return meeting, max(ended, key=attrgetter("start_time"))
        for meeting in self.meetings.values():
            for instance in meeting.instances:
                if instance.uuid == id_or_uuid and instance.end_time <= now and meeting.kind == kind:
                    return meeting, instance
        raise absent

    # ------------------------------------------------------------------------------------------------ inside

    def _key(self) -> str:
        return _key(self._chance)

    def _tell(self, what: str, meeting: Meeting, registrant: Registrant | None = None) -> None:
        if self.webhooks:
            self.webhooks.tell(what, meeting, registrant)

    def _spend(self, what: str, who: str, limit: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        today = self.clock().date()
        if self._day.date != today:
            self._day = _Day(today)
        if self._day.used[what, who] >= limit:
            raise refuse(429, 429, message, headers)
        self._day.used[what, who] += 1

    def _start_time(self, meeting: Meeting, changes: Mapping[str, Any]) -> datetime | None:
        """The start a PATCH asks for, None where it asks for none or for one in the past, which Zoom ignores."""
        if not changes.get("start_time"):
            return None
        try:
            asked = datetime.fromisoformat(str(changes["start_time"]))
        except ValueError:
            raise refuse(400, 300, "The value that you entered for the start_time field is invalid.") from None
        if asked.tzinfo is None:
            asked = asked.replace(tzinfo=ZoneInfo(changes.get("timezone") or meeting.timezone))
        return asked.astimezone(UTC) if asked > self.clock() else None

    def _occurrence(self, meeting: Meeting, occurrence_id: str) -> Occurrence:
        for occurrence in meeting.occurrences:
            if occurrence.occurrence_id == occurrence_id:
                return occurrence
        invalid = f"you have provided an invalid occurrence ID: {occurrence_id}"
        raise refuse(400, 300, f"The request could not be completed because {invalid}")

    def _chosen(self, meeting: Meeting, occurrence_ids: Iterable[str]) -> list[str]:
        """The keys of a registrant's statuses: the occurrences asked for, or the one key of everything."""
        if not meeting.registers_by_occurrence:
            return [""]
        chosen = [self._occurrence(meeting, occurrence_id).occurrence_id for occurrence_id in occurrence_ids]
        available = [o.occurrence_id for o in meeting.occurrences if not o.deleted]
        return chosen or available[: 1 if meeting.settings["registration_type"] == 2 else None]

    def _needs_registration(self, meeting: Meeting, *, code: int) -> None:
        if meeting.approval_type == NO_REGISTRATION:
            raise refuse(400, code, f"Registration has not been enabled for this {meeting.kind}: {meeting.id}.")

    def _is_full(self, meeting: Meeting) -> bool:
        limits = [meeting.capacity, meeting.settings.get("registrants_restrict_number") or None]
        taken = sum(1 for r in meeting.registrants.values() if r.status != DENIED)
        return any(limit is not None and taken >= limit for limit in limits)

    def _add(
        self,
        meeting: Meeting,
        email: str,
        first_name: str,
        create_time: datetime,
        statuses: dict[str, str],
        details: Json,
        custom_questions: list[dict[str, str]],
        registrant_id: str = "",
    ) -> Registrant:
        pin = self._chance.randrange(100_000, 1_000_000)
        registrant = Registrant(
            registrant_id or self._key(), email, first_name, create_time, self._key(), pin, statuses, details,
            custom_questions,
        )  # fmt: skip
        meeting.registrants[registrant.id] = registrant
        bisect.insort(meeting.order, registrant, key=attrgetter("id"))
        meeting.listings.clear()
        return registrant

    def _remove(self, meeting: Meeting, registrant: Registrant) -> None:
        del meeting.registrants[registrant.id]
        meeting.order.remove(registrant)
        meeting.listings.clear()

    def _changed(self, meeting: Meeting, registrant: Registrant) -> None:
        registrant.rows.clear()
        meeting.listings.clear()

    def _rendered_anew(self, meeting: Meeting) -> None:
        for registrant in meeting.order:
            registrant.rows.clear()


def _key(chance: random.Random) -> str:
    """Sixteen bytes the way Zoom writes its ids: 22 characters of URL-safe base64."""
    return base64.urlsafe_b64encode(chance.randbytes(16)).decode().rstrip("=")


def _field_problems(email: str, first_name: str, fields: Mapping[str, Any]) -> list[dict[str, str]]:
    problems = []
    if "@" not in email or len(email) > 128:
        problems.append({"field": "email", "message": "Enter a valid email address."})
    if not first_name or len(first_name) > 64:
        problems.append({"field": "first_name", "message": "Enter a first name of up to 64 characters."})
    if len(str(fields.get("last_name") or "")) > 64:
        problems.append({"field": "last_name", "message": "Enter a last name of up to 64 characters."})
    return problems
