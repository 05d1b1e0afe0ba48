"""Which sessions an event has now: what its file (or Zoom) says, held against the sessions the database knows.

Here it is decided which session is which, that one was moved, cancelled or reinstated, and how far file and Zoom
disagree. Whom that concerns and what is mailed: see `reminders`. Nothing is stored here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from zoomsync.domain.records import Event, EventStatus, Meeting, Occurrence, Registrant, Session, SessionSpec

SETTLING = timedelta(minutes=10)  # a move is told after this long: the file may be half edited
REMARK_UP_TO = timedelta(hours=1)  # file and Zoom further apart than this: an alarm, and the mail waits
USUAL_LENGTH = timedelta(hours=1)  # Zoom's own default, for a meeting that shows no length

_Likeness = Callable[[Session, Session], int | None]
"""How sure it is that a draft is a known session: 0 is surest, None is not at all."""


@dataclass(frozen=True, slots=True)
class TimeDifference:
    """Zoom shows another start than the file. `held` is an alarm: the session's mail waits; otherwise it is a remark.

    zoom: None where Zoom's series has no occurrence for the session (`held` then: it was deleted there).
    """

    session_key: str
    file: datetime
    zoom: datetime | None
    held: bool


@dataclass(frozen=True, slots=True)
class SessionUpdate:
    """A session before and after."""

    before: Session
    after: Session


@dataclass(frozen=True, slots=True)
class SessionChanges:
    """What to write, and what to tell the organiser."""

    added: tuple[Session, ...] = ()
    updated: tuple[SessionUpdate, ...] = ()
    unchanged: tuple[Session, ...] = ()
    differences: tuple[TimeDifference, ...] = ()

    @property
    def sessions(self) -> tuple[Session, ...]:
        """All sessions as they are now, cancelled ones too, by start."""
        now = (*self.unchanged, *(update.after for update in self.updated), *self.added)
        return tuple(sorted(now, key=lambda one: (one.starts_at, one.key)))


def follow_sessions(
    event: Event, meetings: Sequence[Meeting], known: Sequence[Session], now: datetime
) -> SessionChanges:
    """Say which sessions the event has at `now`. Applied, the same again changes nothing.

    meetings: every meeting the event hangs on, as Zoom shows it, or none where Zoom was not asked: then a file's
    sessions are followed without comparing, and sessions taken from Zoom stay as they are.
    known: all sessions of the event the database has, cancelled ones too.

    - A file's session is known by its id, else by its title, else by its start. One from Zoom is known by its
      occurrence, else by its start, else it is the nearest one of its meeting that Zoom lists anew.
    - A new start is a move (`moved_at`, `previous_starts_at`); a new end, title or meeting alone only raises
      `sequence`. While a move settles nobody has been told: a further move keeps the first start as the previous
      one, and going back to it undoes the move. In a draft nothing counts as a move.
    - A session that is over is history. Going from the file or the cancelling of its event leaves it as it was, and
      a Zoom meeting used again later is a new session. Only the file itself can still cancel or postpone it.
    - A session taken from Zoom that has begun stays when it is no longer listed: Zoom drops past occurrences.

    Source: docs/promises.md, "Sessions".
    """
    likeness: _Likeness
    if event.sessions:
        drafts = [_from_file(event, spec, meetings, now) for spec in event.sessions]
        likeness = _likeness_in_file
    else:
        drafts = [draft for meeting in meetings for draft in _from_zoom(event, meeting, now)]

        def likeness(draft: Session, one: Session) -> int | None:
            return _likeness_on_zoom(draft, one, now)

    matched = _match(drafts, known, likeness)
    following = {one.key: draft for draft, one in zip(drafts, matched, strict=True) if one is not None}
    after = {
        one.key: _follow(one, following[one.key], event, now)
        if one.key in following
        else _without_source(one, event, meetings, now)
        for one in known
    }
    for draft, one in zip(drafts, matched, strict=True):
        if one is None and (event.sessions or not draft.cancelled):
            key = _next_key(after)
            after[key] = replace(draft, key=key, cancelled=draft.cancelled or event.status is EventStatus.CANCELLED)

    differences = _compare_with_zoom(event, meetings, after, now) if event.sessions else ()
    before = {one.key: one for one in known}
    return SessionChanges(
        added=tuple(one for key, one in after.items() if key not in before),
        updated=tuple(SessionUpdate(before[key], one) for key, one in after.items() if before.get(key, one) != one),
        unchanged=tuple(one for key, one in after.items() if before.get(key) == one),
        differences=differences,
    )


def settled_at(session: Session) -> datetime | None:
    """When the last move counts as settled: ten minutes after it, or at once where the session begins sooner."""
    if session.moved_at is None:
        return None
    settled = session.moved_at + SETTLING
    return settled if settled < session.starts_at else session.moved_at


# ------------------------------------------------------------------------------------------ what file and Zoom say


def _from_file(event: Event, spec: SessionSpec, meetings: Sequence[Meeting], now: datetime) -> Session:
    """A session as the file has it, not yet matched: without key."""
    return Session(
        key="",
        title=spec.title,
        starts_at=spec.starts_at,
        ends_at=spec.ends_at,
        meeting_id=_meeting_of(event, spec, meetings),
        first_seen_at=now,
        file_id=spec.id or "",
        cancelled=spec.cancelled,
        announce=spec.cancelled and spec.announce,
    )


def _meeting_of(event: Event, spec: SessionSpec, meetings: Sequence[Meeting]) -> str:
    """The session's own meeting, or the event's: by id, else by link. "" where neither says which."""
    own = spec if spec.meeting_id or spec.registration_url else event.zoom
    if own.meeting_id:
        return own.meeting_id
    for meeting in meetings:
        if meeting.registration_url and meeting.registration_url == own.registration_url:
            return meeting.meeting_id
    # A link may be written in several ways; where there is one meeting alone, it is the one that was found by it.
    return meetings[0].meeting_id if len(meetings) == 1 else ""


def _from_zoom(event: Event, meeting: Meeting, now: datetime) -> list[Session]:
    """A meeting's sessions as Zoom has them, deleted occurrences as cancelled ones."""
    return [
        Session(
            key="",
            title=meeting.topic or event.title,
            starts_at=shown.starts_at,
            ends_at=shown.starts_at + (shown.duration or USUAL_LENGTH),
            meeting_id=meeting.meeting_id,
            first_seen_at=now,
            occurrence_id=shown.occurrence_id,
            cancelled=shown.deleted,
        )
        for shown in _shown_times(meeting)
    ]


