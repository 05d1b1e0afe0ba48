"""Who took part: the joinings of each meeting, what is known of a session's attendance, and matches by hand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    op.create_table(
        "attendance",
        sa.Column("event_id", sa.Integer(), sa.ForeignKey("event.id"), nullable=False, primary_key=True),
        sa.Column("session_key", sa.String(), nullable=False, primary_key=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("looked_at", MOMENT, nullable=True),
        sa.Column("ready_at", MOMENT, nullable=True),
        sa.Column("tried_at", MOMENT, nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("without_ids", sa.Boolean(), nullable=False),
        sa.CheckConstraint("state IN ('not_yet', 'not_ready', 'ready')", name="state_known"),
    )
    op.create_table(
        "participant",
        sa.Column("id", sa.Integer(), nullable=False, primary_key=True),
        sa.Column("event_id", sa.Integer(), sa.ForeignKey("event.id"), nullable=False),
        sa.Column("meeting_id", sa.String(), nullable=False),
        sa.Column("instance", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("registrant_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("joined_at", MOMENT, nullable=False),
        sa.Column("left_at", MOMENT, nullable=False),
        sa.Column("internal", sa.Boolean(), nullable=False),
        sa.Column("host", sa.Boolean(), nullable=False),
        sa.Column("erased", sa.Boolean(), nullable=False),
    )
    op.create_index("participant_of_event", "participant", ["event_id", "meeting_id"])
    op.create_index("participant_of_instance", "participant", ["meeting_id", "instance"])
    op.create_table(
        "participant_match",
        sa.Column("event_id", sa.Integer(), sa.ForeignKey("event.id"), nullable=False, primary_key=True),
        sa.Column("name", sa.String(), nullable=False, primary_key=True),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
    )
