"""Certificates as PDF: one page whatever the name, and what a stranger wrote is text."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pypdfium2
import pytest

from tests.builders import make_event, utc
from zoomsync.domain.certificates import Certificate
from zoomsync.errors import TemplateBroken
from zoomsync.reports.certificates import TEMPLATE, CertificatePrinter, date_list, may_lack_glyphs, time_words

ONE = Certificate(
    code="7K3M9QWX2TBD",
    event_id=1,
    event_title="Encuentro de Justicia Abierta 2023",
    name="María José Ñandú Gutiérrez",
    registrant_row=1,
    dates=(date(2023, 3, 7), date(2023, 3, 8)),
    attended=timedelta(hours=8, minutes=20),
    scheduled=timedelta(hours=10),
    issued_at=utc(2023, 3, 20, 16),
)


def printed(certificate: Certificate = ONE, language: str = "es", **printer: object) -> tuple[int, str]:
    """How many pages, and the text of the first as a reader has it, in one line."""
    data = CertificatePrinter(**printer).pdf(certificate, make_event(language=language))  # type: ignore[arg-type]
    document = pypdfium2.PdfDocument(data)
    text = document[0].get_textpage().get_text_bounded()
    pages = len(document)
    document.close()
    return pages, " ".join(text.split())


def test_certificate_says_who_what_when_and_how_it_is_checked():
    pages, text = printed()
    assert pages == 1
    for words in (
        "Constancia de participación",
        "María José Ñandú Gutiérrez",
        "Encuentro de Justicia Abierta 2023",
        "7 y 8 de marzo de 2023",
        "8 horas 20 minutos de 10 horas",
        "Emitida el 20 de marzo de 2023",
        "7K3M-9QWX-2TBD",
        "info@redciudadana.org.gt",
    ):
        assert words in text
    assert "http" not in text


def test_with_a_public_address_the_code_can_be_checked_there():
    _, text = printed(language="en", public_url="https://eventos.example.org/")
    assert "Certificate of attendance" in text
    assert "March 7 and 8, 2023" in text
    assert "https://eventos.example.org/c/7K3M9QWX2TBD" in text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ('#eval("1") *b* $x$ <a> @b [c] \\', '#eval("1") *b* $x$ <a> @b [c] \\'),
        ("A" * 10_000, "A" * 30),
        ("Ana\n\x1b[31m\u202egnp.López " * 500, "Ana [31mgnp.López"),
        ("שרה כהן-לוי", "2023"),
        ("محمد عبد الرحمن العربي", "2023"),
        ("Wolfeschlegelsteinhausenbergerdorff de la Santísima Trinidad y Todos los Santos Hernández", "Santos"),
    ],
)
def test_any_name_is_text_and_fits_on_one_page(name: str, shown: str):
    pages, text = printed(replace(ONE, name=name, event_title=name[:300] + " 2023"))
    assert pages == 1
    assert shown in text.replace("\u200b", "")


def test_operators_template_comes_first_and_its_trouble_is_told_with_its_place(tmp_path: Path):
    (tmp_path / TEMPLATE).write_text("#let it = json(bytes(sys.inputs.certificate))\nHola #it.name, #it.event")
    assert printed(template_dir=tmp_path)[1] == f"Hola {ONE.name}, {ONE.event_title}"
    (tmp_path / TEMPLATE).write_text("#unknown")
    with pytest.raises(TemplateBroken, match=r"certificate.typ: unknown variable: unknown"):
        printed(template_dir=tmp_path)


def test_names_that_want_another_font_are_known():
    assert [may_lack_glyphs(name) for name in ("王小明", "Ana 🎉", "María Ñandú", "محمد", "שרה")] == [True, True] + [
        False
    ] * 3


def test_dates_and_hours_in_words():
    days = tuple(date(2023, 3, day) for day in (7, 8, 9))
    assert date_list(days[:1], "es") == "7 de marzo de 2023"
    assert date_list(days, "es") == "7, 8 y 9 de marzo de 2023"
    assert date_list((date(2023, 2, 28), *days[:2]), "en") == "February 28 and March 7 and 8, 2023"
    assert date_list((date(2022, 12, 31), date(2023, 1, 1)), "es") == "31 de diciembre de 2022 y 1 de enero de 2023"
    assert (
        date_list(tuple(date(2023, month, 7) for month in range(3, 8)), "es") == "del 7 de marzo al 7 de julio de 2023"
    )
    assert time_words(timedelta(hours=1, minutes=1), "es") == "1 hora 1 minuto"
    assert time_words(timedelta(0), "en") == "0 minutes"
