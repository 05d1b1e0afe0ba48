"""`zoomsync sync` and `zoomsync status`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoomsync.cli.house import chosen_events, opened, options_of
from zoomsync.cli.output import answer, answer_json, can_show, paint, progress_bar, talk, unforeseen, wrapped
from zoomsync.language import N_, _, ngettext
from zoomsync.text import terminal
from zoomsync.words import counted, moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoomsync.app import App
    from zoomsync.domain.records import Event, SyncRun
    from zoomsync.errors import ZoomsyncError
    from zoomsync.jobs.close import RegistrationReport
    from zoomsync.jobs.ports import Progress
    from zoomsync.jobs.status import EventStanding
    from zoomsync.jobs.sync import SyncOutcome

SIDE_BY_SIDE = 8  # events at once: the plan's rate is shared, and the waiting is what is saved

Events = Annotated[list[str] | None, typer.Argument(metavar="EVENT", help="Event names; all of them by default.")]


def add_to(app: typer.Typer) -> None:
    app.command("sync")(sync)
    app.command("status")(status)


def sync(
    ctx: typer.Context,
    events: Events = None,
    no_close: Annotated[bool, typer.Option("--no-close", help="Write nothing to Zoom.")] = False,
    accept_count: Annotated[
        bool,
        typer.Option("--accept-count", help="Go on although Zoom's own count disagrees; nobody is cancelled then."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look and count; write nothing anywhere.")] = False,
) -> int:
    """Pull the registrants, and close registration at the deadline."""
    from zoomsync.domain.records import RunState
    from zoomsync.threads import result, side_by_side

    options = options_of(ctx)
    with opened(ctx, writes=not dry_run) as app:
        chosen = chosen_events(app, events or [])
        if not (dry_run or no_close):
            app.refuse_rehearsing_for_real(zoom=True, mail=False, yes=options.yes)
        app.zoom  # noqa: B018 - credentials that are missing are told before anything is asked
        app.database.ping()
        alone = len(chosen.events) == 1
        with progress_bar(_("Pulling"), wanted=not (options.quiet or options.json)) as progress:

            def carry_out(event: Event) -> tuple[SyncOutcome, RegistrationReport | None]:
                shown = progress if alone else None
                try:
                    return _sync_one(app, event, accept_count, dry_run, no_close, options.yes, shown)
                except Exception as error:
                    if options.debug:
                        raise
                    return _failed(app, event, unforeseen(error)), None

            done = []
            with side_by_side(min(SIDE_BY_SIDE, len(chosen.events)), "sync") as threads:
                for one in [threads.submit(carry_out, event) for event in chosen.events]:
                    done.append(result(one))
                    if progress and not alone:
                        progress(len(done), len(chosen.events))
        runs = [outcome.run for outcome, _ in done]
        if options.json:
            answer_json({"runs": [as_json(run) for run in runs]})
        else:
            for run in runs:
                if run.state is RunState.OK:
                    answer(wrapped(f"{run.event}: {_in_words(run)}", indent=2))
                    _show_suspects(app, run)
            if dry_run:
                answer(wrapped(_("This was a dry run: nothing was written, here or on Zoom."), indent=0))
        for event, (outcome, closing) in zip(chosen.events, done, strict=True):
            _tell(event, outcome, closing, quiet=options.quiet)
        failed = bool(chosen.errors) or any(run.state is RunState.FAILED for run in runs)
        unsettled = any(closing and (closing.error or closing.problems) for _, closing in done)
        return 1 if failed or unsettled else 0


def _show_suspects(app: App, run: SyncRun) -> None:
    """Addresses that look mistyped, on standard output: logs hold no whole address."""
    from zoomsync.jobs.status import suspects_in_words, suspects_of
    from zoomsync.store import events as stored_events

    with app.database.read() as db:
        known = stored_events.load_stored(db, run.event)
        suspects = suspects_of(db, known.id) if known else ()
    if suspects:
        answer(wrapped(terminal(f"{run.event}: {suspects_in_words(suspects)}"), indent=2))


def _sync_one(
    app: App,
    event: Event,
    accept_count: bool,
    dry_run: bool,
    no_close: bool,
    many_denials: bool,
    progress: Progress | None,
) -> tuple[SyncOutcome, RegistrationReport | None]:
    from zoomsync.domain.records import RunState
    from zoomsync.errors import StoreError

    try:
        outcome = app.syncer().sync(event, accept_count=accept_count, dry_run=dry_run, progress=progress)
        if dry_run or outcome.run.state is RunState.SKIPPED:
            return outcome, None
        # A form that is to be closed does not wait until the lists can be read.
        pulled, keeper = outcome.run.state is RunState.OK, app.keeper()
        report = keeper.look(event) if no_close else keeper.keep(event, pulled=pulled, many_denials=many_denials)
        return outcome, published(app, event, report)
    except StoreError as error:
        return _failed(app, event, str(error)), None


def _failed(app: App, event: Event, error: str) -> SyncOutcome:
    """A run that could not be written down; the other events, and the answer, are to come all the same."""
    from zoomsync.domain.records import RunState, SyncRun
    from zoomsync.jobs.sync import SyncOutcome

    return SyncOutcome(SyncRun(event.slug, RunState.FAILED, started_at=app.clock(), error=error))


def _tell(event: Event, outcome: SyncOutcome, closing: RegistrationReport | None, *, quiet: bool) -> None:
    """What a person must hear of: failures, held cancellations, times that differ, a form that is not closed."""
    run = outcome.run
    if run.error:
        talk(f"zoomsync: {run.event}: {_run_state(run.state)}: {run.error}{_remedy(outcome.problem)}")
    if run.counts.held:
        words = ngettext(
            "{number} registrant is no longer listed; that is many, so they stay as they are until another sync says "
            "the same",
            "{number} registrants are no longer listed; that is many, so they stay as they are until another sync says "
            "the same",
            run.counts.held,
        )
        talk(f"zoomsync: {run.event}: {words.format(number=run.counts.held)}")
    for difference in outcome.differences:
        if difference.held:
            by_file, on_zoom = (moment(at, event.timezone) for at in (difference.file, difference.zoom))
            words = _(
                "a session starts {by_file} by the file and {on_zoom} on Zoom ({zone}); its mail waits until one of "
                'them is set right, or times = "file" stands under [zoom]'
            ).format(by_file=by_file, on_zoom=on_zoom or _("at no time"), zone=event.timezone)
            talk(f"zoomsync: {run.event}: {words}")
    if closing:
        tell_registration(closing, quiet=quiet)


def published(app: App, event: Event, report: RegistrationReport) -> RegistrationReport:
    """Write the event's public files, and give the report with what went wrong with that."""
    from dataclasses import replace

    from zoomsync.errors import SettingsError

    try:
        app.publish(event)
    except SettingsError as error:
        return replace(report, problems=(*report.problems, str(error)))
    return report


