"""`zoomsync explain`, `forget`, `export-person` and `retention`: one person's story, and the data of persons."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoomsync import words
from zoomsync.cli.house import confirmed, opened, options_of
from zoomsync.cli.output import answer, answer_json, answer_table, local_time, paint, talk, wrapped
from zoomsync.language import N_, _, in_use, ngettext
from zoomsync.text import terminal
from zoomsync.words import counted

if TYPE_CHECKING:
    from datetime import datetime

    from zoomsync.jobs.explain import Chapter
    from zoomsync.jobs.privacy import Forgotten, NotFound, Person
    from zoomsync.jobs.retention import RetentionReport
    from zoomsync.store.privacy import Erased

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The person's address.")]


def add_to(app: typer.Typer) -> None:
    app.command("explain")(explain)
    app.command("forget")(forget)
    app.command("export-person")(export_person)
    app.command("retention")(retention)


# ------------------------------------------------------------------------------------------------------------- explain


def explain(ctx: typer.Context, email: Email) -> int:
    """Tell one person's story: registered, approved, each mail with its fate, attended. And why a mail was not sent."""
    from zoomsync.jobs.explain import explain as gather
    from zoomsync.jobs.privacy import NotFound
    from zoomsync.reports.story import in_words
    from zoomsync.reports.words import Words

    with opened(ctx, writes=False) as app:
        now = app.clock()
        chapters = gather(email, database=app.database, file_of=app.file_in_force, now=now)
        if isinstance(chapters, NotFound):
            return nobody(ctx, chapters)
        if options_of(ctx).json:
            answer_json(
                {"email": email.strip().lower(), "now": now, "registrations": [_chapter(one, now) for one in chapters]}
            )
            return 0
        for number, one in enumerate(chapters):
            told, who = Words(in_use()), one.registrant
            if number:
                answer()
            name = f"{who.name} <{who.email}>" if who.name else who.email
            heading = terminal(f"{one.title} ({one.event}): {name}, {told.status(who.status.value)}")
            answer(paint(wrapped(heading, indent=0), "bold"))
            answer(terminal(_("Times of {zone}").format(zone=one.timezone)))
            for entry in one.entries:
                at = local_time(entry.at, one.timezone) or " " * 16
                mark = ">" if entry.at is not None and entry.at > now else " "
                said = wrapped(terminal(in_words(entry, told, one.timezone, now)), indent=len(at) + 3)
                answer(f"{at} {mark} {said}")
        if not chapters:
            answer(_("{email} is registered for no event (any more).").format(email=terminal(email)))
        return 0


def _chapter(one: Chapter, now: datetime) -> dict[str, Any]:
    from zoomsync.reports.story import in_words
    from zoomsync.reports.words import Words

    told = Words(one.language)
    return {
        "event": one.event,
        "title": one.title,
        "meeting_id": one.registrant.meeting_id,
        "registrant_id": one.registrant.registrant_id,
        "status": one.registrant.status.value,
        "story": [
            {
                "at": entry.at,
                "what": entry.told.value,
                **entry.values,
                "text": in_words(entry, told, one.timezone, now),
            }
            for entry in one.entries
        ],
    }


# -------------------------------------------------------------------------------------------------------------- forget


