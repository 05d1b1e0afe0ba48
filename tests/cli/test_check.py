"""`zoomsync check`: a line for everything an event needs, with what to do about it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.builders import utc
from tests.cli.conftest import OTHER_MEETING_ID, OTHER_SLUG, SLUG, Project, Result, local
from zoomsync.clock import system_clock
from zoomsync.simulate.model_event import MODEL_LINK_TOKEN, MODEL_MEETING_ID
from zoomsync.store.schema import Database
from zoomsync.web.app import web_application
from zoomsync.web.server import WebServer


def check(project: Project, *words: str) -> Result:
    return project.at(project.clock(), "check", *words)


def lines(result: Result) -> list[tuple[str, str]]:
    """Mark and text of each line, with what it is about, and the remedies with the mark "→"."""
    found, about = [], ""
    for line in result.out.splitlines()[:-1]:
        mark, _, text = line.strip().partition(" ")
        if line and not line.startswith(" "):
            about = line if line in (SLUG, OTHER_SLUG) else {"Web part": "web"}.get(line, line.lower())
        elif line:
            found.append((mark, text if mark == "→" else f"{about}: {text}"))
    return found


def test_everything_in_order(project: Project) -> None:
    before = project.contents()
    result = check(project)
    assert result.code == 0
    assert result.out == (
        "Settings\n"
        "  ✓ not set, which is fine if you do not want it: unsubscribing by one click "
        "(ZOOMSYNC_WEB__PUBLIC_URL with https), webhooks (ZOOMSYNC_ZOOM__WEBHOOK_SECRET), the pages "
        "at /admin/ (ZOOMSYNC_WEB__ADMIN_TOKEN), an address that watches over the daemon (ZOOMSYNC_ALERTS__PING_URL)\n"
        "\nDatabase\n"
        f"  ✓ sqlite:///{project.file} can be read and written\n"
        "\nZoom\n"
        "  ✓ the credentials are accepted\n"
        "\nMail\n"
        f"  ✓ 127.0.0.1:{project.mails.port} lets us in\n"
        f"\n{SLUG}\n"
        "  ✓ its file can be read\n"
        '  ✓ meeting 81234567890 "Encuentro de Justicia Abierta 2023" is found, with registration\n'
        "  ✓ 2 sessions, at the times Zoom shows\n"
        "\n0 to mend, 0 to look at, 7 in order.\n"
    )
    assert result.err == ""
    assert project.contents() == before
    assert project.writes() == []
    assert project.mails.messages == []


def test_json_has_the_same_lines(project: Project) -> None:
    document = check(project, "--json").json
    assert list(document) == ["ok", "lines"]
    assert document["ok"] is True
    assert [line["mark"] for line in document["lines"]] == ["ok"] * 7
    assert document["lines"][4] == {"mark": "ok", "about": SLUG, "text": "its file can be read", "remedy": ""}


def _link_alone(project: Project) -> None:
    project.write_event(
        meeting_id=0, zoom=f'registration_url = "https://us06web.zoom.us/meeting/register/{MODEL_LINK_TOKEN}"'
    )


def _draft(project: Project) -> None:
    project.write_event(top='status = "draft"\n')


def _approved_by_hand(project: Project) -> None:
    project.world.set_in_portal(MODEL_MEETING_ID, approval_type=1)


def _without_fixed_times(project: Project) -> None:
    project.world.add_meeting(OTHER_MEETING_ID, "Taller", type=3, approval_type=0)
    project.write_event(meeting_id=OTHER_MEETING_ID)


def _webinar_as_meeting(project: Project) -> None:
    project.world.add_meeting(OTHER_MEETING_ID, "Taller", type=5, start_time=local("2023-03-07 08:00"))
    project.write_event(meeting_id=OTHER_MEETING_ID)


def _half_an_hour_apart(project: Project) -> None:
    occurrence = project.world.meetings[MODEL_MEETING_ID].occurrences[0]
    project.world.move_occurrence(MODEL_MEETING_ID, occurrence.occurrence_id, local("2023-03-07 08:30"))


def _scope_to_close_missing(project: Project) -> None:
    project.world.scopes.discard("meeting:update:meeting:admin")


@pytest.mark.parametrize(
    ("make", "told", "remedy"),
    [
        (_draft, f"{SLUG}: is a draft: no mail, no closing", f"zoomsync go-live {SLUG} turns it active"),
        (
            _link_alone,
            f"{SLUG}: the meeting was found by its registration link",
            "write meeting_id = 81234567890 under [zoom]: a link finds upcoming meetings only",
        ),
        (
            _approved_by_hand,
            f"{SLUG}: registrants are approved by hand already, so people approve and nothing is left to switch",
            'write closing = "manual" under [zoom], or set approval to automatic in the Zoom portal',
        ),
        (
            _without_fixed_times,
            f"{SLUG}: it recurs without fixed times: Zoom drops the change that closes registration",
            "schedule it with fixed times",
        ),
        (_webinar_as_meeting, f"{SLUG}: it is a webinar", 'write kind = "webinar" under [zoom]'),
        (
            _half_an_hour_apart,
            f"{SLUG}: Sesión 1 starts Mar 7, 2023, 8:00 AM by the file and Mar 7, 2023, 8:30 AM on Zoom",
            "",
        ),
        (
            _scope_to_close_missing,
            "zoom: the app does not name the scope to close registration: meeting:update:meeting:admin",
            "add it to the app in marketplace.zoom.us, under Scopes",
        ),
    ],
)
def test_warning_says_what_to_look_at_and_is_no_failure(
    project: Project, monkeypatch: pytest.MonkeyPatch, make: Callable[[Project], None], told: str, remedy: str
) -> None:
    monkeypatch.setenv("ZOOMSYNC_ZOOM__HOST_EMAIL", "anfitriona@redciudadana.org.gt")
    make(project)
    result = check(project)
    assert result.code == 0, result.out
    shown = lines(result)
    assert ("!", told) in shown
    if remedy:
        assert shown[shown.index(("!", told)) + 1] == ("→", remedy)
    assert "✗" not in result.out


def test_a_meeting_that_left_the_file_is_named_while_its_people_are_known(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 3)
    project.synced()
    project.add_other_event(people=0)
    (project.folder / "config" / "events" / f"{OTHER_SLUG}.toml").unlink()
    project.write_event(meeting_id=OTHER_MEETING_ID)
    told = (
        "!",
        f"{SLUG}: its file no longer names meeting {MODEL_MEETING_ID}: 3 registrants of it in the database count as "
        "cancelled from the next sync on",
    )
    shown = lines(check(project))
    assert told in shown
    assert shown[shown.index(told) + 1] == (
        "→",
        f"write meeting_id = {MODEL_MEETING_ID} again, if it was not meant to go",
    )


def test_what_is_not_set_is_one_line_and_no_failure(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOOMSYNC_ALERTS__PING_URL", "https://ping.example.org/1")
    result = check(project)
    assert result.code == 0
    (line,) = [words for mark, words in lines(result) if words.startswith("settings: ")]
    assert "webhooks (ZOOMSYNC_ZOOM__WEBHOOK_SECRET)" in line
    assert "/admin/" in line
    assert "PING_URL" not in line


def test_the_public_address_is_tried(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOOMSYNC_WEB__PUBLIC_URL", project.zoom.base)  # something else answers there
    shown = lines(check(project))
    assert ("!", f"web: ZOOMSYNC_WEB__PUBLIC_URL ({project.zoom.base}) is not https, so mails carry no link to "
            "unsubscribe by") in shown  # fmt: skip
    health = (
        f"web: {project.zoom.base}/healthz does not lead to the web part: it answers 404, and not as the web part does"
    )
    assert ("!", health) in shown
    database = Database(f"sqlite:///{project.file}")
    web = WebServer(
        web_application(database=database, clock=project.clock, lease_clock=project.clock, owner="x"),
        host="127.0.0.1",
        port=0,
    )
    address = web.start()
    monkeypatch.setenv("ZOOMSYNC_WEB__PUBLIC_URL", address)
    assert ("✓", f"web: {address} leads to the web part") in lines(check(project))
    web.stop()
    while web.listens:
        time.sleep(0.01)
    database.close()
    (line,) = [words for _, words in lines(check(project)) if "/healthz does" in words]
    assert "it cannot be reached (ConnectionError)" in line


def _no_such_meeting(project: Project) -> None:
    del project.world.meetings[MODEL_MEETING_ID]


def _no_registration(project: Project) -> None:
    project.world.set_in_portal(MODEL_MEETING_ID, approval_type=2)


def _hours_apart(project: Project) -> None:
    occurrence = project.world.meetings[MODEL_MEETING_ID].occurrences[0]
    project.world.move_occurrence(MODEL_MEETING_ID, occurrence.occurrence_id, local("2023-03-07 15:00"))


def _occurrence_deleted(project: Project) -> None:
    occurrence = project.world.meetings[MODEL_MEETING_ID].occurrences[0]
    project.world.delete_occurrence(MODEL_MEETING_ID, occurrence.occurrence_id)


def _wrong_secret(project: Project) -> None:
    project.world.client_secret = "another"


def _scope_to_read_missing(project: Project) -> None:
    project.world.scopes.discard("meeting:read:meeting:admin")


def _broken_file(project: Project) -> None:
    project.write_event("taller-2023", meeting_id=OTHER_MEETING_ID, top='tilte = "x"\n')


def _mail_server_away(project: Project) -> None:
    project.mails.stop()


def _database_in_no_folder(project: Project) -> None:
    (project.folder / ".env").write_text("ZOOMSYNC_DATABASE_URL=sqlite:///nowhere/zoomsync.db\n")


@pytest.mark.parametrize(
    ("make", "told", "remedy"),
    [
        (_no_such_meeting, f"{SLUG}: Zoom would not read meeting 81234567890: Meeting does not exist", ""),
        (
            _no_registration,
            f'{SLUG}: meeting 81234567890 "Encuentro de Justicia Abierta 2023" has no registration',
            "switch registration on in the Zoom portal",
        ),
        (
            _hours_apart,
            f"{SLUG}: Sesión 1 starts Mar 7, 2023, 8:00 AM by the file and Mar 7, 2023, 3:00 PM on Zoom",
            'set one of them right, or write times = "file" under [zoom]',
        ),
        (
            _occurrence_deleted,
            f"{SLUG}: Sesión 1 starts Mar 7, 2023, 8:00 AM by the file and at no time on Zoom",
            'set one of them right, or write times = "file" under [zoom]',
        ),
        (_wrong_secret, "zoom: Zoom gave no token: Invalid client_id or client_secret", ""),
        (_scope_to_read_missing, f"{SLUG}: Zoom would not read meeting 81234567890: the app lacks the scope", ""),
        (_broken_file, "taller-2023: ", ""),
        (
            _mail_server_away,
            "mail: 127.0.0.1:",
            "set ZOOMSYNC_SMTP__HOST, __PORT, __SECURITY, __USERNAME and __PASSWORD as your mail provider says",
        ),
        (_database_in_no_folder, "database: The folder ", ""),
    ],
)
def test_cross_says_what_to_mend_and_fails(
    project: Project, make: Callable[[Project], None], told: str, remedy: str
) -> None:
    make(project)
    result = check(project)
    assert result.code == 1, result.out
    shown = lines(result)
    (at,) = (number for number, (mark, text) in enumerate(shown) if mark == "✗" and text.startswith(told))
    if remedy:
        assert shown[at + 1] == ("→", remedy)
    assert result.out.splitlines()[-1].startswith("1 to mend, ")
    assert check(project, "--json").json["ok"] is False
    # Whatever is wrong, everything else has been tried as well.
    about = {text.partition(":")[0] for _, text in shown}
    assert {SLUG, "database", "zoom", "mail"} <= about
    assert result.err == ""


def test_check_runs_without_credentials(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACCOUNT_ID", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"ZOOMSYNC_ZOOM__{name}")
    result = check(project)
    assert result.code == 1
    assert (
        "Zoom\n  ✗ ZOOMSYNC_ZOOM__ACCOUNT_ID, ZOOMSYNC_ZOOM__CLIENT_ID, ZOOMSYNC_ZOOM__CLIENT_SECRET not set\n"
        "    → write them into .env\n"
    ) in result.out
    assert "Mail\n  ✓ " in result.out


@pytest.mark.parametrize(
    ("minutes", "told"),
    [
        (-5, "this machine's clock is 5 minutes ahead of Zoom's"),
        (7, "this machine's clock is 7 minutes behind Zoom's"),
        (1, ""),
    ],
)
def test_clock_that_differs_by_more_than_two_minutes(project: Project, minutes: int, told: str) -> None:
    project.world.clock = lambda: system_clock() + timedelta(minutes=minutes)
    project.write_event(zoom='times = "file"')
    warnings = [text for mark, text in lines(project.run("check")) if mark == "!"]
    assert [text for text in warnings if "clock" in text] == ([f"zoom: {told}"] if told else [])


def test_rehearsed_moment_is_not_taken_for_a_wrong_clock(project: Project) -> None:
    project.clock.move_to(utc(2023, 3, 1))
    result = project.run("check", "--now", "2023-03-05T12:00")
    assert (result.code, "clock" in result.out) == (0, False)


def test_session_is_counted_in_the_singular(project: Project) -> None:
    project.world.add_meeting(OTHER_MEETING_ID, "Taller", type=2, start_time=local("2023-03-07 08:00"))
    file = project.write_event(meeting_id=OTHER_MEETING_ID)
    file.write_text(file.read_text().partition("[[sessions]]")[0])
    assert "✓ 1 session, at the times Zoom shows\n" in check(project).out


def test_named_event_alone_is_checked(project: Project) -> None:
    project.add_other_event()
    assert "taller-2023" not in check(project, SLUG).out


def test_broken_file_that_was_named_is_wrong_usage(project: Project) -> None:
    _broken_file(project)
    assert check(project, "taller-2023").code == 2
