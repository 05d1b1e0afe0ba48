"""Who was erased, and which removal of personal data the organiser was warned of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    op.add_column("registrant", sa.Column("erased_at", MOMENT, nullable=True))
    op.add_column("event", sa.Column("removal_told_for", MOMENT, nullable=True))
    op.add_column("event", sa.Column("removal_told_at", MOMENT, nullable=True))
