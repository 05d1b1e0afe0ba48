"""The reports of an event as files, from `/admin/`: the same that `zoomsync report` writes.

Each download is written down with who and when, for most hold personal data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from zoomsync.clock import Clock
from zoomsync.domain.records import Event
from zoomsync.jobs.reports import ReportName, Shape, Wanted, gathered
from zoomsync.language import _
from zoomsync.reports.csv_json import write_csv, write_json
from zoomsync.reports.html import write_html
from zoomsync.reports.xlsx import write_xlsx
from zoomsync.store import events as stored_events
from zoomsync.store.events import StoredEvent
from zoomsync.store.schema import Database
from zoomsync.web.admin.doorkeeper import Visit

_IN_MEMORY_BYTES = 4 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
# The page of a report brings styles and a few lines of script, whose digests it names itself. Here it stands alone: it
# cannot reach this site's cookie or pages, nor anybody else.
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts"
)

# Machine ending -> (media type, shape of the rows, writer). Spreadsheets open CSV rightly only with the mark.
_FORMATS: dict[str, tuple[str, Shape, Callable[..., None]]] = {
    "html": ("text/html; charset=utf-8", Shape.TABLES, write_html),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Shape.TABLES, write_xlsx),
    "csv": ("text/csv; charset=utf-8", Shape.TIDY, partial(write_csv, excel=True, complete=True)),
    "json": ("application/json", Shape.NESTED, write_json),
}


class Downloads:
    """The page that lists them, and each file. stored_file: reads the event's file as the database keeps it.

    retention_days: where an event's file says nothing of its own.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        stored_file: Callable[[StoredEvent], Event | None],
        retention_days: int,
        known: Callable[[Request], StoredEvent],
        page: Callable[..., Response],
    ) -> None:
        self._database = database
        self._clock = clock
        self._stored_file = stored_file
        self._retention_days = retention_days
        self._known = known
        self._page = page

    def routes(self, for_visitors: Callable[[Callable[[Request, Visit], Response]], Any]) -> list[Route]:
        return [
            Route("/admin/events/{slug}/reports", for_visitors(self._list), methods=["GET"]),
            Route("/admin/events/{slug}/reports/{name}.{ending}", for_visitors(self._file), methods=["GET"]),
        ]

    def _list(self, request: Request, visit: Visit) -> Response:
        known = self._known(request)
        reports = {
            ReportName.OVERVIEW: (_("Overview"), _("Figures and charts, for a donor or a partner.")),
            ReportName.REGISTRANTS: (_("Registrants"), _("Everybody with their answers.")),
            ReportName.ATTENDANCE: (_("Attendance"), _("Who came to which session, and for how long.")),
            ReportName.REMINDERS: (_("Mail"), _("Each message with what became of it.")),
            ReportName.ACTIVITY: (_("Activity"), _("Syncs, and every change.")),
        }
        return self._page(
            "admin/reports.html", visit, event=known, zone=known.timezone, reports=reports, endings=list(_FORMATS)
        )

    def _file(self, request: Request, visit: Visit) -> Response:
        known, name, ending = self._known(request), request.path_params["name"], request.path_params["ending"]
        if name not in list(ReportName) or ending not in _FORMATS:
            raise HTTPException(404, _("There is no such report."))
        media_type, shape, write = _FORMATS[ending]
        anonymous = bool(request.query_params.get("anonymous"))
        wanted = Wanted(
            name=ReportName(name),
            language=known.language,
            files={known.slug: self._stored_file(known)},
            retention_days=self._retention_days,
            shape=shape,
            anonymous=anonymous,
        )
        now = self._clock()
        out: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - closed when it is sent
        try:
            with gathered(wanted, [known], database=self._database, now=now) as found:
                write(found, out)
        except BaseException:
            out.close()
            raise
        what = {"report": f"{name}.{ending}", "anonymous": anonymous}
        self._database.write(
            lambda db: stored_events.write_audit(
                db, known.id, now, "event", known.id, "report downloaded", {}, what, actor=visit.actor
            )
        )
        suffix = "-anonymous" if anonymous else ""
        shown = "inline" if ending == "html" else "attachment"
        headers = {"Content-Disposition": f'{shown}; filename="{known.slug}-{name}{suffix}.{ending}"'}
        if ending == "html":
            headers["Content-Security-Policy"] = _PAGE_POLICY
        out.seek(0)
        return StreamingResponse(_chunks(out), media_type=media_type, headers=headers)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
