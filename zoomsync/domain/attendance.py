"""Who came to a session and for how long: Zoom's participants held against the registrants.

Pure. Zoom's rows are read in `zoom.attendance`, kept by `store.attendance`; when Zoom is asked is decided at the end.
A participant belongs to a registrant by registrant id, else by exact e-mail address, else by a match that a person made
by hand. Whoever is left is `unmatched` and counted apart, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from zoomsync.domain.records import RegistrantStatus, Session
from zoomsync.text import clean

DEFAULT_MINIMUM = 0.5  # of the session's scheduled time, to count as present

Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Participant:
    """One joining of a meeting or webinar, as Zoom's report has it; who comes back has another one.

    instance: the uuid of the sitting on Zoom; one that was ended and started again has two. name: as shown in the
    meeting. email: folded, "" for most people outside the host's account. registrant_id: "" where Zoom gives none.
    internal: of the host's own account. host: the host. erased: the person's data was removed here.
    """

    meeting_id: str
    instance: str
    name: str
    joined_at: datetime
    left_at: datetime
    user_id: str = ""
    email: str = ""
    registrant_id: str = ""
    internal: bool = False
    host: bool = False
    erased: bool = False


class Instance(NamedTuple):
    """A meeting or webinar that took place and is over. uuid: Zoom's name for that one sitting."""

    uuid: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Sitting:
    """Everybody who was in one instance. ready: Zoom has worked it out; until then there is nobody in it.

    with_ids: Zoom gave registrant ids. False: by the call that has none, because the app lacks the report's scope.
    """

    participants: tuple[Participant, ...]
    ready: bool
    with_ids: bool


class Enrolled(NamedTuple):
    """The little of a registrant that attendance goes by. row_id: the store's own id."""

    row_id: int
    meeting_id: str
    occurrence_id: str
    registrant_id: str
    email: str
    name: str
    status: RegistrantStatus
    registered_at: datetime


