"""Announcement pages of many shapes: no fact is read wrongly without a doubt, and the doubts are a person's."""

from __future__ import annotations

import pytest

from tests.events.reading_pages import PAGES, TRUTHS, facts, read, silent


def test_every_page_has_its_truth_beside_it() -> None:
    assert {path.name for path in PAGES.iterdir()} - {"truth.toml"} == set(TRUTHS)


@pytest.mark.parametrize("name", TRUTHS)
def test_no_fact_is_wrong_without_a_doubt(name: str) -> None:
    truth, told = TRUTHS[name], read(name)
    if not truth.get("event", True):
        assert told is None
        return
    assert told is not None, "it is an event"
    assert silent(told, truth) == [], facts(told)


@pytest.mark.parametrize("name", [name for name, truth in TRUTHS.items() if truth.get("event", True)])
def test_facts_and_doubts_are_those_of_a_person(name: str) -> None:
    truth, told = TRUTHS[name], read(name)
    assert told is not None
    read_facts = facts(told)
    for fact, expected in truth.items():
        if fact in read_facts and expected != "?" and "?" not in "".join(expected):
            assert read_facts[fact] == expected
    if titles := truth.get("titles"):
        assert [one.title for one in told.sessions] == titles
    assert sorted(str(doubt.kind) for doubt in told.doubts) == truth["doubts"], [d.text for d in told.doubts]
