"""When personal data of an event is removed, and when the organiser is warned of it.

Pure. What is removed, and what stays for the counts: `store.privacy`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

WARNING = timedelta(days=14)  # before the removal


class RetentionStep(StrEnum):
    NOTHING = "nothing"
    WARN = "warn"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is known of one event that holds personal data.

    removed_at: see `removal_at`, None where it is kept for ever. told_for: the removal that the organiser was last
    warned of, told_at: when that was; None without a warning.
    """

    removed_at: datetime | None
    told_for: datetime | None = None
    told_at: datetime | None = None


def removal_at(ends: Iterable[datetime], deadline: datetime, days: int) -> datetime | None:
    """When personal data of an event is removed: `days` after its last session, None (for ever) where that is 0.

    ends: of all its sessions, those of its file and those that are known, cancelled ones too. deadline: counts where
    there is no session at all.
    """
    return max(ends, default=deadline) + timedelta(days=days) if days else None


def retention_step(keeping: Keeping, now: datetime, *, by_hand: bool = False) -> RetentionStep:
    """Say what is due at `now`.

    The warning: once for each moment of removal, from fourteen days before it on. The removal: when it is due; nobody
    is taken by surprise by it, so that one which was not warned of in time (an old database, a mail server that does
    not answer) waits until fourteen days after the warning, and for fourteen days at most. by_hand: a person asks for
    it, who needs no warning.
    """
    due_at = keeping.removed_at
    if due_at is None or now < due_at - WARNING:
        return RetentionStep.NOTHING
    told_at = keeping.told_at if keeping.told_for == due_at else None
    if now >= due_at:
        waits_until = due_at if by_hand else min(due_at + WARNING, max(due_at, (told_at or now) + WARNING))
        if now >= waits_until:
            return RetentionStep.REMOVE
    return RetentionStep.WARN if told_at is None else RetentionStep.NOTHING
