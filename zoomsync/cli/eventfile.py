"""`zoomsync new`, `go-live`, `move` and `cancel`: an event's file, written by a command and confirmed first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoomsync.cli.house import confirmed, opened, options_of
from zoomsync.cli.output import answer, answer_json, local_time, talk
from zoomsync.language import _, ngettext
from zoomsync.text import terminal
from zoomsync.words import trouble

if TYPE_CHECKING:
    from zoomsync.app import App
    from zoomsync.domain.capacity import Batch
    from zoomsync.domain.records import Event, SessionSpec
    from zoomsync.events.editing import Edited
    from zoomsync.events.successor import Answers
    from zoomsync.jobs.changing import Foreseen

Name = Annotated[str, typer.Argument(metavar="EVENT", help="The event's name.")]
SessionNumber = Annotated[
    int | None, typer.Option("--session", metavar="N", help="Which session: its place in the file, from 1.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would follow; write nothing.")]


def add_to(app: typer.Typer) -> None:
    app.command("new")(new)
    app.command("go-live")(go_live)
    app.command("move")(move)
    app.command("cancel")(cancel)


# ----------------------------------------------------------------------------------------------------------- a new one


def new(
    ctx: typer.Context,
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="The new event's name: letters, digits and dashes.")],
    source: Annotated[str, typer.Option("--from", metavar="EVENT", help="The event to begin from.")],
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Its title.")] = None,
    deadline: Annotated[str | None, typer.Option(metavar="DATE", help="Registration's deadline, 2024-03-05.")] = None,
    starts: Annotated[
        list[str] | None, typer.Option(metavar="TIME", help="When a session starts; once for each, in order.")
    ] = None,
    zoom: Annotated[
        str | None, typer.Option(metavar="LINK", help="Registration link, or the meeting's number.")
    ] = None,
) -> int:
    """Write the next event's file from the last one's. What is not known yet stays a comment in it."""
    from zoomsync.domain.handwritten import Mistake
    from zoomsync.errors import SettingsError
    from zoomsync.events.files import slug_of
    from zoomsync.events.successor import Answers, successor

    with opened(ctx, writes=False) as app:
        path = app.settings.resolved_events_dir / f"{slug.removesuffix('.toml')}.toml"
        try:
            slug_of(path)
        except Mistake as mistake:
            raise SettingsError(f"{slug}: {mistake}") from None
        if path.exists():
            raise SettingsError(_("{file} exists already: choose another name.").format(file=path))
        (event,) = app.choose_events([source]).events
        answers = _asked(ctx, event, Answers(title, deadline, tuple(starts or ()), zoom))
        made = successor(event, _path_of(app, event, source), answers)
        try:
            with path.open("xb") as out:
                out.write(made.data)
        except OSError as exc:
            words = _("{file} cannot be written ({why}).")
            raise SettingsError(words.format(file=path, why=trouble(exc))) from exc
        if options_of(ctx).json:
            answer_json({"file": str(path), "event": path.stem, "from": event.slug, "missing": made.missing})
            return 0
        answer(_("written  {file} (a draft)").format(file=path))
        if answers.title is None:
            answer(terminal(_('The title is still "{title}".').format(title=event.title)))
        if made.missing:
            words = _("To be written there: {keys}. Each stands there as a comment with the old value.")
            answer(words.format(keys=", ".join(made.missing)))
        words = _("Next: zoomsync check {event}, and zoomsync go-live {event} when all is right.")
        answer(words.format(event=path.stem))
        return 0


def _asked(ctx: typer.Context, event: Event, answers: Answers) -> Answers:
    """What was not said on the command line, asked for on a terminal; an empty answer leaves it open."""
    import sys
    from dataclasses import replace

    options = options_of(ctx)
    if options.yes or options.json or not sys.stdin.isatty():
        return answers

    def ask(what: str, known: str | None) -> str | None:
        if known is not None:
            return known
        question = _("{what} (empty: later)").format(what=what)
        return typer.prompt(question, default="", show_default=False, err=True).strip() or None

    title = ask(_('Title, last time "{title}"').format(title=terminal(event.title)), answers.title)
    deadline = ask(_("Last day to register, like 2024-03-05"), answers.deadline)
    starts = [
        ask(_("{session} starts, like 2024-03-07 08:00").format(session=terminal(spec.title)), None) or ""
        for spec in event.sessions[len(answers.starts) :]
    ]
    zoom = ask(_("Zoom's registration link, or the meeting's number"), answers.zoom)
    return replace(answers, title=title, deadline=deadline, starts=(*answers.starts, *starts), zoom=zoom)


# ---------------------------------------------------------------------------------------------------------------- live


def go_live(ctx: typer.Context, event: Name, dry_run: DryRun = False) -> int:
    """Turn a draft active: check everything, look at what will happen, and confirm."""
    from zoomsync.cli.checklist import Checklist
    from zoomsync.cli.setup import findings
    from zoomsync.domain.records import EventStatus
    from zoomsync.errors import SettingsError
    from zoomsync.events.editing import set_status
    from zoomsync.jobs.changing import foresee
    from zoomsync.jobs.check import Mark

    options = options_of(ctx)
    with opened(ctx, writes=not dry_run) as app:
        (chosen,) = app.choose_events([event]).events
        if chosen.status is not EventStatus.DRAFT:
            active = _("{event} is active already: only a draft goes live.")
            words = (
                active if chosen.status is EventStatus.ACTIVE else _("{event} is cancelled: only a draft goes live.")
            )
            raise SettingsError(words.format(event=chosen.slug))
        if chosen.sessions and all(one.ends_at <= app.clock() for one in chosen.sessions):
            words = _("{event} is over by its file: write the dates of the next one there.")
            raise SettingsError(words.format(event=chosen.slug))
        edited = set_status(_path_of(app, chosen, event), EventStatus.ACTIVE)
        crosses, shown = [], Checklist()
        for line in findings(app, [event], live=True):
            crosses += [line] if line.mark is Mark.CROSS else []
            if not options.json:
                shown.add(line)
        if not crosses and not dry_run:
            run = app.syncer().sync(chosen).run
            if run.error:
                words = _("the look at the registrants: {error}").format(error=run.error)
                talk(f"zoomsync: {chosen.slug}: {words}")
        foreseen = foresee(edited.event, app.database, app.clock())
        lines = _timeline(app, edited.event, foreseen)
        if not options.json:
            answer()
            for said in lines:
                answer(said)
            answer()
        changed = False
        if crosses:
            words = _("{event} stays a draft: mend what has a cross, and try again.")
            talk(f"zoomsync: {words.format(event=chosen.slug)}")
        elif not dry_run and confirmed(ctx, _("Let {event} go live?").format(event=chosen.slug)):
            changed = _put(edited)
        if options.json:
            answer_json(
                {"event": chosen.slug, "changed": changed, "crosses": [one.text for one in crosses], "timeline": lines}
            )
        elif changed:
            words = _("{file}: status is active. The daemon acts on it within seconds; cron at its next run.")
            answer(words.format(file=edited.path))
        elif not crosses:
            answer(_("Nothing was changed: {event} is a draft.").format(event=chosen.slug))
        return 1 if crosses else 0


def _timeline(app: App, event: Event, foreseen: Foreseen) -> list[str]:
    """What will happen from now on, with counts, a line each."""
    from zoomsync.cli.timeline import in_words, limits_in_words, shown_at
    from zoomsync.jobs.capacity import look_at_capacity
    from zoomsync.jobs.timeline import look_at_timeline

    found = look_at_timeline(event, app.database, app.settings.privacy.retention_days, mail=foreseen.mail)
    if found is None or not foreseen.pulled:
        return [_("Nobody was pulled yet, so there is nothing to count.")]
    now, zone = app.clock(), event.timezone
    capacity = look_at_capacity(
        app.mail_limit, app.database, now, zone=zone, more=[(batch, zone) for batch in foreseen.batches]
    )
    coming = [one for one in found.entries if one.at > now]
    at_once = [one for one in foreseen.batches if one.due_at <= now]
    closes = [_("The registration deadline has passed: registration is closed at once.")]
    return [
        *(closes if event.registration_deadline <= now else ()),
        *(terminal(_in_one_line(one)) for one in at_once),
        *(f"{local_time(shown_at(one, zone), zone)}  {terminal(in_words(one))}" for one in coming),
        *(terminal(f"! {line}") for line in limits_in_words(app.mail_limit, capacity, event.slug)),
    ]


def _in_one_line(batch: Batch) -> str:
    """What goes out as soon as the event is active."""
    from zoomsync.words import mail_kind, mails_in

    what = mail_kind(batch.kind) + (f", {batch.session}" if batch.session else "")
    return _("At once: {kind}: {counts}").format(kind=what, counts=mails_in("pending", batch.count))


# ---------------------------------------------------------------------------------------------------- move and cancel


def move(
    ctx: typer.Context,
    event: Name,
    to: Annotated[
        str, typer.Option("--to", metavar="TIME", help='When it starts: "2024-03-09 08:00", or "9:30" for that day.')
    ],
    session: SessionNumber = None,
    dry_run: DryRun = False,
) -> int:
    """Move a session in the event's file. Who registered is told, once the new time has stood for ten minutes."""
    from zoneinfo import ZoneInfo

    from zoomsync.domain.handwritten import Mistake, read_new_start
    from zoomsync.domain.moving import refuse_wrong_move, session_meant
    from zoomsync.errors import SettingsError
    from zoomsync.events.editing import move_session
    from zoomsync.jobs.changing import left_to_do_on_move

    with opened(ctx, writes=not dry_run) as app:
        (chosen,) = app.choose_events([event]).events
        _refuse_cancelled(chosen)
        try:
            number = session_meant(chosen.sessions, session)
            spec = chosen.sessions[number - 1]
            starts_at = read_new_start(to, spec.starts_at, ZoneInfo(chosen.timezone))
            ends_at = refuse_wrong_move(chosen.sessions, number, starts_at, app.clock())
        except Mistake as mistake:
            raise SettingsError(f"{chosen.slug}: {mistake}") from None
        edited = move_session(_path_of(app, chosen, event), number, starts_at, ends_at)
        after = edited.event.sessions[number - 1]
        lines = [
            _("{event}: {session}, times in {zone}").format(
                event=chosen.slug, session=spec.title, zone=chosen.timezone
            ),
            "  " + _("now: {span}").format(span=_span(spec, chosen.timezone)),
            "  " + _("new: {span}").format(span=_span(after, chosen.timezone)),
        ]
        if edited.event.registration_deadline > starts_at:
            lines.append("  " + _("The registration deadline is after the new start."))
        todo = left_to_do_on_move(chosen, number)
        said = {"session": number, "starts": starts_at, "ends": ends_at}
        return _change(
            ctx, app, edited, lines, todo, _("Move {session}?").format(session=spec.title), said, dry_run=dry_run
        )


