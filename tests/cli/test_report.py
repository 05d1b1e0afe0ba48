"""`zoomsync report` as a shell calls it: names, files, exit codes, and who may read what it writes."""

from __future__ import annotations

import json
import stat

import pytest

from tests.cli.conftest import SLUG, Project
from zoomsync.simulate.model_event import MODEL_MEETING_ID


@pytest.fixture
def registered(project: Project) -> Project:
    """The project with three people pulled."""
    project.world.populate(MODEL_MEETING_ID, 3, seed=4)
    project.synced()
    return project


def test_a_report_is_a_table_or_what_was_asked_for(registered: Project) -> None:
    table = registered.run("report", "registrants")
    assert table.code == 0
    assert "Inscripciones: 3" in table.out
    document = json.loads(registered.run("report", "registrants", SLUG, "--json").out)
    assert (document["report"], document["events"], len(document["rows"])) == ("registrants", [SLUG], 3)
    text = registered.run("report", "registrants", "--format", "csv", "--excel", "--columns", "email,status").out
    assert text.startswith("\ufeffemail,status\r\n")
    english = registered.run("report", "overview", "--language", "en")
    assert "Registered" in english.out


def test_a_file_says_by_its_name_what_it_is_and_is_its_owners_alone(registered: Project) -> None:
    for name, beginning in (("a.xlsx", b"PK"), ("a.html", b"<!DOCTYPE html>"), ("a.csv", b"event,")):
        done = registered.run("report", "registrants", "--output", name)
        assert (done.code, done.out) == (0, "")
        file = registered.folder / name
        assert file.read_bytes().startswith(beginning)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert registered.run("report", "registrants", "--output", "nowhere/a.csv").code == 2


def test_what_cannot_be_reported_is_refused_with_what_can(registered: Project) -> None:
    for words, told in (
        (["daydreams"], "There is no report daydreams; there are: overview, registrants, reminders"),
        (["registrants", "encuentro"], f"The database knows no event encuentro. Do you mean {SLUG}?"),
        (["registrants", "--columns", "emial"], "This report has no column emial. Do you mean email?"),
        (["registrants", "--status", "aproved"], "There is no status aproved; there are: pending, approved"),
        (["registrants", "--since", "5/3/2023"], "--since 5/3/2023 is no time"),
        (["overview", "--group-by", "Color"], "Nobody answered a question Color. There are: "),
        (["activity", "--group-by", "Sexo"], "--group-by says nothing to the report activity."),
        (["attendance", "--minimum", "a lot"], "--minimum a lot is no share"),
    ):
        refused = registered.run("report", *words)
        assert (refused.code, refused.out) == (2, "")
        assert told in refused.err
        assert len(refused.err.splitlines()) == 1


def test_a_database_without_events_says_what_comes_first(project: Project) -> None:
    refused = project.run("report", "overview")
    assert refused.code == 2
    assert "zoomsync sync comes first" in refused.err
