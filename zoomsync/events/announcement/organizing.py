"""Who organises a page's event, and where questions go. A page's author is an organiser only with a doubt."""

from __future__ import annotations

import re
from collections.abc import Sequence

from zoomsync.domain.announcement import DoubtKind
from zoomsync.events.announcement.doubts import Doubts
from zoomsync.events.announcement.page import BlockKind, Entry, Page
from zoomsync.events.announcement.segments import Segment
from zoomsync.events.announcement.tokens import any_of, fold, word_list
from zoomsync.language import _
from zoomsync.text import clean, is_email

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


def organizer_of(page: Page, email: str | None, doubts: Doubts) -> str | None:
    """The organiser's name. email: the contact, whose domain may confirm it."""
    return _confirmed(_organizer(page, doubts), email, doubts)


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
            doubts.at(DoubtKind.ORGANIZER, _("More than one organiser is named; the first is taken."), others[0][1])
        return first[0], None
    if (entry := page.entry(*_AUTHOR_KEYS)) is not None:
        return clean(entry.value), entry
    if (entry := page.entry("og:site_name")) is not None:
        return clean(entry.value), entry
    doubts.at(DoubtKind.ORGANIZER, _("The page names no organiser."), 0)
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
                _("Taken from the page's {place}; an organiser is not named.").format(place=author.key.strip("<>")),
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


def email_of(page: Page, segments: Sequence[Segment], doubts: Doubts) -> str | None:
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
        doubts.at(DoubtKind.EMAIL, _("The page names no e-mail address."), 0)
        return None
    labelled = [link for link in found.values() if link.line in lines]
    if len(labelled) == 1:
        return labelled[0].url
    first = (labelled or list(found.values()))[0]
    if len(found) == 1 and _OFFICE.match(fold(first.url)):
        return first.url
    doubts.at(
        DoubtKind.EMAIL,
        _("Which address answers go to is not certain; the first one is taken.")
        if len(found) > 1
        else _("Which address answers go to is not certain; the only one is taken."),
        first.line,
    )
    return first.url
