"""A certificate of attendance as a PDF: the words and dates, the template, and Typst that sets it.

The template is a small program of the operator's; what comes from strangers reaches it as text and is never run. Typst
comes whole in its wheel, fonts included: it needs nothing of the machine.
"""

from __future__ import annotations

import io
import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from babel.dates import format_date

from zoomsync.domain.certificates import Certificate, shown_code
from zoomsync.domain.records import Event
from zoomsync.errors import TemplateBroken
from zoomsync.text import clean

if TYPE_CHECKING:
    import typst

TEMPLATE = "certificate.typ"
CERTIFICATE_WORD = {"es": "constancia", "en": "certificate"}  # in file names

_BUILT_IN = Path(__file__).parent / "templates"
_LONGEST_NAME = 120
_DAYS_SPELT_OUT = 4
_UNBROKEN_AT_MOST = 30
_QR_INK = "#1f2d3d"


@dataclass(frozen=True)
class CertificatePrinter:
    """Makes PDFs. template_dir: the operator's folder; `certificate.typ` there comes before ours, and fonts there are
    used too. public_url: the web part's address, which the QR code leads to; None for no QR code.
    """

    template_dir: Path | None = None
    public_url: str | None = None

    def pdf(self, certificate: Certificate, event: Event) -> bytes:
        """The certificate in the event's language; some 30 ms each. Raises TemplateBroken."""
        import typst

        template = self._template
        values = {"certificate": json.dumps(self._words(certificate, event), ensure_ascii=False)}
        try:
            made = typst.compile(
                template,
                root=template.parent,
                font_paths=self._fonts,
                sys_inputs=values,
                timestamp=certificate.issued_at,
                format="pdf",
            )
        except typst.TypstError as exc:
            hints = "".join(f" {hint}" for hint in exc.hints)
            place = f" ({' '.join(exc.trace[0].split())})" if exc.trace else ""
            raise TemplateBroken(f"{template}: {exc.message}{place}{hints}") from exc
        assert isinstance(made, bytes)
        return made

    @property
    def _template(self) -> Path:
        if self.template_dir is not None and (self.template_dir / TEMPLATE).is_file():
            return self.template_dir / TEMPLATE
        return _BUILT_IN / TEMPLATE

    @cached_property
    def _fonts(self) -> typst.Fonts:
        """Those in the wheel, the operator's, and the machine's, for scripts that neither of them has."""
        import typst

        own = [self.template_dir] if self.template_dir is not None and self.template_dir.is_dir() else []
        return typst.Fonts(include_system_fonts=True, include_embedded_fonts=True, font_paths=own)

    def _words(self, one: Certificate, event: Event) -> dict[str, str]:
        """What the template gets, each ready to be printed."""
        language, zone = event.language, ZoneInfo(event.timezone)
        check_url = f"{self.public_url.rstrip('/')}/c/{one.code}" if self.public_url else ""
        return {
            "language": language,
            "name": breakable(clean(one.name, limit=_LONGEST_NAME)),
            "event": breakable(clean(one.event_title)),
            "organizer": breakable(clean(event.organizer.name)),
            "contact": event.organizer.email,
            "dates": date_list(one.dates, language),
            "attended": time_words(one.attended, language),
            "scheduled": time_words(one.scheduled, language),
            "issued": format_date(one.issued_at.astimezone(zone).date(), "long", locale=language),
            "code": shown_code(one.code),
            "check_url": check_url,
            "qr": _qr(check_url) if check_url else "",
        }


def date_list(days: tuple[date, ...], language: str) -> str:
    """ "7 y 8 de marzo de 2023", "March 7 and 8, 2023"; from the first to the last where they are many."""
    *others, last = days

    def short(day: date) -> str:
        return format_date(day, _DAY_AND_MONTH[language] if day.year == last.year else "long", locale=language)

    if len(days) > _DAYS_SPELT_OUT:
        return _FROM_TO[language].format(short(days[0]), format_date(last, "long", locale=language))
    alike = [day for day in others if (day.year, day.month) == (last.year, last.month)]
    numbers = _joined([*(str(day.day) for day in alike), str(last.day)], language)
    whole = format_date(last, _WHOLE_DATE[language], locale=language).replace("#", numbers)
    return _joined([*(short(day) for day in others if day not in alike), whole], language)


_FROM_TO = {"es": "del {} al {}", "en": "{} to {}"}
_DAY_AND_MONTH = {"es": "d 'de' MMMM", "en": "MMMM d"}
_WHOLE_DATE = {"es": "'#' 'de' MMMM 'de' y", "en": "MMMM '#', y"}
_AND = {"es": "y", "en": "and"}


def _joined(parts: list[str], language: str) -> str:
    *others, last = parts
    return f"{', '.join(others)} {_AND[language]} {last}" if others else last


def time_words(time: timedelta, language: str) -> str:
    """ "8 horas 20 minutos", "1 hour"; to the minute."""
    minutes = round(time.total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    names = {"es": ("hora", "minuto"), "en": ("hour", "minute")}[language]
    counted = [(hours, names[0]), (rest, names[1])]
    parts = [f"{count} {name if count == 1 else name + 's'}" for count, name in counted if count]
    return " ".join(parts) or f"0 {names[1]}s"


def may_lack_glyphs(text: str) -> bool:
    """Whether the text holds what the fonts that come along have not: Chinese, Japanese, Korean, emoji."""
    return any(unicodedata.east_asian_width(character) in "WF" for character in text)


def breakable(text: str) -> str:
    """The text with places where a very long word may go on in the next line."""
    return re.sub(rf"(\S{{{_UNBROKEN_AT_MOST}}})(?=\S)", "\\1\u200b", text)


def _qr(address: str) -> str:
    import segno

    picture = io.BytesIO()
    segno.make(address, error="m", micro=False).save(picture, kind="svg", border=0, dark=_QR_INK, xmldecl=False)
    return picture.getvalue().decode()
