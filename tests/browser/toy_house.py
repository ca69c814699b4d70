"""A house of plain boxes as a model: known shapes, so that pixels can be foretold."""

import itertools
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bim.glb import write
from bim.shapes import Color, Shape, box_of
from domain.anchors import Anchor, Hold, MonitorRole, PickedBy, SensorMonitors
from domain.bim_models import BimModel, BimRevision, MeshState, RevisionState
from domain.defects import Defect
from domain.elements import Box, Element, ElementVersion, Storey
from storage.files import FolderFiles
from tests.browser.quarter import NOW_NS, Quarter

HOUSE, MODEL, REVISION = "b-1", "m-toy", "r-toy"
HEIGHT_M, WIDE_M, DEEP_M, THICK_M = 3.0, 10.0, 8.0, 0.3
#: far from zero on purpose: shapes are kept near their own origin
ORIGIN_M = (100.0, 50.0, 0.0)
GREY: Color = (0.5, 0.5, 0.5, 1.0)
CLAY: Color = (0.55, 0.3, 0.25, 1.0)
GLASS: Color = (0.4, 0.7, 0.8, 0.4)
FACES = np.array(
    [
        [0, 2, 1], [1, 2, 3], [4, 5, 6], [5, 7, 6], [0, 1, 4], [1, 5, 4],
        [2, 6, 3], [3, 6, 7], [0, 4, 2], [2, 4, 6], [1, 3, 5], [3, 7, 5],
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Toy:
    """The model's parts by name: `墙 2 南` is the south wall of the second storey."""

    storeys: tuple[Storey, ...]
    versions: tuple[ElementVersion, ...]
    shapes: tuple[Shape, ...]

    def step(self, name: str) -> int:
        """Tell an element's number."""
        return next(v.step_id for v in self.versions if v.name == name)

    def element(self, name: str) -> str:
        """Tell an element's lasting id."""
        return next(v.element_id for v in self.versions if v.name == name)


def toy(storeys: int = 3) -> Toy:
    """Make the house: on each storey a slab, four walls and a window in the south."""
    floors, versions, shapes = [], [], []
    numbers = itertools.count(101)
    for level in range(storeys):
        floor = Storey(f"S{level + 1}", f"{level + 1} 层", level * HEIGHT_M)
        floors.append(floor)
        for name, kind, color, box in _parts(level):
            step = next(numbers)
            corners = [
                [box[3 * ((n >> k) & 1) + k] + ORIGIN_M[k] for k in range(3)] for n in range(8)
            ]
            shape = Shape(step, f"G{step}", kind, color, np.array(corners), FACES)
            shapes.append(shape)
            versions.append(
                ElementVersion(
                    REVISION, step, f"G{step}", kind, name, f"e-{step}",
                    type_name="砖墙 300" if kind == "IfcWall" else "", storey_guid=floor.global_id,
                    storey_name=floor.name, storey_elevation_m=floor.elevation_m,
                    space="客厅" if "南" in name else "", material="烧结普通砖",
                    load_bearing=kind == "IfcWall" or None,
                    properties=(("Pset_WallCommon", "FireRating", "3 h", ""),
                                ("Qto_WallBaseQuantities", "Length", "10.0", "m")),
                    box=box_of(shape), content_hash="c", geometry_hash="g",
                )
            )  # fmt: skip
    return Toy(tuple(floors), tuple(versions), tuple(shapes))


def _parts(level: int) -> list[tuple[str, str, Color, Box]]:
    low = level * HEIGHT_M
    z1, z2 = low + 0.2, low + HEIGHT_M
    w, d, t, n = WIDE_M, DEEP_M, THICK_M, level + 1
    return [
        (f"板 {n}", "IfcSlab", GREY, (0, 0, low, w, d, z1)),
        (f"墙 {n} 南", "IfcWall", CLAY, (0, 0, z1, w, t, z2)),
        (f"墙 {n} 北", "IfcWall", CLAY, (0, d - t, z1, w, d, z2)),
        (f"墙 {n} 西", "IfcWall", CLAY, (0, t, z1, t, d - t, z2)),
        (f"墙 {n} 东", "IfcWall", CLAY, (w - t, t, z1, w, d - t, z2)),
        (f"窗 {n}", "IfcWindow", GLASS, (4, -0.1, low + 1, 6, 0, low + 2)),
    ]


def put_model(quarter: Quarter, files: FolderFiles, scratch: Path, house: Toy) -> BimRevision:
    """Keep the model as if it had been uploaded, read and meshed."""
    models = quarter.records.models
    models.put_model(BimModel(MODEL, HOUSE, "建筑"), "test")
    revision = models.add_revision(
        BimRevision(
            REVISION, MODEL, 1, f"bim/{HOUSE}/toy.ifc", "ab", 1_200_000, "toy.ifc", NOW_NS, "u-duty"
        ),
        "test",
    )
    glb = scratch / "toy.glb"
    write(glb, house.shapes, ORIGIN_M)
    key = f"bim/{HOUSE}/toy.1.glb"
    files.put(key, glb.read_bytes())
    models.put_index(revision, house.storeys, house.versions)
    elements = [Element(v.element_id, MODEL, v.ifc_class, v.name, REVISION) for v in house.versions]
    linked = {v.step_id: v.element_id for v in house.versions}
    models.put_matches(revision, elements, linked, [], [], "test")
    models.put_shapes(
        revision,
        {s.step_id: box_of(s) for s in house.shapes},
        {s.step_id: "g" for s in house.shapes},
    )
    ready = replace(
        models.revision(REVISION) or revision,
        state=RevisionState.READY, mesh=MeshState.READY, ifc_schema="IFC4", origin_m=ORIGIN_M,
        version=2, glb_key=key, glb_sha256="cd", elements=len(house.versions),
        storeys=len(house.storeys),
    )  # fmt: skip
    models.put_revision(ready)
    return ready


def put_places(quarter: Quarter, house: Toy, defect_id: str = "d-1") -> None:
    """Hang a red crack gauge on the second storey's south wall, and a defect on its west wall."""
    places = quarter.records.places
    for number, (name, point) in enumerate(
        [("墙 2 南", (102.0, 50.0, 4.5)), ("墙 2 西", (100.0, 54.0, 4.5))], 1
    ):
        places.put_anchor(
            Anchor(
                f"a-{number}", HOUSE, PickedBy.MODEL, NOW_NS, "u-duty", house.element(name),
                REVISION, point, (0.0, -1.0, 0.0), None, "2 层", 3.0, hold=Hold.LINKED,
            ),
            "test",
        )  # fmt: skip
    places.put_monitors(
        [SensorMonitors("t-1", "s-1-C-03", "a-1", MonitorRole.MOUNTED, NOW_NS - 10**9)], "test"
    )
    places.put_defect(
        Defect(
            defect_id, HOUSE, "a-2", "crack", 3, NOW_NS - 10**12, "u-duty", "窗角斜裂缝",
            "自下而上", 0.4, "mm", sensor_ids=("s-1-C-03",),
        ),
        "test",
    )  # fmt: skip
