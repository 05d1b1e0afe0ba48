"""What belongs in the outbox, rule by rule; then random histories against `reminder_rules`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import (
    FIVE_HOURS,
    MEETING_ID,
    SESSION_1,
    SESSION_2,
    make_event,
    make_lead,
    make_registrant,
    make_session,
    utc,
)
from tests.domain.reminder_rules import World, outbox_afterwards
from zoomsync.domain.calls import Reason
from zoomsync.domain.records import (
    Event,
    EventStatus,
    MessageKey,
    OutboxState,
    PlannedMessage,
    Recipient,
    Registrant,
    RegistrantStatus,
    Reminders,
    Session,
    SessionSpec,
)
from zoomsync.domain.reminders import Batch, FirstSeen, Plan, Standing, plan_messages
from zoomsync.domain.sessions import follow_sessions

ANNOUNCED = utc(2023, 2, 23, 17)
NOW = utc(2023, 2, 28, 14)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DAY_BEFORE = utc(2023, 3, 6, 23)  # 17:00 in Guatemala on the day before the first session
MIDNIGHT = utc(2023, 3, 7, 6)  # the beginning of its day
HOUR_BEFORE = SESSION_1 - HOUR

PENDING, SKIPPED, CANCELLED = OutboxState.PENDING, OutboxState.SKIPPED, OutboxState.CANCELLED
SENT, DEFERRED = OutboxState.SENT, OutboxState.DEFERRED


def second(**changes: Any) -> Session:
    return make_session(
        **{"key": "s2", "title": "Sesión 2", "starts_at": SESSION_2, "ends_at": SESSION_2 + FIVE_HOURS, **changes}
    )


def leads(*before: str, after: tuple[str, ...] = ()) -> Reminders:
    return Reminders(tuple(make_lead(text) for text in before), tuple(make_lead(text) for text in after))


@dataclass
class Outbox:
    """An event's outbox over time: plans are carried out on it as the store does."""

    rows: dict[MessageKey, Standing] = field(default_factory=dict)
    event: Event = field(default_factory=lambda: make_event(reminders=leads("1d 17:00", "1h")))
    sessions: list[Session] = field(default_factory=lambda: [make_session()])
    people: dict[int, tuple[Registrant, datetime]] = field(
        default_factory=lambda: {1: (make_registrant(1), utc(2023, 2, 24, 16))}
    )
    event_seen: datetime = ANNOUNCED
    leads_seen: dict[str, datetime] | None = None
    opted_out: set[int] = field(default_factory=set)
    attended: Mapping[str, set[int]] | None = None
    a_batch: int | None = None  # None: everybody in one

    def look(self, now: datetime) -> Plan:
        """A plan at `now`, not carried out."""
        reminders = self.event.reminders
        seen = {lead.text: ANNOUNCED for lead in (*reminders.before, *reminders.after)}
        plans = plan_messages(
            self.event,
            self.sessions,
            self.batches(),
            now,
            first_seen=FirstSeen(self.event_seen, seen if self.leads_seen is None else self.leads_seen),
            attended=self.attended,
        )
        together = Plan()
        for plan in plans:
            together.planned += plan.planned
            together.changed += plan.changed
        return together

    def batches(self) -> Iterator[Batch]:
        """Registrants with their rows, `a_batch` at a time; rows that are nobody's come last."""
        people = [
            Recipient(
                row,
                person.meeting_id,
                person.occurrence_id,
                person.registrant_id,
                person.status,
                person.registered_at or seen,
                row in self.opted_out,
            )
            for row, (person, seen) in self.people.items()
        ]
        a_batch = self.a_batch or len(people)
        for start in range(0, len(people), a_batch or 1):
            some = people[start : start + a_batch]
            theirs = {one.row_id for one in some}
            yield Batch(some, {key: row for key, row in self.rows.items() if key.registrant_row in theirs})
        yield Batch((), {key: row for key, row in self.rows.items() if key.registrant_row not in self.people})

    def plan(self, now: datetime) -> Plan:
        """Plan at `now` and carry it out. A second plan right after must have nothing to say."""
        plan = self.look(now)
        for message in plan.planned:
            assert message.key not in self.rows
            self.rows[message.key] = standing(message)
        for change in plan.changed:
            assert self.rows[change.message.key].state is change.was
            self.rows[change.message.key] = standing(change.message)
        again = self.look(now)
        assert (again.planned, again.changed) == ([], [])
        return plan

    def put(self, state: OutboxState, *, kind: str = "", reason: str = "") -> None:
        """Let pending rows (of one kind) become something else, as a sender or a person would."""
        for key, row in self.rows.items():
            if row.state is PENDING and key.kind.startswith(kind):
                self.rows[key] = row._replace(state=state, reason=reason)

    def set_person(self, row: int = 1, **changes: Any) -> None:
        person, seen = self.people.get(row, (make_registrant(row), NOW))
        self.people[row] = (person._replace(**changes), seen)

    def set_session(self, number: int = 0, **changes: Any) -> None:
        self.sessions[number] = replace(self.sessions[number], **changes)

    def move(self, starts_at: datetime, now: datetime, number: int = 0) -> None:
        one = self.sessions[number]
        moved = {"starts_at": starts_at, "ends_at": starts_at + FIVE_HOURS, "sequence": one.sequence + 1}
        self.set_session(number, **moved, previous_starts_at=one.starts_at, moved_at=now)

    def states(self, *kinds: str) -> dict[str, OutboxState]:
        """State by kind, with the session's key before it where there are several sessions."""
        several = len(self.sessions) > 1
        return {
            f"{key.session_key} {key.kind}" if several else key.kind: row.state
            for key, row in self.rows.items()
            if not kinds or key.kind in kinds
        }

    def row(self, kind: str, session: str = "s1", registrant: int = 1) -> Standing:
        (found,) = (
            row
            for key, row in self.rows.items()
            if (key.kind, key.session_key, key.registrant_row) == (kind, session, registrant)
        )
        return found


