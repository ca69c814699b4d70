"""The register in the records database: buildings and what is mounted on them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import Connection, or_, select, union_all

from domain.buildings import Appraisal, Building, Grade, in_force
from domain.errors import Conflict, InvalidInput
from domain.ports import Page
from domain.register_checks import check
from domain.search import plain_of
from domain.sensors import Channel, Gateway, Mount, Segment, Sensor, Site
from storage.records import tables
from storage.records.audit import line_of, write_audit
from storage.records.engine import Database
from storage.records.rows import Rows, among, check_text, count, count_on, upserting

BUILDINGS = Rows(Building, tables.buildings)
APPRAISALS = Rows(Appraisal, tables.appraisals)
GATEWAYS = Rows(Gateway, tables.gateways)
SENSORS = Rows(Sensor, tables.sensors)
CHANNELS = Rows(Channel, tables.channels)
SEGMENTS = Rows(Segment, tables.segments)
MOUNTS = Rows(Mount, tables.mounts)

T = TypeVar("T", Building, Appraisal, Gateway, Sensor, Channel, Segment, Mount)


def write_judged_segments(connection: Connection, segments: Sequence[Segment]) -> None:
    """Write segments that judging opened, and the zeros that it found.

    A segment that was taken back meanwhile stays so, and an act's own words stay as they are.
    """
    statement = upserting(tables.segments, ("id",), ("offset", "absolute"), connection.dialect.name)
    last = {segment.id: segment for segment in segments}
    rows = [SEGMENTS.values(last[key]) for key in sorted(last)]
    connection.execute(statement, rows)


def _write_names(connection: Connection, buildings: Sequence[Building]) -> None:
    """Write what search looks through."""
    table = tables.building_names
    statement = upserting(table, ("building_id",), ("plain",), connection.dialect.name)
    rows = [{"building_id": b.id, "plain": plain_of(b.code, b.name, b.address)} for b in buildings]
    connection.execute(statement, rows)


class RecordsRegister:
    """The register; a `domain.ports.RegisterStore`.

    Writers take the revision counter first, so that one after the other checks and writes.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_building(self, building: Building, by: str) -> None:
        """Keep a building.

        Raises
        ------
        InvalidInput
            When a value cannot be true of a building here.
        Conflict
            When its code is another building's, or its version is stale.

        """
        self.put_buildings([building], by)

    def put_buildings(self, buildings: Sequence[Building], by: str) -> None:
        """Keep many in one transaction: all or none.

        Raises
        ------
        InvalidInput
            When a value cannot be true of a building here.
        Conflict
            When a code or id is there twice, or a version is stale.

        """
        now_ns = self._database.clock.now_ns()
        for building in buildings:
            check_text(building)
            check(building, now_ns)
        ids = [building.id for building in buildings]
        codes: dict[str, str] = {}
        for building in buildings:
            if codes.setdefault(building.code, building.id) != building.id:
                raise Conflict(f"building code {building.code!r} stands on two buildings")
        if len(set(ids)) != len(ids):
            raise Conflict("a building stands twice in one import")
        table = tables.buildings
        with self._database.writing() as connection:
            count(connection, "register", lock=True)
            taken = select(table.c.code, table.c.id).where(among(connection, table.c.code, codes))
            for code, building_id in connection.execute(taken):
                if building_id != codes[code]:
                    raise Conflict(
                        f"building code {code!r} is taken by the building {building_id!r}"
                    )
            question = BUILDINGS.select().where(among(connection, table.c.id, ids))
            old = {row.id: row for row in BUILDINGS.many(connection, question)}
            changed = [row for row in buildings if old.get(row.id) != row]
            for building in changed:
                _check_version("building", old.get(building.id), building)
            BUILDINGS.insert(connection, [row for row in changed if row.id not in old])
            for building in changed:
                if building.id in old:
                    BUILDINGS.replace(connection, building)
            if changed:
                _write_names(connection, changed)
                lines = [line_of(by, "building", old.get(row.id), row) for row in changed]
                write_audit(self._database, connection, lines)
                count_on(connection, "register")

    def building(self, building_id: str) -> Building | None:
        """Read a building; `None` when there is none."""
        with self._database.reading() as connection:
            return BUILDINGS.one(connection, building_id)

    def building_codes(self) -> dict[str, str]:
        """Tell the id of every building by its code."""
        with self._database.reading() as connection:
            rows = connection.execute(select(tables.buildings.c.code, tables.buildings.c.id))
            return {row.code: row.id for row in rows}

    def buildings(
        self, page: Page, *, text: str = "", districts: Sequence[str] | None = None
    ) -> list[Building]:
        """List by id; `text` is looked for in code, name and address."""
        c = tables.buildings.c
        question = BUILDINGS.select().order_by(c.id).limit(page.limit)
        if page.after:
            question = question.where(c.id > page.after)
        if wanted := text.strip():
            columns = (c.code, c.name, c.address)
            question = question.where(or_(*(x.icontains(wanted, autoescape=True) for x in columns)))
        with self._database.reading() as connection:
            if districts is not None:
                question = question.where(among(connection, c.district, districts))
            return BUILDINGS.many(connection, question)

    def buildings_known(self, ids: Sequence[str], codes: Sequence[str] = ()) -> list[Building]:
        """Read the buildings that are there of some ids and codes, by id."""
        c = tables.buildings.c
        with self._database.reading() as connection:
            known = among(connection, c.id, ids) | among(connection, c.code, codes)
            return BUILDINGS.many(connection, BUILDINGS.select().where(known).order_by(c.id))

    def put_appraisal(self, appraisal: Appraisal, by: str) -> None:
        """Keep an appraisal.

        Raises
        ------
        InvalidInput
            When its building is not there, or a value is missing.

        """
        with self._database.writing() as connection:
            self._put(connection, APPRAISALS, appraisal, by, [(BUILDINGS, appraisal.building_id)])

    def appraisals(self, building_id: str) -> list[Appraisal]:
        """List a building's appraisals, oldest first."""
        c = tables.appraisals.c
        question = APPRAISALS.select().where(c.building_id == building_id)
        with self._database.reading() as connection:
            return APPRAISALS.many(connection, question.order_by(c.appraised_on, c.id))

    def grades(self, building_ids: Sequence[str], day: date) -> dict[str, Grade]:
        """Tell the grade in force on a day of each building that has one."""
        with self._database.reading() as connection:
            return _grades(connection, building_ids, day)

    def appraised(self, building_ids: Sequence[str], day: date) -> dict[str, Appraisal]:
        """Read the appraisal that is in force on a day, of each building that has one."""
        with self._database.reading() as connection:
            return _appraised(connection, building_ids, day)

    def put_gateway(self, gateway: Gateway, by: str) -> None:
        """Keep a gateway.

        Raises
        ------
        Conflict
            When its version is stale.

        """
        with self._database.writing() as connection:
            self._put(connection, GATEWAYS, gateway, by)

    def gateway(self, gateway_id: str) -> Gateway | None:
        """Read a gateway; `None` when there is none."""
        with self._database.reading() as connection:
            return GATEWAYS.one(connection, gateway_id)

    def gateways(self) -> list[Gateway]:
        """List all gateways by id."""
        with self._database.reading() as connection:
            return GATEWAYS.many(connection, GATEWAYS.select().order_by(tables.gateways.c.id))

    def put_sensor(self, sensor: Sensor, by: str) -> None:
        """Keep a sensor.

        Raises
        ------
        InvalidInput
            When its building or gateway is not there.
        Conflict
            When an active sensor of the building bears its code, or its version is stale.

        """
        c = tables.sensors.c
        with self._database.writing() as connection:
            count(connection, "register", lock=True)
            if sensor.active:
                namesake = select(c.id).where(
                    c.building_id == sensor.building_id, c.code == sensor.code, c.active
                )
                other = connection.execute(namesake.where(c.id != sensor.id)).scalar()
                if other is not None:
                    raise Conflict(
                        f"sensor code {sensor.code!r} is taken in this building by {other!r}"
                    )
            parents: list[tuple[Rows[Any], str]] = [
                (BUILDINGS, sensor.building_id),
                (GATEWAYS, sensor.gateway_id),
            ]
            self._put(connection, SENSORS, sensor, by, parents)

    def put_channel(self, channel: Channel, by: str) -> None:
        """Keep a channel.

        Raises
        ------
        InvalidInput
            When its sensor is not there or hangs on another gateway.
        Conflict
            When another channel of the gateway has its address.

        """
        c = tables.channels.c
        with self._database.writing() as connection:
            count(connection, "register", lock=True)
            sensor = SENSORS.one(connection, channel.sensor_id)
            if sensor is not None and sensor.gateway_id != channel.gateway_id:
                raise InvalidInput(
                    f"gateway_id must be the sensor's, {sensor.gateway_id!r}, "
                    f"got {channel.gateway_id!r}",
                    "gateway_id",
                )
            taken = select(c.id).where(
                c.gateway_id == channel.gateway_id, c.address == channel.address
            )
            other = connection.execute(taken.where(c.id != channel.id)).scalar()
            if other is not None:
                raise Conflict(
                    f"address {channel.address!r} of gateway {channel.gateway_id!r} "
                    f"is taken by the channel {other!r}"
                )
            self._put(connection, CHANNELS, channel, by, [(SENSORS, channel.sensor_id)])

    def put_mount(self, mount: Mount, by: str) -> None:
        """Keep a mount.

        Raises
        ------
        InvalidInput
            When its sensor is not there.
        Conflict
            When it is there and says something else: a mount is never changed.

        """
        with self._database.writing() as connection:
            _never_changed(connection, MOUNTS, mount)
            self._put(connection, MOUNTS, mount, by, [(SENSORS, mount.sensor_id)])

    def put_segment(self, segment: Segment, by: str) -> None:
        """Keep a segment.

        Raises
        ------
        InvalidInput
            When its channel is not there.
        Conflict
            When it is there and says something else: a segment is never changed.

        """
        with self._database.writing() as connection:
            _never_changed(connection, SEGMENTS, segment)
            self._put(connection, SEGMENTS, segment, by, [(CHANNELS, segment.channel_id)])

    def site(self, building_id: str) -> Site:
        """Read all that is mounted on a building."""
        return self.sites_of([building_id]).get(building_id, Site(building_id))

    def sites_of(self, building_ids: Sequence[str]) -> dict[str, Site]:
        """Read all that is mounted on several buildings; one with nothing is left out."""
        c = tables.sensors.c
        with self._database.reading() as connection:
            question = SENSORS.select().where(among(connection, c.building_id, building_ids))
            return _sites(connection, SENSORS.many(connection, question.order_by(c.id)))

    def sites(self, shard: int) -> list[tuple[Building, Grade | None, Site]]:
        """Read everything that one shard watches: the sensors on its gateways.

        The grade is as of the newest appraisal.
        """
        s, g = tables.sensors.c, tables.gateways.c
        with self._database.reading() as connection:
            question = SENSORS.select().join(tables.gateways, g.id == s.gateway_id)
            sensors = SENSORS.many(connection, question.where(g.shard == shard).order_by(s.id))
            sites = _sites(connection, sensors)
            grades = _grades(connection, sites, date.max)
            watched = BUILDINGS.select().where(among(connection, tables.buildings.c.id, sites))
            return [
                (building, grades.get(building.id), sites[building.id])
                for building in BUILDINGS.many(connection, watched.order_by(tables.buildings.c.id))
            ]

    def channel(self, channel_id: str) -> tuple[Channel, Sensor, Building] | None:
        """Read a channel with its sensor and building; `None` when there is none."""
        with self._database.reading() as connection:
            channel = CHANNELS.one(connection, channel_id)
            if channel is None:
                return None
            sensor = SENSORS.one(connection, channel.sensor_id)
            building = sensor and BUILDINGS.one(connection, sensor.building_id)
            # the references are checked by the database: both are there
            return (channel, sensor, building) if sensor and building else None

    def building_of(self, object_id: str) -> str | None:
        """Tell the building of a sensor, channel, segment, mount or appraisal; `None`: no such."""
        a, s, c = tables.appraisals.c, tables.sensors.c, tables.channels.c
        g, m = tables.segments.c, tables.mounts.c
        by_sensor = select(s.building_id)
        by_channel = by_sensor.join(tables.channels, c.sensor_id == s.id)
        question = union_all(
            select(a.building_id).where(a.id == object_id),
            by_sensor.where(s.id == object_id),
            by_sensor.join(tables.mounts, m.sensor_id == s.id).where(m.id == object_id),
            by_channel.where(c.id == object_id),
            by_channel.join(tables.segments, g.channel_id == c.id).where(g.id == object_id),
        )
        with self._database.reading() as connection:
            found = connection.execute(question).scalar()
            return None if found is None else str(found)

    def channels_of_gateways(self, shard: int) -> list[tuple[Gateway, Channel]]:
        """Read what ingest must know: every active gateway with its active channels."""
        g, c = tables.gateways.c, tables.channels.c
        question = (
            select(*GATEWAYS.columns, *CHANNELS.columns)
            .join(tables.channels, c.gateway_id == g.id)
            .where(g.shard == shard, g.active, c.active)
            .order_by(g.id, c.address)
        )
        width = len(GATEWAYS.columns)
        with self._database.reading() as connection:
            return [
                (Gateway(*row[:width]), Channel(*row[width:]))
                for row in connection.execute(question)
            ]

    def revision(self) -> int:
        """Tell a number that rises whenever the register changes (segments too)."""
        with self._database.reading() as connection:
            return count(connection, "register")

    def _put(
        self,
        connection: Connection,
        rows: Rows[T],
        record: T,
        by: str,
        parents: Sequence[tuple[Rows[Any], str]] = (),
    ) -> None:
        check_text(record)
        check(record, self._database.clock.now_ns())
        count(connection, "register", lock=True)
        for parent, parent_id in parents:
            if parent.one(connection, parent_id) is None:
                noun = parent.record.__name__.lower()
                raise InvalidInput(
                    f"{noun}_id must name a {noun} of the register, got {parent_id!r}",
                    f"{noun}_id",
                )
        old = rows.one(connection, record.id)
        if old == record:
            return
        noun = rows.record.__name__.lower()
        _check_version(noun, old, record)
        if old is None:
            rows.insert(connection, [record])
        else:
            rows.replace(connection, record)
        write_audit(self._database, connection, [line_of(by, noun, old, record)])
        count_on(connection, "register")


