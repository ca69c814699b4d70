"""Ten days far hotter than the season; nothing moves but what heat moves."""

from dataclasses import dataclass

import numpy as np

from domain.readings import Floats
from simulators.scenario import Scenario, since


@dataclass(frozen=True, slots=True)
class HeatWave(Scenario):
    """The air warms within two days, stays and comes back.

    Parameters
    ----------
    rise_c
        °C at the top.

    """

    rise_c: float = 7.0
    length_days: float = 10.0
    return_days: float = 4.0

    def air(self, days: Floats) -> Floats:
        """Tell what it adds to the air temperature, °C."""
        back = np.exp(-np.clip(days - self.length_days, 0.0, None) / self.return_days)
        return self.rise_c * since(days, 0.0, 2.0) * back


SCENARIO = HeatWave("heat_wave", "benign", quiet=True, season=190)
