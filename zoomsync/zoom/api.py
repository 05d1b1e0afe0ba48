"""A call of Zoom's API: a slot under the rate limit, the token, the tries, and an answer decoded or an error raised."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from zoomsync.clock import Clock
from zoomsync.domain.records import Meeting, ZoomKind
from zoomsync.errors import ZoomAuthRefused, ZoomError, ZoomPayloadError, ZoomRateLimited
from zoomsync.zoom import refusals
from zoomsync.zoom.auth import Bearer, Token, TokenSource
from zoomsync.zoom.limits import Label, RateLimiter
from zoomsync.zoom.transport import Answer, Http, Tries, TryAgain

T = TypeVar("T")


class Tally:
    """How many requests were sent, by whatever thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests = 0

    def add(self) -> None:
        with self._lock:
            self.requests += 1


class Api:
    """Zoom's API as calls that give a decoded answer or raise an error of `errors.py`. For all threads."""

    def __init__(self, http: Http, tries: Tries, tokens: TokenSource, limiter: RateLimiter, clock: Clock) -> None:
        self._http = http
        self._tries = tries
        self._tokens = tokens
        self._limiter = limiter
        self._clock = clock

    def call(
        self,
        method: str,
        path: str,
        *,
        label: Label,
        what: str,
        decode: Callable[[bytes], T],
        params: Mapping[str, str] | None = None,
        json: Any = None,
        tally: Tally | None = None,
        repeat: bool = True,
    ) -> T:
        """One call. label: whose rate limit it counts under. what: completes "Zoom would not ..." in an error's text.

        repeat: the call may be sent twice without harm, also where the first answer was lost: it reads, or it sets a
        value (PATCH approval_type, PUT status). False for one that adds, such as POST registrants: it is sent once.

        decode: raises ZoomPayloadError for a body that is not what it should be; that may pass, and is tried again.
        Raises the ZoomError family.
        """
        tally = tally or Tally()
        renewed = False

        def attempt() -> T:
            nonlocal renewed
            token = self._tokens.token()
            answer = self._send(method, path, token, label, what, params, json, tally)
            refusal = self._refusal(answer, what, token)
            if isinstance(refusal, ZoomAuthRefused) and not renewed:
                # Once a call: the token may have aged or been revoked, or a scope been added since it was given out.
                renewed = True
                self._tokens.discard(token)
                token = self._tokens.token()
                answer = self._send(method, path, token, label, what, params, json, tally)
                refusal = self._refusal(answer, what, token)
            if refusal:
                raise refusal
            try:
                return decode(answer.body)
            except ZoomPayloadError as error:
                raise TryAgain(error) from error.__cause__

        if repeat:
            return self._tries.run(attempt)
        try:
            return attempt()
        except TryAgain as failed:
            raise failed.error from failed.__cause__

    def _send(
        self,
        method: str,
        path: str,
        token: Token,
        label: Label,
        what: str,
        params: Mapping[str, str] | None,
        json: Any,
        tally: Tally,
    ) -> Answer:
        self._limiter.wait(label)
        tally.add()
        answer = self._http.exchange(method, token.api_url + path, auth=Bearer(token), params=params, json=json)
        try:
            refusals.raise_if_passing(answer, what, self._clock())
        except TryAgain as again:
            # The other threads wait as well; but not where this call gives up, for their limit may be another one.
            if isinstance(again.error, ZoomRateLimited) and (again.wait_s or 0) <= Tries.LONGEST_WAIT_S:
                self._limiter.hold(label, again.wait_s or 0)
            raise
        return answer

    @staticmethod
    def _refusal(answer: Answer, what: str, token: Token) -> ZoomError | None:
        if 200 <= answer.status < 300:
            return None
        return refusals.api_refusal(answer, what, hide=(token.value,))


def meeting_path(meeting: Meeting, rest: str = "") -> str:
    """The path of a meeting's or webinar's calls: "/meetings/81234567890" and what follows."""
    return kind_path(meeting.kind, meeting.meeting_id) + rest


def kind_path(kind: ZoomKind, meeting_id: str) -> str:
    return f"/{kind}s/{quote(meeting_id, safe='')}"
