"""What each address under `/admin/` shows. Reading alone: what a button does is in `acts`.

Everything comes from the database, so it is true also while Zoom or the mail server is away.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from zoomsync import words
from zoomsync.clock import Clock
from zoomsync.domain.records import Event, EventStatus, OutboxState, RegistrantStatus
from zoomsync.jobs.explain import explain
from zoomsync.jobs.late import Person, list_late
from zoomsync.jobs.status import Concern, EventStanding, StatusReport, concerns_of, look_at_status
from zoomsync.language import _, in_use
from zoomsync.reports.story import in_words
from zoomsync.reports.words import Words
from zoomsync.store import browsing, outbox_plan, reading
from zoomsync.store import events as stored_events
from zoomsync.store.events import StoredEvent
from zoomsync.store.schema import Database
from zoomsync.text import clean
from zoomsync.web.admin.acts import Acts, Decide
from zoomsync.web.admin.doorkeeper import Doorkeeper, Visit
from zoomsync.web.admin.downloads import Downloads
from zoomsync.web.answers import read_form
from zoomsync.web.pages import Pages

ROWS_A_PAGE = 100
# The outbox in the groups that people ask for.
_MAIL_GROUPS = {
    "waiting": (OutboxState.PENDING, OutboxState.DEFERRED, OutboxState.CLAIMED, OutboxState.TRANSMITTING),
    "sent": (OutboxState.SENT,),
    "failed": (OutboxState.FAILED,),
    "in_doubt": (OutboxState.IN_DOUBT,),
    "left_out": (OutboxState.SKIPPED, OutboxState.CANCELLED),
}

# What templates may say, as filters.
_FILTERS = ("registrant_status", "mail_state", "mail_kind", "event_status", "registration", "moment", "reason")
_KEPT_BACK = ("participant_pin_code",)  # opens the meeting by telephone

Shown = Callable[[Request, Visit], Response]


@dataclass(frozen=True, slots=True)
class Paging:
    """Where in a longer list a page stands. first, last: of the rows shown, counted from 1; before, after: links."""

    first: int
    last: int
    total: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Admin:
    """What the pages stand on besides the database. token: opens them. files: gives the event files in force.

    decide: see `acts`. stored_file: reads an event's file as the database keeps it. retention_days: where that says
    nothing of its own.
    """

    token: str
    files: Callable[[], Sequence[Event]]
    decide: Decide
    stored_file: Callable[[StoredEvent], Event | None]
    retention_days: int


class AdminSite:
    """The addresses, for the web part's application."""

    def __init__(self, admin: Admin, *, database: Database, clock: Clock, door: Doorkeeper) -> None:
        self._database = database
        self._clock = clock
        self._door = door
        self._files = admin.files
        self._stored_file = admin.stored_file
        self._pages = Pages("admin.css")
        for name in _FILTERS:
            self._pages.add_filter(name, getattr(words, name))
        self._pages.add_filter("deadline", lambda at, zone: words.deadline(at, zone, now=clock()))
        self._pages.add_filter("clean", clean)
        self._downloads = Downloads(
            database=database,
            clock=clock,
            stored_file=admin.stored_file,
            retention_days=admin.retention_days,
            known=self._known,
            page=self._page,
        )
        self._acts = Acts(
            database=database, clock=clock, door=door, files=admin.files, decide=admin.decide, page=self._page
        )

    @property
    def routes(self) -> list[Route]:
        def shown(path: str, show: Shown) -> Route:
            return Route(f"/admin{path}", self._for_visitors(show), methods=["GET"])

        return [
            Route("/admin", lambda request: RedirectResponse("/admin/", 308), methods=["GET"]),
            Route("/admin/login", self._login_form, methods=["GET"]),
            Route("/admin/login", self._log_in, methods=["POST"]),
            Route("/admin/logout", self._log_out, methods=["POST"]),
            shown("/", self._events),
            shown("/events/{slug}", self._overview),
            shown("/events/{slug}/registrants", self._registrants),
            shown("/events/{slug}/registrants/{row:int}", self._person),
            shown("/events/{slug}/mail", self._mail),
            shown("/events/{slug}/late", self._late),
            *self._downloads.routes(self._for_visitors),
            *self._acts.routes,
        ]

    # ------------------------------------------------------------------------------------------------ the door

    def _for_visitors(self, show: Shown) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            return await run_in_threadpool(partial(self._guarded, request, show))

        return guarded

    def _guarded(self, request: Request, show: Shown) -> Response:
        visit = self._door.visit(request)
        if visit is None:
            target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/admin/login?{urlencode({'to': target})}", 303)
        return show(request, visit)

    def _login_form(self, request: Request) -> Response:
        return self._login_page(_own_address(request.query_params.get("to", "")), wrong=False)

    def _login_page(self, to: str, *, wrong: bool) -> Response:
        return self._page("admin/login.html", None, 401 if wrong else 200, to=to, wrong=wrong)

    async def _log_in(self, request: Request) -> Response:
        form = await read_form(request)
        to = _own_address(form.get("to", ""))
        response = RedirectResponse(to, 303)
        token, name = form.get("token", "").strip(), form.get("name", "")
        let_in = await run_in_threadpool(self._door.let_in, token, name, response)
        return response if let_in else await run_in_threadpool(partial(self._login_page, to, wrong=True))

    async def _log_out(self, request: Request) -> Response:
        response = RedirectResponse("/admin/login", 303)
        self._door.let_out(response)
        return response

    # ----------------------------------------------------------------------------------------------- the pages

    def _events(self, request: Request, visit: Visit) -> Response:
        report = self._status()
        order = {EventStatus.ACTIVE: 0, EventStatus.DRAFT: 1, EventStatus.CANCELLED: 2}
        events = sorted(report.events, key=lambda one: (one.is_over, order[one.status], one.deadline))
        said = [(one, concern) for one in events for concern in self._concerns(one)]
        return self._page(
            "admin/events.html",
            visit,
            events=events,
            problems=[f"{one.title}: {concern.words}" for one, concern in said if concern.urgent],
            notes=[f"{one.title}: {concern.words}" for one, concern in said if not concern.urgent],
        )

    def _overview(self, request: Request, visit: Visit) -> Response:
        known = self._known(request)
        with self._database.read() as db:
            sessions = stored_events.sessions_of(db, known.id)
        one = next(one for one in self._status().events if one.event == known.slug)
        concerns = self._concerns(one)
        return self._event_page(
            "admin/overview.html",
            visit,
            known,
            one=one,
            sessions=sessions,
            problems=[concern.words for concern in concerns if concern.urgent],
            notes=[concern.words for concern in concerns if not concern.urgent],
        )

    def _registrants(self, request: Request, visit: Visit) -> Response:
        known = self._known(request)
        wanted = request.query_params.get("status", "")
        status = RegistrantStatus(wanted) if wanted in set(RegistrantStatus) else None
        search = request.query_params.get("q", "")[:200]
        offset = _offset(request)
        with self._database.read() as db:
            part = browsing.people(db, known.id, status=status, words=search, offset=offset, limit=ROWS_A_PAGE)
            counts = reading.registrants_by_status(db, known.id)
        return self._event_page(
            "admin/registrants.html",
            visit,
            known,
            rows=part.rows,
            paging=_paging(request, offset, len(part.rows), part.total),
            wanted=status,
            counts=counts,
            search=search,
        )

    def _person(self, request: Request, visit: Visit) -> Response:
        known, row = self._known(request), request.path_params["row"]
        if row > outbox_plan.HIGHEST_ROW:
            raise HTTPException(404, _("There is no such registrant."))
        with self._database.read() as db:
            person = browsing.person(db, known.id, row)
            unwilling = person is not None and person.email in stored_events.opted_out(db, known.id)
        if person is None:
            raise HTTPException(404, _("There is no such registrant."))
        told = explain(person.email, database=self._database, file_of=self._stored_file, now=self._clock())
        chapters = told if isinstance(told, list) else []
        chapter = next((one for one in chapters if one.registrant.key == person.key), None)
        mine = Words(in_use())
        story = [
            (words.moment(entry.at, known.timezone), in_words(entry, mine, known.timezone, self._clock()))
            for entry in (chapter.entries if chapter else ())
        ]
        say = mine.field
        return self._event_page(
            "admin/person.html",
            visit,
            known,
            row=row,
            person=person,
            answers=[
                *((say(name), value) for name, value in person.details if name not in _KEPT_BACK),
                *person.answers,
            ],
            opted_out=unwilling,
            story=story,
        )

    def _mail(self, request: Request, visit: Visit) -> Response:
        known = self._known(request)
        group = request.query_params.get("group", "")
        offset = _offset(request)
        with self._database.read() as db:
            part = browsing.mail(db, known.id, states=_MAIL_GROUPS.get(group, ()), offset=offset, limit=ROWS_A_PAGE)
        return self._event_page(
            "admin/mail.html",
            visit,
            known,
            rows=part.rows,
            paging=_paging(request, offset, len(part.rows), part.total),
            group=group if group in _MAIL_GROUPS else "",
            groups={
                "waiting": _("waiting"),
                "sent": _("sent"),
                "failed": _("refused"),
                "in_doubt": _("in doubt"),
                "left_out": _("left out or taken back"),
            },
        )

    def _late(self, request: Request, visit: Visit) -> Response:
        known = self._known(request)
        event = self._file(known.slug)
        people: list[Person] = list_late(event, database=self._database) if event else []
        return self._event_page(
            "admin/late.html",
            visit,
            known,
            has_file=event is not None,
            late=[one for one in people if one.minutes_late is not None],
            waiting=[one for one in people if one.minutes_late is None],
        )

    # ------------------------------------------------------------------------------------------------- helpers

    def _status(self) -> StatusReport:
        return look_at_status(self._database, self._clock(), self._files())

    def _concerns(self, one: EventStanding) -> list[Concern]:
        """What there is to say of an event, in words that name no command: who reads this has buttons."""
        say = Words(in_use()).need
        return [concern._replace(words=say(*concern[:3])) for concern in concerns_of(one, self._clock())]

    def _file(self, slug: str) -> Event | None:
        return next((event for event in self._files() if event.slug == slug), None)

    def _known(self, request: Request) -> StoredEvent:
        """The event of the address. Raises HTTPException 404."""
        with self._database.read() as db:
            known = stored_events.load_stored(db, request.path_params["slug"])
        if known is None:
            raise HTTPException(404, _("There is no such event."))
        return known

    def _event_page(self, template: str, visit: Visit, known: StoredEvent, **values: Any) -> Response:
        return self._page(template, visit, event=known, zone=known.timezone, **values)

    def _page(self, template: str, visit: Visit | None, status: int = 200, **values: Any) -> Response:
        return self._pages.page(template, status, language=in_use(), visit=visit, **values)


def _own_address(to: str) -> str:
    """Where to go after the login: a page of this site alone, wherever a link wants to lead."""
    inside = to.startswith("/admin/") and not any(character in to for character in "\\\r\n\t") and ".." not in to
    return to if inside and not to.startswith("/admin/log") else "/admin/"


def _offset(request: Request) -> int:
    given = request.query_params.get("from", "")
    return min(int(given), 10_000_000) if given.isascii() and given.isdigit() and len(given) < 9 else 0


def _paging(request: Request, offset: int, shown: int, total: int) -> Paging:
    def link(to: int) -> str:
        return "?" + urlencode([*((k, v) for k, v in request.query_params.multi_items() if k != "from"), ("from", to)])

    return Paging(
        first=offset + 1 if shown else 0,
        last=offset + shown,
        total=total,
        before=link(max(offset - ROWS_A_PAGE, 0)) if offset else "",
        after=link(offset + ROWS_A_PAGE) if offset + shown < total else "",
    )
