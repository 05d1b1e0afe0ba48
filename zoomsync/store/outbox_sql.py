"""The outbox's statements, written out: two of them run for every message sent, and are compiled once.

What each is for: see `outbox`, `outbox_plan` and `outbox_hands`, which run them. Every step names the state, the owner
and the claim it expects.
"""
# ruff: noqa: S608 - put together from the texts of this very file; values are always bound

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from sqlalchemy import CursorResult, Integer, String, TextClause, TextualSelect, bindparam, text

from zoomsync.store.tables import UtcDateTime

_MOMENTS = ("now", "lease_now", "lease_until", "due_at", "expires_at", "sent_at", "starts_at", "since", "at")
_TEXTS = ("gone", "states", "without")


def _sql(statement: str, lists: Collection[str] = ()) -> TextClause:
    """A statement whose moments are bound and read as such. lists: parameters that hold several values."""
    named = set(re.findall(r"(?<!:):(\w+)", statement))
    moments = [bindparam(name, type_=UtcDateTime) for name in _MOMENTS if name in named]
    # Of an empty list Postgres cannot tell the type.
    several = [bindparam(name, expanding=True, type_=String() if name in _TEXTS else Integer()) for name in lists]
    return text(statement).bindparams(*moments, *several)


def asking(statement: str, *moments: str, lists: Collection[str] = ()) -> TextualSelect:
    """A statement that answers with rows; moments: the columns of theirs that are such."""
    return _sql(statement, lists).columns(**dict.fromkeys(moments, UtcDateTime))


def rows_changed(result: Any) -> int:
    """How many rows a statement changed: 0 where it found another state, owner or claim than it named."""
    assert isinstance(result, CursorResult)
    return int(result.rowcount)


# Whether a message may still go out. Asked at the claim, and once more by the mark, right before the body: what came
# to be known meanwhile (a cancellation, a move, an opt-out, a pause, a bounce) stops it. A late notice goes to who
# waits; what is called off or announced also concerns them; changes are told to those as well who want no reminders,
# and so is what they asked for themselves (`resend`).
_WANTED = """
EXISTS (
  SELECT 1
  FROM registrant AS r
  JOIN event AS e ON e.id = o.event_id
  LEFT JOIN session AS s ON s.event_id = o.event_id AND s.key = o.session_key
  WHERE r.id = o.registrant_row
    AND r.erased_at IS NULL
    AND (   (r.status = 'approved' AND o.kind <> 'late')
         OR (r.status = 'pending' AND o.kind IN ('late', 'called_off', 'announce')))
    AND (r.join_url <> '' OR NOT (o.kind LIKE 'before:%' OR o.kind IN ('welcome', 'moved', 'resend')))
    AND (   o.kind IN ('moved', 'called_off', 'late', 'certificate', 'resend')
         OR NOT EXISTS (SELECT 1 FROM opt_out AS n WHERE n.event_id = o.event_id AND n.email = r.email)
         OR (o.kind = 'announce' AND EXISTS (SELECT 1 FROM announcement AS a
                                             WHERE a.event_id = o.event_id AND a.id = o.occasion AND a.important)))
    AND NOT EXISTS (SELECT 1 FROM bounce AS b WHERE b.email = r.email)
    AND e.paused_at IS NULL
    AND (e.held_until IS NULL OR o.due_at > e.held_until)
    AND (e.status = 'active' OR (e.status = 'cancelled' AND o.kind IN ('called_off', 'announce')))
    AND (   o.session_key = ''
         OR (s.id IS NOT NULL AND (o.kind = 'called_off' OR NOT (s.cancelled OR s.times_held))))
    {as_written}
)
"""
_AS_WRITTEN = "AND r.email = :email AND r.join_url = :join_url AND (o.session_key = '' OR s.starts_at = :starts_at)"

# Not for a third time: what was in doubt twice stays so (`domain.delivery`).
_SENDABLE = """
o.state IN ('pending', 'deferred', 'in_doubt') AND o.due_at <= :now AND o.expires_at > :now
AND (o.state <> 'in_doubt' OR (:resend AND o.in_doubt = 1))
"""

_LEASE_NOW = {"sqlite": ":lease_now", "postgresql": "COALESCE(:lease_now, clock_timestamp())"}
_LEASE_UNTIL = {
    "sqlite": ":lease_until",
    "postgresql": "COALESCE(:lease_until, clock_timestamp() + :lease_s * interval '1 second')",
}


