"""Every command line that the documents show is typed once, in a project with people, mail and sessions that were held.

What the words are is held by tests/test_documents.py; here it is seen that the command takes them and does its work.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import SLUG, Project, local
from tests.test_documents import DOCUMENTS, command_lines
from zoomsync.simulate.model_event import MODEL_MEETING_ID

# They stay until they are stopped, live through a whole event, ask a person, or change the person's shell; each has
# tests of its own. An address of the web is not fetched here, nor is there a Postgres to copy to.
NOT_HERE = ("run", "simulate", "demo", "probe")
OUTSIDE = re.compile(r"https?://|postgresql")
SAME = ("-q", "--json", "--now")

# In this order, so that what is asked for is there: first what reads, then what changes, in the end what takes away.
ORDER = (
    *("init", "check", "db", "sync", "timeline", "preview", "go-live", "status", "remind", "late", "explain", "report"),
    *("resend", "optout", "pause", "resume", "outbox", "close", "reopen", "attendance", "announce", "certificates"),
    *("retention", "move", "cancel", "export-person", "forget", "import", "new"),
)
NOW, AFTERWARDS = local("2023-03-06 17:00"), local("2023-03-08 20:00")
AFTER = ("attendance", "announce", "certificates", "retention", "forget", "export-person")

WORDS = {
    "EVENT": SLUG,
    "encuentro": SLUG,
    "encuentro-2024": SLUG,
    "my-event": SLUG,
    "my-first-event": SLUG,
    "SLUG": "next-one",
    "new encuentro-2024": "next-one",
    "NAME": "overview",
    "EMAIL": "luisa@example.org",
    "ADDRESS": "yo@example.org",
    "PAGE": "page.md",
    "content/posts/2023-02-23-my-event.md": "page.md",
    "TEXT.md": "aviso.md",
    "TEXT": "Aviso",
    "TIME": "2023-03-08 19:00",
    "N": "1",
    "NUMBER": "1",
    "iPhone de Ana": "iPhone de invitado 1",
    "/var/backups/zoomsync-X.db": "copy.db",
}
# What is right to be refused here, with the words of it.
REFUSED = {
    "status --alive": "",
    f"move {SLUG} --to 2023-03-08 19:00": "has several sessions",
    "certificates --verify 7K3M-9QWX-2TBD": "is not the code of a certificate",
    f"attendance {SLUG} --match overview luisa@example.org": "Nobody who is not identified",
    f"attendance {SLUG} --unmatch iPhone de invitado 1": "Nobody of that name was matched",
    f"cancel {SLUG}": "is cancelled already",
    "outbox abort 1": "accepted by the mail server",
    "outbox retry 1": "accepted by the mail server",
}
ANSWER = {"title": "Departamento", "value": "Quetzaltenango"}
PAGE = """\
---
title: Encuentro de Justicia Abierta 2023
date: 2023-02-23
---

Organiza Red Ciudadana, info@redciudadana.org.gt. Inscripción hasta el 5 de marzo de 2023.

- Sesión 1: martes 7 de marzo de 2023, 8:00 a.m. a 1:00 p.m. (hora de Guatemala)
- Sesión 2: miércoles 8 de marzo de 2023, 8:00 a.m. a 1:00 p.m. (hora de Guatemala)

<https://us06web.zoom.us/meeting/register/tZMlc-qhpjMtGtYqxhx96FZRs4cZqE_cBme8>
"""


def _length(words: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    return len(words), words


def lines_to_type() -> list[list[str]]:
    """Each command line of the documents that asks nothing of outside, in an order that works.

    Once with each of its options: with other values, or without an event's name, it is the same once more.
    """
    typed: dict[tuple[str, ...], list[str]] = {}
    for words in sorted({tuple(words) for document in DOCUMENTS for words in command_lines(document)}, key=_length)[
        ::-1
    ]:
        if words and words[0] in ORDER and not any("|" in word or OUTSIDE.search(word) for word in words):
            name = words[: 2 if words[0] in ("db", "outbox") else 1]
            options = (word for word in words if word.startswith("-") and word not in SAME)
            typed.setdefault(
                (*name, *options), [WORDS.get(f"{words[0]} {word}", WORDS.get(word, word)) for word in words]
            )
    # What is done for one session, or on Zoom as well, comes before what is done for all.
    return sorted(typed.values(), key=lambda words: (ORDER.index(words[0]), "--match" in words, -len(words)))


@pytest.fixture
def busy(project: Project) -> Project:
    """A draft of an event, with people, whose sessions are held with two guests; its page, and a message to send."""
    project.write_event(top='status = "draft"\n')
    project.clock.move_to(local("2023-03-02 09:00"))
    for name in ("maria", "ana", "luisa"):
        fields = {"email": f"{name}@example.org", "first_name": name.title()}
        project.world.register(MODEL_MEETING_ID, fields | {"custom_questions": [ANSWER]})
    Path("page.md").write_text(PAGE, encoding="utf-8")
    Path("aviso.md").write_text("Cambia la ponente: viene *Marta*.\n", encoding="utf-8")
    return project


def test_every_command_line_of_the_documents_works(busy: Project) -> None:
    wrong = []
    held = False
    for words in lines_to_type():
        now = AFTERWARDS if words[0] in AFTER else NOW
        if now is AFTERWARDS and not held:
            held = True
            busy.clock.move_to(now)
            for occurrence in range(2):
                busy.world.hold_session(MODEL_MEETING_ID, occurrence=occurrence, share=1, guests=1)
        moment = [] if "--now" in words else ["--now", now.isoformat()]
        result = busy.run(*words, *moment, "--yes")
        line = " ".join(words)
        if result.code == 2 and len(words) <= 2 and f"{line} --help" in result.err:
            continue  # a command's mere name, in a sentence
        refusal = REFUSED.get(line)
        if result.code != 0 if refusal is None else refusal not in result.err:
            wrong.append(f"{result.code} zoomsync {line}: {result.err[-300:]}")
    assert not wrong, "\n".join(wrong)
