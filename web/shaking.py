"""Vibration against the limit of each peak's own frequency: the judged share, and a diagram."""

from dataclasses import dataclass

import numpy as np

from domain.adjusted import Adjusted
from domain.limits import Limit, VibrationTable
from domain.readings import UNFIT, Floats
from web.series import Points

#: peaks that the diagram shows at most; those nearest to their limit stay
PEAKS_MAX = 600
#: frequencies at which the limit's curve is drawn, beside the table's own points
CURVE_POINTS = 40


@dataclass(frozen=True, slots=True, eq=False)
class Shaking:
    """Peaks with the frequency of their moment, held against a table.

    Parameters
    ----------
    share
        Of the limit at each peak's frequency, %; without a frequency of the table's strictest.
    frequency_hz, peak_mm_s
        (n,) the peaks that have a frequency, nearest to their limit last.

    """

    share: Points
    frequency_hz: Floats
    peak_mm_s: Floats


def shaking_of(
    peaks: Adjusted,
    frequencies: Adjusted | None,
    table: VibrationTable,
    factor: float,
    step_ns: int,
) -> Shaking:
    """Pair each peak with the frequency of its moment."""
    fit = (peaks.flag & np.uint16(UNFIT)) == 0
    at, value = peaks.taken_at[fit], peaks.series[fit]
    hz = np.full(len(at), np.nan)
    if frequencies is not None:
        known = (frequencies.flag & np.uint16(UNFIT)) == 0
        _, here, there = np.intersect1d(
            at, frequencies.taken_at[known], assume_unique=True, return_indices=True
        )
        hz[here] = frequencies.series[known][there]
    limit = factor * limits_at(table, np.where(np.isfinite(hz), hz, table.strictest[0]))
    share = 100.0 * value / limit
    paired = np.flatnonzero(np.isfinite(hz))
    nearest = paired[np.argsort(share[paired], kind="stable")][-PEAKS_MAX:]
    points = Points(at, share, share, share, np.ones(len(at), np.int64), step_ns)
    return Shaking(points, hz[nearest], value[nearest])


def joined(axes: list[Shaking]) -> Shaking:
    """Join the axes of one point: at each moment the axis that is nearest to its limit counts."""
    if len(axes) == 1:
        return axes[0]
    at, moment = np.unique(np.concatenate([one.share.at_ns for one in axes]), return_inverse=True)
    share = np.zeros(len(at))
    np.maximum.at(share, moment, np.concatenate([one.share.mean for one in axes]))
    points = Points(
        at, share, share, share, np.ones(len(at), np.int64), max(a.share.step_ns for a in axes)
    )
    return Shaking(
        points,
        np.concatenate([one.frequency_hz for one in axes]),
        np.concatenate([one.peak_mm_s for one in axes]),
    )


def limits_at(table: VibrationTable, frequency_hz: Floats) -> Floats:
    """Tell the table's limits at many frequencies, mm/s: linear between, flat outside."""
    hz, limit = np.array(table.points).T
    return np.asarray(np.interp(frequency_hz, hz, limit))


def curve_of(
    row: Limit, table: VibrationTable, factor: float, low_hz: float, high_hz: float
) -> list[tuple[float, float]]:
    """Give the curve of one level: the row's share of the table's limits, Hz and mm/s."""
    own = [hz for hz, _ in table.points if low_hz < hz < high_hz]
    hz = np.unique([*np.geomspace(low_hz, high_hz, CURVE_POINTS), *own])
    limit = limits_at(table, hz) * factor * row.value / 100.0
    return [(float(f), float(v)) for f, v in zip(hz, limit, strict=True)]
