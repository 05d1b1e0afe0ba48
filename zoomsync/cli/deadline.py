"""`zoomsync close`, `zoomsync reopen` and `zoomsync late`: the deadline in a person's hands."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoomsync.cli.house import actor, confirmed, opened, options_of
from zoomsync.cli.output import answer, answer_json, answer_table, local_time, talk, wrapped
from zoomsync.cli.sync import closed_in_words, published, tell_registration
from zoomsync.language import _
from zoomsync.text import mask_email
from zoomsync.words import deadline, event_status, registrant_status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zoomsync.app import App
    from zoomsync.domain.records import Event
    from zoomsync.domain.registration import Applicant, Deadline, Order
    from zoomsync.jobs.close import RegistrationReport
    from zoomsync.jobs.late import Person

PATIENCE = timedelta(seconds=60)  # for another process that is at work on the same event

Name = Annotated[str, typer.Argument(metavar="EVENT", help="The event's name.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; write nothing anywhere.")]


def add_to(app: typer.Typer) -> None:
    app.command("close")(close)
    app.command("reopen")(reopen)
    app.command("late")(late)


def close(ctx: typer.Context, event: Name, dry_run: DryRun = False) -> int:
    """Close registration now, whatever the deadline: whoever registers from now on waits."""
    from zoomsync.domain.records import EventStatus
    from zoomsync.domain.registration import Order, OrderKind, RegistrationState
    from zoomsync.errors import SettingsError

    with _at_hand(ctx, event, dry_run) as (app, chosen):
        if chosen.status is EventStatus.DRAFT:
            words = _('{event} is a draft, and drafts are never closed: write status = "active" in its file first.')
            raise SettingsError(words.format(event=chosen.slug))
        order = None
        if not _deadline(app, chosen).has_come(app.clock()):
            order = Order(OrderKind.CLOSED, app.clock())
        report = _carry_out(ctx, app, chosen, order, dry_run=dry_run, replaces=order is not None)
        done = dry_run or report.state is RegistrationState.CLOSED
        if done and not dry_run and not options_of(ctx).json:
            answer(f"{chosen.slug}: {closed_in_words(report.late)}.")
            _say_words(chosen, report.closes_at)
        return 0 if done and not report.error else 1


def reopen(
    ctx: typer.Context,
    event: Name,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Until when; without it, until the next close.")
    ] = None,
    dry_run: DryRun = False,
) -> int:
    """Open registration again as it was before. Who waits and is in time now is approved."""
    from zoomsync.domain.records import EventStatus
    from zoomsync.domain.registration import RegistrationState
    from zoomsync.errors import SettingsError

    with _at_hand(ctx, event, dry_run) as (app, chosen):
        if chosen.status is not EventStatus.ACTIVE:
            words = _("{event} is {status}: only an active event's registration is opened.")
            raise SettingsError(words.format(event=chosen.slug, status=event_status(chosen.status)))
        order = _reopening(app, chosen, until)
        report = _carry_out(ctx, app, chosen, order, dry_run=dry_run, replaces=True)
        good = report.state is RegistrationState.OPEN and not report.error
        if good and not dry_run and not options_of(ctx).json:
            answer(f"{chosen.slug}: {_open_until(app, chosen)}")
            if _waits_for_people(app, chosen):
                words = _(
                    "approval was manual before, and is so again: whoever registers waits for a person (zoomsync late "
                    "{event} --approve EMAIL), or set approval to automatic in Zoom's portal."
                )
                talk(f"{chosen.slug}: {words.format(event=chosen.slug)}")
        return 0 if dry_run or good else 1


def _reopening(app: App, event: Event, until: str | None) -> Order | None:
    """The order that `reopen` gives; None where taking back a closing by hand is enough. Raises SettingsError."""
    from zoomsync.app import read_moment
    from zoomsync.domain.registration import Order, OrderKind
    from zoomsync.errors import SettingsError

    now = app.clock()
    if until is None:
        # Before the file's deadline that one holds again: it was announced, and closes by itself.
        return None if now < event.registration_deadline else Order(OrderKind.REOPENED, now)
    moment = read_moment(until, event.timezone, option="--until")
    if moment <= now:
        raise SettingsError(_("--until {time} is in the past.").format(time=until))
    if moment < event.registration_deadline:
        words = _(
            "--until {time} is before the deadline in the event's file: write an earlier registration_deadline there "
            "if that is meant."
        )
        raise SettingsError(words.format(time=until))
    return Order(OrderKind.REOPENED, now, moment)


def late(
    ctx: typer.Context,
    event: Name,
    approve: Annotated[list[str] | None, typer.Option("--approve", metavar="EMAIL", help="Let this person in.")] = None,
    deny: Annotated[list[str] | None, typer.Option("--deny", metavar="EMAIL", help="Turn this person away.")] = None,
) -> int:
    """List who registered after the deadline, and who else waits; approve or deny them one by one."""
    from zoomsync.errors import SettingsError

    options = options_of(ctx)
    acts = [*((email, "approve") for email in approve or []), *((email, "deny") for email in deny or [])]
    both = {email.strip().lower() for email in approve or []} & {email.strip().lower() for email in deny or []}
    if both:
        words = _("{emails} cannot be approved and denied at once.")
        raise SettingsError(words.format(emails=", ".join(sorted(both))))
    with opened(ctx) as app:
        (chosen,) = app.choose_events([event]).events
        problems = _decide_by_hand(ctx, app, chosen, acts) if acts else []
        if options.json:
            answer_json(_late_document(app, chosen))
        else:
            _show_late(app, chosen)
        return 1 if problems else 0


def _decide_by_hand(ctx: typer.Context, app: App, event: Event, acts: list[tuple[str, str]]) -> list[str]:
    """Approve and deny on Zoom, look again, and tell what came of it. Gives what went wrong, a line each."""
    denied = [email for email, action in acts if action == "deny"]
    if denied:
        talk(
            _(
                "Zoom may mail who is denied, and blocks the address: they cannot register again until somebody "
                "approves them."
            )
        )
        if not confirmed(ctx, _("Deny {people}?").format(people=", ".join(map(mask_email, denied)))):
            return [_("not confirmed")]
    app.refuse_rehearsing_for_real(zoom=True, mail=False, yes=options_of(ctx).yes)
    result = app.decide_by_hand(event, acts, actor=actor())
    if not options_of(ctx).json:
        for line in result.done:
            answer(f"{event.slug}: {line}")
    for line in result.problems:
        talk(f"zoomsync: {event.slug}: {line}")
    return result.problems


# ----------------------------------------------------------------------------------------------------------- carry out


@contextmanager
def _at_hand(ctx: typer.Context, name: str, dry_run: bool) -> Iterator[tuple[App, Event]]:
    """The wired objects and the one event that was named."""
    with opened(ctx, writes=not dry_run) as app:
        (event,) = app.choose_events([name]).events
        if not dry_run:
            app.refuse_rehearsing_for_real(zoom=True, mail=False, yes=options_of(ctx).yes)
        _refuse_what_is_over(app, event)
        yield app, event


def _refuse_what_is_over(app: App, event: Event) -> None:
    """Raises SettingsError once the last session has ended: the form is left alone from then on."""
    from zoomsync.errors import SettingsError
    from zoomsync.store import events as stored_events

    with app.database.read() as db:
        known = stored_events.load_stored(db, event.slug)
        sessions = stored_events.sessions_of(db, known.id) if known else []
    last_end = max((one.ends_at for one in sessions if not one.cancelled), default=None)
    if last_end is not None and app.clock() >= last_end:
        words = _("{event} is over: its registration on Zoom is left as it is.")
        raise SettingsError(words.format(event=event.slug))


def _carry_out(
    ctx: typer.Context, app: App, event: Event, order: Order | None, *, dry_run: bool, replaces: bool
) -> RegistrationReport:
    """Look, write the order down, do what it asks for, and tell. replaces: `order` takes the last one's place."""
    from zoomsync.domain.records import RunState
    from zoomsync.domain.registration import deadline_in_force
    from zoomsync.store import events as stored_events
    from zoomsync.store import registration as stored

    options = options_of(ctx)
    if dry_run:
        deadline = deadline_in_force(event.registration_deadline, order) if replaces else None
        report = app.keeper().rehearse(event, deadline)
    else:
        run = app.syncer().sync(event).run
        if run.error:
            words = _("the look at the registrants: {why}")
            talk(f"zoomsync: {event.slug}: {words.format(why=run.error)}")
        now = app.clock()
        with app.database.read() as db:
            known = stored_events.load_stored(db, event.slug)
        if replaces and known is not None:
            event_id = known.id
            app.database.write(lambda db: stored.save_order(db, event_id, order, now=now, actor=actor()))
        keeper = app.keeper(actor=actor(), patience=PATIENCE)
        report = keeper.keep(event, pulled=run.state is RunState.OK, at_once=True, many_denials=options.yes)
        report = published(app, event, report)
    if options.json:
        answer_json(
            {
                "event": report.event,
                "state": report.state.value,
                "method": report.method,
                "verified": report.verified,
                "late": report.late,
            }
        )
    tell_registration(report, quiet=options.quiet, with_state=False)
    return report


