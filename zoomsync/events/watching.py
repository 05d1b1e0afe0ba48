"""A folder of event files looked at again and again: what changed, and the last good version of each file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zoomsync.domain.records import Event
from zoomsync.errors import EventFileError
from zoomsync.events.files import parse_event, read_event_files


@dataclass(frozen=True, slots=True)
class Look:
    """events: of every file that is there, broken ones in their last good version. errors: of the broken ones.

    changed: the slugs whose file is another one than at the look before. news: the errors that were not there then.
    """

    events: tuple[Event, ...]
    errors: tuple[EventFileError, ...]
    changed: tuple[str, ...]
    news: tuple[EventFileError, ...]


class EventFolder:
    """A folder of event files. It is read whole at each look: a dozen small files cost less than cleverness."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._good: dict[str, Event] = {}
        self._told: frozenset[str] = frozenset()

    def look(self) -> Look:
        """What the folder holds now. A file that is gone is gone; one that is broken stays in force as it last was."""
        found = read_event_files(self._folder)
        good = {event.slug: event for event in found.events}
        broken = {Path(error.file).stem for error in found.errors}
        kept = {slug: event for slug, event in self._good.items() if slug in broken}
        changed = [slug for slug, event in good.items() if self._hash(slug) != event.file_hash]
        told = frozenset(map(str, found.errors))
        news = tuple(error for error in found.errors if str(error) not in self._told)
        self._good, self._told = kept | good, told
        return Look(tuple(self._good.values()), found.errors, tuple(changed), news)

    def take_up(self, slug: str, text: str) -> Event | None:
        """Have a broken file stay in force as `text`, its last good version from another time. None if that is no
        event file either."""
        event = self.as_it_was(slug, text)
        if event is not None:
            self._good[slug] = event
        return event

    def as_it_was(self, slug: str, text: str) -> Event | None:
        """The event that `text`, once the file of this slug, holds; None if it is no event file (any more)."""
        try:
            return parse_event(text.encode(), self._folder / f"{slug}.toml")
        except EventFileError:
            return None

    def _hash(self, slug: str) -> str:
        event = self._good.get(slug)
        return event.file_hash if event else ""
