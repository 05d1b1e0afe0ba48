"""Which zone the times of a page are in: of several the organisation's own, of an offset a zone that has it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from zoomsync.domain.announcement import DoubtKind
from zoomsync.domain.handwritten import zone_with_offset
from zoomsync.events.announcement.doubts import Doubts
from zoomsync.events.announcement.segments import Segment
from zoomsync.events.announcement.times import TimeMention
from zoomsync.events.announcement.tokens import fold
from zoomsync.events.announcement.zones import ZoneMention, offset_at
from zoomsync.language import _

# Between a time and its zone, or one zone and the next.
_BETWEEN = re.compile(
    r"[\s(),/|·:\-–—\[\]]*(?:(?:hora|horario|horas|de|del|en|la|time|y|and|e|zona|local|oficial|hrs?)[\s.,:]*){0,4}[\s(),/|·:\-]*"
)


@dataclass(frozen=True, slots=True)
class Zoned:
    """A zone or an offset that a time on the page is in. on: the day of that time."""

    zone: str | None
    offset: timedelta | None
    line: int
    words: str
    on: date

    @property
    def ahead(self) -> timedelta:
        if self.offset is not None:
            return self.offset
        return offset_at(self.zone or "UTC", self.on)


@dataclass(frozen=True, slots=True)
class Picked:
    """One time out of those of a line. several: they are one time in several zones, and this is the one to go by."""

    time: TimeMention
    zoned: tuple[Zoned, ...]
    several: bool = False


def pick_time(
    groups: Sequence[tuple[Segment, Sequence[TimeMention]]], on: date, default: str, doubts: Doubts
) -> Picked:
    """The time to go by, of the times of one or more lines about the same day: where each is in a zone of its own, that
    of the `default` zone, else the first.
    """
    found = [
        (each, segment, _zones_beside(segment, times, number, on))
        for segment, times in groups
        for number, each in enumerate(times)
    ]
    first, _segment, zones = found[0]
    zoned = [one for _first, _segment, ones in found for one in ones]
    if len(found) == 1 or len({one.ahead for one in zoned}) < 2 or not all(ones for _first, _segment, ones in found):
        return Picked(first, tuple(_preferred(zones, default)))
    chosen = next((each for each in found if any(one.zone == default for one in each[2])), None)
    if chosen is None:
        ahead = offset_at(default, on)
        chosen = next(
            (each for each in found if any(one.zone is None and one.ahead == ahead for one in each[2])), found[0]
        )
    moments = {_moment(on, each) - one.ahead for each, _segment, ones in found for one in ones}
    if len(moments) > 1:
        doubts.add(DoubtKind.TIMEZONE, _("These times in several zones are not the same moment."), found[0][1])
    return Picked(chosen[0], tuple(_preferred(chosen[2], default)), several=True)


def _preferred(zones: Sequence[Zoned], default: str) -> list[Zoned]:
    """Of the zones beside one time ("Guatemala, Costa Rica y El Salvador") the default's, else the first."""
    own = [one for one in zones if one.zone == default]
    offsets = [one for one in zones if one.zone is None]
    return [*(own or [one for one in zones if one.zone is not None])[:1], *offsets[:1]]


def _moment(on: date, at: TimeMention) -> datetime:
    return datetime.combine(on, at.starts)


def _zones_beside(segment: Segment, times: Sequence[TimeMention], number: int, on: date) -> list[Zoned]:
    """The zones right behind a time; right before it where the line has them that way round."""
    behind = _chain(segment, times[number].end, on, forwards=True)
    first_behind = _chain(segment, times[0].end, on, forwards=True)
    first_before = _chain(segment, times[0].begin, on, forwards=False)
    return (
        _chain(segment, times[number].begin, on, forwards=False)
        if first_before and not first_behind
        else behind
        if first_behind
        else []
    )


def _chain(segment: Segment, at: int, on: date, *, forwards: bool) -> list[Zoned]:
    found: list[Zoned] = []
    zones = [one for one in segment.zones if (one.begin >= at if forwards else one.end <= at)]
    for one in zones if forwards else reversed(zones):
        between = segment.text[at : one.begin] if forwards else segment.text[one.end : at]
        if _BETWEEN.fullmatch(fold(between[:80])) is None:
            break
        found.append(Zoned(one.zone, one.offset, segment.line, one.words, on))
        at = one.end if forwards else one.begin
    return found


# ------------------------------------------------------------------------------------------------- the event's zone


@dataclass(frozen=True, slots=True)
class EventZone:
    """The zone of an event. offset: what the page says of it; None where it says nothing. sure: nothing is in doubt."""

    zone: str
    offset: timedelta | None
    line: int
    sure: bool


def zone_of_event(
    zoned: Iterable[Zoned], segments: Sequence[Segment], on: date, default: str, doubts: Doubts, *, known: bool = False
) -> EventZone:
    """The zone of all times of a page. zoned: the zones that stand beside its times. on: the first session's day.

    known: the page itself names `default` as its zone.
    """
    beside = list(zoned)
    if not beside:
        beside = [
            Zoned(one.zone, one.offset, segment.line, one.words, on)
            for segment in segments
            for one in segment.zones
            if _meant_for_all(one, segment) and not segment.aside
        ]
    if known:
        beside.append(Zoned(default, None, 0, default, on))
    if not beside:
        doubts.at(DoubtKind.TIMEZONE, _("The page names no zone: {default} is taken.").format(default=default), 0)
        return EventZone(default, None, 0, sure=False)
    named = list(dict.fromkeys(one.zone for one in beside if one.zone is not None))
    offsets = list(dict.fromkeys(one.offset for one in beside if one.offset is not None))
    line = beside[0].line
    if named:
        zone = default if default in named else named[0]
        ahead = offset_at(zone, on)
        others = [one for one in beside if one.zone not in (None, zone) and one.ahead != ahead]
        contrary = [one for one in beside if one.zone is None and one.offset != offset_at(zone, one.on)]
        if others or contrary:
            odd = (others or contrary)[0]
            doubts.at(
                DoubtKind.TIMEZONE,
                _('"{words}" stands there as well; {zone} is taken for every time.').format(words=odd.words, zone=zone),
                odd.line,
            )
        return EventZone(zone, ahead, line, sure=not (others or contrary))
    ahead = offsets[0]
    words = beside[0].words or _("An offset")
    if (
        len(offsets) > 1
        and len({one.offset - offset_at(default, one.on) for one in beside if one.offset is not None}) > 1
    ):
        doubts.at(DoubtKind.TIMEZONE, _("The page names more than one offset."), line)
    fits = offset_at(default, beside[0].on) == ahead
    zone = default if fits else zone_with_offset(ahead) or default
    note = "" if offset_at(zone, beside[0].on) == ahead else _(", which has another offset")
    doubts.at(
        DoubtKind.TIMEZONE,
        _('"{words}" names no zone: {zone} is taken{note}.').format(words=words, zone=zone, note=note),
        line,
    )
    return EventZone(zone, ahead, line, sure=False)


def _meant_for_all(one: ZoneMention, segment: Segment) -> bool:
    """Whether a zone that stands beside no time is said of all of them."""
    return one.certain and (one.zone is not None or fold(one.words) not in {"gmt", "utc", "z"})
