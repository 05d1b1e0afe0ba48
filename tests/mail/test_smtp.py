"""SMTP against a server that says anything, and against a well-behaved one: what counts is on which side of the
mark before the body a failure lies."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler

from tests.mail.faulty_smtp import DRIP, DROP, ENDLESS, GARBAGE, HANG, FaultySmtp
from zoomsync.domain.records import Outcome, OutcomeKind, Stage
from zoomsync.mail.message import OutgoingMessage
from zoomsync.mail.replies import judge_refusal
from zoomsync.mail.smtp import SmtpTransport

TLS_FILES = Path(__file__).parent / "tls"
VERBS_BEFORE_THE_BODY = ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"]


def make_message(number: int = 1, body: bytes = b"Hola\r\n", to: str | None = None) -> OutgoingMessage:
    to = to or f"persona{number}@example.org"
    data = b"From: <a@example.org>\r\nTo: <%s>\r\nSubject: Prueba\r\n\r\n%s" % (to.encode(), body)
    return OutgoingMessage("avisos@example.org", to, data, f"<{number}@example.org>", "Prueba", "Hola", "<p>Hola</p>")


def make_transport(port: int, **changes: Any) -> SmtpTransport:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "local_hostname": "test.example.org",
        "connect_timeout_s": 0.3,
        "verb_timeout_s": 0.3,
        "body_timeout_s": 0.3,
    }
    return SmtpTransport(**{**values, **changes})


class Mark:
    """Stands for the database's mark: remembers whether it was asked."""

    def __init__(self, answer: bool = True) -> None:
        self.answer, self.asked = answer, 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.answer


def send_one(port: int, mark: Callable[[], bool] | None = None, **changes: Any) -> Outcome:
    with make_transport(port, **changes).open() as connection:
        return connection.send(make_message(), mark or Mark())


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS_FILES / "localhost.crt", TLS_FILES / "localhost.key")
    return context


def trusting_tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=TLS_FILES / "localhost.crt")


# ------------------------------------------------------------------------------------------------------- all well


def test_a_message_taken_by_the_server_is_accepted_with_its_words() -> None:
    with FaultySmtp() as server:
        outcome = send_one(server.port)
    assert outcome == Outcome(OutcomeKind.ACCEPTED, Stage.BODY, 250, "2.0.0 queued as 1")
    assert len(server.accepted) == 1


def test_the_mark_is_made_after_the_354_and_before_the_body() -> None:
    with FaultySmtp() as server:
        seen: list[tuple[str, int]] = []

        def mark() -> bool:
            seen.append((server.commands[-1], len(server.received)))
            return True

        send_one(server.port, mark)
    assert seen == [("DATA", 0)]


def test_one_recipient_and_the_size_are_announced() -> None:
    with FaultySmtp() as server:
        send_one(server.port)
    size = len(make_message().data)
    assert f"MAIL FROM:<avisos@example.org> SIZE={size}" in server.commands
    assert [c for c in server.commands if c.startswith("RCPT")] == ["RCPT TO:<persona1@example.org>"]


def test_a_real_server_gets_the_message_as_it_was() -> None:
    class Keep(MessageHandler):
        def __init__(self) -> None:
            super().__init__()
            self.bodies: list[bytes] = []

        def prepare_message(self, session: Any, envelope: Any) -> Any:
            self.bodies.append(envelope.content)
            return super().prepare_message(session, envelope)

        def handle_message(self, message: Any) -> None:
            pass

    body = b".una l\xc3\xadnea con punto\r\n..\r\n.\r\nfin sin salto"
    keep = Keep()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(keep, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        with make_transport(port, verb_timeout_s=5, connect_timeout_s=5, body_timeout_s=5).open() as connection:
            outcomes = [connection.send(make_message(n, body), Mark()) for n in range(3)]
    finally:
        controller.stop()
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.ACCEPTED}
    assert [content.partition(b"\r\n\r\n")[2] for content in keep.bodies] == [body + b"\r\n"] * 3


@pytest.mark.parametrize(
    ("body", "on_the_wire"),
    [
        (b".", b"..\r\n"),
        (b"a\r\n.\r\nb\r\n", b"a\r\n..\r\nb\r\n"),
        (b"a\n.b\rc", b"a\r\n..b\r\nc\r\n"),
        (b"", b""),
    ],
)
def test_dots_are_doubled_and_every_line_ends_in_crlf(body: bytes, on_the_wire: bytes) -> None:
    with FaultySmtp() as server, make_transport(server.port).open() as connection:
        connection.send(make_message(body=body), Mark())
    assert server.received[0].partition(b"\r\n\r\n")[2] == on_the_wire


