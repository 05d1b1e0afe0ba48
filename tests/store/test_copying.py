"""A backup and a copy hold every row as it was, and nothing is ever overwritten."""

from __future__ import annotations

import os
import sqlite3
import stat
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, insert, select, text
from sqlmodel import Session, SQLModel

from zoomsync.errors import StoreError
from zoomsync.store import copying
from zoomsync.store.schema import Database
from zoomsync.store.tables import (
    AlarmRow,
    AnnouncementRow,
    AttemptRow,
    AttendanceRow,
    AuditRow,
    BounceRow,
    CertificateRow,
    DaemonRow,
    EventRow,
    InstallationRow,
    LeaseRow,
    MatchRow,
    MeetingRow,
    OptOutRow,
    OutboxRow,
    ParticipantRow,
    RegistrantRow,
    SessionRow,
    SyncRunRow,
    TombstoneRow,
    WebhookRow,
)

AT = datetime(2023, 2, 28, 14, 0, 0, 123456, tzinfo=UTC)
OTHER = {"sqlite": "postgres", "postgres": "sqlite"}


def fill(database: Database) -> None:
    """At least one row in every table, with values that copies spoil: accents, JSON, bytes, nothing, microseconds."""
    rows = [
        InstallationRow(name="id", value="abc"),
        LeaseRow(name="daemon", owner="a", until=AT),
        AlarmRow(event="x", what="held", words="w", raised_at=AT),
        DaemonRow(owner="a/1/x", version="1", started_at=AT, seen_at=AT, files={"x": "h"}),
        TombstoneRow(meeting_id="1", registrant_id="r9", at=AT),
        WebhookRow(delivery="d", meeting_id="1", name="meeting.updated", received_at=AT),
        EventRow(
            id=7,
            slug="x",
            title="Sesión “ñ” 🎉",
            status="active",
            language="es",
            timezone="America/Guatemala",
            registration_deadline=AT,
            file_hash="0",
            first_seen_at=AT,
            seen_at=AT,
            leads={"1h": AT.isoformat()},
        ),
        SessionRow(event_id=7, key="k", title="1", starts_at=AT, ends_at=AT, meeting_id="1", first_seen_at=AT),
        MeetingRow(meeting_id="1", event_id=7, kind="meeting", type=2, approval_type=0, observed_at=AT),
        SyncRunRow(id=3, event_id=7, state="ok", started_at=AT, seconds=1.25),
        registrant(41),
        AuditRow(at=AT, event_id=7, run_id=3, subject="registrant", subject_id="41", change="added", after={"a": None}),
        OutboxRow(
            id=5,
            event_id=7,
            registrant_row=41,
            session_key="k",
            kind="before:1h",
            due_at=AT,
            expires_at=AT,
            planned_at=AT,
        ),
        AttemptRow(outbox_id=5, at=AT, outcome="deferred", code=450, words="later\nplease"),
        OptOutRow(event_id=7, email="a@example.org", at=AT),
        BounceRow(email="a@example.org", at=AT, actor="cli"),
        AnnouncementRow(event_id=7, id="0" * 16, subject="Ñ", text="# a\n\nb\n", important=True, at=AT, actor="cli"),
        AttendanceRow(event_id=7, session_key="k", state="ready", looked_at=AT),
        ParticipantRow(event_id=7, meeting_id="1", instance="/a==", name="Íñigo", joined_at=AT, left_at=AT),
        MatchRow(event_id=7, name="iphone", email="a@example.org", at=AT),
        CertificateRow(
            code="7K3M9QWX2TBD",
            event_id=7,
            registrant_row=41,
            email="a@example.org",
            name="Íñigo",
            event_title="Sesión",
            dates=["2023-03-07"],
            attended_s=1,
            scheduled_s=2,
            issued_at=AT,
        ),
    ]

    def work(db: Session) -> None:
        for row in rows:
            db.add(row)
            db.flush()

    database.write(work)
    assert all(contents(database).values()), "every table is to be filled"


def registrant(number: int) -> RegistrantRow:
    return RegistrantRow(
        id=number,
        event_id=7,
        meeting_id="1",
        registrant_id=f"r{number}",
        email=f"r{number}@example.org",
        first_name="Íñigo",
        status="approved",
        details=[["city", "Cobán"]],
        answers=[],
        digest=b"\x00\xff'",
        added_by_run=3,
        first_seen_at=AT,
        changed_at=AT,
    )