def _deadline(app: App, event: Event) -> Deadline:
    """The deadline in force."""
    from zoomsync.domain.registration import deadline_in_force
    from zoomsync.store import events as stored_events
    from zoomsync.store import registration as stored

    with app.database.read() as db:
        known = stored_events.load_stored(db, event.slug)
        order = stored.order_of(db, known.id) if known else None
    return deadline_in_force(event.registration_deadline, order)


def _waits_for_people(app: App, event: Event) -> bool:
    """Whether an open form leaves whoever registers to a person."""
    from zoomsync.domain.records import ApprovalType, Closing
    from zoomsync.domain.registration import meetings_in_force
    from zoomsync.store import events as stored_events

    with app.database.read() as db:
        known = stored_events.load_stored(db, event.slug)
        meetings = meetings_in_force(event, stored_events.meetings_of(db, known.id)) if known else []
    by_hand = event.zoom.closing is not Closing.GATEKEEPER
    return by_hand and any(one.approval_type == ApprovalType.MANUAL for one in meetings)


def _open_until(app: App, event: Event) -> str:
    closes_at = _deadline(app, event).closes_at
    if closes_at is None:
        words = _("registration is open until somebody closes it (zoomsync close {event}).")
        return words.format(event=event.slug)
    words = _("registration is open until {deadline} ({zone}).")
    return words.format(deadline=deadline(closes_at, event.timezone), zone=event.timezone)


