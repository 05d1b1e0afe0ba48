"""The documents say what is there: headings that the code cites, links, command lines, names of settings."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from zoomsync.cli.commands import COMMANDS, app
from zoomsync.domain.alarms import Alarm
from zoomsync.settings import load_settings

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
READMES = [ROOT / "README.md", ROOT / "README.es.md"]
EXAMPLES = [ROOT / ".env.example", *sorted(one for one in ROOT.glob("zoomsync/events/starter/**/*") if one.is_file())]
HERE = Path(__file__)

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")


def prose_of(document: Path) -> str:
    """A document without its fenced blocks."""
    return _FENCED.sub("", document.read_text(encoding="utf-8"))


def headings_of(document: Path) -> list[str]:
    return re.findall(r"^#+ (.+)$", prose_of(document), re.MULTILINE)


def anchors_of(document: Path) -> set[str]:
    """The anchors that GitHub makes of headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings_of(document)}


# ------------------------------------------------------------------------------------------------ what code cites

_CITED = re.compile(r'docs/([\w-]+\.md)((?:(?:, | and )"[^"]+")*)')


def citations(text: str) -> Iterator[tuple[str, str]]:
    """(document, heading) of every citation like `docs/zoom.md, "Links" and "Lists"`; "" where no heading is named."""
    joined = re.sub(r"\s*\n\s*(?:# )?", " ", text)
    for document, named in _CITED.findall(joined):
        for heading in re.findall(r'"([^"]+)"', named) or [""]:
            yield document, heading


def test_every_heading_that_code_cites_is_there() -> None:
    modules = [path for room in ("zoomsync", "tests") for path in sorted(ROOT.joinpath(room).rglob("*.py"))]
    lost = []
    for module in modules:
        if module == HERE:
            continue
        for name, heading in citations(module.read_text(encoding="utf-8")):
            document = ROOT / "docs" / name
            if not document.is_file() or (heading and heading not in headings_of(document)):
                lost.append(f"{module.relative_to(ROOT)}: docs/{name}, {heading!r}")
    assert lost == []


def test_a_citation_is_read_with_all_its_headings_and_across_lines() -> None:
    text = 'Source: docs/promises.md, "Pull" and\n    "Reconcile".\n# see docs/zoom.md,\n# "Links"; docs/zoom.md.'
    assert list(citations(text)) == [
        ("promises.md", "Pull"),
        ("promises.md", "Reconcile"),
        ("zoom.md", "Links"),
        ("zoom.md", ""),
    ]


# ---------------------------------------------------------------------------------------------------------- links


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_within_the_repository_leads_somewhere(document: Path) -> None:
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose_of(document)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = document.parent / name if name else document
        if not there.exists() or (anchor and anchor not in anchors_of(there)):
            lost.append(target)
    assert lost == []


# -------------------------------------------------------------------------------------------------- command lines

SHELL = ("", "sh", "cron", "ini")  # what a block with commands is called

COMMAND: Any = get_command(app)
COMMAND.commands = dict(COMMAND.commands)  # each made once, not for every line
_HELP = {"-h": False, "--help": False}


def options_of(command: Any) -> dict[str, bool]:
    """A command's own options, and whether each is followed by a value."""
    return _HELP | {
        name: not option.is_flag
        for option in command.params
        if option.param_type_name == "option"
        for name in (*option.opts, *option.secondary_opts)
    }


def complaint(words: list[str], command: Any = COMMAND) -> str:
    """What is wrong with the words after `zoomsync`, "" where nothing is. `list|show` stands for both."""
    for number, word in enumerate(words):
        name, equals, _ = word.partition("=")
        if word.startswith("-"):
            known = options_of(COMMAND) | options_of(command)
            if name not in known:
                return f"{command.name} has no option {name}"
            if known[name] and not equals:
                if number + 1 == len(words):
                    return f"{name} wants a value"
                return complaint(words[:number] + words[number + 2 :], command)
        elif commands := getattr(command, "commands", None):
            unknown = [each for each in word.split("|") if each not in commands]
            if unknown:
                return f"{command.name} has no command {unknown[0]}"
            rest = words[:number] + words[number + 1 :]
            return next(filter(None, (complaint(rest, commands[each]) for each in word.split("|"))), "")
    if getattr(command, "commands", None) and words:
        return "" if set(words) <= options_of(COMMAND).keys() else f"{command.name}: which command?"
    wanted = [param for param in command.params if param.param_type_name == "argument"]
    given = [word for word in words if not word.startswith("-")]
    if len(given) > len(wanted) and not any(param.nargs == -1 for param in wanted):
        return f"{command.name} takes no {given[-1]}"
    return ""


def words_of(line: str) -> list[str]:
    """A line's words as a shell takes them; in prose, where a quote is an apostrophe, those between blanks."""
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


