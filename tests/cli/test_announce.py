"""`announce`: a message of the organiser's own, once to each."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.cli.conftest import SLUG, Project, Result
from zoomsync.simulate.model_event import MODEL_MEETING_ID

TEXT = "La Dra. **Ruiz** no podrá venir.\n\n- Hablará *Juan*.\n"


@pytest.fixture
def announced(project: Project) -> Project:
    """An event with three approved and one pending, and a text."""
    project.world.populate(MODEL_MEETING_ID, 3, pending=1)
    project.synced()
    (project.folder / "aviso.md").write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    return project


def announce(project: Project, *words: str, to: str = "approved") -> Result:
    given = ("announce", SLUG, "--subject", "Cambio de ponente", "--file", "aviso.md", "--to", to, *words)
    return project.at(project.clock(), *given)


def got(project: Project) -> list[str]:
    return sorted(mail.rcpt_to[0] for mail in project.mails.messages)


def approved(project: Project) -> list[str]:
    return sorted(email for email, status in project.registrants().items() if status == "approved")


def test_a_dry_run_shows_and_counts_and_writes_nothing(announced: Project) -> None:
    before = announced.contents()
    result = announce(announced, "--dry-run")
    assert result.code == 0
    assert result.out.startswith(
        "Subject: Cambio de ponente\n\nBuen día:\n\nLa Dra. Ruiz no podrá venir.\n\n- Hablará Juan."
    )
    assert result.out.endswith(f"To 3 people of {SLUG} (those approved).\n")
    assert announced.contents() == before
    assert announced.mails.messages == []


def test_it_is_not_sent_unasked_and_a_test_copy_comes_first(announced: Project) -> None:
    refused = announce(announced)
    assert refused.code == 2
    assert "say --yes if that is meant" in refused.err
    tested = announce(announced, "--test")
    assert tested.code == 0
    (mail,) = announced.mails.messages
    assert mail.rcpt_to == ("info@redciudadana.org.gt",)
    assert str(mail.message["Subject"]) == "[PRUEBA] Cambio de ponente"


def test_each_gets_it_once_however_often_it_is_sent(announced: Project) -> None:
    assert announce(announced, "--yes").out.endswith("Sent to 3 people.\n")
    assert got(announced) == approved(announced)
    mail = announced.mails.messages[0].message
    assert str(mail["Subject"]) == "Cambio de ponente"
    html = mail.get_body(("html",))
    assert html is not None
    assert "<strong>Ruiz</strong>" in html.get_content()
    assert "List-Unsubscribe" in mail

    again = announce(announced, "--yes", "--json")
    assert (again.json["recipients"], again.json["already"], again.json["sent"]) == (0, 3, 3)
    assert len(announced.mails.messages) == 3

    announced.world.add_registrant(MODEL_MEETING_ID, email="nueva@example.org", first_name="Nueva")
    assert announce(announced, "--yes").out.endswith("Sent to 1 person.\n")
    assert announce(announced, "--yes", to="pending").out.endswith("Sent to 1 person.\n")
    assert len(announced.mails.messages) == 5


def test_after_a_crash_the_rest_goes_out(announced: Project) -> None:
    announced.mails.stop()
    away = announce(announced, "--yes")
    assert away.code == 1
    assert "3 wait, and zoomsync remind or the daemon goes on" in away.out
    announced.sync()  # a plan does not take it back
    announced.mails.start()
    assert announce(announced, "--yes").code == 0
    assert got(announced) == approved(announced)


def test_who_wants_no_reminders_gets_it_only_where_it_is_important(announced: Project) -> None:
    one, *others = approved(announced)
    announced.at(announced.clock(), "optout", one)
    result = announce(announced, "--yes")
    assert "1 wants no reminders (--important sends it to them too)" in result.out
    assert got(announced) == others
    assert announce(announced, "--yes", "--important").code == 0
    assert got(announced) == [one, *others]


def test_what_cannot_be_announced_is_refused_before_anything_is_done(announced: Project) -> None:
    assert "no audience" in announce(announced, "--yes", to="everybody").err
    assert "Nobody knows yet who came" in announce(announced, "--yes", to="attended").err
    (announced.folder / "aviso.md").write_text(" \n")
    assert "is empty" in announce(announced, "--yes").err
    (announced.folder / "aviso.md").write_text(TEXT)
    announced.write_event(top='status = "draft"\n')
    result = announce(announced, "--yes")
    assert result.code == 2
    assert "is a draft" in result.err

    announced.write_event()
    with closing(sqlite3.connect(announced.file)) as db:
        db.execute("UPDATE event SET erased_at = first_seen_at")
        db.commit()
    assert "was removed: there is nobody left to write to" in announce(announced, "--yes").err
    assert announced.mails.messages == []
