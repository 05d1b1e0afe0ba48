"""`smtplib` whose replies have an end: in time, and in lines.

smtplib's own time limit is one for each read. A server that says a byte a second, or goes on with `250-` for ever,
would keep a connection, and the messages behind it, for as long as it likes.
"""

from __future__ import annotations

import smtplib
import socket
import time

_MOST_LINES = 200  # of one reply; a server's EHLO has some twenty


class _Replies:
    """Lines from a socket, in the place of the file that smtplib reads replies from."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._rest = b""
        self._lines = 0
        self._whole_s: float | None = None
        self._give_up_at = float("inf")

    def begin(self) -> None:
        """A reply begins: all of it has the time that the socket gives one read."""
        self._lines = 0
        self._whole_s = self._sock.gettimeout()
        if self._whole_s is not None:
            self._give_up_at = time.monotonic() + self._whole_s

    def end(self) -> None:
        if self._sock.fileno() >= 0:
            self._sock.settimeout(self._whole_s)

    def readline(self, limit: int) -> bytes:
        """One line; what it would be longer than `limit` is left for the next. Raises OSError past the end."""
        self._lines += 1
        if self._lines > _MOST_LINES:
            raise OSError(f"a reply of more than {_MOST_LINES} lines")
        while b"\n" not in self._rest and len(self._rest) < limit:
            left_s = self._give_up_at - time.monotonic()
            if left_s <= 0:
                raise TimeoutError("timed out in the middle of a reply")
            if self._whole_s is not None:
                self._sock.settimeout(left_s)
            received = self._sock.recv(8192)
            if not received:
                break
            self._rest += received
        at = min(self._rest.find(b"\n") + 1 or len(self._rest), limit)
        line, self._rest = self._rest[:at], self._rest[at:]
        return line

    def close(self) -> None:
        """The socket is its owner's to close."""


class BoundedSmtp(smtplib.SMTP):
    """SMTP in the clear, and after STARTTLS."""

    def getreply(self) -> tuple[int, bytes]:
        """As smtplib's, within the socket's time-out for the whole reply. Raises SMTPServerDisconnected."""
        if self.file is None and self.sock is not None:
            self.file = _Replies(self.sock)
        replies = self.file
        if replies is None:
            return super().getreply()
        replies.begin()
        try:
            return super().getreply()
        finally:
            replies.end()


class BoundedSmtpOverTls(BoundedSmtp, smtplib.SMTP_SSL):
    """SMTP over TLS from the first byte."""
