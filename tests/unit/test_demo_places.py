"""Where the demo's sensors are put: on the wall that their place names, or in a room."""

from app.demo_places import in_rooms, on_model, rooms_of
from domain.anchors import Hold, MonitorRole
from domain.buildings import Building
from domain.elements import Box, ElementVersion
from domain.place_checks import check_place
from domain.sensors import Sensor

HOUSE = Building(
    "b-1", "C1", "演示", "演示路", "360102", "", "", 115.9, 28.7, storeys_above=2
)  # fmt: skip


def wall(step: int, storey: int, box: Box) -> ElementVersion:
    """Make a load-bearing wall."""
    return ElementVersion(
        "r", step, f"g{step}", "IfcWallStandardCase", element_id=f"e{step}", load_bearing=True,
        storey_name=f"{storey}层", storey_elevation_m=3.0 * (storey - 1), box=box,
    )  # fmt: skip


def sensor(code: str, kind: str, place: str, storey: int) -> Sensor:
    """Make a sensor."""
    return Sensor(code, "b-1", "g", code, kind, place, storey)


def test_a_sensor_is_on_the_outside_of_its_wall() -> None:
    walls = [
        wall(1, 1, (0.0, 0.0, 0.0, 0.2, 8.0, 2.9)),  # west
        wall(2, 1, (9.8, 0.0, 0.0, 10.0, 8.0, 2.9)),  # east
        wall(3, 2, (9.8, 0.0, 3.0, 10.0, 8.0, 5.9)),
        wall(4, 2, (0.0, 7.8, 3.0, 10.0, 8.0, 5.9)),  # north
    ]
    sensors = [
        sensor("T1", "tilt", "东墙 2 层", 2),
        sensor("C1", "crack", "北墙 2 层", 2),
        sensor("V1", "vibration", "西墙 1 层", 1),
        sensor("X1", "tilt", "屋顶", 2),
        sensor("X2", "tilt", "南墙 9 层", 9),
    ]
    made = on_model(HOUSE, sensors, "r", walls, 5)
    told = [(a.element_id, a.point, a.normal, a.hold) for a in made.anchors]
    assert told == [
        ("e3", (10.0, 0.96, 4.6), (1.0, 0.0, 0.0), Hold.LINKED),
        ("e4", (8.8, 8.0, 4.2), (0.0, 1.0, 0.0), Hold.LINKED),
        ("e1", (0.0, 0.96, 0.3), (-1.0, 0.0, 0.0), Hold.LINKED),
    ]
    roles = [tie.role for tie in made.ties]
    assert roles.count(MonitorRole.MOUNTED) == 3
    (defect,) = made.defects
    assert (defect.anchor_id, defect.sensor_ids) == (made.anchors[1].id, ("C1",))
    for record in (*made.anchors, *made.ties, *made.defects):
        check_place(record)
    assert on_model(HOUSE, sensors, "r", walls, 5) == made


def test_a_house_without_a_model_has_rooms_and_its_sensors_are_in_them() -> None:
    schema = rooms_of(HOUSE, 5)
    check_place(schema)
    assert [storey.name for storey in schema.storeys] == ["1 层", "2 层"]
    sensors = [sensor("T1", "tilt", "东墙 2 层", 2), sensor("C1", "crack", "西墙 1 层", 1)]
    made = in_rooms(HOUSE, sensors, schema, 5)
    assert [(a.storey, a.room, a.side) for a in made.anchors] == [
        ("2 层", "东户 客厅", "东侧"), ("1 层", "西户 客厅", "西侧"),
    ]  # fmt: skip
    assert {a.room_id for a in made.anchors} <= {room.id for room in schema.rooms}
    assert [a.point for a in made.anchors] == [(9.3, 0.81, 4.6), (0.3, 1.35, 1.2)]
    assert [d.anchor_id for d in made.defects] == [made.anchors[1].id]
    for record in (*made.anchors, *made.ties, *made.defects):
        check_place(record)
