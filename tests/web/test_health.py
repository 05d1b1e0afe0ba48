"""Alive is the process, ready is database, schema and heartbeat."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from tests.web.conftest import Opener, Site
from zoomsync.store import daemons
from zoomsync.store.schema import Database


def readiness(site: Site) -> tuple[int, str | None]:
    answer = site.get("/readyz")
    assert answer.headers["content-type"] == "application/json"
    document = json.loads(answer.body)
    assert document["ready"] == (answer.status == 200)
    return answer.status, document["reason"]


def test_it_is_alive_although_the_database_is_away(open_site: Opener, tmp_path: Path) -> None:
    site = open_site(database=Database(f"sqlite:///{tmp_path}/nowhere.db"))
    assert (site.get("/healthz").status, site.get("/healthz").text) == (200, "ok\n")


def test_it_is_ready_while_its_daemon_is_heard_of(site: Site) -> None:
    assert readiness(site) == (503, "the daemon was not heard of for a minute")
    site.beat()
    assert readiness(site) == (200, None)
    site.clock.advance(daemons.ALIVE_FOR + timedelta(seconds=1))
    assert readiness(site)[0] == 503


def test_another_daemons_heartbeat_is_not_its_own(site: Site) -> None:
    site.database.write(lambda db: daemons.beat(db, "other/2/y", {}, version="1", now=site.clock()))
    assert readiness(site)[0] == 503


def test_it_is_not_ready_with_a_schema_of_another_version(site: Site) -> None:
    site.beat()
    set_version(site.database, "0001")
    assert readiness(site) == (503, "the database's schema is older than this zoomsync")
    set_version(site.database, "9999")
    assert readiness(site) == (503, "the database's schema is newer than this zoomsync")


def test_it_is_not_ready_without_a_database_and_does_not_say_where_that_is(open_site: Opener) -> None:
    site = open_site(database=Database("postgresql://me:sesame@127.0.0.1:1/hidden"))
    assert readiness(site) == (503, "the database cannot be reached")


def set_version(database: Database, version: str) -> None:
    database.write(lambda db: db.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version}))
