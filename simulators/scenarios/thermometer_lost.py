"""The building's thermometer falls silent; the house goes on breathing with the weather."""

from dataclasses import dataclass

import numpy as np

from domain.findings import Cause
from domain.limits import Level
from domain.readings import Floats
from simulators.scenario import Mask, Scenario, Spot


@dataclass(frozen=True, slots=True)
class ThermometerLost(Scenario):
    """No temperature for weeks."""

    length_days: float = 40.0

    def lost(self, spot: Spot, days: Floats) -> Mask:
        """Tell which readings are never taken."""
        if spot.kind != "temperature":
            return np.zeros(len(days), bool)
        return (days >= 0.0) & (days < self.length_days)


SCENARIO = ThermometerLost(
    "thermometer_lost",
    "fault",
    expected=((Cause.WATCH, Level.YELLOW),),
    fault="thermometer_lost",
)
