"""Zoom's no, as an exception: raised by the rules, turned into an answer by the server."""

from __future__ import annotations

from collections.abc import Mapping

from zoomsync.simulate.objects import Json


class Refusal(Exception):
    """Zoom says no. status: HTTP's. body: the JSON that says why. headers: to go with it."""

    def __init__(self, status: int, body: Json, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {body}")
        self.status, self.body, self.headers = status, body, dict(headers or {})


def refuse(status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> Refusal:
    """A refusal in the shape of the API (the token endpoint has one of its own)."""
    return Refusal(status, {"code": code, "message": message}, headers)
