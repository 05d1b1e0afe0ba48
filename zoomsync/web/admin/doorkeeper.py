"""Who may see `/admin/`: whoever has the admin token, typed into the login form or sent with each request as Bearer.

The form gives a cookie that is signed and says since when; nothing is kept of it here, so it holds through a restart,
and a new admin token ends every visit. A form that changes something carries a token of the visit it was made for, and
the browser's own word on where it comes from is heard too. Wrong tokens are taken slowly, whoever sends them.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from zoomsync.clock import Clock
from zoomsync.text import clean

log = logging.getLogger(__name__)

VISIT_LASTS = timedelta(hours=12)
WRONG_TRIES = 10  # a minute; then nobody is let in for as long, with the right token neither
_MINUTE_S = 60.0
_COOKIE = "zoomsync-admin"
_PATH = "/admin"
_VISIT = re.compile(r"([0-9]{1,12})\.([0-9a-f]{32})\.([0-9a-f]{0,320})\.([0-9a-f]{64})")
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who may see the pages.

    name: as they gave it at the login, for the record of what they do. form_token: what their forms carry; "" for
    Bearer, which no browser sends by itself.
    """

    name: str
    form_token: str

    @property
    def actor(self) -> str:
        """Who acts, as the audit has it."""
        return f"admin page ({self.name})" if self.name else "admin page"


class Doorkeeper:
    def __init__(
        self,
        token: str,
        key: Callable[[], bytes],
        clock: Clock,
        *,
        https: bool,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """token: the admin token. key: gives this installation's secret. https: whether browsers come by https."""
        self._token = _digest(token)
        self._key = key
        self._clock = clock
        self._https = https
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._wrong: deque[float] = deque(maxlen=WRONG_TRIES)

    def visit(self, request: Request) -> Visit | None:
        """Who asks; None where they have to log in first. Raises HTTPException: 401 and 429 for a Bearer token."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            if not self._is_right(given.strip()):
                raise HTTPException(401, "This is not the admin token.", {"WWW-Authenticate": "Bearer"})
            return Visit("", "")
        found = _VISIT.fullmatch(request.cookies.get(_COOKIE, ""))
        if found is None:
            return None
        begun, nonce, name, signature = found.groups()
        age = self._clock().timestamp() - int(begun)
        # A clock that was set back makes nobody log in again; one far ahead was signed by another clock.
        if not -3600 <= age < VISIT_LASTS.total_seconds():
            return None
        if not hmac.compare_digest(self._signed(f"visit:{begun}:{nonce}:{name}"), signature):
            return None
        return Visit(bytes.fromhex(name).decode(errors="replace"), self._signed(f"form:{begun}:{nonce}"))

    def let_in(self, given: str, name: str, response: Response) -> bool:
        """Whether this is the admin token; the response gets the cookie then. Raises HTTPException 429."""
        if not self._is_right(given):
            return False
        begun, nonce = int(self._clock().timestamp()), secrets.token_hex(16)
        name = clean(name, limit=_LONGEST_NAME).encode().hex()
        value = f"{begun}.{nonce}.{name}.{self._signed(f'visit:{begun}:{nonce}:{name}')}"
        lasts_s = int(VISIT_LASTS.total_seconds())
        response.set_cookie(
            _COOKIE, value, max_age=lasts_s, path=_PATH, secure=self._https, httponly=True, samesite="strict"
        )
        return True

    def let_out(self, response: Response) -> None:
        response.delete_cookie(_COOKIE, path=_PATH, secure=self._https, httponly=True, samesite="strict")

    def refuse_forged(self, request: Request, visit: Visit, form_token: str) -> None:
        """Raise HTTPException 403 for a form that was not made for this visit."""
        came_from = request.headers.get("sec-fetch-site", "same-origin")
        right = visit.form_token == "" or hmac.compare_digest(visit.form_token.encode(), form_token.encode())
        if not right or came_from not in ("same-origin", "none"):
            raise HTTPException(403, "This form is too old or not from here: go back, load the page again, and repeat.")

    def _is_right(self, given: str) -> bool:
        now = self._monotonic()
        with self._lock:
            if len(self._wrong) == WRONG_TRIES and now - self._wrong[0] < _MINUTE_S:
                raise HTTPException(
                    429, "Too many wrong tokens: wait a minute, then try again.", {"Retry-After": str(int(_MINUTE_S))}
                )
            right = hmac.compare_digest(_digest(given), self._token)
            if not right:
                self._wrong.append(now)
                log.warning("somebody tried a wrong admin token")
            return right

    def _signed(self, text: str) -> str:
        # The token is part of it: a new one ends every visit.
        return hmac.new(self._key(), b"admin:" + self._token + text.encode(), hashlib.sha256).hexdigest()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
