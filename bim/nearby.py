"""Pairs of points that are near each other, found on a grid."""

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_CELLS = 1 << 20
_STEPS = np.array(list(product((-1, 0, 1), repeat=3)), np.int64)
#: candidates that are looked at together: bounds the memory
_AT_ONCE = 250_000
#: where there are still too many pairs nearer than this, m, none is told
_NEAREST = 0.01


def near_pairs(
    left: Floats, right: Floats, reach: float, most: int | None = None
) -> tuple[Indices, Indices]:
    """Find all pairs whose coordinates differ by at most `reach` on each axis.

    Parameters
    ----------
    left, right
        Points, (n, 3) and (m, 3) float64, m; those that are not numbers pair with none.
    reach
        Metres, above 0.
    most
        Where there may be more pairs than this, only nearer ones are told, or none.

    Returns
    -------
    tuple
        Places in `left` and `right`, ordered by the former and then the latter.

    Examples
    --------
    >>> near_pairs(np.zeros((1, 3)), np.array([[0.4, 0, 0], [0.6, 0, 0]]), 0.5)
    (array([0]), array([0]))

    """
    nothing = np.empty(0, np.int64)
    mine, theirs = _known(left), _known(right)
    if not mine.size or not theirs.size:
        return nothing, nothing
    grid = _Grid(left[mine], right[theirs], reach)
    while most is not None and grid.counts.sum() > most:
        reach /= 2
        if reach < _NEAREST:
            return nothing, nothing
        grid = _Grid(left[mine], right[theirs], reach)
    found = [grid.pairs(first, last) for first, last in grid.portions()]
    keys = np.sort(np.concatenate(found)) if found else nothing
    return mine[keys // theirs.size], theirs[keys % theirs.size]


class _Grid:
    """Points of both sides in cells as wide as the reach: near ones are in cells side by side.

    `counts` tells how many points stand in each of the 27 cells about each left one.
    """

    def __init__(self, left: Floats, right: Floats, reach: float) -> None:
        self.left, self.right, self.reach = left, right, reach
        low = np.minimum(left.min(axis=0), right.min(axis=0))
        self.left_cells = np.floor((left - low) / reach).astype(np.int64)
        right_cells = np.floor((right - low) / reach).astype(np.int64)
        keys = _keys(right_cells)
        self.order = np.argsort(keys, kind="stable")
        self.right_cells = right_cells[self.order]
        keys = keys[self.order]
        wanted = _keys((self.left_cells[:, None, :] + _STEPS).reshape(-1, 3))
        self.first = np.searchsorted(keys, wanted, "left").reshape(-1, len(_STEPS))
        last = np.searchsorted(keys, wanted, "right").reshape(-1, len(_STEPS))
        self.counts = last - self.first

    def portions(self) -> Iterator[tuple[int, int]]:
        """Part the left points so that few enough candidates are looked at together."""
        total = np.cumsum(self.counts.sum(axis=1))
        first = 0
        while first < len(total):
            done = int(total[first - 1]) if first else 0
            last = int(np.searchsorted(total, done + _AT_ONCE, "right"))
            yield first, max(last, first + 1)
            first = max(last, first + 1)

    def pairs(self, first: int, last: int) -> Indices:
        """Tell pairs of some left points as left * size + right."""
        counts = self.counts[first:last].reshape(-1)
        begin = np.cumsum(counts) - counts
        at = np.repeat(self.first[first:last].reshape(-1) - begin, counts)
        at += np.arange(at.size)
        here = np.repeat(np.arange(first, last), self.counts[first:last].sum(axis=1))
        step = np.repeat(np.tile(_STEPS, (last - first, 1)), counts, axis=0)
        # cells far apart may share a key: they count only as the cell that is meant
        meant = (self.right_cells[at] == self.left_cells[here] + step).all(axis=1)
        here, there = here[meant], self.order[at[meant]]
        near = np.abs(self.left[here] - self.right[there]).max(axis=1) <= self.reach
        return np.asarray(here[near] * len(self.right) + there[near])


def _known(points: Floats) -> Indices:
    return np.flatnonzero(np.isfinite(points).all(axis=1))


def _keys(cells: Indices) -> Indices:
    return np.asarray((cells[:, 0] * _CELLS + cells[:, 1]) * _CELLS + cells[:, 2])
