"""`zoomsync import`: an announcement page made an event file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoomsync.cli.house import opened, options_of
from zoomsync.cli.output import answer, answer_json, talk
from zoomsync.text import terminal
from zoomsync.words import counted

if TYPE_CHECKING:
    from zoomsync.events.announcement.draft import Draft


def add_to(app: typer.Typer) -> None:
    app.command("import")(import_page)


def import_page(
    ctx: typer.Context,
    page: Annotated[str, typer.Argument(metavar="PAGE", help="A file or an address: Markdown or HTML.")],
    output: Annotated[
        str | None, typer.Option(metavar="FILE|SLUG", help="The event file to write, or the event's short name.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file that is there.")] = False,
) -> int:
    """Read an announcement page and write the event file, as a draft. Every doubt is listed, and stands in the file."""
    from zoneinfo import ZoneInfo

    from zoomsync.errors import NoEvent, SettingsError
    from zoomsync.events.announcement.draft import slug_for, write_draft
    from zoomsync.events.announcement.facts import read_announcement
    from zoomsync.events.announcement.fetch import get_page
    from zoomsync.events.public import put_in_place

    options = options_of(ctx)
    with opened(ctx) as app:
        zone, folder = app.settings.timezone, app.settings.resolved_events_dir
        today = app.clock().astimezone(ZoneInfo(zone)).date()
        source = get_page(page)
        try:
            told = read_announcement(source, zone=zone, today=today)
        except NoEvent as error:
            raise NoEvent(f"{page} announces no event. {error} Nothing was written.") from None
        file = _target(output, folder, slug_for(told, page))
        if file.exists() and not force:
            raise SettingsError(f"{file} is there already: say --force to replace it, or --output another-name.")
        draft = write_draft(told, file, page)
        _refuse_second_file(draft, file)
        try:
            put_in_place(file, draft.text.encode())
        except OSError as exc:
            raise SettingsError(f"{file} cannot be written ({exc.strerror}): choose another --output.") from exc
    if not options.quiet:
        for doubt in draft.doubts:
            talk(terminal(f"? {f'line {doubt.line}: ' if doubt.line else ''}{doubt.kind}: {doubt.text}"))
    if options.json:
        doubts = [{"kind": str(one.kind), "text": one.text, "line": one.line or None} for one in draft.doubts]
        answer_json({"file": str(file), "event": draft.event.slug, "doubts": doubts})
        return 0
    sessions = counted(len(draft.event.sessions), "session") if draft.event.sessions else "sessions from Zoom"
    what = f'"{draft.event.title}", {sessions}, {counted(len(draft.doubts), "doubt")}'
    answer(f"written  {terminal(f'{_shown(file)}: {what}')}")
    look = 'look at the lines that begin with "# ?" in it, ' if draft.doubts else ""
    answer(f"Next: {look}then run zoomsync check {draft.event.slug}.")
    return 0


def _target(output: str | None, folder: Path, slug: str) -> Path:
    """Where the event file goes: a path, or a slug in the folder of event files."""
    if output is None:
        return folder / f"{slug}.toml"
    if output.endswith(".toml") or "/" in output or "\\" in output:
        return Path(output)
    return folder / f"{output}.toml"


def _refuse_second_file(draft: Draft, file: Path) -> None:
    """Two files that name one meeting would both be refused from then on. Raises SettingsError."""
    from zoomsync.errors import SettingsError
    from zoomsync.events.files import meetings_named, read_event_files

    mine = set(meetings_named(draft.event))
    for other in read_event_files(file.parent).events:
        if other.slug != draft.event.slug and mine & set(meetings_named(other)):
            raise SettingsError(
                f"{file.parent / other.slug}.toml names the same Zoom meeting: say --output {other.slug} --force to "
                "replace it."
            )


def _shown(file: Path) -> Path:
    """The path as it is seen from here."""
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
