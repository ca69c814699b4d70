"""Forty days of rain: masonry and timber swell, cracks close a little, and dry again."""

from dataclasses import dataclass

import numpy as np

from domain.readings import Floats
from simulators.noise import draw
from simulators.scenario import Scenario, Spot

_SIZES = {"crack": 0.06, "tilt": 0.12, "settlement": -1.0}


@dataclass(frozen=True, slots=True)
class RainySeasonSwelling(Scenario):
    """Moisture follows the rain with a delay, and everything follows the moisture.

    Parameters
    ----------
    mm_per_day
        Rain on top of the season's.
    swell
        Factor on the swelling of every point at full moisture.
    soak_days
        Time constant of soaking and drying.

    """

    mm_per_day: float = 18.0
    length_days: float = 40.0
    swell: float = 1.0
    soak_days: float = 12.0

    def rain(self, days: Floats) -> Floats:
        """Tell what it adds to the rain, mm a day."""
        return np.where((days >= 0.0) & (days < self.length_days), self.mm_per_day, 0.0)

    def moved(self, spot: Spot, days: Floats) -> Floats:
        """Tell what it adds to a channel's true value, in the unit of the channel's kind."""
        wet = -np.expm1(-np.clip(days, 0.0, self.length_days) / self.soak_days)
        wet *= np.exp(-np.clip(days - self.length_days, 0.0, None) / self.soak_days)
        size = -_SIZES.get(spot.kind, 0.0) * draw(spot.key + 32, 0.3, 1.0)
        return np.asarray(self.swell * size * wet)


SCENARIO = RainySeasonSwelling("rainy_season_swelling", "benign", quiet=True, season=135)
