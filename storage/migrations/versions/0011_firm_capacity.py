"""How many check-ups a month a firm, and each inspector that it sends, can do."""

import sqlalchemy as sa
from alembic import op

revision = "0011_firm_capacity"
down_revision = "0010_building_names"
branch_labels = None
depends_on = None

NEW = ("monthly_max", "monthly_max_each")


def upgrade() -> None:
    for name in NEW:
        op.add_column("firms", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("firms") as firms:
        for name in NEW:
            firms.drop_column(name)
