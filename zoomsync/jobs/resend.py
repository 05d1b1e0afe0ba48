"""The link again for one person who asks for it: as a mail of its own, or as words to paste into a chat.

It is a new row of the outbox (`resend`), with an occasion of its own, and goes at once; also to somebody who wants no
reminders, for they asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session as DbSession

from zoomsync import words
from zoomsync.domain.calls import RESEND
from zoomsync.domain.records import (
    Event,
    EventStatus,
    MessageKey,
    PlannedMessage,
    Registrant,
    RegistrantStatus,
    Session,
)
from zoomsync.domain.sessions import sessions_ahead
from zoomsync.language import _
from zoomsync.store import bounces, outbox_plan
from zoomsync.store import events as stored_events
from zoomsync.store import registrants as stored
from zoomsync.store import registration as stored_registration
from zoomsync.store.schema import Database
from zoomsync.text import mask_email


@dataclass(frozen=True, slots=True)
class Link:
    """Somebody's link to an event. sessions: those they may still come to, by start."""

    event: Event
    event_id: int
    row_id: int
    person: Registrant
    sessions: tuple[Session, ...]


@dataclass(slots=True)
class Links:
    """links: those that can be given. refused: why others cannot, a line each, without whole addresses.

    paused: slugs of events whose mail is paused. bounced: mail to the address came back.
    """

    links: list[Link] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    paused: list[str] = field(default_factory=list)
    bounced: bool = False


def find_links(events: Sequence[Event], email: str, *, database: Database, now: datetime) -> Links:
    """The links of everybody with this address, of these events, by what the database knows. Raises StoreError."""
    address, found = email.strip().lower(), Links()
    masked = mask_email(address)
    with database.read() as db:
        found.bounced = bounces.is_bounced(db, address)
        for event in events:
            known = stored_events.load_stored(db, event.slug)
            people = stored_registration.registrants_at(db, known.id, address) if known else []
            if known is None or not people:
                continue
            if event.status is not EventStatus.ACTIVE:
                is_draft = event.status is EventStatus.DRAFT
                found.refused.append(
                    (_("{slug} is a draft") if is_draft else _("{slug} is cancelled")).format(slug=event.slug)
                )
                continue
            if known.paused_at is not None:
                found.paused.append(event.slug)
            sessions = stored_events.sessions_of(db, known.id)
            rows = stored.registrants_by_row(db, [one.row_id for one in people])
            refused = []
            for row_id, person in rows.items():
                ahead = sessions_ahead(person, sessions, now)
                if why := _why_not(event, person, ahead, masked):
                    refused.append(why)
                else:
                    found.links.append(Link(event, known.id, row_id, person, ahead))
            if not any(link.event is event for link in found.links):
                found.refused += dict.fromkeys(refused)
    return found


def _why_not(event: Event, person: Registrant, ahead: Sequence[Session], masked: str) -> str:
    if person.status is RegistrantStatus.PENDING:
        return _(
            "{slug}: {email} waits for approval, and has no link yet: zoomsync late {slug} --approve EMAIL lets them in"
        ).format(slug=event.slug, email=masked)
    if person.status is not RegistrantStatus.APPROVED:
        return _("{slug}: {email} is {status}, and has no link any more").format(
            slug=event.slug, email=masked, status=words.registrant_status(person.status)
        )
    if not ahead:
        return _("{slug}: no session is left that {email} could come to").format(slug=event.slug, email=masked)
    if not person.join_url:
        return _("{slug}: Zoom gave no personal link for {email}: look in its portal").format(
            slug=event.slug, email=masked
        )
    return ""


def plan_resend(links: Sequence[Link], *, database: Database, now: datetime, actor: str) -> list[int]:
    """Put one message for each link into the outbox, due now, and give their numbers there. Raises StoreError."""

    def write(db: DbSession) -> list[int]:
        keys = []
        for link in links:
            known = outbox_plan.existing_of(db, link.event_id, [link.row_id])
            taken = {key.occasion for key in known if key.kind == RESEND}
            key = MessageKey(link.row_id, "", RESEND, _free(f"{now:%Y-%m-%dT%H:%M:%SZ}", taken))
            over_at = max(one.ends_at for one in link.sessions)
            outbox_plan.insert_planned(db, link.event_id, [PlannedMessage(key, now, over_at)], now)
            stored_events.write_audit(
                db, link.event_id, now, "registrant", link.row_id, "link sent again", {}, {}, actor=actor
            )
            keys.append(key)
        return outbox_plan.numbers_of(db, keys)

    return database.write(write)


def write_shown(links: Sequence[Link], *, database: Database, now: datetime, actor: str) -> None:
    """Write down that links were handed out by another way than mail. Raises StoreError."""

    def write(db: DbSession) -> None:
        for link in links:
            stored_events.write_audit(
                db, link.event_id, now, "registrant", link.row_id, "link shown", {}, {}, actor=actor
            )

    database.write(write)


def _free(occasion: str, taken: set[str]) -> str:
    """An occasion that is not taken: a clock that stands still gives the same moment twice."""
    number, free = 1, occasion
    while free in taken:
        number += 1
        free = f"{occasion} {number}"
    return free
