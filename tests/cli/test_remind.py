"""`zoomsync remind` and `zoomsync preview`: what is sent, what is only shown, and what a person is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cli.conftest import OTHER_MEETING_ID, OTHER_SLUG, SLUG, Project, Result, local
from zoomsync.simulate.model_event import MODEL_MEETING_ID

DAY_BEFORE = local("2023-03-06 17:00")
HOUR_BEFORE = local("2023-03-07 07:00")
COUNTS = ("planned", "sent", "failed", "skipped", "in_doubt", "deferred")


@pytest.fixture
def synced(project: Project) -> Project:
    project.world.populate(MODEL_MEETING_ID, 3, pending=1, denied=1)
    project.synced()
    return project


def remind(project: Project, *words: str) -> Result:
    return project.at(project.clock(), "remind", *words)


def approved(project: Project) -> set[str]:
    return {person.email for person in project.people() if person.status == "approved"}


def recipients(project: Project) -> list[str]:
    return sorted(address for one in project.mails.messages for address in one.rcpt_to)


# -------------------------------------------------------------------------------------------------------- sending


def test_each_approved_registrant_is_reminded_once(synced: Project) -> None:
    result = synced.at(DAY_BEFORE, "remind")
    assert result.code == 0
    assert result.out.splitlines()[-1] == "3 sent."
    assert recipients(synced) == sorted(approved(synced))

    again = synced.at(DAY_BEFORE + timedelta(minutes=5), "remind")
    assert (again.code, again.out, again.err) == (0, "Nothing was due.\n", "")
    assert len(synced.mails.messages) == 3


def test_json_is_the_documented_document_and_nothing_else(synced: Project) -> None:
    person = min(approved(synced))
    result = synced.at(DAY_BEFORE, "remind", "--json")
    document = result.json
    assert list(document) == [*COUNTS, "messages"]
    assert {name: document[name] for name in COUNTS} == dict.fromkeys(COUNTS, 0) | {"sent": 3}
    assert {tuple(message) for message in document["messages"]} == {
        ("event", "session", "kind", "to", "state", "reason")
    }
    assert [message for message in document["messages"] if message["to"] == person] == [
        {
            "event": SLUG,
            "session": "Sesión 1",
            "kind": "before:1d 17:00",
            "to": person,
            "state": "sent",
            "reason": document["messages"][0]["reason"],
        }
    ]


def test_who_registered_since_the_last_sync_is_reminded_and_who_left_is_not(synced: Project) -> None:
    gone = synced.people()[0]
    synced.world.cancel_by_self(MODEL_MEETING_ID, gone.email)
    synced.clock.move_to(DAY_BEFORE - timedelta(hours=1))
    synced.world.register(MODEL_MEETING_ID, {"email": "new@example.org", "first_name": "Nueva"}, auto_approve=True)

    assert synced.at(DAY_BEFORE, "remind").code == 0
    assert recipients(synced) == sorted(approved(synced))
    assert "new@example.org" in recipients(synced)
    assert synced.writes() == []


def test_remind_of_an_event_that_was_never_synced_syncs_it_first(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 2)
    result = remind(project)
    assert (result.code, result.out) == (0, "Nothing was due. 8 messages newly planned.\n")
    assert len(project.registrants()) == 2


def test_dry_run_shows_each_message_and_writes_and_sends_nothing(synced: Project) -> None:
    before = synced.contents()
    asked = len(synced.zoom.journal)
    result = synced.at(DAY_BEFORE, "remind", "--dry-run")
    assert result.code == 0
    assert result.out.splitlines()[-1] == "3 messages would be sent now; nothing was sent or written."
    for email in approved(synced):
        assert email in result.out
    document = synced.at(DAY_BEFORE, "remind", "--dry-run", "--json").json
    assert {message["to"] for message in document["messages"]} == approved(synced)
    assert document["sent"] == 0
    assert synced.contents() == before
    assert synced.mails.messages == []
    assert len(synced.zoom.journal) == asked


def test_dry_run_of_one_message_is_in_the_singular(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 1)
    project.synced()
    result = project.at(DAY_BEFORE, "remind", "--dry-run")
    assert result.out.splitlines()[-1] == "1 message would be sent now; nothing was sent or written."


def test_dry_run_before_the_first_sync_says_that_nobody_is_known(project: Project) -> None:
    result = remind(project, "--dry-run")
    assert result.code == 1
    assert result.complaints == [f"zoomsync: {SLUG}: never synced, so nobody is known; run zoomsync sync first"]


def test_draft_sends_nothing(synced: Project) -> None:
    synced.write_event(top='status = "draft"\n')
    assert synced.at(DAY_BEFORE, "remind").code == 0
    assert synced.mails.messages == []


def test_named_event_alone_is_reminded(synced: Project) -> None:
    synced.add_other_event(people=2)
    synced.synced(OTHER_SLUG)
    synced.at(DAY_BEFORE, "remind", OTHER_SLUG)
    others = {person.email for person in synced.world.meetings[OTHER_MEETING_ID].order}
    assert recipients(synced) == sorted(others)


# -------------------------------------------------------------------------------------------------------- trouble


def test_zoom_that_cannot_be_reached_does_not_stop_the_mail(synced: Project) -> None:
    synced.world.faults.add("503", path=f"/meetings/{MODEL_MEETING_ID}", times=None)
    result = synced.at(DAY_BEFORE, "remind")
    assert result.code == 1
    assert result.complaints == [
        f"zoomsync: {SLUG}: Zoom could not read meeting 81234567890 (HTTP 503). The mail goes out by the last complete "
        "pull."
    ]
    assert len(synced.mails.messages) == 3


def test_nobody_is_written_to_without_a_complete_pull(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 2)
    project.world.faults.add("503", path=f"/meetings/{MODEL_MEETING_ID}", times=None)
    result = project.at(DAY_BEFORE, "remind")
    assert result.code == 1
    assert "Nobody was ever pulled, so nothing can be sent." in result.err
    assert project.mails.messages == []


def test_meeting_that_is_gone_holds_the_mail(synced: Project) -> None:
    synced.add_other_event(people=2)
    synced.synced(OTHER_SLUG)
    del synced.world.meetings[MODEL_MEETING_ID]
    result = synced.at(DAY_BEFORE, "remind")
    assert result.code == 1
    (complaint,) = result.complaints
    assert complaint.startswith(f"zoomsync: {SLUG}: Zoom would not read meeting 81234567890: Meeting does not exist")
    assert complaint.endswith("Its mail waits until this is settled.")
    assert len(synced.mails.messages) == 2


def test_mail_server_that_is_away_keeps_the_messages(synced: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    port = str(synced.mails.port)
    monkeypatch.setenv("ZOOMSYNC_SMTP__PORT", "1")
    result = synced.at(DAY_BEFORE, "remind")
    assert result.code == 1
    (complaint,) = result.complaints
    assert complaint.startswith("zoomsync: the mail server refuses us at connect: ")
    assert complaint.endswith(
        "the connection was refused. Nothing is lost: the messages wait for the next remind. zoomsync check tries the "
        "mail server."
    )
    assert result.out.splitlines()[-1].endswith(" waiting.")

    monkeypatch.setenv("ZOOMSYNC_SMTP__PORT", port)
    assert synced.at(DAY_BEFORE + timedelta(minutes=5), "remind").code == 0
    assert recipients(synced) == sorted(approved(synced))


def test_broken_template_is_told_and_keeps_the_messages(synced: Project) -> None:
    folder = synced.folder / "config" / "templates" / "es"
    folder.mkdir(parents=True)
    (folder / "before.txt").write_text("Estimada {{ name }", encoding="utf-8")
    result = synced.at(DAY_BEFORE, "remind")
    assert result.code == 1
    (complaint,) = result.complaints
    assert "before.txt" in complaint
    assert synced.mails.messages == []

    (folder / "before.txt").unlink()
    assert synced.at(DAY_BEFORE + timedelta(minutes=5), "remind").code == 0
    assert recipients(synced) == sorted(approved(synced))


def test_now_on_a_real_mail_server_wants_yes(synced: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOOMSYNC_SMTP__HOST", "smtp.example.org")
    before = synced.contents()
    result = synced.at(DAY_BEFORE, "remind")
    assert result.code == 2
    assert result.complaints == [
        "zoomsync: With --now this would act on the mail server smtp.example.org as if it were another time: say --yes "
        "if that is meant, or look first with --dry-run."
    ]
    assert synced.contents() == before
    assert synced.at(DAY_BEFORE, "remind", "--dry-run").code == 0


# -------------------------------------------------------------------------------------------------------- preview


def test_preview_writes_every_kind_to_look_at(project: Project) -> None:
    result = project.at(project.clock(), "preview", SLUG)
    assert result.code == 0
    kinds = ["before-1d-17-00", "before-1h", "welcome", "resend", "moved", "called_off", "late"]
    folder = project.folder / "preview" / SLUG
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        kind + suffix for kind in kinds for suffix in (".eml", ".html")
    )
    assert result.out.splitlines()[0] == (
        "before:1d 17:00  Mañana martes 7, 8:00 a. m.: Encuentro de Justicia Abierta 2023"
    )
    assert result.out.splitlines()[-1] == f"Written into preview/{SLUG}."
    assert project.mails.messages == []


def test_preview_sends_one_of_each_kind_marked_as_a_test(project: Project) -> None:
    result = project.at(project.clock(), "preview", SLUG, "--send", "yo@example.org", "--json")
    assert result.code == 0
    assert list(result.json) == ["files", "sent_to"]
    assert len(result.json["files"]) == 14
    assert recipients(project) == ["yo@example.org"] * 7
    assert all(str(one.message["Subject"]).startswith("[PRUEBA] ") for one in project.mails.messages)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--send", "nobody"), 2, "--send nobody is not one e-mail address."),
        (("--output", "config/zoomsync.toml"), 1, "config/zoomsync.toml/encuentro-2023: Not a directory."),
    ],
)
def test_preview_that_cannot_be_is_told(project: Project, words: tuple[str, str], code: int, told: str) -> None:
    (project.folder / "config" / "zoomsync.toml").write_text("", encoding="utf-8")
    result = project.run("preview", SLUG, *words)
    assert result.code == code
    assert result.complaints == [f"zoomsync: {told}"]


def test_preview_to_a_mail_server_that_is_away_is_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOOMSYNC_SMTP__PORT", "1")
    result = project.run("preview", SLUG, "--send", "yo@example.org")
    assert result.code == 1
    (complaint,) = result.complaints
    assert complaint.startswith("zoomsync: before:1d 17:00 was not sent: the mail server refuses it at connect: ")
    assert complaint.endswith("zoomsync check tries the mail server.")


def test_after_a_long_outage_of_zoom_the_mail_still_goes_by_the_last_complete_pull(project: Project) -> None:
    """However many syncs have failed since."""
    project.world.populate(MODEL_MEETING_ID, 2)
    project.synced()
    project.world.client_secret = "another"
    for minutes in range(5, 130, 5):
        project.at(DAY_BEFORE - timedelta(minutes=130 - minutes), "sync", "--no-close")
    result = project.at(DAY_BEFORE, "remind")
    assert "The mail goes out by the last complete pull." in result.err
    assert len(project.mails.messages) == 2
