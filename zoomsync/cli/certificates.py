"""`zoomsync certificates`: certificates of attendance as PDF files and by mail, and what a code proves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoomsync.cli.attendance import read_minimum, share_in_words
from zoomsync.cli.house import confirmed, opened, options_of
from zoomsync.cli.output import answer, answer_json, progress_bar, talk, wrapped
from zoomsync.language import _, ngettext
from zoomsync.text import file_name, terminal
from zoomsync.words import counted, moment, short_day, trouble

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
        raise SettingsError(_("Say zoomsync certificates EVENT to make them, or zoomsync certificates --verify CODE."))
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
        with progress_bar(_("Printing"), wanted=not (options.quiet or options.json)) as progress:
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
        words = _("{file} cannot be written ({why}).")
        raise SettingsError(words.format(file=exc.filename or folder, why=trouble(exc))) from exc
    return files


def _tell_doubtful(issued: Sequence[Certificate]) -> None:
    from zoomsync.reports.certificates import may_lack_glyphs

    doubtful = [one.code for one in issued if may_lack_glyphs(one.name)]
    if doubtful:
        words = _(
            "Chinese, Japanese, Korean and emoji want a font in config/templates/ or on this machine; look at the "
            "names on {codes}."
        )
        talk(f"zoomsync: {words.format(codes=', '.join(doubtful))}")


def _send(ctx: typer.Context, app: App, event: Event, eligible: Eligible, issued: Sequence[Certificate]) -> int:
    from zoomsync.cli.mail import deliver
    from zoomsync.domain.records import OutboxState
    from zoomsync.jobs import certificates as job

    mailing = job.look_for_mails(event, eligible, issued, database=app.database)
    _tell_left_out(mailing)
    if not mailing.new:
        return 0
    if not confirmed(ctx, _("Mail {certificates} now?").format(certificates=counted(len(mailing.new), "certificate"))):
        return 0
    job.put(eligible, mailing, database=app.database, now=app.clock())
    delivery = deliver(app, {eligible.event_id: event})
    for alarm in delivery.alarms:
        talk(f"zoomsync: {alarm}")
    return 1 if delivery.alarms or delivery.counts[OutboxState.FAILED] else 0


def _tell_left_out(mailing: Mailing) -> None:
    if number := mailing.already:
        words = ngettext(
            "{number} certificate went out before, or is in the outbox.",
            "{number} certificates went out before, or are in the outbox.",
            number,
        )
        talk(words.format(number=number))
    if number := mailing.not_approved:
        words = ngettext(
            "{number} person is no longer approved: a certificate, and no mail.",
            "{number} people are no longer approved: a certificate, and no mail.",
            number,
        )
        talk(words.format(number=number))


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
    words = ngettext(
        "{title}: {number} present for {share} of the time or more",
        "{title}: {number} present for {share} of the time or more",
        present,
    )
    said = words.format(title=event.title, number=present, share=share_in_words(minimum))
    if number := eligible.below:
        said += "; " + ngettext("{number} came for less", "{number} came for less", number).format(number=number)
    answer(wrapped(terminal(f"{said}."), indent=0))
    if eligible.left_out:
        words = _("Not counted, without attendance: {sessions}.")
        answer(terminal(words.format(sessions=", ".join(eligible.left_out))))
    if number := eligible.nameless:
        words = ngettext(
            "{number} person of them has no name: no certificate.",
            "{number} people of them have no name: no certificate.",
            number,
        )
        answer(words.format(number=number))
    if written:
        words = _("{certificates} in {folder}.")
        answer(words.format(certificates=counted(written, "certificate"), folder=folder))
    if sent:
        done = sum(state is OutboxState.SENT for state in states.values())
        failed = sum(state is OutboxState.FAILED for state in states.values())
        told = [ngettext("Mails: {number} sent in all", "Mails: {number} sent in all", done).format(number=done)]
        if failed:
            words = ngettext(
                "{number} failed: zoomsync outbox list --state failed says why",
                "{number} failed: zoomsync outbox list --state failed says why",
                failed,
            )
            told.append(words.format(number=failed))
        if rest := len(states) - done - failed:
            words = ngettext(
                "{number} not sent yet: zoomsync remind or the daemon goes on",
                "{number} not sent yet: zoomsync remind or the daemon goes on",
                rest,
            )
            told.append(words.format(number=rest))
        answer(", ".join(told) + ".")


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
            words = _("{code} is not the code of a certificate that was issued here.")
            talk(f"zoomsync: {terminal(words.format(code=text))}")
        else:
            issued_at = moment(found.issued_at, found.timezone)
            answer(_("{code} was issued {moment}").format(code=shown_code(found.code), moment=issued_at))
            dates = ", ".join(short_day(day) for day in found.dates)
            whose = found.name or _("somebody whose personal data was removed")
            lines = {_("event"): f"{found.event_title} ({dates})", _("for"): whose}
            width = max(map(len, lines))
            for name, said in lines.items():
                answer(f"  {name.ljust(width)}  {terminal(said)}")
        return 0 if found else 1
