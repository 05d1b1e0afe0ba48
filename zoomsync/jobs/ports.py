"""The outsides as the jobs see them. `zoom.client` and `mail` fit these; so do the tests' fakes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Protocol, TypeVar

from zoomsync.domain.attendance import Instance, Sitting
from zoomsync.domain.records import (
    Event,
    Keep,
    ListedRegistrant,
    Meeting,
    Outcome,
    Pull,
    Registrant,
    RegistrantKey,
)

Progress = Callable[[int, int | None], None]
"""Called as a pull goes on with (rows so far, Zoom's own total or None while unknown)."""


class RegistrantSource(Protocol):
    """What a sync needs of Zoom: reading alone. Raises the ZoomError family of `errors`."""

    @property
    def server_time_offset(self) -> timedelta | None:
        """How far Zoom's clock was ahead of ours at the last answer, to the second; None before the first."""
        ...

    def find_meetings(self, event: Event) -> tuple[Meeting, ...]:
        """Every meeting or webinar the event hangs on: those its file names by id, and those found by their
        registration link among the host's upcoming ones. No duplicates, in the file's order."""
        ...

    def pull(
        self,
        meetings: Sequence[Meeting],
        *,
        accept_count: bool = False,
        keep: Keep | None = None,
        progress: Progress | None = None,
    ) -> Pull:
        """All pages of all three statuses of every meeting, or an error. keep: given every row as a registrant
        while the next page is on its way; what it kept may be more than what is listed in the end."""
        ...

    def read(self, rows: Iterable[tuple[RegistrantKey, ListedRegistrant]]) -> list[Registrant]:
        """Listed rows that were not kept as registrants, in the order given. Raises ZoomPayloadError on one that
        cannot be read."""
        ...


class RegistrationDesk(Protocol):
    """What closing needs of Zoom: reading one meeting back, and the few writes."""

    @property
    def server_time_offset(self) -> timedelta | None:
        """See RegistrantSource."""
        ...

    def get_meeting(self, meeting: Meeting) -> Meeting: ...

    def set_approval_type(self, meeting: Meeting, approval_type: int) -> None:
        """One settings-only PATCH. Says nothing about whether it took: read the meeting back."""
        ...

    def set_registrant_status(
        self, meeting: Meeting, action: str, people: Sequence[tuple[str, str]], *, occurrence_id: str = ""
    ) -> None:
        """`action` approve, deny or cancel for (registrant id, e-mail) pairs, thirty a call."""
        ...


class AttendanceSource(Protocol):
    """What attendance needs of Zoom: reading alone. Raises the ZoomError family of `errors`."""

    def get_meeting(self, meeting: Meeting) -> Meeting:
        """The meeting as it is now, with its host."""
        ...

    def past_instances(self, meeting: Meeting) -> Sequence[Instance]:
        """Every sitting of it that is over, in any order."""
        ...

    def sitting(self, meeting: Meeting, uuid: str) -> Sitting:
        """Everybody who was in one of them: all pages, or an error. The host is marked."""
        ...


class ErasureDesk(Protocol):
    """What erasing a person needs of Zoom."""

    def delete_registrant(self, meeting: Meeting, registrant_id: str, *, occurrence_id: str = "") -> bool:
        """Delete one registration, of one occurrence where that is how people register. False: it was gone already."""
        ...


class ReadyMessage(Protocol):
    """A message ready to be sent. data: all its bytes. message_id: with angle brackets."""

    @property
    def data(self) -> bytes: ...

    @property
    def message_id(self) -> str: ...


Message = TypeVar("Message", bound=ReadyMessage)
_Message = TypeVar("_Message", bound=ReadyMessage, contravariant=True)


class MailConnection(Protocol[_Message]):
    """One thread's way to the mail server; it connects at its first use."""

    def send(self, message: _Message, before_body: Callable[[], bool]) -> Outcome:
        """Hand one message over. `before_body` is called once, when the server has said that it takes the body; the
        body goes out only if that gives True, and what it raises comes through with nothing sent."""
        ...

    def close(self) -> None: ...


class MailTransport(Protocol[_Message]):
    """The mail server. Nothing connects before a connection is used."""

    def open(self) -> MailConnection[_Message]: ...
