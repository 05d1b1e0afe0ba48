"""What a registrant reads: each kind in each language and way of address, and nothing that a stranger put in."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import DEADLINE, FIVE_HOURS, SESSION_1, SESSION_2, make_event, make_registrant, make_session
from zoomsync.domain.records import Event, EventStatus, Reminders
from zoomsync.errors import DeliveryRefused, SettingsError, TemplateBroken
from zoomsync.mail.headers import message_id
from zoomsync.mail.message import Attachment, OutgoingMessage
from zoomsync.mail.render import Announcement, MessageRequest, Renderer

ORGANISER = "info@redciudadana.org.gt"
DAY_BEFORE = SESSION_1 - timedelta(hours=15)  # 17:00 in Guatemala
WEEK_BEFORE = SESSION_1 - timedelta(days=7)
AFTERNOON = make_session(
    key="s1b", title="Tarde", starts_at=SESSION_1 + timedelta(hours=7), ends_at=SESSION_1 + timedelta(hours=9)
)
MOVED = make_session(
    starts_at=SESSION_1 + timedelta(days=2, hours=1),
    ends_at=SESSION_1 + timedelta(days=2, hours=6),
    previous_starts_at=SESSION_1,
    sequence=1,
)
WAYS = [("es", "usted"), ("es", "tu"), ("es", "vos"), ("en", "usted")]
KINDS: dict[str, dict[str, Any]] = {
    "before:3d": {"now": SESSION_1 - timedelta(days=3)},
    "before:1d 17:00": {"now": DAY_BEFORE},
    "before:1h": {"now": SESSION_1 - timedelta(hours=1)},
    "welcome": {"now": DAY_BEFORE, "sessions": (make_session(), AFTERNOON)},
    "moved": {"now": WEEK_BEFORE, "sessions": (MOVED,)},
    "called_off": {"now": WEEK_BEFORE, "sessions": (make_session(cancelled=True, sequence=1),)},
    "after:2h": {"now": SESSION_1 + timedelta(hours=7)},
    "late": {"now": DEADLINE + timedelta(hours=1), "sessions": ()},
    "certificate": {
        "now": SESSION_2 + timedelta(days=1),
        "sessions": (),
        "attachments": (Attachment("constancia.pdf", "application/pdf", bytes(range(256))),),
    },
    "announce": {
        "now": WEEK_BEFORE,
        "sessions": (),
        "announcement": Announcement("Programa del encuentro", "El programa está listo.", "<p>El <b>programa</b>.</p>"),
    },
}


def request(kind: str = "before:1d 17:00", **changes: Any) -> MessageRequest:
    values: dict[str, Any] = {
        "event": make_event(),
        "registrant": make_registrant(),
        "now": DAY_BEFORE,
        "message_id": message_id("inst", "81234567890", "r000001", "s1", kind, "", "redciudadana.org.gt"),
        "sessions": (make_session(),),
    }
    return MessageRequest(kind=kind, **{**values, **KINDS.get(kind, {}), **changes})


def render(kind: str = "before:1d 17:00", **changes: Any) -> OutgoingMessage:
    return Renderer().render(request(kind, **changes))


def parsed(message: OutgoingMessage) -> EmailMessage:
    found = message_from_bytes(message.data, policy=modern)
    assert isinstance(found, EmailMessage)
    return found


def spaced(text: str) -> str:
    return text.replace("\u00a0", " ")


# ---------------------------------------------------------------------------------------------------- literal texts


def test_the_reminder_of_the_day_before_in_spanish() -> None:
    message = render(event=make_event(registration_deadline=SESSION_1))
    assert message.subject == "Mañana martes 7, 8:00 a. m.: Encuentro de Justicia Abierta 2023"
    assert message.text == (
        "Buen día, María:\n"
        "\n"
        "Le esperamos mañana en «Encuentro de Justicia Abierta 2023».\n"
        "\n"
        "Encuentro de Justicia Abierta 2023\n"
        "Sesión 1\n"
        "Mañana, martes 7 de marzo de 2023\n"
        "de 8:00\u00a0a.\u00a0m. a 1:00\u00a0p.\u00a0m., hora de Guatemala (GMT-6)\n"
        "\n"
        "Su enlace personal para entrar:\n"
        "\n"
        "https://us06web.zoom.us/w/81234567890?tk=personal-1\n"
        "\n"
        "Este enlace es personal; por favor, no lo comparta.\n"
        "Para invitar a otras personas, comparta esta página; la inscripción está abierta hasta el martes 7 de marzo "
        "de 2023, 8:00\u00a0a.\u00a0m.:\n"
        "https://redciudadana.org/\n"
        "\n"
        "Para cualquier consulta, responda a este correo o escriba a info@redciudadana.org.gt.\n"
        "\n"
        "Saludos cordiales,\n"
        "Red Ciudadana\n"
        "\n"
        "--\n"
        "Recibe este correo de Red Ciudadana porque se inscribió en «Encuentro de Justicia Abierta 2023».\n"
        "Dejar de recibir recordatorios (su inscripción sigue vigente): escriba a info@redciudadana.org.gt con el "
        "asunto «Dejar de recibir recordatorios: justicia-abierta-2023».\n"
    )


def test_the_reminder_of_the_same_day_in_english() -> None:
    message = render("before:1h", event=make_event(language="en", title="Open Justice Meeting 2023"))
    assert message.subject == "Today, 8:00 AM: your link for Open Justice Meeting 2023"
    assert message.text == (
        "Hello María,\n"
        "\n"
        "See you today at “Open Justice Meeting 2023”.\n"
        "\n"
        "Open Justice Meeting 2023\n"
        "Sesión 1\n"
        "Today, Tuesday, March 7, 2023\n"
        "8:00\u00a0AM to 1:00\u00a0PM, Guatemala Time (GMT-6)\n"
        "\n"
        "Your personal link to join:\n"
        "\n"
        "https://us06web.zoom.us/w/81234567890?tk=personal-1\n"
        "\n"
        "This link is yours alone; please do not pass it on.\n"
        "\n"
        "Any questions? Reply to this e-mail or write to info@redciudadana.org.gt.\n"
        "\n"
        "Kind regards,\n"
        "Red Ciudadana\n"
        "\n"
        "--\n"
        "You receive this e-mail from Red Ciudadana because you registered for “Open Justice Meeting 2023”.\n"
        "Stop receiving reminders (your registration stays valid): write to info@redciudadana.org.gt with the subject "
        "“Stop receiving reminders: justicia-abierta-2023”.\n"
    )


SUBJECTS = {
    "before:3d": "Martes 7 de marzo, 8:00 a. m.: Encuentro de Justicia Abierta 2023",
    "before:1d 17:00": "Mañana martes 7, 8:00 a. m.: Encuentro de Justicia Abierta 2023",
    "before:1h": "Hoy, 8:00 a. m.: su enlace para Encuentro de Justicia Abierta 2023",
    "welcome": "Mañana martes 7, 8:00 a. m.: su enlace para Encuentro de Justicia Abierta 2023",
    "moved": "CAMBIO DE FECHA: jueves 9 de marzo, 9:00 a. m.: Encuentro de Justicia Abierta 2023",
    "called_off": "CANCELADO: martes 7 de marzo, 8:00 a. m.: Encuentro de Justicia Abierta 2023",
    "after:2h": "Gracias por participar: Encuentro de Justicia Abierta 2023",
    "late": "Recibimos su inscripción después del cierre: Encuentro de Justicia Abierta 2023",
    "certificate": "Constancia de participación: Encuentro de Justicia Abierta 2023",
    "announce": "Programa del encuentro",
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_subject_says_what_matters_first(kind: str) -> None:
    assert render(kind).subject == SUBJECTS[kind]


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("welcome", "Su inscripción en «Encuentro de Justicia Abierta 2023» está confirmada. Le esperamos mañana."),
        ("moved", "Antes: martes 7 de marzo de 2023, 8:00 a. m.\nAhora: jueves 9 de marzo de 2023, de 9:00 a. m. a"),
        ("called_off", "Lamentamos informar que esta sesión de «Encuentro de Justicia Abierta 2023» se canceló:"),
        ("after:2h", "Gracias por participar en «Encuentro de Justicia Abierta 2023» el martes 7 de marzo de 2023."),
        ("late", "cerró el domingo 5 de marzo de 2023 y su solicitud llegó después, así que por ahora queda en"),
        ("announce", "El programa está listo."),
    ],
)  # fmt: skip
def test_each_kind_says_its_piece_in_spanish(kind: str, says: str) -> None:
    assert says in spaced(render(kind).text)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("welcome", "You are registered for “Encuentro de Justicia Abierta 2023”. See you tomorrow."),
        ("moved", "Before: Tuesday, March 7, 2023, 8:00 AM\nNow: Thursday, March 9, 2023, 9:00 AM to 2:00 PM"),
        ("called_off", "that this session of “Encuentro de Justicia Abierta 2023” has been cancelled:"),
        ("after:2h", "Thank you for taking part in “Encuentro de Justicia Abierta 2023” on Tuesday, March 7, 2023."),
        ("late", "closed on Sunday, March 5, 2023 and your request came after that, so for now it is waiting."),
    ],
)  # fmt: skip
def test_each_kind_says_its_piece_in_english(kind: str, says: str) -> None:
    assert says in spaced(render(kind, event=make_event(language="en")).text)


@pytest.mark.parametrize(
    ("trato", "says"),
    [
        ("usted", ["Le esperamos", "Su enlace", "no lo comparta.", "responda", "escriba", "Recibe", "se inscribió"]),
        ("tu", ["Te esperamos", "Tu enlace", "no lo compartas.", "responde", "escribe", "Recibes", "te inscribiste"]),
        ("vos", ["Te esperamos", "Tu enlace", "no lo compartás.", "respondé", "escribí", "Recibís", "te inscribiste"]),
    ],
)
def test_spanish_keeps_to_one_way_of_address(trato: str, says: list[str]) -> None:
    message = render(event=make_event(trato=trato))
    for words in says:
        assert words in message.text
        assert words.lower() in message.html.lower()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("trato", "foreign"), [
    ("usted", r"\b(tu|tus|te|ti|vos|tienes|tenés)\b"),
    ("tu", r"\b(su|sus|le|les|usted|vos|recibís|compartí|compartás|respondé|escribí)\b"),
    ("vos", r"\b(su|sus|le|les|usted)\b"),
])  # fmt: skip
def test_no_kind_mixes_ways_of_address(kind: str, trato: str, foreign: str) -> None:
    message = render(kind, event=make_event(trato=trato, title="Foro"))
    visible = re.sub(r"<(style|title).*?</\1>|<[^>]*>", " ", message.html, flags=re.S)
    for text in (message.text, visible):
        assert not re.search(foreign, text, re.IGNORECASE)


@pytest.mark.parametrize("kind", KINDS)
def test_spanish_never_guesses_a_gender_nor_speaks_of_cancelling_the_registration(kind: str) -> None:
    text = render(kind).text
    assert not re.search(r"estimad|bienvenid|querid|inscrit[oa]\b|dar(se)? de baja", text, re.IGNORECASE)


# ------------------------------------------------------------------------------------------------ parts of a message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("language", "trato"), WAYS)
def test_every_kind_is_a_sound_message_in_every_language(kind: str, language: str, trato: str) -> None:
    message = render(kind, event=make_event(language=language, trato=trato))
    found = parsed(message)
    for part in found.walk():
        assert not part.defects
    assert found.get_body(("plain",)).get_content().replace("\r\n", "\n") == message.text
    assert found.get_body(("html",)).get_content().replace("\r\n", "\n").rstrip() == message.html.rstrip()
    assert found["Subject"].replace("\u00a0", " ") == message.subject
    assert len(message.data) < 30_000
    assert message.data.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", message.data)
    assert max(map(len, message.data.split(b"\r\n"))) <= 200
    assert not re.search(r"(src|background)=|url\(|@import", message.html)


def test_the_headers_are_those_of_an_automatic_message_to_one_person() -> None:
    found = parsed(Renderer(sender="Red Ciudadana <avisos@redciudadana.org.gt>").render(request()))
    assert found["From"] == "Red Ciudadana <avisos@redciudadana.org.gt>"
    assert str(found["To"]) == "María López 1 <persona1@example.org>"
    assert found["Reply-To"].addresses[0].addr_spec == ORGANISER
    assert found["Date"].datetime == DAY_BEFORE
    assert found["Message-ID"] == request().message_id
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["List-Id"] == "<justicia-abierta-2023.redciudadana.org.gt>"
    assert found["List-Unsubscribe"].startswith(f"<mailto:{ORGANISER}?subject=Dejar%20de%20recibir")
    assert "List-Unsubscribe-Post" not in found
    assert not {"Cc", "Bcc"} & set(found.keys())


def test_one_click_is_offered_only_where_there_is_an_address_for_it() -> None:
    url = "https://avisos.example.org/u/TOKEN"
    message = render(unsubscribe_url=url)
    found = parsed(message)
    assert found["List-Unsubscribe"].startswith(f"<{url}>,")
    assert f"<mailto:{ORGANISER}?" in found["List-Unsubscribe"]
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"Dejar de recibir recordatorios (su inscripción sigue vigente):\n{url}\n" in message.text
    assert f'href="{url}"' in message.html


def test_without_a_sender_mail_comes_from_the_organiser() -> None:
    message = render()
    assert message.envelope_from == ORGANISER
    assert parsed(message)["From"].addresses[0].display_name == "Red Ciudadana"


def test_a_bare_sender_address_speaks_in_the_organisers_name() -> None:
    message = Renderer(sender="avisos@example.org").render(request())
    assert parsed(message)["From"] == "Red Ciudadana <avisos@example.org>"


def test_a_sender_that_is_no_address_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match=r"mail\.sender"):
        Renderer(sender="Red Ciudadana")


@pytest.mark.parametrize("kind", ["before:1h", "welcome", "moved"])
def test_the_link_stands_on_a_line_of_its_own(kind: str) -> None:
    assert make_registrant().join_url in render(kind).text.splitlines()


@pytest.mark.parametrize("kind", ["called_off", "after:2h", "late", "announce", "certificate"])
def test_the_personal_link_is_only_where_it_is_of_use(kind: str) -> None:
    assert make_registrant().join_url.encode() not in render(kind).data.replace(b"=\r\n", b"").replace(b"=3D", b"=")


@pytest.mark.parametrize("join_url", ["", "javascript:alert(1)", "https://x.test/a b", "https://x.test/\r\nBcc: a@b.c"])
def test_a_reminder_without_a_usable_link_is_not_written(join_url: str) -> None:
    with pytest.raises(DeliveryRefused, match="link"):
        render(registrant=make_registrant(join_url=join_url))


def test_the_page_for_inviting_others_is_named_until_the_deadline_only() -> None:
    page = "https://redciudadana.org/"
    assert page in render("before:3d", now=DEADLINE - timedelta(seconds=1)).text
    assert page not in render("before:3d", now=DEADLINE).text
    assert page not in render(event=make_event(page_url=None), now=WEEK_BEFORE).text


@pytest.mark.parametrize("kind", KINDS)
def test_the_organisers_note_stands_at_the_top_of_every_mail(kind: str) -> None:
    event = make_event(reminders=Reminders(before=(), note="Habrá interpretación en lengua de señas."))
    message = render(kind, event=event)
    assert message.text.split("\n\n")[1] == "Habrá interpretación en lengua de señas."
    assert "Habrá interpretación en lengua de señas." in message.html


def test_survey_and_recording_follow_the_event() -> None:
    links = {"survey_url": "https://example.org/encuesta", "recording_url": "https://example.org/video"}
    message = render("after:2h", event=make_event(reminders=Reminders(before=(), **links)))
    for link in links.values():
        assert link in message.text.splitlines()
        assert f'href="{link}"' in message.html
    assert "encuesta" not in render("after:2h").text


@pytest.mark.parametrize(
    ("kind", "method", "files"),
    [
        ("before:1h", "PUBLISH", ["invite.ics"]),
        ("welcome", "PUBLISH", ["invite.ics", "invite-2.ics"]),
        ("moved", "PUBLISH", ["invite.ics"]),
        ("called_off", "CANCEL", ["invite.ics"]),
        ("after:2h", None, []),
        ("late", None, []),
    ],
)
def test_the_calendar_entry_goes_with_what_changes_a_calendar(kind: str, method: str | None, files: list[str]) -> None:
    entries = [part for part in parsed(render(kind)).walk() if part.get_content_type() == "text/calendar"]
    assert [part.get_filename() for part in entries] == files
    for part in entries:
        assert part.get_param("method") == method
        assert f"METHOD:{method}" in part.get_content()


def test_a_move_within_the_day_is_a_change_of_hour() -> None:
    later = make_session(
        starts_at=SESSION_1 + timedelta(hours=1), ends_at=SESSION_1 + FIVE_HOURS, previous_starts_at=SESSION_1
    )
    message = render("moved", sessions=(later,))
    assert message.subject.startswith("CAMBIO DE HORA: martes 7 de marzo, 9:00 a. m.: ")
    assert "Cambió la hora de" in message.text


def test_a_cancelled_event_says_so_and_names_its_sessions() -> None:
    event = make_event(status=EventStatus.CANCELLED)
    message = render("called_off", event=event, sessions=(make_session(), AFTERNOON))
    assert message.subject == "CANCELADO: Encuentro de Justicia Abierta 2023"
    assert "Lamentamos informar que «Encuentro de Justicia Abierta 2023» se canceló." in message.text
    assert "Tarde" in message.text
    assert "siguen en pie" not in message.text


def test_a_cancelled_session_says_whether_others_remain() -> None:
    assert "Las demás sesiones siguen en pie." in render("called_off").text
    alone = make_event(sessions=make_event().sessions[:1])
    assert "siguen en pie" not in render("called_off", event=alone).text


def test_the_days_ahead_follow_the_events_zone_and_not_utc() -> None:
    late_evening = SESSION_1.replace(day=7, hour=3)  # 21:00 on the 6th in Guatemala, the 7th already in UTC
    assert render(now=late_evening).subject.startswith("Mañana martes 7, ")
    assert render(now=SESSION_1.replace(hour=6)).subject.startswith("Hoy, ")


def test_a_session_named_like_the_event_is_not_named_twice() -> None:
    session = make_session(title="Encuentro de Justicia Abierta 2023")
    assert render(sessions=(session,)).text.splitlines().count("Encuentro de Justicia Abierta 2023") == 1


def test_a_test_message_is_marked_as_one() -> None:
    assert render(test=True).subject.startswith("[PRUEBA] Mañana")
    assert render(test=True, event=make_event(language="en")).subject.startswith("[TEST] Tomorrow")


def test_an_attachment_arrives_as_it_was() -> None:
    [pdf] = [part for part in parsed(render("certificate")).iter_attachments() if part.get_filename()]
    assert (pdf.get_filename(), pdf.get_content_type(), pdf.get_content()) == (
        "constancia.pdf",
        "application/pdf",
        bytes(range(256)),
    )


def test_the_same_request_gives_the_same_bytes() -> None:
    assert render().data == render().data


# ------------------------------------------------------------------------------------------------- hostile names

HOSTILE = [
    "=?utf-8?q?x=0d=0aBcc:_e@x.test?=", "Ana\r\nBcc: e@x.test", "Ana\nBcc: e@x.test", "Ana\rBcc: e@x.test",
    "Ana\x00", "Ana\x1b[31m", "\u202eanA", "<script>alert(1)</script>", "<b>Ana</b>", "{{7*7}}", "{% raw %}", "%s%n",
    "${7*7}", "'; DROP TABLE registrants;--", "=cmd|'/c calc'!A0", "../../etc/passwd", "مريم", "😀😀", "A" * 10_000,
    "Ana\u2028Bcc: e@x.test", "Ana\x85Bcc: e@x.test", '"Ana" <e@x.test>', "Ana, Beto", "Ana <e@x.test>,", "\ud800",
    "Gane dinero en http://malo.test", "www.malo.test", "malo.test/oferta", "e@x.test", "502 5555 1234", " ", "",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_adds_a_header_a_recipient_or_markup(name: str) -> None:
    message = render(registrant=make_registrant(first_name=name, last_name=name))
    found = parsed(message)
    assert found.keys() == parsed(render()).keys()
    assert [address.addr_spec for address in found["To"].addresses] == ["persona1@example.org"]
    for fragment in ("<script", "<b>Ana", "49", "http://malo", "\x1b", "\u202e"):
        assert fragment not in re.sub(r'style="[^"]*"|<style.*?</style>', "", message.html, flags=re.S)
        assert fragment not in message.text


@given(first=st.text(max_size=80), title=st.text(max_size=80), note=st.text(max_size=80))
def test_whatever_is_typed_the_headers_are_those_that_were_meant(first: str, title: str, note: str) -> None:
    event = make_event(title=f"Foro {title}", reminders=Reminders(before=(), note=note))
    message = render(event=event, registrant=make_registrant(first_name=first))
    found = parsed(message)
    assert found.keys() == parsed(render()).keys()
    assert found["To"].addresses[0].addr_spec == message.envelope_to == "persona1@example.org"


@pytest.mark.parametrize(
    ("first_name", "greeting"),
    [
        ("María", "Buen día, María:"),
        ("Ma. Elena", "Buen día, Ma. Elena:"),
        ("O'Brien", "Buen día, O'Brien:"),
        ("  ", "Buen día:"),
        ("", "Buen día:"),
        ("12345", "Buen día:"),
        ("visite www.malo.test", "Buen día:"),
        ("premios.malo.test", "Buen día:"),
        ("A" * 61, "Buen día:"),
    ],
)
def test_only_a_usable_name_is_greeted(first_name: str, greeting: str) -> None:
    assert render(registrant=make_registrant(first_name=first_name)).text.splitlines()[0] == greeting


def test_html_is_escaped() -> None:
    event = make_event(title='Foro <script>"x"</script> & más')
    html = render(event=event).html
    assert "<script>" not in html
    assert "Foro &lt;script&gt;" in html


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=400))
def test_any_text_of_the_organisers_arrives_line_by_line(text: str) -> None:
    message = render("announce", announcement=Announcement("Programa", f"[{text}]", "<p>Programa</p>"))
    arrived = message_from_bytes(message.data).get_payload(0).get_payload(decode=True)
    assert arrived.splitlines() == message.text.encode().splitlines()
    assert max(map(len, message.data.split(b"\r\n"))) <= 200


def test_a_header_that_is_not_ascii_is_refused() -> None:
    with pytest.raises(DeliveryRefused, match="not ASCII"):
        render(unsubscribe_url="https://avisos.example.org/ñ")


def test_an_address_that_cannot_be_written_to_is_refused_with_the_reason() -> None:
    with pytest.raises(DeliveryRefused, match="SMTPUTF8"):
        render(registrant=make_registrant(email="maría@example.org"))


# ------------------------------------------------------------------------------------------------------- overrides


def override(folder: Path, name: str, text: str) -> Renderer:
    (folder / "es").mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return Renderer(template_dir=folder)


def test_an_operators_template_comes_first_and_the_others_stay(tmp_path: Path) -> None:
    renderer = override(tmp_path, "es/before.txt", "Asunto propio: {{ title }}\n\nEntre aquí:\n{{ link }}\n")
    message = renderer.render(request())
    assert message.subject == "Asunto propio: Encuentro de Justicia Abierta 2023"
    assert message.text == f"Entre aquí:\n{make_registrant().join_url}\n"
    assert "Le esperamos mañana" in message.html
    assert renderer.render(request("welcome")).subject == SUBJECTS["welcome"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Asunto\n\n{% if %}\n", 3),
        ("Asunto\n{{ nombre }}\n", 2),
        ("Asunto\n\n\n{{ session.nombre }}\n", 4),
        ("Asunto\n{{ ''.__class__.__mro__ }}\n", 2),
        ("Asunto\n{{ 1 / 0 }}\n", 2),
        ("Asunto\n{% include 'es/falta.txt' %}\n", None),
    ],
)
def test_a_broken_template_is_one_line_naming_file_and_line(tmp_path: Path, text: str, line: int | None) -> None:
    renderer = override(tmp_path, "es/before.txt", text)
    with pytest.raises(TemplateBroken) as raised:
        renderer.render(request())
    words = str(raised.value)
    assert "\n" not in words
    assert words.startswith(f"{tmp_path / 'es/before.txt'}, line {line}: " if line else "there is no template es/falta")


def test_a_name_is_never_a_template(tmp_path: Path) -> None:
    renderer = override(tmp_path, "es/before.txt", "Asunto\n{{ organizer_name }}\n")
    event: Event = make_event(organizer=replace(make_event().organizer, name="{{ 7 * 7 }}"))
    assert renderer.render(request(event=event)).text == "{{ 7 * 7 }}\n"


def test_an_unknown_kind_names_the_template_that_is_missing() -> None:
    with pytest.raises(TemplateBroken, match="es/postcard"):
        render("postcard")
