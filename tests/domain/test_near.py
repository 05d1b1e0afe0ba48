"""Who may be meant by an address that nobody has."""

from __future__ import annotations

import pytest

from zoomsync.domain.near import near_addresses

KNOWN = {
    "ana.lopez@gmail.com": "Ana Lucía López",
    "andrea@example.org": "Andrea Muñoz",
    "luis@example.org": "Luis Güitz",
}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("ana.lopez@gmial.com", ["ana.lopez@gmail.com"]),
        ("Ana.Lopes@gmail.com ", ["ana.lopez@gmail.com"]),
        ("andrea@exmaple.org", ["andrea@example.org"]),
        ("nobody@elsewhere.net", []),
        ("ara.lopes@gmail.com", ["ana.lopez@gmail.com"]),
        ("una.lopes@gmail.com", ["ana.lopez@gmail.com"]),
        ("ana.lopez@gmail.co", ["ana.lopez@gmail.com"]),
        ("ana.lopez@gmail.comm", ["ana.lopez@gmail.com"]),
        ("aana.lopez@gmail.com", ["ana.lopez@gmail.com"]),
        ("na.lopez@gmail.com", ["ana.lopez@gmail.com"]),
        ("maría.ópez@gmail.com", []),
        ("lucia lopez", ["ana.lopez@gmail.com"]),
        ("GUITZ", ["luis@example.org"]),
        ("ana lopez", ["ana.lopez@gmail.com"]),
        ("ana.lop", ["ana.lopez@gmail.com"]),
        ("example", []),
        ("", []),
    ],
)
def test_near_addresses_and_names_are_found(wanted: str, found: list[str]) -> None:
    assert near_addresses(wanted, KNOWN) == found


def test_who_shares_most_letters_is_not_meant_where_the_slips_are_far_apart() -> None:
    """Two addresses of one organisation are alike, and of two people."""
    known = {
        "ana@oficina-municipal-de-transparencia.gob.gt": "Ana",
        "eva@oficina-municipal-de-transparencia.org.gt": "",
    }
    assert near_addresses("ana@oficina-municipal-de-transparencia.gob.gr", known) == [next(iter(known))]


def test_the_likeliest_five_are_offered_and_no_more() -> None:
    known = {f"persona{number}@example.org": "Persona" for number in range(1, 8)}
    assert near_addresses("persona7@example.or", known)[0] == "persona7@example.org"
    assert len(near_addresses("persona9@example.org", known)) == 5
    assert near_addresses("persona", known) == list(known)[:5]
