"""`zoomsync announce`: a message of the organiser's own, looked at and counted before anybody gets it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoomsync.cli.house import actor, confirmed, opened, options_of
from zoomsync.cli.output import answer, answer_json, talk
from zoomsync.text import terminal
from zoomsync.words import counted

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
                talk(f"zoomsync: {chosen.slug}: {run.error} The announcement goes by the last whole pull.")
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
            answer("Nothing was sent.")
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
        raise SettingsError(f"--subject wants a line of 1 to {LONGEST_SUBJECT} characters.")
    return line


def _text(file: Path) -> str:
    from zoomsync.domain.handwritten import Mistake, decoded
    from zoomsync.errors import SettingsError

    try:
        data = file.read_bytes()
        text = decoded(data)
    except OSError as exc:
        raise SettingsError(f"{file} cannot be read ({exc.strerror}).") from exc
    except Mistake as mistake:
        raise SettingsError(f"{file}: {mistake}") from mistake
    if not text.strip():
        raise SettingsError(f"{file} is empty: write the message there, in Markdown.")
    if len(data) > LONGEST_TEXT_BYTES:
        raise SettingsError(f"{file} is longer than {LONGEST_TEXT_BYTES // 1000} kB: that is no message any more.")
    return text


def _audience(to: str) -> Audience:
    from zoomsync.domain.announcing import Audience
    from zoomsync.errors import SettingsError

    try:
        return Audience(to.lower())
    except ValueError:
        raise SettingsError(f"--to {to} is no audience; there are: {', '.join(Audience)}.") from None


def _show(app: App, draft: Draft, recipients: Recipients, before: _Standing, *, quiet: bool) -> str:
    """The message as the organiser would get it, and how many are to get it. Gives the message's text."""
    message = app.render_test(draft.event, draft.subject, draft.text)
    if not quiet:
        answer(terminal(f"Subject: {draft.subject}"))
        answer()
        for line in message.text.splitlines():
            answer(terminal(line))
        answer()
        answer(f"To {_people(len(recipients.rows))} of {draft.event.slug} ({draft.audience}){_left_out(recipients)}.")
        cap = app.mail_limit.per_day
        if cap and len(recipients.rows) > cap:
            days = -(-len(recipients.rows) // cap)
            answer(
                f"The mail host takes {cap} a day, so this will take {days} days; reminders of near sessions go first."
            )
        if before.waiting:
            answer(f"{counted(before.waiting, 'message')} of it from before still {_wait(before.waiting)}.")
    return str(message.text)


def _left_out(recipients: Recipients) -> str:
    parts = []
    if recipients.already:
        parts.append(f"{recipients.already} {'has' if recipients.already == 1 else 'have'} it already")
    if recipients.opted_out:
        want = "wants" if recipients.opted_out == 1 else "want"
        parts.append(f"{recipients.opted_out} {want} no reminders (--important sends it to them too)")
    if recipients.bounced:
        parts.append(f"mail to {recipients.bounced} came back")
    return f"; left out: {', '.join(parts)}" if parts else ""


def _send_test(app: App, draft: Draft) -> None:
    from zoomsync.domain.records import OutcomeKind
    from zoomsync.errors import BatchStopped

    message = app.render_test(draft.event, draft.subject, draft.text)
    with app.transport().open() as connection:
        outcome = connection.send(message, lambda: True)
    if outcome.kind is not OutcomeKind.ACCEPTED:
        raise BatchStopped(
            f"The test copy was not sent, and nothing else: the mail server refuses it at {outcome.stage}: "
            f"{outcome.words.rstrip('.')}. zoomsync check tries the mail server."
        )
    talk("A test copy is on its way to the organiser.")


def _wanted(ctx: typer.Context, todo: int, *, tested: bool) -> bool:
    """Whether a person says yes. Where only a test copy was wanted and nobody can be asked, that is no."""
    import sys

    if tested and not options_of(ctx).yes and not sys.stdin.isatty():
        talk("Nothing else was sent: the same command with --yes, or on a terminal, sends it to all.")
        return False
    return confirmed(ctx, f"Send this to {_people(todo)}?")


def _deliver(app: App, draft: Draft, event_id: int) -> int:
    from zoomsync.cli.mail import deliver
    from zoomsync.domain.records import OutboxState

    delivery = deliver(app, {event_id: draft.event})
    for alarm in delivery.alarms:
        talk(f"zoomsync: {alarm}")
    return 1 if delivery.alarms or delivery.counts[OutboxState.FAILED] else 0


def _tell(before: _Standing, after: _Standing, todo: int) -> None:
    if not todo:
        answer(f"Nobody is left to send it to: {_people(after.sent)} got it before.")
        return
    sent, failed = after.sent - before.sent, after.failed - before.failed
    bad = f", {failed} failed (zoomsync outbox list --state failed says why)" if failed else ""
    rest = (
        f"; {after.waiting} {_wait(after.waiting)}, and zoomsync remind or the daemon goes on" if after.waiting else ""
    )
    answer(f"Sent to {_people(sent)}{bad}{rest}.")


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"


def _wait(number: int) -> str:
    return "waits" if number == 1 else "wait"
