"""Who registered after the deadline and who else waits, and a person's word on one of them.

What zoomsync does about them by itself is in `close`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session as DbSession

from zoomsync import words
from zoomsync.clock import Clock
from zoomsync.domain.records import Event, RegistrantStatus, RunState
from zoomsync.domain.registration import Applicant, minutes_late
from zoomsync.errors import ZoomError
from zoomsync.jobs.ports import RegistrationDesk
from zoomsync.jobs.sync import SyncOutcome
from zoomsync.language import _
from zoomsync.store import events as stored_events
from zoomsync.store import registration as stored
from zoomsync.store.schema import Database
from zoomsync.text import mask_email

_BECOMES = {"approve": RegistrantStatus.APPROVED, "deny": RegistrantStatus.DENIED}


@dataclass(frozen=True, slots=True)
class Person:
    """minutes_late: None for who waits for another reason: pending from before, closed by hand, no seat."""

    applicant: Applicant
    minutes_late: int | None


@dataclass(slots=True)
class Decided:
    """What a person's decisions came to, a line each. Problems name no whole address: they may be logged."""

    done: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def list_late(event: Event, *, database: Database) -> list[Person]:
    """All who registered too late, whatever became of them, and all others who wait; oldest registration first."""
    with database.read() as db:
        known = stored_events.load_stored(db, event.slug)
        if known is None:
            return []
        deadline = stored.deadline_of(db, known.id, event.registration_deadline)
        people = stored.applicants(db, known.id, deadline)
    people.sort(key=lambda one: (one.registered_at or one.first_seen_at, one.row_id))
    return [Person(one, minutes_late(one.registered_at, deadline)) for one in people]


def decide_by_hand(
    event: Event,
    acts: Sequence[tuple[str, str]],
    *,
    database: Database,
    desk: RegistrationDesk,
    sync: Callable[[Event], SyncOutcome],
    clock: Clock,
    actor: str,
) -> Decided:
    """Approve or deny registrants by their address, and read back what came of it.

    acts: (e-mail, "approve" or "deny"). Whoever registered several times is decided upon each time. Trouble with Zoom
    is told in the answer. Raises StoreError.
    """
    decided = Decided()
    confirmed: list[Applicant] = []
    before = sync(event).run
    if before.state is not RunState.OK:
        decided.problems.append(
            _("the look at the registrants failed: {error} Nobody was approved or denied.").format(error=before.error)
        )
        return decided
    asked: list[tuple[Applicant, str]] = []
    for email, action in acts:
        asked += _ask(event, email.strip().lower(), action, database, desk, decided, confirmed)
    with database.read() as db:
        known = stored_events.load_stored(db, event.slug)
    assert known is not None, "an event is saved before anybody is listed"
    now, event_id = clock(), known.id

    def remember(db: DbSession) -> None:
        for one in confirmed:
            stored.write_confirmed(db, event_id, one, now=now, actor=actor)
        for action in _BECOMES:
            stored.write_asked(
                db, event_id, [one for one, what in asked if what == action], action, now=now, actor=actor
            )

    if asked or confirmed:
        database.write(remember)
    if not asked:
        return decided
    sync(event)
    with database.read() as db:
        statuses = stored.statuses(db, [one.row_id for one, _ in asked])
    for one, action in asked:
        if statuses.get(one.row_id) is _BECOMES[action]:
            decided.done.append(
                _("{email} is {status}, read back from Zoom").format(
                    email=one.email, status=words.registrant_status(_BECOMES[action])
                )
            )
        else:
            decided.problems.append(
                _("Zoom accepted the change and left {email} {status}: look in its portal").format(
                    email=mask_email(one.email), status=words.registrant_status(one.status)
                )
            )
    return decided


def _ask(
    event: Event,
    email: str,
    action: str,
    database: Database,
    desk: RegistrationDesk,
    decided: Decided,
    confirmed: list[Applicant],
) -> list[tuple[Applicant, str]]:
    """Ask Zoom about everybody with this address. confirmed: takes those who are as they should be already."""
    with database.read() as db:
        known = stored_events.load_stored(db, event.slug)
        found = stored.registrants_at(db, known.id, email) if known else []
        meetings = {one.meeting_id: one for one in stored_events.meetings_of(db, known.id)} if known else {}
    listed = [one for one in found if one.status is not RegistrantStatus.CANCELLED]
    if not listed:
        decided.problems.append(_("nobody with the address {email} is registered").format(email=mask_email(email)))
    asked = []
    for one in listed:
        if one.status is _BECOMES[action]:
            decided.done.append(
                _("{email} is {status} already").format(email=email, status=words.registrant_status(one.status))
            )
            confirmed.append(one)
            continue
        try:
            desk.set_registrant_status(
                meetings[one.key.meeting_id],
                action,
                [(one.key.registrant_id, one.email)],
                occurrence_id=one.key.occurrence_id,
            )
        except ZoomError as error:
            decided.problems.append(str(error))
        else:
            asked.append((one, action))
    return asked
