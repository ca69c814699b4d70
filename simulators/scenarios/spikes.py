"""Single wild readings of the tilt and crack sensors, never two sensors at once."""

from dataclasses import dataclass

import numpy as np

from domain.readings import Floats, Int64s
from simulators.noise import uniform
from simulators.scenario import Scenario, Spot

_SIZES = {"tilt": (3.0, 8.0), "crack": (1.0, 3.0)}


@dataclass(frozen=True, slots=True)
class Spikes(Scenario):
    """Wild readings by chance.

    Parameters
    ----------
    share
        Share of the readings that are wild in the hours in which a sensor may be.

    """

    share: float = 0.08

    def read(self, spot: Spot, days: Floats, values: Floats) -> Floats:
        """Tell what the instrument makes of the values: now and then something wild."""
        if spot.kind not in _SIZES:
            return values
        low, high = _SIZES[spot.kind]
        hours: Int64s = np.floor(days * 24).astype(np.int64)
        wild = uniform(spot.key, hours) < self.share
        # each sensor has its own hours, or two would seem to bear each other out
        wild &= (hours % spot.seats == spot.seat) & (days >= 0.0)
        size = low + (high - low) * uniform(spot.key + 1, hours)
        way = np.where(uniform(spot.key + 2, hours) < 0.5, -1.0, 1.0)
        return np.where(wild, values + way * size, values)


SCENARIO = Spikes("spikes", "fault", quiet=True, fault="spikes")
