"""Mistakes that somebody might make, each to be found by the invariant it breaks. Children are told to make one by name
(`Hatchery`); the program itself never imports this.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

from zoomsync.mail.smtp import SmtpConnection
from zoomsync.store import outbox, outbox_sql


def plan_under_another_key_each_time() -> None:
    """I1: the key of a message holds something of chance, so that the next start does not know it again."""
    insert = outbox.insert_planned

    def spoilt(db: Any, event_id: int, planned: Any, now: Any) -> int:
        return insert(
            db, event_id, [replace(one, key=one.key._replace(occasion=secrets.token_hex(4))) for one in planned], now
        )

    outbox.insert_planned = spoilt


def mark_after_sending() -> None:
    """I2: the mark is made when the server has answered, which leaves a gap after the body."""
    send = SmtpConnection.send

    def spoilt(self: SmtpConnection, message: Any, before_body: Any) -> Any:
        outcome = send(self, message, lambda: True)
        before_body()
        return outcome

    SmtpConnection.send = spoilt  # type: ignore[method-assign]


def no_fence() -> None:
    """I2: whoever once claimed a message marks it, whether the claim is still in force or not."""

    def spoilt(db: Any, claimed: Any, *, message_id: str, body_hash: str, **_: Any) -> bool:
        db.execute(
            outbox.text("UPDATE outbox SET state = 'transmitting', message_id = :message_id WHERE id = :id"),
            {"id": claimed.id, "message_id": message_id},
        )
        return True

    outbox.mark_transmitting = spoilt


def do_not_ask_again_before_the_body() -> None:
    """I3: the mark looks at the claim alone, and not at the registrant and the session once more."""
    mark = outbox_sql.mark.__wrapped__

    def spoilt(dialect: str) -> Any:
        wanted, outbox_sql._WANTED = outbox_sql._WANTED, "1 = 1"
        try:
            return mark(dialect)
        finally:
            outbox_sql._WANTED = wanted

    outbox_sql.mark = spoilt  # type: ignore[assignment]


def take_nothing_back() -> None:
    """I4: what a dead process had in hand stays in its hands."""
    outbox.recover = lambda db, **_: outbox.Recovered(0, 0)
