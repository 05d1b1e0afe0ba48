"""Which session is which, what counts as a move, and how file and Zoom are compared."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import (
    FIVE_HOURS,
    MEETING_ID,
    SESSION_1,
    SESSION_2,
    make_event,
    make_meeting,
    make_registrant,
    make_session,
    utc,
)
from zoomsync.domain.records import Event, EventStatus, Meeting, Occurrence, Session, SessionSpec, ZoomPart
from zoomsync.domain.sessions import (
    SETTLING,
    SessionChanges,
    TimeDifference,
    follow_sessions,
    sessions_ahead,
    settled_at,
)

NOW = utc(2023, 2, 28, 14)
HOUR = timedelta(hours=1)


def spec(title: str = "Sesión 1", starts_at: datetime = SESSION_1, **changes: Any) -> SessionSpec:
    return SessionSpec(**{"title": title, "starts_at": starts_at, "ends_at": starts_at + FIVE_HOURS, **changes})


def occurrence(starts_at: datetime, *, deleted: bool = False, occurrence_id: str | None = None) -> Occurrence:
    """As Zoom makes them: the id is the start in milliseconds."""
    return Occurrence(occurrence_id or str(int(starts_at.timestamp() * 1000)), starts_at, FIVE_HOURS, deleted)


def series(*starts: datetime) -> Meeting:
    return make_meeting(occurrences=tuple(occurrence(starts_at) for starts_at in starts))


def from_zoom(**changes: Any) -> Event:
    return make_event(sessions=(), **changes)


def follow(
    event: Event, known: tuple[Session, ...] = (), *, meetings: tuple[Meeting, ...] = (), now: datetime = NOW
) -> SessionChanges:
    return follow_sessions(event, meetings, known, now)


def known_of(event: Event, *meetings: Meeting, now: datetime = NOW) -> tuple[Session, ...]:
    """The sessions as the database has them after a first look."""
    return follow(event, meetings=meetings, now=now).sessions


def by_key(changes: SessionChanges) -> dict[str, Session]:
    return {one.key: one for one in changes.sessions}


# ------------------------------------------------------------------------------------------------ which is which


def test_sessions_of_a_file_get_their_keys_in_its_order() -> None:
    changes = follow(make_event())
    assert [(one.key, one.title, one.sequence) for one in changes.added] == [
        ("s1", "Sesión 1", 0),
        ("s2", "Sesión 2", 0),
    ]
    assert {one.meeting_id for one in changes.added} == {MEETING_ID}
    assert {one.first_seen_at for one in changes.added} == {NOW}


def test_a_second_look_changes_nothing() -> None:
    again = follow(make_event(), known_of(make_event()), now=NOW + HOUR)
    assert (again.added, again.updated, len(again.unchanged)) == ((), (), 2)


def test_a_session_with_a_new_title_is_known_by_its_start() -> None:
    changes = follow(make_event(sessions=(spec("Apertura"),)), known_of(make_event(sessions=(spec(),))))
    (update,) = changes.updated
    assert (update.after.key, update.after.title, update.after.sequence) == ("s1", "Apertura", 1)
    assert update.after.moved_at is None


def test_a_session_with_a_new_start_is_known_by_its_title() -> None:
    later = make_event(sessions=(spec(starts_at=SESSION_1 + HOUR),))
    (update,) = follow(later, known_of(make_event(sessions=(spec(),)))).updated
    assert update.after == replace(
        update.before,
        starts_at=SESSION_1 + HOUR,
        ends_at=SESSION_1 + HOUR + FIVE_HOURS,
        sequence=1,
        previous_starts_at=SESSION_1,
        moved_at=NOW,
    )


def test_a_session_with_new_title_and_start_is_a_new_one_and_its_key_is_not_used_again() -> None:
    known = known_of(make_event(sessions=(spec(),)))
    found = by_key(follow(make_event(sessions=(spec("Clausura", SESSION_2),)), known))
    assert (found["s1"].cancelled, found["s2"].title, found["s2"].cancelled) == (True, "Clausura", False)


def test_a_session_with_an_id_is_known_by_it_whatever_else_changes() -> None:
    known = known_of(make_event(sessions=(spec(id="apertura"),)))
    changed = follow(make_event(sessions=(spec("Inicio", SESSION_2, id="apertura"),)), known)
    assert [update.after.key for update in changed.updated] == ["s1"]
    assert changed.added == ()


def test_another_id_is_another_session() -> None:
    known = known_of(make_event(sessions=(spec(id="a"),)))
    found = by_key(follow(make_event(sessions=(spec(id="b"),)), known))
    assert (found["s1"].cancelled, found["s2"].file_id) == (True, "b")


def test_an_id_written_beside_a_known_session_makes_no_new_one() -> None:
    changes = follow(make_event(sessions=(spec(id="a"),)), known_of(make_event(sessions=(spec(),))))
    (update,) = changes.updated
    assert (update.after.key, update.after.file_id, update.after.sequence) == ("s1", "a", 0)


def test_sessions_that_change_places_keep_their_titles() -> None:
    swapped = make_event(sessions=(spec("Sesión 1", SESSION_2), spec("Sesión 2", SESSION_1)))
    found = by_key(follow(swapped, known_of(make_event())))
    assert [(found[key].title, found[key].starts_at) for key in ("s1", "s2")] == [
        ("Sesión 1", SESSION_2),
        ("Sesión 2", SESSION_1),
    ]


def test_of_two_with_the_same_title_the_one_that_stays_is_known_by_its_start() -> None:
    both = make_event(sessions=(spec("Taller", SESSION_1), spec("Taller", SESSION_2)))
    found = by_key(follow(make_event(sessions=(spec("Taller", SESSION_2),)), known_of(both)))
    assert (found["s1"].cancelled, found["s2"].cancelled) == (True, False)


def test_parallel_sessions_renamed_at_once_stay_with_their_meetings() -> None:
    before = make_event(sessions=(spec("A", meeting_id="111"), spec("B", meeting_id="222")))
    renamed = make_event(sessions=(spec("D", meeting_id="222"), spec("C", meeting_id="111")))
    found = by_key(follow(renamed, known_of(before)))
    assert [(found[key].title, found[key].meeting_id) for key in ("s1", "s2")] == [("C", "111"), ("D", "222")]


def test_a_session_found_by_its_own_link_belongs_to_that_meeting() -> None:
    link = "https://us06web.zoom.us/meeting/register/otra"
    meetings = (make_meeting(), make_meeting(meeting_id="222", registration_url=link))
    changes = follow(make_event(sessions=(spec(registration_url=link),)), meetings=meetings)
    assert changes.added[0].meeting_id == "222"


def test_a_session_whose_link_leads_to_none_of_several_meetings_belongs_to_none() -> None:
    meetings = (make_meeting(), make_meeting(meeting_id="222"))
    changes = follow(make_event(sessions=(spec(registration_url="https://zoom.us/x"),)), meetings=meetings)
    assert changes.added[0].meeting_id == ""


def test_an_event_without_meeting_id_hangs_on_the_meeting_that_was_found() -> None:
    event = make_event(zoom=ZoomPart(registration_url="https://zoom.us/meeting/register/a?lang=es"))
    assert {one.meeting_id for one in follow(event, meetings=(make_meeting(),)).added} == {MEETING_ID}


def test_of_two_with_the_same_title_the_one_that_takes_place_is_followed() -> None:
    known = (make_session(title="Taller", cancelled=True), make_session(key="s2", title="Taller", starts_at=SESSION_2))
    found = by_key(follow(make_event(sessions=(spec("Taller", SESSION_1 + HOUR),)), known))
    assert (found["s1"].cancelled, found["s2"].starts_at) == (True, SESSION_1 + HOUR)


def test_a_session_on_another_meeting_leaves_its_occurrence_behind() -> None:
    known = known_of(make_event(), series(SESSION_1, SESSION_2))
    (update,) = follow(make_event(sessions=(spec(meeting_id="222"), make_event().sessions[1])), known).updated
    assert (update.after.meeting_id, update.after.occurrence_id, update.after.sequence) == ("222", "", 1)


def test_of_several_meetings_with_links_of_their_own_a_session_belongs_to_that_of_its_own() -> None:
    links = ("https://us06web.zoom.us/meeting/register/una", "https://us06web.zoom.us/meeting/register/otra")
    meetings = tuple(
        make_meeting(meeting_id=number, registration_url=link)
        for number, link in zip(("111", "222"), links, strict=True)
    )
    event = make_event(sessions=tuple(spec(link, registration_url=link) for link in links))
    assert [one.meeting_id for one in follow(event, meetings=meetings).added] == ["111", "222"]


def test_an_id_tells_more_than_title_and_start() -> None:
    known = (make_session(key="s1", title="Otra", starts_at=SESSION_2, file_id="a"), make_session(key="s2"))
    found = by_key(follow(make_event(sessions=(spec(id="a"),)), known))
    assert (found["s1"].starts_at, found["s2"].cancelled) == (SESSION_1, True)


def test_a_cancelled_session_that_is_back_at_its_old_time_is_the_old_one() -> None:
    before = make_session(key="s1", title="Taller", cancelled=True)
    other = make_session(key="s2", title="Taller", starts_at=SESSION_2, ends_at=SESSION_2 + FIVE_HOURS)
    found = by_key(follow(make_event(sessions=(spec("Taller"),)), (before, other)))
    assert [(one.starts_at, one.cancelled) for one in found.values()] == [(SESSION_1, False), (SESSION_2, True)]


# --------------------------------------------------------------------------------------------- moves and sequence


def test_a_new_end_raises_the_sequence_and_is_no_move() -> None:
    shorter = make_event(sessions=(spec(ends_at=SESSION_1 + HOUR),))
    (update,) = follow(shorter, known_of(make_event(sessions=(spec(),)))).updated
    assert (update.after.ends_at, update.after.sequence, update.after.moved_at) == (SESSION_1 + HOUR, 1, None)


def test_a_move_on_while_the_first_settles_keeps_the_start_that_people_know() -> None:
    known = known_of(make_event(sessions=(spec(),)))
    once = follow(make_event(sessions=(spec(starts_at=SESSION_1 + HOUR),)), known).sessions
    at = NOW + SETTLING - timedelta(seconds=1)
    (twice,) = follow(make_event(sessions=(spec(starts_at=SESSION_1 + 2 * HOUR),)), once, now=at).sessions
    assert (twice.previous_starts_at, twice.moved_at, twice.sequence) == (SESSION_1, at, 2)


def test_a_second_move_after_settling_starts_from_the_first() -> None:
    known = known_of(make_event(sessions=(spec(),)))
    once = follow(make_event(sessions=(spec(starts_at=SESSION_1 + HOUR),)), known).sessions
    at = NOW + SETTLING
    (twice,) = follow(make_event(sessions=(spec(starts_at=SESSION_1 + 2 * HOUR),)), once, now=at).sessions
    assert (twice.previous_starts_at, twice.moved_at) == (SESSION_1 + HOUR, at)


def test_a_move_back_while_it_settles_was_none() -> None:
    event = make_event(sessions=(spec(),))
    once = follow(make_event(sessions=(spec(starts_at=SESSION_1 + HOUR),)), known_of(event)).sessions
    (back,) = follow(event, once, now=NOW + timedelta(minutes=5)).sessions
    assert (back.starts_at, back.previous_starts_at, back.moved_at, back.sequence) == (SESSION_1, None, None, 2)


def test_a_slip_into_the_past_set_right_later_is_no_move_for_anybody() -> None:
    event = make_event(sessions=(spec(),))
    slip = make_event(sessions=(spec(starts_at=SESSION_1 - timedelta(days=365)),))
    slipped = follow(slip, known_of(event)).sessions
    (back,) = follow(event, slipped, now=NOW + timedelta(days=1)).sessions
    assert (back.starts_at, back.moved_at) == (SESSION_1, None)


def test_in_a_draft_nothing_is_a_move() -> None:
    draft = make_event(sessions=(spec(starts_at=SESSION_2),), status=EventStatus.DRAFT)
    (one,) = follow(draft, known_of(make_event(sessions=(spec(),)))).sessions
    assert (one.starts_at, one.moved_at, one.sequence) == (SESSION_2, None, 1)


def test_a_session_that_is_over_and_gets_a_new_date_in_the_file_is_postponed() -> None:
    known = known_of(make_event(sessions=(spec(),)))
    at = SESSION_1 + timedelta(days=1)
    later = SESSION_1 + timedelta(days=7)
    (one,) = follow(make_event(sessions=(spec(starts_at=later),)), known, now=at).sessions
    assert (one.key, one.previous_starts_at, one.moved_at) == ("s1", SESSION_1, at)


def test_a_move_settles_at_once_where_the_session_begins_sooner() -> None:
    soon = make_session(moved_at=NOW, starts_at=NOW + SETTLING)
    later = make_session(moved_at=NOW, starts_at=NOW + SETTLING + timedelta(seconds=1))
    assert (settled_at(soon), settled_at(later), settled_at(make_session())) == (NOW, NOW + SETTLING, None)


# ---------------------------------------------------------------------------------------- cancelled and reinstated


def test_a_session_gone_from_the_file_is_cancelled_and_reinstated_when_it_is_back() -> None:
    known = known_of(make_event())
    gone = follow(make_event(sessions=(spec(),)), known).sessions
    assert [(one.key, one.cancelled, one.sequence) for one in gone] == [("s1", False, 0), ("s2", True, 1)]
    back = follow(make_event(), gone, now=NOW + HOUR).sessions
    assert [(one.key, one.cancelled, one.sequence) for one in back] == [("s1", False, 0), ("s2", False, 2)]


def test_a_session_that_is_over_stays_what_it_was_when_it_goes_from_the_file() -> None:
    changes = follow(make_event(sessions=(spec("Sesión 2", SESSION_2),)), known_of(make_event()), now=SESSION_2)
    assert changes.updated == ()


def test_a_cancelled_session_carries_its_announcement() -> None:
    (one,) = follow(make_event(sessions=(spec(cancelled=True, announce=True),)), (make_session(),)).sessions
    assert (one.cancelled, one.announce, one.sequence) == (True, True, 1)


def test_an_announcement_beside_a_session_that_takes_place_means_nothing() -> None:
    (one,) = follow(make_event(sessions=(spec(announce=True),)), (make_session(),)).sessions
    assert one.announce is False


def test_a_cancelled_event_cancels_its_sessions_but_those_that_are_over() -> None:
    known = known_of(make_event())
    off = follow(make_event(status=EventStatus.CANCELLED), known, now=SESSION_1 + FIVE_HOURS).sessions
    assert [(one.key, one.cancelled) for one in off] == [("s1", False), ("s2", True)]
    later = follow(make_event(status=EventStatus.CANCELLED), off, now=SESSION_2 + timedelta(days=9))
    assert later.updated == ()
    back = follow(make_event(), off, now=SESSION_1 + FIVE_HOURS + HOUR).sessions
    assert [(one.key, one.cancelled, one.sequence) for one in back] == [("s1", False, 0), ("s2", False, 2)]


# ------------------------------------------------------------------------------------------- sessions taken from Zoom


def test_without_sessions_in_the_file_they_are_the_occurrences() -> None:
    changes = follow(from_zoom(), meetings=(series(SESSION_1, SESSION_2),))
    assert [(one.key, one.starts_at, one.ends_at, one.title) for one in changes.added] == [
        ("s1", SESSION_1, SESSION_1 + FIVE_HOURS, "Encuentro de Justicia Abierta 2023"),
        ("s2", SESSION_2, SESSION_2 + FIVE_HOURS, "Encuentro de Justicia Abierta 2023"),
    ]
    assert [one.occurrence_id for one in changes.added] == [
        str(int(SESSION_1.timestamp() * 1000)),
        str(int(SESSION_2.timestamp() * 1000)),
    ]


def test_a_single_meeting_is_one_session_and_is_followed_when_it_moves() -> None:
    known = known_of(from_zoom(), make_meeting(type=2))
    (one,) = follow(from_zoom(), known, meetings=(make_meeting(type=2, starts_at=SESSION_2),)).sessions
    assert (one.key, one.starts_at, one.previous_starts_at) == ("s1", SESSION_2, SESSION_1)


def test_a_single_meeting_is_as_long_as_zoom_says_or_an_hour_and_called_as_there() -> None:
    meeting = make_meeting(type=2, topic="Reunión", duration=2 * HOUR)
    (one,) = known_of(from_zoom(), meeting)
    assert one == Session(
        "s1", "Reunión", SESSION_1, SESSION_1 + 2 * HOUR, MEETING_ID, first_seen_at=NOW, occurrence_id=""
    )
    (one,) = known_of(from_zoom(), replace(meeting, topic="", duration=None))
    assert (one.title, one.ends_at) == ("Encuentro de Justicia Abierta 2023", SESSION_1 + HOUR)


def test_a_session_is_the_same_on_the_meeting_that_takes_the_place_of_its_own() -> None:
    known = known_of(from_zoom(), make_meeting(type=2))
    (one,) = follow(from_zoom(), known, meetings=(make_meeting(type=2, meeting_id="222"),)).sessions
    assert (one.key, one.meeting_id, one.cancelled) == ("s1", "222", False)


def test_an_occurrence_that_is_listed_again_at_its_old_time_is_the_old_one() -> None:
    known = (
        make_session(key="s1", cancelled=True, occurrence_id="a"),
        make_session(key="s2", starts_at=SESSION_2, ends_at=SESSION_2 + FIVE_HOURS, occurrence_id="b"),
    )
    meeting = make_meeting(occurrences=(occurrence(SESSION_1, occurrence_id="c"),))
    found = by_key(follow(from_zoom(), known, meetings=(meeting,)))
    assert [(one.starts_at, one.cancelled) for one in found.values()] == [(SESSION_1, False), (SESSION_2, True)]


def test_a_meeting_used_again_after_its_session_makes_a_new_one() -> None:
    known = known_of(from_zoom(), make_meeting(type=2))
    later = SESSION_1 + timedelta(days=7)
    changes = follow(
        from_zoom(), known, meetings=(make_meeting(type=2, starts_at=later),), now=SESSION_1 + timedelta(days=1)
    )
    assert ([one.key for one in changes.added], changes.updated) == (["s2"], ())


def test_a_series_shifted_as_a_whole_moves_each_session() -> None:
    known = known_of(from_zoom(), series(SESSION_1, SESSION_2))
    changes = follow(from_zoom(), known, meetings=(series(SESSION_1 + 3 * HOUR, SESSION_2 + 3 * HOUR),))
    assert [(one.key, one.previous_starts_at) for one in changes.sessions] == [("s1", SESSION_1), ("s2", SESSION_2)]


def test_an_occurrence_that_kept_its_id_is_the_same_wherever_it_went() -> None:
    meeting = make_meeting(
        occurrences=(occurrence(SESSION_1, occurrence_id="a"), occurrence(SESSION_2, occurrence_id="b"))
    )
    day = timedelta(days=1)
    moved = make_meeting(
        occurrences=(occurrence(SESSION_1 + day, occurrence_id="a"), occurrence(SESSION_2 + day, occurrence_id="b"))
    )
    changes = follow(from_zoom(), known_of(from_zoom(), meeting), meetings=(moved,))
    assert [(one.key, one.starts_at) for one in changes.sessions] == [("s1", SESSION_1 + day), ("s2", SESSION_2 + day)]


def test_a_deleted_occurrence_is_a_cancelled_session_and_an_unknown_one_none_at_all() -> None:
    known = known_of(from_zoom(), series(SESSION_1))
    meeting = make_meeting(occurrences=(occurrence(SESSION_1, deleted=True), occurrence(SESSION_2, deleted=True)))
    assert [(one.key, one.cancelled) for one in follow(from_zoom(), known, meetings=(meeting,)).sessions] == [
        ("s1", True)
    ]


def test_an_occurrence_added_on_zoom_is_a_new_session() -> None:
    known = known_of(from_zoom(), series(SESSION_1))
    changes = follow(from_zoom(), known, meetings=(series(SESSION_1, SESSION_2),))
    assert ([one.key for one in changes.added], changes.updated) == (["s2"], ())


def test_an_occurrence_that_vanished_before_its_start_is_cancelled_and_after_it_stays() -> None:
    known = known_of(from_zoom(), series(SESSION_1, SESSION_2))
    later = (series(SESSION_2),)
    assert by_key(follow(from_zoom(), known, meetings=later))["s1"].cancelled
    assert follow(from_zoom(), known, meetings=later, now=SESSION_1).updated == ()


def test_when_zoom_was_not_asked_or_shows_no_time_its_sessions_stay() -> None:
    known = known_of(from_zoom(), series(SESSION_1))
    assert follow(from_zoom(), known).updated == ()
    assert follow(from_zoom(), known, meetings=(make_meeting(type=3, starts_at=None),)).updated == ()


def test_sessions_of_a_meeting_that_the_event_gave_up_are_cancelled() -> None:
    known = known_of(from_zoom(), series(SESSION_1))
    other = replace(series(SESSION_2), meeting_id="222")
    found = by_key(follow(from_zoom(), known, meetings=(other,)))
    assert (found["s1"].cancelled, found["s2"].meeting_id) == (True, "222")


def test_deleting_an_occurrence_that_is_over_changes_nothing() -> None:
    known = known_of(from_zoom(), series(SESSION_1))
    meeting = make_meeting(occurrences=(occurrence(SESSION_1, deleted=True),))
    assert follow(from_zoom(), known, meetings=(meeting,), now=SESSION_1 + FIVE_HOURS).updated == ()


def test_a_vanished_occurrence_is_not_taken_for_a_deleted_one_of_another_time() -> None:
    known = known_of(from_zoom(), series(SESSION_1))
    meeting = make_meeting(occurrences=(occurrence(SESSION_2, deleted=True),))
    (one,) = follow(from_zoom(), known, meetings=(meeting,)).sessions
    assert (one.starts_at, one.cancelled) == (SESSION_1, True)


def test_a_new_occurrence_does_not_bring_a_cancelled_session_back() -> None:
    cancelled = tuple(replace(one, cancelled=True) for one in known_of(from_zoom(), series(SESSION_1)))
    changes = follow(from_zoom(), cancelled, meetings=(series(SESSION_2),))
    assert ([one.key for one in changes.added], changes.updated) == (["s2"], ())


def test_a_file_that_leaves_its_sessions_to_zoom_ends_a_hold() -> None:
    held = follow(make_event(), meetings=(series(SESSION_1 + 3 * HOUR, SESSION_2),)).sessions
    found = by_key(follow(from_zoom(), held, meetings=(series(SESSION_1 + 3 * HOUR, SESSION_2),)))
    assert (found["s1"].starts_at, found["s1"].times_held) == (SESSION_1 + 3 * HOUR, False)


def test_a_file_that_begins_to_name_its_sessions_takes_over_those_from_zoom() -> None:
    known = known_of(from_zoom(), series(SESSION_1, SESSION_2))
    changes = follow(make_event(), known, meetings=(series(SESSION_1, SESSION_2),))
    assert [(one.key, one.title) for one in changes.sessions] == [("s1", "Sesión 1"), ("s2", "Sesión 2")]


# --------------------------------------------------------------------------------------------- file against Zoom


def test_equal_times_are_no_difference_and_name_the_occurrence() -> None:
    changes = follow(make_event(), meetings=(series(SESSION_1, SESSION_2),))
    assert changes.differences == ()
    assert changes.added[0].occurrence_id == str(int(SESSION_1.timestamp() * 1000))


def test_up_to_an_hour_apart_is_a_remark() -> None:
    changes = follow(make_event(), meetings=(series(SESSION_1 + HOUR, SESSION_2),))
    assert changes.differences == (TimeDifference("s1", SESSION_1, SESSION_1 + HOUR, held=False),)
    assert not changes.added[0].times_held


def test_more_than_an_hour_apart_is_an_alarm_and_holds_the_mail_until_it_is_settled() -> None:
    apart = HOUR + timedelta(seconds=1)
    changes = follow(make_event(), meetings=(series(SESSION_1 + apart, SESSION_2),))
    assert changes.differences == (TimeDifference("s1", SESSION_1, SESSION_1 + apart, held=True),)
    assert [one.times_held for one in changes.sessions] == [True, False]
    settled = follow(make_event(), changes.sessions, meetings=(series(SESSION_1, SESSION_2),))
    assert ([one.times_held for one in settled.sessions], settled.differences) == ([False, False], ())


def test_an_hour_apart_is_near_enough_to_name_the_occurrence() -> None:
    far = SESSION_2 + timedelta(days=9)
    (one,) = follow(make_event(sessions=(spec(),)), meetings=(series(SESSION_1 + HOUR, far),)).added
    assert one.occurrence_id == occurrence(SESSION_1 + HOUR).occurrence_id


def test_an_occurrence_deleted_at_another_time_holds_nothing() -> None:
    event = make_event(sessions=(spec(),))
    deleted = make_meeting(occurrences=(occurrence(SESSION_2, deleted=True),))
    assert follow(event, meetings=(deleted,)).differences == (TimeDifference("s1", SESSION_1, None, held=False),)
    deleted = make_meeting(occurrences=(occurrence(SESSION_1, deleted=True),))
    assert follow(event, meetings=(deleted,)).differences == (TimeDifference("s1", SESSION_1, None, held=True),)


def test_sessions_ahead_are_those_of_the_meeting_or_the_occurrence_that_are_not_over() -> None:
    first, second = make_session(), make_session(key="s2", starts_at=SESSION_2, ends_at=SESSION_2 + FIVE_HOURS)
    both, person = (first, second), make_registrant()
    assert sessions_ahead(person, both, SESSION_1) == both
    assert sessions_ahead(person, both, SESSION_1 + FIVE_HOURS - timedelta(seconds=1)) == both, "one that is going on"
    assert sessions_ahead(person, both, SESSION_1 + FIVE_HOURS) == (second,)
    assert sessions_ahead(person, (first, replace(second, cancelled=True)), NOW) == (first,)
    assert sessions_ahead(person, (first, replace(second, meeting_id="222")), NOW) == (first,)
    by_occurrence = (replace(first, occurrence_id="o1"), replace(second, occurrence_id="o2"))
    assert sessions_ahead(person, by_occurrence, NOW) == by_occurrence
    assert sessions_ahead(make_registrant(occurrence_id="o2"), by_occurrence, NOW) == by_occurrence[1:]


def test_times_said_to_be_right_hold_nothing() -> None:
    event = make_event(zoom=ZoomPart(meeting_id=MEETING_ID, file_times_are_right=True))
    changes = follow(event, meetings=(series(SESSION_1 + 3 * HOUR, SESSION_2),))
    assert [(one.session_key, one.held) for one in changes.differences] == [("s1", False)]
    assert not any(one.times_held for one in changes.sessions)


def test_a_hold_stays_while_zoom_is_not_asked() -> None:
    held = follow(make_event(), meetings=(series(SESSION_1 + 3 * HOUR, SESSION_2),)).sessions
    assert follow(make_event(), held).updated == ()


def test_a_session_that_has_begun_is_not_compared() -> None:
    known = known_of(make_event(), series(SESSION_1, SESSION_2))
    changes = follow(make_event(), known, meetings=(series(SESSION_2),), now=SESSION_1)
    assert (changes.differences, changes.updated) == ((), ())


def test_one_meeting_may_serve_two_sessions() -> None:
    meeting = make_meeting(type=2)
    assert follow(make_event(), meetings=(meeting,)).differences == ()
    known = known_of(make_event(), meeting)
    only_second = make_event(sessions=(spec("Sesión 2", SESSION_2),))
    assert follow(only_second, known, meetings=(meeting,), now=SESSION_1 + FIVE_HOURS).differences == ()


def test_a_session_that_the_series_does_not_show_is_a_remark() -> None:
    changes = follow(make_event(), meetings=(series(SESSION_1),))
    assert changes.differences == (TimeDifference("s2", SESSION_2, None, held=False),)


def test_a_session_deleted_on_zoom_is_an_alarm() -> None:
    meeting = make_meeting(occurrences=(occurrence(SESSION_1), occurrence(SESSION_2, deleted=True)))
    changes = follow(make_event(), meetings=(meeting,))
    assert changes.differences == (TimeDifference("s2", SESSION_2, None, held=True),)
    assert by_key(changes)["s2"].times_held


def test_a_session_far_from_its_only_possible_occurrence_is_still_its_own() -> None:
    changes = follow(make_event(), meetings=(series(SESSION_1, SESSION_2 + 3 * HOUR),))
    assert by_key(changes)["s2"].occurrence_id == str(int((SESSION_2 + 3 * HOUR).timestamp() * 1000))


def test_a_session_that_might_be_one_of_several_occurrences_names_none() -> None:
    meeting = series(SESSION_1, SESSION_2 + 3 * HOUR, SESSION_2 + 6 * HOUR)
    assert by_key(follow(make_event(), meetings=(meeting,)))["s2"].occurrence_id == ""


def test_a_session_gives_up_an_occurrence_that_has_become_another_ones() -> None:
    known = known_of(make_event(), series(SESSION_1, SESSION_2))
    event = make_event(sessions=(spec("Sesión 1", SESSION_2 + 3 * HOUR), spec("Sesión 2", SESSION_1)))
    found = by_key(follow(event, known, meetings=(series(SESSION_1, SESSION_2, SESSION_2 + 9 * HOUR),)))
    assert found["s2"].occurrence_id == str(int(SESSION_1.timestamp() * 1000))
    assert found["s1"].occurrence_id == ""


def test_a_session_that_has_begun_leaves_no_doubt_about_the_others() -> None:
    known = known_of(make_event(), series(SESSION_1, SESSION_2))
    moved = SESSION_2 + 3 * HOUR
    found = by_key(follow(make_event(), known, meetings=(series(moved),), now=SESSION_1))
    assert found["s2"].occurrence_id == str(int(moved.timestamp() * 1000))


def test_of_two_sessions_equally_far_the_earlier_is_compared_whichever_was_known_first() -> None:
    first, last = spec("A", SESSION_1), spec("B", SESSION_1 + 18 * HOUR)
    meeting = series(SESSION_1 + 9 * HOUR)
    looks = [follow(make_event(sessions=order), meetings=(meeting,)) for order in ((first, last), (last, first))]
    compared = [[(one.file, one.zoom) for one in look.differences if one.zoom] for look in looks]
    assert compared == [[(SESSION_1, SESSION_1 + 9 * HOUR)]] * 2


def test_the_mail_of_a_cancelled_session_needs_no_comparing() -> None:
    event = make_event(sessions=(spec(cancelled=True), spec("Sesión 2", SESSION_2)))
    assert follow(event, meetings=(series(SESSION_2),)).differences == ()


# ------------------------------------------------------------------------------------------------ any history at all

hours = st.integers(0, 60).map(lambda count: SESSION_1 + count * HOUR)
specs = st.builds(
    lambda title, starts_at, own_id, cancelled: spec(title, starts_at, id=own_id, cancelled=cancelled),
    st.sampled_from(["A", "B", "C"]),
    hours,
    st.sampled_from([None, None, "x", "y"]),
    st.booleans(),
)
files = st.lists(specs, max_size=4, unique_by=lambda one: (one.title, one.starts_at)).map(
    # A file that uses an id twice is refused before it comes here.
    lambda found: tuple(one for no, one in enumerate(found) if not one.id or one.id not in {s.id for s in found[:no]})
)
shown = st.lists(st.tuples(hours, st.booleans()), max_size=4, unique_by=lambda one: one[0]).map(
    lambda found: make_meeting(occurrences=tuple(occurrence(at, deleted=deleted) for at, deleted in found))
)
steps = st.lists(
    st.tuples(files, st.sampled_from(list(EventStatus)), st.none() | shown, st.integers(0, 40)), min_size=1, max_size=6
)


@given(steps)
def test_every_history_is_followed_without_losing_or_renumbering_a_session(
    history: list[tuple[tuple[SessionSpec, ...], EventStatus, Meeting | None, int]],
) -> None:
    known: tuple[Session, ...] = ()
    now = SESSION_1 - timedelta(days=2)
    for sessions, status, meeting, wait in history:
        now += timedelta(hours=wait)
        event = make_event(sessions=sessions, status=status)
        meetings = (meeting,) if meeting else ()
        before = {one.key: one for one in known}
        changes = follow_sessions(event, meetings, known, now)
        known = changes.sessions
        after = {one.key: one for one in known}
        assert sorted(after, key=lambda key: int(key[1:])) == [f"s{number + 1}" for number in range(len(after))]
        assert before.keys() <= after.keys()
        for key, one in before.items():
            assert after[key].sequence in (one.sequence, one.sequence + 1)
            shows_another = (one.starts_at, one.ends_at, one.title, one.cancelled) != (
                after[key].starts_at,
                after[key].ends_at,
                after[key].title,
                after[key].cancelled,
            )
            assert (after[key].sequence > one.sequence) == shows_another
            assert after[key].first_seen_at == one.first_seen_at
        if sessions and status is not EventStatus.CANCELLED:
            live = sorted((one.title, one.starts_at) for one in known if not one.cancelled and one.ends_at > now)
            assert live == sorted((s.title, s.starts_at) for s in sessions if not s.cancelled and s.ends_at > now)
        again = follow_sessions(event, meetings, known, now)
        assert (again.added, again.updated, again.differences) == ((), (), changes.differences)
