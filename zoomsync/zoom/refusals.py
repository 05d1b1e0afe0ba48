"""What an answer other than "here it is" means: Zoom's status, code and words made into the errors of `errors.py`.

Zoom's codes are overloaded (300 is a bad field, a stale page token or a meeting without registration) and its wording
changes, so status, code and message are looked at together. Source: Zoom's API reference, "Errors"; docs/zoom.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from zoomsync.errors import (
    ZoomAuthRefused,
    ZoomError,
    ZoomNoRegistration,
    ZoomNotFound,
    ZoomRateLimited,
    ZoomRefused,
    ZoomScopeMissing,
    ZoomUnavailable,
    ZoomWrongKind,
)
from zoomsync.language import N_, _
from zoomsync.zoom import answers
from zoomsync.zoom.limits import RateRefusal, daily_retry_at, parse_retry_after, read_rate_refusal
from zoomsync.zoom.transport import Answer, TryAgain

_LONGEST_MESSAGE = 300
_NO_REGISTRATION = re.compile(r"registration has not been enabled|not set registration as required", re.IGNORECASE)
_ABSENT = re.compile(
    r"does not exist|not found|is expired|has expired|invalid (meeting|webinar) id|registrant id field is invalid",
    re.IGNORECASE,
)
_SCOPES_IN_WORDS = re.compile(r"\[([^\]]+)\]")
_NO_REASON = N_("no reason given")
_CREDENTIALS = N_(
    "Check ZOOMSYNC_ZOOM__ACCOUNT_ID, ZOOMSYNC_ZOOM__CLIENT_ID and ZOOMSYNC_ZOOM__CLIENT_SECRET "
    "against the app's credentials in the Zoom App Marketplace."
)


class PageTokenExpired(ZoomRefused):
    """A page token lived its fifteen minutes: the listing starts again from page one."""


def raise_if_passing(answer: Answer, what: str, now: datetime) -> None:
    """Raise TryAgain for what may pass (5xx, a per-second limit), ZoomRateLimited for a daily limit, else nothing."""
    if answer.status == 429:
        refusal = read_rate_refusal(answer.headers, answers.read_refusal(answer.body).message, now)
        if refusal.daily:
            raise _daily_limit(refusal, what, now)
        wait = refusal.wait or timedelta(seconds=1)
        error = ZoomRateLimited(
            _(
                "Zoom's rate limit was reached and would not let us {what}; other apps of the "
                "account may be using it up."
            ).format(what=what),
            retry_at=now + wait,
        )
        raise TryAgain(error, wait.total_seconds())
    if answer.status >= 500 or answer.status == 408:
        asked = parse_retry_after(answer.headers.get("Retry-After", ""), now)
        raise TryAgain(
            ZoomUnavailable(_("Zoom could not {what} (HTTP {status}).").format(what=what, status=answer.status)),
            asked.total_seconds() if asked else None,
        )


def _daily_limit(refusal: RateRefusal, what: str, now: datetime) -> ZoomRateLimited:
    retry_at = daily_retry_at(refusal, now)
    return ZoomRateLimited(
        _("Zoom's daily limit is used up and would not let us {what}; next try {moment} UTC.").format(
            what=what, moment=f"{retry_at:%Y-%m-%d %H:%M}"
        ),
        retry_at=retry_at,
    )


def api_refusal(answer: Answer, what: str, hide: Iterable[str]) -> ZoomError:
    """The error for a refused call.

    what: completes "Zoom would not ...". hide: secrets that must not be in the text even if Zoom echoes them.
    """
    refusal = answers.read_refusal(answer.body)
    words = _one_line(refusal.message, hide)
    number = f"HTTP {answer.status}" + (
        _(", code {code}").format(code=refusal.code) if refusal.code is not None else ""
    )
    said = (words or _(_NO_REASON)) + f" ({number})"
    if refusal.code in (4700, 4711) or "does not contain scopes" in words.lower():
        return ZoomScopeMissing(_scope_text(what, words, number))
    if answer.status == 401:
        return ZoomAuthRefused(
            _("Zoom refused the token: {said}. Is the app still activated? {check}").format(
                said=said, check=_(_CREDENTIALS)
            )
        )
    if _NO_REGISTRATION.search(words):
        return ZoomNoRegistration(
            _(
                "Zoom would not {what}: {said}. Switch registration on in the meeting's settings in the Zoom portal."
            ).format(what=what, said=said)
        )
    if refusal.code == 3000 and "cannot access webinar" in words.lower():
        return ZoomWrongKind(
            _(
                'Zoom would not {what}: {said}. The id is a webinar\'s: write kind = "webinar" in the event file.'
            ).format(what=what, said=said)
        )
    if refusal.code == 300 and "page token" in words.lower():
        return PageTokenExpired(_("Zoom would not {what}: {said}.").format(what=what, said=said))
    if answer.status == 404 or refusal.code in (1001, 3001) or (refusal.code == 300 and _ABSENT.search(words)):
        return ZoomNotFound(
            _("Zoom would not {what}: {said}. {hint}").format(what=what, said=said, hint=_not_found_hint(refusal.code))
        )
    if 301 <= answer.status < 400:
        return ZoomRefused(
            _(
                "Zoom's address answered with a redirect (HTTP {status}), which is not followed with "
                "a token: check ZOOMSYNC_ZOOM__API_URL."
            ).format(status=answer.status)
        )
    return ZoomRefused(_("Zoom would not {what}: {said}.").format(what=what, said=said))


def token_refusal(answer: Answer, hide: Iterable[str]) -> ZoomAuthRefused:
    """The error for a refused token request: which settings to look at. hide: as for `api_refusal`."""
    refusal = answers.read_refusal(answer.body)
    words = _one_line(refusal.message, hide)
    said = (words or _(_NO_REASON)) + f" (HTTP {answer.status})"
    told = words.lower()
    if 300 <= answer.status < 400 or answer.status in (404, 405):
        return ZoomAuthRefused(
            _("No token to be had at the OAuth address: {said}. Check ZOOMSYNC_ZOOM__OAUTH_URL.").format(said=said)
        )
    if refusal.code in (4717, 4738) or "disabled" in told or "deactivated" in told:
        return ZoomAuthRefused(
            _(
                "Zoom gave no token: {said}. Activate the Server-to-Server OAuth app in the Zoom App Marketplace."
            ).format(said=said)
        )
    if "invalid_client" in told or refusal.code in (4702, 4704):
        return ZoomAuthRefused(
            _(
                "Zoom gave no token: {said}. Check ZOOMSYNC_ZOOM__CLIENT_ID and "
                "ZOOMSYNC_ZOOM__CLIENT_SECRET against the app's credentials in the Zoom App "
                "Marketplace."
            ).format(said=said)
        )
    if "grant" in told or refusal.code == 4705:
        return ZoomAuthRefused(
            _(
                "Zoom gave no token: {said}. The app must be of the kind Server-to-Server OAuth, and "
                "ZOOMSYNC_ZOOM__ACCOUNT_ID the account id on its page."
            ).format(said=said)
        )
    return ZoomAuthRefused(_("Zoom gave no token: {said}. {check}").format(said=said, check=_(_CREDENTIALS)))


def _scope_text(what: str, words: str, number: str) -> str:
    named = _SCOPES_IN_WORDS.search(words)
    # Zoom lists every scope that would do; those of a Server-to-Server app end in ":admin".
    enough = [one.strip() for one in named.group(1).split(",")] if named else []
    enough = [one for one in enough if one.endswith(":admin")] or enough
    scope = (
        _("the scope {names}").format(names=_(" or ").join(enough))
        if enough
        else _("a scope ({words})").format(words=words or number)
    )
    return _(
        "Zoom would not {what}: the app lacks {scope}. Add it on the app's Scopes page in "
        "the Zoom App Marketplace; it holds from the next token on."
    ).format(what=what, scope=scope)


def _not_found_hint(code: int | None) -> str:
    if code == 1001:
        return _("Check the host's e-mail (ZOOMSYNC_ZOOM__HOST_EMAIL).")
    if code is None:
        return _("These are not Zoom's own words: check ZOOMSYNC_ZOOM__API_URL.")
    return _("Check meeting_id in the event file: it was deleted, has expired, or belongs to another account.")


def _one_line(message: str, hide: Iterable[str]) -> str:
    """A stranger's message fit for one line of ours: no line breaks or control characters, no secret, not too long."""
    for secret in hide:
        if secret:
            message = message.replace(secret, "***")
    line = " ".join("".join(char if char.isprintable() else " " for char in message).split())
    return line[:_LONGEST_MESSAGE].rstrip(" .")
