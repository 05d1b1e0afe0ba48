"""`zoomsync sync` while nothing is wrong: what it says, what it writes, and what it leaves alone."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.builders import utc
from tests.cli.conftest import OTHER_MEETING_ID, OTHER_SLUG, SLUG, Project, local
from zoomsync.jobs.leasing import LEASE, new_owner
from zoomsync.simulate.model_event import MODEL_LINK_TOKEN, MODEL_MEETING_ID
from zoomsync.store import leases
from zoomsync.store.schema import Database

COUNTS = ("pulled", "added", "updated", "cancelled", "reinstated", "unchanged", "held")
AFTER_DEADLINE = local("2023-03-06 00:05")


def counts(run: dict[str, object]) -> dict[str, object]:
    """The counts of a run that are not zero."""
    return {name: run[name] for name in COUNTS if run[name]}


# ------------------------------------------------------------------------------------------------ what is written


def test_first_sync_adds_everybody_and_the_second_changes_nothing(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 12, pending=2, denied=1)

    assert counts(project.synced()) == {"pulled": 15, "added": 15}
    first = project.contents()
    assert counts(project.synced()) == {"pulled": 15, "unchanged": 15}

    assert sorted(project.registrants().values()) == ["approved"] * 12 + ["denied"] + ["pending"] * 2
    again = project.contents()
    changed = {table for table in first if first[table] != again[table]}
    assert changed == {"sync_run"}


def test_who_cancels_by_the_link_in_zooms_mail_is_cancelled_and_may_come_back(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 5)
    project.synced()
    person = project.people()[0]
    project.world.cancel_by_self(MODEL_MEETING_ID, person.email)

    assert counts(project.synced()) == {"pulled": 4, "cancelled": 1, "unchanged": 4}
    assert project.registrants()[person.email] == "cancelled"
    assert counts(project.synced()) == {"pulled": 4, "unchanged": 4}

    project.world.add_registrant(MODEL_MEETING_ID, id=person.id, email=person.email, first_name=person.first_name)
    assert counts(project.synced()) == {"pulled": 5, "reinstated": 1, "unchanged": 4}
    assert project.registrants()[person.email] == "approved"


def test_who_is_denied_in_the_portal_is_denied(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 3)
    project.synced()
    person = project.people()[0]
    project.world.change_status(MODEL_MEETING_ID, person, "denied")

    assert counts(project.synced()) == {"pulled": 3, "updated": 1, "unchanged": 2}
    assert project.registrants()[person.email] == "denied"


def test_changed_join_link_replaces_the_old_one(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 3)
    project.synced()
    before = {row["join_url"] for row in project.rows("SELECT join_url FROM registrant")}
    project.world.set_in_portal(MODEL_MEETING_ID, passcode="731204")

    assert counts(project.synced()) == {"pulled": 3, "updated": 3}
    after = {row["join_url"] for row in project.rows("SELECT join_url FROM registrant")}
    assert len(after) == 3
    assert after & before == set()


def test_answer_that_becomes_blank_is_kept_in_the_audit(project: Project) -> None:
    person = project.world.add_registrant(MODEL_MEETING_ID, email="ana@example.org", first_name="Ana", city="Cobán")
    project.synced()
    person.details["city"] = ""
    person.rows.clear()

    assert counts(project.synced()) == {"pulled": 1, "updated": 1}
    (row,) = project.rows("SELECT before, after FROM audit WHERE subject = 'registrant' AND change = 'updated'")
    assert ["city", "Cobán"] in json.loads(row["before"])["details"]
    assert "Cobán" not in row["after"]


def test_many_cancellations_are_held_until_a_second_sync_says_the_same(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 40)
    project.synced()
    for person in project.people()[:15]:
        project.world.cancel_by_self(MODEL_MEETING_ID, person.email)

    held = project.sync()
    assert held.code == 0
    assert held.out == f"{SLUG}: 25 registrants pulled, 15 held\n"
    assert held.complaints == [
        f"zoomsync: {SLUG}: 15 registrants are no longer listed; that is many, so they stay as they are until another "
        "sync says the same"
    ]
    assert set(project.registrants().values()) == {"approved"}

    assert counts(project.synced()) == {"pulled": 25, "cancelled": 15, "unchanged": 25}
    assert list(project.registrants().values()).count("cancelled") == 15


def test_held_cancellations_are_forgotten_when_the_people_are_listed_again(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 12)
    project.synced()
    project.world.faults.add("no_rows", path="/registrants", query="status=approved", times=2)

    assert counts(project.synced()) == {"held": 12}
    assert counts(project.synced()) == {"pulled": 12, "unchanged": 12}
    project.world.faults.add("no_rows", path="/registrants", query="status=approved", times=2)
    assert counts(project.synced()) == {"held": 12}
    assert set(project.registrants().values()) == {"approved"}


def test_count_that_disagrees_fails_the_run_and_accept_count_cancels_nobody(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 5)
    project.synced()
    gone = project.people()[0]
    project.world.cancel_by_self(MODEL_MEETING_ID, gone.email)
    project.world.register(MODEL_MEETING_ID, {"email": "new@example.org", "first_name": "Nueva"})
    project.world.faults.add("wrong_total", path="/registrants", query="status=approved", times=None)

    refused = project.sync()
    assert refused.code == 1
    assert [line for line in refused.complaints if "--accept-count" in line] == refused.complaints
    assert "Zoom counts 6 and shows 5 when it lists the approved registrants of meeting 81234567890" in refused.err
    assert "new@example.org" not in project.registrants()

    assert counts(project.synced("--accept-count")) == {"pulled": 5, "added": 1, "unchanged": 4}
    assert project.registrants()[gone.email] == "approved"
    assert project.registrants()["new@example.org"] == "approved"


# --------------------------------------------------------------------------------------------- what is left alone


def test_dry_run_counts_and_writes_nothing_anywhere(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 5)
    project.synced()
    project.world.register(MODEL_MEETING_ID, {"email": "new@example.org", "first_name": "Nueva"})
    before = project.contents()

    result = project.at(AFTER_DEADLINE, "sync", "--dry-run")
    assert result.code == 0
    assert result.out == (
        f"{SLUG}: 6 registrants pulled, 1 added\nThis was a dry run: nothing was written, here or on Zoom.\n"
    )
    (run,) = project.at(AFTER_DEADLINE, "sync", "--dry-run", "--json").json["runs"]
    assert counts(run) == {"pulled": 6, "added": 1, "unchanged": 5}
    assert project.contents() == before
    assert project.writes() == []


def test_dry_run_makes_no_database(project: Project) -> None:
    project.file.unlink()
    assert project.sync("--dry-run").code == 0
    assert not project.file.exists()


def test_registration_is_closed_at_the_deadline_and_not_again(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 3)
    assert project.at(AFTER_DEADLINE - timedelta(minutes=6), "sync").code == 0
    assert project.writes() == []

    closed = project.at(AFTER_DEADLINE, "sync")
    assert closed.code == 0
    assert f"{SLUG}: registration is closed: whoever registers now waits for approval\n" in closed.err
    assert project.writes() == [f"PATCH /meetings/{MODEL_MEETING_ID}"]
    assert project.world.meetings[MODEL_MEETING_ID].approval_type == 1

    assert project.at(AFTER_DEADLINE + timedelta(minutes=5), "sync").code == 0
    assert len(project.writes()) == 1


def test_no_close_writes_nothing_to_zoom(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 3)
    assert project.at(AFTER_DEADLINE, "sync", "--no-close").code == 0
    assert project.writes() == []
    assert len(project.registrants()) == 3


def test_draft_is_synced_and_not_closed(project: Project) -> None:
    project.write_event(top='status = "draft"\n')
    project.world.populate(MODEL_MEETING_ID, 3)
    assert project.at(AFTER_DEADLINE, "sync").code == 0
    assert len(project.registrants()) == 3
    assert project.writes() == []


# ------------------------------------------------------------------------------------------------ what it prints


def test_json_is_the_documented_document_and_nothing_else(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 3)
    project.add_other_event(people=2)
    project.world.meetings.pop(OTHER_MEETING_ID)

    result = project.sync("--json")
    assert result.code == 1
    document = result.json
    assert list(document) == ["runs"]
    good, bad = document["runs"]
    names = ["event", "status", *COUNTS, "pages", "requests", "seconds", "error"]
    assert list(good) == list(bad) == names
    assert good | {"seconds": 0, "requests": 0} == {
        "event": SLUG, "status": "ok", "pulled": 3, "added": 3, "updated": 0, "cancelled": 0, "reinstated": 0,
        "unchanged": 0, "held": 0, "pages": 3, "requests": 0, "seconds": 0, "error": None,
    }  # fmt: skip
    assert good["requests"] >= 3
    assert 0 < good["seconds"] < 60
    assert (bad["event"], bad["status"]) == (OTHER_SLUG, "failed")
    assert counts(bad) == {}
    assert "Meeting does not exist" in bad["error"]


def test_one_registrant_is_not_said_to_be_several(project: Project) -> None:
    project.world.faults.add("wrong_total", path="/registrants", query="status=denied", times=None)
    assert (
        "Zoom counts 1 and shows 0 when it lists the denied registrants of meeting 81234567890"
        in project.sync().complaints[0]
    )
    project.world.faults.clear()
    project.world.populate(MODEL_MEETING_ID, 1)
    assert project.sync().out == f"{SLUG}: 1 registrant pulled, 1 added\n"
    assert project.sync().out == f"{SLUG}: 1 registrant pulled, nothing changed\n"


def test_no_bar_is_drawn_where_there_is_no_terminal(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 3)
    assert project.sync().err == ""


def test_bar_is_drawn_on_a_terminal_and_not_with_quiet(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 3)
    assert "Pulling" in project.on_terminal("sync")
    assert "Pulling" not in project.on_terminal("sync", "--quiet")


# ------------------------------------------------------------------------------------------- files and meetings


def test_broken_file_beside_good_ones_is_told_and_the_rest_is_done(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 2)
    broken = project.write_event("taller-2023", meeting_id=OTHER_MEETING_ID, top='tilte = "Taller"\n')

    result = project.sync()
    assert result.code == 1
    assert result.out == f"{SLUG}: 2 registrants pulled, 2 added\n"
    (complaint,) = result.complaints
    assert complaint.startswith(f"zoomsync: {broken}, tilte: ")
    assert "title" in complaint.removeprefix(f"zoomsync: {broken}, tilte: ")


def test_broken_file_that_was_named_is_wrong_usage(project: Project) -> None:
    project.write_event("taller-2023", meeting_id=OTHER_MEETING_ID, top='tilte = "Taller"\n')
    before = project.contents()
    result = project.sync("taller-2023")
    assert (result.code, result.out) == (2, "")
    assert len(result.complaints) == 1
    assert project.contents() == before
    assert list(project.zoom.journal) == []


def test_no_good_file_at_all_is_wrong_usage(project: Project) -> None:
    project.write_event(top="nonsense\n")
    project.write_event("taller-2023", top="nonsense\n")
    result = project.sync()
    assert (result.code, result.out) == (2, "")
    assert len(result.complaints) == 2
    assert list(project.zoom.journal) == []


def test_event_that_does_not_exist_is_wrong_usage_with_the_nearest_name(project: Project) -> None:
    result = project.sync("encuentro-2032")
    assert result.code == 2
    assert result.complaints == [
        f"zoomsync: There is no event encuentro-2032 in {project.folder}/config/events. Do you mean {SLUG}?"
    ]


def test_event_may_be_named_by_its_file(project: Project) -> None:
    project.add_other_event()
    result = project.sync(f"config/events/{OTHER_SLUG}.toml", "--json")
    assert [run["event"] for run in result.json["runs"]] == [OTHER_SLUG]


def test_renamed_file_takes_over_the_rows(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 4)
    project.synced()
    (project.folder / "config" / "events" / f"{SLUG}.toml").rename(project.folder / "config/events/encuentro.toml")

    assert counts(project.synced()) == {"pulled": 4, "unchanged": 4}
    assert project.registrants("encuentro").keys() == {one.email for one in project.people()}
    assert project.registrants(SLUG) == {}
    assert [row["slug"] for row in project.rows("SELECT slug FROM event")] == ["encuentro"]


def test_two_files_that_name_one_meeting_are_refused(project: Project) -> None:
    project.add_other_event()
    project.write_event("copia", title="Copia")

    result = project.sync()
    assert result.code == 1
    assert result.out == f"{OTHER_SLUG}: 2 registrants pulled, 2 added\n"
    assert len(result.complaints) == 2
    for complaint in result.complaints:
        assert "Each meeting belongs to one event: delete one of the files" in complaint


@pytest.mark.parametrize(("registration_type", "rows"), [(2, 2), (3, 2)])
def test_series_with_registration_by_occurrence_keeps_a_status_for_each(
    project: Project, registration_type: int, rows: int
) -> None:
    project.world.set_in_portal(MODEL_MEETING_ID, registration_type=registration_type)
    first, second = project.world.meetings[MODEL_MEETING_ID].occurrences
    person = project.world.register(
        MODEL_MEETING_ID,
        {"email": "ana@example.org", "first_name": "Ana"},
        occurrence_ids=[first.occurrence_id, second.occurrence_id],
    )
    assert counts(project.synced()) == {"pulled": rows, "added": rows}

    project.world.change_status(MODEL_MEETING_ID, person, "denied", second.occurrence_id)
    assert counts(project.synced()) == {"pulled": rows, "updated": 1, "unchanged": rows - 1}
    statuses = {row["occurrence_id"]: row["status"] for row in project.rows("SELECT * FROM registrant")}
    assert statuses == {first.occurrence_id: "approved", second.occurrence_id: "denied"}


def test_webinar_is_synced_and_closed(project: Project) -> None:
    project.world.add_meeting(
        OTHER_MEETING_ID, "Taller", type=5, start_time=utc(2023, 3, 7, 14), created_at=utc(2023, 2, 23)
    )
    project.world.populate(OTHER_MEETING_ID, 3)
    project.write_event(meeting_id=OTHER_MEETING_ID, zoom='kind = "webinar"')

    assert counts(project.synced()) == {"pulled": 3, "added": 3}
    assert project.at(AFTER_DEADLINE, "sync").code == 0
    assert project.writes() == [f"PATCH /webinars/{OTHER_MEETING_ID}"]


def test_meeting_is_found_by_its_link_and_known_again_when_it_is_over(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOOMSYNC_ZOOM__HOST_EMAIL", "anfitriona@redciudadana.org.gt")
    project.world.populate(MODEL_MEETING_ID, 3)
    link = f"https://us06web.zoom.us/meeting/register/{MODEL_LINK_TOKEN}"
    project.write_event(meeting_id=0, zoom=f'registration_url = "{link}"')
    assert counts(project.synced()) == {"pulled": 3, "added": 3}

    project.world.users.clear()  # nobody's upcoming meetings can be looked through any more
    project.clock.move_to(utc(2023, 3, 9))
    assert counts(project.synced()) == {"pulled": 3, "unchanged": 3}


def test_link_without_a_host_to_look_through_is_told(project: Project) -> None:
    project.write_event(meeting_id=0, zoom='registration_url = "https://us06web.zoom.us/meeting/register/x"')
    result = project.sync()
    assert result.code == 1
    (complaint,) = result.complaints
    assert "set meeting_id in the event file, or ZOOMSYNC_ZOOM__HOST_EMAIL" in complaint


def test_session_far_from_its_time_on_zoom_is_told_in_the_events_time(project: Project) -> None:
    occurrence = project.world.meetings[MODEL_MEETING_ID].occurrences[0]
    project.world.move_occurrence(MODEL_MEETING_ID, occurrence.occurrence_id, local("2023-03-07 15:00"))
    result = project.sync()
    assert result.code == 0
    (complaint,) = result.complaints
    assert "starts Mar 7, 2023, 8:00 AM by the file and Mar 7, 2023, 3:00 PM on Zoom (America/Guatemala)" in complaint
    assert 'times = "file"' in complaint


# ----------------------------------------------------------------------------------------- several at one time


def test_sync_is_skipped_while_another_holds_the_event(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 3)
    project.add_other_event()
    with _held_by_another(project):
        result = project.sync("--json")
    assert result.code == 0
    skipped, other = result.json["runs"]
    assert (skipped["event"], skipped["status"]) == (SLUG, "skipped")
    assert skipped["error"] == "another sync of this event is still running"
    assert (other["event"], other["status"], other["added"]) == (OTHER_SLUG, "ok", 2)
    assert 55 < sum(project.naps) <= 60
    assert project.registrants() == {}
    assert project.runs() == []


class _held_by_another:  # noqa: N801 - reads as a block
    """Another process has the event's lease, and is alive: it is this test's own parent."""

    def __init__(self, project: Project) -> None:
        self._database = Database(f"sqlite:///{project.file}")
        self._now = project.clock()

    def __enter__(self) -> None:
        assert self._database.write(lambda db: leases.take(db, f"sync:{SLUG}", new_owner(), self._now, LEASE))

    def __exit__(self, *_: object) -> None:
        self._database.close()


def test_two_processes_at_once_write_everybody_once(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 300)
    both = [project.start("sync", "--json") for _ in range(2)]
    results = [project.finish(process) for process in both]
    assert [result.code for result in results] == [0, 0], results
    runs = [result.json["runs"][0] for result in results]
    assert sorted(run["added"] for run in runs) == [0, 300]
    assert sorted(run["unchanged"] for run in runs) == [0, 300]
    assert len(project.registrants()) == 300


def test_interrupted_sync_says_so_and_the_next_one_goes_on(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 3)
    hanging = project.world.faults.add("hang", path="/registrants", times=3)
    process = project.start("sync")
    _until(lambda: hanging.struck)
    interrupted_at = time.monotonic()
    process.send_signal(signal.SIGINT)
    result = project.finish(process)
    assert time.monotonic() - interrupted_at < 15, "it waited for Zoom's answer, which takes half a minute to give up"
    assert (result.code, result.out) == (130, "")
    assert result.err == "zoomsync: interrupted\n"

    project.world.faults.clear()
    assert counts(project.synced()) == {"pulled": 3, "added": 3}
    assert project.runs() == [("failed", "interrupted before it ended"), ("ok", "")]


def _until(true: Callable[[], object], seconds: float = 30) -> None:
    give_up_at = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up_at, "it did not come to that"
        time.sleep(0.02)


# ------------------------------------------------------------------------------------------------- rehearsing


def test_now_on_a_real_zoom_wants_yes(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOOMSYNC_ZOOM__API_URL", "https://api.zoom.us/v2")
    before = project.contents()
    result = project.sync()
    assert result.code == 2
    assert result.complaints == [
        "zoomsync: With --now this would act on Zoom as if it were another time: say --yes if that is meant, or look "
        "first with --dry-run."
    ]
    assert project.contents() == before
    assert list(project.zoom.journal) == []


def test_now_with_yes_goes_on(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is nobody's stands for the real Zoom: the loopback address written in a way that is not looked at."""
    monkeypatch.setenv("ZOOMSYNC_ZOOM__API_URL", project.zoom.url.replace("127.0.0.1", "0.0.0.0"))
    assert project.sync().code == 2
    assert project.sync("--yes").code == 0


def test_moment_that_is_none_is_wrong_usage(project: Project) -> None:
    result = project.run("sync", "--now", "tomorrow")
    assert result.code == 2
    assert result.complaints == [
        "zoomsync: --now tomorrow is no time: write for instance 2023-03-06T17:00 (America/Guatemala) or "
        "2023-03-06T23:00Z."
    ]


def test_global_options_are_taken_before_and_after_the_command(project: Project) -> None:
    project.world.populate(MODEL_MEETING_ID, 1)
    now = project.clock().isoformat()
    assert project.run("--json", "--now", now, "sync").json["runs"][0]["added"] == 1
    assert project.run("sync", SLUG, "--now", now, "--json").json["runs"][0]["unchanged"] == 1
