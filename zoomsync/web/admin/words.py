"""States, moments and numbers in words, in the language of the organiser's own screens."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from zoomsync.domain.records import EventStatus, OutboxState, RegistrantStatus
from zoomsync.domain.registration import RegistrationState
from zoomsync.language import _, in_use

# What templates may say, as filters.
FILTERS = ("registrant_status", "mail_state", "mail_kind", "event_status", "registration", "moment", "deadline")


def registrant_status(status: RegistrantStatus) -> str:
    return {
        RegistrantStatus.PENDING: _("waiting"),
        RegistrantStatus.APPROVED: _("approved"),
        RegistrantStatus.DENIED: _("denied"),
        RegistrantStatus.CANCELLED: _("cancelled"),
    }[status]


def mail_state(state: OutboxState) -> str:
    return {
        OutboxState.PENDING: _("to be sent"),
        OutboxState.CLAIMED: _("being sent"),
        OutboxState.TRANSMITTING: _("being sent"),
        OutboxState.SENT: _("accepted by the mail server"),
        OutboxState.DEFERRED: _("to be tried again"),
        OutboxState.IN_DOUBT: _("not known whether it went out"),
        OutboxState.FAILED: _("refused by the mail server"),
        OutboxState.SKIPPED: _("left out"),
        OutboxState.CANCELLED: _("taken back"),
    }[state]


def event_status(status: EventStatus) -> str:
    return {
        EventStatus.DRAFT: _("draft"),
        EventStatus.ACTIVE: _("active"),
        EventStatus.CANCELLED: _("called off"),
    }[status]


def registration(state: RegistrationState) -> str:
    return {
        RegistrationState.OPEN: _("open"),
        RegistrationState.CLOSED: _("closed"),
        RegistrationState.NOT_CLOSED: _("NOT CLOSED"),
    }[state]


def mail_kind(kind: str) -> str:
    """What a kind of mail is: "before:24h" is the reminder 24h before."""
    name, _colon, lead = kind.partition(":")
    known = {
        "before": _("reminder, {lead} before"),
        "after": _("after the session, {lead}"),
        "welcome": _("link for who registered late"),
        "moved": _("notice of a new time"),
        "called_off": _("notice that it is called off"),
        "late": _("notice to who registered too late"),
        "announce": _("message of your own"),
        "resend": _("link sent again"),
        "certificate": _("certificate"),
    }
    return known.get(name, kind).format(lead=lead)


def deadline(at: datetime, zone: str) -> str:
    """A deadline as people know it: one at midnight by its day's last minute."""
    return moment(at - timedelta(minutes=1) if at.astimezone(ZoneInfo(zone)).time() == time(0) else at, zone)


def moment(at: datetime | None, zone: str) -> str:
    """Day and clock time in a zone, as short as a table wants it; "" for None."""
    if at is None:
        return ""
    pattern = "d MMM y, h:mm a" if in_use() == "en" else "d MMM y, H:mm"
    return format_datetime(at.astimezone(ZoneInfo(zone)), pattern, locale="en_US" if in_use() == "en" else "es_GT")
