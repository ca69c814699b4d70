"""What the store of places promises, on SQLite and on PostgreSQL."""

import math
from dataclasses import replace

import pytest

from domain.anchors import Anchor, Hold, MonitorRole, PickedBy, SensorMonitors
from domain.bim_models import BimModel, BimRevision
from domain.bim_ports import PlaceStore
from domain.buildings import Building
from domain.defects import Defect, DefectStatus
from domain.elements import Element
from domain.errors import Conflict, InvalidInput
from domain.ports import Page
from domain.rooms import RoomSchema, SchemaRoom, SchemaStorey
from domain.sensors import Gateway, Sensor
from storage.records import Records

HOUSE = Building("b-1", "C1", "老屋", "演示路 1 号", "360102", "", "", 115.89, 28.68)
WORDS = Anchor(
    "a-1", "b-1", PickedBy.TEXT, 10, "u-1", storey="2 层", elevation_m=3.0, room="厨房",
    side="东侧", note="窗下 0.5 m", wgs84=(115.89, 28.68), accuracy_m=1.5,
)  # fmt: skip
ON_WALL = Anchor(
    "a-2", "b-1", PickedBy.MODEL, 20, "u-1", "e-1", "r-1", (1.0, 2.0, 3.0), (0.0, -1.0, 0.0),
    (0.5, 1.0, 0.25), hold=Hold.LINKED,
)  # fmt: skip
TIE = SensorMonitors("t-1", "s-1", "a-1", MonitorRole.MOUNTED, 100, by="u-1")
CRACK = Defect(
    "d-1", "b-1", "a-1", "crack", 2, 50, "u-1", "窗角斜裂缝", "自下而上", 0.4, "mm",
    DefectStatus.OPEN, "", ("s-1",),
)  # fmt: skip
SCHEMA = RoomSchema(
    "b-1",
    (SchemaStorey("1", "1 层", 0.0, 3.0), SchemaStorey("2", "2 层", 3.0, 3.0)),
    (SchemaRoom("k", "2", "厨房", ((0.0, 0.0), (3.0, 0.0), (3.0, 2.5))),),
    (("①", "x", 0.0), ("Ａ", "y", 2.5)),
    10,
    "u-1",
)


@pytest.fixture
def places(records: Records) -> PlaceStore:
    for house in (HOUSE, replace(HOUSE, id="b-2", code="C2")):
        records.register.put_building(house, "u-1")
    records.register.put_gateway(Gateway("g-1", "网关"), "u-1")
    for number, house_id in ((1, "b-1"), (2, "b-1"), (3, "b-2")):
        sensor = Sensor(f"s-{number}", house_id, "g-1", f"T{number}", "tilt")
        records.register.put_sensor(sensor, "u-1")
    models = records.models
    models.put_model(BimModel("m-1", "b-1", "建筑"), "u-1")
    revision = models.add_revision(BimRevision("r-1", "m-1", 1, "k", "aa", 1, "f", 5, "u"), "u-1")
    models.put_matches(revision, [Element("e-1", "m-1", "IfcWall", "墙", "r-1")], {}, [], [], "j")
    records.places.put_anchor(WORDS, "u-1")
    records.places.put_anchor(ON_WALL, "u-1")
    return records.places


