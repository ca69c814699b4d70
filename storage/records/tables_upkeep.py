"""The tables of instruments' log books and of what people measure by hand."""

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Index, Integer, Table, Text

from domain.upkeep import ActKind
from storage.records.columns import PLAIN, Nested, Words
from storage.records.tables import metadata

#: what technicians did to sensors; a row is never changed
upkeep_acts = Table(
    "upkeep_acts",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("building_id", PLAIN, ForeignKey("buildings.id"), nullable=False),
    Column("sensor_id", PLAIN, ForeignKey("sensors.id"), nullable=False),
    Column("kind", Words(ActKind), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("made_at_ns", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("segments", Nested(tuple[str, ...]), nullable=False),
    Column("mount", Text, nullable=False),
    Column("undoes", Text, nullable=False),
    Column("values", Nested(tuple[tuple[str, float | str], ...]), nullable=False),
    Index(None, "sensor_id", "made_at_ns"),
)

#: readings that were entered in one go
hand_sheets = Table(
    "hand_sheets",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("building_id", PLAIN, ForeignKey("buildings.id"), nullable=False, index=True),
    Column("gateway_id", PLAIN, ForeignKey("gateways.id"), nullable=False),
    Column("shard", Integer, nullable=False),
    Column("entered_by", Text, nullable=False),
    Column("entered_at_ns", BigInteger, nullable=False),
    Column("done_at_ns", BigInteger),
    Column("stored", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Index(None, "done_at_ns", "entered_at_ns"),
)

#: one value a channel and moment
hand_readings = Table(
    "hand_readings",
    metadata,
    Column("channel_id", PLAIN, ForeignKey("channels.id"), primary_key=True),
    Column("taken_at_ns", BigInteger, primary_key=True, autoincrement=False),
    Column("sheet_id", PLAIN, ForeignKey("hand_sheets.id"), nullable=False, index=True),
    Column("value", Double, nullable=False),
    Column("measured_by", Text, nullable=False),
    Column("instrument", Text, nullable=False),
    Column("note", Text, nullable=False),
)
