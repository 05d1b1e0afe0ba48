"""What `init` writes: usable as it stands, the same as in the repository, and never over what is there."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from zoomsync import language
from zoomsync.domain.records import EventStatus
from zoomsync.events.files import read_event_file, read_event_files
from zoomsync.events.init import FIRST_EVENT, starter_text, write_starter_files
from zoomsync.events.tables import KEYS
from zoomsync.settings import load_settings

REPOSITORY = Path(__file__).parents[2]
TODAY = date(2026, 11, 24)


def test_three_files_are_written_and_can_be_read(tmp_path: Path) -> None:
    starter = write_starter_files(tmp_path, TODAY)
    assert [path.relative_to(tmp_path).as_posix() for path in starter.written] == [
        "config/zoomsync.toml",
        ".env.example",
        "config/events/my-first-event.toml",
    ]
    assert starter.kept == ()
    files = read_event_files(tmp_path / "config" / "events")
    assert files.errors == ()
    assert files.events[0].status is EventStatus.DRAFT
    assert files.events[0].registration_deadline < files.events[0].sessions[0].starts_at
    assert files.events[0].registration_deadline.date() > TODAY


def test_a_second_time_nothing_is_overwritten(tmp_path: Path) -> None:
    written = write_starter_files(tmp_path, TODAY).written
    for path in written:
        path.write_text("mine")
    assert write_starter_files(tmp_path, TODAY).kept == written
    assert [path.read_text() for path in written] == ["mine"] * 3


def test_where_there_are_events_no_first_one_is_added(tmp_path: Path) -> None:
    own = tmp_path / FIRST_EVENT.parent / "own.toml"
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    starter = write_starter_files(tmp_path, TODAY)
    assert own in starter.kept
    assert list(own.parent.iterdir()) == [own]


@pytest.mark.parametrize(
    ("starter", "file"),
    [
        ("zoomsync.toml", "config/zoomsync.toml"),
        ("env.example", ".env.example"),
        ("model-event.toml", "config/events/encuentro-justicia-abierta-2023.toml"),
    ],
)
def test_the_repository_ships_the_texts_of_the_package(starter: str, file: str) -> None:
    assert (REPOSITORY / file).read_text(encoding="utf-8") == starter_text(starter)


def test_the_first_event_shows_the_keys_people_need(tmp_path: Path) -> None:
    write_starter_files(tmp_path, TODAY)
    text = (tmp_path / FIRST_EVENT).read_text(encoding="utf-8")
    seldom = {"announce", "id", "times"}
    for keys in KEYS.values():
        for key in set(keys) - seldom:
            assert key in text, key
    tomllib.loads(text)


@pytest.mark.parametrize("name", ["zoomsync.toml", "env.example", "event.toml", "imported.toml"])
def test_the_spanish_texts_have_the_same_keys_and_values_to_begin_with(name: str) -> None:
    def keys(language: str) -> list[str]:
        return re.findall(r"(?m)^(?:# )?(?:\$\{\w+\})?([A-Za-z_]+ ?=|\[+\w+\]+|\$\w+$)", starter_text(name, language))

    assert keys("es") == keys("en")
    assert starter_text(name, "es") != starter_text(name, "en")


def test_what_init_writes_in_spanish_can_be_read(tmp_path: Path) -> None:
    language.use("es")
    try:
        write_starter_files(tmp_path, TODAY)
    finally:
        language.use("en")
    event = read_event_file(tmp_path / FIRST_EVENT)
    assert (event.title, event.status) == ("Mi primer evento", EventStatus.DRAFT)
    assert load_settings(cwd=tmp_path, environ={}).language == "en"
