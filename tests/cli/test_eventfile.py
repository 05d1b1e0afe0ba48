"""`new`, `go-live`, `move` and `cancel`: an event's file written by a command."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.builders import utc
from tests.cli.conftest import SLUG, Project, Result, local
from zoomsync.simulate.model_event import MODEL_MEETING_ID


@pytest.fixture
def synced(project: Project) -> Project:
    project.world.populate(MODEL_MEETING_ID, 2, pending=1)
    project.synced()
    return project


def at_once(project: Project, *words: str) -> Result:
    return project.at(project.clock(), *words)


def file_of(project: Project, slug: str = SLUG) -> str:
    return (project.folder / "config" / "events" / f"{slug}.toml").read_text(encoding="utf-8")


def subjects(project: Project) -> list[str]:
    return sorted(str(mail.message["Subject"]).partition(":")[0] for mail in project.mails.messages)


# ---------------------------------------------------------------------------------------------------------------- move


def test_a_move_says_who_will_be_told_asks_and_lists_what_is_left(synced: Project) -> None:
    before = file_of(synced)
    looked = at_once(synced, "move", SLUG, "--session", "1", "--to", "2023-03-07 10:00", "--dry-run")
    assert looked.out.splitlines() == [
        f"{SLUG}: Sesión 1, times in America/Guatemala",
        "  now: Tuesday, March 7, 2023, 8:00 AM to 1:00 PM",
        "  new: Tuesday, March 7, 2023, 10:00 AM to 3:00 PM",
        "2 registrants will be told, with a calendar entry.",
        "This was a dry run: nothing was written.",
    ]
    assert at_once(synced, "move", SLUG, "--session", "1", "--to", "10:00").code == 2, "nobody can be asked"
    assert file_of(synced) == before

    moved = at_once(synced, "move", SLUG, "--session", "1", "--to", "10:00", "--yes")
    assert moved.code == 0
    assert f"- on Zoom: give meeting {MODEL_MEETING_ID} the new time too, and then zoomsync sync {SLUG}." in moved.out
    assert "starts = 2023-03-07T10:00:00\nends = 2023-03-07T15:00:00\n" in file_of(synced)

    occurrence = synced.world.meetings[MODEL_MEETING_ID].occurrences[0]
    occurrence.start_time = utc(2023, 3, 7, 16)
    at_once(synced, "sync")
    at_once(synced, "remind")
    assert synced.mails.messages == []
    synced.clock.advance(timedelta(minutes=11))
    assert at_once(synced, "remind").code == 0
    assert subjects(synced) == ["CAMBIO DE HORA"] * 2


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--session", "1", "--to", "2023-03-08 09:00"), "Sesión 2 takes place"),
        (("--session", "1", "--to", "2023-02-01 09:00"), "that time is past"),
        (("--session", "1", "--to", "9/3/2023 9:00"), "can be read in more than one way"),
        (("--to", "2023-03-09 09:00"), "Say which with --session"),
        (("--session", "7", "--to", "2023-03-09 09:00"), "there is no session 7"),
    ],
)
def test_a_move_that_cannot_be_changes_nothing(project: Project, words: tuple[str, ...], why: str) -> None:
    before = file_of(project)
    result = at_once(project, "move", SLUG, *words, "--yes")
    assert result.code == 2
    assert why in result.err
    assert file_of(project) == before


# -------------------------------------------------------------------------------------------------------------- cancel


def test_a_cancelled_session_sends_nothing_more_and_tells_where_that_is_wanted(synced: Project) -> None:
    looked = at_once(synced, "cancel", SLUG, "--session", "2", "--dry-run").out
    assert "Nobody is told: --announce tells everybody" in looked
    assert "4 messages that did not go out yet will be taken back." in looked
    result = at_once(synced, "cancel", SLUG, "--session", "2", "--announce", "--yes", "--json").json
    assert (result["told"], result["withdrawn"], result["changed"]) == (3, 4, True)
    assert result["to_do"][0].startswith("on Zoom: once the notices have gone out (zoomsync outbox list), delete this")
    assert file_of(synced).endswith('ends = 2023-03-08T13:00:00\nstatus = "cancelled"\nannounce = true\n')
    assert at_once(synced, "sync").code == 0
    assert at_once(synced, "remind").code == 0
    assert subjects(synced) == ["CANCELADO"] * 3
    assert at_once(synced, "cancel", SLUG, "--session", "2", "--yes").code == 2


def test_an_event_is_cancelled_first_and_told_later(synced: Project) -> None:
    assert at_once(synced, "cancel", SLUG, "--yes").code == 0
    at_once(synced, "remind")
    assert synced.mails.messages == []
    asked = at_once(synced, "status")
    assert f"· {SLUG}: it is cancelled, and nobody was told: zoomsync cancel {SLUG} --announce" in asked.out
    assert "! it is cancelled, and nobody was told\n    → zoomsync cancel" in at_once(synced, "check").out
    assert "3 registrants will be told" in at_once(synced, "cancel", SLUG, "--announce", "--yes").out
    at_once(synced, "remind")
    assert len(synced.mails.messages) == 3
    assert "nobody was told" not in at_once(synced, "status").out
    assert at_once(synced, "cancel", SLUG, "--announce", "--yes").code == 2
    assert at_once(synced, "move", SLUG, "--session", "1", "--to", "9:00", "--yes").code == 2


def test_what_is_over_cannot_be_cancelled(project: Project) -> None:
    project.clock.move_to(local("2023-03-07 14:00"))
    assert "Sesión 1 is over" in at_once(project, "cancel", SLUG, "--session", "1", "--yes").err
    project.clock.move_to(local("2023-03-08 14:00"))
    assert f"{SLUG} is over" in at_once(project, "cancel", SLUG, "--announce", "--yes").err


# ----------------------------------------------------------------------------------------------------- new and go-live


def test_the_next_event_is_written_checked_and_goes_live(synced: Project) -> None:
    synced.clock.move_to(local("2023-03-10 09:00"))
    made = at_once(
        synced, "new", "encuentro-2024", "--from", SLUG, "--title", "Encuentro 2024", "--deadline", "2023-04-03",
        "--starts", "2023-04-04 08:00", "--starts", "2023-04-05 08:00", "--zoom", "83333333333",
    )  # fmt: skip
    assert made.code == 0, made.err
    assert "To be written there" not in made.out
    assert 'status = "draft"' in file_of(synced, "encuentro-2024")
    crossed = at_once(synced, "go-live", "encuentro-2024", "--yes")
    assert crossed.code == 1
    assert "encuentro-2024 stays a draft" in crossed.err

    synced.world.add_meeting(
        83333333333, "Encuentro 2024", type=8, occurrences=[(utc(2023, 4, 4, 14), 300), (utc(2023, 4, 5, 14), 300)],
        created_at=utc(2023, 3, 9),
    )  # fmt: skip
    synced.world.populate(83333333333, 2, seed=5)
    live = at_once(synced, "go-live", "encuentro-2024", "--yes")
    assert live.code == 0, live.err
    assert "2023-04-03 17:00  reminder, 1 day before, 17:00, Sesión 1: 2 to be sent\n" in live.out
    assert "2023-04-03 23:59  DEADLINE: registration closes\n" in live.out
    assert 'status = "active"' in file_of(synced, "encuentro-2024")
    assert at_once(synced, "go-live", "encuentro-2024", "--yes").code == 2


def test_a_draft_that_goes_live_late_says_what_goes_out_at_once(project: Project) -> None:
    file = project.write_event(top='status = "draft"\n')
    project.world.populate(MODEL_MEETING_ID, 2)
    project.synced()
    project.clock.move_to(local("2023-03-06 18:00"))
    looked = at_once(project, "go-live", SLUG, "--yes")
    assert "The registration deadline has passed: registration is closed at once.\n" in looked.out
    assert "At once: reminder, 1 day before, 17:00, Sesión 1: 2 to be sent\n" in looked.out
    at_once(project, "remind")
    assert len(project.mails.messages) == 2
    file.write_text(file.read_text(encoding="utf-8").replace('"active"', '"draft"'), encoding="utf-8")
    project.clock.move_to(local("2023-03-09 08:00"))
    assert "is over by its file" in at_once(project, "go-live", SLUG, "--yes").err


def test_what_is_not_known_yet_is_asked_for_by_the_file(project: Project) -> None:
    made = at_once(project, "new", "otro", "--from", SLUG)
    assert made.code == 0
    assert "To be written there: registration_deadline, zoom.meeting_id, sessions[1].starts" in made.out
    assert "registration_deadline: this is missing" in at_once(project, "check", "otro").err
    assert at_once(project, "new", "otro", "--from", SLUG).code == 2
    assert at_once(project, "new", "Otro Evento", "--from", SLUG).code == 2
    assert at_once(project, "status").code == 1, "the other events go on, and the file is told"
