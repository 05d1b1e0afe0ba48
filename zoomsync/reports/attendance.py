"""The report `attendance`: who was in which session and for how long. Pure; who came is `domain.attendance`'s."""

from __future__ import annotations

from collections.abc import Sequence

from zoomsync.domain.attendance import SessionAttendance
from zoomsync.reports.columns import chosen, picker
from zoomsync.reports.overview import by_session_part, session_facts
from zoomsync.reports.values import Batch, Column, EventFacts, Kind, Part, Row, Total
from zoomsync.reports.words import Words


def attendance_parts(
    events: Sequence[tuple[EventFacts, Sequence[SessionAttendance]]],
    words: Words,
    *,
    anonymous: bool = False,
    columns: Sequence[str] = (),
) -> tuple[Part, Part]:
    """One row for each person and session: who came, the longest first; those of whom nobody knows who they are; who
    registered and did not come. And the sums of each session. Raises UnknownColumn.
    """
    known = [
        Column("event", words.heading("event"), rank=4),
        Column("session", words.heading("session"), rank=1),
        *(
            [Column("person", words.heading("person"), Kind.NUMBER, rank=0)]
            if anonymous
            else [
                Column("registrant_id", words.heading("registrant_id"), rank=8),
                Column("email", words.heading("email"), rank=0),
                Column("name", words.heading("name"), rank=0),
            ]
        ),
        Column("matched_by", words.heading("matched_by"), Kind.CODE, words.matches, rank=3),
        Column("by_hand", words.heading("by_hand"), Kind.FLAG, rank=5),
        Column("minutes", words.heading("minutes"), Kind.NUMBER, rank=0),
        Column("share", words.heading("share"), Kind.SHARE, rank=2),
        Column("present", words.heading("present"), Kind.FLAG, rank=1),
    ]
    places = chosen(known, columns)
    picked = picker(places, len(known))

    def rows(facts: EventFacts, one: SessionAttendance) -> list[Row]:
        start = (facts.slug, one.session.title)
        found: list[Row] = []
        for came in one.came:
            person = came.registrant
            who = (person.row_id,) if anonymous else (person.registrant_id, person.email, person.name)
            judged = (came.matched_by.value, came.by_hand, came.minutes, round(came.share, 4), came.present)
            found.append((*start, *who, *judged))
        for stranger in one.unmatched:
            nobody = (None,) if anonymous else (None, stranger.email or None, stranger.name)
            judged_too = (None, False, stranger.minutes, round(stranger.share, 4), stranger.present)
            found.append((*start, *nobody, *judged_too))
        for away in one.absent:
            missed = (away.row_id,) if anonymous else (away.registrant_id, away.email, away.name)
            found.append((*start, *missed, None, False, 0, 0.0, False))
        return found

    sessions = [(facts, [session_facts(one) for one in found]) for facts, found in events]
    by_session = by_session_part(sessions, words)
    counts = ("identified", "present", "absent", "unmatched")
    sums = {name: sum(getattr(one, name) for _, some in sessions for one in some) for name in counts}
    main = Part(
        "attendance",
        words.say("attendance"),
        tuple(known[place] for place in places),
        [Batch(facts, picked(rows(facts, one))) for facts, found in events for one in found],
        tuple(Total(name, words.people(name), value) for name, value in sums.items()),
    )
    return main, by_session
