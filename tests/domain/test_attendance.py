"""Who came: matching, minutes, and when Zoom is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import FIVE_HOURS, MEETING_ID, SESSION_1, SESSION_2, make_session, utc
from zoomsync.domain.attendance import (
    AttendanceRecord,
    AttendanceState,
    Enrolled,
    Instance,
    MatchedBy,
    Participant,
    SessionAttendance,
    attendance_of,
    fold_name,
    instances_of,
    look_is_due,
    read_share,
    union,
)
from zoomsync.domain.records import RegistrantStatus

END = SESSION_1 + FIVE_HOURS
SESSION = make_session()


def at(hours: float) -> datetime:
    return SESSION_1 + timedelta(hours=hours)


def enrolled(number: int, **changes: Any) -> Enrolled:
    person = Enrolled(
        row_id=number,
        meeting_id=MEETING_ID,
        occurrence_id="",
        registrant_id=f"r{number}",
        email=f"persona{number}@example.org",
        name=f"María López {number}",
        status=RegistrantStatus.APPROVED,
        registered_at=utc(2023, 2, 24, 15) + timedelta(minutes=number),
    )
    return person._replace(**changes)


def joining(since: float = 0, until: float = 5, **changes: Any) -> Participant:
    """Somebody from then to then, in hours after the first session's start."""
    one = Participant(meeting_id=MEETING_ID, instance="abc==", name="iPhone", joined_at=at(since), left_at=at(until))
    return replace(one, **changes)


def came(*joinings: Participant, people: int = 2, matches: Any = (), minimum: float = 0.5) -> SessionAttendance:
    return attendance_of(SESSION, [enrolled(n) for n in range(1, people + 1)], joinings, dict(matches), minimum=minimum)


# --------------------------------------------------------------------------------------------------------- matching


def test_participant_is_known_by_registrant_id_before_the_address():
    found = came(joining(registrant_id="r1", email="persona2@example.org"))
    (one,) = found.came
    assert (one.registrant.row_id, one.matched_by, one.by_hand) == (1, MatchedBy.REGISTRANT_ID, False)
    assert [one.row_id for one in found.absent] == [2]


def test_without_an_id_the_exact_address_counts():
    (one,) = came(joining(email="persona2@example.org")).came
    assert (one.registrant.row_id, one.matched_by) == (2, MatchedBy.EMAIL)


def test_name_alone_is_no_match():
    found = came(joining(name="María López 1"))
    assert found.came == ()
    assert [(one.name, one.minutes) for one in found.unmatched] == [("María López 1", 300)]


def test_match_by_hand_counts_and_yields_to_an_id():
    matches = {fold_name("Mi  TELÉFONO"): "persona2@example.org"}
    by_hand = joining(0, 2, name="mi teléfono")
    (one,) = came(by_hand, matches=matches).came
    assert (one.registrant.row_id, one.matched_by, one.by_hand, one.minutes) == (2, MatchedBy.EMAIL, True, 120)
    (one,) = came(by_hand, joining(1, 3, registrant_id="r2"), matches=matches).came
    assert (one.matched_by, one.by_hand, one.minutes) == (MatchedBy.REGISTRANT_ID, False, 180)


def test_match_by_hand_with_an_address_nobody_registered_settles_nothing():
    assert len(came(joining(), matches={"iphone": "nobody@example.org"}).unmatched) == 1


def test_unknown_registrant_id_is_unmatched():
    assert len(came(joining(registrant_id="gone")).unmatched) == 1


def test_host_does_not_count_and_colleagues_only_if_registered():
    found = came(
        joining(host=True, registrant_id="r1"),
        joining(internal=True, name="Técnico"),
        joining(internal=True, email="persona2@example.org"),
    )
    assert [one.registrant.row_id for one in found.came] == [2]
    assert found.unmatched == ()


def test_of_several_with_one_address_the_approved_one_is_taken():
    people = [
        enrolled(1, email="oficina@example.org", status=RegistrantStatus.DENIED),
        enrolled(2, email="oficina@example.org"),
        enrolled(3, email="oficina@example.org"),
    ]
    found = attendance_of(SESSION, people, [joining(email="oficina@example.org")], {})
    assert [one.registrant.row_id for one in found.came] == [2]


def test_two_of_one_name_at_once_are_two_people_and_one_who_returns_is_one():
    found = came(joining(0, 2), joining(2, 4), joining(1, 3))
    assert sorted(one.minutes for one in found.unmatched) == [120, 240]


def test_two_occurrences_are_one_persons_two_sessions():
    second = make_session(key="s2", starts_at=SESSION_2, ends_at=SESSION_2 + FIVE_HOURS)
    participants = [joining(0, 5, registrant_id="r1"), joining(24, 27, registrant_id="r1", instance="def==")]
    minutes = [attendance_of(one, [enrolled(1)], participants, {}).came[0].minutes for one in (SESSION, second)]
    assert minutes == [300, 180]


