"""Every exception zoomsync raises on purpose.

ZoomsyncError
├── SettingsError, EventFileError      file, key, what to write instead; exit 2 (a broken file beside good ones: 1)
├── ZoomError                          asked Zoom and failed
│   ├── ZoomAuthRefused  ZoomScopeMissing  ZoomNotFound  ZoomNoRegistration  ZoomWrongKind
│   │   ZoomRefused  ZoomPayloadError                                no use trying again
│   ├── ZoomRateLimited  ZoomUnavailable  PullIncomplete             the next sweep tries again
│   └── RegistrationNotClosed          accepted, yet the old value stayed
├── PageUnreadable, NoEvent            an announcement page cannot be had, or announces nothing
├── StoreError                         database away, full, locked, schema too new
│   └── SchemaTooNew
└── MailError
    ├── DeliveryRefused                this message, for good
    ├── DeliveryDeferred               this message, for now
    ├── BatchStopped                   the server refuses us, not the message: keep the rows, tell a person
    └── TemplateBroken                 an e-mail template cannot be used: keep the rows, tell a person

Edges translate what libraries raise into these (`raise ... from exc`). The text of each is one line that says
what happened and what to do; nothing here imports anything of the house.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class ZoomsyncError(Exception):
    """Anything zoomsync stops for on purpose. `str()` is one line for a person."""


class SettingsError(ZoomsyncError):
    """A setting is missing or malformed; nothing was asked of anybody. Exit code 2."""


@dataclass
class EventFileError(ZoomsyncError):
    """An event file cannot be used as it stands.

    file: the path as the user wrote it. where: a key ("sessions[1].starts") or "line 12", or "" for the whole file.
    problem: what is wrong. hint: what to write instead, or "".
    """

    file: str
    where: str
    problem: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}, {self.where}" if self.where else self.file
        return f"{place}: {self.problem}" + (f" {self.hint}" if self.hint else "")


class ZoomError(ZoomsyncError):
    """Zoom was asked, or was to be asked, and the answer cannot be used."""


class ZoomAuthRefused(ZoomError):
    """Account id, client id or secret are wrong, the app is deactivated, or the token was revoked and not renewed."""


class ZoomScopeMissing(ZoomAuthRefused):
    """The app lacks a scope; the text names it as Zoom does."""


class ZoomNotFound(ZoomError):
    """Meeting, webinar or user does not exist (any more)."""


class ZoomNoRegistration(ZoomError):
    """The meeting exists, but registration is not switched on for it."""


class ZoomWrongKind(ZoomError):
    """A webinar's id was used as a meeting's, or the other way about (code 3000)."""


class ZoomRefused(ZoomError):
    """Zoom understood and refused for another reason: its code and words are in the text."""


class ZoomPayloadError(ZoomError):
    """An answer that is not what Zoom documents: HTML, truncated JSON, null lists, a body over the size limit."""


@dataclass
class ZoomRateLimited(ZoomError):
    """A limit was reached that waiting within the run does not cure.

    retry_at: aware UTC, the time of the next try.
    """

    message: str
    retry_at: datetime | None = None

    def __str__(self) -> str:
        return self.message


class ZoomUnavailable(ZoomError):
    """Network, time-out, 5xx or a token endpoint that does not answer, after the bounded tries within the run."""


class PullIncomplete(ZoomError):
    """The listing could not be made whole: nobody may be cancelled on its word."""


class RegistrationNotClosed(ZoomError):
    """Zoom accepted the change, yet reading back showed the old value."""


class PageUnreadable(ZoomsyncError):
    """An announcement page cannot be fetched, or is no text."""


class NoEvent(ZoomsyncError):
    """An announcement page was read, and announces no event."""


class StoreError(ZoomsyncError):
    """The database is away, locked too long, full or not writable."""


class SchemaTooNew(StoreError):
    """The database was written by a newer zoomsync: upgrade this one."""


class MailError(ZoomsyncError):
    """A message was not handed over."""


class DeliveryRefused(MailError):
    """The mail server refuses this message for good."""


class DeliveryDeferred(MailError):
    """The mail server refuses this message for now."""


class BatchStopped(MailError):
    """The mail server refuses us: login, TLS, sender or quota. No further message is tried."""


class TemplateBroken(MailError):
    """An e-mail template, most likely an override of the operator's, cannot be used. The text names file and line."""
