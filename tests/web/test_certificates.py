"""The page behind a certificate's code: what it proves, and whose name it does not tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from tests.builders import make_registrant
from tests.web.conftest import Site
from zoomsync.domain.attendance import Enrolled
from zoomsync.domain.certificates import Person, Presence
from zoomsync.domain.records import RegistrantStatus
from zoomsync.store import certificates


def issued(site: Site, now: datetime) -> str:
    """The code of the first person's certificate."""
    one = make_registrant()
    row = site.world.rows[0]
    enrolled = Enrolled(row, one.meeting_id, "", one.registrant_id, one.email, one.name, RegistrantStatus.APPROVED, now)
    presence = Presence(
        Person(one.email), enrolled, timedelta(hours=9), timedelta(hours=10), (date(2023, 3, 7), date(2023, 3, 8))
    )
    write = site.database.write
    found = write(lambda db: certificates.issue(db, site.world.event_id, "Justicia <Abierta>", presence, now=now))
    moved = replace(presence, person=Person("otra@example.org"))
    for again in (presence, moved, presence):  # the address was set right on Zoom meanwhile, and back
        same = write(
            lambda db, one=again: certificates.issue(db, site.world.event_id, "Justicia <Abierta>", one, now=now)
        )
        assert same == found
    return found.code


def test_code_proves_the_certificate_and_hides_the_name(site: Site, now: datetime) -> None:
    code = issued(site, now)
    for typed in (code, code.lower(), f"{code[:4]}-{code[4:8]}-{code[8:]}"):
        answer = site.get(f"/c/{typed}")
        assert answer.status == 200
        for words in (
            "es auténtica",
            "Justicia &lt;Abierta&gt;",
            "7 y 8 de marzo de 2023",
            "28 de febrero de 2023",
            "M. L. 1.",
        ):
            assert words in answer.text
        assert not any(word in answer.text for word in ("María", "López", "persona1@"))
        assert "script" not in answer.text
        assert answer.headers["x-robots-tag"] == "noindex"


def test_code_stays_true_after_the_persons_data_was_erased(site: Site, now: datetime) -> None:
    code = issued(site, now)
    rows = site.world.rows[:1]
    erase = certificates.erase_certificates
    assert site.database.write(lambda db: erase(db, "persona1@example.org", rows)) == 1
    answer = site.get(f"/c/{code}")
    assert answer.status == 200
    assert "ya fueron eliminados" in answer.text
    assert "iniciales" not in answer.text
    with site.database.read() as db:
        assert certificates.certificates_of_person(db, "persona1@example.org") == []
    assert site.database.write(lambda db: certificates.erase_certificates_of_event(db, site.world.event_id)) == 0


def test_what_is_no_code_of_ours_is_not_found(site: Site, now: datetime) -> None:
    code = issued(site, now)
    for wrong in (code[::-1], code[:-1], code + "0", "%2e%2e", "x" * 5000):
        assert site.get(f"/c/{wrong}").status == 404
