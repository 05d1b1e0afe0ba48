"""Whom Zoom is asked to approve and to deny, thirty a call, and who is told that they wait.

Whom that concerns is decided in `domain.registration`; when, in `close`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from zoomsync.domain.records import (
    Event,
    EventStatus,
    LatePolicy,
    Meeting,
    MessageKey,
    PlannedMessage,
    RegistrantStatus,
)
from zoomsync.domain.registration import (
    DENIALS_AT_ONCE,
    LONGEST_PAUSE,
    Applicant,
    Deadline,
    Judgement,
    next_pause,
)
from zoomsync.errors import ZoomError, ZoomRateLimited, ZoomUnavailable
from zoomsync.jobs.ports import RegistrationDesk
from zoomsync.language import _
from zoomsync.store import outbox_plan
from zoomsync.store import registration as stored
from zoomsync.store.schema import Database
from zoomsync.words import counted

LATE_NOTICE = "late"
_NOTICE_HOLDS = timedelta(days=30)  # where no session says how long it makes sense
_BECOMES = {"approve": RegistrantStatus.APPROVED, "deny": RegistrantStatus.DENIED}

Asked = list[tuple[Applicant, str]]
"""Registrants with what Zoom was asked for: "approve" or "deny"."""


@dataclass(slots=True)
class Admission:
    """One event's turn, and what came of it. meetings: by id. approved, denied: how many, read back."""

    event: Event
    event_id: int
    meetings: Mapping[str, Meeting]
    database: Database
    desk: RegistrationDesk
    now: datetime
    actor: str
    approved: int = 0
    denied: int = 0
    acts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def ask(self, judgement: Judgement, *, at_once: bool, many_denials: bool) -> Asked:
        """Ask Zoom to approve and deny. Gives whom it took the call for, which proves nothing yet: see `count`.

        at_once: a person asks, so no earlier refusal is waited out. many_denials: a person allows more than thirty in
        one go. Trouble with Zoom goes into `problems`.
        """
        deny = judgement.deny
        if len(deny) > DENIALS_AT_ONCE and not many_denials:
            self.problems.append(too_many_denials(len(deny), self.event.slug))
            deny = ()
        if judgement.in_vain:
            self.problems.append(
                _(
                    "Zoom was asked twice about {registrants} and left them as they were: `zoomsync late "
                    "{slug}` shows them"
                ).format(registrants=counted(len(judgement.in_vain), "registrant"), slug=self.event.slug)
            )
        return [
            *self._ask_each(judgement.approve, "approve", at_once=at_once),
            *self._ask_each(deny, "deny", at_once=at_once),
        ]

    def _ask_each(self, people: Sequence[Applicant], action: str, *, at_once: bool) -> Asked:
        places: dict[tuple[str, str], list[Applicant]] = defaultdict(list)
        for one in people:
            places[one.key.meeting_id, one.key.occurrence_id].append(one)
        taken: list[Applicant] = []
        for (meeting_id, occurrence_id), some in places.items():
            if not at_once and self._is_put_off(meeting_id, action):
                continue
            pairs = [(one.key.registrant_id, one.email) for one in some]
            try:
                self.desk.set_registrant_status(self.meetings[meeting_id], action, pairs, occurrence_id=occurrence_id)
            except ZoomError as error:
                self.problems.append(str(error))
                self._put_off(meeting_id, action, error)
            else:
                taken += some
        if taken:
            self.database.write(
                lambda db: stored.write_asked(db, self.event_id, taken, action, now=self.now, actor=self.actor)
            )
        return [(one, action) for one in taken]

    def _is_put_off(self, meeting_id: str, action: str) -> bool:
        """Whether Zoom did not take the last call of this kind and is left alone still; the reason is told again."""
        with self.database.read() as db:
            last = stored.last_put_off(db, self.event_id, meeting_id, action)
        if last is None or not last.at <= self.now < last.retry_at:
            return False
        if last.error not in self.problems:
            self.problems.append(last.error)
        return True

    def _put_off(self, meeting_id: str, action: str, error: ZoomError) -> None:
        with self.database.read() as db:
            last = stored.last_put_off(db, self.event_id, meeting_id, action)
        # An old one was another trouble.
        pause = last.retry_at - last.at if last and self.now - last.retry_at < 2 * LONGEST_PAUSE else None
        put_off = stored.PutOff(self.now, retry_at(error, pause, self.now), str(error))
        self.database.write(
            lambda db: stored.write_put_off(db, self.event_id, meeting_id, action, put_off, actor=self.actor)
        )

    def count(self, asked: Asked) -> None:
        """Hold what was asked against what the look after it has found."""
        with self.database.read() as db:
            now_is = stored.statuses(db, [one.row_id for one, _ in asked])
        done = [action for one, action in asked if now_is.get(one.row_id) is _BECOMES[action]]
        self.approved, self.denied = done.count("approve"), done.count("deny")
        if self.approved:
            self.acts.append(_("approved: {registrants}").format(registrants=counted(self.approved, "registrant")))
        if self.denied:
            self.acts.append(_("denied: {registrants}").format(registrants=counted(self.denied, "registrant")))
        if len(done) < len(asked):
            self.problems.append(
                _("Zoom accepted the change of {registrants} and changed {count}: the next sync asks once more").format(
                    registrants=counted(len(asked), "registrant"), count=len(done)
                )
            )

    def plan_notices(self, judgement: Judgement, deadline: Deadline, last_end: datetime | None) -> None:
        """One mail to each who is held, where the event's file wants it."""
        zoom = self.event.zoom
        wanted = zoom.late_notice and zoom.late_registrants is LatePolicy.HOLD
        expires_at = last_end or self.now + _NOTICE_HOLDS
        in_time = deadline.has_come(self.now) and self.now < expires_at
        if not (wanted and in_time and self.event.status is EventStatus.ACTIVE):
            return
        notices = [
            PlannedMessage(MessageKey(one.row_id, "", LATE_NOTICE), self.now, expires_at)
            for one in judgement.late
            if one.status is RegistrantStatus.PENDING
        ]
        if notices:
            self.database.write(lambda db: outbox_plan.insert_planned(db, self.event_id, notices, self.now))


def retry_at(error: ZoomError, last: timedelta | None, now: datetime) -> datetime:
    """When a call that Zoom did not take may be sent again. last: the pause before this try, None for the first one."""
    if isinstance(error, ZoomRateLimited):
        soonest = now + next_pause(last)
        return max(error.retry_at, soonest) if error.retry_at else soonest
    # What is refused for good (a scope is missing, say) waits for a person.
    return now + (next_pause(last) if isinstance(error, ZoomUnavailable) else LONGEST_PAUSE)


def too_many_denials(count: int, slug: str) -> str:
    """Why so many were not denied, and what a person may do."""
    return _(
        "{count} late registrants would be denied at once; that is more than "
        "{most}, so nobody was. `zoomsync sync {slug} --yes` denies them (Zoom "
        'may mail each of them and blocks the address); late_registrants = "hold" under '
        "[zoom] leaves them waiting"
    ).format(count=count, most=DENIALS_AT_ONCE, slug=slug)