def _never_changed(connection: Connection, rows: Rows[T], record: T) -> None:
    """Refuse to write over what counts; a zero that readings have found since is no difference."""
    count(connection, "register", lock=True)
    old = rows.one(connection, record.id)
    if old is None or old == record:
        return
    if isinstance(old, Segment) and isinstance(record, Segment):
        known = replace(old, offset=record.offset, absolute=record.absolute)
        if record.offset in {None, old.offset} or old.offset is None:
            old = known if known == record else old
    if old != record:
        noun = rows.record.__name__.lower()
        raise Conflict(
            f"{noun} {record.id!r} is there with another content and is never changed: "
            "undo it in the sensor's log book, and open another"
        )


def _check_version(noun: str, old: T | None, new: T) -> None:
    version = getattr(new, "version", None)
    if version is None:
        return
    wanted = 1 if old is None else getattr(old, "version", 0) + 1
    if version != wanted:
        raise Conflict(
            f"{noun} {new.id!r} must come with version {wanted}, got {version}: "
            + ("it is not there yet" if old is None else "somebody has changed it since")
        )


def _grades(connection: Connection, building_ids: Any, day: date) -> dict[str, Grade]:
    return {id_: made.grade for id_, made in _appraised(connection, building_ids, day).items()}


def _appraised(connection: Connection, building_ids: Any, day: date) -> dict[str, Appraisal]:
    column = tables.appraisals.c.building_id
    question = APPRAISALS.select().where(among(connection, column, building_ids))
    made: dict[str, list[Appraisal]] = {}
    for appraisal in APPRAISALS.many(connection, question):
        made.setdefault(appraisal.building_id, []).append(appraisal)
    found = {building_id: in_force(all_of_them, day) for building_id, all_of_them in made.items()}
    return {building_id: newest for building_id, newest in found.items() if newest is not None}