def _say_words(event: Event, closes_at: datetime | None) -> None:
    """What to put on the page and into the meeting's description: Zoom's form itself stays visible."""
    from zoomsync.mail.wording import closed_words

    page, description = closed_words(closes_at or event.registration_deadline, event.timezone, event.language)
    answer(_("Zoom's form stays visible. For the page where the event is announced:"))
    answer(f"  {page}")
    answer(_("For the meeting's description on Zoom:"))
    answer(f"  {description}")


# ----------------------------------------------------------------------------------------------------------- late ones


def _people(app: App, event: Event) -> list[Person]:
    from zoomsync.jobs.late import list_late

    return list_late(event, database=app.database)


def _late_document(app: App, event: Event) -> dict[str, Any]:
    people = _people(app, event)

    def shown(person: Person) -> dict[str, Any]:
        one: Applicant = person.applicant
        return {
            "registrant_id": one.key.registrant_id,
            "email": one.email,
            "name": one.name,
            "status": one.status.value,
            "registered_at": one.registered_at,
            "minutes_late": person.minutes_late,
        }

    return {
        "event": event.slug,
        "late": [shown(one) for one in people if one.minutes_late is not None],
        "waiting": [shown(one) for one in people if one.minutes_late is None],
    }


def _show_late(app: App, event: Event) -> None:
    people = _people(app, event)
    late_ones = [one for one in people if one.minutes_late is not None]
    others = [one for one in people if one.minutes_late is None]
    headings = (
        (_("Registered after the deadline ({number}), times in {zone}:"), late_ones),
        (_("Wait for another reason ({number}), times in {zone}:"), others),
    )
    for heading, some in headings:
        if some:
            answer(wrapped(heading.format(number=len(some), zone=event.timezone), indent=0))
            answer_table(
                [_("Registered"), _("Minutes late"), _("Name"), _("E-mail"), _("Status")],
                [
                    (
                        local_time(one.applicant.registered_at, event.timezone),
                        "" if one.minutes_late is None else one.minutes_late,
                        one.applicant.name,
                        one.applicant.email,
                        registrant_status(one.applicant.status),
                    )
                    for one in some
                ],
                folding=(_("Name"), _("E-mail"), _("Minutes late")),
                right=1,
            )
    if not people:
        answer(f"{event.slug}: " + _("nobody registered after the deadline, and nobody waits."))
    elif any(one.applicant.status.value == "pending" for one in people):
        words = _("To decide: zoomsync late {event} --approve EMAIL, or --deny EMAIL.")
        answer(wrapped(words.format(event=event.slug), indent=0))
