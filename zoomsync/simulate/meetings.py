"""The meetings and webinars of the account, as the API and the portal change them.

Who registers for them: `registrants`; what takes place: `sittings`.
Source: docs/zoom.md; where Zoom says nothing, the choice is marked "assumed".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from zoomsync.simulate.account import Account, locked
from zoomsync.simulate.limits import LIGHT
from zoomsync.simulate.objects import AUTOMATIC, NO_REGISTRATION, Meeting, Occurrence, User
from zoomsync.simulate.refusal import refuse

UPDATES_A_DAY = 100  # of meetings and webinars, for one host


class Meetings(Account):
    """Meetings are made, read, changed and moved."""

    @locked
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

    @locked
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

    @locked
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

    @locked
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

    @locked
    def move_occurrence(self, meeting_id: int, occurrence_id: str, start_time: datetime) -> None:
        self._occurrence(self.meetings[meeting_id], occurrence_id).start_time = start_time
        self._tell("updated", self.meetings[meeting_id])

    @locked
    def delete_occurrence(self, meeting_id: int, occurrence_id: str) -> None:
        self._occurrence(self.meetings[meeting_id], occurrence_id).deleted = True

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

    def _rendered_anew(self, meeting: Meeting) -> None:
        for registrant in meeting.order:
            registrant.rows.clear()