def standing(message: PlannedMessage) -> Standing:
    return Standing(message.state, message.due_at, message.expires_at, message.reason)


def kinds(messages: Iterable[PlannedMessage]) -> list[str]:
    return [message.key.kind for message in messages]


# ------------------------------------------------------------------------------------------------- before a session


def test_each_approved_registrant_gets_each_reminder_of_each_session_once() -> None:
    outbox = Outbox(sessions=[make_session(), second()], people={n: (make_registrant(n), NOW) for n in (1, 2)})
    plan = outbox.plan(NOW)
    expected = [
        (DAY_BEFORE, "s1", "before:1d 17:00"),
        (HOUR_BEFORE, "s1", "before:1h"),
        (DAY_BEFORE + timedelta(days=1), "s2", "before:1d 17:00"),
        (SESSION_2 - HOUR, "s2", "before:1h"),
    ]
    assert [(m.due_at, m.key.session_key, m.key.kind, m.key.registrant_row) for m in plan.planned] == [
        (*one, row) for one in expected for row in (1, 2)
    ]
    assert {message.state for message in plan.planned} == {PENDING}


@pytest.mark.parametrize("status", [RegistrantStatus.PENDING, RegistrantStatus.DENIED, RegistrantStatus.CANCELLED])
def test_who_is_not_approved_gets_none(status: RegistrantStatus) -> None:
    outbox = Outbox()
    outbox.set_person(status=status)
    assert outbox.plan(NOW).planned == []


def test_a_session_on_another_meeting_is_for_who_registered_there() -> None:
    outbox = Outbox(sessions=[make_session(), second(meeting_id="222")])
    outbox.set_person(2, meeting_id="222")
    assert {(key.registrant_row, key.session_key) for key in keys(outbox.plan(NOW))} == {(1, "s1"), (2, "s2")}


def test_who_registered_for_an_occurrence_is_reminded_of_that_one() -> None:
    outbox = Outbox(sessions=[make_session(occurrence_id="a"), second(occurrence_id="b")])
    outbox.set_person(occurrence_id="b")
    assert {key.session_key for key in keys(outbox.plan(NOW))} == {"s2"}


def keys(plan: Plan) -> list[MessageKey]:
    return [message.key for message in plan.planned]


def test_a_draft_plans_nothing_and_takes_back_what_waits_until_it_is_active_again() -> None:
    outbox = Outbox()
    outbox.plan(NOW)
    active, outbox.event = outbox.event, replace(outbox.event, status=EventStatus.DRAFT)
    outbox.plan(NOW)
    assert set(outbox.states().values()) == {CANCELLED}
    outbox.event = active
    outbox.plan(NOW)
    assert set(outbox.states().values()) == {PENDING}


@pytest.mark.parametrize("first", ["event", "session", "lead"])
def test_a_reminder_whose_moment_lay_before_anything_of_it_was_seen_is_born_skipped(first: str) -> None:
    late = DAY_BEFORE + MINUTE
    outbox = Outbox()
    if first == "event":
        outbox.event_seen = late
    elif first == "session":
        outbox.set_session(first_seen_at=late)
    else:
        outbox.leads_seen = {"1d 17:00": late, "1h": ANNOUNCED}
    outbox.plan(late)
    assert outbox.states() == {"before:1d 17:00": SKIPPED, "before:1h": PENDING}
    assert outbox.row("before:1d 17:00").reason == Reason.NOT_YET_KNOWN


def test_a_lead_that_was_never_seen_is_new() -> None:
    outbox = Outbox(leads_seen={"1d 17:00": ANNOUNCED})
    outbox.plan(HOUR_BEFORE + MINUTE)
    assert outbox.row("before:1h").reason == Reason.NOT_YET_KNOWN


def test_a_reminder_first_seen_at_its_very_moment_is_sent() -> None:
    outbox = Outbox(event_seen=HOUR_BEFORE)
    outbox.plan(HOUR_BEFORE)
    assert outbox.row("before:1h").state is PENDING


# ---------------------------------------------------------------------------------------------------- after an outage


