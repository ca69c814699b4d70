"""The first tilt sensor goes on sending the value that it had; nothing moves."""

from dataclasses import dataclass

import numpy as np

from domain.readings import Floats
from simulators.scenario import Scenario, Spot


@dataclass(frozen=True, slots=True)
class Stuck(Scenario):
    """Both axes of the sensor frozen for a while."""

    length_days: float = 9.0

    def measured(self, spot: Spot, days: Floats) -> Floats:
        """Tell when the instrument really measured what it sends: once, at the beginning."""
        if spot.kind != "tilt" or spot.number != 1:
            return days
        return np.where((days >= 0.0) & (days < self.length_days), 0.0, days)


SCENARIO = Stuck("stuck", "fault", quiet=True, fault="stuck")
