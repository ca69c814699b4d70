"""What is read from an IFC file, in a process of its own."""

from pathlib import Path
from typing import Any

import pytest

from bim.limited import LimitedReader
from domain.bim_ports import ModelIndex, Shapes
from domain.elements import ElementVersion
from simulators.ifc.house import HouseSpec, write_house
from simulators.ifc.solids import IfcSchema
from tests.glb_reader import Glb

SCHEMAS: tuple[IfcSchema, ...] = ("IFC2X3", "IFC4", "IFC4X3")


@pytest.fixture(scope="module", params=SCHEMAS)
def read(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[HouseSpec, ModelIndex, Shapes, list[tuple[int, int]]]:
    folder = tmp_path_factory.mktemp("model")
    spec = HouseSpec(
        ifc_schema=request.param, storeys=2, furniture=1, true_north_deg=30.0,
        map_crs="EPSG:4547",
    )  # fmt: skip
    path = write_house(spec, folder / "house.ifc")
    reader, steps = LimitedReader(), list[tuple[int, int]]()
    index = reader.index(path, folder / "scratch", "r1")
    shapes = reader.shapes(path, folder / "scratch", lambda done, of: steps.append((done, of)))
    return spec, index, shapes, steps


def one_of(index: ModelIndex, ifc_class: str, words: str = "") -> ElementVersion:
    return next(
        one for one in index.versions if one.ifc_class == ifc_class and words in one.name
    )  # fmt: skip


def test_storeys_come_lowest_first_with_their_chinese_names(read: Any) -> None:
    _, index, _, _ = read
    assert [(one.name, one.elevation_m) for one in index.storeys] == [
        ("一层", 0.0), ("二层", 3.0), ("屋面", 6.0)
    ]  # fmt: skip


def test_an_element_tells_its_type_material_place_and_properties(read: Any) -> None:
    spec, index, _, _ = read
    wall_class = "IfcWall" if spec.ifc_schema == "IFC4X3" else "IfcWallStandardCase"
    wall = one_of(index, wall_class, "外墙")
    assert wall.type_name == "外墙 砖墙 240"
    assert wall.material == "MU10 砖"
    assert wall.storey_name == "一层"
    assert wall.storey_elevation_m == 0.0
    assert wall.load_bearing is True
    assert ("Pset_WallCommon", "FireRating", "2.0h", "") in wall.properties
    assert ("Qto_WallBaseQuantities", "Length", "3800", "mm") in wall.properties
    assert any(row[1] == "NetVolume" and row[3] == "m³" for row in wall.properties)
    assert one_of(index, wall_class, "内墙").load_bearing is False


def test_doors_and_parts_are_in_the_storey_of_what_holds_them(read: Any) -> None:
    spec, index, _, _ = read
    assert one_of(index, "IfcDoor").storey_name == "一层"
    assert one_of(index, "IfcStairFlight").storey_name == "一层"
    furniture = "IfcFurnishingElement" if spec.ifc_schema == "IFC2X3" else "IfcFurniture"
    assert one_of(index, furniture).space == "101 客厅"
    assert one_of(index, "IfcSpace").space == "101 客厅"


def test_sensors_are_elements_with_or_without_a_shape(read: Any) -> None:
    spec, index, shapes, _ = read
    sensor_class = "IfcDistributionControlElement" if spec.ifc_schema == "IFC2X3" else "IfcSensor"
    sensors = [one for one in index.versions if one.ifc_class == sensor_class]
    assert len(sensors) == spec.sensors
    assert {one.step_id in shapes.boxes for one in sensors} == {True, False}


def test_the_file_tells_its_units_north_and_map(read: Any) -> None:
    spec, index, _, _ = read
    assert index.ifc_schema == spec.ifc_schema
    assert index.unit_scale == 0.001
    assert index.true_north_deg == pytest.approx(30.0, abs=1e-4)
    assert index.authoring_app.startswith("Anju")
    assert index.map_crs == "EPSG:4547"
    assert index.map_origin == (500_000.0, 3_400_000.0, 20.0)
    assert index.warnings == ()


def test_boxes_are_in_metres_of_the_files_world(read: Any) -> None:
    _, index, shapes, _ = read
    slab = one_of(index, "IfcSlab")
    assert shapes.boxes[slab.step_id] == pytest.approx((-0.12, -0.12, -0.12, 8.52, 9.72, 0.0))
    assert shapes.origin_m == (0.0, 0.0, 0.0)
    assert shapes.failed == ()
    assert all(len(one) == 32 for one in shapes.geometry_hashes.values())


def test_alike_things_have_one_content_hash_and_one_geometry_hash(read: Any) -> None:
    _, index, shapes, _ = read
    windows = [one for one in index.versions if one.ifc_class == "IfcWindow"]
    assert len({shapes.geometry_hashes[one.step_id] for one in windows}) == 2  # along and across
    columns = [one for one in index.versions if one.name == "框架柱 400x400:A1"]
    assert len(columns) == 2
    assert len({one.content_hash for one in columns}) == 1
    assert len({one.global_id for one in columns}) == 2


def test_progress_goes_up_to_its_end(read: Any) -> None:
    steps = read[3]
    assert steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1]


def test_the_glb_shows_every_element_but_rooms_where_its_box_is(read: Any) -> None:
    _, index, shapes, _ = read
    made = Glb(shapes.glb)
    by_step = {one.step_id: one for one in index.versions}
    assert made.told["format"] == 1
    assert made.told["origin"] == [0.0, 0.0, 0.0]
    assert all(by_step[step].global_id == guid for step, guid, _ in made.told["features"])
    assert not any(name == "IfcSpace" for _, _, name in made.told["features"])
    for step_id in made.triangles:
        assert made.box(step_id) == pytest.approx(shapes.boxes[step_id], abs=0.001)


def test_the_same_house_is_the_same_file(tmp_path: Path) -> None:
    one = write_house(HouseSpec(storeys=1), tmp_path / "one.ifc")
    other = write_house(HouseSpec(storeys=1), tmp_path / "other.ifc")
    assert one.read_bytes() == other.read_bytes()
