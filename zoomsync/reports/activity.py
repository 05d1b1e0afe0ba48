"""The report `activity`: sync runs and the audit of changes, in one list by their time. Pure."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from zoomsync.domain.report_lines import ChangeLine, RunLine
from zoomsync.reports.columns import chosen, picker
from zoomsync.reports.values import Batch, Column, EventFacts, Kind, Part, Row
from zoomsync.reports.words import Words

_ROWS_A_BATCH = 1_000


def activity_part(
    events: Sequence[tuple[EventFacts, Iterable[RunLine], Iterable[ChangeLine]]],
    words: Words,
    *,
    anonymous: bool = False,
    nested: bool = False,
    columns: Sequence[str] = (),
) -> Part:
    """Sync runs and changes by their time, one row each.

    nested: with the counts of a run, and before and after of a change, as mappings (for JSON). Raises UnknownColumn.
    """
    known = [
        Column("event", words.heading("event"), rank=3),
        Column("at", words.heading("at"), Kind.MOMENT, rank=0),
        Column("type", words.heading("type"), Kind.CODE, words.changes, rank=2),
        Column("change", words.heading("change"), Kind.CODE, words.changes, rank=0),
        Column("subject", words.heading("subject"), Kind.CODE, words.changes, rank=1),
        Column("subject_id", words.heading("subject_id"), rank=4),
        *([] if anonymous else [Column("email", words.heading("email"), rank=2)]),
        Column("actor", words.heading("actor"), rank=2),
        Column("run", words.heading("run"), Kind.NUMBER, rank=5),
        Column("what", words.heading("what"), rank=0),
    ]
    if nested:
        known.append(Column("counts", words.heading("counts"), Kind.MAPPING))
        if not anonymous:
            known += [Column(name, words.heading(name), Kind.MAPPING) for name in ("before", "after")]
    places = chosen(known, columns)
    picked = picker(places, len(known))

    def of_run(slug: str, run: RunLine) -> Row:
        counts = ", ".join(f"{count} {words.count(name)}" for name, count in run.counts.items() if count)
        what = "; ".join(filter(None, (run.error, counts)))
        mail = () if anonymous else ("",)
        row: Row = (slug, run.at, "sync", run.state, "event", slug, *mail, "sync", run.run, what)
        return (*row, run.counts, *(() if anonymous else (None, None))) if nested else row

    def of_change(facts: EventFacts, one: ChangeLine) -> Row:
        what = _changed_fields(one, words) if anonymous else _change_in_words(one, facts, words)
        mail = () if anonymous else (one.email,)
        actor = _ADDRESS.sub("…", one.actor) if anonymous else one.actor
        row: Row = (facts.slug, one.at, "change", one.change, one.subject, one.subject_id, *mail, actor, one.run, what)
        return (*row, None, *(() if anonymous else (one.before, one.after))) if nested else row

    def batches() -> Iterator[Batch]:
        for facts, runs, changes in events:
            slug = facts.slug
            both = heapq.merge(
                ((run.at, 0, of_run(slug, run)) for run in runs),
                ((one.at, 1, of_change(facts, one)) for one in changes),
                key=itemgetter(0, 1),
            )
            rows = (row for _, _, row in both)
            while some := list(islice(rows, _ROWS_A_BATCH)):
                yield Batch(facts, picked(some))

    return Part("activity", words.say("activity"), tuple(known[place] for place in places), batches())


_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
# What a change of a registrant says in one line; the rest is in JSON.
_TOLD_OF_ADDED = ("status", "title", "starts_at")


def _change_in_words(one: ChangeLine, facts: EventFacts, words: Words) -> str:
    before, after = one.before or {}, one.after or {}

    def said(name: str, value: Any) -> str:
        if name == "status":
            return words.status(str(value))
        if name.endswith(("_at", "_until", "_deadline")) and isinstance(value, str):
            return f"{datetime.fromisoformat(value).astimezone(ZoneInfo(facts.timezone)):%Y-%m-%d %H:%M}"
        return str(value)

    told = []
    for name, value in after.items():
        was = before.get(name)
        if one.change == "added" and (name not in _TOLD_OF_ADDED or not value):
            continue
        arrow = f"{said(name, was)} → " if was not in (None, "") else ""
        told.append(f"{words.heading(name)}: {arrow}{said(name, value) if value is not None else '–'}")
    return ", ".join(told)


def _changed_fields(one: ChangeLine, words: Words) -> str:
    """The names of the fields alone, and the status, which is nobody's secret."""
    before, after = one.before or {}, one.after or {}
    status = words.status(str(after.get("status")))
    if one.change == "added":
        return f"{words.heading('status')}: {status}" if one.subject == "registrant" else ""
    was = f"{words.status(str(before['status']))} → " if before.get("status") else ""
    return ", ".join(
        f"{words.heading('status')}: {was}{status}" if name == "status" else words.heading(name) for name in after
    )
