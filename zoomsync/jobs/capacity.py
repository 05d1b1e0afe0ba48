"""Whether the mail host takes all that is to be sent: gathered from the outbox, in words for `check` and others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session as DbSession

from zoomsync import words
from zoomsync.domain.capacity import CHECKED, Batch, HostLimit, Shortfall, Windows, due_by_day, shortfalls
from zoomsync.domain.records import EventStatus
from zoomsync.jobs.check import CheckLine, Mark
from zoomsync.language import _
from zoomsync.store import events as stored_events
from zoomsync.store import reading
from zoomsync.store.schema import Database
from zoomsync.words import counted

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MailLimit:
    """The caps that mail goes by. windows: those that are set, else the host's usual ones. usual: the known host's,
    None for one that is not known. is_set: somebody set them."""

    windows: Windows
    usual: HostLimit | None
    is_set: bool

    @property
    def per_day(self) -> int | None:
        """Messages a day; None where there is no such cap."""
        return next((cap for window, cap in self.windows if window == _DAY), None)


@dataclass(frozen=True, slots=True)
class Capacity:
    """shortfalls: what does not fit, over all active events. busy_days: days on which more is due than the host takes
    in a day, as (event's zone day, messages)."""

    shortfalls: tuple[Shortfall, ...] = ()
    busy_days: tuple[tuple[str, int], ...] = ()


def look_at_capacity(
    limit: MailLimit, database: Database, now: datetime, *, zone: str, more: Sequence[tuple[Batch, str]] = ()
) -> Capacity:
    """What waits in the outbox, held against what the mail host takes. zone: whose days are counted.

    more: batches that are not in the outbox yet, each with its event's zone. Raises StoreError.
    """
    if not limit.windows:
        return Capacity()
    with database.read() as db:
        batches, zones = _waiting(db, now)
        used = reading.handed_over_since(db, now - _DAY, now)
    batches += [batch for batch, _ in more]
    zones |= {batch.event: its for batch, its in more}
    cap = limit.per_day
    days = due_by_day(batches, zone) if cap is not None else {}
    return Capacity(
        tuple(shortfalls(batches, limit.windows, now, zones, used)),
        tuple((f"{day:%Y-%m-%d}", count) for day, count in days.items() if cap is not None and count > cap),
    )


def _waiting(db: DbSession, now: datetime) -> tuple[list[Batch], dict[str, str]]:
    """What is to be sent of active events whose mail is not paused; with each event's zone."""
    batches, zones = [], {}
    for event in stored_events.all_stored(db):
        if event.status is EventStatus.ACTIVE and event.paused_at is None:
            zones[event.slug] = event.timezone
            batches += reading.batches_waiting(db, event.id, event.slug, now)
    return batches, zones


def check_capacity(limit: MailLimit, host: str, capacity: Capacity, zone: str) -> Iterator[CheckLine]:
    """The lines of `check`: what the host takes, and what will not fit."""
    if limit.usual is not None:
        yield CheckLine(
            Mark.OK if limit.is_set else Mark.WARNING if capacity.shortfalls or capacity.busy_days else Mark.OK,
            "mail",
            _("{host} usually takes {limit} (as of {month})").format(
                host=host, limit=in_words(limit.usual), month=CHECKED
            ),
            "" if limit.is_set else _set_it(limit.usual),
        )
    for day, count in capacity.busy_days:
        yield CheckLine(
            Mark.WARNING,
            "mail",
            _("{messages} are due on {day} ({zone}), and the mail host takes {per_day} a day").format(
                messages=counted(count, "message"), day=day, zone=zone, per_day=limit.per_day
            ),
            _("what does not fit waits for the next day: look at the lines below, or spread the reminders"),
        )
    for short in capacity.shortfalls:
        yield CheckLine(Mark.WARNING, short.batch.event, short_in_words(short), remedy(short))


def in_words(limit: HostLimit) -> str:
    """What a host takes: "500 messages a day (Gmail)"."""
    caps = (
        (limit.per_day, _("{messages} a day")),
        (limit.per_hour, _("{messages} an hour")),
        (limit.per_minute, _("{messages} a minute")),
    )
    said = words.listed([span.format(messages=counted(cap, "message")) for cap, span in caps if cap is not None])
    remark = f"; {_(limit.remark)}" if limit.remark else ""
    return f"{said} ({_(limit.name)}{remark})"


def short_in_words(short: Shortfall) -> str:
    """What does not fit, in a sentence without its event."""
    batch = short.batch
    what = words.mail_kind(batch.kind)
    if batch.session:
        what = _("{mail} of {session}").format(mail=what, session=batch.session)
    return _("{mail}: {count} of {messages} will not fit into what the mail host takes before it is too late").format(
        mail=what, count=batch.count - short.fits, messages=counted(batch.count, "message")
    )


def remedy(short: Shortfall) -> str:
    """What to do about it."""
    lead = short.batch.kind.partition(":")[2]
    if short.better:
        return _('write "{better}" in place of "{lead}" in the event\'s reminders: then all of it fits').format(
            better=short.better, lead=lead
        )
    return _("a mail host that takes more, or fewer reminders: no earlier moment is enough")


def limit_notes(capacity: Capacity) -> list[str]:
    """What `status` says of it: one sentence for each event."""
    worst: dict[str, int] = {}
    for short in capacity.shortfalls:
        worst[short.batch.event] = worst.get(short.batch.event, 0) + short.batch.count - short.fits
    return [
        _(
            "{event}: {messages} will not fit into what the mail host takes: zoomsync check "
            "{event} says which, and what would do"
        ).format(event=event, messages=counted(count, "message"))
        for event, count in worst.items()
    ]


def _set_it(limit: HostLimit) -> str:
    names: Mapping[str, int | None] = {
        "DAY": limit.per_day,
        "HOUR": limit.per_hour,
        "MINUTE": limit.per_minute,
    }
    said = " ".join(f"ZOOMSYNC_SMTP__MAX_PER_{span}={cap}" for span, cap in names.items() if cap is not None)
    return _("set {said}, or what your account allows: then it is kept to, and the nearest sessions go first").format(
        said=said
    )
