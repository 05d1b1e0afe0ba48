"""`zoomsync init`, `zoomsync check` and `zoomsync simulate`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoomsync.cli.house import opened, options_of
from zoomsync.cli.output import answer, answer_json, talk
from zoomsync.cli.sync import Events
from zoomsync.text import terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zoomsync.app import App
    from zoomsync.domain.records import Event, Meeting
    from zoomsync.jobs.check import CheckLine, ReadPage


def add_to(app: typer.Typer) -> None:
    app.command("init")(init)
    app.command("check")(check)
    app.command("simulate")(simulate)


def init(ctx: typer.Context) -> int:
    """Write settings, .env.example and a first event file. Nothing is overwritten."""
    from zoomsync.clock import system_clock
    from zoomsync.errors import SettingsError
    from zoomsync.events.init import FIRST_EVENT, write_starter_files

    try:
        done = write_starter_files(Path.cwd(), system_clock().date())
    except OSError as error:
        raise SettingsError(f"{error.filename} cannot be written ({error.strerror}): choose another folder.") from error
    if options_of(ctx).json:
        answer_json({"written": [str(path) for path in done.written], "kept": [str(path) for path in done.kept]})
        return 0
    for path in done.written:
        answer(f"written  {path}")
    for path in done.kept:
        answer(f"kept     {path} (it was there)")
    event = next((path for path in (*done.written, *done.kept) if path.parent.name == FIRST_EVENT.parent.name), None)
    answer(f"Next: copy .env.example to .env and fill it in, describe your event in {event}, then run zoomsync check.")
    return 0


def check(
    ctx: typer.Context,
    events: Events = None,
    page: Annotated[
        str | None, typer.Option(metavar="FILE|ADDRESS", help="Compare this page with one event, and nothing else.")
    ] = None,
) -> int:
    """Try everything an event needs, and say what to fix.

    Credentials, scopes, meetings, database, mail server, event files and their pages; nothing is changed anywhere.
    With --page the page is compared with the event's file, and with Zoom where credentials are set.
    """
    from zoomsync.jobs.check import Mark

    options = options_of(ctx)
    with opened(ctx) as app:
        lines = []
        for line in findings(app, events or []) if page is None else _findings_of_page(app, events or [], page):
            lines.append(line)
            if not options.json:
                show_finding(line)
        crosses = sum(line.mark is Mark.CROSS for line in lines)
        if options.json:
            answer_json({"ok": not crosses, "lines": [asdict(line) for line in lines]})
        else:
            warnings = sum(line.mark is Mark.WARNING for line in lines)
            answer(f"{crosses} to mend, {warnings} to look at, {len(lines) - crosses - warnings} in order.")
        return 1 if crosses else 0


def findings(app: App, names: list[str], *, live: bool = False) -> Iterator[CheckLine]:
    """Every line of `check`. live: judge drafts as if they were active."""
    from contextlib import suppress
    from dataclasses import replace

    from zoomsync.domain.records import EventStatus, ZoomKind
    from zoomsync.errors import StoreError
    from zoomsync.jobs.capacity import check_capacity, look_at_capacity
    from zoomsync.jobs.check import (
        CheckLine,
        Mark,
        check_database,
        check_event,
        check_left_meetings,
        check_mail,
        check_seats,
        check_settings,
        check_zoom,
        known_sessions,
    )

    chosen = app.choose_events(names)
    for event in chosen.events:
        yield CheckLine(Mark.OK, event.slug, "its file can be read")
    for error in chosen.errors:
        yield CheckLine(Mark.CROSS, Path(error.file).stem, str(error))
    yield from check_database(lambda: app.database)
    with suppress(StoreError):  # told already
        for event in chosen.events:
            yield from check_left_meetings(event, app.database)
    missing = app.settings.zoom_credentials_missing()
    if missing:
        yield CheckLine(Mark.CROSS, "zoom", f"{', '.join(missing)} not set", "write them into .env")
    else:
        kinds = {event.zoom.kind for event in chosen.events} or {ZoomKind.MEETING}
        account = list(check_zoom(app.zoom, kinds, compare_clocks=app.rehearsed_at is None))
        yield from account
        shut_out = any(line.mark is Mark.CROSS for line in account)  # then each meeting would only say the same again
        for event in () if shut_out else chosen.events:
            try:
                known = known_sessions(app.database, event.slug)
                seats = list(check_seats(event, app.database))
            except StoreError:
                known, seats = [], []  # told already
            judged = replace(event, status=EventStatus.ACTIVE) if live else event
            page, lines = _page_of(app, event, event.page_url)
            yield from check_event(judged, app.zoom, known, app.clock(), page)
            yield from lines
            yield from seats
    smtp = app.settings.smtp
    with app.transport().open() as connection:
        yield from check_mail(connection.connect, f"{smtp.host}:{smtp.port}")
    web = app.settings.web
    yield from check_settings(app.settings.not_set(), web.public_url if web.enabled else None, app.answer_at)
    limit, zone = app.mail_limit, chosen.events[0].timezone if chosen.events else app.settings.timezone
    try:
        capacity = look_at_capacity(limit, app.database, app.clock(), zone=zone)
    except StoreError:
        return  # told already
    yield from check_capacity(limit, smtp.host, capacity, zone)


def _page_of(app: App, event: Event, place: str | None) -> tuple[ReadPage | None, list[CheckLine]]:
    """An event's page, or the line that says why it was not compared."""
    from zoneinfo import ZoneInfo

    from zoomsync.errors import NoEvent, PageUnreadable
    from zoomsync.events.announcement.facts import read_announcement
    from zoomsync.events.announcement.fetch import get_page
    from zoomsync.events.fields import registration_token
    from zoomsync.jobs.check import CheckLine, Mark, ReadPage

    if place is None:
        return None, []
    today = app.clock().astimezone(ZoneInfo(event.timezone)).date()
    try:
        told = read_announcement(get_page(place), zone=event.timezone, today=today)
    except (PageUnreadable, NoEvent) as error:
        words = (
            str(error) if isinstance(error, PageUnreadable) else f"{place} announces no event that can be read. {error}"
        )
        return None, [CheckLine(Mark.WARNING, event.slug, f"the page was not compared: {words}")]
    return ReadPage(place, told, registration_token), []