def test_a_place_is_kept_as_it_was_told_with_a_model_and_without(places: PlaceStore) -> None:
    assert places.anchor("a-1") == WORDS
    assert places.anchor("a-2") == ON_WALL
    places.put_anchor(WORDS, "u-1")
    gone = replace(WORDS, withdrawn_at_ns=99, version=2)
    places.put_anchor(gone, "u-2")
    assert places.anchors("b-1") == [ON_WALL]
    assert places.anchors("b-1", withdrawn=True) == [gone, ON_WALL]
    assert places.anchors("b-2") == []
    with pytest.raises(Conflict, match="version 3, got 2"):
        places.put_anchor(replace(gone, note="x"), "u-3")
    with pytest.raises(Conflict, match="version 1, got 2"):
        places.put_anchor(replace(WORDS, id="a-9", version=2), "u-3")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"building_id": "nobody"}, "building_id must name a building"),
        ({"building_id": "b-2"}, "element_id must be of this building's models"),
        ({"element_id": "nobody"}, "element_id must be of this building's models"),
        ({"revision_seen": "nobody"}, "revision_seen must be of this building's models"),
        ({"point": (math.nan, 0.0, 0.0)}, "point must be"),
        ({"point": (1.1e8, 0.0, 0.0)}, "point must be"),
        ({"normal": (0.0, 0.0, 2.0)}, "normal must be"),
        ({"local_uvw": (0.0, 0.0, 1.01)}, "local_uvw must be 0 to 1"),
        ({"element_id": "", "revision_seen": ""}, "local_uvw must be only with an element"),
        ({"wgs84": (28.6, 115.8)}, "wgs84 must be 73 to 136"),
        ({"accuracy_m": -1.0}, "accuracy_m must be 0 or more"),
        ({"note": "x" * 20_001}, "note must be at most"),
        ({"note": "\x00"}, "note must be text without control code 0"),
    ],
)
def test_a_place_that_cannot_be_is_refused(
    places: PlaceStore, change: dict[str, object], what: str
) -> None:
    with pytest.raises(InvalidInput, match=what):
        places.put_anchor(replace(ON_WALL, id="a-3", **change), "u-1")  # type: ignore[arg-type]
    assert places.anchor("a-3") is None


def test_a_place_that_says_nothing_is_none(places: PlaceStore) -> None:
    with pytest.raises(InvalidInput, match="an element, a point, a point on the map or words"):
        places.put_anchor(Anchor("a-3", "b-1", PickedBy.TEXT, 1, "u-1", room=" "), "u-1")


def test_a_place_stays_with_its_building(places: PlaceStore) -> None:
    with pytest.raises(InvalidInput, match="stays with its building"):
        places.put_anchor(replace(WORDS, building_id="b-2", version=2), "u-1")
    assert places.anchor("a-1") == WORDS


def test_ties_hold_from_a_moment_to_another_and_a_sensor_may_have_several(
    places: PlaceStore,
) -> None:
    also = replace(
        TIE, id="t-2", anchor_id="a-2", role=MonitorRole.MONITORS, valid_from_ns=150,
        orientation=(1.0, 0.0, 0.0, 0.0),
    )  # fmt: skip
    places.put_monitors([TIE, also], "u-1")
    places.put_monitors([TIE], "u-1")
    moved = [replace(TIE, valid_to_ns=200, version=2), replace(TIE, id="t-3", valid_from_ns=200)]
    places.put_monitors(moved, "u-1")
    ids = lambda at: [t.id for t in places.monitors("b-1", at_ns=at)]  # noqa: E731
    assert (ids(99), ids(100), ids(199), ids(200)) == ([], ["t-1"], ["t-1", "t-2"], ["t-2", "t-3"])
    assert places.monitors("b-1", sensor_id="s-1") == [moved[0], also, moved[1]]
    assert places.monitors("b-1", sensor_id="s-2") == places.monitors("b-2") == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"sensor_id": "nobody"}, "sensor_id must name a sensor"),
        ({"sensor_id": "s-3"}, "anchor_id must name a place on the building 'b-2'"),
        ({"anchor_id": "nobody"}, "anchor_id must name a place"),
        ({"valid_to_ns": 100}, "valid_to must be after valid_from"),
        ({"orientation": (0.5, 0.0, 0.0, 0.0)}, "a quaternion of length 1"),
    ],
)
def test_of_ties_all_are_kept_or_none(
    places: PlaceStore, change: dict[str, object], what: str
) -> None:
    wrong = replace(TIE, id="t-2", **change)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=what):
        places.put_monitors([TIE, wrong], "u-1")
    assert places.monitors("b-1") == []


