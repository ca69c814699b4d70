"""Elements of one revision as columns, for matching."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bim.match_rules import MatchRules
from domain.elements import ElementVersion

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ElementTable:
    """Columns of element versions; boxes are nan where there is no shape.

    Parameters
    ----------
    rows
        Ordered by step id (of several revisions: by element id first).
    boxes
        (n, 6) float64, m.
    centres
        Middles of the boxes, (n, 3) float64, m.

    """

    rows: tuple[ElementVersion, ...]
    groups: tuple[str, ...]
    boxes: Floats
    centres: Floats

    @property
    def shaped(self) -> NDArray[np.bool_]:
        """Which have a shape, (n,)."""
        return ~np.isnan(self.boxes[:, 0])

    def moved(self, shift_m: Floats) -> "ElementTable":
        """Tell the same in axes that have moved by `shift_m`."""
        boxes = self.boxes + np.tile(shift_m, 2)
        return ElementTable(self.rows, self.groups, boxes, self.centres + shift_m)

    def only(self, places: Iterable[int]) -> "ElementTable":
        """Keep some rows."""
        kept = list(places)
        return ElementTable(
            tuple(self.rows[place] for place in kept),
            tuple(self.groups[place] for place in kept),
            self.boxes[np.array(kept, np.int64)],
            self.centres[np.array(kept, np.int64)],
        )


def element_table(versions: Sequence[ElementVersion], rules: MatchRules) -> ElementTable:
    """Build columns; the order of `versions` makes no difference."""
    rows = tuple(sorted(versions, key=lambda one: (one.element_id, one.step_id)))
    nothing = (float("nan"),) * 6
    boxes = np.array([row.box or nothing for row in rows], np.float64).reshape(-1, 6)
    groups = tuple(rules.group(row.ifc_class) for row in rows)
    return ElementTable(rows, groups, boxes, (boxes[:, :3] + boxes[:, 3:]) / 2)


def unique_places(keys: Sequence[object]) -> dict[object, int]:
    """Find where each key stands that stands once and is not empty."""
    counted = Counter(keys)
    return {key: place for place, key in enumerate(keys) if key and counted[key] == 1}


def unique_pairs(old: Sequence[object], new: Sequence[object]) -> dict[int, int]:
    """Pair what bears the same key once on either side."""
    there = unique_places(new)
    return {place: there[key] for key, place in unique_places(old).items() if key in there}
