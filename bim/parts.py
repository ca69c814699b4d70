"""Elements that were split into several, or several that became one."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bim.element_table import ElementTable
from bim.match_rules import MatchRules

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

#: a part is shorter than the whole by this share at least
_SHORTER = 0.95


def wholes(
    whole: ElementTable,
    part: ElementTable,
    places: Sequence[int],
    free: Sequence[int],
    linked: Mapping[int, int],
    rules: MatchRules,
) -> dict[int, list[int]]:
    """Find elements whose box others of the same class fill along its longest side.

    Parameters
    ----------
    whole, part
        Tables in the same axes.
    places
        What may be a whole.
    free
        What may be a part of any.
    linked
        A part that is not free, by the place of the only whole that it may belong to.

    Returns
    -------
    dict
        Places of the parts, two or more in order, by place of the whole.

    """
    shelves = _shelves(part, free)
    found = {}
    for place in (*places, *linked):
        shelf = shelves.get(whole.groups[place])
        box = whole.boxes[place]
        if shelf is None or np.isnan(box[0]):
            continue
        starts, among = shelf
        first, last = np.searchsorted(starts, [box[0] - rules.box_m, box[3] + rules.box_m])
        among = among[first:last]
        if place in linked:
            among = np.append(among, linked[place])
        if len(among) > 1:
            parts = _parts(box, part.boxes[among], rules)
            if parts.sum() > 1:
                found[place] = sorted(among[parts].tolist())
    return found


def _parts(box: Floats, boxes: Floats, rules: MatchRules) -> NDArray[np.bool_]:
    """Tell which boxes lie within one and fill it together along its longest side."""
    inside = np.asarray((boxes[:, :3] >= box[:3] - rules.box_m).all(axis=1))
    inside &= (boxes[:, 3:] <= box[3:] + rules.box_m).all(axis=1)
    side = int(np.argmax(box[3:] - box[:3]))
    length = box[side + 3] - box[side]
    lengths = boxes[:, side + 3] - boxes[:, side]
    inside &= lengths <= _SHORTER * length
    cover = lengths[inside].sum()
    if rules.split_cover_min * length <= cover <= rules.split_cover_max * length:
        return np.asarray(inside, np.bool_)
    return np.zeros(len(boxes), np.bool_)


def _shelves(part: ElementTable, free: Sequence[int]) -> dict[str, tuple[Floats, Indices]]:
    """Sort what is free by class and by where it begins, so that few need a look."""
    places: dict[str, list[int]] = {}
    for place in free:
        if not np.isnan(part.boxes[place, 0]):
            places.setdefault(part.groups[place], []).append(place)
    shelves = {}
    for group, members in places.items():
        among = np.array(members, np.int64)
        among = among[np.argsort(part.boxes[among, 0], kind="stable")]
        shelves[group] = part.boxes[among, 0], among
    return shelves
