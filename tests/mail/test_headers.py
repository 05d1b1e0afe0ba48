"""Hostile names and addresses: exactly one recipient and exactly the headers that were meant, or a refusal."""

from __future__ import annotations

from email.errors import MessageError, MultipartInvariantViolationDefect
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser
from email.policy import SMTP
from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync.errors import DeliveryRefused
from zoomsync.mail import headers
from zoomsync.mail.headers import encoded_words, list_label, mailbox, mailbox_of, message_id, refuse_unless_as_meant

INJECTING_NAME = "=?utf-8?q?x=0d=0aBcc:_e@x.test?="


# ------------------------------------------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    ("address", "envelope"),
    [
        ("persona@example.org", "persona@example.org"),
        (" persona@example.org ", "persona@example.org"),
        ("ana.maria+zoom@example.org", "ana.maria+zoom@example.org"),
        ("-rf@example.org", "-rf@example.org"),
        ("o'brien@example.org", "o'brien@example.org"),
        ('"a, b"@example.org', '"a, b"@example.org'),
        ('"a@b"@example.org', '"a@b"@example.org'),
        (r'"a\"b"@example.org', r'"a\"b"@example.org'),
        ("ana@münchen.example", "ana@xn--mnchen-3ya.example"),
        ("ana@correo.españa.example", "ana@correo.xn--espaa-rta.example"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_an_address_becomes_one_ascii_recipient(address: str, envelope: str) -> None:
    found = mailbox(address, "María López")
    assert found.address == envelope
    assert [a for _, a in getaddresses([str(found)])] == [envelope]


@pytest.mark.parametrize(
    "address",
    [
        "", "@", "ana", "ana@", "@example.org", "a@b@example.org", "a,b@example.org", "a@x.test,b@y.test",
        "a@x.test, b@y.test", "a@x.test>, <b@y.test", "<a@x.test>", "Ana <a@x.test>", "a@x.test\r\nBcc: b@y.test",
        "a@x.test\nRCPT TO:<b@y.test>", "a b@x.test", '"a"b@x.test', '"a@x.test', "a..b@x.test", ".a@x.test",
        "a@[127.0.0.1]", "a@x_y.test", "a@-x.test", "a@x..test", "a@x.test;", "grupo: a@x.test;", "maría@example.org",
        "a\x00@x.test", "(c)a@x.test", "a@x.test(c)", "a@" + "x" * 64 + ".test", "a" * 65 + "@x.test",
        "a@" + "x.test." * 40 + "gt", '"a\r\nb"@x.test', "a@☃️☃️.☃‍",
    ],
)  # fmt: skip
def test_what_is_not_exactly_one_plain_address_is_refused_with_a_reason(address: str) -> None:
    with pytest.raises(DeliveryRefused, match=r"address|the @"):
        mailbox(address)


def test_the_reason_names_smtputf8_where_that_is_what_is_missing() -> None:
    with pytest.raises(DeliveryRefused, match="SMTPUTF8"):
        mailbox("maría@example.org")


@given(st.text(max_size=60))
def test_no_text_at_all_becomes_two_recipients(text: str) -> None:
    for address in (text, f"{text}@example.org", f"a@{text}"):
        try:
            found = mailbox(address)
        except DeliveryRefused:
            continue
        assert [a for _, a in getaddresses([str(found)])] == [found.address]
        assert found.address.isascii()


def test_a_sender_is_read_as_people_write_it() -> None:
    assert mailbox_of("Red Ciudadana <avisos@example.org>") == mailbox("avisos@example.org", "Red Ciudadana")
    assert mailbox_of("avisos@example.org") == mailbox("avisos@example.org")


# ----------------------------------------------------------------------------------------------------------- names


@given(st.text(max_size=200))
def test_any_name_leaves_one_recipient_and_one_header(name: str) -> None:
    block = f"To: {mailbox('persona@example.org', name)}\r\n\r\n".encode("ascii")
    refuse_unless_as_meant(block, ["To"], "persona@example.org")


@pytest.mark.parametrize(
    "name",
    ["María López", "O'Brien, Ana", 'Ana "Nena" Paz', "back\\slash", "😀 Ana", "Ñ" * 90, "a" * 100, "a <b@c.test>"],
)
def test_a_name_is_read_back_as_it_was_written(name: str) -> None:
    block = f"To: {mailbox('persona@example.org', name)}\r\n\r\n".encode("ascii")
    [(phrase, address)] = getaddresses([BytesHeaderParser().parsebytes(block)["To"]])
    assert (str(make_header(decode_header(phrase))), address) == (name, "persona@example.org")


def test_an_encoded_word_in_a_name_is_broken() -> None:
    assert "=?utf-8?q?x=0d" not in str(mailbox("persona@example.org", INJECTING_NAME))


@given(st.text(max_size=300))
def test_a_subject_never_becomes_another_header(subject: str) -> None:
    line = encoded_words(" ".join(subject.split()), "Subject")
    block = f"To: <persona@example.org>\r\nSubject: {line}\r\n\r\n".encode("ascii")
    refuse_unless_as_meant(block, ["To", "Subject"], "persona@example.org")


# ----------------------------------------------------------------------------------------------------------- guard


@pytest.mark.parametrize("header", ["Subject", "To"])
def test_the_guard_sees_what_the_standard_library_lets_through(header: str) -> None:
    """CVE-2024-6923: on Python 3.11.7 this very message goes out with a Bcc. Later Pythons refuse to write it."""
    message = EmailMessage(policy=SMTP)
    message["To"] = "persona@example.org"
    message["Subject"] = "Recordatorio"
    del message[header]
    message[header] = (
        INJECTING_NAME if header == "Subject" else Address(INJECTING_NAME, addr_spec="persona@example.org")
    )
    try:
        block = message.as_bytes()
    except MessageError:
        return  # this Python refuses by itself
    if b"\nBcc" not in block:
        return  # this one, Debian 12's, writes it as one header
    with pytest.raises(DeliveryRefused, match="did not come out"):
        refuse_unless_as_meant(block, ["To", "Subject"], "persona@example.org")


def test_an_old_python_that_misses_the_body_is_no_reason_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.11.2, Debian 12's, counts it as a defect of headers read alone that no part of the body follows."""

    class OldParser(BytesHeaderParser):
        def parsebytes(self, text: bytes | bytearray, headersonly: bool = True) -> Message:
            parsed = super().parsebytes(text, headersonly)
            if not parsed.defects and parsed.get_content_maintype() == "multipart":
                parsed.defects.append(MultipartInvariantViolationDefect())
            return parsed

    monkeypatch.setattr(headers, "_PARSER", OldParser())
    block = b'To: persona@example.org\r\nContent-Type: multipart/mixed; boundary="=_a"\r\n\r\n'
    refuse_unless_as_meant(block, ["To", "Content-Type"], "persona@example.org")


@pytest.mark.parametrize(
    "block",
    [
        b"To: <a@x.test>\r\nSubject: x\r\nBcc: b@y.test\r\n\r\n",
        b"To: <a@x.test>\r\nSubject: x\nBcc: b@y.test\r\n\r\n",
        b"To: <a@x.test>\r\nSubject: x\rBcc: b@y.test\r\n\r\n",
        b"To: <a@x.test>\r\nSubject: x\r\nSubject: y\r\n\r\n",
        b"To: <a@x.test>\r\n\r\n",
        b"To: <a@x.test>\r\nSubject: x\r\n\r\nearly body\r\n\r\n",
        b"To: <a@x.test>\r\nnot a header\r\nSubject: x\r\n\r\n",
        b"To: <a@x.test>, <b@y.test>\r\nSubject: x\r\n\r\n",
        b"To: <b@y.test>\r\nSubject: x\r\n\r\n",
        b"To: \r\nSubject: x\r\n\r\n",
        b"To: <a@x.test>\r\nSubject: " + b"x" * 1000 + b"\r\n\r\n",
    ],
)
def test_the_guard_refuses_any_other_header_block(block: bytes) -> None:
    with pytest.raises(DeliveryRefused):
        refuse_unless_as_meant(block, ["To", "Subject"], "a@x.test")


def test_the_guard_refuses_a_header_that_was_put_in_twice() -> None:
    with pytest.raises(DeliveryRefused):
        refuse_unless_as_meant(b"To: <a@x.test>\r\nX: 1\r\nX: 2\r\n\r\n", ["To", "X", "X"], "a@x.test")


def test_the_guard_lets_through_what_was_meant() -> None:
    refuse_unless_as_meant(b"To: <a@x.test>\r\nSubject: x\r\n y\r\n\r\n", ["To", "Subject"], "a@x.test")


# ------------------------------------------------------------------------------------------------------ identities


def test_a_message_id_follows_from_its_key_alone() -> None:
    key = ("inst", "81234567890", "r1", "s1", "before:1h", "", "Example.ORG")
    assert message_id(*key) == message_id(*key)
    left, _, right = message_id(*key).strip("<>").partition("@")
    assert (len(left), left, right) == (52, left.lower(), "example.org")
    assert left.isalnum()


@pytest.mark.parametrize("place", range(6))
def test_every_part_of_the_key_counts_for_the_message_id(place: int) -> None:
    key = ["inst", "81234567890", "r1", "s1", "before:1h", "", "example.org"]
    other = [*key]
    other[place] += "x"
    assert message_id(*other) != message_id(*key)


def test_a_slug_becomes_a_label_of_a_list_id() -> None:
    assert list_label("Justicia_Abierta 2023!") == "justicia-abierta-2023"
    assert list_label("¿?") == "event"
