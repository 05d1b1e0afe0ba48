"""`check` as a checklist: headings for what was looked at, a mark for each finding, and below a cross what to do."""

from __future__ import annotations

from zoomsync.cli.output import answer, can_show, paint, wrapped
from zoomsync.jobs.check import CheckLine, Mark
from zoomsync.language import N_, _
from zoomsync.text import terminal

_HEADINGS = {
    "settings": N_("Settings"),
    "database": N_("Database"),
    "zoom": "Zoom",
    "mail": N_("Mail"),
    "web": N_("Web part"),
}
_SIGNS = {Mark.OK: "✓", Mark.WARNING: "!", Mark.CROSS: "✗"}
_WORDS = {Mark.OK: N_("ok"), Mark.WARNING: N_("look"), Mark.CROSS: N_("MEND")}
_STYLES = {Mark.OK: "green", Mark.WARNING: "yellow", Mark.CROSS: "bold red"}


class Checklist:
    """Shows findings as they come. Those of one thing come one after another, so that it has one heading."""

    def __init__(self) -> None:
        self._about = ""
        self._signs = can_show("✓✗→")
        self.counts = dict.fromkeys(Mark, 0)

    def add(self, line: CheckLine) -> None:
        if line.about != self._about:
            if self._about:
                answer()
            self._about = line.about
            answer(paint(_(_HEADINGS.get(line.about, "")) if line.about in _HEADINGS else terminal(line.about), "bold"))
        self.counts[line.mark] += 1
        sign = _SIGNS[line.mark] if self._signs else _(_WORDS[line.mark]).ljust(self._width)
        text = wrapped(terminal(line.text), indent=len(sign) + 3)
        answer(f"  {paint(sign, _STYLES[line.mark])} {text}")
        if line.remedy:
            arrow = "→" if self._signs else "->"
            remedy = wrapped(terminal(line.remedy), indent=len(sign) + len(arrow) + 4)
            answer(f"   {' ' * len(sign)}{arrow} {remedy}")

    @property
    def _width(self) -> int:
        return max(len(_(word)) for word in _WORDS.values())

    def sum_up(self) -> None:
        answer()
        answer(
            _("{crosses} to mend, {warnings} to look at, {fine} in order.").format(
                crosses=self.counts[Mark.CROSS], warnings=self.counts[Mark.WARNING], fine=self.counts[Mark.OK]
            )
        )
