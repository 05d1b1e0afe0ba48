"""A server over real sockets that answers what a test says: for the words and bytes that no true answer holds."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """A call as it came. port: the caller's end of the connection."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    port: int


@dataclass(frozen=True)
class Reply:
    """body: JSON is made of what is not bytes. raw: instead of all this, these bytes; then the connection closes."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


Script = Callable[[Request], Reply]


def token_reply(value: str = "a-token", **fields: Any) -> Reply:
    return Reply(200, {"access_token": value, "token_type": "bearer", "expires_in": 3599, "scope": "x"} | fields)


class ScriptedZoom:
    """requests: every call but those for a token, as they came. tokens: those for a token."""

    def __init__(self) -> None:
        self.answer: Script = lambda request: Reply(500)
        self.answer_token: Script = lambda request: token_reply()
        self.requests: list[Request] = []
        self.tokens: list[Request] = []
        self.base = ""

    @property
    def url(self) -> str:
        return f"{self.base}/v2"

    @property
    def oauth_url(self) -> str:
        return f"{self.base}/oauth/token"

    def replies(self, *replies: Reply) -> None:
        """Answer with these one after another, the last for ever."""
        waiting = list(replies)
        self.answer = lambda request: waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def reply_to(self, request: Request) -> Reply:
        if request.path == "/oauth/token":
            self.tokens.append(request)
            return self.answer_token(request)
        self.requests.append(request)
        return self.answer(request)


@contextmanager
def scripted_zoom() -> Iterator[ScriptedZoom]:
    zoom = ScriptedZoom()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply = zoom.reply_to(
                Request(
                    self.command,
                    parts.path,
                    dict(parse_qsl(parts.query)),
                    dict(self.headers),
                    body,
                    self.client_address[1],
                )
            )
            if reply.raw is not None:
                self.wfile.write(reply.raw)
                self.close_connection = True
                return
            content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in ({"Content-Length": str(len(content))} | reply.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that hangs up early is part of the tests."""

    with Server(("127.0.0.1", 0), Handler) as server:
        zoom.base = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield zoom
        finally:
            server.shutdown()
            thread.join()
