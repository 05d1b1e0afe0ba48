"""What a complete pull says about the registrants we know: added, updated, cancelled, reinstated, held.

Pure: the pull is made by `zoom`, the known rows come from `store`, which also writes what is decided here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from zoomsync.domain.records import (
    KnownRegistrant,
    ListedRegistrant,
    Registrant,
    RegistrantKey,
    RegistrantStatus,
)

# A pull that would cancel more than a fifth of an event's registrants, and more than ten, is not believed at once.
HOLD_ABOVE_SHARE = 1 / 5
HOLD_ABOVE_COUNT = 10


@dataclass(frozen=True, slots=True)
class Sifted:
    """A pull sorted by what needs a closer look. Only these keys have to be read as values.

    fresh: not known. touched: known, and something about the row differs or it had been given up. gone: known, not
    cancelled and no longer listed. returned: held ones that are listed again just as they were. unchanged: the rest
    of what is listed, `returned` included. known: what is stored of `touched`, `gone` and `returned`, and of nobody
    else. alive: how many were known and not cancelled.
    """

    fresh: tuple[RegistrantKey, ...]
    touched: tuple[RegistrantKey, ...]
    gone: tuple[RegistrantKey, ...]
    returned: tuple[RegistrantKey, ...]
    unchanged: int
    known: Mapping[RegistrantKey, KnownRegistrant]
    alive: int


@dataclass(frozen=True, slots=True)
class Update:
    """A registrant before and after."""

    before: Registrant
    after: Registrant


@dataclass(frozen=True, slots=True)
class RegistrantChanges:
    """What to write. `cancelled` and `held` are as stored before; `same` were looked at and found equal."""

    added: tuple[Registrant, ...] = ()
    updated: tuple[Update, ...] = ()
    reinstated: tuple[Update, ...] = ()
    cancelled: tuple[Update, ...] = ()
    held: tuple[Registrant, ...] = ()
    same: tuple[RegistrantKey, ...] = ()


def sift(
    stored: Iterable[tuple[RegistrantKey, KnownRegistrant]], listed: Mapping[RegistrantKey, ListedRegistrant]
) -> Sifted:
    """Sort a complete pull by what needs a closer look, without reading a row whose digest is the known one.

    A digest covers a row's bytes and the status it was listed under, so an equal digest is an equal registrant.
    stored: everybody, in any order; only what differs is kept of them.
    """
    fresh = set(listed)
    touched, gone, returned = [], [], []
    known = {}
    unchanged = alive = 0
    for key, one in stored:
        cancelled = one.status == RegistrantStatus.CANCELLED
        alive += not cancelled
        row = listed.get(key)
        if row is None:
            if cancelled:
                continue
            gone.append(key)
        else:
            fresh.discard(key)
            if one.digest != row.digest or cancelled:
                touched.append(key)
            else:
                unchanged += 1
                if not one.missing:
                    continue
                returned.append(key)
        known[key] = one
    in_order = tuple(key for key in listed if key in fresh) if fresh else ()
    return Sifted(in_order, tuple(touched), tuple(gone), tuple(returned), unchanged, known, alive)


def reconcile(
    local: Mapping[RegistrantKey, Registrant],
    pulled: Iterable[Registrant],
    held: Collection[RegistrantKey] = (),
    *,
    known_total: int | None = None,
) -> RegistrantChanges:
    """Say what a complete pull changes. Applied, the same pull changes nothing the second time.

    local: stored registrants, whatever their status. pulled: what Zoom lists. Rows known to be equal may be left out
    of both (see `sift`). held: keys whose cancellation the pull before held back; if they are still gone they are
    cancelled now. known_total: how many registrants of the event are not cancelled, by default counted in `local`.

    A blank from Zoom replaces a known value like any other change: `Update.before` keeps it for the audit.
    Source: docs/promises.md, "Pull" and "Reconcile".
    """
    added, updated, reinstated, same = [], [], [], []
    present = set()
    for registrant in pulled:
        key = registrant.key
        present.add(key)
        before = local.get(key)
        if before is None:
            added.append(registrant)
        elif before.status is RegistrantStatus.CANCELLED:
            reinstated.append(Update(before, registrant))
        elif before != registrant:
            updated.append(Update(before, registrant))
        else:
            same.append(key)

    alive = {key: one for key, one in local.items() if one.status is not RegistrantStatus.CANCELLED}
    gone = [one for key, one in alive.items() if key not in present]
    total = len(alive) if known_total is None else known_total
    believed, doubted = judge_gone(gone, held, total)
    return RegistrantChanges(
        added=tuple(added),
        updated=tuple(updated),
        reinstated=tuple(reinstated),
        cancelled=tuple(Update(one, one._replace(status=RegistrantStatus.CANCELLED)) for one in believed),
        held=tuple(doubted),
        same=tuple(same),
    )


def judge_gone(
    gone: Iterable[Registrant], held: Collection[RegistrantKey], known_total: int
) -> tuple[list[Registrant], list[Registrant]]:
    """Split who is no longer listed into (cancelled now, held until another complete pull says the same)."""
    confirmed: list[Registrant] = []
    fresh: list[Registrant] = []
    for one in gone:
        (confirmed if one.key in held else fresh).append(one)
    if len(fresh) > HOLD_ABOVE_COUNT and len(fresh) > known_total * HOLD_ABOVE_SHARE:
        return confirmed, fresh
    return confirmed + fresh, []


def changed_fields(before: Registrant, after: Registrant) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that differ, as (before, after), for the audit. Values as the record has them."""
    old, new = {}, {}
    for field in Registrant._fields:
        name = field.removesuffix("_json")
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            old[name], new[name] = was, now
    return old, new
