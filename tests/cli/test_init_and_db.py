"""`zoomsync init`, and `zoomsync db`: the first files, and the database by hand."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import SLUG, Project, local
from zoomsync.cli import main
from zoomsync.events.init import FIRST_EVENT
from zoomsync.simulate.model_event import MODEL_MEETING_ID
from zoomsync.store.schema import Database

NEWEST = Database("sqlite:///none.db").newest()
STARTERS = ("config/zoomsync.toml", ".env.example", str(FIRST_EVENT))

# ---------------------------------------------------------------------------------------------------------- init


@pytest.fixture
def empty(clean_environment: Path, process_restored: None) -> Path:
    """A folder with nothing in it."""
    return clean_environment


def test_init_writes_the_first_files_and_says_what_comes_next(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init"]) == 0
    said = capsys.readouterr()
    assert said.out == "".join(f"written  {empty / name}\n" for name in STARTERS) + (
        "Next: copy .env.example to .env and fill it in, describe your event in "
        f"{empty / FIRST_EVENT}, then run zoomsync check.\n"
    )
    assert said.err == ""
    for name in STARTERS:
        assert (empty / name).read_text(encoding="utf-8").startswith("#")


def test_init_again_overwrites_nothing(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["init"])
    (empty / FIRST_EVENT).write_text("mine", encoding="utf-8")
    (empty / ".env.example").unlink()
    capsys.readouterr()

    assert main(["init"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:3] == [
        f"written  {empty / '.env.example'}",
        f"kept     {empty / 'config/zoomsync.toml'} (it was there)",
        f"kept     {empty / FIRST_EVENT} (it was there)",
    ]
    assert (empty / FIRST_EVENT).read_text(encoding="utf-8") == "mine"


def test_init_as_json(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    assert main(["init", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"written": [str(empty / name) for name in STARTERS], "kept": []}


def test_init_where_a_file_stands_in_the_way_is_told(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (empty / "config").write_text("a file", encoding="utf-8")
    assert main(["init"]) == 2
    assert capsys.readouterr().err == (
        f"zoomsync: {empty}/config cannot be written (File exists): choose another folder.\n"
    )


def test_first_files_go_through_check_and_a_draft_sends_nothing(project: Project) -> None:
    (project.folder / "config" / "events" / f"{SLUG}.toml").unlink()
    assert project.run("init").code == 0
    (project.folder / ".env").write_bytes((project.folder / ".env.example").read_bytes())
    result = project.run("check")
    assert result.code == 1
    (cross,) = (line for line in result.out.splitlines() if line.startswith("  ✗"))
    assert cross.startswith("  ✗ Only a registration link is given: set meeting_id in the event file")
    assert "  ! is a draft: no mail, no closing" in result.out


# ------------------------------------------------------------------------------------------------------------ db


def test_current_says_schema_and_newest(project: Project) -> None:
    result = project.run("db", "current")
    assert result.code == 0
    assert result.out == f"sqlite:///{project.file}: schema {NEWEST}, newest {NEWEST}\n"
    assert project.run("db", "current", "--json").json == {
        "database": f"sqlite:///{project.file}",
        "schema": NEWEST,
        "newest": NEWEST,
    }


def test_upgrade_makes_the_database_and_again_changes_nothing(project: Project) -> None:
    project.file.unlink()
    missing = project.run("db", "current")
    assert (missing.code, missing.out) == (
        1,
        f"sqlite:///{project.file}: no schema yet: zoomsync db upgrade makes it\n",
    )
    assert not project.file.exists()

    for _ in range(2):
        made = project.run("db", "upgrade")
        assert (made.code, made.out) == (0, f"sqlite:///{project.file}: schema {NEWEST}\n")
    assert project.file.stat().st_mode & 0o777 == 0o600


def test_backup_is_whole_and_never_replaces_a_file(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 3)
    project.synced()
    result = project.run("db", "backup", "backup.db")
    assert (result.code, result.out) == (0, "Written: backup.db. Keep it safe: it holds personal data.\n")
    with closing(sqlite3.connect(project.folder / "backup.db")) as copy:
        assert copy.execute("SELECT count(*) FROM registrant").fetchone() == (3,)
    assert (project.folder / "backup.db").stat().st_mode & 0o777 == 0o600

    again = project.run("db", "backup", "backup.db")
    assert (again.code, again.out) == (1, "")
    assert again.complaints == [
        "zoomsync: backup.db exists already: a backup never replaces a file; choose another name."
    ]


def test_a_copy_that_was_put_back_sends_nothing_that_was_due_until_a_person_lets_it_go(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 2)
    project.synced()
    at = local("2023-03-06 17:00")  # the first reminder's moment
    held = project.at(at, "db", "restored")
    assert held.code == 0
    assert held.out.splitlines()[0] == "encuentro-2023: 2 messages"
    assert "Held: 2 messages that were due by now." in held.out
    told = project.at(at + timedelta(minutes=1), "status")
    assert told.code == 1
    assert "this database is a copy that was put back, and 2 messages may have gone out already" in told.out
    at += timedelta(minutes=2)
    assert project.at(at, "remind").code == 0
    assert project.mails.messages == []

    assert project.at(at, "outbox", "retry", "1").code == 0  # of this one somebody knows that it did not go out
    assert project.at(at, "remind").code == 0
    assert len(project.mails.messages) == 1
    assert project.at(at, "db", "restored", "--release").code == 2, "nobody can be asked"
    assert project.at(at, "db", "restored", "--release", "--yes").code == 0
    assert project.at(at, "remind").code == 0
    assert len(project.mails.messages) == 2
    assert "put back" not in project.at(at, "status").out


def test_copy_to_postgres_and_work_goes_on_there(
    project: Project, monkeypatch: pytest.MonkeyPatch, empty_postgres_url: str
) -> None:
    project.world.populate(MODEL_MEETING_ID, 3)
    project.synced()
    result = project.run("db", "copy", f"sqlite:///{project.file}", empty_postgres_url, "--json")
    assert result.code == 0
    assert result.json["rows"]["registrant"] == 3
    assert result.json["total"] == sum(result.json["rows"].values())

    monkeypatch.setenv("ZOOMSYNC_DATABASE_URL", empty_postgres_url)
    run = project.synced()
    assert (run["unchanged"], run["added"]) == (3, 0)


def test_copy_into_a_database_that_holds_something_is_refused(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 1)
    project.synced()
    words = ("db", "copy", "sqlite:///zoomsync.db", "sqlite:///other.db")
    assert project.run(*words).code == 0
    again = project.run(*words)
    assert again.code == 1
    assert again.complaints == ["zoomsync: sqlite:///other.db is not empty (table event): copy into a new database."]


def test_copy_from_nothing_makes_nothing(project: Project) -> None:
    result = project.run("db", "copy", "sqlite:///nothing.db", "sqlite:///other.db")
    assert result.code == 1
    assert result.complaints == [
        f"zoomsync: There is no database {project.folder}/nothing.db to copy: check the address."
    ]
    assert not (project.folder / "other.db").exists()
    assert not (project.folder / "nothing.db").exists()


def test_copy_with_an_address_that_is_none_is_wrong_usage(project: Project) -> None:
    result = project.run("db", "copy", "zoomsync.db", "other.db")
    assert result.code == 2
    assert result.complaints == [
        "zoomsync: The database URL must be sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME."
    ]


# --------------------------------------------------------------------------------------------- words that are wrong


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["snyc"], "zoomsync: There is no command snyc. Is sync meant? zoomsync --help says"),
        (["sync", "--nonsense"], "zoomsync: There is no option --nonsense."),
        (["preview"], "zoomsync: EVENT is missing. zoomsync preview --help says"),
        (["db"], "Usage: zoomsync db "),
        ([], "Usage: zoomsync "),
    ],
)
def test_wrong_words_are_wrong_usage(
    empty: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(told)
    assert list(empty.iterdir()) == []


def test_no_event_file_is_told_with_the_command_that_writes_one(project: Project) -> None:
    (project.folder / "config" / "events" / f"{SLUG}.toml").unlink()
    for command in ("sync", "remind", "check"):
        result = project.run(command)
        assert result.code == 2
        assert result.complaints == [
            f"zoomsync: There is no event file in {project.folder}/config/events: zoomsync init writes a first one."
        ]
