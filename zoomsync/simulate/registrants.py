"""Who registers for the account's meetings, by the form, the API or the portal, and what becomes of them.

Source: docs/zoom.md; where Zoom says nothing, the choice is marked "assumed".
"""

from __future__ import annotations

import bisect
import random
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from zoomsync.simulate import people
from zoomsync.simulate.account import locked, make_key
from zoomsync.simulate.meetings import Meetings
from zoomsync.simulate.objects import (
    APPROVED,
    AUTOMATIC,
    DENIED,
    NO_REGISTRATION,
    PENDING,
    STANDARD_QUESTIONS,
    STATUSES,
    Json,
    Meeting,
    Registrant,
)
from zoomsync.simulate.paging import Page
from zoomsync.simulate.refusal import Refusal, refuse

PEOPLE_A_STATUS_CALL = 30
STATUS_CHANGES_A_DAY = 10  # for one registrant
REGISTRATIONS_A_DAY = 3  # for one registrant, by the API


class Registrants(Meetings):
    """People register, cancel, are approved, denied, deleted and listed."""

    @locked
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

    @locked
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

    @locked
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

    @locked
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
                    id=make_key(chance),
                    email=person.pop("email"),
                    first_name=person.pop("first_name"),
                    custom_questions=person.pop("custom_questions"),
                    create_time=meeting.created_at + timedelta(seconds=chance.randint(0, span_s)),
                    link_token=make_key(chance),
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

    @locked
    def cancel_by_self(self, meeting_id: int, email: str) -> None:
        """The registrant follows the link in the mail: gone from every list, the address free. KeyError if unknown."""
        meeting, registrant = self.meetings[meeting_id], self.find_registrant(meeting_id, email)
        self._remove(meeting, registrant)
        self._tell("registration_cancelled", meeting, registrant)

    @locked
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

    @locked
    def change_status(self, meeting_id: int, registrant: Registrant, status: str, occurrence_id: str = "") -> None:
        """The portal's way: no limit counts. Without an occurrence, for all the registrant chose."""
        meeting = self.meetings[meeting_id]
        changed = [occurrence_id] if occurrence_id and meeting.registers_by_occurrence else list(registrant.statuses)
        registrant.statuses.update(dict.fromkeys(changed, status))
        self._changed(meeting, registrant)
        if status in (APPROVED, DENIED):
            self._tell(f"registration_{status}", meeting, registrant)

    @locked
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

    @locked
    def registrant(self, kind: str, meeting_id: str | int, registrant_id: str) -> Registrant:
        """Raises Refusal."""
        found = self.meeting(kind, meeting_id).registrants.get(registrant_id)
        if found is None:
            invalid = "The value that you entered for the Registrant ID field is invalid."
            raise refuse(400, 300, f"{invalid} Enter a valid value and try again.")
        return found

    @locked
    def find_registrant(self, meeting_id: int, email: str) -> Registrant:
        """By address, whatever the case. KeyError if nobody has it."""
        address = email.strip().lower()
        for registrant in self.meetings[meeting_id].registrants.values():
            if registrant.address == address:
                return registrant
        raise KeyError(email)

    @locked
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


def _field_problems(email: str, first_name: str, fields: Mapping[str, Any]) -> list[dict[str, str]]:
    problems = []
    if "@" not in email or len(email) > 128:
        problems.append({"field": "email", "message": "Enter a valid email address."})
    if not first_name or len(first_name) > 64:
        problems.append({"field": "first_name", "message": "Enter a first name of up to 64 characters."})
    if len(str(fields.get("last_name") or "")) > 64:
        problems.append({"field": "last_name", "message": "Enter a last name of up to 64 characters."})
    return problems
