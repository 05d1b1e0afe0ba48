"""Logs: what never stands in them, what each line is about, and that writing one stops no work."""

from __future__ import annotations

import gc
import json
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from sqlalchemy import func, select

from tests import canaries, postgres
from tests.canaries import confidential_in
from tests.cli.conftest import SLUG, Project, local
from zoomsync.about import about, as_here
from zoomsync.cli.logs import set_up_logging
from zoomsync.cli.redaction import LONGEST, Redaction
from zoomsync.errors import StoreError
from zoomsync.simulate.model_event import MODEL_MEETING_ID
from zoomsync.store.schema import Database

SECRET = "canary/of a'secret"
LINK = "https://us06web.zoom.us/w/81234567890?tk=DQIAcanary.AG&pwd=canary1"
FORM = "https://us06web.zoom.us/meeting/register/tZMlc-qhpjMtGtYqxhx96FZRs4cZqE_cBme8"
CONFIDENTIAL = (
    f"ana.maria@example.org registered at {FORM}, joins by {LINK}, with {SECRET} and Bearer eyJ.canary.canary"
)

log = logging.getLogger("zoomsync.tests")


@pytest.fixture
def told(process_restored: None, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Has a line logged at once, and gives what stands on standard error."""

    def tell(form: str, message: str, *values: object, **named: Any) -> str:
        set_up_logging("debug", form, secrets=[SECRET])
        log.warning(message, *values, **named)
        return capsys.readouterr().err

    return tell


@pytest.fixture(autouse=True)
def _own_line() -> Iterator[None]:
    """The suite's own listener knows no secret of these tests."""
    listeners = logging.getLogger("zoomsync").handlers[:]
    logging.getLogger("zoomsync").handlers.clear()
    yield
    logging.getLogger("zoomsync").handlers[:] = listeners


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("to ana@example.org.", "to a…@example.org."),
        ("<ana.maria+zoom@example.org>", "<a…@example.org>"),
        ("{'email': 'ñandú@example.org'}", "{'email': 'ñ…@example.org'}"),
        ('o\'brien@example.org, "a b"@example.org', "o…@example.org, …@example.org"),
        ("?email=ana%2Bx%40example.org", "?email=a…@example.org"),
        ("a@example.org b@[127.0.0.1]", "a…@example.org b…@[127.0.0.1]"),
        ("sent to a…@example.org", "sent to a…@example.org"),
        (LINK, "https://us06web.zoom.us/w/…"),
        (f"the form ({FORM}) is", "the form (https://us06web.zoom.us/meeting/register/… is"),
        ("https://avisos.example.org/u/12-0123456789abcdef0123456789abcdef", "https://avisos.example.org/u/…"),
        ("12-0123456789abcdef0123456789abcdef is nobody's", "… is nobody's"),
        ("url: /v2/meetings/81234567890/registrants?status=approved&next_page_token=aBc", None),
        ("Authorization: Bearer eyJ.abcdefgh.ijklmnop", "Authorization: Bearer …"),
        ("{'access_token': 'abcdefg', 'expires_in': 3600}", "{'access_token': '…', 'expires_in': 3600}"),
        ("ZOOMSYNC_SMTP__PASSWORD=abc and tk=abc", "ZOOMSYNC_SMTP__PASSWORD=… and tk=…"),
        ("tZMlc-qhpjMtGtYqxhx96FZRs4cZqE_cBme8", "…"),
        ("postgresql://user:p@host/zoomsync", "postgresql://…@host/zoomsync"),
        (f"{SECRET}, canary%2Fof%20a%27secret", "…, …"),
        ("ZOOMSYNC_ZOOM__CLIENT_SECRET is not set: write it into .env", None),
        ("config/events/encuentro-justicia-abierta-2023.toml, line 3", None),
        ('File "/srv/zoomsync/.venv/lib/python3.11/site-packages/zoomsync/app.py", line 12, in @wraps', None),
        ("registrant _f08HhPJS82MIVLuuFaJPg of meeting 81234567890", None),
        ("two\nlines\x1b[31m", "two lines[31m"),
    ],
)
def test_what_is_confidential_is_taken_out_and_the_rest_stays(said: str, written: str | None) -> None:
    record = logging.makeLogRecord({"msg": "%s", "args": (said,)})
    Redaction([SECRET]).filter(record)
    if written is None:
        written = re.sub(r"\?.*", "?…", said)
    assert record.getMessage() == written


@pytest.mark.parametrize("form", ["console", "json"])
def test_neither_message_nor_extras_nor_traceback_show_it(told: Any, form: str) -> None:
    try:
        try:
            raise ValueError(CONFIDENTIAL)
        except ValueError as error:
            raise KeyError(CONFIDENTIAL) from error
    except KeyError as error:
        trouble = error

    class Thing:
        def __str__(self) -> str:
            return CONFIDENTIAL

    said = told(form, "%s of %s", CONFIDENTIAL, Thing(), extra={"thing": Thing(), "count": 3}, exc_info=trouble)
    assert confidential_in(said) == []
    assert "maria" not in said
    assert said.count("Traceback") == 2
    assert "ValueError: a…@example.org registered" in said
    if form == "json":
        (line,) = said.splitlines()
        assert json.loads(line)["count"] == 3


@pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")
def test_connection_that_was_cut_off_in_the_middle_is_told_by_its_error_alone(
    told: Any, capsys: pytest.CaptureFixture[str], postgres_url: str
) -> None:
    told("console", "begins")
    database = Database(postgres_url)
    ours = f"datname = '{postgres_url.rpartition('/')[2]}' AND application_name = 'zoomsync'"

    def read_while_it_is_cut() -> None:
        with database.read() as db:
            numbers = db.execute(select(func.generate_series(1, 100_000)), execution_options={"yield_per": 100})
            next(numbers)
            postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}")
            numbers.all()

    with pytest.raises(StoreError):
        read_while_it_is_cut()
    gc.collect()
    database.close()
    assert capsys.readouterr().err == ""


def test_a_line_that_cannot_be_written_as_it_was_meant_stops_no_work(told: Any) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no words")

    assert "with %d values" in told("console", "with %d values", "no")
    assert "thing=<Broken>" in told("json", "x", extra={"thing": Broken()}).replace('": "', "=").replace('"', "")


@pytest.mark.parametrize("piece", ["a", "a'", "a@", "://", "?a=", "eyJ", "a_", "aA1-", "/w/", "token=", "%40", "1-"])
def test_what_a_long_line_costs_is_bounded(piece: str) -> None:
    begun = time.perf_counter()
    assert len(Redaction([SECRET]).redact(piece * 500_000)) < 2 * LONGEST
    assert time.perf_counter() - begun < 2  # it takes some milliseconds; without bounds it would be minutes


# ------------------------------------------------------------------------------------------------- what it is about


def test_every_line_says_what_it_is_about_in_threads_too(told: Any, capsys: pytest.CaptureFixture[str]) -> None:
    told("json", "set up")
    with about(job="sync"), ThreadPoolExecutor(2) as threads:
        with about(event="one"):
            threads.submit(as_here(log.warning), "first").result()
        with about(event="two", run=7):
            threads.submit(as_here(log.warning), "second", extra={"event": "its own"}).result()
        log.warning("third")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    ids = [{name: line[name] for name in ("job", "event", "run") if name in line} for line in lines]
    assert ids == [{"job": "sync", "event": "one"}, {"job": "sync", "event": "its own", "run": 7}, {"job": "sync"}]


# --------------------------------------------------------------------------------------------- an error in each room


def test_an_error_in_any_room_is_told_with_its_place_and_without_what_is_confidential(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from zoomsync import daemon as daemons
    from zoomsync.app import open_app

    monkeypatch.setenv("ZOOMSYNC_ZOOM__WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("ZOOMSYNC_WEB__PORT", "0")
    project.world.populate(MODEL_MEETING_ID, 2)
    begin = local("2023-03-06 17:00")
    project.clock.move_to(begin)
    app = open_app(config=None, cwd=project.folder, environ=os.environ, now=begin.isoformat())
    set_up_logging("info", "json", secrets=app.settings.confidential)
    daemon = daemons.Daemon(app)
    unforeseen = daemons._tell_error

    def sweep(name: str, work: Callable[[], None]) -> None:
        try:
            daemon._guarded(name, work)()
        except Exception as error:
            unforeseen(JobExecutionEvent(EVENT_JOB_ERROR, name, "default", begin, exception=error))

    def synced() -> None:
        daemon._sync(daemon._events[0])

    def fail(*_: object, **__: object) -> Any:
        raise RuntimeError(CONFIDENTIAL)

    def asked() -> None:
        daemon.sweep_web()
        assert daemon._web is not None
        assert requests.get(f"{daemon._web.start()}/readyz", timeout=10).status_code == 500
        daemon._web.stop()

    sweep("beat", daemon._beat)
    capsys.readouterr()
    for place, name, work in (
        ("zoomsync.events.watching.EventFolder.look", "beat", daemon._beat),
        ("zoomsync.zoom.api.Api._send", "sync", synced),
        ("zoomsync.jobs.sync.sift", "sync", synced),
        ("zoomsync.store.registrants.apply_changes", "sync", synced),
        ("zoomsync.jobs.planning.plan_messages", "sync", synced),
        ("zoomsync.jobs.close.Keeper.keep", "sync", synced),
        ("zoomsync.jobs.sync.Syncer.sync", "sync", synced),
        ("zoomsync.mail.render.Renderer.render", "deliver", daemon.sweep_mail),
        ("zoomsync.jobs.alarms.alarms_of", "alarms", daemon.sweep_alarms),
        ("zoomsync.web.health.Health._why_not", "web", asked),
    ):
        with monkeypatch.context() as broken:
            broken.setattr(place, fail)
            sweep(name, work)
        said = capsys.readouterr().err
        assert confidential_in(said) == []
        assert SECRET not in said
        line, *_ = [line for line in map(json.loads, said.splitlines()) if "trace" in line] or pytest.fail(place)
        assert "RuntimeError: a…@example.org registered" in line["trace"], place
        assert line["job"] == name, place
        assert line.get("event", SLUG) == SLUG
        if name == "sync":
            assert line["event"] == SLUG
    app.close()


# ------------------------------------------------------------------------------------------- the suite's own listener


def test_the_suite_hears_what_is_confidential_in_any_log(suite_listener: canaries.Listener) -> None:
    """`tests/conftest.py` has every test fail for it; here it is looked at and forgotten."""
    with canaries.listening() as listener:
        listener._redaction.filter = lambda record: True  # type: ignore[method-assign]
        log.debug("somebody (%s) registered", "ana.maria@example.org", extra={"link": LINK})
        code = "import sys; sys.exit('12:00:05Z error   the zoomsync canary-secret is wrong')"
        subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE).communicate()
        found = " ".join(listener.forget())
    suite_listener.forget()  # which has heard the process as well
    for shown in ("ana.maria@example.org", "/w/81234567890?tk=", "canary in: 12:00:05Z"):
        assert shown in found
