"""`zoomsync certificates`: from who came to PDF files, mails that go once, and a code that proves them."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

import pytest

from tests.cli.conftest import SLUG, Project, local
from zoomsync.simulate.model_event import MODEL_MEETING_ID

AFTER = local("2023-03-08 20:00")


@pytest.fixture
def over(project: Project) -> Project:
    """Both sessions are over: Ana was in all of it, Beto in half of one, Carla in none."""
    meeting = MODEL_MEETING_ID
    ana, beto, _ = (
        project.world.add_registrant(meeting, email=f"{name}@example.org", first_name=name, last_name="Ñandú / ../x")
        for name in ("Ana", "Beto", "Carla")
    )
    project.synced()
    for number in range(2):
        start = local(f"2023-03-0{7 + number} 08:00")
        end = start + timedelta(hours=5)
        instance = project.world.add_instance(meeting, start, end)
        project.world.join(instance, "Ana", start, end, registrant_id=ana.id)
        if number == 0:
            project.world.join(instance, "Beto", start, start + timedelta(hours=2.5), registrant_id=beto.id)
    assert project.at(AFTER, "attendance").code == 0
    return project


def test_certificates_are_made_mailed_once_and_proved_by_their_code(over: Project):
    made = over.at(AFTER, "certificates", SLUG, "--json")
    assert made.code == 0, made.err
    (one,) = made.json["certificates"]
    assert (made.json["below"], one["email"], one["minutes"], one["scheduled_minutes"]) == (
        1,
        "ana@example.org",
        600,
        600,
    )
    (file,) = (over.folder / "certificates" / SLUG).iterdir()
    assert file.name == f"Ana Ñandú - ..-x-{one['code']}.pdf"
    assert file.read_bytes().startswith(b"%PDF-")

    for _ in range(2):
        sent = over.at(AFTER, "certificates", SLUG, "--send", "--yes", "--json")
        assert [(each["code"], each["mail"]) for each in sent.json["certificates"]] == [(one["code"], "sent")]
    (mail,) = over.mails.messages
    message = mail.message
    assert isinstance(message, EmailMessage)
    assert message["To"].addresses[0].addr_spec == "ana@example.org"
    (attached,) = message.iter_attachments()
    assert (attached.get_content_type(), attached.get_filename()) == (
        "application/pdf",
        f"constancia-{one['code']}.pdf",
    )
    assert attached.get_content() == file.read_bytes()

    proof = over.at(AFTER, "certificates", "--verify", one["code"].lower(), "--json")
    assert (proof.code, proof.json["valid"], proof.json["dates"]) == (0, True, ["2023-03-07", "2023-03-08"])
    assert over.at(AFTER, "certificates", "--verify", "0000-0000-0000").code == 1


def test_more_come_with_a_lower_minimum_and_codes_stay(over: Project):
    (one,) = over.at(AFTER, "certificates", SLUG, "--json").json["certificates"]
    dry = over.at(AFTER, "certificates", SLUG, "--minimum", "25%", "--dry-run", "--json").json["certificates"]
    assert [each["name"].split()[0] for each in dry] == ["Ana", "Beto"]
    assert len(over.contents()["certificate"]) == 1
    more = over.at(AFTER, "certificates", SLUG, "--minimum", "25%", "--json").json["certificates"]
    assert more[0]["code"] == one["code"]


def test_nothing_is_certified_before_attendance_is_there(over: Project):
    early = over.at(local("2023-03-08 09:00"), "certificates", SLUG)
    assert (early.code, "Sesión 2 is not there yet: wait until it is over" in early.err) == (2, True)
    certain = over.at(local("2023-03-08 09:00"), "certificates", SLUG, "--only-ready", "--json")
    assert (certain.code, certain.json["left_out"]) == (0, ["Sesión 2"])
    assert over.at(AFTER, "certificates").code == 2


def test_draft_sends_no_certificates(over: Project):
    over.write_event(top='status = "draft"\n')
    result = over.at(AFTER, "certificates", SLUG, "--send", "--yes")
    assert (result.code, "drafts send nothing" in result.err) == (2, True)
    assert over.mails.messages == []
