"""The model event's whole life before real daemons: what happens on Zoom, the clock that runs on, and who disturbs.

Whoever is disturbed must end where the undisturbed end: `Outcome` is what is compared.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.builders import utc
from tests.prove.hatchery import Child, hatchery
from tests.prove.invariants import Violation, check, closed_once_and_in_time
from tests.prove.preparations import CLOCK, FROZEN_S
from tests.prove.shared_clock import SharedClock
from tests.prove.stage import Stage, furnished
from zoomsync.errors import StoreError
from zoomsync.simulate.model_event import MODEL_MEETING_ID
from zoomsync.simulate.objects import AUTOMATIC
from zoomsync.simulate.people import believable_people

ANNOUNCED = utc(2023, 2, 23, 18)
DEADLINE = utc(2023, 3, 6, 6)
ALARMS = "alarms@example.org"
SPEED = 30.0  # two seconds are a minute
PATIENCE_S = 90.0  # with what stands in the way at the worst


@dataclass(frozen=True)
class Outcome:
    """How it ended. people: status by address. messages: (address, session, kind, occasion) by final state. mails: how
    many each address got; copies of one are one, and what was twice in doubt counts as sent."""

    people: dict[str, str]
    messages: dict[tuple[str, str, str, str], str]
    mails: dict[str, int]
    approval_type: int
    late: frozenset[str]


# ---------------------------------------------------------------------------------------------------- the daemons


class Watched:
    """A daemon that is started again whenever it ends, as Docker would do it, until it is told to stay down."""

    def __init__(self, stage: Stage, number: int) -> None:
        self.number = number
        self.codes: list[int] = []
        self._stage = stage
        self._stay_down = threading.Event()
        self._child: Child | None = None
        self._lock = threading.Lock()
        hatchery(number)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stay_down.is_set():
            with self._lock:
                self._child = self._stage.start_by_itself("run", by=self.number)
            code = self._child.wait()
            with self._lock:
                self._child = None
            self.codes.append(code)
            if code not in (0, -signal.SIGKILL):
                time.sleep(0.3)  # not in a tight circle while the database is away

    def signal(self, number: signal.Signals) -> bool:
        with self._lock:
            return self._child is not None and self._child.signal(number)

    def end(self) -> float:
        """Tell it to end for good; gives the seconds that it took."""
        begun = time.monotonic()
        self._stay_down.set()
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        self._thread.join(20)
        if self._thread.is_alive():
            self.signal(signal.SIGKILL)
            raise Violation("the daemon does not end within twenty seconds")
        return time.monotonic() - begun


class Disturber:
    """Kills, ends and freezes the daemons of a life at random moments while the block runs, at most `a_part` times in
    each part of it: whoever is killed for ever does nothing. done: what was done how often."""

    def __init__(self, life: Life, *, every_s: float, seed: int, a_part: int = 3) -> None:
        self.done: Counter[str] = Counter()
        self._daemons, self._every_s, self._chance = life.daemons, every_s, random.Random(seed)
        self._a_part = self._left = a_part
        life.disturb = self._begin_anew
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._disturb, daemon=True)

    def __enter__(self) -> Disturber:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(FROZEN_S + 5)

    def _begin_anew(self, part: str) -> None:
        self._left = self._a_part

    def _disturb(self) -> None:
        while not self._ended.wait(self._chance.expovariate(1 / self._every_s)):
            victim = self._chance.choice(self._daemons)
            act = self._chance.choices(("killed", "ended", "frozen"), (6, 2, 2))[0]
            number = {"killed": signal.SIGKILL, "ended": signal.SIGTERM, "frozen": signal.SIGSTOP}[act]
            if self._left > 0 and victim.signal(number):
                self._left -= 1
                self.done[act] += 1
                if act == "frozen":
                    self._ended.wait(FROZEN_S)
                    victim.signal(signal.SIGCONT)


# ---------------------------------------------------------------------------------------------------------- the life


@dataclass
class Life:
    """The event as it goes on. disturb: called with each part of it that has begun, by its name."""

    stage: Stage
    clock: SharedClock
    daemons: list[Watched]
    disturb: Callable[[str], None] = lambda part: None
    closings: list[datetime] = field(default_factory=list)
    left: set[str] = field(default_factory=set)

    def live(self) -> None:
        """From the announcement to the last session; returns when everything is settled."""
        people = [person["email"] for person in believable_people(40)]
        fields = list(believable_people(40))
        world = self.stage.world

        def register(count: int) -> None:
            with world.lock:
                known = len(world.meetings[MODEL_MEETING_ID].registrants) + len(self.left)
                for person in fields[known : known + count]:
                    world.register(MODEL_MEETING_ID, person)

        def leave(email: str) -> None:
            world.cancel_by_self(MODEL_MEETING_ID, email)
            self.left.add(email)

        def deny(email: str) -> None:
            world.change_status(MODEL_MEETING_ID, world.find_registrant(MODEL_MEETING_ID, email), "denied")

        self.part("announced", utc(2023, 2, 24, 15), lambda: register(12))
        self.part("more come", utc(2023, 2, 27, 15), lambda: register(13), lambda: leave(people[3]))
        self.part("one is denied", utc(2023, 3, 3, 16), lambda: deny(people[7]), lambda: register(2))
        self.part("the last minute", DEADLINE - timedelta(minutes=1), lambda: register(1))
        self.part("the deadline", DEADLINE + timedelta(seconds=1))
        self.part("one is late", DEADLINE + timedelta(minutes=7), lambda: register(1))
        self.part("the day before", utc(2023, 3, 6, 22, 59, 50))
        self.part("one leaves", utc(2023, 3, 7, 9), lambda: leave(people[5]))
        self.part("an hour before", utc(2023, 3, 7, 12, 59, 50))
        self.part("the day before the second", utc(2023, 3, 7, 22, 59, 50))
        self.part("an hour before the second", utc(2023, 3, 8, 12, 59, 50))

    def part(self, name: str, at: datetime, *acts: Callable[[], None]) -> None:
        """Jump to `at`, let what happens then happen, and go on until the daemons have dealt with it."""
        self.clock.set(max(at, self.clock()), SPEED)
        for act in acts:
            act()
        self.disturb(name)
        time.sleep(0.5)  # the moment itself is up to twenty seconds ahead
        give_up_at = time.monotonic() + PATIENCE_S
        while waits := self._waits_for(at):
            if time.monotonic() > give_up_at:
                raise Violation(f"I4: {name}: {waits}; {self.stage.log()[-3_000:]}")
            if waits == "a doubt":
                self.clock.jump(timedelta(minutes=4))
            time.sleep(0.1)

    def _waits_for(self, at: datetime) -> str:
        """What is not done yet, "" where all is."""
        try:
            if self.clock() < at + timedelta(seconds=20):
                return "its moment"
            on_zoom = {one.email: one.status for one in self.stage.world.meetings[MODEL_MEETING_ID].order}
            known = self._people()
            if on_zoom != {email: status for email, status in known.items() if status != "cancelled"}:
                return f"the pull: {len(known)} known"
            if at >= DEADLINE and not self.stage.rows("SELECT meeting_id FROM meeting WHERE closed_at IS NOT NULL"):
                return "the closing"
            waiting = self.stage.rows(
                "SELECT state FROM outbox WHERE (due_at <= :now OR state <> 'pending')"
                " AND state NOT IN ('sent', 'failed', 'skipped', 'cancelled')"
                " AND NOT (state = 'in_doubt' AND in_doubt > 1)",
                now=self._now(),
            )
        except StoreError as error:  # it is what is disturbed
            return f"the database: {error}"
        if waiting and all(row["state"] == "in_doubt" for row in waiting):
            return "a doubt"
        return f"{len(waiting)} messages" if waiting else ""

    def outcome(self) -> Outcome:
        """What it came to. Raises Violation where an invariant does not hold."""
        stage = self.stage
        stage.now = self.clock()
        check(stage, others=[ALARMS])
        closed_once_and_in_time(self.closings, DEADLINE)
        rows = stage.rows(
            "SELECT r.email, o.session_key, o.kind, o.occasion, o.state, o.in_doubt, o.message_id FROM outbox AS o"
            " JOIN registrant AS r ON r.id = o.registrant_row"
        )
        taken = {(identifier, to) for identifier, to, _ in stage.sink.lines() if to != ALARMS}
        lost = {(row["message_id"], row["email"]) for row in rows if row["state"] == "in_doubt"}
        return Outcome(
            people=self._people(),
            messages={
                (row["email"], row["session_key"], row["kind"], row["occasion"]): "sent"
                if row["in_doubt"] and row["state"] == "in_doubt"
                else row["state"]
                for row in rows
            },
            mails=dict(Counter(to for _, to in taken | lost)),
            approval_type=stage.world.meetings[MODEL_MEETING_ID].approval_type,
            late=frozenset(email for email, status in self._people().items() if status == "pending"),
        )

    def _people(self) -> dict[str, str]:
        return {row["email"]: row["status"] for row in self.stage.rows("SELECT email, status FROM registrant")}

    def _now(self) -> Any:
        self.stage.now = self.clock()
        return self.stage._now()


@contextmanager
def alive(folder: Path, url: str, *, daemons: int = 1, **settings: str) -> Iterator[Life]:
    """The event on the day of its announcement, with so many daemons at work on one database."""
    file = folder.with_name(f"{folder.name}.clock")
    clock = SharedClock(file)
    clock.set(ANNOUNCED, SPEED)
    settings = {
        CLOCK: str(file),
        "ZOOMSYNC_SCHEDULE__SYNC_EVERY": "5s",
        "ZOOMSYNC_SCHEDULE__DELIVER_EVERY": "1s",
        "ZOOMSYNC_WEB__ENABLED": "false",
        "ZOOMSYNC_ALERTS__EMAIL": ALARMS,
        "ZOOMSYNC_LOG__LEVEL": "info",
        **settings,
    }
    with furnished(folder, url, **settings) as stage:
        stage.prepared = ("shared_clock", "quick_ticks", "short_leases")
        stage.world.clock = clock
        life = Life(stage, clock, [])
        life.closings = note_closings(stage)
        life.daemons += [Watched(stage, number) for number in range(daemons)]
        try:
            yield life
        finally:
            for daemon in life.daemons:
                daemon.end()


def note_closings(stage: Stage) -> list[datetime]:
    """The moments, as they come, at which registration changes from automatic to manual on Zoom."""
    world, closings = stage.world, list[datetime]()
    update = world.update_meeting

    def noted(kind: str, meeting_id: Any, changes: Any, occurrence_id: str) -> None:
        before = world.meetings[int(meeting_id)].approval_type
        update(kind, meeting_id, changes, occurrence_id)
        if before == AUTOMATIC != world.meetings[int(meeting_id)].approval_type:
            closings.append(world.clock())

    world.update_meeting = noted  # type: ignore[method-assign]
    return closings