def command_lines(document: Path) -> Iterator[list[str]]:
    """The words after `zoomsync` of every command line in a document: in fenced blocks and between backticks."""
    text = document.read_text(encoding="utf-8")
    blocks = [body for language, body in _FENCED.findall(text) if language in SHELL]
    lines = [line.partition(" #")[0] for body in blocks for line in body.splitlines()]
    for line in [*lines, *(span.replace(r"\|", "|") for span in _SPAN.findall(prose_of(document)))]:
        plain = re.sub(r"\$\([^)]*\)", "X", line)  # what a shell would put in
        for part in re.split(r"&&|;|\{|\}| \| ", plain):
            words = words_of(re.sub(r"[\[\]]|\.\.\.| >\S+", " ", part))
            start = next((number for number, word in enumerate(words) if word.endswith("bin/zoomsync")), None)
            if words[:1] == ["zoomsync"]:
                start = 0
            if start is not None:
                yield words[start + 1 :]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_line_is_one_that_zoomsync_takes(document: Path) -> None:
    wrong = [f"zoomsync {' '.join(words)}: {why}" for words in command_lines(document) if (why := complaint(words))]
    assert wrong == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_option_named_alone_is_one_of_some_command(document: Path) -> None:
    def all_options(command: Any) -> set[str]:
        below = (all_options(each) for each in getattr(command, "commands", {}).values())
        return set(options_of(command)).union(*below)

    named = {span.split()[0].partition("=")[0] for span in _SPAN.findall(prose_of(document)) if span.startswith("--")}
    assert named - all_options(COMMAND) == set()


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("sync", True),
        ("sync EVENT --no-close -q", True),
        ("outbox list|show|retry|abort", True),
        ("--version", True),
        ("status --now 2023-03-06T17:00 --json", True),
        ("outbox list --state failed", True),
        ("db copy FROM TO", True),
        ("sync --gently", False),
        ("outbox list|burn", False),
        ("status --now", False),
        ("status EVENT", False),
        ("daydream", False),
    ],
)
def test_a_wrong_command_line_is_noticed(line: str, right: bool) -> None:
    assert (complaint(line.split()) == "") is right


def test_command_lines_are_found_wherever_they_stand(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(
        "Run `zoomsync sync [EVENT...]`, not zoomsync.db.\n\n| `zoomsync outbox list\\|show` | ... |\n\n"
        "```\n*/5 * * * *  cd /srv/zoomsync && { .venv/bin/zoomsync sync -q >/dev/null; }\ncd zoomsync\n```\n"
        "```ini\nExecStart=-/srv/zoomsync/.venv/bin/zoomsync status   # how it stands\n```\n",
        encoding="utf-8",
    )
    assert sorted(command_lines(document)) == [["outbox", "list|show"], ["status"], ["sync", "-q"], ["sync", "EVENT"]]


# ------------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize("text", [*DOCUMENTS, *EXAMPLES], ids=lambda path: path.name)
def test_every_name_of_the_environment_is_a_setting(text: Path, tmp_path: Path) -> None:
    named = re.findall(r"\bZOOMSYNC_[A-Z_]*[A-Z]\b", text.read_text(encoding="utf-8"))
    # Raises SettingsError for a name that is none; an empty value is as if it were not set.
    load_settings(cwd=tmp_path, environ=dict.fromkeys(named, ""))


@pytest.mark.parametrize("document", READMES, ids=lambda path: path.name)
def test_every_example_of_a_env_file_is_taken(document: Path, tmp_path: Path) -> None:
    found = [body for language, body in _FENCED.findall(document.read_text(encoding="utf-8")) if language == "env"]
    assert len(found) == 5
    for body in found:
        (tmp_path / ".env").write_text(body, encoding="utf-8")
        load_settings(cwd=tmp_path, environ={})


# ------------------------------------------------------------------------------------------------ whole and in step


def test_both_readmes_begin_with_the_two_commands() -> None:
    for readme in READMES:
        assert _FENCED.findall(readme.read_text(encoding="utf-8"))[0] == ("", "make demo\nmake test\n")


def test_both_readmes_have_the_same_parts_blocks_scopes_and_links() -> None:
    english, spanish = (readme.read_text(encoding="utf-8") for readme in READMES)

    def outline(text: str) -> list[str]:
        return re.findall(r"^#+(?= )|^<details>|^</details>|^(?:- |\d\. )", _FENCED.sub("", text), re.MULTILINE)

    def code(text: str) -> list[str]:
        blocks = [body for _, body in _FENCED.findall(text)]
        return [re.sub(r"'[^'<]*'", "'...'", body) for body in blocks]  # a password is in words

    def scopes(text: str) -> list[str]:
        return re.findall(r"`((?:meeting|webinar|report):[\w:]+)`", text)

    def links(text: str) -> set[str]:
        return set(re.findall(r"\]\(([^)\s]+)\)", text)) - {"README.md", "README.es.md"}

    for part in (outline, code, scopes):
        assert part(english) == part(spanish)
    assert {re.sub(r"\.es(?=\.\w+$)", "", one) for one in links(spanish)} == links(english)


def test_a_year_of_events_is_the_same_in_both_languages() -> None:
    english, spanish = ROOT / "docs" / "organising.md", ROOT / "docs" / "organising.es.md"
    said = [{tuple(words) for words in command_lines(one)} for one in (english, spanish)]
    assert said[0] == said[1]
    assert len(headings_of(spanish)) == len(headings_of(english))


def test_every_command_is_in_the_list_of_commands() -> None:
    listed = {words[0] for words in command_lines(ROOT / "docs" / "commands.md")}
    assert sorted(one for one in listed if not one.startswith("-")) == sorted(COMMANDS)


def test_every_alarm_is_explained() -> None:
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    section = text.partition("\n## Alarms\n")[2].partition("\n## ")[0]
    explained = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert sorted(explained) == sorted(Alarm)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_block_of_commands_is_one_that_a_shell_takes(document: Path) -> None:
    blocks = _FENCED.findall(document.read_text(encoding="utf-8"))
    found = [body for language, body in blocks if language in ("", "sh", "cron")]
    script = "\n".join(body for body in found if not body.startswith(("/", " ")))  # a tree, a drawing
    script = re.sub(r"^(?:[\d*/]+ ){5} *", "", script, flags=re.MULTILINE)  # when, of a crontab's line
    done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_test_that_a_document_names_is_there(document: Path) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", document.read_text(encoding="utf-8"))
    lost = []
    for file, test in named:
        text = (ROOT / file).read_text(encoding="utf-8") if (ROOT / file).exists() else ""
        if not text or (test and f"def {test}(" not in text):
            lost.append(f"{file}::{test}")
    assert lost == []
