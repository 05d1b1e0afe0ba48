"""The dates and times of a page put together: which are sessions, which is the deadline, and every doubt.

A date and a time belong together where one line, or lines below each other, say so; whatever else is made of them is a
doubt, and so is a date or a time that nothing was made of. What the words around say is in `cues`, years in `years`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise

from zoomsync import words
from zoomsync.domain.announcement import DoubtKind, PageSession
from zoomsync.events.announcement.cues import Role, has_other_role, role_of, speaks_of_a_change, speaks_of_a_session
from zoomsync.events.announcement.dates import DateKind, DateMention
from zoomsync.events.announcement.doubts import Doubts
from zoomsync.events.announcement.lengths import length_of, only_length
from zoomsync.events.announcement.marked import MarkedTime
from zoomsync.events.announcement.page import BlockKind
from zoomsync.events.announcement.segments import Segment
from zoomsync.events.announcement.sittings import USUAL_LENGTH, day_of, no_end, shown, told_apart, with_marked
from zoomsync.events.announcement.times import TimeMention
from zoomsync.events.announcement.titles import session_title
from zoomsync.events.announcement.unused import tell_unused_dates, tell_unused_times
from zoomsync.events.announcement.years import Years
from zoomsync.events.announcement.zoning import Zoned, pick_time
from zoomsync.language import _

_LONGEST_RANGE = timedelta(days=31)
_BEFORE = re.compile(
    r"\b(?:antes|previo a|before|prior to)(?: (?:de|del|the|el|al|dia|\w+day|lunes|martes|\w+es|sabado|domingo))* ?\Z"
)
_LINES_BELOW = 4  # a time this many lines below its date still belongs to it


@dataclass(slots=True)
class _Date:
    """A date of the page that may be a session. on: the days, resolved. times: what belongs to it."""

    segment: Segment
    number: int  # of the segment
    mention: DateMention
    role: Role
    on: list[date]
    unsure: set[str]
    times: list[TimeMention] = field(default_factory=list)
    same_line: bool = True
    times_from: Segment | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a page says of when. deadline: a bare date is the end of that day. days: days without a time of day."""

    sessions: tuple[PageSession, ...]
    deadline: date | datetime | None
    deadline_line: int
    deadline_unsure: frozenset[str]  # "year", "other"
    days: tuple[date, ...]
    zoned: tuple[Zoned, ...]
    dated: bool  # whether any date was read that may be the event's


def read_schedule(
    segments: Sequence[Segment], marked: Sequence[MarkedTime], years: Years, zone: str, doubts: Doubts, language: str
) -> Schedule:
    """Put the page's dates and times together; what is not certain goes into `doubts`."""
    reader = _Reader(list(segments), years, zone, doubts)
    dates = reader.dates()
    deadline, deadline_line, deadline_unsure = reader.deadline([one for one in dates if one.role is Role.DEADLINE])
    candidates = [one for one in dates if one.role in (Role.SESSION, Role.NONE) and one.on]
    reader.give_times(candidates)
    sessions = with_marked(reader.sessions(candidates), marked, doubts)
    sessions = told_apart(sessions, doubts, language)
    tell_unused_dates(dates, sessions, deadline, years, doubts)
    tell_unused_times(reader.segments, reader.used, sessions, doubts)
    taken = {one.starts for one in sessions}
    reader.zoned += [
        Zoned(None, one.offset, one.line, "", one.starts.date())
        for one in marked
        if one.offset is not None and one.starts in taken
    ]
    days = sorted({day for one in candidates for day in one.on})
    return Schedule(
        tuple(sessions),
        deadline,
        deadline_line,
        deadline_unsure,
        tuple(days),
        tuple(reader.zoned),
        bool(candidates or sessions or marked or reader.undated),
    )


