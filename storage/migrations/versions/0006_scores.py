"""Scores for insurers: the band as it was told, what told something, whom to tell of changes."""

import sqlalchemy as sa
from alembic import op

revision = "0006_scores"
down_revision = "0005_assessments"
branch_labels = None
depends_on = None

# as in storage.records.columns, but frozen here: a migration never changes
PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    # none of the three is known of what was kept before
    op.add_column("assessments", sa.Column("band", sa.Text(), nullable=True))
    op.add_column("assessments", sa.Column("channels", sa.Integer(), nullable=True))
    op.add_column("assessments", sa.Column("told", sa.Integer(), nullable=True))
    op.create_table(
        "score_webhooks",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("user_id", PLAIN, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_score_webhooks_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_webhooks")),
    )
    op.create_index(op.f("ix_score_webhooks_user_id"), "score_webhooks", ["user_id"], unique=False)
    op.create_table(
        "score_notices",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("webhook_id", PLAIN, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("assessment_id", PLAIN, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("updated_at_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["score_webhooks.id"],
            name=op.f("fk_score_notices_webhook_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_notices")),
    )
    op.create_index(
        op.f("ix_score_notices_webhook_id_created_at_ns"),
        "score_notices",
        ["webhook_id", "created_at_ns"],
        unique=False,
    )
    op.create_index(
        "ix_score_notices_due",
        "score_notices",
        ["next_at_ns"],
        unique=False,
        sqlite_where=sa.text("next_at_ns IS NOT NULL"),
        postgresql_where=sa.text("next_at_ns IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("score_notices")
    op.drop_table("score_webhooks")
    for name in ("told", "channels", "band"):
        op.drop_column("assessments", name)
