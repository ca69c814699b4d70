"""Log books of sensors in the records database."""

from dataclasses import replace

from sqlalchemy import Connection

from domain.errors import Conflict, InvalidInput
from domain.register_checks import Record, check
from domain.upkeep import Act, Work
from storage.records import tables_upkeep
from storage.records.audit import AuditLine, line_of, write_audit
from storage.records.engine import Database
from storage.records.register import MOUNTS, SEGMENTS, SENSORS
from storage.records.rows import Rows, check_text, count, count_on

ACTS = Rows(Act, tables_upkeep.upkeep_acts)


class RecordsUpkeep:
    """What was done to sensors; a `domain.upkeep_ports.UpkeepStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def act(self, act_id: str) -> Act | None:
        """Read one entry; `None` when there is none."""
        with self._database.reading() as connection:
            return ACTS.one(connection, act_id)

    def acts(self, sensor_id: str) -> list[Act]:
        """Read a sensor's log book, newest entry first."""
        c = tables_upkeep.upkeep_acts.c
        question = ACTS.select().where(c.sensor_id == sensor_id)
        with self._database.reading() as connection:
            return ACTS.many(connection, question.order_by(c.made_at_ns.desc(), c.id.desc()))

    def carry_out(self, work: Work) -> None:
        """Write all that an act does, or nothing.

        Raises
        ------
        InvalidInput
            When a value cannot be kept.
        Conflict
            When it was there, or the sensor or a segment was changed meanwhile.

        """
        act, now_ns = work.act, self._database.clock.now_ns()
        written: list[Record] = [*work.opened]
        written += [record for record in (work.mount, work.sensor) if record is not None]
        check_text(act)
        for record in written:
            check_text(record)
            check(record, now_ns)
        with self._database.writing() as connection:
            count(connection, "register", lock=True)
            if ACTS.one(connection, act.id) is not None:
                raise Conflict(f"act {act.id!r} is there already")
            if SENSORS.one(connection, act.sensor_id) is None:
                raise InvalidInput(f"sensor_id must name a sensor, got {act.sensor_id!r}")
            lines = [
                AuditLine(act.by, f"sensor: {act.kind.value}", act.sensor_id, act.reason),
                *self._withdraw(connection, work),
                *self._change_sensor(connection, work),
            ]
            newer = [s for s in work.opened if SEGMENTS.one(connection, s.id) is not None]
            if newer:
                raise Conflict(f"segment {newer[0].id!r} is there already")
            SEGMENTS.insert(connection, work.opened)
            lines += [line_of(act.by, "segment", None, one) for one in work.opened]
            if work.mount is not None:
                MOUNTS.insert(connection, [work.mount])
                lines.append(line_of(act.by, "mount", None, work.mount))
            ACTS.insert(connection, [act])
            write_audit(self._database, connection, lines)
            count_on(connection, "register")

    def _withdraw(self, connection: Connection, work: Work) -> list[AuditLine]:
        act, lines = work.act, []
        for segment_id in work.withdrawn:
            segment = SEGMENTS.one(connection, segment_id)
            if segment is None or segment.withdrawn_at_ns is not None:
                raise Conflict(f"segment {segment_id!r} was taken back meanwhile")
            gone = replace(segment, withdrawn_at_ns=act.made_at_ns)
            SEGMENTS.replace(connection, gone)
            lines.append(line_of(act.by, "segment", segment, gone))
        if work.mount_withdrawn:
            mount = MOUNTS.one(connection, work.mount_withdrawn)
            if mount is None or mount.withdrawn_at_ns is not None:
                raise Conflict(f"mount {work.mount_withdrawn!r} was taken back meanwhile")
            over = replace(mount, withdrawn_at_ns=act.made_at_ns)
            MOUNTS.replace(connection, over)
            lines.append(line_of(act.by, "mount", mount, over))
        return lines

    def _change_sensor(self, connection: Connection, work: Work) -> list[AuditLine]:
        if work.sensor is None:
            return []
        old = SENSORS.one(connection, work.sensor.id)
        if old is None or old.version + 1 != work.sensor.version:
            raise Conflict(f"somebody has changed sensor {work.sensor.id!r} since")
        SENSORS.replace(connection, work.sensor)
        return [line_of(work.act.by, "sensor", old, work.sensor)]
