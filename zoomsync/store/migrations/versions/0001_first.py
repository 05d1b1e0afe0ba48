"""The first tables: events, sessions, meetings, registrants, sync runs, audit, outbox, attempts, leases."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# What `tables.UtcDateTime` and `tables.JsonText` were when this was written; a migration does not change with them.
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
JSON = sa.Text()


def words(name: str, *, primary_key: bool = False, unique: bool | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=False, primary_key=primary_key, unique=unique)


def count(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


def flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, MOMENT, nullable=nullable)


def number() -> sa.Column[Any]:
    return sa.Column("id", sa.Integer(), primary_key=True)


def refers(name: str, to: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), sa.ForeignKey(to), nullable=nullable)


def one_of(column: str, *states: str) -> sa.CheckConstraint:
    allowed = ", ".join(f"'{state}'" for state in states)
    return sa.CheckConstraint(f"{column} IN ({allowed})", name=f"{column}_known")


def upgrade() -> None:
    op.create_table("installation", words("name", primary_key=True), words("value"))
    op.create_table("lease", words("name", primary_key=True), words("owner"), moment("until"))
    op.create_table(
        "tombstone",
        words("meeting_id", primary_key=True),
        words("registrant_id", primary_key=True),
        moment("at"),
    )

    op.create_table(
        "event",
        number(),
        words("slug", unique=True),
        words("title"),
        words("status"),
        words("language"),
        words("timezone"),
        moment("registration_deadline"),
        words("file_hash"),
        moment("first_seen_at"),
        moment("seen_at"),
        sa.Column("leads", JSON, nullable=False),
        words("planned_for"),
        moment("paused_at", nullable=True),
        moment("erased_at", nullable=True),
    )
    op.create_table(
        "session",
        number(),
        refers("event_id", "event.id"),
        words("key"),
        words("file_id"),
        words("title"),
        moment("starts_at"),
        moment("ends_at"),
        words("meeting_id"),
        words("occurrence_id"),
        flag("cancelled"),
        flag("announce"),
        count("sequence"),
        moment("first_seen_at"),
        moment("previous_starts_at", nullable=True),
        moment("moved_at", nullable=True),
        flag("times_held"),
    )
    op.create_index("session_of_event", "session", ["event_id", "key"], unique=True)

    op.create_table(
        "meeting",
        words("meeting_id", primary_key=True),
        refers("event_id", "event.id"),
        words("kind"),
        words("topic"),
        count("type"),
        sa.Column("registration_type", sa.Integer()),
        count("approval_type"),
        words("host_email"),
        sa.Column("registration_url", sa.String()),
        moment("starts_at", nullable=True),
        moment("observed_at"),
        sa.Column("prior_approval_type", sa.Integer()),
        count("times_closed"),
        moment("close_tried_at", nullable=True),
        moment("close_verified_at", nullable=True),
        words("close_error"),
    )
    op.create_index("ix_meeting_event_id", "meeting", ["event_id"])

    op.create_table(
        "sync_run",
        number(),
        refers("event_id", "event.id"),
        words("state"),
        moment("started_at"),
        moment("finished_at", nullable=True),
        count("pulled"),
        count("added"),
        count("updated"),
        count("cancelled"),
        count("reinstated"),
        count("unchanged"),
        count("held"),
        count("pages"),
        count("requests"),
        sa.Column("seconds", sa.Float(), nullable=False),
        words("error"),
        moment("retry_at", nullable=True),
        one_of("state", "running", "ok", "failed", "skipped"),
    )
    op.create_index("sync_run_of_event", "sync_run", ["event_id", "started_at"])

    op.create_table(
        "registrant",
        number(),
        refers("event_id", "event.id"),
        words("meeting_id"),
        words("occurrence_id"),
        words("registrant_id"),
        words("email"),
        words("first_name"),
        words("last_name"),
        words("status"),
        moment("registered_at", nullable=True),
        words("join_url"),
        sa.Column("details", JSON, nullable=False),
        sa.Column("answers", JSON, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        flag("missing"),
        refers("added_by_run", "sync_run.id", nullable=True),
        moment("first_seen_at"),
        moment("changed_at"),
        one_of("status", "pending", "approved", "denied", "cancelled"),
        sqlite_autoincrement=True,
    )
    op.create_index("registrant_key", "registrant", ["meeting_id", "occurrence_id", "registrant_id"], unique=True)
    op.create_index("registrant_of_event", "registrant", ["event_id", "status"])
    op.create_index("registrant_email", "registrant", ["email"])

    op.create_table(
        "audit",
        number(),
        moment("at"),
        refers("event_id", "event.id"),
        refers("run_id", "sync_run.id", nullable=True),
        words("actor"),
        words("subject"),
        words("subject_id"),
        words("change"),
        sa.Column("before", JSON),
        sa.Column("after", JSON),
    )
    op.create_index("audit_of_event", "audit", ["event_id", "at"])
    op.create_index("audit_of_subject", "audit", ["subject", "subject_id"])

    op.create_table(
        "outbox",
        number(),
        refers("event_id", "event.id"),
        refers("registrant_row", "registrant.id"),
        words("session_key"),
        words("kind"),
        words("occasion"),
        words("state"),
        moment("due_at"),
        moment("expires_at"),
        words("reason"),
        words("message_id"),
        words("body_hash"),
        count("attempts"),
        count("in_doubt"),
        words("owner"),
        count("claim_no"),
        moment("lease_until", nullable=True),
        moment("planned_at"),
        moment("sent_at", nullable=True),
        one_of(
            "state",
            *("pending", "claimed", "transmitting", "sent", "deferred", "in_doubt", "failed", "skipped", "cancelled"),
        ),
    )
    op.create_index("outbox_key", "outbox", ["registrant_row", "session_key", "kind", "occasion"], unique=True)
    op.create_index("outbox_due", "outbox", ["state", "due_at"])
    op.create_index("outbox_of_event", "outbox", ["event_id", "state"])

    op.create_table(
        "delivery_attempt",
        number(),
        refers("outbox_id", "outbox.id"),
        moment("at"),
        words("outcome"),
        words("stage"),
        sa.Column("code", sa.Integer()),
        words("words"),
    )
    op.create_index("ix_delivery_attempt_outbox_id", "delivery_attempt", ["outbox_id"])

    op.create_table(
        "opt_out",
        refers("event_id", "event.id"),
        words("email"),
        moment("at"),
        words("via"),
        sa.PrimaryKeyConstraint("event_id", "email"),
    )