def test_after_an_outage_the_latest_goes_out_and_the_older_are_skipped() -> None:
    outbox = Outbox(event=make_event(reminders=leads("48h", "24h", "1h")))
    outbox.plan(NOW)
    outbox.plan(SESSION_1 - 3 * HOUR)
    assert outbox.states() == {"before:48h": SKIPPED, "before:24h": PENDING, "before:1h": PENDING}
    assert outbox.row("before:48h").reason == Reason.SUPERSEDED
    outbox.plan(SESSION_1 - MINUTE)
    assert outbox.states() == {"before:48h": SKIPPED, "before:24h": SKIPPED, "before:1h": PENDING}


def test_rows_never_planned_before_the_outage_fare_the_same() -> None:
    outbox = Outbox()
    outbox.plan(SESSION_1 - MINUTE)
    assert outbox.states() == {"before:1d 17:00": SKIPPED, "before:1h": PENDING}


def test_a_reminder_of_the_day_before_is_not_sent_on_the_day_while_another_is_to_come() -> None:
    outbox = Outbox()
    outbox.plan(MIDNIGHT - MINUTE)
    assert outbox.row("before:1d 17:00") == Standing(PENDING, DAY_BEFORE, MIDNIGHT)
    outbox.plan(MIDNIGHT)
    assert outbox.row("before:1d 17:00").state is SKIPPED


def test_the_only_reminder_holds_until_the_start() -> None:
    outbox = Outbox(event=make_event(reminders=leads("1d 17:00")))
    outbox.plan(SESSION_1 - MINUTE)
    assert outbox.row("before:1d 17:00") == Standing(PENDING, DAY_BEFORE, SESSION_1)


def test_nothing_is_to_be_sent_once_the_session_has_begun() -> None:
    outbox = Outbox()
    outbox.plan(NOW)
    outbox.plan(SESSION_1)
    assert {(row.state, row.reason) for row in outbox.rows.values()} == {(SKIPPED, Reason.EXPIRED)}


def test_a_lead_that_would_come_after_the_start_is_none() -> None:
    outbox = Outbox(event=make_event(reminders=leads("0d 09:00", "1h")))
    assert kinds(outbox.plan(NOW).planned) == ["before:1h"]


def test_a_deferred_row_keeps_its_own_time() -> None:
    outbox = Outbox()
    outbox.plan(NOW)
    key = MessageKey(1, "s1", "before:1h")
    outbox.rows[key] = Standing(DEFERRED, HOUR_BEFORE + 15 * MINUTE, SESSION_1, "451 later")
    outbox.plan(HOUR_BEFORE + 5 * MINUTE)
    assert outbox.rows[key].due_at == HOUR_BEFORE + 15 * MINUTE


def test_what_the_mail_server_put_off_to_the_end_is_not_taken_up_again() -> None:
    outbox = Outbox()
    outbox.plan(NOW)
    outbox.put(SKIPPED, kind="before:1h", reason=Reason.PUT_OFF.value)
    outbox.plan(SESSION_1 - MINUTE)
    assert outbox.row("before:1h").state is SKIPPED


# ----------------------------------------------------------------------------------------------- who registers late


def test_who_registers_after_a_moment_gets_the_later_reminders_only() -> None:
    outbox = Outbox()
    outbox.set_person(registered_at=DAY_BEFORE + timedelta(seconds=1))
    assert kinds(outbox.plan(DAY_BEFORE + HOUR).planned) == ["before:1h"]


def test_who_registers_at_the_very_moment_gets_the_reminder() -> None:
    outbox = Outbox()
    outbox.set_person(registered_at=DAY_BEFORE)
    assert kinds(outbox.plan(DAY_BEFORE).planned) == ["before:1d 17:00", "before:1h"]


def test_without_a_time_of_registration_the_first_sight_counts() -> None:
    outbox = Outbox(people={1: (make_registrant(1, registered_at=None), DAY_BEFORE + HOUR)})
    assert kinds(outbox.plan(DAY_BEFORE + HOUR).planned) == ["before:1h"]


def test_who_registers_after_the_last_reminder_is_welcomed_at_once() -> None:
    outbox = Outbox()
    registered = HOUR_BEFORE + MINUTE
    outbox.set_person(registered_at=registered)
    outbox.plan(registered + MINUTE)
    assert outbox.rows == {
        MessageKey(1, "s1", "welcome", "2023-03-07"): Standing(PENDING, registered, SESSION_1),
    }


def test_who_is_approved_late_but_registered_early_gets_the_last_reminder_and_no_welcome() -> None:
    outbox = Outbox()
    outbox.set_person(status=RegistrantStatus.PENDING)
    outbox.plan(NOW)
    outbox.set_person(status=RegistrantStatus.APPROVED)
    outbox.plan(HOUR_BEFORE + 30 * MINUTE)
    assert outbox.states() == {"before:1d 17:00": SKIPPED, "before:1h": PENDING}


def test_who_registers_after_the_start_is_not_welcomed() -> None:
    outbox = Outbox()
    outbox.set_person(registered_at=SESSION_1)
    assert outbox.plan(SESSION_1 + MINUTE).planned == []