def forget(
    ctx: typer.Context,
    email: Email,
    in_zoom: Annotated[bool, typer.Option("--in-zoom", help="Delete the registrations on Zoom too.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be erased; write nothing.")] = False,
) -> int:
    """Erase a person's data from every event. What was counted stays counted; a sync does not bring them back."""
    from zoomsync.jobs.privacy import NotFound, find_person
    from zoomsync.jobs.privacy import forget as erase

    options = options_of(ctx)
    with opened(ctx, writes=not dry_run) as app:
        person = find_person(app.database, email)
        if isinstance(person, NotFound):
            return nobody(ctx, person)
        if not options.json:
            for line in _what_is_held(person):
                talk(line)
            if person.on_zoom and not in_zoom:
                talk(_("Zoom lists this person too, and goes on doing so: --in-zoom deletes that first."))
        if dry_run:
            if options.json:
                answer_json(_document(person, None, in_zoom=in_zoom))
            else:
                answer(_("{email}: nothing was erased (dry run).").format(email=terminal(person.email)))
                _say_zoom(person, in_zoom=in_zoom, done=False)
            return 0
        app.refuse_rehearsing_for_real(zoom=in_zoom, mail=False, yes=options.yes)
        here = _("Erase all of this? It cannot be undone.")
        there = _("Erase all of this here and on Zoom? It cannot be undone.")
        if not confirmed(ctx, there if in_zoom else here):
            talk(_("zoomsync: nothing was erased."))
            return 1
        desk = app.zoom if in_zoom and person.on_zoom else None
        done = erase(person, database=app.database, now=app.clock(), actor=_actor(), desk=desk)
        for problem in done.problems:
            talk(f"zoomsync: {problem}")
        if done.problems:
            talk(_("zoomsync: nothing was erased here: mend that and say it again, or leave out --in-zoom."))
        if options.json:
            answer_json(_document(person, done, in_zoom=in_zoom))
        elif not done.problems:
            answer(_("{email}: erased: {what}.").format(email=terminal(person.email), what=_in_words(done.erased)))
            _say_zoom(person, in_zoom=in_zoom, done=True)
        if not done.cleared:
            talk(_(_NOT_CLEARED))
        return 1 if done.problems else 0


_NOT_CLEARED = N_(
    "zoomsync: the database's file still holds the erased bytes in pages that nothing refers to, because somebody was "
    "reading: zoomsync retention clears them."
)


def _what_is_held(person: Person) -> list[str]:
    no_name = _("(no name)")
    lines = [
        ", ".join(
            (
                f"{one.event}: {one.registrant.name or no_name}",
                words.registrant_status(one.registrant.status),
                counted(len(one.letters), "message"),
                counted(len(one.changes), "recorded change"),
            )
        )
        for one in person.registrations
    ]
    lines += [_("{event}: wants no more reminders").format(event=one.event) for one in person.opt_outs]
    lines += [
        _("{event}: {stays} in a session").format(event=event, stays=counted(len(joinings), "stay"))
        for event, joinings in person.joinings.items()
    ]
    return [terminal(line) for line in lines]


def _say_zoom(person: Person, *, in_zoom: bool, done: bool) -> None:
    """What Zoom still has of them, and who deletes that."""
    if person.on_zoom and not in_zoom:
        meetings = ", ".join(sorted({one.registrant.meeting_id for one in person.on_zoom}))
        said = (
            _(
                "Zoom still has {registrations} of this person (meeting {meetings}), and their link still works: "
                "`zoomsync forget EMAIL --in-zoom` would have deleted that; now only Zoom's API or support can."
            )
            if done
            else _(
                "Zoom still has {registrations} of this person (meeting {meetings}), and their link still works: "
                "`zoomsync forget EMAIL --in-zoom` deletes that too."
            )
        )
        answer(said.format(registrations=counted(len(person.on_zoom), "registration"), meetings=meetings))
    elif person.on_zoom:
        took, asked = _("Zoom took the deletion: their link works no more."), _("Zoom is asked to delete them too.")
        answer(took if done else asked)
    answer(_("Zoom's own reports of who took part, recordings and chats keep what they hold: see docs/privacy.md."))


def _document(person: Person, done: Forgotten | None, *, in_zoom: bool) -> dict[str, Any]:
    return {
        "email": person.email,
        "events": sorted(
            {
                *(one.event for one in person.registrations),
                *(one.event for one in person.opt_outs),
                *person.joinings,
            }
        ),
        "erased": asdict(done.erased) if done and not done.problems else None,
        "on_zoom": [
            {
                "event": one.event,
                "meeting_id": one.registrant.meeting_id,
                "occurrence_id": one.registrant.occurrence_id or None,
                "registrant_id": one.registrant.registrant_id,
                "deleted": bool(done and in_zoom and not done.problems),
            }
            for one in person.on_zoom
        ],
        "problems": done.problems if done else [],
    }


