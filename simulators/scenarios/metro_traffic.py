"""A new metro line runs under the street: faint shaking from early to late, every day."""

from dataclasses import dataclass

import numpy as np

from domain.readings import Floats, Int64s
from simulators.noise import uniform
from simulators.scenario import Scenario, Spot


@dataclass(frozen=True, slots=True)
class MetroTraffic(Scenario):
    """Trains from six in the morning on, by the clock of the scenario.

    Parameters
    ----------
    velocity
        Peak velocity of a train, mm/s, least and most: far below any limit.
    quiver_permille
        Noise that trains add to tilt.

    """

    velocity: tuple[float, float] = (0.3, 0.6)
    quiver_permille: float = 0.04
    hours: tuple[float, float] = (6.0, 23.0)

    def read(self, spot: Spot, days: Floats, values: Floats) -> Floats:
        """Tell what the instrument makes of the values: trains come on top."""
        hour = (days % 1.0) * 24.0
        running = (days >= 0.0) & (hour >= self.hours[0]) & (hour < self.hours[1])
        minutes: Int64s = np.rint(days * 1440).astype(np.int64)
        chance = uniform(spot.key + 34, minutes)
        if spot.kind == "peak_velocity":
            low, high = self.velocity
            return np.where(running, np.maximum(values, low + (high - low) * chance), values)
        if spot.kind == "tilt":
            return np.where(running, values + self.quiver_permille * (2 * chance - 1), values)
        return values


SCENARIO = MetroTraffic("metro_traffic", "benign", quiet=True)
