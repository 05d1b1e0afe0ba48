"""`zoomsync remind`, `zoomsync preview` and `zoomsync outbox`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoomsync.cli.house import actor, chosen_events, opened, options_of
from zoomsync.cli.output import answer, answer_json, answer_table, local_time, talk, wrapped
from zoomsync.cli.sync import Events
from zoomsync.language import N_, _, ngettext
from zoomsync.text import terminal
from zoomsync.words import counted, fate, mail_kind, mail_state, reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoomsync.app import App
    from zoomsync.domain.records import Event
    from zoomsync.jobs.deliver import DeliveryReport
    from zoomsync.jobs.remind import RemindReport
    from zoomsync.jobs.stops import Bounced
    from zoomsync.store.outbox_hands import OutboxEntry

outbox_app = typer.Typer(no_args_is_help=True, help="What was sent, what waits, what failed and with which words.")


def add_to(app: typer.Typer) -> None:
    app.command("remind")(remind)
    app.command("preview")(preview)
    app.add_typer(outbox_app, name="outbox")


def remind(
    ctx: typer.Context,
    events: Events = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show each message; send and write nothing.")] = False,
) -> int:
    """Plan what is due and deliver it."""
    from zoomsync.domain.records import OutboxState
    from zoomsync.jobs.remind import rehearse
    from zoomsync.jobs.remind import remind as carry_out

    options = options_of(ctx)
    with opened(ctx, writes=not dry_run) as app:
        chosen = chosen_events(app, events or [])
        if dry_run:
            report = rehearse(chosen.events, database=app.database, clock=app.clock, resend=app.resends)
        else:
            app.refuse_rehearsing_for_real(zoom=False, mail=True, yes=options.yes)
            app.zoom  # noqa: B018 - credentials that are missing are told before anything is done
            report = carry_out(
                chosen.events,
                database=app.database,
                sync=lambda event: app.syncer().sync(event),
                deliver=lambda ready: deliver(app, ready),
                clock=app.clock,
                resend=app.resends,
            )
        _print(report, dry_run=dry_run, as_json=options.json)
        for problem in report.problems:
            talk(f"zoomsync: {problem}")
        return 1 if chosen.errors or report.problems or report.count(OutboxState.FAILED) else 0


def deliver_now(ctx: typer.Context, app: App, events: Mapping[int, Event], numbers: Sequence[int]) -> int:
    """Deliver these messages alone, and tell what became of them. Gives the exit code. events: by the store's ids."""
    from zoomsync.domain.records import OutboxState
    from zoomsync.jobs.remind import RemindReport, in_report

    delivery = deliver(app, events, only=numbers)
    report = RemindReport(planned=len(numbers), messages=in_report(delivery, events), problems=delivery.alarms)
    _print(report, dry_run=False, as_json=options_of(ctx).json)
    for problem in report.problems:
        talk(f"zoomsync: {problem}")
    left = len(numbers) - len(report.messages)
    if left and not report.problems:
        until = delivery.full_until
        why = (
            _("the mail host's limit leaves room again at {time} UTC").format(time=f"{until:%H:%M}")
            if until
            else _("zoomsync outbox list shows it")
        )
        words = ngettext("{number} message waits: {why}.", "{number} messages wait: {why}.", left)
        talk(f"zoomsync: {words.format(number=left, why=why)}")
    return 1 if report.problems or report.count(OutboxState.FAILED) else 0


def deliver(app: App, ready: Mapping[int, Event], only: Sequence[int] | None = None) -> DeliveryReport:
    """Deliver; a SIGTERM meanwhile finishes the messages in hand and gives the rest back."""
    import signal
    import threading

    stop = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        return app.deliverer(ready).deliver(event_ids=list(ready), only=only, stop=stop)
    finally:
        signal.signal(signal.SIGTERM, before)


