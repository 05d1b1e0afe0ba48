"""An announcement written as an event file: a draft, with each doubt as a comment where it belongs.

What is required and not on the page gets a stand-in and a doubt, so that the file can always be read. Writing it to
disk is the caller's.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from string import Template
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import tomlkit

from zoomsync import words
from zoomsync.domain.announcement import Announcement, Doubt, DoubtKind, PageSession
from zoomsync.domain.handwritten import Mistake, read_deadline, read_moment
from zoomsync.domain.records import Event
from zoomsync.events.fields import kind_of_link
from zoomsync.events.files import FURTHEST_DEADLINE, parse_event, slug_from
from zoomsync.events.init import starter_text
from zoomsync.language import _
from zoomsync.text import clean

# Stand-ins. A link that two files named would make them one event's: each has its slug in it.
_NO_ORGANIZER, _NO_EMAIL = "My organisation", "info@example.org"
_NO_LINK = "https://us06web.zoom.us/meeting/register/put-the-link-of-{slug}-here"
_NO_DEADLINE = date(2099, 12, 31)
_COLUMN = 39  # where comments stand in the house's event files
_WIDTH = 118


@dataclass(frozen=True, slots=True)
class Draft:
    """An event file to be. text: what to write; event: the same, read."""

    text: str
    event: Event
    doubts: tuple[Doubt, ...]


def slug_for(announcement: Announcement, place: str) -> str:
    """The slug of an imported event: the page's own file name without its date, else the title.

    place: path or address. "2023-02-23-taller.md" gives "taller"; "index.html" the name of its folder.
    """
    path = unquote(urlsplit(place).path) if "://" in place else Path(place).resolve().as_posix()
    parts = [part for part in path.split("/") if part]
    name = parts[-1].rsplit(".", 1)[0] if parts else ""
    if name.lower() in {"index", "readme", "page", "default", "_index"} and len(parts) > 1 and "://" in place:
        name = parts[-2]
    elif name.lower() in {"index", "readme", "page", "default", "_index"}:
        name = ""
    name = name[11:] if name[:10].count("-") == 2 and name[:4].isdecimal() and name[10:11] == "-" else name
    slug = slug_from(name) if name else ""
    useful = len(slug) >= 4 and slug != "event" and any(letter.isalpha() for letter in slug)
    return slug if useful else slug_from(announcement.title)


def write_draft(announcement: Announcement, path: Path, source: str) -> Draft:
    """The event file for an announcement. path: where it will be, for its slug. Raises EventFileError for a path whose
    name is no slug."""
    slug = path.stem
    told = _possible(announcement)
    told = _with_deadline(told)
    told = _with_organizer(told)
    places = _Places(told)
    text = Template(starter_text("imported.toml")).substitute(
        source=clean(source, limit=200),
        slug=slug,
        title=_quoted(told.title or "My event"),
        language=_quoted(told.language),
        timezone=_quoted(told.timezone),
        deadline=_deadline_line(told.deadline),
        page_url=f"page_url = {_quoted(told.page_url)}"
        if told.page_url
        else '# page_url = "https://example.org/my-event"',
        organizer=_quoted(told.organizer or _NO_ORGANIZER),
        email=_quoted(told.email or _NO_EMAIL),
        zoom=_zoom_lines(told, slug),
        sessions=_sessions(told, places),
        about_title=places.comment(DoubtKind.TITLE),
        about_language=places.comment(DoubtKind.LANGUAGE),
        about_timezone=places.comment(DoubtKind.TIMEZONE),
        about_deadline=places.of_deadline(),
        about_organizer=places.comment(DoubtKind.ORGANIZER),
        about_email=places.comment(DoubtKind.EMAIL),
        about_zoom=places.comment(DoubtKind.LINK, DoubtKind.FORM),
    )
    return Draft(text, parse_event(text.encode(), path), told.doubts)


def _quoted(text: str | None) -> str:
    return tomlkit.item(text or "").as_string()


# ------------------------------------------------------------------------------------------------- what is left open


def _doubting(told: Announcement, kind: DoubtKind, text: str, line: int = 0) -> Announcement:
    return replace(told, doubts=(*told.doubts, Doubt(kind, text, line)))


def _possible(told: Announcement) -> Announcement:
    """Without sessions that the zone's clocks do not have, or that are no sitting."""
    zone = ZoneInfo(told.timezone)
    kept = []
    for one in told.sessions:
        try:
            starts, ends = read_moment(one.starts, zone), read_moment(one.ends, zone)
            if not timedelta(0) < ends - starts <= timedelta(hours=24):
                raise Mistake(_("it would end before it begins, or last more than a day."))
        except Mistake as mistake:
            told = _doubting(
                told,
                DoubtKind.SESSION,
                _("{starts} is left out: {problem}").format(
                    starts=f"{one.starts:%Y-%m-%d %H:%M}", problem=mistake.problem
                ),
                one.line,
            )
        else:
            kept.append(one)
    return replace(told, sessions=tuple(kept))


