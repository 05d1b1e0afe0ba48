"""Zoom's webhooks: a hint to look, taken once, and only from who knows the secret.

What a delivery says is never used: it may be late, out of order or incomplete. It names a meeting, and the daemon's
next sweep pulls that meeting's event (`domain.due`). Polling finds the same things, only later.
Source: docs/zoom.md, "Webhooks".
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry, Counter
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from zoomsync.about import as_here
from zoomsync.clock import Clock
from zoomsync.errors import StoreError
from zoomsync.store.hints import take_hint
from zoomsync.store.schema import Database
from zoomsync.web.answers import as_json, read_body

log = logging.getLogger(__name__)

STALE_AFTER = timedelta(minutes=5)
# Zoom counts an answer after three seconds as none. A database that is busy longer gets the hint a little later.
ANSWER_WITHIN_S = 2.0
_OF_REGISTRATION = re.compile(r"(meeting|webinar)\.(registration_\w{1,40}|updated|deleted)")
_PLAIN_TOKEN = re.compile(r"(?!v0:)[!-~]{1,200}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


class Webhooks:
    """secret: the "secret token" of the Zoom app's page "Features"."""

    def __init__(self, database: Database, clock: Clock, secret: str, registry: CollectorRegistry) -> None:
        self._database = database
        self._clock = clock
        self._key = secret.encode()
        self._count = Counter("zoomsync_webhooks", "Webhooks by what became of them", ["result"], registry=registry)
        for result in ("taken", "known already", "not ours", "challenge", "refused", "lost"):
            self._count.labels(result)
        # Two threads of its own, so that a busy database does not keep the rest of the web part waiting.
        self._writers = ThreadPoolExecutor(2, thread_name_prefix="hints")
        self._told = False

    async def receive(self, request: Request) -> Response:
        """204 for whatever is truly Zoom's, 401 for anything else, 400 for what cannot be read."""
        body = await read_body(request)
        now = self._clock()
        problem = self._problem(request.headers, body, now)
        if problem:
            self._count.labels("refused").inc()
            if not self._told:  # once, not at every knock of a stranger
                log.warning("a webhook was refused: %s; is ZOOMSYNC_ZOOM__WEBHOOK_SECRET that of the app?", problem)
                self._told = True
            raise HTTPException(401, "The signature is not Zoom's.")
        self._told = False
        document = _read(body)
        name = document.get("event")
        if name == "endpoint.url_validation":
            return self._challenged(document)
        meeting_id = _meeting_of(document)
        if not isinstance(name, str) or not _OF_REGISTRATION.fullmatch(name) or meeting_id is None:
            self._count.labels("not ours").inc()
            return Response(status_code=204)
        # The same words in another order are the same delivery.
        delivery = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
        writing = self._writers.submit(as_here(self._take), delivery, meeting_id, name, now)
        await asyncio.wait([asyncio.wrap_future(writing)], timeout=ANSWER_WITHIN_S)
        if writing.done() and not writing.result():
            raise HTTPException(503, "This cannot be written down right now.")  # Zoom comes again in five minutes
        return Response(status_code=204)

    def _take(self, delivery: str, meeting_id: str, name: str, now: datetime) -> bool:
        """Write a hint down. False where that cannot be done."""
        try:
            is_news = self._database.write(
                lambda db: take_hint(db, delivery, meeting_id=meeting_id, name=name, now=now)
            )
        except StoreError as error:
            self._count.labels("lost").inc()
            log.warning("a webhook could not be written down: %s", error)
            return False
        self._count.labels("taken" if is_news else "known already").inc()
        log.info("Zoom tells of a change", extra={"meeting": meeting_id, "what": name, "news": is_news})
        return True

    def _problem(self, headers: Headers, body: bytes, now: datetime) -> str:
        """Why a delivery is not to be believed, "" where it is."""
        sent_at, signature = headers.get("x-zm-request-timestamp", ""), headers.get("x-zm-signature", "")
        if not re.fullmatch(r"[0-9]{1,12}", sent_at) or not _SIGNATURE.fullmatch(signature):
            return "signature or time are missing"
        expected = self._signed(f"v0:{sent_at}:".encode() + body)
        if not hmac.compare_digest(f"v0={expected}", signature):
            return "the signature is wrong"
        if abs(now.timestamp() - int(sent_at)) > STALE_AFTER.total_seconds():
            return "it was signed more than five minutes ago, or the clock of this machine is wrong"
        return ""

    def _challenged(self, document: dict[str, Any]) -> Response:
        """Prove that we know the secret. Only who knows it is answered: what is signed here could be a delivery."""
        token = _in(document, "payload").get("plainToken")
        if not isinstance(token, str) or not _PLAIN_TOKEN.fullmatch(token):
            raise HTTPException(400, "The challenge has no token.")
        self._count.labels("challenge").inc()
        return as_json({"plainToken": token, "encryptedToken": self._signed(token.encode())})

    def _signed(self, message: bytes) -> str:
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()


def _read(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise HTTPException(400, "The body is no JSON object.")
    return document


def _meeting_of(document: dict[str, Any]) -> str | None:
    """The meeting's id, which Zoom writes as a number or as text."""
    number = _in(_in(document, "payload"), "object").get("id")
    text = str(number) if isinstance(number, int | str) and not isinstance(number, bool) else ""
    return text if re.fullmatch(r"[0-9]{1,20}", text) else None


def _in(document: dict[str, Any], name: str) -> dict[str, Any]:
    inner = document.get(name)
    return inner if isinstance(inner, dict) else {}
