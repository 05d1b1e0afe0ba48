"""Who may be meant by an address that nobody has: one that is nearly the same, or a name.

Pure. The addresses that are known come from `store.persons`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from difflib import SequenceMatcher
from heapq import nlargest

_ALIKE = 0.84  # two slips in an address of twenty letters
_SLIPS = 4  # letters that are in one address alone: two slips make four at most
_APART = 9  # the longest stretch that holds all slips
_OFFERED = 5


def near_addresses(wanted: str, known: Mapping[str, str]) -> list[str]:
    """Those of the known addresses that may be meant by `wanted`, the likeliest first, five at most.

    known: addresses, each with the name of who has it. wanted: an address with a slip in it (`gmial.com`), or a name
    or a part of one, accents or not.
    """
    wanted = wanted.strip().lower()
    if "@" not in wanted:
        words = _plain(wanted).split()
        found = [address for address, name in known.items() if _has_words(words, f"{name} {address.partition('@')[0]}")]
        return found[:_OFFERED] if words else []
    letters = set(wanted)
    matcher = SequenceMatcher(b=wanted, autojunk=False)
    alike = []
    for address in known:
        # What is dear comes last: there may be a hundred thousand addresses.
        if len(letters ^ set(address)) > _SLIPS or _differing_stretch(address, wanted) > _APART:
            continue
        matcher.set_seq1(address)
        if matcher.quick_ratio() >= _ALIKE and (ratio := matcher.ratio()) >= _ALIKE:
            alike.append((ratio, address))
    return [address for _, address in nlargest(_OFFERED, alike)]


def _differing_stretch(one: str, other: str) -> int:
    """How long the longer of two texts is without what both begin with and both end in."""
    shorter = min(len(one), len(other))
    start = next((at for at in range(shorter) if one[at] != other[at]), shorter)
    end = next((at for at in range(shorter - start) if one[-1 - at] != other[-1 - at]), shorter - start)
    return max(len(one), len(other)) - start - end


def _has_words(words: list[str], text: str) -> bool:
    plain = _plain(text)
    return all(word in plain for word in words)


def _plain(text: str) -> str:
    """Lower case, without accents."""
    return "".join(one for one in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(one))
