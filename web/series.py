"""The series of a sensor as its chart shows them: fit values only, thinned, gaps kept."""

from dataclasses import dataclass, field

import numpy as np

from domain.adjusted import Adjusted
from domain.clock import DAY_NS, HOUR_NS, SECOND_NS
from domain.readings import UNFIT, Floats, Int64s

#: length of each range button
RANGES = {
    "24h": DAY_NS,
    "7d": 7 * DAY_NS,
    "30d": 30 * DAY_NS,
    "1y": 365 * DAY_NS,
}
#: points of one line on the screen
POINTS = 1_000
#: a line is broken where this many readings in a row are missing
GAP_READINGS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line of a chart.

    Parameters
    ----------
    at_ns
        (n,) int64, rising.
    mean, low, high
        (n,) float64; NaN where the line is broken.
    readings
        How many readings it stands for.
    thinned
        It has a point for each span, not for each reading.

    """

    axis: str
    at_ns: Int64s
    mean: Floats
    low: Floats
    high: Floats
    readings: int = 0
    thinned: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Series values of one channel, gaps not yet marked; arrays of one length."""

    at_ns: Int64s = field(default_factory=lambda: np.empty(0, np.int64))
    mean: Floats = field(default_factory=lambda: np.empty(0))
    low: Floats = field(default_factory=lambda: np.empty(0))
    high: Floats = field(default_factory=lambda: np.empty(0))
    count: Int64s = field(default_factory=lambda: np.empty(0, np.int64))
    step_ns: int = SECOND_NS


def points_of(rows: Adjusted, step_ns: int, *, weather: bool = False) -> Points:
    """Give the series values of a channel that are fit to be drawn.

    Parameters
    ----------
    step_ns
        Time between readings by plan.
    weather
        Leave the weather in.

    """
    values = rows.series if weather else rows.value
    keep = ((rows.flag & np.uint16(UNFIT)) == 0) & np.isfinite(values)
    mean = values[keep]
    if not rows.spans:
        return Points(rows.taken_at[keep], mean, mean, mean, rows.count[keep], step_ns)
    return Points(
        rows.taken_at[keep],
        mean,
        mean + rows.spread_low[keep],
        mean + rows.spread_high[keep],
        rows.count[keep],
        max(step_ns, HOUR_NS),
    )


def bins_of(at_ns: Int64s, values: Floats, step_ns: int) -> Points:
    """Give the known values of equal bins."""
    keep = np.isfinite(values)
    known = values[keep]
    return Points(at_ns[keep], known, known, known, np.ones(len(known), np.int64), step_ns)


def lean_of(x: Points, y: Points) -> Points:
    """Join the two axes of a tilt point into its lean, where both were read at one moment."""
    at, of_x, of_y = np.intersect1d(x.at_ns, y.at_ns, return_indices=True)
    lean = np.hypot(x.mean[of_x], y.mean[of_y])
    low = np.hypot(_nearest_zero(x, of_x), _nearest_zero(y, of_y))
    high = np.hypot(_farthest(x, of_x), _farthest(y, of_y))
    return Points(at, lean, low, high, x.count[of_x], max(x.step_ns, y.step_ns))


def _nearest_zero(axis: Points, index: Int64s) -> Floats:
    low, high = axis.low[index], axis.high[index]
    return np.asarray(
        np.where((low <= 0) & (high >= 0), 0.0, np.minimum(np.abs(low), np.abs(high)))
    )


def _farthest(axis: Points, index: Int64s) -> Floats:
    return np.asarray(np.maximum(np.abs(axis.low[index]), np.abs(axis.high[index])))


def thin(axis: str, points: Points, start_ns: int, end_ns: int, limit: int = POINTS) -> Line:
    """Thin to at most `limit` equal spans, keeping each span's lowest and highest value.

    Nothing is smoothed: with fewer readings than `limit` each one is its own point.
    """
    n = len(points.at_ns)
    at, mean, low, high = points.at_ns, points.mean, points.low, points.high
    step_ns = points.step_ns
    thinned = n > limit
    if thinned:
        width = max(1, -(-(end_ns - start_ns) // limit))
        spans, first = np.unique((at - start_ns) // width, return_index=True)
        weight = np.add.reduceat(points.count, first)
        mean = np.add.reduceat(mean * points.count, first) / weight
        low = np.minimum.reduceat(low, first)
        high = np.maximum.reduceat(high, first)
        at = start_ns + spans * width + width // 2
        step_ns = max(step_ns, width)
    broken = np.flatnonzero(np.diff(at) > GAP_READINGS * step_ns) + 1
    return Line(
        axis,
        np.insert(at, broken, at[broken - 1] + step_ns) if len(broken) else at,
        _cut(mean, broken),
        _cut(low, broken),
        _cut(high, broken),
        int(points.count.sum()),
        thinned,
    )


def _cut(values: Floats, broken: Int64s) -> Floats:
    return np.insert(values, broken, np.nan) if len(broken) else values
