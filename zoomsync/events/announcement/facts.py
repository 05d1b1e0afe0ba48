"""A page's facts and doubts: title, organiser, contact, language, link, and what `schedule` says of when.

A page that announces nothing is NoEvent. Pure: today is an argument.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from zoomsync.domain.announcement import Announcement, DoubtKind
from zoomsync.errors import NoEvent
from zoomsync.events.announcement.cues import registers
from zoomsync.events.announcement.doubts import Doubts
from zoomsync.events.announcement.fetch import Source
from zoomsync.events.announcement.front import read_front_matter
from zoomsync.events.announcement.linking import Registration, registration_of
from zoomsync.events.announcement.markdown import read_markdown
from zoomsync.events.announcement.marked import front_times, marked_times
from zoomsync.events.announcement.markup import MOST_TAGS, read_html
from zoomsync.events.announcement.naming import language_of, title_of, year_in
from zoomsync.events.announcement.organizing import email_of, organizer_of
from zoomsync.events.announcement.page import Block, BlockKind, MarkedEvent, Page, addresses_in
from zoomsync.events.announcement.schedule import Schedule, read_schedule
from zoomsync.events.announcement.segments import Segment, are_too_long, segments_of
from zoomsync.events.announcement.tokens import any_of, fold
from zoomsync.events.announcement.trimming import trimmed
from zoomsync.events.announcement.years import Years
from zoomsync.events.announcement.zones import zone_named
from zoomsync.events.announcement.zoning import zone_of_event
from zoomsync.language import _


def read_announcement(source: Source, *, zone: str, today: date) -> Announcement:
    """Read a page. zone: the organisation's own, offered where the page names none. Raises NoEvent."""
    doubts = Doubts(source.text.split("\n"))
    page = _page(source, doubts)
    doubts.quote_from(page.blocks)
    language = language_of(page, doubts)
    title, title_sure = title_of(page, doubts)
    fronts, used_keys = front_times(page.front, zone)
    segments = segments_of([block for block in page.blocks if _may_say_when(block, used_keys)])
    main = [segment for segment in segments if not segment.aside]
    years = Years(segments, page.written_on, today, year_in(title))
    marked = [*fronts, *marked_times(_own_events(page, title, doubts), zone)]
    schedule = read_schedule(main, marked, years, zone, doubts, language)
    if not schedule.dated and len(main) < len(segments):
        everywhere = [replace(segment, aside=False) for segment in segments]
        schedule = read_schedule(everywhere, marked, years, zone, doubts, language)
    link = registration_of(page, segments, doubts)
    _refuse_what_is_none(page, segments, schedule, link, bool(marked))
    named_zone = _zone_entry(page)
    on = min((one.starts.date() for one in schedule.sessions), default=min(schedule.days, default=today))
    event_zone = zone_of_event(schedule.zoned, segments, on, named_zone or zone, doubts, known=named_zone is not None)
    unsure = {
        name
        for name, sure in (("title", title_sure), ("timezone", event_zone.sure), ("registration_url", link.sure))
        if not sure
    }
    unsure |= {{"year": "deadline year"}.get(what, "deadline") for what in schedule.deadline_unsure}
    email = email_of(page, segments, doubts)
    _check_order(schedule, doubts)
    return Announcement(
        title=title,
        language=language,
        timezone=event_zone.zone,
        organizer=organizer_of(page, email, doubts),
        email=email,
        deadline=schedule.deadline,
        sessions=schedule.sessions,
        first_day=min(schedule.days, default=None),
        registration_url=link.url,
        meeting_id=link.meeting_id,
        other_form=link.other_form,
        page_url=source.address or _address(page),
        offset=event_zone.offset,
        unsure=frozenset(unsure),
        doubts=tuple(sorted(doubts.found, key=lambda one: (one.line == 0, one.line))),
        deadline_line=schedule.deadline_line,
        zone_line=event_zone.line,
        link_line=link.line,
    )


def _page(source: Source, doubts: Doubts) -> Page:
    page = Page()
    text, cut = trimmed(source.text, is_html=source.is_html)
    body, first_line = read_front_matter(text, page)
    (read_html if source.is_html else read_markdown)(body, first_line, page)
    if cut or are_too_long(page.blocks) or text.count("<") > MOST_TAGS:
        doubts.at(DoubtKind.SESSION, _("The page is very long: not all of it was read."), 0)
    page.links, page.emails = addresses_in(text)
    page.language = page.language or _value(page, "lang", "language", "locale", "idioma", "og:locale")
    page.written_on = _written_on(page, source)
    return page


def _value(page: Page, *keys: str) -> str:
    entry = page.entry(*keys)
    return entry.value if entry else ""


