"""`zoomsync certificates`: certificates of attendance as PDF files and by mail, and what a code proves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoomsync.cli.attendance import read_minimum
from zoomsync.cli.house import confirmed, opened, options_of
from zoomsync.cli.output import answer, answer_json, local_time, progress_bar, talk
from zoomsync.text import file_name, terminal
from zoomsync.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoomsync.app import App
    from zoomsync.domain.certificates import Certificate
    from zoomsync.domain.records import Event, OutboxState
    from zoomsync.jobs.certificates import Eligible, Mailing


def add_to(app: typer.Typer) -> None:
    app.command("certificates")(certificates)


def certificates(
    ctx: typer.Context,
    event: Annotated[str | None, typer.Argument(metavar="EVENT", help="The event's name.")] = None,
    minimum: Annotated[
        str, typer.Option(metavar="SHARE", help="Of the time of all sessions that somebody registered for.")
    ] = "80%",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Where to; certificates/EVENT by default.")
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="Also mail each to its person, once.")] = False,
    only_ready: Annotated[
        bool, typer.Option("--only-ready", help="Leave out sessions whose attendance is not there.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say who would get one; write and send nothing.")] = False,
    verify: Annotated[str | None, typer.Option(metavar="CODE", help="Say what a certificate's code proves.")] = None,
) -> int:
    """Make a certificate of attendance for each person present, as a PDF with a code to check."""
    from zoomsync.errors import SettingsError

    if (event is None) == (verify is None):
        raise SettingsError("Say zoomsync certificates EVENT to make them, or zoomsync certificates --verify CODE.")
    if verify is not None:
        return _verify(ctx, verify)
    share = read_minimum(minimum)
    with opened(ctx, writes=not dry_run) as app:
        (chosen,) = app.choose_events([event or ""]).events
        if send and not dry_run:
            app.refuse_rehearsing_for_real(zoom=False, mail=True, yes=options_of(ctx).yes)
        return _make(ctx, app, chosen, share, output or Path("certificates") / chosen.slug, send, only_ready, dry_run)


def _make(
    ctx: typer.Context,
    app: App,
    event: Event,
    minimum: float,
    folder: Path,
    send: bool,
    only_ready: bool,
    dry_run: bool,
) -> int:
    from zoomsync.jobs import certificates as job

    options, now = options_of(ctx), app.clock()
    eligible = job.look_for_certificates(event, database=app.database, now=now, minimum=minimum, only_ready=only_ready)
    issued: list[Certificate] = []
    files: list[Path] = []
    states: dict[str, OutboxState] = {}
    code = 0
    if not dry_run and eligible.present:
        issued = job.issue(event, eligible, database=app.database, now=now)
        with progress_bar("Printing", wanted=not (options.quiet or options.json)) as progress:
            files = _write(app, event, issued, folder, progress)
        _tell_doubtful(issued)
        if send:
            code = _send(ctx, app, event, eligible, issued)
        states = job.states(eligible, issued, database=app.database)
    if options.json:
        answer_json(_as_json(event, minimum, eligible, issued, files, states))
    else:
        _tell(event, minimum, eligible, folder, states, written=len(files), sent=send and not dry_run)
    return code


def _write(app: App, event: Event, issued: Sequence[Certificate], folder: Path, progress: Any) -> list[Path]:
    """A file for each. They tell of persons: the folder is its owner's alone, where it is made here."""
    from zoomsync.errors import SettingsError

    files = []
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number, one in enumerate(issued, start=1):
            file = folder / f"{file_name(one.name)}-{one.code}.pdf"
            file.write_bytes(app.printer.pdf(one, event))
            files.append(file)
            if progress:
                progress(number, len(issued))
    except OSError as exc:
        raise SettingsError(f"{exc.filename or folder} cannot be written: {exc.strerror}.") from exc
    return files


def _tell_doubtful(issued: Sequence[Certificate]) -> None:
    from zoomsync.reports.certificates import may_lack_glyphs

    doubtful = [one.code for one in issued if may_lack_glyphs(one.name)]
    if doubtful:
        talk(
            "zoomsync: Chinese, Japanese, Korean and emoji want a font in config/templates/ or on this machine; "
            f"look at the names on {', '.join(doubtful)}."
        )


