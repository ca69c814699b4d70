"""Shapes of elements as arrays, whoever made them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from domain.elements import Box

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Color = tuple[float, float, float, float]

#: what is no element, is a hole in one, or is a room: measured perhaps, but not drawn
NOT_DRAWN = frozenset(
    {
        "IfcSpace", "IfcOpeningElement", "IfcOpeningStandardCase", "IfcVoidingFeature",
        "IfcProjectionElement", "IfcVirtualElement", "IfcSite", "IfcBuilding",
        "IfcBuildingStorey", "IfcAnnotation", "IfcGrid", "IfcSpatialZone",
        "IfcExternalSpatialElement",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """One element's surface.

    Parameters
    ----------
    color
        Red, green, blue, opacity, each 0 to 1.
    vertices
        Corners, shape (n, 3), metres, building axes.
    faces
        Triangles, shape (m, 3).

    """

    step_id: int
    global_id: str
    ifc_class: str
    color: Color
    vertices: Floats
    faces: Whole

    @property
    def drawn(self) -> bool:
        """Whether it stands in the picture."""
        return self.ifc_class not in NOT_DRAWN


def box_of(shape: Shape) -> Box:
    """Give the smallest and largest corner, m."""
    low, high = shape.vertices.min(axis=0), shape.vertices.max(axis=0)
    return (
        float(low[0]), float(low[1]), float(low[2]), float(high[0]), float(high[1]), float(high[2])
    )  # fmt: skip


def origin_of(boxes: Sequence[Box], near_m: float) -> tuple[float, float, float]:
    """Choose the point that drawn shapes are kept about, in whole metres.

    Parameters
    ----------
    boxes
        Theirs, m.
    near_m
        Coordinates up to this need no other origin than (0, 0, 0).

    """
    corners = np.array(boxes)
    low, high = corners[:, :3].min(axis=0), corners[:, 3:].max(axis=0)
    if max(np.abs(low).max(), np.abs(high).max()) <= near_m:
        return (0.0, 0.0, 0.0)
    x, y, z = np.floor((low + high) / 2)
    return (float(x), float(y), float(z))
