"""What every command that only reads keeps to: a pipe, a terminal and its width, `--quiet`, `--json`, the language."""

from __future__ import annotations

import json
import re
import sys
from datetime import timedelta

import pytest

from tests.cli.conftest import SLUG, Project, local
from zoomsync.simulate.model_event import MODEL_MEETING_ID

EMAIL = "ana.xol@example.org"
READERS = (
    ("status",),
    ("timeline", SLUG),
    ("outbox", "list"),
    ("outbox", "show", "1"),
    ("outbox", "bounced"),
    ("late", SLUG),
    ("explain", EMAIL),
    ("remind", "--dry-run"),
    ("sync", "--dry-run"),
    ("retention", "--dry-run"),
    ("attendance", SLUG),
    ("db", "current"),
)
# Words that Spanish has not; machine words and the names of commands have none of them.
ENGLISH = re.compile(r"\b(the|and|is|are|was|by|of|not|with|for|its|at|who|until|sent|due|none|yes)\b", re.IGNORECASE)


@pytest.fixture
def lived(project: Project) -> Project:
    """An event with people in several states, one who was late, mail that went out and mail that was withdrawn."""
    project.world.populate(MODEL_MEETING_ID, 3)
    project.world.register(MODEL_MEETING_ID, {"email": EMAIL, "first_name": "Ana", "last_name": "Xol"})
    project.synced()
    project.at(local("2023-03-06 00:00"), "sync")
    project.clock.move_to(local("2023-03-06 00:30"))
    project.world.register(MODEL_MEETING_ID, {"email": "late@example.org", "first_name": "Débora"})
    project.at(local("2023-03-06 17:00"), "remind")
    project.world.change_status(MODEL_MEETING_ID, project.people()[0], "denied")
    project.at(local("2023-03-06 17:05"), "sync")
    return project


def test_commands_that_read_keep_to_the_pipe_the_terminal_and_two_languages(
    lived: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = local("2023-03-07 14:00") + timedelta(minutes=30)
    english, wide = list[str](), list[str]()
    for words in READERS:
        said = lived.at(now, *words)
        assert said.code in (0, 1), words
        assert "\x1b" not in said.out + said.err, words
        quiet = lived.at(now, *words, "--quiet")
        assert quiet.out == said.out, words
        assert [line for line in quiet.err.splitlines() if not line.startswith("zoomsync: ")] == [], words
        spanish = lived.at(now, *words, "--language", "es")
        english += [line for line in spanish.out.splitlines() if ENGLISH.search(re.sub(r"\S*/\S*", "", line))]
        assert isinstance(json.loads(lived.at(now, *words, "--json").out), dict), words
        monkeypatch.setenv("COLUMNS", "60")
        with monkeypatch.context() as terminal:
            terminal.setattr(sys.stdout, "isatty", lambda: True)
            shown = lived.at(now, *words, "--language", "es").out
        assert "\x1b" not in shown, f"NO_COLOR is set: {words}"
        wide += [line for line in shown.splitlines() if len(line) > 60 and max(map(len, line.split())) < 30]
        monkeypatch.setenv("COLUMNS", "200")
    assert english == []
    assert wide == []
