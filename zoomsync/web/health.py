"""Whether the daemon lives (`/healthz`) and whether it can work (`/readyz`)."""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.responses import Response

from zoomsync.errors import SchemaTooNew, StoreError
from zoomsync.jobs.leasing import LeaseClock
from zoomsync.store import daemons
from zoomsync.store.schema import Database
from zoomsync.web.answers import as_json, plain

log = logging.getLogger(__name__)


class Health:
    """owner: the daemon whose heartbeat counts."""

    def __init__(self, database: Database, lease_clock: LeaseClock, owner: str) -> None:
        self._database = database
        self._lease_clock = lease_clock
        self._owner = owner

    async def alive(self, request: Request) -> Response:
        """The process answers. Nothing is asked of anybody: a database that is away is no reason to kill it."""
        return plain("ok")

    def ready(self, request: Request) -> Response:
        """200, or 503 with the reason. It names no host and no file: outsiders may see it."""
        reason = self._why_not()
        return as_json({"ready": not reason, "reason": reason or None}, 503 if reason else 200)

    def _why_not(self) -> str:
        try:
            if not self._database.is_current():
                return "the database's schema is older than this zoomsync"
            with self._database.read() as db:
                alive = [one.owner for one in daemons.live(db, self._lease_clock())]
        except SchemaTooNew:
            return "the database's schema is newer than this zoomsync"
        except StoreError as error:
            log.warning("not ready: %s", error)
            return "the database cannot be reached"
        return "" if self._owner in alive else "the daemon was not heard of for a minute"
