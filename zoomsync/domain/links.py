"""The personal part of the links in mails: which registrant it is about, signed so that nobody can guess another's.

Pure. The key is this installation's own (`store.events.link_key`).
"""

from __future__ import annotations

import hashlib
import hmac
import re

_TOKEN = re.compile(r"([1-9][0-9]{0,17})-([0-9a-f]{32})")


def unsubscribe_token(key: bytes, registrant_row: int) -> str:
    """What stands behind /u/ in the mails to a registrant. Digits and letters: mail programs cut links at others.

    registrant_row: the store's id of the registrant, which is given once and belongs to one event, whatever that
    event's file is called by now.
    """
    return f"{registrant_row}-{_signature(key, registrant_row)}"


def registrant_named(key: bytes, token: str) -> int | None:
    """The store's id of the registrant whom a token of `unsubscribe_token` names; None if it is none of ours."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        return None
    row = int(found[1])
    return row if hmac.compare_digest(_signature(key, row), found[2]) else None


def _signature(key: bytes, registrant_row: int) -> str:
    # What it is for is part of it, so that no other link's token will ever do. 128 bits cannot be guessed.
    return hmac.new(key, b"unsubscribe:%d" % registrant_row, hashlib.sha256).hexdigest()[:32]
