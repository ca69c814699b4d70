"""A typhoon passes in two days: rain in floods, gusts that shake the house, cool air; it stands."""

from dataclasses import dataclass

import numpy as np

from domain.readings import Floats, Int64s
from simulators.noise import uniform
from simulators.scenario import Scenario, Spot


@dataclass(frozen=True, slots=True)
class Typhoon(Scenario):
    """Gusts lean the house to and fro while it lasts.

    Parameters
    ----------
    gust_permille
        Largest momentary lean.
    velocity
        Peak velocity of the strongest gusts, mm/s: below what is dangerous.

    """

    length_days: float = 2.0
    mm_per_day: float = 110.0
    fall_c: float = 5.0
    gust_permille: float = 0.25
    velocity: float = 0.9

    def air(self, days: Floats) -> Floats:
        """Tell what it adds to the air temperature, °C."""
        return np.where(self._blowing(days) > 0.0, -self.fall_c, 0.0)

    def rain(self, days: Floats) -> Floats:
        """Tell what it adds to the rain, mm a day."""
        return self.mm_per_day * self._blowing(days)

    def moved(self, spot: Spot, days: Floats) -> Floats:
        """Tell what it adds to a channel's true value, in the unit of the channel's kind."""
        if spot.kind != "tilt":
            return np.zeros(len(days))
        return self.gust_permille * self._blowing(days) * (2.0 * self._gusts(spot, days) - 1.0)

    def read(self, spot: Spot, days: Floats, values: Floats) -> Floats:
        """Tell what the instrument makes of the values: gusts outweigh the street."""
        if spot.kind != "peak_velocity":
            return values
        gust = self.velocity * self._blowing(days) * self._gusts(spot, days)
        return np.maximum(values, gust)

    def _blowing(self, days: Floats) -> Floats:
        # strongest in the middle
        inside = np.clip(days / self.length_days, 0.0, 1.0)
        return np.asarray(4.0 * inside * (1.0 - inside))

    def _gusts(self, spot: Spot, days: Floats) -> Floats:
        minutes: Int64s = np.rint(days * 1440).astype(np.int64)
        return uniform(spot.key + 33, minutes)


SCENARIO = Typhoon("typhoon", "benign", quiet=True, season=230)
