"""Where a page lets people register: Zoom's form, another one, or only a link to join."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from zoomsync.domain.announcement import DoubtKind
from zoomsync.events.announcement.doubts import Doubts
from zoomsync.events.announcement.page import Page
from zoomsync.events.announcement.segments import Segment
from zoomsync.events.announcement.tokens import any_of
from zoomsync.events.fields import form_of_link, meeting_id_of_link, registration_token
from zoomsync.language import _


@dataclass(frozen=True, slots=True)
class Registration:
    url: str | None = None
    meeting_id: str | None = None
    other_form: str | None = None
    line: int = 0
    sure: bool = True

    @property
    def found(self) -> bool:
        return bool(self.url or self.meeting_id or self.other_form)


_MEETING_NUMBER = re.compile(
    "(?:"
    + any_of("id, id de reunion, id de la reunion, id de la sesion, id zoom, zoom id, meeting id, webinar id, reunion")
    + r")\s{0,3}[:#n°.]{0,3}\s{0,3}(\d{3}[ -]?\d{3,4}[ -]?\d{3,4})(?!\d)"
)
_SHORTENERS = (
    "bit.ly",
    "tinyurl.com",
    "cutt.ly",
    "goo.gl",
    "t.co",
    "ow.ly",
    "rb.gy",
    "is.gd",
    "buff.ly",
    "n9.cl",
    "acortar.link",
)


def registration_of(page: Page, segments: Sequence[Segment], doubts: Doubts) -> Registration:
    forms: dict[str, tuple[str, int]] = {}
    joins: dict[str, int] = {}
    others: dict[str, tuple[str, int]] = {}
    for link in page.links:
        if (name := form_of_link(link.url)) == "Zoom":
            forms.setdefault(registration_token(link.url), (link.url, link.line))
        elif name:
            others.setdefault(name, (link.url, link.line))
        elif number := meeting_id_of_link(link.url):
            joins.setdefault(number, link.line)
        elif urlsplit(link.url).hostname == "events.zoom.us":
            others.setdefault("Zoom Events", (link.url, link.line))
    number = _meeting_number(segments)
    if forms:
        url, line = next(iter(forms.values()))
        if len(forms) > 1:
            doubts.at(
                DoubtKind.LINK,
                _(
                    "Another Zoom form is linked as well; the first is taken. If each session has a form of its own, "
                    "write registration_url under each of them."
                ),
                list(forms.values())[1][1],
            )
        for name, (_url, other_line) in others.items():
            doubts.at(
                DoubtKind.FORM,
                _("{name} is linked as well: zoomsync cannot sync who registers there.").format(name=name),
                other_line,
            )
        meeting_id = number or (next(iter(joins)) if len(joins) == 1 else None)
        if joins:
            doubts.at(
                DoubtKind.LINK,
                _("The link to join stands on the page: whoever uses it is not registered."),
                next(iter(joins.values())),
            )
        return Registration(_plain_link(url), meeting_id, None, line, sure=len(forms) == 1)
    for name, (_url, line) in others.items():
        doubts.at(
            DoubtKind.FORM,
            _(
                "The form is one of {name}, and zoomsync cannot sync it: who registers there is "
                "unknown to Zoom. Switch registration on in Zoom, and write the link of Zoom's own "
                "form."
            ).format(name=name),
            line,
        )
    if joins or number:
        line = next(iter(joins.values()), 0)
        if joins:
            doubts.at(
                DoubtKind.LINK,
                _("This is the link to join, not to register: is registration on for that meeting?"),
                line,
            )
        if len({*joins, *([number] if number else [])}) > 1:
            doubts.at(DoubtKind.LINK, _("More than one meeting is named; the first is taken."), line)
        return Registration(None, number or next(iter(joins)), next(iter(others), None), line, sure=False)
    if not others:
        short = next(
            (link for link in page.links if (urlsplit(link.url).hostname or "").removeprefix("www.") in _SHORTENERS),
            None,
        )
        if short is not None:
            doubts.at(
                DoubtKind.LINK,
                _("Where this short link leads is not looked up; no Zoom link stands on the page."),
                short.line,
            )
            return Registration(line=short.line, sure=False)
        doubts.at(DoubtKind.LINK, _("No Zoom link stands on the page."), 0)
        return Registration(sure=False)
    return Registration(None, None, next(iter(others)), next(iter(others.values()))[1], sure=False)


def _plain_link(url: str) -> str:
    """The link without what is behind "?": campaigns, and sometimes what is nobody's business."""
    return url.partition("?")[0].partition("#")[0]


def _meeting_number(segments: Sequence[Segment]) -> str | None:
    for segment in segments:
        text = segment.folded(segment.begin, segment.end)
        found = _MEETING_NUMBER.search(text)
        digits = re.sub(r"\D", "", found[1]) if found else ""
        if 9 <= len(digits) <= 11:
            return digits
    return None
