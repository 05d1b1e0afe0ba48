"""kill -9 at random moments, and a start anew after each, until a batch is done."""

from __future__ import annotations

import random
import signal
import threading
from datetime import timedelta

from tests.prove.hatchery import Child, hatchery
from tests.prove.stage import EXPIRES, Stage

_MOMENTS = ("body", "dot", "recorded")
_UNTIL_A_DOUBT_IS_RESENT = timedelta(minutes=11)
_START_S = 0.7  # in which a start syncs and plans


class Executioner:
    """Kills children at random: around the mail of a randomly chosen number, at a random moment of its way or up to
    `spread_s` after it; one in six while it is starting."""

    def __init__(self, stage: Stage, kills: int, every: float, chance: random.Random, spread_s: float = 0.012) -> None:
        self.done = 0
        self._kills, self._every, self._chance, self._spread_s = kills, every, chance, spread_s
        self._alive: list[Child] = []
        self._lock = threading.Lock()
        self._aim(0)
        stage.sink.on_message = self._on_message

    def watch(self, child: Child) -> None:
        with self._lock:
            self._alive.append(child)
            early = self.done < self._kills and self._chance.random() < 1 / 6
            delay_s = self._chance.random() * _START_S
        if early:
            threading.Timer(delay_s, self._kill, (child,)).start()

    def forget(self, child: Child) -> None:
        with self._lock:
            self._alive.remove(child)

    def _aim(self, number: int) -> None:
        self._at = number + self._chance.randint(1, max(round(2 * self._every) - 1, 1))
        self._moment = self._chance.choice(_MOMENTS)
        self._delay_s = self._chance.choice((0.0, self._chance.random() * self._spread_s))

    def _on_message(self, what: str, number: int) -> None:
        with self._lock:
            if number < self._at or what != self._moment or not self._alive or self.done >= self._kills:
                return
            victim, delay_s = self._chance.choice(self._alive), self._delay_s
            self._aim(number)
        if delay_s:
            threading.Timer(delay_s, self._kill, (victim,)).start()
        else:
            self._kill(victim)

    def _kill(self, child: Child) -> None:
        with self._lock:
            if child in self._alive and self.done < self._kills and child.signal(signal.SIGKILL):
                self.done += 1


def kill_until_done(stage: Stage, *, workers: int, kills: int, people: int, seed: int) -> int:
    """Have `remind` run, in so many processes at once, killed again and again, until it leaves nothing that it could
    still send. Time moves on only where something waits for it. Gives the number of kills.

    At most for as long as the messages make sense: what is left lying then is left for `invariants` to find.
    """
    executioner = Executioner(stage, kills, people / kills, random.Random(seed))
    while stage.now < EXPIRES:
        _until_all_have_ended(stage, workers, executioner)
        states = stage.states()
        if not {"pending", "claimed", "transmitting", "deferred"} & states.keys() and not _to_be_resent(stage):
            break
        stage.advance(_UNTIL_A_DOUBT_IS_RESENT)
    return executioner.done


def _until_all_have_ended(stage: Stage, workers: int, executioner: Executioner) -> None:
    def work(number: int) -> None:
        code = -signal.SIGKILL
        while code == -signal.SIGKILL:
            child = stage.start("remind", by=number)
            executioner.watch(child)
            code = child.wait()
            executioner.forget(child)
        codes.append(code)

    codes: list[int] = []
    hatchery(workers - 1)  # all of them are there before the threads begin
    threads = [threading.Thread(target=work, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0] * workers, f"exit codes {codes}: {stage.log()}"


def _to_be_resent(stage: Stage) -> bool:
    if stage.environment.get("ZOOMSYNC_MAIL__IN_DOUBT") == "hold":
        return False
    return bool(stage.rows("SELECT id FROM outbox WHERE state = 'in_doubt' AND in_doubt = 1"))
