"""Delivery killed with SIGKILL at every boundary and in between, again and again, until everything is out."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.jobs.test_deliver import accepted
from tests.mail.faulty_smtp import FaultySmtp
from tests.outbox_world import World, make_world
from zoomsync.domain.records import OutboxState
from zoomsync.store.schema import Database

MESSAGES = 60
BEFORE_THE_MARK = ("deliver.claim", "deliver.connect", "deliver.after_354")
ALL_POINTS = (*BEFORE_THE_MARK, "deliver.after_mark", "deliver.after_250", "deliver.after_commit", "deliver.quit")


class DeadlySmtp(FaultySmtp):
    """Kills its client while it takes in or answers the body with the number `deadly`, after `delay_s`."""

    deadly, delay_s = 0, 0.0
    client: subprocess.Popen[bytes] | None = None

    def _body(self, client: socket.socket, lines: Any) -> bytes | None:
        if self.client is not None and len(self.received) + 1 == self.deadly:
            threading.Timer(self.delay_s, self.client.kill).start()
        return super()._body(client, lines)


def deliver(
    world: World, server: FaultySmtp, now: datetime, *, connections: int, point: str = ""
) -> subprocess.Popen[bytes]:
    arguments = [world.database.url, str(server.port), now.isoformat(), str(connections), *([point] if point else [])]
    return subprocess.Popen([sys.executable, "-m", "tests.jobs.delivering", *arguments])


def finish(world: World, server: FaultySmtp, now: datetime) -> None:
    """Let deliveries run undisturbed until nothing waits."""
    for _ in range(4):
        now += timedelta(minutes=15)
        assert deliver(world, server, now, connections=2).wait(60) == 0
        if set(world.states()) == {OutboxState.SENT}:
            return


def assert_nothing_lost_and_nothing_doubled(world: World, server: FaultySmtp) -> None:
    counts = accepted(server)
    for entry in world.entries():
        if entry.in_doubt < 2:
            assert entry.state is OutboxState.SENT, entry
            assert counts[entry.id] >= 1, entry
        assert counts[entry.id] <= min(1 + entry.in_doubt, 2), entry


@pytest.fixture
def world(database: Database, now: datetime) -> World:
    world = make_world(database, now, MESSAGES)
    world.plan(*range(MESSAGES), now=now, expires_at=now + timedelta(days=6))
    return world


def test_killed_at_any_boundary_nothing_is_lost_and_nothing_doubled(world: World, now: datetime) -> None:
    with FaultySmtp() as server:
        for number, name in enumerate(ALL_POINTS):
            once = 1 if name in ("deliver.claim", "deliver.quit") else 3 + number
            victim = deliver(world, server, now, connections=1, point=f"{name}:{once}:kill")
            assert victim.wait(60) == -signal.SIGKILL
            doubted = sum(entry.in_doubt for entry in world.entries())
            assert doubted == 0 or name not in BEFORE_THE_MARK
            now += timedelta(minutes=15)
        finish(world, server, now)
        assert sum(entry.in_doubt for entry in world.entries()) == 2  # after the mark, and after the 250
        assert accepted(server).total() == MESSAGES + 1  # what was marked and not sent is no second copy
        assert_nothing_lost_and_nothing_doubled(world, server)


def test_killed_at_random_nothing_is_lost_and_nothing_doubled(world: World, now: datetime) -> None:
    chance = random.Random(world.database.dialect)
    with DeadlySmtp() as server:
        for _ in range(5):
            server.deadly = len(server.received) + chance.randint(1, 8)
            server.delay_s = chance.random() * 0.008
            server.client = deliver(world, server, now, connections=2)
            server.client.wait(60)
            now += timedelta(minutes=15)
        server.client = None
        finish(world, server, now)
        assert_nothing_lost_and_nothing_doubled(world, server)


def test_frozen_past_its_lease_a_daemon_sends_nothing_that_another_took(world: World, now: datetime) -> None:
    with FaultySmtp() as server:
        frozen = deliver(world, server, now, connections=1, point="deliver.after_354:5:stop")
        _, status = os.waitpid(frozen.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        finish(world, server, now)
        frozen.send_signal(signal.SIGCONT)
        assert frozen.wait(60) == 0
        assert accepted(server) == {entry.id: 1 for entry in world.entries()}
        assert {entry.in_doubt for entry in world.entries()} == {0}
