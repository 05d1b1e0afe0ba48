"""The token behind /u/: it names one registrant, and nobody can make another's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync.domain.links import registrant_named, unsubscribe_token

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
TOKEN = unsubscribe_token(KEY, 17)


@given(st.integers(1, 10**18 - 1))
def test_a_token_names_its_registrant_under_its_own_key_alone(row: int):
    token = unsubscribe_token(KEY, row)
    assert registrant_named(KEY, token) == row
    assert registrant_named(OTHER_KEY, token) is None


def test_a_tokens_signature_is_of_no_use_for_another_registrant():
    assert registrant_named(KEY, TOKEN.replace("17-", "18-")) is None


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("0123456789abcdef-"))
def test_a_token_with_one_character_changed_is_none(place: int, character: str):
    changed = TOKEN[:place] + character + TOKEN[place + 1 :]
    assert registrant_named(KEY, changed) == (17 if changed == TOKEN else None)


@pytest.mark.parametrize(
    "token", ["", "17", "17-", f"{TOKEN}\n", f" {TOKEN}", TOKEN.upper(), f"0{TOKEN}", "１７" + TOKEN[2:], "9" * 5000]
)
def test_what_is_not_written_like_a_token_is_none(token: str):
    assert registrant_named(KEY, token) is None
