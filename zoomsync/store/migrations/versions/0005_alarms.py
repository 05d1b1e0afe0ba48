"""The alarms that stand, and whether they were told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("event", sa.String(), nullable=False, primary_key=True),
        sa.Column("what", sa.String(), nullable=False, primary_key=True),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("raised_at", MOMENT, nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("over_at", MOMENT, nullable=True),
    )
