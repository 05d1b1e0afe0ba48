"""The container's files: lint and schema, and that what they name is there.

An image is built by hand (docs/operating.md, "In a container"): that needs a base image and an engine.
"""

from __future__ import annotations

import re
import subprocess
import sysconfig
import tomllib
from fnmatch import fnmatch
from importlib.metadata import metadata, requires
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from tests.test_documents import complaint
from zoomsync.settings import DEFAULT_SECRETS, KNOWN_KEYS, load_settings

ROOT = Path(__file__).parent.parent
SCRIPTS = Path(sysconfig.get_path("scripts"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DOCKERFILE = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
COMPOSE: dict[str, Any] = YAML(typ="safe").load(ROOT / "docker-compose.yml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "zoomsync"}


def instructions(word: str) -> list[str]:
    """What follows an instruction's word, of each line of the Dockerfile that begins with it."""
    return re.findall(rf"^{word} +(.+)$", DOCKERFILE, re.MULTILINE)


def one(word: str) -> str:
    (found,) = instructions(word)
    return found


HOME = instructions("WORKDIR")[-1]  # of the image itself, the last stage


def default_of(text: str) -> str:
    """A value of the compose file with the defaults of its variables: `${NAME:-default}`."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def mounts_of(service: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Source and mode of each mount, by target."""
    split = (default_of(text).split(":") for text in service.get("volumes", []))
    return {target: (source, *(mode or ["rw"])) for source, target, *mode in split}


# ------------------------------------------------------------------------------------------------- lint and schema


def said_by(*words: str) -> tuple[int, str]:
    done = subprocess.run([SCRIPTS / words[0], *words[1:]], check=False, cwd=ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_the_dockerfile_passes_its_linter() -> None:
    assert said_by("hadolint", "--no-color", "Dockerfile") == (0, "")


def test_the_compose_file_follows_the_specification(tmp_path: Path) -> None:
    schema = ("check-jsonschema", "--builtin-schema", "vendor.compose-spec")
    code, said = said_by(*schema, "docker-compose.yml")
    assert code == 0, said
    wrong = tmp_path / "docker-compose.yml"
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    wrong.write_text(text.replace("healthcheck:", "heathcheck:"), encoding="utf-8")
    assert said_by(*schema, str(wrong))[0] == 1


# -------------------------------------------------------------------------------------------------- the Dockerfile


def reaches_the_build(name: str) -> bool:
    """Whether .dockerignore lets a path of the repository into the build; the last line that fits counts."""
    let_in = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!")
        anywhere = pattern.removeprefix("**/")
        places = Path(name).parts if anywhere != pattern else [str(path) for path in (Path(name), *Path(name).parents)]
        if not line.startswith("#") and any(fnmatch(place, anywhere) for place in places):
            let_in = line.startswith("!")
    return let_in


def test_each_stage_copies_what_is_there() -> None:
    stages = re.findall(r"^FROM \S+ AS (\w+)$", DOCKERFILE, re.MULTILINE)
    copied = set()
    for line in instructions("COPY"):
        *sources, _ = (word for word in line.split() if not word.startswith("--"))
        if origin := re.search(r"--from=(\w+)", line):
            assert origin[1] in stages
        else:
            copied.update(sources)
    assert [name for name in copied if not (ROOT / name).exists() or not reaches_the_build(name)] == []
    # What makes the package: its code, and what pyproject.toml names.
    assert {
        "pyproject.toml",
        "zoomsync",
        "constraints-image.txt",
        PROJECT["readme"],
        *PROJECT["license-files"],
    } <= copied


@pytest.mark.parametrize(
    "name", [".env", "config/secrets/zoomsync_smtp__password", "config/events/ours.toml", "zoomsync.db", ".git/config",
             "tests/conftest.py", "zoomsync/__pycache__/app.cpython-311.pyc", "zoomsync/cli/__pycache__/run.pyc"]
)  # fmt: skip
def test_no_secret_no_event_and_no_leftover_reaches_the_build(name: str) -> None:
    assert not reaches_the_build(name)


def test_the_default_base_has_a_python_that_zoomsync_takes() -> None:
    image, _, tag = instructions("ARG")[0].removeprefix("BASE=").partition(":")
    assert image == "python"
    assert tag.partition("-")[0] in SpecifierSet(PROJECT["requires-python"])
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${BASE}"}


def test_the_image_runs_the_daemon_and_is_judged_by_its_heartbeat() -> None:
    assert (one("ENTRYPOINT"), one("CMD"), one("STOPSIGNAL")) == ('["zoomsync"]', '["run"]', "SIGTERM")
    check = re.search(r'CMD \["zoomsync", (.+)\]$', one("HEALTHCHECK"))
    assert check
    assert complaint([word.strip(' "') for word in check[1].split(",")]) == ""


def test_the_image_runs_as_a_user_without_rights() -> None:
    user, _, group = one("USER").partition(":")
    assert int(user) > 1000
    assert int(group) > 1000


def test_labels_say_what_the_project_says() -> None:
    labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]*)"', DOCKERFILE))
    names = {"title": "name", "version": "version", "description": "description", "licenses": "license"}
    assert labels == {label: PROJECT[name] for label, name in names.items()}


# ------------------------------------------------------------------------------------------------ the compose file


@pytest.mark.parametrize("name", OURS)
def test_every_name_of_the_environment_is_a_setting(name: str, tmp_path: Path) -> None:
    given = {key: str(value) for key, value in OURS[name].get("environment", {}).items()}
    given |= dict(re.findall(r"\b(ZOOMSYNC_\w+)=(\S+)", " ".join(instructions("ENV"))))
    assert given
    assert all(key.startswith("ZOOMSYNC_") for key in given)
    load_settings(cwd=tmp_path, environ=given)  # raises SettingsError for a name or a value that is none


def test_the_environment_leaves_to_secret_files_and_settings_what_belongs_there() -> None:
    """The environment is the stronger one: what stands in it could not be set in a file any more."""
    names = {name for service in OURS.values() for name in service.get("environment", {})}
    assert names == {"ZOOMSYNC_LOG__FORMAT"}


@pytest.mark.parametrize("name", OURS)
def test_our_containers_can_change_nothing_but_their_state(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    written = {target for target, (_, mode) in mounts_of(service).items() if mode == "rw"}
    assert written == {HOME}


def test_the_daemon_reads_the_settings_and_the_secrets_where_zoomsync_looks() -> None:
    mounts = mounts_of(SERVICES["daemon"])
    assert mounts[f"{HOME}/config"] == ("./config", "ro")
    assert mounts[str(DEFAULT_SECRETS)] == ("./config/secrets", "ro")
    assert mounts[HOME][0] in COMPOSE["volumes"]
    assert one("VOLUME") == HOME


def test_the_daemon_has_the_time_to_finish_and_comes_back() -> None:
    daemon = SERVICES["daemon"]
    assert daemon["stop_grace_period"] == "30s"
    assert daemon["restart"] == "unless-stopped"


def test_plain_up_is_the_daemon_alone_and_needs_no_other_service() -> None:
    assert [name for name, service in SERVICES.items() if "profiles" not in service] == ["daemon"]
    waits_for = SERVICES["daemon"]["depends_on"]
    assert [name for name, how in waits_for.items() if how["required"]] == []
    assert [name for name, how in waits_for.items() if "healthcheck" not in SERVICES[name]] == []


def test_the_rehearsal_is_a_command_of_zoomsync_and_touches_nothing_of_the_daemons() -> None:
    rehearsal = SERVICES["try"]
    assert complaint(rehearsal["command"]) == ""
    sources = {source for source, _ in mounts_of(rehearsal).values()}
    assert sources & {source for source, _ in mounts_of(SERVICES["daemon"]).values()} == set()


def test_the_database_password_comes_from_a_file() -> None:
    postgres = SERVICES["postgres"]
    (secret,) = postgres["secrets"]
    assert default_of(COMPOSE["secrets"][secret]["file"]) == f"./config/secrets/{secret}"
    assert postgres["environment"]["POSTGRES_PASSWORD_FILE"] == f"/run/secrets/{secret}"
    assert "POSTGRES_PASSWORD" not in postgres["environment"]
    assert int(postgres["image"].partition(":")[2]) >= 16


# ------------------------------------------------------------------------------------------ secrets and what is pinned


def test_the_secret_files_that_the_documents_name_are_ones_that_are_read(tmp_path: Path) -> None:
    usual, few = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("operating.md", "advanced.md"))
    section = usual.partition("\n## In a container\n")[2].partition("\n## ")[0]
    section += few.partition("\n## Postgres in a container\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"\bzoomsync_[a-z_]*[a-z]\b", section))
    assert {"zoomsync_zoom__client_secret", "zoomsync_smtp__password", "zoomsync_database_url"} <= named
    assert {tuple(name.removeprefix("zoomsync_").split("__")) for name in named} <= KNOWN_KEYS
    # As the section writes it, in the folder that is mounted.
    url = re.search(r"postgresql://\S+:\$\(cat \S+\)@(\w+)/\w+", section)
    assert url
    assert url[1] in SERVICES
    (tmp_path / "zoomsync_database_url").write_text(re.sub(r"\$\([^)]*\)", "0f1e", url[0]) + "\n", encoding="utf-8")
    settings = load_settings(cwd=tmp_path, environ={"ZOOMSYNC_SECRETS_DIR": str(tmp_path)})
    user, name = (
        SERVICES["postgres"]["environment"]["POSTGRES_USER"],
        SERVICES["postgres"]["environment"]["POSTGRES_DB"],
    )
    assert settings.database_url == f"postgresql+psycopg://{user}:0f1e@postgres/{name}"


def test_nothing_in_the_secrets_folder_is_committed() -> None:
    ignore = (ROOT / "config" / "secrets" / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert [line for line in ignore if not line.startswith("#")] == ["*", "!.gitignore"]


def needed_by(name: str, extras: frozenset[str] = frozenset()) -> set[str]:
    """The distributions that one needs on this machine, with all that those need."""
    todo = [(canonicalize_name(name), extras)]
    seen = set(todo)
    while todo:
        name, extras = todo.pop()
        for text in requires(name) or []:
            requirement = Requirement(text)
            marker, below = requirement.marker, (canonicalize_name(requirement.name), frozenset(requirement.extras))
            wanted = marker is None or any(marker.evaluate({"extra": extra}) for extra in extras or {""})
            if wanted and below not in seen:
                seen.add(below)
                todo.append(below)
    return {each for each, _ in seen}


def pinned(name: str) -> dict[str, str]:
    """Distributions and their versions, as a file of them says."""
    found = re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    return {canonicalize_name(distribution): version for distribution, version in found}


def test_image_installs_what_is_tested_and_each_file_by_its_hash() -> None:
    tested = pinned("constraints.txt")
    for name, wanted in (
        ("constraints-image.txt", needed_by("zoomsync") - {"zoomsync"}),
        ("constraints-build.txt", {"hatchling"}),
    ):
        assert wanted - pinned(name).keys() == set()
        assert pinned(name).items() - tested.items() == set(), "make hashes"
        blocks = re.split(r"\n(?=\S)", (ROOT / name).read_text(encoding="utf-8").strip())
        assert [block for block in blocks if not re.search(r"--hash=sha256:[0-9a-f]{64}", block)] == []
        assert "://" not in "".join(blocks), "the index is for whoever installs to say"
    assert {"sqlmodel", "sqlalchemy", "psycopg-binary"} <= pinned("constraints-image.txt").keys()
    installs = re.findall(r"(?:pip|/python) install [^&\n]*", DOCKERFILE)
    assert [line for line in installs if "--require-hashes" not in line and "--no-deps" not in line] == []


def test_every_library_installs_on_the_oldest_python_that_is_promised() -> None:
    """Debian 12 has 3.11.2; a library that wants 3.11.5 makes the first command of the README fail there."""
    oldest = PROJECT["requires-python"].removeprefix(">=") + ".0"
    wanted = {name: metadata(name).get("Requires-Python") for name in needed_by("zoomsync", frozenset({"dev"}))}
    assert len(wanted) > 60
    assert {name: said for name, said in wanted.items() if said and oldest not in SpecifierSet(said)} == {}
