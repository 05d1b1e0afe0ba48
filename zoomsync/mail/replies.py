"""What a mail server's refusal is about: this message, or us. Pure, no network: see `smtp`."""

from __future__ import annotations

import re

from zoomsync.domain.records import OutcomeKind, Stage
from zoomsync.text import clean

_LONGEST_WORDS = 300

# Words by which mail hosts say that the account has sent enough: no message of this batch would fare better.
_QUOTA = re.compile(r"\blimit|\bquota\b|too many|\brate\b", re.IGNORECASE)
# Words that look the same and are about this one message: greylisting, the recipient's own mailbox, its size.
_ABOUT_THIS_MESSAGE = re.compile(
    r"gr[ea]y-?list|mailbox|\bfull\b|over ?quota|storage|message size|too large", re.IGNORECASE
)
# Words about us at RCPT, where many servers say what they think of the sender and of the missing login.
_ABOUT_US = re.compile(
    r"sender address rejected|sender (?:rejected|refused|denied)|not owned by user|authentication required"
    r"|relay access denied|relay(?:ing)? (?:not permitted|denied|not allowed)|unable to relay",
    re.IGNORECASE,
)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")
# Servers quote the recipient, and a stranger may have registered as `quota.limit@example.org`.
_QUOTED_ADDRESS = re.compile(r"<[^>]*>|\S+@\S+")


def judge_refusal(stage: Stage, code: int, words: str) -> OutcomeKind:
    """Say whom a 4xx or 5xx reply is about: this message (DEFERRED, REFUSED) or us (STOPPED).

    Enhanced codes decide where there are any (RFC 3463: x.1 address, x.2 the recipient's mailbox, x.3.4 size), then
    the words. 5.4.5 and 4.7.0 are what Google answers for a used-up quota, the second also for a rate.
    """
    found = _ENHANCED.match(words)
    enhanced = found.group(1) if found else ""
    words = _QUOTED_ADDRESS.sub("", words)
    about_us = (
        code in (530, 535, 538)
        or enhanced in ("5.4.5", "4.4.5")
        or enhanced[1:] in (".1.7", ".1.8")  # the sender's address, said at RCPT
        or _ABOUT_US.search(words) is not None
    )
    about_this = (
        enhanced[1:3] in (".1", ".2", ".6") or enhanced[1:] == ".3.4" or _ABOUT_THIS_MESSAGE.search(words) is not None
    )
    used_up = (enhanced == "4.7.0" and stage is not Stage.LOGIN) or _QUOTA.search(words) is not None
    # Before the login a limit is one of connections at a time, and passes.
    if about_us or (used_up and not about_this and stage not in (Stage.CONNECT, Stage.TLS)):
        return OutcomeKind.STOPPED
    if code < 500:
        return OutcomeKind.DEFERRED
    if stage in (Stage.CONNECT, Stage.TLS, Stage.LOGIN) or (stage is Stage.MAIL and not about_this and code != 552):
        return OutcomeKind.STOPPED
    return OutcomeKind.REFUSED


def is_refusal(code: int) -> bool:
    return 400 <= code < 600


def one_line(words: str | bytes) -> str:
    """A server's words, made safe for tables and logs."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return clean(text, limit=_LONGEST_WORDS)