def test_an_event_without_reminders_welcomes_nobody() -> None:
    outbox = Outbox(event=make_event(reminders=leads()))
    outbox.set_person(registered_at=SESSION_1 - MINUTE)
    assert outbox.plan(SESSION_1 - MINUTE).planned == []


def test_sessions_of_one_day_have_one_welcome_and_those_of_another_day_their_own() -> None:
    afternoon = SESSION_1 + timedelta(hours=8)
    sessions = [
        make_session(),
        make_session(key="s2", starts_at=afternoon, ends_at=afternoon + HOUR),
        second(key="s3"),
    ]
    outbox = Outbox(event=make_event(reminders=leads("3d")), sessions=sessions)
    outbox.set_person(registered_at=SESSION_1 - MINUTE)
    outbox.plan(SESSION_1 - MINUTE)
    assert [(key.session_key, row.expires_at) for key, row in outbox.rows.items()] == [
        ("s1", afternoon),
        ("s3", SESSION_2),
    ]
    outbox.put(SENT)
    outbox.plan(SESSION_1 + MINUTE)  # the first is under way, the second still to come
    outbox.set_session(0, cancelled=True)
    outbox.plan(SESSION_1 + 2 * MINUTE)
    assert set(outbox.states().values()) == {SENT}


def test_a_welcome_not_sent_yet_passes_to_the_next_session_of_the_day() -> None:
    afternoon = SESSION_1 + timedelta(hours=8)
    sessions = [make_session(), make_session(key="s2", starts_at=afternoon, ends_at=afternoon + HOUR)]
    outbox = Outbox(event=make_event(reminders=leads("3d")), sessions=sessions)
    outbox.set_person(registered_at=SESSION_1 - HOUR)
    outbox.plan(SESSION_1 - HOUR)
    outbox.set_session(0, cancelled=True)
    outbox.plan(SESSION_1 - HOUR)
    assert outbox.states() == {"s1 welcome": CANCELLED, "s2 welcome": PENDING}


def test_two_sessions_on_one_day_have_each_their_reminder() -> None:
    afternoon = SESSION_1 + timedelta(hours=8)
    sessions = [make_session(), make_session(key="s2", starts_at=afternoon, ends_at=afternoon + HOUR)]
    outbox = Outbox(sessions=sessions)
    outbox.plan(NOW)
    assert sorted(outbox.states()) == ["s1 before:1d 17:00", "s1 before:1h", "s2 before:1d 17:00", "s2 before:1h"]


def test_who_registers_at_the_moment_of_a_last_reminder_is_not_welcomed_too() -> None:
    afternoon = SESSION_1 + timedelta(hours=8)
    sessions = [make_session(), make_session(key="s2", starts_at=afternoon, ends_at=afternoon + HOUR)]
    outbox = Outbox(event=make_event(reminders=leads("10h")), sessions=sessions)
    outbox.set_person(registered_at=afternoon - timedelta(hours=10))
    outbox.plan(SESSION_1 - MINUTE)
    assert outbox.states() == {"s1 welcome": PENDING, "s2 before:10h": PENDING}
    assert outbox.row("welcome").expires_at == SESSION_1


# --------------------------------------------------------------------------------------------------- a session moves


def test_a_session_that_moves_takes_its_unsent_reminders_along_and_tells_who_registered_before() -> None:
    outbox = Outbox()
    outbox.plan(NOW)
    outbox.move(SESSION_1 + 2 * HOUR, NOW)
    outbox.set_person(2, registered_at=NOW + MINUTE)
    outbox.plan(NOW + MINUTE)
    assert outbox.row("before:1h") == Standing(PENDING, SESSION_1 + HOUR, SESSION_1 + 2 * HOUR)
    assert outbox.row("moved") == Standing(PENDING, NOW + 10 * MINUTE, SESSION_1 + 2 * HOUR)
    assert {key.kind for key in outbox.rows if key.registrant_row == 2} == {"before:1d 17:00", "before:1h"}


def test_reminders_already_sent_are_not_sent_again_after_a_move() -> None:
    outbox = Outbox()
    outbox.plan(NOW)
    outbox.put(SENT, kind="before:1d 17:00")
    outbox.move(SESSION_1 + timedelta(days=7), DAY_BEFORE + HOUR)
    outbox.plan(DAY_BEFORE + HOUR)
    assert outbox.states() == {"before:1d 17:00": SENT, "before:1h": PENDING, "moved": PENDING}


def test_a_reminder_that_was_skipped_comes_back_when_the_move_gives_it_time() -> None:
    outbox = Outbox(event_seen=DAY_BEFORE + MINUTE)
    outbox.plan(DAY_BEFORE + MINUTE)
    outbox.move(SESSION_1 + timedelta(days=7), DAY_BEFORE + HOUR)
    outbox.plan(DAY_BEFORE + HOUR)
    assert outbox.row("before:1d 17:00").state is PENDING


