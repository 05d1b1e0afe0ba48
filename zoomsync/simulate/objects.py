"""What a Zoom account holds, and how Zoom writes each thing as JSON.

Values and their rendering alone. Who may do what to them, and when: `world`.
Source: docs/zoom.md and Zoom's OpenAPI document "Meetings".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

Json = dict[str, Any]

APPROVED, PENDING, DENIED = "approved", "pending", "denied"
STATUSES = (PENDING, APPROVED, DENIED)
AUTOMATIC, MANUAL, NO_REGISTRATION = 0, 1, 2

STANDARD_QUESTIONS = (
    "last_name", "address", "city", "country", "zip", "state", "phone", "industry", "org", "job_title",
    "purchasing_time_frame", "role_in_purchase_process", "no_of_employees", "comments",
)  # fmt: skip
_WEB = "https://us06web.zoom.us"


def stamp(at: datetime) -> str:
    """A time as Zoom writes it: UTC, whole seconds, Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class User:
    """A host. type: 1 Basic, 2 Licensed."""

    id: str
    email: str
    first_name: str
    last_name: str
    timezone: str = "America/Guatemala"
    type: int = 2

    def json(self) -> Json:
        return {
            "id": self.id,
            "email": self.email,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "display_name": f"{self.first_name} {self.last_name}",
            "type": self.type,
            "timezone": self.timezone,
            "status": "active",
            "role_name": "Owner",
        }


@dataclass(slots=True)
class Occurrence:
    """One date of a series. The id stays when the date is moved. duration: minutes."""

    occurrence_id: str
    start_time: datetime
    duration: int
    deleted: bool = False

    @property
    def end_time(self) -> datetime:
        return self.start_time + timedelta(minutes=self.duration)

    def json(self) -> Json:
        return {
            "occurrence_id": self.occurrence_id,
            "start_time": stamp(self.start_time),
            "duration": self.duration,
            "status": "deleted" if self.deleted else "available",
        }


@dataclass(slots=True, eq=False)
class Registrant:
    """One registration. details: the form's standard fields; a test may put None or anything odd there.

    statuses: by occurrence id in series of registration types 2 and 3, else under "" alone.
    rows: the rendered row by status, kept because a listing of thousands is asked for again and again.
    """

    id: str
    email: str
    first_name: str
    create_time: datetime
    link_token: str
    pin: int
    statuses: dict[str, str]
    details: Json = field(default_factory=dict)
    custom_questions: list[dict[str, str]] = field(default_factory=list)
    rows: dict[str, bytes] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """Over all occurrences: approved where any is, else pending where any is, else denied."""
        return next(status for status in (APPROVED, PENDING, DENIED) if status in self.statuses.values())

    @property
    def address(self) -> str:
        return self.email.strip().lower()


@dataclass(slots=True)
class Participant:
    """One joining of an instance; who rejoins has another one with a new user_id.

    zoom_id: of who was signed in to Zoom. internal: of the host's account.
    """

    name: str
    join_time: datetime
    leave_time: datetime
    user_id: str
    registrant_id: str = ""
    user_email: str = ""  # Zoom leaves it empty for people outside the host's account
    zoom_id: str = ""
    internal: bool = False

    def json(self, *, ready: bool) -> Json:
        seconds = int((self.leave_time - self.join_time).total_seconds())
        return {
            "id": self.zoom_id,
            "user_id": self.user_id,
            "name": self.name,
            "user_email": self.user_email,
            "join_time": stamp(self.join_time),
            "leave_time": stamp(self.leave_time),
            "duration": seconds if ready else 0,
            "failover": False,
            "status": "in_meeting",
        }


