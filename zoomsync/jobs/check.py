"""What `zoomsync check` tries, a line each: credentials, scopes, meetings, database, mail server, times, the page.

Nothing is changed anywhere. Each trial gives lines, and none stops the others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from zoomsync import words
from zoomsync.domain.announcement import Announcement, DoubtKind, contradictions
from zoomsync.domain.records import (
    ApprovalType,
    Closing,
    Event,
    EventStatus,
    Meeting,
    Outcome,
    OutcomeKind,
    Session,
    ZoomKind,
)
from zoomsync.domain.registration import meetings_named
from zoomsync.domain.sessions import follow_sessions
from zoomsync.errors import StoreError, ZoomError
from zoomsync.language import N_, _
from zoomsync.store import events as stored_events
from zoomsync.store.registration import approved_counts, counts_by_meeting
from zoomsync.store.schema import Database
from zoomsync.words import counted

CLOCKS_APART_AT_MOST = timedelta(minutes=2)


class Mark(StrEnum):
    OK = "ok"
    WARNING = "warning"
    CROSS = "cross"


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One finding. about: "zoom", "database", "mail", "files" or an event's slug. remedy: what to do, "" if nothing."""

    mark: Mark
    about: str
    text: str
    remedy: str = ""


class ZoomAccount(Protocol):
    """What checking needs of Zoom beside reading meetings."""

    @property
    def scopes(self) -> frozenset[str]: ...

    @property
    def server_time_offset(self) -> timedelta | None: ...

    def find_meetings(self, event: Event) -> tuple[Meeting, ...]: ...


@dataclass(frozen=True, slots=True)
class _Need:
    """A right that the Zoom app needs, by its granular name and the classic one that includes it."""

    to: str
    granular: str
    classic: str
    required: bool


_NEEDS = (
    _Need(N_("read registrants"), "{kind}:read:list_registrants:admin", "{kind}:read:admin", True),
    _Need(N_("read meetings"), "{kind}:read:{kind}:admin", "{kind}:read:admin", True),
    _Need(N_("close registration"), "{kind}:update:{kind}:admin", "{kind}:write:admin", False),
    _Need(N_("approve or deny registrants"), "{kind}:update:registrant_status:admin", "{kind}:write:admin", False),
    _Need(N_("find the sittings that are over"), "{kind}:read:list_past_instances:admin", "{kind}:read:admin", False),
    _Need(
        N_("tell the host's colleagues apart"), "{kind}:read:list_past_participants:admin", "{kind}:read:admin", False
    ),
    _Need(N_("say who took part"), "report:read:list_{kind}_participants:admin", "report:read:admin", False),
)


def check_database(database: Callable[[], Database]) -> Iterator[CheckLine]:
    """Whether the database can be reached, is sound, and takes a write."""
    try:
        opened = database()
        opened.check()
    except StoreError as error:
        yield CheckLine(Mark.CROSS, "database", str(error))
    else:
        yield CheckLine(
            Mark.OK, "database", _("{shown_url} can be read and written").format(shown_url=opened.shown_url)
        )


def check_mail(connect: Callable[[], Outcome], host: str) -> Iterator[CheckLine]:
    """Whether the mail server lets us in; no message is sent."""
    outcome = connect()
    if outcome.kind is OutcomeKind.ACCEPTED:
        yield CheckLine(Mark.OK, "mail", _("{host} lets us in").format(host=host))
        return
    code = f" ({outcome.code})" if outcome.code else ""
    yield CheckLine(
        Mark.CROSS,
        "mail",
        _("{host} does not let us in, at {stage}{code}: {words}").format(
            host=host, stage=outcome.stage, code=code, words=outcome.words
        ),
        _("set ZOOMSYNC_SMTP__HOST, __PORT, __SECURITY, __USERNAME and __PASSWORD as your mail provider says"),
    )


