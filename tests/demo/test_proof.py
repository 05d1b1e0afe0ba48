"""The demo's proof: what is double, lost or astray among the messages is counted, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage

import pytest

from zoomsync.demo.proof import Letter, Round, count, read_letter

LINKS = {"ana@example.org": "https://us06web.zoom.us/w/1?tk=a", "luis@example.org": "https://us06web.zoom.us/w/1?tk=l"}


def round_of(title: str, begin: int) -> Round:
    return Round(title, "before:1h", "Sesión 1", LINKS, begin)


def letters(subject: str) -> list[Letter]:
    return [Letter(to, subject, f"<{to} {subject}>", frozenset([link])) for to, link in LINKS.items()]


ROUNDS = [round_of("first", 0), round_of("second", 2)]
ALL = [*letters("mañana"), *letters("hoy")]


def test_each_person_once_in_each_round_holds() -> None:
    proof = count(ROUNDS, ALL)
    assert proof.holds
    assert (proof.expected, proof.arrived, proof.people) == (4, 4, 2)
    assert [(one.title, arrived) for one, arrived in proof.rounds] == [("first", 2), ("second", 2)]


@pytest.mark.parametrize(
    ("arrived", "wrong"),
    [
        ([*ALL, replace(ALL[3], message_id="<another>")], {"twice": 1}),
        ([*ALL[:3], replace(ALL[3], message_id=ALL[2].message_id)], {"twice": 1}),
        (ALL[:3], {"missing": 1}),
        ([*ALL, Letter("eva@example.org", "hoy", "<e>", frozenset())], {"uncalled": 1}),
        ([*ALL[:3], replace(ALL[3], links=ALL[2].links)], {"wrong_links": 1}),
        ([*ALL[:3], replace(ALL[3], links=ALL[2].links | ALL[3].links)], {"wrong_links": 1}),
        ([*ALL[:3], replace(ALL[3], links=frozenset())], {"wrong_links": 1}),
    ],
)
def test_what_is_wrong_is_counted(arrived: list[Letter], wrong: dict[str, int]) -> None:
    proof = count(ROUNDS, arrived)
    assert not proof.holds
    kinds = ("twice", "missing", "uncalled", "wrong_links")
    assert {kind: getattr(proof, kind) for kind in kinds if getattr(proof, kind)} == wrong


def test_mail_before_anything_was_due_is_uncalled_for() -> None:
    assert count([round_of("late", 1)], [ALL[0], *letters("hoy")]).uncalled == 1


def test_a_letter_is_read_with_every_way_into_a_meeting() -> None:
    message = EmailMessage()
    message["Subject"], message["Message-ID"] = "Mañana", "<1@example.org>"
    message.set_content("Su enlace:\n\nhttps://us06web.zoom.us/w/1?tk=a&pwd=2\n\nhttps://example.org/\n")
    letter = read_letter(["Ana@Example.org"], message)
    assert letter == Letter(
        "ana@example.org", "Mañana", "<1@example.org>", frozenset(["https://us06web.zoom.us/w/1?tk=a&pwd=2"])
    )
