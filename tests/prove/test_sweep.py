"""The n-th call to the database, or over a socket, fails, for every n until a command comes through untouched.

After each such run a sound one must bring everything to its right end. Of the calls every PROVE_SWEEP_STEP-th fails, of
those that fail from there on a third of that.
"""

from __future__ import annotations

import copy
import os
import shutil
import signal
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests import postgres
from tests.breaking import KINDS
from tests.builders import utc
from tests.prove.hatchery import Child
from tests.prove.invariants import Violation, check
from tests.prove.preparations import BREAK, STRUCK
from tests.prove.scenarios import finish
from tests.prove.stage import DUE, SLUG, Stage, staged
from zoomsync.simulate.model_event import MODEL_MEETING_ID
from zoomsync.simulate.people import believable_people
from zoomsync.store.schema import Database

STEP = int(os.environ.get("PROVE_SWEEP_STEP", "2"))
PEOPLE = 5
BEFORE_THE_DEADLINE = utc(2023, 3, 5, 15)
AFTER_THE_FIRST_SESSION = utc(2023, 3, 7, 20)


@dataclass
class Play:
    """A command, what there is for it to do, and how it is seen that all of it is done.

    prepare: what happens on Zoom, on a stage that was synced before. words: the command. right: raises Violation, or
    fails, where its work is not done. finish: sound runs until nothing is left.
    """

    words: tuple[str, ...]
    prepare: Callable[[Stage], None]
    right: Callable[[Stage], None]
    finish: Callable[[Stage], None]


def run_again(*words: str) -> Callable[[Stage], None]:
    return lambda stage: stage.run(*words)


# ------------------------------------------------------------------------------------------------------- the plays


def change_people(stage: Stage) -> None:
    """One cancels, one is denied, two are new."""
    world, people = stage.world, list(stage.world.meetings[MODEL_MEETING_ID].order)
    world.cancel_by_self(MODEL_MEETING_ID, people[0].email)
    world.change_status(MODEL_MEETING_ID, people[1], "denied")
    for person in list(believable_people(2, seed=77)):
        world.register(MODEL_MEETING_ID, person)


def people_are_those_on_zoom(stage: Stage) -> None:
    on_zoom = {one.email: one.status for one in stage.world.meetings[MODEL_MEETING_ID].order}
    rows = stage.rows("SELECT email, status FROM registrant")
    here = {row["email"]: row["status"] for row in rows if row["status"] != "cancelled"}
    if here != on_zoom or len(rows) != PEOPLE + 2:
        raise Violation(f"I5: {here} here, {on_zoom} on Zoom")
    query = (
        "SELECT subject_id, change, count(*) AS n FROM audit WHERE subject = 'registrant' GROUP BY subject_id, change"
    )
    audited = stage.rows(query)
    if any(row["n"] > 1 for row in audited):
        raise Violation(f"I5: a change is written down twice: {audited}")


def deadline_nears(stage: Stage) -> None:
    stage.move_to(BEFORE_THE_DEADLINE)


def form_is_closed(stage: Stage) -> None:
    meeting = stage.world.meetings[MODEL_MEETING_ID]
    (row,) = stage.rows("SELECT closed_at, verified_at FROM meeting")
    if meeting.approval_type != 1 or not row["closed_at"] or not row["verified_at"]:
        raise Violation(f"I7: approval type {meeting.approval_type}, {row}")
    if len(effective_changes(stage)) != 1:
        raise Violation(f"I7: the form was changed {effective_changes(stage)}")
    if {one.status for one in meeting.order} != {"approved"}:
        raise Violation("I7: somebody who registered in time lost their seat")


def mail_is_due(stage: Stage) -> None:
    stage.move_to(DUE)


def everybody_is_reminded(stage: Stage) -> None:
    """What is still in doubt, or put off, was told; `finish` deals with it."""
    states = {row["state"] for row in stage.rows("SELECT state FROM outbox WHERE due_at <= :now", now=stage._now())}
    if not states <= {"sent", "in_doubt", "deferred"}:
        raise Violation(f"I9: exit code 0, and messages are {states}")


def session_is_over(stage: Stage) -> None:
    stage.world.hold_session(MODEL_MEETING_ID, share=0.7, guests=2)
    stage.move_to(AFTER_THE_FIRST_SESSION)


def who_came_is_known(stage: Stage) -> None:
    came = stage.world.meetings[MODEL_MEETING_ID].instances[0].participants
    rows = stage.rows("SELECT * FROM participant")
    if len(rows) != len(came):
        raise Violation(f"I5: {len(rows)} stays here, {len(came)} on Zoom")


PLAYS = {
    "sync": Play(("sync", "--no-close"), change_people, people_are_those_on_zoom, run_again("sync", "--no-close")),
    "close": Play(("close", SLUG), deadline_nears, form_is_closed, run_again("close", SLUG)),
    "remind": Play(("remind",), mail_is_due, everybody_is_reminded, finish),
    "attendance": Play(("attendance", SLUG), session_is_over, who_came_is_known, run_again("attendance", SLUG)),
}


def effective_changes(stage: Stage) -> list[int]:
    """The approval types that the form was given, one after another."""
    return stage.world.changes  # type: ignore[attr-defined,no-any-return]


def note_changes(stage: Stage) -> None:
    world = stage.world
    update = world.update_meeting

    def noted(kind: str, meeting_id: Any, changes: Any, occurrence_id: str) -> None:
        before = world.meetings[int(meeting_id)].approval_type
        update(kind, meeting_id, changes, occurrence_id)
        after = world.meetings[int(meeting_id)].approval_type
        if before != after:
            world.changes.append(after)  # type: ignore[attr-defined]

    world.update_meeting = noted  # type: ignore[method-assign]


