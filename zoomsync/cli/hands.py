"""`zoomsync pause`, `resume`, `optout` and `resend`: what an organiser does about mail with their own hands."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from zoomsync.cli.house import actor, chosen_events, opened, options_of
from zoomsync.cli.output import answer, answer_json, talk
from zoomsync.language import _, ngettext
from zoomsync.text import terminal

if TYPE_CHECKING:
    from zoomsync.app import App
    from zoomsync.domain.records import Event
    from zoomsync.jobs.resend import Links
    from zoomsync.jobs.stops import MailStop

Name = Annotated[str, typer.Argument(metavar="EVENT", help="The event's name.")]
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The address they registered with.")]


def add_to(app: typer.Typer) -> None:
    app.command("pause")(pause)
    app.command("resume")(resume)
    app.command("optout")(optout)
    app.command("resend")(resend)


# ----------------------------------------------------------------------------------------------------- pause and resume


def pause(ctx: typer.Context, event: Name) -> int:
    """Stop an event's mail at once, until you resume it. Syncs and closing go on."""
    return _set_paused(ctx, event, paused=True)


def resume(ctx: typer.Context, event: Name) -> int:
    """Let a paused event's mail go on."""
    return _set_paused(ctx, event, paused=False)


def _set_paused(ctx: typer.Context, name: str, *, paused: bool) -> int:
    from zoomsync.errors import EventFileError, SettingsError
    from zoomsync.jobs.stops import stop_mail

    with opened(ctx) as app:
        file: Event | None = None
        trouble: Exception | None = None
        try:
            (file,) = app.choose_events([name]).events
        except (EventFileError, SettingsError) as error:
            trouble = error  # an event that the database knows is stopped all the same
        slug = file.slug if file else name.removesuffix(".toml")
        done = stop_mail(slug, file, paused=paused, database=app.database, now=app.clock(), actor=actor())
        if done is None:
            assert trouble is not None
            raise trouble
        if options_of(ctx).json:
            answer_json(asdict(done))
        else:
            answer(_stop_in_words(done))
        return 0


def _stop_in_words(done: MailStop) -> str:
    wait = ngettext("{number} message waits", "{number} messages wait", done.waiting).format(number=done.waiting)
    if done.due:
        wait += ", " + _("{number} of them due now").format(number=done.due)
    if done.paused:
        state = _("mail is paused") if done.changed else _("mail is paused already")
        then = _("zoomsync resume {event} lets it go on.").format(event=done.event)
        return f"{done.event}: {state}: {wait}. {then}"
    if not done.changed:
        return f"{done.event}: " + _("mail was not paused") + f": {wait}."
    goes = " " + _("zoomsync remind sends what is due; so does the daemon.") if done.due else ""
    return f"{done.event}: " + _("mail goes on") + f": {wait}.{goes}"


# ----------------------------------------------------------------------------------------------------------- opting out


