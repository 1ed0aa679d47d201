"""Alembic's entry: migrations run on the connection that `data.store.migrate` holds."""

from alembic import context

from data.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
