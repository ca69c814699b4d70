"""The tables of the records database, named and shaped as the records of `domain/`.

A column bears the name of its record's field. Moments are BIGINT ns since 1970 UTC.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from domain.access import Role, Scope
from domain.accounts import Fate
from domain.alerts import AlertState, Concern, Contribution, EventKind, NoticeState, Way
from domain.buildings import Grade, HeritageClass
from domain.findings import Cause, Compensation
from domain.installation import Sign
from domain.limits import Level
from domain.sensors import Method, SegmentReason
from domain.services import Health
from storage.records.columns import PLAIN, ROW_NUMBER, Nested, Steps, Words

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: numbers that only rise: `register` (revision), `changes` and `audit` (last id given).
#: Ids come from here and not from a sequence: a sequence's ids can become visible out of
#: order, and a reader that asks for "after 7" would then never see a late 6.
counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

buildings = Table(
    "buildings",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("code", PLAIN, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("district", PLAIN, nullable=False, index=True),
    Column("street", Text, nullable=False),
    Column("community", Text, nullable=False),
    Column("longitude", Double, nullable=False),
    Column("latitude", Double, nullable=False),
    Column("crs", Text, nullable=False),
    Column("use", Text, nullable=False),
    Column("ownership", Text, nullable=False),
    Column("build_year", Integer),
    Column("design_life_years", Integer),
    Column("structure", Text, nullable=False),
    Column("storeys_above", Integer, nullable=False),
    Column("storeys_below", Integer, nullable=False),
    Column("height_m", Double, nullable=False),
    Column("area_m2", Double),
    Column("households", Integer),
    Column("heritage", Words(HeritageClass), nullable=False),
    Column("substandard", Boolean, nullable=False),
    Column("works_nearby", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)

#: what buildings are called, as search compares it; written with them
building_names = Table(
    "building_names",
    metadata,
    Column("building_id", PLAIN, ForeignKey("buildings.id"), primary_key=True),
    Column("plain", Text, nullable=False),
    sqlite_with_rowid=False,
)

appraisals = Table(
    "appraisals",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("building_id", PLAIN, ForeignKey("buildings.id"), nullable=False, index=True),
    Column("scheme", Text, nullable=False),
    Column("grade", Words(Grade), nullable=False),
    Column("report_number", Text, nullable=False),
    Column("appraiser", Text, nullable=False),
    Column("appraised_on", Date, nullable=False),
    Column("valid_until", Date),
    Column("report_file", Text, nullable=False),
)

gateways = Table(
    "gateways",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("name", Text, nullable=False),
    Column("shard", Integer, nullable=False, index=True),
    Column("secret_sha256", Text, nullable=False),
    Column("numbered", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("by_hand", Boolean, nullable=False, server_default=false()),
)

sensors = Table(
    "sensors",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("building_id", PLAIN, ForeignKey("buildings.id"), nullable=False, index=True),
    Column("gateway_id", PLAIN, ForeignKey("gateways.id"), nullable=False, index=True),
    Column("code", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("storey", Integer),
    Column("model", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("certificate", Text, nullable=False),
    Column("certificate_until", Text, nullable=False),
    Column("resolution", Double),
    Column("load_bearing", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("by_hand", Words(Method)),
)
Index(
    "uq_sensors_active_code",
    sensors.c.building_id,
    sensors.c.code,
    unique=True,
    sqlite_where=text("active"),
    postgresql_where=text("active"),
)

channels = Table(
    "channels",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("sensor_id", PLAIN, ForeignKey("sensors.id"), nullable=False, index=True),
    Column("gateway_id", PLAIN, ForeignKey("gateways.id"), nullable=False),
    Column("address", PLAIN, nullable=False),
    Column("kind", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("axis", Text, nullable=False),
    Column("interval_s", Integer, nullable=False),
    Column("low", Double),
    Column("high", Double),
    Column("active", Boolean, nullable=False),
    UniqueConstraint("gateway_id", "address"),
)

segments = Table(
    "segments",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("channel_id", PLAIN, ForeignKey("channels.id"), nullable=False),
    Column("opened_at_ns", BigInteger, nullable=False),
    Column("reason", Words(SegmentReason), nullable=False),
    Column("offset", Double),
    Column("survey", Double),
    Column("absolute", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("scale", Double, nullable=False, server_default="1.0"),
    Column("start", Double),
    Column("made_at_ns", BigInteger, nullable=False, server_default="0"),
    Column("withdrawn_at_ns", BigInteger),
    Index(None, "channel_id", "opened_at_ns"),
)

mounts = Table(
    "mounts",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("sensor_id", PLAIN, ForeignKey("sensors.id"), nullable=False),
    Column("mounted_at_ns", BigInteger, nullable=False),
    Column("x_azimuth_deg", Double),
    Column("height_m", Double),
    Column("longitude", Double),
    Column("latitude", Double),
    Column("note", Text, nullable=False),
    Column("withdrawn_at_ns", BigInteger),
    Index(None, "sensor_id", "mounted_at_ns"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("judged", BigInteger, nullable=False),
    Column("fence", BigInteger, nullable=False),
)

# no reference to buildings from here on: what was judged must never be refused for the
# register's sake, and nothing is ever deleted from the register
detector_states = Table(
    "detector_states",
    metadata,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("building_id", PLAIN, primary_key=True),
    Column("detector", PLAIN, primary_key=True),
    Column("state", LargeBinary, nullable=False),
)

findings = Table(
    "findings",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("building_id", PLAIN, nullable=False),
    Column("cause", Words(Cause), nullable=False),
    Column("rule", Text, nullable=False),
    Column("subject", PLAIN, nullable=False),
    Column("subject_name", Text, nullable=False),
    Column("channels", Nested(tuple[str, ...]), nullable=False),
    Column("level", Steps(Level), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("value", Double, nullable=False),
    Column("limit", Double, nullable=False),
    Column("unit", Text, nullable=False),
    Column("window_ns", BigInteger, nullable=False),
    Column("started_ns", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("certainty", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("compensation", Words(Compensation), nullable=False),
    Column("capped", Boolean, nullable=False),
    Column("details", Nested(tuple[tuple[str, float | str], ...]), nullable=False),
    Index(None, "at_ns", "id"),
    Index(None, "building_id", "at_ns", "id"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("building_id", PLAIN, nullable=False),
    Column("cause", Words(Cause), nullable=False),
    Column("level", Steps(Level), nullable=False),
    Column("level_max", Steps(Level), nullable=False),
    Column("state", Words(AlertState), nullable=False),
    Column("opened_at_ns", BigInteger, nullable=False),
    Column("updated_at_ns", BigInteger, nullable=False),
    Column("event_started_at_ns", BigInteger, nullable=False),
    Column("contributions", Nested(tuple[Contribution, ...]), nullable=False),
    Column("acknowledged_by", Text, nullable=False),
    Column("acknowledged_at_ns", BigInteger),
    Column("escalated_at_ns", BigInteger),
    Column("cleared_at_ns", BigInteger),
    Column("close_proposed_by", Text, nullable=False),
    Column("close_reason", Text, nullable=False),
    Column("closed_by", Text, nullable=False),
    Column("closed_at_ns", BigInteger),
    Column("version", Integer, nullable=False),
    Index(None, "level", "opened_at_ns", "id"),
    Index(None, "building_id", "cause", "closed_at_ns"),
)
Index(
    "uq_alerts_one_open",
    alerts.c.building_id,
    alerts.c.cause,
    unique=True,
    sqlite_where=text("state <> 'closed'"),
    postgresql_where=text("state <> 'closed'"),
)

alert_events = Table(
    "alert_events",
    metadata,
    Column("number", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("id", PLAIN, nullable=False, unique=True),
    Column("alert_id", PLAIN, ForeignKey("alerts.id"), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("kind", Words(EventKind), nullable=False),
    Column("level", Steps(Level), nullable=False),
    Column("by", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("finding_id", Text, nullable=False),
    Index(None, "alert_id", "at_ns"),
)

recipients = Table(
    "recipients",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("name", Text, nullable=False),
    Column("ways", Nested(tuple[Way, ...]), nullable=False),
    Column("districts", Nested(tuple[str, ...]), nullable=False),
    Column("level_min", Steps(Level), nullable=False),
    Column("escalation", Boolean, nullable=False),
    Column("language", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("concerns", Nested(tuple[Concern, ...]), nullable=False, server_default='["buildings"]'),
)

notices = Table(
    "notices",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("alert_id", PLAIN, ForeignKey("alerts.id"), nullable=False, index=True),
    Column("event_id", Text, nullable=False),
    Column("recipient_id", Text, nullable=False),
    Column("recipient_name", Text, nullable=False),
    Column("ways", Nested(tuple[Way, ...]), nullable=False),
    Column("level", Steps(Level), nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("link", Text, nullable=False),
    Column("created_at_ns", BigInteger, nullable=False),
    Column("state", Words(NoticeState), nullable=False),
    Column("way", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at_ns", BigInteger),
    Column("answer", Text, nullable=False),
    Column("updated_at_ns", BigInteger, nullable=False),
)
Index(
    "ix_notices_due",
    notices.c.next_at_ns,
    sqlite_where=text("next_at_ns IS NOT NULL"),
    postgresql_where=text("next_at_ns IS NOT NULL"),
)

changes = Table(
    "changes",
    metadata,
    Column("id", ROW_NUMBER, primary_key=True, autoincrement=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("building_id", Text, nullable=False),
    Column("object_id", Text, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("gateway_id", PLAIN, primary_key=True),
    Column("day", PLAIN, primary_key=True),
    Column("stored", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
    Column("duplicate", BigInteger, nullable=False),
    Column("missing", BigInteger, nullable=False),
    Column(
        "reasons", Nested(tuple[tuple[str, str, int], ...]), nullable=False, server_default="[]"
    ),
)

refusals = Table(
    "refusals",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("gateway_id", PLAIN, nullable=False),
    Column("received_at_ns", BigInteger, nullable=False),
    Column("fate", Words(Fate), nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("readings", BigInteger, nullable=False),
    Column("address", Text, nullable=False),
    Column("sample", LargeBinary, nullable=False),
    Index(None, "received_at_ns", "id"),
    Index(None, "gateway_id", "received_at_ns", "id"),
)

#: kept beside the rows, so that a flood of refusals does not slow the page that shows it
refusal_counts = Table(
    "refusal_counts",
    metadata,
    Column("gateway_id", PLAIN, primary_key=True),
    Column("fate", PLAIN, primary_key=True),
    Column("reason", PLAIN, primary_key=True),
    Column("address", PLAIN, primary_key=True),
    Column("readings", BigInteger, nullable=False),
)

gateway_statuses = Table(
    "gateway_statuses",
    metadata,
    Column("gateway_id", PLAIN, primary_key=True),
    Column("at_ns", BigInteger, nullable=False),
    Column("online", Boolean, nullable=False),
    Column("boot", BigInteger),
    Column("battery_percent", Double),
    Column("signal_dbm", Double),
    Column("firmware", Text, nullable=False),
    Column("config", BigInteger),
    Column("remounted", Nested(tuple[tuple[str, int], ...]), nullable=False, server_default="[]"),
)

gateway_clocks = Table(
    "gateway_clocks",
    metadata,
    Column("gateway_id", PLAIN, primary_key=True),
    Column("skew_ns", BigInteger, nullable=False),
    Column("known", Boolean, nullable=False),
    Column("since_ns", BigInteger, nullable=False),
    Column("waiting", BigInteger, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("name", PLAIN, nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("role", Words(Role), nullable=False),
    Column("scopes", Nested(tuple[Scope, ...]), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("language", Text, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("user_id", PLAIN, ForeignKey("users.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("sha256", PLAIN, nullable=False, unique=True),
    Column("created_at_ns", BigInteger, nullable=False),
    Column("expires_at_ns", BigInteger),
    Column("revoked_at_ns", BigInteger),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", PLAIN, primary_key=True),
    Column("user_id", PLAIN, ForeignKey("users.id"), nullable=False),
    Column("csrf", Text, nullable=False),
    Column("created_at_ns", BigInteger, nullable=False),
    Column("expires_at_ns", BigInteger, nullable=False, index=True),
)

#: `chain` is the SHA-256 over the row and the row before it: a changed row breaks it
audit = Table(
    "audit",
    metadata,
    Column("id", ROW_NUMBER, primary_key=True, autoincrement=False),
    Column("at_ns", BigInteger, nullable=False, unique=True),
    Column("by", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object_id", PLAIN, nullable=False),
    Column("detail", Text, nullable=False),
    Column("chain", Text, nullable=False),
    Index(None, "object_id", "at_ns"),
)

#: what every role last said of itself; times are real ones
heartbeats = Table(
    "heartbeats",
    metadata,
    Column("role", PLAIN, primary_key=True),
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("host", PLAIN, primary_key=True),
    Column("pid", BigInteger, nullable=False),
    Column("started_at_ns", BigInteger, nullable=False),
    Column("beat_at_ns", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("parts", Nested(tuple[Health, ...]), nullable=False),
    Column("signs", Nested(tuple[Sign, ...]), nullable=False),
)
