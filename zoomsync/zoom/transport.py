"""One HTTP exchange with bounds on everything, and the bounded tries around it.

What an answer means is not known here: see `refusals` (errors) and `payloads` (JSON).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import requests
import tenacity
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from zoomsync.clock import Clock, Sleep
from zoomsync.errors import ZoomError, ZoomPayloadError, ZoomUnavailable
from zoomsync.language import _

log = logging.getLogger(__name__)

T = TypeVar("T")

_CHUNK_BYTES = 64 * 1024


class Timeouts(NamedTuple):
    """connect_s, read_s: for the connection and for each wait for bytes. body_s: for a whole answer's body."""

    connect_s: float = 10.0
    read_s: float = 30.0
    body_s: float = 120.0


DEFAULT_TIMEOUTS = Timeouts()


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, whole. headers: looked up without regard to case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class TryAgain(Exception):
    """What may pass. error: raised once the tries are used up. wait_s: as Zoom asked for, if it did."""

    def __init__(self, error: ZoomError, wait_s: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait_s = wait_s


class Tries:
    """Bounded tries of one call: six of them, waiting a minute in all."""

    ATTEMPTS = 6
    LONGEST_WAIT_S = 60.0

    def __init__(self, sleep: Sleep) -> None:
        self._sleep = sleep

    def run(self, work: Callable[[], T]) -> T:
        """`work()`, again while it raises TryAgain. Raises the error that the last TryAgain carries."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TryAgain),
            wait=_pause,
            stop=self._enough,
            sleep=self._sleep,
            before_sleep=_say,
            reraise=True,
        )
        try:
            return retrying(work)
        except TryAgain as given_up:
            last = given_up
        raise last.error from last.__cause__

    def _enough(self, state: tenacity.RetryCallState) -> bool:
        return state.attempt_number >= self.ATTEMPTS or state.idle_for + state.upcoming_sleep > self.LONGEST_WAIT_S


_jitter = tenacity.wait_random(0, 0.5)
_growing = tenacity.wait_exponential(multiplier=0.5, max=10) + _jitter


def _pause(state: tenacity.RetryCallState) -> float:
    """Growing pauses; as long as Zoom asked for where it did. The jitter keeps threads from coming back in step."""
    failure = _failure(state)
    return _growing(state) if failure.wait_s is None else failure.wait_s + _jitter(state)


def _say(state: tenacity.RetryCallState) -> None:
    log.debug("%s Trying again in %.1f s.", _failure(state), state.upcoming_sleep)


def _failure(state: tenacity.RetryCallState) -> TryAgain:
    failure = state.outcome.exception() if state.outcome else None
    if not isinstance(failure, TryAgain):
        raise TypeError("only what may pass is tried again")
    return failure


class HttpSession(requests.Session):
    """Looks for proxies and certificates in the environment once a host: requests does at each call, and of a page's
    time on the processor that is a third."""

    def __init__(self) -> None:
        super().__init__()
        self._environment: dict[str, Any] = {}

    def merge_environment_settings(self, url: Any, *others: Any) -> Any:
        """See requests. others: the same at each call here."""
        host = "://".join(urlsplit(url)[:2])
        if host not in self._environment:
            self._environment[host] = super().merge_environment_settings(url, *others)
        return self._environment[host]


class Http:
    """HTTP with a pool of connections, for all threads.

    One `requests.Session` serves them all: its pool is made for threads, and what is not, its cookie jar, takes
    no cookies here.
    """

    def __init__(
        self,
        *,
        timeouts: Timeouts,
        max_body_bytes: int,
        clock: Clock,
        monotonic: Callable[[], float],
        pool_size: int = 8,
    ) -> None:
        self._timeouts = timeouts
        self._max_body_bytes = max_body_bytes
        self._clock = clock
        self._monotonic = monotonic
        self._dated: tuple[str, datetime] | None = None
        self._http = HttpSession()
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._http.headers.update({"Accept": "application/json", "User-Agent": "zoomsync"})
        adapter = HTTPAdapter(pool_connections=2, pool_maxsize=pool_size)
        self._http.mount("https://", adapter)
        self._http.mount("http://", adapter)

    def close(self) -> None:
        self._http.close()

    @property
    def server_time_offset(self) -> timedelta | None:
        """How far Zoom's clock was ahead of ours at the last answer, to the second; None before the first."""
        if self._dated is None:
            return None
        date, seen_at = self._dated
        try:
            return parsedate_to_datetime(date) - seen_at
        except (ValueError, TypeError):
            return None

    def exchange(
        self,
        method: str,
        url: str,
        *,
        auth: AuthBase,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request and read the answer, whatever its status.

        `auth` is always given: without it requests would take a login from the user's .netrc. Redirects are not
        followed, so that a token goes nowhere but where it was meant for.
        Raises TryAgain (ZoomUnavailable) on whatever the network does, ZoomPayloadError on a body over the limit.
        """
        try:
            with self._http.request(
                method,
                url,
                params=params,
                json=json,
                data=form,
                auth=auth,
                timeout=(self._timeouts.connect_s, self._timeouts.read_s),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = self._read_body(response)
                headers, status = response.headers, response.status_code
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            # The library's own words hold addresses and headers; its name says enough.
            raise TryAgain(
                ZoomUnavailable(_("Zoom did not answer ({name}).").format(name=type(error).__name__))
            ) from error
        if date := headers.get("Date"):
            self._dated = (date, self._clock())
        return Answer(status, headers, body)

    def _read_body(self, response: requests.Response) -> bytes:
        """The body in pieces, so that one too large or too slow is given up early.

        `read1` gives what has come; `iter_content` would wait for a full chunk, and a body that drips in would
        never run into a time-out.
        """
        announced = response.headers.get("Content-Length", "")
        if announced.isdigit() and int(announced) > self._max_body_bytes:
            raise self._too_large()
        give_up_at = self._monotonic() + self._timeouts.body_s
        pieces, size = [], 0
        while piece := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > self._max_body_bytes:
                raise self._too_large()
            if self._monotonic() > give_up_at:
                raise TimeoutError("the body took too long")
        return b"".join(pieces)

    def _too_large(self) -> ZoomPayloadError:
        return ZoomPayloadError(
            _("Zoom's answer is larger than {number:,} bytes and was not read.").format(number=self._max_body_bytes)
        )
