"""Models of buildings, their elements and claims; places, defects and rooms of a schema."""

import sqlalchemy as sa
from alembic import op

revision = "0007_models"
down_revision = "0006_scores"
branch_labels = None
depends_on = None

# as in storage.records.columns, but frozen here: a migration never changes
PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _up_models()
    _up_elements()
    _up_places()


def downgrade() -> None:
    op.drop_index(op.f("ix_identity_claims_to_revision_status"), table_name="identity_claims")
    op.drop_index(op.f("ix_identity_claims_model_id_status"), table_name="identity_claims")
    op.drop_index(op.f("ix_identity_claims_element_id"), table_name="identity_claims")
    op.drop_table("identity_claims")
    op.drop_index(op.f("ix_element_versions_revision_id_element_id"), table_name="element_versions")
    op.drop_table("element_versions")
    op.drop_table("bim_storeys")
    op.drop_index(op.f("ix_bim_elements_model_id"), table_name="bim_elements")
    op.drop_table("bim_elements")
    op.drop_index(op.f("ix_sensor_monitors_sensor_id"), table_name="sensor_monitors")
    op.drop_index(op.f("ix_sensor_monitors_anchor_id"), table_name="sensor_monitors")
    op.drop_table("sensor_monitors")
    op.drop_index(op.f("ix_defects_building_id"), table_name="defects")
    op.drop_index(op.f("ix_defects_anchor_id"), table_name="defects")
    op.drop_table("defects")
    op.drop_index(op.f("ix_bim_revisions_state_mesh"), table_name="bim_revisions")
    op.drop_table("bim_revisions")
    op.drop_table("room_schemas")
    op.drop_index(op.f("ix_bim_models_building_id"), table_name="bim_models")
    op.drop_table("bim_models")
    op.drop_index(op.f("ix_anchors_element_id"), table_name="anchors")
    op.drop_index(op.f("ix_anchors_building_id"), table_name="anchors")
    op.drop_table("anchors")


