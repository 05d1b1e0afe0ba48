"""`zoomsync sync` and `zoomsync status`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoomsync.cli.house import chosen_events, opened, options_of
from zoomsync.cli.output import answer, answer_json, answer_table, progress_bar, talk

if TYPE_CHECKING:
    from zoomsync.app import App
    from zoomsync.domain.records import Event, SyncRun
    from zoomsync.jobs.close import ClosingReport
    from zoomsync.jobs.ports import Progress
    from zoomsync.jobs.sync import SyncOutcome

SIDE_BY_SIDE = 8  # events at once: the plan's rate is shared, and the waiting is what is saved

_COUNTS = ("pulled", "added", "updated", "cancelled", "reinstated", "unchanged", "held")

Events = Annotated[list[str] | None, typer.Argument(metavar="[EVENT]...", help="Event names; all of them by default.")]


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
    """Pull the registrants of each event from Zoom, and close registration when its deadline has come."""
    from concurrent.futures import ThreadPoolExecutor

    from zoomsync.domain.records import RunState
    from zoomsync.domain.registration import RegistrationState

    options = options_of(ctx)
    with opened(ctx) as app:
        chosen = chosen_events(app, events or [])
        if not (dry_run or no_close):
            app.refuse_rehearsing_for_real(zoom=True, mail=False, yes=options.yes)
        app.zoom  # noqa: B018 - credentials that are missing are told before anything is asked
        app.database.ping()
        alone = len(chosen.events) == 1
        with progress_bar("Pulling", wanted=not (options.quiet or options.json)) as progress:

            def carry_out(event: Event) -> tuple[SyncOutcome, ClosingReport | None]:
                return _sync_one(app, event, accept_count, dry_run, no_close, progress if alone else None)

            done = []
            with ThreadPoolExecutor(min(SIDE_BY_SIDE, len(chosen.events))) as threads:
                for result in threads.map(carry_out, chosen.events):
                    done.append(result)
                    if progress and not alone:
                        progress(len(done), len(chosen.events))
        runs = [outcome.run for outcome, _ in done]
        if options.json:
            answer_json({"runs": [as_json(run) for run in runs]})
        else:
            answer_table(
                ["Event", *(name.capitalize() for name in _COUNTS)],
                [(run.event, *(getattr(run.counts, name) for name in _COUNTS)) for run in runs if _is_ok(run)],
                right=range(1, len(_COUNTS) + 1),
            )
        for outcome, closing in done:
            _tell(outcome, closing, quiet=options.quiet)
        failed = bool(chosen.errors) or any(run.state is RunState.FAILED for run in runs)
        not_closed = any(closing and closing.state is RegistrationState.NOT_CLOSED for _, closing in done)
        return 1 if failed or not_closed else 0


def _sync_one(
    app: App, event: Event, accept_count: bool, dry_run: bool, no_close: bool, progress: Progress | None
) -> tuple[SyncOutcome, ClosingReport | None]:
    from zoomsync.domain.records import EventStatus, RunState
    from zoomsync.jobs.close import settle_registration

    outcome = app.syncer().sync(event, accept_count=accept_count, dry_run=dry_run, progress=progress)
    closes = outcome.run.state is RunState.OK and event.status is EventStatus.ACTIVE and not (no_close or dry_run)
    if not closes:
        return outcome, None
    return outcome, settle_registration(event, database=app.database, desk=app.zoom, clock=app.clock)


def _tell(outcome: SyncOutcome, closing: ClosingReport | None, *, quiet: bool) -> None:
    """What a person must hear of: failures, held cancellations, times that differ, a form that is not closed."""
    from zoomsync.domain.registration import RegistrationState

    run = outcome.run
    if run.error:
        talk(f"zoomsync: {run.event}: {run.state}: {run.error}")
    if run.counts.held:
        talk(
            f"zoomsync: {run.event}: {run.counts.held} registrants are no longer listed; that is many, so they stay "
            "as they are until another sync says the same"
        )
    for difference in outcome.differences:
        if difference.held:
            talk(
                f"zoomsync: {run.event}: session {difference.session_key} starts at {difference.file:%Y-%m-%d %H:%MZ} "
                f"by its file and at {difference.zoom or 'no time'} on Zoom; its mail waits until one of them is set "
                'right, or times = "file" stands under [zoom]'
            )
    if closing and closing.state is RegistrationState.NOT_CLOSED:
        talk(f"zoomsync: {run.event}: registration is NOT CLOSED. {closing.error}")
    elif closing and closing.state is RegistrationState.CLOSED and not quiet:
        talk(f"{run.event}: registration is closed: whoever registers now waits for approval ({closing.late} late)")


def as_json(run: SyncRun) -> dict[str, Any]:
    """A run as `sync --json` prints it."""
    return {
        "event": run.event,
        "status": run.state.value,
        **asdict(run.counts),
        "seconds": run.seconds,
        "error": run.error or None,
        "retry_at": run.retry_at,
    }


def _is_ok(run: SyncRun) -> bool:
    from zoomsync.domain.records import RunState

    return run.state is RunState.OK


def status(ctx: typer.Context) -> int:
    """Say on one screen how things stand; exit code 1 if anything is overdue or failing."""
    from zoomsync.jobs.status import look_at_status

    options = options_of(ctx)
    with opened(ctx) as app:
        from zoomsync.events.files import read_event_files

        broken = read_event_files(app.settings.resolved_events_dir).errors
        report = look_at_status(app.database, app.clock())
        problems = [*(str(error) for error in broken), *report.problems]
        if options.json:
            answer_json({"database": app.database.shown_url, **asdict(report), "problems": problems})
            return 1 if problems else 0
        for problem in problems:
            answer(f"! {problem}")
        if not problems:
            answer("Nothing needs a person.")
        answer_table(
            ["Event", "Last sync", "Registrants", "Registration", "Next mail", "Sent", "Waiting", "Failed"],
            [
                (
                    one.event,
                    one.last_sync_words,
                    one.registrants_words,
                    one.registration_words,
                    one.next_mail_words,
                    one.sent,
                    one.waiting,
                    one.failed,
                )
                for one in report.events
            ],
            right=(5, 6, 7),
        )
        answer(f"Database: {app.database.shown_url}")
        return 1 if problems else 0
