"""Zoom's webhooks: only from who knows the secret, each once, and nothing but a hint to look.

Signatures are made here by hand, as Zoom documents them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.builders import MEETING_ID, make_event, make_meeting, utc
from tests.web.conftest import SECRET, Answer, Opener, Site
from zoomsync.clock import SteppedClock
from zoomsync.jobs.due import events_due
from zoomsync.store import events, registrants
from zoomsync.store.schema import Database

ADDRESS = "/webhooks/zoom"
MINUTE = timedelta(minutes=1)
EVERY = timedelta(hours=1)


def told(name: str = "meeting.registration_created", meeting: Any = int(MEETING_ID), **more: Any) -> bytes:
    """A delivery as Zoom writes it."""
    person = {"id": "r1", "email": "canary@example.org", "status": "approved", "join_url": "https://example.org/canary"}
    thing = {"uuid": "u==", "id": meeting, "host_id": "h", "type": 8, "registrant": person}
    return json.dumps({"event": name, "event_ts": 1_677_000_000_000, "payload": {"object": thing}, **more}).encode()


def signed(body: bytes, sent_at: Any, *, secret: str = SECRET) -> dict[str, str]:
    message = b"v0:%s:%s" % (str(sent_at).encode(), body)
    signature = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
    return {"x-zm-request-timestamp": str(sent_at), "x-zm-signature": f"v0={signature}"}


def deliver(site: Site, body: bytes, **changes: str | None) -> Answer:
    """A delivery that is signed now. changes: headers that are different (`_` for `-`), None for missing."""
    given = signed(body, int(site.clock().timestamp()))
    given |= {name.replace("_", "-"): value for name, value in changes.items() if value is not None}
    for name in (name.replace("_", "-") for name, value in changes.items() if value is None):
        del given[name]
    return site.ask("POST", ADDRESS, body, {"Content-Type": "application/json", **given})


def hints(site: Site) -> list[tuple[str, str]]:
    with site.database.read() as db:
        return [tuple(row) for row in db.execute(text("SELECT meeting_id, name FROM webhook ORDER BY name"))]


def is_due(site: Site) -> bool:
    """Whether the daemon's next sweep pulls the event."""
    with site.database.read() as db:
        (known,) = events.all_stored(db)
    assert known.slug == make_event().slug
    return bool(events_due([make_event()], database=site.database, every=EVERY, now=site.clock()))


@pytest.fixture
def pulled(site: Site) -> Site:
    """The event was pulled a minute ago, and is not due for an hour."""
    site.database.write(lambda db: events.save_meeting(db, site.world.event_id, make_meeting(), site.clock()))
    pull(site)
    site.clock.advance(MINUTE)
    assert not is_due(site)
    return site


def pull(site: Site) -> None:
    run_id = site.database.write(lambda db: registrants.begin_run(db, site.world.event_id, now=site.clock()))
    site.database.write(lambda db: db.execute(text("UPDATE sync_run SET state = 'ok' WHERE id = :id"), {"id": run_id}))


# ------------------------------------------------------------------------------------------------------- what it does


@pytest.mark.parametrize(
    "name",
    [
        *(f"meeting.registration_{what}" for what in ("created", "approved", "denied", "cancelled")),
        "webinar.registration_created",
        "meeting.updated",
        "webinar.deleted",
    ],
)
def test_a_change_of_registration_has_the_event_pulled_at_the_next_sweep(pulled: Site, name: str) -> None:
    assert deliver(pulled, told(name)).status == 204
    assert is_due(pulled)
    pulled.clock.advance(MINUTE)
    pull(pulled)
    pulled.clock.advance(MINUTE)
    assert not is_due(pulled), "the hint was followed"


@pytest.mark.parametrize("meeting", [int(MEETING_ID), MEETING_ID])
def test_a_meetings_number_may_come_as_text(pulled: Site, meeting: Any) -> None:
    deliver(pulled, told(meeting=meeting))
    assert hints(pulled) == [(MEETING_ID, "meeting.registration_created")]


def test_nothing_of_what_it_said_is_believed_or_kept(pulled: Site, logs: Callable[[], str]) -> None:
    before = people(pulled)
    deliver(pulled, told("meeting.registration_cancelled"))
    assert people(pulled) == before
    with pulled.database.read() as db:
        assert "canary" not in repr(db.execute(text("SELECT * FROM webhook")).all())
    assert "canary" not in logs()