def check_zoom(zoom: ZoomAccount, kinds: Collection[ZoomKind], *, compare_clocks: bool = True) -> Iterator[CheckLine]:
    """Whether Zoom gives a token, with the rights that are needed for events of these kinds.

    compare_clocks: False under `--now`, where our clock is not meant to be Zoom's.
    """
    try:
        scopes = zoom.scopes
    except ZoomError as error:
        yield CheckLine(Mark.CROSS, "zoom", str(error))
        return
    yield CheckLine(Mark.OK, "zoom", _("the credentials are accepted"))
    for kind in sorted(kinds):
        for need in _NEEDS:
            granular, classic = need.granular.format(kind=kind), need.classic.format(kind=kind)
            if scopes and not {granular, classic} & scopes:
                # Zoom has been seen to answer with broader names than were ticked, so this is a hint, not a verdict.
                yield CheckLine(
                    Mark.WARNING,
                    "zoom",
                    _("the app does not name the scope to {to}: {granular}").format(to=_(need.to), granular=granular),
                    _("add it to the app in marketplace.zoom.us, under Scopes"),
                )
    if compare_clocks:
        yield from _check_clock(zoom.server_time_offset)


def _check_clock(offset: timedelta | None) -> Iterator[CheckLine]:
    if offset is not None and abs(offset) > CLOCKS_APART_AT_MOST:
        words = _("this machine's clock is {clock_apart}").format(clock_apart=clock_apart(offset))
        yield CheckLine(Mark.WARNING, "zoom", words, _("set the clock: reminders and the deadline go by it"))


def clock_apart(offset: timedelta) -> str:
    """How far this machine's clock is off, in words. offset: how far Zoom's is ahead."""
    minutes = round(abs(offset).total_seconds() / 60)
    said = _("{minutes} minutes behind Zoom's") if offset > timedelta(0) else _("{minutes} minutes ahead of Zoom's")
    return said.format(minutes=minutes)


@dataclass(frozen=True, slots=True)
class ReadPage:
    """An event's page as it was read. name: its file or address. token: gives the part of a registration link that
    names the meeting.
    """

    name: str
    told: Announcement
    token: Callable[[str], str]


def check_event(
    event: Event, zoom: ZoomAccount, known: Collection[Session], now: datetime, page: ReadPage | None = None
) -> Iterator[CheckLine]:
    """Whether an event's file, Zoom and its page agree. known: the sessions that the database has of it."""
    if event.status is EventStatus.DRAFT:
        yield CheckLine(
            Mark.WARNING,
            event.slug,
            _("is a draft: no mail, no closing"),
            _("zoomsync go-live {slug} turns it active").format(slug=event.slug),
        )
    if any(now < one.ends_at for one in known):
        yield from (CheckLine(Mark.WARNING, event.slug, what, remedy) for what, remedy in untold(event, now))
    try:
        meetings = zoom.find_meetings(event)
    except ZoomError as error:
        yield CheckLine(Mark.CROSS, event.slug, str(error))
        yield from check_page(event, page)
        return
    for meeting in meetings:
        yield from _check_meeting(event, meeting)
    yield from check_times(event, meetings, known, now)
    yield from check_page(event, page, meetings)


def check_page(event: Event, page: ReadPage | None, meetings: tuple[Meeting, ...] = ()) -> Iterator[CheckLine]:
    """Whether the page says what the file and Zoom say. meetings: none where Zoom was not asked."""
    if page is None:
        return
    told = page.told
    links = [
        ("page", told.registration_url),
        *(("file", one) for one in (event.zoom.registration_url, *(each.registration_url for each in event.sessions))),
        *(("Zoom", one.registration_url) for one in meetings),
    ]
    found = list(contradictions(event, told, meetings, [(whose, page.token(link)) for whose, link in links if link]))
    for one in found:
        yield CheckLine(Mark.CROSS if one.sure else Mark.WARNING, event.slug, one.text, one.remedy)
    for doubt in told.doubts:
        if doubt.kind is DoubtKind.WEEKDAY:
            yield CheckLine(
                Mark.WARNING,
                event.slug,
                _("the page, line {line}: {text}").format(line=doubt.line, text=doubt.text),
                _("mend the page"),
            )
    if not told.sessions:
        yield CheckLine(
            Mark.WARNING,
            event.slug,
            _("no session can be read on {name}: times were not compared").format(name=page.name),
        )
    elif not any(one.sure for one in found):
        yield CheckLine(Mark.OK, event.slug, _("{name} says the same").format(name=page.name))