class MatchedBy(StrEnum):
    REGISTRANT_ID = "registrant_id"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Came:
    """A registrant who was in a session. time: inside its scheduled time, rejoining added up as a union of intervals.

    share: `time` by the scheduled time, 0 to 1. present: by the minimum that was asked for. by_hand: a person said that
    this participant is that address (`matched_by` is EMAIL then).
    """

    registrant: Enrolled
    matched_by: MatchedBy
    by_hand: bool
    time: timedelta
    share: float
    present: bool

    @property
    def minutes(self) -> int:
        return whole_minutes(self.time)


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Somebody in a session of whom nobody knows which registrant it is, if any. name, email: as Zoom shows them.

    Two with one name who were there at the same time are two of these.
    """

    name: str
    email: str
    time: timedelta
    share: float
    present: bool

    @property
    def minutes(self) -> int:
        return whole_minutes(self.time)


@dataclass(frozen=True, slots=True)
class SessionAttendance:
    """Who came to a session: by time, the longest first. absent: approved registrants of it who did not come."""

    session: Session
    came: tuple[Came, ...] = ()
    unmatched: tuple[Unmatched, ...] = ()
    absent: tuple[Enrolled, ...] = ()

    @property
    def present(self) -> int:
        """How many registrants count as present."""
        return sum(one.present for one in self.came)


# ------------------------------------------------------------------------------------------------------- who came


def attendance_of(
    session: Session,
    registrants: Iterable[Enrolled],
    participants: Iterable[Participant],
    matches: Mapping[str, str],
    *,
    minimum: float = DEFAULT_MINIMUM,
) -> SessionAttendance:
    """Say who came to `session`.

    registrants: of the event, in any status. participants: of the event's meetings, whichever sitting: what lies
    outside the session's scheduled time does not count for it. matches: made by hand, folded name (`fold_name`) ->
    folded e-mail address. minimum: share of the scheduled time from which on somebody is present.

    The host does not count, nor does whoever of the host's account is no registrant. Of several registrants with one
    address the approved one is taken, of those the first to register.
    """
    people = [one for one in registrants if one.meeting_id == session.meeting_id]
    desk = _Desk(session, people, matches)
    known: dict[int, _Stays] = {}
    unknown: dict[tuple[str, str], list[Participant]] = {}
    for one in participants:
        inside = _inside(session, one)
        if inside is None or one.host or one.meeting_id != session.meeting_id:
            continue
        found = desk.find(one)
        if found is not None:
            registrant, matched_by, by_hand = found
            stays = known.setdefault(registrant.row_id, _Stays(registrant, matched_by, by_hand))
            stays.intervals.append(inside)
            if _CERTAINTY[matched_by, by_hand] < _CERTAINTY[stays.matched_by, stays.by_hand]:
                stays.matched_by, stays.by_hand = matched_by, by_hand
        elif not one.internal:
            unknown.setdefault((one.email, fold_name(one.name)), []).append(one)
    length = session.ends_at - session.starts_at

    def judged(intervals: Iterable[Interval]) -> tuple[timedelta, float, bool]:
        time = union(intervals)
        share = time / length
        return time, share, share >= minimum

    came = [Came(one.registrant, one.matched_by, one.by_hand, *judged(one.intervals)) for one in known.values()]
    unmatched = [
        Unmatched(lane[0].name, lane[0].email, *judged(inside for one in lane if (inside := _inside(session, one))))
        for joinings in unknown.values()
        for lane in _lanes(joinings)
    ]
    absent = [
        one
        for one in people
        if one.status is RegistrantStatus.APPROVED
        and one.occurrence_id in ("", session.occurrence_id)
        and one.row_id not in known
    ]
    return SessionAttendance(
        session,
        tuple(sorted(came, key=lambda one: (-one.time, one.registrant.row_id))),
        tuple(sorted(unmatched, key=lambda one: (-one.time, one.name, one.email))),
        tuple(absent),
    )


def fold_name(name: str) -> str:
    """A name as it is compared: case, blanks and invisible characters do not matter, accents do."""
    return clean(name, limit=None).casefold()


def union(intervals: Iterable[Interval]) -> timedelta:
    """How long the intervals are together; where several overlap, that time counts once."""
    total, covered_until = timedelta(0), None
    for start, end in sorted(intervals):
        if covered_until is not None and start < covered_until:
            start = covered_until
        if end > start:
            total += end - start
            covered_until = end
    return total


def whole_minutes(time: timedelta) -> int:
    """Minutes as people read them: half a minute and more counts as one."""
    return int(time.total_seconds() + 30) // 60


def read_share(text: str) -> float:
    """A minimum as people write it: "80%", "80" or "0.8". Raises ValueError for anything that is no share from 0 to 1.

    Up to 1 a bare number is a share, above it is percent.
    """
    found = _SHARE.fullmatch(text)
    share = float(found[1].replace(",", ".")) if found else -1.0
    if found and (found[2] or share > 1):
        share /= 100
    if not 0 <= share <= 1:
        raise ValueError(f"{text} is no share from 0 to 100%")
    return share


_SHARE = re.compile(r"\s*([0-9]+(?:[.,][0-9]+)?)\s*(%?)\s*")

_CERTAINTY = {
    (MatchedBy.REGISTRANT_ID, False): 0,
    (MatchedBy.EMAIL, False): 1,
    (MatchedBy.EMAIL, True): 2,
}


@dataclass(slots=True)
class _Stays:
    registrant: Enrolled
    matched_by: MatchedBy
    by_hand: bool
    intervals: list[Interval] = field(default_factory=list)


class _Desk:
    """Says which registrant a participant is."""

    def __init__(self, session: Session, people: Sequence[Enrolled], matches: Mapping[str, str]) -> None:
        # The better claim comes last, and stays: registered for this very occurrence, approved, first to register.
        def claim(one: Enrolled) -> tuple[bool, bool, float, int]:
            here = one.occurrence_id in ("", session.occurrence_id)
            approved = one.status is RegistrantStatus.APPROVED
            return here, approved, -one.registered_at.timestamp(), -one.row_id

        ordered = sorted(people, key=claim)
        self._by_id = {one.registrant_id: one for one in ordered}
        self._by_email = {one.email: one for one in ordered if one.email}
        self._matches = matches

    def find(self, one: Participant) -> tuple[Enrolled, MatchedBy, bool] | None:
        if one.registrant_id and (found := self._by_id.get(one.registrant_id)):
            return found, MatchedBy.REGISTRANT_ID, False
        if one.email and (found := self._by_email.get(one.email)):
            return found, MatchedBy.EMAIL, False
        by_hand = self._matches.get(fold_name(one.name))
        if by_hand and (found := self._by_email.get(by_hand)):
            return found, MatchedBy.EMAIL, True
        return None


def _inside(session: Session, one: Participant) -> Interval | None:
    start, end = max(one.joined_at, session.starts_at), min(one.left_at, session.ends_at)
    return (start, end) if start < end else None


def _lanes(joinings: Sequence[Participant]) -> list[list[Participant]]:
    """The joinings of one name, as the fewest people who can have made them: nobody is there twice at once."""
    lanes: list[list[Participant]] = []
    for one in sorted(joinings, key=lambda joining: (joining.joined_at, joining.left_at)):
        free = next((lane for lane in lanes if lane[-1].left_at <= one.joined_at), None)
        if free is None:
            lanes.append([one])
        else:
            free.append(one)
    return lanes


# ------------------------------------------------------------------------------------------------- asking Zoom for it


class AttendanceState(StrEnum):
    NOT_YET = "not_yet"  # the session is not over, or Zoom was never asked
    NOT_READY = "not_ready"  # Zoom was asked, and has not worked it out yet
    READY = "ready"


@dataclass(frozen=True, slots=True)
class AttendanceRecord:
    """What is known of a session's attendance. looked_at: when Zoom was last asked and answered. ready_at: when it
    first gave all of it. tried_at, error: the last try, and why it failed ("" when it did not).

    without_ids: Zoom gave no registrant ids (the app lacks the report's scope), so that few can be matched.
    """

    session_key: str
    state: AttendanceState = AttendanceState.NOT_YET
    looked_at: datetime | None = None
    ready_at: datetime | None = None
    tried_at: datetime | None = None
    error: str = ""
    without_ids: bool = False


# An instance that began this long before a session may have gone on into it: hosts open early, and some leave a meeting
# open over the pause between two sessions of a day.
_OPENED_EARLY_AT_MOST = timedelta(hours=12)


def instances_of(session: Session, instances: Iterable[Instance]) -> list[Instance]:
    """Those that may hold a part of the session, by when they began. There may be several: a host ended the meeting and
    started it again."""
    earliest = session.starts_at - _OPENED_EARLY_AT_MOST
    found = [one for one in instances if earliest <= one.started_at < session.ends_at]
    return sorted(found, key=lambda one: one.started_at)


# After a session's end. The first may come before Zoom has worked it out; what comes late is in the others.
LOOKS = (timedelta(minutes=30), timedelta(hours=6), timedelta(hours=24))
UNTIL_READY_EVERY = timedelta(minutes=30)
AFTER_FAILURE_EVERY = timedelta(minutes=15)
GIVEN_UP_AFTER = timedelta(days=8)  # asked once a day until then, where the last look failed
_ONCE_A_DAY = timedelta(days=1)


def look_is_due(session: Session, record: AttendanceRecord | None, now: datetime) -> bool:
    """Whether Zoom is to be asked at `now` who came: 30 minutes, 6 h and 24 h after the end, each of them late if need
    be; every half hour while Zoom is not ready; sooner again where the last try failed."""
    if session.cancelled:
        return False
    passed = [session.ends_at + after for after in LOOKS if session.ends_at + after <= now]
    if not passed:
        return False
    record = record or AttendanceRecord(session.key)
    if record.error and record.tried_at is not None and record.tried_at <= now:
        over = now - session.ends_at
        pause = AFTER_FAILURE_EVERY if over < LOOKS[-1] + _ONCE_A_DAY else _ONCE_A_DAY
        return over < GIVEN_UP_AFTER and now - record.tried_at >= pause
    if record.looked_at is None or record.looked_at < passed[-1]:
        return True
    waits = record.state is not AttendanceState.READY and len(passed) < len(LOOKS)
    return waits and now - record.looked_at >= UNTIL_READY_EVERY


def came_by_session(found: Iterable[SessionAttendance]) -> dict[str, Collection[int]]:
    """Row ids of who came, however briefly, by session key: for messages after a session."""
    return {one.session.key: frozenset(each.registrant.row_id for each in one.came) for one in found}
