"""An overview's charts, as SVG that stands in a page: no script, no style of its own, nothing fetched.

pygal draws; what it adds for browsers of its own (a script, styles, figures for tooltips) is taken out, so that the
page's style, light or dark, is the only one, and its security policy can forbid the rest.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from xml.etree.ElementTree import Element

import pygal
from markupsafe import Markup
from pygal.style import Style

from zoomsync.reports.values import AnswerCounts, Overview
from zoomsync.reports.words import Words
from zoomsync.text import clean

# pygal puts a finder of its maps into Python's way of importing, by a protocol that Python has given up: every import
# of something that is not there would warn of it from then on. We draw no maps.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

# Drawn as small as a phone shows it, so that text is not shrunk there.
_WIDTH = 420
_FONT_SIZE = 14
_LONGEST_LABEL = 24
_ROOM = 1.18  # beside the longest bar, for its number
BARS_AT_MOST = 24
DAYS_AT_MOST = 92  # more are told by the week

_STYLE = Style(
    font_family="sans-serif",
    label_font_size=_FONT_SIZE,
    major_label_font_size=_FONT_SIZE,
    value_font_size=_FONT_SIZE,
)


@dataclass(frozen=True, slots=True)
class Chart:
    """svg: the drawing, with its title and all its numbers as text for who cannot see it. legend: (class, words)."""

    title: str
    svg: Markup
    legend: tuple[tuple[str, str], ...] = ()
    note: str = ""


def funnel(one: Overview, words: Words) -> Chart:
    """From who registered to who attended; the last is left out while it is not known."""
    steps = [(name, getattr(one, name)) for name in ("registered", "approved", "reminded", "attended")]
    bars = [(words.heading(name), count) for name, count in steps if count is not None]
    return _bars(words.say("funnel"), bars, words)


def answers(counts: AnswerCounts, words: Words) -> Chart:
    """The largest groups of a question; the smaller ones together."""
    groups = [(group.label, group.registered) for group in counts.groups]
    rest = sum(count for _, count in groups[BARS_AT_MOST:]) + (counts.others.registered if counts.others else 0)
    label = counts.others.label if counts.others else words.say("others")
    bars = groups[:BARS_AT_MOST] + ([(label, rest)] if rest else [])
    return _bars(counts.question, bars, words)


def by_day(one: Overview, words: Words) -> Chart | None:
    """Registrations over time: a bar a day, or a week where the days are many."""
    if not one.by_day:
        return None
    days, title = list(one.by_day), words.say("by_day")
    if len(days) > DAYS_AT_MOST:
        days, title = _weeks(days), words.say("by_week")
    chart = _chart(pygal.Bar, 240, show_y_guides=True, show_x_labels=True, show_minor_x_labels=False)
    chart.x_labels = [words.short_day(day) for day, _ in days]
    chart.x_labels_major = [words.short_day(day) for day, _ in days[:: math.ceil(len(days) / 5)]]
    chart.y_labels = _ticks(max(count for _, count in days))
    chart.value_formatter = words.number
    chart.print_values = len(days) <= 14
    chart.add(
        "", [{"value": count, "formatter": lambda value: words.number(value) if value else ""} for _, count in days]
    )
    told = "; ".join(f"{words.short_day(day)}: {words.number(count)}" for day, count in days if count)
    return Chart(title, _drawn(chart, title, told))


def attendance(one: Overview, words: Words) -> Chart | None:
    """Each session's people: there for long enough, not long enough, and those of whom nobody knows who they are."""
    sessions = [each for each in one.sessions if each.identified is not None]
    if not sessions:
        return None
    stays = {
        "present": [each.present or 0 for each in sessions],
        "briefly": [(each.identified or 0) - (each.present or 0) for each in sessions],
        "unmatched": [each.unmatched or 0 for each in sessions],
    }
    chart = _chart(pygal.HorizontalBar, 84 * len(sessions) + 16, show_y_labels=True)
    chart.x_labels = [_label(each.title) for each in reversed(sessions)]  # pygal draws from below
    chart.range = (0, (max(map(max, stays.values())) or 1) * _ROOM)
    for counts in stays.values():
        chart.add("", [{"value": count, "formatter": words.number} for count in reversed(counts)])
    legend = tuple((f"color-{place}", words.say(f"people_{name}")) for place, name in enumerate(stays))
    told = "; ".join(
        f"{clean(each.title)}: "
        + ", ".join(f"{words.say(f'people_{name}')} {words.number(counts[place])}" for name, counts in stays.items())
        for place, each in enumerate(sessions)
    )
    title = words.say("attendance")
    note = words.say("present_means").format(words.percent(one.minimum))
    return Chart(title, _drawn(chart, title, told, beside=True), legend, note)


