"""An event's life in one list: by moment, with counts, and with what is still to come."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.builders import DEADLINE, MEETING_ID, SESSION_1, SESSION_2, make_event, make_session, utc
from zoomsync.domain.calls import Programmes
from zoomsync.domain.records import (
    EventStatus,
    MessageKey,
    OutboxState,
    PlannedMessage,
    Recipient,
    RegistrantStatus,
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


def test_the_deadline_stands_before_the_closing_it_brings():
    act = RegistrationAct(DEADLINE, "closed", "81234567890", "sync")
    kinds = [one.kind for one in tell(acts=[act])]
    assert kinds.index(EntryKind.DEADLINE) + 1 == kinds.index(EntryKind.REGISTRATION)


def test_a_sync_tells_what_it_changed_and_a_failed_one_why():
    good = SyncRun("e", RunState.OK, FIRST_SEEN, counts=RunCounts(pulled=9, added=7, cancelled=2))
    bad = SyncRun("e", RunState.FAILED, FIRST_SEEN + HOUR, error="no network")
    entries = tell(runs=[good, bad])
    assert of_kind(entries, EntryKind.SYNC)[0].counts == (("added", 7), ("cancelled", 2))
    assert of_kind(entries, EntryKind.SYNC_FAILED)[0].note == "no network"


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


def test_attendance_and_erasures_stand_at_their_moments():
    facts = [AttendanceFact(SESSION_1 + 6 * HOUR, "s1", True, 20, 3), AttendanceFact(SESSION_2 + HOUR, "s2", False)]
    entries = tell(attendance=facts, erasures=[Erasure(SESSION_2 + 9 * HOUR, 4, "retention")])
    known, asked = of_kind(entries, EntryKind.ATTENDANCE)
    assert (known.counts, asked.counts) == ((("came", 20), ("unmatched", 3)), ())
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
