"""The project's own files: what is checked before a commit, what a release needs, the examples in config/."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from ruamel.yaml import YAML

from zoomsync.domain.records import Closing, EventStatus, ZoomKind
from zoomsync.events.files import read_event_file

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_what_runs_before_a_commit_is_what_make_lint_runs() -> None:
    config: dict[str, Any] = YAML(typ="safe").load(ROOT / ".pre-commit-config.yaml")
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    (line,) = re.findall(r"^lint: .*\n\t(.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert [hook["entry"] for hook in hooks] == line.replace("$(BIN)", ".venv/bin").split(" && ")
    assert {repo["repo"] for repo in config["repos"]} == {"local"}


def test_each_dependency_is_named_once() -> None:
    for listed in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()):
        names = [Requirement(one).name.lower() for one in listed]
        assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("path", sorted(ROOT.glob("config/e*/*.toml")), ids=lambda path: path.stem)
def test_every_example_of_an_event_can_be_read(path: Path) -> None:
    event = read_event_file(path)
    assert event.status is EventStatus.DRAFT or path.parent.name == "events"


def test_the_examples_show_a_webinar_a_series_and_approval_by_hand() -> None:
    events = [read_event_file(path) for path in ROOT.glob("config/examples/*.toml")]
    assert any(one.zoom.kind is ZoomKind.WEBINAR for one in events)
    assert any(len(one.sessions) > 2 for one in events)
    assert any(one.zoom.closing is Closing.MANUAL for one in events)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_the_systemd_unit_is_one(tmp_path: Path) -> None:
    unit = (ROOT / "config" / "systemd" / "zoomsync.service").read_text(encoding="utf-8")
    (program,) = re.findall(r"^ExecStart=(\S+/zoomsync) run$", unit, re.MULTILINE)
    copy = tmp_path / "zoomsync.service"
    copy.write_text(unit.replace(program, "/bin/true"), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", copy], text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