def people(site: Site) -> list[Any]:
    with site.database.read() as db:
        return list(db.execute(text("SELECT * FROM registrant ORDER BY id")).all())


def test_the_same_delivery_again_counts_once(pulled: Site) -> None:
    """Zoom sends it again after 5, 25 and 85 minutes, with the same words under a new time and signature."""
    body = told()
    deliver(pulled, body)
    pulled.clock.advance(MINUTE)
    pull(pulled)
    for minutes in (5, 20, 60):
        pulled.clock.advance(minutes * MINUTE)
        pull(pulled)
        pulled.clock.advance(MINUTE)
        assert deliver(pulled, body).status == 204
        assert not is_due(pulled)
    assert len(hints(pulled)) == 1


def test_the_same_delivery_in_another_order_of_its_words_counts_once(pulled: Site) -> None:
    document = json.loads(told())
    deliver(pulled, told())
    reordered = json.dumps(dict(reversed(document.items())), indent=1).encode()
    assert deliver(pulled, reordered).status == 204
    assert len(hints(pulled)) == 1


def test_deliveries_out_of_order_are_each_a_hint(pulled: Site) -> None:
    for event_ts in (3, 1, 2):
        assert deliver(pulled, told(event_ts=event_ts)).status == 204
    assert len(hints(pulled)) == 3
    assert is_due(pulled)


@pytest.mark.parametrize(
    "body",
    [
        told("meeting.participant_joined"),
        told("meeting.started"),
        told("app_deauthorized"),
        told(meeting=None),
        told(meeting="../x"),
        told(meeting=True),
        b"{}",
        b'{"event": 7, "payload": []}',
    ],
)
def test_what_is_not_about_registration_is_taken_and_forgotten(pulled: Site, body: bytes) -> None:
    assert deliver(pulled, body).status == 204
    assert hints(pulled) == []


def test_a_meeting_that_is_nobodys_disturbs_nothing(pulled: Site) -> None:
    assert deliver(pulled, told(meeting=99)).status == 204
    assert not is_due(pulled)


# ------------------------------------------------------------------------------------------------------ whom it trusts


@pytest.mark.parametrize(
    "changes",
    [
        {"x_zm_signature": None},
        {"x_zm_request_timestamp": None},
        {"x_zm_signature": ""},
        {"x_zm_signature": "v0=" + "0" * 64},
        {"x_zm_signature": "v0=ñ"},
        {"x_zm_request_timestamp": "1"},
        {"x_zm_request_timestamp": "soon"},
        {"x_zm_request_timestamp": "-1"},
        {"x_zm_request_timestamp": "9" * 400},
    ],
)
def test_without_zooms_signature_it_is_401_and_nothing_happens(pulled: Site, changes: dict[str, str | None]) -> None:
    assert deliver(pulled, told(), **changes).status == 401
    assert hints(pulled) == []


def test_who_does_not_know_the_secret_is_refused(pulled: Site) -> None:
    body = told()
    headers = signed(body, int(pulled.clock().timestamp()), secret="guess")
    assert pulled.ask("POST", ADDRESS, body, headers).status == 401


def test_the_signature_is_of_the_bytes_as_they_came(pulled: Site) -> None:
    headers = signed(told(), int(pulled.clock().timestamp()))
    document = json.loads(told())
    for other in (json.dumps(dict(reversed(document.items()))).encode(), told() + b"\n", told(event_ts=9)):
        assert pulled.ask("POST", ADDRESS, other, headers).status == 401
    assert pulled.ask("POST", ADDRESS, told(), headers).status == 204


@pytest.mark.parametrize(("minutes", "status"), [(-6, 401), (-5, 204), (0, 204), (5, 204), (6, 401)])
def test_what_was_signed_more_than_five_minutes_away_is_refused(pulled: Site, minutes: int, status: int) -> None:
    sent_at = int((pulled.clock() + minutes * MINUTE).timestamp())
    assert pulled.ask("POST", ADDRESS, told(), signed(told(), sent_at)).status == status


