"""The tables of the fleet: missing numbers, quarantine, presence, sampling plans, timed jobs."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text

from domain.sampling import PlannedChannel
from storage.records.columns import PLAIN, Nested
from storage.records.tables import metadata

#: missing numbers, one row a gap
number_gaps = Table(
    "number_gaps",
    metadata,
    Column("gateway_id", PLAIN, primary_key=True),
    Column("boot", BigInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("day", PLAIN, nullable=False),
    Column("after_ns", BigInteger, nullable=False),
    Column("before_ns", BigInteger, nullable=False),
    Index(None, "gateway_id", "day"),
)

#: what somebody decided about a quarantined refusal, and what came of it
releases = Table(
    "releases",
    metadata,
    Column("refusal_id", PLAIN, primary_key=True),
    Column("by", Text, nullable=False),
    Column("asked_at_ns", BigInteger, nullable=False),
    Column("done_at_ns", BigInteger),
    Column("stored", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
)

#: moments at which a gateway went on line or off
presence = Table(
    "presence",
    metadata,
    Column("gateway_id", PLAIN, primary_key=True),
    Column("at_ns", BigInteger, primary_key=True, autoincrement=False),
    Column("online", Boolean, nullable=False),
)

sampling_plans = Table(
    "sampling_plans",
    metadata,
    Column("gateway_id", PLAIN, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("shard", Integer, nullable=False),
    Column("made_at_ns", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("channels", Nested(tuple[PlannedChannel, ...]), nullable=False),
    Column("sent_at_ns", BigInteger),
    Column("acknowledged_at_ns", BigInteger),
)

#: when each timed job was last done to its end
job_runs = Table(
    "job_runs",
    metadata,
    Column("name", PLAIN, primary_key=True),
    Column("done_at_ns", BigInteger, nullable=False),
)
