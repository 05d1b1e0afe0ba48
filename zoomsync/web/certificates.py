"""`/c/CODE`: what a certificate's code proves, for whoever holds the certificate.

Event, dates, and that it was issued; the person's initials, so that another's name put on it is noticed, and never the
name itself. Once the person's data was removed the initials are gone and the rest stays. A code has 60 bits: who has it
has seen the certificate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from babel.dates import format_date
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from zoomsync.domain.certificates import initials, read_code, shown_code
from zoomsync.jobs.certificates import Proof, verify
from zoomsync.reports.certificates import date_list
from zoomsync.store.schema import Database
from zoomsync.text import clean
from zoomsync.web.pages import Pages

_UNKNOWN = (
    "Este código no es de una constancia emitida aquí: revíselo letra por letra.\n"
    "This is not the code of a certificate that was issued here: please check it letter by letter."
)


@dataclass(frozen=True, slots=True)
class Words:
    heading: str
    paragraphs: tuple[str, ...]


class Checking:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._pages = Pages("page.css")

    def show(self, request: Request) -> Response:
        """Raises HTTPException, 404, for what is no code of ours."""
        code = read_code(request.path_params["code"])
        found = None
        if code is not None:
            with self._database.read() as db:
                found = verify(db, code)
        if found is None:
            raise HTTPException(404, _UNKNOWN)
        language = "en" if found.language == "en" else "es"
        return self._pages.page(
            "certificate.html", language=language, code=shown_code(found.code), words=_words(found, language)
        )


def _words(found: Proof, language: str) -> Words:
    title, dates = clean(found.event_title), date_list(found.dates, language)
    issued_on: date = found.issued_at.astimezone(ZoneInfo(found.timezone)).date()
    issued = format_date(issued_on, "long", locale=language)
    name = initials(found.name)
    if language == "en":
        return Words(
            "This certificate is genuine",
            (
                f"It certifies attendance at “{title}”, {dates}. It was issued on {issued}.",
                f"It was made out to somebody with these initials: {name} The name on it must fit them."
                if name
                else "The personal data of whom it was made out to was removed since.",
            ),
        )
    return Words(
        "Esta constancia es auténtica",
        (
            f"Da fe de la participación en «{title}», {dates}. Se emitió el {issued}.",
            f"Se extendió a una persona con estas iniciales: {name} El nombre que lleva debe coincidir con ellas."
            if name
            else "Los datos personales de quien la recibió ya fueron eliminados.",
        ),
    )
