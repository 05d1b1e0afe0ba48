"""The language of the organiser's own screens: English in the code, other languages from catalogues beside it.

Messages are written in English where they are used and go through `_` or `ngettext`; catalogues are gettext's, in
`locale/`. What a registrant or donor reads is not here: that is in the event's language (`mail`, `reports`).

A message with a value in it is a template: `_("{count} of {all}").format(count=..., all=...)`, never an f-string.
"""

from __future__ import annotations

import gettext as _gettext
from functools import cache
from pathlib import Path

DOMAIN = "zoomsync"
FOLDER = Path(__file__).parent / "locale"
LANGUAGES = ("en", "es")


@cache
def catalogue(language: str) -> _gettext.NullTranslations:
    """The catalogue of a language; one that translates nothing for English, or where there is none."""
    return _gettext.translation(DOMAIN, str(FOLDER), languages=[language], fallback=True)


class _InUse:
    """One process speaks one language: whoever started it set it."""

    catalogue: _gettext.NullTranslations = _gettext.NullTranslations()
    language = "en"


def use(language: str) -> None:
    """Have this process speak `language` ("es", "en") from now on."""
    _InUse.catalogue, _InUse.language = catalogue(language), language


def in_use() -> str:
    return _InUse.language


def gettext(message: str) -> str:
    return _InUse.catalogue.gettext(message)


def ngettext(one: str, many: str, number: int) -> str:
    return _InUse.catalogue.ngettext(one, many, number)


def gettext_in(language: str | None, message: str) -> str:
    """`gettext` in a language of the caller's choice; None: the one in use."""
    return gettext(message) if language is None else catalogue(language).gettext(message)


def ngettext_in(language: str | None, one: str, many: str, number: int) -> str:
    """`ngettext` in a language of the caller's choice; None: the one in use."""
    return (ngettext if language is None else catalogue(language).ngettext)(one, many, number)


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for it
    """Marks a message for the catalogues where it stands in a table; whoever shows it translates it."""
    return message


_ = gettext
