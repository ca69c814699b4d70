"""After a firmware update an instrument sends another unit for some days."""

from dataclasses import dataclass

import numpy as np

from domain.readings import Floats
from simulators.scenario import Scenario, Spot

#: what a value is multiplied by: mm sent as cm, ‰ as degrees
_FACTORS = {"tilt": 0.0572958, "crack": 0.1, "settlement": 0.1}


@dataclass(frozen=True, slots=True)
class UnitMixup(Scenario):
    """One channel, for a while."""

    target: str = "crack 1"
    length_days: float = 8.0

    def read(self, spot: Spot, days: Floats, values: Floats) -> Floats:
        """Tell what the instrument makes of the values: numbers of another unit."""
        if spot.name != self.target:
            return values
        wrong = (days >= 0.0) & (days < self.length_days)
        return np.where(wrong, values * _FACTORS[spot.kind], values)


SCENARIO = UnitMixup("unit_mixup", "fault", fault="unit_mixup")
