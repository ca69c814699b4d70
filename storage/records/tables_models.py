"""The tables of models, their elements and claims, and of places, defects and room schemas."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from domain.anchors import Hold, MonitorRole, PickedBy, Point
from domain.bim_models import MeshState, RevisionState
from domain.claims import ClaimMethod, ClaimRole, ClaimStatus
from domain.defects import DefectStatus
from domain.elements import Box
from domain.rooms import SchemaRoom, SchemaStorey
from storage.records.columns import PLAIN, Nested, Words
from storage.records.tables import metadata

bim_models = Table(
    "bim_models",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("building_id", PLAIN, ForeignKey("buildings.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("discipline", Text, nullable=False),
    Column("made_at_ns", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("version", Integer, nullable=False),
)

bim_revisions = Table(
    "bim_revisions",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("model_id", PLAIN, ForeignKey("bim_models.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("file_key", Text, nullable=False),
    Column("file_sha256", Text, nullable=False),
    Column("file_bytes", BigInteger, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("state", Words(RevisionState), nullable=False),
    Column("mesh", Words(MeshState), nullable=False),
    Column("reason_code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("warnings", Nested(tuple[tuple[str, str], ...]), nullable=False),
    Column("done", Integer, nullable=False),
    Column("of", Integer, nullable=False),
    Column("ifc_schema", Text, nullable=False),
    Column("authoring_app", Text, nullable=False),
    Column("unit_scale", Double, nullable=False),
    Column("origin_m", Nested(Point), nullable=False),
    Column("true_north_deg", Double),
    Column("map_crs", Text, nullable=False),
    Column("map_origin", Nested(Point)),
    Column("shift_m", Nested(Point), nullable=False),
    Column("glb_key", Text, nullable=False),
    Column("glb_sha256", Text, nullable=False),
    Column("elements", Integer, nullable=False),
    Column("storeys", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("model_id", "number"),
    Index(None, "state", "mesh"),
)

#: the place in the file tells two apart: nothing keeps a file from using one GlobalId twice
bim_storeys = Table(
    "bim_storeys",
    metadata,
    Column("revision_id", PLAIN, ForeignKey("bim_revisions.id"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("global_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("elevation_m", Double, nullable=False),
)

bim_elements = Table(
    "bim_elements",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("model_id", PLAIN, ForeignKey("bim_models.id"), nullable=False, index=True),
    Column("ifc_class", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("first_revision", PLAIN, ForeignKey("bim_revisions.id"), nullable=False),
    Column("retired_revision", PLAIN, ForeignKey("bim_revisions.id")),
)

#: what each revision says of its elements; `words` is what searches look through
element_versions = Table(
    "element_versions",
    metadata,
    Column("revision_id", PLAIN, ForeignKey("bim_revisions.id"), primary_key=True),
    Column("step_id", BigInteger, primary_key=True, autoincrement=False),
    Column("global_id", Text, nullable=False),
    Column("ifc_class", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("element_id", PLAIN, nullable=False),
    Column("tag", Text, nullable=False),
    Column("type_name", Text, nullable=False),
    Column("storey_guid", Text, nullable=False),
    Column("storey_name", Text, nullable=False),
    Column("storey_elevation_m", Double),
    Column("space", Text, nullable=False),
    Column("material", Text, nullable=False),
    Column("load_bearing", Boolean),
    Column("box", Nested(Box)),
    Column("content_hash", Text, nullable=False),
    Column("geometry_hash", Text, nullable=False),
    Column("words", Text, nullable=False),
    # last: long ones lie aside, and a list does not read them
    Column("properties", Nested(tuple[tuple[str, str, str, str], ...]), nullable=False),
    Index(None, "revision_id", "element_id"),
)

identity_claims = Table(
    "identity_claims",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("model_id", PLAIN, ForeignKey("bim_models.id"), nullable=False),
    Column("from_revision", PLAIN, ForeignKey("bim_revisions.id"), nullable=False),
    Column("to_revision", PLAIN, ForeignKey("bim_revisions.id"), nullable=False),
    Column("element_id", PLAIN, ForeignKey("bim_elements.id"), nullable=False, index=True),
    Column("to_step_id", BigInteger, nullable=False),
    Column("to_global_id", Text, nullable=False),
    Column("method", Words(ClaimMethod), nullable=False),
    Column("score", Double, nullable=False),
    Column("status", Words(ClaimStatus), nullable=False),
    Column("role", Words(ClaimRole), nullable=False),
    Column("evidence", Nested(tuple[tuple[str, str], ...]), nullable=False),
    Column("made_at_ns", BigInteger, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at_ns", BigInteger),
    Column("note", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "model_id", "status"),
    Index(None, "to_revision", "status"),
)

anchors = Table(
    "anchors",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("building_id", PLAIN, ForeignKey("buildings.id"), nullable=False, index=True),
    Column("picked_by", Words(PickedBy), nullable=False),
    Column("made_at_ns", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("element_id", PLAIN, nullable=False, index=True),
    Column("revision_seen", Text, nullable=False),
    Column("point", Nested(Point)),
    Column("normal", Nested(Point)),
    Column("local_uvw", Nested(Point)),
    Column("storey", Text, nullable=False),
    Column("elevation_m", Double),
    Column("room", Text, nullable=False),
    Column("room_id", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("wgs84", Nested(tuple[float, float])),
    Column("accuracy_m", Double),
    Column("hold", Words(Hold), nullable=False),
    Column("withdrawn_at_ns", BigInteger),
    Column("version", Integer, nullable=False),
)

sensor_monitors = Table(
    "sensor_monitors",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("sensor_id", PLAIN, ForeignKey("sensors.id"), nullable=False, index=True),
    Column("anchor_id", PLAIN, ForeignKey("anchors.id"), nullable=False, index=True),
    Column("role", Words(MonitorRole), nullable=False),
    Column("valid_from_ns", BigInteger, nullable=False),
    Column("valid_to_ns", BigInteger),
    Column("orientation", Nested(tuple[float, float, float, float])),
    Column("by", Text, nullable=False),
    Column("version", Integer, nullable=False),
)

defects = Table(
    "defects",
    metadata,
    Column("id", PLAIN, primary_key=True),
    Column("building_id", PLAIN, ForeignKey("buildings.id"), nullable=False, index=True),
    Column("anchor_id", PLAIN, ForeignKey("anchors.id"), nullable=False, index=True),
    Column("code", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("found_at_ns", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("value", Double),
    Column("unit", Text, nullable=False),
    Column("status", Words(DefectStatus), nullable=False),
    Column("continues", Text, nullable=False),
    Column("sensor_ids", Nested(tuple[str, ...]), nullable=False),
    Column("check_up_id", PLAIN, nullable=False),
    Column("length_mm", Double),
    Column("direction", Text, nullable=False),
    Column("dangerous", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)

room_schemas = Table(
    "room_schemas",
    metadata,
    Column("building_id", PLAIN, ForeignKey("buildings.id"), primary_key=True),
    Column("storeys", Nested(tuple[SchemaStorey, ...]), nullable=False),
    Column("rooms", Nested(tuple[SchemaRoom, ...]), nullable=False),
    Column("axes", Nested(tuple[tuple[str, str, float], ...]), nullable=False),
    Column("made_at_ns", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("version", Integer, nullable=False),
)
