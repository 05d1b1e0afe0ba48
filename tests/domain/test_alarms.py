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
    assert standing(late, closes_at=DEADLINE, not_closed=True, last_run_at=None) == []
    assert standing(late, closes_at=None, not_closed=True) == [], "reopened without an end meanwhile"
    assert standing(late, closes_at=DEADLINE, not_closed=True, last_run_at=DEADLINE) == ["not_closed"]
    asleep = DEADLINE - SECOND
    assert standing(late, closes_at=DEADLINE, not_closed=True, last_run_at=asleep) == []
    assert standing(late, closes_at=DEADLINE, not_closed=True, last_run_at=late) == ["not_closed"]


@pytest.mark.parametrize(("changes", "what", "words"), [
    ({"overdue": 1}, "overdue",
     "1 message is overdue: `zoomsync outbox list` shows it, and `zoomsync check` tries the mail server"),
    ({"overdue": 2}, "overdue",
     "2 messages are overdue: `zoomsync outbox list` shows them, and `zoomsync check` tries the mail server"),
    ({"overdue": 1, "paused": True}, "paused",
     "its mail is paused, and 1 message that is due waits: `zoomsync resume encuentro` lets it go on"),
    ({"overdue": 2, "paused": True}, "paused",
     "its mail is paused, and 2 messages that are due wait: `zoomsync resume encuentro` lets it go on"),
    ({"held": 12}, "held",
     "12 registrants are no longer listed by Zoom; that is many, so they stay as they are until another sync says the "
     "same"),
    ({"without_link": 1}, "without_link",
     "Zoom gave no personal link for 1 approved registrant: their mail waits until it does"),
    ({"without_link": 2}, "without_link",
     "Zoom gave no personal link for 2 approved registrants: their mail waits until it does"),
    ({"reopened": True}, "reopened",
     "somebody opened registration again in Zoom's portal after the deadline, and it was closed once more: "
     "`zoomsync reopen encuentro` if it is to stay open"),
    ({"times_held": ("Sesión 1", "Cierre")}, "times",
     "file and Zoom disagree about the time of Sesión 1, Cierre, so its mail waits: `zoomsync check encuentro` says "
     "how far"),
    ({"too_many": "101 are approved"}, "seats", "101 are approved"),
    ({"denials_held": "31 would be denied"}, "denials", "31 would be denied"),
    ({"moves": ("Sesión 1 at 17:10", "Cierre at 17:20")}, "moved", "Sesión 1 at 17:10; Cierre at 17:20"),
    ({"registration_error": "set back in the portal"}, "registration", "registration: set back in the portal"),
    ({"not_closed": True, "closes_at": NOW - timedelta(hours=1)}, "not_closed",
     "registration is NOT CLOSED although the deadline has passed: `zoomsync sync encuentro` closes it"),
    ({"not_closed": True, "closes_at": NOW - timedelta(hours=1), "registration_error": "Zoom is away"}, "not_closed",
     "registration is NOT CLOSED although the deadline has passed: Zoom is away"),
])  # fmt: skip
def test_each_trouble_has_an_alarm_of_its_own_that_says_what_to_do(changes: dict[str, Any], what: str, words: str):
    facts = Facts("encuentro", first_seen_at=utc(2023, 2, 23), last_run_at=NOW, last_ok_at=NOW, **changes)
    assert alarms_of(facts, NOW) == {AlarmKey("encuentro", what): words}


def test_mail_that_is_paused_is_no_trouble_before_any_of_it_is_due():
    assert standing(paused=True) == []


def test_an_alarm_is_told_once_when_it_begins_and_once_when_it_is_over():
    key, other = AlarmKey("e", "held"), AlarmKey("e", "overdue")
    assert compare_alarms([], {key: "12"}) == ({key: "12"}, [])
    assert compare_alarms([key], {key: "13"}) == ({}, [])
    assert compare_alarms([key], {other: "1"}) == ({other: "1"}, [key])