@dataclass(slots=True, eq=False)
class Instance:
    """A meeting that took place. Until `ready_at` Zoom gives durations of 0."""

    uuid: str
    start_time: datetime
    end_time: datetime
    ready_at: datetime
    participants: list[Participant] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Meeting:
    """A meeting (types 2, 3, 8) or webinar (5, 6, 9), with everything that hangs on it. duration: minutes.

    capacity: registrations Zoom takes; None lifts the limit, for rehearsing larger lists.
    order: the registrants as a listing gives them, neither by time nor by name; `rotation` shifts it.
    """

    id: int
    type: int
    topic: str
    host: User
    created_at: datetime
    start_time: datetime | None
    duration: int
    timezone: str
    registration_token: str
    uuid: str
    passcode: str = "482913"
    agenda: str = ""
    settings: Json = field(default_factory=dict)
    occurrences: list[Occurrence] = field(default_factory=list)
    questions: list[Json] = field(default_factory=list)
    custom_questions: list[Json] = field(default_factory=list)
    capacity: int | None = 4999
    instances: list[Instance] = field(default_factory=list)
    registrants: dict[str, Registrant] = field(default_factory=dict)
    order: list[Registrant] = field(default_factory=list)
    rotation: int = 0
    listings: dict[tuple[str, str], list[Registrant]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return "webinar" if self.type in (5, 6, 9) else "meeting"

    @property
    def without_fixed_time(self) -> bool:
        return self.type in (3, 6)

    @property
    def approval_type(self) -> int:
        return int(self.settings["approval_type"])

    @property
    def registers_by_occurrence(self) -> bool:
        return bool(self.occurrences) and self.settings.get("registration_type") in (2, 3)

    @property
    def last_end(self) -> datetime | None:
        """When its last date is over; None for a series without fixed time."""
        if self.occurrences:
            return max((o.end_time for o in self.occurrences if not o.deleted), default=None)
        return self.start_time + timedelta(minutes=self.duration) if self.start_time else None

    @property
    def registration_url(self) -> str:
        return f"{_WEB}/{self.kind}/register/{self.registration_token}"

    def brief(self) -> Json:
        """As the list of a user's meetings shows it: without settings."""
        row = {
            "id": self.id,
            "uuid": self.uuid,
            "host_id": self.host.id,
            "topic": self.topic,
            "type": self.type,
            "duration": self.duration,
            "timezone": self.timezone,
            "created_at": stamp(self.created_at),
            "join_url": f"{_WEB}/j/{self.id}",
            "agenda": self.agenda[:250],
        }
        if self.start_time:
            row["start_time"] = stamp(self.start_time)
        return row

    def full(self, now: datetime, *, previous: bool, registration_url: bool) -> Json:
        """As GET shows it. previous: past occurrences too. registration_url: documented for creation, seen on GET."""
        body = self.brief() | {
            "agenda": self.agenda,
            "host_email": self.host.email,
            "status": "waiting",
            "password": self.passcode,
            "settings": dict(self.settings),
        }
        if self.kind == "webinar":
            del body["status"]
        if self.occurrences:
            body["occurrences"] = [o.json() for o in self.occurrences if previous or o.end_time > now]
            body["recurrence"] = {"type": 1, "repeat_interval": 1, "end_times": len(self.occurrences)}
        if registration_url and self.approval_type != NO_REGISTRATION:
            body["registration_url"] = self.registration_url
        return body

    def join_url(self, registrant: Registrant) -> str:
        """The personal link; it holds the passcode, so another passcode makes another link."""
        return f"{_WEB}/w/{self.id}?tk={registrant.link_token}&pwd={self.passcode}"

    def row(self, registrant: Registrant, status: str) -> bytes:
        """A registrant as a listing by `status` shows it. Only who is approved has a link."""
        if status not in registrant.rows:
            row: Json = {
                "id": registrant.id,
                "email": registrant.email,
                "first_name": registrant.first_name,
                **registrant.details,
                "custom_questions": registrant.custom_questions,
                "status": status,
                "create_time": stamp(registrant.create_time),
            }
            if status == APPROVED:
                row["join_url"] = self.join_url(registrant)
                if self.kind == "meeting":
                    row["participant_pin_code"] = registrant.pin
            registrant.rows[status] = msgspec.json.encode(row)
        return registrant.rows[status]

    def registered(self, registrant: Registrant) -> Json:
        """The answer to a registration."""
        answer: Json = {"id": self.id, "registrant_id": registrant.id, "topic": self.topic}
        if self.start_time:
            answer["start_time"] = stamp(self.start_time)
        if self.occurrences:
            answer["occurrences"] = [o.json() for o in self.occurrences if not o.deleted]
        if registrant.status == APPROVED:
            answer["join_url"] = self.join_url(registrant)
            if self.kind == "meeting":
                answer["participant_pin_code"] = registrant.pin
        return answer
