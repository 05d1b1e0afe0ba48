"""`zoomsync announce`: a message of the organiser's own, looked at and counted before anybody gets it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoomsync.cli.house import actor, confirmed, opened, options_of
from zoomsync.cli.output import answer, answer_json, talk
from zoomsync.language import N_, _, ngettext
from zoomsync.text import terminal
from zoomsync.words import counted, trouble

if TYPE_CHECKING:
    from collections import Counter

    from zoomsync.app import App
    from zoomsync.domain.announcing import Audience, Recipients
    from zoomsync.domain.records import OutboxState
    from zoomsync.jobs.announce import Draft

LONGEST_TEXT_BYTES = 100_000
LONGEST_SUBJECT = 200


def add_to(app: typer.Typer) -> None:
    app.command("announce")(announce)


def announce(
    ctx: typer.Context,
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's name.")],
    subject: Annotated[str, typer.Option(metavar="TEXT", help="The subject.")],
    file: Annotated[Path, typer.Option(metavar="TEXT.md", help="The text, in Markdown.")],
    to: Annotated[str, typer.Option(metavar="approved|pending|attended|absent", help="Who gets it.")],
    test: Annotated[bool, typer.Option("--test", help="Send the organiser a copy first, marked as a test.")] = False,
    important: Annotated[
        bool, typer.Option("--important", help="Also to those who want no reminders: something changes for them.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it and count; send and write nothing.")] = False,
) -> int:
    """Send a message of your own, once to each: shown, counted and confirmed first.

    The same text to the same people again sends only what did not go out yet.
    """
    from zoomsync.jobs.announce import Draft, look_at, put, standing

    options = options_of(ctx)
    with opened(ctx, writes=not dry_run) as app:
        (chosen,) = app.choose_events([event]).events
        draft = Draft(chosen, _subject(subject), _text(file), _audience(to), important)
        if not dry_run:
            app.refuse_rehearsing_for_real(zoom=False, mail=True, yes=options.yes)
            look_at(draft, database=app.database)  # what refuses it altogether comes before Zoom is asked
            run = app.syncer().sync(chosen).run
            if run.error:
                by_last = _("The announcement goes by the last whole pull.")
                talk(f"zoomsync: {chosen.slug}: {run.error} {by_last}")
        event_id, recipients = look_at(draft, database=app.database)
        before = _Standing.of(standing(draft, event_id, database=app.database))
        words = _show(app, draft, recipients, before, quiet=options.json)
        document: dict[str, Any] = {
            "event": chosen.slug,
            "announcement": draft.id,
            "to": draft.audience.value,
            "text": words,
            "recipients": len(recipients.rows),
            "already": recipients.already,
            "opted_out": recipients.opted_out,
            "bounced": recipients.bounced,
            "dry_run": dry_run,
        }
        todo = len(recipients.rows) + before.waiting
        code = 0
        if not dry_run and test:
            _send_test(app, draft)
        wanted = bool(todo) and not dry_run and _wanted(ctx, todo, tested=test)
        if wanted:
            put(draft, database=app.database, now=app.clock(), actor=actor())
            code = _deliver(app, draft, event_id)
        after = _Standing.of(standing(draft, event_id, database=app.database))
        if options.json:
            answer_json(document | {"sent": after.sent, "failed": after.failed, "waiting": after.waiting})
        elif wanted or not todo:
            _tell(before, after, todo)
        elif not dry_run and not test:
            answer(_("Nothing was sent."))
        return code


@dataclass(frozen=True, slots=True)
class _Standing:
    """How many messages of the announcement went out, failed for good, or are still to go."""

    sent: int
    failed: int
    waiting: int

    @classmethod
    def of(cls, counts: Counter[OutboxState]) -> _Standing:
        from zoomsync.domain.records import OutboxState

        done, bad = counts[OutboxState.SENT], counts[OutboxState.FAILED]
        over = counts[OutboxState.SKIPPED] + counts[OutboxState.CANCELLED]
        return cls(done, bad, counts.total() - done - bad - over)


def _subject(subject: str) -> str:
    from zoomsync.errors import SettingsError
    from zoomsync.text import clean

    line = clean(subject)
    if not line or len(line) > LONGEST_SUBJECT:
        words = _("--subject wants a line of 1 to {most} characters.")
        raise SettingsError(words.format(most=LONGEST_SUBJECT))
    return line


def _text(file: Path) -> str:
    from zoomsync.domain.handwritten import Mistake, decoded
    from zoomsync.errors import SettingsError

    try:
        data = file.read_bytes()
        text = decoded(data)
    except OSError as exc:
        raise SettingsError(_("{file} cannot be read ({why}).").format(file=file, why=trouble(exc))) from exc
    except Mistake as mistake:
        raise SettingsError(f"{file}: {mistake}") from mistake
    if not text.strip():
        raise SettingsError(_("{file} is empty: write the message there, in Markdown.").format(file=file))
    if len(data) > LONGEST_TEXT_BYTES:
        words = _("{file} is longer than {most} kB: that is no message any more.")
        raise SettingsError(words.format(file=file, most=LONGEST_TEXT_BYTES // 1000))
    return text


def _audience(to: str) -> Audience:
    from zoomsync.domain.announcing import Audience
    from zoomsync.errors import SettingsError

    try:
        return Audience(to.lower())
    except ValueError:
        words = _("--to {audience} is no audience; there are: {audiences}.")
        raise SettingsError(words.format(audience=to, audiences=", ".join(Audience))) from None


def _show(app: App, draft: Draft, recipients: Recipients, before: _Standing, *, quiet: bool) -> str:
    """The message as the organiser would get it, and how many are to get it. Gives the message's text."""
    message = app.render_test(draft.event, draft.subject, draft.text)
    if not quiet:
        answer(terminal(_("Subject: {subject}").format(subject=draft.subject)))
        answer()
        for line in message.text.splitlines():
            answer(terminal(line))
        answer()
        words = _("To {people} of {event} ({audience}){left_out}.")
        answer(
            words.format(
                people=counted(len(recipients.rows), "person"),
                event=draft.event.slug,
                audience=_(_AUDIENCES[draft.audience]),
                left_out=_left_out(recipients),
            )
        )
        cap = app.mail_limit.per_day
        if cap and len(recipients.rows) > cap:
            days = -(-len(recipients.rows) // cap)
            words = ngettext(
                "The mail host takes {most} a day, so this will take {days} day; reminders of near sessions go first.",
                "The mail host takes {most} a day, so this will take {days} days; reminders of near sessions go first.",
                days,
            )
            answer(words.format(most=cap, days=days))
        if before.waiting:
            words = ngettext(
                "{number} message of it from before still waits.",
                "{number} messages of it from before still wait.",
                before.waiting,
            )
            answer(words.format(number=before.waiting))
    return str(message.text)


def _left_out(recipients: Recipients) -> str:
    parts = []
    if number := recipients.already:
        parts.append(ngettext("{number} has it already", "{number} have it already", number).format(number=number))
    if number := recipients.opted_out:
        words = ngettext(
            "{number} wants no reminders (--important sends it to them too)",
            "{number} want no reminders (--important sends it to them too)",
            number,
        )
        parts.append(words.format(number=number))
    if number := recipients.bounced:
        words = ngettext("mail to {number} came back", "mail to {number} came back", number)
        parts.append(words.format(number=number))
    return _("; left out: {parts}").format(parts=", ".join(parts)) if parts else ""


def _send_test(app: App, draft: Draft) -> None:
    from zoomsync.domain.records import OutcomeKind
    from zoomsync.errors import BatchStopped

    message = app.render_test(draft.event, draft.subject, draft.text)
    with app.transport().open() as connection:
        outcome = connection.send(message, lambda: True)
    if outcome.kind is not OutcomeKind.ACCEPTED:
        words = _(
            "The test copy was not sent, and nothing else: the mail server refuses it at {stage}: {words}. zoomsync "
            "check tries the mail server."
        )
        raise BatchStopped(words.format(stage=outcome.stage, words=outcome.words.rstrip(".")))
    talk(_("A test copy is on its way to the organiser."))


def _wanted(ctx: typer.Context, todo: int, *, tested: bool) -> bool:
    """Whether a person says yes. Where only a test copy was wanted and nobody can be asked, that is no."""
    import sys

    if tested and not options_of(ctx).yes and not sys.stdin.isatty():
        talk(_("Nothing else was sent: the same command with --yes, or on a terminal, sends it to all."))
        return False
    return confirmed(ctx, _("Send this to {people}?").format(people=counted(todo, "person")))


def _deliver(app: App, draft: Draft, event_id: int) -> int:
    from zoomsync.cli.mail import deliver
    from zoomsync.domain.records import OutboxState

    delivery = deliver(app, {event_id: draft.event})
    for alarm in delivery.alarms:
        talk(f"zoomsync: {alarm}")
    return 1 if delivery.alarms or delivery.counts[OutboxState.FAILED] else 0


def _tell(before: _Standing, after: _Standing, todo: int) -> None:
    if not todo:
        words = _("Nobody is left to send it to: {people} got it before.")
        answer(words.format(people=counted(after.sent, "person")))
        return
    said = [_("Sent to {people}").format(people=counted(after.sent - before.sent, "person"))]
    if failed := after.failed - before.failed:
        words = ngettext(
            "{number} failed (zoomsync outbox list --state failed says why)",
            "{number} failed (zoomsync outbox list --state failed says why)",
            failed,
        )
        said.append(words.format(number=failed))
    told = ", ".join(said)
    if after.waiting:
        words = ngettext(
            "{number} waits, and zoomsync remind or the daemon goes on",
            "{number} wait, and zoomsync remind or the daemon goes on",
            after.waiting,
        )
        told += f"; {words.format(number=after.waiting)}"
    answer(f"{told}.")


# What --to is given, as it is said behind a number of people.
_AUDIENCES = {
    "approved": N_("those approved"),
    "pending": N_("those who wait for approval"),
    "attended": N_("those who came"),
    "absent": N_("those who did not come"),
}
