"""Up to when an event's mail is held, because the database is a copy that was put back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    op.add_column("event", sa.Column("held_until", MOMENT, nullable=True))
