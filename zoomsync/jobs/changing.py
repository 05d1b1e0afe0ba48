"""What would follow if an event's file said something else: who would be told, what would be taken back. Nothing is
written.

The files themselves are changed in `events`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from zoomsync import words
from zoomsync.domain.calls import CALLED_OFF, MOVED
from zoomsync.domain.capacity import Batch
from zoomsync.domain.records import Event, OutboxState
from zoomsync.domain.sessions import follow_sessions
from zoomsync.domain.timeline import MailGroup
from zoomsync.jobs.planning import plans_of
from zoomsync.language import _
from zoomsync.store import events as stored_events
from zoomsync.store import registrants as stored
from zoomsync.store.schema import Database


@dataclass(slots=True)
class Foreseen:
    """told: how many get a notice that is new (`moved`, `called_off`). withdrawn: unsent messages that are taken back.

    mail: all messages that would be planned anew, in groups; batches: of them, those to be sent. pulled: somebody is
    known at all.
    """

    told: int = 0
    withdrawn: int = 0
    mail: list[MailGroup] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    pulled: bool = False


def foresee(event: Event, database: Database, now: datetime) -> Foreseen:
    """What planning would do at `now` if the event's file said what `event` says. Raises StoreError."""
    found = Foreseen()
    with database.read() as db:
        known = stored_events.load_stored(db, event.slug)
        if known is None:
            return found
        found.pulled = stored.last_complete_pull_at(db, known.id) is not None
        sessions = follow_sessions(event, (), stored_events.sessions_of(db, known.id), now).sessions
        groups: Counter[tuple[str, str, str, datetime, datetime, OutboxState, str]] = Counter()
        for plan in plans_of(db, event, known, now, sessions=sessions):
            for one in (*plan.planned, *(change.message for change in plan.changed)):
                key = one.key
                if one.state is OutboxState.CANCELLED:
                    found.withdrawn += 1
                    continue
                if one.state is OutboxState.PENDING and key.kind in (MOVED, CALLED_OFF):
                    found.told += 1
                groups[key.session_key, key.kind, key.occasion, one.due_at, one.expires_at, one.state, one.reason] += 1
    found.mail = [
        MailGroup(session_key, kind, occasion, state, count, due_at, None, reason)
        for (session_key, kind, occasion, due_at, _expires, state, reason), count in groups.items()
    ]
    by_key = {one.key: one for one in sessions}
    for (session_key, kind, _occasion, due_at, expires_at, state, _reason), count in groups.items():
        if state is OutboxState.PENDING:
            session = by_key.get(session_key)
            title, starts_at = (session.title, session.starts_at) if session else ("", expires_at)
            found.batches.append(Batch(event.slug, title, kind, count, due_at, expires_at, starts_at))
    return found


def left_to_do_on_move(event: Event, number: int) -> list[str]:
    """What no command does after a session (its place in the file, from 1) was moved there, a line each."""
    todo = [
        _(
            "on Zoom: give {meeting} the new time too, and then zoomsync sync {slug}. While "
            "file and Zoom are more than an hour apart, this session's mail waits, the notice of "
            "the move included"
        ).format(meeting=_meeting_of(event, number), slug=event.slug)
    ]
    return [*todo, *_on_the_page(event, _("write the new time"))]


def left_to_do_on_cancel(event: Event, number: int | None, *, announced: bool) -> list[str]:
    """What no command does after a session, or (None) the whole event, was cancelled in the file, a line each."""
    where, page = _meeting_of(event, number), _on_the_page(event, _("say that it does not take place"))
    sent = _("once the notices have gone out (zoomsync outbox list), ") if announced else ""
    if number is None:
        only = _(" Not sooner: without the meeting the event's mail waits") if announced else ""
        return [_("on Zoom: {sent}delete {where}.{only}").format(sent=sent, where=where, only=only).rstrip("."), *page]
    own = event.sessions[number - 1]
    if own.meeting_id or own.registration_url:
        # What the file names must be there: the other sessions' mail would wait.
        return [
            _("on Zoom: leave {where} until the whole event is over, and say there that it does not take place").format(
                where=where
            ),
            *page,
        ]
    return [_("on Zoom: {sent}delete this session's occurrence of {where}").format(sent=sent, where=where), *page]


def _meeting_of(event: Event, number: int | None) -> str:
    own = event.sessions[number - 1].meeting_id if number else None
    meeting_id = own or event.zoom.meeting_id
    return words.meeting("meeting", meeting_id) if meeting_id else _("its meeting")


def _on_the_page(event: Event, what: str) -> list[str]:
    page = event.page_url or _("the page where it is announced")
    return [_("on {page}: {what}").format(page=page, what=what)]
