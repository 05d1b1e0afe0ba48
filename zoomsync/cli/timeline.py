"""`zoomsync timeline`: an event's past and future in one list."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from zoomsync.cli.house import opened, options_of
from zoomsync.cli.output import answer, answer_json, local_time
from zoomsync.text import terminal
from zoomsync.words import counted

if TYPE_CHECKING:
    from zoomsync.domain.timeline import Entry
    from zoomsync.jobs.capacity import Capacity, MailLimit

_STATES = {
    "sent": "accepted by the mail server",
    "pending": "to be sent",
    "deferred": "to be tried again",
    "in_doubt": "in doubt",
    "unmatched": "not identified",
}


def add_to(app: typer.Typer) -> None:
    app.command("timeline")(timeline)


def timeline(
    ctx: typer.Context, event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's name.")]
) -> int:
    """Say everything that happened to an event and will: syncs, mail with its counts, deadline, sessions, retention."""
    from zoomsync.errors import SettingsError
    from zoomsync.jobs.capacity import look_at_capacity
    from zoomsync.jobs.timeline import look_at_timeline

    with opened(ctx) as app:
        (chosen,) = app.choose_events([event]).events
        now = app.clock()
        found = look_at_timeline(chosen, app.database, app.settings.privacy.retention_days, now=now)
        if found is None:
            raise SettingsError(f"{chosen.slug} was never synced: zoomsync sync {chosen.slug} comes first.")
        capacity = look_at_capacity(app.mail_limit, app.database, now, zone=chosen.timezone)
        short = [one for one in capacity.shortfalls if one.batch.event == chosen.slug]
        if options_of(ctx).json:
            answer_json(
                {
                    "event": chosen.slug,
                    "now": now,
                    "paused": found.paused,
                    "quiet_syncs": found.quiet_runs,
                    "entries": [
                        {
                            "at": one.at,
                            "kind": one.kind.value,
                            "subject": one.subject,
                            "counts": dict(one.counts),
                            "note": one.note,
                            "left_out": dict(one.left_out),
                            "past": one.at <= now,
                        }
                        for one in found.entries
                    ],
                    "will_not_fit": [
                        {
                            "session": one.batch.session,
                            "kind": one.batch.kind,
                            "messages": one.batch.count,
                            "fit": one.fits,
                            "better": one.better,
                        }
                        for one in short
                    ],
                    "busy_days": [{"day": day, "messages": count} for day, count in capacity.busy_days],
                }
            )
            return 0
        zone = chosen.timezone
        answer(terminal(f"{chosen.title} ({chosen.status}), times of {chosen.timezone}"))
        if found.paused:
            answer(f"! Its mail is paused: zoomsync resume {chosen.slug} lets it go on.")
        told_now = False
        for one in found.entries:
            if one.at > now and not told_now:
                answer(f"{local_time(now, zone)}  ---- now ----")
                told_now = True
            answer(f"{local_time(shown_at(one), zone)}  {terminal(in_words(one))}")
        if not told_now:
            answer(f"{local_time(now, zone)}  ---- now ----")
        for line in limits_in_words(app.mail_limit, capacity, chosen.slug):
            answer(terminal(f"! {line}"))
        if found.quiet_runs:
            answer(f"Besides, {counted(found.quiet_runs, 'sync')} changed nothing.")
        return 0


def limits_in_words(limit: MailLimit, capacity: Capacity, slug: str) -> list[str]:
    """What the mail host will not take in time, of one event, a line each."""
    from zoomsync.jobs.capacity import remedy, short_in_words

    days = [
        f"{counted(count, 'message')} of all events are due on {day}, and the mail host takes {limit.per_day} a day"
        for day, count in capacity.busy_days
    ]
    short = [one for one in capacity.shortfalls if one.batch.event == slug]
    return [*days, *(f"{short_in_words(one)}: {remedy(one)}" for one in short)]


def in_words(one: Entry) -> str:
    """One entry as an organiser reads it."""
    counts = ", ".join(f"{count} {_STATES.get(name, name)}" for name, count in one.counts)
    note = f" ({one.note})" if one.note else ""
    others = "; not to " + ", ".join(_left_out(*each) for each in one.left_out) if one.left_out else ""
    words = {
        "first_seen": f"first seen: {one.subject}",
        "sync": f"sync: {counts}",
        "sync_failed": f"sync FAILED: {one.note}",
        "registration": f"registration {one.note}" + (f", meeting {one.subject}" if one.subject else ""),
        "deadline": "DEADLINE: registration closes" + (" (people approve)" if one.subject == "manual" else ""),
        "mail": f"mail {one.subject}: {counts}{note}{others}",
        "session_starts": f"SESSION {one.subject} starts{note}",
        "session_ends": f"session {one.subject} ends",
        "attendance": f"attendance {one.subject}: {counts or 'Zoom is asked who came'}",
        "erased": "personal data was removed: "
        + ", ".join(counted(number, "registration") for _, number in one.counts)
        + note,
        "retention_warning": "warning that personal data will be removed",
        "retention": "personal data is removed",
    }
    return words[one.kind.value]


_LEFT_OUT = {
    "pending": ("who waits for approval", "who wait for approval"),
    "opted_out": ("who wants no reminders", "who want no reminders"),
    "registered_later": ("who registered later", "who registered later"),
    "did_not_come": ("who did not come", "who did not come"),
}


def _left_out(name: str, number: int) -> str:
    one, many = _LEFT_OUT[name]
    return f"{number} {one if number == 1 else many}"


def shown_at(one: Entry) -> datetime:
    """A deadline at midnight is the end of a day: people know it by its last minute."""
    return one.at - timedelta(minutes=1) if one.kind.value == "deadline" else one.at
