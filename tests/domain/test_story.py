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
CALLED_OFF = make_event(status=EventStatus.CANCELLED)
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


AT = SEEN + timedelta(days=1)


def told_of(change: str, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None) -> Any:
    """What one line of the audit is told as: (what, its values); None where it is not told."""
    line = Happened(AT, change, "ana", before or {}, after or {})
    found = [one for one in tell(SESSION_2, happened=[line]) if one.at == AT]
    return (found[0].told, dict(found[0].values)) if found else None


def test_each_change_is_told_as_what_it_is() -> None:
    pending, approved = {"status": "pending"}, {"status": "approved"}
    assert told_of("added", after=pending) == (Told.STATUS, {"status": "pending"})
    assert told_of("added") is None
    assert told_of("updated", pending, approved) == (Told.STATUS, {"status": "approved", "was": "pending"})
    assert told_of("updated", {"email": "a@b"}, {"email": "c@d"}) == (Told.ADDRESS, {"was": "a@b"})
    assert told_of("updated", {"join_url": "x"}, {"join_url": "y"}) == (Told.LINK, {})
    assert told_of("updated", {"answers": ()}, {"answers": ()}) is None
    assert told_of("cancelled", approved, {"status": "cancelled"}) == (Told.GONE, {})
    assert told_of("reinstated", {"status": "cancelled"}, approved) == (Told.BACK, {"status": "approved"})
    assert told_of("held") == (Told.HELD, {})
    assert told_of("approve asked") == (Told.ASKED, {"action": "approve", "actor": "ana"})
    assert told_of("confirmed") == (Told.CONFIRMED, {"actor": "ana"})
    assert told_of("reminders not wanted") == (Told.BY_HAND, {"change": "reminders not wanted", "actor": "ana"})


def test_an_opt_out_is_told_once() -> None:
    line = Happened(AT, "reminders not wanted", "ana", {}, {})
    entries = tell(SESSION_2, happened=[line], opted_out_at=AT, via="link")
    assert [one for one in entries if one.at == AT] == [StoryEntry(AT, Told.OPTED_OUT, {"via": "link"})]
    other = Happened(AT, "mail came back", "ana", {}, {})
    assert len([one for one in tell(SESSION_2, happened=[other], opted_out_at=AT) if one.at == AT]) == 2


def test_a_registration_is_told_with_when_it_was_first_seen() -> None:
    registered_at = SEEN + timedelta(minutes=5)
    assert tell(registered_at=registered_at, of=scene(sessions=()))[:2] == [
        StoryEntry(registered_at, Told.REGISTERED),
        StoryEntry(SEEN + timedelta(hours=1), Told.FIRST_SEEN),
    ]
    (only,) = tell(registered_at=None, of=scene(sessions=()))
    assert only.told is Told.FIRST_SEEN
    late = [one for one in tell(registered_at=DEADLINE + FIVE_HOURS) if one.told is Told.REGISTERED_LATE]
    assert late == [
        StoryEntry(DEADLINE + FIVE_HOURS, Told.REGISTERED_LATE, {"minutes": 300, "deadline": DEADLINE}),
    ]


def test_a_message_is_told_with_all_that_is_known_of_it() -> None:
    sent_at = SESSION_1 - timedelta(minutes=58)
    sent = letter(state=OutboxState.SENT, sent_at=sent_at, tries=2, words="250 ok")
    (one,) = [one for one in tell(SESSION_2, sent) if one.told is Told.MESSAGE]
    assert one == StoryEntry(
        sent_at,
        Told.MESSAGE,
        {
            "kind": "before:1h",
            "session": "Sesión 1",
            "state": "sent",
            "reason": "",
            "due_at": SESSION_1 - timedelta(hours=1),
            "tries": 2,
            "words": "250 ok",
            "hindered": "",
        },
    )
    (one,) = [one for one in tell(SESSION_2, letter(state=OutboxState.SENT)) if one.told is Told.MESSAGE]
    assert one.at == SESSION_1 - timedelta(hours=1), "when it was due, where no other time is known"
    failed = letter(state=OutboxState.FAILED, sent_at=sent_at)
    (one,) = [one for one in tell(SESSION_2, failed, of=scene(paused=True)) if one.told is Told.MESSAGE]
    assert (one.at, one.values["hindered"]) == (SESSION_1 - timedelta(hours=1), "")


