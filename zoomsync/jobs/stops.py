"""A person's word that mail stops or goes on: of an event, to somebody, to an address that mail came back from.

Each act is one transaction with its audit; what is in hand at that moment is stopped by the mark before its body.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.records import Event, OutboxState
from zoomsync.store import bounces, outbox, reading
from zoomsync.store import events as stored_events
from zoomsync.store import registration as stored_registration
from zoomsync.store.schema import Database

_WAITING = (OutboxState.PENDING, OutboxState.DEFERRED)


@dataclass(frozen=True, slots=True)
class MailStop:
    """How an event's mail stands after `pause` or `resume`. changed: False where it stood so already.

    waiting: messages to be sent, at whatever time; due: of them, now.
    """

    event: str
    paused: bool
    changed: bool
    waiting: int
    due: int


def stop_mail(
    slug: str, event: Event | None, *, paused: bool, database: Database, now: datetime, actor: str
) -> MailStop | None:
    """Pause an event's mail, or let it go on. None where neither the database nor a file knows the event.

    event: its file, where it can be read; an event that is known already is paused without. Raises StoreError.
    """

    def write(db: DbSession) -> MailStop | None:
        known = stored_events.load_stored(db, slug)
        if known is None and event is None:
            return None
        if event is not None and known is None:
            event_id = stored_events.save_event(db, event, now)
        else:
            assert known is not None
            event_id = known.id
        changed = stored_events.set_paused(db, event_id, paused=paused, now=now, actor=actor)
        counts = outbox.counts(db, event_id)
        return MailStop(
            event=slug,
            paused=paused,
            changed=changed,
            waiting=sum(counts.get(state, 0) for state in _WAITING),
            due=reading.due_now(db, event_id, now),
        )

    return database.write(write)


@dataclass(frozen=True, slots=True)
class OptedOut:
    """What became of a word on reminders, for one event. changed: False where it stood so already."""

    event: str
    changed: bool


def opt_out(
    email: str,
    events: Sequence[Event],
    *,
    undo: bool,
    named: bool,
    database: Database,
    now: datetime,
    actor: str,
    via: str = "command",
) -> list[OptedOut]:
    """No more reminders of these events to `email`, or again; notices of changes go all the same.

    Of events that the address is registered for. undo: takes it back. named: these events were named; without, those
    where nothing changes are passed over. via: how it was said. Raises StoreError.
    """
    address = email.strip().lower()

    def write(db: DbSession) -> list[OptedOut]:
        done = []
        for event in events:
            known = stored_events.load_stored(db, event.slug)
            if known is None:
                continue
            registered = stored_registration.registrants_at(db, known.id, address)
            if not registered and not undo:
                continue
            if undo:
                changed = stored_events.undo_opt_out(db, known.id, address)
            else:
                changed = stored_events.opt_out(db, known.id, address, now=now, via=via)
            if changed:
                word = "reminders wanted again" if undo else "reminders not wanted"
                for one in registered:
                    stored_events.write_audit(db, known.id, now, "registrant", one.row_id, word, {}, {}, actor=actor)
            if changed or (named and registered):
                done.append(OptedOut(event.slug, changed))
        return done

    return database.write(write)


@dataclass(frozen=True, slots=True)
class Bounced:
    """changed: False where it stood so already. events: slugs of those the address is registered for.

    waiting: messages to it that wait, in all events.
    """

    changed: bool
    events: tuple[str, ...]
    waiting: int


def set_bounced(email: str, *, undo: bool, database: Database, now: datetime, actor: str) -> Bounced:
    """Write down that mail to `email` came back, so that nothing more goes there; or take that back.

    An address that nobody is registered with is not written down: `events` is empty then. Raises StoreError.
    """
    address = email.strip().lower()

    def write(db: DbSession) -> Bounced:
        slugs = reading.events_of_address(db, address)
        if undo:
            changed = bounces.undo_bounce(db, address, now=now, actor=actor)
        else:
            changed = bool(slugs) and bounces.write_bounce(db, address, now=now, actor=actor)
        return Bounced(changed, tuple(slugs), reading.waiting_for_address(db, address))

    return database.write(write)
