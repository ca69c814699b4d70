"""Where the sensors and defects of the demo are: on walls of a model, or in words and rooms."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.anchors import Anchor, Hold, MonitorRole, PickedBy, Point, SensorMonitors
from domain.buildings import Building
from domain.defects import Defect
from domain.elements import Box, ElementVersion
from domain.ids import same_id
from domain.rooms import RoomSchema, SchemaRoom, SchemaStorey
from domain.sensors import Sensor

BY = "demo"
STOREY_M = 3.0
#: side as people say it: axis across the wall, and whether it is the far one
_SIDES = {"东": (0, True), "西": (0, False), "南": (1, False), "北": (1, True)}
_HEIGHT_M = {"tilt": 1.6, "crack": 1.2, "vibration": 0.3, "settlement": 0.3, "temperature": 1.8}
_FROM_WALL_M = 0.3
_FOUND = {"crack": ("crack", "裂缝计旁的斜裂缝", 0.4, "mm", 2)}


@dataclass(frozen=True, slots=True)
class Placed:
    """What is written for one building."""

    anchors: tuple[Anchor, ...]
    ties: tuple[SensorMonitors, ...]
    defects: tuple[Defect, ...] = ()


def on_model(
    building: Building,
    sensors: Sequence[Sensor],
    revision_id: str,
    versions: Sequence[ElementVersion],
    at_ns: int,
) -> Placed:
    """Put each sensor on the outside of the wall that its place names, and a defect beside."""
    walls = [v for v in versions if v.ifc_class.startswith("IfcWall") and v.box and v.load_bearing]
    anchors: list[Anchor] = []
    ties: list[SensorMonitors] = []
    defects: list[Defect] = []
    for sensor in sensors:
        found = _wall(sensor, walls)
        if found is None:
            continue
        wall, box, axis, far = found
        point, normal = _face(sensor, box, axis, far)
        anchor = Anchor(
            id=same_id("demo place", sensor.id),
            building_id=building.id,
            picked_by=PickedBy.MODEL,
            made_at_ns=at_ns,
            by=BY,
            element_id=wall.element_id,
            revision_seen=revision_id,
            point=point,
            normal=normal,
            local_uvw=_within(point, box),
            storey=wall.storey_name,
            elevation_m=wall.storey_elevation_m,
            side=f"{sensor.place[:1]}侧",
            hold=Hold.LINKED,
        )
        anchors.append(anchor)
        ties.append(_tie(sensor, anchor, MonitorRole.MOUNTED, at_ns))
        if sensor.kind in _FOUND and not defects:
            ties.append(_tie(sensor, anchor, MonitorRole.MONITORS, at_ns))
            defects.append(_defect(building, sensor, anchor, at_ns))
    return Placed(tuple(anchors), tuple(ties), tuple(defects))


def in_rooms(
    building: Building, sensors: Sequence[Sensor], schema: RoomSchema, at_ns: int
) -> Placed:
    """Tell each sensor's place by storey, side and a room of the schema."""
    anchors: list[Anchor] = []
    ties: list[SensorMonitors] = []
    for sensor in sensors:
        storey = schema.storeys[min(sensor.storey or 1, len(schema.storeys)) - 1]
        rooms = [room for room in schema.rooms if room.storey_id == storey.id]
        room = rooms[-1] if sensor.place.startswith(("东", "北")) else rooms[0]
        anchor = Anchor(
            id=same_id("demo place", sensor.id),
            building_id=building.id,
            picked_by=PickedBy.PLAN,
            made_at_ns=at_ns,
            by=BY,
            point=_in_room(sensor, room, storey, len(anchors)),
            storey=storey.name,
            elevation_m=storey.elevation_m,
            room=room.name,
            room_id=room.id,
            side=f"{sensor.place[:1]}侧",
            note=sensor.place,
        )
        anchors.append(anchor)
        ties.append(_tie(sensor, anchor, MonitorRole.MOUNTED, at_ns))
    crack = next((s for s in sensors if s.kind == "crack"), None)
    found = [_defect(building, crack, a, at_ns) for a in anchors
             if crack and a.id == same_id("demo place", crack.id)]  # fmt: skip
    return Placed(tuple(anchors), tuple(ties), tuple(found))


