"""The public files of an event: what a static site may show, written whole, only when something changed."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest

from tests.cli.conftest import SLUG, Project, local
from zoomsync.simulate.model_event import MODEL_MEETING_ID

DEADLINE = local("2023-03-06 00:00")


@pytest.fixture
def folder(project: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZOOMSYNC_PUBLISH_DIR", "public")
    project.world.populate(MODEL_MEETING_ID, 3)
    return project.folder / "public" / SLUG


def state(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "registration.json").read_text(encoding="utf-8")))


def test_nothing_is_published_unless_a_folder_is_set(project: Project) -> None:
    project.synced()
    assert not (project.folder / "public").exists()


def test_a_site_learns_that_registration_is_open_and_until_when(project: Project, folder: Path) -> None:
    project.synced()
    assert state(folder) == {
        "event": SLUG,
        "title": "Encuentro de Justicia Abierta 2023",
        "status": "active",
        "language": "es",
        "timezone": "America/Guatemala",
        "page_url": None,
        "registration": "open",
        "registration_url": None,
        "deadline": "2023-03-06T06:00:00Z",
        "registered": 3,
        "sessions": [
            {
                "title": "Sesión 1",
                "starts_at": "2023-03-07T14:00:00Z",
                "ends_at": "2023-03-07T19:00:00Z",
                "cancelled": False,
            },
            {
                "title": "Sesión 2",
                "starts_at": "2023-03-08T14:00:00Z",
                "ends_at": "2023-03-08T19:00:00Z",
                "cancelled": False,
            },
        ],
        "calendar": "sessions.ics",
    }


def test_it_says_closed_from_the_deadline_on_and_open_after_a_reopening(project: Project, folder: Path) -> None:
    project.at(DEADLINE, "sync")
    assert state(folder)["registration"] == "closed"
    project.at(DEADLINE + timedelta(hours=1), "reopen", SLUG, "--until", "2023-03-06T18:00")
    assert (state(folder)["registration"], state(folder)["deadline"]) == ("open", "2023-03-07T00:00:00Z")


def test_files_are_left_alone_while_nothing_changes(project: Project, folder: Path) -> None:
    project.synced()
    before = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    project.clock.advance(timedelta(hours=1))
    project.synced()
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == before
    assert sorted(file.name for file in before) == ["registration.json", "sessions.ics"]


def test_no_person_is_in_them(project: Project, folder: Path) -> None:
    project.synced()
    text = "".join(file.read_text(encoding="utf-8") for file in folder.iterdir())
    for person in project.people():
        assert person.email not in text
        assert person.link_token not in text


def test_the_calendar_holds_every_session_and_no_personal_link(project: Project, folder: Path) -> None:
    project.synced()
    calendar = icalendar.Calendar.from_ical((folder / "sessions.ics").read_bytes())
    entries = calendar.walk("VEVENT")
    assert [entry["SUMMARY"] for entry in entries] == [
        "Encuentro de Justicia Abierta 2023: Sesión 1",
        "Encuentro de Justicia Abierta 2023: Sesión 2",
    ]
    assert [entry["DTSTART"].dt for entry in entries] == [local("2023-03-07 08:00"), local("2023-03-08 08:00")]
    assert len({entry["UID"] for entry in entries}) == 2
    assert all("LOCATION" not in entry for entry in entries)


def test_drafts_are_not_published(project: Project, folder: Path) -> None:
    project.write_event(top='status = "draft"\n')
    project.synced()
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_is_told_and_the_sync_is_done(project: Project, folder: Path) -> None:
    (project.folder / "public").write_text("a file where the folder should be", encoding="utf-8")
    result = project.sync()
    assert result.code == 1
    assert "ZOOMSYNC_PUBLISH_DIR" in result.err
    assert len(project.registrants()) == 3


def test_a_write_that_fails_halfway_leaves_the_old_file(
    project: Project, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.synced()
    old = (folder / "registration.json").read_bytes()
    project.world.populate(MODEL_MEETING_ID, 2, seed=5)

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert project.sync("--no-close").code == 1
    assert (folder / "registration.json").read_bytes() == old
    assert not list(folder.glob(".*"))
