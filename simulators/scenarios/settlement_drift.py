"""The ground gives way evenly: both points sink, one more; the house leans and a crack opens."""

from dataclasses import dataclass

import numpy as np

from domain.findings import Cause
from domain.limits import Level
from domain.readings import Floats
from simulators.scenario import Scenario, Spot


@dataclass(frozen=True, slots=True)
class SettlementDrift(Scenario):
    """Even settlement, mm a day.

    Parameters
    ----------
    share
        What the second point sinks of the first one's.
    span_m
        Distance of the two points; their difference over it leans the house.
    opening
        mm that the first crack opens for a mm of settlement.

    """

    mm_per_day: float = 0.12
    share: float = 0.6
    span_m: float = 12.0
    opening: float = 0.02

    def moved(self, spot: Spot, days: Floats) -> Floats:
        """Tell what it adds to a channel's true value, in the unit of the channel's kind."""
        down = self.mm_per_day * np.clip(days, 0.0, None)
        if spot.kind == "settlement":
            return down * (1.0 if spot.number == 1 else self.share)
        if spot.kind == "tilt" and spot.axis == "x":
            return down * (1.0 - self.share) / self.span_m
        return down * self.opening if spot.name == "crack 1" else np.zeros(len(days))


SCENARIO = SettlementDrift(
    "settlement_drift", "structural", expected=((Cause.SETTLEMENT, Level.ORANGE),)
)
