"""One request for each kind of mail that an event may send, to an invented registrant, each at its own moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from zoomsync.domain.moments import after_moment, moment
from zoomsync.domain.records import Event, Registrant, RegistrantStatus, Session
from zoomsync.mail.headers import message_id
from zoomsync.mail.render import MessageRequest

SAMPLE_LINK = "https://us06web.zoom.us/w/81234567890?tk=ejemplo"


def sample_requests(
    event: Event, sessions: Sequence[Session], now: datetime, *, to: str | None, domain: str
) -> Iterator[MessageRequest]:
    """Requests for every kind; none about a session where there are no sessions.

    to: whom to send them to, marked as a test; None for a look alone. domain: of the Message-IDs.
    """
    person = Registrant(
        meeting_id="81234567890",
        occurrence_id="",
        registrant_id="ejemplo",
        email=to or "maria@example.org",
        first_name="María",
        last_name="López",
        status=RegistrantStatus.APPROVED,
        join_url=SAMPLE_LINK,
    )

    def request(kind: str, at: datetime, *told: Session) -> MessageRequest:
        identifier = message_id(f"sample {now:%Y%m%d%H%M%S}", event.slug, person.email, "", kind, "", domain)
        return MessageRequest(event, person, kind, at, identifier, sessions=told, test=to is not None)

    zone = ZoneInfo(event.timezone)
    coming = [one for one in sessions if not one.cancelled]
    if coming:
        first = coming[0]
        for lead in event.reminders.before:
            yield request(f"before:{lead.text}", moment(lead, first.starts_at, zone), first)
        yield request("welcome", first.starts_at - timedelta(minutes=30), first)
        yield request("resend", first.starts_at - timedelta(days=4), *coming)
        moved = replace(first, previous_starts_at=first.starts_at - timedelta(days=1), moved_at=now)
        yield request("moved", first.starts_at - timedelta(days=3), moved)
        yield request("called_off", first.starts_at - timedelta(days=2), first)
        for lead in event.reminders.after:
            yield request(f"after:{lead.text}", after_moment(lead, first.ends_at, zone), first)
    yield request("late", event.registration_deadline + timedelta(hours=1))
