"""Delivery of what is due: claim, write, talk to the mail server, mark, send, record; over several connections at once.

What is due was planned elsewhere (see `planning`), and what follows from a try is decided in `domain.delivery`. No
transaction is open while a socket is used: each step is one of its own, and a crash between any two of them leaves a
row that `store.outbox` knows how to take back.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Generic

from sqlalchemy.orm import Session as DbSession

from zoomsync import failpoints
from zoomsync.about import about, as_here
from zoomsync.clock import Clock, Sleep
from zoomsync.domain.delivery import decide
from zoomsync.domain.records import OutboxState, Outcome, OutcomeKind, Stage
from zoomsync.errors import MailError, StoreError, TemplateBroken
from zoomsync.jobs.leasing import LeaseClock, is_dead, new_owner
from zoomsync.jobs.ports import MailConnection, MailTransport, Message
from zoomsync.language import _
from zoomsync.store import outbox
from zoomsync.store.outbox import ClaimedMessage
from zoomsync.store.schema import Database

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)  # longer than any one step may take, the wait for the answer to a body included
EXTEND_EVERY_S = 30.0
GRACE_S = 8.0  # how long a stop waits for the messages in hand
CLAIM_AT_MOST = 20
LIST_AT_MOST = 5_000  # ids in their order, worked out at once
BROKEN_AFTER = 20  # messages of a kind that its template failed for, one after another: it is not this person's name
_LONGEST_PAUSE_S = 5.0
_GOLDEN = 0.618034  # spreads the pauses of rows with neighbouring ids

_BEFORE_ANY_MESSAGE = (Stage.CONNECT, Stage.TLS, Stage.LOGIN)


@dataclass(frozen=True, slots=True)
class Caps:
    """How many messages the mail host allows in a window of time, all processes together; None for no such limit."""

    per_minute: int | None = None
    per_hour: int | None = None
    per_day: int | None = None

    def windows(self) -> list[tuple[timedelta, int]]:
        """The caps that are set, as (window, messages)."""
        caps = (
            (timedelta(minutes=1), self.per_minute),
            (timedelta(hours=1), self.per_hour),
            (timedelta(days=1), self.per_day),
        )
        return [(window, cap) for window, cap in caps if cap is not None]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of one message in this run. reason: the mail server's words, or ours, "" where it was sent."""

    message: ClaimedMessage
    state: OutboxState
    reason: str


@dataclass(slots=True)
class DeliveryReport:
    """What a run did.

    messages: in the order in which they were settled; one that is `pending` was put back. recovered: what processes
    that are gone had left, free again and in doubt. expired: how many were too late and are skipped now.
    alarms: why the run ended early, or what a person must mend, in one line each. full_until: when the mail host's
    limit leaves room again, None where it was not reached.
    """

    messages: list[Delivered] = field(default_factory=list)
    recovered: outbox.Recovered = field(default_factory=lambda: outbox.Recovered(0, 0))
    expired: int = 0
    alarms: list[str] = field(default_factory=list)
    full_until: datetime | None = None

    @property
    def counts(self) -> Counter[OutboxState]:
        """How many messages of this run ended in which state."""
        return Counter(one.state for one in self.messages)


@dataclass(frozen=True, slots=True)
class Deliverer(Generic[Message]):
    """What a delivery needs. One serves run after run.

    render: writes one message, for the registrant and the sessions as the claim found them; where `message_id` of the
    claim is not empty, with that one. Raises DeliveryRefused where this person cannot be written to.
    lease_clock: see `leasing`. rate_clock: the clock that caps are kept by, where `clock` stands still.
    connections: how many at once. resend: whether a message in doubt goes once more.
    patience: how long a run may wait for room under the caps before it leaves the rest to the next one.
    """

    database: Database
    transport: MailTransport[Message]
    render: Callable[[ClaimedMessage], Message]
    clock: Clock
    lease_clock: LeaseClock
    rate_clock: Clock
    connections: int = 2
    caps: Caps = Caps()
    resend: bool = True
    patience: timedelta = timedelta(0)
    sleep: Sleep = time.sleep
    owner: str = field(default_factory=new_owner)

    def deliver(
        self,
        *,
        event_ids: Collection[int] | None = None,
        only: Sequence[int] | None = None,
        stop: threading.Event | None = None,
    ) -> DeliveryReport:
        """Send what is due now, of these events or of all, until nothing is left or the mail server refuses us.

        only: these messages alone, in this order; what of them may not go out now stays as it is.
        stop: once set, the messages in hand are finished, for eight seconds at most, and the rest is given back.
        Raises StoreError where the database is away. What was sent by then is written down or in doubt.
        """
        run = _Run(self, event_ids, only, stop or threading.Event())
        return run.carry_out()


