"""A cold front: the air falls by 15 °C within a day and comes back slowly; nothing moves."""

from dataclasses import dataclass

import numpy as np

from domain.readings import Floats
from simulators.scenario import Scenario, since


@dataclass(frozen=True, slots=True)
class ColdSnap(Scenario):
    """The air falls evenly for a day, stays for half a day and returns.

    Parameters
    ----------
    fall_c
        °C at the bottom.
    return_days
        Time constant of the way back.

    """

    fall_c: float = -15.0
    return_days: float = 6.0

    def air(self, days: Floats) -> Floats:
        """Tell what it adds to the air temperature, °C."""
        back = np.exp(-np.clip(days - 1.5, 0.0, None) / self.return_days)
        return self.fall_c * since(days, 0.0, 1.0) * back


SCENARIO = ColdSnap("cold_snap", "benign", quiet=True, season=15)
