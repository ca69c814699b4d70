"""The zero and scale of a channel over its life: what a reading comes to at which moment."""

from collections.abc import Sequence

import numpy as np

from domain.readings import Floats, Int64s
from domain.sensors import Segment

#: kinds that have a datum: their zero may move when an instrument starts anew
DATUM_KINDS = frozenset({"tilt", "crack", "settlement"})


def offsets_at(at_ns: Int64s, segments: Sequence[Segment], kind: str = "tilt") -> Floats:
    """Tell the offset that holds at each moment: series value = reading * scale + offset.

    Parameters
    ----------
    at_ns
        (n,) int64.
    kind
        Of the channel; one without a datum is only ever calibrated.

    Returns
    -------
    numpy.ndarray
        (n,) float64, the kind's unit; NaN where a segment's zero is not known yet. A moment
        before the first segment has that one's: its zero is the nearest that is known.

    """
    unknown = np.nan if kind in DATUM_KINDS else 0.0
    return _held(
        at_ns, segments, [unknown if s.offset is None else s.offset for s in _in(segments)], 0.0
    )


def scales_at(at_ns: Int64s, segments: Sequence[Segment]) -> Floats:
    """Tell the calibration factor that holds at each moment, (n,) float64."""
    return _held(at_ns, segments, [s.scale for s in _in(segments)], 1.0)


def series_of(
    at_ns: Int64s, readings: Floats, segments: Sequence[Segment], kind: str = "tilt"
) -> Floats:
    """Turn readings into series values.

    Parameters
    ----------
    at_ns, readings
        (n,) int64 and (n,) float64, as the instrument read, in the unit of the kind.

    Returns
    -------
    numpy.ndarray
        (n,) float64; NaN where a segment's zero is not known yet.

    Examples
    --------
    >>> from domain.sensors import SegmentReason
    >>> doubled = Segment("s", "c", 0, SegmentReason.CALIBRATION, offset=-1.0, scale=2.0)
    >>> series_of(np.array([5]), np.array([3.0]), [doubled]).tolist()
    [5.0]

    """
    return np.asarray(readings + added_to(at_ns, readings, segments, kind))


def added_to(
    at_ns: Int64s, readings: Floats, segments: Sequence[Segment], kind: str = "tilt"
) -> Floats:
    """Tell what factor and offset add to readings, exactly the offset where the factor is 1."""
    return np.asarray(
        readings * (scales_at(at_ns, segments) - 1.0) + offsets_at(at_ns, segments, kind)
    )


def _in(segments: Sequence[Segment]) -> list[Segment]:
    return sorted(segments, key=lambda s: (s.opened_at_ns, s.id))


def _held(
    at_ns: Int64s, segments: Sequence[Segment], values: Sequence[float], otherwise: float
) -> Floats:
    if not segments:
        return np.full(len(at_ns), otherwise)
    opened = np.array([s.opened_at_ns for s in _in(segments)], np.int64)
    holding = np.searchsorted(opened, at_ns, side="right") - 1
    return np.asarray(np.array(values)[np.maximum(holding, 0)])
