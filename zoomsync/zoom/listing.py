"""One reading of a meeting's lists: every page of every status, side by side.

Whether what was read adds up is for `pull` to judge. Here a listing is read to its empty token, and one that is
spoilt half-way (its page token expired after fifteen minutes, its pages go round in circles) starts again from page
one.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from zoomsync import words
from zoomsync.about import as_here
from zoomsync.domain.records import Keep, ListedRegistrant, Meeting, RegistrantKey, RegistrantStatus
from zoomsync.errors import PullIncomplete
from zoomsync.language import N_, _
from zoomsync.threads import next_of, result
from zoomsync.zoom import payloads
from zoomsync.zoom.api import Api, Tally, meeting_path
from zoomsync.zoom.payloads import RegistrantPage
from zoomsync.zoom.refusals import PageTokenExpired

log = logging.getLogger(__name__)

PAGE_SIZE = 300  # Zoom's largest
STATUSES = (RegistrantStatus.PENDING, RegistrantStatus.APPROVED, RegistrantStatus.DENIED)

_STARTS = 3
_MOST_PAGES = 2000
_HEAD_START_S = 0.001


# Completes "list ..." and "a page token of ...".
LISTS = {
    RegistrantStatus.PENDING: N_("the pending registrants of {unit}"),
    RegistrantStatus.APPROVED: N_("the approved registrants of {unit}"),
    RegistrantStatus.DENIED: N_("the denied registrants of {unit}"),
}


@dataclass(frozen=True, slots=True)
class Unit:
    """What is listed by itself: a meeting, or an occurrence of it where people register by occurrence."""

    meeting: Meeting
    occurrence_id: str = ""

    def __str__(self) -> str:
        meeting = words.meeting(self.meeting.kind, self.meeting.meeting_id)
        if self.occurrence_id:
            return _("{meeting}, occurrence {number}").format(meeting=meeting, number=self.occurrence_id)
        return meeting


@dataclass
class Listing:
    """One status of a unit, as far as it was read.

    keep: where rows are put aside as they come. totals: Zoom's total_records and each other value it changed to.
    """

    unit: Unit
    status: RegistrantStatus
    keep: Keep | None
    rows: dict[RegistrantKey, ListedRegistrant] = field(default_factory=dict)
    totals: list[int] = field(default_factory=list)
    pages: int = 0

    @property
    def total(self) -> int | None:
        """The newest total; None where Zoom gave none."""
        return self.totals[-1] if self.totals else None

    def take(self, page: RegistrantPage) -> None:
        """A page's rows into the listing; one listed twice counts once, as it was seen last."""
        self.take_rows(page)
        self.pages += 1
        if page.total is not None and page.total != self.total:
            self.totals.append(page.total)

    def take_rows(self, page: RegistrantPage) -> None:
        rows = payloads.list_rows(
            zip(page.ids, page.rows, strict=True), self.unit.meeting.meeting_id, self.unit.occurrence_id, self.status
        )
        self.rows.update(rows if self.keep is None else _kept(list(rows), self.keep))


def _kept(
    rows: Sequence[tuple[RegistrantKey, ListedRegistrant]], keep: Keep
) -> Iterator[tuple[RegistrantKey, ListedRegistrant]]:
    """The same rows, read and put aside."""
    first = keep([(payloads.read_registrant(key, listed), listed.digest) for key, listed in rows])
    for number, (key, listed) in enumerate(rows, first):
        yield key, ListedRegistrant(listed.digest, listed.status, b"", number)


Reading = dict[RegistrantStatus, Listing]


class _Spoilt(Exception):
    """A listing that has to start again from page one."""


