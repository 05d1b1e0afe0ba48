"""What each command takes of the processor before its work begins, beside a bare `python -c pass` in the same run.

Every command's own help (what it reads before it does anything), and a few that look at a demo's database, whole.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

from tests.benchmarks.measuring import show
from zoomsync.cli.commands import COMMANDS

RUNS = 5
AFTER = ("--now", "2023-03-08T14:00")
WHOLE = (("status",), ("timeline", "encuentro-justicia-abierta-2023"), ("outbox", "list"), ("report", "overview"))


def seconds(*words: str) -> float:
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = getrusage(RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def ratios(*words: str) -> list[float]:
    """Beside a bare interpreter, the two taking turns."""
    pairs = [(seconds("-c", "pass"), seconds("-m", "zoomsync", *words)) for _ in range(RUNS)]
    return [ours / bare for bare, ours in pairs]


def main() -> None:
    show("--help", ratios("--help"), "x a bare interpreter", "at most 10")
    slowest = sorted(((median(ratios(name, "--help")), name) for name in COMMANDS), reverse=True)
    for ratio, name in slowest:
        show(f"{name} --help", [ratio], "x a bare interpreter")
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "demo"
        subprocess.run(
            [sys.executable, "-m", "zoomsync", "demo", "--fast", "--keep", str(kept)], check=True, capture_output=True
        )
        for words in WHOLE:
            command = (*words, "--config", str(kept / "config" / "zoomsync.toml"), *AFTER)
            show(" ".join(words[:2]) + ", whole", ratios(*command), "x a bare interpreter")


if __name__ == "__main__":
    main()
