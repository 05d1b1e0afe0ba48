"""The front matter of a page (Jekyll, Eleventy, Hugo: YAML, TOML, JSON), every value as it is written there."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

import frontmatter
import yaml
from frontmatter.default_handlers import BaseHandler, JSONHandler, YAMLHandler

from zoomsync.events.announcement.page import Block, BlockKind, Entry, Page, plain


class _AsWritten(YAMLHandler):
    """YAML with every value as the text that stands there: else 18:00 is the number 1080."""

    def load(self, fm: str, **kwargs: object) -> Any:
        return yaml.load(fm, Loader=yaml.BaseLoader)  # noqa: S506 - the base loader makes texts, lists and dicts alone


class _Toml(BaseHandler):
    """Hugo's front matter, by the standard library: frontmatter's own handler wants a parser that is kept no more."""

    FM_BOUNDARY = re.compile(r"^\+{3,}\s*$", re.MULTILINE)
    START_DELIMITER = END_DELIMITER = "+++"

    def load(self, fm: str) -> dict[str, Any]:
        return tomllib.loads(fm)


_HANDLERS = (_AsWritten(), _Toml(), JSONHandler())
_MOST_ENTRIES = 500


def read_front_matter(source: str, page: Page) -> tuple[str, int]:
    """Take the front matter into `page`; gives the body and the line it begins in.

    One that cannot be read is taken for text.
    """
    handler = frontmatter.detect_format(source, _HANDLERS)
    if handler is None:
        return source, 1
    try:
        matter, body = handler.split(source)
        values: Any = handler.load(matter)
    except (ValueError, yaml.YAMLError, json.JSONDecodeError, RecursionError):
        return source, 1
    if not isinstance(values, dict):
        return source, 1
    before = source[: len(source) - len(body)]
    lines = before.split("\n")
    for number, (key, value) in enumerate(_flat(values, "")):
        if number == _MOST_ENTRIES:
            break
        line = _line_of(lines, key, value)
        page.front.append(Entry(key.lower(), value, line))
        text = plain(f"{key.rpartition('.')[2]}: {value}").strip()
        page.blocks.append(Block(text, ((0, line),), BlockKind.FRONT, key=key.lower()))
    page.entries += page.front
    return body, before.count("\n") + 1


def _flat(value: object, key: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Every value with its keys joined by "."; lists count from 0."""
    if depth > 6:
        return
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _flat(each, f"{key}.{name}".lstrip("."), depth + 1)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _flat(each, f"{key}.{number}", depth + 1)
    elif isinstance(value, datetime | date | time):
        yield key, value.isoformat()
    elif value is not None and str(value).strip():
        yield key, " ".join(str(value).split())


def _line_of(lines: list[str], key: str, value: str) -> int:
    """The line of the front matter where the key stands, with its value if that can be seen."""
    last = key.rpartition(".")[2]
    name = key.split(".")[-2] if last.isdigit() and "." in key else last
    at = [number for number, line in enumerate(lines, start=1) if re.match(rf"[\s\-\"'\[{{]*{re.escape(name)}\b", line)]
    start = value[:12]
    return next((number for number in at if start in lines[number - 1]), at[0] if at else 1)