def _in_words(erased: Erased) -> str:
    parts = [counted(erased.registrations, "registration"), counted(erased.messages, "message")]
    if erased.stopped:
        parts[-1] += " " + ngettext(
            "({number} of them not sent yet, and stopped)",
            "({number} of them not sent yet, and stopped)",
            erased.stopped,
        ).format(number=erased.stopped)
    parts.append(counted(erased.changes, "recorded change"))
    if erased.opt_outs:
        parts.append(counted(erased.opt_outs, "opt-out"))
    if erased.certificates:
        parts.append(counted(erased.certificates, "certificate"))
    if erased.joinings:
        parts.append(_("{stays} in a session").format(stays=counted(erased.joinings, "stay")))
    return ", ".join(parts)


def _actor() -> str:
    return f"command ({getpass.getuser()})"


def nobody(ctx: typer.Context, found: NotFound) -> int:
    """Say that nobody has this address, and who may be meant. Gives the exit code."""
    if options_of(ctx).json:
        near = [{"email": email, "name": name} for email, name in found.near]
        answer_json({"email": found.email, "found": False, "near": near})
    said = (
        _("zoomsync: nothing is known of {email}. Do you mean:")
        if found.near
        else _("zoomsync: nothing is known of {email}.")
    )
    talk(said.format(email=terminal(found.email)))
    if not options_of(ctx).json:
        for email, name in found.near:
            answer(terminal(f"{email}  {name}"))
    return 1


# ------------------------------------------------------------------------------------------------------- export-person


def export_person(ctx: typer.Context, email: Email) -> int:
    """Print all that is held of a person as one JSON document, to hand to them."""
    from zoomsync.jobs.privacy import NotFound, everything_of, find_person

    with opened(ctx, writes=False) as app:
        person = find_person(app.database, email)
        if isinstance(person, NotFound):
            return nobody(ctx, person)
        answer_json(everything_of(person, app.clock()))
        return 0


# ----------------------------------------------------------------------------------------------------------- retention


def retention(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed; write nothing.")] = False,
) -> int:
    """Remove personal data that is older than the retention, and print the receipt. The daemon does so by itself."""
    with opened(ctx, writes=not dry_run) as app:
        if not dry_run:
            app.refuse_rehearsing_for_real(zoom=False, mail=True, yes=options_of(ctx).yes)
        report = app.retention(by_hand=True, dry_run=dry_run)
        if options_of(ctx).json:
            answer_json(_receipts(report, dry_run=dry_run))
        else:
            _show_receipts(report, app.settings.timezone, dry_run=dry_run)
        problems = _problems(report)
        for problem in problems:
            talk(f"zoomsync: {problem}")
        if not report.cleared:
            talk(_(_NOT_CLEARED))
        return 1 if problems else 0


def _problems(report: RetentionReport) -> list[str]:
    from zoomsync.jobs.retention import UNWARNED

    return [_(UNWARNED).format(event=slug) for slug in report.unwarned]


def _receipts(report: RetentionReport, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "receipts": [
            {"event": one.event, "due_at": one.due_at, "removed_at": one.removed_at, "erased": asdict(one.erased)}
            for one in report.receipts
        ],
        "kept": [{"event": one.event, "until": one.removed_at, "registrations": one.people} for one in report.kept],
        "warned": report.warned,
        "problems": _problems(report),
    }


def _show_receipts(report: RetentionReport, zone: str, *, dry_run: bool) -> None:
    for one in report.receipts:
        said = (
            _("{event}: personal data would be removed: {what}.")
            if dry_run
            else _("{event}: personal data removed on {moment} ({zone}): {what}.")
        )
        at = words.moment(one.removed_at, zone)
        answer(said.format(event=one.event, what=_in_words(one.erased), moment=at, zone=zone))
    if not report.receipts:
        answer(_("Nothing is to be removed.") if dry_run else _("Nothing was to be removed."))
    for slug in report.warned:
        answer(_("{event}: the organiser was told that the removal is near.").format(event=slug))
    headings = [_("Event"), _("Registrations"), _("Kept until ({zone})").format(zone=zone)]
    answer_table(
        headings,
        [(one.event, one.people, words.moment(one.removed_at, zone) or _("for ever")) for one in report.kept],
        folding=headings,
        right=1,
    )
