"""`zoomsync new`, `go-live`, `move` and `cancel`: an event's file, written by a command and confirmed first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoomsync.cli.house import confirmed, opened, options_of
from zoomsync.cli.output import answer, answer_json, local_time, talk
from zoomsync.text import terminal
from zoomsync.words import counted

if TYPE_CHECKING:
    from zoomsync.app import App
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
            raise SettingsError(f"{path} exists already: choose another name.")
        (event,) = app.choose_events([source]).events
        answers = _asked(ctx, event, Answers(title, deadline, tuple(starts or ()), zoom))
        made = successor(event, _path_of(app, event, source), answers)
        try:
            with path.open("xb") as out:
                out.write(made.data)
        except OSError as exc:
            raise SettingsError(f"{path} cannot be written ({exc.strerror}).") from exc
        if options_of(ctx).json:
            answer_json({"file": str(path), "event": path.stem, "from": event.slug, "missing": made.missing})
            return 0
        answer(f"written  {path} (a draft)")
        if answers.title is None:
            answer(terminal(f'The title is still "{event.title}".'))
        if made.missing:
            answer(
                f"To be written there: {', '.join(made.missing)}. Each stands there as a comment with the old value."
            )
        answer(f"Next: zoomsync check {path.stem}, and zoomsync go-live {path.stem} when all is right.")
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
        return typer.prompt(f"{what} (empty: later)", default="", show_default=False, err=True).strip() or None

    title = ask(f'Title, last time "{terminal(event.title)}"', answers.title)
    deadline = ask("Last day to register, like 2024-03-05", answers.deadline)
    starts = [
        ask(f"{terminal(spec.title)} starts, like 2024-03-07 08:00", None) or ""
        for spec in event.sessions[len(answers.starts) :]
    ]
    zoom = ask("Zoom's registration link, or the meeting's number", answers.zoom)
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
            word = "active already" if chosen.status is EventStatus.ACTIVE else "cancelled"
            raise SettingsError(f"{chosen.slug} is {word}: only a draft goes live.")
        if chosen.sessions and all(one.ends_at <= app.clock() for one in chosen.sessions):
            raise SettingsError(f"{chosen.slug} is over by its file: write the dates of the next one there.")
        edited = set_status(_path_of(app, chosen, event), EventStatus.ACTIVE)
        crosses, shown = [], Checklist()
        for line in findings(app, [event], live=True):
            crosses += [line] if line.mark is Mark.CROSS else []
            if not options.json:
                shown.add(line)
        if not crosses and not dry_run:
            run = app.syncer().sync(chosen).run
            if run.error:
                talk(f"zoomsync: {chosen.slug}: the look at the registrants: {run.error}")
        foreseen = foresee(edited.event, app.database, app.clock())
        lines = _timeline(app, edited.event, foreseen)
        if not options.json:
            answer()
            for said in lines:
                answer(said)
            answer()
        changed = False
        if crosses:
            talk(f"zoomsync: {chosen.slug} stays a draft: mend what has a cross, and try again.")
        elif not dry_run and confirmed(ctx, f"Let {chosen.slug} go live?"):
            changed = _put(edited)
        if options.json:
            answer_json(
                {"event": chosen.slug, "changed": changed, "crosses": [one.text for one in crosses], "timeline": lines}
            )
        elif changed:
            answer(f"{edited.path}: status is active. The daemon acts on it within seconds; cron at its next run.")
        elif not crosses:
            answer(f"Nothing was changed: {chosen.slug} is a draft.")
        return 1 if crosses else 0


def _timeline(app: App, event: Event, foreseen: Foreseen) -> list[str]:
    """What will happen from now on, with counts, a line each."""
    from zoomsync.cli.timeline import in_words, limits_in_words, shown_at
    from zoomsync.jobs.capacity import look_at_capacity
    from zoomsync.jobs.timeline import look_at_timeline

    found = look_at_timeline(event, app.database, app.settings.privacy.retention_days, mail=foreseen.mail)
    if found is None or not foreseen.pulled:
        return ["Nobody was pulled yet, so there is nothing to count."]
    now, zone = app.clock(), event.timezone
    capacity = look_at_capacity(
        app.mail_limit, app.database, now, zone=zone, more=[(batch, zone) for batch in foreseen.batches]
    )
    coming = [one for one in found.entries if one.at > now]
    at_once = [one for one in foreseen.batches if one.due_at <= now]
    closes = ["The registration deadline has passed: registration is closed at once."]
    return [
        *(closes if event.registration_deadline <= now else ()),
        *(terminal(f"At once: mail {one.kind}, {one.session}: {one.count} to be sent") for one in at_once),
        *(f"{local_time(shown_at(one), zone)}  {terminal(in_words(one))}" for one in coming),
        *(terminal(f"! {line}") for line in limits_in_words(app.mail_limit, capacity, event.slug)),
    ]


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
            f"{chosen.slug}: {spec.title}, times in {chosen.timezone}",
            f"  now: {_span(spec, chosen.timezone)}",
            f"  new: {_span(after, chosen.timezone)}",
        ]
        if edited.event.registration_deadline > starts_at:
            lines.append("  The registration deadline is after the new start.")
        todo = left_to_do_on_move(chosen, number)
        said = {"session": number, "starts": starts_at, "ends": ends_at}
        return _change(ctx, app, edited, lines, todo, f"Move {spec.title}?", said, dry_run=dry_run)


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
        if session is None:
            if chosen.status is EventStatus.CANCELLED and (chosen.announce or not announce):
                raise SettingsError(f"{chosen.slug} is cancelled already.")
            if chosen.sessions and all(one.ends_at <= now for one in chosen.sessions):
                raise SettingsError(f"{chosen.slug} is over: what was cannot be cancelled.")
            edited = set_status(path, EventStatus.CANCELLED, announce=announce)
            what = f"{chosen.slug}: {chosen.title}, the whole event"
        else:
            _refuse_cancelled(chosen)
            try:
                number = session_meant(chosen.sessions, session, again=announce)
            except Mistake as mistake:
                raise SettingsError(f"{chosen.slug}: {mistake}") from None
            spec = chosen.sessions[number - 1]
            if spec.ends_at <= now:
                raise SettingsError(f"{chosen.slug}: {spec.title} is over: what was cannot be cancelled.")
            edited = cancel_session(path, number, announce=announce)
            what = f"{chosen.slug}: {spec.title}, {_span(spec, chosen.timezone)} ({chosen.timezone})"
        todo = left_to_do_on_cancel(chosen, number, announced=announce)
        lines = [f"To be cancelled: {what}"]
        if not announce:
            lines.append("Nobody is told: --announce tells everybody who is approved or waits.")
        said: dict[str, Any] = {"session": session, "announce": announce}
        return _change(ctx, app, edited, lines, todo, "Cancel it?", said, dry_run=dry_run)


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
        answer("This was a dry run: nothing was written.")
        return 0
    if not changed:
        answer("Nothing was changed.")
        return 0
    answer(
        f"{edited.path} is changed. The daemon acts on it at its next sync; without one: zoomsync sync {slug}, then "
        f"zoomsync remind {slug}."
    )
    answer("What stays to be done:")
    for line in todo:
        answer(terminal(f"- {line}."))
    return 0


def _in_words(foreseen: Foreseen, *, quiet: bool) -> list[str]:
    """Who hears of it and what is taken back. quiet: that nobody is told was said already."""
    if not foreseen.pulled:
        return ["Nobody was pulled yet, so nobody is known who could be told."]
    lines = []
    if foreseen.told:
        people = "1 registrant" if foreseen.told == 1 else f"{foreseen.told} registrants"
        lines.append(f"{people} will be told, with a calendar entry.")
    if foreseen.withdrawn:
        lines.append(f"{counted(foreseen.withdrawn, 'message')} that did not go out yet will be taken back.")
    return lines or ([] if quiet else ["Nobody will be told: no mail follows from it."])


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
        raise SettingsError(f"{event.slug} is cancelled as a whole.")


def _span(spec: SessionSpec, zone: str) -> str:
    from zoneinfo import ZoneInfo

    starts, ends = (moment.astimezone(ZoneInfo(zone)) for moment in (spec.starts_at, spec.ends_at))
    return f"{starts:%a %d %b %Y %H:%M} to {ends:%H:%M}"