class _Run(Generic[Message]):
    """One run: its queue, which its threads share under one lock, and its report."""

    def __init__(
        self,
        job: Deliverer[Message],
        event_ids: Collection[int] | None,
        only: Sequence[int] | None,
        stop: threading.Event,
    ) -> None:
        self._job = job
        self._event_ids = event_ids
        self._only = only
        self._stop = stop  # set by others: end soon
        self._halt = threading.Event()  # set by a thread: nothing more can be sent in this run
        self._lock = threading.Lock()
        self._listed: deque[int] = deque()
        self._claimed: deque[ClaimedMessage] = deque()
        self._put_back: set[int] = set()  # not to be tried again in this run
        self._unwritten: Counter[tuple[int, str]] = Counter()  # by event and kind: so many in a row
        self._waited_s = 0.0
        self._error: BaseException | None = None
        self._report = DeliveryReport()

    def carry_out(self) -> DeliveryReport:
        self._begin()
        ends: list[threading.Event] = []
        with self._leases_kept():
            try:
                for number in range(self._job.connections):
                    end = threading.Event()
                    work = as_here(self._work)
                    threading.Thread(target=work, args=(end,), name=f"mail {number}", daemon=True).start()
                    ends.append(end)
                self._wait_for(ends)
            finally:
                self._halt.set()
                self._wait_for(ends, at_most_s=GRACE_S)
                self._let_go()
        if self._error is not None:
            raise self._error
        return self._report

    def _begin(self) -> None:
        """Take back what others have left, and skip what has become too late."""
        job = self._job

        def take_back(db: DbSession) -> tuple[outbox.Recovered, int]:
            gone = [owner for owner in outbox.holders(db) if is_dead(owner)]
            recovered = outbox.recover(db, now=job.clock(), lease_now=job.lease_clock(), resend=job.resend, gone=gone)
            return recovered, outbox.expire(db, job.clock())

        self._report.recovered, self._report.expired = job.database.write(take_back)

    def _wait_for(self, ends: list[threading.Event], at_most_s: float | None = None) -> None:
        """Wait until all threads have ended; from a stop on, as long as it allows.

        By events of their own: a join that Ctrl-C interrupts takes its thread for ended (CPython 3.11 and 3.12).
        """
        give_up_at = None if at_most_s is None else time.monotonic() + at_most_s
        while not all(end.is_set() for end in ends):
            if give_up_at is None and self._stop.is_set():
                return
            if give_up_at is not None and time.monotonic() > give_up_at:
                log.warning("a message in hand was not finished in time")
                return
            for end in ends:
                end.wait(0.05)

    def _let_go(self) -> None:
        """Give back what is still claimed; what is on its way and unanswered is in doubt."""
        job = self._job

        def give_back(db: DbSession) -> None:
            outbox.recover(db, now=job.clock(), lease_now=job.lease_clock(), resend=job.resend, gone=[job.owner])

        try:
            job.database.write(give_back)
        except StoreError as error:
            # The leases end by themselves, and the next run takes the rows back.
            log.warning("could not give messages back: %s", error)

    @contextmanager
    def _leases_kept(self) -> Iterator[None]:
        """A thread extends the leases meanwhile, so that a slow mail server does not lose them."""
        job, ended = self._job, threading.Event()

        def keep() -> None:
            while not ended.wait(EXTEND_EVERY_S):
                try:
                    job.database.write(lambda db: outbox.extend_leases(db, job.owner, job.lease_clock(), LEASE))
                except StoreError as error:
                    log.warning("could not extend the leases of messages in hand: %s", error)

        keeper = threading.Thread(target=as_here(keep), name="keep mail", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            ended.set()
            keeper.join()

    # -------------------------------------------------------------------------------------------------- the queue

    def _next(self) -> ClaimedMessage | None:
        """The next message, claimed; None when there is none, or the run is to end."""
        with self._lock:
            while not self._ending():
                if self._claimed:
                    return self._claimed.popleft()
                if not self._listed and not self._list():
                    return None
                if not self._claim() and not self._wait_for_room():
                    return None
        return None

    def _ending(self) -> bool:
        return self._stop.is_set() or self._halt.is_set()

    def _list(self) -> bool:
        """Work out what is due and in which order. False if nothing is."""
        job = self._job
        if self._only is not None:
            self._listed.extend(self._only)
            self._only = ()
            return bool(self._listed)
        broken = [kind for kind, times in self._unwritten.items() if times >= BROKEN_AFTER]
        # What was put back is still due and may stand before everything else.
        limit = LIST_AT_MOST + len(self._put_back)
        with job.database.read() as db:
            ids = outbox.due(db, job.clock(), limit=limit, resend=job.resend, event_ids=self._event_ids, without=broken)
        self._listed.extend(row_id for row_id in ids if row_id not in self._put_back)
        return bool(self._listed)

    def _claim(self) -> bool:
        """Claim some of what is listed; others may have been quicker. False if the caps leave no room at present."""
        job = self._job

        def claim(db: DbSession) -> tuple[int, list[ClaimedMessage]]:
            ids = list(islice(self._listed, self._room(db)))
            if not ids:
                return 0, []
            return len(ids), outbox.claim(
                db, ids, job.owner, now=job.clock(), lease_now=job.lease_clock(), lease=LEASE, resend=job.resend
            )

        taken, claimed = job.database.write(claim)
        for _turn in range(taken):
            self._listed.popleft()
        self._claimed.extend(claimed)
        failpoints.reach("deliver.claim")
        return taken > 0

    def _room(self, db: DbSession) -> int:
        """How many messages may be claimed now: what was handed over and what is in hand anywhere counts."""
        windows = self._job.caps.windows()
        if not windows:
            return CLAIM_AT_MOST
        outbox.lock_claims(db)
        now, in_hand = self._job.rate_clock(), outbox.in_hand(db)
        room = CLAIM_AT_MOST
        self._report.full_until = None
        for window, cap in windows:
            count, oldest = outbox.handed_over(db, now - window, cap)
            room = min(room, cap - count - in_hand)
            if count >= cap and oldest is not None:
                self._report.full_until = max(oldest + window, self._report.full_until or oldest)
        return max(room, 0)

    def _wait_for_room(self) -> bool:
        """Let a moment pass until there may be room under the caps. False if the run has no patience left for it."""
        until, now = self._report.full_until, self._job.rate_clock()
        if until is None:
            return False
        pause_s = min(max((until - now).total_seconds(), 0.001), 1.0)
        if (until - now) + timedelta(seconds=self._waited_s) > self._job.patience:
            return False
        self._job.sleep(pause_s)
        self._waited_s += pause_s
        return True

    # ---------------------------------------------------------------------------------------------- one message

    def _work(self, end: threading.Event) -> None:
        try:
            with closing(self._job.transport.open()) as connection:
                while (claimed := self._next()) is not None:
                    with about(event=claimed.event, message=claimed.id):
                        self._hand_over(connection, claimed)
                failpoints.reach("deliver.quit")
        except BaseException as error:
            # Told by `carry_out`, in the thread that asked for the delivery.
            self._error = self._error or error
            self._halt.set()
        finally:
            end.set()

    def _hand_over(self, connection: MailConnection[Message], claimed: ClaimedMessage) -> None:
        message = self._written(claimed)
        if message is None:
            return
        failpoints.reach("deliver.connect")
        outcome = self._sent(connection, claimed, message)
        if outcome.kind is OutcomeKind.ACCEPTED:
            failpoints.reach("deliver.after_250")
        if outcome.kind is OutcomeKind.STOPPED or (
            # The mail server was not even reached: that says nothing about this message, and the next fares no better.
            outcome.kind is OutcomeKind.DEFERRED and outcome.stage in _BEFORE_ANY_MESSAGE
        ):
            self._halt.set()
            said = (outcome.words or str(outcome.code)).rstrip(".")
            self._alarm(
                _(
                    "the mail server refuses us at {stage}: {said}. Nothing is lost: the messages wait "
                    "for the next remind. zoomsync check tries the mail server."
                ).format(stage=outcome.stage.value, said=said)
            )
            outcome = replace(outcome, kind=OutcomeKind.STOPPED)
        self._settle(claimed, outcome)
        failpoints.reach("deliver.after_commit")

    def _written(self, claimed: ClaimedMessage) -> Message | None:
        """The message; None where it cannot be written, which concerns this row and no other."""
        kind = (claimed.event_id, claimed.key.kind)
        try:
            message = self._job.render(claimed)
            self._unwritten.pop(kind, None)
            return message
        except TemplateBroken as error:
            self._alarm(_("{error}; what is written with it waits until it is mended").format(error=error))
            self._settle(claimed, Outcome(OutcomeKind.STOPPED, Stage.CONNECT, words=str(error)))
            self._pass_over(kind)
        except MailError as error:
            self._settle(claimed, Outcome(OutcomeKind.REFUSED, Stage.CONNECT, words=str(error)))
        except StoreError:
            raise
        except Exception as error:
            log.exception("the message cannot be written")
            words = _("the message cannot be written ({name})").format(name=type(error).__name__)
            self._settle(claimed, Outcome(OutcomeKind.REFUSED, Stage.CONNECT, words=words))
        return None

    def _pass_over(self, kind: tuple[int, str]) -> None:
        """Count that a template failed. Once it is plain that it fails for everybody, its messages are left alone."""
        with self._lock:
            self._unwritten[kind] += 1
            if self._unwritten[kind] == BROKEN_AFTER:
                self._listed.clear()  # to be listed anew, without them

    def _sent(self, connection: MailConnection[Message], claimed: ClaimedMessage, message: Message) -> Outcome:
        body_hash = hashlib.sha256(message.data).hexdigest()
        job = self._job

        def mark() -> bool:
            failpoints.reach("deliver.after_354")
            marked = job.database.write(
                lambda db: outbox.mark_transmitting(
                    db,
                    claimed,
                    message_id=message.message_id,
                    body_hash=body_hash,
                    now=job.clock(),
                    lease_now=job.lease_clock(),
                )
            )
            failpoints.reach("deliver.after_mark")
            return marked

        return connection.send(message, mark)

    def _settle(self, claimed: ClaimedMessage, outcome: Outcome) -> None:
        """Write down what became of a message. Once its body was out, for as long as it takes."""
        job, now, at = self._job, self._job.clock(), self._job.rate_clock()
        decision = decide(claimed, outcome, now, resend=job.resend, jitter=claimed.id * _GOLDEN % 1)
        if outcome.kind is OutcomeKind.STOPPED and not decision.reason:
            decision = replace(decision, reason=outcome.words)  # why it waits
        if outcome.kind in (OutcomeKind.ABANDONED, OutcomeKind.STOPPED):
            with self._lock:
                self._put_back.add(claimed.id)  # before another thread can find it due once more
        pause_s = 0.1
        while True:
            try:
                ours = job.database.write(lambda db: outbox.record(db, claimed, outcome, decision, now=now, at=at))
                break
            except StoreError as error:
                if outcome.stage is not Stage.BODY or self._stop.is_set():
                    raise  # nothing was handed over, or there is no time: what the row says now is safe
                log.warning("the message was handed over, which cannot be written down yet: %s", error)
                job.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        with self._lock:
            if ours:
                self._report.messages.append(Delivered(claimed, decision.state, decision.reason))

    def _alarm(self, words: str) -> None:
        with self._lock:
            if words not in self._report.alarms:
                self._report.alarms.append(words)