def test_a_defect_told_twice_is_kept_once_and_goes_on_as_another(
    places: PlaceStore, records: Records
) -> None:
    places.put_defect(CRACK, "u-1")
    places.put_defect(CRACK, "u-1")
    wider = replace(CRACK, id="d-2", value=0.6, found_at_ns=90, continues="d-1")
    places.put_defect(wider, "u-1")
    mended = replace(CRACK, status=DefectStatus.MENDED, version=2)
    places.put_defect(mended, "u-2")
    assert places.defects("b-1") == [wider, mended]
    assert places.defect("d-2") == wider
    with pytest.raises(Conflict, match="version 3, got 1"):
        places.put_defect(replace(CRACK, title="x"), "u-1")
    lines = records.audit.audit(Page(), object_id="d-1")
    assert [(line[1], line[2]) for line in lines] == [
        ("u-2", "defect changed"), ("u-1", "defect added"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"code": "ghost"}, "code must be one of crack"),
        ({"severity": 0}, "severity must be 1, 2 or 3"),
        ({"severity": 4}, "severity must be 1, 2 or 3"),
        ({"value": math.inf}, "value must be"),
        ({"anchor_id": "nobody"}, "anchor_id must name a place"),
        ({"building_id": "b-2"}, "anchor_id must name a place"),
        ({"sensor_ids": ("s-1", "s-3")}, "sensors of the building, got 's-3'"),
        ({"continues": "d-1"}, "continues must be another defect"),
        ({"continues": "nobody"}, "continues must name a defect of the building"),
        ({"title": "x" * 2_001}, "title must be at most"),
    ],
)
def test_a_defect_that_cannot_be_is_refused(
    places: PlaceStore, change: dict[str, object], what: str
) -> None:
    with pytest.raises(InvalidInput, match=what):
        places.put_defect(replace(CRACK, **change), "u-1")  # type: ignore[arg-type]
    assert places.defects("b-1") == []


def test_the_rooms_of_a_house_without_a_model_are_kept_and_changed(
    places: PlaceStore, records: Records
) -> None:
    assert places.schema("b-1") is None
    places.put_schema(SCHEMA, "u-1")
    places.put_schema(SCHEMA, "u-1")
    assert places.schema("b-1") == SCHEMA
    places.put_schema(replace(SCHEMA, rooms=(), version=2), "u-1")
    with pytest.raises(Conflict, match="version 3, got 2"):
        places.put_schema(replace(SCHEMA, version=2), "u-1")
    actions = [line[2] for line in records.audit.audit(Page(), object_id="b-1")]
    assert actions == ["rooms changed", "rooms added", "building added"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"building_id": "nobody"}, "building_id must name a building"),
        ({"storeys": SCHEMA.storeys[:1]}, "storey_id must be a storey of the schema"),
        ({"storeys": SCHEMA.storeys * 2}, "storeys must be ids that each occur once"),
        ({"rooms": (replace(SCHEMA.rooms[0], outline=((0.0, 0.0), (1.0, 0.0))),)}, "3 to 100"),
        ({"rooms": (replace(SCHEMA.rooms[0], outline=((0.0, math.nan),) * 3),)}, "outline must"),
        ({"axes": (("1", "z", 0.0),)}, "direction x or y"),
        ({"axes": (("", "x", 0.0),)}, "1 to 20 letters"),
        ({"axes": (("1", "x", math.inf),)}, "axes must be"),
    ],
)
def test_a_schema_that_cannot_be_is_refused(
    places: PlaceStore, change: dict[str, object], what: str
) -> None:
    with pytest.raises(InvalidInput, match=what):
        places.put_schema(replace(SCHEMA, **change), "u-1")  # type: ignore[arg-type]
    assert places.schema("b-1") is None


def test_the_building_of_every_place_is_known(places: PlaceStore, records: Records) -> None:
    places.put_monitors([TIE], "u-1")
    places.put_defect(CRACK, "u-1")
    for known in ("a-1", "a-2", "t-1", "d-1"):
        assert places.building_of(known) == "b-1"
    assert places.building_of("nobody") is None
    changes = [c for c in records.alerts.changes(0) if c.kind == "place"]
    assert [c.object_id for c in changes] == ["a-1", "a-2", "t-1", "d-1"]
    assert {c.building_id for c in changes} == {"b-1"}
