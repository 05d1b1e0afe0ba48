"""One person's story: every reminder has its message or the reason why there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.builders import (
    DEADLINE,
    FIVE_HOURS,
    SESSION_1,
    SESSION_2,
    make_event,
    make_lead,
    make_registrant,
    make_session,
    utc,
)
from zoomsync.domain.calls import Reason
from zoomsync.domain.records import EventStatus, MessageKey, OutboxState, RegistrantStatus, Reminders
from zoomsync.domain.registration import Deadline
from zoomsync.domain.reminders import FirstSeen
from zoomsync.domain.story import Happened, Letter, Part, Presence, Scene, StoryEntry, Told, Why, story_of
from zoomsync.reports.story import FATES, TOLD, WHY, in_words
from zoomsync.reports.words import Words

ZONE = "America/Guatemala"
SEEN = utc(2023, 2, 23, 17)
NOON_BEFORE = SESSION_1 - timedelta(hours=20)
LEADS = {"1d 17:00": SEEN, "1h": SEEN, "2h": SEEN}
SESSIONS = (
    make_session(),
    make_session(key="s2", title="Sesión 2", starts_at=SESSION_2, ends_at=SESSION_2 + FIVE_HOURS),
)


def letter(kind: str = "before:1h", session: str = "s1", **changes: Any) -> Letter:
    at = SESSION_1 - timedelta(hours=1)
    key = MessageKey(1, session, kind)
    found = Letter(key, "Sesión 1", OutboxState.PENDING, "", at, SESSION_1, None, 0, "")
    return found._replace(**changes)


def scene(**changes: Any) -> Scene:
    found = Scene(make_event(), SESSIONS, Deadline(DEADLINE, DEADLINE), FirstSeen(SEEN, LEADS))
    return replace(found, **changes)


def tell(now: datetime = NOON_BEFORE, *letters: Letter, of: Scene | None = None, **changes: Any) -> list[StoryEntry]:
    person = {name: changes.pop(name) for name in ("status", "registered_at", "join_url") if name in changes}
    part = Part(1, make_registrant(**person), SEEN + timedelta(hours=1), letters=letters)
    return story_of(replace(part, **changes), of or scene(), now)


def missing(entries: list[StoryEntry]) -> dict[tuple[Any, Any], str]:
    found = [one.values for one in entries if one.told is Told.REMINDER_MISSING]
    return {(one["session"], one["kind"]): str(one["why"]) for one in found}


def hindered(entries: list[StoryEntry]) -> list[Any]:
    return [one.values["hindered"] for one in entries if one.told is Told.MESSAGE]


# --------------------------------------------------------------------------------------------- why there is no message


def test_who_registered_after_a_moment_is_told_so() -> None:
    why = missing(tell(registered_at=SESSION_1 - timedelta(minutes=30)))
    assert why["Sesión 1", "before:1d 17:00"] == Why.REGISTERED_AFTER
    assert why["Sesión 1", "before:1h"] == Why.REGISTERED_AFTER
    assert why["Sesión 2", "before:1d 17:00"] == Why.NOT_PLANNED


@pytest.mark.parametrize(
    ("changes", "of", "why"),
    [
        ({"status": RegistrantStatus.PENDING}, {}, Why.NOT_APPROVED),
        ({"status": RegistrantStatus.CANCELLED}, {}, Why.NOT_APPROVED),
        ({"opted_out_at": SEEN}, {}, Why.OPTED_OUT),
        ({}, {"event": make_event(status=EventStatus.DRAFT)}, Why.DRAFT),
        ({}, {"event": make_event(status=EventStatus.CANCELLED)}, Why.EVENT_CANCELLED),
        ({}, {"sessions": (replace(SESSIONS[0], cancelled=True), SESSIONS[1])}, Why.SESSION_CANCELLED),
        ({}, {"first_seen": FirstSeen(SESSION_1 - timedelta(minutes=5), LEADS)}, Why.NOT_YET_KNOWN),
        ({}, {"first_seen": FirstSeen(SEEN, {"1d 17:00": SEEN})}, Why.NOT_PLANNED),
        ({}, {}, Why.NOT_PLANNED),
    ],
)
def test_each_reason_is_known(changes: dict[str, Any], of: dict[str, Any], why: Why) -> None:
    assert missing(tell(of=scene(**of), **changes))["Sesión 1", "before:1h"] == why


def test_a_message_that_is_there_is_not_missing() -> None:
    assert ("Sesión 1", "before:1h") not in missing(tell(NOON_BEFORE, letter()))


def test_what_goes_to_those_who_came_waits_for_the_attendance() -> None:
    event = make_event(reminders=Reminders(before=(), after=(make_lead("2h"),)))
    assert missing(tell(of=scene(event=event))) == dict.fromkeys(
        (("Sesión 1", "after:2h"), ("Sesión 2", "after:2h")), Why.ATTENDANCE
    )
    over = SESSION_1 + FIVE_HOURS + timedelta(hours=1)
    came: dict[str, dict[int, Presence]] = {"s1": {}}
    assert missing(tell(over, of=scene(event=event, came=came)))["Sesión 1", "after:2h"] == Why.DID_NOT_COME


# ------------------------------------------------------------------------------------------ what hinders one that waits


@pytest.mark.parametrize(
    ("changes", "of", "why"),
    [
        ({}, {}, ""),
        ({"opted_out_at": SEEN}, {}, Why.OPTED_OUT),
        ({"status": RegistrantStatus.DENIED}, {}, Why.NOT_APPROVED),
        ({"join_url": ""}, {}, Why.NO_LINK),
        ({}, {"paused": True}, Why.PAUSED),
        ({}, {"bounced": True}, Why.BOUNCED),
        ({}, {"sessions": (replace(SESSIONS[0], times_held=True), SESSIONS[1])}, Why.TIMES_HELD),
    ],
)
def test_what_keeps_a_waiting_message_is_told(changes: dict[str, Any], of: dict[str, Any], why: str) -> None:
    assert hindered(tell(NOON_BEFORE, letter(), of=scene(**of), **changes)) == [why]


def test_notices_go_to_who_wants_no_reminders() -> None:
    assert hindered(tell(NOON_BEFORE, letter("moved"), opted_out_at=SEEN)) == [""]


# ------------------------------------------------------------------------------------------------ what has happened


def test_everything_stands_at_its_moment_in_order() -> None:
    happened = [
        Happened(SEEN, "added", "sync", {}, {"status": "pending"}),
        Happened(DEADLINE, "updated", "sync", {"status": "pending"}, {"status": "approved"}),
        Happened(SESSION_1, "cancelled", "sync", {"status": "approved"}, {"status": "cancelled"}),
    ]
    entries = tell(SESSION_2, happened=happened)
    assert [one.at for one in entries if one.at] == sorted(one.at for one in entries if one.at)
    assert [one.told for one in entries if one.told in (Told.STATUS, Told.GONE)] == [
        Told.STATUS,
        Told.STATUS,
        Told.GONE,
    ]


def test_who_was_late_is_told_by_how_much() -> None:
    (late,) = [one for one in tell(registered_at=DEADLINE + timedelta(minutes=90)) if one.told is Told.REGISTERED_LATE]
    assert late.values["minutes"] == 90


def test_attendance_is_told_of_sessions_that_are_over() -> None:
    over = SESSION_2 - timedelta(hours=1)
    assert [one.told for one in tell(over)].count(Told.ATTENDANCE_OPEN) == 1
    came = {"s1": {1: Presence(280, 0.93, present=True)}}
    (told,) = [one for one in tell(over, of=scene(came=came)) if one.told is Told.CAME]
    assert (told.values["minutes"], told.values["share"]) == (280, 93)
    assert Told.DID_NOT_COME in [one.told for one in tell(over, of=scene(came={"s1": {}}))]


# -------------------------------------------------------------------------------------------------------- the words


def test_there_are_words_for_everything_in_both_languages() -> None:
    assert set(TOLD) == set(Told)
    assert set(WHY) == set(Why)
    assert set(FATES) == set(OutboxState)


@pytest.mark.parametrize(
    ("language", "state", "changes", "said"),
    [
        ("es", OutboxState.SENT, {"words": "2.0.0 ok"}, "el servidor de correo lo aceptó: «2.0.0 ok»."),
        ("en", OutboxState.FAILED, {"words": "no such user"}, "refused by the mail server: “no such user”."),
        ("es", OutboxState.SKIPPED, {"reason": Reason.SUPERSEDED.value}, "un recordatorio posterior tomó su lugar."),
        ("en", OutboxState.CANCELLED, {"reason": Reason.OPTED_OUT.value}, Reason.OPTED_OUT.value),
        ("es", OutboxState.PENDING, {}, "se enviará martes 7 de marzo de 2023, 7:00 a. m."),
    ],
)
def test_a_messages_fate_is_said_in_the_events_language(
    language: str, state: OutboxState, changes: dict[str, Any], said: str
) -> None:
    (entry,) = [one for one in tell(NOON_BEFORE, letter(state=state, **changes)) if one.told is Told.MESSAGE]
    told = in_words(entry, Words(language), ZONE, NOON_BEFORE).replace("\u00a0", " ")
    assert said in told
    assert told.startswith("1 hora antes, Sesión 1: " if language == "es" else "1 hour before, Sesión 1: ")


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_entry_can_be_said(language: str) -> None:
    happened = [
        Happened(SEEN, change, "sync", {"email": "a@b", "status": "pending"}, {"status": "denied"})
        for change in (
            "added",
            "updated",
            "cancelled",
            "reinstated",
            "held",
            "approve asked",
            "confirmed",
            "mail came back",
        )
    ]
    happened += [
        Happened(SEEN, "updated", "sync", {"email": "a@b"}, {"email": "c@d"}),
        Happened(SEEN, "updated", "sync", {"join_url": "x"}, {"join_url": "y"}),
    ]
    entries = [
        *tell(SESSION_2, happened=happened, opted_out_at=SEEN, via="link", registered_at=DEADLINE + FIVE_HOURS),
        *tell(NOON_BEFORE, status=RegistrantStatus.PENDING, of=scene(paused=True, bounced=True)),
        *tell(NOON_BEFORE, join_url=""),
        *tell(SESSION_2, of=scene(came={"s1": {1: Presence(1, 0.1, present=False)}})),
        *tell(SESSION_2, of=scene(came={"s1": {}})),
    ]
    assert {one.told for one in entries} | {Told.MESSAGE} == set(Told)
    for one in entries:
        assert "{" not in in_words(one, Words(language), ZONE, NOON_BEFORE)
