"""Points go a little way out and come back over months, each by itself; nothing is wrong."""

from dataclasses import dataclass

import numpy as np

from domain.readings import Floats
from simulators.noise import draw
from simulators.scenario import Scenario, Spot
from simulators.world_ranges import world_ranges


@dataclass(frozen=True, slots=True)
class BenignWander(Scenario):
    """Each point swings out once.

    Parameters
    ----------
    reach
        Farthest, in U of the kind; every point draws its share, either way.
    length_days
        Out and back.

    """

    reach: float = 0.3
    length_days: float = 120.0

    def moved(self, spot: Spot, days: Floats) -> Floats:
        """Tell what it adds to a channel's true value, in the unit of the channel's kind."""
        kind = world_ranges().kinds.get(spot.kind)
        if kind is None:
            return np.zeros(len(days))
        swing = 0.5 - 0.5 * np.cos(2 * np.pi * np.clip(days / self.length_days, 0.0, 1.0))
        return np.asarray(self.reach * kind.concern * draw(spot.key + 35, -1.0, 1.0) * swing)


SCENARIO = BenignWander("benign_wander", "benign", quiet=True)