def cancel(
    ctx: typer.Context,
    event: Name,
    session: SessionNumber = None,
    announce: Annotated[
        bool, typer.Option("--announce", help="Tell everybody who is approved or waits, with the calendar's CANCEL.")
    ] = False,
    dry_run: DryRun = False,
) -> int:
    """Cancel an event in its file, or one session: nothing more of it is mailed."""
    from zoomsync.domain.handwritten import Mistake
    from zoomsync.domain.moving import session_meant
    from zoomsync.domain.records import EventStatus
    from zoomsync.errors import SettingsError
    from zoomsync.events.editing import cancel_session, set_status
    from zoomsync.jobs.changing import left_to_do_on_cancel

    with opened(ctx, writes=not dry_run) as app:
        (chosen,) = app.choose_events([event]).events
        path, number = _path_of(app, chosen, event), None
        now = app.clock()
        over = _("{what} is over: what was cannot be cancelled.")
        if session is None:
            if chosen.status is EventStatus.CANCELLED and (chosen.announce or not announce):
                raise SettingsError(_("{event} is cancelled already.").format(event=chosen.slug))
            if chosen.sessions and all(one.ends_at <= now for one in chosen.sessions):
                raise SettingsError(over.format(what=chosen.slug))
            edited = set_status(path, EventStatus.CANCELLED, announce=announce)
            what = _("{event}: {title}, the whole event").format(event=chosen.slug, title=chosen.title)
        else:
            _refuse_cancelled(chosen)
            try:
                number = session_meant(chosen.sessions, session, again=announce)
            except Mistake as mistake:
                raise SettingsError(f"{chosen.slug}: {mistake}") from None
            spec = chosen.sessions[number - 1]
            if spec.ends_at <= now:
                raise SettingsError(f"{chosen.slug}: {over.format(what=spec.title)}")
            edited = cancel_session(path, number, announce=announce)
            what = f"{chosen.slug}: {spec.title}, {_span(spec, chosen.timezone)} ({chosen.timezone})"
        todo = left_to_do_on_cancel(chosen, number, announced=announce)
        lines = [_("To be cancelled: {what}").format(what=what)]
        if not announce:
            lines.append(_("Nobody is told: --announce tells everybody who is approved or waits."))
        said: dict[str, Any] = {"session": session, "announce": announce}
        return _change(ctx, app, edited, lines, todo, _("Cancel it?"), said, dry_run=dry_run)


