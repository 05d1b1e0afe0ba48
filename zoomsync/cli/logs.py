"""Logs on standard error: lines for a person, or one JSON object a line. What never stands in them: `redaction`."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable
from datetime import UTC, datetime

from zoomsync.about import ids_here
from zoomsync.cli.redaction import Redaction, extras_of


def set_up_logging(
    level: str, form: str, *, verbose: bool = False, quiet: bool = False, secrets: Iterable[str] = ()
) -> None:
    """Send the house's logs to standard error. verbose: everything of ours; quiet: warnings and errors alone.

    Other libraries are heard from warnings on. secrets: values that are written nowhere.
    """
    wanted = logging.DEBUG if verbose else logging.WARNING if quiet else logging.getLevelName(level.upper())
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(put_ids)
    handler.addFilter(Redaction(secrets))
    handler.setFormatter(JsonLines() if form == "json" else ConsoleLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("zoomsync").setLevel(wanted)
    # Closing what a database has cut off fails with a traceback; whoever was at work on it is told in words of ours.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)


def put_ids(record: logging.LogRecord) -> bool:
    """Put what the work in hand is about beside the words, where the line does not say it itself."""
    for name, value in ids_here().items():
        record.__dict__.setdefault(name, value)
    return True


class ConsoleLines(logging.Formatter):
    """`12:00:05Z warning  words  job=... event=... run=...`"""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%SZ")
        extras = "".join(f"  {name}={value}" for name, value in extras_of(record).items())
        trace = f"\n{record.exc_text}" if record.exc_text else ""
        return f"{at} {record.levelname.lower():8}{record.getMessage()}{extras}{trace}"


class JsonLines(logging.Formatter):
    """One object a line: time, level, logger, message, then what was given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **extras_of(record),
        }
        if record.exc_text:
            document["trace"] = record.exc_text
        return json.dumps(document, ensure_ascii=False, default=str)
