"""Times of day as pages write them, in Spanish and English, with every reason why a reading may be wrong. Pure.

"8 a 1 pm", "16 a 18 horas", "9:00 – 11:30 hrs", "de 14h a 16h", "8 p. m.", "a las 18:00", "3 de la tarde", "noon".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import time
from enum import StrEnum

from zoomsync.events.announcement.tokens import Token, number_at, touching, word_at
from zoomsync.language import N_, _


class Half(StrEnum):
    """What stands behind a number of hours."""

    AM = "am"
    PM = "pm"
    HOURS = "24"  # "16 horas", "11:30 hrs", "14h30"
    NOON = "m"  # "12 m."
    NIGHT = "night"  # "7 de la noche"; twelve is midnight


@dataclass(frozen=True, slots=True)
class Clock:
    """One time as written. filled: "08:00", or minutes like "0800": a clock of 24 hours."""

    hour: int
    minute: int
    half: Half | None = None
    has_minutes: bool = False
    filled: bool = False
    led_in: bool = False  # "a las 8"
    in_figures: bool = True

    @property
    def certain(self) -> bool:
        """Whether it is a time of day at all, and not a number of something."""
        return self.half is not None or self.has_minutes or self.led_in


@dataclass(frozen=True, slots=True)
class TimeMention:
    """What one place of a text says. begin, end: positions in the text.

    ends: None where only one time stands there. ends_next_day: "22:00 a 00:00"; alone, the end of the day. why: what
    could be meant otherwise, a sentence each. bare: numbers alone ("8 a 10"), which count only beside a date.
    """

    starts: time
    ends: time | None
    begin: int
    end: int
    ends_next_day: bool = False
    why: tuple[str, ...] = ()
    bare: bool = False


_TO = frozenset({"a", "-", "to", "hasta", "until", "till", "al"})
_HOURS = frozenset({"h", "hs", "hr", "hrs", "hora", "horas", "hours", "hour", "uhr"})
_NAMED = {"mediodia": 12, "noon": 12, "midday": 12, "medianoche": 24, "midnight": 24}
_PARTS_OF_DAY = {
    "manana": Half.AM, "madrugada": Half.AM, "morning": Half.AM, "tarde": Half.PM, "afternoon": Half.PM,
    "evening": Half.PM, "noche": Half.NIGHT, "night": Half.NIGHT,
}  # fmt: skip
_LED_IN = frozenset({"las", "la", "at"})
_SURELY_A_CLOCK_FROM = 7  # "7 h" is a time, "2 h" most likely a length
_LONGEST_CERTAIN_HOURS = 10


def times_in(tokens: Sequence[Token], taken: Collection[range]) -> Iterator[TimeMention]:
    """The times of a text, from left to right. taken: positions in the text that dates have used already."""
    used = bytearray(tokens[-1].end if tokens else 0)
    for span in taken:
        used[span.start : span.stop] = b"\1" * len(span)
    free = [token if not used[token.start] else Token("", token.start, token.end) for token in tokens]
    position = 0
    while position < len(free):
        found = _range(free, position) or _single(free, position)
        if found is None:
            position += 1
            continue
        mention, position = found
        yield mention


def is_clock(tokens: Sequence[Token], position: int, *, single_only: bool = False) -> bool:
    """Whether the number here is surely a time of day, alone or as the start of a range."""
    clock = _clock(tokens, position)
    if clock is not None and clock[0].half is not None and not clock[0].led_in:
        return True
    if clock is not None and clock[0].has_minutes:
        return True
    return not single_only and (found := _range(tokens, position)) is not None and not found[0].bare


# --------------------------------------------------------------------------------------------------- words to clocks


def _clock(tokens: Sequence[Token], position: int, *, dotted: bool = False) -> tuple[Clock, int] | None:
    """(clock, position after it) of "8", "8:00", "18.30 h", "14h30", "8 p. m.", "mediodía", "a las 8".

    dotted: "18.30" counts without "h" behind it, too.
    """
    at = position
    led_in = False
    if word_at(tokens, at) in _LED_IN:
        led_in, at = True, at + 1
    if (named := _NAMED.get(word_at(tokens, at))) is not None:
        return Clock(named, 0, Half.HOURS, has_minutes=True, filled=True, in_figures=False), at + 1
    hour = number_at(tokens, at)
    if hour is None or (touching(tokens, at) and word_at(tokens, at - 1) in {"#", "$", "+", ".", "/", "'"}):
        return None
    text = tokens[at].text
    if len(text) == 4 and _half(tokens, at + 1)[0] is Half.HOURS and hour % 100 < 60 and hour <= 2400:
        return Clock(hour // 100, hour % 100, Half.HOURS, has_minutes=True, filled=True), _half(tokens, at + 1)[1]
    if len(text) > 2 or hour > 24:
        return None
    minute, after = _minutes(tokens, at + 1)
    if minute is not None and word_at(tokens, at + 1) == "h":
        half: Half | None = Half.HOURS
    else:
        half, after = _half(tokens, after)
    if minute is not None and word_at(tokens, at + 1) == "." and half is None and not (led_in or dotted):
        minute, after = None, at + 1  # 3.50 is a price
    if hour == 24 and (minute or half not in (None, Half.HOURS)):
        return None
    filled = minute is not None and (len(text) == 2 and text[0] == "0")
    return Clock(hour, minute or 0, half, minute is not None, filled, led_in), after


def _minutes(tokens: Sequence[Token], position: int) -> tuple[int | None, int]:
    """Minutes right behind ":", ".", "h" or "'", seconds passed over; (None, position) where there are none."""
    minute = number_at(tokens, position + 1)
    joined = touching(tokens, position) and touching(tokens, position + 1)
    if word_at(tokens, position) not in {":", ".", "h", "'"} or not joined or minute is None:
        return None, position
    if len(tokens[position + 1].text) != 2 or minute > 59:
        return None, position
    after = position + 2
    if word_at(tokens, after) == ":" and touching(tokens, after) and number_at(tokens, after + 1) is not None:
        after += 2
        if word_at(tokens, after) == "." and touching(tokens, after) and touching(tokens, after + 1):
            after += 2
    return minute, after


def _half(tokens: Sequence[Token], position: int) -> tuple[Half | None, int]:
    """ "am", "p. m.", "hrs", "de la tarde", "in the evening", "m."; (None, position) where none follows."""
    word = word_at(tokens, position)
    if word in {"am", "pm"}:
        return _passing(Half(word), tokens, position + 1)
    letters = [position + 1 + (word_at(tokens, position + 1) == "."), position]
    if word in {"a", "p"} and word_at(tokens, letters[0]) == "m" and not touching(tokens, letters[0] + 1):
        return _passing(Half(f"{word}m"), tokens, letters[0] + 1)
    if word in {"a", "p"} and word_at(tokens, letters[0]) == "m" and not word_at(tokens, letters[0] + 1).isalnum():
        return _passing(Half(f"{word}m"), tokens, letters[0] + 1)
    if word in {"m", "md"}:
        return _passing(Half.NOON, tokens, position + 1)
    if word in _HOURS:
        at = position + 1 + (word_at(tokens, position + 1) == "." and touching(tokens, position + 1))
        return _part_of_day(tokens, at) if _part_of_day(tokens, at)[0] else (Half.HOURS, at)
    return _part_of_day(tokens, position)


def _passing(half: Half, tokens: Sequence[Token], position: int) -> tuple[Half, int]:
    """Behind "pm": its full stop, and "hrs" or "h" that some add."""
    at = position
    while word_at(tokens, at) in {".", *_HOURS} and at < position + 2:
        at += 1
    return half, at


def _part_of_day(tokens: Sequence[Token], position: int) -> tuple[Half | None, int]:
    at = position
    while word_at(tokens, at) in {"de", "en", "por", "la", "in", "the", "at"} and at < position + 2:
        at += 1
    half = _PARTS_OF_DAY.get(word_at(tokens, at))
    return (half, at + 1) if half is not None and at > position else (None, position)


def _range(tokens: Sequence[Token], position: int) -> tuple[TimeMention, int] | None:
    at = position
    between = word_at(tokens, at) in {"entre", "between"}
    if word_at(tokens, at) in {"de", "desde", "from", "entre", "between"}:
        at += 1
    first = _clock(tokens, at)
    if first is None:
        return None
    starts, after = first
    if (
        word_at(tokens, after) == "."
        and touching(tokens, after)
        and (other := _clock(tokens, at, dotted=True)) is not None
    ):
        starts, after = other  # "18.30 a 20.00 h": only where the end is a time
    if word_at(tokens, after) in {"y", "and"} and word_at(tokens, after + 1) in {"hasta", "until"}:
        after += 1
    if word_at(tokens, after) not in (_TO | {"y", "and"} if between else _TO):
        return None
    after += 1
    if word_at(tokens, after) == "las" and word_at(tokens, after + 1) == "las":
        return None
    second = _clock(tokens, after)
    if second is None:
        return None
    ends, after = second
    if word_at(tokens, at + 1) == "." and starts.has_minutes and starts.half is None and not ends.certain:
        return None
    bare = not (starts.certain or ends.certain)
    read = _settled_range(starts, ends)
    if read is None or (bare and starts.hour == ends.hour):
        return None
    start, end, next_day, why = read
    span = tokens[position].start, tokens[after - 1].end
    return TimeMention(start, end, *span, ends_next_day=next_day, why=why, bare=bare), after


def _single(tokens: Sequence[Token], position: int) -> tuple[TimeMention, int] | None:
    found = _clock(tokens, position)
    if found is None:
        return None
    clock, after = found
    length = clock.half is Half.HOURS and not clock.has_minutes and not clock.led_in
    spelt = word_at(tokens, position + 1) in {"horas", "hours"}
    likely = _SURELY_A_CLOCK_FROM <= clock.hour < 24 and not spelt
    if length and not likely and not _behind_a_date(tokens, position):
        return None  # "curso de 18 horas", "2 h"
    if not clock.certain or (
        clock.led_in and clock.half is None and not clock.has_minutes and not _ends(tokens, after)
    ):
        return None
    at, next_day, why = _settled_single(clock)
    span = tokens[position].start, tokens[after - 1].end
    return TimeMention(at, None, *span, ends_next_day=next_day, why=why), after


def _ends(tokens: Sequence[Token], position: int) -> bool:
    """Whether "a las 8" ends there: "las 8 organizaciones" is no time."""
    word = word_at(tokens, position)
    return not word.isalpha() or word in {"y", "and", "hora", "gt", "en", "del", "de", "on", "por", "o", "or"}


def _behind_a_date(tokens: Sequence[Token], position: int) -> bool:
    """Whether a date, whose tokens are blanked out, stands right before."""
    at = position - 1
    while at >= 0 and tokens[at].text in {",", "-", "|", "·", "(", ":"}:
        at -= 1
    return at >= 0 and tokens[at].text == ""


# ------------------------------------------------------------------------------------------------- clocks to times

_NO_HALF = N_('Neither "am" nor "pm" stands there.')
_MIDNIGHT = N_("Midnight is the end of that day here; it may be its beginning.")
_TWELVE_PM = N_('"12 pm" is noon; some write it for midnight.')
_TWELVE_AM = N_('"12 am" is midnight; some write it for noon.')


def _hour_of(clock: Clock, half: Half | None) -> int:
    """The hour of 24 that a clock shows with this half of the day."""
    if half is None or half is Half.HOURS or clock.hour > 12:
        return clock.hour
    if half is Half.NOON:
        return clock.hour
    if half is Half.NIGHT:
        return 24 if clock.hour == 12 else clock.hour + 12
    return clock.hour % 12 + (12 if half is Half.PM else 0)


def _minutes_of(clock: Clock, half: Half | None) -> int:
    return _hour_of(clock, half) * 60 + clock.minute


def _settled_single(clock: Clock) -> tuple[time, bool, tuple[str, ...]]:
    """(time, whether it is the end of the day, why it may be otherwise)."""
    minutes = _minutes_of(clock, clock.half)
    why: tuple[str, ...] = ()
    if clock.hour == 12 and clock.half is Half.PM:
        why = (_(_TWELVE_PM),)
    elif clock.hour == 12 and clock.half is Half.AM:
        why = (_(_TWELVE_AM),)
    elif minutes == 24 * 60 and (clock.half is Half.NIGHT or not clock.in_figures):
        why = (_(_MIDNIGHT),)
    elif clock.half is None and 0 < clock.hour <= 12 and not clock.filled:
        why = (_(_NO_HALF),)
        if clock.hour < _SURELY_A_CLOCK_FROM:
            minutes += 12 * 60
    elif clock.half is Half.NOON and clock.hour != 12:
        why = (_('What "m" means there is not certain.'),)
    return _time(minutes), minutes == 24 * 60, why


def _time(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)


def _settled_range(starts: Clock, ends: Clock) -> tuple[time, time, bool, tuple[str, ...]] | None:
    """(start, end, whether it ends on the next day, why it may be otherwise); None for what cannot be a range."""
    first, last, why = _both(starts, ends)
    next_day = False
    if last <= first and last != 24 * 60:
        if first >= 18 * 60 and last <= 6 * 60:
            next_day = True
            why = why if last == 0 else (*why, _("It ends after midnight."))
        elif first < 12 * 60 and last == 0 and ends.half is Half.AM:
            last, why = 12 * 60, (*why, _(_TWELVE_AM))
        elif first >= 12 * 60 and last == 12 * 60 and ends.half is Half.PM:
            last, next_day, why = 0, True, (*why, _(_TWELVE_PM))
        elif last + 12 * 60 > first and ends.hour <= 12 and ends.half is None:
            last, why = last + 12 * 60, (*why, _(_NO_HALF))
        else:
            return None
    if last == 24 * 60:
        last, next_day = 0, True
        if first >= 24 * 60:
            return None
    if not next_day and last - first > _LONGEST_CERTAIN_HOURS * 60:
        why = (*why, _("That is long for one session."))
    return _time(first), _time(last), next_day, tuple(dict.fromkeys(why))


def _both(starts: Clock, ends: Clock) -> tuple[int, int, tuple[str, ...]]:
    """Minutes of start and end on a clock of 24 hours. A half that one of them lacks follows from the other."""
    if starts.half is not None and ends.half is not None:
        return _minutes_of(starts, starts.half), _minutes_of(ends, ends.half), ()
    if ends.half is not None:
        last = _minutes_of(ends, ends.half)
        if ends.half is Half.HOURS or starts.hour > 12 or starts.filled:
            return _minutes_of(starts, Half.HOURS), last, ()
        if last == 0 and starts.hour < 12:  # "9 a 12 am"
            return _minutes_of(starts, Half.AM), last, ()
        halves = (Half.AM, Half.PM) if ends.half in (Half.NOON, Half.AM) else (Half.PM, Half.AM)
        same, other = (_minutes_of(starts, half) for half in halves)
        if same < last:
            return same, last, ()
        if other < last:
            return other, last, ()
        return other, last, (_('The start has neither "am" nor "pm".'),)
    if starts.half is not None:
        first = _minutes_of(starts, starts.half)
        if starts.half is Half.HOURS or ends.hour > 12 or ends.filled:
            return first, _minutes_of(ends, Half.HOURS), ()
        later = [minutes for half in (Half.AM, Half.PM) if (minutes := _minutes_of(ends, half)) > first]
        return (first, later[0], ()) if later else (first, 0, (_('The end has neither "am" nor "pm".'),))
    first, last = _minutes_of(starts, None), _minutes_of(ends, None)
    if starts.filled or ends.filled or ends.hour > 12 or starts.hour > 12 or starts.hour == 0:
        return first, last, ()
    if starts.hour < _SURELY_A_CLOCK_FROM and ends.hour != 12:
        return first + 12 * 60, last + 12 * 60, (_(_NO_HALF),)
    return first, last, (_(_NO_HALF),)
