"""Places on buildings, sensors' ties to them, defects and schemas of rooms in the records."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, or_, select, union_all

from domain.anchors import Anchor, SensorMonitors
from domain.defects import Defect
from domain.errors import InvalidInput
from domain.place_checks import check_place
from domain.ports import Change
from domain.rooms import RoomSchema
from storage.records import tables, tables_models
from storage.records.alerts import write_changes
from storage.records.audit import AuditLine, line_of, write_audit
from storage.records.engine import Database
from storage.records.register import BUILDINGS, SENSORS
from storage.records.revisions import put_versioned
from storage.records.rows import Rows, among, check_text, count

ANCHORS = Rows(Anchor, tables_models.anchors)
TIES = Rows(SensorMonitors, tables_models.sensor_monitors)
DEFECTS = Rows(Defect, tables_models.defects)
SCHEMAS = Rows(RoomSchema, tables_models.room_schemas, ("building_id",))


class RecordsPlaces:
    """Places and what hangs on them; a `domain.bim_ports.PlaceStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_anchor(self, anchor: Anchor, by: str) -> None:
        """Keep a place."""
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            lines = write_anchor(connection, anchor, by)
            self._end(connection, lines, anchor.building_id, anchor.id)

    def anchor(self, anchor_id: str) -> Anchor | None:
        """Read a place."""
        with self._database.reading() as connection:
            return ANCHORS.one(connection, anchor_id)

    def anchors(self, building_id: str, *, withdrawn: bool = False) -> list[Anchor]:
        """List a building's places, oldest first; with `withdrawn` those taken back, too."""
        c = tables_models.anchors.c
        question = ANCHORS.select().where(c.building_id == building_id)
        if not withdrawn:
            question = question.where(c.withdrawn_at_ns.is_(None))
        with self._database.reading() as connection:
            return ANCHORS.many(connection, question.order_by(c.made_at_ns, c.id))

    def put_monitors(self, ties: Sequence[SensorMonitors], by: str) -> None:
        """Keep ties, all or none."""
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            for tie in ties:
                check_text(tie)
                check_place(tie)
                sensor = SENSORS.one(connection, tie.sensor_id)
                if sensor is None:
                    raise InvalidInput(
                        f"sensor_id must name a sensor, got {tie.sensor_id!r}", "sensor_id"
                    )
                _anchor_of(connection, tie.anchor_id, sensor.building_id)
                old = put_versioned(connection, TIES, "tie", tie)
                lines = [line_of(by, "tie", old, tie)] if old != tie else []
                self._end(connection, lines, sensor.building_id, tie.id)

    def monitors(
        self, building_id: str, *, sensor_id: str = "", at_ns: int | None = None
    ) -> list[SensorMonitors]:
        """List ties of a building's sensors by their beginning; `at_ns`: those that hold then."""
        c, s = tables_models.sensor_monitors.c, tables.sensors.c
        question = TIES.select().join(tables.sensors, s.id == c.sensor_id)
        question = question.where(s.building_id == building_id)
        if sensor_id:
            question = question.where(c.sensor_id == sensor_id)
        if at_ns is not None:
            question = question.where(
                c.valid_from_ns <= at_ns, or_(c.valid_to_ns.is_(None), c.valid_to_ns > at_ns)
            )
        with self._database.reading() as connection:
            return TIES.many(connection, question.order_by(c.valid_from_ns, c.id))

    def put_defect(self, defect: Defect, by: str) -> None:
        """Keep a defect."""
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            lines = write_defect(connection, defect, by)
            self._end(connection, lines, defect.building_id, defect.id)

    def defect(self, defect_id: str) -> Defect | None:
        """Read a defect."""
        with self._database.reading() as connection:
            return DEFECTS.one(connection, defect_id)

    def defects(self, building_id: str) -> list[Defect]:
        """List a building's defects, found last first."""
        c = tables_models.defects.c
        question = DEFECTS.select().where(c.building_id == building_id)
        with self._database.reading() as connection:
            return DEFECTS.many(connection, question.order_by(c.found_at_ns.desc(), c.id))

    def put_schema(self, schema: RoomSchema, by: str) -> None:
        """Keep the rooms of a building."""
        check_place(schema)
        with self._database.writing() as connection:
            count(connection, "audit", lock=True)
            if BUILDINGS.one(connection, schema.building_id) is None:
                raise InvalidInput(
                    f"building_id must name a building, got {schema.building_id!r}", "building_id"
                )
            old = put_versioned(connection, SCHEMAS, "schema", schema)
            if old != schema:
                figures = {
                    "storeys": len(schema.storeys),
                    "rooms": len(schema.rooms),
                    "axes": len(schema.axes),
                    "version": schema.version,
                }
                action = "rooms added" if old is None else "rooms changed"
                line = AuditLine(by, action, schema.building_id, json.dumps(figures))
                self._end(connection, [line], schema.building_id, schema.building_id)

    def schema(self, building_id: str) -> RoomSchema | None:
        """Read the rooms of a building."""
        with self._database.reading() as connection:
            return SCHEMAS.one(connection, building_id)

    def building_of(self, object_id: str) -> str | None:
        """Tell the building of an anchor, tie or defect; `None`: no such."""
        a, d, s = tables_models.anchors.c, tables_models.defects.c, tables.sensors.c
        t = tables_models.sensor_monitors
        ties = select(s.building_id).join(t, t.c.sensor_id == s.id)
        question = union_all(
            select(a.building_id).where(a.id == object_id),
            select(d.building_id).where(d.id == object_id),
            ties.where(t.c.id == object_id),
        )
        with self._database.reading() as connection:
            found = connection.execute(question).scalar()
        return None if found is None else str(found)

    def _end(
        self, connection: Connection, lines: list[AuditLine], building_id: str, object_id: str
    ) -> None:
        """Write the audit and let live pages know; the last thing of a transaction."""
        if lines:
            write_audit(self._database, connection, lines)
            now_ns = self._database.clock.now_ns()
            write_changes(connection, [Change(0, now_ns, "place", building_id, object_id)])


def write_anchor(connection: Connection, anchor: Anchor, by: str) -> list[AuditLine]:
    """Write a place in a transaction of the caller; returns the line of the audit.

    Raises
    ------
    InvalidInput
        When it refers to what is not there, or cannot be true.
    Conflict
        When its version is stale.

    """
    check_text(anchor)
    check_place(anchor)
    if BUILDINGS.one(connection, anchor.building_id) is None:
        raise InvalidInput(
            f"building_id must name a building, got {anchor.building_id!r}", "building_id"
        )
    m = tables_models.bim_models
    for name, table in (
        ("element_id", tables_models.bim_elements),
        ("revision_seen", tables_models.bim_revisions),
    ):
        named = getattr(anchor, name)
        question = select(m.c.building_id).join(table, table.c.model_id == m.c.id)
        found = named and connection.execute(question.where(table.c.id == named)).scalar()
        if found != (named and anchor.building_id):
            raise InvalidInput(f"{name} must be of this building's models, got {named!r}", name)
    old = put_versioned(connection, ANCHORS, "anchor", anchor)
    if old is not None and old.building_id != anchor.building_id:
        raise InvalidInput("a place stays with its building", "building_id")
    return [] if old == anchor else [line_of(by, "anchor", old, anchor)]


def write_defect(connection: Connection, defect: Defect, by: str) -> list[AuditLine]:
    """Write a defect in a transaction of the caller; returns the line of the audit.

    Raises
    ------
    InvalidInput
        When it refers to what is not there, or cannot be true.
    Conflict
        When its version is stale.

    """
    check_text(defect)
    check_place(defect)
    _anchor_of(connection, defect.anchor_id, defect.building_id)
    _sensors_of(connection, defect)
    if defect.continues:
        before = DEFECTS.one(connection, defect.continues)
        if before is None or before.building_id != defect.building_id:
            raise InvalidInput(
                f"continues must name a defect of the building, got {defect.continues!r}",
                "continues",
            )
    old = put_versioned(connection, DEFECTS, "defect", defect)
    if old is not None and old.building_id != defect.building_id:
        raise InvalidInput("a defect stays with its building", "building_id")
    return [] if old == defect else [line_of(by, "defect", old, defect)]


def _anchor_of(connection: Connection, anchor_id: str, building_id: str) -> None:
    anchor = ANCHORS.one(connection, anchor_id)
    if anchor is None or anchor.building_id != building_id:
        raise InvalidInput(
            f"anchor_id must name a place on the building {building_id!r}, got {anchor_id!r}",
            "anchor_id",
        )


def _sensors_of(connection: Connection, defect: Defect) -> None:
    c = tables.sensors.c
    mine = select(c.id).where(
        c.building_id == defect.building_id, among(connection, c.id, defect.sensor_ids)
    )
    unknown = set(defect.sensor_ids) - set(connection.execute(mine).scalars())
    if unknown:
        raise InvalidInput(
            f"sensor_ids must be sensors of the building, got {min(unknown)!r}", "sensor_ids"
        )
