"""Figures for Prometheus: what the database holds, under few and harmless labels."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from tests.builders import DEADLINE, MEETING_ID, make_event, make_meeting, make_registrant
from tests.outbox_world import make_world
from tests.web.conftest import SECRET, Opener, Site
from zoomsync import __version__
from zoomsync.domain.records import RegistrantStatus, ZoomPart
from zoomsync.store import events
from zoomsync.store.schema import Database

SLUG = make_event().slug


def figures(site: Site) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample by its name and its labels' values."""
    answer = site.get("/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def set_all(site: Site, statement: str, **values: object) -> None:
    site.database.write(lambda db: db.execute(text(statement), values))


def test_registrants_and_messages_are_counted_by_event_and_state(site: Site, now: datetime) -> None:
    site.world.set_status(2, "denied")
    site.world.plan(0, now=now - timedelta(minutes=16))
    site.world.plan(1, now=now - timedelta(minutes=14))
    site.world.plan(2, now=now)
    set_all(site, "UPDATE outbox SET state = 'sent' WHERE registrant_row = :row", row=site.world.rows[2])
    found = figures(site)
    assert found["zoomsync_registrants", (SLUG, "approved")] == 2
    assert found["zoomsync_registrants", (SLUG, "denied")] == 1
    assert found["zoomsync_registrants", (SLUG, "pending")] == 0
    assert found["zoomsync_outbox_messages", (SLUG, "pending")] == 2
    assert found["zoomsync_outbox_messages", (SLUG, "sent")] == 1
    assert found["zoomsync_outbox_messages", (SLUG, "failed")] == 0
    assert found["zoomsync_outbox_overdue", (SLUG,)] == 1


def test_sync_runs_are_counted_with_their_time_and_the_age_of_the_last_good_one(site: Site, now: datetime) -> None:
    set_all(site, "UPDATE sync_run SET state = 'ok', seconds = 1.5, requests = 4")
    set_all(
        site,
        "INSERT INTO sync_run (event_id, state, started_at, pulled, added, updated, cancelled, reinstated, unchanged,"
        " held, pages, requests, seconds, error) SELECT event_id, 'failed', started_at, 0, 0, 0, 0, 0, 0, 0, 0, 2,"
        " 0.25, 'x' FROM sync_run",
    )
    site.clock.advance(timedelta(minutes=7))
    found = figures(site)
    assert found["zoomsync_sync_runs_total", (SLUG, "ok")] == 1
    assert found["zoomsync_sync_runs_total", (SLUG, "failed")] == 1
    assert found["zoomsync_sync_seconds_total", (SLUG, "ok")] == 1.5
    assert found["zoomsync_sync_seconds_total", (SLUG, "failed")] == 0.25
    assert found["zoomsync_zoom_requests_total", (SLUG,)] == 6
    assert found["zoomsync_last_successful_sync_age_seconds", (SLUG,)] == 420


def test_an_event_without_a_good_sync_has_no_age(site: Site) -> None:
    assert ("zoomsync_last_successful_sync_age_seconds", (SLUG,)) not in figures(site)


def test_a_run_that_has_not_ended_is_not_counted_yet(site: Site) -> None:
    """A count that goes down would be taken for a restart."""
    found = figures(site)
    assert found["zoomsync_sync_runs_total", (SLUG, "ok")] == 0
    assert ("zoomsync_sync_runs_total", (SLUG, "running")) not in found


@pytest.mark.parametrize(("approval_type", "after_deadline", "state"), [
    (0, False, "open"), (0, True, "not_closed"), (1, True, "closed"),
])  # fmt: skip
def test_the_state_of_registration_is_one_of_three(
    site: Site, approval_type: int, after_deadline: bool, state: str
) -> None:
    meeting = make_meeting(approval_type=approval_type)
    site.database.write(lambda db: events.save_meeting(db, site.world.event_id, meeting, site.clock()))
    if after_deadline:
        site.clock.move_to(DEADLINE + timedelta(minutes=1))
    found = figures(site)
    shown = {one: found["zoomsync_registration_state", (SLUG, one)] for one in ("open", "closed", "not_closed")}
    assert shown == {one: float(one == state) for one in shown}


def test_daemons_version_and_webhooks_show(site: Site) -> None:
    assert figures(site)["zoomsync_daemons", ()] == 0
    site.beat()
    site.ask("POST", "/webhooks/zoom", b"{}")
    found = figures(site)
    assert found["zoomsync_daemons", ()] == 1
    assert found["zoomsync_build_info", (__version__,)] == 1
    assert found["zoomsync_webhooks_total", ("refused",)] == 1
    assert found["zoomsync_webhooks_total", ("taken",)] == 0
    assert found["process_resident_memory_bytes", ()] > 0


def test_each_event_has_its_own_line(site: Site, database: Database, now: datetime) -> None:
    event = make_event(slug="otro", zoom=ZoomPart(meeting_id="99"))
    person = make_registrant(9, meeting_id="99", status=RegistrantStatus.PENDING)
    make_world(database, now, [person], event=event, sessions=())
    found = figures(site)
    assert found["zoomsync_registrants", ("otro", "pending")] == 1
    assert found["zoomsync_registrants", (SLUG, "approved")] == 3
    assert found["zoomsync_event_status", ("otro", "active")] == 1


def test_an_empty_database_has_figures_too(open_site: Opener, database: Database, sqlite_url: str) -> None:
    empty = Database(sqlite_url.replace("zoomsync.db", "empty.db"))
    empty.upgrade()
    site = open_site(database=empty)
    assert figures(site)["zoomsync_daemons", ()] == 0
    empty.close()


def test_figures_hold_nothing_of_a_person_and_no_secret(site: Site, now: datetime) -> None:
    site.world.plan(0, 1, now=now)
    shown = site.get("/metrics").text
    for private in ("persona", "María", "López", "tk=", "Quetzaltenango", SECRET, MEETING_ID, "r000001"):
        assert private not in shown
    labels = set(re.findall(r'(\w+)="', shown))
    assert labels <= {"event", "state", "status", "version", "result"}