def untold(event: Event, now: datetime) -> list[tuple[str, str]]:
    """What of an event was cancelled without a word to anybody, each with the command that tells them."""
    command = f"zoomsync cancel {event.slug}"
    if event.status is EventStatus.CANCELLED:
        return (
            []
            if event.announce
            else [
                (
                    _("it is cancelled, and nobody was told"),
                    _("{command} --announce tells them").format(command=command),
                )
            ]
        )
    return [
        (
            _("{title} is cancelled, and nobody was told").format(title=one.title),
            _("{command} --session {number} --announce tells them").format(command=command, number=number),
        )
        for number, one in enumerate(event.sessions, start=1)
        if event.status is EventStatus.ACTIVE and one.cancelled and not one.announce and now < one.ends_at
    ]


def _check_meeting(event: Event, meeting: Meeting) -> Iterator[CheckLine]:
    name = f'{words.meeting(meeting.kind, meeting.meeting_id)} "{meeting.topic}"'
    if meeting.approval_type == ApprovalType.NO_REGISTRATION:
        yield CheckLine(
            Mark.CROSS,
            event.slug,
            _("{name} has no registration").format(name=name),
            _("switch registration on in the Zoom portal"),
        )
        return
    yield CheckLine(Mark.OK, event.slug, _("{name} is found, with registration").format(name=name))
    if meeting.kind is not event.zoom.kind:
        yield CheckLine(
            Mark.WARNING,
            event.slug,
            _("it is a webinar") if meeting.kind is ZoomKind.WEBINAR else _("it is a meeting"),
            _('write kind = "{kind}" under [zoom]').format(kind=meeting.kind),
        )
    if event.zoom.meeting_id is None and not any(spec.meeting_id for spec in event.sessions):
        yield CheckLine(
            Mark.WARNING,
            event.slug,
            _("the meeting was found by its registration link"),
            _("write meeting_id = {meeting_id} under [zoom]: a link finds upcoming meetings only").format(
                meeting_id=meeting.meeting_id
            ),
        )
    manual = meeting.approval_type == ApprovalType.MANUAL
    if manual and event.zoom.closing is Closing.SWITCH:
        yield CheckLine(
            Mark.WARNING,
            event.slug,
            _("registrants are approved by hand already, so people approve and nothing is left to switch"),
            _('write closing = "manual" under [zoom], or set approval to automatic in the Zoom portal'),
        )
    if meeting.type in (3, 6) and event.zoom.closing is Closing.SWITCH:
        yield CheckLine(
            Mark.WARNING,
            event.slug,
            _("it recurs without fixed times: Zoom drops the change that closes registration"),
            _("schedule it with fixed times"),
        )


def check_times(
    event: Event, meetings: tuple[Meeting, ...], known: Collection[Session], now: datetime
) -> Iterator[CheckLine]:
    """Whether Zoom shows the times of the file. known: the sessions that the database has of it."""
    changes = follow_sessions(event, meetings, tuple(known), now)
    titles = {one.key: one.title for one in changes.sessions}
    for difference in changes.differences:
        on_zoom = words.moment(difference.zoom, event.timezone) if difference.zoom else _("at no time")
        yield CheckLine(
            Mark.CROSS if difference.held else Mark.WARNING,
            event.slug,
            _("{title} starts {starts} by the file and {other} on Zoom").format(
                title=titles[difference.session_key],
                starts=words.moment(difference.file, event.timezone),
                other=on_zoom,
            ),
            _('set one of them right, or write times = "file" under [zoom]') if difference.held else "",
        )
    if not changes.sessions:
        yield CheckLine(Mark.CROSS, event.slug, _("has no sessions, in its file or on Zoom"), _("write [[sessions]]"))
    elif not changes.differences:
        yield CheckLine(
            Mark.OK,
            event.slug,
            _("{sessions}, at the times Zoom shows").format(sessions=counted(len(changes.sessions), "session")),
        )


