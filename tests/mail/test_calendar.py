"""The calendar entry, read back by a parser of the tests' own."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import SESSION_1, make_event, make_registrant, make_session
from zoomsync.domain.records import Organizer
from zoomsync.mail.calendar import calendar_entry, entry_uid
from zoomsync.mail.message import Attachment

NOW = SESSION_1 - timedelta(days=1)
LINK = make_registrant().join_url


def entry(**changes: Any) -> Attachment:
    values: dict[str, Any] = {
        "event": make_event(),
        "session": make_session(),
        "registrant": make_registrant(),
        "now": NOW,
        "description": f"Enlace personal: {LINK}\nRed Ciudadana",
        "cancel": False,
    }
    values.update(changes)
    return calendar_entry(values.pop("event"), values.pop("session"), values.pop("registrant"), **values)


def lines_of(data: bytes) -> list[tuple[str, str]]:
    """(name with parameters, value) of each content line, unfolded, text escapes undone. Checks RFC 5545, 3.1."""
    assert data.endswith(b"\r\n")
    for line in data.split(b"\r\n"):
        assert len(line) <= 75
        assert b"\n" not in line
        assert b"\r" not in line
        line.decode("utf-8")  # folding never cuts a character in two
    lines = data.decode("utf-8").replace("\r\n ", "").splitlines()
    escapes = {"n": "\n", "N": "\n"}
    split = [re.match(r'((?:[^":]|"[^"]*")*):(.*)', line) for line in lines]
    assert all(split)
    return [(m[1], re.sub(r"\\(.)", lambda e: escapes.get(e[1], e[1]), m[2])) for m in split if m]


def fields(data: bytes) -> dict[str, str]:
    """The entry's own lines, alarm left out; each may stand there once."""
    lines = lines_of(data)
    begin, end = lines.index(("BEGIN", "VEVENT")), lines.index(("END", "VEVENT"))
    alarm = lines.index(("BEGIN", "VALARM")) if ("BEGIN", "VALARM") in lines else end
    own = lines[begin + 1 : alarm]
    assert len({name for name, _ in own}) == len(own)
    return dict(own)


def test_an_entry_holds_what_a_calendar_needs() -> None:
    assert fields(entry().data) == {
        "UID": entry_uid(make_registrant(), make_session()),
        "DTSTAMP": "20230306T140000Z",
        "DTSTART": "20230307T140000Z",
        "DTEND": "20230307T190000Z",
        "SEQUENCE": "0",
        "STATUS": "CONFIRMED",
        "SUMMARY": "Encuentro de Justicia Abierta 2023: Sesión 1",
        "LOCATION": LINK,
        "DESCRIPTION": f"Enlace personal: {LINK}\nRed Ciudadana",
        'ORGANIZER;CN="Red Ciudadana"': "mailto:info@redciudadana.org.gt",
    }


def test_an_alarm_rings_half_an_hour_before() -> None:
    lines = lines_of(entry().data)
    alarm = lines[lines.index(("BEGIN", "VALARM")) : lines.index(("END", "VALARM"))]
    assert ("TRIGGER", "-PT30M") in alarm
    assert ("ACTION", "DISPLAY") in alarm


@pytest.mark.parametrize(("cancel", "method"), [(False, "PUBLISH"), (True, "CANCEL")])
def test_file_and_mime_header_name_the_same_method(cancel: bool, method: str) -> None:
    attachment = entry(cancel=cancel)
    assert ("METHOD", method) in lines_of(attachment.data)
    assert attachment.content_type == f"text/calendar; charset=utf-8; method={method}"


def test_a_cancelled_session_is_taken_out_of_the_calendar_without_link_or_alarm() -> None:
    cancelled = entry(cancel=True, session=make_session(sequence=3), description="Red Ciudadana")
    own = fields(cancelled.data)
    assert (own["STATUS"], own["SEQUENCE"], own["UID"]) == ("CANCELLED", "3", fields(entry().data)["UID"])
    assert LINK not in str(own)
    assert ("BEGIN", "VALARM") not in lines_of(cancelled.data)


def test_a_moved_session_keeps_its_uid_and_raises_its_sequence() -> None:
    later = SESSION_1 + timedelta(days=2)
    moved = make_session(starts_at=later, ends_at=later + timedelta(hours=5), sequence=1, title="Otro título")
    before, after = fields(entry().data), fields(entry(session=moved).data)
    assert after["UID"] == before["UID"]
    assert (after["SEQUENCE"], after["DTSTART"]) == ("1", "20230309T140000Z")


def test_uids_differ_between_registrants_and_sessions_and_show_neither() -> None:
    uids = {entry_uid(make_registrant(number), make_session(key=key)) for number in (1, 2) for key in ("s1", "s2")}
    assert len(uids) == 4
    assert not any("r00000" in uid for uid in uids)


def test_every_registrant_gets_their_own_link_in_the_entry_of_a_shared_session() -> None:
    for number in (1, 2):
        registrant = make_registrant(number)
        assert fields(entry(registrant=registrant).data)["LOCATION"] == registrant.join_url


def test_a_second_session_of_a_message_is_a_second_file() -> None:
    assert [entry(number=number).filename for number in (1, 2)] == ["invite.ics", "invite-2.ics"]


def test_an_hour_that_happens_twice_is_unambiguous() -> None:
    starts = SESSION_1.replace(month=11, day=5, hour=6, minute=30)  # 1:30 in New York, the second time
    session = make_session(starts_at=starts, ends_at=starts + timedelta(hours=1))
    assert fields(entry(session=session, event=make_event(timezone="America/New_York")).data)["DTSTART"] == (
        "20231105T063000Z"
    )


@given(title=st.text(max_size=120), description=st.text(max_size=300), name=st.text(max_size=60))
def test_hostile_texts_come_back_as_text(title: str, description: str, name: str) -> None:
    event = make_event(title=f"Foro {title}", organizer=Organizer(name, "info@example.org"))
    attachment = entry(event=event, description=" ".join(description.split()))
    names = [line for line, _ in lines_of(attachment.data)]
    assert names.count("UID") == names.count("DTSTART") == names.count("LOCATION") == 1
    assert fields(attachment.data)["SUMMARY"].startswith("Foro")


@pytest.mark.parametrize("letter", ["n", "ñ", "€", "😀"])
@pytest.mark.parametrize("shift", range(4))
def test_folding_never_cuts_a_character(letter: str, shift: int) -> None:
    description = "a" * shift + letter * 200
    assert fields(entry(description=description).data)["DESCRIPTION"] == description


def test_escapes_and_long_lines_survive_folding() -> None:
    title = "Ñandú; coma, barra \\ y más " * 8
    event = replace(make_event(), title=title.strip())
    session = make_session(title=title.strip())
    assert fields(entry(event=event, session=session).data)["SUMMARY"] == title.strip()
