"""Bring a database to the present schema: several processes may try at the same time, one does it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from app.storage.database import lacks_write_ahead_log, reading, use_write_ahead_log, writing

# The newest migration. A test compares it with the files in migrations/versions.
HEAD = "0002"
MIGRATIONS = Path(__file__).resolve().parent / "migrations"
# Any number that no other application takes for its lock in the same database.
_LOCK = 7_310_218_046


class NewerSchemaError(Exception):
    """The database was made by a newer version of the service."""


def upgrade(engine: Engine) -> None:
    """Create or change the tables. Does nothing, fast, where that has been done.

    Raises NewerSchemaError for the database of a newer version, and SQLAlchemy's errors if the database cannot be used.
    """
    with reading(engine) as connection:
        is_current, lacks_log = _revision(connection) == HEAD, lacks_write_ahead_log(connection)
    if lacks_log:
        use_write_ahead_log(engine)
    if is_current:
        return
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        if _revision(connection) != HEAD:
            _migrate(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def _migrate(connection: Connection) -> None:
    # Alembic takes 9 MB of memory, which most processes never need.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise NewerSchemaError(
            f"The database is of a newer version of this service ({error}). Deploy that version here too."
        ) from error
