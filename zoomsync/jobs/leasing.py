"""Holding a unit of work: nobody else does it meanwhile, and a dead holder does not keep it for long."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy.orm import Session as DbSession

from zoomsync.about import as_here
from zoomsync.clock import Sleep
from zoomsync.errors import StoreError
from zoomsync.store import leases
from zoomsync.store.schema import Database

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=45)
KEEP_EVERY_S = 15.0
LOOK_AGAIN_S = 0.5

_own_names: set[str] = set()  # under which this process holds, or held, anything

LeaseClock = Callable[[], datetime | None]
"""Gives the moment leases go by; None, without `--now`, for the clock that all processes share (see `store.leases`)."""


def new_owner() -> str:
    """A name for this process that no other has: host, process id, and chance."""
    owner = f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"
    _own_names.add(owner)
    return owner


@contextmanager
def held(
    database: Database, name: str, owner: str, clock: LeaseClock, *, wait: timedelta, sleep: Sleep
) -> Iterator[bool]:
    """Hold `name` while the block runs, waiting for it up to `wait`. Gives False where somebody else kept it.

    A thread extends the lease while the block runs, so that a slow answer does not lose it.
    """
    looks = int(wait.total_seconds() / LOOK_AGAIN_S)
    taken = _take(database, name, owner, clock)
    while not taken and looks > 0:
        sleep(LOOK_AGAIN_S)
        looks -= 1
        taken = _take(database, name, owner, clock)
    if not taken:
        yield False
        return
    ended = threading.Event()
    keeper = threading.Thread(
        target=as_here(_keep), args=(database, name, owner, clock, ended), name=f"keep {name}", daemon=True
    )
    keeper.start()
    try:
        yield True
    finally:
        ended.set()
        keeper.join()
        database.write(lambda db: leases.give_back(db, name, owner))


def _take(database: Database, name: str, owner: str, clock: LeaseClock) -> bool:
    def attempt(db: DbSession) -> bool:
        holder = leases.holder(db, name, clock())
        if holder is not None and is_dead(holder.owner):
            leases.give_back(db, name, holder.owner)
        return leases.take(db, name, owner, clock(), LEASE)

    return database.write(attempt)


def _keep(database: Database, name: str, owner: str, clock: LeaseClock, ended: threading.Event) -> None:
    while not ended.wait(KEEP_EVERY_S):
        try:
            database.write(lambda db: leases.keep(db, name, owner, clock(), LEASE))
        except StoreError as error:
            # Tried again at the next turn; the transaction that counts asks for the lease once more.
            log.warning("could not extend the lease %s: %s", name, error)


def is_dead(owner: str) -> bool:
    """True where the owner was a process of this very host that is no more: its lease need not run out.

    In a container the next start often has the process id of the one before: a name with our own id that is none of
    ours is a predecessor's.
    """
    host, _, rest = owner.partition("/")
    pid = rest.partition("/")[0]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    if int(pid) == os.getpid():
        return owner not in _own_names
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
