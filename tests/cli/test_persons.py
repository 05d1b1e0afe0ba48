"""`zoomsync forget`, `export-person` and `retention`: who is erased stays away, and is welcome when they come anew."""

from __future__ import annotations

import json
import os
from contextlib import closing
from datetime import datetime, timedelta
from email.message import EmailMessage

from tests.cli.conftest import SLUG, Project, local
from zoomsync.app import open_app
from zoomsync.daemon import Daemon
from zoomsync.simulate.model_event import MODEL_MEETING_ID

EVENING_BEFORE = local("2023-03-06 17:00")
LAST_END = local("2023-03-08 13:00")
DAY = timedelta(days=1)


def bytes_with(project: Project, *texts: str) -> list[str]:
    """Which of these texts stand anywhere in the database's files."""
    data = b"".join(file.read_bytes().lower() for file in project.folder.glob("zoomsync.db*"))
    return [one for one in texts if one.lower().encode() in data]


def body_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return " ".join(str(part.get_content()).split())


def reminded(project: Project, people: int = 3) -> list[str]:
    """Registered, synced, and the first reminder sent; gives the addresses."""
    project.world.populate(MODEL_MEETING_ID, people)
    project.synced()
    assert project.at(EVENING_BEFORE, "remind").code == 0
    return [one.email for one in project.people()]


# -------------------------------------------------------------------------------------------------------------- forget


def test_who_is_forgotten_is_erased_and_no_sync_brings_them_back(project: Project) -> None:
    first, *others = reminded(project)
    person = project.people()[0]
    phone = person.details["phone"]
    assert bytes_with(project, first, phone) == [first, phone]

    result = project.at(EVENING_BEFORE, "forget", first.upper(), "--yes")
    assert result.code == 0
    assert "erased: 1 registration, 4 messages (3 of them not sent yet, and stopped)" in result.out
    assert f"Zoom still has 1 registration of this person (meeting {MODEL_MEETING_ID})" in result.out
    assert bytes_with(project, first, phone) == []

    run = project.synced()
    assert (run["added"], run["cancelled"], run["unchanged"]) == (0, 0, 2)
    assert project.registrants() == {"": "approved"} | dict.fromkeys(others, "approved")
    project.mails.clear()
    assert project.at(local("2023-03-07 07:00"), "remind").code == 0
    assert len(project.mails.messages) == 2
    assert bytes_with(project, first, phone) == []


def test_who_was_deleted_on_zoom_too_is_welcome_when_they_register_anew(project: Project) -> None:
    first, *_ = reminded(project)
    person = project.people()[0]
    result = project.at(EVENING_BEFORE, "forget", first, "--in-zoom", "--yes")
    assert result.code == 0
    assert "Zoom took the deletion: their link works no more" in result.out
    assert len(project.people()) == 2
    assert project.synced()["added"] == 0

    project.world.register(MODEL_MEETING_ID, {"email": first, "first_name": person.first_name})
    run = project.synced()
    assert (run["added"], run["cancelled"]) == (1, 0)
    assert project.registrants()[first] in ("approved", "pending")


def test_a_registration_made_anew_under_the_old_id_is_welcome_and_the_old_one_stays_counted(project: Project) -> None:
    first, *_ = reminded(project, 1)
    assert project.at(EVENING_BEFORE, "forget", first, "--yes").code == 0
    person = project.people()[0]
    with project.world.lock:
        person.create_time = EVENING_BEFORE + timedelta(minutes=5)
        project.world._changed(project.world.meetings[MODEL_MEETING_ID], person)
    project.clock.move_to(EVENING_BEFORE + timedelta(minutes=10))
    assert project.synced()["added"] == 1
    assert project.registrants() == {"": "approved", first: "approved"}
    run = project.synced()
    assert (run["added"], run["updated"], run["cancelled"]) == (0, 0, 0)


def test_without_a_word_nothing_is_erased(project: Project) -> None:
    first, *_ = reminded(project, 1)
    before = project.contents()
    result = project.run("forget", first)
    assert result.code == 2
    assert "say --yes" in result.err
    assert project.run("forget", first, "--dry-run").code == 0
    assert project.contents() == before


def test_where_zoom_does_not_delete_nothing_is_erased_here(project: Project) -> None:
    first, *_ = reminded(project, 1)
    project.world.faults.add("daily", method="DELETE", times=None)
    result = project.at(EVENING_BEFORE, "forget", first, "--in-zoom", "--yes")
    assert result.code == 1
    assert "nothing was erased here" in result.err
    assert project.registrants() == {first: "approved"}


def test_an_address_with_a_slip_is_met_with_those_that_may_be_meant(project: Project) -> None:
    first, *_ = reminded(project, 1)
    for command in ("forget", "export-person"):
        result = project.run(command, first.replace("example", "exmaple"))
        assert result.code == 1
        assert "nothing is known of" in result.err
        assert first in result.out


# ------------------------------------------------------------------------------------------------------- export-person


