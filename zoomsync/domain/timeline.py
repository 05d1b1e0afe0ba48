"""An event's life in one list: what happened and what will, each with its moment and its counts.

Pure: rows come from `store.reading`; words and zones are for whoever shows it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from zoomsync.domain.calls import CERTIFICATE, Call, Programmes
from zoomsync.domain.records import (
    Event,
    EventStatus,
    MessageKey,
    OutboxState,
    PlannedMessage,
    Recipient,
    RegistrantStatus,
    Session,
    SyncRun,
)
from zoomsync.domain.registration import Deadline
from zoomsync.domain.reminders import Plan
from zoomsync.domain.retention import WARNING, removal_at

_CHANGES = ("added", "updated", "cancelled", "reinstated", "held")


class EntryKind(StrEnum):
    FIRST_SEEN = "first_seen"
    SYNC = "sync"
    SYNC_FAILED = "sync_failed"
    DEADLINE = "deadline"
    REGISTRATION = "registration"  # somebody or something closed or opened it
    MAIL = "mail"
    SESSION_STARTS = "session_starts"
    SESSION_ENDS = "session_ends"
    ATTENDANCE = "attendance"  # who came is known, or is asked for
    RETENTION_WARNING = "retention_warning"
    RETENTION = "retention"
    ERASED = "erased"  # personal data was removed, or a person forgotten


GroupKey = tuple[str, str, str]
"""A session's key, a kind, an occasion."""


class MailGroup(NamedTuple):
    """The messages of one kind about one session (key "" for the whole event) that are in one state.

    due_at: of the first of them. sent_at: of the last one that was sent. reason: why, where they all share it.
    """

    session_key: str
    kind: str
    occasion: str
    state: OutboxState
    messages: int
    due_at: datetime
    sent_at: datetime | None
    reason: str


class RegistrationAct(NamedTuple):
    """What was done to registration. what: "closed", "opened", "gated", or "ordered" with the order's own words."""

    at: datetime
    what: str
    subject: str
    actor: str


@dataclass(frozen=True, slots=True)
class Entry:
    """subject: what it is about: a session's title, a kind of mail, a meeting. counts: in the order to be shown.

    note: why, or by whom. left_out: of a message, how many who might get it do not, by `LEFT_OUT`.
    """

    at: datetime
    kind: EntryKind
    subject: str = ""
    counts: tuple[tuple[str, int], ...] = ()
    note: str = ""
    left_out: tuple[tuple[str, int], ...] = ()


LEFT_OUT = ("pending", "opted_out", "registered_later", "did_not_come")
"""Why somebody who is approved or waits does not get a message: waits for approval, wants no reminders ..."""


class AttendanceFact(NamedTuple):
    """What is known of who came to a session. at: when Zoom gave it, or is asked for it the first time."""

    at: datetime
    session_key: str
    known: bool
    came: int = 0
    unmatched: int = 0


class Erasure(NamedTuple):
    """Personal data that was removed. registrations: how many. actor: who had it done."""

    at: datetime
    registrations: int
    actor: str


def timeline(
    event: Event,
    deadline: Deadline,
    sessions: Sequence[Session],
    *,
    first_seen_at: datetime,
    runs: Iterable[SyncRun],
    acts: Iterable[RegistrationAct],
    mail: Iterable[MailGroup],
    retention_days: int,
    left_out: Mapping[GroupKey, Mapping[str, int]] | None = None,
    attendance: Iterable[AttendanceFact] = (),
    erasures: Iterable[Erasure] = (),
) -> list[Entry]:
    """Everything that happened to an event and will, by its moment.

    runs: the sync runs worth telling, those that changed something or failed. mail: the outbox, by group. A group that
    waits stands at the moment when it is due, one that was sent at the moment when the last of it went out.
    retention_days: how long personal data is kept after the last session; 0 for ever. left_out: see `left_out_of`.
    """
    titles = {one.key: one.title for one in sessions}
    entries = [Entry(first_seen_at, EntryKind.FIRST_SEEN, event.title)]
    entries += [_of_run(run) for run in runs]
    entries += [Entry(act.at, EntryKind.REGISTRATION, act.subject, note=f"{act.what} by {act.actor}") for act in acts]
    if deadline.closes_at is not None:
        entries.append(Entry(deadline.closes_at, EntryKind.DEADLINE, event.zoom.closing.value))
    entries += _of_mail(mail, titles, left_out or {})
    entries += [_of_attendance(one, titles) for one in attendance if one.session_key in titles]
    entries += [
        Entry(one.at, EntryKind.ERASED, counts=(("registrations", one.registrations),), note=f"by {one.actor}")
        for one in erasures
    ]
    for one in sessions:
        called_off = one.cancelled or event.status is EventStatus.CANCELLED
        note = "cancelled" if called_off else ""
        entries.append(Entry(one.starts_at, EntryKind.SESSION_STARTS, one.title, note=note))
        if not called_off:
            entries.append(Entry(one.ends_at, EntryKind.SESSION_ENDS, one.title))
    removed_at = removal_at((one.ends_at for one in sessions), event.registration_deadline, retention_days)
    if removed_at is not None:
        entries.append(Entry(removed_at - WARNING, EntryKind.RETENTION_WARNING))
        entries.append(Entry(removed_at, EntryKind.RETENTION))
    order = list(EntryKind)
    return sorted(entries, key=lambda entry: (entry.at, order.index(entry.kind), entry.subject))