def _sites(connection: Connection, sensors: Sequence[Sensor]) -> dict[str, Site]:
    """Put together what hangs on the buildings of some sensors."""
    ids = [sensor.id for sensor in sensors]
    c, m, s = tables.channels.c, tables.mounts.c, tables.segments.c
    channels = CHANNELS.many(
        connection,
        CHANNELS.select().where(among(connection, c.sensor_id, ids)).order_by(c.sensor_id, c.id),
    )
    channel_ids = [channel.id for channel in channels]
    segments = SEGMENTS.many(
        connection,
        SEGMENTS.select()
        .where(among(connection, s.channel_id, channel_ids))
        .order_by(s.channel_id, s.opened_at_ns, s.id),
    )
    mounts = MOUNTS.many(
        connection,
        MOUNTS.select()
        .where(among(connection, m.sensor_id, ids))
        .order_by(m.sensor_id, m.mounted_at_ns, m.id),
    )
    building_of = {sensor.id: sensor.building_id for sensor in sensors}
    sensor_of = {channel.id: channel.sensor_id for channel in channels}
    parts: dict[str, tuple[list[Any], ...]] = {
        building_id: ([], [], [], [], []) for building_id in building_of.values()
    }
    for sensor in sensors:
        parts[sensor.building_id][0].append(sensor)
    for channel in channels:
        parts[building_of[channel.sensor_id]][1].append(channel)
    for segment in segments:
        holds = segment.withdrawn_at_ns is None
        parts[building_of[sensor_of[segment.channel_id]]][2 if holds else 4].append(segment)
    for mount in mounts:
        if mount.withdrawn_at_ns is None:
            parts[building_of[mount.sensor_id]][3].append(mount)
    return {
        building_id: Site(building_id, *(tuple(part) for part in found))
        for building_id, found in parts.items()
    }
