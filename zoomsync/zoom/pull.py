"""A pull: the lists of an event's meetings read until they add up, or an error.

Zoom's listings are not snapshots. While they are read people register, leave, and are moved from one status to
another. What is done about it:

- A list's distinct ids are counted against the newest `total_records` that Zoom gave with it.
- Whoever is moved into a list already read, out of one not yet read, stands in neither, with every count right. So
  each list is looked at once more when all have been read, by its first page. Where that is the whole list its rows
  are taken in; of a longer one the total tells whether anybody came.
- Whoever stands under two statuses was moved the other way about.
- If anything of this is off, the three lists are read again, a bounded number of times. Two equal readings are
  Zoom's last word: then a wrong count ends the pull, and somebody under two statuses is asked for alone.
- People who register meanwhile must not make every pull of a busy hour fail. From the second reading on, a shortfall
  that is no more than the newcomers is taken for them, if everybody of the reading before is here again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from urllib.parse import quote

from zoomsync import words
from zoomsync.domain.records import ApprovalType, Keep, ListedRegistrant, Meeting, Pull, RegistrantKey
from zoomsync.errors import PullIncomplete, ZoomNoRegistration, ZoomNotFound, ZoomScopeMissing
from zoomsync.language import _
from zoomsync.threads import side_by_side
from zoomsync.words import counted
from zoomsync.zoom import answers
from zoomsync.zoom.api import Api, Tally, meeting_path
from zoomsync.zoom.listing import LISTS, STATUSES, Lister, Listing, Reading, Unit

log = logging.getLogger(__name__)

_READINGS = 4
_MOST_ASKED_FOR_ALONE = 30

Progress = Callable[[int, int | None], None]


def pull(
    api: Api, meetings: Sequence[Meeting], *, accept_count: bool, keep: Keep | None, progress: Progress | None
) -> Pull:
    """See `ZoomClient.pull`."""
    units = [unit for meeting in meetings for unit in units_of(meeting)]
    tally = Tally()
    with side_by_side(len(STATUSES), "zoom-list") as threads:
        puller = _Puller(
            api, tally, Lister(api, tally, threads, keep=keep), accept_count=accept_count, progress=progress
        )
        for unit in units:
            puller.settle(unit)
    return Pull(
        meetings=tuple(meetings),
        listed=puller.listed,
        pages=puller.pages,
        requests=tally.requests,
        counts_agree=puller.counts_agree,
    )


def units_of(meeting: Meeting) -> list[Unit]:
    """What of a meeting is listed by itself.

    Past occurrences too: leaving them out would look as if everybody in them had left.
    Raises ZoomNoRegistration where registration is switched off: Zoom could only refuse.
    """
    if meeting.approval_type == ApprovalType.NO_REGISTRATION:
        raise ZoomNoRegistration(
            _(
                "Registration is not switched on for {meeting}: switch it on in the "
                "meeting's settings in the Zoom portal."
            ).format(meeting=words.meeting(meeting.kind, meeting.meeting_id))
        )
    if meeting.registers_by_occurrence:
        return [Unit(meeting, one.occurrence_id) for one in meeting.occurrences if not one.deleted]
    return [Unit(meeting)]


class _Puller:
    """What one pull has gathered so far."""

    def __init__(
        self, api: Api, tally: Tally, lister: Lister, *, accept_count: bool, progress: Progress | None
    ) -> None:
        self._api = api
        self._tally = tally
        self._lister = lister
        self._accept_count = accept_count
        self._progress = progress
        self.listed: dict[RegistrantKey, ListedRegistrant] = {}
        self.pages = 0
        self.counts_agree = True

    def settle(self, unit: Unit) -> None:
        """Read a unit until it adds up, and add its rows. Raises PullIncomplete."""
        before: Reading | None = None
        for _try in range(_READINGS):
            reading = self._lister.read(unit, self._tell)
            self.pages += sum(one.pages for one in reading.values())
            all_back = before is not None and _keys(before) <= _keys(reading)
            off = [one for one in reading.values() if not (_counts_agree(one) or (all_back and _only_grew(one)))]
            # No use looking again at lists that will be read again.
            moved = False if off else self._look_again(reading)
            twice = _under_two_statuses(reading)
            if not off and not twice and (all_back or not moved):
                break
            problem = _describe(unit, off, twice)
            if before and _equal(before, reading):
                if off and not self._accept_count:
                    raise PullIncomplete(problem)
                self._ask_for_each(unit, reading, twice)
                self.counts_agree = self.counts_agree and not off
                break
            log.info("The lists of %s do not add up yet: reading them again.", unit)
            before = reading
        else:
            raise PullIncomplete(problem)
        for listing in reading.values():
            self.listed.update(listing.rows)

    def _look_again(self, reading: Reading) -> bool:
        """Take in whom the lists show now; True where one may hold newcomers that its first page does not show.

        Nobody is taken out: who has left a list meanwhile stands in another as well, or is missed by the next pull.
        """
        unsure = False
        listings = list(reading.values())
        for listing, page in zip(listings, self._lister.first_pages(listings), strict=True):
            if listing.pages == 1 and not page.next_token:
                listing.take_rows(page)
            elif page.total != listing.total:
                unsure = True
        return unsure

    def _ask_for_each(self, unit: Unit, reading: Reading, twice: set[RegistrantKey]) -> None:
        """Zoom keeps on listing these under two statuses: each is asked for alone, and that answer counts."""
        problem = _describe(unit, [], twice)
        if len(twice) > _MOST_ASKED_FOR_ALONE:
            raise PullIncomplete(problem)
        for key in twice:
            try:
                status = self._api.call(
                    "GET",
                    meeting_path(unit.meeting, f"/registrants/{quote(key.registrant_id, safe='')}"),
                    label="light",
                    what=_("read a registrant of {unit}").format(unit=unit),
                    decode=answers.read_status,
                    params={"occurrence_id": unit.occurrence_id} if unit.occurrence_id else None,
                    tally=self._tally,
                )
            except (ZoomNotFound, ZoomScopeMissing) as error:
                raise PullIncomplete(f"{problem} {error}") from error
            if not any(key in one.rows and one.status == status for one in reading.values()):
                raise PullIncomplete(problem)
            for one in reading.values():
                if one.status != status:
                    one.rows.pop(key, None)

    def _tell(self, listings: Sequence[Listing]) -> None:
        """Progress, with Zoom's total once each of the three lists has given one."""
        if self._progress:
            totals = [one.total for one in listings if one.total is not None]
            so_far = len(self.listed)
            total = so_far + sum(totals) if len(totals) == len(STATUSES) else None
            self._progress(so_far + sum(len(one.rows) for one in listings), total)


