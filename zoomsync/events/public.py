"""Public files put in place: whole or not at all, and only where something changed, so that a site is not rebuilt."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

READABLE_BY_ALL = 0o644  # a web server under another user serves them


def put_in_place(file: Path, data: bytes) -> bool:
    """Make `file` hold `data`, its folder made if need be. False if it did already. Raises OSError.

    Whoever reads meanwhile sees the old file or the new one, never half of it.
    """
    with contextlib.suppress(FileNotFoundError):
        if file.read_bytes() == data:
            return False
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        unfinished.chmod(READABLE_BY_ALL)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return True
