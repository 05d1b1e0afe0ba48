"""A stranger's text, medium by medium."""

from __future__ import annotations

import csv
import io
import unicodedata
from email.header import decode_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync.text import clean, csv_cell, csv_cells, file_name, header_text, is_email, mask_email, terminal

ANYTHING = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from("=+-@;?\t\r\n\x00\x1b\x85\u200b\u202e\u2028\ufeff\xa0 .\\/:'＝"),
        st.just("\ud800"),
    ),
    max_size=60,
)
HOSTILE = [
    "Ana\r\nBcc: victim@example.org",
    "=?utf-8?q?x=0d=0aBcc:_e@x.test?=",
    "=\u200b?utf-8?q?x=0d=0aBcc:_e@x.test?=",
    "\u202eanA",
    "A\x00na",
    "\x1b[31mAna\x1b[0m",
    "\x1b]8;;https://example.org\x07Ana",
    "\x9b31mAna",
    "Ana\u2028Bcc: victim@example.org",
    "a" * 10_000,
    "👩‍👩‍👧",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "../../etc/passwd",
    "\ud800",
]


@given(ANYTHING)
def test_clean_text_is_one_printable_composed_line(text: str) -> None:
    line = clean(text)
    assert line.splitlines() in ([], [line])
    assert line == line.strip()
    assert "  " not in line
    assert all(unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in line)
    assert unicodedata.is_normalized("NFC", line)
    line.encode()  # a lone surrogate would be refused


@given(ANYTHING)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    for safe in (clean, header_text, terminal, csv_cell, file_name):
        assert safe(safe(text)) == safe(text), safe.__name__


def test_ordinary_names_survive_as_they_are() -> None:
    for name in ("María José Ñáñez", "O'Brien-Sánchez", "李小龍", "Ana, 2.ª directora", 'Ana "Anita" Pérez', "مريم"):
        assert clean(name) == header_text(name) == terminal(name) == csv_cell(name) == name


def test_white_space_of_every_kind_is_one_blank() -> None:
    assert clean("  Ana\t\n\r\n\x85 María\xa0\u2003\u2028\u2029José ") == "Ana María José"


def test_bidi_and_zero_width_characters_are_left_out() -> None:
    assert clean("A\u200bn\u202ea\u2066\u2069\ufeff\u00ad\u061c\U000e0041") == "Ana"


def test_decomposed_accents_are_composed() -> None:
    assert clean("Jose\u0301") == "José"


def test_what_is_longer_than_the_limit_ends_in_an_ellipsis() -> None:
    assert clean("abc def", limit=5) == "abc…"
    assert clean("abcde", limit=5) == "abcde"
    assert len(clean("a" * 10_000)) == 1_000
    assert len(terminal("a" * 10_000)) == 10_000


@given(ANYTHING)
def test_no_encoded_word_can_ride_in_a_header(text: str) -> None:
    assert "=?" not in header_text(text)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_header_reads_as_the_text_that_was_put_in(name: str) -> None:
    value = header_text(name)
    assert decode_header(value) == [(value, None)]
    assert "\n" not in value
    assert "\r" not in value


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_commands_the_terminal(name: str) -> None:
    shown = terminal(name)
    assert not {"\x1b", "\x9b", "\x07", "\x00", "\u202e"} & set(shown)


def test_the_remains_of_an_escape_sequence_stay_visible() -> None:
    assert terminal("\x1b[31mAna") == "[31mAna"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+SUM(A1)", "'+SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1+1", "'=1+1"),
        ("\r=1+1", "'=1+1"),
        ("\u200b=1+1", "'=1+1"),
        ("  =1+1", "'=1+1"),
        ("\xa0=1+1", "'=1+1"),
        ("＝1+1", "'＝1+1"),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("+502A1", "'+502A1"),
        ("Ana;=1+1;x", "Ana;'=1+1;x"),
        ("+502 5555 1234; =1+1", "+502 5555 1234; '=1+1"),
    ],
)
def test_a_formula_gets_a_single_quote(text: str, cell: str) -> None:
    assert csv_cell(text) == cell


@pytest.mark.parametrize("phone", ["+502 5555 1234", "+50255551234", "+1 (555) 010-2030", "+(502) 5555.1234"])
def test_a_telephone_number_survives_as_written(phone: str) -> None:
    assert csv_cell(phone) == phone


@given(ANYTHING, st.sampled_from(",;"))
def test_no_cell_begins_a_formula_whichever_separator_the_reader_uses(text: str, separator: str) -> None:
    row = io.StringIO()
    csv.writer(row).writerow(["1", csv_cell(text)])
    for cell in next(csv.reader([row.getvalue()], delimiter=separator)):
        start = cell.strip()[:1]
        assert start not in tuple("=-@＝－＠")
        if start == "+":
            assert not any(character.isalpha() for character in cell)


@given(ANYTHING)
def test_a_file_name_stays_in_its_folder_on_every_system(text: str) -> None:
    name = file_name(text)
    assert name
    assert not set(name) & set('/\\:*?"<>|\x00\n')
    assert name[0] not in ".- "
    assert name[-1] not in ". "
    assert len(name.encode()) <= 121


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Encuentro de Justicia Abierta 2023", "Encuentro de Justicia Abierta 2023"),
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\Windows\\x", "C-Windows-x"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("com1", "_com1"),
        ("-rf", "rf"),
        (".bashrc", "bashrc"),
        ("José", "José"),
        ("...", "unnamed"),
        ("", "unnamed"),
    ],
)
def test_path_tricks_and_reserved_names_are_defused(text: str, name: str) -> None:
    assert file_name(text) == name


@pytest.mark.parametrize(
    "address", ["info@redciudadana.org.gt", "a.b+c@example.org", "o'neil@example.org", "a@peña.example"]
)
def test_an_ordinary_address_is_an_address(address: str) -> None:
    assert is_email(address)


@pytest.mark.parametrize(
    "address",
    [
        "", "ana", "ana@", "@example.org", "ana@example", "ana@example.org,eva@example.org", "ana@example.org>",
        "Ana <ana@example.org>", "ana@example.org\n", "ana@example.org\r\nBcc: e@x.test", "ana @example.org",
        "a..b@example.org", "ana@-example.org", "ana@example..org", f"{'a' * 65}@example.org", f"a@{'b.' * 130}org",
    ],
)  # fmt: skip
def test_anything_else_is_no_address(address: str) -> None:
    assert not is_email(address)


def test_a_masked_address_shows_one_letter_and_the_domain() -> None:
    assert mask_email("ana@example.org") == "a…@example.org"
    assert mask_email("no address") == "…"
    assert mask_email("ana\n@example.org") == "a…@example.org"


@given(st.lists(st.text(alphabet=st.sampled_from("=+-@;| aé\u0301\t\u202e＝5"), max_size=6), min_size=1, max_size=6))
def test_many_cells_are_made_as_each_would_be(texts: list[str]) -> None:
    assert list(csv_cells(texts)) == [csv_cell(text) for text in texts]


@given(st.text(alphabet=st.sampled_from("=+-@;| aé\u0301\t\u202e＝5"), max_size=8))
def test_what_is_called_clean_would_not_be_changed(text: str) -> None:
    if clean(text) is text:
        assert clean(f"{text}\t") == text
