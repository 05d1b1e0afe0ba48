"""Certificates that were issued, in SQL: one code for each person of an event, kept for as long as it may be checked.

Who gets one is decided in `domain.certificates`. Issuing again keeps the code and the moment, and brings name, hours
and dates up to date. What removes a person's data calls `erase_certificates`, or `erase_certificates_of_event`.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert, or_, select, update
from sqlalchemy.orm import Session as DbSession

from zoomsync.domain.certificates import CODE_BYTES, Certificate, Presence, code_from
from zoomsync.store.tables import CertificateRow

_certificate: Table = CertificateRow.__table__  # type: ignore[attr-defined]

_IDS_A_QUERY = 500  # SQLite takes 32,766 parameters, older builds 999
_ERASED: dict[str, Any] = {"email": None, "name_key": "", "name": "", "registrant_row": None}


def issue(db: DbSession, event_id: int, title: str, presence: Presence, *, now: datetime) -> Certificate:
    """Write a person's certificate down, and give it as it stands.

    title: the event's. The registrant whom its mail goes to stays as it was first, so that it goes out once.
    """
    table, person = _certificate.c, presence.person
    values = {
        "email": person.email,
        "name_key": person.name,
        "name": presence.registrant.name,
        "event_title": title,
        "dates": [day.isoformat() for day in presence.dates],
        "attended_s": round(presence.attended.total_seconds()),
        "scheduled_s": round(presence.scheduled.total_seconds()),
    }
    same_person = (table.email == person.email) & (table.name_key == person.name)
    # The address of a registration may have been set right on Zoom since.
    for theirs in (same_person, table.registrant_row == presence.registrant.row_id):
        known = update(_certificate).where(table.event_id == event_id, theirs).values(**values)
        written = db.execute(known.returning(*table)).one_or_none()
        if written is not None:
            return _to_certificate(written)
    first = {
        "code": code_from(secrets.token_bytes(CODE_BYTES)),
        "event_id": event_id,
        "registrant_row": presence.registrant.row_id,
        "issued_at": now,
    }
    written = db.execute(insert(_certificate).values(**first, **values).returning(*table)).one()
    return _to_certificate(written)


def find(db: DbSession, code: str) -> Certificate | None:
    """The certificate with this code (`domain.certificates.read_code`), None where none was ever issued."""
    row = db.execute(select(_certificate).where(_certificate.c.code == code)).one_or_none()
    return None if row is None else _to_certificate(row)


def certificates_of_person(db: DbSession, email: str) -> list[Certificate]:
    """Every certificate of an address, for whoever asks for their data. email: folded."""
    rows = db.execute(select(_certificate).where(_certificate.c.email == email).order_by(_certificate.c.issued_at))
    return [_to_certificate(row) for row in rows]


def erase_certificates(db: DbSession, email: str, registrant_rows: Collection[int]) -> int:
    """Take a person out of their certificates, and give how many those were: the codes can be checked as before.

    email: folded. registrant_rows: the store's ids of the person's registrations.
    """
    rows, table, erased = sorted(registrant_rows), _certificate.c, 0
    for start in range(0, max(len(rows), 1), _IDS_A_QUERY):
        some = rows[start : start + _IDS_A_QUERY]
        theirs = or_(table.email == email, table.registrant_row.in_(some))
        erased += _changed(db.execute(update(_certificate).where(theirs).values(**_ERASED)))
    return erased


def erase_certificates_of_event(db: DbSession, event_id: int) -> int:
    """Take everybody out of an event's certificates, as retention does, and give how many those were."""
    theirs = (_certificate.c.event_id == event_id) & _certificate.c.email.is_not(None)
    return _changed(db.execute(update(_certificate).where(theirs).values(**_ERASED)))


def _changed(result: Any) -> int:
    return int(result.rowcount)


def _to_certificate(row: Any) -> Certificate:
    return Certificate(
        code=row.code,
        event_id=row.event_id,
        event_title=row.event_title,
        name=row.name,
        registrant_row=row.registrant_row,
        dates=tuple(date.fromisoformat(day) for day in row.dates),
        attended=timedelta(seconds=row.attended_s),
        scheduled=timedelta(seconds=row.scheduled_s),
        issued_at=row.issued_at,
    )
