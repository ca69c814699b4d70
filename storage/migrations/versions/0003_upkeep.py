"""Log books of instruments, readings by hand, and segments that can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0003_upkeep"
down_revision = "0002_fleet"
branch_labels = None
depends_on = None

# as in storage.records.columns, but frozen here: a migration never changes
PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column(
        "gateways", sa.Column("by_hand", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("sensors", sa.Column("by_hand", sa.Text(), nullable=True))
    op.add_column("segments", sa.Column("scale", sa.Double(), nullable=False, server_default="1.0"))
    op.add_column("segments", sa.Column("start", sa.Double(), nullable=True))
    op.add_column(
        "segments", sa.Column("made_at_ns", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.add_column("segments", sa.Column("withdrawn_at_ns", sa.BigInteger(), nullable=True))
    op.add_column("mounts", sa.Column("withdrawn_at_ns", sa.BigInteger(), nullable=True))
    op.add_column(
        "gateway_statuses",
        sa.Column("remounted", sa.Text(), nullable=False, server_default="[]"),
    )
    _up_acts()
    _up_hand()


def downgrade() -> None:
    op.drop_table("hand_readings")
    op.drop_table("hand_sheets")
    op.drop_table("upkeep_acts")
    op.drop_column("gateway_statuses", "remounted")
    op.drop_column("mounts", "withdrawn_at_ns")
    for name in ("withdrawn_at_ns", "made_at_ns", "start", "scale"):
        op.drop_column("segments", name)
    op.drop_column("sensors", "by_hand")
    op.drop_column("gateways", "by_hand")


def _up_acts() -> None:
    op.create_table(
        "upkeep_acts",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("sensor_id", PLAIN, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("made_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("segments", sa.Text(), nullable=False),
        sa.Column("mount", sa.Text(), nullable=False),
        sa.Column("undoes", sa.Text(), nullable=False),
        sa.Column("values", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"], ["buildings.id"], name=op.f("fk_upkeep_acts_building_id_buildings")
        ),
        sa.ForeignKeyConstraint(
            ["sensor_id"], ["sensors.id"], name=op.f("fk_upkeep_acts_sensor_id_sensors")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upkeep_acts")),
    )
    op.create_index(
        op.f("ix_upkeep_acts_sensor_id_made_at_ns"), "upkeep_acts", ["sensor_id", "made_at_ns"]
    )


def _up_hand() -> None:
    op.create_table(
        "hand_sheets",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("gateway_id", PLAIN, nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("entered_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("done_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"], ["buildings.id"], name=op.f("fk_hand_sheets_building_id_buildings")
        ),
        sa.ForeignKeyConstraint(
            ["gateway_id"], ["gateways.id"], name=op.f("fk_hand_sheets_gateway_id_gateways")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_sheets")),
    )
    op.create_index(op.f("ix_hand_sheets_building_id"), "hand_sheets", ["building_id"])
    op.create_index(
        op.f("ix_hand_sheets_done_at_ns_entered_at_ns"),
        "hand_sheets",
        ["done_at_ns", "entered_at_ns"],
    )
    op.create_table(
        "hand_readings",
        sa.Column("channel_id", PLAIN, nullable=False),
        sa.Column("taken_at_ns", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("sheet_id", PLAIN, nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("measured_by", sa.Text(), nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_hand_readings_channel_id_channels")
        ),
        sa.ForeignKeyConstraint(
            ["sheet_id"], ["hand_sheets.id"], name=op.f("fk_hand_readings_sheet_id_hand_sheets")
        ),
        sa.PrimaryKeyConstraint("channel_id", "taken_at_ns", name=op.f("pk_hand_readings")),
    )
    op.create_index(op.f("ix_hand_readings_sheet_id"), "hand_readings", ["sheet_id"])
