"""An event's life in one list: what happened and what will, each with its moment and its counts.

Pure: rows come from `store.reading`; words and zones are for whoever shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from zoomsync.domain.records import Event, EventStatus, OutboxState, Session, SyncRun
from zoomsync.domain.registration import Deadline
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
    RETENTION_WARNING = "retention_warning"
    RETENTION = "retention"


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

    note: why, or by whom.
    """

    at: datetime
    kind: EntryKind
    subject: str = ""
    counts: tuple[tuple[str, int], ...] = ()
    note: str = ""


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
) -> list[Entry]:
    """Everything that happened to an event and will, by its moment.

    runs: the sync runs worth telling, those that changed something or failed. mail: the outbox, by group. A group that
    waits stands at the moment when it is due, one that was sent at the moment when the last of it went out.
    retention_days: how long personal data is kept after the last session; 0 for ever.
    """
    titles = {one.key: one.title for one in sessions}
    entries = [Entry(first_seen_at, EntryKind.FIRST_SEEN, event.title)]
    entries += [_of_run(run) for run in runs]
    entries += [Entry(act.at, EntryKind.REGISTRATION, act.subject, note=f"{act.what} by {act.actor}") for act in acts]
    if deadline.closes_at is not None:
        entries.append(Entry(deadline.closes_at, EntryKind.DEADLINE, event.zoom.closing.value))
    entries += _of_mail(mail, titles)
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


def _of_mail(groups: Iterable[MailGroup], titles: dict[str, str]) -> list[Entry]:
    """One entry for each kind and session and each moment at which its groups stand."""
    together: dict[tuple[str, str, str, datetime], list[MailGroup]] = {}
    for group in groups:
        at = group.sent_at if group.state is OutboxState.SENT and group.sent_at else group.due_at
        together.setdefault((group.session_key, group.kind, group.occasion, at), []).append(group)
    entries = []
    for (session_key, kind, _, at), some in together.items():
        subject = f"{kind}, {titles[session_key]}" if session_key in titles else kind
        some.sort(key=lambda group: (group.state is not OutboxState.SENT, -group.messages, group.state))
        reasons = [f"{group.state}: {group.reason}" for group in some if group.reason]
        counts = tuple((group.state.value, group.messages) for group in some)
        entries.append(Entry(at, EntryKind.MAIL, subject, counts, "; ".join(reasons)))
    return entries
