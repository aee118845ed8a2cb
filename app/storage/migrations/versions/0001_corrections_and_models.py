"""Tables for corrections and for published models."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "corrections",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True)),
        sa.Column("label", sa.String(200)),
        sa.Column("image", sa.LargeBinary, nullable=False),
        sa.Column("strokes", sa.JSON),
        sa.Column("writer", sa.String(64)),
        sa.Column("model_version", sa.String(64), nullable=False),
        sa.Column("predicted", sa.String(200), nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("agreement", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_corrections"),
    )
    op.create_index("ix_corrections_status_created_at", "corrections", ["status", "created_at"])
    op.create_table(
        "models",
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("parent", sa.String(64)),
        sa.Column("figures", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_models"),
    )
    op.create_table(
        "publications",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.String(64)),
        sa.Column("previous", sa.Integer),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_publications"),
        sa.ForeignKeyConstraint(["version"], ["models.version"], name="fk_publications_version"),
        sa.ForeignKeyConstraint(["previous"], ["publications.number"], name="fk_publications_previous"),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("publications")
    op.drop_table("models")
    op.drop_index("ix_corrections_status_created_at", table_name="corrections")
    op.drop_table("corrections")