def test_a_reminder_whose_moment_the_move_left_behind_is_the_notice_itself() -> None:
    outbox = Outbox()
    outbox.plan(NOW)
    outbox.move(NOW + 5 * HOUR, NOW)
    outbox.plan(NOW)
    assert outbox.states() == {"before:1d 17:00": SKIPPED, "before:1h": PENDING, "moved": PENDING}
    assert outbox.row("before:1d 17:00").reason == Reason.MOVE_TELLS


def test_reminders_wait_until_a_move_has_settled() -> None:
    outbox = Outbox()
    outbox.plan(NOW)
    outbox.move(SESSION_1 + 2 * HOUR, SESSION_1 + HOUR - 2 * MINUTE)
    outbox.plan(SESSION_1 + HOUR - 2 * MINUTE)
    assert outbox.row("before:1h").due_at == SESSION_1 + HOUR + 8 * MINUTE


def test_a_second_move_has_its_own_notice_and_takes_back_the_first() -> None:
    outbox = Outbox()
    outbox.move(SESSION_1 + HOUR, NOW)
    outbox.plan(NOW)
    outbox.move(SESSION_1 + 2 * HOUR, NOW + HOUR)
    outbox.plan(NOW + HOUR)
    assert sorted(row.state for key, row in outbox.rows.items() if key.kind == "moved") == [CANCELLED, PENDING]


def test_a_notice_taken_back_from_who_opted_out_has_the_true_reason() -> None:
    outbox = Outbox(opted_out={1})
    outbox.move(SESSION_1 + HOUR, NOW)
    outbox.plan(NOW)
    outbox.move(SESSION_1 + 2 * HOUR, NOW + HOUR)
    (change,) = outbox.plan(NOW + HOUR).changed
    assert change.message.reason == Reason.NO_LONGER_DUE


def test_a_time_zone_set_right_in_the_file_moves_what_waits() -> None:
    outbox = Outbox(event=make_event(reminders=leads("1d 17:00")))
    outbox.plan(NOW)
    outbox.event = replace(outbox.event, timezone="America/New_York")
    outbox.plan(NOW)
    assert outbox.row("before:1d 17:00") == Standing(PENDING, DAY_BEFORE - HOUR, SESSION_1)


def test_going_back_to_a_time_that_was_told_before_is_told_again() -> None:
    outbox = Outbox()
    for number, start in enumerate((SESSION_1 + HOUR, SESSION_1, SESSION_1 + HOUR)):
        at = NOW + number * HOUR
        outbox.move(start, at)
        outbox.plan(at)
        outbox.put(SENT, kind="moved")
    assert [row.state for key, row in outbox.rows.items() if key.kind == "moved"] == [SENT] * 3


def test_a_session_moved_into_the_past_tells_nobody() -> None:
    outbox = Outbox()
    outbox.plan(NOW)
    outbox.move(NOW - HOUR, NOW)
    outbox.plan(NOW)
    assert outbox.states() == {"before:1d 17:00": SKIPPED, "before:1h": SKIPPED}


def test_a_notice_that_was_not_sent_before_the_start_is_too_late() -> None:
    outbox = Outbox()
    outbox.move(NOW + HOUR, NOW)
    outbox.plan(NOW)
    outbox.plan(NOW + HOUR)
    assert outbox.row("moved").reason == Reason.EXPIRED


def test_who_is_told_of_a_move_is_not_welcomed_too() -> None:
    outbox = Outbox(event=make_event(reminders=leads("24h")))
    outbox.set_person(registered_at=NOW - HOUR)
    outbox.move(NOW + 5 * HOUR, NOW)
    outbox.plan(NOW)
    assert outbox.states() == {"moved": PENDING}


# ----------------------------------------------------------------------------------------- people who leave and return


@pytest.mark.parametrize("status", [RegistrantStatus.DENIED, RegistrantStatus.CANCELLED])
def test_who_is_cancelled_or_denied_gets_nothing_more_of_any_kind(status: RegistrantStatus) -> None:
    outbox = Outbox()
    outbox.plan(NOW)
    outbox.rows[MessageKey(1, "", "announce", "a1")] = Standing(PENDING, NOW, SESSION_1)
    outbox.set_person(status=status)
    outbox.plan(NOW)
    assert {(row.state, row.reason) for row in outbox.rows.values()} == {(CANCELLED, Reason.NOT_APPROVED)}


def test_the_rows_of_who_was_erased_are_cancelled() -> None:
    outbox = Outbox()
    outbox.plan(NOW)
    outbox.people.clear()
    outbox.plan(NOW)
    assert {row.reason for row in outbox.rows.values()} == {Reason.NOT_APPROVED}


def test_who_is_reinstated_gets_what_is_still_due() -> None:
    outbox = Outbox()
    outbox.plan(NOW)
    outbox.set_person(status=RegistrantStatus.CANCELLED)
    outbox.plan(NOW)
    outbox.set_person(status=RegistrantStatus.APPROVED)
    outbox.plan(MIDNIGHT + MINUTE)
    assert outbox.states() == {"before:1d 17:00": CANCELLED, "before:1h": PENDING}


