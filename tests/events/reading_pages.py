"""Pages in `pages/` and what a person reads on them (`pages/truth.toml`), held against what the reader reads."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from zoomsync.domain.announcement import Announcement
from zoomsync.errors import NoEvent
from zoomsync.events.announcement.draft import write_draft
from zoomsync.events.announcement.facts import read_announcement
from zoomsync.events.announcement.fetch import get_page

PAGES = Path(__file__).parent / "pages"
TODAY = date(2026, 11, 24)
TRUTHS: dict[str, dict[str, Any]] = tomllib.loads((PAGES / "truth.toml").read_text(encoding="utf-8"))

# The doubts that say of a fact that it may be wrong.
COVERED_BY = {
    "title": {"title"},
    "language": {"language"},
    "timezone": {"timezone"},
    "organizer": {"organizer"},
    "email": {"email"},
    "deadline": {"deadline", "date", "year"},
    "sessions": {"session", "date", "time", "year"},
    "link": {"link", "form"},
}


@cache
def read(name: str) -> Announcement | None:
    """What is read of a page, with every doubt that its event file has; None where it is found to be no event."""
    try:
        told = read_announcement(get_page(str(PAGES / name)), zone="America/Guatemala", today=TODAY)
    except NoEvent:
        return None
    return replace(told, doubts=write_draft(told, Path("an-event.toml"), name).doubts)


def facts(told: Announcement) -> dict[str, Any]:
    """A page's facts in the words of `truth.toml`."""
    link = (told.registration_url or "").rpartition("/")[2] or told.other_form or told.meeting_id
    return {
        "title": told.title,
        "language": told.language,
        "timezone": told.timezone,
        "organizer": told.organizer,
        "email": told.email,
        "deadline": shown(told.deadline) if told.deadline else None,
        "sessions": [f"{shown(one.starts)}/{one.ends:%H:%M}" for one in told.sessions],
        "link": link,
    }


def shown(moment: date | datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M}" if isinstance(moment, datetime) else moment.isoformat()


def wrong(told: Announcement, truth: dict[str, Any]) -> Iterator[str]:
    """The facts that are not what a person reads. "?" is not wrong; it has to be in doubt."""
    read_facts = facts(told)
    for fact in COVERED_BY:
        if fact == "sessions" and isinstance(truth[fact], list):
            if not _same_sessions(read_facts[fact], truth[fact]):
                yield fact
        elif read_facts[fact] != truth[fact]:
            yield fact


def _same_sessions(read_ones: list[str], true_ones: list[str]) -> bool:
    certain = [one for one in true_ones if "?" not in one]
    starts = [one.partition("/")[0] for one in true_ones if one.endswith("/?")]
    left = [one for one in read_ones if one not in certain]
    open_ends = [one for one in left if one.partition("/")[0] in starts]
    return set(certain) <= set(read_ones) and len(open_ends) == len(starts) and len(left) == 0 and not starts


def silent(told: Announcement, truth: dict[str, Any]) -> list[str]:
    """The facts that are wrong, or left open by the page, without a doubt that says so."""
    kinds = {str(doubt.kind) for doubt in told.doubts}
    return [fact for fact in wrong(told, truth) if not kinds & COVERED_BY[fact]]
