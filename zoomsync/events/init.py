"""What `zoomsync init` writes: settings, `.env.example` and a first event file, all with comments.

The texts are in `starter/`, Spanish ones in `starter/es/`. Nothing that exists is overwritten.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from string import Template

from zoomsync.language import in_use

FIRST_EVENT = Path("config", "events", "my-first-event.toml")
WEEKS_AHEAD = 6  # time enough to announce an event


@dataclass(frozen=True, slots=True)
class StarterFiles:
    """Paths of the files that were written and of those that were there before and were kept."""

    written: tuple[Path, ...]
    kept: tuple[Path, ...]


def write_starter_files(folder: Path, today: date) -> StarterFiles:
    """Write the files to begin with below `folder`.

    The first event is a draft some weeks after `today`. A folder that has event files already gets no other one.
    Raises OSError where the folder cannot be written.
    """
    texts = {
        Path("config", "zoomsync.toml"): starter_text("zoomsync.toml"),
        Path(".env.example"): starter_text("env.example"),
        FIRST_EVENT: _first_event(today),
    }
    written: list[Path] = []
    kept: list[Path] = []
    for name, text in texts.items():
        path = folder / name
        if name == FIRST_EVENT and (others := sorted(path.parent.glob("*.toml"))):
            kept += others
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except FileExistsError:
            kept.append(path)
        else:
            written.append(path)
    return StarterFiles(tuple(written), tuple(kept))


def starter_text(name: str, language: str | None = None) -> str:
    """One of the texts in `starter/`, with comments in a language, by default that of the organiser's screens.

    `model-event.toml` is the event of the demo, in English alone.
    """
    folder = files("zoomsync.events").joinpath("starter")
    translated = folder.joinpath(language or in_use(), name)
    return (translated if translated.is_file() else folder.joinpath(name)).read_text(encoding="utf-8")


def _first_event(today: date) -> str:
    monday = today + timedelta(days=-today.weekday(), weeks=WEEKS_AHEAD)
    return Template(starter_text("event.toml")).substitute(
        deadline=(monday - timedelta(days=1)).isoformat(),
        first_day=(monday + timedelta(days=1)).isoformat(),
        second_day=(monday + timedelta(days=2)).isoformat(),
    )
