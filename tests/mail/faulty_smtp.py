"""An SMTP server on loopback that says exactly what a test tells it to, byte by byte, and counts what it accepted.

A script maps a point of the conversation ("CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "MIDBODY",
"BODY", "RSET", "QUIT") to what happens there: bytes to answer, DROP, HANG, DRIP or ENDLESS. A list is used up one
entry a time, and then the server behaves well again; anything else happens every time. After MIDBODY it leaves.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from typing import Any

DROP, HANG = object(), object()
DRIP = object()  # 250, a byte every tenth of a second
ENDLESS = object()  # 250- and 250- and 250-
GARBAGE = b"\x00\xff not smtp\r\n"
WELL = {
    "CONNECT": b"220 test ready\r\n",
    "EHLO": b"250-test\r\n250-SIZE 1000000\r\n250 AUTH PLAIN\r\n",
    "STARTTLS": b"220 go ahead\r\n",
    "AUTH": b"235 welcome\r\n",
    "MAIL": b"250 ok\r\n",
    "RCPT": b"250 ok\r\n",
    "DATA": b"354 go ahead\r\n",
    "BODY": b"250 2.0.0 queued as 1\r\n",
    "RSET": b"250 ok\r\n",
    "QUIT": b"221 bye\r\n",
}


class FaultySmtp:
    """Use as a context manager; `port` is then open. `accepted` holds the bodies answered with 2xx, as received;
    `broken_off` what had come of a body when the client left before the final dot."""

    def __init__(self, tls: ssl.SSLContext | None = None, implicit_tls: bool = False, **script: Any) -> None:
        self.accepted: list[bytes] = []
        self.received: list[bytes] = []
        self.broken_off: list[bytes] = []
        self.commands: list[str] = []
        self.connections = 0
        self._script = script
        self._tls, self._implicit_tls = tls, implicit_tls
        self._done = threading.Event()

    def __enter__(self) -> FaultySmtp:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _serve(self) -> None:
        while not self._done.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._talk, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _talk(self, client: socket.socket) -> None:
        lines = None
        try:
            if self._implicit_tls and self._tls:
                client = self._tls.wrap_socket(client, server_side=True)
            said = self._answer(client, "CONNECT")
            lines = client.makefile("rb")
            while said is not None and (line := lines.readline()):
                command = line.decode("latin-1").strip()
                self.commands.append(command)
                verb = command.split(" ")[0].upper()
                said = self._answer(client, verb)
                if verb == "QUIT":
                    break
                if verb == "STARTTLS" and self._tls:
                    lines.close()
                    client = self._tls.wrap_socket(client, server_side=True)
                    lines = client.makefile("rb")
                if verb == "DATA" and said and said.startswith(b"354"):
                    body = self._body(client, lines)
                    if body is None:
                        break
                    self.received.append(body)
                    said = self._answer(client, "BODY")
                    if said and said.startswith(b"2"):
                        self.accepted.append(body)
        except OSError:
            pass  # the client broke off, or TLS did not come about
        finally:
            if lines is not None:
                lines.close()
            client.close()

    def _body(self, client: socket.socket, lines: Any) -> bytes | None:
        """The body up to the final dot as it came over the wire, None if the client broke off before it."""
        body = b""
        while line := lines.readline():
            if "MIDBODY" in self._script and self._script["MIDBODY"] != []:
                self._answer(client, "MIDBODY")  # and then it goes away
                return None
            if line == b".\r\n":
                return body
            body += line
        self.broken_off.append(body)
        return None

    def _answer(self, client: socket.socket, point: str) -> bytes | None:
        """Say what the script wants here; None where it dropped or hung."""
        says = self._script.get(point, WELL.get(point, b"500 what?\r\n"))
        if isinstance(says, list):
            says = says.pop(0) if says else WELL[point]
        if says is DRIP:
            for byte in b"250 " + b"well " * 100 + b"\r\n":
                client.sendall(bytes([byte]))
                if self._done.wait(0.1):
                    return None
            return b"250"
        while says is ENDLESS and not self._done.is_set():
            client.sendall(b"250-more\r\n" * 10)
        if says is HANG:
            self._done.wait(10)
        if says in (HANG, DROP, ENDLESS):
            return None
        client.sendall(says)
        return bytes(says)