@pytest.mark.parametrize(
    ("kind", "changes", "of", "why"),
    [
        ("called_off", {"status": RegistrantStatus.PENDING}, {}, ""),
        ("announce", {"status": RegistrantStatus.PENDING}, {}, ""),
        ("late", {"status": RegistrantStatus.PENDING}, {}, ""),
        ("late", {"status": RegistrantStatus.DENIED}, {}, Why.NOT_APPROVED),
        ("moved", {"status": RegistrantStatus.PENDING}, {}, Why.NOT_APPROVED),
        ("before:1h", {}, {"event": make_event(status=EventStatus.DRAFT)}, Why.DRAFT),
        ("welcome", {"opted_out_at": SEEN}, {}, Why.OPTED_OUT),
        ("announce", {"opted_out_at": SEEN}, {}, ""),
        ("before:1h", {"status": RegistrantStatus.PENDING, "opted_out_at": SEEN}, {"paused": True}, Why.NOT_APPROVED),
        ("before:1h", {}, {"event": CALLED_OFF}, Why.EVENT_CANCELLED),
        ("called_off", {}, {"event": CALLED_OFF}, ""),
        ("announce", {}, {"event": CALLED_OFF}, ""),
        ("before:1h", {}, {"sessions": (replace(SESSIONS[0], cancelled=True),)}, Why.SESSION_CANCELLED),
        ("called_off", {}, {"sessions": (replace(SESSIONS[0], cancelled=True, times_held=True),)}, ""),
        *((kind, {"join_url": ""}, {}, Why.NO_LINK) for kind in ("before:1h", "welcome", "moved", "resend")),
        *((kind, {"join_url": ""}, {}, "") for kind in ("after:2h", "called_off", "announce", "late", "certificate")),
    ],
)
def test_a_notice_is_kept_by_less_than_a_reminder(
    kind: str, changes: dict[str, Any], of: dict[str, Any], why: str
) -> None:
    assert hindered(tell(NOON_BEFORE, letter(kind), of=scene(**of), **changes)) == [why]
    put_off = letter(kind, state=OutboxState.DEFERRED)
    assert hindered(tell(NOON_BEFORE, put_off, of=scene(**of), **changes)) == [why]


def test_a_reminder_that_is_missing_is_told_with_the_moment_it_was_for() -> None:
    (one,) = [
        one
        for one in tell(NOON_BEFORE, of=scene(sessions=SESSIONS[:1]))
        if one.told is Told.REMINDER_MISSING and one.values["kind"] == "before:1h"
    ]
    moment = SESSION_1 - timedelta(hours=1)
    assert one == StoryEntry(
        moment,
        Told.REMINDER_MISSING,
        {"kind": "before:1h", "session": "Sesión 1", "why": "not_planned", "moment": moment},
    )


def test_a_reminder_whose_time_was_over_or_that_a_move_took_along_is_told_so() -> None:
    assert missing(tell(SESSION_1))["Sesión 1", "before:1h"] == Why.PASSED
    moved = replace(SESSIONS[0], moved_at=NOON_BEFORE, previous_starts_at=SESSION_2)
    why = missing(tell(NOON_BEFORE + timedelta(hours=9), of=scene(sessions=(moved,))))
    assert why == {("Sesión 1", "before:1d 17:00"): Why.NOT_PLANNED, ("Sesión 1", "before:1h"): Why.NOT_PLANNED}
    moved = replace(moved, moved_at=SESSION_1 - timedelta(minutes=30))
    assert missing(tell(SESSION_1, of=scene(sessions=(moved,))))["Sesión 1", "before:1h"] == Why.MOVED


