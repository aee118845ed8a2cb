"""How Alembic gets its connection: from `app.storage.schema`, or, for the `alembic` command, from DATABASE_URL."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection

from app.storage.database import open_database, writing
from app.storage.tables import metadata


def run(connection: Connection) -> None:
    """Run the migrations in the connection's transaction."""
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


if given := context.config.attributes.get("connection"):
    run(given)
else:
    with writing(open_database(os.environ.get("DATABASE_URL", "sqlite:///handwritten.db"))) as opened:
        run(opened)
