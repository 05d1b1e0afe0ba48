"""Short plays with a batch: killed at a point, frozen past its lease, stopped, overtaken by a change on Zoom.

Each leaves the stage so that `invariants.check` can judge it.
"""

from __future__ import annotations

import signal
import time
from datetime import timedelta

from tests.prove.invariants import Violation, nothing_in_hand
from tests.prove.stage import DUE, EXPIRES, Stage
from zoomsync.simulate.model_event import MODEL_MEETING_ID

BEFORE_THE_MARK = (
    "deliver.claim",
    "deliver.connect",
    "smtp.after_ehlo",
    "smtp.after_auth",
    "smtp.after_mail",
    "smtp.after_rcpt",
    "deliver.after_354",
)
IN_DOUBT = ("deliver.after_mark", "smtp.mid_body", "smtp.after_dot", "deliver.after_250")
WRITTEN_DOWN = ("deliver.after_commit",)
AT_THE_END = ("deliver.quit", "smtp.after_quit")

_ONCE_A_CONNECTION = ("deliver.claim", "smtp.after_ehlo", "smtp.after_auth", *AT_THE_END)
_LEASE_OVER = timedelta(minutes=6)
_RESENT = timedelta(minutes=11)


def kill_at(stage: Stage, point: str, number: int) -> None:
    """`remind` that kills itself when it comes to `point` for the n-th time."""
    reached = 1 if point in _ONCE_A_CONNECTION else number
    code = stage.start("remind", failpoint=f"{point}:{reached}:kill").wait()
    assert code == -signal.SIGKILL, f"{point} was not reached ({code}): {stage.log()}"


def finish(stage: Stage) -> None:
    """Let `remind` run undisturbed until nothing is left that it would still send."""
    while stage.now < EXPIRES:
        stage.run("remind")
        waits = stage.rows(
            "SELECT id FROM outbox WHERE state IN ('claimed', 'transmitting', 'deferred')"
            " OR (state = 'in_doubt' AND in_doubt = 1)"
        )
        if not waits or stage.environment.get("ZOOMSYNC_MAIL__IN_DOUBT") == "hold":
            return
        stage.advance(_RESENT)


def freeze_past_the_lease(stage: Stage, point: str, *, woken_after_the_resend: bool) -> None:
    """One `remind` is frozen at `point` until its lease is over and another has gone on; then it wakes."""
    stage.move_to(DUE)
    frozen = stage.start("remind", failpoint=f"{point}:3:stop")
    frozen.wait_until_frozen()
    stage.advance(_LEASE_OVER)
    stage.run("remind", by=1)
    if woken_after_the_resend:
        stage.advance(_RESENT)
        stage.run("remind", by=1)
    frozen.signal(signal.SIGCONT)
    frozen.wait()
    stage.advance(_RESENT)
    finish(stage)


def stop_at(stage: Stage, point: str, by: signal.Signals) -> tuple[int, float]:
    """`remind` gets a signal just when it is at `point`. Gives its exit code and the seconds it took to end."""
    stage.move_to(DUE)
    child = stage.start("remind", failpoint=f"{point}:{1 if point in _ONCE_A_CONNECTION else 3}:stop")
    child.wait_until_frozen()
    begun = time.monotonic()
    child.signal(by)
    child.signal(signal.SIGCONT)
    code = child.wait()
    took_s = time.monotonic() - begun
    if not nothing_in_hand(stage):
        raise Violation(f"I4: something is left in hand after {by.name} at {point}")
    return code, took_s


def cancel_everybody_in_between(stage: Stage) -> set[str]:
    """While `remind` stands between the claim and the mark, all who got nothing yet cancel, and a sync hears of it.

    Gives their addresses.
    """
    stage.move_to(DUE)
    frozen = stage.start("remind", failpoint="deliver.after_354:3:stop")
    frozen.wait_until_frozen()
    reached = {recipient for _, recipient, _ in stage.sink.lines()}
    people = [one.email for one in stage.world.meetings[MODEL_MEETING_ID].order if one.email not in reached]
    for email in people:
        stage.world.cancel_by_self(MODEL_MEETING_ID, email)
    # Twice, because so many at once are believed only when a second pull says the same.
    for _ in range(2):
        stage.run("sync", "--no-close", by=1)
    frozen.signal(signal.SIGCONT)
    frozen.wait()
    stage.run("remind", by=1)
    return set(people)


def move_the_session_in_between(stage: Stage) -> None:
    """While `remind` stands between the claim and the mark, the first session moves by two hours."""
    stage.move_to(DUE)
    frozen = stage.start("remind", failpoint="deliver.after_354:3:stop")
    frozen.wait_until_frozen()
    stage.edit_event(lambda text: text.replace("03-07T08:00", "03-07T10:00").replace("03-07T13:00", "03-07T15:00"))
    meeting = stage.world.meetings[MODEL_MEETING_ID]
    stage.world.move_occurrence(
        MODEL_MEETING_ID, meeting.occurrences[0].occurrence_id, meeting.occurrences[0].start_time + timedelta(hours=2)
    )
    stage.run("sync", "--no-close", by=1)
    frozen.signal(signal.SIGCONT)
    frozen.wait()
    stage.advance(_RESENT)
    finish(stage)
