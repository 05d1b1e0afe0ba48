"""A mail server on loopback that takes everything and writes down what it took before it says so.

It stands for the world outside: whatever happens to those who send, its file tells what arrived. Raw sockets and a
thread a connection; it says as little as SMTP allows, so that it costs a sender next to nothing. As a process of its
own (`sink_process`) it takes no time of the interpreter that is measured.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

OnMessage = Callable[[str, int], None]
"""Called with what has just happened to the message number n: "body" (its first bytes came), "dot" (its last ones),
"recorded" (it is written down, the answer is about to go)."""

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)
_ANSWERS = {
    b"EHLO": b"250-sink\r\n250-SIZE 10000000\r\n250 AUTH PLAIN\r\n",
    b"AUTH": b"235 welcome\r\n",
    b"MAIL": b"250 ok\r\n",
    b"RCPT": b"250 ok\r\n",
    b"DATA": b"354 go ahead\r\n",
    b"RSET": b"250 ok\r\n",
    b"QUIT": b"221 bye\r\n",
}


class MailSink:
    """Use as a context manager; `port` is then open. file: gets one line a message, on the disk before the 250 goes;
    None to take messages and forget them."""

    def __init__(self, file: Path | None = None, on_message: OnMessage = lambda what, number: None) -> None:
        self._file = None if file is None else os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        self._path = file
        self.on_message = on_message
        self._lock = threading.Lock()
        self._begun = 0
        self._threads: list[threading.Thread] = []
        self._clients: set[socket.socket] = set()

    def __enter__(self) -> MailSink:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port: int = self._listener.getsockname()[1]
        self._serving = threading.Thread(target=self._serve, daemon=True)
        self._serving.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        if self._file is not None:
            os.close(self._file)

    def close(self) -> None:
        """Take nothing more: whoever is connected is cut off."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._serving.join(5)
        for client in list(self._clients):
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def lines(self) -> list[tuple[str, str, str]]:
        """What was taken so far, in order, read from the file: (Message-ID, recipient, digest of the subject)."""
        assert self._path is not None
        rows = (line.split("\t") for line in self._path.read_text().splitlines())
        return [(identifier, recipient, subject) for identifier, recipient, subject in rows]

    def taken(self) -> Counter[str]:
        """How often each Message-ID was taken."""
        return Counter(identifier for identifier, _, _ in self.lines())

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._clients.add(client)
            thread = threading.Thread(target=self._talk, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _talk(self, client: socket.socket) -> None:
        recipient, rest = b"", b""
        with contextlib.suppress(OSError), client:
            client.sendall(b"220 sink\r\n")
            while True:
                while b"\r\n" not in rest:
                    received = client.recv(65536)
                    if not received:
                        return
                    rest += received
                line, _, rest = rest.partition(b"\r\n")
                verb = line[:4].upper()
                client.sendall(_ANSWERS.get(verb, b"500 what?\r\n"))
                if verb == b"RCPT":
                    recipient = line.partition(b"<")[2].partition(b">")[0]
                elif verb == b"QUIT":
                    return
                elif verb == b"DATA":
                    body = self._body(client, rest)
                    if body is None:
                        return
                    message, rest = body
                    self._record(message, recipient)
                    client.sendall(b"250 2.0.0 taken\r\n")
        self._clients.discard(client)

    def _body(self, client: socket.socket, body: bytes) -> tuple[bytes, bytes] | None:
        """(the message up to its final dot, what came after it); None where the sender left before the dot."""
        number = 0
        while (end := body.find(b"\r\n.\r\n")) < 0:
            received = client.recv(65536)
            if not received:
                return None
            if not number:
                with self._lock:
                    self._begun += 1
                    number = self._begun
                self.on_message("body", number)
            body += received
        self.on_message("dot", number)
        return body[: end + 2], body[end + 5 :]

    def _record(self, message: bytes, recipient: bytes) -> None:
        if self._file is None:
            return
        found = _MESSAGE_ID.search(message)
        subject = re.search(rb"^Subject:\s*(.*(?:\r\n[ \t].*)*)", message, re.IGNORECASE | re.MULTILINE)
        fields = (found and found[1], recipient, subject and b" ".join(subject[1].split()))
        with self._lock:
            os.write(self._file, b"\t".join(field or b"-" for field in fields) + b"\n")
            os.fsync(self._file)
            number = self._begun
        self.on_message("recorded", number)


def _run(said: Any) -> None:
    with MailSink() as sink:
        said.send(sink.port)
        said.recv()


@contextlib.contextmanager
def sink_process() -> Iterator[int]:
    """The port of a sink in a process of its own that forgets what it takes."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("enough")
        process.join(10)
