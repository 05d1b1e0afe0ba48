"""Zoom's addresses over a World: the REST calls that registration, closing and attendance need, and the token.

`Simulator` serves in a background thread (tests, demo), `serve` in the foreground (`zoomsync simulate`). A person
plays through the addresses in `control`; what Zoom's answers hold is in `world` and `objects`.

    TOKEN=$(curl -s -u demo-client:demo-secret http://127.0.0.1:8700/oauth/token \
        -d grant_type=account_credentials -d account_id=demo-account | python3 -c \
        'import json, sys; print(json.load(sys.stdin)["access_token"])')
    curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8700/v2/meetings/81234567890/registrants
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from zoomsync.simulate import control
from zoomsync.simulate.calls import CALLS, Asked
from zoomsync.simulate.faults import Fault
from zoomsync.simulate.objects import Json, Meeting
from zoomsync.simulate.people import believable_people
from zoomsync.simulate.refusal import Refusal, refuse
from zoomsync.simulate.world import World
from zoomsync.simulate.wrong_answers import altered, instead_of_answer

JOURNAL_LENGTH = 100_000
MAX_REQUEST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """A call as it came. path: decoded once. query: the text after "?"."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class ResponseInfo:
    """Its answer. fault: the kind of the fault that made it, "" for a true answer."""

    status: int
    headers: dict[str, str]
    body: bytes
    fault: str


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One call to Zoom's addresses. status: 0 where a fault gave no HTTP answer."""

    method: str
    path: str
    query: str
    status: int


Observer = Callable[[RequestInfo, ResponseInfo], None]


# --------------------------------------------------------------------------------------------------- application


@dataclass
class Application:
    """The web application over one world. base_url: what the token answer names as the API's host."""

    world: World
    base_url: str
    observer: Observer | None = None
    journal: deque[JournalEntry] = field(default_factory=lambda: deque(maxlen=JOURNAL_LENGTH))

    def __post_init__(self) -> None:
        self.stopping = asyncio.Event()

    def asgi(self) -> Starlette:
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return Starlette(
            routes=[
                Route("/oauth/token", self.zoom, methods=methods),
                Route("/v2/{rest:path}", self.zoom, methods=methods),
                *control.routes(self.world, self.journal),
            ]
        )

    async def zoom(self, request: Request) -> Response:
        """Any call to Zoom: faults, then the true answer, then what every answer gets."""
        world, method = self.world, request.method
        path, query = request.scope["path"].removeprefix("/v2"), request.url.query
        body = await request.body()
        companions, fault = world.faults.for_call(method, path, query)
        skew = timedelta(0)
        for companion in companions:
            skew += await self._beside(companion, path)
        response = instead_of_answer(fault, world.clock(), self.stopping) if fault else None
        if response is None:
            asked = dict(request.query_params)
            sent_token = asked.get("next_page_token", "")
            if fault and fault.what == "same_page":
                asked.pop("next_page_token", None)
            response = self._answer(request, path, asked, body)
            if fault:
                response = altered(fault, response, sent_token, lambda: self._first_rows(request, path, body))
        response.headers["Date"] = format_datetime(world.clock() + skew, usegmt=True)
        mute = fault is not None and fault.what in ("reset", "hang")
        self.journal.append(JournalEntry(method, path, query, 0 if mute else response.status_code))
        if self.observer:
            self.observer(
                RequestInfo(method, path, query, dict(request.headers), body),
                ResponseInfo(
                    response.status_code,
                    dict(response.headers),
                    bytes(getattr(response, "body", b"")),
                    fault.what if fault else "",
                ),
            )
        return response

    def _answer(self, request: Request, path: str, query: dict[str, str], body: bytes) -> Response:
        """The true answer."""
        try:
            if len(body) > MAX_REQUEST_BYTES:
                raise refuse(413, 413, "Request Entity Too Large")
            if path == "/oauth/token":
                return _json(200, self._token(request, body))
            return self._call(request, path, query, body)
        except Refusal as refusal:
            return _json(refusal.status, refusal.body, refusal.headers)

    def _call(self, request: Request, path: str, query: dict[str, str], body: bytes) -> Response:
        world = self.world
        for call in CALLS:
            match = call.address.fullmatch(path) if call.method == request.method else None
            if match:
                break
        else:
            raise refuse(404, 2300, "This API endpoint is not recognized.")
        with world.lock:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            world.authorize(token if scheme.lower() == "bearer" else "", call.scope, call.classic)
            headers = world.count_call(call.label)
            asked = Asked(call.kind, match.groupdict(), query, _json_object(body))
            status, answer = call.handler(world, asked)
            return _json(status, answer, headers)

    def _token(self, request: Request, body: bytes) -> Json:
        if request.method != "POST":
            raise Refusal(405, {"reason": "Method not allowed", "error": "invalid_request"})
        client_id, client_secret = _basic(request.headers.get("Authorization", ""))
        form = dict(request.query_params)
        if request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
            form |= {name: values[-1] for name, values in parse_qs(body.decode(errors="replace")).items()}
        grant_type, account_id = form.get("grant_type", ""), form.get("account_id", "")
        return self.world.issue_token(grant_type, account_id, client_id, client_secret) | {"api_url": self.base_url}

    def _first_rows(self, request: Request, path: str, body: bytes) -> list[Any]:
        query = {name: value for name, value in request.query_params.items() if name != "next_page_token"}
        answer = msgspec.json.decode(bytes(self._answer(request, path, query, body).body))
        return list(answer.get("registrants") or [])

    async def _beside(self, fault: Fault, path: str) -> timedelta:
        """Let a companion fault have its way; gives how far the Date header is off."""
        world = self.world
        number = re.search(r"/(?:meeting|webinar)s/(\d+)", path)
        meeting = world.meetings.get(int(number[1])) if number else None
        match fault.what:
            case "skew":
                return timedelta(seconds=fault.seconds)
            case "delay":
                await asyncio.sleep(fault.seconds)
            case "revoke_tokens":
                world.revoke_tokens()
            case "act" if fault.action:
                fault.action()
            case _ if meeting:
                _shake(world, meeting, fault)
        return timedelta(0)


