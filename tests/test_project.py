"""The project's own files: what is checked before a commit, what a release needs, the examples in config/."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from ruamel.yaml import YAML

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
