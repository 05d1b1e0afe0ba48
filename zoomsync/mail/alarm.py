"""The mail that tells a person of trouble, and of its end. Plain words; no registrant is ever written to from here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

from markupsafe import escape

from zoomsync.language import _
from zoomsync.mail.headers import Mailbox, digest_of, encoded_words, mailbox
from zoomsync.mail.message import OutgoingMessage, serialise
from zoomsync.text import clean, header_text

_LONGEST_SUBJECT = 100


def alarm_mail(
    sender: Mailbox, to: str, raised: Sequence[str], over: Sequence[str], *, installation: str, now: datetime
) -> OutgoingMessage:
    """One mail for all that is new and all that is over, a line each. Raises DeliveryRefused for a wrong address."""
    recipient = mailbox(to)
    first = raised[0] if raised else _("over: {alarm}").format(alarm=over[0])
    subject = header_text(clean(f"zoomsync: {first}", limit=_LONGEST_SUBJECT))
    parts = []
    if raised:
        parts += [_("This needs a person:"), "", *(f"- {clean(line, limit=None)}" for line in raised), ""]
    if over:
        parts += [_("This is over:"), "", *(f"- {clean(line, limit=None)}" for line in over), ""]
    parts.append(_("`zoomsync status` says how things stand."))
    return plain_mail(sender, recipient, subject, parts, installation=installation, now=now)


def plain_mail(
    sender: Mailbox, recipient: Mailbox, subject: str, lines: Sequence[str], *, installation: str, now: datetime
) -> OutgoingMessage:
    """A mail of plain lines to whoever runs an event. subject: made safe already. lines: "" between paragraphs."""
    text = "\n".join(lines) + "\n"
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    key = digest_of(f"{installation}/{now.isoformat()}/{recipient}/{text}")
    headers = [
        ("From", str(sender)),
        ("To", str(recipient)),
        ("Subject", encoded_words(subject, "Subject")),
        ("Date", format_datetime(now)),
        ("Message-ID", f"<{key}@{sender.domain}>"),
        ("Auto-Submitted", "auto-generated"),
    ]
    html = f"<!DOCTYPE html><html><body>{paragraphs}</body></html>"
    data = serialise(headers, text=text, html=html, attachments=(), boundary=key, recipient=recipient.address)
    return OutgoingMessage(sender.address, recipient.address, data, f"<{key}@{sender.domain}>", subject, text, html)
