"""Lines of the database made into reports: which columns, in which order, what `--anonymous` leaves out, which sums.

Pure: lines in, `values.Report` out, rows still streaming. Where lines come from: `jobs.reports`. How a report is
written: the other modules of this room.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from zoomsync.domain.calls import Reason
from zoomsync.domain.records import OutboxState
from zoomsync.domain.report_lines import MailLine, MessageLine, People
from zoomsync.reports.answers import SECRET_FIELDS, Form, Question, joined
from zoomsync.reports.columns import chosen, picker
from zoomsync.reports.values import Batch, Column, ColumnBatch, EventFacts, Kind, MailFacts, Part, Row, Total
from zoomsync.reports.words import Words
from zoomsync.text import clean

_ROWS_A_BATCH = 1_000
_OWN_REASONS = frozenset(reason.value for reason in Reason)


# --------------------------------------------------------------------------------------------------------- registrants


def is_plain(*, anonymous: bool, nested: bool, columns: Sequence[str]) -> bool:
    """Whether neither columns nor rows depend on what everybody was asked: then no form is needed."""
    return nested and not anonymous and not columns


def registrants_part(
    events: Sequence[tuple[EventFacts, Iterable[People]]],
    form: Form,
    words: Words,
    *,
    by_status: Mapping[str, int],
    anonymous: bool = False,
    nested: bool = False,
    columns: Sequence[str] = (),
) -> Part:
    """Everybody who registered, one row each.

    form: the questions, over all these events, for anonymous rows with everybody's answers; empty where `is_plain`.
    nested: details and answers as one mapping each (for JSON), in the place of a column for each question. columns:
    the machine names wanted, in that order; all where it is empty. Raises UnknownColumn.
    """
    questions = [one for one in form.questions() if not anonymous or one.is_choice()]
    fields = [one for one in questions if one.is_field]
    custom = [one for one in questions if not one.is_field]
    plain = [
        Column("event", words.heading("event"), rank=3),
        *(
            [Column("person", words.heading("person"), Kind.NUMBER, rank=0)]
            if anonymous
            else [
                Column("meeting_id", words.heading("meeting_id"), rank=8),
                Column("registrant_id", words.heading("registrant_id"), rank=7),
                Column("email", words.heading("email"), rank=0),
                Column("first_name", words.heading("first_name"), rank=0),
                Column("last_name", words.heading("last_name"), rank=0),
            ]
        ),
        Column("status", words.heading("status"), Kind.CODE, words.statuses, rank=0),
        Column("registered_at", words.heading("registered_at"), Kind.MOMENT, rank=1),
        *([] if anonymous else [Column("join_url", words.heading("join_url"), rank=9)]),
    ]
    mappings = [
        Column("details", words.heading("details"), Kind.MAPPING),
        Column("answers", words.heading("answers"), Kind.MAPPING),
    ]
    flat = [
        *(Column(one.name, words.field(one.title), rank=5) for one in fields),
        *(Column(one.name, clean(one.title), rank=4) for one in custom),
    ]
    with_flat = not nested or bool(columns)
    known = [*plain, *(mappings if nested else []), *(flat if with_flat else [])]
    groups = {} if nested else {"details": [one.name for one in fields], "answers": [one.name for one in custom]}
    places = chosen(known, columns, groups)

    def in_columns(facts: EventFacts, people: People) -> ColumnBatch:
        details, told = _by_title(people.details, SECRET_FIELDS), _by_title(people.answers)
        if anonymous:
            details, told = _shared(details, fields), _shared(told, custom)
            columns: list[Sequence[Any]] = [people.row_id, people.status, people.registered_at]
        else:
            columns = list(people[1:9])
        columns.insert(0, [facts.slug] * len(people.row_id))
        columns += [details, told] if nested else []
        if with_flat:
            columns += [_answers_to(one, details) for one in fields] + [_answers_to(one, told) for one in custom]
        return ColumnBatch(facts, [columns[place] for place in places])

    return Part(
        "registrants",
        words.say("registrants"),
        tuple(known[place] for place in places),
        (in_columns(facts, people) for facts, batches in events for people in batches),
        (
            Total("registered", words.heading("registered"), sum(by_status.values())),
            *(Total(status, words.heading(status), count) for status, count in by_status.items()),
        ),
    )


def _by_title(people: Sequence[Sequence[Sequence[str]]], secrets: Collection[str] = ()) -> list[dict[str, str]]:
    """Everybody's answers by their titles."""
    found: list[dict[str, str]] = list(map(dict, people))  # type: ignore[arg-type]
    if sum(map(len, found)) != sum(map(len, people)):
        found = list(map(joined, people))  # somebody has two answers to one question
    for secret in secrets:
        for answers in found:
            answers.pop(secret, None)
    return found


def _answers_to(question: Question, people: Sequence[Mapping[str, str]]) -> list[str | None]:
    """Everybody's answer to a question, under whichever spelling of its title."""
    first, *others = question.titles
    column = [answers.get(first) for answers in people]
    for title in others:
        column = [known or answers.get(title) for known, answers in zip(column, people, strict=True)]
    return column


def _shared(people: Sequence[Mapping[str, str]], questions: Sequence[Question]) -> list[dict[str, str]]:
    """Everybody's answers as anonymous rows show them: to questions that offer a choice, in the usual spelling, and not
    where nobody else gave the same."""
    kept = {title: one for one in questions for title in one.titles}
    return [
        {
            title: kept[title].label(value)
            for title, value in answers.items()
            if title in kept and kept[title].is_shared(value)
        }
        for answers in people
    ]