def _up_models() -> None:
    op.create_table(
        "bim_models",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("discipline", sa.Text(), nullable=False),
        sa.Column("made_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"], ["buildings.id"], name=op.f("fk_bim_models_building_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bim_models")),
    )
    op.create_index(op.f("ix_bim_models_building_id"), "bim_models", ["building_id"], unique=False)
    op.create_table(
        "bim_revisions",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("model_id", PLAIN, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("file_key", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("file_bytes", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("mesh", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("warnings", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("of", sa.Integer(), nullable=False),
        sa.Column("ifc_schema", sa.Text(), nullable=False),
        sa.Column("authoring_app", sa.Text(), nullable=False),
        sa.Column("unit_scale", sa.Double(), nullable=False),
        sa.Column("origin_m", sa.Text(), nullable=False),
        sa.Column("true_north_deg", sa.Double(), nullable=True),
        sa.Column("map_crs", sa.Text(), nullable=False),
        sa.Column("map_origin", sa.Text(), nullable=True),
        sa.Column("shift_m", sa.Text(), nullable=False),
        sa.Column("glb_key", sa.Text(), nullable=False),
        sa.Column("glb_sha256", sa.Text(), nullable=False),
        sa.Column("elements", sa.Integer(), nullable=False),
        sa.Column("storeys", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["bim_models.id"], name=op.f("fk_bim_revisions_model_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bim_revisions")),
        sa.UniqueConstraint("model_id", "number", name=op.f("uq_bim_revisions_model_id_number")),
    )
    op.create_index(
        op.f("ix_bim_revisions_state_mesh"), "bim_revisions", ["state", "mesh"], unique=False
    )
    op.create_table(
        "bim_storeys",
        sa.Column("revision_id", PLAIN, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("global_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("elevation_m", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["bim_revisions.id"], name=op.f("fk_bim_storeys_revision_id")
        ),
        sa.PrimaryKeyConstraint("revision_id", "place", name=op.f("pk_bim_storeys")),
    )


def _up_elements() -> None:
    op.create_table(
        "bim_elements",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("model_id", PLAIN, nullable=False),
        sa.Column("ifc_class", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_revision", PLAIN, nullable=False),
        sa.Column("retired_revision", PLAIN, nullable=True),
        sa.ForeignKeyConstraint(
            ["first_revision"], ["bim_revisions.id"], name=op.f("fk_bim_elements_first_revision")
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["bim_models.id"], name=op.f("fk_bim_elements_model_id")
        ),
        sa.ForeignKeyConstraint(
            ["retired_revision"],
            ["bim_revisions.id"],
            name=op.f("fk_bim_elements_retired_revision"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bim_elements")),
    )
    op.create_index(op.f("ix_bim_elements_model_id"), "bim_elements", ["model_id"], unique=False)
    op.create_table(
        "element_versions",
        sa.Column("revision_id", PLAIN, nullable=False),
        sa.Column("step_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("global_id", sa.Text(), nullable=False),
        sa.Column("ifc_class", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("element_id", PLAIN, nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("type_name", sa.Text(), nullable=False),
        sa.Column("storey_guid", sa.Text(), nullable=False),
        sa.Column("storey_name", sa.Text(), nullable=False),
        sa.Column("storey_elevation_m", sa.Double(), nullable=True),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("material", sa.Text(), nullable=False),
        sa.Column("load_bearing", sa.Boolean(), nullable=True),
        sa.Column("box", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("geometry_hash", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("properties", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["bim_revisions.id"], name=op.f("fk_element_versions_revision_id")
        ),
        sa.PrimaryKeyConstraint("revision_id", "step_id", name=op.f("pk_element_versions")),
    )
    op.create_index(
        op.f("ix_element_versions_revision_id_element_id"),
        "element_versions",
        ["revision_id", "element_id"],
        unique=False,
    )
    op.create_table(
        "identity_claims",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("model_id", PLAIN, nullable=False),
        sa.Column("from_revision", PLAIN, nullable=False),
        sa.Column("to_revision", PLAIN, nullable=False),
        sa.Column("element_id", PLAIN, nullable=False),
        sa.Column("to_step_id", sa.BigInteger(), nullable=False),
        sa.Column("to_global_id", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("made_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["element_id"], ["bim_elements.id"], name=op.f("fk_identity_claims_element_id")
        ),
        sa.ForeignKeyConstraint(
            ["from_revision"], ["bim_revisions.id"], name=op.f("fk_identity_claims_from_revision")
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["bim_models.id"], name=op.f("fk_identity_claims_model_id")
        ),
        sa.ForeignKeyConstraint(
            ["to_revision"], ["bim_revisions.id"], name=op.f("fk_identity_claims_to_revision")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_claims")),
    )
    op.create_index(
        op.f("ix_identity_claims_element_id"), "identity_claims", ["element_id"], unique=False
    )
    op.create_index(
        op.f("ix_identity_claims_model_id_status"),
        "identity_claims",
        ["model_id", "status"],
        unique=False,
    )
    op.create_index(
        op.f("ix_identity_claims_to_revision_status"),
        "identity_claims",
        ["to_revision", "status"],
        unique=False,
    )


def _up_places() -> None:
    op.create_table(
        "anchors",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("picked_by", sa.Text(), nullable=False),
        sa.Column("made_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("element_id", PLAIN, nullable=False),
        sa.Column("revision_seen", sa.Text(), nullable=False),
        sa.Column("point", sa.Text(), nullable=True),
        sa.Column("normal", sa.Text(), nullable=True),
        sa.Column("local_uvw", sa.Text(), nullable=True),
        sa.Column("storey", sa.Text(), nullable=False),
        sa.Column("elevation_m", sa.Double(), nullable=True),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("wgs84", sa.Text(), nullable=True),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("hold", sa.Text(), nullable=False),
        sa.Column("withdrawn_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"], ["buildings.id"], name=op.f("fk_anchors_building_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anchors")),
    )
    op.create_index(op.f("ix_anchors_building_id"), "anchors", ["building_id"], unique=False)
    op.create_index(op.f("ix_anchors_element_id"), "anchors", ["element_id"], unique=False)
    op.create_table(
        "sensor_monitors",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("sensor_id", PLAIN, nullable=False),
        sa.Column("anchor_id", PLAIN, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("valid_from_ns", sa.BigInteger(), nullable=False),
        sa.Column("valid_to_ns", sa.BigInteger(), nullable=True),
        sa.Column("orientation", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["anchor_id"], ["anchors.id"], name=op.f("fk_sensor_monitors_anchor_id")
        ),
        sa.ForeignKeyConstraint(
            ["sensor_id"], ["sensors.id"], name=op.f("fk_sensor_monitors_sensor_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sensor_monitors")),
    )
    op.create_index(
        op.f("ix_sensor_monitors_anchor_id"), "sensor_monitors", ["anchor_id"], unique=False
    )
    op.create_index(
        op.f("ix_sensor_monitors_sensor_id"), "sensor_monitors", ["sensor_id"], unique=False
    )
    op.create_table(
        "defects",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("anchor_id", PLAIN, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("found_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("continues", sa.Text(), nullable=False),
        sa.Column("sensor_ids", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["anchor_id"], ["anchors.id"], name=op.f("fk_defects_anchor_id")),
        sa.ForeignKeyConstraint(
            ["building_id"], ["buildings.id"], name=op.f("fk_defects_building_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_defects")),
    )
    op.create_index(op.f("ix_defects_anchor_id"), "defects", ["anchor_id"], unique=False)
    op.create_index(op.f("ix_defects_building_id"), "defects", ["building_id"], unique=False)
    op.create_table(
        "room_schemas",
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("storeys", sa.Text(), nullable=False),
        sa.Column("rooms", sa.Text(), nullable=False),
        sa.Column("axes", sa.Text(), nullable=False),
        sa.Column("made_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"], ["buildings.id"], name=op.f("fk_room_schemas_building_id")
        ),
        sa.PrimaryKeyConstraint("building_id", name=op.f("pk_room_schemas")),
    )
