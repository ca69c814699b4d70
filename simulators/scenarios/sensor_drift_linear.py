"""An instrument drifts evenly while the wall stands still; by itself it looks like movement."""

from dataclasses import dataclass

import numpy as np

from domain.readings import Floats
from simulators.noise import draw
from simulators.scenario import Scenario, Spot
from simulators.world_ranges import world_ranges


@dataclass(frozen=True, slots=True)
class SensorDriftLinear(Scenario):
    """One channel drifts.

    Parameters
    ----------
    days_a_concern
        Days in which it drifts by U of its kind.

    """

    target: str = "tilt 1"
    days_a_concern: float = 45.0

    def read(self, spot: Spot, days: Floats, values: Floats) -> Floats:
        """Tell what the instrument makes of the values: farther off every day."""
        if spot.name != self.target:
            return values
        way = 1.0 if draw(spot.key + 38, 0.0, 1.0) < 0.5 else -1.0
        rate = way * world_ranges().kinds[spot.kind].concern / self.days_a_concern
        return values + rate * np.clip(days, 0.0, None)


SCENARIO = SensorDriftLinear("sensor_drift_linear", "fault", fault="sensor_drift")