# ------------------------------------------------------------------------------------------------------------- drawing


def _bars(title: str, bars: Sequence[tuple[str, int]], words: Words) -> Chart:
    """Lying bars, the first on top, each with its number."""
    chart = _chart(pygal.HorizontalBar, _height(len(bars)), show_y_labels=True)
    chart.x_labels = [_label(label) for label, _ in reversed(bars)]
    highest = max([count for _, count in bars], default=0) or 1
    chart.range = (0, highest * _ROOM)
    chart.add("", [{"value": count, "formatter": words.number} for _, count in reversed(bars)])
    told = "; ".join(f"{clean(label)}: {words.number(count)}" for label, count in bars)
    return Chart(title, _drawn(chart, title, told, beside=True))


def _chart(kind: Any, height: int, **options: Any) -> Any:
    quiet = {"show_x_labels": False, "show_y_guides": False, "show_x_guides": False, "show_legend": False}
    return kind(
        **(quiet | {"print_values": True, "print_values_position": "top"} | options),
        css=[],
        js=[],
        width=_WIDTH,
        height=height,
        margin=4,
        spacing=6,
        style=_STYLE,
        disable_xml_declaration=True,
        no_prefix=True,
        truncate_label=-1,
    )


def _height(bars: int) -> int:
    return bars * (40 if bars <= 8 else 28) + 16


def _ticks(highest: int) -> list[int]:
    """Some four round numbers from 0 on."""
    step = next(
        nice * 10**power
        for power in range(10)
        for nice in (1, 2, 5)
        if nice * 10**power * 5 > highest
    )  # fmt: skip
    return list(range(0, highest + 1, step))


def _label(text: str) -> str:
    return clean(text, limit=_LONGEST_LABEL)


def _saying(text: str) -> Callable[[Any], str]:
    return lambda _: text


def _drawn(chart: Any, title: str, told: str, *, beside: bool = False) -> Markup:
    """The chart as it stands in a page. beside: numbers begin where their bar ends."""

    def tidied(root: Element) -> Element:
        for parent in list(root.iter()):
            for child in list(parent):
                unneeded = child.tag in ("defs", "desc", "title") or not isinstance(child.tag, str)
                if unneeded or "tooltip-overlay" in child.get("class", ""):
                    parent.remove(child)
            parent.attrib.pop("style", None)
        if beside:
            for text in root.iter("text"):
                if text.get("class") == "value":
                    text.set("text-anchor", "start")
        root.attrib.pop("id", None)
        root.set("role", "img")
        root.set("focusable", "false")
        root.set("aria-label", f"{clean(title)}. {told}")
        return root

    chart.add_xml_filter(tidied)
    drawn: str = chart.render(is_unicode=True)
    return Markup(drawn)  # noqa: S704 - pygal's own, by way of an XML tree: every text in it is escaped


def _weeks(days: Sequence[tuple[date, int]]) -> list[tuple[date, int]]:
    """Sums by week, each under its Monday."""
    sums: dict[date, int] = {}
    for day, count in days:
        monday = day - timedelta(days=day.weekday())
        sums[monday] = sums.get(monday, 0) + count
    return list(sums.items())
