from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.builders import utc
from tests.zoom.scripted import ScriptedZoom, scripted_zoom
from zoomsync.clock import SteppedClock
from zoomsync.simulate.server import Simulator
from zoomsync.simulate.world import World
from zoomsync.zoom.client import ZoomClient

NOW = utc(2023, 2, 24, 15)
MakeClient = Callable[..., ZoomClient]


class FakeTime:
    """A monotonic clock that moves when something sleeps. naps: how long each sleep was."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.naps: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


@pytest.fixture
def ticks() -> FakeTime:
    return FakeTime()


@pytest.fixture
def world() -> World:
    return World.model_account(SteppedClock(NOW))


@pytest.fixture
def zoom(world: World) -> Iterator[Simulator]:
    with Simulator(world) as running:
        yield running


@pytest.fixture
def scripted() -> Iterator[ScriptedZoom]:
    with scripted_zoom() as running:
        yield running


@pytest.fixture
def make_client(ticks: FakeTime) -> Iterator[MakeClient]:
    """A client of the simulator or of the scripted server; everything it waits for is waited in `ticks`."""
    with ExitStack() as open_clients:

        def make(server: Simulator | ScriptedZoom, **changes: Any) -> ZoomClient:
            wanted: dict[str, Any] = {
                "account_id": "demo-account",
                "client_id": "demo-client",
                "client_secret": "demo-secret",
                "api_url": server.url,
                "oauth_url": server.oauth_url,
                "host_email": None,
                "clock": SteppedClock(NOW),
                "monotonic": ticks.monotonic,
                "sleep": ticks.sleep,
            }
            return open_clients.enter_context(ZoomClient(**wanted | changes))

        yield make


@pytest.fixture
def client(zoom: Simulator, make_client: MakeClient) -> ZoomClient:
    return make_client(zoom)