def _change(
    ctx: typer.Context,
    app: App,
    edited: Edited,
    lines: list[str],
    todo: list[str],
    question: str,
    said: dict[str, Any],
    *,
    dry_run: bool,
) -> int:
    """Show what is meant and what follows, ask, write the file, and list what stays to be done."""
    from zoomsync.jobs.changing import foresee

    options = options_of(ctx)
    foreseen = foresee(edited.event, app.database, app.clock())
    slug = edited.event.slug
    if not options.json:
        for line in [*lines, *_in_words(foreseen, quiet=said.get("announce") is False)]:
            answer(terminal(line) if not line.startswith("  ") else f"  {terminal(line)}")
    changed = not dry_run and confirmed(ctx, question) and _put(edited)
    if options.json:
        answer_json(
            {
                "event": slug,
                **said,
                "file": str(edited.path),
                "changed": changed,
                "told": foreseen.told,
                "withdrawn": foreseen.withdrawn,
                "to_do": todo,
            }
        )
        return 0
    if dry_run:
        answer(_("This was a dry run: nothing was written."))
        return 0
    if not changed:
        answer(_("Nothing was changed."))
        return 0
    words = _(
        "{file} is changed. The daemon acts on it at its next sync; without one: zoomsync sync {event}, then zoomsync "
        "remind {event}."
    )
    answer(words.format(file=edited.path, event=slug))
    answer(_("What stays to be done:"))
    for line in todo:
        answer(terminal(f"- {line}."))
    return 0