_INSERT = """
INSERT INTO outbox (event_id, registrant_row, session_key, kind, occasion, state, due_at, expires_at, reason,
                    planned_at, message_id, body_hash, attempts, in_doubt, owner, claim_no)
{rows}
ON CONFLICT (registrant_row, session_key, kind, occasion) DO NOTHING
"""
INSERT_SQLITE = _INSERT.format(rows="VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', 0, 0, '', 0)")
INSERT_POSTGRES = _INSERT.format(
    rows="""
SELECT %(event_id)s, p.*, %(now)s, '', '', 0, 0, '', 0
FROM unnest(%(registrants)s::int[], %(sessions)s::text[], %(kinds)s::text[], %(occasions)s::text[], %(states)s::text[],
            %(due)s::timestamptz[], %(expires)s::timestamptz[], %(reasons)s::text[]) AS p
"""
)

# Both by the key's index: left to itself, SQLite would go through all of the event for each batch.
_EXISTING = """
SELECT registrant_row, session_key, kind, occasion, state, due_at, expires_at, reason
FROM outbox
WHERE event_id + 0 = :event_id AND """
EXISTING = asking(_EXISTING + "registrant_row > :above AND registrant_row <= :up_to", "due_at", "expires_at")
EXISTING_OF = asking(_EXISTING + "registrant_row IN :rows", "due_at", "expires_at", lists=["rows"])

NUMBER_OF = _sql(
    """SELECT id FROM outbox
       WHERE registrant_row = :registrant_row AND session_key = :session_key
         AND kind = :kind AND occasion = :occasion"""
)

CHANGE = _sql(
    """UPDATE outbox
       SET state = :state, due_at = :due_at, expires_at = :expires_at, reason = :reason, planned_at = :now
       WHERE registrant_row = :registrant_row AND session_key = :session_key AND kind = :kind AND occasion = :occasion
         AND state = :was"""
)


@lru_cache
def due(*, of_events: bool) -> TextClause:
    return _sql(
        f"""
        SELECT o.id
        FROM outbox AS o
        LEFT JOIN session AS about ON about.event_id = o.event_id AND about.key = o.session_key
        WHERE {_SENDABLE} {"AND o.event_id IN :event_ids" if of_events else ""}
          AND CAST(o.event_id AS TEXT) || ' ' || o.kind NOT IN :without
          AND {_WANTED.format(as_written="")}
        ORDER BY COALESCE(about.starts_at, o.expires_at),
                 EXISTS (SELECT 1 FROM outbox AS other
                         WHERE other.registrant_row = o.registrant_row AND other.state = 'sent'),
                 o.due_at, o.id
        LIMIT :limit
        """,
        lists=("event_ids", "without") if of_events else ("without",),
    )


@lru_cache
def claim(dialect: str) -> TextualSelect:
    # On Postgres others may be claiming at this moment: what they hold is passed over, not waited for.
    lock = "FOR UPDATE SKIP LOCKED" if dialect == "postgresql" else ""
    return asking(
        f"""
        UPDATE outbox
        SET state = 'claimed', owner = :owner, claim_no = claim_no + 1, lease_until = {_LEASE_UNTIL[dialect]}
        WHERE id IN (SELECT o.id FROM outbox AS o
                     WHERE o.id IN :ids AND {_SENDABLE} AND {_WANTED.format(as_written="")} {lock})
        RETURNING id, claim_no, event_id, registrant_row, session_key, kind, occasion, due_at, expires_at, attempts,
                  in_doubt, message_id, (SELECT slug FROM event WHERE event.id = outbox.event_id) AS event
        """,
        "due_at",
        "expires_at",
        lists=("ids",),
    )


@lru_cache
def mark(dialect: str) -> TextClause:
    return _sql(
        f"""
        UPDATE outbox AS o
        SET state = 'transmitting', message_id = :message_id, body_hash = :body_hash
        WHERE o.id = :id AND o.state = 'claimed' AND o.owner = :owner AND o.claim_no = :claim_no
          AND o.lease_until > {_LEASE_NOW[dialect]} AND o.expires_at > :now
          AND {_WANTED.format(as_written=_AS_WRITTEN)}
        """
    )


# A doubt that was written down meanwhile, by whoever recovered the row, stays counted. A reason may be a mail server's
# words, and those may name the person: of somebody who was erased while the message was out, nothing is written down.
_ERASED = "EXISTS (SELECT 1 FROM registrant AS r WHERE r.id = outbox.registrant_row AND r.erased_at IS NOT NULL)"
_DECIDED = f"""
state = :state, due_at = :due_at, reason = CASE WHEN {_ERASED} THEN '' ELSE :reason END, attempts = :attempts,
in_doubt = CASE WHEN in_doubt > :in_doubt THEN in_doubt ELSE :in_doubt END
"""

