"""Where a place is in a revision: the first of what was told of it that still holds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bim.match_rules import MatchRules, match_rules
from domain.anchors import Anchor, Hold, Point
from domain.elements import Box, ElementVersion


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a place is now.

    Parameters
    ----------
    point
        Metres, axes of the revision; `None`: only words or a point on the map are left.
    why
        What it rests on: `element`, `surface`, `point`, `words`, `map` or `nothing`.
    element_id
        Element it is on, or that it would be on now (`surface`); empty without one.

    """

    point: Point | None
    hold: Hold
    why: str
    element_id: str = ""


def place(
    anchor: Anchor,
    version: ElementVersion | None,
    near: Sequence[ElementVersion],
    *,
    last: ElementVersion | None = None,
    shift_m: Point = (0.0, 0.0, 0.0),
    rules: MatchRules | None = None,
) -> Placed:
    """Find a place again.

    The element comes first, with the place within its box; then the nearest surface within
    `surface_m_max` of the point, of the same storey and class; then the point, the words, the map.

    Parameters
    ----------
    version
        The place's element in the revision; `None` when it is not there.
    near
        Elements of the revision among which a surface may be found.
    last
        The place's element as it was seen last; tells its storey and class.
    shift_m
        How far the axes moved since the place was told, m.

    """
    point = None if anchor.point is None else _moved(anchor.point, shift_m)
    if version is not None:
        seen = version.revision_id == anchor.revision_seen
        hold = Hold.LINKED if seen or not anchor.revision_seen else Hold.RELINKED
        return Placed(_on(anchor, version.box, point, seen), hold, "element", version.element_id)
    hold = Hold.REVIEW if anchor.element_id else Hold.SPATIAL
    if point is not None:
        found = _surface(anchor, point, near, last, rules or match_rules())
        if found is not None:
            return Placed(found[0], hold, "surface", found[1])
        return Placed(point, hold, "point")
    if anchor.storey or anchor.room or anchor.room_id:
        return Placed(None, hold, "words")
    return Placed(None, hold, "map" if anchor.wgs84 is not None else "nothing")


def _on(anchor: Anchor, box: Box | None, point: Point | None, seen: bool) -> Point | None:
    """Tell where on its element a place is; on the revision it was told in, as it was told."""
    if box is None or (seen and point is not None):
        return point
    low, high = np.array(box[:3]), np.array(box[3:])
    if anchor.local_uvw is not None:
        return _point(low + np.array(anchor.local_uvw) * (high - low))
    return _point((low + high) / 2) if point is None else _nearest(point, box)


def _surface(
    anchor: Anchor,
    point: Point,
    near: Sequence[ElementVersion],
    last: ElementVersion | None,
    rules: MatchRules,
) -> tuple[Point, str] | None:
    storey = last.storey_name if last else anchor.storey
    group = rules.group(last.ifc_class) if last else ""
    best: tuple[float, str, Point] | None = None
    for row in near:
        if row.box is None or (group and rules.group(row.ifc_class) != group):
            continue
        if storey and row.storey_name and row.storey_name != storey:
            continue
        on = _nearest(point, row.box)
        away = float(np.linalg.norm(np.subtract(on, point)))
        if away <= rules.surface_m_max and (best is None or (away, row.element_id) < best[:2]):
            best = (away, row.element_id, on)
    return None if best is None else (best[2], best[1])


def _nearest(point: Point, box: Box) -> Point:
    """Find the point of a box that is nearest to another, which may lie inside."""
    return _point(np.clip(point, box[:3], box[3:]))


def _moved(point: Point, shift_m: Point) -> Point:
    return _point(np.add(point, shift_m))


def _point(values: object) -> Point:
    x, y, z = np.asarray(values, np.float64).tolist()
    return (x, y, z)