def _of_run(run: SyncRun) -> Entry:
    if run.error:
        return Entry(run.started_at, EntryKind.SYNC_FAILED, note=run.error)
    counts = ((name, getattr(run.counts, name)) for name in _CHANGES)
    return Entry(run.started_at, EntryKind.SYNC, counts=tuple((name, count) for name, count in counts if count))


def _of_attendance(one: AttendanceFact, titles: Mapping[str, str]) -> Entry:
    counts = (("came", one.came), ("unmatched", one.unmatched)) if one.known else ()
    return Entry(one.at, EntryKind.ATTENDANCE, titles[one.session_key], counts)


def _of_mail(
    groups: Iterable[MailGroup], titles: dict[str, str], left_out: Mapping[GroupKey, Mapping[str, int]]
) -> list[Entry]:
    """One entry for each kind and session and each moment at which its groups stand."""
    together: dict[tuple[str, str, str, datetime], list[MailGroup]] = {}
    for group in groups:
        at = group.sent_at if group.state is OutboxState.SENT and group.sent_at else group.due_at
        together.setdefault((group.session_key, group.kind, group.occasion, at), []).append(group)
    entries = []
    for (session_key, kind, occasion, at), some in together.items():
        subject = f"{kind}, {titles[session_key]}" if session_key in titles else kind
        some.sort(key=lambda group: (group.state is not OutboxState.SENT, -group.messages, group.state))
        reasons = [f"{group.state}: {group.reason}" for group in some if group.reason]
        counts = tuple((group.state.value, group.messages) for group in some)
        out = left_out.get((session_key, kind, occasion), {})
        # Of what has gone out nobody is left out for what became true of them afterwards.
        told = ("registered_later",) if any(group.state is OutboxState.SENT for group in some) else LEFT_OUT
        others = tuple((name, out[name]) for name in told if out.get(name))
        entries.append(Entry(at, EntryKind.MAIL, subject, counts, "; ".join(reasons), others))
    return entries


# ------------------------------------------------------------------------------------------------- what would go out


def as_planned(groups: Iterable[MailGroup], plans: Iterable[Plan]) -> list[MailGroup]:
    """The outbox as it is once what is planned at some moment has been written: what a new file, an opt-out or the
    time that has passed changes of it. groups: as it is now."""
    found: dict[tuple[GroupKey, OutboxState], MailGroup] = {(_key_of(one), one.state): one for one in groups}

    def count(key: GroupKey, state: OutboxState, number: int, message: PlannedMessage) -> None:
        one = found.get((key, state)) or MailGroup(*key, state, 0, message.due_at, None, message.reason)
        reason = one.reason if number < 0 or one.reason == message.reason else ""
        due_at = one.due_at if number < 0 else min(one.due_at, message.due_at)
        found[key, state] = one._replace(messages=one.messages + number, reason=reason, due_at=due_at)

    for plan in plans:
        for message in plan.planned:
            count(_group_of(message.key), message.state, 1, message)
        for change in plan.changed:
            key = _group_of(change.message.key)
            count(key, change.was, -1, change.message)
            count(key, change.message.state, 1, change.message)
    return [one for one in found.values() if one.messages > 0]


def for_nobody_yet(
    programmes: Programmes, sessions: Iterable[Session], groups: Iterable[MailGroup], now: datetime
) -> list[MailGroup]:
    """The reminders that are to come and that nobody is to get as things stand."""
    there = {_key_of(one) for one in groups}
    found = {}
    for session in sessions:
        anybody = Recipient(0, session.meeting_id, session.occurrence_id, "", RegistrantStatus.APPROVED, now)
        for call in programmes.of(anybody).calls:
            key = (call.session_key, call.kind, call.occasion)
            if call.reminder and not call.reason and call.due_at > now and key not in there:
                found[key] = MailGroup(*key, OutboxState.PENDING, 0, call.due_at, None, "")
    return list(found.values())


def left_out_of(programmes: Programmes, people: Iterable[Recipient]) -> dict[GroupKey, Counter[str]]:
    """Of each message that is called for: who is approved or waits, and does not get it, counted by the reason."""
    found: dict[GroupKey, Counter[str]] = {}
    for person in people:
        if person.status not in (RegistrantStatus.APPROVED, RegistrantStatus.PENDING):
            continue
        for call in programmes.of(person).calls:
            if not call.concerns(person):
                out = found.setdefault((call.session_key, call.kind, call.occasion), Counter())
                out[_why_left_out(call, person)] += 1
    return found


def _why_left_out(call: Call, person: Recipient) -> str:
    if call.registered_until is not None and person.registered_at > call.registered_until:
        return "registered_later"
    if person.status is RegistrantStatus.PENDING and not call.to_pending:
        return "pending"
    return "opted_out" if person.opted_out and call.reminder else "did_not_come"


def _key_of(one: MailGroup) -> GroupKey:
    return one.session_key, one.kind, one.occasion


def _group_of(key: MessageKey) -> GroupKey:
    # As the store groups them: each certificate has an occasion of its own.
    return key.session_key, key.kind, "" if key.kind == CERTIFICATE else key.occasion
