"""E-mail addresses that look mistyped: near misses of the great providers, endings that no domain has, dots left out.

Pure, and a guess: nothing follows from it but a line for a person. Whether an address is one at all: `text.is_email`.
"""

from __future__ import annotations

from functools import lru_cache

# Where most private addresses of Latin America, Spain and the United States are: nothing is wrong with one there.
PROVIDERS = (
    "gmail.com",
    "hotmail.com",
    "hotmail.es",
    "outlook.com",
    "outlook.es",
    "live.com",
    "msn.com",
    "yahoo.com",
    "yahoo.es",
    "yahoo.com.mx",
    "yahoo.com.ar",
    "icloud.com",
    "aol.com",
    "protonmail.com",
)
# Domains that exist, and are no slip although they come near one of the above.
_RIGHT = frozenset(
    {
        *PROVIDERS,
        "ymail.com",
        "gmx.com",
        "gmx.es",
        "mail.com",
        "email.com",
        "me.com",
        "mac.com",
        "live.es",
        "live.com.mx",
        "live.com.ar",
        "hotmail.fr",
        "hotmail.it",
        "hotmail.de",
        "hotmail.com.ar",
        "hotmail.com.mx",
        "hotmail.co.uk",
        "outlook.com.ar",
        "outlook.fr",
        "outlook.de",
        "yahoo.ca",
        "yahoo.fr",
        "yahoo.it",
        "yahoo.de",
        "yahoo.co",
        "yahoo.com.co",
        "yahoo.com.pe",
        "yahoo.com.ve",
        "yahoo.com.br",
        "yahoo.co.uk",
        "aol.es",
        "proton.me",
        "pm.me",
        "googlemail.com",
        "rocketmail.com",
        "tutanota.com",
    }
)
# Endings that hardly anybody means, and what they stand for.
_ENDINGS = {
    "con": "com",
    "cim": "com",
    "cpm": "com",
    "vom": "com",
    "xom": "com",
    "comm": "com",
    "coom": "com",
    "ccom": "com",
    "ocm": "com",
    "cmo": "com",
    "ogr": "org",
    "orgg": "org",
    "ort": "org",
    "ner": "net",
    "nte": "net",
    "gtt": "gt",
}
_LONG_ENOUGH = 7  # "aol.com" is one slip away from too many others


@lru_cache(maxsize=4096)
def likely_domain(domain: str) -> str | None:
    """The domain that `domain` (lower case) was most likely meant to be; None where nothing looks wrong."""
    if domain in _RIGHT:
        return None
    stem, _, ending = domain.rpartition(".")
    if stem and ending in _ENDINGS:
        better = f"{stem}.{_ENDINGS[ending]}"
        return likely_domain(better) or better
    for provider in PROVIDERS:
        if domain == provider.replace(".", "") or domain == provider.partition(".")[0]:
            return provider  # "gmailcom", "hotmail"
    near = [one for one in PROVIDERS if len(one) > _LONG_ENOUGH and _one_slip_apart(domain, one)]
    return near[0] if near else None


def likely_address(email: str) -> str | None:
    """The address that `email` was most likely meant to be; None where nothing looks wrong."""
    local_part, at, domain = email.strip().lower().rpartition("@")
    likely = likely_domain(domain) if at else None
    return f"{local_part}@{likely}" if likely else None


def _one_slip_apart(word: str, other: str) -> bool:
    """One letter left out, doubled, added or wrong, or two neighbours that changed places."""
    if abs(len(word) - len(other)) > 1 or word == other:
        return False
    start = 0
    while start < min(len(word), len(other)) and word[start] == other[start]:
        start += 1
    rest, other_rest = word[start:], other[start:]
    swapped = rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:] and len(rest) > 1 and len(other_rest) > 1
    return swapped or rest[1:] == other_rest[1:] or rest[1:] == other_rest or rest == other_rest[1:]
