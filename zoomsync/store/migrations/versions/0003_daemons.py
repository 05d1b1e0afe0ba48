"""Which daemons are alive and which files they read, and the text of the event file that is in force."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    op.create_table(
        "daemon",
        sa.Column("owner", sa.String(), nullable=False, primary_key=True),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
    )
    op.add_column("event", sa.Column("file_text", sa.String(), nullable=False, server_default=""))