def _shown_times(meeting: Meeting) -> list[Occurrence]:
    """The times Zoom shows for a meeting, by start; none for a recurring meeting without fixed time."""
    if meeting.occurrences:
        return sorted(meeting.occurrences, key=lambda shown: shown.starts_at)
    if meeting.starts_at is None:
        return []
    return [Occurrence("", meeting.starts_at, meeting.duration or USUAL_LENGTH)]


def sessions_ahead(person: Registrant, sessions: Iterable[Session], now: datetime) -> tuple[Session, ...]:
    """The sessions that a registrant may still come to, one that is just going on included; in the order given."""
    return tuple(
        one
        for one in sessions
        if not one.cancelled
        and now < one.ends_at
        and one.meeting_id == person.meeting_id
        and person.occurrence_id in ("", one.occurrence_id)
    )


# ------------------------------------------------------------------------------------------ which session is which


def _match(drafts: Sequence[Session], known: Sequence[Session], likeness: _Likeness) -> list[Session | None]:
    """The known session behind each draft, the surest pairs first; among equals the live and the nearest in time."""
    pairs = []
    for draft_no, draft in enumerate(drafts):
        for known_no, one in enumerate(known):
            rank = likeness(draft, one)
            if rank is not None:
                elsewhere = draft.meeting_id != one.meeting_id
                apart = abs(draft.starts_at - one.starts_at)
                pairs.append((rank, elsewhere, one.cancelled, apart, draft_no, known_no))
    found: dict[int, int] = {}
    for *_, draft_no, known_no in sorted(pairs):
        if draft_no not in found and known_no not in found.values():
            found[draft_no] = known_no
    return [known[found[no]] if no in found else None for no in range(len(drafts))]


def _likeness_in_file(draft: Session, one: Session) -> int | None:
    if draft.file_id and one.file_id:
        return 0 if draft.file_id == one.file_id else None
    same_start = draft.starts_at == one.starts_at
    if draft.title == one.title:
        return 1 if same_start else 2
    return 3 if same_start else None


def _likeness_on_zoom(draft: Session, one: Session, now: datetime) -> int | None:
    same_start = draft.starts_at == one.starts_at
    if one.ends_at <= now and (draft.cancelled or not same_start):
        return None
    if draft.meeting_id != one.meeting_id:
        return 3 if same_start else None
    if draft.occurrence_id and draft.occurrence_id == one.occurrence_id:
        return 0
    if same_start:
        return 1
    # Whether an occurrence keeps its id when it is moved is not documented: one gone and one new may be the same.
    return None if draft.cancelled or one.cancelled else 2


def _next_key(taken: Iterable[str]) -> str:
    return f"s{max((int(key.removeprefix('s')) for key in taken), default=0) + 1}"


# -------------------------------------------------------------------------------------------- what became of each


def _follow(before: Session, draft: Session, event: Event, now: datetime) -> Session:
    """A known session with what file or Zoom say of it now."""
    ended_with_event = event.status is EventStatus.CANCELLED and (before.cancelled or draft.ends_at > now)
    meeting_id = draft.meeting_id or before.meeting_id
    known_occurrence = before.occurrence_id if meeting_id == before.meeting_id else ""
    after = replace(
        before,
        title=draft.title,
        starts_at=draft.starts_at,
        ends_at=draft.ends_at,
        meeting_id=meeting_id,
        occurrence_id=draft.occurrence_id or known_occurrence,
        file_id=draft.file_id,
        cancelled=draft.cancelled or ended_with_event,
        announce=draft.announce,
        times_held=before.times_held and bool(event.sessions),
    )
    return _numbered(before, _moved(before, after, event, now))