def _findings_of_page(app: App, names: list[str], place: str) -> Iterator[CheckLine]:
    """One page against one event: needs neither database nor mail server, so that a site's build can do it."""
    from dataclasses import replace

    from zoomsync.errors import SettingsError, ZoomError
    from zoomsync.jobs.check import CheckLine, Mark, check_page, check_times

    chosen = app.choose_events(names)
    if len(chosen.events) != 1:
        raise SettingsError("--page goes with one event: name it, as in zoomsync check my-event --page page.md.")
    (event,) = chosen.events
    yield CheckLine(Mark.OK, event.slug, "its file can be read")
    page, lines = _page_of(app, event, place)
    for line in lines:  # here the page is all that was asked about
        yield replace(line, mark=Mark.CROSS)
    if page is None:
        return
    meetings: tuple[Meeting, ...] = ()
    if app.settings.zoom_credentials_missing():
        yield CheckLine(Mark.WARNING, "zoom", "no credentials are set: the page is compared with the file alone")
    else:
        try:
            meetings = app.zoom.find_meetings(event)
        except ZoomError as error:
            yield CheckLine(Mark.CROSS, event.slug, str(error))
        else:
            yield from check_times(event, meetings, (), app.clock())
    yield from check_page(event, page, meetings)


def show_finding(line: CheckLine) -> None:
    from zoomsync.jobs.check import Mark

    sign = {Mark.OK: "✓", Mark.WARNING: "!", Mark.CROSS: "✗"}[line.mark]
    answer(terminal(f"{sign} {line.about}: {line.text}"))
    if line.remedy:
        answer(f"    → {terminal(line.remedy)}")


def simulate(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port.", min=1, max=65_535)] = 8700,
    registrants: Annotated[int, typer.Option(help="How many people have registered already.")] = 12,
    webhooks: Annotated[str, typer.Option(metavar="URL", help="Tell this address of what changes, as Zoom does.")] = "",
) -> int:
    """Run a Zoom account to play with. It has the model event, its registration form, and faults on demand."""
    from zoomsync.app import read_moment
    from zoomsync.clock import running_clock, system_clock
    from zoomsync.errors import SettingsError
    from zoomsync.simulate.model_event import MODEL_LINK_TOKEN, MODEL_MEETING_ID
    from zoomsync.simulate.server import serve
    from zoomsync.simulate.webhooks import SECRET, Webhooks
    from zoomsync.simulate.world import World

    options = options_of(ctx)
    clock = running_clock(read_moment(options.now, "America/Guatemala")) if options.now else system_clock
    world = World.model_account(clock)
    if registrants:
        world.populate(MODEL_MEETING_ID, registrants)
    if webhooks:
        try:
            Webhooks(world, webhooks).start()
        except ValueError as error:
            raise SettingsError(
                f"{error}: start the daemon first, with ZOOMSYNC_ZOOM__WEBHOOK_SECRET={SECRET}."
            ) from error
    base = f"http://{host}:{port}"
    talk(f"A Zoom account to play with, at {base}. For the other terminal:")
    for line in (
        "export ZOOMSYNC_ZOOM__ACCOUNT_ID=demo-account ZOOMSYNC_ZOOM__CLIENT_ID=demo-client",
        f"export ZOOMSYNC_ZOOM__CLIENT_SECRET=demo-secret ZOOMSYNC_ZOOM__API_URL={base}/v2",
        f"export ZOOMSYNC_ZOOM__OAUTH_URL={base}/oauth/token",
    ):
        talk(f"  {line}")
    talk(f"The registration form: {base}/meeting/register/{MODEL_LINK_TOKEN}")
    talk(f"Cancel somebody, raise faults, look inside: {base}/simulate/ tells how. Ctrl-C ends it.")
    try:
        serve(host, port, world)
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        raise SettingsError(f"Cannot listen on {host}:{port} ({error.strerror}): choose another --port.") from error
    return 0