def tell_registration(report: RegistrationReport, *, quiet: bool, with_state: bool = True) -> None:
    """What was done about registration, what is true of it, and what a person must hear of; on standard error.

    with_state: False where the answer on standard output says that it is closed.
    """
    from zoomsync.domain.registration import RegistrationState

    if not quiet:
        for act in report.acts:
            talk(f"{report.event}: {act}")
    for problem in report.problems:
        talk(f"zoomsync: {report.event}: {problem}")
    if report.error:
        not_closed = report.state is RegistrationState.NOT_CLOSED
        state = _("registration is NOT CLOSED.") if not_closed else _("registration is not as it should be.")
        talk(f"zoomsync: {report.event}: {state} {report.error}")
    elif report.state is RegistrationState.CLOSED and with_state and not quiet:
        talk(f"{report.event}: {closed_in_words(report.late)}")
    if report.waiting and not quiet:
        words = ngettext(
            "{number} registrant waits for a person: zoomsync late {event} shows who",
            "{number} registrants wait for a person: zoomsync late {event} shows who",
            report.waiting,
        )
        talk(f"{report.event}: {words.format(number=report.waiting, event=report.event)}")


def closed_in_words(late: int) -> str:
    """That registration is closed, and how many registered too late."""
    words = _("registration is closed: whoever registers now waits for approval")
    return f"{words}; {_late(late)}" if late else words


def _late(number: int) -> str:
    return ngettext("{number} registered late", "{number} registered late", number).format(number=number)


def _run_state(state: str) -> str:
    words = {"ok": N_("in order"), "failed": N_("failed"), "skipped": N_("left out"), "running": N_("running")}
    return _(words[state])


def _remedy(problem: ZoomsyncError | None) -> str:
    """What to do about trouble that passes by itself most of the time; other errors say so in their own words."""
    from zoomsync.errors import ZoomPayloadError, ZoomRateLimited, ZoomUnavailable

    later = " " + _("Nothing was changed; the next sync tries again.")
    if isinstance(problem, ZoomRateLimited):
        return later
    if isinstance(problem, ZoomUnavailable):
        return f"{later} " + _("If it stays so, check this machine's network, and https://status.zoom.us.")
    if isinstance(problem, ZoomPayloadError):
        return f"{later} " + _(
            "If it stays so, check ZOOMSYNC_ZOOM__API_URL and ZOOMSYNC_ZOOM__OAUTH_URL, and what stands between this "
            "machine and Zoom (a proxy, a login page)."
        )
    return ""


def as_json(run: SyncRun) -> dict[str, Any]:
    """A run as `sync --json` prints it."""
    return {
        "event": run.event,
        "status": run.state.value,
        **asdict(run.counts),
        "seconds": run.seconds,
        "error": run.error or None,
    }


def _in_words(run: SyncRun) -> str:
    return _("{registrants} pulled, {changes}").format(
        registrants=counted(run.counts.pulled, "registrant"),
        changes=changes_in_words(asdict(run.counts)) or _("nothing changed"),
    )


