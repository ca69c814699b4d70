"""An instrument restarts by itself and comes back with another zero; nobody says so.

By one sensor it cannot be told from a real step; only its neighbours can speak against it.
"""

from dataclasses import dataclass

import numpy as np

from domain.readings import Floats
from simulators.noise import draw
from simulators.scenario import Scenario, Spot
from simulators.world_ranges import world_ranges


@dataclass(frozen=True, slots=True)
class RestartOffsetUnflagged(Scenario):
    """One zero moves once.

    Parameters
    ----------
    jump
        In U of the kind, either way.

    """

    target: str = "tilt 1"
    jump: float = 1.5

    def read(self, spot: Spot, days: Floats, values: Floats) -> Floats:
        """Tell what the instrument makes of the values: another zero since."""
        if spot.name != self.target:
            return values
        way = 1.0 if draw(spot.key + 36, 0.0, 1.0) < 0.5 else -1.0
        size = way * self.jump * world_ranges().kinds[spot.kind].concern
        return np.where(days >= 0.0, values + size, values)


SCENARIO = RestartOffsetUnflagged("restart_offset_unflagged", "fault", fault="restart_offset")
