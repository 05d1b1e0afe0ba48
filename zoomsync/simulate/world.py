"""A Zoom account and Zoom's rules, without HTTP: who may do what, and what comes of it.

Every public method takes the one lock, so a test, the server's thread and the demo may use a World together.
What goes wrong on demand is kept here (`faults`) and acted out by the server. Its parts: `account`, `meetings`,
`registrants`, `sittings`. The addresses: `server`. What the account's things look like as JSON: `objects`.
"""

from __future__ import annotations

from zoomsync.clock import Clock
from zoomsync.simulate.model_event import furnish_model_event
from zoomsync.simulate.registrants import Registrants
from zoomsync.simulate.sittings import Sittings


class World(Registrants, Sittings):
    """One account. Fields may be changed by whoever holds `lock`; methods take it themselves.

    clock: what every time in the account follows; may be replaced. furnish: fills a new or reset account.
    """

    @classmethod
    def model_account(cls, clock: Clock, *, plan: str = "pro", seed: int = 1) -> World:
        """The account of the model event: one type-8 meeting of two occurrences, nobody registered.

        Credentials: demo-account, demo-client, demo-secret.
        """
        return cls(clock, furnish=furnish_model_event, plan=plan, seed=seed)
