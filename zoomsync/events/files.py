"""Event files: `config/events/<slug>.toml` read into an Event, or refused with what to write instead.

Keys and tables are in `tables`, one value each is read in `fields`; what `init` writes is in `init`. Nothing here asks
Zoom or knows the time: whether the file agrees with Zoom is `check`'s to say.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from zoomsync import words
from zoomsync.domain.handwritten import Mistake, parse_toml, read_deadline, read_moment, read_zone
from zoomsync.domain.records import (
    Closing,
    Event,
    EventStatus,
    LatePolicy,
    Organizer,
    Reminders,
    SessionSpec,
    ZoomKind,
    ZoomPart,
)
from zoomsync.errors import EventFileError
from zoomsync.events.fields import (
    kind_of_link,
    one_of,
    read_email,
    read_flag,
    read_lead,
    read_leads,
    read_link,
    read_meeting_id,
    read_note,
    read_registration_url,
    read_text,
    read_title,
    registration_token,
    whole_number,
)
from zoomsync.events.tables import Mistakes, Table, as_tables
from zoomsync.language import _

DEFAULT_BEFORE = (read_lead("1d 17:00"), read_lead("1h"))
LONGEST_SESSION = timedelta(hours=24)
# A deadline further off than this from every session is a mistyped year. Nearer ones are taken, even after the last
# session: some leave registration open for the recording.
FURTHEST_DEADLINE = timedelta(days=366)

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_SLUG = 80


@dataclass(frozen=True, slots=True)
class EventFiles:
    """What a folder of event files holds: the good ones by slug, and an error for each of the others."""

    events: tuple[Event, ...] = ()
    errors: tuple[EventFileError, ...] = ()


def read_event_files(folder: Path) -> EventFiles:
    """Every event file of a folder; a broken one does not stop the others. A folder that is missing holds none.

    Two files that name one meeting are both refused. Names that begin with "." or "_" and editors' copies ("~",
    ".bak") are passed over.
    """
    good: dict[Path, Event] = {}
    errors: dict[Path, EventFileError] = {}
    try:
        paths = sorted(filter(_is_event_file, folder.iterdir()))
    except FileNotFoundError:
        return EventFiles()
    except OSError as exc:
        return EventFiles(
            errors=(
                EventFileError(
                    str(folder), "", _("the folder cannot be read ({reason}).").format(reason=words.trouble(exc))
                ),
            )
        )
    for path in paths:
        try:
            good[path] = read_event_file(path)
        except EventFileError as error:
            errors[path] = error
    errors |= _sharing_a_meeting(good)
    return EventFiles(
        events=tuple(event for path, event in good.items() if path not in errors),
        errors=tuple(errors[path] for path in sorted(errors)),
    )


def _is_event_file(path: Path) -> bool:
    # Notepad likes to add ".txt": such a file is meant, and read_event_file says what is wrong with its name.
    return (
        path.name.lower().endswith((".toml", ".toml.txt"))
        and not path.name.startswith((".", "_"))
        and not path.is_dir()
    )


def read_event_file(path: Path) -> Event:
    """One event file. Raises EventFileError: the first mistake in full, and where the others are."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise EventFileError(str(path), "", _("there is no such file.")) from None
    except OSError as exc:
        raise EventFileError(
            str(path), "", _("the file cannot be read ({reason}).").format(reason=words.trouble(exc))
        ) from exc
    return parse_event(data, path)


def parse_event(data: bytes, path: Path) -> Event:
    """The bytes of an event file; `path` gives the slug and names the file in errors. Raises EventFileError."""
    try:
        slug = slug_of(path)
        document = parse_toml(data)
    except Mistake as mistake:
        where = _("line {line}").format(line=mistake.line) if mistake.line else ""
        raise EventFileError(str(path), where, mistake.problem, mistake.hint) from None
    mistakes = Mistakes()
    event = _event(document, slug, mistakes)
    if mistakes.found:
        raise mistakes.as_error(str(path))
    text = data.decode("utf-8-sig", errors="replace")
    return replace(event, file_hash=hashlib.sha256(data).hexdigest(), file_text=text)


def slug_of(path: Path) -> str:
    """The slug that a file's name gives: lower case letters, digits and dashes. Raises Mistake."""
    name = re.sub(r"\.toml(\.txt)?$", "", path.name, flags=re.IGNORECASE)
    if _SLUG.fullmatch(name) and len(name) <= _LONGEST_SLUG and path.name == f"{name}.toml":
        return name
    raise Mistake(
        _("the file's name is the event's slug: lower case letters, digits and dashes, ending in .toml."),
        _("Rename it to {name}.toml.").format(name=slug_from(name)),
    )


