"""The history of the tables, one file a version, run by Alembic from `schema.Database.upgrade` alone."""
