"""What many gateways and processes need: clocks, secrets, heart-beats, who is told of what."""

import sqlalchemy as sa
from alembic import op

revision = "0002_fleet"
down_revision = "0001_records"
branch_labels = None
depends_on = None

# as in storage.records.columns, but frozen here: a migration never changes
PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _up_clocks()
    _up_heartbeats()
    _up_concerns()
    _up_credentials()


def downgrade() -> None:
    _down_credentials()
    _down_concerns()
    _down_heartbeats()
    _down_clocks()


def _up_clocks() -> None:
    op.create_table(
        "gateway_clocks",
        sa.Column("gateway_id", PLAIN, nullable=False),
        sa.Column("skew_ns", sa.BigInteger(), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("since_ns", sa.BigInteger(), nullable=False),
        sa.Column("waiting", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("gateway_id", name=op.f("pk_gateway_clocks")),
    )


def _down_clocks() -> None:
    op.drop_table("gateway_clocks")


def _up_heartbeats() -> None:
    op.create_table(
        "heartbeats",
        sa.Column("role", PLAIN, nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("host", PLAIN, nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("started_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("beat_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("signs", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("role", "shard", "host", name=op.f("pk_heartbeats")),
    )


def _down_heartbeats() -> None:
    op.drop_table("heartbeats")


def _up_concerns() -> None:
    # whoever was told before is told of the same as before
    op.add_column(
        "recipients",
        sa.Column("concerns", sa.Text(), nullable=False, server_default='["buildings"]'),
    )


def _down_concerns() -> None:
    op.drop_column("recipients", "concerns")


def _up_credentials() -> None:
    op.create_table(
        "gateway_credentials",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("gateway_id", PLAIN, nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("sha256", PLAIN, nullable=False),
        sa.Column("made_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("last_used_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("ends_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("ends_when_replaced", sa.Boolean(), nullable=False),
        sa.Column("revoked_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gateway_id"], ["gateways.id"], name=op.f("fk_gateway_credentials_gateway_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_credentials")),
        sa.UniqueConstraint("sha256", name=op.f("uq_gateway_credentials_sha256")),
    )
    op.create_index(
        op.f("ix_gateway_credentials_gateway_id"),
        "gateway_credentials",
        ["gateway_id"],
        unique=False,
    )
    counters = sa.table("counters", sa.column("name"), sa.column("value"))
    op.bulk_insert(counters, [{"name": "credentials", "value": 0}])


def _down_credentials() -> None:
    op.drop_table("gateway_credentials")
    op.execute("DELETE FROM counters WHERE name = 'credentials'")
