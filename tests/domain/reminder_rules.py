"""The rules of reminders written a second time, as plainly as can be: one person, one session, one message at a time.

Slow on purpose and built differently from `zoomsync.domain`, so that the two can be held against each other. A local
time is found by looking through the minutes one after another, and nothing is worked out before it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from zoomsync.domain.records import (
    Event,
    EventStatus,
    Lead,
    MessageKey,
    OutboxState,
    Registrant,
    RegistrantStatus,
    Session,
)
from zoomsync.domain.reminders import Standing

MINUTE = timedelta(minutes=1)
TEN_MINUTES = timedelta(minutes=10)


@dataclass
class World:
    """Everything a plan may look at."""

    event: Event
    sessions: list[Session]
    people: dict[int, tuple[Registrant, datetime]]
    now: datetime
    event_seen: datetime
    leads_seen: dict[str, datetime]
    opted_out: set[int] = field(default_factory=set)
    attended: dict[str, set[int]] = field(default_factory=dict)
    outbox: dict[MessageKey, Standing] = field(default_factory=dict)


class Want(NamedTuple):
    """A message that shall be in the outbox. send: False for one that is skipped."""

    due_at: datetime
    expires_at: datetime
    send: bool


# ------------------------------------------------------------------------------------------------------- moments


@cache
def first_moment_at_or_after(wall: datetime, zone: str) -> datetime:
    """The first minute at which clocks in the zone show `wall` or more."""
    at = wall.replace(tzinfo=UTC) - timedelta(hours=27)
    while at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) < wall:
        at += MINUTE
    return at


def lead_moment(lead: Lead, starts_at: datetime, zone: str) -> datetime:
    if lead.exact is not None:
        return starts_at - lead.exact
    assert lead.days is not None
    wall = starts_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) - timedelta(days=lead.days)
    return first_moment_at_or_after(datetime.combine(wall.date(), lead.at) if lead.at else wall, zone)


def after_lead_moment(lead: Lead, ends_at: datetime, zone: str) -> datetime:
    if lead.exact is not None:
        return ends_at + lead.exact
    assert lead.days is not None
    wall = ends_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) + timedelta(days=lead.days)
    return first_moment_at_or_after(datetime.combine(wall.date(), lead.at) if lead.at else wall, zone)


def local_day(at: datetime, zone: str) -> datetime:
    return datetime.combine(at.astimezone(ZoneInfo(zone)).date(), time.min)


# -------------------------------------------------------------------------------------------- one person, one session


def sits_in(person: Registrant, session: Session) -> bool:
    if person.meeting_id != session.meeting_id:
        return False
    return person.occurrence_id == "" or person.occurrence_id == session.occurrence_id


def settled(session: Session) -> datetime | None:
    if session.moved_at is None:
        return None
    if session.moved_at + TEN_MINUTES >= session.starts_at:
        return session.moved_at
    return session.moved_at + TEN_MINUTES


def was_seen_in_time(world: World, session: Session, lead: Lead, at: datetime) -> bool:
    lead_seen = world.leads_seen.get(lead.text, world.now)
    return at >= world.event_seen and at >= session.first_seen_at and at >= lead_seen


def is_sent_at_all(world: World, session: Session, lead: Lead) -> bool:
    at = lead_moment(lead, session.starts_at, world.event.timezone)
    if at >= session.starts_at or not was_seen_in_time(world, session, lead, at):
        return False
    return session.moved_at is None or at >= session.moved_at


def before(world: World, row: int, session: Session, lead: Lead) -> Want | None:
    zone = world.event.timezone
    person, first_seen_at = world.people[row]
    at = lead_moment(lead, session.starts_at, zone)
    if person.status is not RegistrantStatus.APPROVED or row in world.opted_out:
        return None
    if at >= session.starts_at or (person.registered_at or first_seen_at) > at:
        return None
    ends = [session.starts_at]
    place = world.event.reminders.before.index(lead)
    for other_place, other in enumerate(world.event.reminders.before):
        other_at = lead_moment(other, session.starts_at, zone)
        comes_later = (other_at, other_place) > (at, place)
        if comes_later and is_sent_at_all(world, session, other):
            ends.append(other_at)
            if lead.days:
                ends.append(first_moment_at_or_after(local_day(session.starts_at, zone), zone))
    if not is_sent_at_all(world, session, lead):
        return Want(at, min(ends), send=False)
    due = max(at, settled(session) or at)
    return Want(due, min(ends), send=world.now < min(ends))


def after(world: World, row: int, session: Session, lead: Lead) -> Want | None:
    person, _ = world.people[row]
    if person.status is not RegistrantStatus.APPROVED or row in world.opted_out:
        return None
    if row not in world.attended.get(session.key, set()):
        return None
    at = after_lead_moment(lead, session.ends_at, world.event.timezone)
    ends = at + timedelta(hours=24)
    return Want(at, ends, send=world.now < ends and was_seen_in_time(world, session, lead, at))


def moved(world: World, row: int, session: Session) -> Want | None:
    person, first_seen_at = world.people[row]
    due = settled(session)
    if person.status is not RegistrantStatus.APPROVED or session.moved_at is None or due is None:
        return None
    if session.starts_at <= session.moved_at or (person.registered_at or first_seen_at) > session.moved_at:
        return None
    return Want(due, session.starts_at, send=world.now < session.starts_at)


def called_off(world: World, row: int, over_at: datetime) -> Want | None:
    person, _ = world.people[row]
    if person.status not in (RegistrantStatus.APPROVED, RegistrantStatus.PENDING) or world.now >= over_at:
        return None
    return Want(world.now, over_at, send=True)


def is_welcomed_to(world: World, row: int, session: Session) -> bool:
    """Whether the person registered after the session's last reminder, before it began."""
    person, first_seen_at = world.people[row]
    registered = person.registered_at or first_seen_at
    moments = [lead_moment(lead, session.starts_at, world.event.timezone) for lead in world.event.reminders.before]
    moments = [at for at in moments if at < session.starts_at]
    if session.cancelled or not sits_in(person, session) or not moments:
        return False
    if session.moved_at is not None and registered <= session.moved_at:
        return False
    return max(moments) < registered < session.starts_at