_DATE = re.compile(r"(20\d\d)[-/](\d{1,2})[-/](\d{1,2})(?!\d)")
_DATE_KEYS = (
    "date", "published", "publishdate", "pubdate", "published_at", "fecha_publicacion", "article:published_time",
    "datepublished", "og:published_time", "dc.date", "<time>", "created", "created_at",
)  # fmt: skip


def _written_on(page: Page, source: Source) -> date | None:
    for text in (*(entry.value for key in _DATE_KEYS if (entry := page.entry(key))), source.name):
        if found := _DATE.search(text):
            try:
                return date(int(found[1]), int(found[2]), int(found[3]))
            except ValueError:
                continue
    return None


# Of a front matter only what may say when; its `date` is when the page was written.
_WHEN = re.compile(
    r"fechas?|dias?|horas?|horarios?|inicio|fin|start|end|when|cuando|time|schedule|deadline|limite|cierre|inscrip|registration|"
    r"sesion|session|evento|event"
)
_NOT_WHEN = re.compile(
    r"publi|creat|modif|updat|lastmod|actualiz|expir|url|link|image|imagen|desc|excerpt|summary|seo|zona|zone"
)


def _may_say_when(block: Block, used_keys: frozenset[str]) -> bool:
    if block.kind is not BlockKind.FRONT:
        return True
    key = fold(block.key)
    return block.key not in used_keys and _WHEN.search(key) is not None and _NOT_WHEN.search(key) is None


# --------------------------------------------------------------------------------------------------------- the whole


def _own_events(page: Page, title: str, doubts: Doubts) -> Sequence[MarkedEvent]:
    """The schema.org events that are this page's own; several different ones are a doubt."""
    names = {fold(event.name) for event in page.events}
    if len(names) < 2:
        return page.events[:1] if len({(one.starts, one.ends) for one in page.events}) == 1 else page.events
    own = [event for event in page.events if fold(event.name) and fold(event.name) == fold(title)]
    chosen = own or page.events[:1]
    doubts.at(
        DoubtKind.SESSION,
        _("The page announces more than one event; one is taken."),
        next(e.line for e in page.events if e not in chosen),
    )
    return chosen


def _zone_entry(page: Page) -> str | None:
    entry = page.nested("timezone", "time_zone", "zona_horaria", "zonahoraria", "zona horaria", "tz")
    return zone_named(entry.value) if entry else None


def _address(page: Page) -> str | None:
    for url in (page.address, _value(page, "og:url"), _value(page, "canonical", "canonical_url", "page_url")):
        if url.startswith(("https://", "http://")) and len(url) < 500:
            return url
    return None


_EVENT_WORDS = re.compile(
    any_of(
        "taller*, encuentro*, evento*, webinar*, seminario*, conversatorio*, foro*, conferencia*, charla*, "
        "curso*, sesion*, jornada*, reunion*, workshop*, event, events, seminar*, session*, talk, talks, course*, "
        "conference*, meetup*, class, classes, meeting*, training*, capacitacion*, panel*, mesa redonda, clase, "
        "clases, diplomado*"
    )
)
_INVITES = re.compile(
    any_of("zoom, acompan*, join us, te esperamos, los esperamos, invita*, online, virtual*, en linea, particip*")
)


def _refuse_what_is_none(
    page: Page, segments: Sequence[Segment], schedule: Schedule, link: Registration, marked: bool
) -> None:
    if link.url or link.meeting_id or marked:
        return
    text = " ".join(fold(block.text) for block in page.blocks if not block.aside)
    invites = registers(text) or _INVITES.search(text) is not None
    if link.other_form and (schedule.dated or _EVENT_WORDS.search(text)):
        return
    written = page.written_on
    if (
        not link.other_form
        and written
        and schedule.sessions
        and all(one.ends.date() < written for one in schedule.sessions)
    ):
        raise NoEvent(_("Its dates lie before the day it was written, and it has no registration form."))
    if schedule.dated and schedule.sessions and invites and _EVENT_WORDS.search(text):
        return
    if schedule.dated and registers(text) and _EVENT_WORDS.search(text) and (schedule.deadline or schedule.days):
        return
    if not schedule.dated and not schedule.deadline:
        raise NoEvent(_("No date of an event and no registration form can be read on it."))
    raise NoEvent(_("Dates stand on it, and neither a registration form nor an invitation to an event."))


def _check_order(schedule: Schedule, doubts: Doubts) -> None:
    if schedule.deadline is None or not schedule.sessions:
        return
    first = min(one.starts for one in schedule.sessions)
    moment = schedule.deadline
    late = moment > first if isinstance(moment, datetime) else moment > first.date()
    if late:
        doubts.at(DoubtKind.DEADLINE, _("The deadline lies after the first session's start."), schedule.deadline_line)
