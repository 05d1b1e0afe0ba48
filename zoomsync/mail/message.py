"""From headers, texts and attachments to the bytes of one message, and the proof that they say what was meant.

The bytes are put together here and not by `email.message`, because its generator decodes encoded words again and on
some Pythons turns one into a header line of its own (CVE-2024-6923), and because it takes ten times as long.
No wording here: see `wording` and the templates. Addresses and single headers: see `headers`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from zoomsync.errors import DeliveryRefused
from zoomsync.language import _
from zoomsync.mail.headers import refuse_unless_as_meant
from zoomsync.text import mask_email

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along. content_type: with its parameters, e.g. `text/calendar; charset=utf-8`."""

    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message to one recipient, ready for SMTP.

    envelope_from, envelope_to: bare ASCII addresses. data: the whole message, 7-bit, lines ending in CRLF.
    subject, text, html: what `data` holds, readable, for `preview` and `--dry-run`.
    """

    envelope_from: str
    envelope_to: str
    data: bytes
    message_id: str
    subject: str
    text: str
    html: str


def serialise(
    headers: Headers, *, text: str, html: str, attachments: Sequence[Attachment], boundary: str, recipient: str
) -> bytes:
    """The message as bytes: text and HTML as alternatives, then the attachments.

    headers: encoded already (see `headers`), in order, without MIME's own. boundary: letters and digits, the
    message's own. recipient: the one address that To must name.
    Raises DeliveryRefused if the serialised header block does not parse back to these headers and this recipient.
    """
    body = _multipart("alternative", boundary, [_text_part("text/plain", text), _text_part("text/html", html)])
    if attachments:
        body = _multipart("mixed", boundary, [body, *map(_attached_part, attachments)])
    block = "".join(f"{name}: {value}\r\n" for name, value in [*headers, ("MIME-Version", "1.0")])
    content_type, _end, rest = body.partition(b"\r\n")
    try:
        header_block = block.encode("ascii") + content_type + b"\r\n\r\n"
    except UnicodeEncodeError as exc:
        raise DeliveryRefused(
            _("a header of the message to {email} is not ASCII").format(email=mask_email(recipient))
        ) from exc
    refuse_unless_as_meant(
        header_block, [*(name for name, _value in headers), "MIME-Version", "Content-Type"], recipient
    )
    return header_block + rest.removeprefix(b"\r\n")


def _multipart(subtype: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    # `=_` occurs neither in quoted-printable nor in base64, so no part can hold the boundary.
    mark = f"=_{boundary}.{subtype}".encode()
    head = b'Content-Type: multipart/%s; boundary="%s"\r\n\r\n' % (subtype.encode(), mark)
    return head + b"".join(b"--%s\r\n%s\r\n" % (mark, part) for part in parts) + b"--%s--\r\n" % mark


def _text_part(content_type: str, text: str) -> bytes:
    return b"Content-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n%s" % (
        content_type.encode(),
        _quoted_printable(text.encode()),
    )


def _attached_part(attachment: Attachment) -> bytes:
    is_text = attachment.content_type.startswith("text/")
    return b"\r\n".join(
        [
            f'Content-Type: {attachment.content_type}; name="{attachment.filename}"'.encode("ascii"),
            f'Content-Disposition: attachment; filename="{attachment.filename}"'.encode("ascii"),
            b"Content-Transfer-Encoding: " + (b"quoted-printable" if is_text else b"base64"),
            b"",
            _quoted_printable(attachment.data)
            if is_text
            else base64.encodebytes(attachment.data).replace(b"\n", b"\r\n"),
        ]
    )


def _quoted_printable(data: bytes) -> bytes:
    """7-bit lines of at most 76 characters, so that no server's 8BITMIME or SMTPUTF8 is needed."""
    return binascii.b2a_qp(b"\r\n".join(data.splitlines()) + b"\r\n", istext=True)
