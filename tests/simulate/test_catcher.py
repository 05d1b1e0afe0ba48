"""The mail catcher keeps what it is sent, writes it where told, and goes away without a trace."""

from __future__ import annotations

import smtplib
import threading
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from zoomsync.simulate.catcher import MailCatcher


def send(catcher: MailCatcher, to: str = "ana@example.org", subject: str = "Recordatorio: sesión 1") -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "info@example.org", "ana@example.org", subject
    message.set_content("Le esperamos.\n.\nHasta mañana.")
    with smtplib.SMTP(catcher.host, catcher.port, timeout=10) as smtp:
        smtp.sendmail("info@example.org", [to], message.as_bytes(policy=SMTP))


def test_messages_are_kept_in_order_as_they_came():
    with MailCatcher() as catcher:
        send(catcher)
        send(catcher, subject="Segundo")
        first, second = catcher.messages
        catcher.clear()
        assert catcher.messages == []
    assert (first.mail_from, first.rcpt_to, first.file) == ("info@example.org", ("ana@example.org",), None)
    assert (first.message["Subject"], second.message["Subject"]) == ("Recordatorio: sesión 1", "Segundo")
    assert "Le esperamos.\n.\nHasta mañana." in first.message.get_content().replace("\r\n", "\n")


def test_each_message_is_written_to_the_folder(tmp_path: Path):
    folder = tmp_path / "new" / "mail"
    with MailCatcher(folder) as catcher:
        send(catcher)
        send(catcher)
        written = sorted(folder.iterdir())
        assert [file.name for file in written] == ["0001-ana-example.org.eml", "0002-ana-example.org.eml"]
        assert written[0].read_bytes() == catcher.messages[0].content


@pytest.mark.parametrize("to", ['"../../etc/passwd"@example.org', '"/tmp/x"@example.org', f"{'a' * 60}@{'b' * 60}.org"])
def test_file_names_stay_in_the_folder(tmp_path: Path, to: str):
    with MailCatcher(tmp_path / "mail") as catcher:
        send(catcher, to)
        assert len(catcher.messages) == 1
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [file.parent for file in files] == [tmp_path / "mail"]
    assert len(files[0].name) < 100


def test_starts_and_stops_without_a_trace(tmp_path: Path):
    before = threading.active_count()
    catcher = MailCatcher()
    for _ in range(3):
        with catcher:
            send(catcher)
        with pytest.raises(ConnectionRefusedError):
            smtplib.SMTP(catcher.host, catcher.port, timeout=2)
    catcher.stop()
    assert threading.active_count() == before
    assert len(catcher.messages) == 3


def test_taken_port_is_an_error():
    with MailCatcher() as catcher, pytest.raises(OSError, match="in use"):
        MailCatcher(port=catcher.port).start()
