"""Whether a session of an event's file may be moved or cancelled by a command, and which session was meant. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from zoomsync.domain.handwritten import Mistake
from zoomsync.domain.records import SessionSpec


def session_meant(sessions: Sequence[SessionSpec], number: int | None, act: str, *, again: bool = False) -> int:
    """The number (from 1, in the file's order) of the session that is to be changed.

    number: as it was named, None where it was not. act: "moved" or "cancelled", for the message. again: one
    that is cancelled already is meant too, where nobody was told. Raises Mistake.
    """
    if not sessions:
        raise Mistake(
            "the file has no [[sessions]]: they follow Zoom.",
            f"A session is {act} in Zoom's portal, and the sync sees it.",
        )
    if number is None and len(sessions) > 1:
        named = ", ".join(f"{no} {one.title}" for no, one in enumerate(sessions, start=1))
        raise Mistake("the event has several sessions.", f"Say which with --session: {named}.")
    wanted = number or 1
    if not 1 <= wanted <= len(sessions):
        raise Mistake(f"there is no session {wanted}.", f"The file has {len(sessions)}.")
    if sessions[wanted - 1].cancelled and not (again and not sessions[wanted - 1].announce):
        raise Mistake(f"{sessions[wanted - 1].title} is cancelled already.")
    return wanted


def refuse_wrong_move(sessions: Sequence[SessionSpec], number: int, starts_at: datetime, now: datetime) -> datetime:
    """When a session that is moved to `starts_at` ends: it keeps its length. Raises Mistake for a move that cannot be.

    Over another session's time is one, unless each hangs on a meeting of its own.
    """
    session = sessions[number - 1]
    ends_at = starts_at + (session.ends_at - session.starts_at)
    if session.ends_at <= now:
        raise Mistake(f"{session.title} is over.", "What was cannot be moved.")
    if session.starts_at <= now:
        raise Mistake(f"{session.title} has begun.", "It is too late to move it.")
    if starts_at <= now:
        raise Mistake("that time is past.", "Write one that is to come.")
    if starts_at == session.starts_at:
        raise Mistake(f"{session.title} starts then already.")
    for no, other in enumerate(sessions, start=1):
        apart = bool(session.meeting_id and other.meeting_id and session.meeting_id != other.meeting_id)
        if (
            no != number
            and not other.cancelled
            and not apart
            and starts_at < other.ends_at
            and other.starts_at < ends_at
        ):
            raise Mistake(f"at that time {other.title} takes place.", "Move that one first, or choose another time.")
    return ends_at
