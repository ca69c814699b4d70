"""The table of the seals of check-ups' reports."""

from sqlalchemy import BigInteger, Column, ForeignKey, Table, Text

from storage.records.columns import PLAIN
from storage.records.tables import metadata

report_seals = Table(
    "report_seals",
    metadata,
    Column("code", PLAIN, primary_key=True),
    Column("check_up_id", PLAIN, ForeignKey("check_ups.id"), nullable=False),
    Column("submission_id", PLAIN, nullable=False, index=True),
    Column("building_id", PLAIN, nullable=False),
    Column("pictures", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("bytes_total", BigInteger, nullable=False),
    Column("file_key", Text, nullable=False),
    Column("made_at_ns", BigInteger, nullable=False),
)
