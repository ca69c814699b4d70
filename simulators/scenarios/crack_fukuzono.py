"""A crack creeps to failure: the inverse of its velocity falls on a straight line to zero."""

from dataclasses import dataclass

import numpy as np

from domain.findings import Cause
from domain.limits import Level
from domain.readings import Floats
from simulators.scenario import Scenario, Spot


@dataclass(frozen=True, slots=True)
class CrackFukuzono(Scenario):
    """Displacement is a logarithm of the time that is left; a second crack follows.

    Parameters
    ----------
    creep_mm
        Width that is gained each time the time left falls to 1/e.
    failure_days
        When it fails; what the instrument shows then, it shows for ever.

    Source
    ------
    Fukuzono, T. (1985), exponent 2.

    """

    creep_mm: float = 0.3
    failure_days: float = 40.0
    follows: float = 0.4

    def moved(self, spot: Spot, days: Floats) -> Floats:
        """Tell what it adds to a channel's true value, in the unit of the channel's kind."""
        share = {"crack 1": 1.0, "crack 2": self.follows}.get(spot.name, 0.0)
        # two hours before failure is the last that anybody sees
        gone = np.clip(days / self.failure_days, 0.0, 1.0 - 1.0 / (12.0 * self.failure_days))
        return np.asarray(-share * self.creep_mm * np.log1p(-gone))


SCENARIO = CrackFukuzono("crack_fukuzono", "structural", expected=((Cause.CRACK, Level.ORANGE),))
