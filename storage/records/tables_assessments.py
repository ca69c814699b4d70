"""The tables of the slow analysis: leases, timed runs, assessments, context events, labels."""

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, Table, Text

from domain.assessed import Band
from domain.assessments import Reason, SharedCause, SuspectedGrade
from domain.contexts import ContextKind
from domain.jobs import RunState
from domain.labels import Outcome
from storage.records.columns import PLAIN, Nested, Words
from storage.records.tables import metadata

#: who does what only one process may do; times are real ones
leases = Table(
    "leases",
    metadata,
    Column("name", PLAIN, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("until_ns", BigInteger, nullable=False),
)

#: one row for each moment of each job, whoever runs it
job_times = Table(
    "job_times",
    metadata,
    Column("job", PLAIN, primary_key=True),
    Column("due_at_ns", BigInteger, primary_key=True, autoincrement=False),
    Column("state", Words(RunState), nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("begun_at_ns", BigInteger),
    Column("ended_at_ns", BigInteger),
    Column("done", Integer, nullable=False),
    Column("of", Integer, nullable=False),
    Column("text", Text, nullable=False),
)

#: when each gateway was first heard with a boot counter: a zero may be another from there on
gateway_boots = Table(
    "gateway_boots",
    metadata,
    Column("gateway_id", PLAIN, primary_key=True),
    Column("boot", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ns", BigInteger, nullable=False),
)

# no reference to buildings, as with findings: what was judged is never refused
assessments = Table(
    "assessments",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("building_id", PLAIN, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("made_at_ns", BigInteger, nullable=False),
    Column("because", Text, nullable=False),
    Column("data_at_ns", BigInteger),
    Column("model", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("score", Double, nullable=False),
    Column("low", Double, nullable=False),
    Column("high", Double, nullable=False),
    Column("suspected", Words(SuspectedGrade), nullable=False),
    Column("quality_percent", Double, nullable=False),
    Column("reasons", Nested(tuple[Reason, ...]), nullable=False),
    Column("would_change", Nested(tuple[Reason, ...]), nullable=False),
    Column("novelty", Double),
    Column("shared", Nested(tuple[SharedCause, ...]), nullable=False),
    Column("details", Nested(tuple[tuple[str, float | str], ...]), nullable=False),
    # the band as it was told, and the channels with those that told something
    Column("band", Words(Band)),
    Column("channels", Integer),
    Column("told", Integer),
    Index(None, "building_id", "at_ns", "made_at_ns"),
)

#: apart, so that a list of scores does not read what stands behind each; MessagePack, which knows
#: infinite bounds where JSON does not
verdicts = Table(
    "verdicts",
    metadata,
    Column("assessment_id", PLAIN, primary_key=True),
    Column("verdicts", LargeBinary, nullable=False),
)

context_events = Table(
    "context_events",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("kind", Words(ContextKind), nullable=False),
    Column("name", Text, nullable=False),
    Column("started_at_ns", BigInteger, nullable=False),
    Column("ended_at_ns", BigInteger, nullable=False),
    Column("longitude", Double),
    Column("latitude", Double),
    Column("radius_m", Double, nullable=False),
    Column("figures", Nested(tuple[tuple[str, float], ...]), nullable=False),
    Column("source", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "kind", "started_at_ns", "id"),
    Index(None, "started_at_ns", "id"),
)

labels = Table(
    "labels",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("alert_id", PLAIN, nullable=False, index=True),
    Column("building_id", PLAIN, nullable=False),
    Column("cause", Text, nullable=False),
    Column("outcome", Words(Outcome), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("score", Double),
    Column("assessment_id", Text, nullable=False),
    Column("model", Text, nullable=False),
    Index(None, "at_ns", "id"),
)

#: how many pages a month the safety office wants; rows are only ever added
alarm_budgets = Table(
    "alarm_budgets",
    metadata,
    Column("set_at_ns", BigInteger, primary_key=True, autoincrement=False),
    Column("pages_a_month", Double, nullable=False),
    Column("by", Text, nullable=False),
)
