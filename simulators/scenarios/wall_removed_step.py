"""Somebody takes out a load-bearing wall: cracks and tilt step within two hours, then creep."""

from dataclasses import dataclass

import numpy as np

from domain.findings import Cause
from domain.limits import Level
from domain.readings import Floats
from simulators.scenario import Scenario, Spot, since

_STEPS = {
    ("crack", "", 1): 1.40,
    ("crack", "", 2): 0.90,
    ("crack", "", 3): 0.30,
    ("tilt", "x", 1): 3.40,
    ("tilt", "y", 1): 1.50,
    ("tilt", "x", 2): 2.90,
    ("tilt", "y", 2): 1.20,
}


@dataclass(frozen=True, slots=True)
class WallRemovedStep(Scenario):
    """Steps of mm and ‰ by point, with a share of them again as creep.

    Parameters
    ----------
    creep
        Share of the step that follows over `creep_days`.
    softer
        Share by which the main frequency falls.
    factor
        On every step.

    """

    creep: float = 0.1
    creep_days: float = 12.0
    softer: float = 0.03
    factor: float = 1.0

    def moved(self, spot: Spot, days: Floats) -> Floats:
        """Tell what it adds to a channel's true value, in the unit of the channel's kind."""
        step = self.factor * _STEPS.get((spot.kind, spot.axis, spot.number), 0.0)
        return step * (since(days, 0.0, 2 / 24) + self.creep * since(days, 0.1, self.creep_days))

    def read(self, spot: Spot, days: Floats, values: Floats) -> Floats:
        """Tell what the instrument makes of the values: the house swings more slowly."""
        if spot.kind != "frequency":
            return values
        return np.where(days >= 0.0, values * (1.0 - self.softer), values)


SCENARIO = WallRemovedStep(
    "wall_removed_step",
    "structural",
    expected=((Cause.CRACK, Level.ORANGE), (Cause.TILT, Level.ORANGE)),
)
