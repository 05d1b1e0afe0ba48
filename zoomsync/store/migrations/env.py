"""Alembic's way in. The connection is that of `schema.Database.upgrade`, and all steps run in its one transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
