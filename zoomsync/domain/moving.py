"""Whether a session of an event's file may be moved or cancelled by a command, and which session was meant. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from zoomsync.domain.handwritten import Mistake
from zoomsync.domain.records import SessionSpec
from zoomsync.language import _


def session_meant(sessions: Sequence[SessionSpec], number: int | None, *, again: bool = False) -> int:
    """The number (from 1, in the file's order) of the session that is to be changed.

    number: as it was named, None where it was not. again: one that is cancelled already is meant too, where nobody was
    told. Raises Mistake.
    """
    if not sessions:
        raise Mistake(
            _("the file has no [[sessions]]: they follow Zoom."),
            _("Do it in Zoom's portal, and the sync sees it."),
        )
    if number is None and len(sessions) > 1:
        named = ", ".join(f"{no} {one.title}" for no, one in enumerate(sessions, start=1))
        raise Mistake(_("the event has several sessions."), _("Say which with --session: {named}.").format(named=named))
    wanted = number or 1
    if not 1 <= wanted <= len(sessions):
        raise Mistake(
            _("there is no session {wanted}.").format(wanted=wanted),
            _("The file has {count}.").format(count=len(sessions)),
        )
    if sessions[wanted - 1].cancelled and not (again and not sessions[wanted - 1].announce):
        raise Mistake(_("{title} is cancelled already.").format(title=sessions[wanted - 1].title))
    return wanted


def refuse_wrong_move(sessions: Sequence[SessionSpec], number: int, starts_at: datetime, now: datetime) -> datetime:
    """When a session that is moved to `starts_at` ends: it keeps its length. Raises Mistake for a move that cannot be.

    Over another session's time is one, unless each hangs on a meeting of its own.
    """
    session = sessions[number - 1]
    ends_at = starts_at + (session.ends_at - session.starts_at)
    if session.ends_at <= now:
        raise Mistake(_("{title} is over.").format(title=session.title), _("What was cannot be moved."))
    if session.starts_at <= now:
        raise Mistake(_("{title} has begun.").format(title=session.title), _("It is too late to move it."))
    if starts_at <= now:
        raise Mistake(_("that time is past."), _("Write one that is to come."))
    if starts_at == session.starts_at:
        raise Mistake(_("{title} starts then already.").format(title=session.title))
    for no, other in enumerate(sessions, start=1):
        apart = bool(session.meeting_id and other.meeting_id and session.meeting_id != other.meeting_id)
        if (
            no != number
            and not other.cancelled
            and not apart
            and starts_at < other.ends_at
            and other.starts_at < ends_at
        ):
            raise Mistake(
                _("at that time {title} takes place.").format(title=other.title),
                _("Move that one first, or choose another time."),
            )
    return ends_at
