"""Pairs of points that are near each other, found on a grid."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_CELLS = 1 << 20


def near_pairs(left: Floats, right: Floats, reach: float) -> tuple[Indices, Indices]:
    """Find all pairs whose coordinates differ by at most `reach` on each axis.

    Parameters
    ----------
    left, right
        Points, (n, 3) and (m, 3) float64, m; those that are not numbers pair with none.
    reach
        Metres, above 0.

    Returns
    -------
    tuple
        Places in `left` and `right`, ordered by the former and then the latter.

    Examples
    --------
    >>> near_pairs(np.zeros((1, 3)), np.array([[0.4, 0, 0], [0.6, 0, 0]]), 0.5)
    (array([0]), array([0]))

    """
    left_known, right_known = _known(left), _known(right)
    if not left_known.size or not right_known.size:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    low = np.minimum(left[left_known].min(axis=0), right[right_known].min(axis=0))
    left_cells = np.floor((left[left_known] - low) / reach).astype(np.int64)
    right_cells = np.floor((right[right_known] - low) / reach).astype(np.int64)
    right_keys = _keys(right_cells)
    order = np.argsort(right_keys, kind="stable")
    sorted_keys = right_keys[order]
    lefts, rights = [], []
    for step in product((-1, 0, 1), repeat=3):
        keys = _keys(left_cells + np.array(step))
        first = np.searchsorted(sorted_keys, keys, "left")
        counts = np.searchsorted(sorted_keys, keys, "right") - first
        here = np.repeat(np.arange(keys.size), counts)
        begin = np.repeat(first - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
        there = order[begin + np.arange(here.size)]
        lefts.append(left_known[here])
        rights.append(right_known[there])
    a, b = np.concatenate(lefts), np.concatenate(rights)
    # cells far out share keys with others: the distance decides, and a pair counts once
    kept = np.abs(left[a] - right[b]).max(axis=1) <= reach if a.size else np.empty(0, bool)
    pairs = np.unique(np.stack((a[kept], b[kept]), axis=1), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _known(points: Floats) -> Indices:
    return np.flatnonzero(np.isfinite(points).all(axis=1))


def _keys(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    return (cells[:, 0] * _CELLS + cells[:, 1]) * _CELLS + cells[:, 2]
