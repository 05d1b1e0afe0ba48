"""The door of the room: a Zoom account as jobs need it.

`ZoomClient` fits the Protocols RegistrantSource, RegistrationDesk and AttendanceSource of `jobs.ports`. How a call is
made is in `api`, how a listing is read in `listing`, how JSON is understood in `payloads`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from types import TracebackType
from urllib.parse import quote, urlsplit

from zoomsync import words
from zoomsync.clock import Clock, Sleep
from zoomsync.domain.attendance import Instance, Sitting
from zoomsync.domain.records import (
    ApprovalType,
    Event,
    Keep,
    ListedRegistrant,
    Meeting,
    Pull,
    Registrant,
    RegistrantKey,
    SessionSpec,
    ZoomKind,
    ZoomPart,
)
from zoomsync.errors import ZoomNotFound, ZoomPayloadError, ZoomRefused, ZoomWrongKind
from zoomsync.language import N_, _
from zoomsync.zoom import answers, attendance, payloads
from zoomsync.zoom.answers import UpcomingMeeting, ZoomUser
from zoomsync.zoom.api import Api, kind_path, meeting_path
from zoomsync.zoom.auth import TokenSource
from zoomsync.zoom.limits import RateLimiter
from zoomsync.zoom.listing import PAGE_SIZE
from zoomsync.zoom.pull import Progress, pull
from zoomsync.zoom.transport import DEFAULT_TIMEOUTS, Http, Timeouts, Tries

log = logging.getLogger(__name__)

STATUS_CHANGES_A_CALL = 30  # Zoom's most
MAX_BODY_BYTES = 10 * 1024 * 1024  # a page of 300 registrants with every answer filled in stays under 2 MB
_MOST_MEETING_PAGES = 50


class ZoomClient:
    """A Zoom account. For all threads; `close()` it at the end, or use it in a `with`.

    Every method raises the ZoomError family of `errors`, each error one line that says what to do.
    """

    def __init__(
        self,
        *,
        account_id: str,
        client_id: str,
        client_secret: str,
        clock: Clock,
        api_url: str | None = None,
        oauth_url: str | None = None,
        plan: str = "pro",
        share: float = 1.0,
        host_email: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = time.sleep,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        """api_url, oauth_url: None for Zoom's own. plan, share: see `limits.RateLimiter`.

        host_email: whose meetings are looked through for a registration link. clock: wall time, for limits that
        end at a time of day; time-outs and rates go by `monotonic` and `sleep`.
        """
        self._host_email = host_email
        self._http = Http(timeouts=timeouts, max_body_bytes=max_body_bytes, clock=clock, monotonic=monotonic)
        tries = Tries(sleep)
        self._limiter = RateLimiter(plan, monotonic=monotonic, sleep=sleep, share=share)
        self._tokens = TokenSource(
            self._http,
            tries,
            account_id=account_id,
            client_id=client_id,
            client_secret=client_secret,
            oauth_url=oauth_url,
            api_url=api_url,
            clock=clock,
            monotonic=monotonic,
        )
        self._api = Api(self._http, tries, self._tokens, self._limiter, clock)
        self._found_by_link: dict[str, tuple[ZoomKind, str]] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> ZoomClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def set_share(self, share: float) -> None:
        """Use this part of the plan's rate from now on: 1/n where n daemons share the account."""
        self._limiter.set_share(share)

    # -------------------------------------------------------------------------------------- RegistrantSource

    def find_meetings(self, event: Event) -> tuple[Meeting, ...]:
        """Every meeting or webinar the event hangs on, in the file's order, as Zoom shows it now.

        An id that turns out to be of the other kind is read as that: the answer's `kind` tells.
        Raises ZoomNotFound also where only a registration link is given and it cannot be found.
        """
        kind = event.zoom.kind
        wanted: dict[str, ZoomKind] = {}
        links: dict[str, str] = {}
        parts: list[ZoomPart | SessionSpec] = [event.zoom, *event.sessions]
        for part in parts:
            if part.meeting_id:
                wanted.setdefault(part.meeting_id, kind)
            elif part.registration_url:
                found_kind, meeting_id = self._find_by_link(part.registration_url)
                wanted.setdefault(meeting_id, found_kind)
                links[meeting_id] = part.registration_url
        if not wanted:
            raise ZoomNotFound(
                _("The event {slug} names no meeting: set meeting_id under [zoom] in its file.").format(slug=event.slug)
            )
        meetings = [self._read_either_kind(meeting_id, kind) for meeting_id, kind in wanted.items()]
        # The link as the file has it, so that whoever keeps the meeting knows it again by that.
        return tuple(replace(one, registration_url=links.get(one.meeting_id, one.registration_url)) for one in meetings)

    def pull(
        self,
        meetings: Sequence[Meeting],
        *,
        accept_count: bool = False,
        keep: Keep | None = None,
        progress: Progress | None = None,
    ) -> Pull:
        """All pages of all three statuses of every meeting, or an error.

        Of series with registration types 2 and 3, of every occurrence. accept_count: where Zoom's count disagrees
        with two equal listings, take the listing and say so in `counts_agree`. keep: for one who knows nobody yet;
        given every row, read, while the next page is on its way. keep, progress: called in this thread.
        Raises PullIncomplete where the lists do not add up, ZoomNoRegistration where registration is off.
        """
        return pull(self._api, meetings, accept_count=accept_count, keep=keep, progress=progress)

    def read(self, rows: Iterable[tuple[RegistrantKey, ListedRegistrant]]) -> list[Registrant]:
        """Listed rows that were not kept as registrants, in the order given. Raises ZoomPayloadError."""
        return [payloads.read_registrant(key, listed) for key, listed in rows]

    # -------------------------------------------------------------------------------------- RegistrationDesk

    def get_meeting(self, meeting: Meeting) -> Meeting:
        """The meeting as it is now."""
        return self._get(meeting.meeting_id, meeting.kind)

    def set_approval_type(self, meeting: Meeting, approval_type: int) -> None:
        """One settings-only PATCH. Says nothing about whether it took: read the meeting back.

        Start and recurrence are left out on purpose: sent along, they could move occurrences.
        """
        self._api.call(
            "PATCH",
            meeting_path(meeting),
            label="light",
            what=_("change the registration of {meeting}").format(
                meeting=words.meeting(meeting.kind, meeting.meeting_id)
            ),
            decode=answers.check_nothing,
            json={"settings": {"approval_type": approval_type}},
        )

    def set_registrant_status(
        self, meeting: Meeting, action: str, people: Sequence[tuple[str, str]], *, occurrence_id: str = ""
    ) -> None:
        """`action` approve, deny or cancel for (registrant id, e-mail) pairs, thirty a call.

        Both are sent: some have been refused by id alone. Read the lists again to see whether it took.
        """
        for start in range(0, len(people), STATUS_CHANGES_A_CALL):
            some = people[start : start + STATUS_CHANGES_A_CALL]
            self._api.call(
                "PUT",
                meeting_path(meeting, "/registrants/status"),
                label="medium",
                what=_(_ACTS[action]).format(meeting=words.meeting(meeting.kind, meeting.meeting_id)),
                decode=answers.check_nothing,
                params={"occurrence_id": occurrence_id} if occurrence_id else None,
                json={"action": action, "registrants": [{"id": one, "email": email} for one, email in some]},
            )

    def delete_registrant(self, meeting: Meeting, registrant_id: str, *, occurrence_id: str = "") -> bool:
        """Delete one registration, of one occurrence where that is how people register. False: it was gone already."""
        try:
            self._api.call(
                "DELETE",
                meeting_path(meeting, f"/registrants/{quote(registrant_id, safe='')}"),
                label="light",
                what=_("delete a registrant of {meeting}").format(
                    meeting=words.meeting(meeting.kind, meeting.meeting_id)
                ),
                decode=answers.check_nothing,
                params={"occurrence_id": occurrence_id} if occurrence_id else None,
            )
        except ZoomNotFound:
            return False
        return True

    def register(self, meeting: Meeting, email: str, first_name: str, *, auto_approve: bool = False) -> None:
        """Register somebody by the API, as `probe` does. Sent once: a lost answer leaves open whether it took."""
        self._api.call(
            "POST",
            meeting_path(meeting, "/registrants"),
            label="light",
            what=_("register somebody for {meeting}").format(meeting=words.meeting(meeting.kind, meeting.meeting_id)),
            decode=answers.check_nothing,
            json={"email": email, "first_name": first_name} | ({"auto_approve": True} if auto_approve else {}),
            repeat=False,
        )

    # -------------------------------------------------------------------------------------- AttendanceSource

    def past_instances(self, meeting: Meeting) -> list[Instance]:
        """Every sitting of a meeting or webinar that is over."""
        return attendance.past_instances(self._api, meeting)

    def sitting(self, meeting: Meeting, uuid: str) -> Sitting:
        """Everybody who was in one instance, its host marked. Raises PullIncomplete where the list does not add up."""
        return attendance.sitting(self._api, meeting, uuid)

    # ---------------------------------------------------------------------------------------------- for `check`

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes of the token, as Zoom names them; a broad name may stand for several granular ones."""
        return self._tokens.token().scopes

    @property
    def server_time_offset(self) -> timedelta | None:
        """How far Zoom's clock was ahead of ours at the last answer, to the second; None before the first."""
        return self._http.server_time_offset

    def whoami(self) -> ZoomUser:
        """The account's owner, as whom the app acts."""
        return self.get_user("me")

    def get_user(self, email: str) -> ZoomUser:
        return self._api.call(
            "GET",
            f"/users/{quote(email, safe='@')}",
            label="light",
            what=_("read the user {email}").format(email=email),
            decode=answers.read_user,
        )

    def list_upcoming(self, host: str, kind: ZoomKind = ZoomKind.MEETING) -> list[UpcomingMeeting]:
        """A host's upcoming meetings or webinars, all pages, each once. host: an e-mail or a user id."""
        found: dict[str, UpcomingMeeting] = {}
        token = ""
        for _page in range(_MOST_MEETING_PAGES):
            params = {"type": "upcoming", "page_size": str(PAGE_SIZE)} | ({"next_page_token": token} if token else {})
            token, page = self._api.call(
                "GET",
                f"/users/{quote(host, safe='@')}/{kind}s",
                label="medium",
                what=_("list the upcoming {meetings} of {host}").format(meetings=words.meetings(kind), host=host),
                decode=partial(answers.read_meeting_list, kind=kind),
                params=params,
            )
            found.update((one.meeting_id, one) for one in page)
            if not token:
                return list(found.values())
        raise ZoomPayloadError(
            _("There is no end to the {meetings} of {host}: set meeting_id in the event file.").format(
                kind=kind, host=host
            )
        )

    # -------------------------------------------------------------------------------------------------- finding

    def _get(self, meeting_id: str, kind: ZoomKind) -> Meeting:
        return self._api.call(
            "GET",
            kind_path(kind, meeting_id),
            label="light",
            what=_("read {meeting}").format(meeting=words.meeting(kind, meeting_id)),
            decode=partial(answers.read_meeting, kind=kind),
            # Past sittings too: their registrants and attendance still count.
            params={"show_previous_occurrences": "true"},
        )

    def _read_either_kind(self, meeting_id: str, kind: ZoomKind) -> Meeting:
        """Organisers turn meetings into webinars in the portal, and back."""
        try:
            return self._get(meeting_id, kind)
        except (ZoomWrongKind, ZoomNotFound) as error:
            # A webinar's id on a meeting's path has a code of its own (3000); the other way about Zoom documents none.
            if kind is ZoomKind.MEETING and not isinstance(error, ZoomWrongKind):
                raise
            other = ZoomKind.WEBINAR if kind is ZoomKind.MEETING else ZoomKind.MEETING
            try:
                meeting = self._get(meeting_id, other)
            except (ZoomWrongKind, ZoomNotFound, ZoomRefused):
                raise error from None
        log.warning('%s is a %s, not a %s: write kind = "%s" in the event file.', meeting_id, other, kind, other)
        return meeting

    def _find_by_link(self, registration_url: str) -> tuple[ZoomKind, str]:
        """The meeting behind a registration link.

        The link's token cannot be decoded or looked up, so the host's upcoming meetings are read one by one. What was
        found is kept: later the meeting is no longer upcoming.
        """
        token = registration_token(registration_url)
        if not token:
            raise ZoomNotFound(
                _("{link} is no registration link of Zoom's: {how}").format(
                    link=registration_url, how=_(_HOW_TO_FIND_ID)
                )
            )
        with self._lock:
            known = self._found_by_link.get(token)
        if known:
            return known
        if not self._host_email:
            raise ZoomNotFound(
                _(
                    "Only a registration link is given: set meeting_id in the event file, or "
                    "ZOOMSYNC_ZOOM__HOST_EMAIL so that this host's meetings can be looked through."
                )
            )
        kind = ZoomKind.WEBINAR if "/webinar/" in registration_url else ZoomKind.MEETING
        for one in self.list_upcoming(self._host_email, kind):
            links = [one.registration_url]
            if not registration_token(one.registration_url):
                meeting = self._get(one.meeting_id, kind)
                if meeting.approval_type != ApprovalType.NO_REGISTRATION:
                    links.append(meeting.registration_url)
            if token in map(registration_token, links):
                with self._lock:
                    self._found_by_link[token] = (kind, one.meeting_id)
                return kind, one.meeting_id
        raise ZoomNotFound(
            _("None of the upcoming {meetings} of {host} shows this registration link: {how}").format(
                meetings=words.meetings(kind), host=self._host_email, how=_(_HOW_TO_FIND_ID)
            )
        )


_ACTS = {
    "approve": N_("approve registrants of {meeting}"),
    "deny": N_("deny registrants of {meeting}"),
    "cancel": N_("cancel registrants of {meeting}"),
}
_HOW_TO_FIND_ID = N_(
    "open the meeting in the Zoom portal, take the number at the end of the page's address (…/meeting/81234567890) "
    "and write it as meeting_id in the event file."
)


def registration_token(url: str | None) -> str:
    """The part of a registration link that names the meeting; "" where there is none.

    Host name, query and fragment vary between copies of one link, so this part alone is compared.
    """
    parts = urlsplit(url or "").path.rstrip("/").split("/")
    return parts[-1] if len(parts) >= 2 and parts[-2] == "register" else ""
