"""Shell completion: commands, options, event names, names of reports; also with global options in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoomsync.cli import main

pytestmark = pytest.mark.usefixtures("clean_environment")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("zoomsync re", {"reopen", "remind", "report", "resume", "resend", "retention"}),
        ("zoomsync outbox b", {"bounced"}),
        ("zoomsync sync --no", {"--no-close", "--now"}),
        ("zoomsync close en", {"encuentro-2023"}),
        ("zoomsync close --language es --now 2023-03-01 en", {"encuentro-2023"}),
        ("zoomsync sync encuentro-2023 t", {"taller"}),
        ("zoomsync report a", {"attendance", "activity"}),
        ("zoomsync report overview --format ta", {"table"}),
        ("zoomsync announce x --to a", {"approved", "attended", "absent"}),
        ("zoomsync resend a@example.org --event en", {"encuentro-2023"}),
    ],
)
def test_words_are_completed(
    shell: str, typed: str, wanted: set[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path("config", "events")
    folder.mkdir(parents=True)
    for name in ("encuentro-2023", "taller"):
        (folder / f"{name}.toml").touch()
    monkeypatch.setenv("_ZOOMSYNC_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", typed)
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    with pytest.raises(SystemExit):
        main([])
    said = capsys.readouterr().out.strip()
    if shell == "zsh":
        found = {line.partition('"')[2].partition('"')[0] for line in said.splitlines()}
    else:
        found = {line.partition("\t")[0] for line in said.splitlines()}
    assert found == wanted
