"""The false-alarm budget: pages a month in, threshold out, and the days that it costs.

The curve was measured on the simulated world (its rows say how); it ranks choices and is no
promise for real houses, where false alarms came several times as often.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analytics.assessment.model import Model
from domain.errors import InvalidInput

EVENTS = ("step", "drift", "slow", "acceleration")


@dataclass(frozen=True, slots=True)
class Dial:
    """What a budget means.

    Parameters
    ----------
    threshold
        Score of a channel from which on it pages.
    false_alarms
        Expected a sensor-year, on the simulated world.
    days
        Median days from the beginning of a movement of size U to the alarm, by event.
    clipped
        The budget lies beyond what was measured; the nearest end of the curve is told.

    """

    threshold: float
    false_alarms: float
    days: Mapping[str, float]
    clipped: bool


def dial(pages_a_month: float, sensors: int, model: Model) -> Dial:
    """Turn a budget of false pages for a whole office into a threshold.

    Parameters
    ----------
    pages_a_month
        Above 0, false pages that the office accepts in all.
    sensors
        1 and more, channels that may page.

    Raises
    ------
    InvalidInput
        When either is not above 0.

    """
    if not pages_a_month > 0.0 or not math.isfinite(pages_a_month):
        raise InvalidInput(f"pages_a_month must be above 0, got {pages_a_month}")
    if sensors < 1:
        raise InvalidInput(f"sensors must be 1 or more, got {sensors}")
    wanted = 12.0 * pages_a_month / sensors
    rates = model.several("budget.false_alarms")
    nearest = min(max(wanted, rates[-1]), rates[0])
    return Dial(
        threshold=_between(nearest, rates, model.several("budget.threshold")),
        false_alarms=nearest,
        days={
            event: _between(nearest, rates, model.several(f"budget.days.{event}"))
            for event in EVENTS
        },
        clipped=nearest != wanted,
    )


def _between(rate: float, rates: Sequence[float], values: Sequence[float]) -> float:
    """Read a curve at a rate, straight in the logarithm of the rate; rates fall."""
    for place in range(len(rates) - 1):
        high, low = rates[place], rates[place + 1]
        if rate >= low:
            share = 0.0 if high == low else math.log(high / rate) / math.log(high / low)
            return values[place] + share * (values[place + 1] - values[place])
    return values[-1]