def changes_in_words(counts: Mapping[str, int]) -> str:
    """What a sync changed, by the names of a run's counts: "2 added, 1 updated"; "" for nothing."""
    from zoomsync.words import change

    wanted = ("added", "updated", "cancelled", "reinstated", "held")
    return ", ".join(change(name, counts[name]) for name in wanted if counts.get(name))


def status(
    ctx: typer.Context,
    alive: Annotated[
        bool, typer.Option("--alive", help="Say only whether a daemon of this machine is alive; exit code 1 if not.")
    ] = False,
) -> int:
    """Say on one screen how things stand. Exit code 1 if anything is overdue or failing."""
    from zoomsync.app import slugs_in
    from zoomsync.jobs.capacity import limit_notes, look_at_capacity
    from zoomsync.jobs.status import look_at_status

    if alive:
        return _alive(ctx)
    options = options_of(ctx)
    with opened(ctx) as app:
        from zoomsync.events.files import read_event_files

        folder = app.settings.resolved_events_dir
        files = read_event_files(folder)
        report = look_at_status(app.database, app.clock(), files.events, slugs_in(folder))
        capacity = look_at_capacity(app.mail_limit, app.database, app.clock(), zone=app.settings.timezone)
        problems = [*(str(error) for error in files.errors), *report.problems]
        notes = [*report.notes, *limit_notes(capacity)]
        if options.json:
            shown = asdict(report) | {"problems": problems, "notes": notes}
            answer_json({"database": app.database.shown_url, **shown})
            return 1 if problems else 0
        for problem in problems:
            answer(paint(f"! {wrapped(terminal(problem), indent=2)}", "red"))
        if not problems:
            answer(_("Nothing needs a person."))
        for note in notes:
            answer(f"{'·' if can_show('·') else '-'} {wrapped(terminal(note), indent=2)}")
        for one in report.events:
            _show_standing(one)
        answer()
        answer(_("Database: {url}").format(url=app.database.shown_url))
        return 1 if problems else 0


def _alive(ctx: typer.Context) -> int:
    """Whether a daemon of this machine was heard of within the last minute; nothing else is looked at, so that an
    outage of Zoom or of the mail server has no container restarted."""
    import socket

    from zoomsync.store import daemons

    with opened(ctx) as app:
        with app.database.read() as db:
            found = daemons.live(db, app.lease_clock())
        here = [one for one in found if one.owner.partition("/")[0] == socket.gethostname()]
        if options_of(ctx).json:
            seen = [{"owner": one.owner, "seen_at": one.seen_at} for one in found]
            answer_json({"alive": bool(here), "daemons": seen})
        else:
            no = _("No daemon of this machine was heard of within the last minute.")
            answer(_("A daemon is alive.") if here else no)
        return 0 if here else 1


def _show_standing(one: EventStanding) -> None:
    """One event's lines, with times in its own zone."""
    from zoomsync.domain.records import RunState
    from zoomsync.domain.registration import RegistrationState
    from zoomsync.words import at_length, deadline, event_status, fate, people_in

    zone = one.timezone
    closes = deadline(one.closes_at, zone) if one.closes_at else ""
    late = [_late(one.late)] if one.late else []
    if one.late_waiting:
        late += [
            ngettext("{number} of them waits", "{number} of them wait", one.late_waiting).format(
                number=one.late_waiting
            )
        ]
    about = {
        RegistrationState.OPEN: [
            _("open until {deadline}").format(deadline=closes) if closes else _("open until somebody closes it")
        ],
        RegistrationState.CLOSED: [
            _("closed since {moment}").format(moment=deadline(one.closed_at, zone)) if one.closed_at else _("closed"),
            *([_("read back {moment}").format(moment=moment(one.verified_at, zone))] if one.verified_at else []),
            *late,
        ],
        RegistrationState.NOT_CLOSED: [_("NOT CLOSED; the deadline was {deadline}").format(deadline=closes), *late],
    }[one.registration]
    people = [people_in(name, number) for name, number in one.registrants.items()]
    mail = [_("PAUSED")] if one.paused_at else []
    mail += [fate("sent", one.sent), fate("waiting", one.waiting), fate("failed", one.failed)]
    mail += [fate("in_doubt", one.in_doubt)] if one.in_doubt else []
    mail += [_("next {moment}").format(moment=at_length(one.next_mail_at, zone))] if one.next_mail_at else []
    synced = _("never")
    if one.last_sync_at:
        synced = f"{moment(one.last_sync_at, zone)}, {_run_state(one.last_sync_state or RunState.OK)}"
    answer()
    heading = _("{event} ({status}): {title}; times in {zone}")
    said = heading.format(event=one.event, status=event_status(one.status), title=one.title, zone=zone)
    answer(paint(wrapped(terminal(said), indent=0), "bold"))
    lines = {
        _("last sync"): synced,
        _("registrants"): ", ".join(people) or _("nobody yet"),
        _("registration"): "; ".join(about),
        _("mail"): ", ".join(mail),
    }
    width = max(map(len, lines))
    for name, said in lines.items():
        answer(f"  {name.ljust(width)}  {wrapped(said, indent=width + 4)}")