def rooms_of(building: Building, at_ns: int) -> RoomSchema:
    """Draw a stair between two flats on every storey."""
    storeys, rooms = [], []
    plan = (("西户 客厅", 0.0, 3.6), ("楼梯间", 3.6, 6.0), ("东户 客厅", 6.0, 9.6))
    for number in range(1, building.storeys_above + 1):
        storeys.append(
            SchemaStorey(f"s{number}", f"{number} 层", (number - 1) * STOREY_M, STOREY_M)
        )
        for place, (name, west, east) in enumerate(plan):
            outline = ((west, 0.0), (east, 0.0), (east, 5.4), (west, 5.4))
            rooms.append(SchemaRoom(f"r{number}-{place}", f"s{number}", name, outline))
    axes = tuple(("①②③④"[n], "x", x) for n, x in enumerate((0.0, 3.6, 6.0, 9.6)))
    across = (("A", "y", 0.0), ("B", "y", 5.4))
    return RoomSchema(building.id, tuple(storeys), tuple(rooms), (*axes, *across), at_ns, BY)


def _in_room(sensor: Sensor, room: SchemaRoom, storey: SchemaStorey, number: int) -> Point:
    """Tell a point by the side that a sensor is on; those of one wall stand apart."""
    low = [min(corner[n] for corner in room.outline) for n in range(2)]
    high = [max(corner[n] for corner in room.outline) for n in range(2)]
    axis, far = _SIDES.get(sensor.place[:1], (0, True))
    along = 1 - axis
    at = [0.0, 0.0]
    at[axis] = high[axis] - _FROM_WALL_M if far else low[axis] + _FROM_WALL_M
    share = 0.15 + 0.7 * (number % 8) / 7
    at[along] = round(low[along] + (high[along] - low[along]) * share, 2)
    return (round(at[0], 2), at[1], storey.elevation_m + _HEIGHT_M.get(sensor.kind, 1.5))


def _wall(
    sensor: Sensor, walls: Sequence[ElementVersion]
) -> tuple[ElementVersion, Box, int, bool] | None:
    """Find the outer wall of a side and storey; of several in a row the middle one."""
    side = _SIDES.get(sensor.place[:1])
    floor_m = ((sensor.storey or 1) - 1) * STOREY_M
    here = [
        (wall, wall.box) for wall in walls
        if wall.box and abs((wall.storey_elevation_m or 0.0) - floor_m) < 0.1
    ]  # fmt: skip
    if side is None or not here:
        return None
    axis, far = side
    across = [(wall, box) for wall, box in here if box[axis + 3] - box[axis] < 0.5]
    if not across:
        return None
    edge = (max if far else min)(box[axis] for _, box in across)
    row = sorted(
        ((wall, box) for wall, box in across if abs(box[axis] - edge) < 0.1),
        key=lambda one: one[1][1 - axis],
    )
    wall, box = row[len(row) // 2]
    return wall, box, axis, far


def _face(sensor: Sensor, box: Box, axis: int, far: bool) -> tuple[Point, Point]:
    point = [(box[n] + box[n + 3]) / 2 for n in range(3)]
    point[axis] = box[axis + 3] if far else box[axis]
    # beside the middle, where the window is; sensors of one wall stand apart
    along = 1 - axis
    length_m = box[along + 3] - box[along]
    share = 0.12 if sensor.kind in {"tilt", "vibration"} else 0.88
    point[along] = box[along] + length_m * share
    point[2] = min(box[2] + _HEIGHT_M.get(sensor.kind, 1.5), box[5])
    normal = [0.0, 0.0, 0.0]
    normal[axis] = 1.0 if far else -1.0
    x, y, z = (round(value, 3) for value in point)
    return (x, y, z), (normal[0], normal[1], normal[2])


def _within(point: Point, box: Box) -> Point:
    u, v, w = (
        min(1.0, max(0.0, (point[n] - box[n]) / (box[n + 3] - box[n])))
        if box[n + 3] > box[n]
        else 0.0
        for n in range(3)
    )
    return (u, v, w)


def _tie(sensor: Sensor, anchor: Anchor, role: MonitorRole, at_ns: int) -> SensorMonitors:
    return SensorMonitors(
        same_id("demo tie", sensor.id, role), sensor.id, anchor.id, role, at_ns, by=BY
    )


def _defect(building: Building, sensor: Sensor, anchor: Anchor, at_ns: int) -> Defect:
    code, title, value, unit, severity = _FOUND["crack"]
    return Defect(
        id=same_id("demo defect", sensor.id),
        building_id=building.id,
        anchor_id=anchor.id,
        code=code,
        severity=severity,
        found_at_ns=at_ns,
        by=BY,
        title=title,
        note="演示数据：模拟的缺陷",
        value=value,
        unit=unit,
        sensor_ids=(sensor.id,),
    )