# ----------------------------------------------------------------------------------------------- put back each time


@dataclass
class Former:
    """A stage as it was, to begin with again: the database, Zoom, and what arrived."""

    stage: Stage
    _people: Any = None
    _kept: str = ""
    _copies: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        stage = self.stage
        self._people = copy.deepcopy((stage.world.users, stage.world.meetings))
        self._now, self._file = stage.now, Path(stage.database.url.removeprefix("sqlite:///"))
        stage.database.close()
        if stage.database.dialect == "sqlite":
            shutil.copy(self._file, f"{self._file}.kept")
        else:
            self._server, _, name = stage.database.url.rpartition("/")
            self._kept = self._copied(name)

    def put_back(self) -> None:
        stage = self.stage
        stage.database.close()
        if stage.database.dialect == "sqlite":
            for end in ("-wal", "-shm"):
                Path(f"{self._file}{end}").unlink(missing_ok=True)
            shutil.copy(f"{self._file}.kept", self._file)
        else:
            while len(self._copies) > 1:
                postgres.execute(f"DROP DATABASE {self._copies.pop()} WITH (FORCE)")
            url = f"{self._server}/{self._copied(self._kept)}"
            stage.database = Database(url)
            stage.environment["ZOOMSYNC_DATABASE_URL"] = url
        stage.world.users, stage.world.meetings = copy.deepcopy(self._people)
        stage.world.changes = []  # type: ignore[attr-defined]
        (stage.folder / "taken").write_text("")
        (stage.folder / STRUCK).unlink(missing_ok=True)
        (stage.folder / "log").write_text("")
        stage.move_to(self._now)

    def _copied(self, name: str) -> str:
        copied = f"swept_{uuid.uuid4().hex}"
        postgres.execute(f"CREATE DATABASE {copied} TEMPLATE {name}")
        self._copies.append(copied)
        return copied

    def clear(self) -> None:
        self.stage.database.close()
        for name in self._copies:
            postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def kept(stage: Stage) -> Iterator[Former]:
    former = Former(stage)
    try:
        yield former
    finally:
        former.clear()


# ------------------------------------------------------------------------------------------------------- the sweep


def judge(stage: Stage, play: Play, code: int) -> None:
    """Whether what the run said, and its exit code, are true, and fit for a person."""
    said = stage.log()
    told = [line for line in said.splitlines() if line.startswith("zoomsync: ")]
    if code not in (0, 1):
        raise Violation(f"I9: exit code {code}: {said}")
    if "Traceback" in said or "unforeseen" in said:
        raise Violation(f"I8: {said}")
    if code == 0:
        play.right(stage)
    elif not 1 <= len(told) <= 2:
        raise Violation(f"I9: exit code 1, and {len(told)} lines that say why: {said}")


def ended(stage: Stage, child: Child) -> int:
    """Wait for its end. What has handed a mail over tries to write that down for as long as it lives: told to end."""
    over = threading.Event()

    def end_it() -> None:
        while not over.wait(0.1):
            if "cannot be written down yet" in stage.log():
                child.signal(signal.SIGTERM)
                return

    watching = threading.Thread(target=end_it)
    watching.start()
    try:
        return child.wait()
    finally:
        over.set()
        watching.join()


def swept(stage: Stage, play: Play, kind: str, how: str, step: int) -> tuple[int, int]:
    """Have the first call fail, and so on, until none is left. Gives (calls, runs that told of trouble)."""
    told = 0
    with kept(stage) as former:
        for number in count(1 + KINDS.index(kind) % step, step):
            former.put_back()
            stage.environment[BREAK] = f"{kind}:{number}:{how}"
            stage.prepared = ("no_naps", "break_at_a_call")
            child = stage.start(*play.words)
            code = ended(stage, child) if how == "lasting" else child.wait()
            stage.prepared = ("no_naps",)
            struck = (stage.folder / STRUCK).exists()
            try:
                judge(stage, play, code)
                told += code
                play.finish(stage)
                play.right(stage)
                if stage.rows("SELECT * FROM lease"):
                    raise Violation("I4: a lease is left")
                check(stage)
            except AssertionError as error:
                raise Violation(f"{error} [{kind} {how}, call {number}] {stage.log()}") from error
            if not struck:
                assert code == 0
                return number - 1, told
    raise AssertionError


DATABASE = [("refused", "once"), ("refused", "lasting"), ("lost", "once"), ("lost", "lasting"), ("unanswered", "once")]
SOCKETS = [("reset", "once"), ("reset", "lasting"), ("silent", "once")]


@pytest.mark.parametrize("name", list(PLAYS))
@pytest.mark.parametrize(
    ("kind", "how", "dialect"),
    [(*one, dialect) for dialect in ("sqlite", "postgres") for one in DATABASE] + [(*one, "sqlite") for one in SOCKETS],
)
@pytest.mark.timeout(900)
def test_whichever_call_fails_the_next_run_brings_it_to_its_end(
    kind: str, how: str, dialect: str, name: str, request: pytest.FixtureRequest, tmp_path: Path, note: Any
) -> None:
    url = request.getfixturevalue(f"{dialect}_url")
    settings = {"ZOOMSYNC_SMTP__CONNECTIONS": "1"}
    with staged(tmp_path / "project", url, PEOPLE, **settings) as stage:
        play = PLAYS[name]
        note_changes(stage)
        play.prepare(stage)
        calls, told = swept(stage, play, kind, how, STEP * (3 if how == "lasting" else 1))
        note(f"sweep, {name}, {dialect}, {kind} {how}", calls=calls, told=told)