RECORD = _sql(
    f"""
    UPDATE outbox
    SET {_DECIDED}, sent_at = :sent_at
    WHERE id = :id
      AND (   (owner = :owner AND claim_no = :claim_no AND state IN ('claimed', 'transmitting'))
           OR (:accepted AND state NOT IN ('transmitting', 'sent')))
    """
)

# A plan passes over what is in somebody's hands: what comes back out of them is to be looked at again.
PLAN_ANEW = _sql("UPDATE event SET planned_for = '' WHERE id IN :event_ids AND planned_for <> ''", lists=("event_ids",))

ADD_ATTEMPT = _sql(
    f"""INSERT INTO delivery_attempt (outbox_id, at, outcome, stage, code, words)
        SELECT outbox.id, :at, :outcome, :stage, :code, CASE WHEN {_ERASED} THEN '' ELSE :words END
        FROM outbox WHERE outbox.id = :outbox_id"""
)


@lru_cache
def extend(dialect: str) -> TextClause:
    return _sql(
        f"""UPDATE outbox SET lease_until = {_LEASE_UNTIL[dialect]}
            WHERE owner = :owner AND state IN ('claimed', 'transmitting')"""
    )


@lru_cache
def over(dialect: str) -> TextualSelect:
    # A lease that ends far ahead was taken by a clock that was wrong.
    return asking(
        f"""
        SELECT id, event_id, state, due_at, expires_at, attempts, in_doubt
        FROM outbox
        WHERE state IN ('claimed', 'transmitting')
          AND (owner IN :gone OR lease_until <= {_LEASE_NOW[dialect]} OR lease_until > {_LEASE_UNTIL[dialect]})
        ORDER BY id {"FOR UPDATE SKIP LOCKED" if dialect == "postgresql" else ""}
        """,
        "due_at",
        "expires_at",
        lists=("gone",),
    )


RECOVER = _sql(f"UPDATE outbox SET {_DECIDED} WHERE id = :id AND state = :was")

EXPIRE = _sql(
    """
    UPDATE outbox AS o
    SET state = 'skipped',
        reason = CASE WHEN o.state = 'deferred' THEN :put_off
                      WHEN EXISTS (SELECT 1 FROM event AS e WHERE e.id = o.event_id AND e.paused_at IS NOT NULL)
                        THEN :paused
                      WHEN EXISTS (SELECT 1 FROM event AS e WHERE e.id = o.event_id AND o.due_at <= e.held_until)
                        THEN :held
                      WHEN EXISTS (SELECT 1 FROM bounce AS b JOIN registrant AS r ON r.email = b.email
                                   WHERE r.id = o.registrant_row)
                        THEN :bounced
                      WHEN o.kind LIKE 'before:%' AND EXISTS (
                             SELECT 1 FROM session AS s
                             WHERE s.event_id = o.event_id AND s.key = o.session_key AND s.starts_at > o.expires_at)
                        THEN :superseded
                      ELSE :expired END
    WHERE o.state IN ('pending', 'deferred') AND o.due_at <= :now AND o.expires_at <= :now
    """
)

HANDED_OVER = asking(
    """
    SELECT count(*) AS count, min(newest.at) AS oldest
    FROM (SELECT at FROM delivery_attempt
          WHERE outcome IN ('accepted', 'in_doubt') ORDER BY id DESC LIMIT :at_most) AS newest
    WHERE newest.at > :since
    """,
    "oldest",
)

NEXT_DUE = asking("SELECT min(due_at) AS due_at FROM outbox WHERE state IN ('pending', 'deferred')", "due_at")

ENTRY = """
SELECT o.id, e.slug AS event, COALESCE(s.title, '') AS session, r.registrant_id, r.email, o.kind, o.occasion, o.state,
       o.reason, o.due_at, o.expires_at, o.sent_at, o.attempts, o.in_doubt, o.message_id
FROM outbox AS o
JOIN event AS e ON e.id = o.event_id
JOIN registrant AS r ON r.id = o.registrant_row
LEFT JOIN session AS s ON s.event_id = o.event_id AND s.key = o.session_key
"""
ENTRY_MOMENTS = ("due_at", "expires_at", "sent_at")

STANDING = asking(
    """
    SELECT o.event_id, o.state, o.reason, o.due_at, o.expires_at,
           e.held_until IS NOT NULL AND o.due_at <= e.held_until AS held
    FROM outbox AS o JOIN event AS e ON e.id = o.event_id
    WHERE o.id = :id
    """,
    "due_at",
    "expires_at",
)
SET_BY_HAND = _sql(
    "UPDATE outbox SET state = :state, due_at = :due_at, reason = :reason WHERE id = :id AND state = :was"
)
