"""What a page calls its event, and which language it is written in."""

from __future__ import annotations

import re

from zoomsync.domain.announcement import DoubtKind
from zoomsync.events.announcement.doubts import Doubts
from zoomsync.events.announcement.page import BlockKind, Page
from zoomsync.events.announcement.tokens import any_of, fold, word_list
from zoomsync.language import _
from zoomsync.text import clean

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


def title_of(page: Page, doubts: Doubts) -> tuple[str, bool]:
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
        doubts.at(DoubtKind.TITLE, _("Which heading is the event's title is not certain."), highest[0].line_at(0))
        return _short(highest[0].text), False
    if named is not None:
        doubts.at(DoubtKind.TITLE, _("Taken from the page's own title."), named.line)
        return _short(named.value), False
    lines = [block for block in page.blocks if block.kind is not BlockKind.FRONT and not block.aside]
    texts = [(found[0], block.line_at(found.start())) for block in lines for found in re.finditer(".+", block.text)]
    title, line = next((one for one in texts if not _NO_TITLE.fullmatch(fold(one[0]))), ("", 0))
    doubts.at(DoubtKind.TITLE, _("No title is marked as such: the first line is taken."), line)
    return _short(title), False


def _short(text: str) -> str:
    return clean(text.strip("*_#` \n"), limit=200)


def year_in(title: str) -> int | None:
    """The one year in a title, None where there is none or more."""
    years = {int(year) for year in re.findall(r"(?<!\d)20\d\d(?!\d)", title)}
    return years.pop() if len(years) == 1 else None


_WORDS = {
    "es": frozenset(
        word_list("de la que el en y los del las por con para una al se inscripcion fecha hora su es le lo")
    ),
    "en": frozenset(word_list("the of and to in for is on will with you this from at your our we by or registration")),
}


def language_of(page: Page, doubts: Doubts) -> str:
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
        doubts.at(
            DoubtKind.LANGUAGE,
            _('The language of the page is not certain: "{likely}" is taken.').format(likely=likely),
            0,
        )
    elif stated and stated != likely:
        doubts.at(
            DoubtKind.LANGUAGE,
            _('The page calls itself "{language}", and is written in "{likely}".').format(
                language=page.language, likely=likely
            ),
            0,
        )
    return likely
