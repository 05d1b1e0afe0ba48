"""Columns by their machine names: those that somebody asked for, picked out of whole rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

from zoomsync.reports.values import Column, Row


class UnknownColumn(ValueError):
    """A column that the report does not have. name: as asked for; known: those there are."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"There is no column {name}.")
        self.name, self.known = name, known


def chosen(known: Sequence[Column], wanted: Sequence[str], groups: Mapping[str, Sequence[str]] = {}) -> list[int]:
    """The places of the wanted columns among those known, in the order wanted; all where nothing is wanted.

    groups: names that stand for several columns. Raises UnknownColumn.
    """
    if not wanted:
        return list(range(len(known)))
    place_of = {column.name: place for place, column in enumerate(known)}
    places: list[int] = []
    for name in wanted:
        for each in groups.get(name, (name,)):
            if each not in place_of:
                raise UnknownColumn(each, [*place_of, *groups])
            if place_of[each] not in places:
                places.append(place_of[each])
    return places


def picker(places: Sequence[int], columns: int) -> Callable[[Sequence[Row]], Sequence[Row]]:
    if list(places) == list(range(columns)):
        return lambda rows: rows
    if len(places) == 1:
        (place,) = places
        return lambda rows: [(row[place],) for row in rows]
    get = itemgetter(*places)
    return lambda rows: list(map(get, rows))
