"""`zoomsync simulate`: a process of its own that another terminal works against."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from zoomsync.cli import main
from zoomsync.simulate.model_event import MODEL_LINK_TOKEN


@pytest.fixture
def folder(clean_environment: Path, process_restored: None) -> Path:
    """An empty folder to stand in."""
    return clean_environment


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def simulator(*words: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A running simulator, and the settings that it tells the other terminal to export."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "zoomsync", "simulate", "--port", str(port), *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        said = ""
        while "Ctrl-C ends it." not in said:
            line = process.stderr.readline()
            assert line, f"it ended: {said}"
            said += line
        yield process, dict(re.findall(r"(ZOOMSYNC_\w+)=(\S+)", said))
    finally:
        process.kill()
        process.communicate()


def answered(address: str) -> bytes:
    """What an address answers, as soon as somebody listens there."""
    with urllib.request.urlopen(urllib.request.Request(address), timeout=10) as answer:
        return bytes(answer.read())


def test_other_terminal_syncs_with_what_it_was_told_to_export(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with simulator("--registrants", "7", "--now", "2023-03-01T12:00") as (process, settings):
        assert set(settings) == {
            f"ZOOMSYNC_ZOOM__{name}" for name in ("ACCOUNT_ID", "CLIENT_ID", "CLIENT_SECRET", "API_URL", "OAUTH_URL")
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        main(["init"])
        event = folder / "config" / "events" / "my-first-event.toml"
        event.write_text(
            re.sub(r"(?m)^registration_url.*$", "meeting_id = 81234567890", event.read_text(encoding="utf-8")),
            encoding="utf-8",
        )
        capsys.readouterr()
        assert main(["sync", "--json", "--now", "2023-03-01T12:00"]) == 0
        (run,) = json.loads(capsys.readouterr().out)["runs"]
        assert (run["event"], run["added"]) == ("my-first-event", 7)

        base = settings["ZOOMSYNC_ZOOM__API_URL"].removesuffix("/v2")
        assert json.loads(answered(f"{base}/simulate/state"))["now"].startswith("2023-03-01T18:00")
        assert b"<form" in answered(f"{base}/meeting/register/{MODEL_LINK_TOKEN}")
        assert b"/simulate/cancel" in answered(f"{base}/simulate/")

        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out) == (0, "")
        assert "Traceback" not in err


def test_port_that_is_taken_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["simulate", "--port", str(port)]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"zoomsync: Cannot listen on 127.0.0.1:{port} ({os.strerror(98)}): choose another --port."
    )
