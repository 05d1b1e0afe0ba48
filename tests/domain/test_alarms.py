"""What a person must hear of at once: which alarms stand, and that each is told once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import DEADLINE, utc
from zoomsync.domain.alarms import CLOSING_TAKES, FAILING_FOR, AlarmKey, Facts, alarms_of, compare_alarms

NOW = DEADLINE - timedelta(days=3)
SECOND = timedelta(seconds=1)


def standing(now: Any = NOW, **changes: Any) -> list[str]:
    facts = Facts("encuentro", **{"first_seen_at": utc(2023, 2, 23), "last_run_at": now, "last_ok_at": now} | changes)
    return [key.what for key in alarms_of(facts, now)]


def test_where_all_is_well_nothing_stands():
    assert standing() == []


def test_a_sync_that_fails_is_told_after_an_hour_without_a_complete_pull():
    failing = Facts("e", NOW, last_sync_failed=True, sync_error="no network", last_ok_at=NOW - FAILING_FOR + SECOND)
    assert alarms_of(failing, NOW) == {}
    assert alarms_of(failing, NOW + SECOND) == {
        AlarmKey("e", "sync_failing"): "nobody was pulled for an hour: no network"
    }


def test_one_that_never_was_pulled_counts_from_when_it_was_first_seen():
    never = Facts("e", NOW, last_sync_failed=True)
    assert alarms_of(never, NOW + FAILING_FOR - SECOND) == {}
    assert list(alarms_of(never, NOW + FAILING_FOR)) == [AlarmKey("e", "sync_failing")]


def test_a_form_that_is_open_is_told_when_closing_had_its_time():
    assert standing(DEADLINE + CLOSING_TAKES - SECOND, closes_at=DEADLINE, not_closed=True) == []
    assert standing(DEADLINE + CLOSING_TAKES, closes_at=DEADLINE, not_closed=True) == ["not_closed"]


def test_a_form_that_was_not_looked_at_since_the_deadline_is_first_looked_at():
    """As after a night in which the machine was off."""
    late = DEADLINE + timedelta(hours=3)
    asleep = DEADLINE - SECOND
    assert standing(late, closes_at=DEADLINE, not_closed=True, last_run_at=asleep) == []
    assert standing(late, closes_at=DEADLINE, not_closed=True, last_run_at=late) == ["not_closed"]


@pytest.mark.parametrize(("changes", "what"), [
    ({"overdue": 1}, "overdue"),
    ({"held": 12}, "held"),
    ({"without_link": 1}, "without_link"),
    ({"reopened": True}, "reopened"),
    ({"times_held": ("Sesión 1",)}, "times"),
    ({"too_many": "101 are approved"}, "seats"),
    ({"denials_held": "31 would be denied"}, "denials"),
    ({"moves": ("the new time of Sesión 1 goes to 29 registrants at 17:10",)}, "moved"),
    ({"registration_error": "set back in the portal"}, "registration"),
])  # fmt: skip
def test_each_trouble_has_an_alarm_of_its_own(changes: dict[str, Any], what: str):
    assert standing(**changes) == [what]


def test_an_alarm_is_told_once_when_it_begins_and_once_when_it_is_over():
    key, other = AlarmKey("e", "held"), AlarmKey("e", "overdue")
    assert compare_alarms([], {key: "12"}) == ({key: "12"}, [])
    assert compare_alarms([key], {key: "13"}) == ({}, [])
    assert compare_alarms([key], {other: "1"}) == ({other: "1"}, [key])