class Lister:
    """Reads lists with three threads, one a status. keep: see `Listing`; called in the thread that reads."""

    def __init__(self, api: Api, tally: Tally, threads: ThreadPoolExecutor, *, keep: Keep | None) -> None:
        self._api = api
        self._tally = tally
        self._threads = threads
        self._keep = keep

    def read(self, unit: Unit, tell: Callable[[list[Listing]], None]) -> Reading:
        """The three statuses once.

        The threads fetch: each asks for its next page as soon as it knows the token. The pages are digested here
        meanwhile, and read and put aside where all are wanted. tell: called in this thread after each page.
        """
        arrived: queue.SimpleQueue[tuple[RegistrantStatus, int, RegistrantPage | Exception | None]] = (
            queue.SimpleQueue()
        )
        stop = threading.Event()

        def fetch(status: RegistrantStatus) -> None:
            try:
                for number, page in self._pages(unit, status, stop):
                    arrived.put((status, number, page))
                arrived.put((status, 0, None))
            except Exception as error:
                arrived.put((status, 0, error))

        going_on = {status: Listing(unit, status, self._keep) for status in STATUSES}
        ended: Reading = {}
        for status in STATUSES:
            self._threads.submit(as_here(fetch), status)
        try:
            while going_on:
                status, number, page = next_of(arrived)
                if isinstance(page, Exception):
                    raise page
                if page is None:
                    ended[status] = going_on.pop(status)
                    continue
                if number == 1:  # the first, or the first after a new start: what was read before does not count
                    going_on[status] = Listing(unit, status, self._keep)
                if page.next_token:
                    # The thread that fetches needs the interpreter for half a millisecond to ask for the next page. It
                    # would have to wait until this one is done with.
                    time.sleep(_HEAD_START_S)
                going_on[status].take(page)
                tell([*going_on.values(), *ended.values()])
        finally:
            stop.set()
        return ended

    def first_pages(self, listings: list[Listing]) -> list[RegistrantPage]:
        """The first page of each of these lists as it is now."""
        asked = [self._threads.submit(as_here(self._page), one.unit, one.status, "") for one in listings]
        return [result(one) for one in asked]

    def _pages(
        self, unit: Unit, status: RegistrantStatus, stop: threading.Event
    ) -> Iterator[tuple[int, RegistrantPage]]:
        """Pages of a listing with their numbers; number 1 again means that it started again."""
        for _try in range(_STARTS):
            try:
                yield from self._pages_once(unit, status, stop)
            except _Spoilt as spoilt:
                log.info("%s Starting the listing again.", spoilt)
                reason = spoilt
            else:
                return
        raise PullIncomplete(_("{reason} Nothing was changed; the next sync tries again.").format(reason=reason))

    def _pages_once(
        self, unit: Unit, status: RegistrantStatus, stop: threading.Event
    ) -> Iterator[tuple[int, RegistrantPage]]:
        token = ""
        tokens: set[str] = set()
        seen: set[str] = set()
        idle_pages = 0
        where = _(LISTS[status]).format(unit=unit)
        for number in range(1, _MOST_PAGES + 1):
            if stop.is_set():
                return
            try:
                page = self._page(unit, status, token)
            except PageTokenExpired as expired:
                raise _Spoilt(_("A page token of {where} expired.").format(where=where)) from expired
            yield number, page
            token = page.next_token
            if not token:
                return
            known = len(seen)
            seen.update(page.ids)
            # One page without anybody new may be a short last one, pushed on by newcomers; two are a circle.
            idle_pages = idle_pages + 1 if len(seen) == known else 0
            if token in tokens or idle_pages == 2:
                raise _Spoilt(_("The pages of {where} go round in a circle.").format(where=where))
            tokens.add(token)
        raise _Spoilt(
            _("There is no end to the pages of {where} ({number:,} read).").format(where=where, number=_MOST_PAGES)
        )

    def _page(self, unit: Unit, status: RegistrantStatus, token: str) -> RegistrantPage:
        params = {"status": status.value, "page_size": str(PAGE_SIZE)}
        if unit.occurrence_id:
            params["occurrence_id"] = unit.occurrence_id
        if token:
            params["next_page_token"] = token
        return self._api.call(
            "GET",
            meeting_path(unit.meeting, "/registrants"),
            label="medium",
            what=_("list {registrants}").format(registrants=_(LISTS[status]).format(unit=unit)),
            decode=payloads.read_page,
            params=params,
            tally=self._tally,
        )
