"""Messages on their way, in SQL: claimed, marked, recorded, recovered. Nothing is decided here.

The way of a row: `pending` or `deferred` -> `claimed` (for a while, by one owner) -> `transmitting` (the mark, made
between the mail server's 354 and the body) -> `sent`, or what `domain.delivery` says. Every step is one UPDATE that
names the state, the owner and the claim it expects (see `outbox_sql`): where no row changed, somebody else has gone on.

What was lost before the mark was never sent and is free to be tried again; what was lost after it is `in_doubt`.

`now` is the clock by which mail is due. `lease_now` is the clock of leases: None for the one that all processes share
(see `leases`). How messages come in: `outbox_plan`. What people see and do: `outbox_hands`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session as DbSession

from zoomsync.clock import system_clock
from zoomsync.domain.calls import Reason
from zoomsync.domain.delivery import Decision
from zoomsync.domain.delivery import recover as decide_recovery
from zoomsync.domain.records import (
    MessageKey,
    OutboxState,
    Outcome,
    OutcomeKind,
    Registrant,
    Session,
    Stage,
)
from zoomsync.language import N_
from zoomsync.store import outbox_sql as sql
from zoomsync.store.events import sessions_of
from zoomsync.store.leases import LONGEST
from zoomsync.store.registrants import registrants_by_row

# Tries that the mail server, or its silence, has judged. One that was broken off for other reasons is none.
_JUDGED = (OutcomeKind.ACCEPTED, OutcomeKind.DEFERRED, OutcomeKind.REFUSED, OutcomeKind.IN_DOUBT)

# States in which a plan may still take a message back.
_WAITING = (OutboxState.PENDING, OutboxState.DEFERRED, OutboxState.IN_DOUBT)

_LOST = Outcome(OutcomeKind.IN_DOUBT, Stage.BODY, words=N_("the sending process ended before it wrote down an answer"))
_CLAIMS_LOCK = 0x6D61696C  # "mail": the advisory lock of claims under a cap


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """A message in one owner's hands: everything to write it and to name the claim afterwards. event: its slug.

    registrant, sessions: as they were at the claim; the mark refuses if what a message shows of them has changed.
    sessions: all of the event, by start. message_id: "" until a first try has fixed it. in_doubt: how often its fate
    was unknown.
    """

    id: int
    owner: str
    claim_no: int
    event_id: int
    event: str
    key: MessageKey
    due_at: datetime
    expires_at: datetime
    attempts: int
    in_doubt: int
    message_id: str
    registrant: Registrant
    sessions: tuple[Session, ...] = field(repr=False)

    @property
    def session(self) -> Session | None:
        """The session the message is about; None for one about the whole event."""
        return next((one for one in self.sessions if one.key == self.key.session_key), None)


# -------------------------------------------------------------------------------------------------- claim, mark, record


def due(
    db: DbSession,
    now: datetime,
    *,
    limit: int,
    resend: bool,
    event_ids: Collection[int] | None = None,
    without: Collection[tuple[int, str]] = (),
) -> list[int]:
    """The ids of messages that may go out now: by the earliest session, people never reached first, then by `due_at`.

    The order is worked out once for many claims: sorting a backlog for every claim would cost more than sending it.
    resend: with those whose fate is unknown, once. event_ids: of these events alone. without: leaving out these
    kinds of these events.
    """
    left_out = [f"{event_id} {kind}" for event_id, kind in without]
    values: dict[str, Any] = {"now": now, "limit": limit, "resend": resend, "without": left_out}
    if event_ids is not None:
        values["event_ids"] = list(event_ids)
    return list(db.scalars(sql.due(of_events=event_ids is not None), values))


def claim(
    db: DbSession,
    ids: Sequence[int],
    owner: str,
    *,
    now: datetime,
    lease_now: datetime | None,
    lease: timedelta,
    resend: bool,
) -> list[ClaimedMessage]:
    """Take those of `ids` that may still go out, for as long as `lease`; in the order given. The rest stays as it is.

    Raises ValueError if `lease` is longer than a lease may be.
    """
    if lease > LONGEST:
        raise ValueError(f"a lease of {lease} would count as over from the start; the longest is {LONGEST}")
    values = {"ids": list(ids), "owner": owner, "now": now, "resend": resend, **_lease(db, lease_now, lease)}
    rows = {row.id: row for row in db.execute(sql.claim(_dialect(db)), values)}
    registrants = registrants_by_row(db, [row.registrant_row for row in rows.values()])
    sessions = {event_id: tuple(sessions_of(db, event_id)) for event_id in {row.event_id for row in rows.values()}}
    return [
        ClaimedMessage(
            id=row.id,
            owner=owner,
            claim_no=row.claim_no,
            event_id=row.event_id,
            event=row.event,
            key=MessageKey(row.registrant_row, row.session_key, row.kind, row.occasion),
            due_at=row.due_at,
            expires_at=row.expires_at,
            attempts=row.attempts,
            in_doubt=row.in_doubt,
            message_id=row.message_id,
            registrant=registrants[row.registrant_row],
            sessions=sessions[row.event_id],
        )
        for row in (rows[row_id] for row_id in ids if row_id in rows)
    ]


def mark_transmitting(
    db: DbSession,
    claimed: ClaimedMessage,
    *,
    message_id: str,
    body_hash: str,
    now: datetime,
    lease_now: datetime | None,
) -> bool:
    """The fence: write down that the body is about to go out, if it still may. False: it must not be sent.

    It may only where the claim is still in force and the message in time, and where registrant, session and event
    are as the message was written for.
    """
    session = claimed.session
    values = {
        "id": claimed.id,
        "owner": claimed.owner,
        "claim_no": claimed.claim_no,
        "message_id": message_id,
        "body_hash": body_hash,
        "now": now,
        "email": claimed.registrant.email,
        "join_url": claimed.registrant.join_url,
        "starts_at": session and session.starts_at,
        "lease_now": _lease_now(db, lease_now),
    }
    return sql.rows_changed(db.execute(sql.mark(_dialect(db)), values)) == 1


def record(
    db: DbSession, claimed: ClaimedMessage, outcome: Outcome, decision: Decision, *, now: datetime, at: datetime
) -> bool:
    """Write down what became of a try, and what follows. False if the row is no longer this claim's.

    That the mail server took a message is a fact, whoever holds the claim by now: it is written down even then, unless
    another try is just being made. now: when it was sent. at: the same moment by the clock that rates are kept by.
    """
    accepted = outcome.kind is OutcomeKind.ACCEPTED
    values = {
        "id": claimed.id,
        "owner": claimed.owner,
        "claim_no": claimed.claim_no,
        "accepted": accepted,
        "sent_at": now if accepted else None,
        **_decided(decision),
    }
    written = sql.rows_changed(db.execute(sql.RECORD, values)) == 1
    if accepted or (written and outcome.kind in _JUDGED):
        _add_attempt(db, claimed.id, outcome, at)
    if decision.state in _WAITING:
        db.execute(sql.PLAN_ANEW, {"event_ids": [claimed.event_id]})
    return written


def extend_leases(db: DbSession, owner: str, lease_now: datetime | None, lease: timedelta) -> int:
    """Hold on to all that `owner` has in hand for `lease` from now on. Gives how many messages that are."""
    return sql.rows_changed(db.execute(sql.extend(_dialect(db)), {"owner": owner, **_lease(db, lease_now, lease)}))


def _decided(decision: Decision) -> dict[str, Any]:
    return {
        "state": decision.state.value,
        "due_at": decision.due_at,
        "reason": decision.reason,
        "attempts": decision.attempts,
        "in_doubt": decision.in_doubt,
    }


def _add_attempt(db: DbSession, outbox_id: int, outcome: Outcome, at: datetime) -> None:
    values = {
        "outbox_id": outbox_id,
        "at": at,
        "outcome": outcome.kind.value,
        "stage": outcome.stage.value,
        "code": outcome.code,
        "words": outcome.words,
    }
    db.execute(sql.ADD_ATTEMPT, values)


# ------------------------------------------------------------------------------------------------ recovery and expiry


class Recovered(NamedTuple):
    """What was taken back from processes that are gone: free to be tried again, and in doubt."""

    freed: int
    in_doubt: int


def holders(db: DbSession) -> set[str]:
    """The owners that have messages in hand, whether their leases are over or not."""
    return set(db.scalars(text("SELECT DISTINCT owner FROM outbox WHERE state IN ('claimed', 'transmitting')")))


def recover(
    db: DbSession,
    *,
    now: datetime,
    lease_now: datetime | None,
    resend: bool,
    gone: Collection[str] = (),
) -> Recovered:
    """Take back what processes had in hand whose leases are over, as `domain.delivery` says.

    gone: owners that are known to be no more; their leases count as over. resend: see `domain.delivery`.
    Whoever was only frozen keeps the right to say that the mail server took a message, and no other.
    """
    freed = doubted = 0
    values = {"gone": list(gone), **_lease(db, lease_now, LONGEST)}
    rows = db.execute(sql.over(_dialect(db)), values).all()
    for row in rows:
        decision = decide_recovery(OutboxState(row.state), row, now, resend=resend)
        db.execute(sql.RECOVER, {"id": row.id, "was": row.state, **_decided(decision)})
        if decision.state is OutboxState.IN_DOUBT:
            doubted += 1
            _add_attempt(db, row.id, _LOST, now)
        else:
            freed += 1
    if rows:
        db.execute(sql.PLAN_ANEW, {"event_ids": sorted({row.event_id for row in rows})})
    return Recovered(freed, doubted)


def expire(db: DbSession, now: datetime) -> int:
    """Skip what was not sent in time, with the reason. Gives how many messages that were."""
    reasons = {
        "put_off": Reason.PUT_OFF,
        "paused": Reason.PAUSED,
        "held": Reason.HELD,
        "bounced": Reason.BOUNCED,
        "superseded": Reason.SUPERSEDED,
        "expired": Reason.EXPIRED,
    }
    values = {"now": now, **{name: reason.value for name, reason in reasons.items()}}
    return sql.rows_changed(db.execute(sql.EXPIRE, values))


# ------------------------------------------------------------------------------------------------------------- counting


def handed_over(db: DbSession, since: datetime, at_most: int) -> tuple[int, datetime | None]:
    """How many messages the mail server took, or may have taken, after `since`, from all processes together.

    Only the newest `at_most` are looked at: nobody asks beyond a cap. With the moment of the oldest one counted.
    """
    count, oldest = db.execute(sql.HANDED_OVER, {"since": since, "at_most": at_most}).one()
    return int(count), oldest


def in_hand(db: DbSession) -> int:
    """How many messages all processes together have in hand at this moment."""
    return int(db.scalar(text("SELECT count(*) FROM outbox WHERE state IN ('claimed', 'transmitting')")) or 0)


def lock_claims(db: DbSession) -> None:
    """Until the end of the transaction nobody else claims under a cap: two would fill the same room."""
    if not _is_sqlite(db):  # where a write transaction is alone anyway
        db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CLAIMS_LOCK})


def counts(db: DbSession, event_id: int) -> dict[OutboxState, int]:
    """How many of an event's messages are in which state; a state without any is left out."""
    rows = db.execute(
        text("SELECT state, count(*) FROM outbox WHERE event_id = :event_id GROUP BY state"), {"event_id": event_id}
    )
    return {OutboxState(state): count for state, count in rows}


def next_due(db: DbSession) -> datetime | None:
    """When the next message that is to be sent is due, maybe in the past; None where nothing waits."""
    moment: datetime | None = db.scalar(sql.NEXT_DUE)
    return moment


# --------------------------------------------------------------------------------------------------------------- little


def _dialect(db: DbSession) -> str:
    return db.get_bind().dialect.name


def _is_sqlite(db: DbSession) -> bool:
    return _dialect(db) == "sqlite"


def _lease(db: DbSession, lease_now: datetime | None, lease: timedelta) -> dict[str, Any]:
    """The moments of a lease as parameters; on Postgres, without a moment, its own clock fills them in."""
    now = _lease_now(db, lease_now)
    return {"lease_now": now, "lease_until": now and now + lease, "lease_s": lease.total_seconds()}


def _lease_now(db: DbSession, lease_now: datetime | None) -> datetime | None:
    return system_clock() if lease_now is None and _is_sqlite(db) else lease_now
