"""The web part listening: uvicorn in a thread of the daemon's. What it answers is in `app`."""

from __future__ import annotations

import logging
import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from zoomsync.about import as_here

_GRACE_S = 2  # for answers that are on their way when it ends


class WebServer:
    """One application on one address. It may be started again after it has ended."""

    def __init__(self, application: ASGIApp, *, host: str, port: int) -> None:
        """port 0: any that is free."""
        self._application = application
        self._host = host
        self._port = port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> str:
        """Listen, and give the address. Raises OSError where that cannot be done: the port is taken, no such host."""
        family, kind, protocol, _, address = socket.getaddrinfo(
            self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(128)
        except OSError:
            listener.close()
            raise
        # `access_log` only takes the handlers away: whoever gives it another would read people's links.
        logging.getLogger("uvicorn.access").disabled = True
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._application,
                http="h11",
                ws="none",
                lifespan="off",
                # Addresses hold personal tokens: nothing of uvicorn's writes them down.
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=200,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        # In a thread uvicorn leaves the signals to us. Connections wait in the socket until it accepts them.
        self._thread = threading.Thread(
            target=as_here(self._server.run), kwargs={"sockets": [listener]}, name="web", daemon=True
        )
        self._thread.start()
        host, port = listener.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def listens(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Have it end soon: `listens` tells when it has."""
        if self._server is not None:
            self._server.should_exit = True
