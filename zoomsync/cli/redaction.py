"""What must never stand in a log, taken out of every record before it is written: message, extras and traceback.

Two nets: the installation's own secrets by their value, and by its shape whatever looks like an address, a personal
link or a token. A word too many that is taken out does no harm; the ids that a line is about stay (see `about`).
How a line looks: `logs`.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from zoomsync.text import terminal

LONGEST = 20_000  # characters of a message, an extra or a traceback: what a line costs stays bounded
_OMITTED = "…"
_SHORTEST_SECRET = 5  # a shorter one would be found in half of all words

# Each begins where a run of its characters begins, is bounded or never goes back (possessive quantifiers), so that a
# long line of anything costs time in proportion to its length.
_USER_IN_URL = re.compile(r"(?<=://)[^/\s@\"'<>]{1,300}+@")
_QUOTED_EMAIL = re.compile(r"\"[^\"@]{1,64}+\"@(?=[\w\[])")
_EMAIL = re.compile(
    r"(?:(?<=%40)|(?<![^\s@<>\"'(),;:=&\[\]{}/|\\…]))(?!%40)[^\s@<>\"'(),;:=&\[\]{}/|\\…]"
    r"(?:[^\s@<>\"(),;:=&\[\]{}/|\\%]|%(?!40)){0,300}+(?:@|%40)(?=[\w\[])"
)
_PERSONAL_PATH = re.compile(r"(/(?:[wjsuc]|rec/\w{1,20}|register))/(?=[^\s/\"'<>]{9})[^\s\"'<>]++")
_QUERY = re.compile(r"(?<=[\w/])\?(?=[\w.~-]{1,100}+=)[^\s\"'<>]++")
_NAMED = re.compile(
    r"(?i)(?<![^\W_])(token|secret|pass(?:word|wd|code)|pwd|tk|zak|(?:join|start)_url|api_?key|authorization)"
    r"(=[\"']?|[\"']\s?:\s?[\"'])[^\s\"'&,;}]++"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic) (?=[\w+/=.~-]{12})[\w+/=.~-]++")
_JWT = re.compile(r"\beyJ[\w-]*+\.[\w.-]++")
_LINK_TOKEN = re.compile(r"(?<![\w-])\d{1,18}-[0-9a-f]{32}(?![\w-])")  # `domain.links`
# A long run in which small and large letters and digits mix is nobody's word: a key, a token, a form's address.
_RANDOM = re.compile(r"(?<![\w-])(?=[\w-]*?[a-z])(?=[\w-]*?[A-Z])(?=[\w-]*?[0-9])[\w-]{32,}+")

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def extras_of(record: logging.LogRecord) -> dict[str, Any]:
    """What was given as `extra`, by name."""
    return {name: value for name, value in record.__dict__.items() if name not in _STANDARD}


class Redaction(logging.Filter):
    """For a handler: afterwards the record holds text that is safe to write, the traceback too, and no objects.

    secrets: values that stand nowhere in a log, however they are written.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        known = {secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}
        forms = {form for secret in known for form in (secret, quote(secret, safe=""), repr(secret)[1:-1])}
        # The longest first: one may be part of another.
        self._secrets = sorted(forms, key=len, reverse=True)

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._line(_said(record)), None
        for name, value in extras_of(record).items():
            if not isinstance(value, int | float | None):
                record.__dict__[name] = self._line(_as_text(value))
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = self.redact(_trace(record.exc_info[1]))
        record.exc_info = None  # whoever formats it would write the exception anew
        if record.stack_info:
            record.stack_info = self.redact(record.stack_info)
        return True

    def redact(self, text: str) -> str:
        """`text` with addresses masked (`a…@example.org`), and without secrets, personal links and tokens."""
        for secret in self._secrets:
            text = text.replace(secret, _OMITTED)
        if len(text) > LONGEST:
            text = f"{text[: LONGEST // 2]} {_OMITTED} {text[-LONGEST // 2 :]}"
        text = _USER_IN_URL.sub(f"{_OMITTED}@", text)
        text = _PERSONAL_PATH.sub(rf"\1/{_OMITTED}", text)
        text = _QUERY.sub(f"?{_OMITTED}", text)
        text = _NAMED.sub(rf"\1\2{_OMITTED}", text)
        text = _BEARER.sub(rf"\1 {_OMITTED}", text)
        text = _JWT.sub(_OMITTED, text)
        text = _LINK_TOKEN.sub(_OMITTED, text)
        text = _QUOTED_EMAIL.sub(f"{_OMITTED}@", text)
        text = _EMAIL.sub(lambda found: f"{found[0][0]}{_OMITTED}@", text)
        return _RANDOM.sub(_OMITTED, text)

    def _line(self, text: str) -> str:
        """One line, whatever a stranger put into it."""
        return terminal(self.redact(text))


def _said(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # a line whose values do not fit stops no work
        return _as_text(record.msg)


def _as_text(value: object) -> str:
    try:
        return str(value)
    except Exception:
        return f"<{type(value).__name__}>"


def _trace(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error)).rstrip()
    except Exception:
        return f"<{type(error).__name__}>"
