"""Listings that do not hold still: read whole and right, or not at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.builders import FIVE_HOURS, SESSION_1, SESSION_2, make_meeting
from tests.zoom.conftest import MakeClient
from tests.zoom.scripted import Reply, Request, ScriptedZoom
from zoomsync.domain.records import Meeting, Occurrence, Pull, Registrant, ZoomKind
from zoomsync.errors import PullIncomplete, ZoomNoRegistration, ZoomPayloadError, ZoomRefused, ZoomUnavailable
from zoomsync.simulate.server import Simulator
from zoomsync.simulate.world import World
from zoomsync.zoom.client import ZoomClient

MEETING = make_meeting()
ID = int(MEETING.meeting_id)


def statuses(pull: Pull) -> dict[str, str]:
    """Status by registrant id; each id once."""
    found = {key.registrant_id: row.status for key, row in pull.listed.items()}
    assert len(found) == len(pull.listed)
    return found


def on_zoom(world: World, meeting_id: int = ID) -> dict[str, str]:
    return {one.id: one.status for one in world.meetings[meeting_id].order}


# ------------------------------------------------------------------------------------------------- a quiet account


@pytest.mark.parametrize(
    ("approved", "pending", "denied"), [(0, 0, 0), (1, 0, 0), (300, 0, 1), (301, 299, 300), (1000, 601, 2)]
)
def test_every_page_of_every_status_is_read(
    approved: int, pending: int, denied: int, world: World, zoom: Simulator, client: ZoomClient
) -> None:
    world.populate(ID, approved, pending=pending, denied=denied)
    pull = client.pull([MEETING])
    assert statuses(pull) == on_zoom(world)
    assert pull.pages == sum(max(1, -(-count // 300)) for count in (approved, pending, denied))
    assert pull.requests == sum(entry.path.endswith("/registrants") for entry in zoom.journal)
    assert pull.counts_agree
    assert all("page_size=300" in entry.query for entry in zoom.journal if entry.path.endswith("/registrants"))


def test_listed_rows_can_be_read_in_order(world: World, client: ZoomClient) -> None:
    world.populate(ID, 40, pending=5)
    rows = list(client.pull([MEETING]).listed.items())
    assert [one.key for one in client.read(rows)] == [key for key, _ in rows]


def test_an_unchanged_registrant_keeps_its_digest(world: World, client: ZoomClient) -> None:
    world.populate(ID, 20)
    assert client.pull([MEETING]).listed == client.pull([MEETING]).listed


def test_rows_kept_while_they_come_are_those_read_afterwards(world: World, client: ZoomClient) -> None:
    world.populate(ID, 310, pending=5, denied=1)
    aside: list[tuple[Registrant, bytes]] = []

    def keep(rows: Sequence[tuple[Registrant, bytes]]) -> int:
        aside.extend(rows)
        return len(aside) - len(rows)

    at_once, later = (client.pull([MEETING], keep=given).listed for given in (keep, None))
    assert at_once.keys() == later.keys()
    numbers = [row.kept for row in at_once.values() if row.kept is not None]
    assert [aside[number] for number in numbers] == [
        (one, later[one.key].digest) for one in client.read((key, later[key]) for key in at_once)
    ]
    assert not any(row.raw for row in at_once.values())


def test_progress_goes_up_to_zooms_total(world: World, client: ZoomClient) -> None:
    world.populate(ID, 700, pending=310)
    told: list[tuple[int, int | None]] = []
    client.pull([MEETING], progress=lambda so_far, total: told.append((so_far, total)))
    assert [so_far for so_far, _ in told] == sorted(so_far for so_far, _ in told)
    assert told[-1] == (1010, 1010)


def test_several_meetings_are_kept_apart(world: World, client: ZoomClient) -> None:
    world.add_meeting(822, "Otra")
    world.add_registrant(ID, id="same")
    world.add_registrant(822, id="same", status="denied")
    pull = client.pull([MEETING, make_meeting(meeting_id="822")])
    assert {key.meeting_id: row.status for key, row in pull.listed.items()} == {
        MEETING.meeting_id: "approved",
        "822": "denied",
    }


def test_a_webinar_is_listed_on_its_own_path(world: World, client: ZoomClient) -> None:
    world.add_meeting(833, "Webinario", type=5)
    world.populate(833, 3)
    pull = client.pull([make_meeting(meeting_id="833", kind=ZoomKind.WEBINAR)])
    assert statuses(pull) == on_zoom(world, 833)


def test_a_meeting_without_registration_is_an_error_not_an_empty_list(zoom: Simulator, client: ZoomClient) -> None:
    with pytest.raises(ZoomNoRegistration, match="portal"):
        client.pull([make_meeting(approval_type=2)])
    assert not zoom.journal


def test_registration_switched_off_meanwhile_is_an_error(world: World, client: ZoomClient) -> None:
    world.set_in_portal(ID, approval_type=2)
    with pytest.raises(ZoomNoRegistration):
        client.pull([MEETING])


@pytest.mark.parametrize("registration_type", [2, 3])
def test_by_occurrence_each_that_is_not_deleted_is_listed(
    registration_type: int, scripted: ScriptedZoom, make_client: MakeClient
) -> None:
    occurrences = (
        Occurrence("111", SESSION_1, FIVE_HOURS),
        Occurrence("222", SESSION_2, FIVE_HOURS, deleted=True),
        Occurrence("333", SESSION_2, FIVE_HOURS),
    )
    meeting = make_meeting(registration_type=registration_type, occurrences=occurrences)
    scripted.answer = lambda request: listing(
        *(["both"] if request.query["status"] == "approved" else []),
        *(["last"] if (request.query["status"], request.query["occurrence_id"]) == ("denied", "333") else []),
    )
    pull = make_client(scripted).pull([meeting])
    assert {key[1:]: row.status for key, row in pull.listed.items()} == {
        ("111", "both"): "approved",
        ("333", "both"): "approved",
        ("333", "last"): "denied",
    }


def test_registered_once_for_all_no_occurrence_is_asked_for(world: World, zoom: Simulator, client: ZoomClient) -> None:
    (meeting,) = [client.get_meeting(MEETING)]
    assert meeting.occurrences
    client.pull([meeting])
    assert not any("occurrence_id" in entry.query for entry in zoom.journal)


# ----------------------------------------------------------------------------------------- a page that goes wrong


@pytest.mark.parametrize(
    "what", ["429", "500", "502", "504", "html", "empty", "truncated", "cut", "null_rows", "reset"]
)
@pytest.mark.parametrize("after", [0, 2])
def test_a_page_that_fails_once_is_read_again(what: str, after: int, world: World, client: ZoomClient) -> None:
    world.populate(ID, 900)
    fault = world.faults.add(what, path="/registrants", query="status=approved", after=after)
    pull = client.pull([MEETING])
    assert fault.struck == 1
    assert statuses(pull) == on_zoom(world)


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("500", ZoomUnavailable),
        ("html", ZoomPayloadError),
        ("null_rows", ZoomPayloadError),
        ("wrong_types", ZoomPayloadError),
        ("nested", ZoomPayloadError),
    ],
)
@pytest.mark.parametrize("status", ["pending", "approved", "denied"])
def test_a_page_that_keeps_failing_fails_the_pull(
    what: str, error: type[Exception], status: str, world: World, client: ZoomClient
) -> None:
    world.populate(ID, 700)
    world.faults.add(what, path="/registrants", query=f"status={status}", times=None)
    with pytest.raises(error):
        client.pull([MEETING])


def test_fifty_megabytes_are_not_read(world: World, client: ZoomClient) -> None:
    world.faults.add("huge", path="/registrants", times=None)
    with pytest.raises(ZoomPayloadError, match="larger"):
        client.pull([MEETING])


def test_an_expired_page_token_starts_that_listing_again(world: World, zoom: Simulator, client: ZoomClient) -> None:
    world.populate(ID, 900, pending=400)
    world.faults.add("token_expired", path="/registrants", query="status=approved", after=2)
    pull = client.pull([MEETING])
    assert statuses(pull) == on_zoom(world)
    pending = [entry for entry in zoom.journal if "status=pending" in entry.query and "next_page_token" in entry.query]
    assert len(pending) == 1, "the other listings go on"


def test_what_was_read_before_a_token_expired_does_not_count(world: World, client: ZoomClient) -> None:
    world.populate(ID, 900)
    on_first_page = world.meetings[ID].order[0]
    struck = {"path": "/registrants", "query": "status=approved", "after": 2}
    world.faults.add("act", action=lambda: world.cancel_by_self(ID, on_first_page.email), **struck)
    world.faults.add("token_expired", **struck)
    found = statuses(client.pull([MEETING]))
    assert on_first_page.id not in found
    assert len(found) == 899


def test_page_tokens_that_always_expire_end_the_pull(world: World, client: ZoomClient) -> None:
    world.populate(ID, 400)
    world.faults.add("token_expired", path="/registrants", query="next_page_token", times=None)
    with pytest.raises(PullIncomplete, match="expired"):
        client.pull([MEETING])


@pytest.mark.parametrize("what", ["same_token", "same_page"])
def test_pages_in_a_circle_are_noticed_and_read_again(what: str, world: World, client: ZoomClient) -> None:
    world.populate(ID, 900)
    world.faults.add(what, path="/registrants", query="next_page_token", times=2)
    assert statuses(client.pull([MEETING])) == on_zoom(world)


@pytest.mark.parametrize("what", ["same_token", "same_page"])
def test_pages_in_an_endless_circle_end_the_pull(what: str, world: World, zoom: Simulator, client: ZoomClient) -> None:
    world.populate(ID, 900)
    world.faults.add(what, path="/registrants", query="next_page_token", times=None)
    with pytest.raises(PullIncomplete, match="circle"):
        client.pull([MEETING])
    assert len(zoom.journal) < 40


def test_another_error_about_a_page_is_no_expired_token(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    scripted.replies(Reply(400, {"code": 300, "message": "Invalid status."}))
    with pytest.raises(ZoomRefused, match="Invalid status"):
        make_client(scripted).pull([MEETING])


# --------------------------------------------------------------------------------------- lists that move meanwhile


def test_a_row_listed_twice_counts_once(world: World, client: ZoomClient) -> None:
    world.populate(ID, 700)
    world.faults.add("repeat_rows", path="/registrants", query="next_page_token", count=5, times=None)
    assert statuses(client.pull([MEETING])) == on_zoom(world)


def test_rows_that_shift_between_pages_are_read_again(world: World, client: ZoomClient) -> None:
    world.populate(ID, 900)
    world.faults.add("rows_move", path="/registrants", query="next_page_token", count=7)
    pull = client.pull([MEETING])
    assert statuses(pull) == on_zoom(world)


@pytest.mark.parametrize(
    "move", ["pending>approved", "approved>pending", "approved>denied", "denied>approved", "pending>denied"]
)
@pytest.mark.parametrize("before_call", range(6))
def test_whoever_is_moved_while_the_lists_are_read_is_in_exactly_one(
    move: str, before_call: int, world: World, client: ZoomClient
) -> None:
    world.populate(ID, 650, pending=20, denied=20)
    world.faults.add("status_moves", path="/registrants", after=before_call, count=3, moves=move)
    found = statuses(client.pull([MEETING]))
    assert found.keys() == on_zoom(world).keys()


def listing(*ids: str, total: int | None = None, token: str = "", **fields: Any) -> Reply:
    rows = [{"id": one, "email": f"{one}@example.org", "first_name": "A"} for one in ids]
    return Reply(
        200,
        {"registrants": rows, "next_page_token": token, "total_records": len(rows) if total is None else total}
        | fields,
    )


class Lists:
    """A scripted account: one page a status, changed by `after`, which is called with the number of each call made."""

    def __init__(self, **ids: list[str]) -> None:
        self.ids: dict[str, list[str]] = {"pending": [], "approved": [], "denied": []} | ids
        self.totals: dict[str, int] = {}
        self.asked: list[str] = []
        self.after: Callable[[list[str]], None] = lambda asked: None
        self.alone: dict[str, str] = {}

    def __call__(self, request: Request) -> Reply:
        status = request.query.get("status")
        if status is None:
            registrant = request.path.rpartition("/")[2]
            if registrant not in self.alone:
                return Reply(404, {"code": 3001, "message": "Registrant does not exist."})
            return Reply(200, {"id": registrant, "status": self.alone[registrant]})
        reply = listing(*self.ids[status], total=self.totals.get(status))
        self.asked.append(status)
        self.after(self.asked)
        return reply


@pytest.mark.parametrize(
    ("source", "target"), [("pending", "approved"), ("denied", "approved"), ("approved", "denied")]
)
def test_whoever_moves_into_a_list_already_read_is_not_lost(
    source: str, target: str, scripted: ScriptedZoom, make_client: MakeClient
) -> None:
    """Between two lists read side by side: out of one before it was read, into one after it was."""
    target_read = threading.Event()
    lists = Lists(**{source: ["x", "a"], target: ["b"]})

    def answer(request: Request) -> Reply:
        status = request.query["status"]
        if status == source:
            target_read.wait(10)
        reply = lists(request)
        if status == target and not target_read.is_set():
            lists.ids[source].remove("x")
            lists.ids[target].append("x")
            target_read.set()
        return reply

    scripted.answer = answer
    assert statuses(make_client(scripted).pull([MEETING])) == {"a": source, "b": target, "x": target}


def test_whoever_stands_under_two_statuses_is_settled_by_a_second_look(
    scripted: ScriptedZoom, make_client: MakeClient
) -> None:
    lists = Lists(pending=["x", "a"], approved=["x"])

    def settle(asked: list[str]) -> None:
        if len(asked) == 6:  # three lists, and a second look at each
            lists.ids["pending"].remove("x")

    lists.after = settle
    scripted.answer = lists
    assert statuses(make_client(scripted).pull([MEETING])) == {"a": "pending", "x": "approved"}


def test_whoever_stays_under_two_statuses_is_asked_for_alone(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    lists = Lists(pending=["x"], approved=["x"], denied=["a"])
    lists.alone["x"] = "approved"
    scripted.answer = lists
    assert statuses(make_client(scripted).pull([MEETING])) == {"a": "denied", "x": "approved"}


def test_two_statuses_that_nothing_settles_end_the_pull(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    scripted.answer = Lists(pending=["x"], approved=["x"])
    with pytest.raises(PullIncomplete, match="under two statuses"):
        make_client(scripted).pull([MEETING])


def test_a_wrong_count_that_passes_is_set_right(world: World, client: ZoomClient) -> None:
    world.populate(ID, 50)
    world.faults.add("wrong_total", path="/registrants", query="status=approved", count=3)
    pull = client.pull([MEETING])
    assert statuses(pull) == on_zoom(world)
    assert pull.counts_agree


def test_a_wrong_count_that_stays_ends_the_pull_with_the_hint(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    lists = Lists(approved=["a", "b"])
    lists.totals["approved"] = 3
    scripted.answer = lists
    with pytest.raises(PullIncomplete, match=r"counts 3 and shows 2 .* the approved .*--accept-count"):
        make_client(scripted).pull([MEETING])
    assert lists.asked.count("approved") == 2, "two equal listings are enough"


def test_a_wrong_count_is_accepted_by_hand_and_said(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    lists = Lists(approved=["a", "b"])
    lists.totals["approved"] = 3
    scripted.answer = lists
    pull = make_client(scripted).pull([MEETING], accept_count=True)
    assert statuses(pull) == {"a": "approved", "b": "approved"}
    assert not pull.counts_agree


def test_without_a_total_the_empty_token_is_the_end(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    scripted.answer = lambda request: listing(
        "a" if request.query["status"] == "denied" else "b" + request.query["status"], total_records=None
    )
    assert len(make_client(scripted).pull([MEETING]).listed) == 3


@pytest.mark.parametrize("status", ["approved", "pending"])
def test_people_who_keep_registering_do_not_stop_the_pull(status: str, world: World, client: ZoomClient) -> None:
    world.set_in_portal(ID, approval_type=0 if status == "approved" else 1)
    before = {
        one.id
        for one in world.populate(ID, 900 if status == "approved" else 5, pending=900 if status == "pending" else 0)
    }
    world.faults.add("new_registration", path="/registrants", query=f"status={status}", count=2, times=None)
    found = statuses(client.pull([MEETING]))
    assert before <= found.keys()


def test_newcomers_do_not_excuse_somebody_who_is_missing(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    """A shortfall within the newcomers' number, but somebody of the reading before is not here again."""
    numbers = iter(range(1, 1000))

    def answer(request: Request) -> Reply:
        if request.query["status"] != "approved":
            return listing()
        number = next(numbers)
        if "next_page_token" not in request.query:
            return listing(f"only-{number}", "a", total=2 + number, token=f"t{number}")
        return listing("b", total=5 + number)

    scripted.answer = answer
    with pytest.raises(PullIncomplete, match="--accept-count"):
        make_client(scripted).pull([MEETING])


