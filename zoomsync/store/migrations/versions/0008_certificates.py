"""Certificates of attendance that were issued, by the code that proves them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    op.create_table(
        "certificate",
        sa.Column("code", sa.String(), nullable=False, primary_key=True),
        sa.Column("event_id", sa.Integer(), sa.ForeignKey("event.id"), nullable=False),
        sa.Column("registrant_row", sa.Integer(), sa.ForeignKey("registrant.id"), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("event_title", sa.String(), nullable=False),
        sa.Column("dates", sa.Text(), nullable=False),
        sa.Column("attended_s", sa.Integer(), nullable=False),
        sa.Column("scheduled_s", sa.Integer(), nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
    )
    op.create_index("certificate_of_person", "certificate", ["event_id", "email", "name_key"], unique=True)
    op.create_index("certificate_of_registrant", "certificate", ["registrant_row"])
