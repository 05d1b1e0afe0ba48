"""An event file changed by a command: one value, and everything else as its owner wrote it."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import SESSION_1, utc
from zoomsync.domain.records import EventStatus
from zoomsync.errors import EventFileError
from zoomsync.events.editing import Edited, cancel_session, move_session, put, set_status

FILE = """\
# El encuentro, anotado
title = "Encuentro"   # título
status = "draft"      # luego: active
timezone = "America/Guatemala"
registration_deadline = 2023-03-05   # fin del día

[organizer]
name = "Red Ciudadana"
email = "info@redciudadana.org.gt"

[zoom]
meeting_id = 81234567890

# Las sesiones
[[sessions]]
title = "Sesión 1"
starts = 2023-03-07T08:00:00   # temprano
ends = 2023-03-07T13:00:00

[[sessions]]
title = "Sesión 2"
starts = "2023-03-08 08:00"
ends = "2023-03-08 13:00"
"""
MANNERS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "notepad": lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
    "no last line end": lambda text: text.rstrip("\n").encode(),
    "utf-16": lambda text: text.encode("utf-16"),
}


def written(folder: Path, text: str = FILE, manner: str = "plain") -> Path:
    path = folder / "encuentro.toml"
    path.write_bytes(MANNERS[manner](text))
    return path


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize(
    ("edit", "old", "new"),
    [
        (lambda path: set_status(path, EventStatus.ACTIVE), 'status = "draft" ', 'status = "active" '),
        (
            lambda path: set_status(path, EventStatus.CANCELLED, announce=True),
            'status = "draft"      # luego: active\n',
            'status = "cancelled"      # luego: active\nannounce = true\n',
        ),
        (
            lambda path: cancel_session(path, 2, announce=False),
            'ends = "2023-03-08 13:00"\n',
            'ends = "2023-03-08 13:00"\nstatus = "cancelled"\n',
        ),
        (
            lambda path: move_session(path, 1, SESSION_1 + timedelta(days=2), SESSION_1 + timedelta(days=2, hours=5)),
            "starts = 2023-03-07T08:00:00   # temprano\nends = 2023-03-07T13:00:00\n",
            "starts = 2023-03-09T08:00:00   # temprano\nends = 2023-03-09T13:00:00\n",
        ),
    ],
)
def test_one_value_changes_and_all_else_stays_to_the_byte(
    tmp_path: Path, manner: str, edit: Callable[[Path], Edited], old: str, new: str
) -> None:
    path = written(tmp_path, manner=manner)
    edited = edit(path)
    assert old in FILE
    assert edited.after == MANNERS[manner](FILE.replace(old, new))
    put(edited)
    assert path.read_bytes() == edited.after


def test_a_key_that_is_not_there_comes_behind_the_title(tmp_path: Path) -> None:
    path = written(tmp_path, FILE.replace('status = "draft"      # luego: active\n', ""))
    edited = set_status(path, EventStatus.CANCELLED)
    assert b'# t\xc3\xadtulo\nstatus = "cancelled"\ntimezone' in edited.after


def test_sessions_in_one_line_are_changed_too(tmp_path: Path) -> None:
    head, _, _ = FILE.partition("# Las sesiones")
    inline = 'sessions = [{ title = "A", starts = 2023-03-07T08:00:00, ends = 2023-03-07T13:00:00 }]\n'
    moved = move_session(written(tmp_path, inline + head), 1, utc(2023, 3, 9, 14), utc(2023, 3, 9, 19))
    assert b"starts = 2023-03-09T08:00:00, ends = 2023-03-09T13:00:00" in moved.after


def test_an_hour_that_exists_twice_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, FILE.replace("America/Guatemala", "Europe/Madrid"))
    with pytest.raises(EventFileError, match="exists twice"):
        move_session(path, 1, utc(2023, 10, 29, 0, 30), utc(2023, 10, 29, 5, 30))


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = written(tmp_path)
    edited = set_status(path, EventStatus.ACTIVE)
    path.write_bytes(MANNERS["plain"](FILE.replace("temprano", "tarde")))
    with pytest.raises(EventFileError, match="changed meanwhile"):
        put(edited)
    assert b"tarde" in path.read_bytes()
    assert [one.name for one in tmp_path.iterdir()] == ["encuentro.toml"]


def test_a_link_stays_a_link_and_rights_stay(tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    real = written(tmp_path / "away")
    real.chmod(0o640)
    link = tmp_path / "encuentro.toml"
    link.symlink_to(real)
    put(set_status(link, EventStatus.ACTIVE))
    assert link.is_symlink()
    assert b'"active"' in real.read_bytes()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