def welcome(world: World, row: int, session: Session) -> tuple[str, Want] | None:
    """The welcome that stands under this session: it is the first of its day."""
    person, first_seen_at = world.people[row]
    if person.status is not RegistrantStatus.APPROVED or row in world.opted_out:
        return None
    zone = world.event.timezone
    day = local_day(session.starts_at, zone)
    same_day = [
        one for one in world.sessions if is_welcomed_to(world, row, one) and local_day(one.starts_at, zone) == day
    ]
    if not same_day or min(same_day, key=lambda one: (one.starts_at, one.key)) != session:
        return None
    occasion = f"{day:%Y-%m-%d}"
    for one in world.sessions:
        other = world.outbox.get(MessageKey(row, one.key, "welcome", occasion))
        if (
            one != session
            and sits_in(person, one)
            and other is not None
            and not is_unsent(other)
            and not is_dropped(other)
        ):
            return None
    registered = person.registered_at or first_seen_at
    last = max(one.starts_at for one in same_day)
    due = max(registered, settled(session) or registered)
    return occasion, Want(due, last, send=world.now < last)


# ------------------------------------------------------------------------------------------------------ the outbox


def is_unsent(row: Standing) -> bool:
    return row.state in (OutboxState.PENDING, OutboxState.DEFERRED)


def is_dropped(row: Standing) -> bool:
    return row.state in (OutboxState.SKIPPED, OutboxState.CANCELLED)


def wants(world: World) -> dict[MessageKey, Want]:
    """Every message that the rules ask for at this moment."""
    found: dict[MessageKey, Want | None] = {}
    event = world.event
    for row, (person, _) in world.people.items():
        if event.status is EventStatus.CANCELLED and event.announce and world.sessions:
            same_person = [
                other
                for other, (one, _) in world.people.items()
                if (one.meeting_id, one.registrant_id) == (person.meeting_id, person.registrant_id)
                and one.occurrence_id
                and called_off(world, other, max(session.ends_at for session in world.sessions))
            ]
            if person.occurrence_id == "" or row == min(same_person, default=row):
                key = MessageKey(row, "", "called_off")
                found[key] = called_off(world, row, max(session.ends_at for session in world.sessions))
        if event.status is not EventStatus.ACTIVE:
            continue
        for session in world.sessions:
            if not sits_in(person, session):
                continue
            if session.cancelled:
                if session.announce:
                    found[MessageKey(row, session.key, "called_off")] = called_off(world, row, session.ends_at)
                continue
            for lead in event.reminders.before:
                found[MessageKey(row, session.key, f"before:{lead.text}")] = before(world, row, session, lead)
            for lead in event.reminders.after:
                found[MessageKey(row, session.key, f"after:{lead.text}")] = after(world, row, session, lead)
            if session.moved_at is not None:
                occasion = f"{session.starts_at:%Y-%m-%dT%H:%M:%SZ} set {session.moved_at:%Y-%m-%dT%H:%M:%SZ}"
                found[MessageKey(row, session.key, "moved", occasion)] = moved(world, row, session)
            greeting = welcome(world, row, session)
            if greeting is not None:
                found[MessageKey(row, session.key, "welcome", greeting[0])] = greeting[1]
    return {key: want for key, want in found.items() if want is not None}


def stays_without_being_wanted(world: World, key: MessageKey) -> bool:
    person = world.people.get(key.registrant_row)
    if person is None or person[0].status in (RegistrantStatus.DENIED, RegistrantStatus.CANCELLED):
        return False
    if key.kind in ("late", "announce", "certificate"):
        return True
    session = next((one for one in world.sessions if one.key == key.session_key), None)
    return (
        key.kind.startswith("after:")
        and key.session_key not in world.attended
        and world.event.status is EventStatus.ACTIVE
        and not (session is not None and session.cancelled)
        and person[0].status is RegistrantStatus.APPROVED
        and key.registrant_row not in world.opted_out
    )


def outbox_afterwards(world: World, own_reasons: frozenset[str], put_off: str) -> Mapping[MessageKey, Standing]:
    """What the outbox shall be once the plan is carried out; reasons are left out."""
    result = {}
    wanted = wants(world)
    for key in world.outbox.keys() | wanted.keys():
        old, want = world.outbox.get(key), wanted.get(key)
        new = old
        if want is not None:
            state = OutboxState.PENDING if want.send else OutboxState.SKIPPED
            as_wanted = Standing(state, want.due_at, want.expires_at)
            if old is None:
                new = as_wanted
            elif is_unsent(old):
                both_gone_by = old.due_at <= world.now and want.due_at <= world.now
                good_time = old.state is OutboxState.DEFERRED or old.due_at == want.due_at or both_gone_by
                if not want.send or old.expires_at != want.expires_at or not good_time:
                    new = as_wanted
            elif is_dropped(old) and want.send:
                tried_in_vain = old.reason == put_off and old.expires_at == want.expires_at
                if old.reason in own_reasons and not tried_in_vain:
                    new = as_wanted
        elif old is not None and is_unsent(old) and not stays_without_being_wanted(world, key):
            new = old._replace(state=OutboxState.CANCELLED)
        assert new is not None
        result[key] = new._replace(reason="")
    return result
