"""Nothing double, nothing lost: counted from the messages that the mail catcher has, held against Zoom's own list.

Pure. Neither our database nor what we say that we sent plays a part: who should have got something was read off the
Zoom account at each moment (see `story`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage

_LINK = re.compile(r"https://[^\s<>\"]*zoom\.us/w/[^\s<>\"]+")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it arrived. to: the one recipient of its envelope. links: all ways into a meeting that it shows."""

    to: str
    subject: str
    message_id: str
    links: frozenset[str]


@dataclass(frozen=True, slots=True)
class Round:
    """Mail that was due at one moment. title: in the organiser's words. kind, session: as the outbox has them.

    expected: who should get it, each with their own link into the meeting; "" for mail that brings none. begin: how
    many messages had arrived before.
    """

    title: str
    kind: str
    session: str
    expected: Mapping[str, str]
    begin: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What the counting came to. rounds: each, with how many arrived.

    twice: messages too many for a person and subject, or with a Message-ID that came before. missing: people without
    one that they should have. uncalled: messages to people who should get none. wrong_links: messages without the
    person's own link, or with anybody else's.
    """

    rounds: tuple[tuple[Round, int], ...] = ()
    expected: int = 0
    arrived: int = 0
    twice: int = 0
    missing: int = 0
    uncalled: int = 0
    wrong_links: int = 0
    people: int = 0

    @property
    def holds(self) -> bool:
        return self.expected == self.arrived and not (self.twice or self.missing or self.uncalled or self.wrong_links)


def read_letter(rcpt_to: Sequence[str], message: EmailMessage) -> Letter:
    """A caught message as the proof wants it."""
    body = message.get_body(("plain",))
    text = body.get_content() if body is not None else ""
    return Letter(
        ",".join(rcpt_to).lower(), str(message["Subject"]), str(message["Message-ID"]), frozenset(_LINK.findall(text))
    )


def count(rounds: Sequence[Round], letters: Sequence[Letter]) -> Proof:
    """Hold all messages, in the order of arrival, against the rounds, oldest first; there is one at least."""
    told, missing, uncalled, wrong_links = [], 0, 0, 0
    ends = [one.begin for one in rounds[1:]] + [len(letters)]
    for one, end in zip(rounds, ends, strict=True):
        came = letters[one.begin : end]
        told.append((one, len(came)))
        missing += len(one.expected.keys() - {letter.to for letter in came})
        uncalled += sum(letter.to not in one.expected for letter in came)
        wrong_links += sum(letter.links != frozenset(filter(None, [one.expected.get(letter.to)])) for letter in came)
    sent_to = Counter((letter.to, letter.subject) for letter in letters)
    ids = Counter(letter.message_id for letter in letters)
    return Proof(
        rounds=tuple(told),
        expected=sum(len(one.expected) for one in rounds),
        arrived=len(letters),
        twice=max(sum(times - 1 for times in sent_to.values()), sum(times - 1 for times in ids.values())),
        missing=missing,
        uncalled=uncalled + rounds[0].begin,
        wrong_links=wrong_links,
        people=len({letter.to for letter in letters}),
    )
