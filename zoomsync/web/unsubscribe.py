"""`/u/TOKEN`: no more reminders of an event, by one click in a mail (RFC 8058) or by the button of a small page.

Opening the address shows the page and changes nothing: mail filters open every link. Posting to it acts, whatever is
posted, without cookie or redirect, and doing so again changes nothing more. Who has the link may do this and nothing
else; the registration stays as it is.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from zoomsync.clock import Clock
from zoomsync.domain.links import registrant_named
from zoomsync.domain.records import Event
from zoomsync.errors import EventFileError
from zoomsync.events.files import parse_event
from zoomsync.mail.wording import ADDRESS_FORMS
from zoomsync.store import events, reading
from zoomsync.store.reading import Addressee
from zoomsync.store.schema import Database
from zoomsync.text import clean, mask_email
from zoomsync.web.answers import read_form
from zoomsync.web.pages import Pages

log = logging.getLogger(__name__)

_NO_LINK = (
    "Este enlace no es válido o está incompleto: ábralo desde el correo, o responda a él.\n"
    "This link is not valid or not whole: open it from the e-mail, or reply to that."
)


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says. below: under the button's own words. undoes: the button takes back what was done."""

    heading: str
    paragraphs: tuple[str, ...]
    button: str
    below: str = ""
    undoes: bool = False


class Unsubscribing:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._pages = Pages("page.css")

    def show(self, request: Request) -> Response:
        person = self._person(request)
        return self._page(person, "stopped" if person.opted_out else "asked")

    async def act(self, request: Request) -> Response:
        undo = "undo" in await read_form(request)
        return await run_in_threadpool(self._act, request, undo)

    def _act(self, request: Request, undo: bool) -> Response:
        person, row = self._person(request), self._row(request)
        now = self._clock()
        if undo:
            changed = self._database.write(lambda db: events.undo_opt_out(db, person.event_id, person.email))
        else:
            changed = self._database.write(
                lambda db: events.opt_out(db, person.event_id, person.email, now=now, via="link")
            )
        if changed:
            log.info(
                "reminders wanted again" if undo else "no more reminders wanted",
                extra={"event": person.event, "registrant": row},
            )
        return self._page(person, "resumed" if undo else "done")

    @cached_property
    def _key(self) -> bytes:
        return self._database.write(events.link_key)

    def _row(self, request: Request) -> int | None:
        return registrant_named(self._key, request.path_params["token"])

    def _person(self, request: Request) -> Addressee:
        """Whom the link is about. Raises HTTPException."""
        row = self._row(request)
        if row is not None:
            with self._database.read() as db:
                person = reading.addressee(db, row)
            if person is not None:
                return person
        raise HTTPException(404, _NO_LINK)

    def _page(self, person: Addressee, state: str) -> Response:
        event = _event_of(person)
        language = "en" if person.language == "en" else "es"
        return self._pages.page(
            "unsubscribe.html",
            language=language,
            title=clean(person.title),
            words=_words(language, state, _hint_of(person.email), event.trato if event else "usted"),
            organizer=event.organizer if event else None,
        )


def _hint_of(email: str) -> str:
    """As much of an address as its owner needs to know it by: links are passed on. It is not broken over two lines."""
    return mask_email(email).replace("…", "…\u2060")


def _event_of(person: Addressee) -> Event | None:
    """The event as its file has it; None where the file that is in force is not known."""
    try:
        return parse_event(person.file_text.encode(), Path(f"{person.event}.toml"))
    except EventFileError:
        return None


def _words(language: str, state: str, email: str, trato: str) -> Words:
    """state: "asked", "done" (just now), "stopped" (before), "resumed"."""
    if language == "en":
        return _english(state, email)
    su = ADDRESS_FORMS[trato]["su"]
    stays = f"{su.capitalize()} inscripción sigue vigente y {su} enlace personal no cambia."
    news = "Los avisos de un cambio de hora o de una cancelación se envían de todos modos."
    stop = "Dejar de recibir recordatorios"
    below = f"({su} inscripción sigue vigente)"
    match state:
        case "done" | "stopped":
            heading = "Listo: ya no se enviarán recordatorios" if state == "done" else "Ya no se envían recordatorios"
            line = f"De este evento no se enviarán más recordatorios a {email}."
            return Words(heading, (line, stays, news), "Volver a recibir recordatorios", undoes=True)
        case "resumed":
            line = f"Los recordatorios de este evento se enviarán de nuevo a {email}."
            return Words("Listo: los recordatorios siguen", (line,), stop, below)
        case _:
            line = f"Con este botón dejan de enviarse los recordatorios de este evento a {email}."
            return Words("¿Dejar de recibir recordatorios?", (line, stays, news), stop, below)


def _english(state: str, email: str) -> Words:
    stays = "Your registration stands and your personal link stays the same."
    news = "You will still be told of a change of time or a cancellation."
    stop, below = "Stop receiving reminders", "(your registration stands)"
    match state:
        case "done" | "stopped":
            heading = "Done: no more reminders" if state == "done" else "No reminders are sent"
            line = f"No more reminders of this event will be sent to {email}."
            return Words(heading, (line, stays, news), "Receive reminders again", undoes=True)
        case "resumed":
            line = f"Reminders of this event will be sent to {email} again."
            return Words("Done: reminders go on", (line,), stop, below)
        case _:
            line = f"With this button reminders of this event stop being sent to {email}."
            return Words("Stop receiving reminders?", (line, stays, news), stop, below)
