"""The account itself: its credentials and scopes, tokens, limits and users, and the one lock.

What is in it: `meetings`, `registrants`, `sittings`. All of it together: `world`.
Source: docs/zoom.md; where Zoom says nothing, the choice is marked "assumed".
"""

from __future__ import annotations

import base64
import functools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from zoomsync.clock import Clock
from zoomsync.simulate.faults import Faults
from zoomsync.simulate.limits import RateLimits
from zoomsync.simulate.objects import Json, Meeting, Registrant, User
from zoomsync.simulate.paging import Page, PageTokens
from zoomsync.simulate.refusal import Refusal, refuse

if TYPE_CHECKING:
    from zoomsync.simulate.webhooks import Webhooks

TOKEN_AGE = timedelta(seconds=3599)

KINDS = ("meeting", "webinar")
SCOPES = frozenset(
    ["user:read:user:admin", "meeting:read:past_meeting:admin", "webinar:read:list_absentees:admin"]
    + [
        f"{kind}:{name}:admin"
        for kind in KINDS
        for name in (
            f"read:list_{kind}s", f"read:{kind}", f"update:{kind}", "read:list_registrants", "read:registrant",
            "write:registrant", "update:registrant_status", "delete:registrant", "write:batch_registrants",
            "read:list_registration_questions", "update:registration_question", "read:list_past_instances",
            "read:list_past_participants",
        )
    ]
    + [f"report:read:list_{kind}_participants:admin" for kind in KINDS]
)  # fmt: skip
"""Every scope the calls of the server ask for, in their granular admin form."""

M = TypeVar("M", bound=Callable[..., Any])


def locked(method: M) -> M:
    @functools.wraps(method)
    def under_lock(self: Account, /, *args: Any, **kwargs: Any) -> Any:
        with self.lock:
            return method(self, *args, **kwargs)

    return cast(M, under_lock)


@dataclass(slots=True)
class _Token:
    expires_at: datetime
    scopes: frozenset[str]


@dataclass(slots=True)
class _Day:
    """What has been used up since 00:00 UTC."""

    date: date | None = None
    used: Counter[tuple[str, str]] = field(default_factory=Counter)


class Account:
    """Who may call, how often, and what that is asked about. Its fields and arguments: see `World`."""

    def __init__(
        self,
        clock: Clock,
        *,
        furnish: Callable[[Self], None] | None = None,
        plan: str = "pro",
        seed: int = 1,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.webhooks: Webhooks | None = None  # who is told of what changes; a reset leaves it
        self.monotonic = monotonic
        self._furnish = furnish
        self._plan = plan
        self._seed = seed
        self.reset()

    def reset(self: Self) -> None:
        """Back to how it was made. The clock stays."""
        with self.lock:
            self.account_id, self.client_id = "demo-account", "demo-client"
            self.client_secret = "demo-secret"  # noqa: S105 - play data
            self.plan = self._plan
            self.scopes: set[str] = set(SCOPES)
            self.new_token_voids_former = False
            self.shows_registration_url = True
            self.enforce_limits = False
            self.users: list[User] = []
            self.meetings: dict[int, Meeting] = {}
            self.faults = Faults()
            self.limits = RateLimits(self.plan)
            self._tokens: dict[str, _Token] = {}
            self._day = _Day()
            self._chance = random.Random(self._seed)  # noqa: S311 - play data; the seed is the point
            self._pages = PageTokens(self._key)
            if self._furnish:
                self._furnish(self)

    # ------------------------------------------------------------------------------------------------- access

    @locked
    def issue_token(self, grant_type: str, account_id: str, client_id: str, client_secret: str) -> Json:
        """The token endpoint's answer. Raises Refusal in OAuth's shape."""
        if (client_id, client_secret) != (self.client_id, self.client_secret):
            raise Refusal(400, {"reason": "Invalid client_id or client_secret", "error": "invalid_client"})
        if grant_type != "account_credentials":
            raise Refusal(400, {"reason": "unsupported grant type", "error": "unsupported_grant_type"})
        if account_id != self.account_id:
            raise Refusal(400, {"reason": "Bad request", "error": "invalid_request"})
        if self.new_token_voids_former:
            self._tokens.clear()
        token = f"eyJ.{self._key()}.{self._key()}"
        self._tokens[token] = _Token(self.clock() + TOKEN_AGE, frozenset(self.scopes))
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": int(TOKEN_AGE.total_seconds()),
            "scope": " ".join(sorted(self.scopes)),
        }

    @locked
    def authorize(self, token: str, granular: str, classic: str) -> None:
        """Let a call through that needs either scope (or its form without `:admin`). Raises Refusal."""
        known = self._tokens.get(token)
        if known is None:
            raise refuse(401, 124, "Invalid access token.")
        if known.expires_at <= self.clock():
            raise refuse(401, 124, "Access token is expired.")
        if not known.scopes & {f"{granular}:admin", granular, f"{classic}:admin", classic}:
            message = f"Invalid access token, does not contain scopes:[{granular}, {granular}:admin]."
            raise refuse(400, 4711, message)

    @locked
    def revoke_tokens(self) -> None:
        """As if the app had been deactivated and activated again: every token answers 401 from now on."""
        self._tokens.clear()

    @locked
    def count_call(self, label: str) -> dict[str, str]:
        """Count a call against its rate label and give the headers for its answer. Raises Refusal (429)."""
        if not self.enforce_limits:
            return {"X-RateLimit-Category": label}
        verdict = self.limits.count(label, now=self.clock(), monotonic_s=self.monotonic())
        if verdict.message:
            raise refuse(429, 429, verdict.message, verdict.headers)
        return verdict.headers

    @locked
    def add_user(self, email: str, first_name: str, last_name: str) -> User:
        user = User(self._key(), email, first_name, last_name)
        self.users.append(user)
        return user

    @locked
    def find_user(self, user: str) -> User:
        """By id or address; "me" is the owner, the first one. Raises Refusal."""
        for known in self.users:
            if user in ("me", known.id) or user.lower() == known.email.lower():
                return known
        raise refuse(404, 1001, f"User does not exist: {user}.")

    @locked
    def page(self, rows: Sequence[Any], listing: tuple[Any, ...], query: Mapping[str, str]) -> Page:
        """One page of `rows` as they are now. listing: what was asked for; a token fits no other. Raises Refusal."""
        return self._pages.cut(rows, listing, query, self.clock())

    # ------------------------------------------------------------------------------------------------ inside

    def _key(self) -> str:
        return make_key(self._chance)

    def _tell(self, what: str, meeting: Meeting, registrant: Registrant | None = None) -> None:
        if self.webhooks:
            self.webhooks.tell(what, meeting, registrant)

    def _spend(self, what: str, who: str, limit: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        today = self.clock().date()
        if self._day.date != today:
            self._day = _Day(today)
        if self._day.used[what, who] >= limit:
            raise refuse(429, 429, message, headers)
        self._day.used[what, who] += 1


def make_key(chance: random.Random) -> str:
    """Sixteen bytes the way Zoom writes its ids: 22 characters of URL-safe base64."""
    return base64.urlsafe_b64encode(chance.randbytes(16)).decode().rstrip("=")