def test_what_a_person_took_out_of_the_outbox_stays_out() -> None:
    outbox = Outbox()
    outbox.plan(NOW)
    outbox.put(CANCELLED, reason="by hand")
    outbox.move(SESSION_1 + HOUR, NOW)
    outbox.plan(NOW)
    assert outbox.states("before:1h") == {"before:1h": CANCELLED}


@pytest.mark.parametrize(
    "state",
    [OutboxState.SENT, OutboxState.FAILED, OutboxState.IN_DOUBT, OutboxState.CLAIMED, OutboxState.TRANSMITTING],
)
def test_what_was_sent_or_is_in_a_senders_hands_is_left_alone(state: OutboxState) -> None:
    outbox = Outbox()
    outbox.plan(NOW)
    outbox.put(state)
    before = dict(outbox.rows)
    outbox.set_person(status=RegistrantStatus.CANCELLED)
    outbox.plan(NOW)
    assert outbox.rows == before


def test_who_opts_out_hears_of_changes_only() -> None:
    outbox = Outbox()
    outbox.plan(NOW)
    outbox.opted_out = {1}
    outbox.move(SESSION_1 + HOUR, NOW)
    outbox.plan(NOW)
    assert outbox.states() == {"before:1d 17:00": CANCELLED, "before:1h": CANCELLED, "moved": PENDING}
    assert outbox.row("before:1h").reason == Reason.OPTED_OUT
    outbox.opted_out = set()
    outbox.plan(NOW)
    assert outbox.row("before:1h").state is PENDING


def test_who_opted_out_is_not_welcomed() -> None:
    outbox = Outbox(opted_out={1})
    outbox.set_person(registered_at=SESSION_1 - MINUTE)
    assert outbox.plan(SESSION_1 - MINUTE).planned == []


def test_a_lead_taken_out_of_the_file_takes_its_rows_along() -> None:
    outbox = Outbox()
    outbox.plan(NOW)
    outbox.event = make_event(reminders=leads("1h"))
    outbox.plan(NOW)
    assert outbox.states() == {"before:1d 17:00": CANCELLED, "before:1h": PENDING}


def test_kinds_planned_elsewhere_are_left_alone() -> None:
    outbox = Outbox()
    for kind in ("announce", "late", "certificate"):
        outbox.rows[MessageKey(1, "", kind, "x")] = Standing(PENDING, NOW, SESSION_1)
    outbox.plan(NOW)
    assert set(outbox.states("announce", "late", "certificate").values()) == {PENDING}


# ------------------------------------------------------------------------------------------------------- called off


def test_a_session_called_off_without_announcement_only_takes_back_what_waits() -> None:
    outbox = Outbox()
    outbox.plan(NOW)
    outbox.set_session(cancelled=True)
    outbox.plan(NOW)
    assert outbox.states() == {"before:1d 17:00": CANCELLED, "before:1h": CANCELLED}
    assert outbox.row("before:1h").reason == Reason.SESSION_CANCELLED


def test_a_session_called_off_with_announcement_tells_approved_and_pending_once() -> None:
    outbox = Outbox(opted_out={1})
    for row, status in enumerate(RegistrantStatus, start=1):
        outbox.set_person(row, status=status)
    outbox.set_session(cancelled=True, announce=True)
    outbox.plan(NOW)
    told = {
        outbox.people[key.registrant_row][0].status: row for key, row in outbox.rows.items() if key.kind == "called_off"
    }
    assert set(told) == {RegistrantStatus.APPROVED, RegistrantStatus.PENDING}
    assert set(told.values()) == {Standing(PENDING, NOW, SESSION_1 + FIVE_HOURS)}
    assert outbox.plan(NOW + HOUR).changed == []


def test_a_session_that_is_over_is_not_called_off_any_more() -> None:
    outbox = Outbox()
    outbox.set_session(cancelled=True, announce=True)
    assert outbox.plan(SESSION_1 + FIVE_HOURS).planned == []


def test_a_session_back_before_the_notice_went_takes_it_back_and_its_reminders_up() -> None:
    outbox = Outbox()
    outbox.plan(NOW)
    outbox.set_session(cancelled=True, announce=True)
    outbox.plan(NOW)
    outbox.set_session(cancelled=False, announce=False)
    outbox.plan(NOW)
    assert outbox.states() == {"before:1d 17:00": PENDING, "before:1h": PENDING, "called_off": CANCELLED}


def test_an_event_called_off_has_one_notice_a_registrant_for_all_its_sessions() -> None:
    outbox = Outbox(sessions=[make_session(), second()])
    outbox.plan(NOW)
    outbox.event = replace(outbox.event, status=EventStatus.CANCELLED, announce=True)
    for number in range(2):
        outbox.set_session(number, cancelled=True)
    plan = outbox.plan(NOW)
    assert [(m.key, m.expires_at) for m in plan.planned] == [(MessageKey(1, "", "called_off"), SESSION_2 + FIVE_HOURS)]
    assert {change.message.reason for change in plan.changed} == {Reason.EVENT_CANCELLED}


