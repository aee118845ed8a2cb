"""The tables. A change here needs a migration in `migrations/versions`; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
)


class UtcDateTime(TypeDecorator[datetime]):
    """A date and time, always in UTC. SQLite stores no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Name the zone that SQLite left out."""
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

# A drawing that a person corrected or confirmed. `label` is NULL for "none of these". `image` is a PNG file without
# metadata. `writer` is an id that the page made up; there is no address, no name and no browser in here. `predicted`,
# `confidence` and `agreement` (the probability of the given label) are what the model said of the image that arrived.
# `model` is the name under which the model is offered, NULL for the default: the labels of two are not to be mixed.
corrections = Table(
    "corrections",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("status", String(8), nullable=False),
    Column("reviewed_at", UtcDateTime),
    Column("label", String(200)),
    Column("image", LargeBinary, nullable=False),
    Column("strokes", JSON(none_as_null=True)),
    Column("writer", String(64)),
    Column("model_version", String(64), nullable=False),
    Column("predicted", String(200), nullable=False),
    Column("confidence", Float, nullable=False),
    Column("agreement", Float, nullable=False),
    Column("model", String(200)),
    Index("ix_corrections_status_created_at", "status", "created_at"),
)

# Model files that were published, so that a replica which starts on an empty disk finds them.
models = Table(
    "models",
    metadata,
    Column("version", String(64), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("file", LargeBinary, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("parent", String(64)),
    Column("figures", JSON, nullable=False),
)

# Which model is to be served: the one of the row with the highest number. `version` is NULL for the file of MODEL_PATH.
# `previous` is the row that a rollback goes back to.
publications = Table(
    "publications",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("published_at", UtcDateTime, nullable=False),
    Column("version", String(64), ForeignKey("models.version")),
    Column("previous", Integer, ForeignKey("publications.number")),
    Column("reason", String(200), nullable=False),
)
