"""The slow analysis: leases, timed runs, assessments, context events, labels, alarm budgets."""

import sqlalchemy as sa
from alembic import op

revision = "0005_assessments"
down_revision = "0003_upkeep"
branch_labels = None
depends_on = None

# as in storage.records.columns, but frozen here: a migration never changes
PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _up_jobs()
    _up_assessments()
    _up_contexts()
    _up_labels()


def downgrade() -> None:
    op.drop_table("alarm_budgets")
    op.drop_index(op.f("ix_labels_at_ns_id"), table_name="labels")
    op.drop_index(op.f("ix_labels_alert_id"), table_name="labels")
    op.drop_table("labels")
    op.drop_index(op.f("ix_context_events_started_at_ns_id"), table_name="context_events")
    op.drop_index(op.f("ix_context_events_kind_started_at_ns_id"), table_name="context_events")
    op.drop_table("context_events")
    op.drop_table("verdicts")
    op.drop_index(op.f("ix_assessments_building_id_at_ns_made_at_ns"), table_name="assessments")
    op.drop_table("assessments")
    op.drop_table("gateway_boots")
    op.drop_table("job_times")
    op.drop_table("leases")


def _up_jobs() -> None:
    op.create_table(
        "leases",
        sa.Column("name", PLAIN, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("until_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "job_times",
        sa.Column("job", PLAIN, nullable=False),
        sa.Column("due_at_ns", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("begun_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("ended_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("of", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job", "due_at_ns", name=op.f("pk_job_times")),
    )
    op.create_table(
        "gateway_boots",
        sa.Column("gateway_id", PLAIN, nullable=False),
        sa.Column("boot", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("gateway_id", "boot", name=op.f("pk_gateway_boots")),
    )


def _up_assessments() -> None:
    op.create_table(
        "assessments",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("made_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("data_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("suspected", sa.Text(), nullable=False),
        sa.Column("quality_percent", sa.Double(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("would_change", sa.Text(), nullable=False),
        sa.Column("novelty", sa.Double(), nullable=True),
        sa.Column("shared", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessments")),
    )
    op.create_index(
        op.f("ix_assessments_building_id_at_ns_made_at_ns"),
        "assessments",
        ["building_id", "at_ns", "made_at_ns"],
        unique=False,
    )
    op.create_table(
        "verdicts",
        sa.Column("assessment_id", PLAIN, nullable=False),
        sa.Column("verdicts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("assessment_id", name=op.f("pk_verdicts")),
    )


def _up_contexts() -> None:
    op.create_table(
        "context_events",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("radius_m", sa.Double(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_context_events")),
    )
    op.create_index(
        op.f("ix_context_events_kind_started_at_ns_id"),
        "context_events",
        ["kind", "started_at_ns", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_context_events_started_at_ns_id"),
        "context_events",
        ["started_at_ns", "id"],
        unique=False,
    )


def _up_labels() -> None:
    op.create_table(
        "labels",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("alert_id", PLAIN, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("assessment_id", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
    )
    op.create_index(op.f("ix_labels_alert_id"), "labels", ["alert_id"], unique=False)
    op.create_index(op.f("ix_labels_at_ns_id"), "labels", ["at_ns", "id"], unique=False)
    op.create_table(
        "alarm_budgets",
        sa.Column("set_at_ns", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pages_a_month", sa.Double(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("set_at_ns", name=op.f("pk_alarm_budgets")),
    )