def test_no_reminder_is_missing_for_a_session_of_anothers_nor_one_after_a_cancelled_one() -> None:
    event = make_event(reminders=Reminders(before=(make_lead("1h"),), after=(make_lead("2h"),)))
    others = replace(SESSIONS[1], meeting_id="999")
    found = missing(tell(of=scene(event=event, sessions=(SESSIONS[0], others))))
    assert set(found) == {("Sesión 1", "before:1h"), ("Sesión 1", "after:2h")}
    off = replace(SESSIONS[0], cancelled=True)
    assert missing(tell(of=scene(event=event, sessions=(off,)))) == {
        ("Sesión 1", "before:1h"): Why.SESSION_CANCELLED,
    }
    there = missing(tell(NOON_BEFORE, letter("after:2h"), of=scene(event=event, sessions=SESSIONS[:1])))
    assert set(there) == {("Sesión 1", "before:1h")}


def test_what_goes_to_those_who_came_is_missing_at_its_own_moment() -> None:
    event = make_event(reminders=Reminders(before=(), after=(make_lead("2h"),)))
    (one,) = [one for one in tell(of=scene(event=event, sessions=SESSIONS[:1])) if one.told is Told.REMINDER_MISSING]
    assert one == StoryEntry(
        SESSION_1 + FIVE_HOURS + timedelta(hours=2),
        Told.REMINDER_MISSING,
        {"kind": "after:2h", "session": "Sesión 1", "why": "attendance"},
    )


def attendance(entries: list[StoryEntry]) -> list[StoryEntry]:
    return [one for one in entries if one.told in (Told.ATTENDANCE_OPEN, Told.CAME, Told.DID_NOT_COME)]


def test_attendance_is_told_at_the_end_of_each_session_of_theirs() -> None:
    ended = SESSION_1 + FIVE_HOURS
    theirs = scene(sessions=SESSIONS[:1])
    assert attendance(tell(ended - timedelta(seconds=1), of=theirs)) == []
    assert attendance(tell(ended, of=theirs)) == [StoryEntry(ended, Told.ATTENDANCE_OPEN, {"session": "Sesión 1"})]
    came: dict[str, dict[int, Presence]] = {"s1": {1: Presence(150, 0.5, present=True)}}
    assert attendance(tell(ended, of=replace(theirs, came=came))) == [
        StoryEntry(ended, Told.CAME, {"session": "Sesión 1", "minutes": 150, "share": 50, "present": 1})
    ]
    assert attendance(tell(ended, of=replace(theirs, came={"s1": {2: came["s1"][1]}}))) == [
        StoryEntry(ended, Told.DID_NOT_COME, {"session": "Sesión 1"})
    ]
    for other in ({"meeting_id": "999"}, {"cancelled": True}):
        sessions = (replace(SESSIONS[0], **other), SESSIONS[1])
        assert [
            one.values["session"] for one in attendance(tell(SESSION_2 + FIVE_HOURS, of=scene(sessions=sessions)))
        ] == ["Sesión 2"]


def test_of_an_occurrence_only_its_own_session_is_told() -> None:
    sessions = tuple(replace(one, occurrence_id=f"o{number}") for number, one in enumerate(SESSIONS, start=1))
    registrant = make_registrant(occurrence_id="o2")
    entries = tell(SESSION_2 + FIVE_HOURS, of=scene(sessions=sessions), registrant=registrant)
    assert [one.values["session"] for one in attendance(entries)] == ["Sesión 2"]
    assert {session for session, _ in missing(entries)} == {"Sesión 2"}


def holds(entries: list[StoryEntry]) -> list[Told]:
    return [one.told for one in entries if one.at is None]


def test_what_holds_comes_last_while_a_session_is_to_come() -> None:
    trouble = scene(paused=True, bounced=True)
    waits = tell(NOON_BEFORE, of=trouble, status=RegistrantStatus.PENDING)
    assert holds(waits) == [one.told for one in waits[-3:]] == [Told.WAITS_FOR_APPROVAL, Told.PAUSED, Told.BOUNCED]
    assert holds(tell(NOON_BEFORE, join_url="")) == [Told.NO_LINK]
    assert holds(tell(NOON_BEFORE, join_url="", status=RegistrantStatus.DENIED)) == []
    assert holds(tell(SESSION_2 - timedelta(seconds=1), of=trouble)) == [Told.PAUSED, Told.BOUNCED]
    assert holds(tell(SESSION_2, of=trouble)) == []
    off = tuple(replace(one, cancelled=True) for one in SESSIONS)
    assert holds(tell(NOON_BEFORE, of=replace(trouble, sessions=off))) == []


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
