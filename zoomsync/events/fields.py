"""One value of an event file each: what TOML gives, read into what the domain speaks of.

Every reader takes the raw value and gives the read one, or raises Mistake with what to write instead. Which key has
which reader is in `files`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import time, timedelta
from typing import TypeVar
from urllib.parse import urlsplit

from zoomsync.domain.handwritten import Mistake, nearest, read_web_address
from zoomsync.domain.records import Lead, ZoomKind
from zoomsync.language import N_, _
from zoomsync.text import clean, is_email

Word = TypeVar("Word", bound=str)

LONGEST_LEAD = timedelta(days=60)
_LONGEST_TITLE = 200


def read_text(value: object) -> str:
    """One line of text that is not empty."""
    text = _words(value)
    if not text:
        raise Mistake(_("this is empty."), _("Write a text between the quotes."))
    return text


def read_title(value: object) -> str:
    title = read_text(value)
    if len(title) > _LONGEST_TITLE:
        raise Mistake(
            _("this is longer than {most} characters.").format(most=_LONGEST_TITLE),
            _("Write a shorter one."),
        )
    return title


def read_note(value: object) -> str:
    """One line that may be empty."""
    return _words(value)


def _words(value: object) -> str:
    if not isinstance(value, str):
        raise Mistake(_("this is not a text."), _("Write it in straight quotes."))
    return clean(value)


def read_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise Mistake(_("this is neither true nor false."), _("Write true or false, without quotes."))
    return value


def whole_number(least: int, most: int) -> Callable[[object], int]:
    """A reader of whole numbers from `least` to `most`."""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise Mistake(
                _("this is not a whole number from {least} to {most}.").format(least=least, most=most),
                _("Write a number without quotes, like {example}.").format(example=max(least, 90)),
            )
        return value

    return read


def one_of(choices: Iterable[Word]) -> Callable[[object], Word]:
    """A reader of one of these words, in any case."""
    known = {str(word): word for word in choices}

    def read(value: object) -> Word:
        written = clean(value, limit=40) if isinstance(value, str) else str(value)
        if written.lower() in known:
            return known[written.lower()]
        meant = nearest(written, known)
        likely = _(' (probably "{meant}")').format(meant=meant) if meant else ""
        *others, last = (f'"{word}"' for word in known)
        raise Mistake(
            _('"{written}" is not known here.').format(written=written),
            _("Write {others} or {last}{likely}.").format(others=", ".join(others), last=last, likely=likely),
        )

    return read


def read_email(value: object) -> str:
    """One address alone, as it was written."""
    address = value.strip() if isinstance(value, str) else ""
    if not is_email(address):
        raise Mistake(_("this is not one e-mail address."), _('Write the address alone, like "info@example.org".'))
    return address


def read_link(value: object) -> str:
    """A web address as it was written."""
    link = value.strip() if isinstance(value, str) else ""
    read_web_address(link)
    return link


# ----------------------------------------------------------------------------------------------------------- Zoom

_MEETING_ID = re.compile(r"[0-9]{9,12}")
_MEETING_PATH = re.compile(r"/(?:j|w|s|wc|wc/join|meeting|webinar)/([0-9]{9,12})(?:/.*)?")
_REGISTER_PATH = re.compile(r"/(meeting|webinar)/register/([\w.~-]+)/?")
_ZOOM_HOSTS = ("zoom.us", "zoom.com", "zoom.com.cn", "zoomgov.com")
_LOOPBACK_HOSTS = ("127.0.0.1", "::1")
_LINK_LIKE = '"https://us06web.zoom.us/meeting/register/..."'
_OTHER_FORMS = {
    "docs.google.com": "Google Forms",
    "forms.gle": "Google Forms",
    "forms.office.com": "Microsoft Forms",
    "forms.microsoft.com": "Microsoft Forms",
    "typeform.com": "Typeform",
    "jotform.com": "Jotform",
    "surveymonkey.com": "SurveyMonkey",
    "eventbrite.com": "Eventbrite",
}


def read_meeting_id(value: object) -> str:
    """A meeting's number as digits: from a number, from "812 3456 7890", or out of a pasted link to join."""
    written = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    digits = re.sub(r"[\s-]", "", written)
    if _MEETING_ID.fullmatch(digits):
        return digits
    if "://" in written:
        parts = read_web_address(written)
        if _REGISTER_PATH.fullmatch(parts.path):
            raise Mistake(
                _("this is the registration link."),
                _('Write it as registration_url = "{written}"; meeting_id may be left out.').format(written=written),
            )
        if in_path := _MEETING_PATH.fullmatch(parts.path):
            return in_path[1]
        raise Mistake(
            _("there is no meeting number in this link."), _("Write the number that Zoom shows as Meeting ID.")
        )
    raise Mistake(
        _("this is not a Zoom meeting number."), _('Write its 9 to 11 digits, like 81234567890 or "812 3456 7890".')
    )


