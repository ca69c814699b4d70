"""Outlines of districts for the map, drawn around the buildings that are known."""

from collections.abc import Iterable, Mapping
from math import cos, pi, radians, sin
from typing import Any

from domain.buildings import Building
from domain.limits import Level

Point = tuple[float, float]

#: an outline keeps this far from its buildings, m: a district of one house is a circle
ROOM_M = 90.0
#: corners of that circle
CORNERS = 16
_M_PER_DEGREE = 111_320.0


def outlines(
    buildings: Iterable[Building], levels: Mapping[str, list[Level]], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Draw the convex outline of each district's buildings, as GeoJSON features.

    An outline says where the known buildings of a district lie, no more: it is no boundary.

    Parameters
    ----------
    levels
        Levels of the alerts that are not closed, by building id.
    names
        District names by division code; the code itself stands for one without a name.

    """
    by_district: dict[str, list[Building]] = {}
    for building in buildings:
        by_district.setdefault(building.district, []).append(building)
    features = []
    for code, members in sorted(by_district.items()):
        around = _widened([(b.longitude, b.latitude) for b in members])
        open_levels = [level for b in members for level in levels.get(b.id, [])]
        top = max(around, key=lambda p: (p[1], p[0]))
        features.append(
            {
                "type": "Feature",
                "geometry": {"type": "Polygon", "coordinates": [[*around, around[0]]]},
                "properties": {
                    "code": code,
                    "name": names.get(code, code),
                    "buildings": len(members),
                    "alerts": len(open_levels),
                    "level": max(open_levels, default=Level.NONE).value,
                    "label_at": list(top),
                },
            }
        )
    return features


def hull(points: Iterable[Point]) -> list[Point]:
    """Find the convex hull, counter-clockwise, without points on its edges.

    Source: Andrew, Another efficient algorithm for convex hulls in two dimensions (1979).

    Examples
    --------
    >>> hull([(0, 0), (2, 0), (1, 1), (2, 2), (0, 2), (1, 0)])
    [(0, 0), (2, 0), (2, 2), (0, 2)]

    """
    ordered = sorted(set(points))
    if len(ordered) < 3:
        return ordered
    return [*_half(ordered)[:-1], *_half(ordered[::-1])[:-1]]


def _half(ordered: list[Point]) -> list[Point]:
    kept: list[Point] = []
    for point in ordered:
        while len(kept) > 1 and _turn(kept[-2], kept[-1], point) <= 0:
            kept.pop()
        kept.append(point)
    return kept


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _widened(points: list[Point]) -> list[Point]:
    """Draw the hull of circles around the points, so that no building lies on the line."""
    north = ROOM_M / _M_PER_DEGREE
    corners = [2 * pi * k / CORNERS for k in range(CORNERS)]
    return hull(
        (x + north / cos(radians(y)) * cos(turn), y + north * sin(turn))
        for x, y in hull(points)
        for turn in corners
    )