def _with_deadline(told: Announcement) -> Announcement:
    zone = ZoneInfo(told.timezone)
    first = min((one.starts for one in told.sessions), default=None)
    if told.deadline is not None:
        try:
            moment = read_deadline(told.deadline, zone)
            if first is None or abs(moment - read_moment(first, zone)) <= FURTHEST_DEADLINE - timedelta(days=2):
                return told
            problem = _("it lies more than a year away from the sessions.")
        except Mistake as mistake:
            problem = mistake.problem
        told = _doubting(
            told,
            DoubtKind.DEADLINE,
            _("The page's deadline is left out: {problem}").format(problem=problem),
            told.deadline_line,
        )
    said = _("The page names no deadline") if told.deadline is None else _("Instead")
    if first is not None:
        return replace(
            _doubting(told, DoubtKind.DEADLINE, _("{said}: the first session's start is taken.").format(said=said)),
            deadline=first,
        )
    if told.first_day is not None:
        eve = told.first_day - timedelta(days=1)
        return replace(
            _doubting(told, DoubtKind.DEADLINE, _("{said}: the day before the first date is taken.").format(said=said)),
            deadline=eve,
        )
    return replace(
        _doubting(told, DoubtKind.DEADLINE, _("No date can be read on the page: this one is far away on purpose.")),
        deadline=_NO_DEADLINE,
    )


def _zoom_lines(told: Announcement, slug: str) -> str:
    """What stands under [zoom]. Where no link was found a doubt has said so."""
    lines = []
    if told.registration_url:
        lines.append(f"registration_url = {_quoted(told.registration_url)}")
        if (kind := kind_of_link(told.registration_url)) is not None:
            lines.insert(0, f'kind = "{kind}"')
    if told.meeting_id:
        lines.append(f"meeting_id = {told.meeting_id}")
    elif told.registration_url:
        lines.append(
            _("# meeting_id = 81234567890             # the meeting's number, which saves zoomsync from looking for it")
        )
    if not lines:
        lines.append(
            _("# A stand-in: nothing can be synced until the link of Zoom's own registration form stands here.")
        )
        lines.append(f"registration_url = {_quoted(_NO_LINK.format(slug=slug))}")
    return "\n".join(lines)


def _with_organizer(told: Announcement) -> Announcement:
    """A doubt for each stand-in that the page has given no doubt for."""
    kinds = {one.kind for one in told.doubts}
    if told.organizer is None and DoubtKind.ORGANIZER not in kinds:
        told = _doubting(told, DoubtKind.ORGANIZER, _("The page names no organiser."))
    if told.email is None and DoubtKind.EMAIL not in kinds:
        told = _doubting(told, DoubtKind.EMAIL, _("The page names no e-mail address."))
    return told


# ------------------------------------------------------------------------------------------------------- the writing


def _deadline_line(deadline: date | datetime | None) -> str:
    assert deadline is not None
    if isinstance(deadline, datetime):
        return deadline.isoformat()
    written = f"registration_deadline = {deadline.isoformat()}".ljust(_COLUMN)
    said = _("# the end of that {weekday}").format(weekday=words.weekday(deadline))
    return written.removeprefix("registration_deadline = ") + said


def _sessions(told: Announcement, places: _Places) -> str:
    if not told.sessions:
        return places.of_no_session() + _("# Without any [[sessions]], they are taken from Zoom, with Zoom's times.")
    parts = []
    for one in told.sessions:
        lines = [
            "[[sessions]]",
            f"title = {_quoted(one.title)}",
            f"starts = {one.starts.isoformat()}".ljust(_COLUMN)
            + _("# a {weekday}").format(weekday=words.weekday(one.starts)),
            f"ends = {one.ends.isoformat()}",
        ]
        if one.registration_url:
            lines.append(f"registration_url = {_quoted(one.registration_url)}")
        parts.append(places.of_session(one) + "\n".join(lines))
    return "\n\n".join(parts)


class _Places:
    """Where each doubt stands in the file: once, above what it is about."""

    _OF_SESSIONS = frozenset({DoubtKind.YEAR, DoubtKind.WEEKDAY, DoubtKind.DATE, DoubtKind.TIME, DoubtKind.SESSION})

    def __init__(self, told: Announcement) -> None:
        self._left = list(told.doubts)
        self._deadline_line = told.deadline_line
        self._session_lines = {one.line for one in told.sessions}
        self._first_session = told.sessions[0] if told.sessions else None

    def comment(self, *kinds: DoubtKind) -> str:
        return self._written([one for one in self._left if one.kind in kinds])

    def of_deadline(self) -> str:
        """Its own doubts, and those about a date or time of its line."""
        return self._written(
            [
                one
                for one in self._left
                if one.kind is DoubtKind.DEADLINE
                or (
                    one.line
                    and one.line == self._deadline_line
                    and one.kind in self._OF_SESSIONS
                    and one.line not in self._session_lines
                )
            ]
        )

    def of_session(self, session: PageSession) -> str:
        """Those of its line; above the first session also those that belong to none."""
        mine = [one for one in self._left if one.kind in self._OF_SESSIONS and one.line == session.line]
        if session is self._first_session:
            mine = [
                one
                for one in self._left
                if one.kind in self._OF_SESSIONS and (one in mine or one.line not in self._session_lines)
            ]
        return self._written(mine)

    def of_no_session(self) -> str:
        return self._written([one for one in self._left if one.kind in self._OF_SESSIONS])

    def _written(self, doubts: Sequence[Doubt]) -> str:
        self._left = [one for one in self._left if one not in doubts]
        return "".join(f"{line}\n" for one in doubts for line in comment_of(one))


def comment_of(doubt: Doubt) -> Iterable[str]:
    """The lines of a doubt as a comment."""
    place = _("line {line}: ").format(line=doubt.line) if doubt.line else ""
    return textwrap.wrap(
        clean(f"{place}{doubt.text}", limit=None),
        _WIDTH,
        initial_indent="# ? ",
        subsequent_indent="#   ",
        break_on_hyphens=False,
    )
