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
        ("lucia lopez", ["ana.lopez@gmail.com"]),
        ("GUITZ", ["luis@example.org"]),
        ("", []),
    ],
)
def test_near_addresses_and_names_are_found(wanted: str, found: list[str]) -> None:
    assert near_addresses(wanted, KNOWN) == found