@pytest.mark.parametrize("a_batch", [None, 1])
def test_who_registered_for_several_occurrences_hears_once_that_the_event_is_off(a_batch: int | None) -> None:
    outbox = Outbox(event=make_event(status=EventStatus.CANCELLED, announce=True), a_batch=a_batch)
    for row, occurrence_id in ((1, "a"), (2, "b")):
        outbox.people[row] = (make_registrant(1, occurrence_id=occurrence_id), NOW)
    assert keys(outbox.plan(NOW)) == [MessageKey(1, "", "called_off")]


def test_an_event_cancelled_without_announcement_tells_nobody() -> None:
    outbox = Outbox()
    outbox.plan(NOW)
    outbox.event = replace(outbox.event, status=EventStatus.CANCELLED)
    assert outbox.plan(NOW).planned == []
    assert set(outbox.states().values()) == {CANCELLED}


# ---------------------------------------------------------------------------------------------------------- after

ENDED = SESSION_1 + FIVE_HOURS


def test_after_a_session_only_those_who_came_are_written_to() -> None:
    outbox = Outbox(event=make_event(reminders=leads(after=("2h",))), attended={"s1": {1}})
    outbox.set_person(2)
    outbox.plan(ENDED + HOUR)
    assert outbox.rows == {
        MessageKey(1, "s1", "after:2h"): Standing(PENDING, ENDED + 2 * HOUR, ENDED + 26 * HOUR),
    }


def test_after_waits_for_attendance_and_gives_up_a_day_after_it_was_due() -> None:
    outbox = Outbox(event=make_event(reminders=leads(after=("2h",))))
    assert outbox.plan(ENDED + 3 * HOUR).planned == []
    outbox.attended = {"s1": {1}}
    in_time, too_late = outbox.look(ENDED + 25 * HOUR), outbox.look(ENDED + 26 * HOUR)
    assert [message.state for message in in_time.planned] == [PENDING]
    assert [(message.state, message.reason) for message in too_late.planned] == [(SKIPPED, Reason.EXPIRED)]


def test_after_is_not_taken_back_while_attendance_is_being_read_again() -> None:
    outbox = Outbox(event=make_event(reminders=leads(after=("2h",))), attended={"s1": {1}})
    outbox.plan(ENDED + HOUR)
    outbox.attended = None
    outbox.plan(ENDED + HOUR)
    assert outbox.row("after:2h").state is PENDING
    outbox.attended = {"s1": set()}
    outbox.plan(ENDED + HOUR)
    assert outbox.row("after:2h").state is CANCELLED


def test_after_added_when_its_moment_had_passed_is_born_skipped() -> None:
    outbox = Outbox(event=make_event(reminders=leads(after=("2h",))), attended={"s1": {1}}, leads_seen={})
    outbox.plan(ENDED + 3 * HOUR)
    assert outbox.row("after:2h").reason == Reason.NOT_YET_KNOWN


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        Outbox().look(NOW.replace(tzinfo=None))


# --------------------------------------------------------------------------------------------- any history at all

BASE = utc(2023, 3, 11, 14)  # clocks change in New York the night after
TITLES = ("A", "B", "C")
LEADS = ("2d", "1d 17:00", "24h", "90m", "1h", "0d 06:00")
OTHER_MEETING = "222"

session_plans = st.dictionaries(
    st.sampled_from(TITLES), st.tuples(st.integers(0, 120), st.booleans(), st.booleans()), min_size=1, max_size=3
)
changes_to_people = st.lists(st.tuples(st.integers(1, 5), st.sampled_from(RegistrantStatus), st.booleans()), max_size=3)
fates = st.lists(
    st.sampled_from([SENT, SENT, PENDING, DEFERRED, OutboxState.FAILED, OutboxState.IN_DOUBT, SKIPPED, CANCELLED])
)


@dataclass(frozen=True)
class Step:
    """What happens between two plans."""

    minutes: int
    sessions: dict[str, tuple[int, bool, bool]] | None
    people: list[tuple[int, RegistrantStatus, bool]]
    leads: list[str] | None
    status: EventStatus
    announce: bool
    opted_out: set[int]
    attended: bool
    fates: list[OutboxState]


step_strategy = st.builds(
    Step,
    minutes=st.sampled_from([0, 1, 5, 11, 45, 200, 900, 2000]),
    sessions=st.none() | session_plans,
    people=changes_to_people,
    leads=st.none() | st.lists(st.sampled_from(LEADS), unique=True, max_size=3),
    status=st.sampled_from([EventStatus.ACTIVE] * 6 + [EventStatus.DRAFT, EventStatus.CANCELLED]),
    announce=st.booleans(),
    opted_out=st.sets(st.integers(1, 5), max_size=1),
    attended=st.booleans(),
    fates=fates,
)