class _Reader:
    def __init__(self, segments: list[Segment], years: Years, zone: str, doubts: Doubts) -> None:
        self.segments = segments
        self.years = years
        self.zone = zone
        self.doubts = doubts
        self.zoned: list[Zoned] = []
        self.used: set[tuple[int, int]] = set()  # times: (segment's number, where it begins)
        self.undated = False

    @cached_property
    def _only_length(self) -> timedelta | None:
        return only_length(self.segments)

    # --------------------------------------------------------------------------------------------------------- dates

    def dates(self) -> list[_Date]:
        found = []
        before: Segment | None = None
        for number, segment in enumerate(self.segments):
            for mention in segment.dates:
                role = role_of(segment, mention, before)
                one = _Date(segment, number, mention, role, [], set())
                if mention.kind in (DateKind.DAYS, DateKind.RANGE):
                    self._resolve(one)
                elif mention.every and role in (Role.SESSION, Role.NONE):
                    self._resolve_every(one)
                elif role not in (Role.OTHER, Role.WRITTEN):
                    self._tell_unreadable(one)
                found.append(one)
            before = segment
        return found

    def _resolve(self, one: _Date) -> None:
        """Give each day its year, and say what speaks against it."""
        for day in one.mention.days:
            on, inferred = self.years.resolve(day, one.segment)
            if on is None:
                if one.role not in (Role.OTHER, Role.WRITTEN):
                    self.doubts.add(DoubtKind.DATE, _("There is no such day in the calendar."), one.segment)
                continue
            if inferred:
                one.unsure.add("year")
            one.on.append(on)
        if one.mention.kind is DateKind.RANGE and len(one.on) == 2:
            first, last = one.on
            if first <= last <= first + _LONGEST_RANGE:
                one.on = [first + timedelta(days=number) for number in range((last - first).days + 1)]
            else:
                one.on = []
        if one.mention.swapped is not None:
            one.unsure.add("date")

    def _resolve_every(self, one: _Date) -> None:
        """Each such weekday of the months that are named."""
        for day in one.mention.every:
            late, inferred = self.years.resolve(replace(day, weekday=None), one.segment)
            if late is None:
                continue
            if inferred:
                one.unsure.add("year")
            in_month = (late.replace(day=1) + timedelta(days=number) for number in range(31))
            meant = [on for on in in_month if on.month == late.month and on.weekday() == day.weekday]
            self.years.taken_like(late, meant)
            one.on += meant
        one.on.sort()

    def _say_why_unsure(self, one: _Date) -> None:
        """The doubts of a date that something is made of."""
        mention, segment = one.mention, one.segment
        if "year" in one.unsure:
            self.doubts.add(DoubtKind.YEAR, self.years.said_of(one.on[0]), segment)
        if mention.swapped is not None:
            this, other = mention.days[0], mention.swapped
            self.doubts.add(
                DoubtKind.DATE,
                _("Day or month first? Read as {named}; it may be {other}.").format(
                    named=_named(this.day, this.month), other=_named(other.day, other.month)
                ),
                segment,
            )
        elif mention.short_year:
            self.doubts.add(DoubtKind.DATE, _("Read as {date}.").format(date=one.on[0].isoformat()), segment)
        if mention.kind is DateKind.DAYS:
            for day, on in zip(mention.days, one.on, strict=False):
                if day.weekday is not None and on.weekday() != day.weekday:
                    self.doubts.add(DoubtKind.WEEKDAY, self.years.weekday_is(on, day.weekday_word, segment), segment)
        if mention.kind is DateKind.RANGE:
            for day, on in zip(mention.days, (one.on[0], one.on[-1]), strict=True):
                if day.weekday is not None and on.weekday() != day.weekday:
                    self.doubts.add(DoubtKind.WEEKDAY, self.years.weekday_is(on, day.weekday_word, segment), segment)
        if (why := self.years.too_early(one.on[0])) is not None:
            self.doubts.add(DoubtKind.DATE, why, segment)

    def _tell_unreadable(self, one: _Date) -> None:
        kind, segment = one.mention.kind, one.segment
        if kind is DateKind.RECURRING:
            self.undated = True
            self.doubts.add(DoubtKind.DATE, _("These days recur; write each session with its date."), segment)
        elif kind is DateKind.UNCLEAR:
            self.undated = True
            self.doubts.add(DoubtKind.DATE, _("Which days are meant is not certain."), segment)
        elif (one.role is Role.DEADLINE or segment.times) and not any(
            each.kind is not DateKind.NO_DAY for each in segment.dates
        ):
            self.undated = True
            self.doubts.add(DoubtKind.DATE, _("This names no day of the calendar."), segment)

    # ------------------------------------------------------------------------------------------------------ deadline

    def deadline(self, found: list[_Date]) -> tuple[date | datetime | None, int, frozenset[str]]:
        """(the deadline, its line, what of it is in doubt: "year", "other")."""
        known: list[tuple[_Date, date | datetime]] = []
        unsure: set[str] = set()
        for one in found:
            if not one.on:
                continue
            on = one.on[-1]
            before_it = len(self.doubts.found)
            self._say_why_unsure(one)
            at = self._time_of_deadline(one, on)
            if at is None and _BEFORE.search(one.segment.folded(one.segment.begin, one.mention.start)):
                why = _(
                    "Whether people may still register on {on} is not certain: the end of that day is taken."
                ).format(on=on)
                self.doubts.add(DoubtKind.DEADLINE, why, one.segment)
            kinds = {each.kind for each in self.doubts.found[before_it:]}
            unsure |= {"year"} & one.unsure | ({"other"} if kinds - {DoubtKind.YEAR, DoubtKind.WEEKDAY} else set())
            known.append((one, at if at is not None else on))
        if not known:
            return None, 0, frozenset()
        first, chosen = known[0]
        for one, other in known[1:]:
            if day_of(other) != day_of(chosen):
                self.doubts.add(
                    DoubtKind.DEADLINE,
                    _("Another deadline stands there as well; {shown} is taken.").format(shown=shown(chosen)),
                    one.segment,
                )
                unsure.add("other")
            elif isinstance(other, datetime):
                if isinstance(chosen, datetime) and chosen != other:
                    self.doubts.add(
                        DoubtKind.DEADLINE,
                        _("Another time for the deadline; {shown} is taken.").format(shown=shown(chosen)),
                        one.segment,
                    )
                    unsure.add("other")
                elif not isinstance(chosen, datetime):
                    chosen = other
        return chosen, first.segment.line, frozenset(unsure)

    def _time_of_deadline(self, one: _Date, on: date) -> date | datetime | None:
        times = self._own_times(one)
        if not times:
            return None
        for each in times:
            self.used.add((one.number, each.begin))
        picked = pick_time([(one.segment, times)], on, self.zone, self.doubts)
        chosen = picked.time
        self.zoned += picked.zoned
        if len(times) > 1 and not picked.several:
            self.doubts.add(
                DoubtKind.DEADLINE, _("More than one time stands beside the deadline; the first is taken."), one.segment
            )
        for why in chosen.why:
            self.doubts.add(DoubtKind.DEADLINE, why, one.segment)
        if chosen.ends is not None:
            self.doubts.add(
                DoubtKind.DEADLINE, _("Two times stand beside the deadline; the later one is taken."), one.segment
            )
            return None if chosen.ends_next_day else datetime.combine(on, chosen.ends)
        if chosen.ends_next_day:  # midnight: the end of that day
            return None
        return datetime.combine(on, chosen.starts)

    # --------------------------------------------------------------------------------------------------------- times

    def _own_times(self, one: _Date) -> list[TimeMention]:
        """The times of a segment that belong to this one of its dates: those behind it, up to the next date; before the
        first date, those of that one."""
        dates = [each for each in one.segment.dates if each.kind is not DateKind.NO_DAY]
        mine = []
        for each in one.segment.times:
            before = [other for other in dates if other.start < each.begin]
            owner = before[-1] if before else dates[0] if dates else None
            if owner is one.mention:
                mine.append(each)
        surer = [each for each in mine if not each.bare]
        return surer or mine

    def give_times(self, candidates: list[_Date]) -> None:
        for one in candidates:
            one.times = self._own_times(one)
            one.times_from = one.segment
            self.used |= {(one.number, each.begin) for each in one.times}
        for one in candidates:
            if not one.times:
                self._give_times_below(one)
        for one in candidates:
            if not one.times:
                self._give_times_above(one)
        self._share_times(candidates)

    def _give_times_below(self, one: _Date) -> None:
        """A time in the lines right below a date, before another date comes."""
        if one.segment.dates[-1] is not one.mention and one.segment.kind is not BlockKind.FRONT:
            later = [
                each
                for each in one.segment.dates
                if each.start > one.mention.start and each.kind is not DateKind.NO_DAY
            ]
            if later:
                return
        below: list[tuple[int, Segment]] = []
        for number in range(one.number + 1, min(one.number + 1 + _LINES_BELOW, len(self.segments))):
            segment = self.segments[number]
            if any(each.kind is not DateKind.NO_DAY for each in segment.dates) or segment.aside != one.segment.aside:
                break
            if segment.kind is BlockKind.HEADING and below:
                break
            if has_other_role(segment):
                break
            times = self._usable(segment)
            if times and all((number, each.begin) not in self.used for each in times):
                if below and not _goes_on(below[-1][1], segment):
                    break
                below.append((number, segment))
            elif below:
                break
        if below:
            self._take(one, below)

    def _give_times_above(self, one: _Date) -> None:
        """A line with a time alone right above a date: "Hora: 8 a 1 pm" and then "Fecha: 7 de marzo"."""
        number = one.number - 1
        if number < 0 or one.segment.dates[0] is not one.mention:
            return
        segment = self.segments[number]
        if segment.dates or has_other_role(segment) or segment.aside != one.segment.aside:
            return
        if self._usable(segment) and not any((number, each.begin) in self.used for each in segment.times):
            self._take(one, [(number, segment)])

    def _usable(self, segment: Segment) -> list[TimeMention]:
        """The times of a line without a date: numbers alone ("8 a 10") only behind "hora"."""
        surer = [each for each in segment.times if not each.bare]
        return surer or (
            [*segment.times]
            if speaks_of_a_session(segment) and "hora" in segment.folded(segment.begin, segment.end)
            else []
        )

    def _take(self, one: _Date, below: list[tuple[int, Segment]]) -> None:
        # Several lines count only where each names a zone of its own, or they are an agenda; see `_session`.
        number, segment = below[0]
        one.times, one.times_from, one.same_line = self._usable(segment), segment, False
        self.used |= {(number, each.begin) for each in one.times}
        if len(below) > 1:
            groups = [(each, self._usable(each)) for _, each in below]
            picked = pick_time(groups, one.on[0], self.zone, self.doubts)
            if picked.several:
                one.times, one.times_from = [picked.time], None
                self.zoned += picked.zoned
                self.used |= {(at, time.begin) for at, each in below for time in self._usable(each)}
            elif _is_agenda([time for _, times in groups for time in times]):
                self._take_agenda(one, below)
            elif len({(time.starts, time.ends) for _, times in groups for time in times}) > 1:
                why = _("More than one time stands below the date; the first is taken.")
                one.times = [replace(time, why=(*time.why, why)) for time in one.times]

    def _take_agenda(self, one: _Date, below: list[tuple[int, Segment]]) -> None:
        times = [time for _, segment in below for time in self._usable(segment)]
        first, last = times[0], times[-1]
        why = _("These look like the parts of one session; it is taken from the first time to the last.")
        one.times = [
            replace(
                first,
                ends=last.ends or last.starts,
                ends_next_day=last.ends_next_day,
                why=(*first.why, why),
                bare=False,
            )
        ]
        self.used |= {(at, time.begin) for at, each in below for time in self._usable(each)}

    def _share_times(self, candidates: list[_Date]) -> None:
        """Dates that still lack a time get the one time that the page has, if it has exactly one."""
        without = [one for one in candidates if not one.times and one.role is not Role.OTHER]
        if not without:
            return
        known = {day for one in candidates if one.times for day in one.on}
        open_dates = [one for one in without if not set(one.on) <= known]
        if not open_dates:
            return
        labelled: dict[tuple[time, time | None], tuple[int, Segment, TimeMention]] = {}
        for number, segment in enumerate(self.segments):
            if has_other_role(segment) or segment.aside:
                continue
            if any(role_of(segment, each, None) is Role.DEADLINE for each in segment.dates):
                continue
            for each in self._usable(segment) if not segment.dates else segment.times:
                labelled.setdefault((each.starts, each.ends), (number, segment, each))
        if len(labelled) != 1:
            return
        ((number, segment, only),) = labelled.values()
        label = "hora" in segment.folded(segment.begin, segment.end) and not segment.dates
        if not all(one.role is Role.SESSION or one.segment.section for one in open_dates) and known:
            return
        for one in open_dates:
            if known and one.role is not Role.SESSION:
                continue
            one.times, one.same_line, one.times_from = [only], False, segment
            if not label:
                one.times = [replace(only, why=(*only.why, _("That this time is meant for this date is not certain.")))]
        self.used.add((number, only.begin))

    # ------------------------------------------------------------------------------------------------------ sessions

    def sessions(self, candidates: list[_Date]) -> list[PageSession]:
        found: list[PageSession] = []
        for one in candidates:
            if not one.times:
                continue
            self._say_why_unsure(one)
            if speaks_of_a_change(one.segment):
                self.doubts.add(
                    DoubtKind.SESSION, _("This line speaks of a change: is this the date that holds?"), one.segment
                )
                one.unsure.add("date")
            if one.mention.kind is DateKind.RANGE and len(one.on) > 1:
                self.doubts.add(
                    DoubtKind.SESSION,
                    _("A range of dates: taken as a session on each of the {count} days.").format(count=len(one.on)),
                    one.segment,
                )
                one.unsure.add("date")
            if one.mention.kind is DateKind.RECURRING:
                self.doubts.add(
                    DoubtKind.SESSION,
                    _(
                        "These days recur: taken as a session on each of the {count} days, from {first} to {last}."
                    ).format(count=len(one.on), first=one.on[0], last=one.on[-1]),
                    one.segment,
                )
                one.unsure.add("date")
            for each in self._separate(one):
                found += [self._session(one, on, each) for on in one.on]
        return found

    def _separate(self, one: _Date) -> list[TimeMention]:
        """The times of a date that are times of their own: one where all say the same in several zones."""
        if one.times_from is None:
            return one.times
        picked = pick_time([(one.times_from, one.times)], one.on[0], self.zone, self.doubts)
        self.zoned += picked.zoned
        if picked.several or len(one.times) == 1:
            return [picked.time]
        whole = [each for each in one.times if each.ends is not None]
        if len(whole) == 1:  # "8 a 1 pm (conexión desde las 7:45)"
            inside = all(_within(each, whole[0]) for each in one.times)
            if not inside:
                self.doubts.add(
                    DoubtKind.TIME, _("More than one time stands there; the one with an end is taken."), one.times_from
                )
            return whole
        if _is_agenda(one.times):
            why = _("These look like the parts of one session; it is taken from the first time to the last.")
            last = one.times[-1]
            return [replace(one.times[0], ends=last.ends or last.starts, why=(*one.times[0].why, why))]
        self.doubts.add(
            DoubtKind.SESSION, _("More than one time for a day: each is taken as a session."), one.times_from
        )
        return whole or one.times

    def _session(self, one: _Date, on: date, at: TimeMention) -> PageSession:
        unsure = set(one.unsure)
        source = one.times_from or one.segment
        for why in at.why:
            unsure |= {"time", "end"}
            self.doubts.add(DoubtKind.TIME, why, source)
        starts = datetime.combine(on, at.starts)
        if at.ends is None and at.ends_next_day:
            starts += timedelta(days=1)
        if at.ends is None:
            unsure.add("end")
            length = length_of(source) or length_of(one.segment) or self._only_length
            self.doubts.add(DoubtKind.TIME, no_end(length), source)
            ends = starts + (length or USUAL_LENGTH)
        else:
            ends = datetime.combine(on + timedelta(days=at.ends_next_day), at.ends)
        title = session_title(one.segment, one.mention) if len(one.on) == 1 else ""
        return PageSession(title, starts, ends, one.segment.line, frozenset(unsure))


# ------------------------------------------------------------------------------------------------------------ helpers


def _goes_on(first: Segment, second: Segment) -> bool:
    """Whether two lines stand in one list, table or paragraph."""
    return second.block - first.block <= 1 and second.kind is first.kind


def _within(inner: TimeMention, outer: TimeMention) -> bool:
    if outer.ends is None or outer.ends_next_day:
        return False
    return outer.starts <= inner.starts and (inner.ends or inner.starts) <= outer.ends


def _is_agenda(times: Sequence[TimeMention]) -> bool:
    """Three times or more one after the other, or ranges of which each begins where the one before ends."""
    if len(times) < 2 or any(each.ends_next_day for each in times):
        return False
    rising = all(a.starts < b.starts for a, b in pairwise(times))
    joined = all(a.ends is not None and a.ends == b.starts for a, b in pairwise(times))
    return rising and (joined or (len(times) > 2 and all(each.ends is None for each in times)))


def _named(day: int, month: int) -> str:
    return words.day_and_month(date(2000, month, day))
