"""The mail that warns an organiser: the personal data of an event is about to be removed. In the event's language."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from zoomsync.domain.records import Event
from zoomsync.mail.alarm import plain_mail
from zoomsync.mail.headers import Mailbox, mailbox
from zoomsync.mail.message import OutgoingMessage
from zoomsync.mail.wording import date_words
from zoomsync.text import clean, header_text

_LONGEST_TITLE = 100

_SUBJECT = {
    "es": "zoomsync: el {day} se borran los datos personales de {title}",
    "en": "zoomsync: the personal data of {title} is removed on {day}",
}
_TEXT = {
    "es": (
        "El {day} se borran los datos personales de {people} de «{title}»: nombres, correos, respuestas y enlaces, "
        "también de los mensajes enviados y del historial.",
        "Quedan los totales: cuántas personas se inscribieron y cada día, cuántos mensajes salieron.",
        "Si los necesita todavía, guarde una copia antes de esa fecha: zoomsync db backup ARCHIVO.",
        "Si han de quedarse más tiempo: escriba retention_days = {days} (o más; 0 los guarda siempre) "
        "en el archivo {slug}.toml.",
    ),
    "en": (
        "On {day} the personal data of {people} of “{title}” is removed: names, addresses, answers and links, also "
        "those of the messages sent and of the history.",
        "The totals stay: how many people registered and on which day, how many messages went out.",
        "If you still need it, keep a copy before that day: zoomsync db backup FILE.",
        "If it is to stay longer: write retention_days = {days} (or more; 0 keeps it for ever) "
        "in the file {slug}.toml.",
    ),
}
_PEOPLE = {"es": ("1 inscripción", "{} inscripciones"), "en": ("1 registration", "{} registrations")}


def removal_mail(
    sender: Mailbox,
    to: str,
    event: Event,
    removed_at: datetime,
    people: int,
    *,
    installation: str,
    now: datetime,
) -> OutgoingMessage:
    """One mail to one organiser. people: how many registrations it is about. Raises DeliveryRefused for a wrong
    address."""
    one, many = _PEOPLE[event.language]
    words = {
        "day": date_words(removed_at.astimezone(ZoneInfo(event.timezone)).date(), event.language),
        "title": clean(event.title, limit=_LONGEST_TITLE),
        "people": one if people == 1 else many.format(people),
        "slug": event.slug,
        "days": 365,
    }
    subject = header_text(_SUBJECT[event.language].format(**words))
    lines = [part for line in _TEXT[event.language] for part in (line.format(**words), "")]
    return plain_mail(sender, mailbox(to), subject, lines, installation=installation, now=now)
