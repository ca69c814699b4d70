"""What buildings are called, as search compares it: small rows that are read through at once."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0010_building_names"
down_revision = "0009_report_seals"
branch_labels = None
depends_on = None

# as in storage.records.columns, but frozen here: a migration never changes
PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_PIECE = 5_000


def upgrade() -> None:
    names = op.create_table(
        "building_names",
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("plain", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"], ["buildings.id"], name=op.f("fk_building_names_building_id_buildings")
        ),
        sa.PrimaryKeyConstraint("building_id", name=op.f("pk_building_names")),
        sqlite_with_rowid=False,
    )
    buildings = sa.table(
        "buildings", *(sa.column(name, sa.Text) for name in ("id", "code", "name", "address"))
    )
    connection = op.get_bind()
    rows = connection.execute(sa.select(buildings)).all()
    for start in range(0, len(rows), _PIECE):
        connection.execute(
            names.insert(),
            [
                {"building_id": id_, "plain": "\n".join(("", *map(_plain, texts), ""))}
                for id_, *texts in rows[start : start + _PIECE]
            ],
        )


def downgrade() -> None:
    op.drop_table("building_names")


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(folded.replace("-", "").split())
