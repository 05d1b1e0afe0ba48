"""`pause`, `resume`, `optout`, `resend` and `outbox bounced`: mail in the organiser's hands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cli.conftest import OTHER_SLUG, SLUG, Project, Result, local
from zoomsync.simulate.model_event import MODEL_MEETING_ID

FIRST_REMINDER = local("2023-03-06 17:00")
LAST_REMINDER = local("2023-03-07 07:00")


@pytest.fixture
def synced(project: Project) -> Project:
    project.world.populate(MODEL_MEETING_ID, 2, pending=1)
    project.synced()
    return project


def addresses(project: Project, status: str = "approved") -> list[str]:
    return sorted(email for email, is_now in project.registrants().items() if is_now == status)


def hand(project: Project, *words: str) -> Result:
    return project.at(project.clock(), *words)


# ----------------------------------------------------------------------------------------------------- pause and resume


def test_a_paused_event_sends_nothing_and_says_so_until_it_is_resumed(synced: Project) -> None:
    assert hand(synced, "pause", SLUG).out == (
        f"{SLUG}: mail is paused: 8 messages wait. zoomsync resume {SLUG} lets it go on.\n"
    )
    assert "paused already" in hand(synced, "pause", SLUG).out
    assert f"· {SLUG}: its mail is paused: zoomsync resume" in hand(synced, "status").out

    synced.clock.move_to(FIRST_REMINDER + timedelta(minutes=20))
    assert hand(synced, "remind").code == 0
    assert synced.mails.messages == []
    late = hand(synced, "status")
    assert late.code == 1
    assert late.out.startswith(
        f"! {SLUG}: its mail is paused, and 2 messages that are due wait: zoomsync resume {SLUG}"
    )
    assert "PAUSED" in late.out

    resumed = hand(synced, "resume", SLUG).out
    assert "mail goes on: 8 messages wait, 2 of them due now" in resumed
    assert hand(synced, "remind").code == 0
    assert len(synced.mails.messages) == 2


def test_what_a_pause_made_too_late_says_why(synced: Project) -> None:
    hand(synced, "pause", SLUG)
    synced.clock.move_to(LAST_REMINDER + timedelta(hours=2))
    hand(synced, "remind")
    rows = synced.rows("SELECT DISTINCT reason FROM outbox WHERE state = 'skipped'")
    assert [row["reason"] for row in rows] == ["its time to be sent passed while the event's mail was paused"]


def test_an_event_whose_file_is_broken_can_be_paused(synced: Project) -> None:
    file = synced.write_event()
    file.write_text("title = ", encoding="utf-8")
    assert hand(synced, "pause", SLUG).code == 0
    assert hand(synced, "pause", "nobody").code == 2


# ----------------------------------------------------------------------------------------------------------- opting out


def test_who_opted_out_gets_no_reminder_until_it_is_undone(synced: Project) -> None:
    one, other = addresses(synced)
    assert hand(synced, "optout", one.upper()).out == f"{SLUG}: no more reminders to {one.upper()}.\n"
    synced.clock.move_to(FIRST_REMINDER)
    hand(synced, "remind")
    assert [list(mail.rcpt_to) for mail in synced.mails.messages] == [[other]]
    assert hand(synced, "optout", one, SLUG, "--undo").code == 0
    hand(synced, "remind")
    assert len(synced.mails.messages) == 2


def test_an_address_that_nobody_has_is_told(synced: Project) -> None:
    result = hand(synced, "optout", "nadie@example.org")
    assert result.code == 1
    assert result.complaints == ["zoomsync: nobody is registered with the address n…@example.org."]
    assert hand(synced, "optout", "nadie").code == 2


# ------------------------------------------------------------------------------------------------------- the link again


def test_the_link_goes_again_at_once_and_each_time_anew(synced: Project) -> None:
    one, other = addresses(synced)
    hand(synced, "optout", one)
    for number in (1, 2):
        result = hand(synced, "resend", one, "--json")
        assert result.code == 0, result.err
        (message,) = result.json["messages"]
        assert (message["kind"], message["to"], message["state"]) == ("resend", one, "sent")
        assert len(synced.mails.messages) == number
    mail = synced.mails.messages[0]
    assert list(mail.rcpt_to) == [one]
    assert str(mail.message["Subject"]) == "Su enlace para Encuentro de Justicia Abierta 2023"
    body = mail.message.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "Sesión 1" in text
    assert "Sesión 2" in text
    assert synced.mails.messages[0].message["Message-ID"] != synced.mails.messages[1].message["Message-ID"]

    hand(synced, "sync")  # a plan does not take it back
    assert hand(synced, "resend", other, "--event", SLUG).code == 0


def test_resending_sends_nothing_else_that_is_due(synced: Project) -> None:
    synced.clock.move_to(FIRST_REMINDER)
    assert hand(synced, "resend", addresses(synced)[0]).code == 0
    assert len(synced.mails.messages) == 1


def test_a_link_that_the_mail_host_s_limit_keeps_back_is_said_to_wait(
    synced: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOOMSYNC_SMTP__MAX_PER_DAY", "1")
    one = addresses(synced)[0]
    assert hand(synced, "resend", one).code == 0
    second = hand(synced, "resend", one)
    assert second.code == 0
    assert "1 message waits: the mail host's limit leaves room again at" in second.err
    assert len(synced.mails.messages) == 1


def test_words_for_a_chat_bring_the_link_and_send_nothing(synced: Project) -> None:
    one = addresses(synced)[0]
    (person,) = synced.rows("SELECT first_name, join_url FROM registrant WHERE email = :email", email=one)
    said = hand(synced, "resend", one, "--text").out
    lines = said.splitlines()
    assert lines[0] == (
        f"Hola, {person['first_name']}: este es su enlace personal para «Encuentro de Justicia Abierta 2023»."
    )
    assert lines[2] == person["join_url"]
    assert "Sesión 1: martes 7 de marzo de 2023, de 8:00 a. m. a 1:00 p. m." in said
    assert synced.mails.messages == []
    assert synced.rows("SELECT change FROM audit WHERE change = 'link shown'") != []


def test_who_has_no_link_is_told_why(synced: Project) -> None:
    (waiting,) = addresses(synced, "pending")
    result = hand(synced, "resend", waiting)
    assert result.code == 2
    assert f"waits for approval, and has no link yet: zoomsync late {SLUG} --approve EMAIL" in result.err
    assert "nobody is registered with the address" in hand(synced, "resend", "nadie@example.org").err
    synced.clock.move_to(local("2023-03-08 13:00"))
    assert "no session is left" in hand(synced, "resend", addresses(synced)[0]).err


def test_the_link_of_a_paused_event_waits_and_is_not_promised(synced: Project) -> None:
    hand(synced, "pause", SLUG)
    assert hand(synced, "resend", addresses(synced)[0]).code == 2
    assert hand(synced, "resend", addresses(synced)[0], "--text").code == 0


# ------------------------------------------------------------------------------------------- mail that came back, slips


def test_mail_to_an_address_that_came_back_waits_until_that_is_taken_back(synced: Project) -> None:
    one, other = addresses(synced)
    told = hand(synced, "outbox", "bounced", one)
    assert told.out.startswith(f"{one} ({SLUG}): nothing more goes there; 4 messages waiting.")
    assert f"{SLUG}: mail came back from 1 address" in hand(synced, "status").out
    synced.clock.move_to(FIRST_REMINDER + timedelta(minutes=20))
    hand(synced, "sync")
    hand(synced, "remind")
    assert [list(mail.rcpt_to) for mail in synced.mails.messages] == [[other]]
    assert hand(synced, "status").code == 0, "it waits for a person, and is not overdue"
    assert hand(synced, "resend", one).code == 2
    assert one in hand(synced, "outbox", "bounced").out

    assert "mail goes there again" in hand(synced, "outbox", "bounced", one, "--undo").out
    hand(synced, "remind")
    assert [list(mail.rcpt_to) for mail in synced.mails.messages] == [[other], [one]]


def test_an_address_that_nobody_is_registered_with_is_not_written_down(synced: Project) -> None:
    assert hand(synced, "outbox", "bounced", "nadie@example.org").code == 1
    assert hand(synced, "outbox", "bounced", "--undo").code == 2
    assert hand(synced, "outbox", "bounced", "--json").json == {"bounced": []}


def test_addresses_that_look_mistyped_are_told_at_each_sync_and_by_status(project: Project) -> None:
    project.world.add_registrant(MODEL_MEETING_ID, email="ana@gmial.com", first_name="Ana")
    project.add_other_event()
    said = project.sync()
    assert f"{SLUG}: 1 address looks mistyped: ana@gmial.com (gmail.com?)\n" in said.out
    assert f"{OTHER_SLUG}: 1 address" not in said.out
    shown = hand(project, "status")
    assert shown.code == 0
    assert f"· {SLUG}: 1 address looks mistyped: ana@gmial.com (gmail.com?): ask" in shown.out

    project.world.add_registrant(MODEL_MEETING_ID, email="ana@gmail.com", first_name="Ana")
    assert "mistyped" not in project.sync().out, "she has registered with the right one too"
