"""One message at a time over SMTP, with a pause between the server's 354 and the body.

The pause is the point of this module: what happens before it can be tried again freely, what happens after it may
have been delivered. Whoever calls makes a mark in that pause, and every try ends in an `Outcome` that says on which
side of it things went wrong. No database here, no retries across runs (see `domain.delivery`), no message building.

`smtplib` speaks the protocol, but `sendmail` and `with smtplib.SMTP(...)` are not used: the first leaves no room for
the mark, the second raises when a server answers QUIT with an error, after the message was accepted.
"""

from __future__ import annotations

import contextlib
import ipaddress
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, NoReturn, Self

from zoomsync import failpoints
from zoomsync.domain.records import Outcome, OutcomeKind, Stage
from zoomsync.language import _
from zoomsync.mail.bounded import BoundedSmtp, BoundedSmtpOverTls
from zoomsync.mail.message import OutgoingMessage
from zoomsync.mail.replies import is_refusal, judge_refusal, one_line
from zoomsync.words import trouble

_GOODBYE_TIMEOUT_S = 5.0

BeforeBody = Callable[[], bool]
"""Called after the server's 354: marks the message as on its way. False: it must not go out after all."""


@dataclass(frozen=True)
class SmtpTransport:
    """Where and how mail is handed over. Nothing connects before a connection is used.

    security: "starttls" (the server must offer it), "tls" (from the first byte) or "none".
    verb_timeout_s, connect_timeout_s: for the whole of a reply, however slowly it comes.
    body_timeout_s: how long to wait for the reply to the body; RFC 5321, 4.5.3.2.6 says ten minutes, which is longer
    than a message may stay in one daemon's hands.
    local_hostname: what to call ourselves in EHLO; None asks the system once.
    messages_per_connection: after so many a new connection is made, before the server's own limit cuts it.
    tls_context: None for the system's certificates; the server's certificate and name are checked either way.
    """

    host: str = "localhost"
    port: int = 587
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    security: Literal["starttls", "tls", "none"] = "starttls"
    connect_timeout_s: float = 20.0
    verb_timeout_s: float = 30.0
    body_timeout_s: float = 120.0
    local_hostname: str | None = None
    messages_per_connection: int = 100
    tls_context: ssl.SSLContext | None = field(default=None, repr=False)

    def open(self) -> SmtpConnection:
        """A connection of one thread's own; it connects at its first use."""
        return SmtpConnection(self)


