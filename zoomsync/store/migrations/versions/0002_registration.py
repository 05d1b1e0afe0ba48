"""What is remembered about registration: aims, a person's orders, and how far Zoom's clock was off."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")

RENAMED = {
    "times_closed": "times_set",
    "close_tried_at": "tried_at",
    "close_verified_at": "verified_at",
    "close_error": "error",
}


def moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, MOMENT, nullable=True)


def words(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=False, server_default="")


def upgrade() -> None:
    for column in (words("order_kind"), moment("order_at"), moment("order_until")):
        op.add_column("event", column)
    for old, new in RENAMED.items():
        # Alembic would copy the whole table on SQLite; both databases rename in place.
        op.execute(f"ALTER TABLE meeting RENAME COLUMN {old} TO {new}")
    for column in (words("aim"), moment("closed_at"), moment("opened_at"), moment("retry_at")):
        op.add_column("meeting", column)
    # What had been switched was switched to close: nothing else was ever done.
    op.execute("UPDATE meeting SET aim = 'closed', closed_at = tried_at WHERE prior_approval_type IS NOT NULL")
    op.add_column("sync_run", sa.Column("clock_offset_s", sa.Float(), nullable=True))
