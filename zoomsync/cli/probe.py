"""`zoomsync probe`: Zoom's open questions, played on a throw-away meeting of the real account."""

from __future__ import annotations

import sys
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoomsync.cli.house import confirmed, opened, options_of, says_yes
from zoomsync.cli.output import answer, answer_json, talk
from zoomsync.language import N_, _
from zoomsync.words import meeting as named

if TYPE_CHECKING:
    from datetime import datetime

    from zoomsync.app import App
    from zoomsync.domain.records import Meeting
    from zoomsync.jobs.probe import Finding

_WARNING = N_(
    """\
This registers three people on meeting {meeting} "{topic}", switches its approval, approves one and denies another.
Zoom mails those people; they are sub-addresses of {mailbox}. Take a meeting made for this, that nobody else knows of.
The approval is set back at the end; the three stay on its list."""
)


def add_to(app: typer.Typer) -> None:
    app.command("probe")(probe)


def probe(
    ctx: typer.Context,
    meeting: Annotated[str, typer.Argument(metavar="MEETING", help="The number of a throw-away meeting.")],
    mailbox: Annotated[
        str, typer.Option("--mailbox", metavar="EMAIL", help="Your own address: its sub-addresses are registered.")
    ],
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to keep the report.")] = None,
) -> int:
    """Try on your own account what Zoom's documents leave open, and keep what was seen."""
    from zoomsync.errors import SettingsError
    from zoomsync.jobs.probe import Held
    from zoomsync.jobs.probe import probe as play
    from zoomsync.text import is_email

    options = options_of(ctx)
    if not is_email(mailbox):
        raise SettingsError(_("{address} is not one e-mail address.").format(address=mailbox))
    with opened(ctx) as app:
        number = meeting.replace(" ", "")
        _refuse_known(app, number)
        shown = _read(app, number)
        talk(_(_WARNING).format(meeting=number, topic=shown.topic, mailbox=mailbox))
        if not confirmed(ctx, _("Play on this meeting?")):
            return 1
        findings: list[Finding] = []
        for finding in play(shown, zoom=app.zoom, mailbox=mailbox, ask=_ask, read_page=_read_page):
            findings.append(finding)
            if not options.json:
                sign = {Held.YES: "✓", Held.NO: "✗", Held.UNKNOWN: "?"}[finding.held]
                answer(f"{sign} {finding.question}: {finding.seen}")
        file = output or Path(f"probe-{number}.md")
        file.write_text(_report(shown, findings, app.clock()), encoding="utf-8")
        if options.json:
            shown_as = [{"question": one.question, "held": one.held.value, "seen": one.seen} for one in findings]
            answer_json({"meeting_id": number, "findings": shown_as, "report": str(file)})
        else:
            answer(_("The report: {file}").format(file=file))
        return 0


def _read(app: App, number: str) -> Meeting:
    from zoomsync.domain.records import Meeting, ZoomKind

    asked = Meeting(meeting_id=number, kind=ZoomKind.MEETING, topic="", type=0, approval_type=0)
    return app.zoom.get_meeting(asked)


def _refuse_known(app: App, number: str) -> None:
    """Raise SettingsError for a meeting that an event hangs on."""
    from zoomsync.errors import SettingsError
    from zoomsync.events.files import read_event_files
    from zoomsync.store import events as stored_events

    with app.database.read() as db:
        known = {
            meeting.meeting_id: event.slug
            for event in stored_events.all_stored(db)
            for meeting in stored_events.meetings_of(db, event.id)
        }
    for event in read_event_files(app.settings.resolved_events_dir).events:
        named = [event.zoom.meeting_id, *(session.meeting_id for session in event.sessions)]
        known |= {one: event.slug for one in named if one}
    if number in known:
        words = _("Meeting {number} belongs to the event {event}: take one made for this.")
        raise SettingsError(words.format(number=number, event=known[number]))


def _ask(question: str) -> bool | None:
    if not sys.stdin.isatty():
        return None
    return says_yes(question)


def _read_page(url: str) -> str:
    import requests

    page = requests.get(url, timeout=20)
    page.raise_for_status()
    return page.text


def _report(meeting: Meeting, findings: list[Finding], now: datetime) -> str:
    heading = _("What Zoom did with {meeting}")
    tried = _("Tried {time} UTC; it is of type {type}, registration type {registration_type}.")
    lines = [
        f"# {heading.format(meeting=named(meeting.kind, meeting.meeting_id))}",
        "",
        tried.format(
            time=f"{now.astimezone(UTC):%Y-%m-%d %H:%M}", type=meeting.type, registration_type=meeting.registration_type
        ),
        "",
        _("| what zoomsync counts on | held | seen |"),
        "| --- | --- | --- |",
        *(f"| {one.question} | {_(one.held)} | {one.seen.replace('|', '/')} |" for one in findings),
    ]
    return "\n".join(lines) + "\n"