# ------------------------------------------------------------------------------------------ before the mark: free


@pytest.mark.parametrize("verb", VERBS_BEFORE_THE_BODY)
@pytest.mark.parametrize("says", [DROP, HANG, GARBAGE, b"421 4.3.2 shutting down\r\n", b"451 4.3.0 later\r\n"])
def test_trouble_before_the_body_is_deferred_and_never_marked(verb: str, says: Any) -> None:
    mark = Mark()
    with FaultySmtp(**{verb: says}) as server:
        outcome = send_one(server.port, mark)
    assert outcome.kind is OutcomeKind.DEFERRED
    assert mark.asked == 0
    assert server.received == []


@pytest.mark.parametrize("verb", VERBS_BEFORE_THE_BODY)
def test_after_trouble_that_passes_the_same_connection_object_delivers_once(verb: str) -> None:
    with FaultySmtp(**{verb: [b"450 4.7.1 Greylisted, come back later\r\n"]}) as server:
        connection = make_transport(server.port).open()
        first, second = connection.send(make_message(), Mark()), connection.send(make_message(), Mark())
        connection.close()
    assert (first.kind, second.kind) == (OutcomeKind.DEFERRED, OutcomeKind.ACCEPTED)
    assert len(server.accepted) == 1


def test_nobody_listening_is_deferred_at_connect() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    outcome = send_one(port)
    assert (outcome.kind, outcome.stage) == (OutcomeKind.DEFERRED, Stage.CONNECT)


@pytest.mark.parametrize(("verb", "kind"), [
    ("CONNECT", OutcomeKind.STOPPED),
    ("EHLO", OutcomeKind.STOPPED),
    ("MAIL", OutcomeKind.STOPPED),
    ("RCPT", OutcomeKind.REFUSED),
    ("DATA", OutcomeKind.REFUSED),
    ("BODY", OutcomeKind.REFUSED),
])  # fmt: skip
def test_a_5xx_is_about_us_up_to_mail_and_about_the_message_from_rcpt_on(verb: str, kind: OutcomeKind) -> None:
    with FaultySmtp(**{verb: b"554 5.7.1 no\r\n"}) as server:
        outcome = send_one(server.port)
    assert (outcome.kind, outcome.code, outcome.words) == (kind, 554, "5.7.1 no")
    assert server.accepted == []


def test_a_refused_recipient_is_reset_and_the_next_message_goes_over_the_same_connection() -> None:
    with FaultySmtp(RCPT=[b"550 5.1.1 no such user\r\n"]) as server:
        connection = make_transport(server.port).open()
        first, second = connection.send(make_message(1), Mark()), connection.send(make_message(2), Mark())
        connection.close()
    assert (first.kind, second.kind) == (OutcomeKind.REFUSED, OutcomeKind.ACCEPTED)
    assert server.connections == 1
    assert "RSET" in server.commands


@pytest.mark.parametrize("says", [DROP, HANG, GARBAGE, b"421 bye\r\n", b"500 what?\r\n"])
def test_a_failed_reset_costs_the_connection_and_nothing_else(says: Any) -> None:
    with FaultySmtp(RCPT=[b"550 5.1.1 no such user\r\n"], RSET=says) as server:
        connection = make_transport(server.port).open()
        first, second = connection.send(make_message(1), Mark()), connection.send(make_message(2), Mark())
        connection.close()
    assert (first.kind, second.kind) == (OutcomeKind.REFUSED, OutcomeKind.ACCEPTED)
    assert server.connections == 2


def test_a_message_over_the_servers_size_is_refused_without_being_offered() -> None:
    with FaultySmtp(EHLO=b"250-test\r\n250 SIZE 20\r\n") as server:
        outcome = send_one(server.port)
    assert outcome.kind is OutcomeKind.REFUSED
    assert "the server takes 20" in outcome.words
    assert not any(command.startswith("MAIL") for command in server.commands)


def test_a_server_without_8bitmime_size_and_smtputf8_is_enough() -> None:
    with FaultySmtp(EHLO=b"250 test\r\n") as server:
        assert send_one(server.port).kind is OutcomeKind.ACCEPTED
    assert "MAIL FROM:<avisos@example.org>" in server.commands


# ------------------------------------------------------------------------------------------------- the mark says no


