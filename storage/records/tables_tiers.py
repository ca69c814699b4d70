"""The table of who has looked at tiers that contradict each other."""

from sqlalchemy import BigInteger, Boolean, Column, Table, Text

from storage.records.columns import PLAIN
from storage.records.tables import metadata

tier_looks = Table(
    "tier_looks",
    metadata,
    Column("conflict_id", PLAIN, primary_key=True),
    Column("at_ns", BigInteger, primary_key=True, autoincrement=False),
    Column("building_id", PLAIN, nullable=False),
    Column("rule", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("looked", Boolean, nullable=False),
)
