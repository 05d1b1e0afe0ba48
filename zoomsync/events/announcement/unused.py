"""A doubt for each date and time of a page that may be the event's and that nothing was made of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from zoomsync.domain.announcement import DoubtKind, PageSession
from zoomsync.events.announcement.cues import Role, speaks_of_a_session
from zoomsync.events.announcement.dates import DateMention
from zoomsync.events.announcement.doubts import Doubts
from zoomsync.events.announcement.page import BlockKind
from zoomsync.events.announcement.segments import Segment
from zoomsync.events.announcement.sittings import day_of
from zoomsync.events.announcement.times import TimeMention
from zoomsync.events.announcement.years import Years
from zoomsync.language import _

_SAME_EVENT = timedelta(days=400)


class ReadDate(Protocol):
    """What is known of a date of the page: where it stands, the days it names, and whether times belong to it."""

    segment: Segment
    mention: DateMention
    role: Role
    on: list[date]
    times: list[TimeMention]


def tell_unused_dates(
    dates: Sequence[ReadDate],
    sessions: Sequence[PageSession],
    deadline: date | datetime | None,
    years: Years,
    doubts: Doubts,
) -> None:
    """Dates that are neither a session's nor the deadline's. Who founded what in 1998 is passed over."""
    used = {day for one in sessions for day in (one.starts.date(), one.ends.date())}
    if deadline is not None:
        used.add(day_of(deadline))
    for one in dates:
        made_something = one.role in (Role.DEADLINE, Role.WRITTEN) or (one.times and one.role is not Role.OTHER)
        if not one.on or made_something or one.segment.aside or years.is_page_date(one.on):
            continue
        other = one.mention.swapped.in_year(one.on[0].year) if one.mention.swapped else None
        far_off = used and min(abs(one.on[0] - day) for day in used) > _SAME_EVENT
        if set(one.on) <= used or other in used or (far_off and one.mention.days[0].year):
            continue
        if one.role is Role.OTHER:
            doubts.add(DoubtKind.DATE, _("This date is taken for neither a session nor the deadline."), one.segment)
        else:
            doubts.add(
                DoubtKind.DATE, _("No time of day stands beside this date, so it is no session here."), one.segment
            )


def tell_unused_times(
    segments: Sequence[Segment], used: Collection[tuple[int, int]], sessions: Sequence[PageSession], doubts: Doubts
) -> None:
    """Times that are no session's, nor within one. used: (number of the segment, where the time begins)."""
    clocks = {clock for one in sessions for clock in (one.starts.time(), one.ends.time())}
    spans = [(one.starts.time(), one.ends.time()) for one in sessions if one.starts.date() == one.ends.date()]
    for number, segment in enumerate(segments):
        if segment.aside or segment.kind is BlockKind.FRONT:
            continue
        for each in segment.times:
            known = (
                (number, each.begin) in used or each.bare or (each.starts in clocks and each.ends in {None, *clocks})
            )
            if known or any(begin <= each.starts and (each.ends or each.starts) <= end for begin, end in spans):
                continue
            if each.ends is not None or speaks_of_a_session(segment) or not sessions:
                doubts.add(DoubtKind.TIME, _("This time is taken for no session."), segment)