class _NotSent(Exception):
    """Ends a try before the body began."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


class SmtpConnection:
    """Hands over message after message, connecting anew when it must. For one thread at a time."""

    def __init__(self, transport: SmtpTransport) -> None:
        self._to = transport
        self._smtp: smtplib.SMTP | None = None
        self._handed_over = 0
        self._local_hostname = transport.local_hostname
        self._context = transport.tls_context

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def connect(self) -> Outcome:
        """Connect, secure and log in, without a message: ACCEPTED, or why not. For `check`."""
        try:
            self._connected()
        except _NotSent as failed:
            return failed.outcome
        return Outcome(OutcomeKind.ACCEPTED, Stage.LOGIN if self._to.username else Stage.CONNECT)

    def send(self, message: OutgoingMessage, before_body: BeforeBody) -> Outcome:
        """Hand `message` over; `before_body` is called once, between the server's 354 and the body.

        What `before_body` raises comes through, and nothing is delivered. All else ends as an Outcome.
        """
        if self._handed_over >= self._to.messages_per_connection:
            self.close()
        reused = self._smtp is not None
        try:
            try:
                self._announce(message)
            except _NotSent as failed:
                if not (reused and _connection_had_ended(failed.outcome)):
                    raise
                self._drop()
                self._announce(message)
        except _NotSent as failed:
            self._reset()
            return failed.outcome
        try:
            marked = before_body()
        except BaseException:
            self._drop()
            raise
        if not marked:
            # After 354 there is no way back but to break off: a message without its final dot is thrown away.
            self._drop()
            return Outcome(OutcomeKind.ABANDONED, Stage.DATA, words=_("no longer to be sent"))
        return self._send_body(message.data)

    def close(self) -> None:
        """Say goodbye. Whatever the server answers, nothing that was accepted becomes undone."""
        if self._smtp is not None:
            _wait_at_most(self._smtp, min(_GOODBYE_TIMEOUT_S, self._to.verb_timeout_s))
            with contextlib.suppress(OSError):
                self._smtp.docmd("QUIT")
            failpoints.reach("smtp.after_quit")
            self._drop()

    # ------------------------------------------------------------------------------------------------ connecting

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is None:
            self._refuse_plain_login()
            self._smtp = self._greeted()
            failpoints.reach("smtp.after_ehlo")
            try:
                if self._to.security == "starttls":
                    self._start_tls(self._smtp)
                if self._to.username:
                    self._log_in(self._smtp, self._to.username, self._to.password or "")
                    failpoints.reach("smtp.after_auth")
            except _NotSent:
                self._drop()
                raise
        return self._smtp

    def _refuse_plain_login(self) -> None:
        if self._to.security == "none" and self._to.username and not _is_loopback(self._to.host):
            _fail(
                OutcomeKind.STOPPED,
                Stage.LOGIN,
                _("the password would go to {host} unencrypted; use starttls").format(host=self._to.host),
            )

    def _tls_context(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context()
        return self._context

    def _greeted(self) -> smtplib.SMTP:
        if self._local_hostname is None:
            self._local_hostname = socket.getfqdn()
        host, port, timeout_s = self._to.host, self._to.port, self._to.connect_timeout_s
        smtp: smtplib.SMTP
        try:
            if self._to.security == "tls":
                smtp = BoundedSmtpOverTls(
                    host, port, self._local_hostname, timeout=timeout_s, context=self._tls_context()
                )
            else:
                smtp = BoundedSmtp(host, port, self._local_hostname, timeout=timeout_s)
        except smtplib.SMTPResponseException as exc:
            _fail_by_reply(Stage.CONNECT, exc.smtp_code, exc.smtp_error)
        except (OSError, ValueError) as exc:
            _fail_by_error(Stage.CONNECT, exc)
        if smtp.sock is not None:
            # The last, short segment of a body would wait for the server's delayed acknowledgement.
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _wait_at_most(smtp, self._to.verb_timeout_s)
        self._hello(smtp, Stage.CONNECT)
        return smtp

    def _hello(self, smtp: smtplib.SMTP, stage: Stage) -> None:
        try:
            code, words = smtp.ehlo()
        except (OSError, ValueError) as exc:
            smtp.close()
            _fail_by_error(stage, exc)
        if not 200 <= code < 300:
            smtp.close()
            _fail_by_reply(stage, code, words)

    def _start_tls(self, smtp: smtplib.SMTP) -> None:
        if not smtp.has_extn("starttls"):
            _fail(
                OutcomeKind.STOPPED,
                Stage.TLS,
                _("{host} offers no STARTTLS, and mail is not sent unencrypted").format(host=self._to.host),
            )
        try:
            smtp.starttls(context=self._tls_context())
        except smtplib.SMTPResponseException as exc:
            _fail(OutcomeKind.STOPPED, Stage.TLS, exc.smtp_error, exc.smtp_code)
        except (OSError, ValueError) as exc:
            _fail_by_error(Stage.TLS, exc)
        self._hello(smtp, Stage.TLS)

    def _log_in(self, smtp: smtplib.SMTP, username: str, password: str) -> None:
        try:
            smtp.login(username, password)
        except smtplib.SMTPAuthenticationError as exc:
            _fail_by_reply(Stage.LOGIN, exc.smtp_code, exc.smtp_error)
        except smtplib.SMTPNotSupportedError:
            _fail(
                OutcomeKind.STOPPED,
                Stage.LOGIN,
                _("{host} offers no login; leave username and password out").format(host=self._to.host),
            )
        except UnicodeEncodeError:
            _fail(OutcomeKind.STOPPED, Stage.LOGIN, _("user name or password hold characters that SMTP cannot carry"))
        except (OSError, ValueError) as exc:
            _fail_by_error(Stage.LOGIN, exc)

    # -------------------------------------------------------------------------------------------------- one message

    def _announce(self, message: OutgoingMessage) -> None:
        """MAIL, RCPT and DATA up to the 354. Raises _NotSent."""
        smtp = self._connected()
        sender, size = f"FROM:<{message.envelope_from}>", len(message.data)
        if smtp.has_extn("size"):
            sender += f" SIZE={size}"
            allowed = smtp.esmtp_features["size"]
            if allowed.isdigit() and 0 < int(allowed) < size:
                words = _("the message has {size} bytes, the server takes {allowed}").format(size=size, allowed=allowed)
                _fail(OutcomeKind.REFUSED, Stage.MAIL, words)
        self._say(smtp, Stage.MAIL, f"MAIL {sender}")
        failpoints.reach("smtp.after_mail")
        self._say(smtp, Stage.RCPT, f"RCPT TO:<{message.envelope_to}>")
        failpoints.reach("smtp.after_rcpt")
        self._say(smtp, Stage.DATA, "DATA", wanted=range(354, 355))

    def _say(self, smtp: smtplib.SMTP, stage: Stage, command: str, wanted: range = range(200, 300)) -> None:
        try:
            code, words = smtp.docmd(command)
        except (OSError, ValueError) as exc:
            self._drop()
            _fail_by_error(stage, exc)
        if code not in wanted:
            if not is_refusal(code) or code == 421:
                self._drop()
            _fail_by_reply(stage, code, words)

    def _send_body(self, data: bytes) -> Outcome:
        smtp = self._connected()
        try:
            _wait_at_most(smtp, self._to.body_timeout_s)
            self._send_bytes(smtp, _as_body(data))
            failpoints.reach("smtp.after_dot")
            code, words = smtp.getreply()
            _wait_at_most(smtp, self._to.verb_timeout_s)
        except OSError as exc:
            self._drop()
            return Outcome(OutcomeKind.IN_DOUBT, Stage.BODY, words=one_line(str(exc)))
        if 200 <= code < 300:
            self._handed_over += 1
            return Outcome(OutcomeKind.ACCEPTED, Stage.BODY, code, one_line(words))
        if not is_refusal(code):
            self._drop()
            return Outcome(OutcomeKind.IN_DOUBT, Stage.BODY, words=one_line(b"not an SMTP reply: " + words))
        if code == 421:
            self._drop()
        return Outcome(judge_refusal(Stage.BODY, code, one_line(words)), Stage.BODY, code, one_line(words))

    def _send_bytes(self, smtp: smtplib.SMTP, body: bytes) -> None:
        if failpoints.is_armed("smtp.mid_body"):
            half = len(body) // 2
            smtp.send(body[:half])
            failpoints.reach("smtp.mid_body")
            body = body[half:]
        smtp.send(body)

    def _reset(self) -> None:
        """Forget a half-announced message, so that the next one does not inherit its sender."""
        if self._smtp is not None:
            try:
                code, _ = self._smtp.docmd("RSET")
            except OSError:
                code = -1
            if code != 250:
                self._drop()

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None
            self._handed_over = 0


def _connection_had_ended(outcome: Outcome) -> bool:
    """True where a kept connection turned out closed at the first word: nothing about this message."""
    return outcome.stage is Stage.MAIL and outcome.kind is not OutcomeKind.REFUSED and outcome.code in (None, 421)


def _fail(kind: OutcomeKind, stage: Stage, words: str | bytes, code: int | None = None) -> NoReturn:
    raise _NotSent(Outcome(kind, stage, code, one_line(words)))


def _fail_by_reply(stage: Stage, code: int, words: str | bytes) -> NoReturn:
    line = one_line(words)
    if not is_refusal(code):
        _fail(
            OutcomeKind.DEFERRED,
            stage,
            _("unexpected reply: {code} {line}").format(code=code if code > 0 else "", line=line),
        )
    _fail(judge_refusal(stage, code, line), stage, line, code)


def _fail_by_error(stage: Stage, exc: Exception) -> NoReturn:
    """A network that gave way may be tried again; a TLS that cannot be trusted stops everything."""
    untrusted = isinstance(exc, ssl.SSLError) and not isinstance(exc, (ssl.SSLEOFError, TimeoutError))
    if untrusted:
        _fail(OutcomeKind.STOPPED, Stage.TLS, _("TLS failed: {exc}").format(exc=exc))
    said = trouble(exc) if isinstance(exc, OSError) and exc.errno else str(exc)
    _fail(OutcomeKind.DEFERRED, stage, said or type(exc).__name__)


def _wait_at_most(smtp: smtplib.SMTP, timeout_s: float) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(timeout_s)


def _as_body(data: bytes) -> bytes:
    """`data` as it goes over the wire: CRLF line ends, leading dots doubled, the final dot (RFC 5321, 4.5.2)."""
    lines = [b"." + line if line.startswith(b".") else line for line in data.splitlines()]
    return b"\r\n".join([*lines, b".", b""])


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
