"""Alembic's entry: runs on the connection handed over by `coach.store.engine.schema`, in one transaction."""

from alembic import context

from coach.store.tables.columns import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transaction_per_migration=False
)
with context.begin_transaction():
    context.run_migrations()
