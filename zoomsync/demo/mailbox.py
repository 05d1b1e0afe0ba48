"""The mails of the demo as pages to click through: a list, and each as its person sees it.

A stranger's text is in every part of a mail: pages escape it, and its HTML is shown in a frame that may do nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from icalendar import Calendar
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from zoomsync import words
from zoomsync.language import _, in_use
from zoomsync.simulate.catcher import CaughtMessage
from zoomsync.text import clean
from zoomsync.web.pages import Pages

LETTERS_A_PAGE = 50
_FRAMED = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'"
    )
}
_UNSAFE_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Invite:
    """A calendar entry that a mail brings."""

    title: str
    starts_at: datetime
    ends_at: datetime
    sequence: int
    method: str


@dataclass(frozen=True, slots=True)
class File:
    """Something attached."""

    name: str
    content: bytes

    @property
    def size_kb(self) -> int:
        return max(round(len(self.content) / 1024), 1)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a list shows of a mail. number: its place in the order of arrival, from 1."""

    number: int
    name: str
    address: str
    subject: str
    sent_at: datetime

    def holds(self, text: str) -> bool:
        return text.casefold() in f"{self.name} {self.address} {self.subject}".casefold()


@dataclass(frozen=True, slots=True)
class Opened:
    """A mail opened. html: "" where it has none."""

    number: int
    name: str
    address: str
    subject: str
    sent_at: datetime
    sender: str
    text: str
    html: str
    invites: tuple[Invite, ...]
    files: tuple[File, ...]

    @property
    def has_html(self) -> bool:
        return bool(self.html)


@dataclass(frozen=True, slots=True)
class Paging:
    """Where in the list a page stands, as the templates want it; before, after: links, "" for none."""

    first: int
    last: int
    total: int
    before: str
    after: str


class Mailbox:
    """The addresses under `/mailbox`. caught: gives what has arrived, in its order. zone: of the times shown."""

    def __init__(self, caught: Callable[[], Sequence[CaughtMessage]], *, zone: str) -> None:
        self._caught = caught
        self._zone = zone
        self._envelopes: dict[int, Envelope] = {}  # read once: mails never change
        self.pages = Pages("admin.css", "mailbox.css", room="zoomsync.demo", frames=True)
        self.pages.add_filter("clean", clean)
        self.pages.add_filter("moment", words.moment)

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/mailbox", self._list),
            Route("/mailbox/{number:int}", self._letter),
            Route("/mailbox/{number:int}/html", self._html),
            Route("/mailbox/{number:int}/whole", self._whole),
            Route("/mailbox/{number:int}/files/{place:int}", self._file),
        ]

    def page(self, template: str, **values: Any) -> HTMLResponse:
        return self.pages.page(f"mailbox/{template}", language=in_use(), zone=self._zone, **values)

    # ------------------------------------------------------------------------------------------------- the pages

    def _list(self, request: Request) -> Response:
        search = request.query_params.get("q", "").strip()[:200]
        found = [one for one in reversed(self._read()) if one.holds(search)]
        given = request.query_params.get("from", "")
        offset = int(given) if given.isascii() and given.isdigit() and len(given) < 9 else 0
        shown = found[offset : offset + LETTERS_A_PAGE]

        def link(to: int) -> str:
            return "?" + urlencode({"q": search, "from": to} if search else {"from": to})

        paging = Paging(
            first=offset + 1 if shown else 0,
            last=offset + len(shown),
            total=len(found),
            before=link(max(offset - LETTERS_A_PAGE, 0)) if offset else "",
            after=link(offset + LETTERS_A_PAGE) if offset + len(shown) < len(found) else "",
        )
        return self.page("list.html", letters=shown, search=search, paging=paging)

    def _letter(self, request: Request) -> Response:
        number, caught = self._asked(request)
        letter = opened(number, caught)
        return self.page(
            "letter.html",
            letter=letter,
            newer=number + 1 if number < len(self._caught()) else 0,
            older=number - 1,
            all_of_them=urlencode({"q": letter.address}),
        )

    def _html(self, request: Request) -> Response:
        letter = opened(*self._asked(request))
        if not letter.has_html:
            raise HTTPException(404, _("There is no such e-mail."))
        return HTMLResponse(letter.html, headers=_FRAMED)

    def _whole(self, request: Request) -> Response:
        number, caught = self._asked(request)
        return _download(f"{number:04d}.eml", caught.content)

    def _file(self, request: Request) -> Response:
        files = opened(*self._asked(request)).files
        place = request.path_params["place"]
        if not 1 <= place <= len(files):
            raise HTTPException(404, _("There is no such file."))
        return _download(files[place - 1].name, files[place - 1].content)

    # --------------------------------------------------------------------------------------------------- reading

    def _asked(self, request: Request) -> tuple[int, CaughtMessage]:
        number, caught = request.path_params["number"], self._caught()
        if not 1 <= number <= len(caught):
            raise HTTPException(404, _("There is no such e-mail."))
        return number, caught[number - 1]

    def _read(self) -> list[Envelope]:
        """All there are, in the order of arrival. Called by several threads."""
        for number, one in enumerate(self._caught(), start=1):
            if number not in self._envelopes:
                self._envelopes[number] = _envelope(number, one.message)
        return [self._envelopes[number] for number in sorted(self._envelopes.copy())]


def _envelope(number: int, message: EmailMessage) -> Envelope:
    to = message["To"].addresses[0]
    return Envelope(number, to.display_name, to.addr_spec, str(message["Subject"]), _sent_at(message))


def opened(number: int, caught: CaughtMessage) -> Opened:
    """A caught mail with all that is in it. number: see `Envelope`."""
    message = caught.message
    envelope = _envelope(number, message)
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    files = tuple(
        File(part.get_filename() or f"{place}", part.get_payload(decode=True) or b"")  # type: ignore[arg-type]
        for place, part in enumerate(message.iter_attachments(), start=1)
    )
    return Opened(
        envelope.number,
        envelope.name,
        envelope.address,
        envelope.subject,
        envelope.sent_at,
        str(message["From"]),
        text.get_content() if text else "",
        html.get_content() if html else "",
        tuple(invite for one in files if one.name.endswith(".ics") for invite in _invites(one.content)),
        files,
    )


def _invites(content: bytes) -> list[Invite]:
    calendar = Calendar.from_ical(content)
    method = str(calendar.get("METHOD", ""))
    invites = []
    for entry in calendar.walk("VEVENT"):
        starts_at, ends_at = (entry.decoded(name) for name in ("DTSTART", "DTEND"))
        invites.append(Invite(str(entry.get("SUMMARY")), starts_at, ends_at, entry.decoded("SEQUENCE", 0), method))
    return invites


def _sent_at(message: EmailMessage) -> datetime:
    return parsedate_to_datetime(str(message["Date"])).astimezone(UTC)


def _download(name: str, content: bytes) -> Response:
    safe = _UNSAFE_IN_A_NAME.sub("-", name).strip(".-") or "file"
    headers = {"Content-Disposition": f'attachment; filename="{safe}"'}
    return Response(content, media_type="application/octet-stream", headers=headers)
