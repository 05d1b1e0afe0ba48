"""A mail catcher: an SMTP server on loopback that keeps every message and delivers none.

For the demo and for tests of sending. Each message is kept in memory and, with a folder given, written there as
an .eml file to open with a mail program.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

MAX_MESSAGE_BYTES = 33_554_432


@dataclass(frozen=True, slots=True)
class CaughtMessage:
    """One accepted message: the envelope, and the bytes as they came. file: where it was written, if anywhere."""

    mail_from: str
    rcpt_to: tuple[str, ...]
    content: bytes
    file: Path | None

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=policy.default)


class MailCatcher:
    """Catches mail while the `with` lasts. host and port are where it listens (port 0: any free one).

    folder: made if missing; files are numbered in the order of arrival, 0001-ana-example.org.eml.
    """

    def __init__(self, folder: Path | None = None, *, port: int = 0) -> None:
        self.folder = folder
        self.host = "127.0.0.1"
        self.port = port
        self._number = 0
        self._messages: list[CaughtMessage] = []
        self._lock = threading.Lock()
        self._controller: _Controller | None = None

    @property
    def messages(self) -> list[CaughtMessage]:
        """What came so far, in the order of arrival: a copy."""
        with self._lock:
            return list(self._messages)

    def clear(self) -> None:
        """Forget the messages; files stay."""
        with self._lock:
            self._messages.clear()

    def start(self) -> Self:
        """Returns once it answers. Raises OSError if the port is taken or the folder cannot be made."""
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._number = sum(1 for _ in self.folder.glob("*.eml"))
        listener = socket.create_server((self.host, self.port))
        self.port = listener.getsockname()[1]
        self._controller = _Controller(self, listener)
        self._controller.start()
        return self

    def stop(self) -> None:
        """Returns once the thread has ended and the port is free. May be called twice."""
        if self._controller:
            self._controller.stop()
            self._controller = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """aiosmtpd's hook: a message has come."""
        content = bytes(cast(bytes, envelope.content))
        with self._lock:
            rcpt_to = tuple(str(address) for address in envelope.rcpt_tos)
            file = None
            self._number += 1
            if self.folder:
                file = self.folder / f"{self._number:04d}-{_safe(rcpt_to[0])}.eml"
                file.write_bytes(content)
            self._messages.append(CaughtMessage(envelope.mail_from or "", rcpt_to, content, file))
        return "250 2.0.0 kept"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Controller(Controller):
    """aiosmtpd's, on a socket that is bound already: its own way waits five seconds to say that a port is taken."""

    def __init__(self, handler: Any, listener: socket.socket) -> None:
        host, port = listener.getsockname()
        super().__init__(handler, host, port, data_size_limit=MAX_MESSAGE_BYTES)
        self._listener = listener

    def _create_server(self) -> Coroutine[Any, Any, asyncio.Server]:
        return self.loop.create_server(self._factory_invoker, sock=self._listener)


def _safe(address: str) -> str:
    """An address as a part of a file name: nothing but letters, digits, dots and dashes, never a path."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", address).strip(".-")[:80] or "nobody"
