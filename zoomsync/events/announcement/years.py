"""Years that a page leaves out, and weekdays held against the calendar. A year that is not written is a doubt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from zoomsync import words
from zoomsync.events.announcement.dates import Day
from zoomsync.events.announcement.segments import Segment
from zoomsync.events.announcement.tokens import fold
from zoomsync.language import _

_PAST = timedelta(days=60)


class Years:
    """The years of one page.

    written_on: when the page says it was published. today: where it does not. title_year: a year in its title.
    """

    def __init__(
        self, segments: Sequence[Segment], written_on: date | None, today: date, title_year: int | None = None
    ) -> None:
        self._written_on = written_on
        self._today = today
        self._title_year = title_year
        named = [day.year for segment in segments for each in segment.dates for day in each.days if day.year]
        self._named = set(named) if not written_on else {year for year in named if abs(year - written_on.year) <= 1}
        self._from: dict[date, str] = {}

    def resolve(self, day: Day, segment: Segment) -> tuple[date | None, bool]:
        """(the date, whether its year was inferred); None for a day that the calendar does not have."""
        if day.year is not None:
            return day.in_year(day.year), False
        same_line = {each.year for one in segment.dates for each in one.days if each.year}
        if len(same_line) == 1:
            return day.in_year(same_line.pop()), False
        on, source = self._inferred(day)
        if on is not None:
            self._from.setdefault(on, source)
        return on, True

    def _inferred(self, day: Day) -> tuple[date | None, str]:
        if self._written_on is not None:
            return _first_from(day, self._written_on - timedelta(days=1)), _("the page's date, {date}").format(
                date=self._written_on
            )
        if len(self._named) == 1:
            return day.in_year(min(self._named)), _("another date on the page")
        if self._title_year is not None:
            return day.in_year(self._title_year), _("the title")
        return self._near_today(day), _("today's date")

    def _near_today(self, day: Day) -> date | None:
        """The next such day; where a weekday is named, the nearest year in which it fits."""
        years = sorted(range(self._today.year - 3, self._today.year + 3), key=lambda year: abs(year - self._today.year))
        if day.weekday is not None:
            fitting = [on for year in years if (on := day.in_year(year)) and on.weekday() == day.weekday]
            if fitting:
                return min(fitting, key=lambda on: (on < self._today - _PAST, abs(on - self._today)))
        return _first_from(day, self._today)

    def taken_like(self, resolved: date, days: Iterable[date]) -> None:
        """Their year was taken from where that of `resolved` was."""
        if (source := self._from.get(resolved)) is not None:
            for on in days:
                self._from.setdefault(on, source)

    def said_of(self, on: date) -> str:
        return _("The year is missing: {year} is taken from {source}.").format(
            year=on.year, source=self._from.get(on, _("the rest of the page"))
        )

    def weekday_is(self, on: date, written: str, segment: Segment) -> str:
        """Says which weekday a date is, beside the one that is written there (in the page's own letters)."""
        text = segment.text[segment.begin : segment.end]
        at = fold(text).find(written)
        word = text[at : at + len(written)] if at >= 0 else written
        past, to_come = _('{date} was a {weekday}, not a "{word}".'), _('{date} is a {weekday}, not a "{word}".')
        date_words = _("{day} {year}").format(day=words.day_and_month(on), year=on.year)
        said = past if on < self._today else to_come
        return said.format(date=date_words, weekday=words.weekday(on), word=word)

    def too_early(self, on: date) -> str | None:
        """What is wrong with a day that lies before the page was written; None where nothing is."""
        if self._written_on is not None and on < self._written_on - timedelta(days=1):
            return _("{on} lies before the page was written ({date}).").format(on=on, date=self._written_on)
        return None

    def is_page_date(self, days: Iterable[date]) -> bool:
        return self._written_on is not None and all(day == self._written_on for day in days)


def _first_from(day: Day, earliest: date) -> date | None:
    for year in range(earliest.year, earliest.year + 9):  # nine: until the next 29 February, whatever comes between
        on = day.in_year(year)
        if on is not None and on >= earliest:
            return on
    return None
