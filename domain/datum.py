"""The zero of a channel over its life: which offset holds at which moment."""

from collections.abc import Sequence

import numpy as np

from domain.readings import Floats, Int64s
from domain.sensors import Segment

#: kinds that have a datum: their zero may move when an instrument starts anew
DATUM_KINDS = frozenset({"tilt", "crack", "settlement"})


def offsets_at(at_ns: Int64s, segments: Sequence[Segment], kind: str = "tilt") -> Floats:
    """Tell the offset that holds at each moment: series value = reading + offset.

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
    ordered = sorted(segments, key=lambda s: (s.opened_at_ns, s.id))
    if not ordered:
        return np.zeros(len(at_ns))
    unknown = np.nan if kind in DATUM_KINDS else 0.0
    values = np.array([unknown if s.offset is None else s.offset for s in ordered])
    opened = np.array([s.opened_at_ns for s in ordered], np.int64)
    holding = np.searchsorted(opened, at_ns, side="right") - 1
    return np.asarray(values[np.maximum(holding, 0)])
