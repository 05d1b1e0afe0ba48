"""The web part as one application: its addresses, what every answer gets, and how errors are told.

Plain arguments in; who runs it is in `server`, and what an address does in a module of its own. Outside `/admin/` there
are no cookies and no redirects. A request's Host and Forwarded headers are never looked at.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, ProcessCollector
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from zoomsync.clock import Clock
from zoomsync.errors import StoreError
from zoomsync.jobs.leasing import LeaseClock
from zoomsync.store.events import link_key
from zoomsync.store.schema import Database
from zoomsync.web.admin.doorkeeper import Doorkeeper
from zoomsync.web.admin.site import Admin, AdminSite
from zoomsync.web.answers import plain
from zoomsync.web.certificates import Checking
from zoomsync.web.health import Health
from zoomsync.web.metrics import Figures, Metrics
from zoomsync.web.unsubscribe import Unsubscribing
from zoomsync.web.webhooks import Webhooks

log = logging.getLogger(__name__)

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
_HSTS = {"Strict-Transport-Security": "max-age=31536000"}


def web_application(
    *,
    database: Database,
    clock: Clock,
    lease_clock: LeaseClock,
    owner: str,
    public_url: str | None = None,
    webhook_secret: str | None = None,
    admin: Admin | None = None,
) -> ASGIApp:
    """The application. owner: the daemon it belongs to, as its heartbeat names it. public_url: how it is reached from
    outside. webhook_secret: Zoom's secret token, without which there is no address for webhooks. admin: what `/admin/`
    stands on, which is not there without it.
    """
    https = public_url is not None and public_url.startswith("https://")
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(Figures(database, clock, lease_clock))
    health = Health(database, lease_clock, owner)
    unsubscribing = Unsubscribing(database, clock)
    routes = [
        Route("/healthz", health.alive),
        Route("/readyz", health.ready),
        Route("/metrics", Metrics(registry).show),
        Route("/u/{token}", unsubscribing.show, methods=["GET"]),
        Route("/u/{token}", unsubscribing.act, methods=["POST"]),
        Route("/c/{code}", Checking(database).show, methods=["GET"]),
    ]
    if webhook_secret:
        webhooks = Webhooks(database, clock, webhook_secret, registry)
        routes.append(Route("/webhooks/zoom", webhooks.receive, methods=["POST"]))
    if admin:
        door = Doorkeeper(admin.token, lambda: database.write(link_key), clock, https=https)
        routes += AdminSite(admin, database=database, clock=clock, door=door).routes
    inner = Starlette(
        routes=routes,
        exception_handlers={
            HTTPException: refused,
            StoreError: _database_away,
            ClientDisconnect: _gone,
            Exception: failed,
        },
    )
    inner.router.redirect_slashes = False
    return guarded(inner, https=https)


def guarded(inner: ASGIApp, *, https: bool = False) -> ASGIApp:
    """An application with our headers on every answer. https: whether browsers come by https."""
    return _Guarded(inner, _HEADERS | (_HSTS if https else {}))


@dataclass(frozen=True, slots=True)
class _Guarded:
    """The application with its headers on every answer. headers: those that an answer does not set itself."""

    inner: ASGIApp
    headers: dict[str, str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    given.setdefault(name, value)
            await send(message)

        with suppress(Exception):  # told and answered by `failed`, and raised once more by starlette
            await self.inner(scope, receive, with_headers)


def refused(request: Request, error: Exception) -> Response:
    """What an address refuses, in a line."""
    assert isinstance(error, HTTPException)
    answer = plain(error.detail, error.status_code)
    answer.headers.update(error.headers or {})
    return answer


def _database_away(request: Request, error: Exception) -> Response:
    log.warning("the web part: %s", error)
    answer = plain("This cannot be done right now. Please try again in a few minutes.", 503)
    answer.headers["Retry-After"] = "300"
    return answer


def _gone(request: Request, error: Exception) -> Response:
    return plain("You are gone.", 499)  # nobody hears it


def failed(request: Request, error: Exception) -> Response:
    """What nobody has foreseen: it is in the log."""
    # The address stays out of it: it may be somebody's personal link.
    log.error("the web part: something unforeseen happened", exc_info=error)
    return plain("Something went wrong.", 500)
