"""Boxes of elements against another library's: ifcopenshell's kernel is slow, old and trusted."""

import os
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.geom
import numpy as np
import pytest

from bim.mesh import shapes_of
from bim.shapes import box_of
from simulators.ifc.house import HouseSpec, write_house
from simulators.ifc.revisions import CHANGES, revise
from simulators.ifc.solids import IfcSchema

DATA = Path(os.environ.get("ANJU_DATA", "-")) / "ifc"
REAL = sorted(DATA.glob("*.ifc"))


def boxes_by_kernel(path: Path) -> dict[int, list[float]]:
    """Mesh everything that has a body with openings cut, and give its box, m."""
    geom: Any = ifcopenshell.geom
    settings = geom.settings()
    settings.set("use-world-coords", True)
    file = ifcopenshell.open(path)  # kept here: the iterator alone does not hold it
    iterator = geom.iterator(settings, file, 1)
    boxes: dict[int, list[float]] = {}
    going = iterator.initialize()
    while going:
        shape = iterator.get()
        corners = np.asarray(shape.geometry.verts).reshape(-1, 3)
        if len(corners):
            boxes[shape.id] = [*corners.min(axis=0), *corners.max(axis=0)]
        going = iterator.next()
    return boxes


def differences(path: Path) -> tuple[set[int], list[int], float]:
    """Give what is missing of ours, the common step ids, and the largest difference, m."""
    theirs = boxes_by_kernel(path)
    ours = {one.step_id: box_of(one) for one in shapes_of(path.read_bytes())}
    drawn = {one.step_id for one in shapes_of(path.read_bytes()) if one.drawn}
    common = sorted(set(theirs) & set(ours))
    worst = max(float(np.abs(np.subtract(ours[n], theirs[n])).max()) for n in common)
    return set(theirs) & drawn - set(ours), common, worst


@pytest.mark.parametrize("schema", ["IFC2X3", "IFC4", "IFC4X3"])
def test_boxes_of_a_made_house_agree_to_a_millimetre(schema: IfcSchema, tmp_path: Path) -> None:
    spec = HouseSpec(ifc_schema=schema, storeys=1, furniture=1, site_m=(1200.0, -300.0, 7.5))
    missing, common, worst = differences(write_house(spec, tmp_path / "house.ifc"))
    assert not missing
    assert len(common) > 30
    assert worst < 0.001


def test_boxes_of_a_house_in_metres_that_was_changed_agree_too(tmp_path: Path) -> None:
    house = write_house(HouseSpec(storeys=1, metres=1.0), tmp_path / "house.ifc")
    revise(house, tmp_path / "later.ifc", CHANGES[-1], seed=2)
    missing, common, worst = differences(tmp_path / "later.ifc")
    assert not missing
    assert len(common) > 20
    assert worst < 0.001


@pytest.mark.slow
@pytest.mark.skipif(not REAL, reason="needs models under ANJU_DATA")
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_boxes_of_a_real_model_agree_to_a_millimetre(path: Path) -> None:
    missing, common, worst = differences(path)
    assert not missing
    assert len(common) > 50
    assert worst < 0.001
