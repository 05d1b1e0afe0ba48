"""A folder of event files looked at again and again: what is new, and what stays in force."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoomsync.events.init import starter_text
from zoomsync.events.watching import EventFolder

GOOD = starter_text("model-event.toml")
BROKEN = GOOD.replace("America/Guatemala", "GMT-6")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "encuentro.toml"
    file.write_text(GOOD, encoding="utf-8")
    return file


@pytest.fixture
def folder(file: Path) -> EventFolder:
    return EventFolder(file.parent)


def test_a_file_is_news_once_and_again_when_it_changes(folder: EventFolder, file: Path) -> None:
    assert folder.look().changed == ("encuentro",)
    assert folder.look().changed == ()
    file.write_text(GOOD.replace("2023-03-05", "2023-03-04"), encoding="utf-8")
    look = folder.look()
    assert look.changed == ("encuentro",)
    assert look.events[0].registration_deadline.day == 5  # the end of the fourth, in UTC


def test_a_broken_file_is_told_once_and_its_last_good_version_stays(folder: EventFolder, file: Path) -> None:
    (before,) = folder.look().events
    file.write_text(BROKEN, encoding="utf-8")
    look = folder.look()
    assert look.events == (before,)
    assert [error.where for error in look.news] == ["timezone"]
    again = folder.look()
    assert (again.news, len(again.errors), again.events) == ((), 1, (before,))
    file.write_text(GOOD, encoding="utf-8")
    assert folder.look().errors == ()


def test_a_file_that_is_gone_is_no_longer_in_force(folder: EventFolder, file: Path) -> None:
    folder.look()
    file.unlink()
    assert folder.look().events == ()


def test_after_a_restart_the_last_good_version_comes_from_elsewhere(folder: EventFolder, file: Path) -> None:
    (before,) = folder.look().events
    file.write_text(BROKEN, encoding="utf-8")
    restarted = EventFolder(file.parent)
    assert restarted.look().events == ()
    assert restarted.take_up("encuentro", before.file_text) == before
    assert restarted.look().events == (before,)


def test_what_is_no_event_file_is_not_taken_up(folder: EventFolder, file: Path) -> None:
    assert folder.take_up("encuentro", "") is None
    assert folder.take_up("encuentro", BROKEN) is None
