"""The tables of what gateways log in with."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Table, Text

from storage.records.columns import PLAIN
from storage.records.tables import metadata

gateway_credentials = Table(
    "gateway_credentials",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("gateway_id", PLAIN, ForeignKey("gateways.id"), nullable=False, index=True),
    Column("prefix", Text, nullable=False),
    Column("sha256", PLAIN, nullable=False, unique=True),
    Column("made_at_ns", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("last_used_at_ns", BigInteger),
    Column("ends_at_ns", BigInteger),
    Column("ends_when_replaced", Boolean, nullable=False),
    Column("revoked_at_ns", BigInteger),
    Column("revoked_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
)
