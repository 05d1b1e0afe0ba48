"""The tables of an event file: which keys there are, and every mistake in them gathered rather than the first alone.

How one value is read is in `fields`, what the parts make together in `files`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from zoomsync.domain.handwritten import Mistake, nearest
from zoomsync.errors import EventFileError
from zoomsync.language import _

T = TypeVar("T")

KEYS = {
    "": (
        "title", "status", "announce", "language", "trato", "timezone", "registration_deadline", "page_url",
        "retention_days", "organizer", "zoom", "sessions", "reminders",
    ),
    "organizer": ("name", "email"),
    "zoom": (
        "kind", "meeting_id", "registration_url", "closing", "late_registrants", "late_notice", "seats", "times",
    ),
    "sessions": ("title", "starts", "ends", "id", "meeting_id", "registration_url", "status", "announce"),
    "reminders": ("before", "after", "note", "survey_url", "recording_url"),
}  # fmt: skip


@dataclass(slots=True)
class Mistakes:
    """Everything that is wrong with one file, in the order in which it was found."""

    found: list[tuple[str, Mistake]] = field(default_factory=list)

    def add(self, where: str, mistake: Mistake) -> None:
        self.found.append((where, mistake))

    def as_error(self, file: str) -> EventFileError:
        where, first = self.found[0]
        others = list(dict.fromkeys(place for place, _ in self.found[1:]))
        more = _("Wrong too: {others}.").format(others=", ".join(others)) if others else ""
        return EventFileError(file, where, first.problem, f"{first.hint} {more}".strip())


@dataclass(slots=True)
class Table:
    """A table of the file. part: its name in KEYS. where: its place in messages, like "sessions[2]"."""

    values: dict[str, Any]
    part: str
    where: str
    mistakes: Mistakes

    def __post_init__(self) -> None:
        for key in self.values:
            if key not in KEYS[self.part]:
                self.refuse(key, _unknown_key(key, self.part))

    def refuse(self, key: str, mistake: Mistake) -> None:
        self.mistakes.add(f"{self.where}.{key}".lstrip("."), mistake)

    def take(self, key: str, read: Callable[[object], T], default: T) -> T:
        """The value of a key as `read` gives it; `default` where the key is left out, or wrong and noted."""
        if key not in self.values:
            return default
        try:
            return read(self.values[key])
        except Mistake as mistake:
            self.refuse(key, mistake)
            return default

    def require(self, key: str, read: Callable[[object], T], stand_in: T, example: str) -> T:
        """Like `take`, but a missing key is a mistake. `stand_in` keeps the reading going."""
        if key not in self.values:
            self.refuse(key, Mistake(_("this is missing."), _("Write {example}.").format(example=example)))
        return self.take(key, read, stand_in)

    def table(self, key: str) -> Table:
        """The table under a heading; an empty one where it is left out."""
        return Table(self.take(key, _as_table(key), {}), key, key, self.mistakes)


def _as_table(key: str) -> Callable[[object], dict[str, Any]]:
    def read(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Mistake(
                _("this is a heading of its own."), _("Write [{key}] on a line, and its keys below.").format(key=key)
            )
        return value

    return read


def as_tables(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Mistake(
            _("each session has a heading of its own."), _("Write [[sessions]], in two brackets, above each.")
        )
    return value


def _unknown_key(key: str, part: str) -> Mistake:
    homes = [home for home, keys in KEYS.items() if key in keys]
    if "" in homes:
        return Mistake(
            _("this key belongs to the top of the file."), _("Write {key} above the first [heading].").format(key=key)
        )
    if homes:
        heading = "[[sessions]]" if homes[0] == "sessions" else f"[{homes[0]}]"
        return Mistake(
            _("this key is in the wrong place."), _("Write {key} under {heading}.").format(key=key, heading=heading)
        )
    likely = nearest(key, KEYS[part])
    hint = (
        _("Write {likely} if that is meant.").format(likely=likely)
        if likely
        else _("Known here: {keys}.").format(keys=", ".join(KEYS[part]))
    )
    return Mistake(_("this key is not known."), hint)
