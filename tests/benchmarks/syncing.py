"""The events and the Zoom client of the benchmarks that sync: the very objects the command uses."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.measuring import FIRST_MEETING
from tests.builders import make_event
from zoomsync.clock import Clock
from zoomsync.domain.records import Event, ZoomPart
from zoomsync.zoom.client import ZoomClient


def events_of(count: int) -> list[Event]:
    """As many events, a meeting each."""
    meetings = range(FIRST_MEETING, FIRST_MEETING + count)
    return [
        make_event(slug=f"evento-{number}", zoom=ZoomPart(meeting_id=str(meeting)))
        for number, meeting in enumerate(meetings)
    ]


def zoom_client(base: str, clock: Clock, *, place: str = "", plan: str = "business", **more: Any) -> ZoomClient:
    """A client of a page server. place: the path its lists are served below. more: as ZoomClient takes it."""
    return ZoomClient(
        account_id="a",
        client_id="c",
        client_secret="s",
        api_url=f"{base}{place}/v2",
        oauth_url=f"{base}/oauth/token",
        plan=plan,
        host_email=None,
        clock=clock,
        **more,
    )
