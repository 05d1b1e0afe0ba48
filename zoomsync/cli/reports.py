"""`zoomsync report`: what the database knows, as a table, CSV, JSON, XLSX or a page."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from zoomsync.cli.attendance import read_minimum
from zoomsync.cli.house import opened, options_of
from zoomsync.cli.output import answer, answer_bytes, talk
from zoomsync.cli.sync import Events
from zoomsync.language import _
from zoomsync.text import terminal
from zoomsync.words import trouble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoomsync.app import App
    from zoomsync.reports.columns import UnknownColumn
    from zoomsync.reports.values import Report
    from zoomsync.store.events import StoredEvent


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    XLSX = "xlsx"
    HTML = "html"


def add_to(app: typer.Typer) -> None:
    app.command("report")(report)


def report(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="overview|registrants|reminders|attendance|activity", help="Which report.")
    ],
    events: Events = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="By the ending of --output where it has one; else a table.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; standard output without it.")
    ] = None,
    columns: Annotated[
        str | None, typer.Option(metavar="NAMES", help="The columns wanted, by machine name, with commas between.")
    ] = None,
    status: Annotated[
        list[str] | None, typer.Option(help="Only registrants (or messages) in this status; may be given again.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only what was registered, due or done since then.")
    ] = None,
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="Without names, e-mails, phones, links and answers in free text.")
    ] = False,
    group_by: Annotated[
        str | None,
        typer.Option("--group-by", metavar="QUESTION", help="Count the answers to one question of the form."),
    ] = None,
    minimum: Annotated[
        str, typer.Option(metavar="SHARE", help="Of a session, from which on somebody counts as present.")
    ] = "50%",
    people: Annotated[bool, typer.Option("--people", help="An overview with a row for each registrant.")] = False,
    excel: Annotated[bool, typer.Option("--excel", help="CSV with the mark by which Excel knows UTF-8.")] = False,
) -> int:
    """Write a report of the database: of these events, or of all it knows."""
    from zoomsync.app import read_moment
    from zoomsync.errors import SettingsError
    from zoomsync.jobs.reports import ReportName, Shape, UnknownQuestion, Wanted, gathered
    from zoomsync.reports.columns import UnknownColumn

    options = options_of(ctx)
    if name not in list(ReportName):
        words = _("There is no report {report}; there are: {reports}.")
        raise SettingsError(terminal(words.format(report=name, reports=", ".join(ReportName))))
    chosen = Format.JSON if options.json else form or _by_ending(output) or Format.TABLE
    if chosen is Format.XLSX and output is None and sys.stdout.isatty():
        raise SettingsError(_("A workbook is nothing for a terminal: name a file with --output."))
    with opened(ctx) as app:
        known = known_events(app, events or [])
        wanted = Wanted(
            name=ReportName(name),
            language=options.language or _language_of(known, app),
            files={event.slug: app.stored_file(event) for event in known},
            retention_days=app.settings.privacy.retention_days,
            shape={Format.JSON: Shape.NESTED, Format.CSV: Shape.TIDY}.get(chosen, Shape.TABLES),
            columns=[one.strip() for one in (columns or "").split(",") if one.strip()],
            statuses=_statuses(ReportName(name), status or []),
            since=None if since is None else read_moment(since, known[0].timezone, option="--since"),
            anonymous=anonymous,
            group_by=_question(ReportName(name), group_by),
            minimum=read_minimum(minimum),
            people=people,
        )
        try:
            with gathered(wanted, known, database=app.database, now=app.clock()) as found:
                _write(found, chosen, output, excel=excel, complete=not wanted.columns)
        except UnknownColumn as error:
            raise SettingsError(_no_column(error)) from None
        except UnknownQuestion as error:
            there = (
                _("There are: {names}.").format(names=", ".join(error.known)) if error.known else _("There is none.")
            )
            words = _("Nobody answered a question {question}.").format(question=error.question)
            raise SettingsError(terminal(f"{words} {there}")) from None
        if output and not options.quiet:
            talk(_("Written: {file}").format(file=output))
    return 0


def write_page(app: App, name: str, file: Path) -> None:
    """An event's overview as a page, in the event's language."""
    from zoomsync.jobs.reports import ReportName, Wanted, gathered

    (event,) = known = known_events(app, [name])
    files = {event.slug: app.stored_file(event)}
    wanted = Wanted(ReportName.OVERVIEW, event.language, files, app.settings.privacy.retention_days)
    with gathered(wanted, known, database=app.database, now=app.clock()) as found:
        _write(found, Format.HTML, file, excel=False, complete=True)


def known_events(app: App, names: Sequence[str]) -> list[StoredEvent]:
    """The events of these names (slugs, or paths of their files) that the database knows, or all it knows.

    Raises SettingsError for a name it does not know, or where it knows none.
    """
    from zoomsync.domain.handwritten import nearest
    from zoomsync.errors import SettingsError
    from zoomsync.store import events as stored_events

    with app.database.read() as db:
        known = {event.slug: event for event in stored_events.all_stored(db)}
    if not known:
        raise SettingsError(_("The database knows no event yet: zoomsync sync comes first."))
    slugs = [Path(name).stem if name.endswith(".toml") else name for name in names]
    for slug in slugs:
        if slug not in known:
            near = nearest(slug, known)
            meant = _("Do you mean {name}?").format(name=near)
            hint = meant if near else _("It knows: {names}.").format(names=", ".join(known))
            words = _("The database knows no event {event}. {hint} zoomsync sync makes it known.")
            raise SettingsError(words.format(event=slug, hint=hint))
    return [known[slug] for slug in dict.fromkeys(slugs)] if slugs else list(known.values())


def _write(found: Report, form: Format, output: Path | None, *, excel: bool, complete: bool) -> None:
    import shutil

    from zoomsync.reports.csv_json import write_csv, write_json
    from zoomsync.reports.table import table_lines

    if form is Format.TABLE:
        width = shutil.get_terminal_size().columns if output is None and sys.stdout.isatty() else None
        lines = table_lines(found, width=width)
        if output is None:
            for line in lines:
                answer(line)
            return
        with _put_in_place(output) as out:
            out.writelines(f"{line}\n".encode() for line in lines)
        return
    with _put_in_place(output) if output else answer_bytes() as out:
        if form is Format.CSV:
            write_csv(found, out, excel=excel, complete=complete)
        elif form is Format.XLSX:
            from zoomsync.reports.xlsx import write_xlsx

            write_xlsx(found, out)
        elif form is Format.HTML:
            from zoomsync.reports.html import write_html

            write_html(found, out)
        else:
            write_json(found, out)


@contextmanager
def _put_in_place(file: Path) -> Iterator[BinaryIO]:
    """A file that is there whole or not at all, readable by its owner alone: most reports hold personal data."""
    import os
    from tempfile import NamedTemporaryFile

    from zoomsync.errors import SettingsError

    try:
        with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as out:
            try:
                yield out  # type: ignore[misc]
                out.flush()
                os.replace(out.name, file)
            except BaseException:
                Path(out.name).unlink(missing_ok=True)
                raise
    except OSError as exc:
        words = _("The report cannot be written to {file} ({why}).")
        raise SettingsError(words.format(file=file, why=trouble(exc))) from exc


def _by_ending(output: Path | None) -> Format | None:
    ending = output.suffix.lower().removeprefix(".") if output else ""
    return Format(ending) if ending in list(Format) else None


def _language_of(events: Sequence[StoredEvent], app: App) -> str:
    """The events' own language where they share one, else that of the organiser's screens."""
    languages = {event.language for event in events}
    return languages.pop() if len(languages) == 1 else app.settings.language


def _statuses(name: str, wanted: Sequence[str]) -> Sequence[str]:
    from zoomsync.domain.records import OutboxState, RegistrantStatus
    from zoomsync.errors import SettingsError

    kinds: dict[str, list[str]] = {"registrants": [*RegistrantStatus], "reminders": [*OutboxState]}
    there = kinds.get(name, [])
    if wanted and not there:
        raise SettingsError(_("{option} says nothing to the report {report}.").format(option="--status", report=name))
    for one in wanted:
        if one not in there:
            words = _("There is no status {status}; there are: {statuses}.")
            raise SettingsError(words.format(status=one, statuses=", ".join(there)))
    return wanted


def _question(name: str, question: str | None) -> str:
    from zoomsync.errors import SettingsError

    if question and name not in ("overview", "registrants", "attendance"):
        raise SettingsError(_("{option} says nothing to the report {report}.").format(option="--group-by", report=name))
    return question or ""


def _no_column(error: UnknownColumn) -> str:
    from zoomsync.domain.handwritten import nearest

    near = nearest(error.name, error.known)
    said = [_("This report has no column {column}.").format(column=error.name)]
    said += [_("Do you mean {name}?").format(name=near)] if near else []
    said += [_("There are: {names}.").format(names=", ".join(error.known))]
    return terminal(" ".join(said))
