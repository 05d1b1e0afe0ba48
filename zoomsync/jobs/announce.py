"""A message of the organiser's own to some of an event's registrants: who gets it, and putting it into the outbox.

Looking changes nothing, and putting is one transaction: after a crash what is in the outbox goes on from there, and the
same words to the same people are never put in twice.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.announcing import HOLDS_FOR, Audience, Recipients, announcement_id, choose_recipients
from zoomsync.domain.calls import ANNOUNCE
from zoomsync.domain.records import Event, EventStatus, MessageKey, OutboxState, PlannedMessage
from zoomsync.errors import SettingsError
from zoomsync.language import _
from zoomsync.store import announcements as stored
from zoomsync.store import attendance, outbox_plan
from zoomsync.store import events as stored_events
from zoomsync.store import registrants as stored_registrants
from zoomsync.store.announcements import StoredText
from zoomsync.store.events import StoredEvent
from zoomsync.store.schema import Database


@dataclass(frozen=True, slots=True)
class Draft:
    """An announcement before it is sent. text: Markdown. important: also to those who want no reminders."""

    event: Event
    subject: str
    text: str
    audience: Audience
    important: bool = False

    @property
    def id(self) -> str:
        """The text's own id."""
        return announcement_id(self.subject, self.text)


def look_at(draft: Draft, *, database: Database) -> tuple[int, Recipients]:
    """The event's id of the store, and who would get the announcement now. Changes nothing.

    Raises SettingsError where it cannot be sent at all: a draft, an erased, a paused or a never pulled event, or
    attendance that is not there. Raises StoreError.
    """
    with database.read() as db:
        known = _known(db, draft.event)
        return known.id, _recipients(db, known, draft)


def put(draft: Draft, *, database: Database, now: datetime, actor: str) -> int:
    """Put one message for each recipient into the outbox, due now. Gives how many are new there.

    Raises as `look_at` does.
    """

    def write(db: DbSession) -> int:
        known = _known(db, draft.event)
        chosen = _recipients(db, known, draft)
        words = StoredText(draft.subject, draft.text)
        stored.save_announcement(db, known.id, draft.id, words, important=draft.important, now=now, actor=actor)
        planned = [PlannedMessage(MessageKey(row, "", ANNOUNCE, draft.id), now, now + HOLDS_FOR) for row in chosen.rows]
        added = outbox_plan.insert_planned(db, known.id, planned, now)
        after = {"announcement": draft.id, "to": draft.audience.value, "messages": added}
        stored_events.write_audit(db, known.id, now, "event", known.id, "announced", {}, after, actor=actor)
        return added

    return database.write(write)


def standing(draft: Draft, event_id: int, *, database: Database) -> Counter[OutboxState]:
    """How many messages of the announcement are in which state, whoever put them in."""
    with database.read() as db:
        return Counter(stored.how_they_stand(db, event_id, draft.id))


def _known(db: DbSession, event: Event) -> StoredEvent:
    known = stored_events.load_stored(db, event.slug)
    if event.status is EventStatus.DRAFT:
        raise SettingsError(
            _("{slug} is a draft, and drafts send nothing: zoomsync go-live {slug} first.").format(slug=event.slug)
        )
    if known is None or stored_registrants.last_complete_pull_at(db, known.id) is None:
        raise SettingsError(
            _("{slug} was never pulled, so nobody is known: zoomsync sync {slug} first.").format(slug=event.slug)
        )
    if known.erased_at is not None:
        raise SettingsError(
            _("The personal data of {slug} was removed: there is nobody left to write to.").format(slug=event.slug)
        )
    if known.paused_at is not None:
        raise SettingsError(_("The mail of {slug} is paused: zoomsync resume {slug} first.").format(slug=event.slug))
    return known


def _recipients(db: DbSession, known: StoredEvent, draft: Draft) -> Recipients:
    came = attendance.came_by_session_key(db, known.id) if draft.audience in _BY_ATTENDANCE else {}
    if draft.audience in _BY_ATTENDANCE and not came:
        raise SettingsError(
            _("Nobody knows yet who came to {slug}: zoomsync attendance {slug} pulls it after a session.").format(
                slug=known.slug
            )
        )
    return choose_recipients(
        stored.candidates(db, known.id),
        draft.audience,
        came=came,
        had=stored.addresses_that_have(db, known.id, draft.id),
        important=draft.important,
    )


_BY_ATTENDANCE = (Audience.ATTENDED, Audience.ABSENT)
