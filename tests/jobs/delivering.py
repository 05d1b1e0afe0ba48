"""One delivery as a process of its own, to be killed.

python -m tests.jobs.delivering URL PORT NOW CONNECTIONS [POINT]
"""

from __future__ import annotations

import sys
from datetime import datetime

from tests.jobs.test_deliver import make_deliverer
from zoomsync import failpoints
from zoomsync.clock import SteppedClock
from zoomsync.store.schema import Database

if __name__ == "__main__":
    url, port, now, connections, *point = sys.argv[1:]
    failpoints.arm(point[0] if point else None)
    clock = SteppedClock(datetime.fromisoformat(now))
    make_deliverer(Database(url), int(port), clock, connections=int(connections)).deliver()
