"""Zoom's deliveries: each is a hint, once, to look at a meeting."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    op.create_table(
        "webhook",
        sa.Column("delivery", sa.String(), nullable=False, primary_key=True),
        sa.Column("meeting_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
    )
    op.create_index("webhook_of_meeting", "webhook", ["meeting_id", "received_at"])
