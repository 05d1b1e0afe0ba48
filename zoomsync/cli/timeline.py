"""`zoomsync timeline`: an event's past and future in one list."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from zoomsync.cli.house import opened, options_of
from zoomsync.cli.output import answer, answer_json, local_time, paint, wrapped
from zoomsync.cli.sync import changes_in_words
from zoomsync.language import N_, _, ngettext
from zoomsync.text import terminal
from zoomsync.words import MAIL_STATES, counted, event_status, last_minute, mail_kind, mail_state, mails_in, reason

if TYPE_CHECKING:
    from zoomsync.domain.timeline import Entry
    from zoomsync.jobs.capacity import Capacity, MailLimit

_COUNTED = {
    "came": lambda n: ngettext("{number} came", "{number} came", n),
    "unmatched": lambda n: ngettext("{number} not identified", "{number} not identified", n),
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
            words = _("{event} was never synced: zoomsync sync {event} comes first.")
            raise SettingsError(words.format(event=chosen.slug))
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
        heading = _("{title} ({status}), times of {zone}").format(
            title=chosen.title, status=event_status(chosen.status), zone=zone
        )
        answer(paint(wrapped(terminal(heading), indent=0), "bold"))
        if found.paused:
            words = _("Its mail is paused: zoomsync resume {event} lets it go on.")
            answer(f"! {wrapped(words.format(event=chosen.slug), indent=2)}")
        mark = paint("---- " + _("now") + " ----", "bold")
        told_now = False
        for one in found.entries:
            if one.at > now and not told_now:
                answer(f"{local_time(now, zone)}  {mark}")
                told_now = True
            answer(f"{local_time(shown_at(one, zone), zone)}  {wrapped(terminal(in_words(one)), indent=18)}")
        if not told_now:
            answer(f"{local_time(now, zone)}  {mark}")
        for line in limits_in_words(app.mail_limit, capacity, chosen.slug):
            answer(f"! {wrapped(terminal(line), indent=2)}")
        if found.quiet_runs:
            answer(_("Besides, {syncs} changed nothing.").format(syncs=counted(found.quiet_runs, "sync")))
        return 0


def limits_in_words(limit: MailLimit, capacity: Capacity, slug: str) -> list[str]:
    """What the mail host will not take in time, of one event, a line each."""
    from zoomsync.jobs.capacity import remedy, short_in_words

    days = [
        _("{messages} of all events are due on {day}, and the mail host takes {limit} a day").format(
            messages=counted(count, "message"), day=day, limit=limit.per_day
        )
        for day, count in capacity.busy_days
    ]
    short = [one for one in capacity.shortfalls if one.batch.event == slug]
    return [*days, *(f"{short_in_words(one)}: {remedy(one)}" for one in short)]


def in_words(one: Entry) -> str:
    """One entry as an organiser reads it."""
    kind = one.kind.value
    if kind == "sync":
        counts = changes_in_words(dict(one.counts))
    elif kind == "attendance":
        counts = ", ".join(_COUNTED[name](number).format(number=number) for name, number in one.counts)
    else:
        counts = ", ".join(mails_in(name, number) for name, number in one.counts)
    message, _mark, session = one.subject.partition(", ")
    by_hand = _("DEADLINE: registration closes (people approve)")
    erased = sum(number for __, number in one.counts)
    words = {
        "first_seen": _("first seen: {subject}"),
        "sync": _("sync: {counts}"),
        "sync_failed": _("sync FAILED: {note}"),
        "registration": _("registration {act}, meeting {subject}") if one.subject else _("registration {act}"),
        "deadline": by_hand if one.subject == "manual" else _("DEADLINE: registration closes"),
        "mail": _("{kind}: {counts}"),
        "session_starts": _("STARTS: {subject}"),
        "session_ends": _("ends: {subject}"),
        "attendance": _("attendance of {subject}: {counts}"),
        "erased": _("personal data was removed: {registrations}"),
        "retention_warning": _("warning that personal data will be removed"),
        "retention": _("personal data is removed"),
    }[kind]
    said = words.format(
        subject=one.subject,
        counts=counts or _("Zoom is asked who came"),
        note=one.note,
        act=_act(one.note) if kind == "registration" else "",
        kind=mail_kind(message) + (f", {session}" if session else ""),
        registrations=counted(erased, "registration"),
    )
    if one.note and kind in ("mail", "session_starts", "erased"):
        said += f" ({_note(one.note)})"
    if one.left_out:
        said += "; " + _("not to {people}").format(people=", ".join(_left_out(*each) for each in one.left_out))
    return said


def _act(note: str) -> str:
    """What was done to registration, and by whom: "closed by zoomsync"."""
    what, _mark, who = note.partition(" by ")
    return _("{act} by {actor}").format(act=_(_ACTS[what]), actor=who) if what in _ACTS else note


_ACTS = {"closed": N_("closed"), "opened": N_("opened"), "gated": N_("gated")}


def _note(note: str) -> str:
    """Why, as it was written down: "cancelled", "by NAME", or states of messages, each with a reason behind it."""
    if note == "cancelled":
        return _("called off")
    by, _mark, actor = note.partition("by ")
    if actor and not by:
        return _("by {actor}").format(actor=actor)
    parts = (part.partition(": ") for part in re.split(_NEXT_STATE, note))
    return "; ".join(f"{mail_state(state)}{mark}{reason(why)}" for state, mark, why in parts)


_NEXT_STATE = rf"; (?=(?:{'|'.join(MAIL_STATES)}): )"  # a reason may have such a mark of its own


def _left_out(name: str, number: int) -> str:
    words = {
        "pending": ngettext("{number} who waits for approval", "{number} who wait for approval", number),
        "opted_out": ngettext("{number} who wants no reminders", "{number} who want no reminders", number),
        "registered_later": ngettext("{number} who registered later", "{number} who registered later", number),
        "did_not_come": ngettext("{number} who did not come", "{number} who did not come", number),
    }
    return words[name].format(number=number)


def shown_at(one: Entry, zone: str) -> datetime:
    """A deadline at midnight is the end of a day: people know it by its last minute."""
    return last_minute(one.at, zone) if one.kind.value == "deadline" else one.at
