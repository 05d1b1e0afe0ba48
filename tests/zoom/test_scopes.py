"""The scopes and rate labels that the documents name are those of the calls that are really made."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.builders import make_meeting
from tests.zoom.conftest import MakeClient
from tests.zoom.scripted import ScriptedZoom
from zoomsync.domain.records import RegistrantKey, ZoomKind
from zoomsync.errors import ZoomError, ZoomScopeMissing
from zoomsync.simulate.calls import CALLS, Call
from zoomsync.zoom.api import Tally
from zoomsync.zoom.client import ZoomClient
from zoomsync.zoom.listing import Unit
from zoomsync.zoom.pull import _Puller

ROOT = Path(__file__).parent.parent.parent
SCOPE = re.compile(r"`((?:meeting|webinar|report):[\w:]+)`")


class Recorder:
    """An Api that notes each call and refuses it for want of a scope."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []

    def call(self, method: str, path: str, *, label: str, **_: Any) -> NoReturn:
        self.calls.append((method, path, label))
        raise ZoomScopeMissing("a scope is missing")


def calls_made(client: ZoomClient, kind: ZoomKind) -> dict[tuple[str, str, str], Call]:
    """Every call of the client that is about events, and the simulator's word on it."""
    recorder = Recorder()
    client._api = recorder  # type: ignore[assignment]
    meeting = make_meeting(kind=kind)
    key = RegistrantKey(meeting.meeting_id, "", "r1")
    puller = _Puller(recorder, Tally(), None, accept_count=False, progress=None)  # type: ignore[arg-type]
    acts: list[Callable[[], object]] = [
        lambda: client.list_upcoming("ana@example.org", kind),
        lambda: client.get_meeting(meeting),
        lambda: client.pull([meeting]),
        lambda: puller._ask_for_each(Unit(meeting), {}, {key}),
        lambda: client.set_approval_type(meeting, 1),
        lambda: client.set_registrant_status(meeting, "approve", [("r1", "ana@example.org")]),
        lambda: client.delete_registrant(meeting, "r1"),
        lambda: client.register(meeting, "ana@example.org", "Ana"),
        lambda: client.past_instances(meeting),
        lambda: client.sitting(meeting, "uuid"),
    ]
    for act in acts:
        with suppress(ZoomError):
            act()
    made = {}
    for method, path, label in recorder.calls:
        made[method, path, label] = next(  # the first, as the simulator finds it
            one for one in CALLS if one.method == method and one.address.fullmatch(path) and one.kind == kind
        )
    return made


def test_every_call_of_the_room_is_looked_at_here() -> None:
    """These, the token's, and `get_user`, which nobody needs a scope for who does not call it."""
    texts = (path.read_text(encoding="utf-8") for path in ROOT.glob("zoomsync/zoom/*.py"))
    sites = [site for text in texts for site in re.findall(r'"(?:GET|POST|PUT|PATCH|DELETE)",\n', text)]
    assert len(sites) == 10 + 2


@pytest.mark.parametrize("kind", ZoomKind)
@pytest.mark.parametrize("readme", ["README.md", "README.es.md"])
def test_the_readme_names_each_scope_that_is_needed_and_no_other(
    scripted: ScriptedZoom, make_client: MakeClient, kind: ZoomKind, readme: str
) -> None:
    made = calls_made(make_client(scripted), kind).values()
    text = (ROOT / readme).read_text(encoding="utf-8")
    of_meetings, _, of_webinars = text.partition("<details><summary>")
    part = of_meetings if kind is ZoomKind.MEETING else of_webinars.partition("</details>")[0]
    named = set(SCOPE.findall(part))
    assert named == {f"{one.scope}:admin" for one in made} | {f"{one.classic}:admin" for one in made}
    # A line names beside the granular ones the classic ones that include them.
    for line in part.splitlines():
        if cells := [SCOPE.findall(cell) for cell in line.split("|") if SCOPE.search(cell)]:
            granular, classic = cells
            calls = [one for one in made if f"{one.scope}:admin" in granular]
            assert {f"{one.classic}:admin" for one in calls} == set(classic)


def test_each_call_is_told_of_with_its_scope_and_label(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    text = (ROOT / "docs" / "zoom.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+) (/\S+)` \| `(\S+)` \(`(\S+)`\) \| (\w+)", text, re.MULTILINE)
    told = {(method, re.sub(r"\{\w+\}", "{}", path), *rest) for method, path, *rest in rows}
    made = {
        (method, re.sub(r"(?<=/)(\d{9,}|r1|uuid|ana@example\.org)", "{}", path), f"{one.scope}:admin",
         f"{one.classic}:admin", label)
        for (method, path, label), one in calls_made(make_client(scripted), ZoomKind.MEETING).items()
    }  # fmt: skip
    assert told == made
