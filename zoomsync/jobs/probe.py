"""What nobody can read in Zoom's documents, tried on a throw-away meeting of the organisation's own account.

Each question is played and answered with what was seen. People are registered under sub-addresses of one mailbox that
the operator can open; the approval type is set back at the end, whatever happens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from zoomsync.domain.records import ApprovalType, Meeting, Pull, Registrant, RegistrantStatus
from zoomsync.errors import ZoomError, ZoomRefused
from zoomsync.jobs.ports import RegistrantSource, RegistrationDesk
from zoomsync.language import N_, _, ngettext
from zoomsync.words import meetings, registrant_status

MOST_REGISTRANTS = 20  # a meeting that holds more is somebody's event, and nothing to play with

Ask = Callable[[str], bool | None]
"""A question only a person can answer, after doing what it says; None where there is nobody to ask."""

ReadPage = Callable[[str], str]
"""The text of a public web page. Raises OSError."""


class ProbedZoom(RegistrantSource, RegistrationDesk, Protocol):
    """What probing needs of Zoom: reading, changing, and registering somebody."""

    def register(self, meeting: Meeting, email: str, first_name: str, *, auto_approve: bool = False) -> None: ...


class Held(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = N_("not tried")


@dataclass(frozen=True, slots=True)
class Finding:
    """question: what zoomsync counts on. held: whether it was so. seen: what was seen, one line."""

    question: str
    held: Held
    seen: str


class ProbeRefused(ZoomRefused):
    """The meeting is not one to play with."""


def probe(meeting: Meeting, *, zoom: ProbedZoom, mailbox: str, ask: Ask, read_page: ReadPage) -> Iterator[Finding]:
    """Play the open questions one after the other, and give each answer as it comes.

    meeting: as Zoom shows it now: scheduled, with automatic approval, and as good as empty. mailbox: an address whose
    sub-addresses (name+probe1@...) arrive where the operator can read them.
    Raises ProbeRefused for a meeting that is not to be played with, ZoomError where Zoom fails in between; the
    approval type is set back before that.
    """
    play = _Play(meeting, zoom, mailbox, ask, read_page)
    play.refuse_what_is_in_use()
    with play.set_back():
        yield from play.registration_url()
        yield from play.switch()
        yield from play.newcomers()
        yield from play.decisions()
        yield from play.self_cancel()
    yield play.as_before()


class _Play:
    def __init__(self, meeting: Meeting, zoom: ProbedZoom, mailbox: str, ask: Ask, read_page: ReadPage) -> None:
        self._meeting = meeting
        self._zoom = zoom
        self._mailbox = mailbox
        self._ask = ask
        self._read_page = read_page
        self._page_before: str | None = None

    def refuse_what_is_in_use(self) -> None:
        meeting = self._meeting
        if meeting.approval_type != ApprovalType.AUTOMATIC:
            raise ProbeRefused(
                _("Set the meeting's registration to automatic approval first: that is what is switched.")
            )
        count = len(self._listed())
        if count > MOST_REGISTRANTS:
            words = ngettext(
                "{number} person is registered there: take a meeting made for this, with nobody on it.",
                "{number} people are registered there: take a meeting made for this, with nobody on it.",
                count,
            )
            raise ProbeRefused(words.format(number=count))

    @contextmanager
    def set_back(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._zoom.set_approval_type(self._meeting, ApprovalType.AUTOMATIC)

    # ------------------------------------------------------------------------------------------------ questions

    def registration_url(self) -> Iterator[Finding]:
        url = self._meeting.registration_url
        yield Finding(
            _("A meeting shows its registration link when it is read"),
            _held(url is not None),
            url or _("no such field"),
        )
        if url:
            self._page_before = self._page(url)

    def switch(self) -> Iterator[Finding]:
        self._register(1)
        before = self._person(1)
        yield Finding(
            _("With automatic approval whoever registers is approved and has a link"),
            _held(before is not None and before.status is RegistrantStatus.APPROVED and bool(before.join_url)),
            _said(before),
        )
        self._zoom.set_approval_type(self._meeting, ApprovalType.MANUAL)
        shown = self._zoom.get_meeting(self._meeting)
        yield Finding(
            _("A change of the approval type alone takes on {meetings} of type {type}").format(
                meetings=meetings(shown.kind), type=shown.type
            ),
            _held(shown.approval_type == ApprovalType.MANUAL),
            _("approval type {number} was read back").format(number=shown.approval_type),
        )
        moved = [one for one in self._meeting.occurrences if one not in shown.occurrences]
        same = shown.starts_at == self._meeting.starts_at and not moved
        yield Finding(
            _("It moves no session"),
            _held(same),
            _("all starts as before") if same else _("a start is another one now"),
        )
        after = self._person(1)
        kept = (
            before is not None
            and after is not None
            and (after.status, after.join_url) == (before.status, before.join_url)
        )
        yield Finding(_("Who was approved before stays so, with the same link"), _held(kept), _said(after))

    def newcomers(self) -> Iterator[Finding]:
        self._register(2)
        waits = self._person(2)
        yield Finding(
            _("After the switch whoever registers waits, without a link"),
            _held(waits is not None and waits.status is RegistrantStatus.PENDING and not waits.join_url),
            _said(waits),
        )
        self._register(3, auto_approve=True)
        let_in = self._person(3)
        yield Finding(
            _("auto_approve lets somebody in after the switch"),
            _held(let_in is not None and let_in.status is RegistrantStatus.APPROVED),
            _said(let_in),
        )
        if self._page_before is not None and self._meeting.registration_url:
            after = self._page(self._meeting.registration_url)
            known = after is not None
            yield Finding(
                _("The form looks the same to whoever opens it after the switch"),
                _held(after == self._page_before) if known else Held.UNKNOWN,
                _("the same words")
                if after == self._page_before
                else _("other words")
                if known
                else _("could not be read"),
            )

    def decisions(self) -> Iterator[Finding]:
        self._decide(2, "approve")
        approved = self._person(2)
        yield Finding(
            _("Who waits can be approved by id and e-mail, and has a link then"),
            _held(approved is not None and approved.status is RegistrantStatus.APPROVED and bool(approved.join_url)),
            _said(approved),
        )
        self._decide(3, "deny")
        denied = self._person(3)
        yield Finding(
            _("Who was approved can be denied"),
            _held(denied is not None and denied.status is RegistrantStatus.DENIED),
            _said(denied),
        )
        question = _("Who was denied cannot register again")
        try:
            self._register(3)
        except ZoomError as error:
            yield Finding(question, Held.YES, str(error))
        else:
            again = self._person(3)
            still = again is not None and again.status is RegistrantStatus.DENIED
            yield Finding(question, _held(still), _said(again))
        mailed = self._ask(_("Did {address} get a mail that it was denied?").format(address=self._address(3)))
        yield Finding(
            _("Who is denied gets a mail from Zoom"),
            Held.UNKNOWN if mailed is None else _held(mailed),
            _("nobody was asked") if mailed is None else _("by the mailbox"),
        )

    def self_cancel(self) -> Iterator[Finding]:
        question = _("Who cancels by the link in Zoom's mail is in none of the lists")
        todo = _("Open Zoom's mail to {address} and cancel the registration by its link. Done?")
        done = self._ask(todo.format(address=self._address(1)))
        if not done:
            yield Finding(question, Held.UNKNOWN, _("nobody cancelled"))
            return
        gone = self._person(1)
        yield Finding(question, _held(gone is None), _said(gone))

    def as_before(self) -> Finding:
        shown = self._zoom.get_meeting(self._meeting)
        return Finding(
            _("The approval type can be set back"),
            _held(shown.approval_type == ApprovalType.AUTOMATIC),
            _("approval type {number} was read back").format(number=shown.approval_type),
        )

    # ----------------------------------------------------------------------------------------------------- acts

    def _address(self, number: int) -> str:
        local_part, _at, domain = self._mailbox.rpartition("@")
        return f"{local_part}+probe{number}@{domain}".lower()

    def _register(self, number: int, *, auto_approve: bool = False) -> None:
        self._zoom.register(self._meeting, self._address(number), f"Probe {number}", auto_approve=auto_approve)

    def _decide(self, number: int, action: str) -> None:
        person = self._person(number)
        if person is not None:
            self._zoom.set_registrant_status(self._meeting, action, [(person.registrant_id, person.email)])

    def _listed(self) -> Sequence[Registrant]:
        pull: Pull = self._zoom.pull([self._meeting])
        return self._zoom.read(pull.listed.items())

    def _person(self, number: int) -> Registrant | None:
        return next((one for one in self._listed() if one.email == self._address(number)), None)

    def _page(self, url: str) -> str | None:
        """What a person would read there: without markup, scripts, and what differs from one call to the next."""
        try:
            html = self._read_page(url)
        except OSError:
            return None
        bare = re.sub(r"(?is)<(script|style)\b.*?</\1>|<!--.*?-->|<[^>]+>", " ", html)
        return " ".join(bare.split())


def _held(yes: bool) -> Held:
    return Held.YES if yes else Held.NO


def _said(person: Registrant | None) -> str:
    if person is None:
        return _("in none of the lists")
    words = _("{status}, with a link") if person.join_url else _("{status}, without a link")
    return words.format(status=registrant_status(person.status))
