"""The ground gives way faster and faster: both settlement points sink, one more than the other."""

from dataclasses import dataclass

import numpy as np

from domain.findings import Cause
from domain.limits import Level
from domain.readings import Floats
from simulators.scenario import Scenario, Spot


@dataclass(frozen=True, slots=True)
class SettlementAccelerating(Scenario):
    """Settlement `early·d + faster·d²` mm after d days: 5.6 mm and 9 mm/month after 35 days.

    Parameters
    ----------
    share
        What the second point sinks of the first one's.
    span_m
        Distance of the two points; their difference over it leans the house.

    """

    early: float = 0.02
    faster: float = 0.004
    share: float = 0.7
    span_m: float = 12.0

    def moved(self, spot: Spot, days: Floats) -> Floats:
        """Tell what it adds to a channel's true value, in the unit of the channel's kind."""
        gone = np.clip(days, 0.0, None)
        down = self.early * gone + self.faster * gone**2
        if spot.kind == "settlement":
            return down * (1.0 if spot.number == 1 else self.share)
        if spot.kind == "tilt" and spot.axis == "x":
            return down * (1.0 - self.share) / self.span_m
        return np.zeros(len(days))


SCENARIO = SettlementAccelerating(
    "settlement_accelerating", "structural", expected=((Cause.SETTLEMENT, Level.ORANGE),)
)
