"""An event file changed by a command as its owner would: one value, with comments, order and line ends as they were.

The file as it would be is read again before anything is written, and must say what was meant and nothing else; where it
does not, the owner is asked to do it by hand. What to change is decided elsewhere; a file's successor: see `successor`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import tomlkit
from tomlkit.container import Container
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, InlineTable, SingleKey, Table

from zoomsync import words
from zoomsync.domain.handwritten import decoded
from zoomsync.domain.records import Event, EventStatus
from zoomsync.errors import EventFileError
from zoomsync.events.files import parse_event
from zoomsync.language import _

_PARTS = (Table, AoT)


@dataclass(frozen=True, slots=True)
class Edited:
    """A file as it was read and as it would be. event: what it says then."""

    path: Path
    before: bytes
    after: bytes
    event: Event


def set_status(path: Path, status: EventStatus, *, announce: bool = False) -> Edited:
    """The file with another `status`, and with `announce = true` beside it where wanted. Raises EventFileError."""

    def change(document: Any) -> None:
        set_value(document, "status", status.value, after="title")
        if announce:
            set_value(document, "announce", True, after="status")

    def meant(event: Event) -> Event:
        return replace(event, status=status, announce=announce or event.announce)

    return _edited(
        path,
        change,
        meant,
        _("{one} and {two}").format(one=f'status = "{status}"', two="announce = true")
        if announce
        else f'status = "{status}"',
    )


def cancel_session(path: Path, number: int, *, announce: bool) -> Edited:
    """The file with its session `number` (from 1) cancelled. Raises EventFileError."""

    def change(document: Any) -> None:
        session = document["sessions"][number - 1]
        set_value(session, "status", "cancelled", after="ends")
        if announce:
            set_value(session, "announce", True, after="status")

    def meant(event: Event) -> Event:
        sessions = list(event.sessions)
        before = sessions[number - 1]
        sessions[number - 1] = replace(before, cancelled=True, announce=announce or before.announce)
        return replace(event, sessions=tuple(sessions))

    return _edited(
        path, change, meant, _("{key} in {place}").format(key='status = "cancelled"', place=f"sessions[{number}]")
    )


def move_session(path: Path, number: int, starts_at: datetime, ends_at: datetime) -> Edited:
    """The file with its session `number` (from 1) at other times, aware ones. Raises EventFileError."""

    def change(document: Any) -> None:
        zone = ZoneInfo(str(document["timezone"]))
        session = document["sessions"][number - 1]
        for key, moment in (("starts", starts_at), ("ends", ends_at)):
            set_value(session, key, moment.astimezone(zone).replace(tzinfo=None))

    def meant(event: Event) -> Event:
        sessions = list(event.sessions)
        sessions[number - 1] = replace(sessions[number - 1], starts_at=starts_at, ends_at=ends_at)
        return replace(event, sessions=tuple(sessions))

    return _edited(
        path,
        change,
        meant,
        _("{key} in {place}").format(
            key=_("{one} and {two}").format(one="starts", two="ends"), place=f"sessions[{number}]"
        ),
    )


def put(edited: Edited) -> None:
    """Write the file, whole or not at all. Raises EventFileError if somebody else changed it meanwhile, or it cannot be
    written."""
    path = edited.path.resolve()  # a link stays a link
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if path.read_bytes() != edited.before:
            raise EventFileError(
                str(edited.path), "", _("the file was changed meanwhile."), _("Run the command again.")
            )
        try:
            with unfinished.open("wb") as out:
                out.write(edited.after)
                out.flush()
                os.fsync(out.fileno())
            shutil.copymode(path, unfinished)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as exc:
        raise EventFileError(
            str(edited.path), "", _("the file cannot be written ({reason}).").format(reason=words.trouble(exc))
        ) from exc


# --------------------------------------------------------------------------------------------------------------- bytes


@dataclass(frozen=True, slots=True)
class Manner:
    """How a file is saved: its encoding, with a byte-order mark or without, and its line ends."""

    encoding: str
    crlf: bool

    @classmethod
    def of(cls, data: bytes, text: str) -> Manner:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            encoding = "utf-16"
        else:
            encoding = "utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8"
        return cls(encoding, "\r\n" in text and text.count("\r\n") == text.count("\n"))

    def bytes_of(self, text: str) -> bytes:
        return (text.replace("\n", "\r\n") if self.crlf else text).encode(self.encoding)


def read_document(path: Path) -> tuple[bytes, Manner, tomlkit.TOMLDocument]:
    """A file that `parse_event` takes, to be changed. Raises EventFileError."""
    try:
        data = path.read_bytes()
        text = decoded(data)
        manner = Manner.of(data, text)
        return data, manner, tomlkit.parse(text.replace("\r\n", "\n") if manner.crlf else text)
    except (TOMLKitError, ValueError) as exc:
        raise EventFileError(str(path), "", _("the file cannot be read ({exc}).").format(exc=exc)) from exc
    except OSError as exc:
        raise EventFileError(
            str(path), "", _("the file cannot be read ({reason}).").format(reason=words.trouble(exc))
        ) from exc


def _edited(path: Path, change: Callable[[Any], None], meant: Callable[[Event], Event], by_hand: str) -> Edited:
    data, manner, document = read_document(path)
    before = parse_event(data, path)
    with contextlib.suppress(
        KeyError, IndexError, TypeError, TOMLKitError
    ):  # seen below: it does not say what it should
        change(document)
    after = manner.bytes_of(tomlkit.dumps(document))
    event = parse_event(after, path)
    wanted = meant(before)
    if replace(event, file_hash="", file_text="") != replace(wanted, file_hash="", file_text=""):
        raise EventFileError(
            str(path), "", _("this file is written in a way that commands do not change."), _ask(by_hand)
        )
    return Edited(path, data, after, event)


def _ask(by_hand: str) -> str:
    return _("Write {words} there by hand.").format(words=by_hand)


def set_value(table: Any, key: str, value: object, *, after: str = "") -> None:
    """Set a key where it stands, with its comment; one that is new comes behind `after`, else as the last one."""
    if isinstance(table, InlineTable):
        table[key] = value
        return
    # By the lines themselves: the library's own index of them does not follow an insertion.
    body, new = lines_of(table), tomlkit.item(value)
    at = line_of(table, key)
    if at is not None:
        name, old = body[at]
        for part in ("indent", "comment_ws", "comment", "trail"):
            setattr(new.trivia, part, getattr(old.trivia, part))
        body[at] = (name, new)
        return
    simple = [number for number, (name, item) in enumerate(body) if name is not None and not isinstance(item, _PARTS)]
    place = line_of(table, after)
    if place is None:
        place = simple[-1] if simple else -1
    if place >= 0:
        neighbour = body[place][1]
        new.trivia.indent = neighbour.trivia.indent
        if "\n" not in neighbour.trivia.trail:  # the file's last line
            neighbour.trivia.trail, new.trivia.trail = "\n", ""
    body.insert(place + 1, (SingleKey(key), new))


def lines_of(table: Any) -> list[tuple[Any, Any]]:
    """What a table or a document is made of, in order: (key or None, value, comment or blank)."""
    return table.body if isinstance(table, Container) else table.value.body


def line_of(table: Any, key: str) -> int | None:
    """Where a key stands among a table's lines; None where it does not."""
    return next((no for no, (name, _) in enumerate(lines_of(table)) if name is not None and name.key == key), None)