def slug_from(text: str) -> str:
    """The slug nearest to a text: "Encuentro de Años 2023" gives "encuentro-de-anos-2023"."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text)[:_LONGEST_SLUG].strip("-") or "event"


# --------------------------------------------------------------------------------------------- the parts of a file

_STAND_IN = datetime(2000, 1, 1, tzinfo=UTC)  # for a time that is missing or wrong: the file is refused anyhow


def _event(document: dict[str, Any], slug: str, mistakes: Mistakes) -> Event:
    top = Table(document, "", "", mistakes)
    zone = top.require("timezone", _read_zone_name, ZoneInfo("UTC"), 'timezone = "America/Guatemala"')
    language = top.take("language", one_of(("es", "en")), "es")
    event = Event(
        slug=slug,
        title=top.require("title", read_title, "", 'title = "..."'),
        timezone=zone.key,
        registration_deadline=top.require(
            "registration_deadline",
            lambda value: read_deadline(value, zone),
            _STAND_IN,
            _("registration_deadline = 2023-03-05 (the end of that day), or a date and time"),
        ),
        organizer=_organizer(top),
        zoom=_zoom(top),
        sessions=_sessions(top, zone, language),
        reminders=_reminders(top.table("reminders")),
        status=top.take("status", one_of(EventStatus), EventStatus.ACTIVE),
        announce=top.take("announce", read_flag, False),
        language=language,
        page_url=top.take("page_url", read_link, None),
        trato=top.take("trato", _read_trato, "usted"),
        retention_days=top.take("retention_days", whole_number(0, 36_500), None),
    )
    if not mistakes.found:
        _check_meetings(event, mistakes)
        _check_deadline(event, mistakes)
    return event


def _read_zone_name(value: object) -> ZoneInfo:
    return read_zone(read_text(value))


def _read_trato(value: object) -> str:
    plain = value.replace("ú", "u") if isinstance(value, str) else value
    return one_of(("usted", "tu", "vos"))(plain)


def _organizer(top: Table) -> Organizer:
    table = top.table("organizer")
    return Organizer(
        name=table.require("name", read_text, "", 'name = "..." under [organizer]'),
        email=table.require("email", read_email, "", 'email = "info@example.org" under [organizer]'),
    )


def _zoom(top: Table) -> ZoomPart:
    table = top.table("zoom")
    link = table.take("registration_url", read_registration_url, None)
    kind_of_form = kind_of_link(link) if link else None
    kind = table.take("kind", one_of(ZoomKind), kind_of_form or ZoomKind.MEETING)
    if kind_of_form is ZoomKind.WEBINAR and kind is ZoomKind.MEETING:
        table.refuse("kind", Mistake(_("the registration link is a webinar's."), _('Write kind = "webinar".')))
    return ZoomPart(
        kind=kind,
        meeting_id=table.take("meeting_id", read_meeting_id, None),
        registration_url=link,
        closing=table.take("closing", one_of(Closing), Closing.SWITCH),
        late_registrants=table.take("late_registrants", one_of(LatePolicy), LatePolicy.HOLD),
        late_notice=table.take("late_notice", read_flag, False),
        seats=table.take("seats", whole_number(1, 1_000_000), None),
        file_times_are_right=table.take("times", one_of(("zoom", "file")), "zoom") == "file",
    )


def _sessions(top: Table, zone: ZoneInfo, language: str) -> tuple[SessionSpec, ...]:
    tables: list[dict[str, Any]] = top.take("sessions", as_tables, [])
    word = "Sesión" if language == "es" else "Session"
    sessions = tuple(
        _session(Table(values, "sessions", f"sessions[{number}]", top.mistakes), zone, f"{word} {number}")
        for number, values in enumerate(tables, start=1)
    )
    _check_names(sessions, top.mistakes)
    return sessions


def _session(table: Table, zone: ZoneInfo, usual_title: str) -> SessionSpec:
    def read(value: object) -> datetime:
        return read_moment(value, zone)

    starts_at = table.require("starts", read, _STAND_IN, "starts = 2023-03-07T08:00:00")
    ends_at = table.require("ends", read, _STAND_IN, "ends = 2023-03-07T13:00:00")
    if _STAND_IN not in (starts_at, ends_at):
        if ends_at <= starts_at:
            table.refuse("ends", Mistake(_("the session ends before it has begun."), _("Write a time after starts.")))
        elif ends_at - starts_at > LONGEST_SESSION:
            table.refuse(
                "ends",
                Mistake(_("the session lasts more than 24 hours."), _("Write a [[sessions]] part for each sitting.")),
            )
    return SessionSpec(
        title=table.take("title", read_title, usual_title),
        starts_at=starts_at,
        ends_at=ends_at,
        id=table.take("id", read_text, None),
        meeting_id=table.take("meeting_id", read_meeting_id, None),
        registration_url=table.take("registration_url", read_registration_url, None),
        cancelled=table.take("status", one_of(("active", "cancelled")), "active") == "cancelled",
        announce=table.take("announce", read_flag, False),
    )


def _reminders(table: Table) -> Reminders:
    return Reminders(
        before=table.take("before", read_leads, DEFAULT_BEFORE),
        after=table.take("after", read_leads, ()),
        note=table.take("note", read_note, ""),
        survey_url=table.take("survey_url", read_link, None),
        recording_url=table.take("recording_url", read_link, None),
    )


# ------------------------------------------------------------------------------- what must hold between the parts


def _check_names(sessions: Sequence[SessionSpec], mistakes: Mistakes) -> None:
    """A session is known by its id or else its title: neither may name two."""
    names: dict[tuple[str, str], int] = {}
    for number, session in enumerate(sessions, start=1):
        name = ("id", session.id) if session.id else ("title", session.title.casefold())
        first = names.setdefault(name, number)
        if first == number:
            continue
        where = f"sessions[{number}].{name[0]}"
        if session.id:
            mistakes.add(
                where, Mistake(_("sessions[{first}] has the same id.").format(first=first), _("Write another one."))
            )
        else:
            mistakes.add(
                where,
                Mistake(
                    _("sessions[{first}] has the same title, and neither has an id.").format(first=first),
                    _('Write another title, or id = "..." in each: that is how a session is known when it moves.'),
                ),
            )


def _check_meetings(event: Event, mistakes: Mistakes) -> None:
    """Every session needs a meeting to hang on: its own, or the event's."""
    if event.zoom.meeting_id or event.zoom.registration_url:
        return
    without = [n for n, each in enumerate(event.sessions, 1) if not (each.meeting_id or each.registration_url)]
    if without or not event.sessions:
        example = 'meeting_id = 81234567890 or registration_url = "https://us06web.zoom.us/meeting/register/..."'
        where = "zoom" if len(without) == len(event.sessions) else f"sessions[{without[0]}]"
        place = _("under [zoom]") if where == "zoom" else _("in that session")
        mistakes.add(
            where,
            Mistake(_("no Zoom meeting is named."), _("Write {example} {place}.").format(example=example, place=place)),
        )