def test_a_message_whose_mark_is_refused_is_never_delivered() -> None:
    with FaultySmtp() as server:
        connection = make_transport(server.port).open()
        outcome = connection.send(make_message(1), Mark(answer=False))
        again = connection.send(make_message(2), Mark())
        connection.close()
    assert outcome.kind is OutcomeKind.ABANDONED
    assert again.kind is OutcomeKind.ACCEPTED
    assert [b"persona2" in body for body in server.accepted] == [True]
    assert server.broken_off == [b""]


def test_a_mark_that_raises_comes_through_and_nothing_is_delivered() -> None:
    def database_is_away() -> bool:
        raise RuntimeError("no database")

    with FaultySmtp() as server:
        connection = make_transport(server.port).open()
        with pytest.raises(RuntimeError, match="no database"):
            connection.send(make_message(), database_is_away)
        connection.close()
    assert server.received == []
    assert server.broken_off == [b""]


# --------------------------------------------------------------------------------------------------- after the mark


@pytest.mark.parametrize("says", [DROP, HANG, GARBAGE, b"999 what\r\n", b"250", b"354 more\r\n", b"250-" + b"x" * 9000])
def test_no_clear_answer_to_the_body_is_in_doubt(says: Any) -> None:
    with FaultySmtp(BODY=says) as server:
        outcome = send_one(server.port)
    assert (outcome.kind, outcome.stage) == (OutcomeKind.IN_DOUBT, Stage.BODY)
    assert len(server.received) == 1


@pytest.mark.parametrize("says", [DRIP, ENDLESS])
@pytest.mark.parametrize(("point", "kind"), [
    ("CONNECT", OutcomeKind.DEFERRED),
    ("EHLO", OutcomeKind.DEFERRED),
    ("RCPT", OutcomeKind.DEFERRED),
    ("BODY", OutcomeKind.IN_DOUBT),
])  # fmt: skip
def test_a_reply_that_never_ends_is_given_up_like_one_that_never_comes(
    says: Any, point: str, kind: OutcomeKind
) -> None:
    begun = time.monotonic()
    with FaultySmtp(**{point: says}) as server:
        outcome = send_one(server.port)
    assert outcome.kind is kind
    assert time.monotonic() - begun < 3  # a drop every 0.1 s, each within the 0.3 s of a read, would go on for a minute


