"""What people measure by hand, in the records database."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select

from domain.errors import Conflict, InvalidInput
from domain.hand_readings import HandReading, HandSheet
from domain.register_checks import Record, check
from domain.sensors import Channel, Gateway, Segment, Sensor
from storage.records import tables
from storage.records.audit import AuditLine, line_of, write_audit
from storage.records.engine import Database
from storage.records.register import BUILDINGS, CHANNELS, GATEWAYS, SEGMENTS, SENSORS
from storage.records.rows import among, check_text, count, count_on
from storage.records.tables_upkeep import hand_readings, hand_sheets

_HEAD = tuple(hand_sheets.c)


class RecordsHand:
    """Readings by hand; a `domain.upkeep_ports.HandStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make_series(
        self,
        gateway: Gateway,
        sensor: Sensor,
        channels: Sequence[Channel],
        segments: Sequence[Segment],
        by: str,
    ) -> None:
        """Begin a series: all of it or nothing; a gateway that is there stays as it is.

        Raises
        ------
        InvalidInput
            When its building is not there, or a value cannot be.
        Conflict
            When an active sensor of the building bears its code, or its id is taken.

        """
        now_ns = self._database.clock.now_ns()
        written: list[Record] = [gateway, sensor, *channels, *segments]
        for record in written:
            check_text(record)
            check(record, now_ns)
        s = tables.sensors.c
        with self._database.writing() as connection:
            count(connection, "register", lock=True)
            if BUILDINGS.one(connection, sensor.building_id) is None:
                raise InvalidInput(f"building_id must name one, got {sensor.building_id!r}")
            if SENSORS.one(connection, sensor.id) is not None:
                raise Conflict(f"sensor {sensor.id!r} is there already")
            namesake = select(s.id).where(
                s.building_id == sensor.building_id, s.code == sensor.code, s.active
            )
            if connection.execute(namesake).first() is not None:
                raise Conflict(f"sensor code {sensor.code!r} is taken in this building")
            lines = []
            if GATEWAYS.one(connection, gateway.id) is None:
                GATEWAYS.insert(connection, [gateway])
                lines.append(line_of(by, "gateway", None, gateway))
            SENSORS.insert(connection, [sensor])
            CHANNELS.insert(connection, channels)
            SEGMENTS.insert(connection, segments)
            lines.append(line_of(by, "sensor", None, sensor))
            lines += [line_of(by, "channel", None, one) for one in channels]
            write_audit(self._database, connection, lines)
            count_on(connection, "register")

    def put_sheet(self, sheet: HandSheet) -> None:
        """Keep a sheet of readings, all of them or none.

        Raises
        ------
        Conflict
            When its id is there, or a channel has a value at one of its moments already.

        """
        for reading in sheet.readings:
            check_text(reading)
        c = hand_readings.c
        with self._database.writing() as connection:
            # one after the other: two sheets must not bring the same moment
            count(connection, "register", lock=True)
            known = select(hand_sheets.c.id).where(hand_sheets.c.id == sheet.id)
            if connection.execute(known).first() is not None:
                raise Conflict(f"sheet {sheet.id!r} is there already")
            channels = {reading.channel_id for reading in sheet.readings}
            taken = self._at(connection, list(channels))
            for one in sheet.readings:
                if (one.channel_id, one.taken_at_ns) in taken:
                    raise Conflict(
                        f"channel {one.channel_id!r} has a value at {one.taken_at_ns} ns already"
                    )
            head = {column.name: getattr(sheet, column.name) for column in _HEAD}
            connection.execute(hand_sheets.insert(), [head])
            connection.execute(
                hand_readings.insert(),
                [
                    {
                        c.sheet_id.name: sheet.id,
                        **{name: getattr(one, name) for name in HandReading.__dataclass_fields__},
                    }
                    for one in sheet.readings
                ],
            )
            detail = f"{len(sheet.readings)} readings by hand"
            line = AuditLine(sheet.entered_by, "readings entered", sheet.building_id, detail)
            write_audit(self._database, connection, [line])

    def sheet(self, sheet_id: str) -> HandSheet | None:
        """Read a sheet; `None` when there is none."""
        with self._database.reading() as connection:
            row = connection.execute(select(*_HEAD).where(hand_sheets.c.id == sheet_id)).first()
            return None if row is None else self._whole(connection, row)

    def readings(self, building_id: str, limit: int = 500) -> list[tuple[HandSheet, HandReading]]:
        """List a building's readings, newest moment first, each with its sheet's head."""
        c = hand_readings.c
        question = (
            select(*_HEAD, *(c[name] for name in HandReading.__dataclass_fields__))
            .join(hand_sheets, hand_sheets.c.id == c.sheet_id)
            .where(hand_sheets.c.building_id == building_id)
            .order_by(c.taken_at_ns.desc(), c.channel_id)
            .limit(limit)
        )
        width = len(_HEAD)
        with self._database.reading() as connection:
            return [
                (_head(row[:width]), HandReading(*row[width:]))
                for row in connection.execute(question)
            ]

    def at_moments(self, channel_ids: Sequence[str]) -> dict[tuple[str, int], float]:
        """Tell every value that channels have, by channel id and moment."""
        with self._database.reading() as connection:
            return self._at(connection, channel_ids)

    def due(self, shard: int, limit: int) -> list[HandSheet]:
        """List sheets of a shard that have not been taken in, oldest first."""
        c = hand_sheets.c
        question = select(*_HEAD).where(c.done_at_ns.is_(None), c.shard == shard)
        question = question.order_by(c.entered_at_ns, c.id).limit(limit)
        with self._database.reading() as connection:
            rows = list(connection.execute(question))
            return [self._whole(connection, row) for row in rows]

    def finish(self, sheet_id: str, at_ns: int, stored: int, outcome: str) -> None:
        """Write what came of a sheet."""
        t = hand_sheets
        values = {"done_at_ns": at_ns, "stored": stored, "outcome": outcome}
        with self._database.writing() as connection:
            connection.execute(t.update().where(t.c.id == sheet_id).values(values))

    @staticmethod
    def _at(connection: Connection, channel_ids: Sequence[str]) -> dict[tuple[str, int], float]:
        c = hand_readings.c
        question = select(c.channel_id, c.taken_at_ns, c.value)
        question = question.where(among(connection, c.channel_id, channel_ids))
        return {(r.channel_id, r.taken_at_ns): r.value for r in connection.execute(question)}

    @staticmethod
    def _whole(connection: Connection, row: Any) -> HandSheet:
        c = hand_readings.c
        question = select(*(c[name] for name in HandReading.__dataclass_fields__))
        question = question.where(c.sheet_id == row.id).order_by(c.taken_at_ns, c.channel_id)
        readings = tuple(HandReading(*one) for one in connection.execute(question))
        return replace(_head(row), readings=readings)


def _head(row: Any) -> HandSheet:
    names = [column.name for column in _HEAD]
    return HandSheet(**dict(zip(names, row, strict=True)))