def _check_deadline(event: Event, mistakes: Mistakes) -> None:
    if not event.sessions:
        return
    first = min(session.starts_at for session in event.sessions)
    last = max(session.ends_at for session in event.sessions)
    if not first - FURTHEST_DEADLINE <= event.registration_deadline <= last + FURTHEST_DEADLINE:
        mistakes.add(
            "registration_deadline",
            Mistake(_("the deadline lies more than a year away from the sessions."), _("Look at the years again.")),
        )


def _sharing_a_meeting(events: dict[Path, Event]) -> dict[Path, EventFileError]:
    """An error for every file that names a meeting that another file names too."""
    files_of: dict[str, list[Path]] = {}
    for path, event in events.items():
        for name in meetings_named(event):
            files_of.setdefault(name, []).append(path)
    errors: dict[Path, EventFileError] = {}
    for name, paths in files_of.items():
        for path in paths if len(paths) > 1 else ():
            others = ", ".join(other.name for other in paths if other != path)
            problem = _("the Zoom meeting {name} is named in {others} too.").format(name=name, others=others)
            hint = _("Each meeting belongs to one event: delete one of the files, or give each a meeting of its own.")
            errors.setdefault(path, EventFileError(str(path), "zoom", problem, hint))
    return errors


def meetings_named(event: Event) -> Iterable[str]:
    """The ids, and the parts of registration links, by which a file names its meetings."""
    ids = {event.zoom.meeting_id, *(session.meeting_id for session in event.sessions)}
    links = {event.zoom.registration_url, *(session.registration_url for session in event.sessions)}
    return sorted({each for each in ids if each} | {registration_token(link) for link in links if link})
