"""The first schema: register, judgement, alerts, accounts, access, audit."""

import sqlalchemy as sa
from alembic import op

revision = "0001_records"
down_revision = None
branch_labels = None
depends_on = None

# as in storage.records.columns, but frozen here: a migration never changes
PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("gateway_id", PLAIN, nullable=False),
        sa.Column("day", PLAIN, nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        sa.Column("quarantined", sa.BigInteger(), nullable=False),
        sa.Column("duplicate", sa.BigInteger(), nullable=False),
        sa.Column("missing", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("gateway_id", "day", name=op.f("pk_accounts")),
    )
    op.create_table(
        "alerts",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("level_max", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("updated_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("event_started_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("contributions", sa.Text(), nullable=False),
        sa.Column("acknowledged_by", sa.Text(), nullable=False),
        sa.Column("acknowledged_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("escalated_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("cleared_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("close_proposed_by", sa.Text(), nullable=False),
        sa.Column("close_reason", sa.Text(), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("closed_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index(
        op.f("ix_alerts_building_id_cause_closed_at_ns"),
        "alerts",
        ["building_id", "cause", "closed_at_ns"],
        unique=False,
    )
    op.create_index(
        op.f("ix_alerts_level_opened_at_ns_id"),
        "alerts",
        ["level", "opened_at_ns", "id"],
        unique=False,
    )
    op.create_index(
        "uq_alerts_one_open",
        "alerts",
        ["building_id", "cause"],
        unique=True,
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_table(
        "audit",
        sa.Column("id", ROW_NUMBER, autoincrement=False, nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object_id", PLAIN, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("at_ns", name=op.f("uq_audit_at_ns")),
    )
    op.create_index(op.f("ix_audit_object_id_at_ns"), "audit", ["object_id", "at_ns"], unique=False)
    op.create_table(
        "buildings",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("code", PLAIN, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("district", PLAIN, nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("crs", sa.Text(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("ownership", sa.Text(), nullable=False),
        sa.Column("build_year", sa.Integer(), nullable=True),
        sa.Column("design_life_years", sa.Integer(), nullable=True),
        sa.Column("structure", sa.Text(), nullable=False),
        sa.Column("storeys_above", sa.Integer(), nullable=False),
        sa.Column("storeys_below", sa.Integer(), nullable=False),
        sa.Column("height_m", sa.Double(), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=True),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("heritage", sa.Text(), nullable=False),
        sa.Column("substandard", sa.Boolean(), nullable=False),
        sa.Column("works_nearby", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_buildings")),
        sa.UniqueConstraint("code", name=op.f("uq_buildings_code")),
    )
    op.create_index(op.f("ix_buildings_district"), "buildings", ["district"], unique=False)
    op.create_table(
        "changes",
        sa.Column("id", ROW_NUMBER, autoincrement=False, nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("building_id", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "cursors",
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("judged", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shard", name=op.f("pk_cursors")),
    )
    op.create_table(
        "detector_states",
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("detector", PLAIN, nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "shard", "building_id", "detector", name=op.f("pk_detector_states")
        ),
    )
    op.create_table(
        "findings",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("subject", PLAIN, nullable=False),
        sa.Column("subject_name", sa.Text(), nullable=False),
        sa.Column("channels", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("limit", sa.Double(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("window_ns", sa.BigInteger(), nullable=False),
        sa.Column("started_ns", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("certainty", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("compensation", sa.Text(), nullable=False),
        sa.Column("capped", sa.Boolean(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
    )
    op.create_index(op.f("ix_findings_at_ns_id"), "findings", ["at_ns", "id"], unique=False)
    op.create_index(
        op.f("ix_findings_building_id_at_ns_id"),
        "findings",
        ["building_id", "at_ns", "id"],
        unique=False,
    )
    op.create_table(
        "gateway_statuses",
        sa.Column("gateway_id", PLAIN, nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("boot", sa.BigInteger(), nullable=True),
        sa.Column("battery_percent", sa.Double(), nullable=True),
        sa.Column("signal_dbm", sa.Double(), nullable=True),
        sa.Column("firmware", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("gateway_id", name=op.f("pk_gateway_statuses")),
    )
    op.create_table(
        "gateways",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("secret_sha256", sa.Text(), nullable=False),
        sa.Column("numbered", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateways")),
    )
    op.create_index(op.f("ix_gateways_shard"), "gateways", ["shard"], unique=False)
    op.create_table(
        "recipients",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("ways", sa.Text(), nullable=False),
        sa.Column("districts", sa.Text(), nullable=False),
        sa.Column("level_min", sa.SmallInteger(), nullable=False),
        sa.Column("escalation", sa.Boolean(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipients")),
    )
    op.create_table(
        "refusal_counts",
        sa.Column("gateway_id", PLAIN, nullable=False),
        sa.Column("fate", PLAIN, nullable=False),
        sa.Column("reason", PLAIN, nullable=False),
        sa.Column("address", PLAIN, nullable=False),
        sa.Column("readings", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "gateway_id", "fate", "reason", "address", name=op.f("pk_refusal_counts")
        ),
    )
    op.create_table(
        "refusals",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("gateway_id", PLAIN, nullable=False),
        sa.Column("received_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("readings", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("sample", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusals")),
    )
    op.create_index(
        op.f("ix_refusals_gateway_id_received_at_ns_id"),
        "refusals",
        ["gateway_id", "received_at_ns", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_refusals_received_at_ns_id"), "refusals", ["received_at_ns", "id"], unique=False
    )
    op.create_table(
        "users",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("name", PLAIN, nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
    )
    op.create_table(
        "alert_events",
        sa.Column("number", ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("alert_id", PLAIN, nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("finding_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_alert_events_alert_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_alert_events")),
        sa.UniqueConstraint("id", name=op.f("uq_alert_events_id")),
    )
    op.create_index(
        op.f("ix_alert_events_alert_id_at_ns"), "alert_events", ["alert_id", "at_ns"], unique=False
    )
    op.create_table(
        "api_keys",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("user_id", PLAIN, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("sha256", PLAIN, nullable=False),
        sa.Column("created_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("sha256", name=op.f("uq_api_keys_sha256")),
    )
    op.create_index(op.f("ix_api_keys_user_id"), "api_keys", ["user_id"], unique=False)
    op.create_table(
        "appraisals",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("report_number", sa.Text(), nullable=False),
        sa.Column("appraiser", sa.Text(), nullable=False),
        sa.Column("appraised_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("report_file", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"], ["buildings.id"], name=op.f("fk_appraisals_building_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appraisals")),
    )
    op.create_index(op.f("ix_appraisals_building_id"), "appraisals", ["building_id"], unique=False)
    op.create_table(
        "notices",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("alert_id", PLAIN, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("recipient_id", sa.Text(), nullable=False),
        sa.Column("recipient_name", sa.Text(), nullable=False),
        sa.Column("ways", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("created_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("way", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("updated_at_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_notices_alert_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_alert_id"), "notices", ["alert_id"], unique=False)
    op.create_index(
        "ix_notices_due",
        "notices",
        ["next_at_ns"],
        unique=False,
        sqlite_where=sa.text("next_at_ns IS NOT NULL"),
        postgresql_where=sa.text("next_at_ns IS NOT NULL"),
    )
    op.create_table(
        "sensors",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("building_id", PLAIN, nullable=False),
        sa.Column("gateway_id", PLAIN, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("storey", sa.Integer(), nullable=True),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("certificate_until", sa.Text(), nullable=False),
        sa.Column("resolution", sa.Double(), nullable=True),
        sa.Column("load_bearing", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"], ["buildings.id"], name=op.f("fk_sensors_building_id")
        ),
        sa.ForeignKeyConstraint(
            ["gateway_id"], ["gateways.id"], name=op.f("fk_sensors_gateway_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sensors")),
    )
    op.create_index(op.f("ix_sensors_building_id"), "sensors", ["building_id"], unique=False)
    op.create_index(op.f("ix_sensors_gateway_id"), "sensors", ["gateway_id"], unique=False)
    op.create_index(
        "uq_sensors_active_code",
        "sensors",
        ["building_id", "code"],
        unique=True,
        sqlite_where=sa.text("active"),
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "sessions",
        sa.Column("token_sha256", PLAIN, nullable=False),
        sa.Column("user_id", PLAIN, nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("created_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_expires_at_ns"), "sessions", ["expires_at_ns"], unique=False)
    op.create_table(
        "channels",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("sensor_id", PLAIN, nullable=False),
        sa.Column("gateway_id", PLAIN, nullable=False),
        sa.Column("address", PLAIN, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("axis", sa.Text(), nullable=False),
        sa.Column("interval_s", sa.Integer(), nullable=False),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gateway_id"], ["gateways.id"], name=op.f("fk_channels_gateway_id")
        ),
        sa.ForeignKeyConstraint(["sensor_id"], ["sensors.id"], name=op.f("fk_channels_sensor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("gateway_id", "address", name=op.f("uq_channels_gateway_id_address")),
    )
    op.create_index(op.f("ix_channels_sensor_id"), "channels", ["sensor_id"], unique=False)
    op.create_table(
        "mounts",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("sensor_id", PLAIN, nullable=False),
        sa.Column("mounted_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("x_azimuth_deg", sa.Double(), nullable=True),
        sa.Column("height_m", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["sensor_id"], ["sensors.id"], name=op.f("fk_mounts_sensor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mounts")),
    )
    op.create_index(
        op.f("ix_mounts_sensor_id_mounted_at_ns"),
        "mounts",
        ["sensor_id", "mounted_at_ns"],
        unique=False,
    )
    op.create_table(
        "segments",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("channel_id", PLAIN, nullable=False),
        sa.Column("opened_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("offset", sa.Double(), nullable=True),
        sa.Column("survey", sa.Double(), nullable=True),
        sa.Column("absolute", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_segments_channel_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
    )
    op.create_index(
        op.f("ix_segments_channel_id_opened_at_ns"),
        "segments",
        ["channel_id", "opened_at_ns"],
        unique=False,
    )

    counters = sa.table("counters", sa.column("name"), sa.column("value"))
    op.bulk_insert(
        counters, [{"name": name, "value": 0} for name in ("register", "changes", "audit")]
    )
    if op.get_bind().dialect.name == "postgresql":
        # saved states change with every batch: trying to compress each costs more than it saves
        op.execute("ALTER TABLE detector_states ALTER COLUMN state SET STORAGE EXTERNAL")