def _print(report: RemindReport, *, dry_run: bool, as_json: bool) -> None:
    from zoomsync.domain.records import OutboxState

    counts = {name: report.count(OutboxState(name)) for name in ("sent", "failed", "skipped", "in_doubt", "deferred")}
    if as_json:
        messages = [{**asdict(one), "state": one.state.value, "reason": one.reason or None} for one in report.messages]
        answer_json({"planned": report.planned, **counts, "messages": messages})
        return
    if report.messages and (dry_run or len(report.messages) <= 40):
        answer_table(
            [_("Event"), _("Session"), _("Kind"), _("To"), _("State"), _("Why")],
            [
                (
                    one.event,
                    one.session,
                    mail_kind(one.kind),
                    one.to,
                    _("would be sent") if dry_run else mail_state(one.state),
                    reason(one.reason),
                )
                for one in report.messages
            ],
            folding={_("Event"), _("Session"), _("Kind"), _("To"), _("State"), _("Why")},
        )
    if dry_run:
        words = _("{messages} would be sent now; nothing was sent or written.")
        answer(words.format(messages=counted(len(report.messages), "message")))
        return
    counts["waiting"] = report.count(OutboxState.PENDING)  # taken up, and put back as they were
    told = ", ".join(fate(name, count) for name, count in counts.items() if count)
    planned = _("{messages} newly planned.").format(messages=counted(report.planned, "message"))
    answer((told or _("Nothing was due")) + "." + (f" {planned}" if report.planned else ""))


def preview(
    ctx: typer.Context,
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's name.")],
    output: Annotated[Path, typer.Option(help="The folder to write into.")] = Path("preview"),
    send: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Also send one of each kind there.")] = None,
) -> int:
    """Write the e-mails of an event as .eml and .html for a look."""
    from zoomsync.domain.records import OutcomeKind
    from zoomsync.domain.sessions import follow_sessions
    from zoomsync.errors import BatchStopped, SettingsError
    from zoomsync.jobs.check import known_sessions
    from zoomsync.mail.samples import sample_requests
    from zoomsync.text import file_name, is_email

    options = options_of(ctx)
    with opened(ctx) as app:
        (chosen,) = chosen_events(app, [event]).events
        if send is not None and not is_email(send):
            raise SettingsError(_("{address} is not one e-mail address.").format(address=f"--send {send}"))
        folder = output / chosen.slug
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        now = app.clock()
        sessions = follow_sessions(chosen, (), known_sessions(app.database, chosen.slug), now).sessions
        domain = app.renderer.sender_of(chosen).domain
        requests = sample_requests(chosen, sessions, now, to=send, domain=domain)
        messages = [(request.kind, app.renderer.render(request)) for request in requests]
        for kind, message in messages:
            name = file_name(kind.replace(":", "-").replace(" ", "-"))
            for suffix, data in ((".eml", message.data), (".html", message.html.encode())):
                path = folder / (name + suffix)
                path.write_bytes(data)
                written.append(str(path))
        if send is not None:
            with app.transport().open() as connection:
                for kind, message in messages:
                    outcome = connection.send(message, lambda: True)
                    if outcome.kind is not OutcomeKind.ACCEPTED:
                        words = _(
                            "{kind} was not sent: the mail server refuses it at {stage}: {words}. zoomsync check tries "
                            "the mail server."
                        )
                        raise BatchStopped(
                            words.format(kind=kind, stage=outcome.stage, words=outcome.words.rstrip("."))
                        )
        if options.json:
            answer_json({"files": written, "sent_to": send})
        else:
            for kind, message in messages:
                answer(f"{kind:16} {message.subject}")
            sent = " " + _("Sent to {address}, marked as a test.").format(address=send) if send else ""
            answer(_("Written into {folder}.").format(folder=folder) + sent)
        return 0


