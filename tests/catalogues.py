"""The catalogues of the organiser's screens: `make catalogues` brings them up to date with what the code says.

What is new comes without words, and a test names it until it is translated in the .po file; then run it again.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from typer.main import get_command

from zoomsync.cli.commands import COMMANDS, app
from zoomsync.cli.speech import retell
from zoomsync.language import DOMAIN, FOLDER, LANGUAGES, use

_TEMPLATES = ("web/templates/admin/**.html", "demo/templates/**.html")
_METHODS = [("**.py", "python"), *((where, "jinja2") for where in _TEMPLATES)]
_KEYWORDS = {**DEFAULT_KEYWORDS, "ngettext_in": (2, 3)}
_OPTIONS = {where: {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"} for where in _TEMPLATES}


def translated() -> list[str]:
    """The languages with a catalogue."""
    return [language for language in LANGUAGES if language != "en"]  # the code speaks English


def po_file(language: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def as_it_should_be(language: str) -> Catalog:
    """The language's catalogue with every message of the code and no other, words kept."""
    # No dates and versions in the header: they would make a difference where there is none.
    known = read_po(io.BytesIO(po_file(language).read_bytes()), locale=language)
    wanted = Catalog(locale=language, domain=DOMAIN, charset="utf-8")
    collected = extract_from_dir(FOLDER.parent, _METHODS, _OPTIONS, _KEYWORDS)
    messages = [(message, context) for _, _, message, _, context in collected]
    for message, context in [*messages, *((text, None) for text in help_texts())]:
        key = message[0] if isinstance(message, tuple) else message
        found = known.get(key, context)
        # Words of a message that is counted now, and was not, fit no more.
        fits = found and isinstance(found.string, str) == isinstance(message, str)
        wanted.add(message, string=found.string if found and fits and found.string else None, context=context)
    return wanted


def help_texts() -> list[str]:
    """Whatever `--help` shows, as the commands say it in English."""
    texts = [begins for _, begins in COMMANDS.values()]

    def note(text: str) -> str:
        texts.append(text)
        return text

    use("en")
    root = get_command(app)
    for command in (root, *(root.commands[name] for name in COMMANDS)):
        retell(command, note)
    return texts


def po_text(catalogue: Catalog) -> bytes:
    out = io.BytesIO()
    write_po(out, catalogue, no_location=True, sort_output=True, width=0, omit_header=True)
    plural = catalogue.plural_forms
    header = f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: {plural}\\n"\n\n'
    return header.encode() + out.getvalue()


def mo_bytes(language: str) -> bytes:
    """What the .mo file should hold: the .po file's words."""
    out = io.BytesIO()
    catalogue = read_po(io.BytesIO(po_file(language).read_bytes()), locale=language)
    # The file changes when the words do, and not with the day.
    catalogue.creation_date = catalogue.revision_date = datetime(2000, 1, 1, tzinfo=UTC)
    write_mo(out, catalogue)
    return out.getvalue()


def update() -> None:
    for language in translated():
        path = po_file(language)
        path.write_bytes(po_text(as_it_should_be(language)))
        path.with_suffix(".mo").write_bytes(mo_bytes(language))


if __name__ == "__main__":
    update()
