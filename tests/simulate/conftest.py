"""The model account behind real HTTP, every true answer held to Zoom's own document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.builders import utc
from tests.simulate.openapi import Contract
from zoomsync.clock import SteppedClock
from zoomsync.simulate.model_event import MODEL_MEETING_ID
from zoomsync.simulate.server import Simulator
from zoomsync.simulate.world import World

MEETING = f"/meetings/{MODEL_MEETING_ID}"
REGISTRANTS = f"{MEETING}/registrants"


class Caller:
    """Somebody who calls Zoom over HTTP with a token."""

    def __init__(self, zoom: Simulator) -> None:
        self.zoom = zoom
        self.http = requests.Session()
        self.http.trust_env = False
        self.login()

    def ask_token(self, *, account: str = "demo-account", secret: str = "demo-secret") -> requests.Response:
        form = {"grant_type": "account_credentials", "account_id": account}
        return self.http.post(self.zoom.oauth_url, data=form, auth=("demo-client", secret), timeout=10)

    def login(self) -> None:
        self.token = self.ask_token().json()["access_token"]

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.http.request(method, self.zoom.url + path, headers=headers, **{"timeout": 10} | options)

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.call("GET", path, params=query)

    def list(self, path: str = REGISTRANTS, **query: Any) -> list[dict[str, Any]]:
        """All pages of a listing of registrants."""
        rows, token = [], ""
        while True:
            answer = self.get(path, **query, **({"next_page_token": token} if token else {})).json()
            rows += answer["registrants"]
            token = answer["next_page_token"]
            if not token:
                return rows

    def control(self, name: str, **body: Any) -> requests.Response:
        return self.http.post(f"{self.zoom.base}/simulate/{name}", json=body, timeout=10)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(utc(2023, 3, 1, 15))


@pytest.fixture
def world(clock: SteppedClock) -> World:
    return World.model_account(clock)


@pytest.fixture
def zoom(world: World) -> Iterator[Simulator]:
    contract = Contract()
    with Simulator(world, observer=contract) as simulator:
        yield simulator
    assert contract.problems == []


@pytest.fixture
def caller(zoom: Simulator) -> Iterator[Caller]:
    caller = Caller(zoom)
    yield caller
    caller.http.close()
