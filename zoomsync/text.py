"""Making a stranger's text safe, one function a medium.

Names and answers come from a public form: whoever fills it in may try for a header of their own, a formula in a
spreadsheet, a command to the terminal or a path. Whoever writes to a medium calls its function here. HTML is not
here: the templates escape by themselves (jinja's autoescape).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

LONGEST_LINE = 1_000
LONGEST_CELL = 32_767  # what a cell of Excel holds
_LONGEST_FILE_NAME_BYTES = 120  # leaves room for a folder, an extension and a number on every file system

# Controls, formats (bidi, zero-width, soft hyphen, tags) and lone surrogates. The last two are no characters at all and
# XML refuses them.
_UNWANTED_CATEGORIES = frozenset({"Cc", "Cf", "Cs"})
_NO_CHARACTERS = frozenset("\ufffe\uffff")

# A cell is a formula where it begins with one of these, blanks before it or not; Excel takes the full-width forms
# too. It also begins anew after a semicolon where that is the list separator, as in most Spanish locales.
# Source: OWASP, "CSV Injection".
_FORMULA = re.compile(r"(^|;)(\s*)(?!\+\(?\d[\d ().-]*(?:;|$))(?=[=+\-@＝＋－＠])")

_FORMULA_STARTS = frozenset("=+-@＝＋－＠")

# What a cell begins with that may want a change; of a plus, what follows it says so.
_WANT_A_LOOK = (_FORMULA_STARTS - {"+"}) | {" "}
_PLUS = re.compile(r"\|\+(?!\(?\d[\d ().-]*\|)")

# Names that Windows keeps for devices, whatever extension follows.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])", re.IGNORECASE)

_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W_](?:[\w-]{0,61}[^\W_])?"
)


def clean(text: str, *, limit: int | None = LONGEST_LINE) -> str:
    """One line of plain text: what every other function here begins with.

    Control characters, bidi controls, zero-width characters and lone surrogates are left out; any run of white space,
    line breaks included, is one blank; composed (NFC). What is longer than `limit` characters ends in "…".
    """
    if _is_clean(text) and (limit is None or len(text) <= limit):
        return text
    spaced = (" " if character.isspace() else character for character in text)
    kept = "".join(
        character
        for character in spaced
        if unicodedata.category(character) not in _UNWANTED_CATEGORIES and character not in _NO_CHARACTERS
    )
    line = " ".join(unicodedata.normalize("NFC", kept).split())
    if limit is not None and len(line) > limit:
        line = line[: limit - 1].rstrip() + "…"
    return line


def _is_clean(text: str) -> bool:
    """Whether there is nothing to do, as with nearly all names: a report looks at a million of them."""
    return (
        text.isprintable()  # but for the blank, whatever is white space or unwanted is not
        and "  " not in text
        and text[:1] != " "
        and text[-1:] != " "
        and (text.isascii() or unicodedata.is_normalized("NFC", text))
    )


def header_text(text: str) -> str:
    """For the value of a mail header: `clean`, and no encoded word.

    `=?` is broken apart: an encoded word whose payload is a line break became a header of its own in the standard
    library (CVE-2024-6923).
    """
    return clean(text).replace("=?", "= ?")


def terminal(text: str) -> str:
    """For a terminal: one line of any length. What an escape sequence leaves behind stays, so that it is noticed."""
    return clean(text, limit=None)


def csv_cell(text: str) -> str:
    """For a cell of CSV or XLSX: `clean`, and a single quote before whatever a spreadsheet would compute.

    A telephone number survives as it was written: a plus before nothing but digits, blanks, dashes, dots and
    parentheses can call no function and name no cell.
    """
    cell = clean(text, limit=LONGEST_CELL)
    if cell[:1] not in _FORMULA_STARTS and ";" not in cell:
        return cell
    return _FORMULA.sub(r"\1\2'", cell)[:LONGEST_CELL]


def csv_cells(texts: Sequence[str]) -> Sequence[str]:
    """`csv_cell` of many texts at once. Where there is nothing to do to any of them, nearly always, it is one look at
    all together, in a tenth of the time."""
    together = f"|{'|'.join(texts)}|"
    harmless = (
        together.isprintable()
        and "  " not in together
        and " |" not in together
        and ";" not in together
        and {text[:1] for text in texts}.isdisjoint(_WANT_A_LOOK)
        and together.count("|") == len(texts) + 1
        and ("|+" not in together or not _PLUS.search(together))
        and (together.isascii() or unicodedata.is_normalized("NFC", together))
        and (len(together) <= LONGEST_CELL or max(map(len, texts)) <= LONGEST_CELL)
    )
    return texts if harmless else [csv_cell(text) for text in texts]


def file_name(text: str, *, fallback: str = "unnamed") -> str:
    """For a file's name without its extension: letters, digits, blanks, dots, dashes and underscores, in one folder.

    Neither hidden nor an option nor one of Windows' device names; at most 120 bytes in UTF-8. `fallback` where nothing
    is left.
    """
    kept = re.sub(r"[^\w .-]+", "-", clean(text))
    short = kept.encode()[:_LONGEST_FILE_NAME_BYTES].decode(errors="ignore")
    name = short.lstrip(" .-").rstrip(" .") or fallback
    return f"_{name}" if _RESERVED.fullmatch(name.partition(".")[0].rstrip()) else name


def is_email(text: str) -> bool:
    """True for exactly one bare address: no display name, no blanks, no quoted local part, a domain with a dot."""
    return len(text) <= 254 and len(text.partition("@")[0]) <= 64 and _EMAIL.fullmatch(text) is not None


def mask_email(email: str) -> str:
    """For logs: `a…@example.org`. What is no address becomes "…"."""
    local_part, at, domain = clean(email).rpartition("@")
    return f"{local_part[:1]}…@{domain}" if at else "…"
