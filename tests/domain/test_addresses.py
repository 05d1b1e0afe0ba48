"""Addresses that look mistyped: found where it is plain, and left alone where it is not."""

from __future__ import annotations

import pytest

from zoomsync.domain.addresses import likely_address, likely_domain


@pytest.fixture(autouse=True)
def nothing_is_known_from_other_tests() -> None:
    likely_domain.cache_clear()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ana@gmial.com", "ana@gmail.com"),
        ("ana@gmai.com", "ana@gmail.com"),
        ("ana@gmaill.com", "ana@gmail.com"),
        ("ana@gnail.com", "ana@gmail.com"),
        ("ana@fmail.com", "ana@gmail.com"),
        ("ana@mgail.com", "ana@gmail.com"),
        ("ana@ggmail.com", "ana@gmail.com"),
        ("ana@hotmail.ess", "ana@hotmail.es"),
        ("ana@hotmail.se", "ana@hotmail.es"),
        ("ana@protonmailcom", "ana@protonmail.com"),
        ("Ana@Hotmial.com ", "ana@hotmail.com"),
        ("ana@hotmail.con", "ana@hotmail.com"),
        ("ana@hotmial.con", "ana@hotmail.com"),
        ("ana@gmailcom", "ana@gmail.com"),
        ("ana@outlook", "ana@outlook.com"),
        ("ana@yahoo.co.mx", "ana@yahoo.com.mx"),
        ("ana@muniguate.con", "ana@muniguate.com"),
        ("ana@redciudadana.ogr", "ana@redciudadana.org"),
    ],
)
def test_a_slip_is_found_with_what_was_meant(typed: str, meant: str) -> None:
    assert likely_address(typed) == meant


@pytest.mark.parametrize(
    "domain",
    ["gmail.com", "hotmail.es", "ymail.com", "mail.com", "usac.edu.gt", "redciudadana.org.gt", "live.com.mx", "bol.com",
     "aol.com", "example.org", "yahoo.com.gt", "proton.me", "gamil.co", "gnial.com", "fnail.com",
     "hotmails.net", "igmail.org"],
)  # fmt: skip
def test_what_may_be_right_is_left_alone(domain: str) -> None:
    assert likely_address(f"ana@{domain}") is None


def test_what_is_no_address_is_no_slip() -> None:
    assert likely_address("ana") is None
    assert likely_address("gmail") is None
    assert likely_address("gmailcom") is None