def _send(ctx: typer.Context, app: App, event: Event, eligible: Eligible, issued: Sequence[Certificate]) -> int:
    from zoomsync.cli.mail import deliver
    from zoomsync.domain.records import OutboxState
    from zoomsync.jobs import certificates as job

    mailing = job.look_for_mails(event, eligible, issued, database=app.database)
    _tell_left_out(mailing)
    if not mailing.new:
        return 0
    if not confirmed(ctx, f"Mail {counted(len(mailing.new), 'certificate')} now?"):
        return 0
    job.put(eligible, mailing, database=app.database, now=app.clock())
    delivery = deliver(app, {eligible.event_id: event})
    for alarm in delivery.alarms:
        talk(f"zoomsync: {alarm}")
    return 1 if delivery.alarms or delivery.counts[OutboxState.FAILED] else 0


def _tell_left_out(mailing: Mailing) -> None:
    if mailing.already:
        talk(f"{counted(mailing.already, 'certificate')} went out before, or {_is(mailing.already)} in the outbox.")
    if mailing.not_approved:
        who = f"{counted(mailing.not_approved, 'person')} {_is(mailing.not_approved)}"
        talk(f"{who} no longer approved: a certificate, and no mail.")


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


# ------------------------------------------------------------------------------------------------------- the answer


def _as_json(
    event: Event,
    minimum: float,
    eligible: Eligible,
    issued: Sequence[Certificate],
    files: Sequence[Path],
    states: dict[str, OutboxState],
) -> dict[str, Any]:
    by_place: list[tuple[Certificate | None, Path | None]] = list(zip(issued, files, strict=True))
    by_place = by_place or [(None, None)] * len(eligible.present)
    return {
        "event": event.slug,
        "minimum": minimum,
        "below": eligible.below,
        "nameless": eligible.nameless,
        "left_out": list(eligible.left_out),
        "certificates": [
            {
                "code": certificate and certificate.code,
                "name": presence.registrant.name,
                "email": presence.registrant.email,
                "minutes": round(presence.attended.total_seconds() / 60),
                "scheduled_minutes": round(presence.scheduled.total_seconds() / 60),
                "share": round(presence.share, 4),
                "file": file and str(file),
                "mail": states[certificate.code].value if certificate and certificate.code in states else None,
            }
            for presence, (certificate, file) in zip(eligible.present, by_place, strict=True)
        ],
    }


def _tell(
    event: Event,
    minimum: float,
    eligible: Eligible,
    folder: Path,
    states: dict[str, OutboxState],
    *,
    written: int,
    sent: bool,
) -> None:
    from zoomsync.domain.records import OutboxState

    present = len(eligible.present)
    others = f"; {eligible.below} came for less" if eligible.below else ""
    answer(terminal(f"{event.title}: {present} present for {minimum:.0%} of the time or more{others}."))
    if eligible.left_out:
        answer(terminal(f"Not counted, without attendance: {', '.join(eligible.left_out)}."))
    if eligible.nameless:
        answer(f"{counted(eligible.nameless, 'registrant')} of them without a name: no certificate.")
    if written:
        answer(f"{counted(written, 'certificate')} in {folder}.")
    if sent:
        done = sum(state is OutboxState.SENT for state in states.values())
        failed = sum(state is OutboxState.FAILED for state in states.values())
        bad = f", {failed} failed: zoomsync outbox list --state failed says why" if failed else ""
        rest = len(states) - done - failed
        waiting = f", {rest} not sent yet: zoomsync remind or the daemon goes on" if rest else ""
        answer(f"Mails: {done} sent in all{bad}{waiting}.")


def _verify(ctx: typer.Context, text: str) -> int:
    from zoomsync.domain.certificates import read_code, shown_code
    from zoomsync.jobs.certificates import verify

    code = read_code(text)
    with opened(ctx, writes=False) as app:
        with app.database.read() as db:
            found = verify(db, code) if code else None
        if options_of(ctx).json:
            answer_json(
                {"code": code, "valid": False}
                if found is None
                else {
                    "code": found.code,
                    "valid": True,
                    "event": found.event_title,
                    "dates": [day.isoformat() for day in found.dates],
                    "name": found.name or None,
                    "minutes": round(found.attended.total_seconds() / 60),
                    "scheduled_minutes": round(found.scheduled.total_seconds() / 60),
                    "issued_at": found.issued_at,
                }
            )
        elif found is None:
            talk(f"zoomsync: {terminal(text)} is not the code of a certificate that was issued here.")
        else:
            answer(terminal(f"{shown_code(found.code)} was issued {local_time(found.issued_at, found.timezone)}"))
            dates = ", ".join(day.isoformat() for day in found.dates)
            answer(f"  event  {terminal(found.event_title)}, {dates}")
            answer(f"  for    {terminal(found.name) or 'somebody whose personal data was removed'}")
        return 0 if found else 1
