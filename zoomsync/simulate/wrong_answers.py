"""The wrong answers: what a call gets that a fault strikes, from a polite 429 to a connection reset.

Which calls are struck: `faults`. Some faults stand in for the call, which is then never made; others spoil its answer.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from zoomsync.simulate.faults import Fault
from zoomsync.simulate.limits import LIGHT, headers, midnight_after


def instead_of_answer(fault: Fault, now: datetime, stopping: asyncio.Event) -> Response | None:
    """The answer of a fault that leaves the call undone; None for a fault that alters what the call gives."""
    match fault.what:
        case "429":
            message = "You have reached the maximum per-second rate limit for this API. Try again later."
            extra = {"Retry-After": value} if (value := _retry_after(fault, now)) else {}
            return _refused(429, 429, message, headers(LIGHT, "QPS", 30, 0) | extra)
        case "daily":
            message = "You have reached the maximum daily rate limit for this API. Refer to the response header for"
            extra = headers(LIGHT, "Daily-limit", 6000, 0) | {"Retry-After": midnight_after(now)}
            return _refused(429, 429, f"{message} details on when you can make another request.", extra)
        case "500" | "503":
            return _refused(int(fault.what), int(fault.what), "Internal server error, please try again later.")
        case "502" | "504":
            return Response(_PROXY_PAGE, int(fault.what), media_type="text/html")
        case "401":
            return _refused(401, 124, "Invalid access token.")
        case "token_expired":
            return _refused(400, 300, "The next page token is invalid or expired.")
        case "html":
            return Response(_PROXY_PAGE, 200, media_type="text/html")
        case "empty":
            return Response(b"", 200, media_type="application/json")
        case "huge":
            return StreamingResponse(_megabytes(fault.count), media_type="application/json")
        case "nested":
            return Response(b"[" * fault.count + b"]" * fault.count, media_type="application/json")
        case "ignored":
            return Response(status_code=204)
        case "reset":
            return Reset()
        case "hang":
            return Hang(fault.seconds, stopping)
    return None


def altered(fault: Fault, response: Response, sent_token: str, first_rows: Callable[[], list[Any]]) -> Response:
    """A true answer made wrong. sent_token: the call's page token. first_rows: the listing's first page's rows."""
    whole = bytes(response.body)
    match fault.what:
        case "truncated":
            response.body = whole[: len(whole) // 2]
        case "cut":
            return Cut(response)
        case "slow":
            return StreamingResponse(_byte_by_byte(whole, fault.seconds), response.status_code, response.headers)
        case _ if whole.startswith(b"{"):
            answer = json.loads(whole)
            _change(fault, answer, sent_token, first_rows)
            response.body = json.dumps(answer).encode()
    response.headers["Content-Length"] = str(len(response.body))
    return response


def _change(fault: Fault, answer: dict[str, Any], sent_token: str, first_rows: Callable[[], list[Any]]) -> None:
    """Change a listing's answer in place."""
    rows = next((name for name, value in answer.items() if isinstance(value, list)), "registrants")
    match fault.what:
        case "null_rows":
            answer[rows] = None
        case "no_rows":
            answer.update({rows: [], "total_records": 0, "next_page_token": ""})
        case "wrong_types":
            answer.update({name: _of_another_type(value) for name, value in answer.items()})
        case "same_token" if sent_token:
            answer["next_page_token"] = sent_token
        case "repeat_rows":
            answer[rows] = answer[rows] + first_rows()[: fault.count]
        case "wrong_total":
            answer["total_records"] = answer.get("total_records", 0) + fault.count


def _of_another_type(value: Any) -> Any:
    match value:
        case str():
            return {"text": value}
        case list() | dict():
            return "oddly enough, text"
    return [value]


def _retry_after(fault: Fault, now: datetime) -> str:
    until = now + timedelta(seconds=fault.seconds)
    words = {
        "seconds": f"{fault.seconds:g}",
        "date": format_datetime(until, usegmt=True),
        "iso": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "absurd": "99999999999",
    }
    return words.get(fault.retry_after, fault.retry_after)


def _refused(status: int, code: int, message: str, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps({"code": code, "message": message}).encode()
    return Response(body, status, headers, media_type="application/json")


_PROXY_PAGE = "<!DOCTYPE html><html><head><title>Zoom</title></head><body><h1>Please try again</h1></body></html>"


async def _megabytes(count: int) -> AsyncIterator[bytes]:
    """Well-formed JSON to the last byte: only its size is wrong."""
    yield b'{"next_page_token":"","total_records":0,"registrants":[],"padding":"'
    for _ in range(count):
        yield b"x" * 1_000_000
    yield b'"}'


async def _byte_by_byte(body: bytes, pause_s: float) -> AsyncIterator[bytes]:
    for place in range(len(body)):
        await asyncio.sleep(pause_s)
        yield body[place : place + 1]


class Reset(Response):
    """The connection ends with a RST, before any answer. The server puts its transport into the scope."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = scope["transport"]
        # Linger of zero seconds is what makes the system send RST instead of FIN.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        await _until_disconnected(Request(scope, receive))


class Hang(Response):
    """No answer until the caller is gone, the time is over, or the server stops."""

    def __init__(self, seconds: float, stopping: asyncio.Event) -> None:
        super().__init__()
        self._seconds, self._stopping = seconds, stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_until_disconnected(Request(scope, receive)))
        stopped = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({gone, stopped}, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
        for waiting in (gone, stopped):
            waiting.cancel()
        if not gone.done():
            scope["transport"].abort()
            await _until_disconnected(Request(scope, receive))


class Cut(Response):
    """Half of the announced body, then the end of the connection."""

    def __init__(self, whole: Response) -> None:
        super().__init__()
        self._whole = whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytes(self._whole.body)
        await send({"type": "http.response.start", "status": 200, "headers": self._whole.raw_headers})
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        scope["transport"].close()  # after what was written has gone out
        await _until_disconnected(Request(scope, receive))


async def _until_disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
