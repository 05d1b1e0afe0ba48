"""`zoomsync import`: an announcement page made an event file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoomsync.cli.house import opened, options_of
from zoomsync.cli.output import answer, answer_json, talk
from zoomsync.language import N_, _
from zoomsync.text import terminal
from zoomsync.words import counted, trouble

if TYPE_CHECKING:
    from zoomsync.events.announcement.draft import Draft


# What a doubt is about, by its machine word.
_KINDS = {
    "title": N_("title"),
    "language": N_("language"),
    "organizer": N_("organizer"),
    "email": N_("email"),
    "timezone": N_("timezone"),
    "deadline": N_("deadline"),
    "year": N_("year"),
    "weekday": N_("weekday"),
    "date": N_("date"),
    "time": N_("time"),
    "session": N_("session"),
    "link": N_("link"),
    "form": N_("form"),
}


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
            raise NoEvent(
                _("{page} announces no event. {error} Nothing was written.").format(page=page, error=error)
            ) from None
        file = _target(output, folder, slug_for(told, page))
        if file.exists() and not force:
            raise SettingsError(
                _("{file} is there already: say --force to replace it, or --output another-name.").format(file=file)
            )
        draft = write_draft(told, file, page)
        _refuse_second_file(draft, file)
        try:
            put_in_place(file, draft.text.encode())
        except OSError as exc:
            raise SettingsError(
                _("{file} cannot be written ({reason}): choose another --output.").format(
                    file=file, reason=trouble(exc)
                )
            ) from exc
    if not options.quiet:
        for doubt in draft.doubts:
            place = _("line {line}: ").format(line=doubt.line) if doubt.line else ""
            talk(terminal(f"? {place}{_(_KINDS[doubt.kind])}: {doubt.text}"))
    if options.json:
        doubts = [{"kind": str(one.kind), "text": one.text, "line": one.line or None} for one in draft.doubts]
        answer_json({"file": str(file), "event": draft.event.slug, "doubts": doubts})
        return 0
    written = _('written  {file}: "{title}", {sessions}, {doubts}').format(
        file=_shown(file),
        title=draft.event.title,
        sessions=counted(len(draft.event.sessions), "session") if draft.event.sessions else _("sessions from Zoom"),
        doubts=counted(len(draft.doubts), "doubt"),
    )
    # Its two blanks set it off: only what comes from the page is made one line.
    answer(terminal(written).replace(" ", "  ", 1))
    if draft.doubts:
        look = _('Next: look at the lines that begin with "# ?" in it, then run zoomsync check {event}.')
        answer(look.format(event=draft.event.slug))
    else:
        answer(_("Next: run zoomsync check {event}.").format(event=draft.event.slug))
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
                _("{file} names the same Zoom meeting: say --output {slug} --force to replace it.").format(
                    file=f"{file.parent / other.slug}.toml", slug=other.slug
                )
            )


def _shown(file: Path) -> Path:
    """The path as it is seen from here."""
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
