"""Text taken apart into words, numbers and signs, so that dates and times are read by looking ahead, never back.

Reading by tokens takes time in proportion to the text, whatever stands in it: a page is a stranger's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(r"[0-9]+|[^\W\d_]+|\S")
# Digits and letters within addresses are no dates: /2023/03/07/ in a link says when a page was written.
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>]{1,2000}|[^\s<>@]{1,64}@[^\s<>@]{1,255}", re.IGNORECASE)
_DASHES = frozenset("‐‑‒–—―−﹘﹣－~～")
_PRIMES = frozenset("’‘′´`ʼ")


class Token(NamedTuple):
    """A word, a number or a sign. text: folded, see `fold`. start, end: where it stands in the text it is from."""

    text: str
    start: int
    end: int

    @property
    def number(self) -> int | None:
        """Its value where it is a number of up to four digits."""
        return int(self.text) if len(self.text) <= 4 and self.text.isdecimal() else None


def word_list(text: str) -> list[str]:
    """The words of a text: tables of words read better without quotes around each."""
    return text.split()


def any_of(phrases: str) -> str:
    """A regular expression for any of these folded phrases, which are parted by commas. A "*" is any ending."""
    each = (
        re.escape(" ".join(phrase.split())).replace(r"\*", r"\w*").replace(r"\ ", " ") for phrase in phrases.split(",")
    )
    return "|".join(rf"\b{one}(?!\w)" for one in each)


def fold(text: str) -> str:
    """The same number of characters in small letters without accents; every dash is "-", every apostrophe "'"."""
    return "".join(map(_folded, text))


@lru_cache(maxsize=4_096)
def _folded(character: str) -> str:
    if character in _DASHES:
        return "-"
    if character in _PRIMES:
        return "'"
    if "\U0001f1e6" <= character <= "\U0001f1ff":  # a flag is two letters of a country's code
        return chr(ord(character) - 0x1F1E6 + ord("a"))
    plain = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c)).lower()
    return plain if len(plain) == 1 else character


def without_addresses(text: str) -> str:
    """The text with blanks where links and e-mail addresses stand."""
    return _ADDRESS.sub(lambda found: " " * len(found[0]), text)


def tokens_of(text: str) -> list[Token]:
    """The tokens of a text, links and e-mail addresses left out."""
    folded = fold(without_addresses(text))
    return [Token(found[0], found.start(), found.end()) for found in _TOKEN.finditer(folded)]


def word_at(tokens: Sequence[Token], position: int) -> str:
    """The token's text, "" beyond either end."""
    return tokens[position].text if 0 <= position < len(tokens) else ""


def number_at(tokens: Sequence[Token], position: int) -> int | None:
    """The token's value, None where it is no number of up to four digits or beyond either end."""
    return tokens[position].number if 0 <= position < len(tokens) else None


def touching(tokens: Sequence[Token], position: int) -> bool:
    """Whether a token follows the one before it without a blank."""
    return 0 < position < len(tokens) and tokens[position].start == tokens[position - 1].end