def test_a_person_gets_everything_that_is_held_of_them(project: Project) -> None:
    first, *_ = reminded(project, 2)
    person = project.people()[0]
    result = project.at(EVENING_BEFORE, "export-person", first)
    document = json.loads(result.out)
    (registration,) = document["registrations"]
    assert (registration["email"], registration["first_name"]) == (first, person.first_name)
    assert registration["details"]["phone"] == person.details["phone"]
    assert [one["question"] for one in registration["answers"]] == ["Departamento", "Sexo", "Edad"]
    assert [one["change"] for one in registration["history"]] == ["added"]
    (sent, *waiting) = registration["messages"]
    assert (sent["state"], [one["outcome"] for one in sent["tries"]]) == ("sent", ["accepted"])
    assert len(waiting) == 3
    others = [one.email for one in project.people()[1:]]
    assert not any(other in result.out for other in others)


# ----------------------------------------------------------------------------------------------------------- retention


def retention(project: Project, at: datetime, *words: str) -> dict[str, object]:
    result = project.at(at, "retention", "--json", *words)
    assert result.code == 0, result.err
    return dict(result.json)


def test_personal_data_goes_when_its_time_is_over_and_a_receipt_stays(project: Project) -> None:
    emails = reminded(project)
    project.clock.move_to(EVENING_BEFORE)
    project.world.register(MODEL_MEETING_ID, {"email": "tarde@example.org", "first_name": "Tarde"})
    project.synced()
    emails.append("tarde@example.org")
    removed_at = LAST_END + 90 * DAY
    assert retention(project, removed_at - timedelta(seconds=1))["receipts"] == []
    assert retention(project, removed_at, "--dry-run")["receipts"][0]["erased"]["registrations"] == 4  # type: ignore[index]
    assert bytes_with(project, *emails) == emails

    (receipt,) = retention(project, removed_at)["receipts"]  # type: ignore[misc]
    assert (receipt["event"], receipt["erased"]["registrations"], receipt["erased"]["messages"]) == (SLUG, 4, 16)
    assert bytes_with(project, *emails) == []
    late = project.at(removed_at + DAY, "status", "--json").json["events"][0]["late"]
    assert late == 1
    assert retention(project, removed_at + DAY) == {
        "dry_run": False,
        "receipts": [],
        "kept": [],
        "warned": [],
        "problems": [],
    }
    run = project.synced()
    assert (run["added"], run["cancelled"]) == (0, 0)
    assert bytes_with(project, *emails) == []


def test_the_organiser_is_warned_once_two_weeks_before(project: Project) -> None:
    reminded(project, 1)
    project.mails.clear()
    assert retention(project, LAST_END + 76 * DAY - timedelta(seconds=1))["warned"] == []
    assert retention(project, LAST_END + 76 * DAY)["warned"] == [SLUG]
    assert retention(project, LAST_END + 77 * DAY)["warned"] == []
    (mail,) = project.mails.messages
    assert "El martes 6 de junio de 2023 se borran los datos personales" in body_of(mail.message)


def test_an_event_file_may_keep_its_data_longer_or_for_ever(project: Project) -> None:
    reminded(project, 1)
    project.write_event(top="retention_days = 0\n")
    after_years = LAST_END + 3000 * DAY
    assert retention(project, after_years)["kept"] == [{"event": SLUG, "until": None, "registrations": 1}]


def test_an_event_whose_file_is_gone_is_not_kept_for_ever(project: Project) -> None:
    reminded(project, 1)
    project.write_event().unlink()
    assert len(retention(project, LAST_END + 90 * DAY)["receipts"]) == 1  # type: ignore[arg-type]


def swept(project: Project, at: datetime) -> set[str]:
    """The daemon's sweep at this moment; gives whom the database knows afterwards."""
    with closing(open_app(config=None, cwd=project.folder, environ=os.environ, now=at.isoformat())) as app:
        Daemon(app).sweep_retention()
    return set(project.registrants())


def test_the_daemon_removes_what_was_warned_of_and_surprises_nobody(project: Project) -> None:
    (email,) = reminded(project, 1)
    project.mails.clear()
    due_at = LAST_END + 90 * DAY
    assert swept(project, due_at) == {email}  # an old database: the warning comes first
    assert len(project.mails.messages) == 1
    assert swept(project, due_at + 13 * DAY) == {email}
    assert swept(project, due_at + 14 * DAY) == {""}
    assert len(project.mails.messages) == 1


# ------------------------------------------------------------------------------------------------------------- explain


def test_a_persons_story_is_told_with_every_mail_and_why_not(project: Project) -> None:
    first, *_ = reminded(project, 2)
    project.clock.move_to(EVENING_BEFORE + timedelta(minutes=5))
    project.world.register(MODEL_MEETING_ID, {"email": "tarde@example.org", "first_name": "Tarde"})
    project.synced()
    told = project.at(project.clock(), "explain", first, "--language", "es").out
    assert "Se inscribió, a tiempo." in told
    assert "1 día antes, 17:00, Sesión 1: enviado; el servidor de correo lo aceptó" in told
    assert "1 hora antes, Sesión 2: se enviará miércoles 8 de marzo de 2023" in told

    document = project.at(project.clock(), "explain", "tarde@example.org", "--json").json
    (registration,) = document["registrations"]
    reasons = {one.get("why") for one in registration["story"] if one["what"] == "reminder_missing"}
    assert reasons <= {"registered_after", "not_approved"}
    assert reasons


def test_an_address_nobody_has_is_said_to_be_unknown(project: Project) -> None:
    reminded(project, 1)
    result = project.run("explain", "nadie@elsewhere.example", "--json")
    assert (result.code, result.json["found"]) == (1, False)
