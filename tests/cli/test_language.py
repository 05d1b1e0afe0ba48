"""The language that a command speaks: known before anything is read, and the same in help, errors and answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from zoomsync import language
from zoomsync.cli import main
from zoomsync.cli.commands import COMMANDS
from zoomsync.places import language_at_first_sight
from zoomsync.settings import load_settings

pytestmark = pytest.mark.usefixtures("clean_environment", "_english_afterwards")


@pytest.fixture
def _english_afterwards() -> Iterator[None]:
    yield
    language.use("en")


PLACES = {
    "nothing but a locale": ({"LANG": "es_GT.UTF-8"}, {}, None),
    "another locale": ({"LANG": "fr_FR.UTF-8"}, {}, None),
    "LC_ALL before LANG": ({"LC_ALL": "en_US.UTF-8", "LANG": "es_GT.UTF-8"}, {}, None),
    "the environment before the locale": ({"LANG": "en_US.UTF-8", "zoomsync_Language": "ES"}, {}, None),
    ".env": ({}, {".env": "# words\nexport ZOOMSYNC_LANGUAGE='es' # mine\n"}, None),
    "environment before .env": ({"ZOOMSYNC_LANGUAGE": "en"}, {".env": "ZOOMSYNC_LANGUAGE=es"}, None),
    "the settings' file": (
        {},
        {"config/zoomsync.toml": '\ufefftimezone = "UTC"\r\nlanguage = "es"\r\n[log]\r\n'},
        None,
    ),
    "another file's, named in .env": ({}, {".env": "ZOOMSYNC_CONFIG=b.toml", "b.toml": 'language = "es"'}, None),
    "another file's, named in the line": ({}, {"b.toml": "language = 'es'"}, "b.toml"),
    "no word of the file's own": ({}, {"config/zoomsync.toml": '# language = "es"\n[log]\nlevel = "info"\n'}, None),
}


@pytest.mark.parametrize("place", PLACES)
def test_the_language_seen_at_first_sight_is_the_settings_one(place: str) -> None:
    environ, files, named = PLACES[place]
    for name, text in files.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    config = Path(named) if named else None
    seen = language_at_first_sight(None, config, cwd=Path.cwd(), environ=environ)
    assert seen == load_settings(config, cwd=Path.cwd(), environ=environ).language
    assert language_at_first_sight("es", config, cwd=Path.cwd(), environ=environ) == "es"


def test_one_process_helps_in_two_languages(capsys: pytest.CaptureFixture[str]) -> None:
    said = {}
    for tongue in ("es", "en", "es"):
        assert main(["--help", f"--language={tongue}"]) == 0
        assert main(["--language", tongue, "outbox", "list", "--help"]) == 0
        said.setdefault(tongue, set()).add(capsys.readouterr().out)
    (spanish,), (english,) = said["es"], said["en"]
    assert english.startswith("Usage: zoomsync [OPTIONS] COMMAND")
    assert spanish.startswith("Uso: zoomsync [OPCIONES] COMANDO")
    lines = {line.strip() for line in english.splitlines()} & {line.strip() for line in spanish.splitlines()}
    assert lines <= {"", "--version"}, "help that is in English still"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_commands_help_is_in_the_organisers_language(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help", "--language", "es"]) == 0
    spanish = capsys.readouterr().out
    assert spanish.startswith(f"Uso: zoomsync {name} [OPCIONES]")
    assert "Mostrar esta ayuda y salir." in spanish
    assert "Options:" not in spanish
    assert "default:" not in spanish


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["snyc"], "No existe el comando snyc. ¿Quiso decir sync? zoomsync --help dice qué se puede escribir."),
        (["sync", "--dri-run"], "No existe la opción --dri-run. ¿Quiso decir --dry-run? zoomsync sync --help dice"),
        (["close"], "Falta EVENTO. zoomsync close --help dice"),
        (["close", "a", "b"], "Hay palabras de más: b."),
        (["simulate", "--port", "x"], "--port: escriba un número."),
        (["simulate", "--port", "0"], "--port: escriba un número desde 1."),
        (["simulate", "--port"], "--port necesita un valor después."),
        (["sync", "--dry-run=1"], "--dry-run no lleva ningún valor."),
        (["report", "overview", "--format", "x"], "--format: x no es ninguno de table, csv"),
    ],
)
def test_a_wrong_command_line_is_told_in_the_organisers_language(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOOMSYNC_LANGUAGE", "es")
    assert main(words) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith(f"zoomsync: {said}")
    assert shown.out == ""
    assert main([*words, "--json"]) == 2
    assert "zoomsync: " in (english := capsys.readouterr().err)
    assert said not in english, "what a program reads does not change with the language"