def test_a_failing_list_leaves_no_thread_behind(world: World, client: ZoomClient) -> None:
    world.populate(ID, 3000)
    world.faults.add("wrong_types", path="/registrants", query="status=denied", times=None)
    with pytest.raises(ZoomPayloadError):
        client.pull([MEETING])
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("zoom-list")]


def test_pages_smaller_than_asked_for_are_read_to_the_end(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    everybody = [f"r{number}" for number in range(95)]

    def answer(request: Request) -> Reply:
        if request.query["status"] != "denied":
            return listing()
        start = int(request.query.get("next_page_token", "0"))
        some = everybody[start : start + 30]
        return listing(*some, total=95, token=str(start + 30) if start + 30 < 95 else "")

    scripted.answer = answer
    assert list(statuses(make_client(scripted).pull([MEETING]))) == everybody


def test_rows_keep_their_json(scripted: ScriptedZoom, make_client: MakeClient) -> None:
    scripted.answer = Lists(approved=["a"])
    ((_, row),) = make_client(scripted).pull([MEETING]).listed.items()
    assert json.loads(row.raw)["email"] == "a@example.org"


def test_the_meetings_pulled_are_named(client: ZoomClient) -> None:
    meetings: list[Meeting] = [MEETING]
    assert client.pull(meetings).meetings == (MEETING,)
