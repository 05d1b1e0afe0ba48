"""An event's life in one list: by moment, with counts, and with what is still to come."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.builders import DEADLINE, MEETING_ID, SESSION_1, SESSION_2, make_event, make_lead, make_session, utc
from zoomsync.domain.calls import Programmes
from zoomsync.domain.records import (
    Event,
    EventStatus,
    MessageKey,
    OutboxState,
    PlannedMessage,
    Recipient,
    RegistrantStatus,
    Reminders,
    RunCounts,
    RunState,
    SyncRun,
)
from zoomsync.domain.registration import Deadline
from zoomsync.domain.reminders import Change, Plan
from zoomsync.domain.timeline import (
    AttendanceFact,
    Entry,
    EntryKind,
    Erasure,
    MailGroup,
    RegistrationAct,
    as_planned,
    for_nobody_yet,
    left_out_of,
    timeline,
)

FIRST_SEEN = utc(2023, 2, 23, 17)
BOTH = (make_session(), make_session(key="s2", title="Sesión 2", starts_at=SESSION_2, ends_at=SESSION_2))
HOUR = timedelta(hours=1)


def tell(**changes: Any) -> list[Entry]:
    wanted: dict[str, Any] = {
        "event": make_event(),
        "deadline": Deadline(DEADLINE, DEADLINE),
        "sessions": BOTH,
        "first_seen_at": FIRST_SEEN,
        "runs": (),
        "acts": (),
        "mail": (),
        "retention_days": 90,
    } | changes
    event, deadline, sessions = (wanted.pop(name) for name in ("event", "deadline", "sessions"))
    return timeline(event, deadline, sessions, **wanted)


def of_kind(entries: list[Entry], kind: EntryKind) -> list[Entry]:
    return [one for one in entries if one.kind is kind]


def group(state: OutboxState, messages: int, due_at: datetime, **changes: Any) -> MailGroup:
    group = MailGroup("s1", "before:1h", "", state, messages, due_at, None, "")
    return group._replace(**changes)


def test_everything_stands_at_its_moment_in_order():
    entries = tell()
    assert [one.kind.value for one in entries] == [
        "first_seen",
        "deadline",
        "session_starts",
        "session_ends",
        "session_starts",
        "session_ends",
        "retention_warning",
        "retention",
    ]
    assert [one.at for one in entries] == sorted(one.at for one in entries)
    assert entries[-1].at - entries[-2].at == timedelta(days=14)


def test_each_entry_says_what_it_is_about():
    first, second = BOTH
    over = max(one.ends_at for one in BOTH)
    assert tell() == [
        Entry(FIRST_SEEN, EntryKind.FIRST_SEEN, "Encuentro de Justicia Abierta 2023"),
        Entry(DEADLINE, EntryKind.DEADLINE, "switch"),
        Entry(first.starts_at, EntryKind.SESSION_STARTS, "Sesión 1"),
        Entry(first.ends_at, EntryKind.SESSION_ENDS, "Sesión 1"),
        Entry(second.starts_at, EntryKind.SESSION_STARTS, "Sesión 2"),
        Entry(second.ends_at, EntryKind.SESSION_ENDS, "Sesión 2"),
        Entry(over + timedelta(days=76), EntryKind.RETENTION_WARNING),
        Entry(over + timedelta(days=90), EntryKind.RETENTION),
    ]


def test_what_was_done_is_told_with_who_did_it():
    act = RegistrationAct(DEADLINE + HOUR, "closed", "81234567890", "sync")
    assert of_kind(tell(acts=[act]), EntryKind.REGISTRATION) == [
        Entry(DEADLINE + HOUR, EntryKind.REGISTRATION, "81234567890", note="closed by sync")
    ]
    gone = Erasure(SESSION_2 + 9 * HOUR, 4, "retention")
    assert of_kind(tell(erasures=[gone]), EntryKind.ERASED) == [
        Entry(SESSION_2 + 9 * HOUR, EntryKind.ERASED, counts=(("registrations", 4),), note="by retention")
    ]


def test_what_stands_at_one_moment_stands_by_kind_and_then_by_name():
    together = [make_session(key="s2", title="B"), make_session(key="s1", title="A")]
    at = SESSION_1
    entries = tell(sessions=together, mail=[group(OutboxState.PENDING, 1, at, session_key="")], retention_days=0)
    assert [(one.kind.value, one.subject) for one in entries if one.at == at] == [
        ("mail", "before:1h"),
        ("session_starts", "A"),
        ("session_starts", "B"),
    ]


def test_a_session_that_is_cancelled_alone_does_not_end_and_the_others_do():
    entries = tell(sessions=(BOTH[0], make_session(key="s2", title="Sesión 2", cancelled=True)))
    assert {(one.subject, one.note) for one in of_kind(entries, EntryKind.SESSION_STARTS)} == {
        ("Sesión 1", ""),
        ("Sesión 2", "cancelled"),
    }
    assert [one.subject for one in of_kind(entries, EntryKind.SESSION_ENDS)] == ["Sesión 1"]


def test_the_deadline_stands_before_the_closing_it_brings():
    act = RegistrationAct(DEADLINE, "closed", "81234567890", "sync")
    kinds = [one.kind for one in tell(acts=[act])]
    assert kinds.index(EntryKind.DEADLINE) + 1 == kinds.index(EntryKind.REGISTRATION)


def test_a_sync_tells_what_it_changed_and_a_failed_one_why():
    good = SyncRun("e", RunState.OK, FIRST_SEEN, counts=RunCounts(pulled=9, added=7, cancelled=2))
    bad = SyncRun("e", RunState.FAILED, FIRST_SEEN + HOUR, error="no network")
    entries = tell(runs=[good, bad])
    assert of_kind(entries, EntryKind.SYNC)[0].counts == (("added", 7), ("cancelled", 2))
    assert of_kind(entries, EntryKind.SYNC_FAILED) == [
        Entry(FIRST_SEEN + HOUR, EntryKind.SYNC_FAILED, note="no network")
    ]
    assert of_kind(entries, EntryKind.SYNC)[0].at == FIRST_SEEN
    all_of_them = RunCounts(pulled=9, added=1, updated=2, cancelled=3, reinstated=4, unchanged=5, held=6)
    (one,) = of_kind(tell(runs=[SyncRun("e", RunState.OK, FIRST_SEEN, counts=all_of_them)]), EntryKind.SYNC)
    assert one.counts == (("added", 1), ("updated", 2), ("cancelled", 3), ("reinstated", 4), ("held", 6))


def test_mail_that_was_sent_stands_where_it_went_out_and_the_rest_where_it_is_due():
    due_at = SESSION_1 - HOUR
    sent = group(OutboxState.SENT, 27, due_at, sent_at=due_at + timedelta(minutes=3))
    waiting = group(OutboxState.PENDING, 2, due_at)
    first, second = of_kind(tell(mail=[sent, waiting]), EntryKind.MAIL)
    assert (first.at, first.counts, first.subject) == (due_at, (("pending", 2),), "before:1h, Sesión 1")
    assert (second.at, second.counts) == (due_at + timedelta(minutes=3), (("sent", 27),))


def test_mail_that_stands_together_is_one_line_with_its_reasons():
    due_at = SESSION_1 - HOUR
    gone = group(OutboxState.CANCELLED, 2, due_at, reason="the registrant is no longer approved")
    (one,) = of_kind(tell(mail=[gone, group(OutboxState.PENDING, 27, due_at)]), EntryKind.MAIL)
    assert one.counts == (("pending", 27), ("cancelled", 2))
    assert one.note == "cancelled: the registrant is no longer approved"


def test_of_one_line_what_was_sent_comes_first_and_then_the_most():
    due_at = SESSION_1 - HOUR
    groups = [
        group(OutboxState.SKIPPED, 2, due_at, reason="too late"),
        group(OutboxState.PENDING, 5, due_at),
        group(OutboxState.FAILED, 2, due_at, reason="no such user"),
        group(OutboxState.SENT, 1, due_at - HOUR, sent_at=due_at),
    ]
    (one,) = of_kind(tell(mail=groups), EntryKind.MAIL)
    assert one.counts == (("sent", 1), ("pending", 5), ("failed", 2), ("skipped", 2))
    assert one.note == "failed: no such user; skipped: too late"


def test_mail_about_the_whole_event_is_called_by_its_kind():
    off = group(OutboxState.SENT, 3, DEADLINE, session_key="", kind="called_off")
    (one,) = of_kind(tell(mail=[off]), EntryKind.MAIL)
    assert (one.subject, one.at) == ("called_off", DEADLINE), "and stands where it was due, if no time is known"


def test_what_is_planned_anew_joins_what_is_there_at_the_earlier_moment():
    due_at = SESSION_1 - HOUR
    there = group(OutboxState.SKIPPED, 3, due_at, reason="too late")

    def planned(row: int, minutes: int, reason: str) -> PlannedMessage:
        at = due_at + timedelta(minutes=minutes)
        return PlannedMessage(MessageKey(row, "s1", "before:1h"), at, SESSION_1, OutboxState.SKIPPED, reason)

    (same,) = as_planned([there], [Plan([planned(1, 5, "too late")], [])])
    assert (same.messages, same.due_at, same.reason) == (4, due_at, "too late")
    (mixed,) = as_planned([there], [Plan([planned(1, -5, "the event is a draft")], [])])
    assert (mixed.messages, mixed.due_at, mixed.reason) == (4, due_at - timedelta(minutes=5), "")
    (new,) = as_planned([], [Plan([planned(1, 0, "too late"), planned(2, 0, "too late")], [])])
    assert new == group(OutboxState.SKIPPED, 2, due_at, reason="too late")


def test_what_leaves_a_group_takes_neither_its_moment_nor_its_reason_along():
    due_at = SESSION_1 - HOUR
    there = group(OutboxState.DEFERRED, 3, due_at, reason="greylisted")
    back = PlannedMessage(MessageKey(1, "s1", "before:1h"), due_at - HOUR, SESSION_1)
    found = {one.state: one for one in as_planned([there], [Plan([], [Change(OutboxState.DEFERRED, back)])])}
    assert found[OutboxState.DEFERRED] == there._replace(messages=2)
    assert found[OutboxState.PENDING] == group(OutboxState.PENDING, 1, due_at - HOUR)
    assert as_planned([there._replace(messages=1)], [Plan([], [Change(OutboxState.DEFERRED, back)])]) == [
        group(OutboxState.PENDING, 1, due_at - HOUR)
    ]


def test_certificates_are_one_group_although_each_has_an_occasion_of_its_own():
    plan = Plan([PlannedMessage(MessageKey(n, "", "certificate", f"c{n}"), SESSION_2, SESSION_2) for n in (1, 2)], [])
    (one,) = as_planned([], [plan])
    assert (one.messages, one.occasion) == (2, "")
    plan = Plan([PlannedMessage(MessageKey(n, "s1", "moved", f"m{n}"), SESSION_2, SESSION_2) for n in (1, 2)], [])
    assert {(one.messages, one.occasion) for one in as_planned([], [plan])} == {(1, "m1"), (1, "m2")}


def test_what_time_and_a_new_file_change_of_the_outbox_is_shown_as_it_will_be():
    due_at = SESSION_1 - HOUR
    key = MessageKey(1, "s1", "before:1h")
    skipped = PlannedMessage(key, due_at, SESSION_1, OutboxState.SKIPPED, "too late")
    new = PlannedMessage(MessageKey(2, "s1", "before:2h"), due_at - HOUR, due_at)
    plan = Plan([new], [Change(OutboxState.PENDING, skipped)])
    found = as_planned([group(OutboxState.PENDING, 3, due_at)], [plan])
    assert {(one.kind, one.state, one.messages, one.reason) for one in found} == {
        ("before:1h", OutboxState.PENDING, 2, ""),
        ("before:1h", OutboxState.SKIPPED, 1, "too late"),
        ("before:2h", OutboxState.PENDING, 1, ""),
    }


def programmes(now: datetime) -> Programmes:
    leads = {"1d 17:00": FIRST_SEEN, "1h": FIRST_SEEN}
    return Programmes(make_event(), BOTH, now, event_seen=FIRST_SEEN, leads_seen=leads, attended={})


def test_who_does_not_get_a_message_is_counted_by_the_reason():
    def person(row: int, status: RegistrantStatus, at: datetime = FIRST_SEEN, out: bool = False) -> Recipient:
        return Recipient(row, MEETING_ID, "", f"r{row}", status, at, out)

    people = [
        person(1, RegistrantStatus.APPROVED),
        person(2, RegistrantStatus.PENDING),
        person(3, RegistrantStatus.APPROVED, out=True),
        person(4, RegistrantStatus.APPROVED, SESSION_1 - timedelta(minutes=5)),
        person(5, RegistrantStatus.DENIED),
    ]
    out = left_out_of(programmes(SESSION_1 - HOUR), people)
    assert out["s1", "before:1h", ""] == {"pending": 1, "opted_out": 1, "registered_later": 1}
    assert out["s2", "before:1h", ""] == {"pending": 1, "opted_out": 1}


def test_who_waits_gets_the_notice_of_cancellation_and_who_did_not_come_no_mail_to_those_who_did():
    after = make_event(reminders=Reminders(before=(), after=(make_lead("2h"),)))
    over = SESSION_1 + 6 * HOUR

    def out(event: Event, *people: Recipient, attended: Any = None) -> dict[Any, Any]:
        seen = {"event_seen": FIRST_SEEN, "leads_seen": {"2h": FIRST_SEEN}}
        return left_out_of(Programmes(event, BOTH[:1], over, **seen, attended=attended or {}), people)

    one = Recipient(1, MEETING_ID, "", "r1", RegistrantStatus.APPROVED, FIRST_SEEN)
    who_waits, out_of_it = one._replace(status=RegistrantStatus.PENDING), one._replace(row_id=2, opted_out=True)
    assert out(after, one, attended={"s1": {9}}) == {("s1", "after:2h", ""): {"did_not_come": 1}}
    assert out(after, out_of_it, attended={"s1": {2}}) == {("s1", "after:2h", ""): {"opted_out": 1}}
    off = make_event(status=EventStatus.CANCELLED, announce=True)
    still = Programmes(off, BOTH[:1], SESSION_1, event_seen=FIRST_SEEN, leads_seen={}, attended={})
    assert left_out_of(still, [one, who_waits, out_of_it]) == {}


def test_of_what_has_gone_out_nobody_is_left_out_for_what_came_later():
    out = {("s1", "before:1h", ""): {"opted_out": 1, "registered_later": 2}}
    due_at = SESSION_1 - HOUR
    (waiting,) = of_kind(tell(mail=[group(OutboxState.PENDING, 3, due_at)], left_out=out), EntryKind.MAIL)
    (sent,) = of_kind(tell(mail=[group(OutboxState.SENT, 3, due_at, sent_at=due_at)], left_out=out), EntryKind.MAIL)
    assert waiting.left_out == (("opted_out", 1), ("registered_later", 2))
    assert sent.left_out == (("registered_later", 2),)


def test_a_reminder_that_nobody_is_to_get_is_in_the_list_all_the_same():
    now = SESSION_1 - 2 * HOUR
    found = for_nobody_yet(programmes(now), BOTH, [group(OutboxState.PENDING, 3, SESSION_1 - HOUR)], now)
    assert {(one.session_key, one.kind, one.messages) for one in found} == {
        ("s2", "before:1d 17:00", 0),
        ("s2", "before:1h", 0),
    }
    assert {(one.state, one.due_at, one.sent_at, one.reason) for one in found if one.kind == "before:1h"} == {
        (OutboxState.PENDING, SESSION_2 - HOUR, None, "")
    }
    late = for_nobody_yet(programmes(SESSION_2 - HOUR), BOTH, [], SESSION_2 - HOUR)
    assert late == [], "what is due now is no more to come"


def test_attendance_and_erasures_stand_at_their_moments():
    facts = [AttendanceFact(SESSION_1 + 6 * HOUR, "s1", True, 20, 3), AttendanceFact(SESSION_2 + HOUR, "s2", False)]
    facts.append(AttendanceFact(SESSION_2 + HOUR, "s9", True, 1))  # of a session that is not the event's any more
    entries = tell(attendance=facts, erasures=[Erasure(SESSION_2 + 9 * HOUR, 4, "retention")])
    known, asked = of_kind(entries, EntryKind.ATTENDANCE)
    assert (known.counts, asked.counts) == ((("came", 20), ("unmatched", 3)), ())
    assert (known.subject, asked.subject) == ("Sesión 1", "Sesión 2")
    assert (known.at, asked.at) == (facts[0].at, facts[1].at)
    assert of_kind(entries, EntryKind.ERASED)[0].counts == (("registrations", 4),)


def test_two_moves_of_one_session_are_two_lines():
    due_at = SESSION_1 - HOUR
    moves = [group(OutboxState.PENDING, 3, due_at, kind="moved", occasion=which) for which in ("a", "b")]
    assert len(of_kind(tell(mail=moves), EntryKind.MAIL)) == 2


def test_reopened_without_an_end_there_is_no_deadline_to_come():
    assert of_kind(tell(deadline=Deadline(None, None)), EntryKind.DEADLINE) == []


def test_what_was_called_off_does_not_end():
    entries = tell(event=make_event(status=EventStatus.CANCELLED))
    assert [one.note for one in of_kind(entries, EntryKind.SESSION_STARTS)] == ["cancelled", "cancelled"]
    assert of_kind(entries, EntryKind.SESSION_ENDS) == []


def test_data_that_is_kept_for_ever_is_never_removed():
    assert of_kind(tell(retention_days=0), EntryKind.RETENTION) == []
