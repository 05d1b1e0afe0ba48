"""What must hold of every message, however those who sent it ended; and what there is to count.

The names are those of the promises: I1 a message is planned once; I2 it is taken once, or twice where the doubt is
written down; I3 nobody is written to who was not to be; I4 nothing is left lying; I5 people are those on Zoom; I6 the
database is whole; I7 registration closes once, and not before its deadline; I8 no log shows what is confidential; I9
exit codes tell the truth; I10 one that is bad does not stop the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.canaries import confidential_in
from tests.prove.stage import Stage
from zoomsync.errors import StoreError
from zoomsync.simulate.model_event import MODEL_MEETING_ID

SETTLED = {"sent", "failed", "skipped", "cancelled"}


class Violation(AssertionError):
    """An invariant does not hold; the first word is its name."""


@dataclass(frozen=True)
class Tally:
    """rows: messages that were due. doubted: of them, those whose fate was unknown at some time. arrived: of these, how
    many had been taken all the same. duplicates: taken twice. never: never taken. freed is not written down anywhere:
    what was lost before the mark leaves no trace, as it should."""

    rows: int
    doubted: int
    arrived: int
    duplicates: int
    never: int


def check(stage: Stage, *, resend: bool = True, unwanted: Collection[str] = (), others: Collection[str] = ()) -> Tally:
    """Look at the database and at what arrived. unwanted: addresses that nothing more was to go to. others: addresses
    that get mail which is in no outbox, such as alarms.

    Raises Violation.
    """
    _database_is_whole(stage)
    rows = stage.rows(
        """SELECT o.*, r.email,
                  (SELECT count(*) FROM delivery_attempt AS a
                   WHERE a.outbox_id = o.id AND a.outcome = 'accepted') AS told
           FROM outbox AS o JOIN registrant AS r ON r.id = o.registrant_row
           WHERE o.due_at <= :now OR o.state <> 'pending' OR o.in_doubt > 0""",
        now=stage._now(),
    )
    lines = [line for line in stage.sink.lines() if line[1] not in others]
    taken = Counter(identifier for identifier, _, _ in lines)
    keys = [(row["registrant_row"], row["session_key"], row["kind"]) for row in rows]
    if len(set(keys)) < len(keys):
        raise Violation(f"I1: {len(keys) - len(set(keys))} messages are planned twice")
    strangers = set(taken) - {row["message_id"] for row in rows}
    if strangers:
        raise Violation(f"I1: {len(strangers)} messages arrived that are in no row")
    for identifier, recipient, _ in lines:
        if recipient in unwanted:
            raise Violation(f"I3: {recipient} was written to ({identifier})")
    for row in rows:
        count = taken[row["message_id"]]
        if count > min(1 + row["in_doubt"], 2):
            raise Violation(f"I2: row {row['id']} arrived {count} times and was {row['in_doubt']} times in doubt")
        if count > 1 and not resend:
            raise Violation(f"I2: row {row['id']} arrived twice although doubts are held")
        held = row["state"] == "in_doubt" and (not resend or row["in_doubt"] > 1)
        if row["state"] not in SETTLED and not held:
            raise Violation(f"I4: row {row['id']} is left {row['state']}")
        if row["state"] == "sent" and not count:
            raise Violation(f"I2: row {row['id']} is said to be sent and never arrived")
        if row["state"] not in ("sent", "in_doubt") and count:
            raise Violation(f"I2: row {row['id']} is {row['state']} and arrived")
    doubted = [row for row in rows if row["in_doubt"]]
    return Tally(
        rows=len(rows),
        doubted=len(doubted),
        arrived=sum(taken[row["message_id"]] > row["told"] for row in doubted),
        duplicates=sum(taken[row["message_id"]] > 1 for row in rows),
        never=sum(not taken[row["message_id"]] for row in rows),
    )


def people_are_those_on_zoom(stage: Stage) -> None:
    """I5, after a sync that was not disturbed. Raises Violation."""
    on_zoom = {one.email: one.status for one in stage.world.meetings[MODEL_MEETING_ID].order}
    rows = stage.rows("SELECT email, status FROM registrant WHERE status <> 'cancelled'")
    if {row["email"]: row["status"] for row in rows} != on_zoom:
        raise Violation(f"I5: {len(rows)} people here, {len(on_zoom)} on Zoom, or other states")


def closed_once_and_in_time(closings: Sequence[datetime], deadline: datetime) -> None:
    """I7, by when the form was changed on Zoom. Raises Violation."""
    if len(closings) != 1 or closings[0] < deadline:
        raise Violation(f"I7: closed at {closings}")


def log_is_clean(stage: Stage) -> None:
    """I8. Raises Violation."""
    if found := confidential_in(stage.log()):
        raise Violation(f"I8: a log shows {len(found)} things that are confidential")
    answer = stage.folder / "answer"
    if answer.exists() and "Traceback" in answer.read_text(encoding="utf-8"):
        raise Violation("I8: a traceback stands on standard output")


def exit_code_is_true(code: int, *, done: bool) -> None:
    """I9. done: whether all of the work was. Raises Violation."""
    if (code == 0) != done:
        raise Violation(f"I9: exit code {code}, and the work is {'' if done else 'not '}done")


def others_were_reached(stage: Stage, bad: Collection[str]) -> None:
    """I10. bad: addresses that cannot be written to. Raises Violation."""
    query = "SELECT r.email, o.state FROM outbox AS o JOIN registrant AS r ON r.id = o.registrant_row"
    rows = stage.rows(f"{query} WHERE o.due_at <= :now", now=stage._now())
    left = [row for row in rows if row["email"] not in bad and row["state"] != "sent"]
    if left:
        raise Violation(f"I10: {len(left)} of {len(rows)} others were not reached")


def nothing_in_hand(stage: Stage) -> bool:
    """Whether no message is claimed by anybody."""
    return not stage.rows("SELECT id FROM outbox WHERE state IN ('claimed', 'transmitting')")


def _database_is_whole(stage: Stage) -> None:
    try:
        if not stage.database.is_current():
            raise Violation("I6: the schema's version is wrong")
        (verdict,) = stage.rows("PRAGMA integrity_check") if stage.database.dialect == "sqlite" else [None]
    except StoreError as error:
        raise Violation(f"I6: {error}") from error
    if verdict and verdict["integrity_check"] != "ok":
        raise Violation(f"I6: {verdict['integrity_check']}")
