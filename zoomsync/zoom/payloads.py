"""Pages of registrants: Zoom's JSON made into records, its oddities explained. No HTTP here.

A page is decoded without making an object of each row: of an unchanged registrant only the id and a digest are
ever needed. Whoever is new or changed is read whole by `read_registrant`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import compress
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import astuple

from zoomsync.domain.records import ListedRegistrant, Registrant, RegistrantKey, RegistrantStatus
from zoomsync.errors import ZoomPayloadError
from zoomsync.language import _
from zoomsync.zoom.decoding import clean_text, decode, read_time, text

# Part of every digest. Raise it when `read_registrant` reads more or otherwise: all rows are then read anew once.
DIGEST_FORMAT = b"1"

# The form's standard questions under Zoom's names, sorted.
DETAILS = (
    "address",
    "city",
    "comments",
    "country",
    "industry",
    "job_title",
    "no_of_employees",
    "org",
    "participant_pin_code",
    "phone",
    "purchasing_time_frame",
    "role_in_purchase_process",
    "state",
    "zip",
)

_STATUSES = {status.value: status for status in RegistrantStatus}

# Zoom's document says string; bodies have been seen with null, and a number may stand for a text of digits.
_Loose = str | int | float | bool | None


class _Detailed(msgspec.Struct, gc=False):
    """A row's answers to the standard questions, in the order of DETAILS."""

    address: _Loose = None
    city: _Loose = None
    comments: _Loose = None
    country: _Loose = None
    industry: _Loose = None
    job_title: _Loose = None
    no_of_employees: _Loose = None
    org: _Loose = None
    participant_pin_code: _Loose = None
    phone: _Loose = None
    purchasing_time_frame: _Loose = None
    role_in_purchase_process: _Loose = None
    state: _Loose = None
    zip: _Loose = None


class _Question(msgspec.Struct, gc=False):
    title: _Loose = None
    value: Any = None


class _Row(_Detailed, gc=False):
    email: str | None = None
    first_name: _Loose = None
    last_name: _Loose = None
    create_time: str | None = None
    join_url: str | None = None
    custom_questions: list[_Question] | None = None


class _Id(msgspec.Struct, gc=False):
    id: str


class _Page(msgspec.Struct):
    registrants: list[msgspec.Raw]
    next_page_token: str | None = None
    total_records: int | None = None


class _PageIds(msgspec.Struct):
    registrants: list[_Id]


_page = msgspec.json.Decoder(_Page)
_page_ids = msgspec.json.Decoder(_PageIds)
_row = msgspec.json.Decoder(_Row)
_to_json = msgspec.json.Encoder().encode


class RegistrantPage(NamedTuple):
    """One page of a listing. next_token: "" on the last. total: Zoom's total_records, None where it says nothing."""

    next_token: str
    total: int | None
    ids: list[str]
    rows: list[msgspec.Raw]


def read_page(body: bytes) -> RegistrantPage:
    """One page of registrants, its rows left as they came."""
    body, page = decode(_page, body, _("a page of registrants"))
    _bytes, ids = decode(_page_ids, body, _("a page of registrants"))
    row_ids = [row.id for row in ids.registrants]
    if "" in row_ids:
        raise ZoomPayloadError(_("Zoom's answer is not a page of registrants: a row has an empty id."))
    return RegistrantPage(page.next_page_token or "", page.total_records, row_ids, page.registrants)


def list_rows(
    rows: Iterable[tuple[str, msgspec.Raw]], meeting_id: str, occurrence_id: str, status: str
) -> Iterator[tuple[RegistrantKey, ListedRegistrant]]:
    """Rows of a page as (id, JSON) under their keys, digested: equal digests mean equal registrants."""
    start = blake2b(b"%s %s " % (DIGEST_FORMAT, status.encode()), digest_size=16)
    for registrant_id, row in rows:
        raw = bytes(row)
        hashed = start.copy()
        hashed.update(raw)
        key = RegistrantKey(meeting_id, occurrence_id, registrant_id)
        yield key, ListedRegistrant(hashed.digest(), status, raw)


def read_registrant(key: RegistrantKey, listed: ListedRegistrant) -> Registrant:
    """A listed row as a value.

    The list it stood in says its status: a row's own may be missing, or older than the list. "", blank and null are
    alike. NUL is left out (Postgres takes none), half a surrogate pair becomes U+FFFD, names are in NFC.
    """
    meeting_id, occurrence_id, registrant_id = key
    _identity, status, raw, _read = listed
    _bytes, row = decode(_row, raw, _("a registrant"))
    tidy = clean_text if b"\\u0000" in raw else text
    values = astuple(row)  # those of DETAILS come first
    filled = compress(zip(DETAILS, values, strict=False), values)
    details = [(name, detail) for name, value in filled if (detail := tidy(value))]
    answers = [(tidy(asked.title), tidy(asked.value)) for asked in row.custom_questions or ()]
    return Registrant(
        meeting_id,
        occurrence_id,
        registrant_id,
        tidy(row.email).lower(),
        tidy(row.first_name),
        tidy(row.last_name),
        _STATUSES[status],
        read_time(row.create_time),
        tidy(row.join_url),
        _to_json(details).decode(),
        _to_json(answers).decode(),
    )
