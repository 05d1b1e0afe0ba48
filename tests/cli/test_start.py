"""How quickly the command line is there: what `--help` and `--version` read, and how long that takes."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from resource import RUSAGE_CHILDREN, getrusage

import pytest
import typer
from typer.main import get_command, get_group

from zoomsync.cli.commands import COMMANDS, app

HEAVY = {"sqlalchemy", "sqlmodel", "alembic", "psycopg", "requests", "urllib3", "pydantic", "pydantic_settings",
         "tenacity", "rich", "jinja2", "babel", "icalendar", "starlette", "uvicorn", "aiosmtpd", "msgspec",
         "prometheus_client", "apscheduler", "markdown_it"}  # fmt: skip
SLOWER_THAN_BARE_PYTHON_AT_MOST = 12
TRIES = 5


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_help_and_version_read_nothing_heavy(words: list[str]) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "zoomsync", *words]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    read = {line.rpartition("|")[2].strip().partition(".")[0] for line in said.stderr.splitlines()}
    assert "typer" in read
    assert read & HEAVY == set()


def test_help_is_there_at_once() -> None:
    bare = min(seconds("-c", "pass") for _ in range(TRIES))
    with_help = min(seconds("-m", "zoomsync", "--help") for _ in range(TRIES))
    assert with_help <= bare * SLOWER_THAN_BARE_PYTHON_AT_MOST


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_of_commands_says_how_each_ones_help_begins(name: str) -> None:
    begins = COMMANDS[name][1].rstrip(".")
    assert " ".join(get_command(app).commands[name].help.split()).startswith(begins)


@pytest.mark.parametrize("family", sorted({family for family, _ in COMMANDS.values()}))
def test_the_table_leaves_out_no_command_of_a_family(family: str) -> None:
    one = typer.Typer()
    import_module(f"zoomsync.cli.{family}").add_to(one)
    assert set(get_group(one).commands) == {name for name, (where, _) in COMMANDS.items() if where == family}


def seconds(*words: str) -> float:
    """What it takes of the processor: the clock on the wall would count in whatever else the machine does."""
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    after = getrusage(RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
