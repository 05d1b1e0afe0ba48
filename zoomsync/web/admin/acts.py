"""What the buttons of `/admin/` do: ask first, then have it done by `jobs`, written down with who and when.

A button leads to a page that says what would happen; its form does it. A form acts once: sent again, by a double click
or a reload, it changes nothing more.
"""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from zoomsync.clock import Clock
from zoomsync.domain.records import Event, Registrant
from zoomsync.jobs.late import Decided
from zoomsync.jobs.resend import find_links, plan_resend
from zoomsync.jobs.stops import opt_out, stop_mail
from zoomsync.language import _
from zoomsync.store import browsing
from zoomsync.store import events as stored_events
from zoomsync.store.events import StoredEvent
from zoomsync.store.schema import Database
from zoomsync.text import clean
from zoomsync.web.admin.doorkeeper import Doorkeeper, Visit
from zoomsync.web.answers import read_form

Decide = Callable[[Event, str, str, str], Decided]
"""Approve or deny on Zoom: (event, e-mail, "approve" or "deny", who says so)."""

_FORMS_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before an act. heading, words: what would happen. button: the yes. back: where the no leads."""

    heading: str
    words: str
    button: str
    back: str
    harms: bool = False


@dataclass(slots=True)
class Done:
    """What came of an act, in lines. back: the page to go on with."""

    back: str
    lines: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Subject:
    """What an act is about. person, row: None and 0 for the event as a whole."""

    known: StoredEvent
    event: Event
    person: Registrant | None
    row: int

    @property
    def name(self) -> str:
        assert self.person is not None
        return clean(self.person.name) or self.person.email

    @property
    def page(self) -> str:
        return f"/admin/events/{self.known.slug}" + (f"/registrants/{self.row}" if self.person else "")


class Acts:
    """The addresses of acts. page: renders a template for a visit."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        door: Doorkeeper,
        files: Callable[[], Sequence[Event]],
        decide: Decide,
        page: Callable[..., Response],
    ) -> None:
        self._database = database
        self._clock = clock
        self._door = door
        self._files = files
        self._decide = decide
        self._page = page
        self._lock = threading.Lock()
        self._used: deque[str] = deque(maxlen=_FORMS_REMEMBERED)

    @property
    def routes(self) -> list[Route]:
        return [Route("/admin/events/{slug}/{act}", self._receive, methods=["POST"])]

    async def _receive(self, request: Request) -> Response:
        return await run_in_threadpool(partial(self._act, request, await read_form(request)))

    def _act(self, request: Request, form: dict[str, str]) -> Response:
        visit = self._door.visit(request)
        if visit is None:
            return RedirectResponse("/admin/login", 303)
        self._door.refuse_forged(request, visit, form.get("form_token", ""))
        act = request.path_params["act"]
        question_of, do = self._known_acts().get(act, (None, None))
        if question_of is None or do is None:
            raise HTTPException(404, _("There is no such page."))
        subject = self._subject(request, form, about_person=act not in ("pause", "resume"))
        if not form.get("once"):
            return self._ask(visit, act, subject, question_of(subject))
        if not self._first_time(form["once"]):
            return RedirectResponse(subject.page, 303)
        done = do(subject, visit.actor)
        return self._page("admin/done.html", visit, event=subject.known, zone=subject.known.timezone, done=done)

    def _known_acts(self) -> dict[str, tuple[Callable[[Subject], Question], Callable[[Subject, str], Done]]]:
        return {
            "pause": (self._ask_pause, partial(self._set_paused, paused=True)),
            "resume": (self._ask_resume, partial(self._set_paused, paused=False)),
            "approve": (self._ask_approve, partial(self._decided, action="approve")),
            "deny": (self._ask_deny, partial(self._decided, action="deny")),
            "optout": (self._ask_opt_out, partial(self._opt_out, undo=False)),
            "optin": (self._ask_opt_in, partial(self._opt_out, undo=True)),
            "resend": (self._ask_resend, self._resend),
        }

    def _ask(self, visit: Visit, act: str, subject: Subject, question: Question) -> Response:
        return self._page(
            "admin/ask.html",
            visit,
            event=subject.known,
            zone=subject.known.timezone,
            act=act,
            row=subject.row,
            question=question,
            once=secrets.token_hex(16),
        )

    def _first_time(self, once: str) -> bool:
        with self._lock:
            if once in self._used:
                return False
            self._used.append(once)
            return True

    def _subject(self, request: Request, form: dict[str, str], *, about_person: bool) -> Subject:
        """What the form is about. Raises HTTPException 404, and 409 where the event has no file in force."""
        slug, row = request.path_params["slug"], form.get("row", "")
        with self._database.read() as db:
            known = stored_events.load_stored(db, slug)
            person = None
            if known is not None and about_person and row.isascii() and row.isdigit() and len(row) < 10:
                person = browsing.person(db, known.id, int(row))
        if known is None or (about_person and person is None):
            raise HTTPException(404, _("There is no such page."))
        event = next((one for one in self._files() if one.slug == slug), None)
        if event is None:
            raise HTTPException(409, _("The file of this event is gone or broken: nothing can be done here."))
        return Subject(known, event, person, int(row) if person else 0)

    # ------------------------------------------------------------------------------------------------ the event's mail

    def _ask_pause(self, subject: Subject) -> Question:
        return Question(
            _("Pause all mail of this event?"),
            _("No message of this event goes out until somebody lets it go on. Registration goes on."),
            _("Pause the mail"),
            subject.page,
        )

    def _ask_resume(self, subject: Subject) -> Question:
        return Question(
            _("Let the mail of this event go on?"),
            _("What is due goes out within a minute."),
            _("Let it go on"),
            subject.page,
        )

    def _set_paused(self, subject: Subject, actor: str, *, paused: bool) -> Done:
        stop = stop_mail(
            subject.known.slug, subject.event, paused=paused, database=self._database, now=self._clock(), actor=actor
        )
        waiting = stop.waiting if stop else 0
        words = _("The mail is paused.") if paused else _("The mail goes on.")
        return Done(subject.page, [words, _("Messages that wait: {count}").format(count=waiting)])

    # -------------------------------------------------------------------------------------------------- one person

    def _ask_approve(self, subject: Subject) -> Question:
        return Question(
            _("Approve {name}?").format(name=subject.name),
            _("Zoom sends them their link, and reminders follow."),
            _("Approve"),
            subject.page,
        )

    def _ask_deny(self, subject: Subject) -> Question:
        return Question(
            _("Deny {name}?").format(name=subject.name),
            _("Zoom may tell them by mail, and blocks the address: it cannot register again until it is approved."),
            _("Deny"),
            subject.page,
            harms=True,
        )

    def _decided(self, subject: Subject, actor: str, *, action: str) -> Done:
        assert subject.person is not None
        decided = self._decide(subject.event, subject.person.email, action, actor)
        approved, denied = _("Approved, and read back from Zoom."), _("Denied, and read back from Zoom.")
        lines = [approved if action == "approve" else denied] if decided.done else []
        return Done(subject.page, lines, decided.problems)

    def _ask_opt_out(self, subject: Subject) -> Question:
        return Question(
            _("No more reminders to {name}?").format(name=subject.name),
            _("Notices of a change or a cancellation still go. The registration stands."),
            _("Stop the reminders"),
            subject.page,
        )

    def _ask_opt_in(self, subject: Subject) -> Question:
        return Question(
            _("Reminders to {name} again?").format(name=subject.name),
            _("They had said that they want none."),
            _("Send reminders again"),
            subject.page,
        )

    def _opt_out(self, subject: Subject, actor: str, *, undo: bool) -> Done:
        assert subject.person is not None
        opt_out(
            subject.person.email,
            [subject.event],
            undo=undo,
            named=True,
            database=self._database,
            now=self._clock(),
            actor=actor,
            via="admin page",
        )
        return Done(subject.page, [_("Reminders go on.") if undo else _("No more reminders are sent.")])

    def _ask_resend(self, subject: Subject) -> Question:
        return Question(
            _("Send {name} their link again?").format(name=subject.name),
            _("A message with the link goes out within a minute."),
            _("Send it"),
            subject.page,
        )

    def _resend(self, subject: Subject, actor: str) -> Done:
        assert subject.person is not None
        now = self._clock()
        found = find_links([subject.event], subject.person.email, database=self._database, now=now)
        problems = list(found.refused)
        if found.bounced:
            problems.append(_("Mail to this address came back, so nothing goes there."))
        if found.paused:
            problems.append(_("The mail of this event is paused."))
        if problems or not found.links:
            return Done(subject.page, problems=problems or [_("There is no link to send.")])
        plan_resend(found.links, database=self._database, now=now, actor=actor)
        return Done(subject.page, [_("The link goes out within a minute.")])
