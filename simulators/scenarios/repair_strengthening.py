"""The house is strengthened: cracks are closed, it stands straighter and swings faster."""

from dataclasses import dataclass

import numpy as np

from domain.readings import Floats
from simulators.scenario import Scenario, Spot, since


@dataclass(frozen=True, slots=True)
class RepairStrengthening(Scenario):
    """Everything moves the good way while the works last.

    Parameters
    ----------
    closed_mm
        How far each crack is closed.
    straighter_permille
        How far the first tilt point comes back.
    stiffer
        Share by which the main frequency rises.

    """

    closed_mm: float = 0.15
    straighter_permille: float = 0.2
    stiffer: float = 0.02
    length_days: float = 10.0

    def moved(self, spot: Spot, days: Floats) -> Floats:
        """Tell what it adds to a channel's true value, in the unit of the channel's kind."""
        course = since(days, 0.0, self.length_days)
        if spot.kind == "crack":
            return -self.closed_mm / spot.number * course
        if spot.kind == "tilt" and spot.axis == "x":
            return -self.straighter_permille / spot.number * course
        return np.zeros(len(days))

    def read(self, spot: Spot, days: Floats, values: Floats) -> Floats:
        """Tell what the instrument makes of the values: the house swings faster."""
        if spot.kind != "frequency":
            return values
        return values * (1.0 + self.stiffer * since(days, 0.0, self.length_days))


SCENARIO = RepairStrengthening("repair_strengthening", "benign")
