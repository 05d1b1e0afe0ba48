"""What `status` begins with: one sentence for each thing that needs a person, with the command that settles it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from inspect import getsource

import pytest

from tests.builders import DEADLINE, utc
from zoomsync.domain.records import EventStatus, RunState
from zoomsync.domain.registration import RegistrationState
from zoomsync.jobs import status
from zoomsync.jobs.status import EventStanding, concerns_of
from zoomsync.reports.words import Words

NOW = utc(2023, 3, 6, 12)
CALM = EventStanding(
    event="e",
    title="E",
    timezone="America/Guatemala",
    status=EventStatus.ACTIVE,
    last_sync_at=NOW,
    last_sync_state=RunState.OK,
    last_sync_error="",
    registrants={"approved": 2},
    deadline=DEADLINE,
    closes_at=DEADLINE,
    registration=RegistrationState.CLOSED,
    closed_at=DEADLINE,
    verified_at=DEADLINE,
    registration_error="",
    reopened=False,
    late=0,
    late_waiting=0,
    next_mail_at=None,
    overdue=0,
    sent=0,
    waiting=0,
    failed=0,
    in_doubt=0,
    times_held=(),
    is_over=False,
    clock_offset=None,
)
TROUBLE = replace(
    CALM,
    last_sync_state=RunState.FAILED,
    last_sync_error="Zoom is away.",
    registration=RegistrationState.NOT_CLOSED,
    registration_error="Zoom said no.",
    reopened=True,
    late_waiting=1,
    overdue=2,
    failed=1,
    in_doubt=1,
    times_held=("Sesión 1",),
    held=12,
    without_link=1,
    too_many="101 are approved, and the Zoom licence holds 100",
    denials_held=31,
    suspects=(("ana@gmial.com", "ana@gmail.com"),),
    bounced=1,
    untold=("it is cancelled, and nobody was told: zoomsync cancel e --announce tells them",),
)


def test_nothing_is_said_of_an_event_that_goes_well() -> None:
    assert concerns_of(CALM, NOW) == []


def test_every_concern_is_one_sentence_with_the_command_that_settles_it() -> None:
    concerns = [*concerns_of(TROUBLE, NOW), *concerns_of(replace(TROUBLE, paused_at=NOW), NOW)]
    assert [one.name for one in concerns if one.urgent][:3] == ["sync_failed", "overdue", "failed"]
    for one in concerns:
        assert one.words.startswith("e: ")
        # Whose address is wrong can be told by themselves alone.
        assert "zoomsync " in one.words or one.name == "suspects", one.words
        assert ".:" not in one.words


def test_a_draft_that_cannot_be_synced_needs_a_person_and_nothing_else_of_it_does() -> None:
    """A draft syncs, and never mails or closes: nothing of it is late, but what fails was asked for."""
    draft = replace(TROUBLE, status=EventStatus.DRAFT)
    assert [one.name for one in concerns_of(draft, NOW) if one.urgent] == ["sync_failed"]
    stuck = replace(draft, last_sync_state=RunState.RUNNING, last_sync_at=NOW - timedelta(hours=1))
    assert [one.name for one in concerns_of(stuck, NOW) if one.urgent] == ["sync_interrupted"]
    over = replace(draft, is_over=True)
    called_off = replace(TROUBLE, status=EventStatus.CANCELLED)
    for quiet in (over, called_off):
        assert not any(one.urgent for one in concerns_of(quiet, NOW))


def test_a_draft_whose_session_is_near_is_told() -> None:
    draft = replace(TROUBLE, status=EventStatus.DRAFT, goes_live_late=True)
    concerns = concerns_of(draft, NOW)
    assert any("is a draft still, and nothing is sent of it: zoomsync go-live e" in one.words for one in concerns)


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_concern_has_words_for_who_has_no_shell(language: str) -> None:
    draft = replace(TROUBLE, status=EventStatus.DRAFT, goes_live_late=True)
    paused = replace(TROUBLE, paused_at=NOW)
    quiet = replace(CALM, paused_at=NOW, moves=("a move",), attendance_troubles=("Sesión 1",), last_sync_at=None)
    slow = replace(CALM, clock_offset=timedelta(minutes=9), registration_error="Zoom said no.")
    back = replace(CALM, mail_held=3)
    stuck = replace(CALM, last_sync_state=RunState.RUNNING, last_sync_at=NOW - timedelta(hours=1))
    concerns = [
        one for standing in (TROUBLE, paused, draft, quiet, slow, back, stuck) for one in concerns_of(standing, NOW)
    ]
    assert len({one.name for one in concerns}) == len(set(re.findall(r'yield "(\w+)"', getsource(status))))
    for one in concerns:
        said = Words(language).need(one.name, one.number, one.what)
        assert " " in said, f"{one.name} has no words"
        assert "@" not in said, "an overview without personal data says it too"
