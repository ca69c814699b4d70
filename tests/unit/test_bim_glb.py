"""The GLB file: every element where it is, drawn in few calls, small."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from bim import glb
from bim.mesh import shapes_of
from bim.repeats import repeats_of
from bim.shapes import Shape, box_of, origin_of
from simulators.ifc.house import HouseSpec, write_house
from tests.glb_reader import Glb


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> list[Shape]:
    path = tmp_path_factory.mktemp("house") / "house.ifc"
    spec = HouseSpec(storeys=4, bays_x=3, furniture=3, facets=16)
    return [one for one in shapes_of(write_house(spec, path).read_bytes()) if one.drawn]


def placed_box(step_id: int, at: tuple[float, float, float], turn_deg: float) -> Shape:
    """Give a 3 × 1 × 2 m wedge, turned about the upright axis."""
    corners = np.array(
        [[0, 0, 0], [3, 0, 0], [3, 1, 0], [0, 1, 0], [0, 0, 2], [3, 0, 2], [0, 1, 1.5]], float
    )
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    turned = corners @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + at
    faces = np.array([[0, 2, 1], [0, 3, 2], [0, 1, 5], [0, 5, 4], [4, 5, 6], [1, 2, 5]])
    return Shape(step_id, f"g{step_id}", "IfcWall", (0.5, 0.5, 0.5, 1.0), turned, faces)


def mirrored(shape: Shape) -> Shape:
    return Shape(
        shape.step_id, "m", "IfcWall", shape.color, shape.vertices * [-1, 1, 1], shape.faces
    )


def test_every_element_keeps_its_box_to_a_millimetre(shapes: list[Shape], tmp_path: Path) -> None:
    glb.write(tmp_path / "m.glb", shapes, (0.0, 0.0, 0.0))
    made = Glb(tmp_path / "m.glb")
    assert set(made.triangles) == {one.step_id for one in shapes}
    for one in shapes:
        assert made.box(one.step_id) == pytest.approx(box_of(one), abs=0.001)
        assert len(made.triangles[one.step_id]) <= len(one.faces)
    assert made.told["features"][0] == [
        shapes[0].step_id, shapes[0].global_id, shapes[0].ifc_class
    ]  # fmt: skip


def test_a_house_is_drawn_in_few_calls_and_normals_look_out(
    shapes: list[Shape], tmp_path: Path
) -> None:
    glb.write(tmp_path / "m.glb", shapes, (0.0, 0.0, 0.0))
    made = Glb(tmp_path / "m.glb")
    assert made.draw_calls <= 40
    assert made.normals_differ_max < 0.1


def test_a_shape_that_stands_many_times_is_written_once(
    shapes: list[Shape], tmp_path: Path
) -> None:
    lamps = [one for one in shapes if len(one.faces) > 300]
    glb.write(tmp_path / "one.glb", lamps[:1], (0.0, 0.0, 0.0))
    glb.write(tmp_path / "all.glb", lamps, (0.0, 0.0, 0.0))
    one, many = (
        len(gzip.compress((tmp_path / name).read_bytes())) for name in ("one.glb", "all.glb")
    )
    assert len(lamps) >= 20
    assert many < one * len(lamps) / 4


@pytest.mark.parametrize("turn_deg", [0.0, 90.0, 180.0, 233.7])
def test_a_turned_shape_is_found_again_and_put_back_where_it_was(
    turn_deg: float, tmp_path: Path
) -> None:
    some = [placed_box(n, (n * 5.0, -n * 0.7, n), turn_deg * n) for n in range(200)]
    repeats, rest = repeats_of(some, saved_min=400, kinds_max=40)
    assert not rest
    assert len(repeats[0].puts) == 200
    glb.write(tmp_path / "m.glb", some, (0.0, 0.0, 0.0))
    made = Glb(tmp_path / "m.glb")
    assert made.draw_calls == 1
    for one in some:
        assert made.box(one.step_id) == pytest.approx(box_of(one), abs=0.001)


def test_a_mirror_image_is_no_repeat() -> None:
    some = [placed_box(n, (n, 0, 0), 0) for n in range(100)]
    some += [mirrored(placed_box(100 + n, (n, 9, 0), 0)) for n in range(100)]
    repeats, rest = repeats_of(some, saved_min=400, kinds_max=40)
    assert not rest
    assert [[put.number for put in one.puts] for one in repeats] == [
        [*range(100)], [*range(100, 200)]
    ]  # fmt: skip


def test_a_house_far_from_the_origin_keeps_its_millimetres(tmp_path: Path) -> None:
    some = [placed_box(n, (487_250.123, 3_391_800.456, 12.5 + n), 10.0 * n) for n in range(3)]
    origin = origin_of([box_of(one) for one in some], near_m=1000.0)
    assert origin[0] == pytest.approx(487_250, abs=5)
    glb.write(tmp_path / "m.glb", some, origin)
    made = Glb(tmp_path / "m.glb")
    for one in some:
        assert made.box(one.step_id) == pytest.approx(box_of(one), abs=0.001)


def test_a_model_of_kilometres_is_kept_in_floats(tmp_path: Path) -> None:
    some = [placed_box(n, (n * 200.0, 0, 0), 0) for n in range(20)]
    glb.write(tmp_path / "m.glb", some, (0.0, 0.0, 0.0))
    made = Glb(tmp_path / "m.glb")
    assert "extensionsRequired" not in made.document
    assert made.box(19) == pytest.approx(box_of(some[19]), abs=0.001)


def test_hundreds_of_colours_are_joined_to_a_few(tmp_path: Path) -> None:
    some = []
    for n in range(300):
        one = placed_box(n, (n, 0, 0), 0)
        color = (n / 300, (n * 7 % 300) / 300, 0.5, 1.0)
        some.append(Shape(n, "g", "IfcWall", color, one.vertices, one.faces))
    glb.write(tmp_path / "m.glb", some, (0.0, 0.0, 0.0))
    assert Glb(tmp_path / "m.glb").draw_calls <= glb.BATCHES_MAX


def test_what_is_seen_through_is_drawn_last_and_blended(tmp_path: Path) -> None:
    wall, other = placed_box(1, (0, 0, 0), 0), placed_box(2, (9, 0, 0), 0)
    glass = Shape(2, "g", "IfcWindow", (0.1, 0.2, 0.3, 0.4), other.vertices, other.faces)
    glb.write(tmp_path / "m.glb", [glass, wall], (0.0, 0.0, 0.0))
    materials = Glb(tmp_path / "m.glb").document["materials"]
    assert [one.get("alphaMode") for one in materials] == [None, "BLEND"]
    assert materials[1]["pbrMetallicRoughness"]["baseColorFactor"][3] == 0.4


def test_shapes_without_any_area_are_left_out(tmp_path: Path) -> None:
    wall, other = placed_box(1, (0, 0, 0), 0), placed_box(2, (0, 0, 0), 0)
    line = Shape(2, "l", "IfcWall", (1.0, 0.0, 0.0, 1.0), other.vertices * [1, 0, 0], other.faces)
    glb.write(tmp_path / "m.glb", [wall, line], (0.0, 0.0, 0.0))
    assert set(Glb(tmp_path / "m.glb").triangles) == {1}
