"""The series of a sensor as its chart shows them: segments joined, thinned, gaps kept."""

from dataclasses import dataclass, field

import numpy as np

from domain.clock import DAY_NS, HOUR_NS, SECOND_NS
from domain.ports import ReadingStore
from domain.readings import UNFIT, Floats, Int64s
from domain.sensors import Channel, Segment

#: length of each range button
RANGES = {
    "24h": DAY_NS,
    "7d": 7 * DAY_NS,
    "30d": 30 * DAY_NS,
    "1y": 365 * DAY_NS,
}
#: points of one line on the screen
POINTS = 1_000
#: more readings than this are read as hourly rollups
RAW_LIMIT = 50_000
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
    unfit
        How many readings of the range are left out because they say nothing of the building.

    """

    axis: str
    at_ns: Int64s
    mean: Floats
    low: Floats
    high: Floats
    readings: int = 0
    unfit: int = 0
    thinned: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Series values of one channel, gaps not yet marked; arrays of one length."""

    at_ns: Int64s = field(default_factory=lambda: np.empty(0, np.int64))
    mean: Floats = field(default_factory=lambda: np.empty(0))
    low: Floats = field(default_factory=lambda: np.empty(0))
    high: Floats = field(default_factory=lambda: np.empty(0))
    count: Int64s = field(default_factory=lambda: np.empty(0, np.int64))
    unfit: int = 0
    step_ns: int = SECOND_NS


def offsets_at(at_ns: Int64s, segments: list[Segment]) -> Floats:
    """Tell the offset of each moment; NaN where the segment's is not known yet.

    Readings before the first segment have none: they are shown as they came.
    """
    ordered = sorted(segments, key=lambda s: s.opened_at_ns)
    values = np.array([0.0, *(np.nan if s.offset is None else s.offset for s in ordered)])
    opened = np.array([s.opened_at_ns for s in ordered], np.int64)
    return np.asarray(values[np.searchsorted(opened, at_ns, side="right")])


def points_of(
    store: ReadingStore, channel: Channel, segments: list[Segment], start_ns: int, end_ns: int
) -> Points:
    """Read the series values of a channel: readings, or hourly spans where they are too many."""
    step_ns = max(1, channel.interval_s) * SECOND_NS
    if (end_ns - start_ns) // step_ns <= RAW_LIMIT:
        raw = store.between(channel.id, start_ns, end_ns)
        fit = (raw.flag & np.uint16(UNFIT)) == 0
        values = raw.value + offsets_at(raw.taken_at, segments)
        fit &= np.isfinite(values)
        at, values = raw.taken_at[fit], values[fit]
        ones = np.ones(len(at), np.int64)
        return Points(at, values, values, values, ones, int(len(raw) - fit.sum()), step_ns)
    hours = store.rollups(channel.id, start_ns, end_ns, "hour")
    offset = offsets_at(hours.start, segments)
    keep = np.isfinite(offset)
    return Points(
        hours.start[keep] + HOUR_NS // 2,
        (hours.mean + offset)[keep],
        (hours.low + offset)[keep],
        (hours.high + offset)[keep],
        hours.count[keep],
        0,
        max(step_ns, HOUR_NS),
    )


def lean_of(x: Points, y: Points) -> Points:
    """Join the two axes of a tilt point into its lean, where both were read at one moment."""
    at, of_x, of_y = np.intersect1d(x.at_ns, y.at_ns, return_indices=True)
    lean = np.hypot(x.mean[of_x], y.mean[of_y])
    low = np.hypot(_nearest_zero(x, of_x), _nearest_zero(y, of_y))
    high = np.hypot(_farthest(x, of_x), _farthest(y, of_y))
    return Points(at, lean, low, high, x.count[of_x], 0, max(x.step_ns, y.step_ns))


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
        points.unfit,
        thinned,
    )


def _cut(values: Floats, broken: Int64s) -> Floats:
    return np.insert(values, broken, np.nan) if len(broken) else values
