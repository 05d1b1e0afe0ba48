"""What a message says: event, session and registrant in, one ready message out.

The sentences are in `templates/<language>/<kind>.txt` and `.html`; a folder of the operator's comes first. The first
line of a text template is the subject. A stranger's name is data and never a template; the HTML is escaped by Jinja,
headers are made safe by `headers`, and the serialised message is checked once more by `message`. No SMTP, no database
and no clock here: `now` comes with the request.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PackageLoader, StrictUndefined
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from zoomsync.domain.records import Event, EventStatus, Registrant, Session
from zoomsync.errors import DeliveryRefused, SettingsError, TemplateBroken
from zoomsync.language import _
from zoomsync.mail.calendar import calendar_entry
from zoomsync.mail.headers import Mailbox, digest_of, encoded_words, list_label, mailbox, mailbox_of
from zoomsync.mail.message import Attachment, Headers, OutgoingMessage, serialise
from zoomsync.mail.wording import ADDRESS_FORMS, deadline_words, session_words
from zoomsync.text import clean, header_text

# Kinds that bring the personal link, and with it the calendar entry.
_WITH_LINK = frozenset({"before", "welcome", "moved", "resend"})
# Kinds after which there are no reminders to stop.
_WITHOUT_STOP = frozenset({"late", "called_off", "certificate"})
_STOP_SUBJECT = {"es": "Dejar de recibir recordatorios", "en": "Stop receiving reminders"}
_TEST_MARK = {"es": "[PRUEBA] ", "en": "[TEST] "}
_LINK_WORDS = {"es": "Enlace personal", "en": "Personal link"}
_LONGEST_NAME = 60
_LINK = re.compile(r"https?://[!-~]+")
_SUFFIXES = (".txt", ".html")
# A "name" like this is somebody using the form to send advertising in the organisation's name.
_NO_NAME = re.compile(r"://|www\.|[@/<>{}\[\]\\]|\w\.\w{2}|\d{3}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Announcement:
    """A message of the organiser's own. html: made from the organiser's text by us, and trusted."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class MessageRequest:
    """One message to be written.

    kind: as in the outbox, "before:24h", "welcome", "moved" ... sessions: those the message is about, earliest first;
    one for `before`, `moved` and `after`, one or several for `welcome`, `resend` and `called_off`, none for the rest.
    message_id: with angle brackets, see `headers.message_id`. unsubscribe_url: the one-click address, None where the
    web part has no public one. test: the subject says that this is only a test.
    """

    event: Event
    registrant: Registrant
    kind: str
    now: datetime
    message_id: str
    sessions: tuple[Session, ...] = ()
    unsubscribe_url: str | None = None
    announcement: Announcement | None = None
    attachments: tuple[Attachment, ...] = ()
    test: bool = False


