"""The organiser's screens in other languages: every message has words, and the words fit it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

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


# ------------------------------------------------------------------------------------------- what the code says

_MARKS = {"_", "N_", "ngettext", "gettext_in", "ngettext_in"}
_WORDS = re.compile(r"[A-Za-z]{2,} [a-z]{2,}")  # "nothing changed", and no name, path or option
_ENDINGS = ("Error", "Refused", "Stopped")
_FOR_PROGRAMMERS = {"TypeError", "ValueError", "OSError", "TimeoutError"}  # whoever may read those gets a traceback


def _calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "id", "") or getattr(node.func, "attr", ""), node


def _bare_words(node: ast.AST) -> Iterator[str]:
    """Sentences under a node that no mark holds."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _MARKS:
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _WORDS.search(node.value):
        yield node.value
    for inner in ast.iter_child_nodes(node):
        yield from _bare_words(inner)


def _unseen(tree: ast.AST) -> Iterator[str]:
    """Messages that the collector does not see: written within an f-string, or put together from one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            for name, call in _calls(node):
                if name in _MARKS and any(isinstance(one, ast.Constant) for one in call.args):
                    yield ast.unparse(call)
    for name, call in _calls(tree):
        if name in _MARKS and any(isinstance(one, ast.JoinedStr) for one in call.args):
            yield ast.unparse(call)


def _said(tree: ast.AST) -> Iterator[str]:
    """English sentences that a command says, or an error, in English alone."""
    for name, call in _calls(tree):
        error = name.endswith(_ENDINGS) and name not in _FOR_PROGRAMMERS
        if error or name in {"answer", "talk", "confirmed", "says_yes"}:
            for argument in call.args:
                yield from _bare_words(argument)


def test_every_sentence_for_an_organiser_is_a_message_that_the_collector_sees() -> None:
    found = []
    for path in sorted(Path(language.__file__).parent.rglob("*.py")):
        if "simulate" not in path.parts:  # speaks as Zoom does
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found += [f"{path.name}: {words}" for words in (*_unseen(tree), *_said(tree))]
    assert found == []


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