@pytest.mark.parametrize("says", [DROP, HANG, GARBAGE])
@pytest.mark.parametrize("length", [1_000, 900_000])
def test_trouble_in_the_middle_of_a_body_is_in_doubt(says: Any, length: int) -> None:
    body = b"x" * 70 + b"\r\n"
    with FaultySmtp(MIDBODY=[says]) as server, make_transport(server.port).open() as connection:
        first = connection.send(make_message(1, body * (length // 72)), Mark())
        second = connection.send(make_message(2), Mark())
    assert (first.kind, first.stage) == (OutcomeKind.IN_DOUBT, Stage.BODY)
    assert second.kind is OutcomeKind.ACCEPTED
    assert [b"persona2" in taken for taken in server.accepted] == [True]


def test_after_a_doubt_the_next_message_gets_a_new_connection() -> None:
    with FaultySmtp(BODY=[GARBAGE]) as server:
        connection = make_transport(server.port).open()
        connection.send(make_message(1), Mark())
        assert connection.send(make_message(2), Mark()).kind is OutcomeKind.ACCEPTED
        connection.close()
    assert server.connections == 2


@pytest.mark.parametrize(("says", "kind"), [
    (b"451 4.3.0 later\r\n", OutcomeKind.DEFERRED),
    (b"421 4.3.2 shutting down\r\n", OutcomeKind.DEFERRED),
    (b"554 5.7.1 spam\r\n", OutcomeKind.REFUSED),
    (b"550 5.4.5 Daily user sending limit exceeded\r\n", OutcomeKind.STOPPED),
])  # fmt: skip
def test_a_clear_refusal_of_the_body_is_not_in_doubt(says: bytes, kind: OutcomeKind) -> None:
    with FaultySmtp(BODY=says) as server:
        assert send_one(server.port).kind is kind


@pytest.mark.parametrize("says", [b"421 too busy to say goodbye\r\n", DROP, HANG, GARBAGE])
def test_what_the_server_says_to_quit_undoes_nothing(says: Any) -> None:
    with FaultySmtp(QUIT=says) as server:
        assert send_one(server.port).kind is OutcomeKind.ACCEPTED
    assert len(server.accepted) == 1


# ------------------------------------------------------------------------------------------------ many messages


def test_one_connection_carries_many_messages_and_is_renewed_after_so_many() -> None:
    with FaultySmtp() as server, make_transport(server.port, messages_per_connection=3).open() as connection:
        for number in range(7):
            assert connection.send(make_message(number), Mark()).kind is OutcomeKind.ACCEPTED
    assert server.connections == 3
    assert len(server.accepted) == 7


@pytest.mark.parametrize("says", [b"421 4.7.0 too many messages in this connection\r\n", DROP])
def test_a_kept_connection_that_has_ended_is_renewed_within_the_same_try(says: Any) -> None:
    with FaultySmtp(MAIL=[b"250 ok\r\n", says]) as server, make_transport(server.port).open() as connection:
        outcomes = [connection.send(make_message(number), Mark()) for number in range(3)]
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.ACCEPTED}
    assert server.connections == 2
    assert len(server.accepted) == 3


# ------------------------------------------------------------------------------------------------- TLS and login


def test_starttls_is_made_before_login_and_mail() -> None:
    greeting = b"250-test\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"
    with FaultySmtp(tls=server_tls(), EHLO=greeting) as server:
        outcome = send_one(
            server.port, host="localhost", security="starttls", username="u", password="p", tls_context=trusting_tls()
        )
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert [c.split(" ")[0].lower() for c in server.commands][:4] == ["ehlo", "starttls", "ehlo", "auth"]


def test_tls_from_the_first_byte() -> None:
    with FaultySmtp(tls=server_tls(), implicit_tls=True) as server:
        outcome = send_one(server.port, host="localhost", security="tls", tls_context=trusting_tls())
    assert outcome.kind is OutcomeKind.ACCEPTED


def test_a_server_without_starttls_stops_the_batch_and_gets_no_mail() -> None:
    with FaultySmtp() as server:
        outcome = send_one(server.port, security="starttls", username="u", password="p")
    assert (outcome.kind, outcome.stage) == (OutcomeKind.STOPPED, Stage.TLS)
    assert "STARTTLS" in outcome.words
    assert not any(command.startswith(("AUTH", "MAIL")) for command in server.commands)


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("host", "context"),
    [("localhost", None), ("127.0.0.1", "trusting")],
    ids=["unknown certificate", "certificate of another host"],
)
def test_a_certificate_that_does_not_hold_stops_the_batch(security: str, host: str, context: str | None) -> None:
    greeting = b"250-test\r\n250 STARTTLS\r\n"
    with FaultySmtp(tls=server_tls(), implicit_tls=security == "tls", EHLO=greeting) as server:
        outcome = send_one(server.port, host=host, security=security, tls_context=trusting_tls() if context else None)
    assert (outcome.kind, outcome.stage) == (OutcomeKind.STOPPED, Stage.TLS)
    assert "certificate" in outcome.words.lower()
    assert not any(command.startswith("MAIL") for command in server.commands)


def test_starttls_refused_stops_the_batch() -> None:
    with FaultySmtp(EHLO=b"250-test\r\n250 STARTTLS\r\n", STARTTLS=b"454 4.7.0 TLS not available\r\n") as server:
        outcome = send_one(server.port, security="starttls")
    assert (outcome.kind, outcome.stage) == (OutcomeKind.STOPPED, Stage.TLS)


def test_a_connection_lost_in_the_tls_handshake_is_deferred() -> None:
    with FaultySmtp(EHLO=b"250-test\r\n250 STARTTLS\r\n", STARTTLS=DROP) as server:
        assert send_one(server.port, security="starttls").kind is OutcomeKind.DEFERRED


def test_a_password_never_goes_unencrypted_to_another_host() -> None:
    outcome = send_one(25, host="mail.example.org", username="u", password="geheim")
    assert (outcome.kind, outcome.stage) == (OutcomeKind.STOPPED, Stage.LOGIN)
    assert "geheim" not in outcome.words


@pytest.mark.parametrize(("says", "kind"), [
    (b"535 5.7.8 wrong password\r\n", OutcomeKind.STOPPED),
    (b"454 4.7.0 Temporary authentication failure\r\n", OutcomeKind.DEFERRED),
    (b"454 4.7.0 Too many login attempts\r\n", OutcomeKind.STOPPED),
    (DROP, OutcomeKind.DEFERRED),
])  # fmt: skip
def test_a_refused_login_stops_the_batch_and_a_stumbling_one_is_deferred(says: Any, kind: OutcomeKind) -> None:
    with FaultySmtp(AUTH=says) as server:
        outcome = send_one(server.port, username="u", password="p")
    assert (outcome.kind, outcome.stage) == (kind, Stage.LOGIN)


def test_a_server_without_login_says_what_to_leave_out() -> None:
    with FaultySmtp(EHLO=b"250 test\r\n") as server:
        outcome = send_one(server.port, username="u", password="p")
    assert outcome.kind is OutcomeKind.STOPPED
    assert "leave username and password out" in outcome.words


def test_a_password_that_smtp_cannot_carry_is_said_to_be_one() -> None:
    with FaultySmtp() as server:
        outcome = send_one(server.port, username="u", password="contraseña")
    assert (outcome.kind, outcome.stage) == (OutcomeKind.STOPPED, Stage.LOGIN)


def test_check_connects_and_logs_in_without_a_message() -> None:
    with FaultySmtp() as server, make_transport(server.port, username="u", password="p").open() as connection:
        assert connection.connect().kind is OutcomeKind.ACCEPTED
    assert not any(command.startswith("MAIL") for command in server.commands)


def test_secrets_are_not_shown() -> None:
    assert "geheim" not in repr(SmtpTransport(username="u", password="geheim"))


# ------------------------------------------------------------------------------------------------- judging words


@pytest.mark.parametrize(
    ("stage", "code", "words", "kind"),
    [
        (Stage.BODY, 550, "5.4.5 Daily user sending limit exceeded", OutcomeKind.STOPPED),
        (Stage.RCPT, 421, "4.7.0 Try again later, closing connection", OutcomeKind.STOPPED),
        (Stage.MAIL, 451, "4.7.0 rate exceeded", OutcomeKind.STOPPED),
        (Stage.RCPT, 550, "Hourly quota of messages used up", OutcomeKind.STOPPED),
        (Stage.RCPT, 452, "4.5.3 Too many recipients today", OutcomeKind.STOPPED),
        (Stage.MAIL, 553, "5.7.1 Sender address rejected: not owned by user avisos", OutcomeKind.STOPPED),
        (Stage.RCPT, 553, "5.7.1 Sender address rejected: not owned by user avisos", OutcomeKind.STOPPED),
        (Stage.RCPT, 554, "5.7.1 <x@y.test>: Relay access denied", OutcomeKind.STOPPED),
        (Stage.RCPT, 530, "5.7.0 Must issue a STARTTLS command first", OutcomeKind.STOPPED),
        (Stage.RCPT, 450, "4.2.0 <x@y.test>: Recipient address rejected: Greylisted", OutcomeKind.DEFERRED),
        (Stage.RCPT, 451, "4.7.0 Temporarily greylisted, rate-controlled", OutcomeKind.DEFERRED),
        (Stage.RCPT, 450, "4.2.1 The user is receiving mail at a rate that prevents delivery", OutcomeKind.DEFERRED),
        (Stage.RCPT, 452, "4.2.2 Over quota", OutcomeKind.DEFERRED),
        (Stage.RCPT, 552, "5.2.2 Mailbox full, quota exceeded", OutcomeKind.REFUSED),
        (Stage.RCPT, 550, "5.1.1 User unknown in limited@example.org", OutcomeKind.REFUSED),
        (Stage.RCPT, 550, "<quota.limit@example.org> no such user", OutcomeKind.REFUSED),
        (Stage.RCPT, 550, "no such user rate-limit@example.org here", OutcomeKind.REFUSED),
        (Stage.RCPT, 550, "blocked, see 4.7.0.1", OutcomeKind.REFUSED),
        (Stage.RCPT, 550, "corporate policy", OutcomeKind.REFUSED),
        (Stage.MAIL, 552, "5.3.4 Message size exceeds fixed limit", OutcomeKind.REFUSED),
        (Stage.CONNECT, 421, "4.7.0 Too many concurrent connections", OutcomeKind.DEFERRED),
        (Stage.CONNECT, 554, "5.7.1 your address is blocked", OutcomeKind.STOPPED),
        (Stage.BODY, 554, "5.6.0 content rejected", OutcomeKind.REFUSED),
        (Stage.MAIL, 452, "4.3.1 Insufficient system storage", OutcomeKind.DEFERRED),
    ],
)
def test_words_tell_a_used_up_account_from_one_bad_message(
    stage: Stage, code: int, words: str, kind: OutcomeKind
) -> None:
    assert judge_refusal(stage, code, words) is kind


def test_the_servers_words_become_one_short_clean_line() -> None:
    says = b"550-first\x1b[31m\r\n550 second " + b"x" * 400 + b"\r\n"
    with FaultySmtp(RCPT=says) as server:
        words = send_one(server.port).words
    assert words.startswith("first")
    assert "\x1b" not in words
    assert "\n" not in words
    assert len(words) == 300
