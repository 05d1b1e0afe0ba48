"""Mistakes that somebody might make, each to be found by the invariant it breaks. Children are told to make one by name
(`Hatchery`); the program itself never imports this.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

from zoomsync.cli import redaction
from zoomsync.domain.records import RunState
from zoomsync.domain.registration import Deadline
from zoomsync.jobs import deliver, planning, sync
from zoomsync.mail.smtp import SmtpConnection
from zoomsync.store import outbox, outbox_plan, outbox_sql
from zoomsync.store.schema import Database


def plan_under_another_key_each_time() -> None:
    """I1: every start plans anew, and the key of a message holds something of chance: it is not known again."""
    insert = outbox_plan.insert_planned

    def spoilt(db: Any, event_id: int, planned: Any, now: Any) -> int:
        return insert(
            db, event_id, [one._replace(key=one.key._replace(occasion=secrets.token_hex(4))) for one in planned], now
        )

    outbox_plan.insert_planned = spoilt
    planning._fingerprint = lambda event: secrets.token_hex(4)


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


def forget_who_was_denied() -> None:
    """I5: of those who are known only what is new on Zoom, or gone from it, is taken over."""
    decide = sync.reconcile

    def spoilt(*given: Any, **named: Any) -> Any:
        return replace(decide(*given, **named), updated=())

    sync.reconcile = spoilt  # type: ignore[attr-defined]


def write_behind_sqlites_back() -> None:
    """I6: somebody writes into the database's file."""
    close = Database.close

    def spoilt(self: Database) -> None:
        close(self)
        assert self.file is not None
        size = self.file.stat().st_size
        with open(self.file, "r+b") as file:
            for page in range(8192, size, 8192):
                file.seek(page)
                file.write(b"\xff" * 64)

    Database.close = spoilt  # type: ignore[method-assign]


def close_an_hour_early() -> None:
    """I7: the deadline is taken for one of another zone."""

    def spoilt(self: Deadline, now: Any) -> bool:
        return self.closes_at is not None and now >= self.closes_at - timedelta(hours=1)

    Deadline.has_come = spoilt  # type: ignore[method-assign]


def log_whom_it_was_sent_to() -> None:
    """I8: a line names the recipient, and nothing takes that out."""
    redaction.Redaction.filter = lambda self, record: True  # type: ignore[method-assign]
    record = outbox.record

    def spoilt(db: Any, claimed: Any, *given: Any, **named: Any) -> Any:
        deliver.log.warning("written to %s", claimed.registrant.email)
        return record(db, claimed, *given, **named)

    outbox.record = spoilt


def take_a_failed_pull_for_a_good_one() -> None:
    """I9: what went wrong is forgotten on its way to the exit code."""
    pull = sync.Syncer.sync

    def spoilt(self: sync.Syncer, *given: Any, **named: Any) -> Any:
        outcome = pull(self, *given, **named)
        return replace(outcome, run=replace(outcome.run, state=RunState.OK, error=""))

    sync.Syncer.sync = spoilt  # type: ignore[method-assign]


def end_with_the_first_bad_one() -> None:
    """I10: a message that cannot be written ends the batch, instead of failing alone."""

    def spoilt(self: Any, claimed: Any) -> Any:
        return self._job.render(claimed)

    deliver._Run._written = spoilt  # type: ignore[method-assign]