class Story:
    """An event that is lived through, step by step, as the jobs would."""

    def __init__(self, zone: str) -> None:
        self.now = BASE - timedelta(days=3)
        self.event = make_event(timezone=zone, reminders=leads("1d 17:00", "1h"), sessions=())
        self.world = World(self.event, [], {}, self.now, self.now, {})

    def live(self, step: Step) -> None:
        world = self.world
        world.now = self.now = self.now + timedelta(minutes=step.minutes)
        self.change_event(step)
        self.change_people(step)
        world.opted_out = step.opted_out
        ended = {one.key for one in world.sessions if one.ends_at <= self.now}
        world.attended = {key: {row for row in world.people if row % 2} for key in ended} if step.attended else {}
        for lead in (*world.event.reminders.before, *world.event.reminders.after):
            world.leads_seen.setdefault(lead.text, self.now)
        self.plan_and_compare()
        self.deliver(step.fates)

    def change_event(self, step: Step) -> None:
        if step.sessions is not None:
            specs = tuple(
                SessionSpec(
                    title=title,
                    starts_at=BASE + timedelta(minutes=30 * slot),
                    ends_at=BASE + timedelta(minutes=30 * slot + 120),
                    meeting_id=OTHER_MEETING if title == "C" else MEETING_ID,
                    cancelled=cancelled,
                    announce=announce,
                )
                for title, (slot, cancelled, announce) in step.sessions.items()
            )
            self.event = replace(self.event, sessions=specs)
        if step.leads is not None:
            self.event = replace(self.event, reminders=leads(*step.leads, after=("2h", "1d 09:00")))
        self.event = replace(self.event, status=step.status, announce=step.announce)
        found = follow_sessions(self.event, (), self.world.sessions, self.now).sessions
        self.world.event = self.event
        self.world.sessions = [
            replace(one, occurrence_id=f"of {one.key}") if one.meeting_id == OTHER_MEETING else one for one in found
        ]

    def change_people(self, step: Step) -> None:
        for row, status, dated in step.people:
            elsewhere = row >= 4  # two registrations of one person, each for an occurrence of the other meeting
            new = make_registrant(
                min(row, 4),
                meeting_id=OTHER_MEETING if elsewhere else MEETING_ID,
                occurrence_id=f"of s{row - 3}" if elsewhere else "",
                registered_at=self.now - 3 * MINUTE if dated else None,
            )
            person, seen = self.world.people.get(row, (new, self.now))
            self.world.people[row] = (person._replace(status=status), seen)
        self.world.people = dict(sorted(self.world.people.items()))

    def plan_and_compare(self) -> None:
        world = self.world
        expected = outbox_afterwards(world, frozenset(reason.value for reason in Reason), Reason.PUT_OFF.value)
        outbox = Outbox(
            rows=world.outbox,
            event=world.event,
            sessions=world.sessions,
            people=world.people,
            event_seen=world.event_seen,
            leads_seen=world.leads_seen,
            opted_out=world.opted_out,
            attended=world.attended,
        )
        whole = outbox.look(self.now)
        for outbox.a_batch in (1, 2):
            in_batches = outbox.look(self.now)
            assert sorted(in_batches.planned) == sorted(whole.planned)
            assert sorted(in_batches.changed, key=repr) == sorted(whole.changed, key=repr)
        outbox.a_batch = None
        plan = outbox.plan(self.now)
        assert {key: row._replace(reason="") for key, row in outbox.rows.items()} == expected
        assert plan.planned == sorted(plan.planned, key=lambda message: (message.due_at, message.key.registrant_row))

    def deliver(self, fates: list[OutboxState]) -> None:
        """Let something happen to what is due; nothing that is due may break a promise."""
        ways = iter(fates)
        for key, row in self.world.outbox.items():
            if row.state in (PENDING, DEFERRED) and row.due_at <= self.now < row.expires_at:
                self.check_promises(key)
                state = next(ways, SENT)
                if state is PENDING:
                    continue  # the sender did not come to it
                reasons = {SKIPPED: Reason.PUT_OFF.value, CANCELLED: "by hand"}
                due_at = self.now + 15 * MINUTE if state is DEFERRED else row.due_at
                self.world.outbox[key] = row._replace(state=state, due_at=due_at, reason=reasons.get(state, ""))

    def check_promises(self, key: MessageKey) -> None:
        person, _ = self.world.people[key.registrant_row]
        session = next((one for one in self.world.sessions if one.key == key.session_key), None)
        if key.kind != "called_off":
            assert self.event.status is EventStatus.ACTIVE
            assert person.status is RegistrantStatus.APPROVED
            assert session is not None
            assert not session.cancelled
        if key.kind.startswith(("before:", "moved")):
            assert session is not None
            assert self.now < session.starts_at
        if key.kind.startswith(("before:", "after:", "welcome")):
            assert key.registrant_row not in self.world.opted_out
        if key.kind == "welcome":
            sent = [one for one, row in self.world.outbox.items() if row.state is SENT and one.kind == "welcome"]
            assert (key.registrant_row, key.occasion) not in {(one.registrant_row, one.occasion) for one in sent}


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["America/Guatemala", "America/New_York", "Pacific/Kiritimati"]),
    st.lists(step_strategy, min_size=1, max_size=12),
)
def test_every_history_leads_to_the_outbox_that_the_rules_ask_for(zone: str, steps: list[Step]) -> None:
    story = Story(zone)
    for step in steps:
        story.live(step)
