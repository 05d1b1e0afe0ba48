"""One person's story over all events, gathered from the database for `zoomsync explain`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.records import Event, Registrant
from zoomsync.domain.reminders import FirstSeen
from zoomsync.domain.story import Happened, Letter, Part, Presence, Scene, StoryEntry, story_of
from zoomsync.jobs.privacy import NotFound, Person, find_person
from zoomsync.store import attendance, bounces
from zoomsync.store import events as stored_events
from zoomsync.store.events import StoredEvent
from zoomsync.store.persons import Registration
from zoomsync.store.registration import deadline_of
from zoomsync.store.schema import Database


@dataclass(frozen=True, slots=True)
class Chapter:
    """One registration's story. language, timezone: the event's."""

    event: str
    title: str
    language: str
    timezone: str
    registrant: Registrant
    entries: tuple[StoryEntry, ...]


def explain(
    email: str, *, database: Database, file_of: Callable[[StoredEvent], Event | None], now: datetime
) -> list[Chapter] | NotFound:
    """The story of whoever has this address, a chapter for each registration, the oldest first.

    file_of: gives an event's file; None where it cannot be read (any more), and then no reminder is missed.
    Raises StoreError.
    """
    person = find_person(database, email)
    if isinstance(person, NotFound):
        return person
    with database.read() as db:
        known = {one.id: one for one in stored_events.all_stored(db)}
        bounced = bounces.is_bounced(db, person.email)
        chapters = []
        for one in person.registrations:
            event = known[one.event_id]
            file = file_of(event)
            entries: list[StoryEntry] = []
            if file is not None:
                scene = replace(_scene(db, event, file), bounced=bounced)
                entries = story_of(_part(person, one), scene, now)
            about = (event.slug, event.title, event.language, event.timezone)
            chapters.append(Chapter(*about, one.registrant, tuple(entries)))
    return chapters


def _part(person: Person, one: Registration) -> Part:
    opted_out = next((word for word in person.opt_outs if word.event == one.event), None)
    return Part(
        row_id=one.row_id,
        registrant=one.registrant,
        first_seen_at=one.first_seen_at,
        happened=[Happened(*change) for change in one.changes],
        letters=[
            Letter(
                letter.key,
                letter.entry.session,
                letter.entry.state,
                letter.entry.reason,
                letter.entry.due_at,
                letter.entry.expires_at,
                letter.entry.sent_at,
                len(letter.tries),
                letter.tries[-1].words if letter.tries else "",
            )
            for letter in one.letters
        ],
        opted_out_at=opted_out.at if opted_out else None,
        via=opted_out.via if opted_out else "",
    )


def _scene(db: DbSession, event: StoredEvent, file: Event) -> Scene:
    leads = {kind.partition(":")[2]: seen for kind, seen in event.leads_seen.items()}
    found = attendance.attendance_of_event(db, event.id)
    return Scene(
        event=file,
        sessions=stored_events.sessions_of(db, event.id),
        deadline=deadline_of(db, event.id, file.registration_deadline),
        first_seen=FirstSeen(event.first_seen_at, leads),
        came={
            one.session.key: {
                came.registrant.row_id: Presence(came.minutes, came.share, came.present) for came in one.came
            }
            for one in found
        },
        paused=event.paused_at is not None,
    )
