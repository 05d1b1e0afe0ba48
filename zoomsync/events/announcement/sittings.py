"""The sessions that a page's lines give, made one list: what machines are told held against them, told twice is once.

How a line becomes a session is in `schedule`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise

from zoomsync.domain.announcement import DoubtKind, PageSession
from zoomsync.events.announcement.doubts import Doubts
from zoomsync.events.announcement.marked import MarkedTime
from zoomsync.language import N_, _

USUAL_LENGTH = timedelta(hours=1)
_NO_END = N_("No end stands there")


def no_end(length: timedelta | None = None) -> str:
    """The words of a doubt about an end that is missing. length: what the page states elsewhere, None for nothing."""
    if length is None:
        return _("{said}: an hour is assumed.").format(said=_(_NO_END))
    return _("{said}: {minutes} minutes are taken, the length that the page states.").format(
        said=_(_NO_END), minutes=round(length.total_seconds() / 60)
    )


def with_marked(sessions: Sequence[PageSession], marked: Sequence[MarkedTime], doubts: Doubts) -> list[PageSession]:
    """The sessions with what the page says for machines: schema.org, or a front matter's start and end.

    Where its lines give no session, those for machines are taken; where both speak they must agree.
    """
    merged = list(sessions)
    for one in marked:
        if one.starts is None or _is_whole(one, sessions):
            continue
        same = next((number for number, each in enumerate(merged) if each.starts == one.starts), None)
        if same is not None:
            merged[same] = _with_end(merged[same], one, doubts)
        elif sessions:
            doubts.at(
                DoubtKind.SESSION,
                _("The page says to machines that it starts at {shown}.").format(shown=shown(one.starts)),
                one.line,
            )
        elif one.whole_event:
            doubts.at(DoubtKind.SESSION, _("The first and the last day are named, and no session's times."), one.line)
        else:
            if one.ends is None:
                doubts.at(DoubtKind.TIME, no_end(), one.line)
            unsure = frozenset({"end"} if one.ends is None else ())
            ends = one.ends or one.starts + USUAL_LENGTH
            merged.append(PageSession(one.title, one.starts, ends, one.line, unsure))
    return merged


def _is_whole(one: MarkedTime, sessions: Sequence[PageSession]) -> bool:
    """Whether it is the whole event, from its first session to its last."""
    if (len(sessions) < 2 and not one.whole_event) or not sessions or one.starts is None:
        return False
    first, last = min(each.starts for each in sessions), max(each.ends for each in sessions)
    if not one.whole_event:
        return (one.starts, one.ends) == (first, last)
    ends_with = one.ends is None or one.ends.date() == last.date()
    return one.starts.date() == first.date() and ends_with


def _with_end(session: PageSession, one: MarkedTime, doubts: Doubts) -> PageSession:
    if one.ends is None or one.ends == session.ends or one.whole_event:
        return session
    if "end" not in session.unsure:
        doubts.at(
            DoubtKind.TIME,
            _("The page says to machines that it ends at {shown}.").format(shown=shown(one.ends)),
            one.line,
        )
        return replace(session, unsure=session.unsure | {"end"})
    doubts.withdraw(DoubtKind.TIME, _(_NO_END), session.line)
    return replace(session, ends=one.ends, unsure=session.unsure - {"end"})


# ------------------------------------------------------------------------------------------------------- one of each


def told_apart(sessions: Sequence[PageSession], doubts: Doubts, language: str) -> list[PageSession]:
    """One session for each time, by start; told twice is once, and who has no name is numbered."""
    merged: list[PageSession] = []
    for one in sorted(sessions, key=lambda each: (each.starts, each.line)):
        twin = next((n for n, each in enumerate(merged) if each.starts == one.starts and _may_be_one(each, one)), None)
        if twin is None:
            merged.append(one)
        else:
            merged[twin] = _merged(merged[twin], one, doubts)
    # A part of an agenda is no session of its own.
    kept = [one for one in merged if one.title or not any(_is_within(one, each) for each in merged)]
    for earlier, later in pairwise(kept):
        if later.starts == earlier.starts:
            doubts.at(
                DoubtKind.SESSION,
                _("Two sessions at the same time, {shown}.").format(shown=shown(later.starts)),
                later.line,
            )
        elif later.starts < earlier.ends:
            doubts.at(DoubtKind.SESSION, _("It begins before the session before it has ended."), later.line)
    return _named(kept, language)


def _may_be_one(first: PageSession, second: PageSession) -> bool:
    """Whether two sessions at one time are the same one, told twice."""
    return not first.title or not second.title or first.title.casefold() == second.title.casefold()


def _is_within(one: PageSession, other: PageSession) -> bool:
    return one is not other and other.starts <= one.starts and one.ends <= other.ends and "end" not in other.unsure


def _merged(first: PageSession, second: PageSession, doubts: Doubts) -> PageSession:
    title = first.title or second.title
    if "end" in first.unsure and "end" not in second.unsure:
        doubts.withdraw(DoubtKind.TIME, _(_NO_END), first.line)
        return replace(second, line=first.line, title=title)
    if "end" in second.unsure and "end" not in first.unsure:
        doubts.withdraw(DoubtKind.TIME, _(_NO_END), second.line)
    elif first.ends != second.ends:
        doubts.at(
            DoubtKind.SESSION,
            _("Another end for the session of {shown} stands there.").format(shown=shown(first.starts)),
            second.line,
        )
        return replace(first, title=title, unsure=first.unsure | {"end"})
    return replace(first, title=title)


def _named(sessions: Sequence[PageSession], language: str) -> list[PageSession]:
    word = "Sesión" if language == "es" else "Session"
    names: set[str] = set()
    named = []
    for number, one in enumerate(sessions, start=1):
        title = one.title or f"{word} {number}"
        for more in (f" ({one.starts:%Y-%m-%d})", f" ({shown(one.starts)})", *(f" - {n}" for n in range(2, 99))):
            if title.casefold() not in names:
                break
            title = (one.title or f"{word} {number}") + more
        names.add(title.casefold())
        named.append(replace(one, title=title))
    return named


def day_of(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def shown(moment: date | datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if isinstance(moment, datetime) else moment.isoformat()