def _shake(world: World, meeting: Meeting, fault: Fault) -> None:
    """Change the listing under the reader's hands."""
    with world.lock:
        match fault.what:
            case "rows_move":
                meeting.rotation += fault.count
            case "new_registration":
                for person in believable_people(fault.count, seed=1_000_000 + len(meeting.registrants)):
                    world.register(meeting.id, person)
            case "status_moves":
                old, _, new = fault.moves.partition(">")
                for registrant in [r for r in meeting.order if r.status == old][: fault.count]:
                    world.change_status(meeting.id, registrant, new)


def _json(status: int, answer: Any, headers: dict[str, str] | None = None) -> Response:
    if answer is None:
        return Response(status_code=status, headers=headers)
    body = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
    return Response(body, status, headers, media_type="application/json")


def _json_object(body: bytes) -> Json:
    if not body:
        return {}
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise refuse(400, 300, "Request Body should be a valid JSON object.") from None


def _basic(header: str) -> tuple[str, str]:
    scheme, _, value = header.partition(" ")
    try:
        user, _, password = base64.b64decode(value if scheme.lower() == "basic" else "").decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


# ------------------------------------------------------------------------------------------------------- serving


class _Protocol(H11Protocol):
    """HTTP that lets an answer reach its connection, to break it: the transport is put into the scope."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app: ASGIApp = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope["transport"] = transport
            await app(scope, receive, send)

        self.app = with_transport


def _server(app: Application) -> uvicorn.Server:
    config = uvicorn.Config(
        app.asgi(),
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        date_header=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    return _Server(config, app)


class _Server(uvicorn.Server):
    """A server whose hanging answers end when it is told to stop."""

    def __init__(self, config: uvicorn.Config, app: Application) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.stopping.set()
        await super().shutdown(sockets)


class Simulator:
    """A simulator on loopback, in a thread of its own, while the `with` lasts.

        with Simulator(World.model_account(clock)) as zoom:
            requests.get(zoom.url + "/meetings/81234567890", headers=...)

    port 0: any free one. observer: called in the server's thread with every call and its answer; it must not raise.
    journal: the calls to Zoom's addresses, oldest first.
    """

    def __init__(self, world: World, port: int = 0, *, observer: Observer | None = None) -> None:
        self.world = world
        self._port = port
        self._observer = observer
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Returns once it answers. Raises OSError if the port is taken."""
        listener = _listen("127.0.0.1", self._port)
        self.base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = Application(self.world, self.base, self._observer)
        self.journal = app.journal
        self._server = _server(app)
        # Connections wait in the listening socket until the thread accepts them: nothing to wait for here.
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="zoom-simulator", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Returns once the thread has ended and the port is free. May be called twice."""
        if self._thread:
            self._server.should_exit = True
            self._thread.join()
            self._thread = None

    @property
    def url(self) -> str:
        return f"{self.base}/v2"

    @property
    def oauth_url(self) -> str:
        return f"{self.base}/oauth/token"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve(host: str, port: int, world: World, *, observer: Observer | None = None) -> None:
    """Serve in the foreground until SIGINT, which comes out as KeyboardInterrupt, or SIGTERM.

    Raises OSError if the port is taken.
    """
    listener = _listen(host, port)
    app = Application(world, f"http://{host}:{listener.getsockname()[1]}", observer)
    _server(app).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    # Named as TCP, so that asyncio switches Nagle's algorithm off: it costs 40 ms an answer.
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
