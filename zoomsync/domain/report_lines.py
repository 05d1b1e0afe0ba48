"""What reports are made of: one line of the database each, as `store.report_lines` reads them and `reports` shows them.

Plain tuples with names, since a report may go through a hundred thousand of them; registrations by the column, for the
same reason. No decisions here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple


class People(NamedTuple):
    """Some registrations, a column each: the n-th of every column is the same person's.

    row_id: the store's own number. details, answers: (title, value) pairs, as in `Registrant`.
    """

    row_id: Sequence[int]
    meeting_id: Sequence[str]
    registrant_id: Sequence[str]
    email: Sequence[str]
    first_name: Sequence[str]
    last_name: Sequence[str]
    status: Sequence[str]
    registered_at: Sequence[datetime | None]
    join_url: Sequence[str]
    details: Sequence[Sequence[Sequence[str]]]
    answers: Sequence[Sequence[Sequence[str]]]


class FormLine(NamedTuple):
    """What sums over registrations are made of. registered_at: where Zoom gives no time, when it was first seen."""

    row_id: int
    status: str
    registered_at: datetime
    details: Sequence[Sequence[str]]
    answers: Sequence[Sequence[str]]


class MessageLine(NamedTuple):
    """One message of the outbox. session: its title, "" for the whole event. code, words: the server's last answer."""

    row_id: int
    registrant_id: str
    email: str
    session: str
    kind: str
    state: str
    due_at: datetime
    sent_at: datetime | None
    attempts: int
    in_doubt: int
    reason: str
    code: int | None
    words: str | None


class MailLine(NamedTuple):
    """The messages of one kind about one session that are in one state. due_at: of the first of them."""

    session: str
    kind: str
    state: str
    messages: int
    due_at: datetime


class RunLine(NamedTuple):
    """One sync run; counts by name (pulled, added ...)."""

    at: datetime
    run: int
    state: str
    counts: Mapping[str, int]
    error: str


class ChangeLine(NamedTuple):
    """One change of the audit. email: of the registrant it is about, "" where it is about something else.

    before, after: the fields that changed, None where there was nothing.
    """

    at: datetime
    run: int | None
    actor: str
    subject: str
    subject_id: str
    change: str
    email: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
