"""The pictures of the demo in the documents: `make pictures` plays it in each language and draws its live view.

The same bytes each time: the demo's clock is its own, and its people are always the same. No font is fetched.
"""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from zoomsync import language
from zoomsync.demo.ending import how_it_ended
from zoomsync.demo.live import LiveTeller
from zoomsync.demo.stage import staged
from zoomsync.demo.story import DEADLINE, Story
from zoomsync.demo.telling import Happening

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
PICTURES = {"en": "demo.svg", "es": "demo.es.svg"}
COLUMNS = 100
# Rich's own template has its font fetched from elsewhere; any font of one width does.
_FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace(
    "font-family: Fira Code", "font-family: ui-monospace, Menlo, Consolas, DejaVu Sans Mono"
)


class _Painter(LiveTeller):
    """Draws what happens from the deadline on: the whole would be too long for a page."""

    def __init__(self, console: Console) -> None:
        super().__init__(console, pace_s=0, animated=False)

    def tell(self, one: Happening) -> None:
        if one.at >= DEADLINE:
            super().tell(one)


def picture(spoken: str) -> str:
    """The SVG of a demo that is played now."""
    console = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor", highlight=False,
        legacy_windows=False, _environ={},
    )  # fmt: skip
    language.use(spoken)
    with TemporaryDirectory() as scratch, staged(Path(scratch) / "demo", environ=os.environ, spoken=spoken) as stage:
        painter = _Painter(console)
        story = Story(stage, painter)
        story.play()
        painter.end()
        console.print()
        for line in list(how_it_ended(story.ending()))[-2:]:
            console.print(line, markup=False, style="bold green")
    return console.export_svg(title="zoomsync demo", code_format=_FORMAT, unique_id="demo")


def main() -> None:
    for spoken, name in PICTURES.items():
        (FOLDER / name).write_text(picture(spoken), encoding="utf-8")


if __name__ == "__main__":
    main()
