"""Who has looked at tiers of evidence that contradict each other, and results by day."""

import sqlalchemy as sa
from alembic import op

revision = "0012_tier_looks"
down_revision = "0011_firm_capacity"
branch_labels = None
depends_on = None

# as in storage.records.columns, but frozen here: a migration never changes
PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "tier_looks",
        sa.Column("conflict_id", PLAIN, nullable=False),
        sa.Column("at_ns", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("looked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("conflict_id", "at_ns", name=op.f("pk_tier_looks")),
    )
    op.create_index(
        op.f("ix_check_ups_result_done_at_ns"), "check_ups", ["result", "done_at_ns"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_check_ups_result_done_at_ns"), table_name="check_ups")
    op.drop_table("tier_looks")
