"""After the story: the organiser's pages, the mailbox and the report in a browser, on this machine's own address."""

from __future__ import annotations

import os
import secrets
import sys
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from zoomsync.demo.mailbox import Mailbox
from zoomsync.demo.stage import SLUG, ZONE, Stage
from zoomsync.store.events import link_key
from zoomsync.web.admin.doorkeeper import Doorkeeper
from zoomsync.web.admin.site import Admin
from zoomsync.web.app import failed, guarded, refused, web_application
from zoomsync.web.server import WebServer

_REPORT = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
}


@dataclass(frozen=True, slots=True)
class Open:
    """Where the pages are. token: opens `/admin/` for whoever comes there by another way."""

    address: str
    token: str


@contextmanager
def open_for_visitors(stage: Stage) -> Iterator[Open]:
    """Listen on a free port of this machine, until the end of the `with`. Raises OSError."""
    token = secrets.token_urlsafe(9)
    server = WebServer(_application(stage, token), host="127.0.0.1", port=0)
    address = server.start()
    try:
        yield Open(f"{address}/", token)
    finally:
        server.stop()
        while server.listens:
            time.sleep(0.02)


def open_browser(address: str) -> bool:
    """Show a page in a browser with windows; False where there is none."""
    if sys.platform not in ("win32", "darwin") and not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
        return False  # what there may be draws on the terminal, which is ours
    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False


def _application(stage: Stage, token: str) -> ASGIApp:
    app = stage.app
    mailbox = Mailbox(lambda: stage.mails.messages, zone=ZONE)
    # It signs as the one at the door of `/admin/` does: the same token, and the database's own key.
    door = Doorkeeper(token, lambda: app.database.write(link_key), app.clock, https=False)

    def start(request: Request) -> Response:
        title, count = stage.event.title, len(stage.mails.messages)
        return mailbox.page("start.html", title=title, count=count, now=app.clock())

    def enter(request: Request) -> Response:
        """Nothing to be kept from anybody here, so nobody is asked who they are."""
        response = RedirectResponse(f"/admin/events/{SLUG}", 303)
        door.let_in(token, "demo", response)
        return response

    def report(request: Request) -> Response:
        return HTMLResponse((stage.folder / "report.html").read_bytes(), headers=_REPORT)

    pages = web_application(
        database=app.database,
        clock=app.clock,
        lease_clock=app.lease_clock,
        owner="demo",
        admin=Admin(
            token=token,
            files=lambda: [stage.event],
            decide=lambda event, email, action, actor: app.decide_by_hand(event, [(email, action)], actor=actor),
            stored_file=app.stored_file,
            retention_days=app.settings.privacy.retention_days,
        ),
    )
    routes = [Route("/", start), Route("/enter", enter), Route("/report", report), *mailbox.routes, Mount("/", pages)]
    return guarded(Starlette(routes=routes, exception_handlers={HTTPException: refused, Exception: failed}))
