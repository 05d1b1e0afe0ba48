"""What a person must hear of at once, and not twice: which alarms stand, which are new, which are over.

Pure: the facts come from `jobs.status`, the rows from `store.alarms`, and telling is `jobs.alarms`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from zoomsync.language import _, ngettext

# Zoom has its bad minutes: a sync that fails is told after an hour.
FAILING_FOR = timedelta(hours=1)
# The sweep that closes registration has this long before anybody is called.
CLOSING_TAKES = timedelta(minutes=2)


class Alarm(StrEnum):
    """Every alarm there is. What to do about each: docs/operating.md, "Alarms"."""

    SYNC_FAILING = "sync_failing"
    OVERDUE = "overdue"
    PAUSED = "paused"
    MAIL = "mail"  # of no event: the mail server refuses us
    NOT_CLOSED = "not_closed"
    REGISTRATION = "registration"
    REOPENED = "reopened"
    DENIALS = "denials"
    HELD = "held"
    WITHOUT_LINK = "without_link"
    TIMES = "times"
    MOVED = "moved"
    SEATS = "seats"


class AlarmKey(NamedTuple):
    """event: its slug, "" for what concerns all. what: an `Alarm`, as the database keeps it."""

    event: str
    what: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one event that is active and not over.

    last_run_at: when the newest sync began, well or not; last_sync_failed: it failed, with `sync_error`.
    last_ok_at: the last complete pull, None without one.
    overdue, held, without_link: how many messages, cancellations, approved registrants. closes_at: the deadline in
    force. not_closed, registration_error, reopened: see `jobs.status.EventStanding`. times_held: titles of sessions.
    too_many: words on seats, "" where there are enough. denials_held: words on denials that want a person's word.
    moves: words on each new time that is about to be told. paused: its mail is stopped by a person.
    """

    event: str
    first_seen_at: datetime
    last_run_at: datetime | None = None
    last_sync_failed: bool = False
    sync_error: str = ""
    last_ok_at: datetime | None = None
    overdue: int = 0
    held: int = 0
    without_link: int = 0
    closes_at: datetime | None = None
    not_closed: bool = False
    registration_error: str = ""
    reopened: bool = False
    times_held: tuple[str, ...] = ()
    too_many: str = ""
    denials_held: str = ""
    moves: tuple[str, ...] = ()
    paused: bool = False


def alarms_of(facts: Facts, now: datetime) -> dict[AlarmKey, str]:
    """The alarms of one event at `now`, in words that say what to do."""
    slug = facts.event
    found: dict[Alarm, str] = {}
    if facts.last_sync_failed and now - (facts.last_ok_at or facts.first_seen_at) >= FAILING_FOR:
        found[Alarm.SYNC_FAILING] = _("nobody was pulled for an hour: {error}").format(error=facts.sync_error)
    if facts.overdue and facts.paused:
        found[Alarm.PAUSED] = ngettext(
            "its mail is paused, and {number} message that is due waits: `zoomsync resume {slug}` lets it go on",
            "its mail is paused, and {number} messages that are due wait: `zoomsync resume {slug}` lets it go on",
            facts.overdue,
        ).format(number=facts.overdue, slug=slug)
    elif facts.overdue:
        found[Alarm.OVERDUE] = ngettext(
            "{number} message is overdue: `zoomsync outbox list` shows it, and `zoomsync check` tries the mail server",
            "{number} messages are overdue: `zoomsync outbox list` shows them, and `zoomsync check` tries the mail "
            "server",
            facts.overdue,
        ).format(number=facts.overdue)
    if facts.not_closed and _closing_had_its_time(facts, now):
        reason = facts.registration_error or _("`zoomsync sync {slug}` closes it").format(slug=slug)
        found[Alarm.NOT_CLOSED] = _("registration is NOT CLOSED although the deadline has passed: {reason}").format(
            reason=reason
        )
    elif facts.registration_error and not facts.not_closed:
        found[Alarm.REGISTRATION] = f"registration: {facts.registration_error}"
    if facts.reopened:
        found[Alarm.REOPENED] = _(
            "somebody opened registration again in Zoom's portal after the deadline, and it was "
            "closed once more: `zoomsync reopen {slug}` if it is to stay open"
        ).format(slug=slug)
    if facts.held:
        found[Alarm.HELD] = _(
            "{number} registrants are no longer listed by Zoom; that is many, so they stay as they "
            "are until another sync says the same"
        ).format(number=facts.held)
    if facts.without_link:
        found[Alarm.WITHOUT_LINK] = ngettext(
            "Zoom gave no personal link for {number} approved registrant: their mail waits until it does",
            "Zoom gave no personal link for {number} approved registrants: their mail waits until it does",
            facts.without_link,
        ).format(number=facts.without_link)
    if facts.times_held:
        found[Alarm.TIMES] = _(
            "file and Zoom disagree about the time of {sessions}, so its mail waits: `zoomsync "
            "check {slug}` says how far"
        ).format(sessions=", ".join(facts.times_held), slug=slug)
    if facts.moves:
        # Not trouble, but a person is told first of what is about to go out to everybody.
        found[Alarm.MOVED] = "; ".join(facts.moves)
    if facts.denials_held:
        found[Alarm.DENIALS] = facts.denials_held
    if facts.too_many:
        found[Alarm.SEATS] = facts.too_many
    return {AlarmKey(slug, what.value): words for what, words in found.items()}


def _closing_had_its_time(facts: Facts, now: datetime) -> bool:
    """Not right after the deadline, nor right after a time when nothing ran: first it is looked and closed."""
    if facts.closes_at is None or facts.last_run_at is None:
        return False
    return now >= facts.closes_at + CLOSING_TAKES and facts.last_run_at >= facts.closes_at


class AlarmChanges(NamedTuple):
    """raised: new ones, with their words. over: those that stood and stand no more."""

    raised: Mapping[AlarmKey, str]
    over: Collection[AlarmKey]


def compare_alarms(standing: Collection[AlarmKey], found: Mapping[AlarmKey, str]) -> AlarmChanges:
    """What to tell: each alarm once when it begins, and once when it is over, however its words change meanwhile."""
    raised = {key: words for key, words in found.items() if key not in standing}
    return AlarmChanges(raised, sorted(key for key in standing if key not in found))
