"""What a complete pull changes: rule by rule, then any sequence of pulls against a plain model."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import make_registrant
from zoomsync.domain.reconcile import RegistrantChanges, changed_fields, reconcile, sift
from zoomsync.domain.records import (
    KnownRegistrant,
    ListedRegistrant,
    Registrant,
    RegistrantKey,
    RegistrantStatus,
)

APPROVED, PENDING, DENIED, CANCELLED = (
    RegistrantStatus.APPROVED,
    RegistrantStatus.PENDING,
    RegistrantStatus.DENIED,
    RegistrantStatus.CANCELLED,
)


def by_key(*registrants: Registrant) -> dict[RegistrantKey, Registrant]:
    return {one.key: one for one in registrants}


def crowd(count: int) -> list[Registrant]:
    return [make_registrant(number) for number in range(count)]


def test_registrant_new_on_zoom_is_added() -> None:
    ana = make_registrant(1)
    assert reconcile({}, [ana]) == RegistrantChanges(added=(ana,))


def test_same_pull_again_changes_nothing() -> None:
    ana = make_registrant(1)
    assert reconcile(by_key(ana), [ana]) == RegistrantChanges(same=(ana.key,))


def test_registrant_gone_from_zoom_is_cancelled() -> None:
    ana, luis = make_registrant(1), make_registrant(2)
    changes = reconcile(by_key(ana, luis), [ana])
    assert [(one.before, one.after.status) for one in changes.cancelled] == [(luis, CANCELLED)]
    assert changes.held == ()


def test_cancelled_registrant_stays_cancelled_without_being_cancelled_again() -> None:
    gone = make_registrant(1, status=CANCELLED)
    assert reconcile(by_key(gone), []) == RegistrantChanges()


def test_denied_on_zoom_is_an_update_not_a_cancellation() -> None:
    ana = make_registrant(1)
    denied = ana._replace(status=DENIED)
    changes = reconcile(by_key(ana), [denied])
    assert [(one.before, one.after) for one in changes.updated] == [(ana, denied)]
    assert changes.cancelled == ()


def test_cancelled_registrant_listed_again_is_reinstated() -> None:
    ana = make_registrant(1)
    changes = reconcile(by_key(ana._replace(status=CANCELLED)), [ana])
    assert [one.after for one in changes.reinstated] == [ana]
    assert changes.added == changes.updated == ()


def test_changed_link_replaces_the_old_one_and_the_audit_keeps_both() -> None:
    ana = make_registrant(1)
    moved = ana._replace(join_url="https://us06web.zoom.us/w/1?tk=new")
    (update,) = reconcile(by_key(ana), [moved]).updated
    assert update.after.join_url == moved.join_url
    assert changed_fields(update.before, update.after) == ({"join_url": ana.join_url}, {"join_url": moved.join_url})


def test_blank_from_zoom_leaves_a_trace_of_the_known_value() -> None:
    ana = make_registrant(1, last_name="López")
    (update,) = reconcile(by_key(ana), [ana._replace(last_name="")]).updated
    assert changed_fields(update.before, update.after) == ({"last_name": "López"}, {"last_name": ""})


def test_same_person_in_two_occurrences_is_two_registrations() -> None:
    first = make_registrant(1, occurrence_id="1678197600000")
    second = first._replace(occurrence_id="1678284000000")
    changes = reconcile(by_key(first, second), [first])
    assert [one.before for one in changes.cancelled] == [second]


@pytest.mark.parametrize(
    ("known", "gone", "held"),
    [
        (100, 20, 0),  # a fifth, not more
        (100, 21, 21),
        (20, 10, 0),  # ten, not more
        (20, 11, 11),
        (500, 500, 500),
    ],
)
def test_cancellations_are_held_above_a_fifth_and_above_ten(known: int, gone: int, held: int) -> None:
    everybody = crowd(known)
    changes = reconcile(by_key(*everybody), everybody[gone:])
    assert len(changes.held) == held
    assert len(changes.cancelled) == gone - held


def test_held_cancellations_take_effect_when_a_second_pull_agrees() -> None:
    everybody = crowd(50)
    first = reconcile(by_key(*everybody), everybody[30:])
    held = [one.key for one in first.held]
    second = reconcile(by_key(*everybody), everybody[30:], held)
    assert {one.before.key for one in second.cancelled} == set(held)
    assert second.held == ()


def test_held_one_who_is_back_is_not_cancelled() -> None:
    everybody = crowd(50)
    held = [one.key for one in everybody[:30]]
    changes = reconcile(by_key(*everybody), everybody[10:], held)
    assert {one.before.key for one in changes.cancelled} == set(held[:10])


def test_second_pull_missing_others_holds_those_others() -> None:
    everybody = crowd(100)
    held = [one.key for one in everybody[:30]]
    changes = reconcile(by_key(*everybody), everybody[60:], held)
    assert {one.before.key for one in changes.cancelled} == set(held)
    assert {one.key for one in changes.held} == {one.key for one in everybody[30:60]}


def test_the_share_counts_registrants_left_out_of_the_look() -> None:
    some = crowd(30)
    assert len(reconcile(by_key(*some), (), known_total=1000).cancelled) == 30
    assert len(reconcile(by_key(*some), (), known_total=100).held) == 30


# ------------------------------------------------------------------------------------ any sequence, a plain model

people = st.integers(min_value=0, max_value=40)
row = st.fixed_dictionaries(
    {"status": st.sampled_from([APPROVED, PENDING, DENIED]), "last_name": st.sampled_from(["", "López", "Pérez"])}
)
one_pull = st.dictionaries(people, row, max_size=40)


def digest(registrant: Registrant) -> bytes:
    return blake2b(repr(registrant).encode(), digest_size=16).digest()


class Stored:
    """Registrants as the job keeps them: changes applied, held ones marked, only what sifting asks for compared."""

    def __init__(self) -> None:
        self.rows: dict[RegistrantKey, Registrant] = {}
        self.digests: dict[RegistrantKey, bytes] = {}
        self.missing: set[RegistrantKey] = set()

    def take(self, pulled: list[Registrant]) -> tuple[RegistrantChanges, int]:
        listed = {one.key: ListedRegistrant(digest(one), one.status, b"") for one in pulled}
        known = {
            key: KnownRegistrant(0, one.status, self.digests[key], key in self.missing)
            for key, one in self.rows.items()
        }
        sifted = sift(known.items(), listed)
        look = {*sifted.fresh, *sifted.touched}
        changes = reconcile(
            {key: one for key, one in self.rows.items() if key in look or key in sifted.gone},
            [one for one in pulled if one.key in look],
            self.missing,
            known_total=sifted.alive,
        )
        assert sifted.alive == sum(one.status is not CANCELLED for one in self.rows.values())
        assert sifted.known == {key: known[key] for key in (*sifted.touched, *sifted.gone, *sifted.returned)}
        for after in (*changes.added, *(one.after for one in (*changes.updated, *changes.reinstated))):
            self.rows[after.key], self.digests[after.key] = after, digest(after)
        for one in changes.cancelled:
            self.rows[one.before.key] = one.after
        self.missing = {one.key for one in changes.held}
        return changes, sifted.unchanged + len(changes.same)


@settings(max_examples=200, deadline=None)
@given(st.lists(one_pull, min_size=1, max_size=8))
def test_any_sequence_of_pulls_ends_as_zoom_has_it(pulls: list[dict[int, dict[str, object]]]) -> None:
    stored = Stored()
    for rows in pulls:
        pulled = [make_registrant(number, **row) for number, row in rows.items()]
        before = dict(stored.rows)
        changes, unchanged = stored.take(pulled)

        # What Zoom lists is stored as it lists it, and each row is accounted for once.
        assert all(stored.rows[one.key] == one for one in pulled)
        assert len(changes.added) + len(changes.updated) + len(changes.reinstated) + unchanged == len(pulled)

        # Who is not listed is cancelled or held, and never forgotten.
        on_zoom = {one.key for one in pulled}
        for key, one in before.items():
            if key not in on_zoom:
                assert stored.rows[key].status is CANCELLED or key in stored.missing
                assert stored.rows[key]._replace(status=one.status) == one

        # The same pull again: whoever was held goes, and nothing else; a third time changes nothing at all.
        was_missing = set(stored.missing)
        again, _ = stored.take(pulled)
        assert {one.before.key for one in again.cancelled} == was_missing
        assert replace(again, cancelled=(), same=()) == RegistrantChanges()
        third, _ = stored.take(pulled)
        assert third == RegistrantChanges()


@settings(max_examples=100, deadline=None)
@given(one_pull, one_pull)
def test_leaving_out_what_is_known_to_be_equal_changes_no_decision(
    first: dict[int, dict[str, object]], second: dict[int, dict[str, object]]
) -> None:
    local = by_key(*(make_registrant(number, **row) for number, row in first.items()))
    pulled = [make_registrant(number, **row) for number, row in second.items()]
    whole = reconcile(local, pulled)

    stored = Stored()
    stored.rows, stored.digests = dict(local), {key: digest(one) for key, one in local.items()}
    sifted_changes, _ = stored.take(pulled)
    assert replace(whole, same=()) == replace(sifted_changes, same=())
