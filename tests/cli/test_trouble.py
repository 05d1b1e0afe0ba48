"""`zoomsync sync` in trouble: one clear line that says what to do, the right exit code, a failed run with the reason,
unchanged registrants, and the other event goes on."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import OTHER_MEETING_ID, OTHER_SLUG, SLUG, Account, Project, local
from zoomsync import app
from zoomsync.domain.records import Event, Meeting
from zoomsync.simulate.model_event import MODEL_MEETING_ID
from zoomsync.zoom.client import ZoomClient

LISTS = f"/meetings/{MODEL_MEETING_ID}/registrants"
LATER = " Nothing was changed; the next sync tries again."
NETWORK = f"{LATER} If it stays so, check this machine's network, and https://status.zoom.us."
PROXY = (
    f"{LATER} If it stays so, check ZOOMSYNC_ZOOM__API_URL and ZOOMSYNC_ZOOM__OAUTH_URL, and what stands between this "
    "machine and Zoom (a proxy, a login page)."
)


@pytest.fixture
def synced(project: Project) -> Project:
    """Two events that were synced; since then somebody has registered for the first."""
    project.world.populate(MODEL_MEETING_ID, 5)
    project.add_other_event(people=2)
    assert project.sync().code == 0
    project.world.register(MODEL_MEETING_ID, {"email": "new@example.org", "first_name": "Nueva"})
    return project


def fails(project: Project, reason: str, *, remedy: str = "", others_too: bool = False) -> None:
    """Sync: the first event's run fails with `reason` (its beginning), and nothing of it is changed.

    remedy: what the line on standard error adds to the stored reason. others_too: the trouble is with the account.
    """
    before = project.registrants()
    result = project.sync()
    assert result.code == 1
    assert "Traceback" not in result.err
    complaint, *more = result.complaints
    assert complaint.startswith(f"zoomsync: {SLUG}: failed: {reason}")
    state, error = project.runs()[-1]
    assert state == "failed"
    assert complaint == f"zoomsync: {SLUG}: failed: {error}{remedy}"
    assert project.registrants() == before
    if others_too:
        assert [line.split(": ")[1] for line in more] == [OTHER_SLUG]
        assert result.out == ""
    else:
        assert more == []
        assert result.out == f"{OTHER_SLUG}: 2 registrants pulled, nothing changed\n"
        assert project.runs(OTHER_SLUG)[-1] == ("ok", "")


def goes_on(project: Project) -> None:
    """When the trouble is over the next sync has everything."""
    project.world.faults.clear()
    assert project.sync().code == 0
    assert project.registrants()["new@example.org"] == "approved"


# -------------------------------------------------------------------------------------------------- the account


def test_wrong_secret_names_the_settings_to_check(synced: Project) -> None:
    synced.world.client_secret = "another"
    fails(
        synced,
        "Zoom gave no token: Invalid client_id or client_secret (invalid_client) (HTTP 400). "
        "Check ZOOMSYNC_ZOOM__CLIENT_ID and ZOOMSYNC_ZOOM__CLIENT_SECRET",
        others_too=True,
    )
    synced.world.client_secret = "demo-secret"
    goes_on(synced)


def test_wrong_account_names_the_setting_to_check(synced: Project) -> None:
    synced.world.account_id = "another"
    fails(
        synced,
        "Zoom gave no token: Bad request (invalid_request) (HTTP 400). Check ZOOMSYNC_ZOOM__ACCOUNT_ID",
        others_too=True,
    )


def test_missing_scope_is_named(synced: Project) -> None:
    synced.world.scopes.discard("meeting:read:list_registrants:admin")
    result = synced.sync()
    assert result.code == 1
    for complaint in result.complaints:
        assert (
            ": the app lacks the scope meeting:read:list_registrants:admin. Add it on the app's Scopes page in the "
            "Zoom App Marketplace; it holds from the next token on." in complaint
        )
    synced.world.scopes.add("meeting:read:list_registrants:admin")
    goes_on(synced)


def test_missing_credentials_are_told_before_anything_is_asked(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZOOMSYNC_ZOOM__CLIENT_SECRET")
    before = project.contents()
    result = project.sync()
    assert result.code == 2
    assert result.complaints == [
        "zoomsync: ZOOMSYNC_ZOOM__CLIENT_SECRET is not set: write it into .env or secret files, from the Zoom app's "
        'page "App Credentials".'
    ]
    assert project.contents() == before
    assert list(project.zoom.journal) == []


def test_token_revoked_between_two_pages_is_renewed(synced: Project) -> None:
    synced.world.faults.add("revoke_tokens", path=LISTS, times=1)
    goes_on(synced)


def test_token_that_is_refused_again_and_again_ends_the_run(synced: Project) -> None:
    synced.world.faults.add("401", path=LISTS, times=None)
    fails(synced, "Zoom refused the token: Invalid access token (HTTP 401, code 124). Is the app still activated?")
    goes_on(synced)


# -------------------------------------------------------------------------------------------------- the meeting


def test_meeting_that_does_not_exist(synced: Project) -> None:
    del synced.world.meetings[MODEL_MEETING_ID]
    fails(
        synced,
        "Zoom would not read meeting 81234567890: Meeting does not exist: 81234567890 (HTTP 404, code 3001). Check "
        "meeting_id in the event file",
    )


def test_meeting_without_registration(synced: Project) -> None:
    synced.world.set_in_portal(MODEL_MEETING_ID, approval_type=2)
    fails(
        synced,
        "Registration is not switched on for meeting 81234567890: switch it on in the meeting's settings in the Zoom "
        "portal.",
    )
    synced.world.set_in_portal(MODEL_MEETING_ID, approval_type=0)
    goes_on(synced)


@pytest.mark.parametrize(("written", "meant", "type"), [("meeting", "webinar", 5), ("webinar", "meeting", 2)])
def test_id_of_the_other_kind_is_read_as_that_and_told(project: Project, written: str, meant: str, type: int) -> None:
    project.world.add_meeting(OTHER_MEETING_ID, "Taller", type=type, start_time=local("2023-03-07 08:00"))
    project.world.populate(OTHER_MEETING_ID, 3)
    project.write_event(meeting_id=OTHER_MEETING_ID, zoom=f'kind = "{written}"')
    result = project.sync()
    assert (result.code, result.out) == (0, f"{SLUG}: 3 registrants pulled, 3 added\n")
    assert f'is a {meant}, not a {written}: write kind = "{meant}" in the event file.' in result.err


# ------------------------------------------------------------------------------------------------- Zoom's answers


@pytest.mark.parametrize("fault", ["html", "truncated", "empty", "null_rows", "wrong_types", "nested"])
def test_answer_that_is_no_list_is_never_an_empty_one(synced: Project, fault: str) -> None:
    synced.world.faults.add(fault, path=LISTS, times=None)
    fails(synced, "Zoom's answer is not a page of registrants, or only part of one", remedy=PROXY)
    goes_on(synced)


def test_answer_of_fifty_megabytes_is_not_read(synced: Project) -> None:
    synced.world.faults.add("huge", path=LISTS, query="status=denied", times=None)
    fails(synced, "Zoom's answer is larger than 10,485,760 bytes and was not read.", remedy=PROXY)


def test_limit_of_a_second_that_does_not_pass(synced: Project) -> None:
    synced.world.faults.add("429", path=LISTS, times=None)
    fails(synced, "Zoom's rate limit was reached and would not let us list the", remedy=LATER)
    goes_on(synced)


def test_limit_of_a_day_ends_the_run_with_the_time_of_the_next_try(synced: Project) -> None:
    synced.world.faults.add("daily", path=LISTS, query="status=approved", times=None)
    fails(
        synced,
        "Zoom's daily limit is used up and would not let us list the approved registrants of meeting 81234567890; next "
        "try 2023-03-01 00:00 UTC.",
        remedy=LATER,
    )
    assert synced.rows("SELECT retry_at FROM sync_run WHERE state = 'failed'")[0]["retry_at"] is not None
    assert synced.naps == []


@pytest.mark.parametrize("status", ["500", "502"])
def test_5xx_that_stays_fails_after_bounded_tries(synced: Project, status: str) -> None:
    synced.world.faults.add(status, path=LISTS, query="status=approved", times=None)
    fails(
        synced, f"Zoom could not list the approved registrants of meeting 81234567890 (HTTP {status}).", remedy=NETWORK
    )
    assert 10 < sum(synced.naps) <= 60


@pytest.mark.parametrize("fault", ["503", "504", "429", "reset", "cut", "truncated"])
def test_what_passes_is_tried_again_within_the_run(synced: Project, fault: str) -> None:
    synced.world.faults.add(fault, path=LISTS, times=2)
    assert synced.sync().code == 0
    assert synced.registrants()["new@example.org"] == "approved"
    assert synced.runs()[-1] == ("ok", "")


def test_network_that_is_gone(synced: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOOMSYNC_ZOOM__API_URL", "http://127.0.0.1:1/v2")
    monkeypatch.setenv("ZOOMSYNC_ZOOM__OAUTH_URL", "http://127.0.0.1:1/oauth/token")
    fails(synced, "Zoom did not answer (ConnectionError).", remedy=NETWORK, others_too=True)


# --------------------------------------------------------------------------------------------------- the database


@pytest.fixture
def impatient(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """SQLite waits a moment for a lock, instead of ten seconds four times."""

    def database(url: str, **options: object) -> app.Database:
        return _DATABASE(url, busy_timeout_s=0.05, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(app, "Database", database)
    return project


_DATABASE = app.Database


def test_database_locked_by_another_program(impatient: Project) -> None:
    with closing(sqlite3.connect(impatient.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        result = impatient.sync()
    assert (result.code, result.out) == (1, "")
    (complaint,) = result.complaints
    assert complaint == (
        f"zoomsync: {SLUG}: failed: The database {impatient.file} stayed locked by another program: close it, or try "
        "again later."
    )
    assert impatient.sync().code == 0


def test_database_that_is_locked_for_a_moment_is_waited_for(impatient: Project) -> None:
    impatient.world.populate(MODEL_MEETING_ID, 3)
    other = sqlite3.connect(impatient.file, isolation_level=None, check_same_thread=False)

    class Waits(list[float]):
        """The first wait is as long as the other program needs."""

        def append(self, seconds: float) -> None:
            super().append(seconds)
            if other.in_transaction:
                other.execute("COMMIT")

    with closing(other):
        other.execute("BEGIN IMMEDIATE")
        impatient.naps = Waits()
        run = impatient.synced()
    assert len(impatient.naps) == 1
    assert run["added"] == 3


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("sqlite:///nowhere/zoomsync.db", "The folder {folder}/nowhere for the database does not exist: create it."),
        ("sqlite:///config", "The database {folder}/config is a folder: name a file in it."),
        ("sqlite:///words.db", "{folder}/words.db is not a SQLite database: check ZOOMSYNC_DATABASE_URL."),
        (
            "postgresql://ana:sesame@127.0.0.1:1/zoomsync",
            "The database postgresql+psycopg://ana:***@127.0.0.1:1/zoomsync cannot be reached (connection failed: ",
        ),
    ],
)
def test_database_that_cannot_be_used(project: Project, monkeypatch: pytest.MonkeyPatch, place: str, told: str) -> None:
    (project.folder / "words.db").write_text("a letter to the treasurer\n" * 100)
    monkeypatch.setenv("ZOOMSYNC_DATABASE_URL", place)
    for command in ("sync", "remind", "status"):
        result = project.at(project.clock(), command)
        assert (result.code, result.out) == (1, "")
        (complaint,) = result.complaints
        assert complaint.startswith("zoomsync: " + told.format(folder=project.folder))
        assert "sesame" not in result.err
    assert list(project.zoom.journal) == []


def test_address_of_no_database_is_wrong_usage(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOOMSYNC_DATABASE_URL", "mysql://ana:sesame@localhost/zoomsync")
    result = project.sync()
    assert result.code == 2
    assert "Write sqlite:///zoomsync.db or postgresql+psycopg://user:password@host/name." in result.err
    assert "sesame" not in result.err


def test_database_of_a_newer_zoomsync_is_left_alone(project: Project) -> None:
    with closing(sqlite3.connect(project.file)) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
        other.commit()
    result = project.sync()
    assert result.code == 1
    (complaint,) = result.complaints
    assert "has schema 9999, newer than this zoomsync knows (up to " in complaint
    assert complaint.endswith("): upgrade zoomsync.")
    assert list(project.zoom.journal) == []


def test_disk_that_is_full_changes_nothing_and_is_told(synced: Project) -> None:
    """A process that may write no file larger than the database is now: what a full disk is to SQLite."""
    synced.world.populate(MODEL_MEETING_ID, 2_000, seed=3)
    before = synced.registrants()
    largest = synced.file.stat().st_size + 50_000

    def no_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    result = synced.finish(synced.start("sync", SLUG, preexec_fn=no_room))
    assert (result.code, result.out) == (1, "")
    (complaint,) = result.complaints
    assert complaint.startswith(f"zoomsync: {SLUG}: failed: The disk ")
    assert "full" in complaint
    assert synced.registrants() == before

    assert synced.sync().code == 0
    assert len(synced.registrants()) == 2_006


# ------------------------------------------------------------------------------------------ answers and talk get lost


def test_answer_that_cannot_be_written_is_told_and_the_work_is_done(synced: Project) -> None:
    with Path("/dev/full").open("w") as full:
        result = synced.finish(synced.start("sync", "--json", stdout=full))
    assert result.code == 1
    assert result.err == "zoomsync: The answer cannot be written to standard output (No space left on device).\n"
    assert "new@example.org" in synced.registrants()


def test_talk_that_cannot_be_written_stops_nothing(synced: Project) -> None:
    del synced.world.meetings[OTHER_MEETING_ID]
    with Path("/dev/full").open("w") as full:
        done = synced.finish(synced.start("sync", "-v", stderr=full))
        wrong = synced.finish(synced.start("sync", "nothing", stderr=full))
    assert (done.code, done.out) == (1, f"{SLUG}: 6 registrants pulled, 1 added\n")
    assert wrong.code == 2


def test_reader_that_goes_away_is_no_trouble(synced: Project) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = synced.start("status", stdout=writing)
    os.close(writing)
    result = synced.finish(process)
    assert (result.code, result.err) == (0, "")


# ---------------------------------------------------------------------------------------------------- killed


@pytest.mark.parametrize("point", ["sync.pulled", "sync.written", "sync.committed"])
def test_sync_that_is_killed_leaves_all_or_nothing_and_the_next_one_ends_right(project: Project, point: str) -> None:
    project.world.populate(MODEL_MEETING_ID, 12)
    killed = project.finish(project.start("sync", failpoint=f"{point}:1:kill"))
    assert killed.code == -signal.SIGKILL
    left = project.registrants()
    assert len(left) == (12 if point == "sync.committed" else 0)

    run = project.synced()
    assert (run["added"], run["unchanged"]) == (12 - len(left), len(left))
    assert len(project.registrants()) == 12
    ended = ("ok", "") if left else ("failed", "interrupted before it ended")
    assert project.runs() == [ended, ("ok", "")]
    assert project.naps == []  # the lease of a process that is gone is not waited for
    assert project.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    (waiting,) = project.rows("SELECT count(*) AS messages FROM outbox")
    assert waiting == {"messages": 12 * 4}


# --------------------------------------------------------------------------------------------------- tracebacks


def test_unforeseen_trouble_shows_no_traceback_unless_asked_to(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: ZoomClient, event: Event) -> tuple[Meeting, ...]:
        if event.slug == SLUG:
            raise RuntimeError("what nobody thought of")
        return find_meetings(self, event)

    find_meetings = ZoomClient.find_meetings
    monkeypatch.setattr(ZoomClient, "find_meetings", broken)
    project.add_other_event(people=2)
    result = project.sync()
    assert (result.code, result.out) == (1, f"{OTHER_SLUG}: 2 registrants pulled, 2 added\n")
    assert result.err == (
        f"zoomsync: {SLUG}: failed: something unforeseen happened (RuntimeError: what nobody thought of). Run the same "
        "command with --debug to see where, and please report it.\n"
    )
    with pytest.raises(RuntimeError):
        project.sync("--debug")


def test_verbose_logs_of_a_whole_event_show_nothing_confidential(
    synced: Project, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the logs must not show is looked for by the fixture."""
    monkeypatch.setenv("ZOOMSYNC_LOG__FORMAT", "json")
    for at in ("2023-03-05 08:00", "2023-03-06 00:05", "2023-03-06 17:05", "2023-03-07 07:00"):
        assert synced.at(local(at), "sync", "-v").code == 0
        assert synced.at(local(at), "remind", "-v").code == 0
    synced.world.faults.add("reset", path="/registrants", times=4)
    synced.at(local("2023-03-07 17:05"), "remind", "-v")
    assert len(synced.mails.messages) > 20
    assert '"logger": "zoomsync.' in "".join(synced.heard)
    for part in ("@", "zoom.us/w/", "eyJ."):
        assert any(part in word for word in account.given), "the fixture looks for nothing"
