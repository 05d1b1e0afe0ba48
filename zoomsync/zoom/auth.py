"""The account's token: asked for with the app's credentials, kept until it ages, renewed once when it is refused.

Zoom calls this Server-to-Server OAuth. Tokens and secrets are never logged, shown or put into an error's text.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from zoomsync.clock import Clock
from zoomsync.errors import ZoomPayloadError
from zoomsync.language import _
from zoomsync.zoom import answers, refusals
from zoomsync.zoom.transport import Http, Tries, TryAgain

log = logging.getLogger(__name__)

API_URL = "https://api.zoom.us/v2"
OAUTH_URL = "https://zoom.us/oauth/token"

_LIFE_S = 3600.0  # of every token; Zoom's answer may say a little less, and is not believed if it says more
_RENEW_BEFORE_S = 300.0


@dataclass(frozen=True, slots=True)
class Token:
    """value: the secret. scopes: as the answer named them. api_url: where this token's calls go, with "/v2"."""

    value: str = field(repr=False)
    scopes: frozenset[str]
    api_url: str
    renew_at: float  # on the monotonic clock


class Bearer(AuthBase):
    """Puts a token into the Authorization header, the only place Zoom takes it from."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.value}"
        return request


class TokenSource:
    """One token for all threads.

    One only, since by some of Zoom's accounts a new token voids the one before: threads that renew on their own
    would void each other's.
    """

    def __init__(
        self,
        http: Http,
        tries: Tries,
        *,
        account_id: str,
        client_id: str,
        client_secret: str,
        oauth_url: str | None,
        api_url: str | None,
        clock: Clock,
        monotonic: Callable[[], float],
    ) -> None:
        """api_url, oauth_url: None for Zoom's own; then the regional address in the token's answer is followed."""
        self._http = http
        self._tries = tries
        self._account_id = account_id
        self._basic = HTTPBasicAuth(client_id.encode(), client_secret.encode())
        self._secret = client_secret
        self._oauth_url = oauth_url or OAUTH_URL
        self._api_url = api_url.rstrip("/") if api_url else None
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._token: Token | None = None

    def token(self) -> Token:
        """The token, asked for where there is none or it is within five minutes of its end.

        Raises ZoomAuthRefused, ZoomRateLimited, ZoomUnavailable, ZoomPayloadError.
        """
        with self._lock:
            if self._token is None or self._monotonic() >= self._token.renew_at:
                self._token = self._tries.run(self._ask)
                log.debug("A new Zoom token.")
            return self._token

    def discard(self, refused: Token) -> None:
        """Throw this token away, so that the next call asks for another.

        Of many threads refused with the same token only the first makes a difference: the token is a newer one by
        the time the others come.
        """
        with self._lock:
            if self._token is refused:
                self._token = None

    def _ask(self) -> Token:
        # In the body, not in the address: there it would stand in logs, and Zoom has begun to refuse it.
        answer = self._http.exchange(
            "POST",
            self._oauth_url,
            auth=self._basic,
            form={"grant_type": "account_credentials", "account_id": self._account_id},
        )
        refusals.raise_if_passing(answer, _("give out a token"), self._clock())
        if answer.status != 200:
            raise refusals.token_refusal(answer, hide=(self._secret,))
        try:
            granted = answers.read_token(answer.body)
        except ZoomPayloadError as error:
            raise TryAgain(error) from error.__cause__
        life_s = min(granted.expires_in_s or _LIFE_S, _LIFE_S)
        return Token(
            value=granted.access_token,
            scopes=granted.scopes,
            api_url=self._api_url or regional_api_url(granted.api_url) or API_URL,
            renew_at=self._monotonic() + max(life_s - _RENEW_BEFORE_S, life_s / 2),
        )


def regional_api_url(api_url: str) -> str | None:
    """The base address of calls for an `api_url` of Zoom's token answer; None where it is not Zoom's own over TLS."""
    try:
        parts = urlsplit(api_url)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme != "https" or not host.endswith(".zoom.us") or port is not None or parts.username is not None:
        return None
    return f"https://{host}/v2"
