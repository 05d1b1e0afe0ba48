"""The calendar entry that goes with a message: one `.ics` a session, with the reader's own link in it.

`icalendar` writes what all readers of a session share; the few lines that are somebody's own are put in here. One
session a file, because a CANCEL may hold one UID only (RFC 5546, 3.2.5) and some programs take the first entry alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from icalendar import Alarm, Calendar, vCalAddress, vText
from icalendar import Event as CalendarEvent

from zoomsync.clock import to_utc
from zoomsync.domain.records import Event, EventStatus, Registrant, Session
from zoomsync.mail.headers import digest_of
from zoomsync.mail.message import Attachment
from zoomsync.text import clean

_ALARM_BEFORE = timedelta(minutes=30)
_OPENING = b"BEGIN:VEVENT\r\n"
_PRODID = "-//zoomsync//zoomsync//EN"


def calendar_entry(
    event: Event,
    session: Session,
    registrant: Registrant,
    *,
    now: datetime,
    description: str,
    cancel: bool,
    number: int = 1,
) -> Attachment:
    """`invite.ics` for one registrant and session (`invite-2.ics` for the second session of a message).

    The UID follows from meeting, registrant and session, so that a later entry replaces an earlier one; the session's
    `sequence` says which is later. description: plain text in the event's language. cancel: METHOD is CANCEL instead
    of PUBLISH, in the file and in the MIME header alike.
    """
    own = [
        f"UID:{entry_uid(registrant, session)}",
        f"DTSTAMP:{to_utc(now):%Y%m%dT%H%M%SZ}",
        f"DESCRIPTION:{_escaped(description)}",
    ]
    if registrant.join_url and not cancel:
        own.append(f"LOCATION:{_escaped(registrant.join_url)}")
    head, rest = _shared_lines(event, session, cancel)
    method = "CANCEL" if cancel else "PUBLISH"
    return Attachment(
        filename="invite.ics" if number == 1 else f"invite-{number}.ics",
        content_type=f"text/calendar; charset=utf-8; method={method}",
        data=b"".join([head, *map(_folded, own), rest]),
    )


def entry_uid(registrant: Registrant, session: Session) -> str:
    """The entry's UID: the same for one registrant and session for good, and telling nothing about either."""
    return f"{digest_of(f'{registrant.meeting_id}/{registrant.registrant_id}/{session.key}')}@zoomsync"


def public_calendar(event: Event, sessions: Sequence[Session]) -> bytes:
    """All sessions of an event for everybody, without anybody's link: for a web page to offer.

    Equal while nothing changes: DTSTAMP is when a session was last changed, as far as the database knows.
    """
    calendar = Calendar()
    calendar.add("prodid", _PRODID)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for session in sessions:
        cancelled = session.cancelled or event.status is EventStatus.CANCELLED
        entry = CalendarEvent()
        entry.add("uid", f"{digest_of(f'{session.meeting_id}/{session.key}')}@zoomsync")
        entry.add("dtstamp", session.moved_at or session.first_seen_at)
        entry.add("summary", _summary(event, session))
        entry.add("dtstart", session.starts_at)
        entry.add("dtend", session.ends_at)
        entry.add("sequence", session.sequence)
        entry.add("status", "CANCELLED" if cancelled else "CONFIRMED")
        entry["organizer"] = _organizer(event)
        if event.page_url:
            entry.add("url", event.page_url)
        calendar.add_component(entry)
    return bytes(calendar.to_ical())


@lru_cache(maxsize=256)
def _shared_lines(event: Event, session: Session, cancel: bool) -> tuple[bytes, bytes]:
    """Everything up to and including BEGIN:VEVENT, and everything after the lines that are somebody's own."""
    summary = _summary(event, session)
    entry = CalendarEvent()
    entry.add("summary", summary)
    entry.add("dtstart", session.starts_at)
    entry.add("dtend", session.ends_at)
    entry.add("sequence", session.sequence)
    entry.add("status", "CANCELLED" if cancel else "CONFIRMED")
    entry["organizer"] = _organizer(event)
    if not cancel:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("trigger", -_ALARM_BEFORE)
        alarm.add("description", summary)
        entry.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", _PRODID)
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if cancel else "PUBLISH")
    calendar.add_component(entry)
    head, opening, rest = calendar.to_ical().partition(_OPENING)
    return head + opening, rest


def _organizer(event: Event) -> vCalAddress:
    organizer = vCalAddress(f"mailto:{event.organizer.email}")
    organizer.params["CN"] = vText(clean(event.organizer.name).replace('"', "'"))
    return organizer


def _summary(event: Event, session: Session) -> str:
    title, own = clean(event.title), clean(session.title)
    return f"{title}: {own}" if own and own != title else title


def _escaped(text: str) -> str:
    return vText(text).to_ical().decode()


def _folded(line: str) -> bytes:
    """One content line in pieces of at most 75 octets, cut between characters (RFC 5545, 3.1)."""
    pieces, rest = [], line.encode()
    limit = 75
    while len(rest) > limit:
        cut = limit
        while rest[cut] & 0xC0 == 0x80:  # within a character of several octets
            cut -= 1
        pieces.append(rest[:cut])
        rest, limit = rest[cut:], 74  # the blank that continues a line counts
    return b"\r\n ".join([*pieces, rest]) + b"\r\n"
