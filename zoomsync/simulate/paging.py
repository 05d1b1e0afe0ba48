"""Listings cut into pages, and the tokens that lead from one to the next.

A token lives fifteen minutes and fits the listing it came from alone. Rows that come or go between two pages shift
the rest, as with Zoom. Not thread-safe: `world` locks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from zoomsync.simulate.refusal import refuse

PAGE_TOKEN_AGE = timedelta(minutes=15)
DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 30, 300
PAGE_TOKEN_REFUSED = "The next page token is invalid or expired."  # noqa: S105 - Zoom's words


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing. number: None on later pages, where Zoom leaves it out. next_token: "" on the last."""

    rows: list[Any]
    total: int
    size: int
    number: int | None
    next_token: str


@dataclass(frozen=True, slots=True)
class _PageToken:
    listing: tuple[Any, ...]
    offset: int
    issued_at: datetime


class PageTokens:
    """The page tokens of one account. new_key: gives the next token's text."""

    def __init__(self, new_key: Callable[[], str]) -> None:
        self._new_key = new_key
        self._issued: dict[str, _PageToken] = {}

    def cut(self, rows: Sequence[Any], listing: tuple[Any, ...], query: Mapping[str, str], now: datetime) -> Page:
        """The page that `query` (page_size, page_number, next_page_token) asks for. Raises Refusal."""
        try:
            size = min(max(1, int(query.get("page_size") or DEFAULT_PAGE_SIZE)), MAX_PAGE_SIZE)
            number = max(1, int(query.get("page_number") or 1))
        except ValueError:
            raise refuse(400, 300, "The value that you entered for the page_size field is invalid.") from None
        token, listing = query.get("next_page_token", ""), (*listing, size)
        offset = (number - 1) * size
        if token:
            known = self._issued.get(token)
            if known is None or known.listing != listing or now - known.issued_at >= PAGE_TOKEN_AGE:
                raise refuse(400, 300, PAGE_TOKEN_REFUSED)
            offset = known.offset
        next_token = self._issue(listing, offset + size, now) if offset + size < len(rows) else ""
        return Page(list(rows[offset : offset + size]), len(rows), size, None if token else number, next_token)

    def _issue(self, listing: tuple[Any, ...], offset: int, now: datetime) -> str:
        """A new token. Two old ones are looked at for each: enough, as they are kept in the order of their making."""
        for token in list(self._issued)[:2]:
            if now - self._issued[token].issued_at >= PAGE_TOKEN_AGE:
                del self._issued[token]
        token = self._new_key()
        self._issued[token] = _PageToken(listing, offset, now)
        return token
