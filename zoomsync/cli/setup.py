"""`zoomsync init`, `zoomsync check` and `zoomsync simulate`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoomsync.cli.house import opened, options_of
from zoomsync.cli.output import answer, answer_json, talk
from zoomsync.cli.sync import Events
from zoomsync.language import _

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
        words = _("{file} cannot be written ({why}): choose another folder.")
        raise SettingsError(words.format(file=error.filename, why=error.strerror)) from error
    if options_of(ctx).json:
        answer_json({"written": [str(path) for path in done.written], "kept": [str(path) for path in done.kept]})
        return 0
    for path in done.written:
        answer(_("written  {file}").format(file=path))
    for path in done.kept:
        answer(_("kept     {file} (it was there)").format(file=path))
    event = next((path for path in (*done.written, *done.kept) if path.parent.name == FIRST_EVENT.parent.name), None)
    words = _("Next: copy .env.example to .env and fill it in, describe your event in {file}, then run zoomsync check.")
    answer(words.format(file=event))
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
    from zoomsync.cli.checklist import Checklist
    from zoomsync.jobs.check import Mark

    options = options_of(ctx)
    with opened(ctx) as app:
        lines, shown = [], Checklist()
        for line in findings(app, events or []) if page is None else _findings_of_page(app, events or [], page):
            lines.append(line)
            if not options.json:
                shown.add(line)
        crosses = any(line.mark is Mark.CROSS for line in lines)
        if options.json:
            answer_json({"ok": not crosses, "lines": [asdict(line) for line in lines]})
        else:
            shown.sum_up()
        return 1 if crosses else 0


def findings(app: App, names: list[str], *, live: bool = False) -> Iterator[CheckLine]:
    """Every line of `check`. live: judge drafts as if they were active."""
    from contextlib import suppress

    from zoomsync.domain.records import ZoomKind
    from zoomsync.errors import StoreError
    from zoomsync.jobs.capacity import check_capacity, look_at_capacity
    from zoomsync.jobs.check import (
        CheckLine,
        Mark,
        check_database,
        check_left_meetings,
        check_mail,
        check_settings,
        check_zoom,
    )

    chosen = app.choose_events(names)
    web, smtp = app.settings.web, app.settings.smtp
    yield from check_settings(app.settings.not_set(), web.public_url if web.enabled else None, app.answer_at)
    yield from check_database(lambda: app.database)
    missing, shut_out = app.settings.zoom_credentials_missing(), True
    if missing:
        words = _("{names} not set").format(names=", ".join(missing))
        yield CheckLine(Mark.CROSS, "zoom", words, _("write them into .env"))
    else:
        kinds = {event.zoom.kind for event in chosen.events} or {ZoomKind.MEETING}
        account = list(check_zoom(app.zoom, kinds, compare_clocks=app.rehearsed_at is None))
        yield from account
        shut_out = any(line.mark is Mark.CROSS for line in account)  # then each meeting would only say the same again
    with app.transport().open() as connection:
        yield from check_mail(connection.connect, f"{smtp.host}:{smtp.port}")
    limit, zone = app.mail_limit, chosen.events[0].timezone if chosen.events else app.settings.timezone
    limits: list[CheckLine] = []
    with suppress(StoreError):  # told already, here and below
        capacity = look_at_capacity(limit, app.database, app.clock(), zone=zone)
        limits = list(check_capacity(limit, smtp.host, capacity, zone))
    yield from (line for line in limits if line.about == "mail")
    for error in chosen.errors:
        yield CheckLine(Mark.CROSS, Path(error.file).stem, str(error))
    for event in chosen.events:
        yield CheckLine(Mark.OK, event.slug, _("its file can be read"))
        with suppress(StoreError):
            yield from check_left_meetings(event, app.database)
        if not shut_out:
            yield from _findings_of_event(app, event, live=live)
        yield from (line for line in limits if line.about == event.slug)
    known = {event.slug for event in chosen.events}
    yield from (line for line in limits if line.about not in {"mail", *known})


def _findings_of_event(app: App, event: Event, *, live: bool) -> Iterator[CheckLine]:
    """What Zoom and the page say of an event, held against its file."""
    from dataclasses import replace

    from zoomsync.domain.records import EventStatus
    from zoomsync.errors import StoreError
    from zoomsync.jobs.check import check_event, check_seats, known_sessions

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
            str(error)
            if isinstance(error, PageUnreadable)
            else _("{page} announces no event that can be read. {why}").format(page=place, why=error)
        )
        line = CheckLine(Mark.WARNING, event.slug, _("the page was not compared: {why}").format(why=words))
        return None, [line]
    return ReadPage(place, told, registration_token), []


def _findings_of_page(app: App, names: list[str], place: str) -> Iterator[CheckLine]:
    """One page against one event: needs neither database nor mail server, so that a site's build can do it."""
    from dataclasses import replace

    from zoomsync.errors import SettingsError, ZoomError
    from zoomsync.jobs.check import CheckLine, Mark, check_page, check_times

    chosen = app.choose_events(names)
    if len(chosen.events) != 1:
        raise SettingsError(_("--page goes with one event: name it, as in zoomsync check my-event --page page.md."))
    (event,) = chosen.events
    without_zoom = app.settings.zoom_credentials_missing()
    page, lines = _page_of(app, event, place)
    if page and without_zoom:
        told = _("no credentials are set: the page is compared with the file alone")
        yield CheckLine(Mark.WARNING, "zoom", told)
    yield CheckLine(Mark.OK, event.slug, _("its file can be read"))
    for line in lines:  # here the page is all that was asked about
        yield replace(line, mark=Mark.CROSS)
    if page is None:
        return
    meetings: tuple[Meeting, ...] = ()
    if not without_zoom:
        try:
            meetings = app.zoom.find_meetings(event)
        except ZoomError as error:
            yield CheckLine(Mark.CROSS, event.slug, str(error))
        else:
            yield from check_times(event, meetings, (), app.clock())
    yield from check_page(event, page, meetings)


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
            words = _("{why}: start the daemon first, with ZOOMSYNC_ZOOM__WEBHOOK_SECRET={secret}.")
            raise SettingsError(words.format(why=error, secret=SECRET)) from error
    base = f"http://{host}:{port}"
    talk(_("A Zoom account to play with, at {address}. For the other terminal:").format(address=base))
    for line in (
        "export ZOOMSYNC_ZOOM__ACCOUNT_ID=demo-account ZOOMSYNC_ZOOM__CLIENT_ID=demo-client",
        f"export ZOOMSYNC_ZOOM__CLIENT_SECRET=demo-secret ZOOMSYNC_ZOOM__API_URL={base}/v2",
        f"export ZOOMSYNC_ZOOM__OAUTH_URL={base}/oauth/token",
    ):
        talk(f"  {line}")
    talk(_("The registration form: {address}").format(address=f"{base}/meeting/register/{MODEL_LINK_TOKEN}"))
    words = _("Cancel somebody, raise faults, look inside: {address} tells how. Ctrl-C ends it.")
    talk(words.format(address=f"{base}/simulate/"))
    try:
        serve(host, port, world)
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        words = _("Cannot listen on {host}:{port} ({why}): choose another --port.")
        raise SettingsError(words.format(host=host, port=port, why=error.strerror)) from error
    return 0
