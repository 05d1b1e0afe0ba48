"""The end of the demo, in lines: how it came out, what to look at, what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zoomsync.demo.stage import SLUG, ZONE
from zoomsync.demo.story import Ending
from zoomsync.demo.telling import short_moment
from zoomsync.domain.attendance import SessionAttendance
from zoomsync.domain.records import OutboxState, RegistrantStatus
from zoomsync.domain.registration import RegistrationState
from zoomsync.language import _, ngettext
from zoomsync.text import terminal
from zoomsync.words import last_minute, people_in


def how_it_ended(ending: Ending) -> Iterator[str]:
    """What came of the event, and the proof."""
    standing, proof = ending.standing, ending.proof
    people = ", ".join(
        people_in(status, standing.registrants[status])
        for status in (
            RegistrantStatus.APPROVED,
            RegistrantStatus.PENDING,
            RegistrantStatus.DENIED,
            RegistrantStatus.CANCELLED,
        )
        if standing.registrants.get(status)
    )
    facts = [(_("registrants"), people)]
    if standing.closed_at and standing.registration is RegistrationState.CLOSED:
        since = short_moment(last_minute(standing.closed_at, ZONE), ZONE)
        closed = _("closed since {moment}, read back from Zoom").format(moment=since)
        facts.append((_("registration"), closed))
    facts += [(one.session.title, _in_numbers(one)) for one in ending.attendance]
    certificates = ngettext("{count} made and mailed", "{count} made and mailed", ending.certificates)
    facts.append((_("certificates"), certificates.format(count=ending.certificates)))
    yield _("How it ended")
    yield from _aligned(facts)
    yield ""
    yield _("Nothing double, nothing lost: counted from the messages themselves, against Zoom's own list")
    yield from _aligned([(one.title, f"{arrived} / {len(one.expected)}") for one, arrived in proof.rounds])
    sums = _("{planned} mails planned, {sent} sent, {arrived} arrived, to {people} people")
    taken_back = ending.planned.get(OutboxState.CANCELLED, 0)
    planned = sum(ending.planned.values()) - taken_back
    yield "  " + sums.format(
        planned=planned,
        sent=ending.planned.get(OutboxState.SENT, 0),
        arrived=proof.arrived,
        people=proof.people,
    )
    yield "  " + _(
        "twice: {twice}; missing: {missing}; to somebody who should get none: {uncalled}; "
        "with a wrong link: {wrong_links}"
    ).format(twice=proof.twice, missing=proof.missing, uncalled=proof.uncalled, wrong_links=proof.wrong_links)


def as_json(ending: Ending, folder: Path) -> dict[str, Any]:
    standing, proof = ending.standing, ending.proof
    return {
        "folder": str(folder),
        "mails": ending.proof.arrived,
        "registrants": standing.registrants,
        "registration": standing.registration.value,
        "closed_at": standing.closed_at,
        "sent": standing.sent,
        "failed": standing.failed,
        "waiting": standing.waiting,
        "late": standing.late,
        "late_waiting": standing.late_waiting,
        "moved": ending.moved,
        "certificates": ending.certificates,
        "attendance": [
            {
                "session": one.session.title,
                "identified": len(one.came),
                "unmatched": len(one.unmatched),
                "present": one.present,
            }
            for one in ending.attendance
        ],
        "proof": {
            "holds": proof.holds,
            "expected": proof.expected,
            "arrived": proof.arrived,
            "people": proof.people,
            "twice": proof.twice,
            "missing": proof.missing,
            "uncalled": proof.uncalled,
            "wrong_links": proof.wrong_links,
            "rounds": [
                {"kind": one.kind, "session": one.session, "expected": len(one.expected), "arrived": arrived}
                for one, arrived in proof.rounds
            ],
        },
    }


def what_to_look_at(folder: Path) -> Iterator[str]:
    yield _("To look at")
    yield from _aligned(
        [
            (str(folder / "report.html"), _("the event's report: open it in a browser")),
            (str(folder / "mails"), _("the e-mails as they arrived, one file each")),
            (str(folder / "certificates"), _("the certificates of attendance, as PDF")),
            (str(folder / "zoomsync.db"), _("the database")),
        ]
    )


def what_to_type(ending: Ending, folder: Path, command: str, *, served: bool) -> Iterator[str]:
    """Lines to copy. command: what to type for zoomsync. served: the pages are open already."""
    config = f"--config {shlex.quote(str(folder / 'config' / 'zoomsync.toml'))}"
    # Zoom is no longer there to be asked: moments at which nothing more would be.
    after = "--now 2023-03-08T15:00"
    yield _("To type next")
    lines = [
        (_("how things stood on the first morning:"), f"status {config} --now 2023-03-07T06:30"),
        (_("all that happened, and what was to come:"), f"timeline {SLUG} {config} --now 2023-03-07T06:30"),
        (_("who took part:"), f"attendance {config} {after}"),
        (_("the story of the one who was late and let in:"), f"explain {ending.let_in} {config} {after}"),
        (_("every message and what became of it:"), f"outbox list {config}"),
        (
            _("the registrants as a spreadsheet:"),
            f"report registrants {config} --output {shlex.quote(str(folder / 'registrants.xlsx'))}",
        ),
    ]
    if not served:
        keep = "" if str(folder) == "zoomsync-demo" else f" --keep {shlex.quote(str(folder))}"
        lines.append((_("the demo once more, with pages to click through:"), f"demo --serve{keep}"))
    lines.append((_("to begin with an event of your own:"), "init"))
    for words, line in lines:
        yield f"  # {words}"
        yield f"  {command} {line}"


def _in_numbers(one: SessionAttendance) -> str:
    return _("took part: {identified} identified and {unmatched} not; {present} for half of the time or more").format(
        identified=len(one.came), unmatched=len(one.unmatched), present=one.present
    )


def _aligned(facts: list[tuple[str, str]]) -> Iterator[str]:
    width = max(len(name) for name, _told in facts) + 2
    for name, told in facts:
        yield f"  {terminal(name):<{width}}{terminal(told)}"