def _counts_agree(listing: Listing) -> bool:
    """True as well where Zoom gives no total: it is a check more, not the way to tell the end."""
    return listing.total is None or listing.total == len(listing.rows)


def _only_grew(listing: Listing) -> bool:
    """True where no more are missing than Zoom counted as added while the list was read."""
    return bool(listing.totals) and listing.totals[0] <= len(listing.rows) < listing.totals[-1]


def _under_two_statuses(reading: Reading) -> set[RegistrantKey]:
    first, second, third = (one.rows.keys() for one in reading.values())
    return (first & second) | (first & third) | (second & third)


def _keys(reading: Reading) -> set[RegistrantKey]:
    return {key for one in reading.values() for key in one.rows}


def _equal(before: Reading, reading: Reading) -> bool:
    return all(
        before[status].rows.keys() == one.rows.keys() and before[status].total == one.total
        for status, one in reading.items()
    )


def _describe(unit: Unit, off: Sequence[Listing], twice: set[RegistrantKey]) -> str:
    if off:
        one = off[0]
        listed = _(LISTS[one.status]).format(unit=unit)
        return _(
            "Zoom counts {total} and shows {number} when it lists {registrants}: the pull is incomplete and changes "
            "nothing. If this stays so, --accept-count takes additions and changes and cancels nobody."
        ).format(total=one.total or 0, number=len(one.rows), registrants=listed)
    if twice:
        return _("Zoom lists {registrants} of {unit} under two statuses: the pull changes nothing.").format(
            registrants=counted(len(twice), "registrant"), unit=unit
        )
    return _("Registrants of {unit} changed their status while they were listed: the pull changes nothing.").format(
        unit=unit
    )
