"""Alembic's entry: migrations run on the connection that `data.store.migrate` holds.

Each is a transaction of its own, so that a long one keeps no lock of those before it.
"""

from alembic import context

from data.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
