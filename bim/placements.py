"""Storeys of a file and how high they lie."""

import math
from typing import Any

import ifcopenshell.util.placement

from domain.elements import Storey


def storeys_of(file: Any, metres: float) -> tuple[Storey, ...]:
    """List storeys, lowest first.

    Shapes stand where placements put them, so a storey's height is its placement's; some
    exporters leave all of these at one height, and then its own attribute counts.

    Parameters
    ----------
    metres
        Of one length unit of the file.

    """
    found = file.by_type("IfcBuildingStorey")
    placed = [_height(one, metres) for one in found]
    told = [
        float(one.Elevation) * metres if one.Elevation is not None else None for one in found
    ]  # fmt: skip
    known = {round(one, 3) for one in placed if one is not None}
    differ = {round(one, 3) for one in told if one is not None}
    by_placement = len(known) >= len(differ)
    storeys = []
    for one, height, elevation in zip(found, placed, told, strict=True):
        first, second = (height, elevation) if by_placement else (elevation, height)
        at = first if first is not None else second
        name = str(one.Name or "") or str(one.LongName or "")
        storeys.append(Storey(str(one.GlobalId or ""), name, round(at or 0.0, 6)))
    return tuple(sorted(storeys, key=lambda one: (one.elevation_m, one.name)))


def _height(storey: Any, metres: float) -> float | None:
    placement = storey.ObjectPlacement
    if placement is None:
        return None
    try:
        matrix = ifcopenshell.util.placement.get_local_placement(placement)
    except (AttributeError, TypeError, ValueError):  # parts of it are missing
        return None
    height = float(matrix[2][3]) * metres
    return height if math.isfinite(height) else None
