"""`zoomsync status` and `zoomsync outbox`: what the database knows, on one screen, and whether a person is needed."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from tests.builders import utc
from tests.cli.conftest import OTHER_MEETING_ID, OTHER_SLUG, SLUG, Project, Result, local
from zoomsync.simulate.model_event import MODEL_MEETING_ID

FIRST_REMINDER = local("2023-03-06 17:00")


def status(project: Project, *words: str) -> Result:
    return project.at(project.clock(), "status", *words)


@pytest.fixture
def synced(project: Project) -> Project:
    project.world.populate(MODEL_MEETING_ID, 2, pending=1)
    assert project.sync().code == 0
    return project


def test_calm_event_on_one_screen_in_its_own_time(synced: Project) -> None:
    result = status(synced)
    assert result.code == 0
    assert result.out == (
        "Nothing needs a person.\n"
        "\n"
        f"{SLUG} (active): Encuentro de Justicia Abierta 2023; times in America/Guatemala\n"
        "  last sync     Feb 28, 2023, 8:00 AM, in order\n"
        "  registrants   1 pending, 2 approved\n"
        "  registration  open until Sunday, March 5, 2023, 11:59 PM\n"
        "  mail          0 sent, 8 waiting, 0 failed, next Monday, March 6, 2023, 5:00 PM\n"
        "\n"
        f"Database: sqlite:///{synced.file}\n"
    )
    assert result.err == ""


def test_screen_fits_eighty_columns_but_for_the_title_and_the_database(synced: Project) -> None:
    lines = status(synced).out.splitlines()
    assert all(len(line) <= 80 for line in lines if line.startswith("  "))


def test_json_is_the_same_with_times_in_utc(synced: Project) -> None:
    document = status(synced, "--json").json
    assert list(document) == ["database", "events", "problems", "notes"]
    assert document["problems"] == []
    (event,) = document["events"]
    assert event["event"] == SLUG
    assert event["registrants"] == {"pending": 1, "approved": 2}
    assert event["last_sync_at"] == "2023-02-28T14:00:00Z"
    assert event["deadline"] == "2023-03-06T06:00:00Z"
    assert event["next_mail_at"] == "2023-03-06T23:00:00Z"
    assert (event["registration"], event["closed_at"], event["waiting"]) == ("open", None, 8)


def test_nothing_is_asked_of_zoom_and_credentials_are_not_needed(
    synced: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = len(synced.zoom.journal)
    monkeypatch.delenv("ZOOMSYNC_ZOOM__CLIENT_SECRET")
    assert status(synced).code == 0
    assert len(synced.zoom.journal) == asked


def test_event_that_was_never_synced_is_told(project: Project) -> None:
    result = status(project)
    assert result.code == 1
    assert result.out.splitlines()[0] == (f"! {SLUG}: was never synced: zoomsync sync {SLUG} pulls its registrants")
    assert "  last sync     never\n" in result.out
    assert "  registrants   nobody yet\n" in result.out
    (event,) = status(project, "--json").json["events"]
    assert event["last_sync_at"] is None


def test_draft_that_was_never_synced_needs_nobody(project: Project) -> None:
    project.write_event(top='status = "draft"\n')
    result = status(project)
    assert result.code == 0
    assert f"{SLUG} (draft)" in result.out


def test_failed_sync_is_told_with_its_reason_until_one_goes_well(synced: Project) -> None:
    synced.world.client_secret = "another"
    assert synced.sync().code == 1
    result = status(synced)
    assert result.code == 1
    assert result.out.startswith(f"! {SLUG}: the last sync failed: Zoom gave no token: Invalid client_id")
    assert "  last sync     Feb 28, 2023, 8:00 AM, failed\n" in result.out

    synced.world.client_secret = "demo-secret"
    assert synced.sync().code == 0
    assert status(synced).code == 0


def test_sync_that_never_ended_is_told_after_a_while(synced: Project) -> None:
    """As a process leaves it that was killed."""
    with closing(sqlite3.connect(synced.file)) as db:
        db.execute("UPDATE sync_run SET state = 'running', finished_at = NULL")
        db.commit()
    assert status(synced).code == 0
    result = synced.at(synced.clock() + timedelta(minutes=16), "status")
    assert result.code == 1
    assert result.out.splitlines()[0] == (
        f"! {SLUG}: the last sync was interrupted: zoomsync sync {SLUG} begins it anew"
    )
    assert synced.sync().code == 0
    assert status(synced).code == 0


def test_message_is_overdue_after_a_quarter_of_an_hour(synced: Project) -> None:
    assert synced.at(FIRST_REMINDER - timedelta(hours=1), "sync").code == 0  # closes registration
    assert synced.at(FIRST_REMINDER + timedelta(minutes=15), "status").code == 0
    late = synced.at(FIRST_REMINDER + timedelta(minutes=16), "status")
    assert late.code == 1
    assert late.out.splitlines()[0] == (f"! {SLUG}: 2 messages overdue: zoomsync remind {SLUG} delivers what is due")
    assert synced.at(FIRST_REMINDER + timedelta(minutes=17), "remind").code == 0
    assert synced.at(FIRST_REMINDER + timedelta(minutes=18), "status").code == 0


def test_registration_that_is_open_after_the_deadline_is_told_until_it_is_closed(synced: Project) -> None:
    late = synced.at(local("2023-03-06 00:00"), "status")
    assert late.code == 1
    assert late.out.splitlines()[0] == (
        f"! {SLUG}: registration is NOT CLOSED although the deadline has passed: zoomsync sync {SLUG} closes it"
    )
    assert "  registration  NOT CLOSED; the deadline was Sunday, March 5, 2023, 11:59 PM\n" in late.out

    assert synced.at(local("2023-03-06 00:05"), "sync").code == 0
    closed = synced.at(local("2023-03-06 00:06"), "status")
    assert closed.code == 0
    assert (
        "  registration  closed since Monday, March 6, 2023, 12:05 AM; read back Mar 6, 2023, 12:05 AM\n" in closed.out
    )


def test_change_that_zoom_kept_to_itself_is_not_called_closed(synced: Project) -> None:
    synced.world.faults.add("ignored", method="PATCH", times=None)
    result = synced.at(local("2023-03-06 00:05"), "sync")
    assert result.code == 1
    assert result.complaints == [
        f"zoomsync: {SLUG}: registration is NOT CLOSED. Zoom accepted the change and kept the registration of meeting "
        "81234567890 as it was: set approval to manual in Zoom's portal, under the meeting's registration."
    ]
    assert "NOT CLOSED" in status(synced).out


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("failed", "1 message failed: zoomsync outbox list --state failed says why"),
        (
            "in_doubt",
            "1 message in doubt, perhaps sent and perhaps not: zoomsync outbox list --state in_doubt shows more",
        ),
    ],
)
def test_failed_message_and_one_in_doubt_are_told(synced: Project, state: str, told: str) -> None:
    set_state(synced, state)
    result = status(synced)
    assert result.code == 1
    assert result.out.splitlines()[0] == f"! {SLUG}: {told}"


def set_state(project: Project, state: str) -> None:
    """Bring the first message into this state, past every rule."""
    with closing(sqlite3.connect(project.file)) as db:
        db.execute("UPDATE outbox SET state = ?, reason = 'no such mailbox' WHERE id = 1", (state,))
        db.commit()


def test_session_whose_mail_is_held_is_told(project: Project) -> None:
    occurrence = project.world.meetings[MODEL_MEETING_ID].occurrences[0]
    project.world.move_occurrence(MODEL_MEETING_ID, occurrence.occurrence_id, local("2023-03-07 15:00"))
    project.sync()
    result = status(project)
    assert result.code == 1
    assert result.out.splitlines()[0] == (
        f"! {SLUG}: file and Zoom disagree about the time of Sesión 1, so its mail waits: set one of them "
        f"right (zoomsync check {SLUG} says how far), and zoomsync sync {SLUG}"
    )


def test_broken_file_is_told(synced: Project) -> None:
    file = synced.write_event("taller-2023", meeting_id=OTHER_MEETING_ID, top='tilte = "x"\n')
    result = status(synced)
    assert result.code == 1
    assert result.out.startswith(f"! {file}, tilte: ")


def test_event_whose_file_is_gone_is_told_until_it_is_over(synced: Project) -> None:
    (synced.folder / "config" / "events" / f"{SLUG}.toml").unlink()
    result = status(synced)
    assert result.code == 1
    assert result.out.splitlines()[0] == (
        f"! {SLUG}: its file is gone, so nothing of it is synced, sent or closed: put {SLUG}.toml back"
    )
    assert synced.at(utc(2023, 3, 20), "status").code == 0


def test_event_that_is_over_needs_nobody(synced: Project) -> None:
    synced.clock.move_to(utc(2023, 3, 20))
    assert status(synced).code == 0


def test_each_event_is_shown_in_its_own_zone(project: Project) -> None:
    project.add_other_event()
    file = project.folder / "config" / "events" / f"{OTHER_SLUG}.toml"
    file.write_text(file.read_text().replace("America/Guatemala", "America/Bogota"))
    project.sync()
    out = status(project).out
    assert "times in America/Guatemala\n  last sync     Feb 28, 2023, 8:00 AM" in out
    assert "times in America/Bogota\n  last sync     Feb 28, 2023, 9:00 AM" in out


# ---------------------------------------------------------------------------------------------- strangers' texts

HOSTILE = "\x1b[2J\x1b]0;owned\x07\u202eevil\r\nnew line"


def test_strangers_text_sends_nothing_to_the_terminal(project: Project) -> None:
    project.world.set_in_portal(MODEL_MEETING_ID, topic=HOSTILE)
    project.write_event(title="Encuentro \\u001b[2J\\u202e 2023")
    project.world.add_registrant(
        MODEL_MEETING_ID, email="a\x1b[31m\u202e@example.org", first_name=HOSTILE, last_name=HOSTILE
    )
    shown = [project.sync()]
    set_state(project, "failed")
    shown += [
        status(project),
        project.run("outbox", "list"),
        project.run("outbox", "show", "1"),
        project.run("check"),
        project.at(FIRST_REMINDER, "remind", "--dry-run"),
    ]
    for result in shown:
        for character in "\x1b\x07\u202e\r":
            assert character not in result.out + result.err


# ------------------------------------------------------------------------------------------------------ the outbox


def test_outbox_is_listed_in_the_events_time(synced: Project) -> None:
    result = synced.run("outbox", "list", "--limit", "3")
    assert result.code == 0
    heading, _, first, *_, last = result.out.splitlines()
    assert heading.split() == ["No.", "Session", "Kind", "To", "State", "Due"]
    assert first.split()[:5] == ["1", "Sesión", "1", "reminder,", "1"]
    assert first.rstrip().endswith("to be sent  2023-03-06 17:00")
    assert last == f"3 messages, the first 3: --limit shows more ({SLUG}, times in America/Guatemala)."


def test_outbox_of_several_events_names_them(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 1)
    project.add_other_event(people=1)
    project.sync()
    result = project.run("outbox", "list")
    assert result.out.split()[:2] == ["No.", "Event"]
    assert result.out.splitlines()[-1] == (
        f"8 messages ({SLUG}, times in America/Guatemala; {OTHER_SLUG}, times in America/Guatemala)."
    )
    assert project.run("outbox", "list", OTHER_SLUG).out.splitlines()[-1].startswith("4 messages")


def test_empty_outbox_is_a_sentence(project: Project) -> None:
    assert project.run("outbox", "list").out == "0 messages.\n"


def test_outbox_is_one_line_a_message_where_it_goes_into_a_file(
    synced: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS")
    synced.world.register(MODEL_MEETING_ID, {"email": f"{'x' * 60}@example.org", "first_name": "X"})
    synced.sync()
    lines = synced.run("outbox", "list").out.splitlines()
    assert len(lines) == 12 + 3
    assert sum(f"{'x' * 60}@example.org" in line for line in lines) == 4


def test_outbox_fits_a_terminal_of_eighty_columns(synced: Project) -> None:
    synced.at(FIRST_REMINDER, "remind")
    table, _, last = synced.on_terminal("outbox", "list").rstrip().rpartition("\r\n")
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in table.splitlines()]
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 2 + 8 * 4
    assert last.startswith("8 messages")


def test_outbox_show_tells_every_try(synced: Project) -> None:
    synced.at(FIRST_REMINDER, "remind")
    result = synced.run("outbox", "show", "1")
    assert result.code == 0
    assert "due             2023-03-06 17:00 (America/Guatemala)\n" in result.out
    assert "state           accepted by the mail server\n" in result.out
    assert " UTC: accepted at body 250: " in result.out.splitlines()[-1]
    document = synced.run("outbox", "show", "1", "--json").json
    assert document["state"] == "sent"
    assert [one["outcome"] for one in document["tries"]] == ["accepted"]


def test_message_is_taken_out_and_put_back_by_hand(synced: Project) -> None:
    assert synced.run("outbox", "abort", "1").out == "Message 1: taken out.\n"
    synced.at(FIRST_REMINDER, "remind")
    assert len(synced.mails.messages) == 1
    assert synced.at(FIRST_REMINDER, "outbox", "retry", "1").out == "Message 1: will be sent at the next remind.\n"
    synced.at(FIRST_REMINDER, "remind")
    assert len(synced.mails.messages) == 2

    again = synced.at(FIRST_REMINDER, "outbox", "retry", "1")
    assert (again.code, again.out, again.err) == (1, "", "zoomsync: message 1: accepted by the mail server\n")


def test_wrong_words_about_the_outbox_are_wrong_usage(synced: Project) -> None:
    for words, told in (
        (("list", "nothing"), f"The database knows no event nothing; it knows: {SLUG}."),
        (("list", "--state", "gone"), "There is no state gone; there are: pending, claimed, transmitting, sent, "),
        (("show", "99"), "There is no message number 99: zoomsync outbox list shows them."),
    ):
        result = synced.run("outbox", *words)
        assert result.code == 2
        assert result.complaints[0].startswith(f"zoomsync: {told}")


def test_a_move_is_told_to_the_organiser_before_the_registrants_hear_of_it(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 3)
    project.synced()
    file = project.write_event()
    later = file.read_text(encoding="utf-8").replace("2023-03-07T08:00:00", "2023-03-07T08:30:00")
    file.write_text(later, encoding="utf-8")
    at = project.clock() + timedelta(hours=1)
    assert project.at(at, "sync").code == 0
    told = f"· {SLUG}: the new time of Sesión 1 goes to 3 registrants at 9:10 AM (America/Guatemala)"
    assert told in project.at(at + timedelta(minutes=5), "status").out
    assert project.at(at + timedelta(minutes=10), "remind").code == 0
    assert len(project.mails.messages) == 3
    assert told not in project.at(at + timedelta(minutes=11), "status").out
