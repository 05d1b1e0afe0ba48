"""Dates as pages write them, in Spanish and English: what a line says, word for word. Pure; years are guessed nowhere.

"7 de marzo", "martes 7 y miércoles 8 de marzo de 2023", "del 7 al 9 de marzo", "March 7-9, 2023", "7/3/2023",
"2023-03-07", "todos los martes de abril". Which of them is a session is `schedule`'s to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from zoomsync.events.announcement.calendar_words import (
    COUNTED,
    DAYS_IN_WORDS,
    MONTHS,
    MONTHS_THAT_ARE_WORDS,
    PLURAL_WEEKDAYS,
    SHORT_WEEKDAYS,
    WEEKDAYS,
)
from zoomsync.events.announcement.times import is_clock
from zoomsync.events.announcement.tokens import Token, number_at, touching, word_at

FIRST_YEAR, LAST_YEAR = 2005, 2100  # Zoom is younger, and 2000 is a number of people

_AND = frozenset({",", "y", "e", "&", "and", "+"})
_TO = frozenset({"al", "a", "-", "hasta", "to", "through", "thru", "until", "till"})
_ORDINALS = frozenset({"o", "ro", "er", "st", "nd", "rd", "th", "°"})
_BETWEEN_DAYS = frozenset({"el", "los", "dia", "dias", "the"})
_OF = frozenset({"de", "del", "of", "/", "-", "."})
_BEFORE_YEAR = frozenset({"de", "del", "of", ",", "-", "/", ".", "'", "ano"})
_EVERY = frozenset({"todos", "cada", "every", "each", "todas"})
_FRACTIONS = frozenset({(24, 7), (1, 2), (1, 3), (1, 4), (2, 3), (3, 4), (50, 50)})
_LATE_IN_A_MONTH = 28  # so that the month that is just going on is still to come
_MOST_DAYS = 12  # in one list: a longer one is not of dates


class DateKind(StrEnum):
    DAYS = "days"
    RANGE = "range"  # the first and the last day; whether every day between is meant is not said
    UNCLEAR = "unclear"  # days that can be read in more than one way; none is given
    RECURRING = "recurring"  # "todos los martes de abril"
    NO_DAY = "no day"  # a weekday alone, or a month without a day


@dataclass(frozen=True, slots=True)
class Day:
    """A day as it is written. year: None where none stands there. weekday: 0 is Monday; its word as folded."""

    day: int
    month: int
    year: int | None = None
    weekday: int | None = None
    weekday_word: str = ""

    def in_year(self, year: int) -> date | None:
        """The date, None for one that the calendar does not have."""
        try:
            return date(self.year or year, self.month, self.day)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class DateMention:
    """What one place of a text says. start, end: positions in the text.

    swapped: the other reading where day and month can be told apart by nobody ("7/3/2023"), and None else.
    short_year: the year was written with two digits. every: of RECURRING, a day in each month that is named with one of
    the weekdays that are meant; empty where no month is named.
    """

    kind: DateKind
    days: tuple[Day, ...]
    start: int
    end: int
    swapped: Day | None = None
    short_year: bool = False
    every: tuple[Day, ...] = ()


def dates_in(tokens: Sequence[Token]) -> Iterator[DateMention]:
    """The dates of a text, from left to right, none overlapping another."""
    position = 0
    while position < len(tokens):
        found = (
            _numeric(tokens, position)
            or _recurring(tokens, position)
            or _day_first(tokens, position)
            or _month_first(tokens, position)
            or _no_day(tokens, position)
        )
        if found is None:
            position += 1
            continue
        mention, after = found
        mention, after = _with_weekday_behind(tokens, mention, after)
        yield mention
        position = after


_Found = tuple[DateMention, int]


def _mention(
    tokens: Sequence[Token], start: int, after: int, kind: DateKind, days: Sequence[Day] = (), **more: object
) -> _Found:
    span = tokens[start].start, tokens[after - 1].end
    return DateMention(kind, tuple(days), *span, **more), after  # type: ignore[arg-type]


# -------------------------------------------------------------------------------------------------------- numeric


def _numeric(tokens: Sequence[Token], position: int) -> _Found | None:
    """7/3/2023, 07-03-2023, 2023-03-07, 7.3.23, 7/3; a weekday may stand before."""
    weekday, word, at = _weekday_before_number(tokens, position)
    sign = word_at(tokens, at + 1)
    first, second = number_at(tokens, at), number_at(tokens, at + 2)
    joined = sign in {"/", "-", "."} and touching(tokens, at + 1) and touching(tokens, at + 2)
    part_of_more = touching(tokens, at) and word_at(tokens, at - 1) in {"/", "-", ".", ":", "+", "#", "$", "'"}
    if first is None or second is None or not joined or (weekday is None and part_of_more):
        return None
    three = word_at(tokens, at + 3) == sign and touching(tokens, at + 3) and touching(tokens, at + 4)
    third = number_at(tokens, at + 4) if three else None
    digits = len(tokens[at].text), len(tokens[at + 2].text), len(word_at(tokens, at + 4)) if third is not None else 0
    if third is not None and _goes_on(tokens, at + 5, sign):
        return None
    if third is not None and digits[0] == 4 and max(digits[1:]) <= 2:
        return _as_found(tokens, position, at + 5, Day(third, second, first, weekday, word))
    if third is not None and digits[2] == 4 and max(digits[:2]) <= 2:
        return _day_or_month_first(tokens, position, at + 5, first, second, third, (weekday, word))
    if third is not None and digits == (2, 2, 2):
        return _day_or_month_first(tokens, position, at + 5, first, second, 2000 + third, (weekday, word), short=True)
    two = third is None and sign == "/" and max(digits[:2]) <= 2 and not _goes_on(tokens, at + 3, sign)
    if two and (weekday is not None or (first, second) not in _FRACTIONS):
        return _day_or_month_first(tokens, position, at + 3, first, second, None, (weekday, word))
    return None


def _goes_on(tokens: Sequence[Token], position: int, sign: str) -> bool:
    """Whether another number is joined on: then it is a number of something, not a date."""
    return (
        word_at(tokens, position) == sign and touching(tokens, position) and number_at(tokens, position + 1) is not None
    )


def _as_found(tokens: Sequence[Token], start: int, after: int, day: Day, **more: object) -> _Found | None:
    if day.in_year(2008) is None or not (day.year is None or FIRST_YEAR <= day.year <= LAST_YEAR):
        return None
    return _mention(tokens, start, after, DateKind.DAYS, [day], **more)


def _day_or_month_first(
    tokens: Sequence[Token],
    start: int,
    after: int,
    first: int,
    second: int,
    year: int | None,
    weekday: tuple[int | None, str],
    *,
    short: bool = False,
) -> _Found | None:
    day_first, month_first = Day(first, second, year, *weekday), Day(second, first, year, *weekday)
    if first == second or second > 12 or first > 12:
        return _as_found(tokens, start, after, month_first if second > 12 else day_first, short_year=short)
    return _as_found(tokens, start, after, day_first, swapped=month_first, short_year=short)


def _weekday_before_number(tokens: Sequence[Token], position: int) -> tuple[int | None, str, int]:
    """(weekday, its word, position of the number) where a weekday stands right before; else (None, "", position)."""
    word = word_at(tokens, position)
    weekday = WEEKDAYS.get(word, SHORT_WEEKDAYS.get(word))
    at = position + 1
    while weekday is not None and word_at(tokens, at) in {",", ".", ":", *_BETWEEN_DAYS}:
        at += 1
    return (weekday, word, at) if weekday is not None and number_at(tokens, at) is not None else (None, "", position)


# ------------------------------------------------------------------------------------------------- days and months


def _day_number(tokens: Sequence[Token], position: int) -> tuple[int, int] | None:
    """(day, position after it) of "7", "7th", "1ro", "siete"; None for a number that is a time or no day."""
    word = word_at(tokens, position)
    if word in DAYS_IN_WORDS:
        tens = word == "treinta" and word_at(tokens, position + 1) == "y" and word_at(tokens, position + 2) == "uno"
        return (31, position + 3) if tens else (DAYS_IN_WORDS[word], position + 1)
    number = number_at(tokens, position)
    if number is None or len(word) > 2 or not 1 <= number <= 31:
        return None
    after = position + 1
    if word_at(tokens, after) in _ORDINALS and touching(tokens, after):
        after += 1
    elif word_at(tokens, after) in {":", "%"} and touching(tokens, after):
        return None
    return number, after


def _month(tokens: Sequence[Token], position: int, *, alone: bool) -> tuple[int, int] | None:
    """(month, position after it). alone: no "de" before it, so that it must be more than a word like "may"."""
    word = word_at(tokens, position)
    if word not in MONTHS:
        return None
    after = position + 1
    if word_at(tokens, after) == "." and len(word) <= 4 and touching(tokens, after):
        after += 1
    if alone and word in {"may", "set", "ago"} and _year(tokens, after) is None and not _ends_there(tokens, after):
        return None
    return MONTHS[word], after


def _ends_there(tokens: Sequence[Token], position: int) -> bool:
    """Whether no further word follows, so that "7 may" is no beginning of "7 may attend"."""
    word = word_at(tokens, position)
    return not word.isalpha() or word in {"a", "al", "y", "and", "to", "at", "de", "from", "hasta", "desde"}


def _year(tokens: Sequence[Token], position: int) -> tuple[int, int] | None:
    """(year, position after it) where a year of four digits follows, "de" and signs before it or not."""
    at = position
    while word_at(tokens, at) in _BEFORE_YEAR and at < position + 3:
        at += 1
    number = number_at(tokens, at)
    if number is None or len(tokens[at].text) != 4 or not FIRST_YEAR <= number <= LAST_YEAR:
        return None
    return number, at + 1


def _after_sign(tokens: Sequence[Token], position: int, signs: frozenset[str]) -> int | None:
    """The position after one of these words (and "el", "the" behind it), None where none stands there."""
    if word_at(tokens, position) not in signs:
        return None
    after = position + 1
    if word_at(tokens, position) == "," and word_at(tokens, after) in {"y", "and", "e"}:
        after += 1
    while word_at(tokens, after) in _BETWEEN_DAYS:
        after += 1
    return after


@dataclass(slots=True)
class _Items:
    """Days read so far, before their month is known: (day, weekday, its word, first token), and how they are joined."""

    days: list[tuple[int, int | None, str, int]]
    ranges: int = 0
    lists: int = 0


def _day_first(tokens: Sequence[Token], position: int) -> _Found | None:
    """7 de marzo; martes 7 y miércoles 8 de marzo de 2023; del 7 al 9 de marzo; 28 de febrero al 2 de marzo."""
    weekdays, start = _weekday_run(tokens, position)
    if _day_number(tokens, start) is None or (start == position and _counts_something(tokens, position)):
        return None
    items, at = _Items([]), start
    while True:
        item = _item(tokens, at)
        if item is None:
            return None
        day, after = item
        items.days.append(day)
        month = _month_behind(tokens, after)
        if month is not None:
            break
        if (next_at := _after_sign(tokens, after, _AND)) is not None:
            items.lists += 1
        elif (next_at := _after_sign(tokens, after, _TO)) is not None:
            items.ranges += 1
        else:
            return None
        if is_clock(tokens, next_at) or len(items.days) > _MOST_DAYS:
            return None
        at = next_at
    number, after = month
    return _finished(tokens, position, after, items, number, weekdays)


def _item(tokens: Sequence[Token], position: int) -> tuple[tuple[int, int | None, str, int], int] | None:
    weekday, word, at = _weekday_before_number(tokens, position)
    number = _day_number(tokens, at)
    return None if number is None else ((number[0], weekday, word, at), number[1])


def _month_behind(tokens: Sequence[Token], position: int) -> tuple[int, int] | None:
    at = position
    if word_at(tokens, at) in _OF:
        at += 1
        if word_at(tokens, at) == "mes" and word_at(tokens, at + 1) == "de":
            at += 2
    return _month(tokens, at, alone=at == position)


def _weekday_run(tokens: Sequence[Token], position: int) -> tuple[list[tuple[int, str]], int]:
    """Weekdays in a row ("martes y miércoles, 7 y 8 de marzo"), and the position of the number behind them."""
    run: list[tuple[int, str]] = []
    at = position
    while len(run) < _MOST_DAYS:
        word = word_at(tokens, at)
        weekday = WEEKDAYS.get(word, SHORT_WEEKDAYS.get(word))
        if weekday is None:
            break
        run.append((weekday, word))
        at += 1
        if word_at(tokens, at) == ".":
            at += 1
        joined = _after_sign(tokens, at, _AND | _TO)
        if joined is None or word_at(tokens, joined) not in WEEKDAYS:
            break
        at = joined
    while run and word_at(tokens, at) in {",", "(", ":", "del", *_BETWEEN_DAYS}:
        at += 1
    return (run, at) if run and _day_number(tokens, at) is not None else ([], position)


def _counts_something(tokens: Sequence[Token], position: int) -> bool:
    """Whether the number here is the number of a session, or the end of a time ("9:00 a 12, 15 de marzo")."""
    before = word_at(tokens, position - 1)
    if before in {":", "$", "+"} and touching(tokens, position):
        return True
    if before in _TO and (
        number_at(tokens, position - 2) is not None or word_at(tokens, position - 2) in {"am", "pm", "m"}
    ):
        return True
    if before == "las":
        return True
    counted = before in COUNTED or (before in {"#", ".", "º", "o"} and word_at(tokens, position - 2) in COUNTED)
    return counted and word_at(tokens, position + 1) in {",", ":", "-", ")"}


def _finished(
    tokens: Sequence[Token],
    start: int,
    after: int,
    items: _Items,
    month: int,
    weekdays: list[tuple[int, str]],
) -> _Found | None:
    """The mention of these days of one month, with a year and a range into another month where they follow."""
    year = _year(tokens, after)
    if year is None and word_at(tokens, after) in {"-", "/"} and touching(tokens, after + 1):
        short = number_at(tokens, after + 1)
        if short is not None and len(tokens[after + 1].text) == 2 and not is_clock(tokens, after + 1):
            year = 2000 + short, after + 2
    in_year = None
    if year is not None:
        in_year, after = year
    days = [Day(number, month, in_year, weekday, word) for number, weekday, word, _ in items.days]
    if len(weekdays) == len(days):
        days = [replace(day, weekday=one, weekday_word=word) for day, (one, word) in zip(days, weekdays, strict=True)]
    elif len(weekdays) == 1 and len(days) > 1 and not items.ranges and days[0].weekday is None:
        days[0] = replace(days[0], weekday=weekdays[0][0], weekday_word=weekdays[0][1])
    if items.ranges and items.lists:
        return _mention(tokens, start, after, DateKind.UNCLEAR)
    if not items.ranges and len(days) == 1 and (other := _range_into_month(tokens, after, days[0])) is not None:
        return _mention(tokens, start, other[1], DateKind.RANGE, other[0])
    numbers = [day.day for day in days]
    if numbers != sorted(set(numbers)):  # "a las 8, 7 de marzo": only the last one surely is a day
        return _mention(tokens, items.days[-1][3], after, DateKind.DAYS, days[-1:])
    if any(day.in_year(2008) is None for day in days):
        return _mention(tokens, start, after, DateKind.UNCLEAR)
    if items.ranges:
        return _mention(tokens, start, after, DateKind.RANGE if len(days) == 2 else DateKind.UNCLEAR, days)
    return _mention(tokens, start, after, DateKind.DAYS, days)


def _range_into_month(tokens: Sequence[Token], position: int, first: Day) -> tuple[list[Day], int] | None:
    """Both ends of "28 de febrero al 2 de marzo", from the sign between them on."""
    at = _after_sign(tokens, position, _TO)
    item = None if at is None or is_clock(tokens, at) else _item(tokens, at)
    if item is None:
        return None
    (number, weekday, word, _), after = item
    month = _month_behind(tokens, after)
    if month is None:
        return None
    year = _year(tokens, month[1])
    last = Day(number, month[0], year[0] if year else first.year, weekday, word)
    year_of_first = first.year or (last.year if first.month <= last.month else last.year and last.year - 1)
    return [replace(first, year=year_of_first), last], year[1] if year else month[1]


def _month_first(tokens: Sequence[Token], position: int) -> _Found | None:
    """March 7, 2023; Marzo 7; March 7-9, 2023; March 7 and 8; Tuesday, March 7; March 28 to April 2."""
    weekday, word, at = None, "", position
    if (name := word_at(tokens, position)) in WEEKDAYS | SHORT_WEEKDAYS and word_at(tokens, position + 1) not in MONTHS:
        at = position + 2 if word_at(tokens, position + 1) in {",", "."} else position
    elif word_at(tokens, position + 1) in MONTHS and name in WEEKDAYS | SHORT_WEEKDAYS:
        at = position + 1
    if at != position:
        weekday, word = WEEKDAYS.get(name, SHORT_WEEKDAYS.get(name)), name
    month = _month(tokens, at, alone=False)
    if month is None:
        return None
    number, after = month
    if word_at(tokens, after) in {"the", "el", "dia", "-", "/"}:
        after += 1
    if is_clock(tokens, after, single_only=True):
        return None
    items = _Items([])
    item = _item(tokens, after)
    if item is None:
        return None
    items.days.append((item[0][0], weekday if item[0][1] is None else item[0][1], word or item[0][2], item[0][3]))
    after = item[1]
    while len(items.days) < _MOST_DAYS:
        if (next_at := _after_sign(tokens, after, _AND)) is not None and not is_clock(tokens, next_at):
            ranges, lists = 0, 1
        elif (next_at := _after_sign(tokens, after, _TO)) is not None and not is_clock(tokens, next_at):
            ranges, lists = 1, 0
        else:
            break
        item = _item(tokens, next_at)
        if item is None or _month_behind(tokens, item[1]) is not None:
            break
        items.days.append(item[0])
        items.ranges += ranges
        items.lists += lists
        after = item[1]
    if len(items.days) == 1 and (other := _month_range(tokens, after, number, items.days[0])) is not None:
        return _mention(tokens, position, other[1], DateKind.RANGE, other[0])
    return _finished(tokens, position, after, items, number, [])


def _month_range(
    tokens: Sequence[Token], position: int, month: int, first: tuple[int, int | None, str, int]
) -> tuple[list[Day], int] | None:
    """Both ends of "March 28 to April 2, 2023", from the sign between them on."""
    year = _year(tokens, position)
    at = _after_sign(tokens, year[1] if year else position, _TO)
    if at is None:
        return None
    second = _month(tokens, at, alone=False)
    item = _item(tokens, second[1]) if second else None
    if second is None or item is None:
        return None
    last_year = _year(tokens, item[1])
    last = Day(item[0][0], second[0], last_year[0] if last_year else None, item[0][1], item[0][2])
    first_year = year[0] if year else (last.year if month <= last.month else last.year and last.year - 1)
    return [Day(first[0], month, first_year, first[1], first[2]), last], last_year[1] if last_year else item[1]


# ------------------------------------------------------------------------------------------------- no certain day


def _recurring(tokens: Sequence[Token], position: int) -> _Found | None:
    """todos los martes [de abril]; cada jueves; every Tuesday; los martes y jueves de marzo; Mondays."""
    word = word_at(tokens, position)
    at = position
    if word in _EVERY or word == "los":
        at = position + 1
        while word_at(tokens, at) in {"los", "las", "other"}:
            at += 1
    weekday = word_at(tokens, at)
    plural = weekday in PLURAL_WEEKDAYS or (word == "los" and weekday in WEEKDAYS)
    if not (plural or (word in _EVERY and weekday in WEEKDAYS)):
        return None
    weekdays = [weekday]
    at += 1
    furthest = at + 2 * _MOST_DAYS
    while (
        at < furthest
        and (next_at := _after_sign(tokens, at, _AND)) is not None
        and word_at(tokens, next_at) in WEEKDAYS | PLURAL_WEEKDAYS
    ):
        weekdays.append(word_at(tokens, next_at))
        at = next_at + 1
    if word_at(tokens, at) == "," and number_at(tokens, at + 1) is not None:
        at += 1
    if _day_number(tokens, at) is not None and word not in _EVERY:
        return None  # "los martes 7 y 14 de marzo" names its days
    months = []
    while word_at(tokens, at) in {"de", "del", "of", "in", "en", "y", "and", "mes"} or word_at(tokens, at) in MONTHS:
        months += [MONTHS[word_at(tokens, at)]] if word_at(tokens, at) in MONTHS else []
        at += 1
    year, at = (months and _year(tokens, at)) or (None, at)
    every = tuple(
        Day(_LATE_IN_A_MONTH, month, year, (WEEKDAYS | PLURAL_WEEKDAYS)[one], one)
        for month in months
        for one in weekdays
    )
    return _mention(tokens, position, at, DateKind.RECURRING, every=every)


def _no_day(tokens: Sequence[Token], position: int) -> _Found | None:
    """A weekday alone, or a month without a day: nothing that a date can be made of."""
    word = word_at(tokens, position)
    if word in WEEKDAYS:
        return _mention(tokens, position, position + 1, DateKind.NO_DAY)
    if word in MONTHS and word not in MONTHS_THAT_ARE_WORDS and len(word) > 3:
        year = _year(tokens, position + 1)
        return _mention(tokens, position, year[1] if year else position + 1, DateKind.NO_DAY)
    return None


def _with_weekday_behind(tokens: Sequence[Token], mention: DateMention, after: int) -> _Found:
    """ "7 de marzo (martes)": the weekday belongs to the date, unless it begins the next one."""
    if mention.kind is not DateKind.DAYS or len(mention.days) != 1 or mention.days[0].weekday is not None:
        return mention, after
    at = after
    while word_at(tokens, at) in {",", "("}:
        at += 1
    word = word_at(tokens, at)
    if at == after and word_at(tokens, at - 1) != ")":
        pass  # "7 de marzo martes" is taken too
    begins_next = _day_number(tokens, at + 1) is not None or word_at(tokens, at + 1) in {",", *MONTHS}
    if word not in WEEKDAYS or begins_next:
        return mention, after
    day = replace(mention.days[0], weekday=WEEKDAYS[word], weekday_word=word)
    return replace(mention, days=(day,), end=tokens[at].end), at + 1
