"""Zoom's open questions played on a throw-away meeting: what is seen is told, and everything is set back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import SLUG, Project
from zoomsync.cli import probe as command
from zoomsync.simulate.model_event import MODEL_MEETING_ID

NUMBER = 85555555555
WORDS = ("probe", str(NUMBER), "--mailbox", "org@example.org", "--yes")


@pytest.fixture
def spare(project: Project, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A meeting made for this; its public page is the simulator's own form."""
    meeting = project.world.add_meeting(NUMBER, "Prueba")
    form = f"{project.zoom.url.removesuffix('/v2')}/meeting/register/{meeting.registration_token}"
    read = command._read_page
    monkeypatch.setattr(command, "_read_page", lambda url: read(form))
    return meeting


def held(document: dict[str, Any]) -> dict[str, str]:
    return {one["question"]: one["held"] for one in document["findings"]}


def test_what_zoom_does_is_seen_and_kept(project: Project, spare: Any) -> None:
    result = project.run(*WORDS, "--json")

    assert result.code == 0, result.err
    answers = held(result.json)
    assert answers.pop("Who is denied gets a mail from Zoom") == "not tried"
    assert answers.pop("Who cancels by the link in Zoom's mail is in none of the lists") == "not tried"
    assert set(answers.values()) == {"yes"}
    assert len(answers) == 12
    assert spare.approval_type == 0
    report = (project.folder / f"probe-{NUMBER}.md").read_text(encoding="utf-8")
    assert "| The approval type can be set back | yes |" in report


def test_what_does_not_hold_is_told_as_such(project: Project, spare: Any) -> None:
    project.world.faults.add("ignored", method="PATCH", times=1)
    answers = held(project.run(*WORDS, "--json").json)
    assert answers["A change of the approval type alone takes on meetings of type 2"] == "no"
    assert answers["After the switch whoever registers waits, without a link"] == "no"
    assert answers["The approval type can be set back"] == "yes"


def test_a_person_is_asked_for_what_only_a_person_sees(
    project: Project, spare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def person(question: str) -> bool:
        if "cancel the registration" in question:
            project.world.cancel_by_self(NUMBER, "org+probe1@example.org")
            return True
        return False

    monkeypatch.setattr(command, "_ask", person)
    answers = held(project.run(*WORDS, "--json").json)
    assert answers["Who is denied gets a mail from Zoom"] == "no"
    assert answers["Who cancels by the link in Zoom's mail is in none of the lists"] == "yes"


def test_the_approval_is_set_back_although_zoom_fails_in_between(project: Project, spare: Any) -> None:
    project.world.faults.add("500", method="POST", path="/registrants", after=1, times=None)
    result = project.run(*WORDS)
    assert result.code == 1
    assert "Zoom could not register somebody" in result.err
    assert spare.approval_type == 0
    assert len([entry for entry in project.zoom.journal if entry.method == "POST" and "registrants" in entry.path]) == 2


@pytest.mark.parametrize(("words", "told"), [
    ((str(MODEL_MEETING_ID), "--mailbox", "org@example.org", "--yes"), f"belongs to the event {SLUG}"),
    ((str(NUMBER), "--mailbox", "nobody", "--yes"), "is not one e-mail address"),
    ((str(NUMBER), "--mailbox", "org@example.org"), "say --yes"),
])  # fmt: skip
def test_what_is_not_to_be_played_with_is_refused(
    project: Project, spare: Any, words: tuple[str, ...], told: str
) -> None:
    result = project.run("probe", *words)
    assert result.code == 2
    assert told in result.err
    assert project.writes() == []


@pytest.mark.parametrize(("change", "told"), [
    ({"approval_type": 1}, "automatic approval first"),
    ({"people": 25}, "25 people are registered there"),
])  # fmt: skip
def test_a_meeting_in_use_is_refused(project: Project, spare: Any, change: dict[str, int], told: str) -> None:
    if "people" in change:
        project.world.populate(NUMBER, change["people"])
    else:
        project.world.set_in_portal(NUMBER, **change)
    result = project.run(*WORDS)
    assert result.code == 1
    assert told in result.err
    assert project.writes() == []
