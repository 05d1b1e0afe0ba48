"""States, kinds of mail and moments as an organiser reads them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from zoomsync import language, words
from zoomsync.domain.calls import Reason
from zoomsync.domain.delivery import DOUBT_HELD, DOUBT_LATE, DOUBT_RESEND, DOUBT_TWICE
from zoomsync.domain.records import EventStatus, OutboxState, RegistrantStatus
from zoomsync.domain.registration import RegistrationState

ZONE = "America/Guatemala"
DEADLINE = datetime(2023, 3, 6, 6, tzinfo=UTC)  # 6 March, 0:00 in Guatemala


@pytest.fixture
def spanish() -> Iterator[None]:
    language.use("es")
    yield
    language.use("en")


@pytest.mark.usefixtures("spanish")
def test_a_deadline_at_midnight_is_the_last_minute_of_its_day() -> None:
    assert words.deadline(DEADLINE, ZONE, now=DEADLINE) == "domingo 5 de marzo, 11:59 p. m."
    assert words.deadline(DEADLINE, ZONE) == "domingo 5 de marzo de 2023, 11:59 p. m."
    assert words.deadline(DEADLINE.replace(hour=18), ZONE, now=DEADLINE) == "lunes 6 de marzo, 12:00 p. m."
    assert words.deadline(DEADLINE, ZONE, language="en", now=DEADLINE) == "Sunday, March 5, 11:59 PM"


def test_what_closes_with_its_deadline_is_told_by_the_day_that_was_announced() -> None:
    def told(seconds: int) -> str:
        return words.deadline(DEADLINE + timedelta(seconds=seconds), ZONE, now=DEADLINE, language="es")

    assert told(59) == "domingo 5 de marzo, 11:59 p. m."
    assert told(60) == "lunes 6 de marzo, 12:01 a. m."


@pytest.mark.usefixtures("spanish")
def test_a_moment_is_short_in_a_table_and_has_its_year() -> None:
    assert words.moment(DEADLINE, ZONE) == "6 mar 2023, 12:00 a. m."
    assert words.moment(None, ZONE) == ""
    assert words.moment(DEADLINE, ZONE, "en") == "Mar 6, 2023, 12:00 AM"


@pytest.mark.parametrize(
    ("kind", "spanish", "english"),
    [
        ("before:24h", "recordatorio, 24 horas antes", "reminder, 24 hours before"),
        ("before:1d 17:00", "recordatorio, 1 día antes, 17:00", "reminder, 1 day before, 17:00"),
        ("after:1m", "mensaje, 1 minuto después", "message, 1 minute after"),
        ("called_off", "aviso de cancelación", "notice of cancellation"),
        ("something new", "something new", "something new"),
    ],
)
def test_a_kind_of_mail_says_when_it_goes_out(kind: str, spanish: str, english: str) -> None:
    assert (words.mail_kind(kind, "es"), words.mail_kind(kind, "en")) == (spanish, english)


def test_every_reason_of_ours_has_spanish_words_and_a_mail_servers_stay_as_they_are() -> None:
    ours = [*Reason, DOUBT_RESEND, DOUBT_HELD, DOUBT_LATE, DOUBT_TWICE]
    assert [one for one in ours if words.reason(one, "es") == one] == []
    assert words.reason("550 no such user", "es") == "550 no such user"
    assert words.reason("", "es") == ""  # an empty message is the catalogue's own head


@pytest.mark.usefixtures("spanish")
def test_how_many_are_in_a_state_agrees_with_their_number() -> None:
    assert (words.people_in("approved", 1), words.people_in("approved", 28)) == ("1 aprobada", "28 aprobadas")
    assert (words.change("added", 1), words.change("added", 2)) == ("1 nueva", "2 nuevas")
    assert (words.fate("sent", 1), words.fate("sent", 2)) == ("1 enviado", "2 enviados")
    assert words.mails_in("sent", 2) == "2 aceptados por el servidor de correo"
    assert all("{" not in words.mails_in(state, 1) for state in OutboxState)
    assert all("{" not in words.people_in(status, 1) for status in RegistrantStatus)


def test_every_state_that_the_program_knows_has_words() -> None:
    assert set(words.REGISTRANT_STATUSES) == set(RegistrantStatus)
    assert set(words.MAIL_STATES) == set(OutboxState)
    assert set(words.EVENT_STATUSES) == set(EventStatus)
    assert set(words.REGISTRATION_STATES) == set(RegistrationState)
    said = [words.registrant_status(one, "es") for one in ("pending", "approved", "denied", "cancelled")]
    assert said == ["en espera", "aprobada", "rechazada", "cancelada"]
    assert words.mail_state("sent", "es") == "aceptado por el servidor de correo"
    assert words.mail_state("in_doubt", "es") == "no se sabe si salió"


@pytest.mark.usefixtures("spanish")
def test_what_is_counted_agrees_with_its_number() -> None:
    assert [words.counted(number, "message") for number in (0, 1, 2)] == ["0 correos", "1 correo", "2 correos"]


@pytest.mark.usefixtures("spanish")
def test_a_meeting_in_a_sentence_has_its_article() -> None:
    found = language._("{name} is found, with registration")
    assert found.format(name=words.meeting("meeting", "812")) == "se encontró la reunión 812, con inscripción"
    assert found.format(name=words.meeting("webinar", "95")) == "se encontró el webinar 95, con inscripción"
