"""Gets a page: a file, or an address of the web, with bounds on everything. What stands in it is not looked at here."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests

from zoomsync import __version__, words
from zoomsync.errors import PageUnreadable
from zoomsync.language import N_, _

LARGEST = 1_000_000  # bytes
MOST_REDIRECTS = 5
_TIMEOUT_S = (10.0, 15.0)  # to connect; between two pieces
_LONGEST_S = 30.0
_TYPES = frozenset(
    {
        "",
        "text/html",
        "application/xhtml+xml",
        "text/markdown",
        "text/x-markdown",
        "text/plain",
        "application/octet-stream",
    }
)
_HTML_NAMES = (".html", ".htm", ".xhtml")
_LOOKS_LIKE_HTML = re.compile(
    r"(?:<\?xml[^>]*>|<!--.*?-->|\s)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]{2,30})", re.IGNORECASE)
_NO_TEXT = {
    b"%PDF": N_("a PDF"),
    b"PK\x03\x04": N_("a document of an office program"),
    b"\x89PNG": N_("a picture"),
    b"\xff\xd8\xff": N_("a picture"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """A page before it is read. name: its file or address, for the date in it. address: where it is, if on the web."""

    text: str
    name: str
    is_html: bool
    address: str | None = None


def get_page(place: str) -> Source:
    """The page at a path or an http(s) address. Raises PageUnreadable, one line."""
    if re.match(r"https?://", place, re.IGNORECASE):
        return _from_web(place)
    return _from_file(Path(place))


def _from_file(path: Path) -> Source:
    try:
        if path.is_file() and path.stat().st_size > LARGEST:
            raise PageUnreadable(
                _("{path} is larger than {number} MB: that is no page.").format(path=path, number=LARGEST // 1000000)
            )
        data = path.read_bytes()
    except OSError as exc:
        raise PageUnreadable(
            _("{path} cannot be read ({reason}): name a file, or an address with https://.").format(
                path=path, reason=words.trouble(exc)
            )
        ) from exc
    text = _decoded(data, None, str(path))
    return Source(
        text, path.name, path.suffix.lower() in _HTML_NAMES or _LOOKS_LIKE_HTML.match(text[:2_000]) is not None
    )


def _from_web(url: str) -> Source:
    began = time.monotonic()
    here = url
    with requests.Session() as http:
        http.headers["User-Agent"] = f"zoomsync/{__version__}"
        http.headers["Accept"] = "text/html, text/markdown, text/plain;q=0.9"
        try:
            for _turn in range(MOST_REDIRECTS + 1):
                with http.get(here, stream=True, timeout=_TIMEOUT_S, allow_redirects=False) as answer:
                    if answer.is_redirect:
                        here = _next(here, answer.headers["Location"])
                        continue
                    data = _body(answer, url, began)
                    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                    text = _decoded(
                        data, answer.encoding if "charset" in answer.headers.get("Content-Type", "") else None, url
                    )
                    is_html = "html" in kind or _LOOKS_LIKE_HTML.match(text[:2_000]) is not None
                    return Source(text, here, is_html, here.partition("#")[0])
        except (requests.RequestException, ValueError, UnicodeError) as exc:
            raise PageUnreadable(
                _("{url} cannot be fetched ({name}): save the page and name the file.").format(
                    url=url, name=type(exc).__name__
                )
            ) from exc
    raise PageUnreadable(
        _("{url} leads on more than {number} times: name the address where the page is.").format(
            url=url, number=MOST_REDIRECTS
        )
    )


def _next(here: str, location: str) -> str:
    there = urljoin(here, location)
    before, after = urlsplit(here).scheme, urlsplit(there).scheme
    if after not in ("http", "https") or (before == "https" and after == "http"):
        raise PageUnreadable(
            _("{here} leads to {there}, which is not followed: name the address where the page is.").format(
                here=here, there=there[:200]
            )
        )
    return there


def _body(answer: requests.Response, url: str, began: float) -> bytes:
    if answer.status_code != requests.codes.ok:
        raise PageUnreadable(
            _("{url} answers {status}: look at the address in a browser.").format(url=url, status=answer.status_code)
        )
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in _TYPES:
        raise PageUnreadable(_("{url} is {kind}, not a page of HTML or Markdown.").format(url=url, kind=kind))
    data = bytearray()
    for piece in answer.iter_content(65_536):
        data += piece
        if len(data) > LARGEST:
            raise PageUnreadable(
                _("{url} is larger than {number} MB: that is no page.").format(url=url, number=LARGEST // 1000000)
            )
        if time.monotonic() - began > _LONGEST_S:
            raise PageUnreadable(
                _("{url} takes longer than {number:.0f} seconds: save the page and name the file.").format(
                    url=url, number=_LONGEST_S
                )
            )
    return bytes(data)


def _decoded(data: bytes, charset: str | None, name: str) -> str:
    """The text, by its byte-order mark, as UTF-8, by what it says of itself, else as Windows writes it."""
    for beginning, what in _NO_TEXT.items():
        if data.startswith(beginning):
            raise PageUnreadable(
                _("{name} is {what}: save the page as HTML or as text.").format(name=name, what=_(what))
            )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
    elif b"\0" in data:
        raise PageUnreadable(_("{name} is no text: save the page as HTML or as text.").format(name=name))
    else:
        text = _by_charset(data, charset)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _by_charset(data: bytes, charset: str | None) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    declared = _CHARSET.search(data[:4_096])
    for name in (charset, declared[1].decode("ascii") if declared else None):
        try:
            if name:
                return data.decode(name)
        except (LookupError, UnicodeDecodeError):
            continue
    return data.decode("windows-1252", errors="replace")
