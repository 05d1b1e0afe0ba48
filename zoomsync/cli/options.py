"""The global options: accepted before and after the command, so they are taken out of the line before typer sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FLAGS = {"--json", "--debug", "--yes", "-y", "-v", "--verbose", "-q", "--quiet", "--version"}
WITH_VALUE = {"--now", "--language", "--config"}


@dataclass(frozen=True, slots=True)
class Options:
    """What holds for any command. `now` is as typed: it is read with the settings, which know the zone."""

    now: str | None = None
    language: str | None = None
    config: Path | None = None
    json: bool = False
    debug: bool = False
    yes: bool = False
    verbose: bool = False
    quiet: bool = False


def global_options_first(argv: Sequence[str]) -> list[str]:
    """The same words with the global options moved in front of the command. What follows `--` is left alone."""
    moved: list[str] = []
    rest: list[str] = []
    words = list(argv)
    while words:
        word = words.pop(0)
        name = word.partition("=")[0]
        if word == "--":
            rest += [word, *words]
            break
        if word in FLAGS or (name in WITH_VALUE and "=" in word):
            moved.append(word)
        elif word in WITH_VALUE and words:
            moved += [word, words.pop(0)]
        else:
            rest.append(word)
    return moved + rest


def value_of(name: str, words: Sequence[str]) -> str | None:
    """What a global option was given, the last time it stands there. words: as `global_options_first` gives them."""
    found = None
    for number, word in enumerate(words):
        if word == "--":
            break
        if word.startswith(f"{name}="):
            found = word.removeprefix(f"{name}=")
        elif word == name and number + 1 < len(words):
            found = words[number + 1]
    return found
