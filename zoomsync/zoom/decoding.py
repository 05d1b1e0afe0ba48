"""JSON decoded or refused, and a stranger's characters set right. What the JSON means is for the callers.

Everything that reads a body raises ZoomPayloadError for what is not as Zoom documents it, and then nothing of that
body counts.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, TypeVar
from unicodedata import normalize

import msgspec

from zoomsync.errors import ZoomPayloadError
from zoomsync.language import _

T = TypeVar("T")

_ESCAPES = re.compile(rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


def decode(decoder: msgspec.json.Decoder[T], body: bytes, what: str) -> tuple[bytes, T]:
    """`body` decoded, with the bytes that could be: one bad character in somebody's name spoils no page."""
    try:
        return body, decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        repaired = _repair(body)
    try:
        return repaired, decoder.decode(repaired)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        # Not the library's words alone: the place they name helps, the values they might quote are personal.
        where = f" ({error})" if isinstance(error, msgspec.ValidationError) else ""
        raise ZoomPayloadError(
            _("Zoom's answer is not {what}, or only part of one{place}.").format(what=what, place=where)
        ) from error


def _repair(body: bytes) -> bytes:
    """Escapes of half a surrogate pair, and bytes that are no UTF-8, replaced by U+FFFD; the rest as it is."""
    valid = body.decode("utf-8", "replace").encode()
    return _ESCAPES.sub(lambda found: rb"\ufffd" if _SURROGATE.fullmatch(found[0]) else found[0], valid)


def text(value: Any) -> str:
    """Whatever Zoom put where a text belongs, as trimmed text in NFC."""
    if type(value) is not str:
        value = _spelt_out(value)
    elif value.isascii():  # asked first: most are, and a pull reads a dozen of them for each registrant
        return value.strip()
    return normalize("NFC", value).strip()


def clean_text(value: Any) -> str:
    return text(value).replace("\0", "").strip()


def _spelt_out(value: Any) -> str:
    """Answers to a question with several choices come as a list, numbers as numbers."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(one for one in map(text, value) if one)
    return msgspec.json.encode(value).decode()


def read_time(written: str | None) -> datetime | None:
    """Zoom's "2023-02-24T15:04:05Z" as aware UTC; None for nothing. A time without an offset is UTC with Zoom."""
    if not written:
        return None
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise ZoomPayloadError(_("Zoom's answer holds a time that is none.")) from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