def contents(database: Database) -> dict[str, list[dict[str, Any]]]:
    with database.read() as db:
        return {table.name: _rows(db, table) for table in SQLModel.metadata.sorted_tables}


def _rows(db: Session, table: Table) -> list[dict[str, Any]]:
    return [dict(row) for row in db.execute(select(table).order_by(*table.primary_key)).mappings()]


@pytest.fixture
def target(database: Database, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated, empty database of the other kind than `database`."""
    target = Database(request.getfixturevalue(f"{OTHER[_kind(database)]}_url"))
    yield target
    target.close()


def _kind(database: Database) -> str:
    return "sqlite" if database.dialect == "sqlite" else "postgres"


# ------------------------------------------------------------------------------------------------------------ copy


def test_copy_to_the_other_kind_brings_every_row(database: Database, target: Database) -> None:
    fill(database)
    before = contents(database)

    counts = copying.copy(database, target)

    assert contents(target) == before == contents(database)
    assert counts == {name: len(rows) for name, rows in before.items()}


def test_copy_makes_the_targets_schema(sqlite_url: str, empty_postgres_url: str) -> None:
    with _both(sqlite_url, empty_postgres_url) as (source, target):
        fill(source)
        copying.copy(source, target)
        assert contents(target) == contents(source)


def test_copy_between_two_files(sqlite_url: str, tmp_path: Path) -> None:
    with _both(sqlite_url, f"sqlite:///{tmp_path / 'second.db'}") as (source, target):
        fill(source)
        copying.copy(source, target)
        assert contents(target) == contents(source)


def test_new_rows_are_numbered_after_those_brought_along(database: Database, target: Database) -> None:
    fill(database)
    copying.copy(database, target)

    def add(db: Session) -> int | None:
        row = SyncRunRow(event_id=7, state="ok", started_at=AT)
        db.add(row)
        db.flush()
        return row.id

    assert target.write(add) == 4


def test_copy_of_an_empty_database_is_numbered_from_one(database: Database, target: Database) -> None:
    copying.copy(database, target)
    fill(target)
    with target.read() as db:
        assert db.scalar(text("SELECT id FROM session")) == 1


def test_target_that_holds_anything_is_refused_and_left_alone(database: Database, target: Database) -> None:
    fill(database)
    target.write(lambda db: db.add(LeaseRow(name="daemon", owner="b", until=AT)))
    before = contents(target)

    with pytest.raises(StoreError, match=r"not empty \(table lease\)"):
        copying.copy(database, target)
    assert contents(target) == before


def test_copy_onto_itself_is_refused(database: Database) -> None:
    fill(database)
    before = contents(database)
    with pytest.raises(StoreError, match="not empty"):
        copying.copy(database, database)
    assert contents(database) == before


def test_source_with_an_old_schema_is_refused(database: Database, target: Database) -> None:
    database.write(lambda db: db.execute(text("DELETE FROM alembic_version")))
    with pytest.raises(StoreError, match="db upgrade"):
        copying.copy(database, target)


def test_copy_that_breaks_off_leaves_the_target_empty(database: Database, target: Database) -> None:
    fill(database)

    def break_off(table: str, done: int, total: int) -> None:
        if table == "outbox":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copying.copy(database, target, break_off)
    assert not any(contents(target).values())

    copying.copy(database, target)
    assert contents(target) == contents(database)


def test_copy_is_of_one_moment(database: Database, target: Database) -> None:
    """A message planned while the copy runs must not arrive without the registrant it is for."""
    fill(database)
    before = contents(database)

    def go_on_working(table: str, done: int, total: int) -> None:
        if table == "registrant":
            database.write(
                lambda db: db.add(
                    OutboxRow(
                        event_id=7,
                        registrant_row=41,
                        session_key="late",
                        kind="before:1h",
                        due_at=AT,
                        expires_at=AT,
                        planned_at=AT,
                    )
                )
            )

    copying.copy(database, target, go_on_working)

    assert contents(target) == before


def test_progress_is_told_a_thousand_rows_at_a_time(database: Database, target: Database) -> None:
    fill(database)
    _add_registrants(database, 2500)
    told: list[tuple[int, int]] = []

    copying.copy(database, target, lambda table, done, total: table == "registrant" and told.append((done, total)))

    assert told == [(1000, 2501), (2000, 2501), (2501, 2501)]


def test_memory_does_not_grow_with_the_rows(database: Database, target: Database) -> None:
    fill(database)
    copying.copy(database, target)  # what is compiled and kept once is not counted
    target.write(lambda db: [db.execute(table.delete()) for table in reversed(SQLModel.metadata.sorted_tables)])
    _add_registrants(database, 8_000)

    tracemalloc.start()
    copying.copy(database, target)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 5_000_000  # all rows at once take twice as much


# ---------------------------------------------------------------------------------------------------------- backup


def test_backup_holds_every_row_and_is_its_owners_alone(database: Database, tmp_path: Path) -> None:
    fill(database)
    file = tmp_path / "saved" / "backup.db"
    file.parent.mkdir()

    copying.backup(database, file)

    assert [path.name for path in file.parent.iterdir()] == ["backup.db"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with _both(f"sqlite:///{file}") as (saved,):
        saved.check()
        assert saved.is_current()
        assert contents(saved) == contents(database)


def test_backup_never_replaces_a_file(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    file.write_text("last year's")
    with pytest.raises(StoreError, match="never replaces a file"):
        copying.backup(database, file)
    assert file.read_text() == "last year's"


def test_backup_that_fails_leaves_no_file(sqlite_url: str, tmp_path: Path) -> None:
    pages = bytearray(Path(sqlite_url.removeprefix("sqlite:///")).read_bytes())
    pages[4 * 4096 :] = os.urandom(len(pages) - 4 * 4096)
    Path(sqlite_url.removeprefix("sqlite:///")).write_bytes(pages)
    saved = tmp_path / "saved"
    saved.mkdir()

    with _both(sqlite_url) as (database,), pytest.raises(StoreError, match="damaged"):
        copying.backup(database, saved / "backup.db")
    assert list(saved.iterdir()) == []


def test_file_that_appears_meanwhile_is_not_replaced(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "saved" / "backup.db"
    file.parent.mkdir()
    _before(monkeypatch, "fsync", lambda: file.write_text("another's"))

    with pytest.raises(StoreError, match="never replaces a file"):
        copying.backup(database, file)
    assert file.read_text() == "another's"
    assert [path.name for path in file.parent.iterdir()] == ["backup.db"]


def test_backup_into_a_missing_folder_is_told(database: Database, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"folder .*nowhere .*does not exist"):
        copying.backup(database, tmp_path / "nowhere" / "backup.db")


def test_file_system_without_links_is_no_obstacle(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    fill(database)
    monkeypatch.setattr(os, "link", refuse)
    copying.backup(database, tmp_path / "backup.db")
    with _both(f"sqlite:///{tmp_path / 'backup.db'}") as (saved,):
        assert contents(saved) == contents(database)


def test_backup_is_made_while_another_program_writes(sqlite_url: str, tmp_path: Path) -> None:
    with (
        _both(sqlite_url) as (database,),
        closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other,
    ):
        fill(database)
        before = contents(database)
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM delivery_attempt")

        copying.backup(database, tmp_path / "backup.db")

    with _both(f"sqlite:///{tmp_path / 'backup.db'}") as (saved,):
        assert contents(saved) == before


def test_backup_of_postgres_goes_back_into_postgres(postgres_url: str, empty_postgres_url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    with _both(postgres_url, f"sqlite:///{file}", empty_postgres_url) as (database, saved, restored):
        fill(database)
        copying.backup(database, file)
        copying.copy(saved, restored)
        assert contents(restored) == contents(database)


# --------------------------------------------------------------------------------------------------------- helpers


class _both:  # noqa: N801 - used as a function
    """Databases of these URLs, closed at the end."""

    def __init__(self, *urls: str) -> None:
        self._databases = [Database(url) for url in urls]

    def __enter__(self) -> list[Database]:
        return self._databases

    def __exit__(self, *_: object) -> None:
        for database in self._databases:
            database.close()


def _add_registrants(database: Database, count: int) -> None:
    rows = [registrant(number).model_dump() for number in range(100, 100 + count)]
    database.write(lambda db: db.execute(insert(RegistrantRow), rows))


def _before(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], object]) -> None:
    real = getattr(os, name)

    def first_act(*arguments: Any) -> Any:
        act()
        return real(*arguments)

    monkeypatch.setattr(os, name, first_act)
