"""One person's data: who is meant by an address, all of it handed over, all of it erased, here and on Zoom.

What is erased and what stays for the counts: `store.privacy`. What is removed for its age: `retention`.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.attendance import Participant
from zoomsync.domain.certificates import Certificate, shown_code
from zoomsync.domain.near import near_addresses
from zoomsync.domain.records import Meeting, RegistrantStatus
from zoomsync.errors import StoreError, ZoomError
from zoomsync.jobs.ports import ErasureDesk
from zoomsync.store import events as stored_events
from zoomsync.store import persons, privacy
from zoomsync.store.certificates import certificates_of_person
from zoomsync.store.persons import OptOut, Registration
from zoomsync.store.privacy import Erased
from zoomsync.store.schema import Database
from zoomsync.text import mask_email

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Person:
    """All that is held of one address. joinings: of sessions, by event's slug. meetings: of the registrations, by id.
    titles: of the events, by slug."""

    email: str
    registrations: tuple[Registration, ...]
    opt_outs: tuple[OptOut, ...]
    joinings: dict[str, list[Participant]] = field(default_factory=dict)
    certificates: tuple[Certificate, ...] = ()
    meetings: dict[str, Meeting] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)

    @property
    def on_zoom(self) -> list[Registration]:
        """The registrations that Zoom still lists, as far as the last pull knows."""
        return [one for one in self.registrations if one.registrant.status is not RegistrantStatus.CANCELLED]


@dataclass(frozen=True, slots=True)
class NotFound:
    """Nobody has this address. near: who may be meant, (address, name) each."""

    email: str
    near: tuple[tuple[str, str], ...]


def find_person(database: Database, email: str) -> Person | NotFound:
    """Whoever has this address, over all events. Raises StoreError."""
    email = email.strip().lower()
    with database.read() as db:
        rows = persons.rows_of(db, email)
        registrations = tuple(persons.registrations(db, rows))
        opt_outs = tuple(persons.opt_outs_of(db, email))
        joinings = persons.joinings_of(db, email, registrations)
        certificates = tuple(certificates_of_person(db, email))
        if not (certificates or registrations or opt_outs or joinings):
            known = persons.known_addresses(db)
            return NotFound(email, tuple((one, known[one]) for one in near_addresses(email, known)))
        meetings = {}
        for event_id in {one.event_id for one in registrations}:
            meetings.update({one.meeting_id: one for one in stored_events.meetings_of(db, event_id)})
        titles = {one.slug: one.title for one in stored_events.all_stored(db)}
    return Person(email, registrations, opt_outs, joinings, certificates, meetings, titles)


# ---------------------------------------------------------------------------------------------------------- handed over


def everything_of(person: Person, now: datetime) -> dict[str, Any]:
    """All that is held of a person, as a document that they can read themselves: names instead of our numbers."""
    return {
        "email": person.email,
        "exported_at": now,
        "registrations": [_registration(person, one) for one in person.registrations],
        "no_more_reminders": [one._asdict() for one in person.opt_outs],
        "certificates": [
            {"code": shown_code(one.code), "title": one.event_title, "name": one.name, "issued_at": one.issued_at}
            for one in person.certificates
        ],
        "in_sessions": [
            {
                "event": event,
                "meeting_id": one.meeting_id,
                "name": one.name,
                "email": one.email,
                "joined_at": one.joined_at,
                "left_at": one.left_at,
            }
            for event, joinings in person.joinings.items()
            for one in joinings
        ],
    }


def _registration(person: Person, one: Registration) -> dict[str, Any]:
    who = one.registrant
    return {
        "event": one.event,
        "title": person.titles.get(one.event, ""),
        "zoom": {
            "meeting_id": who.meeting_id,
            "occurrence_id": who.occurrence_id or None,
            "registrant_id": who.registrant_id,
        },
        "email": who.email,
        "first_name": who.first_name,
        "last_name": who.last_name,
        "status": who.status.value,
        "registered_at": who.registered_at,
        "first_seen_at": one.first_seen_at,
        "join_url": who.join_url,
        "details": dict(who.details),
        "answers": [{"question": question, "answer": answer} for question, answer in who.answers],
        "history": [change._asdict() for change in one.changes],
        "messages": [
            {
                "kind": letter.entry.kind,
                "session": letter.entry.session,
                "state": letter.entry.state.value,
                "reason": letter.entry.reason,
                "due_at": letter.entry.due_at,
                "sent_at": letter.entry.sent_at,
                "message_id": letter.entry.message_id,
                "tries": [asdict(one) | {"outcome": one.outcome.value} for one in letter.tries],
            }
            for letter in one.letters
        ],
    }


# --------------------------------------------------------------------------------------------------------------- erased


@dataclass(slots=True)
class Forgotten:
    """What became of a wish to be forgotten.

    deleted: registrations that were deleted on Zoom now; gone: those that were not there any more. problems: why
    nothing was erased, a line each. cleared: nothing is left in the file's bytes.
    """

    erased: Erased = field(default_factory=Erased)
    deleted: int = 0
    gone: int = 0
    problems: list[str] = field(default_factory=list)
    cleared: bool = True


def forget(
    person: Person, *, database: Database, now: datetime, actor: str, desk: ErasureDesk | None = None
) -> Forgotten:
    """Erase a person from every event, and, with `desk`, from Zoom first.

    Where Zoom does not delete, nothing is erased here: without their address nobody could be found there again. Twice
    finds nobody. Raises StoreError.
    """
    done = Forgotten()
    if desk is not None:
        _delete_on_zoom(person, desk, done)
        if done.problems:
            return done
    names = {text for one in person.registrations for text in _names_of(one)}
    rows = [(one.event_id, one.row_id) for one in person.registrations]

    def erase(db: DbSession) -> Erased:
        if desk is not None:
            privacy.gone_from_zoom(db, [row_id for _, row_id in rows])
        erased = privacy.erase_person(db, rows, person.email, names, now)
        for event_id in sorted({event_id for event_id, _ in rows}):
            count = sum(one == event_id for one, _ in rows)
            after = {"registrations": count}
            stored_events.write_audit(db, event_id, now, "event", event_id, "forgotten", {}, after, actor=actor)
        return erased

    done.erased = database.write(erase)
    done.cleared = clear_bytes(database)
    log.info("a person was forgotten", extra={"who": mask_email(person.email), **asdict(done.erased)})
    return done


def _delete_on_zoom(person: Person, desk: ErasureDesk, done: Forgotten) -> None:
    for one in person.on_zoom:
        who = one.registrant
        try:
            deleted = desk.delete_registrant(
                person.meetings[who.meeting_id], who.registrant_id, occurrence_id=who.occurrence_id
            )
        except ZoomError as error:
            done.problems.append(str(error))
        else:
            done.deleted += deleted
            done.gone += not deleted


def _names_of(one: Registration) -> list[str]:
    """What names the person in others' words. A first name alone is too many people's."""
    who = one.registrant
    full = who.name if who.first_name and who.last_name else ""
    addresses = [
        who.email,
        *(values.get("email", "") for change in one.changes for values in (change.before, change.after)),
    ]
    return [*addresses, who.join_url, full, *(value for name, value in who.details if name == "phone")]


def clear_bytes(database: Database) -> bool:
    """Have what was erased vanish from the database's file too. False: later, somebody was reading all the while.

    Erased is erased, whatever comes of this: trouble is told and tried again by the next retention.
    """
    with database.read() as db:
        if not privacy.bytes_owed(db):
            return True
    try:
        cleared = database.clear_freed()
    except StoreError as error:
        log.warning("what was erased is still in the free pages of the database's file: %s", error)
        return False
    if cleared:
        database.write(privacy.bytes_cleared)
    return cleared