class Renderer:
    """Writes messages. One for all threads.

    sender: `Name <address>` or an address, None for the organiser's own. template_dir: the operator's templates, laid
    out as ours (`es/before.txt`), None for none. Raises SettingsError if the sender is not an address.
    """

    def __init__(self, *, sender: str | None = None, template_dir: Path | None = None) -> None:
        self._sender = _sender_mailbox(sender) if sender else None
        loaders: list[BaseLoader] = [PackageLoader("zoomsync.mail")]
        if template_dir is not None:
            loaders.insert(0, FileSystemLoader(template_dir))
        self._templates = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader(loaders),
            autoescape=lambda name: name is None or name.endswith(".html"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["capital"] = lambda words: words[:1].upper() + words[1:]

    def sender_of(self, event: Event) -> Mailbox:
        """Who the event's mail is from; its domain goes into the Message-IDs. Raises DeliveryRefused."""
        if self._sender is None:
            return mailbox(event.organizer.email, event.organizer.name)
        return self._sender if self._sender.name else replace(self._sender, name=header_text(event.organizer.name))

    def render(self, request: MessageRequest) -> OutgoingMessage:
        """The message for `request.registrant`.

        Raises DeliveryRefused if this person cannot be written to (address, missing link), TemplateBroken naming file
        and line if a template cannot be used.
        """
        event, registrant = request.event, request.registrant
        kind = request.kind.partition(":")[0]
        recipient = mailbox(registrant.email, registrant.name if _usable_name(registrant.name) else "")
        words = self._words(request, kind)
        subject, text = self._text(f"{event.language}/{kind}.txt", words)
        if request.test:
            subject = _TEST_MARK[event.language] + subject
        html = self._rendered(f"{event.language}/{kind}.html", {**words, "subject": subject})
        attachments = [*_calendar_entries(request, kind, words["link"]), *request.attachments]
        sender = self.sender_of(event)
        data = serialise(
            self._headers(request, sender, recipient, subject),
            text=text,
            html=html,
            attachments=attachments,
            boundary=digest_of(request.message_id),
            recipient=recipient.address,
        )
        return OutgoingMessage(
            envelope_from=sender.address,
            envelope_to=recipient.address,
            data=data,
            message_id=request.message_id,
            subject=subject,
            text=text,
            html=html,
        )

    def chat(self, event: Event, registrant: Registrant, sessions: Sequence[Session], now: datetime) -> str:
        """The link with its sessions as words to paste into a chat. Raises DeliveryRefused where there is no link,
        TemplateBroken."""
        today = now.astimezone(ZoneInfo(event.timezone)).date()
        words = {
            **_shared_words(event, tuple(sessions), today, False),
            "name": _called(registrant),
            "link": _checked_link(registrant.join_url),
        }
        return re.sub(r"\n{3,}", "\n\n", self._rendered(f"{event.language}/chat.txt", words)).strip()

    def _words(self, request: MessageRequest, kind: str) -> dict[str, Any]:
        """Everything a template may use."""
        event, registrant, now = request.event, request.registrant, request.now
        today = now.astimezone(ZoneInfo(event.timezone)).date()
        words = {
            **_shared_words(event, request.sessions, today, now < event.registration_deadline),
            "name": _called(registrant),
            "link": _checked_link(registrant.join_url) if kind in _WITH_LINK else "",
            "stop_offered": kind not in _WITHOUT_STOP,
            "stop_url": request.unsubscribe_url,
        }
        if request.announcement is not None:
            words["body"] = replace(request.announcement, html=Markup(request.announcement.html))  # noqa: S704
        return words

    def _text(self, name: str, words: Mapping[str, Any]) -> tuple[str, str]:
        """The subject, which is the template's first line, and the text without gaps of several empty lines."""
        subject, _, text = self._rendered(name, words).lstrip().partition("\n")
        return header_text(subject), re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"

    def _rendered(self, name: str, words: Mapping[str, Any]) -> str:
        try:
            return self._templates.get_template(name).render(words)
        except TemplateNotFound as exc:
            raise TemplateBroken(_("there is no template {name}").format(name=exc.name)) from exc
        except TemplateSyntaxError as exc:
            raise TemplateBroken(
                _("{file}, line {line}: {words}").format(
                    file=exc.filename or exc.name, line=exc.lineno, words=exc.message
                )
            ) from exc
        except Exception as exc:
            # A template is a program of the operator's: whatever it raises is its fault, and Jinja puts the
            # template's own lines into the traceback.
            places = [frame for frame in traceback.extract_tb(exc.__traceback__) if frame.filename.endswith(_SUFFIXES)]
            place = (
                _("{file}, line {line}").format(file=places[-1].filename, line=places[-1].lineno) if places else name
            )
            raise TemplateBroken(f"{place}: {exc}") from exc

    def _headers(self, request: MessageRequest, sender: Mailbox, recipient: Mailbox, subject: str) -> Headers:
        event = request.event
        stop = [request.unsubscribe_url] if request.unsubscribe_url else []
        headers = [
            ("From", str(sender)),
            ("To", str(recipient)),
            ("Reply-To", str(mailbox(event.organizer.email, event.organizer.name))),
            ("Subject", encoded_words(subject, "Subject")),
            ("Date", format_datetime(request.now)),
            ("Message-ID", request.message_id),
            ("Auto-Submitted", "auto-generated"),
            ("List-Id", f"<{list_label(event.slug)}.{sender.domain}>"),
            ("List-Unsubscribe", ",\r\n ".join(f"<{url}>" for url in [*stop, _stop_mailto(event)])),
        ]
        if stop:
            headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
        return headers


@lru_cache(maxsize=64)
def _shared_words(event: Event, sessions: tuple[Session, ...], today: date, is_open: bool) -> dict[str, Any]:
    """What is the same for everybody who is written to about these sessions on this day. Not to be changed."""
    language, title = event.language, clean(event.title)
    said = [
        session_words(
            title="" if clean(session.title) == title else clean(session.title),
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            previous_starts_at=session.previous_starts_at,
            zone=event.timezone,
            language=language,
            today=today,
        )
        for session in sessions
    ]
    starts = {session.starts_at for session in sessions}
    whole_event = event.status is EventStatus.CANCELLED
    words: dict[str, Any] = {
        "language": language,
        "t": ADDRESS_FORMS[event.trato],
        "title": title,
        "organizer_name": clean(event.organizer.name),
        "organizer_email": event.organizer.email,
        "note": clean(event.reminders.note),
        "survey_url": event.reminders.survey_url,
        "recording_url": event.reminders.recording_url,
        "deadline": deadline_words(event.registration_deadline, event.timezone, language),
        "page_url": event.page_url if is_open else None,
        "sessions": said,
        "stop_subject": _stop_subject(event),
        "stop_mailto": _stop_mailto(event),
        "whole_event": whole_event,
        "others_remain": not whole_event
        and any(
            spec.starts_at not in starts and not spec.cancelled and spec.starts_at.date() >= today
            for spec in event.sessions
        ),
    }
    if said:
        words["session"] = said[0]
    return words


def _calendar_entries(request: MessageRequest, kind: str, link: str) -> list[Attachment]:
    if kind not in _WITH_LINK and kind != "called_off":
        return []
    event, cancel = request.event, kind == "called_off"
    contact = f"{clean(event.organizer.name)} <{event.organizer.email}>"
    description = contact if cancel else f"{_LINK_WORDS[event.language]}: {link}\n{contact}"
    return [
        calendar_entry(
            event, session, request.registrant, now=request.now, description=description, cancel=cancel, number=number
        )
        for number, session in enumerate(request.sessions, start=1)
    ]


def _usable_name(name: str) -> bool:
    """Whether to call somebody by what the form's name field holds."""
    return 0 < len(name) <= _LONGEST_NAME and any(map(str.isalpha, name)) and not _NO_NAME.search(name)


def _called(registrant: Registrant) -> str:
    first_name = clean(registrant.first_name)
    return first_name if _usable_name(first_name) else ""


def _checked_link(join_url: str) -> str:
    if not _LINK.fullmatch(join_url):
        raise DeliveryRefused(_("Zoom gave no personal link for this registrant"))
    return join_url


@lru_cache(maxsize=64)
def _stop_mailto(event: Event) -> str:
    """A mail to the organiser by which somebody says that no reminder shall come any more."""
    return f"mailto:{quote(event.organizer.email, safe='@')}?subject={quote(_stop_subject(event))}"


def _stop_subject(event: Event) -> str:
    return f"{_STOP_SUBJECT[event.language]}: {event.slug}"


def _sender_mailbox(sender: str) -> Mailbox:
    try:
        return mailbox_of(sender)
    except DeliveryRefused as exc:
        raise SettingsError(f"mail.sender: {exc}; write `Name <address>`") from exc
