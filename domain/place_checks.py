"""What can be true of a place, a tie, a defect and a schema of rooms; anything else is refused."""

import math
from collections.abc import Iterable
from typing import NoReturn

from domain.anchors import Anchor, SensorMonitors
from domain.defects import Defect
from domain.errors import InvalidInput
from domain.register_checks import LATITUDE_DEG, LONGITUDE_DEG
from domain.rooms import RoomSchema

DEFECT_CODES = ("crack", "lean", "settlement", "spalling", "rebar", "leak", "bulge", "other")
SEVERITIES = (1, 2, 3)
#: metres from the origin of a model's world, whose axes a building's are: with projected
#: coordinates and the number of their zone in front it is 38,500,000 m away
REACH_M = 100_000_000.0
TEXT_LENGTH_MAX = 2_000
#: of what people write about a place or defect on site
NOTE_LENGTH_MAX = 20_000
SENSORS_MAX = 50
STOREYS_MAX = 220
ROOMS_MAX = 1_000
CORNERS_MAX = 100
AXES_MAX = 500

Record = Anchor | SensorMonitors | Defect | RoomSchema


def check_place(record: Record) -> None:
    """Refuse a record that cannot be true.

    Raises
    ------
    InvalidInput
        With the field at fault, what was wanted and what came.

    """
    match record:
        case Anchor():
            _anchor(record)
        case SensorMonitors():
            _tie(record)
        case Defect():
            _defect(record)
        case RoomSchema():
            _schema(record)


def _anchor(anchor: Anchor) -> None:
    _texts(anchor, ("storey", "room", "side", "note"))
    for name in ("point", "elevation_m", "accuracy_m"):
        value = getattr(anchor, name)
        numbers = value if isinstance(value, tuple) else () if value is None else (value,)
        _within(name, numbers, -REACH_M, REACH_M)
    if anchor.accuracy_m is not None and anchor.accuracy_m < 0:
        _refuse("accuracy_m", "0 or more", anchor.accuracy_m)
    _within("normal", anchor.normal or (), -1.001, 1.001)
    _within("local_uvw", anchor.local_uvw or (), 0.0, 1.0)
    if anchor.local_uvw is not None and not anchor.element_id:
        _refuse("local_uvw", "only with an element", anchor.local_uvw)
    if anchor.wgs84 is not None:
        _within("wgs84", anchor.wgs84[:1], *LONGITUDE_DEG)
        _within("wgs84", anchor.wgs84[1:], *LATITUDE_DEG)
    words = (anchor.storey, anchor.room, anchor.room_id, anchor.side, anchor.note)
    if not (anchor.element_id or anchor.point or anchor.wgs84 or any(w.strip() for w in words)):
        _refuse("point", "an element, a point, a point on the map or words", "nothing")


def _tie(tie: SensorMonitors) -> None:
    if tie.valid_to_ns is not None and tie.valid_to_ns <= tie.valid_from_ns:
        _refuse("valid_to", "after valid_from", tie.valid_to_ns)
    if tie.orientation is not None:
        _within("orientation", tie.orientation, -1.001, 1.001)
        if abs(math.hypot(*tie.orientation) - 1) > 0.01:
            _refuse("orientation", "a quaternion of length 1", tie.orientation)


def _defect(defect: Defect) -> None:
    _texts(defect, ("title", "note", "unit"))
    if defect.code not in DEFECT_CODES:
        _refuse("code", "one of " + ", ".join(DEFECT_CODES), defect.code)
    if defect.severity not in SEVERITIES:
        _refuse("severity", "1, 2 or 3", defect.severity)
    if defect.value is not None:
        _within("value", (defect.value,), -1e9, 1e9)
    if len(defect.sensor_ids) > SENSORS_MAX:
        _refuse("sensor_ids", f"at most {SENSORS_MAX}", len(defect.sensor_ids))
    if defect.continues == defect.id:
        _refuse("continues", "another defect", defect.continues)


def _schema(schema: RoomSchema) -> None:
    for name, most in (("storeys", STOREYS_MAX), ("rooms", ROOMS_MAX), ("axes", AXES_MAX)):
        if len(getattr(schema, name)) > most:
            _refuse(name, f"at most {most}", len(getattr(schema, name)))
    storeys = [storey.id for storey in schema.storeys]
    _once("storeys", storeys)
    _once("rooms", [room.id for room in schema.rooms])
    for storey in schema.storeys:
        _texts(storey, ("id", "name"))
        _within("elevation_m", (storey.elevation_m,), -1000.0, 1000.0)
        _within("height_m", (storey.height_m,), 0.5, 100.0)
    for room in schema.rooms:
        _texts(room, ("id", "name"))
        if room.storey_id not in storeys:
            _refuse("storey_id", "a storey of the schema", room.storey_id)
        if not 3 <= len(room.outline) <= CORNERS_MAX:
            _refuse("outline", f"3 to {CORNERS_MAX} corners", len(room.outline))
        for corner in room.outline:
            _within("outline", corner, -REACH_M, REACH_M)
    for name, direction, metre in schema.axes:
        if not name.strip() or len(name) > 20:
            _refuse("axes", "a name of 1 to 20 letters", name)
        if direction not in {"x", "y"}:
            _refuse("axes", "direction x or y", direction)
        _within("axes", (metre,), -REACH_M, REACH_M)


def _once(field: str, ids: list[str]) -> None:
    if len(set(ids)) < len(ids) or not all(ids):
        _refuse(field, "ids that each occur once", ids)


def _texts(record: object, names: Iterable[str]) -> None:
    for name in names:
        text = getattr(record, name)
        most = NOTE_LENGTH_MAX if name == "note" else TEXT_LENGTH_MAX
        if len(text) > most:
            _refuse(name, f"at most {most} letters", text)


def _within(field: str, numbers: Iterable[float], low: float, high: float) -> None:
    for number in numbers:
        if not (math.isfinite(number) and low <= number <= high):
            _refuse(field, f"{low:g} to {high:g}", number)


def _refuse(field: str, wanted: str, came: object) -> NoReturn:
    raise InvalidInput(f"{field} must be {wanted}, got {str(came)[:80]!r}", field)
