"""What holds for every test of the decisions: whatever they say to an organiser, translators know it."""

from __future__ import annotations

import gettext

import pytest

from zoomsync import language


class _Unknown(gettext.NullTranslations):
    """Stands behind a catalogue, for what that does not have."""

    def gettext(self, message: str) -> str:
        raise AssertionError(f"{message!r} is said, and no catalogue has it")

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        raise AssertionError(f"{msgid1!r}, {msgid2!r} is said, and no catalogue has it")


class _English(gettext.NullTranslations):
    """Says everything as the code has it, as English does, and refuses what the Spanish catalogue lacks."""

    def __init__(self) -> None:
        super().__init__()
        self._spanish = gettext.translation(language.DOMAIN, str(language.FOLDER), languages=["es"])
        self._spanish.add_fallback(_Unknown())

    def gettext(self, message: str) -> str:
        self._spanish.gettext(message)
        return message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        self._spanish.ngettext(msgid1, msgid2, n)
        return super().ngettext(msgid1, msgid2, n)


@pytest.fixture(scope="session")
def english() -> gettext.NullTranslations:
    return _English()


@pytest.fixture(autouse=True)
def whatever_is_said_is_in_the_catalogue(english: gettext.NullTranslations, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test here fails that comes upon a message without words in other languages."""
    monkeypatch.setattr(language._InUse, "catalogue", english)