def _without_source(before: Session, event: Event, meetings: Sequence[Meeting], now: datetime) -> Session:
    """A known session that neither file nor Zoom names any more."""
    if event.sessions or event.status is EventStatus.CANCELLED:
        stays = before.ends_at <= now
    else:
        says_nothing = [meeting.meeting_id for meeting in meetings if not _shown_times(meeting)]
        stays = before.starts_at <= now or not meetings or before.meeting_id in says_nothing
    return before if stays else _numbered(before, replace(before, cancelled=True))


def _moved(before: Session, after: Session, event: Event, now: datetime) -> Session:
    if after.starts_at == before.starts_at:
        return after
    told = _start_people_know(before, now)
    if after.starts_at == told or event.status is EventStatus.DRAFT:
        return replace(after, previous_starts_at=None, moved_at=None)
    return replace(after, previous_starts_at=told, moved_at=now)


def _start_people_know(session: Session, now: datetime) -> datetime:
    """Not yet the new one while a move settles; never one that lay in the past when it was set."""
    settled = settled_at(session)
    if settled is None or session.moved_at is None or session.previous_starts_at is None:
        return session.starts_at
    untold = now < settled or session.starts_at <= session.moved_at
    return session.previous_starts_at if untold else session.starts_at


def _numbered(before: Session, after: Session) -> Session:
    """`sequence` rises with whatever a calendar entry shows."""

    def shown(one: Session) -> tuple[object, ...]:
        return (one.title, one.starts_at, one.ends_at, one.meeting_id, one.cancelled)

    return after if shown(before) == shown(after) else replace(after, sequence=before.sequence + 1)


# ------------------------------------------------------------------------------------------------- file and Zoom


def _compare_with_zoom(
    event: Event, meetings: Sequence[Meeting], sessions: dict[str, Session], now: datetime
) -> tuple[TimeDifference, ...]:
    """Find each session's time on Zoom; note occurrence and hold in `sessions`, and give the differences by start."""
    differences = []
    for meeting in meetings:
        ours = [one for one in sessions.values() if one.meeting_id == meeting.meeting_id and not one.cancelled]
        ours.sort(key=lambda one: (one.starts_at, one.key))
        shown = _shown_times(meeting)
        open_times = [time for time in shown if not time.deleted]
        near = _nearest(ours, open_times, REMARK_UP_TO)
        rest = [one for one in ours if one.key not in near and one.starts_at > now]
        deleted = _nearest(rest, [time for time in shown if time.deleted], REMARK_UP_TO)
        rest = [one for one in rest if one.key not in deleted]
        left_over = [time for time in open_times if time not in near.values()]
        far = _nearest(rest, left_over, None)
        # Only where each has a counterpart is it certain which occurrence people registered for.
        certain = near | far if len(rest) == len(left_over) else near
        taken = {time.occurrence_id for time in certain.values()}
        for one in ours:
            time = near.get(one.key) or far.get(one.key)
            difference = None
            if one.starts_at > now:
                difference = _difference(event, one, time, deleted=one.key in deleted, series=bool(meeting.occurrences))
            if difference is not None:
                differences.append(difference)
            if one.key in certain:
                occurrence_id = certain[one.key].occurrence_id
            else:
                occurrence_id = "" if one.occurrence_id in taken else one.occurrence_id
            held = difference is not None and difference.held
            sessions[one.key] = replace(one, occurrence_id=occurrence_id, times_held=held)
    return tuple(sorted(differences, key=lambda difference: (difference.file, difference.session_key)))


def _difference(
    event: Event, session: Session, time: Occurrence | None, *, deleted: bool, series: bool
) -> TimeDifference | None:
    """How Zoom's time differs. A meeting that is no series may serve several sessions: it need not show them all."""
    if time is None:
        if not series:
            return None
        held = deleted
    elif time.starts_at == session.starts_at:
        return None
    else:
        held = abs(time.starts_at - session.starts_at) > REMARK_UP_TO
    held = held and not event.zoom.file_times_are_right
    return TimeDifference(session.key, session.starts_at, time.starts_at if time else None, held)


def _nearest(
    sessions: Sequence[Session], times: Sequence[Occurrence], within: timedelta | None
) -> dict[str, Occurrence]:
    """One time for each session at most, by session key: the nearest pairs first, none further apart than `within`."""
    pairs = sorted(
        (abs(one.starts_at - time.starts_at), session_no, time_no)
        for session_no, one in enumerate(sessions)
        for time_no, time in enumerate(times)
    )
    found: dict[str, Occurrence] = {}
    used: set[int] = set()
    for apart, session_no, time_no in pairs:
        key = sessions[session_no].key
        if key not in found and time_no not in used and (within is None or apart <= within):
            found[key] = times[time_no]
            used.add(time_no)
    return found
