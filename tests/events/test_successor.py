"""The next event's file: what stays is carried over, what must be new is asked for in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import utc
from tests.events.test_editing import FILE, MANNERS, written
from zoomsync.domain.records import EventStatus
from zoomsync.errors import EventFileError
from zoomsync.events.files import parse_event
from zoomsync.events.successor import Answers, Successor, successor

FULL = (
    FILE.replace('status = "draft"      # luego: active\n', 'status = "cancelled"\nannounce = true\n')
    .replace("[organizer]", 'page_url = "https://example.org/uno"\n\n[organizer]')
    .replace("[[sessions]]\n", '[[sessions]]\nid = "x"\n', 1)
    + '\n[reminders]\nbefore = ["2d", "1h"]\nnote = "Traiga su libro."\n'
)


def made(folder: Path, text: str = FULL, manner: str = "plain", **answers: object) -> Successor:
    path = written(folder, text, manner)
    return successor(parse_event(path.read_bytes(), path), path, Answers(**answers))  # type: ignore[arg-type]


def test_what_must_be_new_is_a_comment_with_the_old_value(tmp_path: Path) -> None:
    new = made(tmp_path)
    text = new.data.decode()
    assert new.missing == (
        "registration_deadline", "zoom.meeting_id", "sessions[1].starts", "sessions[1].ends", "sessions[2].starts",
        "sessions[2].ends",
    )  # fmt: skip
    assert 'status = "draft"\n' in text
    assert "announce" not in text
    assert "# registration_deadline = 2023-03-05   # fin del día (of the last event): write the new one\n" in text
    assert "# meeting_id = 81234567890   # of the last event: write the new one\n" in text
    assert '# note = "Traiga su libro."   # of the last event' in text
    assert '# page_url = "https://example.org/uno"   # of the last event' in text
    for kept in ("# El encuentro, anotado\n", "# Las sesiones\n", 'before = ["2d", "1h"]', 'name = "Red Ciudadana"'):
        assert kept in text
    with pytest.raises(EventFileError, match="registration_deadline: this is missing"):
        parse_event(new.data, tmp_path / "otro.toml")


@pytest.mark.parametrize("manner", MANNERS)
def test_what_is_known_makes_a_whole_draft(tmp_path: Path, manner: str) -> None:
    new = made(
        tmp_path,
        manner=manner,
        title="Encuentro 2024",
        deadline="2024-03-05",
        starts=("2024-03-07 08:00", "2024-03-08 9:00"),
        zoom="https://us06web.zoom.us/meeting/register/tZMlc-2024",
    )
    assert new.missing == ()
    event = parse_event(new.data, tmp_path / "encuentro-2024.toml")
    assert (event.title, event.status, event.announce) == ("Encuentro 2024", EventStatus.DRAFT, False)
    assert event.registration_deadline == utc(2024, 3, 6, 6)
    assert [(one.starts_at, one.ends_at) for one in event.sessions] == [
        (utc(2024, 3, 7, 14), utc(2024, 3, 7, 19)),
        (utc(2024, 3, 8, 15), utc(2024, 3, 8, 20)),
    ]
    assert event.zoom.registration_url == "https://us06web.zoom.us/meeting/register/tZMlc-2024"
    assert event.zoom.meeting_id is None
    assert [lead.text for lead in event.reminders.before] == ["2d", "1h"]


@pytest.mark.parametrize("answers", [{"deadline": "5/3/2024"}, {"starts": ("2024-03-07",)}, {"zoom": "example.org"}])
def test_an_answer_that_cannot_be_read_is_refused(tmp_path: Path, answers: dict[str, object]) -> None:
    with pytest.raises(EventFileError):
        made(tmp_path, **answers)
