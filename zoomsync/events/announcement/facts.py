"""A page's facts and doubts: title, organiser, contact, language, link, and what `schedule` says of when.

A page that announces nothing is NoEvent. Pure: today is an argument.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from urllib.parse import urlsplit

from zoomsync.domain.announcement import Announcement, DoubtKind
from zoomsync.errors import NoEvent
from zoomsync.events.announcement.cues import registers
from zoomsync.events.announcement.doubts import Doubts
from zoomsync.events.announcement.fetch import Source
from zoomsync.events.announcement.front import read_front_matter
from zoomsync.events.announcement.markdown import read_markdown
from zoomsync.events.announcement.marked import front_times, marked_times
from zoomsync.events.announcement.markup import read_html
from zoomsync.events.announcement.page import Block, BlockKind, Entry, MarkedEvent, Page, addresses_in
from zoomsync.events.announcement.schedule import Schedule, read_schedule
from zoomsync.events.announcement.segments import Segment, segments_of
from zoomsync.events.announcement.tokens import any_of, fold, word_list
from zoomsync.events.announcement.trimming import trimmed
from zoomsync.events.announcement.years import Years
from zoomsync.events.announcement.zones import zone_named
from zoomsync.events.announcement.zoning import zone_of_event
from zoomsync.events.fields import form_of_link, meeting_id_of_link, registration_token
from zoomsync.text import clean, is_email


def read_announcement(source: Source, *, zone: str, today: date) -> Announcement:
    """Read a page. zone: the organisation's own, offered where the page names none. Raises NoEvent."""
    doubts = Doubts(source.text.split("\n"))
    page = _page(source, doubts)
    doubts.quote_from(page.blocks)
    language = _language(page, doubts)
    title, title_sure = _title(page, doubts)
    fronts, used_keys = front_times(page.front, zone)
    segments = segments_of([block for block in page.blocks if _may_say_when(block, used_keys)])
    main = [segment for segment in segments if not segment.aside]
    years = Years(segments, page.written_on, today, _year_in(title))
    marked = [*fronts, *marked_times(_own_events(page, title, doubts), zone)]
    schedule = read_schedule(main, marked, years, zone, doubts, language)
    if not schedule.dated and len(main) < len(segments):
        everywhere = [replace(segment, aside=False) for segment in segments]
        schedule = read_schedule(everywhere, marked, years, zone, doubts, language)
    link = _registration(page, segments, doubts)
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
    organizer = _organizer(page, doubts)
    email = _email(page, segments, doubts)
    _check_order(schedule, doubts)
    return Announcement(
        title=title,
        language=language,
        timezone=event_zone.zone,
        organizer=_confirmed(organizer, email, doubts),
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
    if cut:
        doubts.at(DoubtKind.SESSION, "The page is very long: only its beginning was read.", 0)
    body, first_line = read_front_matter(text, page)
    (read_html if source.is_html else read_markdown)(body, first_line, page)
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


# ----------------------------------------------------------------------------------------------- title and language

# What pages of an organisation are headed with, whatever they announce.
_NO_TITLE = re.compile(
    r"\W*(?:"
    + any_of(
        "aviso, avisos, aviso importante, comunicado, comunicados, convocatoria, convocatorias, invitacion, "
        "invitation, invite, evento, eventos, proximos eventos, event, events, upcoming events, noticia, "
        "noticias, news, blog, inicio, home, agenda, anuncio, anuncios, announcement, announcements, te "
        "invitamos, save the date, inscripcion, inscripciones, registro, registration, register, atencion, "
        "importante"
    )
    + r")\W*"
)


def _title(page: Page, doubts: Doubts) -> tuple[str, bool]:
    """(the title, whether it is sure)."""
    entry = page.entry("title", "titulo", "título")
    if entry is not None and not _NO_TITLE.fullmatch(fold(entry.value)):
        return _short(entry.value), True
    events = list(dict.fromkeys(event.name for event in page.events if event.name))
    if len(events) == 1:
        return _short(events[0]), True
    heads = [block for block in page.blocks if block.kind is BlockKind.HEADING and not block.aside]
    useful = [head for head in heads if not _NO_TITLE.fullmatch(fold(head.text))]
    top = min((head.level for head in useful), default=1)
    highest = [head for head in useful if head.level == top]
    named = page.entry("og:title", "twitter:title", "<title>")
    agreed = [head for head in useful if named is not None and fold(head.text) in fold(named.value)]
    if len(agreed) == 1 or (len(highest) == 1 and highest[0].level == 1):
        return _short((agreed or highest)[0].text), True
    if useful:
        doubts.at(DoubtKind.TITLE, "Which heading is the event's title is not certain.", highest[0].line_at(0))
        return _short(highest[0].text), False
    if named is not None:
        doubts.at(DoubtKind.TITLE, "Taken from the page's own title.", named.line)
        return _short(named.value), False
    lines = [block for block in page.blocks if block.kind is not BlockKind.FRONT and not block.aside]
    texts = [(found[0], block.line_at(found.start())) for block in lines for found in re.finditer(".+", block.text)]
    title, line = next((one for one in texts if not _NO_TITLE.fullmatch(fold(one[0]))), ("", 0))
    doubts.at(DoubtKind.TITLE, "No title is marked as such: the first line is taken.", line)
    return _short(title), False


def _short(text: str) -> str:
    return clean(text.strip("*_#` \n"), limit=200)


def _year_in(title: str) -> int | None:
    years = {int(year) for year in re.findall(r"(?<!\d)20\d\d(?!\d)", title)}
    return years.pop() if len(years) == 1 else None


_WORDS = {
    "es": frozenset(
        word_list("de la que el en y los del las por con para una al se inscripcion fecha hora su es le lo")
    ),
    "en": frozenset(word_list("the of and to in for is on will with you this from at your our we by or registration")),
}


def _language(page: Page, doubts: Doubts) -> str:
    """es or en: what the page says of itself, else by its words."""
    words = [word for block in page.blocks for word in re.findall(r"[a-z]+", fold(block.text[:5_000]))]
    counts = {language: sum(word in known for word in words) for language, known in _WORDS.items()}
    counts["es"] += sum(len(re.findall("[áéíóúñ¿¡]", block.text.lower())) for block in page.blocks)
    likely = max(counts, key=lambda language: counts[language])
    stated = page.language.lower()[:2]
    clear = counts[likely] >= 3 * min(counts.values()) and counts[likely] > 2
    if stated in counts and (not clear or stated == likely):
        return stated
    if not clear:
        doubts.at(DoubtKind.LANGUAGE, f'The language of the page is not certain: "{likely}" is taken.', 0)
    elif stated and stated != likely:
        doubts.at(DoubtKind.LANGUAGE, f'The page calls itself "{page.language}", and is written in "{likely}".', 0)
    return likely


# -------------------------------------------------------------------------------------------------------- organiser

_ORGANIZER_KEYS = ("organizer", "organizador", "organizadora", "organiza", "organizacion", "organization", "convoca",
                   "organizer.name", "organizador.nombre", "host", "entidad", "institucion")  # fmt: skip
_AUTHOR_KEYS = ("autor", "author", "autores", "authors", "autor.0", "author.0", "author.name")
_ORGANIZED = re.compile(
    "(?:"
    + any_of(
        "organizado por, organizada por, organiza, organizan, organizador, organizadora, organizadores, convoca, "
        "convocan, organized by, organised by, hosted by, organizer, organizers, organiser, organisers, presented "
        "by, imparte"
    )
    + r")\s*:?\s+(?=\S)"
)
_NAME = re.compile(r"[^.,;:|\n()•·]{2,80}")
_SMALL = frozenset(word_list("de del la las los el y e para por of the and for en al"))


def _organizer(page: Page, doubts: Doubts) -> tuple[str | None, Entry | None]:
    """(its name, the author's entry where it was taken from there)."""
    if (entry := page.nested(*_ORGANIZER_KEYS)) is not None:
        return clean(entry.value), None
    names = list(dict.fromkeys(event.organizer for event in page.events if event.organizer))
    if names:
        return clean(names[0]), None
    found: dict[str, tuple[str, int]] = {}
    for block in page.blocks:
        for cue in _ORGANIZED.finditer(fold(block.text)) if block.kind is not BlockKind.FRONT else ():
            if name := _proper_name(block.text[cue.end() : cue.end() + 200]):
                found.setdefault(fold(name), (name, block.line_at(cue.start())))
    if found:
        first, *others = found.values()
        if others:
            doubts.at(DoubtKind.ORGANIZER, "More than one organiser is named; the first is taken.", others[0][1])
        return first[0], None
    if (entry := page.entry(*_AUTHOR_KEYS)) is not None:
        return clean(entry.value), entry
    if site := _value(page, "og:site_name"):
        entry = page.entry("og:site_name")
        return clean(site), entry
    doubts.at(DoubtKind.ORGANIZER, "The page names no organiser.", 0)
    return None, None


def _proper_name(text: str) -> str:
    """The words with a capital at the beginning of a text: "la Red Ciudadana junto con ..." gives "Red Ciudadana"."""
    found = _NAME.match(text)
    words: list[str] = []
    for word in found[0].split() if found else ():
        if word[:1].isupper() or word[:1].isdigit() or (fold(word) in _SMALL and words):
            words.append(word)
        elif fold(word) in _SMALL and not words:
            continue
        else:
            break
    while words and fold(words[-1]) in _SMALL:
        words.pop()
    return clean(" ".join(words).strip("*_\"'“”«» -–—"))


def _confirmed(organizer: tuple[str | None, Entry | None], email: str | None, doubts: Doubts) -> str | None:
    """The organiser; a doubt where it is only the page's author, unless the contact's domain has the same name."""
    name, author = organizer
    if name is not None and author is not None:
        letters = re.sub(r"[^a-z0-9]", "", fold(name))
        domain = (email or "").rpartition("@")[2].replace("-", "")
        if len(letters) < 4 or letters not in domain.replace(".", ""):
            doubts.at(
                DoubtKind.ORGANIZER,
                f"Taken from the page's {author.key.strip('<>')}; an organiser is not named.",
                author.line,
            )
    return name


_EMAIL_KEYS = (
    "correo",
    "email",
    "contacto",
    "contact",
    "e-mail",
    "mail",
    "organizer.email",
    "contact.email",
    "contacto.correo",
)
_CONTACT = re.compile(
    any_of(
        "contact*, consulta, consultas, dudas, inform*, escrib*, correo*, email*, e-mail, question, questions, "
        "write, preguntas"
    )
)
_OFFICE = re.compile(
    r"(?:info|contact[oa]?|eventos?|events?|hola|hello|capacitaci\w*|formacion|comunicaci\w*|office|admin|secretar\w*|"
    r"academ\w*|inscrip\w*)[\w.+-]*@"
)


def _email(page: Page, segments: Sequence[Segment], doubts: Doubts) -> str | None:
    entry = page.nested(*_EMAIL_KEYS)
    if entry is not None and is_email(entry.value.strip()):
        return entry.value.strip()
    for event in page.events:
        if is_email(event.email):
            return event.email
    lines = {
        segment.line
        for segment in segments
        if (text := segment.folded(segment.begin, segment.end)) and (_CONTACT.search(text) or _ORGANIZED.search(text))
    }
    found = {link.url.lower(): link for link in reversed(page.emails) if is_email(link.url)}
    found = dict(reversed(found.items()))
    if not found:
        doubts.at(DoubtKind.EMAIL, "The page names no e-mail address.", 0)
        return None
    labelled = [link for link in found.values() if link.line in lines]
    if len(labelled) == 1:
        return labelled[0].url
    first = (labelled or list(found.values()))[0]
    if len(found) == 1 and _OFFICE.match(fold(first.url)):
        return first.url
    doubts.at(
        DoubtKind.EMAIL,
        f"Which address answers go to is not certain; the {'first' if len(found) > 1 else 'only'} one is taken.",
        first.line,
    )
    return first.url


# ------------------------------------------------------------------------------------------------------------- link


@dataclass(frozen=True, slots=True)
class _Registration:
    url: str | None = None
    meeting_id: str | None = None
    other_form: str | None = None
    line: int = 0
    sure: bool = True

    @property
    def found(self) -> bool:
        return bool(self.url or self.meeting_id or self.other_form)


_MEETING_NUMBER = re.compile(
    "(?:"
    + any_of("id, id de reunion, id de la reunion, id de la sesion, id zoom, zoom id, meeting id, webinar id, reunion")
    + r")\s{0,3}[:#n°.]{0,3}\s{0,3}(\d{3}[ -]?\d{3,4}[ -]?\d{3,4})(?!\d)"
)
_SHORTENERS = (
    "bit.ly",
    "tinyurl.com",
    "cutt.ly",
    "goo.gl",
    "t.co",
    "ow.ly",
    "rb.gy",
    "is.gd",
    "buff.ly",
    "n9.cl",
    "acortar.link",
)


def _registration(page: Page, segments: Sequence[Segment], doubts: Doubts) -> _Registration:
    forms: dict[str, tuple[str, int]] = {}
    joins: dict[str, int] = {}
    others: dict[str, tuple[str, int]] = {}
    for link in page.links:
        if (name := form_of_link(link.url)) == "Zoom":
            forms.setdefault(registration_token(link.url), (link.url, link.line))
        elif name:
            others.setdefault(name, (link.url, link.line))
        elif number := meeting_id_of_link(link.url):
            joins.setdefault(number, link.line)
        elif urlsplit(link.url).hostname == "events.zoom.us":
            others.setdefault("Zoom Events", (link.url, link.line))
    number = _meeting_number(segments)
    if forms:
        url, line = next(iter(forms.values()))
        if len(forms) > 1:
            doubts.at(
                DoubtKind.LINK, "Another Zoom form is linked as well; the first is taken.", list(forms.values())[1][1]
            )
        for name, (_, other_line) in others.items():
            doubts.at(
                DoubtKind.FORM, f"{name} is linked as well: zoomsync cannot sync who registers there.", other_line
            )
        meeting_id = number or (next(iter(joins)) if len(joins) == 1 else None)
        if joins:
            doubts.at(
                DoubtKind.LINK,
                "The link to join stands on the page: whoever uses it is not registered.",
                next(iter(joins.values())),
            )
        return _Registration(_plain_link(url), meeting_id, None, line, sure=len(forms) == 1)
    for name, (_, line) in others.items():
        doubts.at(
            DoubtKind.FORM,
            f"The form is one of {name}, and zoomsync cannot sync it: who registers there is unknown to Zoom. "
            "Switch registration on in Zoom, and write the link of Zoom's own form.",
            line,
        )
    if joins or number:
        line = next(iter(joins.values()), 0)
        if joins:
            doubts.at(
                DoubtKind.LINK, "This is the link to join, not to register: is registration on for that meeting?", line
            )
        if len({*joins, *([number] if number else [])}) > 1:
            doubts.at(DoubtKind.LINK, "More than one meeting is named; the first is taken.", line)
        return _Registration(None, number or next(iter(joins)), next(iter(others), None), line, sure=False)
    if not others:
        short = next(
            (link for link in page.links if (urlsplit(link.url).hostname or "").removeprefix("www.") in _SHORTENERS),
            None,
        )
        if short is not None:
            doubts.at(
                DoubtKind.LINK,
                "Where this short link leads is not looked up; no Zoom link stands on the page.",
                short.line,
            )
            return _Registration(line=short.line, sure=False)
        doubts.at(DoubtKind.LINK, "No Zoom link stands on the page.", 0)
        return _Registration(sure=False)
    return _Registration(None, None, next(iter(others)), next(iter(others.values()))[1], sure=False)


def _plain_link(url: str) -> str:
    """The link without what is behind "?": campaigns, and sometimes what is nobody's business."""
    return url.partition("?")[0].partition("#")[0]


def _meeting_number(segments: Sequence[Segment]) -> str | None:
    for segment in segments:
        text = segment.folded(segment.begin, segment.end)
        found = _MEETING_NUMBER.search(text)
        digits = re.sub(r"\D", "", found[1]) if found else ""
        if 9 <= len(digits) <= 11:
            return digits
    return None


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
        "The page announces more than one event; one is taken.",
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
    page: Page, segments: Sequence[Segment], schedule: Schedule, link: _Registration, marked: bool
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
        raise NoEvent("Its dates lie before the day it was written, and it has no registration form.")
    if schedule.dated and schedule.sessions and invites and _EVENT_WORDS.search(text):
        return
    if schedule.dated and registers(text) and _EVENT_WORDS.search(text) and (schedule.deadline or schedule.days):
        return
    if not schedule.dated and not schedule.deadline:
        raise NoEvent("No date of an event and no registration form can be read on it.")
    raise NoEvent("Dates stand on it, and neither a registration form nor an invitation to an event.")


def _check_order(schedule: Schedule, doubts: Doubts) -> None:
    if schedule.deadline is None or not schedule.sessions:
        return
    first = min(one.starts for one in schedule.sessions)
    moment = schedule.deadline
    late = moment > first if isinstance(moment, datetime) else moment > first.date()
    if late:
        doubts.at(DoubtKind.DEADLINE, "The deadline lies after the first session's start.", schedule.deadline_line)
