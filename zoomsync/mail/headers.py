"""Addresses and header values: what may stand in them, how they are encoded, and whether they came out as meant.

Names come from a public form and addresses from Zoom; neither is trusted, and neither is the interpreter's own header
code (CVE-2024-6923: an encoded word holding a line break became a header of its own). No message building here: see
`message`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.errors import MultipartInvariantViolationDefect
from email.header import Header
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import getaddresses, parseaddr
from functools import lru_cache

import idna

from zoomsync.errors import DeliveryRefused
from zoomsync.language import _
from zoomsync.text import header_text

# RFC 5321, 4.5.3.1: 64 octets before the @, 254 in all.
_LONGEST_LOCAL_PART, _LONGEST_ADDRESS = 64, 254
_LONGEST_NAME = 100
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf'{_ATOM}(?:\.{_ATOM})*|"(?:[ !#-\[\]-~]|\\[ -~])+"')
_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_PARSER = BytesHeaderParser(policy=compat32)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """address: ASCII, as SMTP's RCPT takes it. name: for people, cleaned, may be empty."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    def __str__(self) -> str:
        """The encoded header value. A name that is not plain ASCII becomes encoded words; any other is quoted."""
        if not self.name:
            return f"<{self.address}>"
        if self.name.isascii() and "=?" not in self.name:
            escaped = self.name.replace("\\", "\\\\").replace('"', '\\"')
            phrase = f'"{escaped}"'
        else:
            phrase = encoded_words(self.name)
        # On a line of its own, so that neither line grows past the limit.
        return f"{phrase}\r\n <{self.address}>"


def mailbox(address: str, name: str = "") -> Mailbox:
    """One mailbox of an address from outside.

    A domain in another script becomes its ASCII form. Raises DeliveryRefused, with the reason, on whatever is not
    exactly one address that every mail server can take: several, comments, domain literals, a local part in UTF-8.
    """
    local_part, at, domain = address.strip().rpartition("@")
    if not at or not local_part:
        raise DeliveryRefused(_("the address has no @ between a name and a domain"))
    if not local_part.isascii():
        raise DeliveryRefused(
            _("the part before the @ is not ASCII, which not every mail server can deliver (SMTPUTF8)")
        )
    if not _LOCAL_PART.fullmatch(local_part) or len(local_part) > _LONGEST_LOCAL_PART:
        raise DeliveryRefused(_("the part before the @ is not one that an e-mail address can have"))
    domain = _ascii_domain(domain)
    if len(local_part) + 1 + len(domain) > _LONGEST_ADDRESS:
        raise DeliveryRefused(
            _("the address is longer than {longest_address} characters").format(longest_address=_LONGEST_ADDRESS)
        )
    return Mailbox(f"{local_part}@{domain}", header_text(name)[:_LONGEST_NAME].strip())


def mailbox_of(text: str) -> Mailbox:
    """The mailbox of `Name <address>` or a bare address, as an operator writes it. Raises DeliveryRefused."""
    name, address = parseaddr(text)
    return mailbox(address or text, name)


def _ascii_domain(domain: str) -> str:
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError as exc:
            raise DeliveryRefused(_("the address's domain cannot be written in ASCII: {exc}").format(exc=exc)) from exc
    if not _DOMAIN.fullmatch(domain):
        raise DeliveryRefused(_("the part after the @ is not a domain name"))
    return domain


@lru_cache(maxsize=256)  # subjects and senders are those of many messages, and encoding takes longer than a template
def encoded_words(text: str, header_name: str = "") -> str:
    """`text` as a header value: as it is where that is safe, else in encoded words (RFC 2047), folded with CRLF."""
    charset = "us-ascii" if text.isascii() and "=?" not in text else "utf-8"
    return Header(text, charset, header_name=header_name or None).encode(linesep="\r\n")


def message_id(
    installation_id: str,
    meeting_id: str,
    registrant_id: str,
    session_key: str,
    kind: str,
    occasion: str,
    domain: str,
) -> str:
    """The Message-ID that every try at the same message bears, angle brackets included.

    It follows from the message's key alone, so a second copy after a crash can be recognised as one.
    """
    key = "\0".join((installation_id, meeting_id, registrant_id, session_key, kind, occasion))
    return f"<{digest_of(key)}@{domain.lower()}>"


def list_label(slug: str) -> str:
    """A slug as a label of a List-Id (RFC 2919): letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-") or "event"


def digest_of(key: str) -> str:
    """52 lower-case letters and digits that follow from `key` and do not show it."""
    return base64.b32encode(hashlib.sha256(key.encode()).digest()).decode("ascii").rstrip("=").lower()


def refuse_unless_as_meant(header_block: bytes, names: Sequence[str], recipient: str) -> None:
    """Parse a serialised header block again and compare it with what was meant.

    names: every header that was put in. recipient: the only address To may name.
    Raises DeliveryRefused where a header is missing, doubled or nobody's, a recipient more or another, or a line is
    longer than RFC 5322 allows.
    """
    parsed = _PARSER.parsebytes(header_block)
    found = sorted(name.lower() for name in parsed)
    # Some Pythons (3.11.2 is Debian 12's) miss the parts of the body, although headers alone are read.
    defects = [defect for defect in parsed.defects if not isinstance(defect, MultipartInvariantViolationDefect)]
    if found != sorted(name.lower() for name in names) or len(set(found)) != len(found) or defects:
        raise DeliveryRefused(_("the message's headers did not come out as they were meant"))
    if parsed.get_payload():
        raise DeliveryRefused(_("the message's headers end too early"))
    if [address for _, address in getaddresses(parsed.get_all("To", []))] != [recipient]:
        raise DeliveryRefused(_("the message would not go to exactly the one recipient it is meant for"))
    if any(len(line) > 998 for line in header_block.split(b"\r\n")):
        raise DeliveryRefused(_("a header of the message is longer than mail servers take"))