def _in_words(foreseen: Foreseen, *, quiet: bool) -> list[str]:
    """Who hears of it and what is taken back. quiet: that nobody is told was said already."""
    if not foreseen.pulled:
        return [_("Nobody was pulled yet, so nobody is known who could be told.")]
    lines = []
    if number := foreseen.told:
        words = ngettext(
            "{number} registrant will be told, with a calendar entry.",
            "{number} registrants will be told, with a calendar entry.",
            number,
        )
        lines.append(words.format(number=number))
    if number := foreseen.withdrawn:
        words = ngettext(
            "{number} message that did not go out yet will be taken back.",
            "{number} messages that did not go out yet will be taken back.",
            number,
        )
        lines.append(words.format(number=number))
    return lines or ([] if quiet else [_("Nobody will be told: no mail follows from it.")])


# -------------------------------------------------------------------------------------------------------------- little


def _put(edited: Edited) -> bool:
    from zoomsync.events.editing import put

    put(edited)
    return True


def _path_of(app: App, event: Event, name: str) -> Path:
    """The event's file: in the folder of events, or as it was named."""
    path = app.settings.resolved_events_dir / f"{event.slug}.toml"
    return path if path.exists() else Path(name)


def _refuse_cancelled(event: Event) -> None:
    from zoomsync.domain.records import EventStatus
    from zoomsync.errors import SettingsError

    if event.status is EventStatus.CANCELLED:
        raise SettingsError(_("{event} is cancelled as a whole.").format(event=event.slug))


def _span(spec: SessionSpec, zone: str) -> str:
    from zoneinfo import ZoneInfo

    from zoomsync.words import at_length, clock

    ends = clock(spec.ends_at.astimezone(ZoneInfo(zone)))
    return _("{start} to {end}").format(start=at_length(spec.starts_at, zone), end=ends)