def test_registered_by_occurrence_the_row_of_this_occurrence_is_taken():
    people = [enrolled(1, registrant_id="r", occurrence_id="o1"), enrolled(2, registrant_id="r", occurrence_id="o2")]
    second = replace(SESSION, occurrence_id="o2")
    found = attendance_of(second, people, [joining(registrant_id="r")], {})
    assert [one.registrant.row_id for one in found.came] == [2]
    assert found.absent == ()


def test_other_meetings_participants_do_not_count():
    assert came(joining(registrant_id="r1", meeting_id="999")).came == ()


# ---------------------------------------------------------------------------------------------------------- minutes


def test_rejoining_adds_up_and_two_devices_count_once():
    (one,) = came(
        joining(0, 2, registrant_id="r1"), joining(1, 3, registrant_id="r1"), joining(4, 4.5, registrant_id="r1")
    ).came
    assert (one.minutes, one.share, one.present) == (210, 0.7, True)


def test_only_time_inside_the_scheduled_time_counts():
    (one,) = came(joining(-2, 1, registrant_id="r1"), joining(4.5, 9, registrant_id="r1")).came
    assert one.minutes == 90
    assert came(joining(-2, 0, registrant_id="r1")).came == ()


def test_host_who_restarted_the_meeting_made_one_session_of_it():
    (one,) = came(joining(0, 2, registrant_id="r1"), joining(2.5, 5, registrant_id="r1", instance="def==")).came
    assert one.minutes == 270


@pytest.mark.parametrize(("minimum", "present"), [(0.4, True), (0.400001, False), (0, True)])
def test_minimum_says_who_is_present(minimum: float, present: bool):
    assert came(joining(0, 2, registrant_id="r1"), minimum=minimum).came[0].present is present


minutes = st.integers(min_value=0, max_value=200)


@given(st.lists(st.tuples(minutes, minutes)))
def test_union_counts_each_covered_minute_once(pairs: list[tuple[int, int]]):
    covered = {minute for start, end in pairs for minute in range(start, end)}
    moments = [(SESSION_1 + timedelta(minutes=start), SESSION_1 + timedelta(minutes=end)) for start, end in pairs]
    assert union(moments) == timedelta(minutes=len(covered))


def test_sittings_around_the_session_may_hold_a_part_of_it():
    begun = {
        name: Instance(name, at(hours))
        for name, hours in (("the day before", -20), ("early", -1), ("again", 2.5), ("after the end", 5))
    }
    assert [one.uuid for one in instances_of(SESSION, begun.values())] == ["early", "again"]


@pytest.mark.parametrize(("text", "share"), [("80%", 0.8), ("80", 0.8), ("0.8", 0.8), ("0,8", 0.8), ("1", 1), ("0", 0)])
def test_minimum_is_read_as_people_write_it(text: str, share: float):
    assert read_share(text) == share


@pytest.mark.parametrize("text", ["", "half", "120%", "-1", "nan"])
def test_minimum_that_is_no_share_is_refused(text: str):
    with pytest.raises(ValueError, match="no share"):
        read_share(text)


# ------------------------------------------------------------------------------------------------- when Zoom is asked


def looks(record: AttendanceRecord | None, *hours: float) -> list[bool]:
    return [look_is_due(SESSION, record, END + timedelta(hours=one)) for one in hours]


def test_zoom_is_asked_half_an_hour_six_hours_and_a_day_after_the_end():
    def ready(hours: float) -> AttendanceRecord:
        return AttendanceRecord("s1", AttendanceState.READY, looked_at=END + timedelta(hours=hours))

    assert looks(None, 0.49, 0.5, 100) == [False, True, True]
    assert looks(ready(0.5), 1, 5.9, 6) == [False, False, True]
    assert looks(ready(6), 7, 23.9, 24) == [False, False, True]
    assert looks(ready(24), 25, 1000) == [False, False]


def test_while_zoom_is_not_ready_it_is_asked_every_half_hour_of_the_first_day():
    def waiting(hours: float) -> AttendanceRecord:
        return AttendanceRecord("s1", AttendanceState.NOT_READY, looked_at=END + timedelta(hours=hours))

    assert looks(waiting(0.5), 0.9, 1) == [False, True]
    assert looks(waiting(24), 25, 48) == [False, False]


def test_failed_look_is_tried_again_for_a_week():
    def failed(hours: float) -> AttendanceRecord:
        return AttendanceRecord("s1", tried_at=END + timedelta(hours=hours), error="Zoom is away")

    assert looks(failed(0.5), 0.7, 0.75) == [False, True]
    assert looks(failed(50), 60, 74) == [False, True]
    assert looks(failed(190), 300) == [False]


def test_cancelled_session_is_not_asked_for():
    assert not look_is_due(replace(SESSION, cancelled=True), None, END + timedelta(hours=7))