# ----------------------------------------------------------------------------------------------------------- reminders


def reminders_part(
    events: Sequence[tuple[EventFacts, Iterable[Sequence[MessageLine]]]],
    words: Words,
    *,
    mail: Iterable[MailFacts] = (),
    anonymous: bool = False,
    columns: Sequence[str] = (),
) -> Part:
    """Every message of the outbox, one row each. mail: the same messages counted. Raises UnknownColumn."""
    by_state: Counter[str] = Counter()
    kinds = set()
    for group in mail:
        by_state.update(group.states)
        kinds.add(group.kind)
    known = [
        Column("event", words.heading("event"), rank=4),
        Column("session", words.heading("session"), rank=2),
        *(
            [Column("person", words.heading("person"), Kind.NUMBER, rank=0)]
            if anonymous
            else [
                Column("registrant_id", words.heading("registrant_id"), rank=8),
                Column("email", words.heading("email"), rank=0),
            ]
        ),
        Column("kind", words.heading("kind"), Kind.CODE, {kind: words.kind(kind) for kind in kinds}, rank=1),
        Column("state", words.heading("state"), Kind.CODE, words.states, rank=0),
        Column("due_at", words.heading("due_at"), Kind.MOMENT, rank=3),
        Column("sent_at", words.heading("sent_at"), Kind.MOMENT, rank=1),
        Column("attempts", words.heading("attempts"), Kind.NUMBER, rank=6),
        Column("in_doubt", words.heading("in_doubt"), Kind.NUMBER, rank=6),
        Column("reason", words.heading("reason"), rank=2),
        *([] if anonymous else [Column("server", words.heading("server"), rank=5)]),
    ]
    places = chosen(known, columns)
    picked = picker(places, len(known))

    def rows(facts: EventFacts, lines: Sequence[MessageLine]) -> list[Row]:
        slug = facts.slug
        if anonymous:
            # What a mail server says may name the address, so only reasons of our own are shown.
            return [
                (slug, one.session, one.row_id, one.kind, one.state, one.due_at, one.sent_at, one.attempts,
                 one.in_doubt, one.reason if one.reason in _OWN_REASONS else "")
                for one in lines
            ]  # fmt: skip
        return [
            (slug, one.session, one.registrant_id, one.email, one.kind, one.state, one.due_at, one.sent_at,
             one.attempts, one.in_doubt, one.reason, _servers_answer(one))
            for one in lines
        ]  # fmt: skip

    return Part(
        "reminders",
        words.say("reminders"),
        tuple(known[place] for place in places),
        (Batch(facts, picked(rows(facts, lines))) for facts, batches in events for lines in batches),
        (
            Total("all", words.heading("all"), by_state.total()),
            *(Total(state, words.state(state), by_state[state]) for state in OutboxState if state in by_state),
        ),
    )


def by_reminder_part(events: Sequence[tuple[EventFacts, Sequence[MailFacts]]], words: Words) -> Part:
    """The sums: how many messages of each kind about each session came to what."""
    kinds = {one.kind: words.kind(one.kind) for _, mail in events for one in mail}
    columns = (
        Column("event", words.heading("event"), rank=3),
        Column("session", words.heading("session"), rank=0),
        Column("kind", words.heading("kind"), Kind.CODE, kinds, rank=0),
        *(Column(name, words.heading(name), Kind.NUMBER, rank=name in _RARE) for name in _OUTCOMES),
        Column("all", words.heading("all"), Kind.NUMBER, rank=0),
    )
    batches, sums = [], Counter[str]()
    for facts, mail in events:
        rows: list[Row] = []
        for one in mail:
            outcomes = {name: sum(one.states.get(state, 0) for state in states) for name, states in _OUTCOMES.items()}
            sums.update(outcomes)
            rows.append((facts.slug, one.session, one.kind, *outcomes.values(), sum(outcomes.values())))
        batches.append(Batch(facts, rows))
    totals = tuple(Total(name, words.heading(name), sums[name]) for name in _OUTCOMES if sums[name])
    return Part("by_reminder", words.say("by_reminder"), columns, batches, totals)


def mail_facts(mail: Iterable[MailLine]) -> list[MailFacts]:
    """Lines of the same kind and session together, by when the first of them is due."""
    together: dict[tuple[str, str], MailFacts] = {}
    for line in mail:
        key = (line.session, line.kind)
        known = together.get(key, MailFacts(line.session, line.kind, {}, line.due_at))
        states = {**known.states, line.state: line.messages}
        together[key] = replace(known, states=states, due_at=min(known.due_at, line.due_at))
    return sorted(together.values(), key=lambda one: (one.due_at, one.session, one.kind))


# What became of messages, in the order of columns; each of the outbox's states is in one of them.
_OUTCOMES = {
    "sent": ("sent",),
    "waiting": ("pending", "claimed", "transmitting", "deferred"),
    "doubtful": ("in_doubt",),
    "failed": ("failed",),
    "skipped": ("skipped",),
    "called_off": ("cancelled",),
}
_RARE = ("doubtful", "skipped", "called_off")


def _servers_answer(one: MessageLine) -> str:
    words = one.words or ""
    return words if one.code is None or words.startswith(str(one.code)) else f"{one.code} {words}".rstrip()
