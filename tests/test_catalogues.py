"""The organiser's screens in other languages: every message has words, and the words fit it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests import catalogues
from zoomsync import language

_PLACE = re.compile(r"%\((\w+)\)s|\{(\w+)[^}]*\}")


@pytest.fixture(params=catalogues.translated())
def tongue(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_message_of_the_code_is_in_the_catalogue(tongue: str) -> None:
    wanted = catalogues.po_text(catalogues.as_it_should_be(tongue))
    assert catalogues.po_file(tongue).read_bytes() == wanted, "run `make catalogues`"


def test_every_message_has_words_with_the_same_places_for_values(tongue: str) -> None:
    for message in catalogues.as_it_should_be(tongue):
        if not message.id:
            continue
        many = isinstance(message.id, (tuple, list))
        strings = message.string if many else [message.string]
        assert all(strings), f"{message.id!r} has no words in {tongue}"
        wanted = set(_PLACE.findall(message.id[-1] if many else message.id))
        assert set(_PLACE.findall(strings[-1])) == wanted, f"{message.id!r} and its words name different values"


def test_the_compiled_catalogue_is_that_of_the_words(tongue: str) -> None:
    compiled = catalogues.po_file(tongue).with_suffix(".mo").read_bytes()
    assert compiled == catalogues.mo_bytes(tongue), "run `make catalogues`"


@pytest.fixture
def _english_afterwards() -> Iterator[None]:
    yield
    language.use("en")


@pytest.mark.usefixtures("_english_afterwards")
def test_a_process_speaks_the_language_it_was_told_to() -> None:
    assert language.gettext("approved") == "approved"
    language.use("es")
    assert language.gettext("approved") == "aprobada"
    assert language.in_use() == "es"