def check_seats(event: Event, database: Database) -> Iterator[CheckLine]:
    """Whether more people are approved than the Zoom licence holds, as far as the last sync knows."""
    with database.read() as db:
        found = stored_events.load_stored(db, event.slug)
        words = None if found is None else too_many(event, approved_counts(db, found.id).values())
    if words:
        yield CheckLine(
            Mark.WARNING, event.slug, words, _("whoever comes last is not let in: a larger licence, or fewer approved")
        )


def check_left_meetings(event: Event, database: Database) -> Iterator[CheckLine]:
    """Whether the file stopped naming a meeting whose registrants are in the database: a slip of the keys does that."""
    named = meetings_named(event)
    with database.read() as db:
        found = stored_events.load_stored(db, event.slug)
        counts = {} if found is None or not named else counts_by_meeting(db, found.id)
    for meeting_id in sorted(counts.keys() - named):
        yield CheckLine(
            Mark.WARNING,
            event.slug,
            _(
                "its file no longer names meeting {meeting_id}: {registrants} of it in the database "
                "count as cancelled from the next sync on"
            ).format(meeting_id=meeting_id, registrants=counted(counts[meeting_id], "registrant")),
            _("write meeting_id = {meeting_id} again, if it was not meant to go").format(meeting_id=meeting_id),
        )


def check_settings(not_set: Sequence[str], public_url: str | None, ask: Callable[[str], str]) -> Iterator[CheckLine]:
    """What is not set, which is fine, and whether the web part's public address leads to it.

    not_set: in words. ask: gets an address, and gives what is wrong with its answer, "" where that is ours.
    """
    if not_set:
        yield CheckLine(
            Mark.OK,
            "settings",
            _("not set, which is fine if you do not want it: {not_set}").format(not_set=", ".join(not_set)),
        )
    if public_url is None:
        return
    if not public_url.startswith("https://"):
        words = _("ZOOMSYNC_WEB__PUBLIC_URL ({address}) is not https, so mails carry no link to unsubscribe by").format(
            address=public_url
        )
        yield CheckLine(Mark.WARNING, "web", words, _("have a proxy bring https, and write the address with it"))
    if problem := ask(f"{public_url}/healthz"):
        yield CheckLine(
            Mark.WARNING,
            "web",
            _("{address}/healthz does not lead to the web part: {problem}").format(address=public_url, problem=problem),
            _("is the daemon running, and does the proxy pass /healthz, /u/, /c/ and /webhooks/zoom on to it?"),
        )
    else:
        yield CheckLine(Mark.OK, "web", _("{address} leads to the web part").format(address=public_url))


def too_many(event: Event, approved: Iterable[int]) -> str:
    """What is wrong where a meeting (or an occurrence of it) has more approved than `seats`; "" where nothing is.

    approved: how many are, for each of them.
    """
    most, seats = max(approved, default=0), event.zoom.seats
    return (
        _("{most} are approved, and the Zoom licence holds {seats}").format(most=most, seats=seats)
        if seats and most > seats
        else ""
    )


def known_sessions(database: Database, slug: str) -> list[Session]:
    """The sessions that the database has of an event; none where it was never synced."""
    with database.read() as db:
        found = stored_events.load_stored(db, slug)
        return [] if found is None else stored_events.sessions_of(db, found.id)