def optout(
    ctx: typer.Context,
    email: Email,
    events: Annotated[
        list[str] | None, typer.Argument(metavar="EVENT", help="Of these events; all they registered for by default.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="They want reminders again.")] = False,
) -> int:
    """Send somebody no more reminders. Notices of a change or a cancellation still go."""
    from zoomsync.jobs.stops import opt_out
    from zoomsync.text import mask_email

    _refuse_no_address(email)
    with opened(ctx) as app:
        chosen = chosen_events(app, events or [])
        done = opt_out(
            email,
            chosen.events,
            undo=undo,
            named=bool(events) or not undo,
            database=app.database,
            now=app.clock(),
            actor=actor(),
        )
        missing = [event.slug for event in chosen.events if events and event.slug not in {one.event for one in done}]
        if options_of(ctx).json:
            answer_json({"email": email, "reminders": undo, "events": [asdict(one) for one in done]})
        for one in [] if options_of(ctx).json else done:
            already = "" if one.changed else " " + _("(so it was already)")
            word = _("reminders go again to {email}") if undo else _("no more reminders to {email}")
            answer(terminal(f"{one.event}: {word.format(email=email)}{already}."))
        if missing or not done:
            where = f" ({', '.join(missing)})" if missing else ""
            stopped, unknown = _("{email} had not opted out"), _("nobody is registered with the address {email}")
            talk(f"zoomsync: {(stopped if undo else unknown).format(email=mask_email(email))}{where}.")
        return 0 if done and not missing else 1


# ------------------------------------------------------------------------------------------------------- the link again


def resend(
    ctx: typer.Context,
    email: Email,
    event: Annotated[
        str | None, typer.Option(metavar="EVENT", help="Of this event; of all they registered for by default.")
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="Print words to paste into a chat; send nothing.")] = False,
) -> int:
    """Send somebody their link once more, at once."""
    from zoomsync.domain.records import EventStatus
    from zoomsync.errors import SettingsError
    from zoomsync.jobs.resend import find_links
    from zoomsync.text import mask_email

    _refuse_no_address(email)
    with opened(ctx) as app:
        chosen = chosen_events(app, [event] if event else [])
        events = [one for one in chosen.events if event or one.status is EventStatus.ACTIVE]
        if not text:
            app.refuse_rehearsing_for_real(zoom=False, mail=True, yes=options_of(ctx).yes)
        _look_at_zoom(app, events)
        found = find_links(events, email, database=app.database, now=app.clock())
        if not found.links:
            who = _("nobody is registered with the address {email}").format(email=mask_email(email))
            where = f" ({event})" if event else ""
            look = _("zoomsync explain EMAIL looks for one that is nearly the same, or for a name")
            raise SettingsError("\n".join(found.refused or [f"{who}{where}: {look}"]))
        for line in found.refused:
            talk(f"zoomsync: {line}")
        return _print_words(ctx, app, found) if text else _send_again(ctx, app, found)


def _look_at_zoom(app: App, events: list[Event]) -> None:
    """Who registered a moment ago has a link too. Where Zoom cannot be reached the last whole pull counts."""
    for one in events:
        run = app.syncer().sync(one).run
        if run.error:
            talk(f"zoomsync: {one.slug}: {run.error} " + _("What follows goes by the last whole pull."))


def _print_words(ctx: typer.Context, app: App, found: Links) -> int:
    from zoomsync.jobs.resend import write_shown

    now = app.clock()
    texts = [(link, app.renderer.chat(link.event, link.person, link.sessions, now)) for link in found.links]
    write_shown(found.links, database=app.database, now=now, actor=actor())
    if options_of(ctx).json:
        answer_json({"texts": [{"event": link.event.slug, "to": link.person.email, "text": it} for link, it in texts]})
        return 0
    for number, (__, words) in enumerate(texts):
        if number:
            answer()
        for line in words.splitlines():
            answer(terminal(line))
    return 0


def _send_again(ctx: typer.Context, app: App, found: Links) -> int:
    from zoomsync.cli.mail import deliver_now
    from zoomsync.errors import SettingsError
    from zoomsync.jobs.resend import plan_resend
    from zoomsync.text import mask_email

    if found.bounced:
        masked = mask_email(found.links[0].person.email)
        words = _(
            "Mail to {email} came back, so nothing goes there: take that back first with zoomsync outbox bounced EMAIL "
            "--undo, or give them the link by another way with --text."
        )
        raise SettingsError(words.format(email=masked))
    if found.paused:
        words = _("The mail of {events} is paused: zoomsync resume lets it go on; --text prints the link.")
        raise SettingsError(words.format(events=", ".join(found.paused)))
    numbers = plan_resend(found.links, database=app.database, now=app.clock(), actor=actor())
    return deliver_now(ctx, app, {link.event_id: link.event for link in found.links}, numbers)


def _refuse_no_address(email: str) -> None:
    from zoomsync.errors import SettingsError
    from zoomsync.text import is_email, mask_email

    if not is_email(email.strip()):
        raise SettingsError(_("{address} is not one e-mail address.").format(address=mask_email(email)))
