"""Alembic's entry: runs on the connection that `runner` hands over."""

from __future__ import annotations

from alembic import context

from server.migrations.tables import all_tables

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=all_tables(),
    # SQLite cannot alter a column in place.
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
