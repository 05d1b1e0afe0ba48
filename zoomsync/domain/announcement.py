"""What an announcement page says of an event, and where that contradicts the event's file or Zoom.

How a page is read is not here: see `events.announcement`. The times of a page are local clock times, as it has them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from zoomsync import words
from zoomsync.domain.handwritten import Mistake, read_deadline
from zoomsync.domain.records import Event, Meeting
from zoomsync.language import _


class DoubtKind(StrEnum):
    """What a doubt is about."""

    TITLE = "title"
    LANGUAGE = "language"
    ORGANIZER = "organizer"
    EMAIL = "email"
    TIMEZONE = "timezone"
    DEADLINE = "deadline"
    YEAR = "year"
    WEEKDAY = "weekday"
    DATE = "date"
    TIME = "time"
    SESSION = "session"
    LINK = "link"
    FORM = "form"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something on a page that is not certain. text: what, and the page's own words. line: of the page, 0 for none."""

    kind: DoubtKind
    text: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class PageSession:
    """A session as a page has it. starts, ends: local clock times. unsure: which of "year", "date", "time" and "end" is
    in doubt. line: of the page.
    """

    title: str
    starts: datetime
    ends: datetime
    line: int = 0
    unsure: frozenset[str] = frozenset()
    registration_url: str | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """Everything that was read off one page; what could not be read is None.

    timezone: an IANA name; `offset` is what the page itself says of it, None where it says nothing. deadline: a bare
    date is the end of that day. unsure: which of "title", "timezone", "deadline", "deadline year" and
    "registration_url" is in doubt. deadline_line, zone_line, link_line: where they stand.
    """

    title: str
    language: str
    timezone: str
    organizer: str | None = None
    email: str | None = None
    deadline: date | datetime | None = None
    sessions: tuple[PageSession, ...] = ()
    first_day: date | None = None  # of all days that may be the event's, with a time of day or without
    registration_url: str | None = None
    meeting_id: str | None = None
    other_form: str | None = None  # the name of a form that is not Zoom's: "Google Forms"
    page_url: str | None = None
    offset: timedelta | None = None
    unsure: frozenset[str] = frozenset()
    doubts: tuple[Doubt, ...] = field(default=())
    deadline_line: int = 0
    zone_line: int = 0
    link_line: int = 0


# ------------------------------------------------------------------------------------------------ page, file and Zoom


@dataclass(frozen=True, slots=True)
class Contradiction:
    """The page says one thing and the file or Zoom another. sure: False where the page's own words are in doubt."""

    text: str
    remedy: str
    sure: bool = True


_A_MOMENT = timedelta(minutes=1)  # "23:59" and "the end of that day" are one deadline
_SHORTEST_NAME = 6


def contradictions(
    event: Event, told: Announcement, meetings: Sequence[Meeting], links: Sequence[tuple[str, str]]
) -> Iterator[Contradiction]:
    """Where the page contradicts the event's file, or Zoom.

    meetings: as Zoom shows them, none where it was not asked. links: (whose, the part of a registration link that names
    the meeting), of the page ("page"), the file ("file") and Zoom ("Zoom").
    """
    yield from _titles(event, told, meetings)
    yield from _zones(event, told, meetings)
    yield from _deadlines(event, told)
    yield from _sessions(event, told, meetings)
    yield from _links(told, links)
    file_id = event.zoom.meeting_id
    if told.meeting_id and file_id and told.meeting_id != file_id:
        yield Contradiction(
            _("the page names meeting {meeting_id} and the file {file_id}").format(
                meeting_id=told.meeting_id, file_id=file_id
            ),
            _("set one of them right"),
            sure=True,
        )


def _titles(event: Event, told: Announcement, meetings: Sequence[Meeting]) -> Iterator[Contradiction]:
    if told.title and not _same_name(told.title, event.title):
        yield Contradiction(
            _('it is called "{title}" by the page and "{other}" by the file').format(
                title=told.title, other=event.title
            ),
            _("set one of them right, or let page_url be the address of the page that announces this event"),
            sure="title" not in told.unsure,
        )
    elif len(meetings) == 1 and not _same_name(event.title, meetings[0].topic):
        # What a meeting is called on Zoom is often short, and seldom wrong.
        yield Contradiction(
            _('Zoom calls it "{topic}", and the page "{title}"').format(topic=meetings[0].topic, title=told.title),
            _("registrants see both"),
            sure=False,
        )


