"""The four events that a benchmark puts on single sensors: days since it began to units of U."""

from collections.abc import Callable

import numpy as np

from domain.readings import Floats
from simulators.world_ranges import EventRanges

#: (n,) float64 days since it began, negative before → (n,) float64, in U
Event = Callable[[Floats, EventRanges], Floats]


def step(days: Floats, ranges: EventRanges) -> Floats:
    """Move by U at once."""
    return np.where(days >= 0.0, 1.0, 0.0)


def drift(days: Floats, ranges: EventRanges) -> Floats:
    """Move by U in `drift_days`, on to `stop` times U."""
    return np.clip(days / ranges.drift_days, 0.0, ranges.stop)


def slow(days: Floats, ranges: EventRanges) -> Floats:
    """Move by U in `slow_days`, on to `stop` times U."""
    return np.clip(days / ranges.slow_days, 0.0, ranges.stop)


def acceleration(days: Floats, ranges: EventRanges) -> Floats:
    """Creep to failure at `failure_days`: the inverse of the velocity falls on a straight line.

    Source
    ------
    Fukuzono, T. (1985): the law with exponent 2, whose displacement is a logarithm of the time
    that is left.

    """
    # the last step before failure is the last that anybody sees
    gone = np.clip(days / ranges.failure_days, 0.0, 1.0 - 1.0 / (12.0 * ranges.failure_days))
    return np.asarray(np.log1p(-gone) / np.log1p(-ranges.reached))


EVENTS: dict[str, Event] = {
    "step": step,
    "drift": drift,
    "slow": slow,
    "acceleration": acceleration,
}
