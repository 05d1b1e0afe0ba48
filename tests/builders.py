"""Values for tests: each builder gives a complete, believable value and takes what the test is about."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from zoomsync.domain.records import (
    Event,
    Lead,
    Meeting,
    Organizer,
    Registrant,
    RegistrantStatus,
    Reminders,
    Session,
    SessionSpec,
    ZoomKind,
    ZoomPart,
)

MEETING_ID = "81234567890"
DEADLINE = datetime(2023, 3, 6, 6, 0, tzinfo=UTC)  # the end of 5 March in Guatemala
SESSION_1 = datetime(2023, 3, 7, 14, 0, tzinfo=UTC)  # 8:00 in Guatemala
SESSION_2 = datetime(2023, 3, 8, 14, 0, tzinfo=UTC)
FIVE_HOURS = timedelta(hours=5)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def make_event(**changes: Any) -> Event:
    """The model event: two sessions on one meeting, deadline at the end of 5 March 2023 in Guatemala."""
    event = Event(
        slug="justicia-abierta-2023",
        title="Encuentro de Justicia Abierta 2023",
        timezone="America/Guatemala",
        registration_deadline=DEADLINE,
        organizer=Organizer(name="Red Ciudadana", email="info@redciudadana.org.gt"),
        zoom=ZoomPart(meeting_id=MEETING_ID),
        sessions=(
            SessionSpec(title="Sesión 1", starts_at=SESSION_1, ends_at=SESSION_1 + FIVE_HOURS),
            SessionSpec(title="Sesión 2", starts_at=SESSION_2, ends_at=SESSION_2 + FIVE_HOURS),
        ),
        reminders=Reminders(
            before=(make_lead("1d 17:00"), make_lead("1h")),
        ),
        page_url="https://redciudadana.org/",
        file_hash="0" * 64,
    )
    return replace(event, **changes)


def make_lead(text: str) -> Lead:
    """A Lead from the words of an event file, spelt out here so that the reader of files is not what tests rely on."""
    if text.endswith("h"):
        return Lead(text, exact=timedelta(hours=int(text[:-1])))
    if text.endswith("m"):
        return Lead(text, exact=timedelta(minutes=int(text[:-1])))
    days, _, at = text.partition("d")
    if at.strip():
        hour, minute = at.strip().split(":")
        return Lead(text, days=int(days), at=datetime(2000, 1, 1, int(hour), int(minute), tzinfo=UTC).time())
    return Lead(text, days=int(days))


def make_session(**changes: Any) -> Session:
    """The first session of the model event, first seen when it was announced."""
    session = Session(
        key="s1",
        title="Sesión 1",
        starts_at=SESSION_1,
        ends_at=SESSION_1 + FIVE_HOURS,
        meeting_id=MEETING_ID,
        first_seen_at=utc(2023, 2, 23, 17),
    )
    return replace(session, **changes)


def make_registrant(number: int = 1, **changes: Any) -> Registrant:
    """An approved registrant of the model event; `number` keeps several apart."""
    registrant = Registrant(
        meeting_id=MEETING_ID,
        occurrence_id="",
        registrant_id=f"r{number:06d}",
        email=f"persona{number}@example.org",
        first_name="María",
        last_name=f"López {number}",
        status=RegistrantStatus.APPROVED,
        registered_at=utc(2023, 2, 24, 15) + timedelta(minutes=number),
        join_url=f"https://us06web.zoom.us/w/{MEETING_ID}?tk=personal-{number}",
        details_json='[["city","Quetzaltenango"],["phone","+502 5555 1234"]]',
        answers_json='[["Departamento","Quetzaltenango"]]',
    )
    for asked in changes.keys() & {"details", "answers"}:  # as pairs
        changes[f"{asked}_json"] = json.dumps(changes.pop(asked), ensure_ascii=False, separators=(",", ":"))
    return registrant._replace(**changes)


def make_meeting(**changes: Any) -> Meeting:
    """The model event's meeting: recurring, registered for once, approved automatically."""
    meeting = Meeting(
        meeting_id=MEETING_ID,
        kind=ZoomKind.MEETING,
        topic="Encuentro de Justicia Abierta 2023",
        type=8,
        approval_type=0,
        registration_type=1,
        host_email="anfitriona@redciudadana.org.gt",
        timezone="America/Guatemala",
        starts_at=SESSION_1,
        duration=FIVE_HOURS,
    )
    return replace(meeting, **changes)
