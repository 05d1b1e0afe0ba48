"""The account tells an address of what changes, signed as Zoom signs it.

One delivery each, in order, in a thread of its own: whoever registers does not wait for it. What comes of it is counted
and stands in `/simulate/state`. Source: docs/zoom.md, "Webhooks".
"""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import secrets
import threading
from typing import TYPE_CHECKING

import requests

from zoomsync.simulate.objects import Json, Meeting, Registrant, stamp

if TYPE_CHECKING:
    from zoomsync.simulate.world import World

SECRET = "demo-webhook-secret"  # noqa: S105 - play data
TIMEOUT_S = 3.0  # as Zoom


class Webhooks:
    """Tells `url` of what happens in a world, from `start` on. counts: what became of the deliveries."""

    def __init__(self, world: World, url: str, secret: str = SECRET) -> None:
        self.url = url
        self.counts = {"delivered": 0, "failed": 0}
        self._world = world
        self._key = secret.encode()
        self._waiting: queue.SimpleQueue[Json] = queue.SimpleQueue()

    def start(self) -> None:
        """Prove the address by Zoom's challenge, and tell it of everything from now on. Raises ValueError if it does
        not know the secret, or does not answer."""
        token = secrets.token_urlsafe(16)
        try:
            answer = self._post({"event": "endpoint.url_validation", "payload": {"plainToken": token}})
            proof = answer.json().get("encryptedToken") if answer.ok else None
        except (requests.RequestException, ValueError, AttributeError) as error:
            raise ValueError(f"{self.url} does not answer the challenge ({type(error).__name__})") from error
        if proof != self._signed(token.encode()):
            raise ValueError(f"{self.url} does not know the secret (it answers {answer.status_code})")
        threading.Thread(target=self._deliver, name="webhooks", daemon=True).start()
        self._world.webhooks = self

    def tell(self, what: str, meeting: Meeting, registrant: Registrant | None = None) -> None:
        """`what` happened, such as "registration_created". For World, under its lock."""
        thing: Json = {"id": str(meeting.id), "uuid": meeting.uuid, "topic": meeting.topic, "type": meeting.type}
        if registrant is not None:
            thing["registrant"] = {
                "id": registrant.id,
                "email": registrant.email,
                "first_name": registrant.first_name,
                "status": registrant.status,
                "create_time": stamp(registrant.create_time),
                "join_url": meeting.join_url(registrant),
            }
        payload = {"account_id": self._world.account_id, "object": thing}
        self._waiting.put({"event": f"{meeting.kind}.{what}", "payload": payload})

    def _deliver(self) -> None:
        while True:
            document = self._waiting.get()
            try:
                well = self._post(document).ok
            except requests.RequestException:
                well = False
            self.counts["delivered" if well else "failed"] += 1

    def _post(self, document: Json) -> requests.Response:
        now = self._world.clock().timestamp()
        body = json.dumps({**document, "event_ts": int(now * 1000)}).encode()
        headers = {
            "Content-Type": "application/json",
            "x-zm-request-timestamp": str(int(now)),
            "x-zm-signature": f"v0={self._signed(f'v0:{int(now)}:'.encode() + body)}",
        }
        return requests.post(self.url, body, headers=headers, timeout=TIMEOUT_S, allow_redirects=False)

    def _signed(self, message: bytes) -> str:
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()