def read_registration_url(value: object) -> str:
    """The link of Zoom's own registration form, as it was written."""
    link = read_link(value)
    parts = urlsplit(link)
    host = (parts.hostname or "").lower()
    for other_host, name in _OTHER_FORMS.items():
        if _is_at(host, other_host):
            raise Mistake(
                _(
                    "this is a form of {name}, and zoomsync cannot sync it: who registers there is unknown to Zoom."
                ).format(name=name),
                _("Switch registration on in Zoom and write the link of Zoom's own form, like {link}.").format(
                    link=_LINK_LIKE
                ),
            )
    # The simulator is on loopback, or in a network of containers, whose names have no dot.
    simulated = host in _LOOPBACK_HOSTS or "." not in host
    at_zoom = simulated or _at_zoom(host)
    if at_zoom and (in_path := _MEETING_PATH.fullmatch(parts.path)):
        raise Mistake(
            _("this is the link to join, not to register."),
            _("Write meeting_id = {number} in its place.").format(number=in_path[1]),
        )
    if not at_zoom or not _REGISTER_PATH.fullmatch(parts.path):
        raise Mistake(
            _("this is not the link of a Zoom registration form."),
            _("Such a link looks like {link}.").format(link=_LINK_LIKE),
        )
    return link


def _is_at(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def kind_of_link(registration_url: str) -> ZoomKind | None:
    """What the form of this link registers for, None where the link does not say."""
    found = _REGISTER_PATH.fullmatch(urlsplit(registration_url).path)
    return ZoomKind(found[1]) if found else None


def form_of_link(link: str) -> str | None:
    """Whose registration form a web address is: "Zoom", or the name of another one; None for any other address."""
    try:
        parts = urlsplit(link)
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    if _at_zoom(host) and _REGISTER_PATH.fullmatch(parts.path):
        return "Zoom"
    for other_host, name in _OTHER_FORMS.items():
        if _is_at(host, other_host) and (
            name != "Google Forms" or host != "docs.google.com" or "/forms/" in parts.path
        ):
            return name
    return None


def meeting_id_of_link(link: str) -> str | None:
    """The number of a meeting in a link to join it; None for any other address."""
    try:
        parts = urlsplit(link)
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    in_path = _MEETING_PATH.fullmatch(parts.path) if _at_zoom(host) else None
    return in_path[1] if in_path else None


def _at_zoom(host: str) -> bool:
    return any(_is_at(host, zoom_host) for zoom_host in _ZOOM_HOSTS)


def registration_token(registration_url: str) -> str:
    """The part of a registration link that names the meeting, whatever host and ending it was copied with."""
    found = _REGISTER_PATH.fullmatch(urlsplit(registration_url).path)
    return found[2] if found else registration_url


# ---------------------------------------------------------------------------------------------------------- leads

_LEAD = re.compile(r"(\d{1,5})\s*([dhm])(?:\s+(\d{1,2}):(\d{2}))?", re.IGNORECASE | re.ASCII)
_LEAD_LIKE = N_('Write one like "3d", "24h", "90m" or "1d 17:00".')


def read_leads(value: object) -> tuple[Lead, ...]:
    """A list of leads, in the order of the file, none twice."""
    if not isinstance(value, list):
        raise Mistake(_("this is not a list."), _('Write one in square brackets, like ["1d 17:00", "1h"].'))
    leads: dict[tuple[object, ...], Lead] = {}
    for written in value:
        lead = read_lead(written)
        meaning = (lead.exact, lead.days, lead.at)
        if meaning in leads:
            raise Mistake(
                _('"{text}" and "{written}" are the same moment.').format(
                    text=leads[meaning].text, written=clean(written)
                ),
                _("Leave one of the two."),
            )
        leads[meaning] = lead
    return tuple(leads.values())


def read_lead(value: object) -> Lead:
    """A lead of "3d", "24h", "90m" or "1d 17:00"; its text without superfluous blanks and zeros."""
    found = _LEAD.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        shown = f'"{clean(value, limit=40)}"' if isinstance(value, str) else _("this")
        raise Mistake(_("{shown} does not say how long before or after.").format(shown=shown), _(_LEAD_LIKE))
    number, unit = int(found[1]), found[2].lower()
    length = timedelta(**{{"d": "days", "h": "hours", "m": "minutes"}[unit]: number})
    text = f"{number}{unit}"
    if not timedelta(0) < length <= LONGEST_LEAD:
        raise Mistake(
            _('"{text}" is not between one minute and {days} days.').format(text=text, days=LONGEST_LEAD.days),
            _(_LEAD_LIKE),
        )
    if unit != "d":
        if found[3]:
            raise Mistake(_("only whole days go with a time of day."), _(_LEAD_LIKE))
        return Lead(text, exact=length)
    if not found[3]:
        return Lead(text, days=number)
    try:
        at = time(int(found[3]), int(found[4]))
    except ValueError:
        raise Mistake(_("{time} is not a time of day.").format(time=f"{found[3]}:{found[4]}"), _(_LEAD_LIKE)) from None
    return Lead(f"{text} {at:%H:%M}", days=number, at=at)
