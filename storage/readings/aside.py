"""Readings that were put aside as evidence, joined again to those that are there."""

from itertools import pairwise

import numpy as np

from domain.readings import Rollup, Series
from storage.readings.columns import fit


def joined(there: Series, aside: Series) -> Series:
    """Join two series of one channel; where both have an instant the first counts."""
    if not len(aside):
        return there
    extra = ~np.isin(aside.taken_at, there.taken_at)
    taken_at = np.concatenate([there.taken_at, aside.taken_at[extra]])
    order = np.argsort(taken_at, kind="stable")
    return Series(
        taken_at[order],
        np.concatenate([there.value, aside.value[extra]])[order],
        np.concatenate([there.flag, aside.flag[extra]])[order],
        np.concatenate([there.received_at, aside.received_at[extra]])[order],
    )


def downsampled(series: Series, start_ns: int, end_ns: int, points: int) -> Rollup:
    """Sum a series up in at most `points` equal spans; unfit readings are left out."""
    summed = fit(series.value, series.flag)
    taken_at, value = series.taken_at[summed], series.value[summed]
    length = max(1, -((start_ns - end_ns) // points))
    number = (taken_at - start_ns) // length
    edges = [*np.flatnonzero(np.diff(number, prepend=-1)).tolist(), len(number)]
    parts = [value[a:b] for a, b in pairwise(edges)]
    return Rollup(
        start_ns + number[edges[:-1]] * length,
        np.array([len(part) for part in parts], np.int64),
        np.array([part.mean() for part in parts], np.float64),
        np.array([part.min() for part in parts], np.float64),
        np.array([part.max() for part in parts], np.float64),
    )
