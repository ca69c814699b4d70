"""What gateways need: clocks."""

import sqlalchemy as sa
from alembic import op

revision = "0002_fleet"
down_revision = "0001_records"
branch_labels = None
depends_on = None

PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _up_clocks()


def downgrade() -> None:
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
