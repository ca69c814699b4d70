"""Check-ups: plan, forms, what is sent in, pictures, firms, ordered appraisals."""

import sqlalchemy as sa
from alembic import op

revision = "0008_check_ups"
down_revision = "0007_models"
branch_labels = None
depends_on = None

# as in storage.records.columns, but frozen here: a migration never changes
PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
#: columns of defects that are new, with what stands in the rows of before
NEW = (
    ("check_up_id", PLAIN, ""),
    ("length_mm", sa.Double(), None),
    ("direction", sa.Text(), ""),
    ("dangerous", sa.Boolean(), sa.false()),
)


def upgrade() -> None:
    with op.batch_alter_table("defects") as defects:
        for name, kind, before in NEW:
            column = sa.Column(name, kind, nullable=before is None, server_default=before)
            defects.add_column(column)
    with op.batch_alter_table("defects") as defects:
        for name, _, before in NEW:
            if before is not None:
                defects.alter_column(name, server_default=None)
    op.create_table(
        "annual_plans",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("district", PLAIN, nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("made_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("adopted_by", sa.Text(), nullable=False),
        sa.Column("adopted_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annual_plans")),
    )
    op.create_index(
        op.f("ix_annual_plans_year_district"), "annual_plans", ["year", "district"], unique=False
    )
    op.create_table(
        "check_templates",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("check_class", sa.Text(), nullable=False),
        sa.Column("made_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_check_templates")),
    )
    op.create_table(
        "checks_due",
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("check_class", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("made_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("district", PLAIN, nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("cause_ref", PLAIN, nullable=False),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.Column("check_up_id", PLAIN, nullable=False),
        sa.PrimaryKeyConstraint("building_id", "check_class", name=op.f("pk_checks_due")),
    )
    op.create_index(
        op.f("ix_checks_due_district_due_on_building_id"),
        "checks_due",
        ["district", "due_on", "building_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_checks_due_due_on_building_id"),
        "checks_due",
        ["due_on", "building_id"],
        unique=False,
    )
    op.create_table(
        "cycle_profiles",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_cycle_profiles")),
    )
    op.create_table(
        "firms",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("districts", sa.Text(), nullable=False),
        sa.Column("member_ids", sa.Text(), nullable=False),
        sa.Column("qualification", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firms")),
    )
    op.create_table(
        "appraisal_orders",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("check_up_id", PLAIN, nullable=False),
        sa.Column("cause_text", sa.Text(), nullable=False),
        sa.Column("opened_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("appraisal_id", PLAIN, nullable=False),
        sa.Column("closed_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"], ["buildings.id"], name=op.f("fk_appraisal_orders_building_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appraisal_orders")),
    )
    op.create_index(
        op.f("ix_appraisal_orders_building_id"), "appraisal_orders", ["building_id"], unique=False
    )
    op.create_index(
        op.f("ix_appraisal_orders_check_up_id"), "appraisal_orders", ["check_up_id"], unique=False
    )
    op.create_index(
        op.f("ix_appraisal_orders_state_due_on"),
        "appraisal_orders",
        ["state", "due_on"],
        unique=False,
    )
    op.create_table(
        "check_ups",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("check_class", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("opened_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("cause_ref", PLAIN, nullable=False),
        sa.Column("cause_text", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("firm_id", PLAIN, nullable=False),
        sa.Column("inspector_id", PLAIN, nullable=False),
        sa.Column("template_id", PLAIN, nullable=False),
        sa.Column("template_version", sa.Integer(), nullable=False),
        sa.Column("submission_id", PLAIN, nullable=False),
        sa.Column("result", sa.SmallInteger(), nullable=True),
        sa.Column("done_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("alert_id", PLAIN, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"], ["buildings.id"], name=op.f("fk_check_ups_building_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_ups")),
    )
    op.create_index(op.f("ix_check_ups_alert_id"), "check_ups", ["alert_id"], unique=False)
    op.create_index(
        op.f("ix_check_ups_building_id_check_class_done_at_ns"),
        "check_ups",
        ["building_id", "check_class", "done_at_ns"],
        unique=False,
    )
    op.create_index(
        op.f("ix_check_ups_firm_id_state_due_on"),
        "check_ups",
        ["firm_id", "state", "due_on"],
        unique=False,
    )
    op.create_index(
        op.f("ix_check_ups_inspector_id_state_due_on"),
        "check_ups",
        ["inspector_id", "state", "due_on"],
        unique=False,
    )
    op.create_index(
        op.f("ix_check_ups_state_due_on_id"), "check_ups", ["state", "due_on", "id"], unique=False
    )
    op.create_table(
        "plan_items",
        sa.Column("plan_id", PLAIN, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("check_class", sa.Text(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("firm_id", PLAIN, nullable=False),
        sa.Column("inspector_id", PLAIN, nullable=False),
        sa.Column("check_up_id", PLAIN, nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["annual_plans.id"], name=op.f("fk_plan_items_plan_id")
        ),
        sa.PrimaryKeyConstraint(
            "plan_id", "building_id", "check_class", name=op.f("pk_plan_items")
        ),
    )
    op.create_index(
        op.f("ix_plan_items_plan_id_month_building_id"),
        "plan_items",
        ["plan_id", "month", "building_id"],
        unique=False,
    )
    op.create_table(
        "attachments",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("check_up_id", PLAIN, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("bytes_total", sa.BigInteger(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("made_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("by_id", PLAIN, nullable=False),
        sa.Column("taken_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("exif_taken_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("wgs84", sa.Text(), nullable=True),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("defect_id", PLAIN, nullable=False),
        sa.Column("caption", sa.Text(), nullable=False),
        sa.Column("marks", sa.Text(), nullable=False),
        sa.Column("mm_per_px", sa.Double(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("original_key", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("thumb_key", sa.Text(), nullable=False),
        sa.Column("arrived_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["check_up_id"], ["check_ups.id"], name=op.f("fk_attachments_check_up_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    op.create_index(
        op.f("ix_attachments_building_id"), "attachments", ["building_id"], unique=False
    )
    op.create_index(
        op.f("ix_attachments_check_up_id"), "attachments", ["check_up_id"], unique=False
    )
    op.create_index(op.f("ix_attachments_defect_id"), "attachments", ["defect_id"], unique=False)
    op.create_table(
        "submissions",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("check_up_id", PLAIN, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("template_id", PLAIN, nullable=False),
        sa.Column("template_version", sa.Integer(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("by_id", PLAIN, nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("begun_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("received_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.SmallInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("clock_ahead_ms", sa.BigInteger(), nullable=True),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("members", sa.Text(), nullable=False),
        sa.Column("soil_dangerous", sa.Boolean(), nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("measures", sa.Text(), nullable=False),
        sa.Column("recheck_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("defect_ids", sa.Text(), nullable=False),
        sa.Column("attachment_ids", sa.Text(), nullable=False),
        sa.Column("signatures", sa.Text(), nullable=False),
        sa.Column("supersedes", PLAIN, nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["check_up_id"], ["check_ups.id"], name=op.f("fk_submissions_check_up_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
    )
    op.create_index(
        op.f("ix_submissions_building_id"), "submissions", ["building_id"], unique=False
    )
    op.create_index(
        op.f("ix_submissions_check_up_id"), "submissions", ["check_up_id"], unique=False
    )
    op.create_index(
        op.f("ix_submissions_standing_received_at_ns"),
        "submissions",
        ["standing", "received_at_ns"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_submissions_standing_received_at_ns"), table_name="submissions")
    op.drop_index(op.f("ix_submissions_check_up_id"), table_name="submissions")
    op.drop_index(op.f("ix_submissions_building_id"), table_name="submissions")
    op.drop_table("submissions")
    op.drop_index(op.f("ix_attachments_defect_id"), table_name="attachments")
    op.drop_index(op.f("ix_attachments_check_up_id"), table_name="attachments")
    op.drop_index(op.f("ix_attachments_building_id"), table_name="attachments")
    op.drop_table("attachments")
    op.drop_index(op.f("ix_plan_items_plan_id_month_building_id"), table_name="plan_items")
    op.drop_table("plan_items")
    op.drop_index(op.f("ix_check_ups_state_due_on_id"), table_name="check_ups")
    op.drop_index(op.f("ix_check_ups_inspector_id_state_due_on"), table_name="check_ups")
    op.drop_index(op.f("ix_check_ups_firm_id_state_due_on"), table_name="check_ups")
    op.drop_index(op.f("ix_check_ups_building_id_check_class_done_at_ns"), table_name="check_ups")
    op.drop_index(op.f("ix_check_ups_alert_id"), table_name="check_ups")
    op.drop_table("check_ups")
    op.drop_index(op.f("ix_appraisal_orders_state_due_on"), table_name="appraisal_orders")
    op.drop_index(op.f("ix_appraisal_orders_check_up_id"), table_name="appraisal_orders")
    op.drop_index(op.f("ix_appraisal_orders_building_id"), table_name="appraisal_orders")
    op.drop_table("appraisal_orders")
    op.drop_table("firms")
    op.drop_table("cycle_profiles")
    op.drop_index(op.f("ix_checks_due_due_on_building_id"), table_name="checks_due")
    op.drop_index(op.f("ix_checks_due_district_due_on_building_id"), table_name="checks_due")
    op.drop_table("checks_due")
    op.drop_table("check_templates")
    op.drop_index(op.f("ix_annual_plans_year_district"), table_name="annual_plans")
    op.drop_table("annual_plans")
    with op.batch_alter_table("defects") as defects:
        for name, _, _ in NEW:
            defects.drop_column(name)
