"""Which of several models a correction is of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. All corrections until now are of the default model, which is NULL."""
    op.add_column("corrections", sa.Column("model", sa.String(200)))


def downgrade() -> None:
    """Drop the column, and with it the corrections of other models, whose labels are no classes of the default one."""
    op.execute("DELETE FROM corrections WHERE model IS NOT NULL")
    op.drop_column("corrections", "model")