def _same_name(first: str, second: str) -> bool:
    """Whether one is the other, or part of it: "Encuentro 2023 - Red Ciudadana"."""
    one, other = _letters(first), _letters(second)
    shorter, longer = sorted((one, other), key=len)
    return one == other or (len(shorter) >= _SHORTEST_NAME and f" {shorter} " in f" {longer} ")


def _letters(text: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", plain))


def _zones(event: Event, told: Announcement, meetings: Sequence[Meeting]) -> Iterator[Contradiction]:
    on = told.sessions[0].starts if told.sessions else None
    if told.offset is None or on is None:
        return
    ours = on.replace(tzinfo=ZoneInfo(event.timezone)).utcoffset()
    if ours is not None and ours != told.offset:
        yield Contradiction(
            _("the page's times are {offset} (line {line}), and {zone} of the file is {other} then").format(
                offset=_offset(told.offset), line=told.zone_line, zone=event.timezone, other=_offset(ours)
            ),
            _("set one of them right"),
        )
    for meeting in meetings:
        theirs = _offset_of(meeting.timezone, on)
        if theirs is not None and theirs != told.offset:
            yield Contradiction(
                _("Zoom shows the times of meeting {number} in {zone}, {offset} then, and the page {other}").format(
                    number=meeting.meeting_id,
                    zone=meeting.timezone,
                    offset=_offset(theirs),
                    other=_offset(told.offset),
                ),
                _("choose the meeting's time zone in the Zoom portal"),
                sure=False,
            )


def _offset_of(zone: str, on: datetime) -> timedelta | None:
    """What a zone as Zoom names it is ahead of UTC; None for one that is not known here."""
    try:
        return on.replace(tzinfo=ZoneInfo(zone)).utcoffset() if zone else None
    except (KeyError, ValueError, OSError):
        return None


def _offset(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"GMT{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")


def _deadlines(event: Event, told: Announcement) -> Iterator[Contradiction]:
    if told.deadline is None:
        return
    zone = ZoneInfo(event.timezone)
    in_file = event.registration_deadline.astimezone(zone)
    written = told.deadline
    if "deadline year" in told.unsure:
        written = _in_year(written, (in_file - _A_MOMENT).year)
    try:
        on_page = read_deadline(written, zone)
    except Mistake:
        return
    if abs(on_page - event.registration_deadline) > _A_MOMENT:
        yield Contradiction(
            _("the deadline is {moment} by the page (line {line}) and {other} by the file").format(
                moment=_moment(on_page.astimezone(zone)), line=told.deadline_line, other=_moment(in_file)
            ),
            _("set one of them right"),
            sure="deadline" not in told.unsure,
        )


def _moment(local: datetime) -> str:
    """A deadline in words: midnight is the end of a day. Local times."""
    if (local.hour, local.minute) == (0, 0):
        return _("the end of {day}").format(day=words.short_day(local - timedelta(days=1)))
    return _clock(local)


def _clock(local: datetime) -> str:
    return f"{words.short_day(local)}, {words.clock(local)}"


def _in_year(moment: date | datetime, year: int) -> date | datetime:
    try:
        return moment.replace(year=year)
    except ValueError:  # 29 February
        return moment


@dataclass(frozen=True, slots=True)
class _Sitting:
    title: str
    starts: datetime
    ends: datetime


def _sessions(event: Event, told: Announcement, meetings: Sequence[Meeting]) -> Iterator[Contradiction]:
    """The page's sessions held against the file's, or Zoom's where the file has none."""
    if not told.sessions:
        return
    zone = ZoneInfo(event.timezone)
    whose = _("the file") if event.sessions else "Zoom"
    ours = [
        _Sitting(
            one.title,
            one.starts_at.astimezone(zone).replace(tzinfo=None),
            one.ends_at.astimezone(zone).replace(tzinfo=None),
        )
        for one in event.sessions
        if not one.cancelled
    ] or [_Sitting("", start, end) for start, end in _shown_by_zoom(meetings, zone)]
    if not ours:
        return
    years = {one.starts.year for one in ours}
    theirs = [
        replace(one, starts=one.starts.replace(year=min(years)), ends=one.ends.replace(year=min(years)))
        if "year" in one.unsure and len(years) == 1 and (one.starts.month, one.starts.day) != (2, 29)
        else one
        for one in told.sessions
    ]
    pairs, lone_theirs, lone_ours = _paired(theirs, ours)
    for one, other in pairs:
        if one.starts != other.starts:
            doubtful = one.unsure & ({"date"} if one.starts.date() != other.starts.date() else {"time"})
            yield Contradiction(
                _("{title} starts {starts} by the page (line {line}) and {other} by {whose}").format(
                    title=other.title or one.title,
                    starts=_clock(one.starts),
                    line=one.line,
                    other=_clock(other.starts),
                    whose=whose,
                ),
                _("set one of them right"),
                sure=not doubtful,
            )
        elif one.ends != other.ends and "end" not in one.unsure:
            yield Contradiction(
                _("{title} ends {ends} by the page (line {line}) and {other} by {whose}").format(
                    title=other.title or one.title,
                    ends=_clock(one.ends),
                    line=one.line,
                    other=_clock(other.ends),
                    whose=whose,
                ),
                _("set one of them right"),
            )
    for one in lone_theirs:
        yield Contradiction(
            _("the page has a session on {starts} (line {line}), and {whose} has none then").format(
                starts=_clock(one.starts), line=one.line, whose=whose
            ),
            _("set one of them right"),
            sure=not one.unsure & {"date", "time"},
        )
    for other in lone_ours:
        yield Contradiction(
            _("{title} on {starts} is in {whose} and not on the page").format(
                title=other.title or _("a session"), starts=_clock(other.starts), whose=whose
            ),
            _("set one of them right"),
            sure=not any(one.unsure & {"date", "time"} for one in told.sessions),
        )


def _shown_by_zoom(meetings: Sequence[Meeting], zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    times = []
    for meeting in meetings:
        if meeting.occurrences:
            times += [(one.starts_at, one.starts_at + one.duration) for one in meeting.occurrences if not one.deleted]
        elif meeting.starts_at is not None:
            times.append((meeting.starts_at, meeting.starts_at + (meeting.duration or timedelta(hours=1))))
    return [
        (start.astimezone(zone).replace(tzinfo=None), end.astimezone(zone).replace(tzinfo=None))
        for start, end in sorted(times)
    ]


def _paired(
    theirs: Sequence[PageSession], ours: Sequence[_Sitting]
) -> tuple[list[tuple[PageSession, _Sitting]], list[PageSession], list[_Sitting]]:
    """Sessions that start together, then those that are nearest to each other."""
    pairs: list[tuple[PageSession, _Sitting]] = []
    left, right = list(theirs), list(ours)
    while left and right:
        one, other = min(
            ((one, other) for one in left for other in right),
            key=lambda pair: (
                abs(pair[0].starts - pair[1].starts),
                pair[0].title.casefold() != pair[1].title.casefold(),
            ),
        )
        pairs.append((one, other))
        left.remove(one)
        right.remove(other)
    return sorted(pairs, key=lambda pair: pair[0].starts), left, right


def _links(told: Announcement, links: Sequence[tuple[str, str]]) -> Iterator[Contradiction]:
    on_page = {token for whose, token in links if whose == "page"}
    if not on_page:
        if told.other_form is not None:
            yield Contradiction(
                _("the page (line {line}) leads to a form of {name}: who registers there is unknown to Zoom").format(
                    line=told.link_line, name=told.other_form
                ),
                _("link Zoom's own registration form on the page"),
            )
        return
    for whose in ("file", "Zoom"):
        theirs = {token for each, token in links if each == whose}
        if theirs and not theirs & on_page:
            yield Contradiction(
                _("the page's registration link (line {line}) is of another meeting than that of {whose}").format(
                    line=told.link_line, whose=_("the file") if whose == "file" else "Zoom"
                ),
                _("set one of them right"),
                sure="registration_url" not in told.unsure,
            )
            return
