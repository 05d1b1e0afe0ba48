"""What docs/design.md draws, against the code: the floors, and each state's arrows, worked out by running it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from tests.builders import DEADLINE, make_event, make_meeting, make_registrant
from zoomsync.domain.calls import Call, Reason
from zoomsync.domain.delivery import TRIES_AT_MOST, decide, recover
from zoomsync.domain.reconcile import reconcile
from zoomsync.domain.records import (
    ApprovalType,
    Closing,
    MessageKey,
    OutboxState,
    Outcome,
    OutcomeKind,
    RegistrantStatus,
    Stage,
)
from zoomsync.domain.registration import (
    Aim,
    ClosingRecord,
    Deadline,
    RegistrationAction,
    RegistrationState,
    decide_registration,
)
from zoomsync.domain.reminders import Standing, _Desk
from zoomsync.store import outbox_hands, outbox_sql

ROOT = Path(__file__).parent.parent
DESIGN = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
MINUTE = timedelta(minutes=1)

Arrow = tuple[str, str]


def drawn(number: int) -> set[Arrow]:
    """The arrows of the drawing; "" is where it begins."""
    drawing = re.findall(r"^```mermaid\n(.*?)^```", DESIGN, re.MULTILINE | re.DOTALL)[number]
    arrows = re.findall(r"^ +(\S+) --> (\w+)", drawing, re.MULTILINE)
    assert len(set(arrows)) == len(arrows)
    return {(start.replace("[*]", ""), end) for start, end in arrows}


# ---------------------------------------------------------------------------------------------------------- floors


def test_the_floors_are_those_that_are_held() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (layers,) = (one["layers"] for one in contracts["contracts"] if one["type"] == "layers")
    held = [set(re.findall(r"zoomsync\.(\w+)", layer)) for layer in layers]
    (drawing,) = re.findall(r"^```\n( +cli\n.*?)^```", DESIGN, re.MULTILINE | re.DOTALL)
    assert [set(line.partition(" strangers")[0].split()) for line in drawing.splitlines()] == held


def test_every_room_is_told_of() -> None:
    rooms = {path.name.removesuffix(".py") for path in ROOT.glob("zoomsync/*") if path.suffix in ("", ".py")}
    table = DESIGN.partition("\n## Rooms\n")[2].partition("\n## ")[0]
    told = set(re.findall(r"`(\w+)(?:\.py|/)", table))
    assert rooms - {"__init__", "__main__", "__pycache__"} - told == set()


# -------------------------------------------------------------------------------------------------- registrants


def reconciled() -> Iterator[Arrow]:
    statuses = list(RegistrantStatus)
    listed = [status for status in statuses if status is not RegistrantStatus.CANCELLED]
    for before, after in product([None, *statuses], [None, *listed]):
        was = [] if before is None else [make_registrant(status=before)]
        now = [] if after is None else [make_registrant(status=after)]
        changes = reconcile({one.key: one for one in was}, now)
        for one in changes.added:
            yield "", one.status
        for update in (*changes.updated, *changes.reinstated, *changes.cancelled):
            yield update.before.status, update.after.status


def test_a_registrants_arrows() -> None:
    assert drawn(0) == {(start, end) for start, end in reconciled() if start != end}


# ------------------------------------------------------------------------------------------------------- the outbox


@dataclass(frozen=True)
class Row:
    due_at: datetime
    expires_at: datetime
    attempts: int
    in_doubt: int


# What a try can end with, before the mark and after it: `mail.smtp`.
BEFORE = (OutcomeKind.REFUSED, OutcomeKind.DEFERRED, OutcomeKind.STOPPED, OutcomeKind.ABANDONED)
AFTER = (OutcomeKind.ACCEPTED, OutcomeKind.REFUSED, OutcomeKind.DEFERRED, OutcomeKind.STOPPED, OutcomeKind.IN_DOUBT)


def delivered() -> Iterator[Arrow]:
    for left, attempts, doubts in product((-MINUTE, MINUTE, 60 * MINUTE), (0, 1, TRIES_AT_MOST - 1), (0, 1)):
        row = Row(DEADLINE, DEADLINE + left, attempts, doubts)
        for state, kinds in ((OutboxState.CLAIMED, BEFORE), (OutboxState.TRANSMITTING, AFTER)):
            yield from ((state, decide(row, Outcome(kind, Stage.DATA), DEADLINE).state) for kind in kinds)
            yield state, recover(state, row, DEADLINE).state


def planned() -> Iterator[Arrow]:
    key = MessageKey(1, "s", "before:1h")
    for reason, later in product(("", "its time has passed"), (0, 1)):
        call = Call("s", "before:1h", DEADLINE, DEADLINE + (60 + later) * MINUTE, reason, "")
        for state, why, answered in product([None, *OutboxState], ("", Reason.EXPIRED.value), (True, False)):
            standing = {} if state is None else {key: Standing(state, DEADLINE, DEADLINE + 60 * MINUTE, why)}
            desk = _Desk(standing, DEADLINE - MINUTE)
            if answered:
                desk.answer(1, call)
            for unanswered in desk.unanswered:
                desk.cancel(unanswered, Reason.NO_LONGER_DUE)
            plan = desk.plan()
            yield from (("", one.state) for one in plan.planned)
            yield from ((one.was, one.message.state) for one in plan.changed)


def states_in(statement: object, pattern: str) -> list[str]:
    """The states that a statement asks for, by the words around them."""
    (found,) = re.findall(pattern, str(statement))
    return re.findall(r"'(\w+)'", found)


def changed_by_statements() -> Iterator[Arrow]:
    """What only the statements say: the claim, the mark, what expires, and an answer that comes after all."""
    claimable = states_in(outbox_sql.claim("sqlite"), r"o\.state IN \(('pending'[^)]*)\) AND o\.due_at")
    yield from ((state, "claimed") for state in claimable)
    yield from ((state, "transmitting") for state in states_in(outbox_sql.mark("sqlite"), r"o\.state = ('\w+') AND"))
    yield from ((state, "skipped") for state in states_in(outbox_sql.EXPIRE, r"WHERE o\.state IN \(([^)]*)\)"))
    assert "in_doubt" not in states_in(outbox_sql.RECORD, r":accepted AND state NOT IN \(([^)]*)\)")
    yield "in_doubt", "sent"


def by_hand() -> Iterator[Arrow]:
    yield from ((state, OutboxState.PENDING) for state in outbox_hands.RETRIED_BY_HAND)
    yield from ((state, OutboxState.CANCELLED) for state in outbox_hands.ABORTED_BY_HAND)


def test_a_messages_arrows() -> None:
    found = {*delivered(), *planned(), *changed_by_statements(), *by_hand()}
    assert drawn(1) == {(start, end) for start, end in found if start != end}


# --------------------------------------------------------------------------------------------------------- the form


def registered() -> Iterator[Arrow]:
    """Every change that zoomsync makes of a form, whatever the file, the deadline and the portal do meanwhile."""
    now = DEADLINE
    deadlines = [
        Deadline(closes_at, closes_at, by_hand=by_hand)
        for closes_at, by_hand in product((now - MINUTE, now + MINUTE), (True, False))
    ]
    yield "", "nothing"
    seen = set()
    to_look_at = [(ClosingRecord(), ApprovalType.AUTOMATIC), (ClosingRecord(), ApprovalType.MANUAL)]
    while to_look_at:
        record, shown = to_look_at.pop()
        if (record, shown) in seen:
            continue
        seen.add((record, shown))
        for closing, deadline in product(Closing, deadlines):
            event = make_event()
            event = replace(event, zoom=replace(event.zoom, closing=closing))
            meeting = make_meeting(approval_type=shown)
            step = decide_registration(event, meeting, record, deadline, None, now)
            if step.action is RegistrationAction.LEAVE or step.approval_type is None:
                continue
            yield record.aim or "nothing", step.aim
            prior = shown if record.prior_approval_type is None else record.prior_approval_type
            times = (record.times_set if record.aim is step.aim else 0) + 1
            after = ClosingRecord(prior_approval_type=prior, aim=step.aim, times_set=times)
            # And the portal may set the other value at any time.
            to_look_at += [(after, ApprovalType.AUTOMATIC), (after, ApprovalType.MANUAL)]


def test_a_forms_arrows() -> None:
    assert drawn(2) == set(registered())


def test_what_is_true_of_registration_is_named() -> None:
    part = DESIGN.partition("What is true for people")[2].partition("\n\n")[0]
    assert set(re.findall(r"\*(\w+)\*", part)) == set(RegistrationState)


@pytest.mark.parametrize("number", range(3))
def test_every_state_that_is_drawn_is_one(number: int) -> None:
    states: tuple[set[str], ...] = (set(RegistrantStatus), set(OutboxState), {one or "nothing" for one in Aim})
    assert {state for arrow in drawn(number) for state in arrow} - {""} == states[number]