def test_a_replay_within_five_minutes_has_no_effect_and_later_is_refused(pulled: Site) -> None:
    headers = signed(told(), int(pulled.clock().timestamp()))
    pulled.ask("POST", ADDRESS, told(), headers)
    pulled.clock.advance(MINUTE)
    pull(pulled)
    pulled.clock.advance(MINUTE)
    assert pulled.ask("POST", ADDRESS, told(), headers).status == 204
    assert not is_due(pulled)
    pulled.clock.advance(5 * MINUTE)
    assert pulled.ask("POST", ADDRESS, told(), headers).status == 401


def test_without_a_secret_there_is_no_such_address(open_site: Opener) -> None:
    site = open_site()
    for method in ("GET", "POST"):
        assert site.ask(method, ADDRESS, b"{}").status == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_a_wrong_method_is_405(site: Site, method: str) -> None:
    assert site.ask(method, ADDRESS).status == 405


@pytest.mark.parametrize("chunked", [False, True])
def test_ten_megabytes_are_413(pulled: Site, chunked: bool) -> None:
    size = 10 * 1024 * 1024
    body: Any = (b"x" * 65536 for _ in range(size // 65536)) if chunked else b"x" * size
    assert pulled.ask("POST", ADDRESS, body).status == 413
    assert hints(pulled) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"7", b"\xff", b"[" * 100_000])
def test_what_is_no_json_object_is_400(pulled: Site, body: bytes) -> None:
    assert deliver(pulled, body).status == 400


def test_refusals_are_told_once_with_what_to_look_at_and_without_the_secret(
    pulled: Site, logs: Callable[[], str]
) -> None:
    def warnings() -> int:
        return logs().count("a webhook was refused")

    for _ in range(3):
        deliver(pulled, told(), x_zm_signature="v0=" + "0" * 64)
    first = warnings()
    deliver(pulled, told())
    deliver(pulled, told(), x_zm_signature="v0=" + "0" * 64)
    assert "ZOOMSYNC_ZOOM__WEBHOOK_SECRET" in logs()
    assert 0 < first < warnings()
    assert warnings() == 2 * first
    assert SECRET not in logs()


# ----------------------------------------------------------------------------------------------------- the challenge


def challenge(token: Any) -> bytes:
    document = {"event": "endpoint.url_validation", "payload": {"plainToken": token}, "event_ts": 1}
    return json.dumps(document).encode()


def test_zooms_challenge_is_answered(site: Site) -> None:
    answer = deliver(site, challenge("qgg8vlvZRS6UYooatFL8Aw"))
    expected = hmac.new(SECRET.encode(), b"qgg8vlvZRS6UYooatFL8Aw", hashlib.sha256).hexdigest()
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.body) == {"plainToken": "qgg8vlvZRS6UYooatFL8Aw", "encryptedToken": expected}


def test_a_challenge_that_zoom_did_not_sign_is_refused(site: Site) -> None:
    assert deliver(site, challenge("abc"), x_zm_signature="v0=" + "0" * 64).status == 401


@pytest.mark.parametrize("token", ["v0:1:{}", "", None, 7, "\ud800", "x" * 5000])
def test_nothing_is_signed_that_could_be_a_delivery(site: Site, token: Any) -> None:
    assert deliver(site, challenge(token)).status == 400


# ------------------------------------------------------------------------------------------------- nothing waits for it


def test_while_the_database_is_busy_zoom_is_answered_in_time_and_the_hint_comes_later(
    sqlite_url: str, clock: SteppedClock, open_site: Opener
) -> None:
    site = open_site(database=Database(sqlite_url), webhook_secret=SECRET)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        assert deliver(site, told()).status == 204
        assert time.monotonic() - begun < 3
        assert hints(site) == []
        other.execute("ROLLBACK")
    give_up_at = time.monotonic() + 20
    while not hints(site) and time.monotonic() < give_up_at:
        time.sleep(0.05)
    assert hints(site) == [(MEETING_ID, "meeting.registration_created")]


def test_a_hint_that_cannot_be_written_down_is_503_so_that_zoom_comes_again(open_site: Opener, tmp_path: Any) -> None:
    site = open_site(database=Database(f"sqlite:///{tmp_path}/nowhere.db"), webhook_secret=SECRET)
    assert deliver(site, told()).status == 503


def test_the_clock_of_the_house_judges_the_age(pulled: Site) -> None:
    pulled.clock.move_to(utc(2031, 1, 1))
    assert deliver(pulled, told()).status == 204
