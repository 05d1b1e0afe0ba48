"""The invented registrants: the same for the same seed, believable, and quick to make."""

from __future__ import annotations

import time

from tests.builders import utc
from zoomsync.clock import SteppedClock
from zoomsync.simulate.model_event import MODEL_MEETING_ID
from zoomsync.simulate.people import believable_people
from zoomsync.simulate.world import World


def test_same_seed_gives_the_same_people_for_any_count():
    assert list(believable_people(10, seed=4)) == list(believable_people(500, seed=4))[:10]
    assert list(believable_people(10, seed=4)) != list(believable_people(10, seed=5))


def test_people_fill_in_the_form_as_guatemalans_do():
    crowd = list(believable_people(500))
    assert len({person["email"] for person in crowd}) == 500
    assert all(person["email"].isascii() and person["email"].partition("@")[2].startswith(
        ("example.", "correo.example.", "usac.example.")) for person in crowd)  # fmt: skip
    assert any("é" in person["first_name"] for person in crowd)
    assert all(person["phone"].startswith("+502 ") and len(person["phone"]) == 14 for person in crowd)
    assert {q["title"] for person in crowd for q in person["custom_questions"]} == {"Departamento", "Sexo", "Edad"}


def test_accounts_of_the_same_seed_are_the_same():
    rows = []
    for _ in range(2):
        world = World.model_account(SteppedClock(utc(2023, 3, 1)))
        world.populate(MODEL_MEETING_ID, 50)
        rows.append(world.list_registrants("meeting", MODEL_MEETING_ID, "approved", "", {}).rows)
    assert rows[0] == rows[1]


def test_a_hundred_thousand_are_made_in_seconds():
    world = World.model_account(SteppedClock(utc(2023, 3, 1)))
    begin = time.perf_counter()
    world.populate(MODEL_MEETING_ID, 100_000)
    assert time.perf_counter() - begin < 15
    assert len(world.meetings[MODEL_MEETING_ID].registrants) == 100_000
