"""The fleet: what gateways log in with."""

import sqlalchemy as sa
from alembic import op

revision = "0002_fleet"
down_revision = "0001_records"
branch_labels = None
depends_on = None

# as in storage.records.columns, but frozen here: a migration never changes
PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _up_credentials()


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


def downgrade() -> None:
    _down_credentials()


def _down_credentials() -> None:
    op.drop_table("gateway_credentials")
    op.execute("DELETE FROM counters WHERE name = 'credentials'")
