"""`zoomsync attendance`: who took part, pulled from Zoom after a session, and a person's word on whom Zoom does not
name."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoomsync.cli.house import actor, chosen_events, opened, options_of
from zoomsync.cli.output import answer, answer_json, answer_table, local_time, paint, talk, wrapped
from zoomsync.language import N_, _, ngettext
from zoomsync.text import terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zoomsync.app import App
    from zoomsync.domain.attendance import SessionAttendance
    from zoomsync.domain.records import Event
    from zoomsync.jobs.attendance import SessionLook

PATIENCE = timedelta(seconds=60)  # for another process that is just asking
_STATES = {"not_yet": N_("not asked for yet"), "not_ready": N_("not ready on Zoom yet"), "ready": N_("ready")}


def add_to(app: typer.Typer) -> None:
    app.command("attendance")(attendance)


def attendance(
    ctx: typer.Context,
    events: Annotated[list[str] | None, typer.Argument(metavar="EVENT", help="Named ones are pulled again.")] = None,
    minimum: Annotated[
        str, typer.Option(metavar="SHARE", help="Of the scheduled time, from which on somebody counts as present.")
    ] = "50%",
    match: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="NAME EMAIL", help="Say which registrant a participant is that Zoom does not name."),
    ] = None,
    unmatch: Annotated[str | None, typer.Option(metavar="NAME", help="Take such a word back.")] = None,
) -> int:
    """Pull who took part, after a session, and say who came."""
    share = read_minimum(minimum)
    options = options_of(ctx)
    with opened(ctx) as app:
        chosen = chosen_events(app, events or [])
        failed = bool(chosen.errors)
        if match or unmatch:
            _settle(app, chosen.events, match, unmatch)
        else:
            for event in chosen.events:
                failed |= not _pull(app, event, again=bool(events))
        looks = [(event, _look(app, event, share)) for event in chosen.events]
        if options.json:
            answer_json(as_json(looks, share))
        else:
            for event, found in looks:
                _show(event, found, share)
        return 1 if failed else 0


def read_minimum(text: str) -> float:
    """A `--minimum`. Raises SettingsError."""
    from zoomsync.domain.attendance import read_share
    from zoomsync.errors import SettingsError

    try:
        return read_share(text)
    except ValueError:
        words = _("--minimum {share} is no share: write for instance 80%.")
        raise SettingsError(words.format(share=text)) from None


def share_in_words(share: float) -> str:
    """ "80%", as the language writes it: "80 %"."""
    return _("{number}%").format(number=round(100 * share))


def _settle(app: App, events: tuple[Event, ...], match: tuple[str, str] | None, unmatch: str | None) -> None:
    from zoomsync.errors import SettingsError
    from zoomsync.jobs.attendance import match_by_hand, undo_match

    if len(events) != 1:
        raise SettingsError(_("Name the event: zoomsync attendance EVENT --match NAME EMAIL."))
    event, now = events[0], app.clock()
    if unmatch and not undo_match(event, unmatch, database=app.database, now=now, actor=actor()):
        words = _("Nobody of that name was matched by hand in {event}.")
        raise SettingsError(words.format(event=event.slug))
    if match:
        settled = match_by_hand(event, *match, database=app.database, now=now, actor=actor())
        words = _("Settled for {sessions}; it holds for later pulls too.")
        talk(terminal(words.format(sessions=", ".join(settled))))


def _pull(app: App, event: Event, *, again: bool) -> bool:
    """Ask Zoom for what is over; False where it could not be had. again: also what is known already."""
    from zoomsync.jobs.attendance import sessions_due

    due = sessions_due(event, database=app.database, now=app.clock(), at_once=True, again=again)
    if not due:
        return True
    titles = {one.key: one.title for one in due}
    records = app.attendance(patience=PATIENCE).take(event, titles)
    if not records:
        busy = _("another process is just asking for its attendance.")
        talk(f"zoomsync: {event.slug}: {busy}")
    for one in records:
        if one.error:
            talk(f"zoomsync: {event.slug}, {terminal(titles[one.session_key])}: {one.error}")
    return not any(one.error for one in records)


def _look(app: App, event: Event, minimum: float) -> list[SessionLook]:
    from zoomsync.jobs.attendance import look_at_attendance

    found = look_at_attendance(event, database=app.database, now=app.clock(), minimum=minimum)
    if found is None:
        words = _("{event} was never synced: zoomsync sync {event} comes first.")
        talk(f"zoomsync: {words.format(event=event.slug)}")
    return found or []


# ------------------------------------------------------------------------------------------------------- the answer


def as_json(looks: list[tuple[Event, list[SessionLook]]], minimum: float) -> dict[str, Any]:
    """rows: as of `report attendance`, those who registered and did not come with 0 minutes."""
    return {
        "minimum": minimum,
        "sessions": [
            {
                "event": event.slug,
                "session": one.session.title,
                "state": one.record.state.value,
                "over": one.is_over,
                "looked_at": one.record.looked_at,
                "ready_at": one.record.ready_at,
                "registered": _registered(one.found),
                "identified": len(one.found.came) if one.found else None,
                "unmatched": len(one.found.unmatched) if one.found else None,
                "present": one.found.present if one.found else None,
                "without_ids": one.record.without_ids,
                "error": one.record.error,
            }
            for event, found in looks
            for one in found
        ],
        "rows": [row for event, found in looks for one in found if one.found for row in _rows(event, one.found)],
    }


def _rows(event: Event, found: SessionAttendance) -> Iterator[dict[str, Any]]:
    common = {"event": event.slug, "session": found.session.title}
    for one in found.came:
        yield common | {
            "registrant_id": one.registrant.registrant_id,
            "email": one.registrant.email,
            "name": one.registrant.name,
            "matched_by": one.matched_by.value,
            "by_hand": one.by_hand,
            **_measured(one.minutes, one.share, one.present),
        }
    for other in found.unmatched:
        yield common | {
            "registrant_id": None,
            "email": other.email or None,
            "name": other.name,
            "matched_by": None,
            "by_hand": False,
            **_measured(other.minutes, other.share, other.present),
        }
    for absent in found.absent:
        yield common | {
            "registrant_id": absent.registrant_id,
            "email": absent.email,
            "name": absent.name,
            "matched_by": None,
            "by_hand": False,
            **_measured(0, 0.0, present=False),
        }


def _measured(minutes: int, share: float, present: bool) -> dict[str, Any]:
    return {"minutes": minutes, "share": round(share, 4), "present": present}


def _registered(found: SessionAttendance | None) -> int | None:
    return len(found.came) + len(found.absent) if found else None


def _show(event: Event, looks: list[SessionLook], minimum: float) -> None:
    if not looks:
        return
    words = _("{title} ({event}), times of {zone}; present from {share} on")
    share = share_in_words(minimum)
    heading = words.format(title=event.title, event=event.slug, zone=event.timezone, share=share)
    answer(paint(wrapped(terminal(heading), indent=0), "bold"))
    headings = [
        _("Session"),
        _("Ended"),
        _("Registrations"),
        _("Came"),
        _("Present"),
        _("Not identified"),
        _("Attendance"),
    ]
    answer_table(
        headings,
        [
            (
                one.session.title,
                local_time(one.session.ends_at, event.timezone) if one.is_over else _("not over yet"),
                *_counts(one.found),
                _state(one),
            )
            for one in looks
        ],
        folding=headings,
    )
    for one in looks:
        if one.found and one.found.unmatched:
            came = len(one.found.came)
            answer()
            words = ngettext(
                "{session}: {came} identified and {unmatched} not:",
                "{session}: {came} identified and {unmatched} not:",
                came,
            )
            said = words.format(session=one.session.title, came=came, unmatched=len(one.found.unmatched))
            answer(wrapped(terminal(said), indent=0))
            answer_table(
                [_("Name"), _("E-mail"), _("Minutes")],
                [(other.name or _("(removed)"), other.email, other.minutes) for other in one.found.unmatched],
                folding=(_("Name"), _("E-mail")),
                right=2,
            )
    if any(one.found and one.found.unmatched for one in looks):
        words = _('Whom you know: zoomsync attendance {event} --match "NAME" EMAIL')
        answer(wrapped(words.format(event=event.slug), indent=2))


def _counts(found: SessionAttendance | None) -> tuple[object, ...]:
    return (_registered(found), len(found.came), found.present, len(found.unmatched)) if found else ("", "", "", "")


def _state(one: SessionLook) -> str:
    if not one.is_over:
        return ""
    record = one.record
    words = _(_STATES[record.state.value])
    without = _("without registrant ids: see zoomsync check")
    if record.error:
        return _("{words}; the last look failed").format(words=words) if record.ready_at else _("failed")
    return f"{words}, {without}" if record.without_ids else words
