"""Joints rot or members crack unseen: the house swings more slowly and fine cracks open."""

from dataclasses import dataclass

import numpy as np

from domain.readings import Floats
from simulators.scenario import Scenario, Spot, since


@dataclass(frozen=True, slots=True)
class StiffnessLoss(Scenario):
    """The main frequency falls by a share within some weeks.

    Parameters
    ----------
    softer
        Share by which it falls.
    opening_mm
        What every crack opens meanwhile.

    """

    softer: float = 0.04
    length_days: float = 30.0
    opening_mm: float = 0.05

    def moved(self, spot: Spot, days: Floats) -> Floats:
        """Tell what it adds to a channel's true value, in the unit of the channel's kind."""
        if spot.kind != "crack":
            return np.zeros(len(days))
        return self.opening_mm / spot.number * since(days, 0.0, self.length_days)

    def read(self, spot: Spot, days: Floats, values: Floats) -> Floats:
        """Tell what the instrument makes of the values: the house swings more slowly."""
        if spot.kind != "frequency":
            return values
        return values * (1.0 - self.softer * since(days, 0.0, self.length_days))


SCENARIO = StiffnessLoss("stiffness_loss", "structural")