@outbox_app.command("list")
def outbox_list(
    ctx: typer.Context,
    events: Events = None,
    state: Annotated[list[str] | None, typer.Option(help="Only messages in this state; may be given again.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 200,
) -> int:
    """List messages by the time they are due."""
    from zoomsync.domain.records import OutboxState
    from zoomsync.errors import SettingsError
    from zoomsync.store import events as stored_events
    from zoomsync.store import outbox_hands

    wrong = [name for name in state or [] if name not in list(OutboxState)]
    if wrong:
        words = _("There is no state {state}; there are: {states}.")
        raise SettingsError(words.format(state=wrong[0], states=", ".join(OutboxState)))
    with opened(ctx) as app:
        with app.database.read() as db:
            stored = stored_events.all_stored(db)
            known = {one.slug: one.id for one in stored}
            zones = {one.slug: one.timezone for one in stored}
            strange = [name for name in events or [] if name not in known]
            if strange:
                words = _("The database knows no event {event}; it knows: {known}.")
                raise SettingsError(words.format(event=strange[0], known=", ".join(known) or _("none")))
            entries = outbox_hands.listing(
                db,
                event_ids=[known[name] for name in events] if events else None,
                states=[OutboxState(name) for name in state] if state else None,
                limit=limit,
            )
        if options_of(ctx).json:
            answer_json({"messages": [asdict(entry) for entry in entries]})
            return 0
        _list(entries, zones, limit=limit)
        return 0


def _list(entries: Sequence[OutboxEntry], zones: Mapping[str, str], *, limit: int) -> None:
    """The entries with times in their event's zone. zones: by slug."""
    several = len({entry.event for entry in entries}) > 1
    answer_table(
        [_("No."), _("Event"), _("Session"), _("Kind"), _("To"), _("State"), _("Due"), _("Sent"), _("Why")],
        [
            (
                entry.id,
                entry.event if several else "",
                entry.session,
                mail_kind(entry.kind),
                entry.email,
                mail_state(entry.state),
                local_time(entry.due_at, zones[entry.event]),
                local_time(entry.sent_at, zones[entry.event]),
                reason(entry.reason),
            )
            for entry in entries
        ],
        right=0,
        folding={_("Event"), _("Session"), _("Kind"), _("To"), _("State"), _("Due"), _("Sent"), _("Why")},
    )
    shown = {slug: zones[slug] for slug in sorted({entry.event for entry in entries})}
    more = ", " + _("the first {limit}: --limit shows more").format(limit=limit) if len(entries) == limit else ""
    where = "; ".join(_("{event}, times in {zone}").format(event=slug, zone=zone) for slug, zone in shown.items())
    last = f"{counted(len(entries), 'message')}{more}" + (f" ({where})" if where else "") + "."
    answer(wrapped(terminal(last), indent=0))


Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The message's number in `outbox list`.")]


@outbox_app.command("show")
def outbox_show(ctx: typer.Context, number: Number) -> int:
    """Show one message and every try at it."""
    from zoomsync.errors import SettingsError
    from zoomsync.store import events as stored_events
    from zoomsync.store import outbox_hands

    with opened(ctx) as app:
        with app.database.read() as db:
            found = outbox_hands.show(db, number)
            zones = {one.slug: one.timezone for one in stored_events.all_stored(db)}
        if found is None:
            words = _("There is no message number {number}: zoomsync outbox list shows them.")
            raise SettingsError(words.format(number=number))
        entry, attempts = found
        zone = zones[entry.event]
        if options_of(ctx).json:
            answer_json({**asdict(entry), "tries": [asdict(one) for one in attempts]})
            return 0
        _show_entry(entry, zone)
        for one in attempts:
            code = f" {one.code}" if one.code else ""
            words = _("try at {time} UTC: {outcome} at {stage}: {words}").format(
                time=f"{one.at:%Y-%m-%d %H:%M:%S}",
                outcome=_(_OUTCOMES.get(one.outcome, one.outcome)),
                stage=f"{one.stage}{code}",
                words=one.words,
            )
            answer(wrapped(terminal(words), indent=2))
        return 0


_OUTCOMES = {
    "accepted": N_("accepted"),
    "refused": N_("refused"),
    "deferred": N_("refused for now"),
    "stopped": N_("refused with all others"),
    "in_doubt": N_("no clear answer"),
    "abandoned": N_("given up before the text"),
}
_FIELDS = {
    "id": N_("number"),
    "event": N_("event"),
    "session": N_("session"),
    "kind": N_("kind"),
    "occasion": N_("occasion"),
    "email": N_("recipient"),
    "registrant_id": N_("registrant id"),
    "state": N_("state"),
    "reason": N_("why"),
    "due_at": N_("due"),
    "sent_at": N_("sent at"),
    "expires_at": N_("holds until"),
    "attempts": N_("tries"),
    "in_doubt": N_("times in doubt"),
    "next_try_at": N_("next try"),
    "message_id": "Message-ID",
}


def _show_entry(entry: OutboxEntry, zone: str) -> None:
    from datetime import datetime

    said = {"kind": mail_kind(entry.kind), "state": mail_state(entry.state), "reason": reason(entry.reason)}
    lines = {}
    for name, value in asdict(entry).items():
        if value not in ("", None):
            text = f"{local_time(value, zone)} ({zone})" if isinstance(value, datetime) else str(value)
            lines[_(_FIELDS[name]) if name in _FIELDS else name.replace("_", " ")] = said.get(name, text)
    width = max(map(len, lines))
    for label, text in lines.items():
        answer(f"{label.ljust(width)}  {terminal(text)}")


@outbox_app.command("retry")
def outbox_retry(ctx: typer.Context, number: Number) -> int:
    """Have a message sent at the next opportunity that failed, waits or is in doubt."""
    return _by_hand(ctx, number, "retry")


@outbox_app.command("abort")
def outbox_abort(ctx: typer.Context, number: Number) -> int:
    """Take a message out that has not been sent."""
    return _by_hand(ctx, number, "abort")


@outbox_app.command("bounced")
def outbox_bounced(
    ctx: typer.Context,
    email: Annotated[
        str | None, typer.Argument(metavar="EMAIL", help="The address; without one, all are shown.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="It is in order again: mail goes there.")] = False,
) -> int:
    """Say that mail to an address came back, so that nothing more goes there until you take it back."""
    from zoomsync.errors import SettingsError
    from zoomsync.jobs.stops import set_bounced
    from zoomsync.store import bounces
    from zoomsync.text import is_email, mask_email

    options = options_of(ctx)
    if email is None and undo:
        raise SettingsError(_("--undo wants the address: zoomsync outbox bounced EMAIL --undo."))
    if email is not None and not is_email(email.strip()):
        raise SettingsError(_("{address} is not one e-mail address.").format(address=mask_email(email)))
    with opened(ctx) as app:
        if email is None:
            with app.database.read() as db:
                found = bounces.bounces(db)
            if options.json:
                answer_json({"bounced": [one._asdict() for one in found]})
                return 0
            answer_table(
                [_("Address"), _("Since (UTC)"), _("Events")],
                [(one.email, f"{one.at:%Y-%m-%d %H:%M}", ", ".join(one.events)) for one in found],
                folding={_("Address"), _("Events")},
            )
            answer(_("Mail came back from {addresses}.").format(addresses=counted(len(found), "address")))
            return 0
        done = set_bounced(email, undo=undo, database=app.database, now=app.clock(), actor=actor())
        if options.json:
            answer_json({"email": email, "bounced": not undo, **asdict(done)})
        elif not undo and not done.events:
            words = _("nobody is registered with the address {address}: zoomsync sync pulls who is.")
            talk(f"zoomsync: {words.format(address=mask_email(email))}")
        else:
            answer(terminal(_bounce_in_words(email, done, undo=undo)))
        return 0 if undo or done.events else 1


def _bounce_in_words(email: str, done: Bounced, *, undo: bool) -> str:
    if undo:
        words = _("{email}: mail goes there again.") if done.changed else _("{email}: nothing stood against it.")
        return words.format(email=email)
    stopped = _("nothing more goes there") if done.changed else _("nothing more goes there already")
    return _(
        "{email} ({events}): {stopped}; {messages} waiting. Ask for the right address: who registers again with it "
        "gets everything. If it is in order again: zoomsync outbox bounced EMAIL --undo."
    ).format(email=email, events=", ".join(done.events), stopped=stopped, messages=counted(done.waiting, "message"))


def _by_hand(ctx: typer.Context, number: int, act: str) -> int:
    from zoomsync.store import outbox_hands

    change = outbox_hands.retry if act == "retry" else outbox_hands.abort
    with opened(ctx) as app:
        now = app.clock()
        refusal = app.database.write(lambda db: change(db, number, now=now, actor=actor()))
        if options_of(ctx).json:
            answer_json({"number": number, "done": not refusal, "reason": refusal or None})
        elif refusal:
            talk(f"zoomsync: {refusal}")
        else:
            words = _("Message {number}: will be sent at the next remind.") if act == "retry" else ""
            answer((words or _("Message {number}: taken out.")).format(number=number))
        return 1 if refusal else 0
