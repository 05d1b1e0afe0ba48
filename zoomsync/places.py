"""Where a project's settings lie, and the language that they name: seen before anything heavy is read.

The settings themselves, and everything that is wrong with them: `settings`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from zoomsync.language import LANGUAGES

PREFIX = "ZOOMSYNC_"
DEFAULT_CONFIG = Path("config", "zoomsync.toml")

_DOTENV_LINE = re.compile(r"^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=[ \t]*[\"']?([^\"'\n#]*)", re.MULTILINE)
_TOML_LANGUAGE = re.compile(r"^[ \t]*language[ \t]*=[ \t]*[\"'](\w+)[\"']", re.MULTILINE)


def project_folder(config_file: Path | None, cwd: Path) -> Path:
    """The folder that holds `config/`, also for somebody who stands inside it; else `cwd`."""
    if config_file is not None and config_file.parent.name == "config":
        return config_file.parent.parent
    for folder in (cwd, *cwd.parents):
        if folder.name == "config" and ((folder / "zoomsync.toml").is_file() or (folder / "events").is_dir()):
            return folder.parent
    return cwd


def dotenv_file(folder: Path, cwd: Path) -> Path | None:
    """The `.env` that counts: the project folder's, else the one where the command was typed."""
    return next((file for file in (folder / ".env", cwd / ".env") if file.is_file()), None)


def named(name: str, names: Mapping[str, str]) -> str:
    """What ZOOMSYNC_<name> says, in any case; "" where it says nothing."""
    return next((value for one, value in names.items() if one.lower() == f"{PREFIX.lower()}{name}"), "")


def path_named(name: str, names: Mapping[str, str]) -> Path | None:
    written = named(name, names)
    return Path(written) if written else None


def language_of_locale(environ: Mapping[str, str]) -> str:
    locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "es" if locale.lower().startswith("es") else "en"


def language_at_first_sight(
    said: str | None, config_file: Path | None, *, cwd: Path, environ: Mapping[str, str]
) -> str:
    """The language that the settings will name, so that what is wrong with a command line or a setting is said in it.

    said: the command line's. config_file: likewise. A word that names no language is passed over: the settings complain
    of it. Secret files are not looked into.
    """
    config = config_file or path_named("config", environ)
    folder = project_folder(cwd / config if config else None, cwd)
    file = dotenv_file(folder, cwd)
    dotenv = dict(_DOTENV_LINE.findall(_text_of(file))) if file else {}
    if config is None and (config := path_named("config", dotenv)):
        folder = project_folder(cwd / config, cwd)
    settings, _, _ = _text_of(cwd / config if config else folder / DEFAULT_CONFIG).partition("\n[")
    in_file = _TOML_LANGUAGE.search(settings)
    places = (said or "", named("language", environ), named("language", dotenv), in_file[1] if in_file else "")
    words = (place.strip().lower() for place in places)
    return next((word for word in words if word in LANGUAGES), language_of_locale(environ))


def _text_of(file: Path) -> str:
    with suppress(OSError):
        return file.read_text(encoding="utf-8-sig", errors="replace")
    return ""
