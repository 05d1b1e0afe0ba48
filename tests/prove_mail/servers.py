"""Postfix that takes mail by STARTTLS and a login, and Dovecot that keeps it, in a folder of their own on high ports.

Nothing can leave: every recipient is local, whatever the address. Both want root, and the users that Debian's packages
make.
"""

from __future__ import annotations

import email
import imaplib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

TLS_FILES = Path(__file__).parent.parent / "mail" / "tls"
NAME, PASSWORD = "everybody", "tests-only"

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
mydestination =
myhostname = localhost
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:all
virtual_transport = lmtp:unix:{folder}/sockets/lmtp
default_transport = error:nothing leaves
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = {tls}/localhost.crt
smtpd_tls_key_file = {tls}/localhost.key
smtpd_error_sleep_time = 0
smtpd_hard_error_limit = 1000
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/sockets/auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = {greylisting} permit_sasl_authenticated, reject
"""
SERVICES = """\
{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
"""
DOVECOT = """\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:{folder}/mail
mail_fsync = always
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder} allow_all_users=yes
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
}}
service lmtp {{
  unix_listener {folder}/sockets/lmtp {{
    mode = 0666
  }}
}}
service auth {{
  unix_listener {folder}/sockets/auth {{
    mode = 0666
  }}
}}
"""


def lacking() -> str:
    """What keeps these servers from running here, "" where nothing does."""
    programs = [name for name in ("postfix", "dovecot", "spamassassin") if not shutil.which(name)]
    if programs:
        return f"not installed: {', '.join(programs)} (Debian: postfix dovecot-imapd dovecot-lmtpd spamassassin)"
    return "" if os.geteuid() == 0 else "these servers want root"


class MailHost:
    """port: where Postfix listens. One mailbox holds what came for anybody."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self._imap = _free_port(), _free_port()
        for name in ("queue", "data", "sockets", "run", "mail"):
            (folder / name).mkdir()
        shutil.chown(folder / "data", "postfix")
        shutil.chown(folder / "mail", "mail", "mail")
        (folder / "master.cf").write_text(SERVICES.format(port=f"127.0.0.1:{self.port}"))
        (folder / "dovecot.conf").write_text(DOVECOT.format(folder=folder, password=PASSWORD, port=self._imap))
        self.configure()

    def configure(self, greylisted: str = "") -> None:
        """greylisted: whom it puts off for now, as a pattern of addresses."""
        rule = f"check_recipient_access regexp:{self.folder}/greylist, " if greylisted else ""
        (self.folder / "greylist").write_text(f"/{greylisted}/ 450 4.2.0 Greylisted, come again\n")
        text = MAIN.format(folder=self.folder, tls=self.folder, greylisting=rule)
        (self.folder / "main.cf").write_text(text)
        for name in ("localhost.crt", "localhost.key"):
            shutil.copy(TLS_FILES / name, self.folder)

    def start(self) -> None:
        _run("dovecot", "-c", self.folder / "dovecot.conf")
        self.start_postfix()

    def start_postfix(self) -> None:
        _run("postfix", "-c", self.folder, "start")
        give_up_at = time.monotonic() + 20
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert time.monotonic() < give_up_at, (self.folder / "maillog").read_text()
            time.sleep(0.1)

    def stop_postfix(self) -> None:
        _run("postfix", "-c", self.folder, "stop")

    def reload(self) -> None:
        _run("postfix", "-c", self.folder, "reload")

    def end(self) -> None:
        with suppress(subprocess.CalledProcessError):
            self.stop_postfix()
        with suppress(subprocess.CalledProcessError):
            _run("doveadm", "-c", self.folder / "dovecot.conf", "stop")

    def delivered(self) -> list[EmailMessage]:
        """Everything in the mailbox, fetched by IMAP."""
        with imaplib.IMAP4("127.0.0.1", self._imap) as imap:
            imap.login(NAME, PASSWORD)
            imap.select("INBOX", readonly=True)
            _, found = imap.search(None, "ALL")
            numbers = found[0].split()
            messages = []
            for number in numbers:
                _, parts = imap.fetch(number, "(RFC822)")
                messages.append(email.message_from_bytes(parts[0][1], policy=default))
        return messages

    def wait_for_the_queue(self) -> None:
        """Until Postfix has handed over what it took."""
        give_up_at = time.monotonic() + 60
        while any(file.is_file() for name in ("incoming", "active", "deferred") for file in self._queued(name)):
            assert time.monotonic() < give_up_at, (self.folder / "maillog").read_text()[-2_000:]
            time.sleep(0.2)

    def _queued(self, name: str) -> Iterator[Path]:
        return (self.folder / "queue" / name).rglob("*")


@contextmanager
def mail_host(folder: Path) -> Iterator[MailHost]:
    host = MailHost(folder)
    try:
        host.start()
        yield host
    finally:
        host.end()


def _run(*words: object) -> None:
    """Output goes to nowhere: the daemons would hold a pipe open."""
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
