"""One crack opens by half a millimetre a month; a second one follows at half its pace."""

from dataclasses import dataclass

import numpy as np

from domain.findings import Cause
from domain.limits import Level
from domain.readings import Floats
from simulators.scenario import Scenario, Spot


@dataclass(frozen=True, slots=True)
class CrackGrowthSlow(Scenario):
    """Even growth, mm a day."""

    mm_per_day: float = 0.017

    def moved(self, spot: Spot, days: Floats) -> Floats:
        """Tell what it adds to a channel's true value, in the unit of the channel's kind."""
        if spot.kind != "crack" or spot.number > 2:
            return np.zeros(len(days))
        return self.mm_per_day / spot.number * np.clip(days, 0.0, None)


SCENARIO = CrackGrowthSlow(
    "crack_growth_slow", "structural", expected=((Cause.CRACK, Level.YELLOW),)
)
