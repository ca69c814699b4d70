"""Seals of check-ups' reports: what a code on paper stands for."""

import sqlalchemy as sa
from alembic import op

revision = "0009_report_seals"
down_revision = "0008_check_ups"
branch_labels = None
depends_on = None

# as in storage.records.columns, but frozen here: a migration never changes
PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "report_seals",
        sa.Column("code", PLAIN, nullable=False),
        sa.Column("check_up_id", PLAIN, nullable=False),
        sa.Column("submission_id", PLAIN, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("pictures", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("bytes_total", sa.BigInteger(), nullable=False),
        sa.Column("file_key", sa.Text(), nullable=False),
        sa.Column("made_at_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["check_up_id"], ["check_ups.id"], name=op.f("fk_report_seals_check_up_id_check_ups")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_report_seals")),
    )
    op.create_index(
        op.f("ix_report_seals_submission_id"), "report_seals", ["submission_id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("report_seals")
