"""What takes place of the account's meetings: instances, who sat in them and for how long.

Source: docs/zoom.md; where Zoom says nothing, the choice is marked "assumed".
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from operator import attrgetter

from zoomsync.simulate.account import locked
from zoomsync.simulate.meetings import Meetings
from zoomsync.simulate.objects import APPROVED, Instance, Meeting, Participant
from zoomsync.simulate.refusal import refuse


class Sittings(Meetings):
    """Meetings are held, and asked about afterwards."""

    @locked
    def add_instance(
        self, meeting_id: int, start_time: datetime, end_time: datetime, *, ready_at: datetime | None = None
    ) -> Instance:
        """The meeting took place. Every other uuid begins with a slash: those are to be encoded twice."""
        meeting = self.meetings[meeting_id]
        uuid = self._key() + "=="
        if len(meeting.instances) % 2 == 0:
            uuid = f"/{uuid[1:]}"
        instance = Instance(uuid, start_time, end_time, ready_at or end_time)
        meeting.instances.append(instance)
        return instance

    @locked
    def join(
        self,
        instance: Instance,
        name: str,
        join_time: datetime,
        leave_time: datetime,
        *,
        registrant_id: str = "",
        user_email: str = "",
        zoom_id: str = "",
        internal: bool = False,
    ) -> Participant:
        """Somebody was in it from then to then. Without a registrant id: came by a link that is not theirs."""
        user_id = str(16_778_240 + len(instance.participants) * 1024)
        participant = Participant(name, join_time, leave_time, user_id, registrant_id, user_email, zoom_id, internal)
        instance.participants.append(participant)
        return participant

    @locked
    def hold_session(
        self,
        meeting_id: int,
        *,
        occurrence: int = 0,
        share: float = 0.6,
        guests: int = 2,
        seed: int = 1,
        ready_after: timedelta = timedelta(0),
    ) -> Instance:
        """The occurrence (by its place in the series) takes place with its host, `share` of those approved, and guests.

        One in five drops out in the middle and comes back; one in ten leaves halfway. Guests have no registrant id.
        ready_after: how long after its end Zoom has worked out who was there.
        """
        meeting = self.meetings[meeting_id]
        chance = random.Random(seed)  # noqa: S311 - play data; the seed is the point
        if meeting.occurrences:
            start, end = meeting.occurrences[occurrence].start_time, meeting.occurrences[occurrence].end_time
        else:
            start = meeting.start_time or self.clock()
            end = start + timedelta(minutes=meeting.duration)
        instance = self.add_instance(meeting_id, start, end, ready_at=end + ready_after)
        length_s = (end - start).total_seconds()
        host = meeting.host
        self.join(
            instance,
            f"{host.first_name} {host.last_name}",
            start - timedelta(minutes=15),
            end,
            user_email=host.email,
            zoom_id=host.id,
            internal=True,
        )
        for registrant in meeting.order:
            if registrant.status != APPROVED or chance.random() >= share:
                continue
            name = f"{registrant.first_name} {registrant.details.get('last_name') or ''}".strip()
            joined = start + timedelta(seconds=chance.randint(-600, 900))
            left = end if chance.random() < 0.9 else start + timedelta(seconds=length_s / 2)
            pause = start + timedelta(seconds=length_s / 3)
            stays = (
                [(joined, pause), (pause + timedelta(minutes=2), left)] if chance.random() < 0.2 else [(joined, left)]
            )
            for since, until in stays:
                self.join(instance, name, since, until, registrant_id=registrant.id)
        for number in range(1, guests + 1):
            self.join(instance, f"iPhone de invitado {number}", start, end)
        return instance

    @locked
    def instance(self, kind: str, id_or_uuid: str) -> tuple[Meeting, Instance]:
        """An ended instance by uuid, or a meeting's latest by its number. Raises Refusal."""
        absent = refuse(404, 3001, f"{kind.title()} does not exist: {id_or_uuid}.")
        now = self.clock()
        if id_or_uuid.isdecimal():
            meeting = self.meeting(kind, id_or_uuid)
            ended = [instance for instance in meeting.instances if instance.end_time <= now]
            if not ended:
                raise absent
            return meeting, max(ended, key=attrgetter("start_time"))
        for meeting in self.meetings.values():
            for instance in meeting.instances:
                if instance.uuid == id_or_uuid and instance.end_time <= now and meeting.kind == kind:
                    return meeting, instance
        raise absent
